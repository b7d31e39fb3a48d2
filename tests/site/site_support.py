"""What several test files of the site need: pages, the repository's address, a server."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


def listed(entries: list[dict]) -> list[str]:
    """Names of the pages of a list of the contents, each followed by those below it."""
    return [name for e in entries for name in [e["file"], *listed(e.get("sections", []))]]


def toc_pages() -> list[str]:
    """Names of all pages, in the order of the table of contents."""
    toc = yaml.safe_load((ROOT / "book/_toc.yml").read_text(encoding="utf-8"))
    return [toc["root"], *(name for part in toc["parts"] for name in listed(part["chapters"]))]


def repository_url() -> str:
    """The repository's address as pyproject.toml has it (Python 3.10 has no tomllib)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(r'^Repository = "(.+)"$', text, re.MULTILINE).group(1)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *args):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Lets a whole page knock at once: whom the usual queue of five turns away tries again late."""

    request_queue_size = 128


@contextmanager
def serve(folder: Path, handler: type = QuietHandler) -> Iterator[str]:
    """Serve a folder on this machine and give its address."""
    handler = functools.partial(handler, directory=str(folder))
    server = Server(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
