"""Sphinx extension: the first use of a term on a chapter's page leads to the glossary.

The rule: on the page of a chapter, and on a page to play with, the first use in prose of each term
that the glossary gives to that chapter becomes a link, and so does a term of another chapter where
all that stands in bold is that term: bold is how a chapter introduces a word.  A term is linked
once on a page.  A page that lies between chapters takes the terms of the chapters that stand
before it in its part of the contents.

No link stands in a heading, code, formula, other link, table head, caption, picture, in the fields
that open a chapter, or in the list of its references.  The notebooks know nothing of it.

On the site the link says the Chinese name and the definition (``course.js`` shows them); in books
it is a link and no more.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from course_chapters import chapter_number, is_chapter, toc_parts
from course_glossary import Entry, Finder, chosen, read_glossary
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = "book/glossary"
CLASS = "glossary-link"

# Where no link may stand.
CLOSED = (
    *(nodes.title, nodes.subtitle, nodes.rubric, nodes.caption, nodes.legend, nodes.term),
    *(nodes.literal, nodes.literal_block, nodes.doctest_block, nodes.math, nodes.math_block),
    *(nodes.reference, nodes.footnote_reference, nodes.citation_reference, nodes.citation),
    *(addnodes.pending_xref, addnodes.download_reference, addnodes.glossary),
    *(nodes.thead, nodes.image, nodes.raw, nodes.comment, nodes.substitution_definition),
)
# The fields end with this one; what a chapter cites, and where, is no prose.
LAST_FIELD, LISTS = "Time.", ("References", "Errata met here")


# Where --------------------------------------------------------------------------------------


def chapters_of(docname: str, parts: list[tuple[str, list[str]]]) -> list[str]:
    """Give the numbers of the chapters whose terms a page links; none for pages of other kinds."""
    if is_chapter(docname):
        return [chapter_number(docname)]
    if not docname.startswith("book/play_"):
        return []
    pages = next((names for _, names in parts if docname in names), [])
    before = pages[: pages.index(docname)] if docname in pages else []
    return [chapter_number(name) for name in before if is_chapter(name)]


def above(node: nodes.Node) -> Iterator[nodes.Node]:
    """Give the nodes around a node, from the inside out."""
    while node.parent is not None:
        node = node.parent
        yield node


def takes_no_link(text: nodes.Node) -> bool:
    """Tell whether a text stands where no link of any kind may be: in code, a title, a link ..."""
    # Code cells and their outputs are containers.
    return any(
        isinstance(node, CLOSED) or (isinstance(node, nodes.container) and "nb_element" in node)
        for node in above(text)
    )


def is_closed(text: nodes.Node) -> bool:
    """Tell whether a text stands where no term may be linked."""
    return takes_no_link(text) or any(
        isinstance(node, nodes.paragraph) and node.astext().startswith(LISTS)
        for node in above(text)
    )


def prose(doctree: nodes.document) -> list[nodes.Text]:
    """Give the texts in which a link may stand, in the order of the page, after the fields."""
    last = next(
        (n for n in doctree.findall(nodes.paragraph) if n.astext().startswith(LAST_FIELD)), None
    )
    found = list(doctree.findall())
    if last is not None:
        found = found[found.index(last) + len(list(last.findall())) :]
    return [node for node in found if isinstance(node, nodes.Text) and not is_closed(node)]


# Links --------------------------------------------------------------------------------------


def link_text(
    text: nodes.Text, finder: Finder, chapters: list[str], done: set[str], to: Any
) -> None:
    """Put links into one text; `to` makes the node of a link from words and entry."""
    whole, pieces, end = text.astext(), [], 0
    bold = whole.strip(" .:;,()") if isinstance(text.parent, nodes.strong) else None
    for start, stop, possible in finder.find(whole):
        entry = chosen(possible, chapters, whole[start:stop] == bold, done)
        if entry is None:
            continue
        done.add(entry.head)
        pieces += [nodes.Text(whole[end:start]), to(whole[start:stop], entry)]
        end = stop
    if pieces:
        parent, rest = text.parent, nodes.Text(whole[end:])
        parent.replace(text, [piece for piece in (*pieces, rest) if piece.astext()])


def link_terms(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Link the terms of one page."""
    chapters = chapters_of(docname, app.env.course_parts)
    if not chapters:
        return
    anchors = {
        name: anchor
        for name, _, kind, document, anchor, _ in app.env.get_domain("std").get_objects()
        if kind == "term" and document == GLOSSARY
    }

    def to(words: str, entry: Entry) -> nodes.reference:
        if entry.head not in anchors:
            LOGGER.warning("the glossary has no anchor for %r", entry.head, type="course")
        address = f"{app.builder.get_relative_uri(docname, GLOSSARY)}#{anchors.get(entry.head, '')}"
        link = nodes.reference("", words, internal=True, refuri=address, classes=[CLASS])
        if app.builder.name == "html":
            link["reftitle"] = f"{entry.chinese} · {entry.definition}"
        return link

    done: set[str] = set()
    for text in prose(doctree):
        link_text(text, app.env.course_finder, chapters, done, to)


def read_terms(app: Sphinx) -> None:
    """Read glossary and contents once for a build."""
    entries = read_glossary((ROOT / f"{GLOSSARY}.md").read_text(encoding="utf-8"))
    app.env.course_finder = Finder(entries)
    app.env.course_parts = toc_parts(ROOT)


def note_change(app: Sphinx, env: Any, docnames: list[str]) -> None:
    """Remember whether the glossary is among the pages that are read anew."""
    env.course_glossary_is_new = GLOSSARY in docnames


def rewrite_pages(app: Sphinx, env: Any) -> list[str]:
    """Have the pages with links written again if the glossary changed."""
    if not env.course_glossary_is_new:
        return []
    return [name for name in env.found_docs if chapters_of(name, env.course_parts)]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.connect("builder-inited", read_terms)
    app.connect("env-before-read-docs", note_change)
    app.connect("env-updated", rewrite_pages)
    # Before the fields that open a chapter are turned into a line.
    app.connect("doctree-resolved", link_terms, priority=400)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
