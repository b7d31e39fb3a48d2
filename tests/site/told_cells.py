"""Which names the cells of a plan need, and whether a cell told before makes them.

A workshop leaves sections out.  A cell that is told must not need a name that only a cell left out
would have made, or the room meets a `NameError`.  Nothing is run: the names are read off the text.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import symtable
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import course_plans as plans
from course_chapters import plain
from course_minutes import HEADING, OPENING, STANDING, Times

# What Python and the notebook's kernel bring along.
GIVEN = frozenset(dir(builtins)) | {"get_ipython", "display", "__name__"}
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)
# How an *if late* begins that takes cells away.
LEAVES_OUT = re.compile(r"^(?:Leave out|Skip)\b[^.]*")
ARTICLE = re.compile(r"^(?:a|an|the) ")


@dataclass
class Known:
    """Names that the cells run so far have made; functions remember what they will need."""

    names: set[str] = field(default_factory=set)
    inside: dict[str, set[str]] = field(default_factory=dict)

    def missing(self, wanted: set[str]) -> set[str]:
        """Names that are wanted and not made, those inside the wanted functions with them."""
        missing, seen, open_names = set(), set(), set(wanted)
        while open_names:
            name = open_names.pop()
            seen.add(name)
            if name not in self.names | GIVEN:
                missing.add(name)
            open_names |= self.inside.get(name, set()) - seen
        return missing

    def make(self, names: set[str], inside: set[str] | None = None) -> None:
        """Remember new names, and what is needed by whoever calls them."""
        self.names |= names
        for name in names:
            self.inside[name] = inside or set()


class AsGenerators(ast.NodeTransformer):
    """Comprehensions as generators: only those keep their names, since Python 3.12."""

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:  # noqa: N802
        """Take the brackets away."""
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp  # noqa: N815

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:  # noqa: N802
        """Make pairs."""
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _names(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """Global names that a statement loads, and those that it assigns."""
    plain_text = ast.unparse(ast.fix_missing_locations(AsGenerators().visit(statement)))
    top = symtable.symtable(plain_text, "cell", "exec")
    loads = {s.get_name() for s in top.get_symbols() if s.is_referenced()}
    stores = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported()}
    tables = top.get_children()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        found = [s for s in table.get_symbols() if s.is_global()]
        loads |= {s.get_name() for s in found if s.is_referenced()}
    return loads, stores


def run_cell(text: str, known: Known) -> set[str]:
    """Read a cell as if it ran; give the names that it needed and nobody had made.

    Within a loop or a branch the order is not looked at: what it assigns itself, it has.
    """
    missing = set()
    for statement in ast.parse(MAGIC.sub(r"\1pass", text)).body:
        loads, stores = _names(statement)
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            # The body is needed by whoever calls it, which may be after later lines.
            known.make({statement.name}, loads - {statement.name})
            continue
        if isinstance(statement, ast.AugAssign):
            loads |= stores
        elif not isinstance(statement, ast.Assign | ast.AnnAssign | ast.Expr):
            loads -= stores
        missing |= known.missing(loads)
        known.make(stores)
    return missing


# Chapters and plans ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """A code cell, with its place in the notebook and the section where it stands."""

    number: int
    section: str
    text: str


def read_cells(cells: list[dict]) -> list[Cell]:
    """Give the code cells of a notebook."""
    section, found = OPENING, []
    for number, cell in enumerate(cells):
        text = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found.append(Cell(number, section, text))
            continue
        for part in HEADING.split(text):
            heading = re.match(r"## (.+)", part)
            section = plain(heading[1]) if heading else section
    return found


def chapter_cells(root: Path, chapter: Times) -> list[Cell]:
    """Give the code cells of a chapter."""
    text = (root / f"{chapter.chapter.name}.ipynb").read_text(encoding="utf-8")
    return read_cells(json.loads(text)["cells"])


def left_out(block: plans.Block | plans.Home) -> list[str]:
    """Sections of a block that its *if late* takes away, recognised by words of their titles."""
    said = LEAVES_OUT.match(getattr(block, "late", ""))
    if not said:
        return []
    words = said[0].lower()

    def named(title: str) -> bool:
        parts = [ARTICLE.sub("", part.strip()) for part in title.lower().split(":")]
        return any(re.search(rf"\b{re.escape(part)}(?!\w)", words) for part in parts if part)

    return [title for title in block.sections if named(title)]


def told_sections(plan: plans.Plan, chapter: str) -> list[str]:
    """Sections of a chapter in the order in which a plan tells them; the setup always runs."""
    told = [
        title
        for _, row in plans.rows_in_order(plan)
        if row.chapter == chapter
        for title in row.sections
    ]
    return [OPENING, *(title for title in told if title != OPENING)]


def missing_names(cells: Iterable[Cell], told: Iterable[str]) -> list[str]:
    """Say which told cells need names that no told cell before them has made."""
    cells, known, problems = list(cells), Known(), []
    for title in told:
        if title in STANDING:
            continue
        for cell in cells:
            if cell.section == title:
                for name in sorted(run_cell(cell.text, known)):
                    problems.append(f"cell {cell.number} in {title!r} needs {name!r}")
                    # One complaint for each name and cell that meets it first is enough.
                    known.make({name})
    return problems


def plan_gaps(plan: plans.Plan, times: dict[str, Times], root: Path) -> list[str]:
    """Say which told cells of a plan would fail, also with one *if late* or another taken."""
    problems = []
    for chapter in sorted({row.chapter for _, row in plans.rows_in_order(plan)} & set(times)):
        cells = chapter_cells(root, times[chapter])
        told = told_sections(plan, chapter)
        problems += [f"chapter {chapter}: {problem}" for problem in missing_names(cells, told)]
        for block in plan.blocks:
            gone = left_out(block) if block.chapter == chapter else []
            rest = [title for title in told if title not in gone]
            late = missing_names(cells, rest) if gone else []
            problems += [f"chapter {chapter}, late in {block.id}: {problem}" for problem in late]
    return problems
