"""What must hold for the links to the glossary, as functions that return problems in plain words.

They read finished pages and know nothing of how the links were made; `test_glossary_links.py`
feeds each of them something broken.
"""

from __future__ import annotations

import html.parser
import re
from collections.abc import Container
from urllib.parse import unquote, urldefrag

# Elements in which no link to the glossary may stand; `div.cell` is code and its output.
CLOSED = {"h1", "h2", "h3", "h4", "pre", "code", "th", "figcaption", "caption", "svg", "nav"}
VOID = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}


class Links(html.parser.HTMLParser):
    """Links to the glossary of one page, with where they stand, and the page's open prose."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, str, str]] = []  # address, title, the forbidden place or ""
        self.prose = ""
        self._open: list[tuple[str, str]] = []
        start = text.find("<article")
        self.feed(text[max(start, 0) : text.find("</article>") if start >= 0 else len(text)])

    def _place(self) -> str:
        for tag, classes in self._open:
            if tag in CLOSED or "cell" in classes.split() or "math" in classes.split():
                return tag if tag in CLOSED else classes
        return "a" if any(tag == "a" for tag, _ in self._open) else ""

    def handle_starttag(self, tag, attrs):
        known = dict(attrs)
        if tag == "a" and "glossary-link" in (known.get("class") or "").split():
            self.found.append((known.get("href") or "", known.get("title") or "", self._place()))
        if tag not in VOID:
            self._open.append((tag, known.get("class") or ""))

    def handle_endtag(self, tag):
        while tag not in VOID and self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if not self._place() and any(tag in ("p", "li") for tag, _ in self._open):
            self.prose += data


def misplaced(text: str) -> list[str]:
    """Links in headings, code, formulas, heads of tables, captions and other links."""
    return [f"{link} stands in {place}" for link, _, place in Links(text).found if place]


def repeated(text: str) -> list[str]:
    """Entries with a second link on the page."""
    links = [link for link, _, _ in Links(text).found]
    return [f"{link} is linked {links.count(link)} times" for link in dict.fromkeys(links)
            if links.count(link) > 1]  # fmt: skip


def astray(text: str, anchors: Container[str]) -> list[str]:
    """Links that lead to no entry, and links that do not say the Chinese name and the meaning."""
    problems = []
    for link, title, _ in Links(text).found:
        page, anchor = urldefrag(unquote(link))
        if not page.endswith("glossary.html") or anchor not in anchors:
            problems.append(f"{link} leads to no entry")
        if not re.match(r"[^·]*[\u4e00-\u9fff][^·]* · \w", title):
            problems.append(f"{link} says {title!r}")
    return problems


def unlinked(text: str, terms: re.Pattern) -> list[str]:
    """A page that has no link although its prose uses terms of its own chapter."""
    page = Links(text)
    used = terms.search(page.prose)
    return [f"no link, although the page says {used[0]!r}"] if used and not page.found else []
