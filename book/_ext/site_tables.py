"""Sphinx extension: wide tables of the pages for teachers, on a phone and on paper.

A table of four or five columns is a plan on a screen and a column of syllables on a phone.  There
each of its rows becomes a card, whose lines say to which column they belong; ``course.css`` draws
them.  Everything happens once, when the site is finished, and may be repeated without harm.
"""

from __future__ import annotations

import html
import re
from typing import Any

from site_pages import change_pages
from sphinx.application import Sphinx

FOLDER = "book/teach"
# From this many columns on; with one less if a cell holds as many letters as a sentence.
MANY, SENTENCE = 5, 40
TABLE = re.compile(
    r'<table class="table">\s*<thead>(.*?)</thead>\s*<tbody>(.*?)</tbody>', re.DOTALL
)
CELLS = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
CELL = re.compile(r"<td(?! data-column)(?=[ >])")


def _words(cell: str) -> str:
    return " ".join(html.unescape(re.sub("<[^>]*>", "", cell)).split())


def label_row(row: str, heads: list[str]) -> str:
    """Write into each cell of a row which column it belongs to."""
    names = iter(heads)
    return CELL.sub(lambda _: f'<td data-column="{html.escape(next(names, ""))}"', row)


def make_cards(text: str) -> str:
    """Mark the wide tables of a page, and label their cells."""

    def mark(found: re.Match) -> str:
        heads = [
            _words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", found[1], re.DOTALL)
        ]
        longest = max((len(_words(cell)) for cell in CELLS.findall(found[2])), default=0)
        if len(heads) < MANY - (longest > SENTENCE):
            return found[0]
        rows = re.sub(
            r"<tr.*?</tr>", lambda row: label_row(row[0], heads), found[2], flags=re.DOTALL
        )
        return f'<table class="table cards">\n<thead>{found[1]}</thead>\n<tbody>{rows}</tbody>'

    return TABLE.sub(mark, text)


def make_all_cards(app: Sphinx, exception: Exception | None) -> None:
    """Make cards on all pages for teachers of a finished site."""
    change_pages(app, exception, FOLDER, make_cards)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", make_all_cards, priority=920)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
