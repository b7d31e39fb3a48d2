"""Every public name, now and later: a complete numpydoc docstring and complete type annotations."""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import sys
import textwrap
import types
import typing

import pytest
from numpydoc.validate import validate

import recsys_tutorial

MEMBERS = (types.FunctionType, classmethod, staticmethod, property)
CODES = {"GL08", "SS01", "SS02", "SS03", "PR01", "PR02", "PR10", "RT01", "RT03"}


def modules() -> list[types.ModuleType]:
    found = pkgutil.walk_packages(recsys_tutorial.__path__, "recsys_tutorial.")
    # Importing `__main__` would start the command line.
    names = [m.name for m in found if not m.name.rpartition(".")[2].startswith("__")]
    return [importlib.import_module(name) for name in names if "._" not in name]


def public_names() -> dict[str, object]:
    """Map dotted names to all functions, classes, methods and properties of the package."""
    found: dict[str, object] = {}
    for module in modules():
        for name, value in vars(module).items():
            own = getattr(value, "__module__", None) == module.__name__
            if name.startswith("_") or not own or not callable(value):
                continue
            if not inspect.isfunction(value) and not inspect.isclass(value):
                continue
            found[f"{module.__name__}.{name}"] = value
            if inspect.isclass(value):
                found |= {
                    f"{module.__name__}.{name}.{member}": thing
                    for member, thing in vars(value).items()
                    if not member.startswith("_") and isinstance(thing, MEMBERS)
                }
    return found


NAMES = public_names()


def complaints(name: str, value: object) -> list[str]:
    """List what numpydoc misses, under the rules of this course."""
    found = [(c, t) for c, t in validate(name)["errors"] if c in CODES]
    if inspect.isclass(value):
        _, has_attributes, described = (value.__doc__ or "").partition("Attributes\n")
        if dataclasses.is_dataclass(value) and has_attributes:
            # The attributes of a record are its parameters; they are not described twice.
            fields = [field.name for field in dataclasses.fields(value)]
            found = [(c, t) for c, t in found if c not in ("PR01", "PR02")]
            found += [("PR01", f"Field {f} not described") for f in fields if f not in described]
        elif issubclass(value, tuple) or getattr(value, "_is_protocol", False):
            found = [(c, t) for c, t in found if c != "PR01"]
    return [f"{code}: {text}" for code, text in found]


def function_of(value: object):
    if isinstance(value, classmethod | staticmethod):
        return value.__func__
    return value.fget if isinstance(value, property) else value


def names_for_type_checkers(source: str) -> dict[str, object]:
    """Stand in for the names that are imported for type checkers only."""
    blocks = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    aliases = [a for block in blocks for node in block.body for a in getattr(node, "names", [])]
    return {(a.asname or a.name).split(".")[0]: Anything for a in aliases}


class HasEverything(type):
    """Give a class every attribute; each is good enough as a type."""

    def __getattr__(cls, name: str) -> type:
        return object


class Anything(metaclass=HasEverything):
    """Stand in for any module or class."""


def untyped(value: object) -> list[str]:
    """List parameters without an annotation, and a missing annotation of the result."""
    function = function_of(value)
    if inspect.isclass(function):
        # A protocol is never made, so the constructor that Python gives it says nothing.
        if getattr(value, "_is_protocol", False):
            return []
        function = function.__init__
        if not inspect.isfunction(function):
            return []
    module = inspect.getsource(sys.modules[function.__module__])
    hints = typing.get_type_hints(function, localns=names_for_type_checkers(module))
    parameters = [p for p in inspect.signature(function).parameters if p not in ("self", "cls")]
    return [p for p in (*parameters, "return") if p not in hints]


# One test for each module, which lists all complaints: one for each name costs more to collect, in
# every worker, than to run.
each_module = pytest.mark.parametrize("module", modules(), ids=lambda module: module.__name__)


def names_in(module: types.ModuleType) -> dict[str, object]:
    """The public names that a module defines itself."""
    start = f"{module.__name__}."

    def own(name: str) -> bool:
        first = vars(module).get(name.removeprefix(start).split(".")[0])
        return name.startswith(start) and getattr(first, "__module__", "") == module.__name__

    return {name: value for name, value in NAMES.items() if own(name)}


def test_every_name_is_in_a_module():
    assert {name for module in modules() for name in names_in(module)} == set(NAMES)


@each_module
def test_the_docstrings_are_complete(module):
    found = {name: complaints(name, value) for name, value in names_in(module).items()}
    assert {name: texts for name, texts in found.items() if texts} == {}


@each_module
def test_the_annotations_are_complete(module):
    found = {name: untyped(value) for name, value in names_in(module).items()}
    assert {name: missing for name, missing in found.items() if missing} == {}


def bad_offers(module: types.ModuleType) -> list[str]:
    """List what `__all__` names and the module lacks, and a list that is not in order."""
    offered = list(getattr(module, "__all__", []))
    lacking = [name for name in offered if not hasattr(module, name)]
    return lacking + ["not in order"] * (offered != sorted(set(offered)))


@each_module
def test_what_a_module_offers_exists(module):
    assert bad_offers(module) == []


def test_the_census_finds_functions_classes_methods_and_properties():
    expected = {
        "recsys_tutorial.clustering.kmeans.kmeans",
        "recsys_tutorial.datasets.interactions.Interactions",
        "recsys_tutorial.datasets.interactions.Interactions.from_frame",
        "recsys_tutorial.datasets.interactions.Interactions.density",
        "recsys_tutorial.exercises.engine.check",
        "recsys_tutorial.preprocessing.Split",
    }
    assert expected <= set(NAMES) and len(NAMES) > 80


# ------------------------------------------------------------------ the rules can fail


@pytest.fixture
def plant(tmp_path, monkeypatch):
    """Make a module from a source text, import it, and give its only public name."""

    def plant(source: str) -> tuple[str, object]:
        (tmp_path / "planted.py").write_text(textwrap.dedent(source))
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "planted", raising=False)
        return "planted.thing", importlib.import_module("planted").thing

    yield plant
    sys.modules.pop("planted", None)


GOOD = '''
def thing(x: int) -> int:
    """Add one.

    Parameters
    ----------
    x : int
        A number.

    Returns
    -------
    int
        The next number.
    """
    return x + 1
'''

BROKEN = {
    "GL08": "def thing(x: int) -> int:\n    return x\n",
    "SS01": GOOD.replace("Add one.\n\n", ""),
    "SS03": GOOD.replace("Add one.", "Add one"),
    "SS02": GOOD.replace("Add one.", "add one."),
    "PR01": GOOD.replace("x : int\n        A number.", "y : int\n        A number."),
    "PR02": GOOD.replace("x : int\n", "z : int\n"),
    "PR10": GOOD.replace("x : int", "x: int"),
    "RT01": GOOD[: GOOD.index("\n    Returns")] + '    """\n    return x + 1\n',
    "RT03": GOOD.replace("        The next number.\n", ""),
}


def test_each_code_is_fed_something_broken():
    assert set(BROKEN) == CODES


@pytest.mark.parametrize(
    ("offered", "found"),
    [
        (["a", "b"], []),
        (["a", "c"], ["c"]),
        (["b", "a"], ["not in order"]),
        (["a", "a"], ["not in order"]),
    ],
)
def test_a_bad_offer_is_noticed(offered, found):
    module = types.ModuleType("planted")
    module.a = module.b = 1
    module.__all__ = offered
    assert bad_offers(module) == found


def test_a_good_docstring_is_fine(plant):
    name, thing = plant(GOOD)
    assert complaints(name, thing) == [] == untyped(thing)


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_docstring_is_noticed(plant, code):
    name, thing = plant(BROKEN[code])
    assert any(found.startswith(code) for found in complaints(name, thing))


def test_an_undescribed_field_is_noticed(plant):
    source = '''
    from dataclasses import dataclass

    @dataclass
    class thing:
        """A record.

        Attributes
        ----------
        first : int
            One.
        """

        first: int
        second: int
    '''
    name, thing = plant(source)
    assert complaints(name, thing) == ["PR01: Field second not described"]


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("def thing(x) -> int: ...", ["x"]),
        ("def thing(x: int): ...", ["return"]),
        ("def thing(*x, **y) -> None: ...", ["x", "y"]),
        ("class thing:\n    def __init__(self, x) -> None: ...", ["x"]),
    ],
)
def test_a_missing_annotation_is_noticed(plant, source, missing):
    assert untyped(plant(source)[1]) == missing


def test_a_misspelt_annotation_is_noticed(plant):
    source = "from __future__ import annotations\ndef thing(x: Inteeger) -> int: ..."
    with pytest.raises(NameError, match="Inteeger"):
        untyped(plant(source)[1])


def test_names_for_type_checkers_are_no_mistake(plant):
    source = """
    from __future__ import annotations
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        import nowhere.at as all
        from nowhere import Thing
    def thing(x: all.Model, y: Thing | None) -> Thing: ...
    """
    assert untyped(plant(source)[1]) == []
