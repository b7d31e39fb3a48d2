"""Sphinx extension: ``{teaching-notes}`` lists the notes for each chapter with their one idea.

Number, title and order come from the chapters, the idea from the page of notes itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from course_chapters import Chapter
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).resolve().parents[2]
NOTES = "book/teach/notes"


def one_idea(text: str) -> str:
    """Give the quoted sentence below *The one idea* of a page of notes."""
    found = re.search(r"^## The one idea\n+((?:> .*\n?)+)", text, re.MULTILINE)
    if found is None:
        raise ValueError("a page of notes has a section `## The one idea` with a quotation")
    return " ".join(line.removeprefix("> ") for line in found[1].splitlines())


def page_for(chapter: Chapter) -> str:
    """Give the name of the file with the notes for a chapter."""
    return f"{chapter.name.split('/')[-1].split('_')[0]}.md"


def list_notes(chapters: list[Chapter], read: Any) -> list[str]:
    """Write the list as Markdown; `read` gives the text of a page of notes by its file name."""
    lines = ["| Chapter | The one idea |", "|---|---|"]
    for chapter in chapters:
        page = page_for(chapter)
        link = f"[{chapter.number} · {chapter.title}]({page})"
        lines.append(f"| {link} | {one_idea(read(page))} |".replace("\n", " "))
    return lines


class TeachingNotes(SphinxDirective):
    """``{teaching-notes}``."""

    def run(self) -> list[nodes.Node]:
        """Write the list."""
        chapters = list(self.env.course_chapters.values())

        def read(page: str) -> str:
            path = ROOT / NOTES / page
            self.env.note_dependency(str(path))
            return path.read_text(encoding="utf-8")

        for chapter in chapters:
            self.env.note_dependency(str(ROOT / f"{chapter.name}.ipynb"))
        holder = nodes.container(classes=["notes-list"])
        lines = StringList(list_notes(chapters, read), self.get_source_info()[0])
        self.state.nested_parse(lines, self.content_offset, holder)
        return [holder]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive; the chapters are read by ``site_chapters``."""
    app.add_directive("teaching-notes", TeachingNotes)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
