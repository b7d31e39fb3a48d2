"""Facts about the pages of the course, each read from the one place that holds it.

The order comes from ``book/_toc.yml``; title, question, time, needs and data from the notebook.
The site's extensions show these facts; nothing here knows Sphinx.
"""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

# What a reader calls the data that a function of `recsys_tutorial.datasets` hands out.
DATA_NAMES = {
    "load_movielens": "MovieLens",
    "load_insteval": "InstEval",
    "load_karate_club": "Karate club",
    "read_interactions": "your own table",
}
GENERATED = "generated"
# Modules that bring data of their own.
OTHER_DATA = {
    "recsys_tutorial.scenarios": "ten scenarios",
    "recsys_tutorial.bench": "the course's benchmark",
    "recsys_tutorial.article": "the source article's",
}
# Longest chain of chapters that a chapter needs, and what to call it.
LEVELS = ((2, "first steps"), (4, "intermediate"), (99, "advanced"))

NUMBER = re.compile(r"notebooks/(?:solutions/)?0*(\w+?)_")


@dataclass(frozen=True)
class Chapter:
    """One chapter as its notebook describes it."""

    name: str
    number: str
    title: str
    part: str
    question: str
    reading: int
    exercises: int
    needs: tuple[str, ...]
    data: tuple[str, ...]
    level: str = ""


def pages_below(entries: list[dict[str, Any]]) -> list[str]:
    """Give the pages of a list of the contents, each followed by the pages below it."""
    names = []
    for entry in entries:
        names += [entry["file"], *pages_below(entry.get("sections", []))]
    return names


def toc_parts(root: Path) -> list[tuple[str, list[str]]]:
    """Give the captions of the table of contents with the pages below them."""
    toc = yaml.safe_load((root / "book/_toc.yml").read_text(encoding="utf-8"))
    return [(part.get("caption", ""), pages_below(part["chapters"])) for part in toc["parts"]]


def pages_above(root: Path) -> dict[str, str]:
    """Give the page under which the contents put a page, for those that are under one."""
    above: dict[str, str] = {}

    def walk(entries: list[dict[str, Any]]) -> None:
        for entry in entries:
            below = entry.get("sections", [])
            above.update({inner["file"]: entry["file"] for inner in below})
            walk(below)

    toc = yaml.safe_load((root / "book/_toc.yml").read_text(encoding="utf-8"))
    for part in toc["parts"]:
        walk(part["chapters"])
    return above


def chapter_number(name: str) -> str:
    """Give the number of a chapter or of its solutions: ``3``, ``A1``; else nothing."""
    found = NUMBER.match(name)
    return found[1] if found else ""


def is_chapter(name: str) -> bool:
    """Tell whether a page is a chapter, not its solutions and no page of prose."""
    return name.startswith("notebooks/") and not name.startswith("notebooks/solutions/")


def plain(markdown: str) -> str:
    """Take links, emphasis, code marks and dollar signs off a piece of Markdown."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", markdown)
    text = re.sub(r"\\(?:mathrm|text|lVert|rVert|mathbf)\b", "", text)
    return " ".join(re.sub(r"[*`$]", "", text).split())


def field(opening: str, pattern: str) -> str:
    """Find a field of a chapter's first cell, up to the empty line that ends it."""
    found = re.search(pattern + r"(.*?)(?:\n\n|\Z)", opening, re.DOTALL)
    if found is None:
        raise ValueError(f"the opening of a chapter lacks {pattern}: {opening[:60]!r}")
    return found[1].strip()


def data_names(code: str) -> tuple[str, ...]:
    """Name the data that a chapter's code imports, in the order of the imports."""
    names: list[str] = []
    for line in re.findall(r"^from recsys_tutorial[^\n]* import (?:\([^)]*\)|[^\n]*)", code, re.M):
        (statement,) = ast.parse(line).body
        for imported in (alias.name for alias in statement.names):
            known = GENERATED if imported.startswith("make_") else DATA_NAMES.get(imported)
            if statement.module == "recsys_tutorial.datasets" and known:
                names.append(known)
    for module, name in OTHER_DATA.items():
        if re.search(rf"\b(?:from|import) {re.escape(module)}\b", code):
            names.append(name)
    # What was made comes last.
    return tuple(dict.fromkeys(sorted(names, key=GENERATED.__eq__)))


def read_chapter(root: Path, name: str, part: str) -> Chapter:
    """Read one chapter's notebook."""
    cells = json.loads((root / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    texts = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    opening = texts[0][0]
    reading, practice = map(int, re.findall(r"\d+", field(opening, r"\*\*Time\.\*\*")))
    links = re.findall(r"\((\w+)\.ipynb\)", field(opening, r"\*\*You need\*\*"))
    return Chapter(
        name=name,
        number=chapter_number(name),
        title=plain(opening.splitlines()[0].removeprefix("# ")),
        part=part,
        question=plain(field(opening, r"\*\*The question\.\*\*")),
        reading=reading,
        exercises=practice,
        needs=tuple(f"notebooks/{link}" for link in links),
        data=data_names("\n".join(text for text, kind in texts if kind == "code")),
    )


def chain_length(name: str, needs: dict[str, tuple[str, ...]]) -> int:
    """Count the chapters in the longest chain that leads to a chapter."""
    before = [need for need in needs.get(name, ()) if need != name]
    return max((1 + chain_length(need, needs) for need in before), default=0)


def read_chapters(root: Path) -> dict[str, Chapter]:
    """Read all chapters, in the order of the table of contents."""
    chapters = {
        name: read_chapter(root, name, part)
        for part, names in toc_parts(root)
        for name in names
        if is_chapter(name)
    }
    needs = {name: chapter.needs for name, chapter in chapters.items()}
    for name, chapter in chapters.items():
        length = chain_length(name, needs)
        level = next(word for longest, word in LEVELS if length <= longest)
        chapters[name] = Chapter(**{**vars(chapter), "level": level})
    return chapters
