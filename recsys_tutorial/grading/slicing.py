"""From a learner's notebook to its answers, and to the statements that each answer needs.

A chapter takes a minute to run and an exercise hardly ever needs it: an answer is sliced out
together with the statements, anywhere above, that make the names it uses.  What the cells *say* is
read here, with the parser; nothing is run.  A cell may define `check` anew or print "right": the
slice ends at the learner's answer and never calls a check.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import symtable
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Where the chapters ask for an answer under this name: for notebooks that lost their check cells.
ANSWER_NAMES: dict[str, str] = json.loads(
    Path(__file__).with_name("answers.json").read_text(encoding="utf-8")
)
# Calls that show something and change nothing.
SHOWING = {"print", "display", "check", "progress", "plt", "sns"}
# With one of these in it, a statement may make any name.
ANYTHING = {"exec", "globals"}
MOST_TRIES = 5
# The longest chapter has 370 statements and 60,000 letters.
MOST_UNITS = 3000
MOST_LETTERS = 500_000


class TooMuchCodeError(ValueError):
    """A notebook that is not made to be read."""


@dataclass(frozen=True)
class Unit:
    """A top-level statement of a notebook.

    Attributes
    ----------
    cell : int
        Number of its code cell, counted from 1 as the learner counts.
    source : str
        The statement.
    makes : frozenset of str
        Names that it binds or may change.
    binds : frozenset of str
        Those of them that it certainly binds anew: what they were before no longer matters.
    uses : frozenset of str
        Names that it needs when it runs.
    later : frozenset of str
        Names that its functions need when they are called.
    broken : str
        Why it cannot be run; empty if it can.
    """

    cell: int
    source: str
    makes: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    later: frozenset[str] = frozenset()
    broken: str = ""


@dataclass(frozen=True)
class Target:
    """An answer to be looked at.

    Attributes
    ----------
    exercise : str
        Id of the exercise.
    expression : str
        What the learner passes to the check.
    position : int
        Place of the check among the units; the answer is made above it.
    needs : tuple of int
        Places of the units that it needs, ascending.
    """

    exercise: str
    expression: str
    position: int
    needs: tuple[int, ...]


def plain_python(source: str) -> str:
    r"""Take out what only IPython understands.

    Parameters
    ----------
    source : str
        A cell.

    Returns
    -------
    str
        The cell without magics, shell lines and questions; empty if the cell is another language.

    Examples
    --------
    >>> plain_python("%matplotlib inline\nx = 1")
    'pass\nx = 1'
    """
    first, _, rest = source.lstrip().partition("\n")
    if first.startswith("%%"):
        # Only the magics that run the cell as Python leave something to run.
        return plain_python(rest) if re.match(r"%%(time|timeit|capture|prun)\b", first) else ""
    lines = [
        re.sub(r"^(\s*)(?:[%!].*|\?.*|[\w.]+\?{1,2}\s*)$", r"\1pass", line)
        for line in source.split("\n")
    ]
    return "\n".join(lines)


def read_units(cells: Iterable[str]) -> list[Unit]:
    r"""Take code cells apart into statements.

    Parameters
    ----------
    cells : iterable of str
        The code cells, in order.

    Returns
    -------
    list of Unit
        One per top-level statement; one for a cell that is not Python.

    Raises
    ------
    TooMuchCodeError
        If nobody can have written so much by hand.

    Examples
    --------
    >>> [sorted(unit.makes) for unit in read_units(["a = b = 1", "def f(x): return x + a"])]
    [['a', 'b'], ['f']]
    """
    units: list[Unit] = []
    # A library is not changed by being used.
    tools = set(dir(builtins))
    cells = list(cells)
    if sum(map(len, cells)) > MOST_LETTERS:
        raise TooMuchCodeError(f"more than {MOST_LETTERS:,} letters of code")
    for number, cell in enumerate(cells, start=1):
        try:
            statements = _parsed(cell)
        except Exception as error:  # nested too deeply, null bytes, plain wrong
            guessed = re.findall(r"^[ \t]*(?:def[ \t]+(\w+)|(\w+)[ \t]*=)", cell, re.MULTILINE)
            names = frozenset(name for pair in guessed for name in pair if name)
            why = getattr(error, "msg", "") or str(error)
            line = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
            broken = f"{type(error).__name__}: {why}{line}"
            units.append(Unit(number, "", names, names, broken=broken))
            continue
        for statement in statements:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                tools |= {alias.asname or alias.name.split(".")[0] for alias in statement.names}
            units.append(_unit(number, statement, tools))
    if len(units) > MOST_UNITS:
        raise TooMuchCodeError(f"more than {MOST_UNITS:,} statements")
    return units


def _parsed(cell: str) -> list[ast.stmt]:
    try:
        return ast.parse(cell).body
    except SyntaxError:
        return ast.parse(plain_python(cell)).body


def _unit(cell: int, statement: ast.stmt, tools: set[str]) -> Unit:
    try:
        source = ast.unparse(statement)
        makes, uses, later = _names(symtable.symtable(source, "cell", "exec"))
        binds = _bound(statement)
        makes |= (_changed(statement, tools) | binds) - {""}
    except Exception as error:  # what the parser takes and the compiler does not
        return Unit(cell, "", broken=f"{type(error).__name__}: {error}")
    return Unit(cell, source, frozenset(makes), frozenset(binds), frozenset(uses), frozenset(later))


def _names(table: symtable.SymbolTable) -> tuple[set[str], set[str], set[str]]:
    """Names that a statement binds at the top level, takes from there now, and takes later."""
    makes: set[str] = set()
    uses: set[str] = set()
    later: set[str] = set()
    whole = table.get_type() == "module"
    for symbol in table.get_symbols():
        outside = whole or symbol.is_global()
        if outside and (symbol.is_assigned() or symbol.is_imported()):
            makes.add(symbol.get_name())
        if outside and symbol.is_referenced():
            (uses if whole else later).add(symbol.get_name())
    for child in table.get_children():
        inner = _names(child)
        makes |= inner[0]
        later |= inner[1] | inner[2]
    return makes, uses, later


def _bound(statement: ast.stmt) -> set[str]:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name.split(".")[0] for alias in statement.names} - {"*"}
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return {statement.target.id} if isinstance(statement.target, ast.Name) else set()
    if isinstance(statement, ast.Assign):
        targets = [t for target in statement.targets for t in getattr(target, "elts", [target])]
        return {target.id for target in targets if isinstance(target, ast.Name)}
    return set()


def _changed(statement: ast.stmt, tools: set[str]) -> set[str]:
    """Names whose contents a statement may change, though it binds them not."""
    found = set()
    for node in ast.walk(statement):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names):
            found.add("*")
        elif isinstance(node, ast.Name) and node.id in ANYTHING:
            found.add("*")
        elif isinstance(node, ast.Attribute | ast.Subscript) and not isinstance(node.ctx, ast.Load):
            found.add(_root(node))
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            # The result is thrown away: the call was made for what it does.
            found |= _changed_by(node.value, tools)
    return found


def _changed_by(call: ast.Call, tools: set[str]) -> set[str]:
    root = _root(call.func)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    if root in SHOWING or root.startswith(("plot_", "scatter_", "show_")):
        return set()
    if method == "seed":
        return {root}
    owner = {root} if method and root not in tools else set()
    # A method changes its owner, a function and a shuffle what they are given.
    given = call.args if not owner or method == "shuffle" else []
    return owner | {_root(part) for part in given} - tools


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call | ast.Starred):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def find_targets(units: Sequence[Unit], known: Iterable[str]) -> list[Target]:
    """Find the answers in a notebook.

    Parameters
    ----------
    units : sequence of Unit
        The statements.
    known : iterable of str
        Ids of exercises.

    Returns
    -------
    list of Target
        By place in the notebook.  An exercise that is checked more than once has several, of which
        the last five are kept; one whose check is gone is looked for under the chapter's name.

    Examples
    --------
    >>> units = read_units(["n = 2", "unrelated = 1", "my_cost = n + 1", 'check("03.1", my_cost)'])
    >>> find_targets(units, ["03.1"])[0].needs
    (0, 2)
    """
    wanted, found = set(known), []
    for place, unit in enumerate(units):
        for call in _calls(unit.source):
            exercise, expression = _answer_of(call)
            if exercise in wanted and expression:
                found.append(_target(units, exercise, expression, place))
    checked = {target.exercise for target in found}
    for exercise in sorted(wanted - checked):
        name = ANSWER_NAMES.get(exercise, "")
        if any(name in unit.makes for unit in units):
            found.append(_target(units, exercise, name, len(units)))
    kept: list[Target] = []
    for exercise in sorted({target.exercise for target in found}):
        tries = {(t.expression, t.needs): t for t in found if t.exercise == exercise}
        kept += list(tries.values())[-MOST_TRIES:]
    return sorted(kept, key=lambda target: target.position)


def chapter_of(units: Sequence[Unit]) -> str:
    """Tell which chapter a notebook belongs to.

    Parameters
    ----------
    units : sequence of Unit
        The statements.

    Returns
    -------
    str
        The chapter that most checks name, or most of the course's names of answers; empty if there
        is neither.

    Examples
    --------
    >>> chapter_of(read_units(["my_average = my_merged_row = ..."]))
    '05'
    """
    checks = [_answer_of(call)[0] for unit in units for call in _calls(unit.source)]
    made = {name for unit in units for name in unit.makes}
    answers = [exercise for exercise, name in ANSWER_NAMES.items() if name in made]
    for ids in (checks, answers):
        chapters = Counter(i.split(".")[0] for i in ids if i in ANSWER_NAMES)
        if chapters:
            return max(sorted(chapters), key=chapters.__getitem__)
    return ""


def _calls(source: str) -> list[ast.Call]:
    if "check" not in source:
        return []
    return [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]


def _answer_of(call: ast.Call) -> tuple[str, str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name != "check":
        return "", ""
    named = {word.arg: word.value for word in call.keywords}
    parts = [*call.args[:2], named.get("exercise_id"), named.get("answer")]
    given = [part for part in parts if part is not None]
    if len(given) != 2 or not isinstance(given[0], ast.Constant):
        return "", ""
    return str(given[0].value), ast.unparse(given[1])


def _target(units: Sequence[Unit], exercise: str, expression: str, position: int) -> Target:
    _, now, later = _names(symtable.symtable(expression, "answer", "exec"))
    waiting = [(name, position, True) for name in now]
    waiting += [(name, position, False) for name in later]
    seen, needs = set(waiting), set()
    while waiting:
        for place in _makers(units, *waiting.pop()):
            needs.add(place)
            # What a function needs may change until it is called, so all makers count.
            more = {(name, place, True) for name in units[place].uses}
            more |= {(name, position, False) for name in units[place].later}
            waiting += more - seen
            seen |= more
    return Target(exercise, expression, position, tuple(sorted(needs)))


def _makers(units: Sequence[Unit], name: str, before: int, last: bool) -> Iterator[int]:
    """Go up from a place: all units that make a name, or only back to the one that binds it."""
    for place in range(before - 1, -1, -1):
        if name in units[place].makes or "*" in units[place].makes:
            yield place
            if last and name in units[place].binds:
                return


def read_cells(notebook: Any) -> list[str]:
    """Take the code cells out of a notebook.

    Parameters
    ----------
    notebook : object
        What the file's JSON says.

    Returns
    -------
    list of str
        Their sources.

    Raises
    ------
    ValueError
        If it is not a notebook.

    Examples
    --------
    >>> read_cells({"cells": [{"cell_type": "code", "source": ["a = 1"]}]})
    ['a = 1']
    """
    if not isinstance(notebook, dict):
        raise ValueError("JSON, but not a notebook")
    cells = notebook.get("cells")
    if cells is None:  # the form before 2015
        sheets = notebook.get("worksheets")
        cells = sheets[0].get("cells") if isinstance(sheets, list) and sheets else None
    if not isinstance(cells, list):
        raise ValueError("JSON, but not a notebook: it has no cells")
    sources = []
    for cell in cells:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source", cell.get("input", ""))
        lines = source if isinstance(source, list) else [source]
        sources.append("".join(line for line in lines if isinstance(line, str)))
    return sources
