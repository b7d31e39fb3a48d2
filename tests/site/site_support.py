"""What several test files of the site need: pages, the repository's address, a server."""

from __future__ import annotations

import functools
import http.server
import re
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

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


class Loading:
    """Watches what a page has under way; to be made before the page is opened.

    Playwright's "networkidle" fails a visit when it does not come, and does not say what is absent:
    on a busy machine a page that had loaded waited for it for 30 seconds, in two visits.
    """

    QUIET, PATIENCE = 0.5, 20.0  # seconds

    def __init__(self, page: Any):
        self.page, self.under_way, self.since = page, set(), time.monotonic()
        page.on("request", self._begins)
        page.on("requestfinished", self._ends)
        page.on("requestfailed", self._ends)

    def _begins(self, request: Any) -> None:
        self.under_way.add(request)
        self.since = time.monotonic()

    def _ends(self, request: Any) -> None:
        self.under_way.discard(request)
        self.since = time.monotonic()

    def settle(self) -> None:
        """Wait until nothing has been under way for a moment, but not for ever: then tell what is.

        What a page needs it has when it is loaded, and a missing file is told by `requestfailed`.
        """
        last = time.monotonic() + self.PATIENCE
        while time.monotonic() < last:
            if not self.under_way and time.monotonic() - self.since >= self.QUIET:
                return
            self.page.wait_for_timeout(50)
        late = sorted(request.url for request in self.under_way)
        warnings.warn(f"{self.page.url} is still loading {late}", stacklevel=2)


def open_settled(page: Any, address: str) -> None:
    """Open a page and wait until it has all that it fetches."""
    loading = Loading(page)
    page.goto(address, wait_until="load")
    loading.settle()
