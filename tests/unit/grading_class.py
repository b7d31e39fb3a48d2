"""A class of learners, made by code: the good, the lost, the broken and the cheating.

Each case is a change to chapter 5's own notebook and the marks that it must get.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CHAPTER = ROOT / "notebooks" / "05_hierarchical.ipynb"
IDS = tuple(f"05.{n}" for n in range(1, 7))
RIGHT = {
    "05.1": "my_height = (4 + 6 + 7) / 3",
    "05.2": """
        def my_average(A, B):
            # every pair once
            total = 0.0
            for a in A:
                for b in B:
                    total += np.sqrt(((a - b) ** 2).sum())
            return total / (len(A) * len(B))
        """,
    "05.3": """
        def my_merged_row(to_a, to_b, size_a, size_b):
            both_sums = size_a * to_a + size_b * to_b
            return both_sums / (size_a + size_b)
        """,
    "05.4": 'my_letter = "c"',
    "05.5": """
        def my_group_count(tree, height):
            n_viewers = len(tree) + 1
            return n_viewers - np.count_nonzero(tree[:, 2] <= height)
        """,
    "05.6": "n = 100_000\nmy_gigabytes = n * (n - 1) / 2 * 8 / 1e9",
}
WRONG = {
    "05.1": ("my_height = 4.0", "smallest distance"),
    "05.2": (
        "def my_average(A, B):\n    return cdist(A, B).min()",
        "minimum",
    ),
    "05.3": (
        "def my_merged_row(to_a, to_b, size_a, size_b):\n    return (to_a + to_b) / 2",
        "sizes forgotten",
    ),
    "05.4": ('my_letter = "(a)"', "a, the first merge"),
    "05.5": (
        "def my_group_count(tree, height):\n    return int((tree[:, 2] <= height).sum())",
        "merges that were made",
    ),
    "05.6": ("my_gigabytes = 100_000 * 8 / 1e9", "users, not pairs"),
}
ALL_RIGHT = {i: ("right", "") for i in IDS}
ALL_WRONG = {i: ("wrong", mistake) for i, (_, mistake) in WRONG.items()}
UNTOUCHED = {i: ("unanswered", "") for i in IDS}


def code(text: str) -> str:
    return textwrap.dedent(text).strip()


def notebook(answers: dict[str, str], before: str = "", after: str = "") -> dict:
    """Chapter 5 with some exercise cells filled in, and a cell above and below all others."""
    made = json.loads(CHAPTER.read_text(encoding="utf-8"))
    stubs = [c for c in made["cells"] if "exercise" in c["metadata"].get("tags", [])]
    for exercise, cell in zip(IDS, stubs, strict=True):
        if exercise in answers:
            cell["source"] = code(answers[exercise])
    for place, text in ((2, before), (len(made["cells"]), after)):
        if text:
            cell = {"cell_type": "code", "metadata": {}, "outputs": [], "source": code(text)}
            made["cells"].insert(place, {**cell, "execution_count": None})
    return made


def right_but(exercise: str, text: str, before: str = "") -> dict:
    return notebook({**RIGHT, exercise: text}, before)


def in_function(text: str) -> str:
    """Chapter 5's second answer, right but for what it does first."""
    body = textwrap.indent(code(text), "    ")
    return f"def my_average(A, B):\n{body}\n    return cdist(A, B).mean()"


def stopped(exercise: str) -> dict:
    return {**ALL_RIGHT, exercise: ("stopped", "")}


def wrong(exercise: str, mistake: str) -> dict:
    return {**ALL_RIGHT, exercise: ("wrong", mistake)}


def without(made: dict, *texts: str) -> dict:
    cells = [c for c in made["cells"] if not any(t in "".join(c["source"]) for t in texts)]
    return {**made, "cells": cells}


def renamed(made: dict) -> dict:
    return json.loads(json.dumps(made).replace("my_average", "mean_gap").replace("my_h", "the_h"))


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/"), content)
    return buffer.getvalue()


def as_bytes(made: dict) -> bytes:
    return json.dumps(made).encode("utf-8")


WRONG_TEXTS = {i: text for i, (text, _) in WRONG.items()}
GOOD = notebook(RIGHT)
NO_COMMENTS = {i: text.replace("# every pair once", "# mine!") for i, text in RIGHT.items()}


def build(folder: Path, target: Path) -> dict[str, tuple[object, dict | str]]:
    """List file name, content and what must come out: marks, or a word of the reason.

    `target` is a file of the teacher's that some of them would like to spoil.
    """
    there, out = str(target), str(folder.parent / "report")
    neighbour = str(folder / "ana.ipynb")
    key = str(ROOT / "recsys_tutorial" / "exercises" / "ch05.py")
    solution = str(ROOT / "notebooks" / "solutions" / "05_hierarchical_solutions.ipynb")
    functions = {
        "hangs": "while True: pass",
        "floods": 'while True: print("x" * 1000)',
        "leaves": "import os; os._exit(0)",
        "leaves politely": "raise SystemExit(0)",
        "breaks Python": "import ctypes; ctypes.string_at(0)",
        "recurses": "return my_average(A, B)",
        "wants memory": "np.ones((100_000, 100_000)) + 1",
        "forks": "import os\nif os.fork() == 0:\n    while True: os.fork()",
        "starts programs": 'import subprocess; subprocess.run(["sleep", "600"])',
        "shells out": 'import os; os.system("sleep 600")',
        "kills the grader": "import os; os.kill(os.getppid(), 9)",
        "deletes": f"import os; os.remove({there!r})",
        "deletes trees": f"import shutil; shutil.rmtree({str(folder)!r})",
        "forges the report": f'open({out + "/marks.csv"!r}, "w").write("me,6 of 6")',
        "reads the key": f"open({key!r}).read()",
        "reads solutions": f"open({solution!r}).read()",
        "reads a neighbour": f"open({neighbour!r}).read()",
        "calls home": 'import socket; socket.create_connection(("127.0.0.1", 9), 2)',
        "imports the key": "from recsys_tutorial.exercises.ch05 import EXERCISES",
        "asks the engine": "import recsys_tutorial.exercises.engine as e; e.same = lambda *a: True",
        "fills the disk": """
            n = 0
            while True:
                open(f"full{n}", "wb").write(b"x" * 2**24)
                n += 1
            """,
        "closes everything": "import os; os.closerange(0, 200)",
        "answers too much": 'return "x" * 10**7',
    }
    cases: dict[str, tuple[object, dict | str]] = {
        "ana.ipynb": (GOOD, ALL_RIGHT),
        "partly.ipynb": (
            notebook({**RIGHT, "05.2": WRONG["05.2"][0], "05.6": "my_gigabytes = 123"}),
            {**ALL_RIGHT, "05.2": ("wrong", "minimum"), "05.6": ("wrong", "other")},
        ),
        "mistaken.ipynb": (notebook(WRONG_TEXTS), ALL_WRONG),
        "untouched.ipynb": (notebook({}), UNTOUCHED),
        "empty.ipynb": (b"", "empty"),
        "word.ipynb": (b"PK not a notebook", "no JSON"),
        "list.ipynb": (b"[1, 2]", "not a notebook"),
        "latin.ipynb": ("é".encode("latin-1"), "UTF-8"),
        "no cells.ipynb": ({"metadata": {}}, "no cells"),
        "other course.ipynb": (
            {"cells": [{"cell_type": "code", "source": "print(1)"}]},
            "without an answer",
        ),
        "deep.ipynb": (b"[" * 100_000, "nested too deeply"),
        "lost cells.ipynb": (
            without(GOOD, 'check("05.1"', "my_merged_row"),
            {**ALL_RIGHT, "05.3": ("missing", "")},
        ),
        "renamed.ipynb": (renamed(GOOD), ALL_RIGHT),
        "half renamed.ipynb": (
            right_but("05.1", "height = (4 + 6 + 7) / 3"),
            stopped("05.1"),
        ),
        "below.ipynb": (
            notebook(WRONG_TEXTS, after='my_height = 17 / 3\ncheck("05.1", my_height)'),
            {**ALL_WRONG, "05.1": ("right", "")},
        ),
        "magic.ipynb": (
            right_but("05.1", "%%time\n!ls\nmy_height = 17 / 3\nmy_height?"),
            ALL_RIGHT,
        ),
        "syntax.ipynb": (right_but("05.2", "def my_average(A, B)\n    return 1"), stopped("05.2")),
        "raises.ipynb": (right_but("05.6", "my_gigabytes = 1 / 0"), stopped("05.6")),
        "hangs early.ipynb": (
            right_but("05.1", "my_height = 17 / 3\nwhile True: my_height += 0"),
            stopped("05.1"),
        ),
        "hangs beside.ipynb": (
            right_but("05.1", "while True: pass\nmy_height = 17 / 3"),
            ALL_RIGHT,  # nothing that the answer needs
        ),
        "hangs in a cell.ipynb": (
            right_but("05.6", "for n in iter(int, 1): my_gigabytes = n"),
            stopped("05.6"),
        ),
        "spoils input.ipynb": (
            right_but("05.2", in_function("A += 1")),
            wrong("05.2", "changed input"),
        ),
        "own check.ipynb": (
            notebook(
                WRONG_TEXTS,
                before='def check(*_):\n    print("right")\n    return "Exercise 05.1: right."',
                after='print("6 of 6 exercises solved.")\nRECORD = {"05.1": {"solved": True}}',
            ),
            ALL_WRONG,
        ),
        "patches.ipynb": (
            notebook(
                WRONG_TEXTS,
                before="""
                    import recsys_tutorial.exercises as e
                    e.check = lambda *_: e.Feedback("05.1", True, "", "")
                    np = __import__("numpy")
                    np.isclose = lambda *a, **k: np.True_
                    """,
            ),
            ALL_WRONG,
        ),
        "equals everything.ipynb": (
            notebook(
                {
                    **RIGHT,
                    "05.1": """
                        class Yes(float):
                            def __eq__(self, other): return True
                            def __rsub__(self, other): return 0.0
                            __hash__ = None
                        my_height = Yes(1)
                        """,
                    "05.4": """
                        class Any:
                            def __eq__(self, other): return True
                        my_letter = Any()
                        """,
                }
            ),
            {**ALL_RIGHT, "05.1": ("wrong", "other"), "05.4": ("wrong", "other")},
        ),
        "talks to the pipe.ipynb": (
            right_but(
                "05.2",
                """
                def my_average(A, B):
                    import os
                    for handle in range(3, 30):
                        try:
                            os.write(handle, b'{"ok": true, "state": "right"}\\n' * 3)
                        except OSError:
                            pass
                    return -1
                """,
            ),
            {i: (None, None) for i in IDS},
        ),
        "copy.ipynb": (GOOD, ALL_RIGHT),
        "copy retouched.ipynb": (notebook(NO_COMMENTS), ALL_RIGHT),
        "=cmd|calc.ipynb": (right_but("05.6", 'raise ValueError("=1+1<script>")'), stopped("05.6")),
        "<img src=x onerror=alert(1)>.ipynb": (notebook(WRONG_TEXTS), ALL_WRONG),
        "Jane Doe_81_assignsubmission_file/05_hierarchical.ipynb": (GOOD, ALL_RIGHT),
        "essay/essay.pdf": (b"%PDF", "no notebook"),
        "zipped.zip": (zipped(work__05=b"x", work__five_ipynb=b""), "no notebook"),
        "packed.zip": (
            zipped(**{"hand in__05_hierarchical.ipynb": as_bytes(notebook(WRONG_TEXTS))}),
            ALL_WRONG,
        ),
        "damaged.zip": (b"PK\x03\x04 and no more", "cannot be opened"),
    }
    for name, text in functions.items():
        cases[f"{name}.ipynb"] = (right_but("05.2", in_function(text)), stopped("05.2"))
    return cases


def write(folder: Path, cases: dict[str, tuple[object, dict | str]]) -> None:
    for name, (content, _) in cases.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else as_bytes(content))  # type: ignore[arg-type]


@contextlib.contextmanager
def scratch_in(folder: Path) -> Iterator[None]:
    """Let submissions work below a folder of this test's own: another worker may grade too."""
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def processes_left(folder: Path) -> list[str]:
    """Find what submissions started and what still runs: its environment names their folder."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/environ", "rb") as file:
                if f"{folder}/recsys-grade-".encode() in file.read():
                    found.append(entry)
        except OSError:
            continue
    return found
