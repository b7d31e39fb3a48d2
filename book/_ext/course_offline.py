"""Sphinx extension: what the site needs to work without a network, and from a file.

1. excerpts for the search, as a script: a page opened from a file may not read other pages, and
   from a server Sphinx would load every page that it finds, whole;
2. the time of the last build without warnings, so that ``course.py release`` packs no old site.

``book/_static/search-excerpts.js`` shows the excerpts.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

DATA, SCRIPT, BUILT = "search-excerpts-data.js", "search-excerpts.js", ".built"

# 1. Excerpts --------------------------------------------------------------------------------

# For all pages together, in bytes; the whole text would be many times as much.
BUDGET = 140_000
SHORTEST, LONGEST = 25, 240
END_OF_SENTENCE = re.compile(r"(?<=[.!?:])\s+(?=[^a-z\s])|\n+")
WORD = re.compile(r"[^\W_]{3,}")


def anchor_of(block: nodes.Node) -> str | None:
    """Find the anchor by which the search names the place of a paragraph; "" is the page's top."""
    place = block.parent
    while place is not None and not isinstance(place, nodes.section):
        if isinstance(place, nodes.definition_list_item):  # of the glossary
            ids = [name for term in place.findall(nodes.term) for name in term["ids"]]
            if ids:
                return ids[0]
        place = place.parent
    if place is None:
        return None
    top = isinstance(place.parent, nodes.document)
    return "" if top or not place["ids"] else place["ids"][0]


def entry_of(block: nodes.Node) -> str:
    """Give the name that an entry of the glossary explains: its sentence alone does not say it."""
    item = block.parent.parent if isinstance(block.parent, nodes.definition) else None
    term = item.next_node(nodes.term) if item is not None else None
    return f"{term.astext()}: " if term is not None and term["ids"] else ""


def sentences(doctree: nodes.document) -> Iterator[tuple[str, str]]:
    """Yield the sentences of a page's prose, each with the anchor of its section."""
    for block in doctree.findall(nodes.paragraph):
        anchor = anchor_of(block)
        if anchor is None or any(block.findall(nodes.image)):
            continue
        entry = entry_of(block)
        for sentence in END_OF_SENTENCE.split(block.astext()):
            text = entry + " ".join(sentence.split())
            entry = ""
            # TeX would be shown as it is written.
            if "\\" not in text and "$" not in text and len(text) >= SHORTEST:
                yield anchor, text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def choose(found: Iterable[tuple[str, str]], budget: int) -> list[tuple[str, str]]:
    """Choose sentences that together hold as many different words as fit into the budget.

    Whoever searches for a word is shown a sentence with it, if there is one.  The first sentence of
    the page, of each section and of each glossary entry is taken whatever the budget: it stands for
    what no sentence holds.
    """
    rows = list(dict.fromkeys(found))
    words = [{word.lower() for word in WORD.findall(text)} for _, text in rows]
    sizes = [len(text.encode("utf-8")) + 4 for _, text in rows]
    opening: dict[str, int] = {}
    for row, (anchor, _) in enumerate(rows):
        opening.setdefault(anchor, row)
    chosen, known, used = [], set(), 0
    for row in opening.values():
        chosen.append(row)
        known |= words[row]
        used += sizes[row]
    left = set(range(len(rows))) - set(chosen)
    while left:
        # The most new words for the bytes; the earlier sentence, if two are equal.
        best = max(left, key=lambda row: (len(words[row] - known) / sizes[row], -row))
        if not words[best] - known:
            break
        left.discard(best)
        if used + sizes[best] <= budget:
            chosen.append(best)
            known |= words[best]
            used += sizes[best]
    return [rows[row] for row in sorted(chosen)]


def excerpts(pages: dict[str, list[tuple[str, str]]], budget: int = BUDGET) -> dict[str, Any]:
    """Give each page a list of sections, ``[anchor, sentence, sentence, ...]``, within a budget."""
    totals = {name: sum(len(text) for _, text in rows) for name, rows in pages.items()}
    share = budget / max(1, sum(totals.values()))
    table: dict[str, list[list[str]]] = {}
    for name, rows in sorted(pages.items()):
        sections: dict[str, list[str]] = {}
        for anchor, text in choose(rows, int(totals[name] * share)):
            sections.setdefault(anchor, [anchor]).append(text)
        table[name] = list(sections.values())
    return table


def write_excerpts(app: Sphinx, exception: Exception | None) -> None:
    """Write the excerpts of all pages into the finished site."""
    if exception is not None or app.builder.name != "html":
        return
    documents = {name: app.env.get_doctree(name) for name in app.env.found_docs}
    table = excerpts({name: list(sentences(tree)) for name, tree in documents.items()})
    text = json.dumps(table, ensure_ascii=False, separators=(",", ":"))
    script = f"window.courseSearchExcerpts = {text};\n"
    Path(app.outdir, "_static", DATA).write_text(script, encoding="utf-8")


def load_on_search_page(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Let the search page alone load the excerpts and what shows them."""
    if pagename == "search" and app.builder.name == "html":
        app.add_js_file(DATA, loading_method="defer")
        app.add_js_file(SCRIPT, loading_method="defer")


# 2. Time of the build -----------------------------------------------------------------------


def note_start(app: Sphinx, config: Config) -> None:
    """Remember when the build began: what changes while it runs is newer than the site."""
    app.course_started = time.time()  # type: ignore[attr-defined]


def note_success(app: Sphinx, exception: Exception | None) -> None:
    """Leave the time at which this build began, or nothing if it failed or warned."""
    if app.builder.name != "html":
        return
    stamp = Path(app.outdir, BUILT)
    if exception is not None or getattr(app, "_warncount", 0):
        stamp.unlink(missing_ok=True)
        return
    stamp.touch()
    os.utime(stamp, (app.course_started, app.course_started))  # type: ignore[attr-defined]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    # Sphinx's own excerpts are those that need a server.
    app.config.html_show_search_summary = False
    app.connect("config-inited", note_start)
    app.connect("html-page-context", load_on_search_page)
    app.connect("build-finished", write_excerpts)
    app.connect("build-finished", note_success, priority=990)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
