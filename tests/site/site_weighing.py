"""Weigh pages as GitHub Pages sends them: text compressed, pictures as they are.

`test_weight.py` uses it on the site, and on pages made heavy or restless on purpose.
"""

from __future__ import annotations

import functools
import gzip
import re
import time
import zlib
from collections.abc import Mapping
from pathlib import Path

from site_support import Loading, QuietHandler

ZIPPED = {".html", ".css", ".js", ".svg", ".json", ".xml", ".txt"}
# Notes every jump that the reader did not cause, before anything is drawn.
WATCH = """
window.courseJumps = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const nodes = entry.sources.map((s) => s.node?.className || s.node?.nodeName || "?");
    window.courseJumps.push({ value: entry.value, nodes: nodes.map(String) });
  }
}).observe({ type: "layout-shift", buffered: true });
"""
# All the way down as a reader goes; then every picture counts, also in what she did not open.
SCROLL = """async () => {
  const wait = (ms) => new Promise((done) => setTimeout(done, ms));
  for (let y = 0; y < document.documentElement.scrollHeight; y += 1500) {
    window.scrollTo(0, y);
    await wait(15);
  }
  for (const image of document.images) image.loading = "eager";
  await Promise.all([...document.images].map((image) => image.decode().catch(() => {})));
  await wait(150);
}"""


@functools.lru_cache(maxsize=200)
def _zipped(path: Path, _changed: int) -> bytes:
    # Level 5 is between what servers use; the difference between levels is a few percent.
    return gzip.compress(path.read_bytes(), 5)


def pieces(text: str) -> list[str]:
    """Cut a page as it may come over a slow line: its head, its first words, half, the rest.

    The half ends at a heading, for a table's columns are known when all of it is there.
    """
    start = text.find("<article")
    if start < 0:
        return [text]
    first = text.find("</p>", start)
    headings = [found.start() for found in re.finditer("<h[23]", text) if found.start() > first]
    middle = (start + text.find("</article>", start)) / 2
    half = min(headings, key=lambda place: abs(place - middle), default=first)
    ends = [end for end in (start, first, half) if end >= 0]
    starts = [0, *ends]
    return [text[a:b] for a, b in zip(starts, [*ends, len(text)], strict=True) if a < b]


@functools.lru_cache(maxsize=4)
def _zipped_pieces(path: Path, _changed: int) -> list[bytes]:
    packer = zlib.compressobj(5, zlib.DEFLATED, 31)
    texts = pieces(path.read_text(encoding="utf-8"))
    zipped = [
        packer.compress(text.encode("utf-8")) + packer.flush(zlib.Z_SYNC_FLUSH) for text in texts
    ]
    return [*zipped[:-1], zipped[-1] + packer.flush()]


class ZippingHandler(QuietHandler):
    """Sends text compressed, and pages in pieces: what jumps on a slow line must jump here."""

    PAUSE = 0.15  # seconds between the pieces of a page, in which a browser draws what it has

    def do_GET(self):  # noqa: N802  (the name that http.server calls)
        path = Path(self.translate_path(self.path))
        if path.suffix not in ZIPPED or not path.is_file():
            super().do_GET()
            return
        changed = path.stat().st_mtime_ns
        if path.suffix == ".html":
            contents = _zipped_pieces(path, changed)
        else:
            contents = [_zipped(path, changed)]
        self.send_response(200)
        self.send_header("Content-Type", self.guess_type(str(path)))
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(sum(map(len, contents))))
        self.end_headers()
        for content in contents[:-1]:
            self.wfile.write(content)
            time.sleep(self.PAUSE)
        self.wfile.write(contents[-1])


def weigh(browser, url: str, *widths: int) -> list[dict]:
    """Open a page with an empty cache; give the bytes of each file and the jumps of the layout.

    Once for each width, at the same time: most of it is waiting.
    """
    visits = [_Visit(browser, width) for width in widths]
    for visit in visits:
        visit.page.goto(url, wait_until="commit")
    for visit in visits:
        visit.page.wait_for_load_state("load")
        visit.page.evaluate(f"() => {{ window.courseScrolled = ({SCROLL})(); }}")
    for visit in visits:
        visit.page.evaluate("() => window.courseScrolled")
    return [visit.view() for visit in visits]


class _Visit:
    """A window of its own, with an empty cache, that counts what comes over the wire."""

    def __init__(self, browser, width: int):
        self.context = browser.new_context(viewport={"width": width, "height": 800})
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.loading = Loading(self.page)
        self.names: dict[str, str] = {}
        self.sizes: dict[str, int] = {}
        wire = self.context.new_cdp_session(self.page)
        wire.send("Network.enable")
        wire.on("Network.responseReceived", self._named)
        wire.on("Network.loadingFinished", self._weighed)

    def _named(self, event: dict) -> None:
        self.names[event["requestId"]] = event["response"]["url"]

    def _weighed(self, event: dict) -> None:
        self.sizes[event["requestId"]] = event["encodedDataLength"]

    def view(self) -> dict:
        self.loading.settle()
        jumps = self.page.evaluate("() => window.courseJumps")
        self.context.close()
        files: dict[str, int] = {}
        for request, size in self.sizes.items():
            name = self.names.get(request, "?").split("?")[0]
            files[name] = files.get(name, 0) + size
        return {"files": files, "jumps": jumps}


def too_heavy(view: Mapping, limit: float) -> list[str]:
    """A page that transfers more than `limit` bytes, with its three heaviest files."""
    total = sum(view["files"].values())
    if total <= limit:
        return []
    heaviest = sorted(view["files"].items(), key=lambda item: -item[1])[:3]
    named = ", ".join(f"{Path(name).name} {size / 1000:.0f} kB" for name, size in heaviest)
    return [f"{total / 1000:.0f} kB of {limit / 1000:.0f} kB: {named}"]


def jumps(view: Mapping, limit: float) -> list[str]:
    """A page whose layout shifts by more than `limit` in all (the browser's own measure)."""
    total = sum(jump["value"] for jump in view["jumps"])
    if total <= limit:
        return []
    worst = max(view["jumps"], key=lambda jump: jump["value"])
    return [f"layout shifts by {total:.3f}, most of it: {', '.join(worst['nodes'][:3])}"]
