"""The parts of the autograder that need no process: slices, the wire, the collection, the fence."""

import json
import os
import re
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.cli import main
from recsys_tutorial.datasets import DataError
from recsys_tutorial.exercises import all_exercises, find_exercise, forget_progress, progress
from recsys_tutorial.exercises.engine import _unchanged, examine
from recsys_tutorial.grading import collecting, marking, session, slicing
from recsys_tutorial.grading.classes import ClassMarks, Paper, grade_class
from recsys_tutorial.grading.collecting import Submission, collect, learner_of
from recsys_tutorial.grading.fence import Fence, Rails, find_rails, readable
from recsys_tutorial.grading.marking import Limits, Mark, Marked, mark_cells, packages
from recsys_tutorial.grading.reporting import (
    check_class_folder,
    harmless,
    mistake_rows,
    unanswered_rows,
    write_class_report,
)
from recsys_tutorial.grading.session import GoneError, Session, StartError
from recsys_tutorial.grading.slicing import (
    ANSWER_NAMES,
    TooMuchCodeError,
    chapter_of,
    find_targets,
    plain_python,
    read_cells,
    read_units,
)
from recsys_tutorial.grading.wire import Opaque, WireError, decode, encode
from tests.unit.grading_class import RIGHT, WRONG_TEXTS, as_bytes, notebook

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))
RAILS = find_rails()
NO_RAILS = Rails(False, False, False, False)


def read(path):
    return read_cells(json.loads(path.read_text(encoding="utf-8")))


# ------------------------------------------------------------------ the wire


def there_and_back(value):
    return decode(json.loads(json.dumps(encode(value))))


def test_every_value_of_every_exercise_travels_unchanged():
    seen = 0
    for exercise in all_exercises():
        values = list(exercise.right())
        values += [a for probe in exercise.probes() for a in probe] if exercise.probes else []
        for value in (v for v in values if not callable(v)):
            back = there_and_back(value)
            assert _unchanged(value, back) or value == back, exercise.id
            seen += 1
    assert seen > 1500


@pytest.mark.parametrize(
    "value",
    [
        None,
        ...,
        2**70,
        -(2**70),
        float("nan"),
        float("-inf"),
        "ü\ud800",
        np.float32(1.5),
        np.array(["a", None], dtype=object),
        np.array(["a", "bc"]),
        np.zeros((0, 3)),
        np.array(["2024-01-01", "NaT"], dtype="M8[ns]"),
        pd.Timestamp("2024-01-01").to_datetime64(),
        pd.Series([1, 2], index=["a", "b"], name="n"),
        pd.DataFrame({"a": [1, 2], "b": ["x", None]}, index=[5, 6]),
        pd.DataFrame({"a": pd.Categorical(["x", "y", "x"])}),
        pd.Series([1, 2], index=pd.MultiIndex.from_tuples([("a", 1), ("b", 2)])),
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        sparse.csr_array(np.eye(3)),
        sparse.csc_matrix(np.eye(2)),
        {"a": {1: [(2, {3})]}},
        {(1, 2): frozenset({"a"})},
        range(3),
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_value_travels(value):
    back = there_and_back(value)
    if isinstance(value, range):
        assert back == [0, 1, 2]
    elif isinstance(value, np.ndarray) and value.dtype.kind == "O":
        assert back.tolist() == value.tolist()
    else:
        assert _unchanged(value, back) or np.array_equal(value, back, equal_nan=True)


class Yes(float):
    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Anything:
    def __eq__(self, other):
        return True

    __hash__ = object.__hash__


def test_what_claims_to_equal_everything_arrives_without_its_claim():
    assert type(there_and_back(Yes(3))) is float and there_and_back(Yes(3)) != 4
    opaque = there_and_back([Anything()])[0]
    assert isinstance(opaque, Opaque) and opaque != opaque and repr(opaque) == "<Anything>"


def test_what_is_too_deep_or_endless_arrives_as_nothing():
    endless = []
    endless.append(endless)
    assert "opaque" in json.dumps(encode(endless))


def test_a_function_travels_as_a_way_to_call_it_here():
    functions = []
    written = encode([max], functions)
    called = []
    (remote,) = decode(written, lambda place, arguments: called.append(arguments) or place)
    assert functions == [max] and remote(1, 2) == 0 and called == [(1, 2)]
    assert isinstance(decode(written)[0], Opaque)


HOSTILE = [
    {"a": 1},
    "text",
    ["str", 3],
    ["str"],
    ["array", ["|O", [1], ""]],
    ["array", ["<f8", [10**9], "AAAA"]],
    ["array", ["nonsense", [1], "AAAA"]],
    ["objects", ["O", [3], []]],
    ["sparray", ["csr", ["list", []], ["list", []], ["list", []], [10**9, 10**9]]],
    ["sparray", ["evil", 1, 1, 1, [1, 1]]],
    ["set", [["list", []]]],
    ["dict", [[["list", []], 1]]],
    ["set", list(range(20_000))],
    ["frame", [["list", [1]], ["list", [1, 2]], []]],
    ["os.system", "true"],
    [["list"], []],
    ["int", "zz"],
]


@pytest.mark.parametrize("written", HOSTILE, ids=lambda w: json.dumps(w)[:40])
def test_a_hostile_message_is_refused(written):
    with pytest.raises(WireError):
        decode(written)


def test_a_message_too_deep_is_refused():
    written = 1
    for _ in range(200):
        written = ["list", [written]]
    with pytest.raises(WireError):
        decode(written)


def test_the_width_of_texts_cannot_ask_for_memory():
    began = time.process_time()
    assert decode(["objects", ["<U900000000", [1], [["str", "a"]]]]).tolist() == ["a"]
    assert time.process_time() - began < 1


# ------------------------------------------------------------------ slices


def test_the_names_of_the_answers_are_those_of_the_chapters():
    found = {}
    for path in CHAPTERS:
        for cell in read(path):
            found |= dict(re.findall(r'^check\("([^"]+)", (\w+)\)', cell, re.MULTILINE))
    assert found == ANSWER_NAMES
    assert set(found) == {exercise.id for exercise in all_exercises()}


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda p: p.stem)
def test_every_exercise_of_a_chapter_is_found_and_needs_little(path):
    units = read_units(read(path))
    chapter = chapter_of(units)
    ids = [exercise.id for exercise in all_exercises() if exercise.id.startswith(f"{chapter}.")]
    targets = find_targets(units, ids)
    assert path.name.startswith(chapter) and [t.exercise for t in targets] == ids
    assert not any(unit.broken for unit in units)
    # An untouched stub needs itself alone.
    assert {len(target.needs) for target in targets} == {1}


def needs(*cells, exercise="03.1"):
    units = read_units(cells)
    (target,) = find_targets(units, [exercise])
    return [units[place].source for place in target.needs]


CHECK = 'check("03.1", x)'


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (("a = 1", "b = 2", "x = a", CHECK), ["a = 1", "x = a"]),
        (("a = [1]", "a.append(2)", "x = a", CHECK), ["a = [1]", "a.append(2)", "x = a"]),
        (("a = {}", "a['k'] = 2", "x = a", CHECK), ["a = {}", "a['k'] = 2", "x = a"]),
        (("a = [1]", "print(a)", "x = a", CHECK), ["a = [1]", "x = a"]),
        (("a = [2]", "shuffle(a)", "x = a", CHECK), ["a = [2]", "shuffle(a)", "x = a"]),
        (
            ("import numpy as np\nimport os", "x = np.pi", CHECK),
            ["import numpy as np", "x = np.pi"],
        ),
        (("from math import *", "x = pi", CHECK), ["from math import *", "x = pi"]),
        (
            ("k = 1", "def f():\n    return k", "def g(k):\n    return f()", "x = g(2)", CHECK),
            [
                "k = 1",
                "def f():\n    return k",
                "def g(k):\n    return f()",
                "x = g(2)",
            ],
        ),
        (
            ("k = 5", "def f(k):\n    return k", "x = f(1)", CHECK),
            ["def f(k):\n    return k", "x = f(1)"],
        ),
        (("x = 1", "x = 2", CHECK), ["x = 2"]),
        (("x = 1", "x += 2", CHECK), ["x = 1", "x += 2"]),
        (("x = 1", "x = x + 2", "x = x * 2", CHECK), ["x = 1", "x = x + 2", "x = x * 2"]),
        (
            ("import numpy as np", "a = [1]", "ax.plot(a, np.ones(2))", "x = np.sum(a)", CHECK),
            ["import numpy as np", "a = [1]", "x = np.sum(a)"],
        ),
        (
            ("import numpy as np", "np.random.seed(1)", "x = np.random.rand()", CHECK),
            ["import numpy as np", "np.random.seed(1)", "x = np.random.rand()"],
        ),
        (("a = [2]", "rng.shuffle(a)", "x = a", CHECK), ["a = [2]", "rng.shuffle(a)", "x = a"]),
        (
            ("k = 1", "def f():\n    return k", "y = f()", "k = 2", "x = y", CHECK),
            ["k = 1", "def f():\n    return k", "y = f()", "k = 2", "x = y"],
        ),
        (("x = 1", CHECK, "x = 2"), ["x = 1"]),
        (("x = 1\n" + CHECK,), ["x = 1"]),
        (("if True:\n    x = 1", CHECK), ["if True:\n    x = 1"]),
        (
            ("def f():\n    global x\n    x = 3", "f()", CHECK),
            ["def f():\n    global x\n    x = 3"],
        ),
    ],
)
def test_an_answer_gets_the_statements_that_it_needs(cells, wanted):
    assert needs(*cells) == wanted


def test_checks_are_found_in_every_form():
    forms = [
        'check("03.1", x)',
        'check(exercise_id="03.1", answer=x)',
        'feedback = ex.check("03.1", x)',
        'for _ in range(2):\n    check("03.1", x)',
    ]
    for form in forms:
        (target,) = find_targets(read_units(["x = 1", form]), ["03.1"])
        assert target.expression == "x"
    assert find_targets(read_units(["x = 1", "check(y, x)", "mend('03.1', x)"]), ["03.1"]) == []


def test_without_a_check_the_chapters_name_counts():
    (target,) = find_targets(read_units(["my_cost = 1"]), ["03.1", "03.2"])
    assert (target.exercise, target.expression, target.needs) == ("03.1", "my_cost", (0,))


def test_no_more_than_five_tries_are_looked_at():
    cells = ["x = 0"] + [f'x = {n}\ncheck("03.1", x)' for n in range(50)]
    targets = find_targets(read_units(cells), ["03.1"])
    assert len(targets) == 5 and targets[-1].position == 100


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("%%time\nx = 1", "x = 1"),
        ("%%bash\nrm -rf x", ""),
        ("  !ls\nx?", "  pass\npass"),
        ("x = 1", "x = 1"),
        ("%%time\n%%capture\nx = 1", "x = 1"),
    ],
)
def test_magics_are_taken_out(cell, wanted):
    assert plain_python(cell) == wanted


def test_a_percent_sign_in_python_is_no_magic():
    assert not read_units(["x = (7\n    % 4)\ntext = '''\n%not a magic\n'''"])[0].broken


@pytest.mark.parametrize(
    "cell",
    [
        "def f(:",
        "x = '",
        "\x00",
        "(" * 5000,
        "%%time\n" * 5000,
        "-" * 30_000 + "1",
        "x" + ".y" * 30_000,
    ],
    ids=range(7),
)
def test_a_cell_that_is_no_python_is_kept_with_its_reason(cell):
    units = read_units([cell, "y = 1"])
    assert units[-1].makes == {"y"} and (len(units) == 1 or len(units) == 2)
    assert cell.startswith("%%") or units[0].broken


def test_more_code_than_a_person_writes_is_not_read():
    for cells in (["x = 1\n" * 5000], ["x" * 600_000]):
        with pytest.raises(TooMuchCodeError):
            read_units(cells)


@pytest.mark.parametrize("cell", ["\n" * 400_000 + "(", " " * 400_000 + "(", "a" * 400_000 + "("])
def test_reading_a_cell_takes_no_time_worth_naming(cell):
    began = time.process_time()
    read_units([cell])
    assert time.process_time() - began < 5


# ------------------------------------------------------------------ the collection


@pytest.mark.parametrize(
    ("parts", "name"),
    [
        (("ana.ipynb",), "ana"),
        (("ana.ipynb.txt",), "ana"),
        (("Ana B/05.ipynb",), "Ana B/05"),
        (("ana", "05", "x.ipynb"), "ana"),
        (("ana.zip", "05.ipynb"), "ana"),
        (("Jane Doe_812_assignsubmission_file_", "5.ipynb"), "Jane Doe"),
        (("doejane_LATE_31_4711_5.ipynb",), "doejane"),
        (("doejane_31_4711_5.ipynb",), "doejane"),
        ((".ipynb",), ".ipynb"),
    ],
)
def test_who_handed_it_in(parts, name):
    assert learner_of(parts) == name


GOOD = json.dumps({"cells": [{"cell_type": "code", "source": "my_cost = 1"}]})


def test_a_folder_of_everything(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "x.ipynb").write_text(GOOD)
    (tmp_path / "b" / "notes.txt").write_text("hello")
    (tmp_path / "b" / ".ipynb_checkpoints").mkdir()
    (tmp_path / "b" / ".ipynb_checkpoints" / "x.ipynb").write_text("{")
    (tmp_path / "A.IPYNB").write_text("\ufeff" + GOOD, encoding="utf-8")
    (tmp_path / "c.ipynb").symlink_to(tmp_path / "A.IPYNB")
    (tmp_path / "d").symlink_to(tmp_path / "b")
    (tmp_path / "e").mkdir()
    found = collect(tmp_path)
    assert [(s.learner, bool(s.problem)) for s in found] == [
        ("A", False),
        ("b", False),
        ("c", True),
        ("d", True),
    ]
    assert found[0].cells == ("my_cost = 1",)


def test_a_zip_of_a_class_and_zips_in_it(tmp_path):
    inner = tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x.ipynb", GOOD)
    with zipfile.ZipFile(tmp_path / "deep.zip", "w") as archive:
        archive.write(inner, "again.zip")
    with zipfile.ZipFile(tmp_path / "class.zip", "w") as archive:
        archive.writestr("ana/05.ipynb", GOOD)
        archive.writestr("../../evil.ipynb", GOOD)
        archive.writestr("__MACOSX/ana/05.ipynb", "x")
        archive.write(inner, "cleo.zip")
        archive.write(tmp_path / "deep.zip", "dora.zip")
    found = {s.learner: s.problem for s in collect(tmp_path / "class.zip")}
    assert found == {
        "ana": "",
        "evil": "",
        "cleo": "",
        "dora": "a zip in a zip in a zip, which is not opened",
    }
    assert not (tmp_path.parent.parent / "evil.ipynb").exists()


def test_a_zip_bomb_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "LARGEST_FILE", 1000)
    monkeypatch.setattr(collecting, "LARGEST_ZIP", 5000)
    monkeypatch.setattr(collecting, "MOST_FILES", 20)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.ipynb", " " * 2000)
    with zipfile.ZipFile(tmp_path / "b.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(10):
            archive.writestr(f"{n}.ipynb", " " * 1000)
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        for n in range(30):
            archive.writestr(f"{n}.ipynb", "")
    (tmp_path / "d.ipynb").write_text(" " * 2000)
    problems = {}
    for submission in collect(tmp_path):
        problems.setdefault(submission.learner, []).append(submission.problem)
    assert problems["a"] == ["too large to be a notebook"] == problems["d"]
    assert "more than a class" in problems["b"][-1] or "more than a class" in problems["b"][0]
    assert "30 files" in problems["c"][0]


def test_zips_in_a_zip_share_what_they_may_unpack_to(tmp_path, monkeypatch):
    monkeypatch.setattr(collecting, "LARGEST_FILE", 1000)
    monkeypatch.setattr(collecting, "LARGEST_ZIP", 5000)
    inner = tmp_path / "inner"
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(3):
            archive.writestr(f"{n}.ipynb", " " * 900)
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(9):
            archive.write(inner, f"{n}.zip")
    inner.unlink()
    found = collect(tmp_path)
    assert len(found) < 9 and any("more than a class" in s.problem for s in found)


def test_a_damaged_file_in_a_zip_of_a_class_costs_nobody_else_a_row(tmp_path):
    place = tmp_path / "class.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name in ("ana", "bob", "cleo"):
            archive.writestr(f"{name}/5.ipynb", GOOD)
        archive.writestr("dora/thesis.pdf", "%PDF")
    content = bytearray(place.read_bytes())
    content[content.index(b"bob/5.ipynb") + 20] ^= 1
    place.write_bytes(content)
    found = {s.learner: s.problem for s in collect(place)}
    assert found.pop("bob").startswith("a zip that cannot be opened")
    assert found == {"ana": "", "cleo": "", "dora": "no notebook in it (thesis.pdf)"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "ana.ipynb")
    assert [s.problem for s in collect(tmp_path)] == ["not a file"]


def test_of_a_notebook_that_nobody_can_have_written_nothing_is_kept(tmp_path):
    much = {"cells": [{"cell_type": "code", "source": "a = 1\n" * 200_000}]}
    (tmp_path / "ana.ipynb").write_text(json.dumps(much))
    (made,) = collect(tmp_path)
    assert made.cells == () and "letters of code" in made.problem


def test_no_submissions_are_an_error_in_words(tmp_path):
    with pytest.raises(DataError, match="is empty"):
        collect(tmp_path)
    with pytest.raises(DataError, match="There is no folder"):
        collect(tmp_path / "gone")


@pytest.mark.parametrize(
    "content",
    [
        {"cells": [None, 3, {"cell_type": "code"}, {"cell_type": "code", "source": [1, "a = 1"]}]},
        {"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"]}]}]},
    ],
)
def test_odd_notebooks_are_read(content):
    assert "a = 1" in read_cells(content)


# ------------------------------------------------------------------ the check without a count


def test_examining_an_answer_counts_nothing():
    forget_progress()
    assert examine(find_exercise("05.4"), "c").ok
    assert examine(find_exercise("05.4"), "a").mistake == "a, the first merge"
    assert progress("05").solved == 0 and "tried" not in repr(progress("05"))


# ------------------------------------------------------------------ the fence


def test_what_may_be_read_covers_python_and_nothing_hidden(tmp_path):
    secret = ROOT / "recsys_tutorial" / "exercises"
    places = [Path(place) for place in readable([str(secret), str(tmp_path)])]
    assert not any(place == secret or place in secret.parents for place in places)
    assert any(
        place.name == "grading" or place in (ROOT / "recsys_tutorial" / "grading").parents
        for place in places
    )


OPEN = """
import sys
sys.path[:] = {path!r}
from recsys_tutorial.grading.fence import Fence, listen
sys.prefix = {prefix!r}
listen(Fence({scratch!r}, ({hidden!r}, {inner!r}), 500, 10, 10))
for path in {files!r}:
    try:
        print(open(path).read())
    except PermissionError as error:
        print("refused")
"""


def test_an_environment_among_the_submissions_can_be_read_and_they_cannot(tmp_path, monkeypatch):
    files = ["ana.ipynb", "env/lib.py", "env/answers/a.py"]
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    inner, prefix = tmp_path / "env" / "answers", tmp_path / "env"
    given = {"path": sys.path, "prefix": str(prefix), "scratch": str(tmp_path / "scratch")}
    given |= {"hidden": str(tmp_path), "inner": str(inner)}
    program = OPEN.format(files=[str(tmp_path / name) for name in files], **given)
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert said.stdout.split() == ["refused", "env/lib.py", "refused"], said.stderr
    # The kernel is told the same.
    monkeypatch.setattr(sys, "prefix", str(prefix))
    places = [Path(place) for place in readable([str(tmp_path), str(inner)])]
    assert prefix / "lib.py" in places
    assert not any(secret in (place, *place.parents) for place in places for secret in [inner])
    assert not any(place in (tmp_path, *tmp_path.parents, prefix) for place in places)


def test_words_say_what_does_not_hold():
    assert any("Memory is not limited" in sentence for sentence in NO_RAILS.in_words())
    assert sum("native code can go round" in sentence for sentence in NO_RAILS.in_words()) == 2
    assert not any("not" in s.split() for s in Rails(True, True, True, True).in_words())


PROBE = """
import sys
sys.path[:] = {path!r}
from recsys_tutorial.grading.fence import {rail}, Fence
{rail}(Fence({scratch!r}, ({hidden!r},), 2000, 8, 60))
import os
for task in {tasks!r}:
    try:
        exec(task)
        print("done")
    except OSError as error:
        print(type(error).__name__)
"""


@pytest.mark.parametrize("rail", ["lock_files", "listen"])
def test_each_rail_alone_keeps_a_process_to_its_folder(tmp_path, rail):
    if rail == "lock_files" and not RAILS.files:
        pytest.skip("this kernel has no Landlock")
    scratch, hidden = tmp_path / "scratch", tmp_path / "hidden"
    for folder in (scratch, hidden):
        folder.mkdir()
        (folder / "a.txt").write_text("a")
    tasks = [
        f"open({str(scratch / 'b.txt')!r}, 'w').write('b')",
        f"os.remove({str(scratch / 'a.txt')!r})",
        "open(os.devnull, 'w').write('x')",
        f"open({str(hidden / 'a.txt')!r}).read()",
        f"os.listdir({str(hidden)!r})",
        f"open({str(tmp_path / 'c.txt')!r}, 'w')",
        f"os.remove({str(hidden / 'a.txt')!r})",
        f"os.rename({str(hidden / 'a.txt')!r}, {str(scratch / 'c.txt')!r})",
        f"os.mkdir({str(tmp_path / 'd')!r})",
    ]
    program = PROBE.format(
        path=sys.path, rail=rail, scratch=str(scratch), hidden=str(hidden), tasks=tasks
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["done"] * 3 + ["PermissionError"] * 6, done.stderr
    assert sorted(p.name for p in tmp_path.rglob("*.txt")) == ["a.txt", "b.txt"]


# ------------------------------------------------------------------ sessions


@pytest.fixture
def talk():
    with Session(RAILS, (), 2048, 60) as made:
        made.begin()
        yield made


@pytest.mark.slow
def test_a_session_runs_answers_calls_and_leaves_no_trace(talk):
    assert talk.ask({"run": "a = 2\ndef f(x): return a * x", "cell": 1}, 60) == {}
    assert talk.ask({"answer": "a"}, 60) == {"value": 2, "callable": False}
    assert talk.ask({"answer": "f"}, 60)["callable"] is True
    assert talk.ask({"call": encode((4,))}, 60) == {"value": 8, "changed": False}
    assert talk.ask({"run": "1 / 0", "cell": 1}, 60)["error"].startswith("ZeroDivision")
    talk.ask({"run": "open('left', 'w').write('x')", "cell": 1}, 60)
    assert (talk.scratch / "left").exists()
    talk.close()
    assert not talk.scratch.exists()


@pytest.mark.slow
def test_an_argument_that_is_a_function_is_called_on_this_side(talk):
    talk.ask({"run": "def f(g): return g(3) + 1", "cell": 1}, 60)
    talk.ask({"answer": "f"}, 60)
    functions = []
    order = {"call": encode((lambda x: 10 * x,), functions)}
    assert talk.ask(order, 60, functions)["value"] == 31


@pytest.mark.slow
def test_what_a_dead_process_did_not_take_is_dropped_at_once(talk):
    """Left to the end, it is written again; from Python 3.13 on that leaves a traceback."""
    talk._process.kill()
    talk._process.wait()
    talk._orders.put(b"x" * 2**17)
    late = time.monotonic() + 30
    while not talk._process.stdin.closed and time.monotonic() < late:
        time.sleep(0.01)
    assert talk._process.stdin.closed


@pytest.mark.slow
def test_a_session_that_hangs_is_ended_in_time(talk):
    began = time.monotonic()
    with pytest.raises(GoneError, match="did not finish in 1 seconds"):
        talk.ask({"run": "while True: pass", "cell": 1}, 1)
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_who_asks_back_without_end_is_ended_in_time(talk):
    talk.ask({"run": "def f(g):\n    while True: g(3)", "cell": 1}, 60)
    talk.ask({"answer": "f"}, 60)
    functions, began = [], time.monotonic()
    order = {"call": encode((lambda x: x,), functions)}
    with pytest.raises(GoneError, match="did not finish in 1 seconds"):
        talk.ask(order, 1, functions)
    assert time.monotonic() - began < 30


@pytest.mark.slow
def test_who_only_waits_is_charged_a_sixth(talk):
    talk.ask({"run": "import time; time.sleep(3)", "cell": 1}, 60)
    assert 0.4 < talk.charged() < 1.5
    with pytest.raises(GoneError, match="did not finish"):
        talk.ask({"run": "time.sleep(600)", "cell": 1}, 1)


@pytest.mark.slow
def test_memory_is_limited(talk):
    if not RAILS.memory:
        pytest.skip("no limit of memory here")
    order = {"run": "import numpy as np; x = np.ones(10**9)", "cell": 1}
    assert "MemoryError" in talk.ask(order, 60)["error"]


# A chapter's cells: packages, then two answers.
IMPORTS = """import antigravity, numpy as np
from sklearn import cluster
from recsys_tutorial.datasets import load_movielens
from recsys_tutorial.exercises import check"""
TWO_ANSWERS = [IMPORTS, "x = np.float64(3)", 'check("05.1", x)', 'check("05.6", x)']


def test_packages_are_those_of_the_course_and_nothing_is_run_to_find_them():
    units = slicing.read_units([IMPORTS, "def f():\n    import numpy", "importlib = 'import'"])
    assert packages(units) == [
        ("numpy", ""),
        ("sklearn", "cluster"),
        ("recsys_tutorial.datasets", "load_movielens"),
        ("recsys_tutorial.exercises", "check"),
    ]
    broken = "import ("
    assert packages(slicing.read_units([broken])) == []


class Deaf:
    """A session that notes its orders and may fall over one of them."""

    def __init__(self, orders, falls):
        self.orders, self.falls = orders, falls

    def __call__(self, *_):
        self.orders.append("start")
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def charged(self):
        return 0.0

    def begin(self):
        self.orders.append("clock")

    def load(self, wanted):
        self.orders.append(f"load {wanted[0][0]}")
        if self.falls:
            raise GoneError("fell")

    def ask(self, order, *_):
        self.orders.append(next(iter(order)))
        return {"value": 3.0, "callable": False} if "answer" in order else {}


@pytest.mark.parametrize("falls", [False, True])
def test_packages_are_loaded_before_the_clock_and_before_the_learners_code(monkeypatch, falls):
    orders = []
    monkeypatch.setattr(marking, "Session", Deaf(orders, falls))
    marks = mark_cells(TWO_ANSWERS, Limits(20, 2048, NO_RAILS), only=["05.1", "05.6"]).marks
    assert [mark.state for mark in marks] == ["wrong", "wrong"]
    wanted = ["start", "load numpy"] + ["start"] * falls
    assert orders[: len(wanted) + 1] == [*wanted, "clock"]
    assert [order for order in orders if order.startswith("load")] == ["load numpy"]


@pytest.mark.slow
def test_the_first_answer_does_not_pay_for_the_packages(monkeypatch):
    # As on Windows and macOS: the clock on the wall, which imports used to fill.
    monkeypatch.setattr(session, "_processor_seconds", lambda process: None)
    asked, load = [], Session.load

    def slow_load(self, wanted):
        load(self, wanted)
        time.sleep(4)
        asked.extend(wanted)

    monkeypatch.setattr(Session, "load", slow_load)
    cells = [IMPORTS.replace("antigravity, ", ""), *TWO_ANSWERS[1:]]
    cells[1] = "x = np.float64(3) if cluster and load_movielens else 0"
    marks = mark_cells(cells, Limits(4, 2048, NO_RAILS), only=["05.1"]).marks
    assert [(m.exercise, m.state) for m in marks] == [("05.1", "wrong")]
    assert [module for module, _ in asked] == ["numpy", "sklearn", "recsys_tutorial.datasets"]
    assert marks[0].seconds < 4


@pytest.mark.slow
def test_what_cannot_be_loaded_is_the_business_of_its_cell(talk):
    talk.load([("no_such_package", ""), ("json", "nothing"), ("recsys_tutorial.exercises", "x")])
    assert talk.ask({"run": "import json", "cell": 1}, 60) == {}
    assert "ModuleNotFound" in talk.ask({"run": "import no_such_package", "cell": 1}, 60)["error"]


def test_a_python_that_does_not_start_is_not_the_learners_fault(monkeypatch):
    monkeypatch.setattr(session, "PROGRAM", "raise SystemExit(3)")
    with pytest.raises(StartError, match="does not start"):
        Session(NO_RAILS, (), 2048, 5)


SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


@pytest.mark.slow
@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem[:2])
def test_the_solutions_of_every_chapter_are_all_right(path):
    hidden = (str(ROOT / "recsys_tutorial" / "exercises"),)
    marked = mark_cells(read(path), Limits(60, 2048, RAILS, hidden))
    assert [(m.exercise, m.note) for m in marked.marks if m.state != "right"] == []
    assert path.name.startswith(marked.chapter)


# ------------------------------------------------------------------ the class and its report


def paper(learner, *marks, problem="", **changes):
    marked = Marked("05", marks, **changes) if marks else None
    return Paper(Submission(learner, f"{learner}.ipynb"), marked, problem)


def test_mistakes_are_counted_with_the_most_frequent_first():
    papers = [
        paper("a", Mark("05.1", "wrong", "sum", "Divide."), Mark("05.2", "right")),
        paper("b", Mark("05.1", "wrong", "sum", "Divide."), Mark("05.2", "wrong", "other", "Hm.")),
        paper("c", Mark("05.1", "right"), Mark("05.2", "stopped", note="KeyError: secret")),
        paper("d", problem="the file is empty"),
    ]
    rows = [(r["exercise"], r["mistake"], r["papers"], r["of"]) for r in mistake_rows(papers)]
    assert rows == [
        ("05.1", "sum", 2, 3),
        ("05.2", "stopped", 1, 3),
        ("05.2", "wrong in a way that has no name", 1, 3),
    ]
    assert "secret" not in str(mistake_rows(papers))


def test_what_nobody_answered_is_no_mistake_and_has_a_table_of_its_own(tmp_path):
    papers = (
        paper("a", Mark("05.1", "unanswered"), Mark("05.2", "unanswered"), Mark("05.3", "right")),
        paper("b", Mark("05.1", "missing"), Mark("05.2", "right"), Mark("05.3", "wrong", "sum")),
    )
    assert [(r["exercise"], r["mistake"]) for r in mistake_rows(papers)] == [("05.3", "sum")]
    left = [(r["exercise"], r["papers"], r["of"]) for r in unanswered_rows(papers)]
    assert left == [("05.1", 2, 2), ("05.2", 1, 2)]
    page = write_class_report(ClassMarks(papers, NO_RAILS), tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    mistakes, nobody = text.index('<h2 id="mistakes"'), text.index('<h2 id="unanswered"')
    assert mistakes < nobody < text.index("How it was marked")
    page = write_class_report(
        ClassMarks((paper("a", Mark("05.1", "right")),), NO_RAILS), page.parent
    )
    assert "unanswered" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\t=1", "\r=1", "  =1", "\n=1"])
def test_a_formula_is_made_harmless(text):
    assert harmless(text).startswith("'") and harmless(text).isprintable()


def test_a_report_keeps_strange_names(tmp_path):
    names = ["<script>", "a\ud800b", "=x", "ünï", "a\nb", "x" * 300]
    papers = tuple(paper(name, Mark("05.1", "stopped", note=name)) for name in names)
    page = write_class_report(ClassMarks(papers, NO_RAILS), tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    assert "<script>" not in text and "&lt;script&gt;" in text and "ünï" in text
    table = pd.read_csv(tmp_path / "out" / "marks.csv")
    assert len(table) == len(names)
    check_class_folder(tmp_path / "out", tmp_path / "hand-ins")  # an earlier report may go


def test_a_report_buries_nothing(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.txt").write_text("x")
    with pytest.raises(DataError, match=r"thesis\.txt"):
        check_class_folder(out, tmp_path / "hand-ins")
    for place in (tmp_path, tmp_path / "hand-ins" / "report"):
        with pytest.raises(DataError, match="apart"):
            check_class_folder(place, tmp_path / "hand-ins")
    with pytest.raises(DataError, match="is a file"):
        check_class_folder(out / "thesis.txt", tmp_path / "hand-ins")


def test_without_a_fence_nothing_is_run_unless_one_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("recsys_tutorial.grading.classes.find_rails", lambda: NO_RAILS)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.ipynb").write_text("")
    words = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out")]
    assert main(words) == 2
    assert "--unfenced" in capsys.readouterr().err and not (tmp_path / "out").exists()
    assert main([*words, "--unfenced"]) == 0
    said = capsys.readouterr().out
    assert "a.ipynb: the file is empty" in said and "Memory is not limited" in said


def test_submissions_around_the_python_that_marks_are_refused():
    with pytest.raises(DataError, match="lies around"):
        grade_class(ROOT, unfenced=True)


def test_an_unknown_chapter_is_refused(tmp_path):
    with pytest.raises(DataError, match="There are: 01"):
        grade_class(tmp_path, chapter="99")


@pytest.mark.parametrize(
    ("exercises", "more", "said"),
    [
        (["03.99"], {}, "There is no exercise '03.99'. There are: 03.1, 03.2"),
        (["three"], {}, "There is no exercise 'three'. Write it as 03.1"),
        ([], {}, "No exercise is named"),
        (["03.1"], {"chapter": "05"}, "03.1 is not in chapter 05"),
    ],
)
def test_exercises_that_cannot_be_set_are_refused_in_a_sentence(tmp_path, exercises, more, said):
    with pytest.raises(DataError, match=re.escape(said)):
        grade_class(tmp_path, exercises=exercises, unfenced=True, **more)


def test_the_command_names_a_wrong_exercise_on_one_line(tmp_path, capsys):
    words = ["grade", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--exercises"]
    assert main([*words, "3.1"]) == 2
    error = capsys.readouterr().err
    assert "There is no exercise '3.1'" in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_only_what_was_set_is_judged_and_counted(tmp_path, capsys):
    folder = tmp_path / "in"
    folder.mkdir()
    answers = {"05.1": RIGHT["05.1"], "05.3": WRONG_TEXTS["05.3"]}
    (folder / "ana.ipynb").write_bytes(as_bytes(notebook(answers)))
    (folder / "ben.ipynb").write_bytes(as_bytes(notebook({})))
    (folder / "cy.ipynb").write_bytes((ROOT / "notebooks/03_kmeans.ipynb").read_bytes())
    out = tmp_path / "out"
    words = ["grade", str(folder), "--out", str(out), "--unfenced", "--exercises", "05.1, 05.3"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "ana.ipynb: 1 of 2 right" in said and "ben.ipynb: 0 of 2 right" in said
    assert "cy.ipynb: a notebook of chapter 03, of which no exercise was set" in said
    learners = pd.read_csv(out / "learners.csv")
    assert learners["exercises"].tolist() == [2, 2, 0] and learners["solved"].sum() == 1
    marks = pd.read_csv(out / "marks.csv", dtype=str)
    assert set(marks["exercise"].dropna()) == {"05.1", "05.3"}
    assert pd.read_csv(out / "mistakes.csv")["mistake"].tolist() == ["sizes forgotten"]


def test_a_slip_of_the_grader_costs_one_row_and_not_the_class(tmp_path, monkeypatch):
    def slip(*_):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr("recsys_tutorial.grading.classes.mark_cells", slip)
    (tmp_path / "a.ipynb").write_text(GOOD)
    marks = grade_class(tmp_path, unfenced=True)
    assert "the autograder's fault" in marks.papers[0].problem


def test_a_fence_says_what_it_is_for():
    fence = Fence("/tmp/x", ("/a",), 1, 2, 3)
    assert Fence(**fence.as_dict()) == fence and os.sep in fence.scratch
    assert slicing.MOST_TRIES == 5
