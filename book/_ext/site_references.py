"""Sphinx extension: keys of works and numbers of errata lead to what they name.

A chapter names a work by its key in brackets and an error of the source article by its number, in
plain text, because a notebook in Colab knows neither bibliography nor site.  On the site each key
leads to its entry on the page of references, and says on hover which work it is; each number in the
line "Errata met here" leads to its entry on the page of errata.  In books it is a link and no more.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from course_chapters import is_chapter
from docutils import nodes
from glossary_links import takes_no_link
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
REFERENCES, ERRATA = "book/references", "book/errata"
KEY = re.compile(r"(?<=\[)[a-z]+\d{4}[a-z0-9]*(?=\])")
NUMBER = re.compile(r"\b[A-E]\d+\b")
LIST_OF_ERRATA = "Errata met here"

Link = Callable[[str], nodes.Node]


def short_name(work: Any) -> str:
    """Say in a line which work an entry of the bibliography is."""
    people = work.persons.get("author") or work.persons.get("editor") or []
    names = [" ".join(person.prelast_names + person.last_names) for person in people]
    if len(names) > 2:
        names = [f"{names[0]} and others"]
    parts = [" and ".join(names), work.fields.get("title", ""), work.fields.get("year", "")]
    return re.sub(r"[{}]", "", ". ".join(part for part in parts if part))


def link_all(text: nodes.Text, pattern: re.Pattern[str], to: Link) -> None:
    """Replace each place of a text that the pattern finds by the node that `to` makes of it."""
    whole, pieces, end = text.astext(), [], 0
    for found in pattern.finditer(whole):
        pieces += [nodes.Text(whole[end : found.start()]), to(found[0])]
        end = found.end()
    if pieces:
        pieces.append(nodes.Text(whole[end:]))
        text.parent.replace(text, [piece for piece in pieces if piece.astext()])


def texts(doctree: nodes.document, *, errata: bool) -> list[nodes.Text]:
    """Give the texts in which keys may stand, or those of the list of errata."""
    found = []
    for node in doctree.findall(nodes.paragraph):
        if not errata or node.astext().startswith(LIST_OF_ERRATA):
            found += [text for text in node.findall(nodes.Text) if not takes_no_link(text)]
    return found


def link_references(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the keys and the numbers of one chapter."""
    if not is_chapter(docname):
        return
    works = app.env.get_domain("cite").bibdata.data.entries

    def link(page: str, name: str, anchor: str, title: str = "") -> nodes.reference:
        address = f"{app.builder.get_relative_uri(docname, page)}#{anchor}"
        made = nodes.reference("", name, internal=True, refuri=address)
        if title and app.builder.name == "html":
            made["reftitle"] = title
        return made

    def to_work(key: str) -> nodes.Node:
        if key not in works:
            LOGGER.warning("no work has the key %r", key, location=docname, type="course")
            return nodes.Text(key)
        return link(REFERENCES, key, key, short_name(works[key]))

    for text in texts(doctree, errata=False):
        link_all(text, KEY, to_work)
    for text in texts(doctree, errata=True):
        link_all(text, NUMBER, lambda number: link(ERRATA, number, number.lower()))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    # Before the terms of the glossary, which leave links alone.
    app.connect("doctree-resolved", link_references, priority=390)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
