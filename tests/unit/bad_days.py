"""A server of MovieLens that has bad days, and small files in each of its formats.

Used by the tests of downloads and of kills.
"""

from __future__ import annotations

import hashlib
import http.server
import io
import threading
import time
import zipfile
from dataclasses import replace

from recsys_tutorial.datasets import fetching
from recsys_tutorial.datasets.fetching import RELEASES

RATINGS = [(1, 10, 4.0, 978300760), (1, 20, 3.0, 978302109), (2, 10, 5.0, 978301968)]
FILMS = [
    (10, "Amélie", 2001, "Comedy|Romance"),
    (20, "Heat", 1995, ""),
    (30, "M (silent)", None, ""),
]


def packed(folder, **files):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{folder}/{name}", content)
    return stream.getvalue()


def titled(title, year):
    return f"{title} ({year})" if year else title


def in_format(version):
    """Write the three ratings and films as that release writes them."""
    folder = RELEASES[version].folder
    if version == "100k":
        ratings = "".join(f"{u}\t{i}\t{r:.0f}\t{t}\n" for u, i, r, t in RATINGS)
        films = ""
        for item, title, year, genres in FILMS:
            flags = "|".join(str(int(g in genres.split("|"))) for g in fetching.GENRES_OF_100K)
            films += f"{item}|{titled(title, year)}|01-Jan-1995||http://x/|{flags}\n"
        return packed(folder, **{"u.data": ratings, "u.item": films.encode("latin-1")})
    if version == "1m":
        ratings = "".join(f"{u}::{i}::{r:.0f}::{t}\n" for u, i, r, t in RATINGS)
        films = "".join(f"{i}::{titled(t, y)}::{g}\n" for i, t, y, g in FILMS)
        return packed(folder, **{"ratings.dat": ratings, "movies.dat": films.encode("latin-1")})
    ratings = "userId,movieId,rating,timestamp\n"
    ratings += "".join(f"{u},{i},{r},{t}\n" for u, i, r, t in RATINGS)
    films = "movieId,title,genres\n"
    films += "".join(f'{i},"{titled(t, y)}",{g or "(no genres listed)"}\n' for i, t, y, g in FILMS)
    return packed(folder, **{"ratings.csv": ratings, "movies.csv": films})


GOOD = in_format("1m")


class BadDays(http.server.BaseHTTPRequestHandler):
    """Answers after what the server was told: `self.server.mood`."""

    def log_message(self, *words):
        pass

    def do_GET(self):  # noqa: N802
        self.server.asked.append(self.path)
        mood = self.server.mood
        if mood == "moved" and "new" not in self.path:
            return self.redirect("/new/ml-1m.zip")
        if mood == "circles":
            return self.redirect(self.path)
        if mood in (404, 500):
            return self.send_error(mood)
        if mood == "silent":
            return self.server.over.wait(20)
        if mood == "once" and len(self.server.asked) == 1:
            mood = "cut"
        body = b"<html>Please log in</html>" if mood == "login" else GOOD
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2 if mood in ("cut", "stuck", "drip") else len(body)
        self.wfile.write(body[:half])
        if mood == "stuck":
            self.server.over.wait(20)
        if mood == "drip":
            for place in range(half, len(body)):
                time.sleep(0.3)
                self.wfile.write(body[place : place + 1])
        return None

    def redirect(self, where):
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        self.end_headers()


class Quiet(http.server.ThreadingHTTPServer):
    """Learners who hang up are no error of the server."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


def open_server(monkeypatch):
    """Serve on this computer, so that the course takes it for GroupLens; yield the server."""
    mine = Quiet(("127.0.0.1", 0), BadDays)
    mine.mood, mine.asked, mine.over = "well", [], threading.Event()
    threading.Thread(target=mine.serve_forever, args=(0.05,), daemon=True).start()
    monkeypatch.setattr(fetching, "SERVER", f"http://127.0.0.1:{mine.server_port}")
    release = replace(RELEASES["1m"], size=len(GOOD), sha256=hashlib.sha256(GOOD).hexdigest())
    monkeypatch.setitem(RELEASES, "1m", release)
    monkeypatch.setattr(fetching, "PATIENCE", 1)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    yield mine
    mine.over.set()
    mine.shutdown()
    mine.server_close()


def files_in(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())
