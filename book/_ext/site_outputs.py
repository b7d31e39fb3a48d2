"""Sphinx extension: a sentence that a cell prints is read without scrolling.

What a cell prints stands in a box as wide as the page, and a long line is cut off at its edge.
That is right for a table, whose columns would fall apart, and wrong for an error that the text asks
to read.  So outputs without columns are marked, and ``course.css`` breaks their lines.
Everything happens once, when the site is finished, and may be repeated without harm.
"""

from __future__ import annotations

import html
import re
from typing import Any

from site_pages import change_pages
from sphinx.application import Sphinx

MARK = "prose"
OUTPUT = re.compile(
    r'<div class="output (?P<kind>stream|text_plain) (?P<rest>[^"]*)"'
    r"(?P<inner>><div class=\"highlight\"><pre>(?P<text>.*?)</pre>)",
    re.DOTALL,
)
# Two blanks between words hold columns apart; before the first word they only indent.
COLUMNS = re.compile(r"\S {2,}\S|\t")


def has_columns(text: str) -> bool:
    """Tell whether a text is laid out in columns."""
    return any(COLUMNS.search(line) for line in text.split("\n"))


def mark_prose(page: str) -> str:
    """Mark the outputs of a page whose lines may be broken."""

    def mark(found: re.Match) -> str:
        text = html.unescape(re.sub("<[^>]*>", "", found["text"]))
        if has_columns(text) or MARK in found["rest"].split():
            return found[0]
        return f'<div class="output {found["kind"]} {MARK} {found["rest"]}"{found["inner"]}'

    return OUTPUT.sub(mark, page)


def mark_all(app: Sphinx, exception: Exception | None) -> None:
    """Mark the outputs on all pages of a finished site."""
    change_pages(app, exception, "notebooks", mark_prose)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", mark_all, priority=920)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
