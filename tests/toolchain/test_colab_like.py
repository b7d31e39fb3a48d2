"""`tools/colab_like.py`: each way in which Colab could differ makes it fail, with a clear word.

Nothing is installed here, and no notebook runs but in the one slow test: fakes stand in for both.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import re
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
HEAD = "# Colab's packages on 2026-08-19, under Python 3.13.15\n"


def load_tool():
    """Import `tools/colab_like.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("colab_like", ROOT / "tools" / "colab_like.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["colab_like"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


tool = load_tool()


# The listing --------------------------------------------------------------------------------


def test_the_listing_of_the_repository_is_read():
    colab = tool.read_freeze(tool.FREEZE)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", colab.date) and colab.minor == "3.13"
    assert len(colab.pins) > 500 and {"numpy", "tensorflow", "ipykernel"} <= set(colab.pins)
    assert "jupyterquiz" not in colab.pins


def test_the_weekly_job_has_the_versions_of_the_listing():
    """The short list of `.github` is a copy."""
    pins = tool.read_freeze(tool.FREEZE).pins
    text = (ROOT / ".github" / "colab-constraints.txt").read_text(encoding="utf-8")
    short = dict(line.split("==") for line in text.split() if "==" in line)
    assert short and {n: pins.get(tool.normal(n)) for n in short} == short


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("numpy==2.1.3\n", "must name a day"),
        ("# 2026-08-19\nnumpy==2.1.3\n", "and a Python"),
        (HEAD, "lists no package"),
        (HEAD + "numpy>=2.1\n", "line 2: 'numpy>=2.1' is not name==version"),
        (HEAD + "torch @ https://x.org/torch.whl\n", "is not name==version"),
        (HEAD + "a_b==1\nA.B==2\n", "line 3: A.B stands there twice"),
    ],
)
def test_a_broken_listing_is_named(tmp_path, text, word):
    (tmp_path / "freeze.txt").write_text(text, encoding="utf-8")
    with pytest.raises(SystemExit, match=re.escape(word)):
        tool.read_freeze(tmp_path / "freeze.txt")


def test_a_missing_listing_is_named(tmp_path):
    with pytest.raises(SystemExit, match="freeze.txt is missing"):
        tool.read_freeze(tmp_path / "freeze.txt")


def test_names_are_compared_as_pip_does(tmp_path):
    (tmp_path / "freeze.txt").write_text(HEAD + "\nJinja2==3.1.6\nml_dtypes==0.6.0\n")
    colab = tool.read_freeze(tmp_path / "freeze.txt")
    assert colab.pins == {"jinja2": "3.1.6", "ml-dtypes": "0.6.0"}
    assert (colab.date, colab.python) == ("2026-08-19", "3.13.15")


# Python -------------------------------------------------------------------------------------


def test_this_python_is_found():
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = tool.find_python(minor, ["no-such-program", sys.executable])
    assert found.exists() and "python" in found.name.lower()


def test_a_missing_python_is_named():
    with pytest.raises(SystemExit, match="Colab runs Python 3.99, and this computer has none"):
        tool.find_python("3.99", ["no-such-program", sys.executable])


@pytest.mark.skipif(sys.platform == "win32", reason="the broken program is a shell script")
def test_a_python_that_does_not_start_is_passed_over(tmp_path):
    broken = tmp_path / "python3.13"
    broken.write_text("#!/bin/sh\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(SystemExit, match="has none"):
        tool.find_python("3.13", [broken])


# Versions -----------------------------------------------------------------------------------

BEFORE = {"numpy": "2.1.3", "pandas": "2.2.3", "pip": "24.1.2"}


@pytest.mark.parametrize(
    ("after", "changed", "removed", "added"),
    [
        (BEFORE, [], [], []),
        ({**BEFORE, "jedi": "0.20"}, [], [], ["jedi 0.20"]),
        ({**BEFORE, "numpy": "2.4.0"}, ["numpy: 2.1.3 became 2.4.0"], [], []),
        ({"numpy": "2.1.3", "pip": "24.1.2"}, [], ["pandas 2.2.3"], []),
        (
            {"pip": "24", "x": "1"},
            ["pip: 24.1.2 became 24"],
            ["numpy 2.1.3", "pandas 2.2.3"],
            ["x 1"],
        ),
    ],
    ids=["same", "added", "changed", "removed", "all"],
)
def test_compare(after, changed, removed, added):
    found = tool.compare(BEFORE, after)
    assert (found.changed, found.removed, found.added) == (changed, removed, added)
    assert found.harmless == (not changed and not removed)


def test_an_environment_that_is_not_colabs_is_seen():
    colab = tool.Colab("2026-08-19", "3.13.15", {"numpy": "2.1.3", "pip": "24.1.2"})
    assert tool.unlike_colab({"numpy": "2.1.3"}, colab) == []
    found = tool.unlike_colab({"numpy": "2.4.0", "jedi": "0.20", "pip": "24.1.2"}, colab)
    assert found == ["jedi 0.20, Colab has none", "numpy 2.4.0, Colab has 2.1.3"]


def test_versions_are_those_of_the_other_python():
    found = tool.versions_in(Path(sys.executable))
    assert found["pytest"] == pytest.__version__


@pytest.mark.skipif(sys.platform == "win32", reason="the broken program is a shell script")
def test_a_broken_pip_is_named(tmp_path):
    (tmp_path / "pip.py").write_text("raise RuntimeError('no pip here')")
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nPYTHONPATH={tmp_path} exec {sys.executable} -S $*\n")
    program.chmod(0o755)
    with pytest.raises(SystemExit, match="no pip here"):
        tool.versions_in(program)


def test_requirements_are_read_from_the_wheel(tmp_path):
    lines = ["Name: x", "Requires-Dist: NumPy>=2", "Requires-Dist: old; python_version < '3'"]
    lines += ["Requires-Dist: tensor_flow>=2; extra == 'deep'", "Requires-Dist: y; extra == 'z'"]
    with zipfile.ZipFile(tmp_path / "x-1.whl", "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", "\n".join(lines) + "\n\nText\n")
    assert tool.asked_by(tmp_path / "x-1.whl", ["deep"]) == ["numpy", "tensor-flow"]


# Setup cells --------------------------------------------------------------------------------


def setup_source(extras="notebooks"):
    """A setup cell as the chapters have it."""
    address = "git+https://" + "github.com/me/course"
    return (
        "try:\n    import recsys_tutorial\nexcept ImportError:\n"
        f'    %pip install -q "recsys-tutorial[{extras}] @ {address}"'
    )


def write_notebook(path, *cells):
    """Save a notebook of code cells."""
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in cells]), path)
    return path


def test_the_setup_cells_of_the_course_name_the_extras_of_the_tool():
    asked = {extra for cell in tool.setup_cells(NOTEBOOKS) for extra in cell.split(",")}
    assert asked == set(tool.EXTRAS)


def test_a_notebook_that_does_not_install_is_named(tmp_path):
    path = write_notebook(tmp_path / "05_x.ipynb", "import numpy")
    with pytest.raises(SystemExit, match="05_x.ipynb: its first code cell does not install"):
        tool.setup_cells([path])


def test_setup_cells_that_differ_are_named(tmp_path):
    one = write_notebook(tmp_path / "01_x.ipynb", setup_source())
    two = write_notebook(tmp_path / "02_x.ipynb", setup_source() + "  # and more")
    assert tool.setup_cells([one]) == {"notebooks": setup_source()}
    with pytest.raises(SystemExit, match="02_x.ipynb: another setup cell"):
        tool.setup_cells([one, two])


def test_the_wheel_stands_in_for_the_repository(tmp_path):
    ran = []
    wheel = tmp_path / "recsys_tutorial-1-py3-none-any.whl"
    tool.install_by(setup_source(), wheel, tmp_path, lambda nb, folder: ran.append(nb) or "")
    first, second = (cell.source for cell in ran[0].cells)
    assert f'"recsys-tutorial[notebooks] @ {wheel.as_uri()}"' in first and "git+" not in first
    assert "import recsys_tutorial" in second


# Notebooks ----------------------------------------------------------------------------------


def fake_run(*outputs, error=""):
    """Stand in for the run of a notebook: its first code cell gets these outputs."""

    def execute(notebook, folder):
        assert [path.suffix for path in folder.iterdir()] == [".ipynb"], "the notebook is not alone"
        notebook.cells[0].outputs = list(outputs)
        return error or tool.first_error(notebook)

    return execute


def test_a_notebook_that_runs(tmp_path):
    path = write_notebook(tmp_path / "03_x.ipynb", "1")
    (tmp_path / "neighbour.csv").touch()
    warned = new_output("stream", name="stderr", text="x.py:1: FutureWarning: old\n  f()\n")
    result = tool.run_alone(path, fake_run(warned, warned))
    assert (result.name, result.error) == ("03_x", "")
    assert result.warnings == ["FutureWarning: old"]
    assert nbformat.read(path, 4).cells[0].outputs == [], "the original was changed"


def test_a_notebook_that_fails(tmp_path):
    path = write_notebook(tmp_path / "03_x.ipynb", "assert 1 == 2")
    wrong = new_output("error", ename="AssertionError", evalue="no", traceback=[])
    assert tool.run_alone(path, fake_run(wrong)).error == "cell 0: AssertionError: no"
    assert tool.run_alone(path, fake_run(error="the kernel died")).error == "the kernel died"


def test_a_bare_assertion_is_told_by_its_line():
    arrow = "      1 x = 1\n\x1b[32m----> 2\x1b[0m assert x == 2"
    coloured = ["\x1b[31mAssertionError\x1b[39m", arrow]
    wrong = new_output("error", ename="AssertionError", evalue="", traceback=coloured)
    cell = new_code_cell("x = 1\nassert x == 2", outputs=[wrong])
    found = tool.first_error(new_notebook(cells=[cell]))
    assert found == "cell 0: AssertionError: assert x == 2"
    assert tool.failed_line([]) == ""


def test_an_error_that_a_chapter_shows_on_purpose_is_none():
    wrong = new_output("error", ename="ValueError", evalue="no", traceback=[])
    meant = new_code_cell("1 / 0", outputs=[wrong], metadata={"tags": ["raises-exception"]})
    assert tool.first_error(new_notebook(cells=[new_markdown_cell("x"), meant])) == ""
    other = new_code_cell("1 / 0", outputs=[wrong])
    assert tool.first_error(new_notebook(cells=[meant, other])) == "cell 1: ValueError: no"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Spark 4.0.4\n", "Spark 4.0.4"),
        ("a\nSpark is not here, and the next cells\n", "Spark is not here, and the next cells"),
        ("nothing\n", ""),
    ],
)
def test_a_promise_is_looked_for(tmp_path, said, kept):
    path = write_notebook(tmp_path / "16_scaling_out.ipynb", "1")
    printed = new_output("stream", name="stdout", text=said)
    result = tool.run_alone(path, fake_run(printed))
    assert result.said == kept and bool(result.error) == (not kept)


def test_the_promises_are_of_chapters_that_exist():
    assert set(tool.PROMISES) <= {path.stem for path in NOTEBOOKS}


# Everything together ------------------------------------------------------------------------


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two notebooks, whose wheel and environment are pretended."""
    (tmp_path / "notebooks").mkdir()
    for name in ("01_x", "02_y"):
        write_notebook(tmp_path / "notebooks" / f"{name}.ipynb", setup_source())
    (tmp_path / "freeze.txt").write_text(HEAD + "".join(f"{n}=={v}\n" for n, v in BEFORE.items()))
    monkeypatch.setattr(tool, "FREEZE", tmp_path / "freeze.txt")
    monkeypatch.setattr(tool, "find_python", lambda minor, candidates: Path(sys.executable))
    monkeypatch.setattr(tool, "build_wheel", lambda course, folder: folder / "x.whl")
    monkeypatch.setattr(tool, "asked_by", lambda wheel, extras: ["numpy", "jupyterquiz"])
    monkeypatch.setattr(tool, "make_environment", lambda *args: Path(sys.executable))
    monkeypatch.setattr(tool, "versions_in", lambda python: dict(BEFORE))
    monkeypatch.setattr(tool, "offer_kernel", lambda python, folder: None)
    monkeypatch.setattr(tool, "install_course", lambda *args: tool.Changes([], [], ["jedi 1"]))
    monkeypatch.setattr(tool, "run_alone", lambda path: tool.Result(path.stem, 2.0))
    return SimpleNamespace(ROOT=tmp_path)


def options(*only):
    """Options as the command line gives them."""
    return argparse.Namespace(only=only or [""], jobs=1, python=None)


def report(course):
    """The written report: its facts, and its table as text."""
    folder = course.ROOT / "_build" / "colab"
    facts = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return facts, (folder / "report.md").read_text(encoding="utf-8")


def test_all_is_well(course, capsys):
    assert tool.run_all(course, options()) == 0
    facts, text = report(course)
    assert [row["name"] for row in facts["notebooks"]] == ["01_x", "02_y"]
    assert facts["added by the course"] == ["jedi 1"] and facts["packages compared"] == 3
    assert "| 01_x | 2 | runs |" in text and "**changed by the course**: none" in text
    assert "2 of 2 notebooks run" in capsys.readouterr().out


def test_a_failing_notebook_is_exit_code_1(course, monkeypatch, capsys):
    def run(path):
        return tool.Result(path.stem, 1.0, "cell 3: KeyError: 'x'" if path.stem == "02_y" else "")

    monkeypatch.setattr(tool, "run_alone", run)
    assert tool.run_all(course, options()) == 1
    assert "1 of 2 notebooks run" in capsys.readouterr().out
    assert "| 02_y | 1 | cell 3: KeyError: 'x' |" in report(course)[1]
    assert tool.run_all(course, options("01")) == 0
    assert tool.run_all(course, options("01", "02")) == 1


@pytest.mark.parametrize(
    "changes", [(["numpy: 2.1.3 became 2.4.0"], [], []), ([], ["pandas 2.2.3"], [])]
)
def test_a_changed_version_is_exit_code_1_and_nothing_runs(course, monkeypatch, changes):
    monkeypatch.setattr(tool, "install_course", lambda *args: tool.Changes(*changes))
    monkeypatch.setattr(tool, "run_alone", None)
    assert tool.run_all(course, options()) == 1
    assert (changes[0] + changes[1])[0] in report(course)[1]


def test_an_environment_unlike_colabs_is_exit_code_1(course, monkeypatch):
    monkeypatch.setattr(tool, "versions_in", lambda python: {"numpy": "2.4.0"})
    assert tool.run_all(course, options()) == 1
    assert "numpy 2.4.0, Colab has 2.1.3" in report(course)[1]


def test_another_python_hands_over_to_that_of_the_course(tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr(
        tool,
        "load_course",
        lambda root: SimpleNamespace(
            VENV=tmp_path,
            PYTHON="venv-python",
            setup=lambda more: told.append("setup"),
            run=lambda *command: (told.append([str(part) for part in command]), (1, ""))[1],
        ),
    )
    assert tool.main(["--only", "03", "04"]) == 1
    script = str(tool.ROOT / "tools" / "colab_like.py")
    assert told == ["setup", ["venv-python", script, "--only", "03", "04"]]
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(tool, "run_all", lambda course, options: len(options.only))
    assert tool.main(["--only", "03", "04"]) == 2 and len(told) == 2


def test_no_such_notebook(course):
    with pytest.raises(SystemExit, match="no notebook's name contains 98 or 99"):
        tool.run_all(course, options("98", "99"))


def test_a_setup_cell_that_fails_is_named(course, monkeypatch, tmp_path):
    undone = load_tool()
    monkeypatch.setattr(undone, "versions_in", lambda python: dict(BEFORE))
    monkeypatch.setattr(undone, "install_by", lambda *args: "cell 0: UsageError: no pip")
    with pytest.raises(SystemExit, match=r"setup cell for \[notebooks\] failed: cell 0: UsageErr"):
        paths = sorted((tmp_path / "notebooks").glob("*.ipynb"))
        undone.install_course(course, Path("python"), tmp_path / "x.whl", paths)


def test_a_wheel_or_packages_that_cannot_be_had_are_named(tmp_path):
    failing = SimpleNamespace(
        ROOT=tmp_path,
        VENV=tmp_path / ".venv",
        PYTHON=tmp_path / ".venv/bin/python",
        run=lambda *command: (1, ""),
    )
    with pytest.raises(SystemExit, match="wheel of the course could not be built"):
        load_tool().build_wheel(failing, tmp_path)
    colab = tool.Colab("2026-08-19", "3.13.15", BEFORE)
    with pytest.raises(SystemExit, match="Colab's packages could not be installed"):
        load_tool().make_environment(failing, Path("python"), colab, ["numpy"])


@pytest.mark.slow
def test_a_real_kernel_runs_and_fails(tmp_path, monkeypatch):
    for name in ("JUPYTER_PATH", "PATH", "PYDEVD_DISABLE_FILE_VALIDATION"):
        monkeypatch.setenv(name, "")  # set by the tool, and given back after the test
    tool.offer_kernel(Path(sys.executable), tmp_path / "jupyter")
    good = write_notebook(tmp_path / "01_x.ipynb", "import os\nassert len(os.listdir()) == 1")
    bad = write_notebook(tmp_path / "02_x.ipynb", "1", "raise KeyError('gone')")
    assert tool.run_alone(good).error == ""
    assert tool.run_alone(bad).error == "cell 1: KeyError: 'gone'"
