"""Sphinx extension: a sentence that a cell prints is read without scrolling, a table by columns.

What a cell prints stands in a box as wide as the page, and a long line is cut off at its edge.
That is right for a table, whose columns would fall apart, and wrong for an error that the text asks
to read.  So outputs without columns are marked, and ``course.css`` breaks their lines.

pandas sets all headings on the right and the theme all cells on the left.  Here each column of a
table is marked by what it holds: figures stand on the right under their heading, words on the
left.
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

TABLE = re.compile(r'<table[^>]*class="dataframe"[^>]*>.*?</table>', re.DOTALL)
ROW = re.compile(r"<tr.*?</tr>", re.DOTALL)
CELL = re.compile(r"<(?P<tag>t[hd])>(?P<inner>.*?)</t[hd]>", re.DOTALL)
FIGURE = re.compile(
    r"[-+\u2212]?(\d[\d,]*(\.\d+)?(e[-+]?\d+)?|inf)%?|NaN|nan|None|[-\u2013\u2014]?"
)


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


def mark_columns(page: str) -> str:
    """Mark the cells of each table that pandas printed: ``figures`` or ``words``."""
    return TABLE.sub(lambda found: _by_columns(found[0]), page)


def _by_columns(table: str) -> str:
    if "colspan" in table or "rowspan" in table:
        return table
    body = [CELL.findall(row) for row in ROW.findall(table.partition("<tbody>")[2])]
    n_names = next((sum(tag == "th" for tag, _ in row) for row in body), 0)
    kinds = [
        "figures" if all(FIGURE.fullmatch(_plain(inner)) for _, inner in column) else "words"
        for column in zip(*body, strict=False)
    ]

    def mark_row(row: re.Match) -> str:
        places = iter(range(len(kinds) + len(CELL.findall(row[0]))))

        def mark(cell: re.Match) -> str:
            place = next(places)
            if place >= len(kinds):
                return cell[0]
            # Names of the rows stand on the left, and so does what they are called.
            tag, kind = cell["tag"], "words" if place < n_names else kinds[place]
            return f'<{tag} class="{kind}">{cell["inner"]}</{tag}>'

        return CELL.sub(mark, row[0])

    return ROW.sub(mark_row, table)


def _plain(inner: str) -> str:
    return html.unescape(re.sub("<[^>]*>", "", inner)).strip()


def mark_all(app: Sphinx, exception: Exception | None) -> None:
    """Mark the outputs on all pages of a finished site."""
    change_pages(app, exception, "notebooks", lambda page: mark_columns(mark_prose(page)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("build-finished", mark_all, priority=920)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
