"""Do the notebooks say the same twice?  Run each in two processes that differ, compare the texts.

python tools/twice.py [--only TEXT ...] [--again]      run, then compare
python tools/twice.py --compare FOLDER FOLDER          compare what somebody else has run

The two runs differ in the number of threads, of BLAS, OpenMP and TensorFlow, and in the seed of
Python's hashes.  Their notebooks lie in _build/twice/one and two; a stopped run goes on.
`--compare` also takes the cache of a built book (_build/.jupyter_cache/.../executed), perhaps of
another version of the course: cells are matched by their source, and those whose source differs
are counted.

Texts must be equal after the masks of `MASKS`; in the cells of `TIMED`, which show what a clock
said, every number is masked.  Pictures are not compared byte by byte: changed pixels are a note.
The exit code is 1 if a text differs, a notebook fails, or nothing could be compared.
"""

from __future__ import annotations

import argparse
import base64
import dataclasses
import difflib
import hashlib
import io
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "_build" / "twice"
CELL_SECONDS = 900
RUNS = {
    name: {
        **dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads),
        **dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), threads),
        "PYTHONHASHSEED": seed,
    }
    for name, threads, seed in (("one", "1", "1"), ("two", "2", "2"))
}


class Mask(NamedTuple):
    """What may differ, what is written in its place, and why it may."""

    pattern: str
    instead: str
    why: str


# In this order: what comes first is gone for the others.
MASKS = [
    Mask(r"\x1b\[[\d;]*m", "", "colours of a terminal"),
    Mask(r"[^\n]*\r(?!\n)", "", "a progress bar that is written over"),
    Mask(r"(?m)^[IWE]\d{4} \d\d:\d\d:\d\d.*\n?", "", "TensorFlow's log: time, process and line"),
    Mask(r"(?m)^WARNING: All log messages before absl.*\n?", "", "TensorFlow's log"),
    Mask(r"(?m)^\d\d/\d\d/\d\d \d\d:\d\d:\d\d (WARN|INFO) .*\n?", "", "Spark's log"),
    Mask(r"(?m)^(Setting default log level to|To adjust logging level) .*\n?", "", "Spark's log"),
    Mask(r"(?m)^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.,]\d+: .*\n?", "", "TensorFlow's log, older style"),
    Mask(r"\b0x[0-9a-f]{6,}\b", "ADDRESS", "where an object lies in memory"),
    Mask(r"\bT_[0-9a-f]{4,}(?=_|\b)", "T_ID", "the random id of a styled table"),
    Mask(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "UUID", "a random id"),
    Mask(r"\bipykernel_\d+\b", "KERNEL", "the number of the process"),
    Mask(r"\b[A-Z]:\\[\w.\\~-]*?\\Temp\\[\w.\\~-]*", "FOLDER", "a temporary folder"),
    Mask(r"(?<![\w/.])/(?:tmp|var/folders)/[\w./~-]*", "FOLDER", "a temporary folder"),
    Mask(
        r"\d[\d.,]*(?:e[+-]?\d+)? ?(?:ns|[µu]s|ms|s|seconds?|minutes?|hours?)\b(?! ?[/(])",
        "TIME",
        "a time that was measured",
    ),
    Mask(r"\d[\d.,]* ?(?:[kKMG]i?B)\b", "MEMORY", "a size of memory that was measured"),
    Mask(r"\b\d(?:\.\d+)?e-1[2-9]\b", "ROUNDING", "what rounding leaves of a difference of 0"),
]


class Timed(NamedTuple):
    """A cell that shows numbers of a clock without a unit: chapter, a line of it, and why."""

    chapter: str
    line: str
    why: str


TIMED = [
    Timed("05", "def bill(task, points):", "exponents of measured times"),
    Timed("07", "ratio = network.count_params() / dense.count_params()", "seconds of two networks"),
    Timed("08", "def rows_of_loss(result):", "a column of seconds"),
    Timed("10", "def drawn(times):", "costs as multiples of a measured one"),
    Timed("13", "def speed(batch, n_batches):", "events per second"),
    Timed("13", "costs = []", "costs of a refit and of an event"),
    Timed("13", 'board, taken = boards["groups, all follow"], []', "the wait for a list"),
    Timed("16", "def crowd(n_users, n_items=400, draws=25, n_groups=8):", "a table of times"),
    Timed("16", "quick = {name: s.iloc[:3] for name, s in costs.items()}", "exponents of times"),
    Timed("16", "held_out = {}", "forecast and measured times"),
    Timed("16", "def in_words(s):", "forecasts of times"),
    Timed("16", "def mixed(M):", "exponents of times"),
    Timed("16", "items = [250, 500, 1000, 2000]", "times of EASE"),
    Timed("16", "def fetch(name, by):", "times with and without Spark"),
]
NUMBER = re.compile(r"[-+]?\d[\d.,]*(?:e[+-]?\d+)?%?")
UNITS = re.compile(r"\b(?:ns|[µu]s|ms|s|seconds?|minutes?|hours?|days?|years?)\b")
QUIZ = re.compile(r'<div id="([A-Za-z]{12})" data-shufflequestions')


# Notebooks ---------------------------------------------------------------------------------


def joined(text: str | Iterable[str]) -> str:
    """A notebook stores a text as one string, or as a list of lines."""
    return text if isinstance(text, str) else "".join(text)


@dataclasses.dataclass
class Cell:
    """A code cell: its place among all cells, its source, its texts by kind, and its pictures."""

    number: int
    source: str
    texts: list[tuple[str, str]]
    pictures: list[bytes]


@dataclasses.dataclass
class Notebook:
    """An executed notebook."""

    name: str
    cells: list[Cell]

    @property
    def chapter(self) -> str:
        """Two signs: `03`, `A1`."""
        return self.name[:2]


def outputs_of(cell: dict[str, Any]) -> tuple[list[tuple[str, str]], list[bytes]]:
    """Give the texts of a cell, its streams joined, and its pictures."""
    streams: dict[str, str] = {}
    texts, pictures = [], []
    for output in cell.get("outputs", []):
        if output["output_type"] == "stream":
            # How a stream is cut into pieces is a matter of luck.
            streams[output["name"]] = streams.get(output["name"], "") + joined(output["text"])
        elif output["output_type"] == "error":
            texts.append(("error", f"{output['ename']}: {output['evalue']}"))
        else:
            for kind, value in sorted(output.get("data", {}).items()):
                if kind == "image/png":
                    pictures.append(base64.b64decode(joined(value)))
                elif isinstance(value, (str, list)):
                    texts.append((kind, joined(value)))
                else:
                    texts.append((kind, json.dumps(value, sort_keys=True)))
    return [*sorted(streams.items()), *texts], pictures


def code_of(cells: Iterable[dict[str, Any]]) -> list[Cell]:
    """Give the code cells of a notebook, as it is stored or as it was run."""
    return [
        Cell(number, joined(cell["source"]), *outputs_of(cell))
        for number, cell in enumerate(cells)
        if cell["cell_type"] == "code"
    ]


def named(path: Path, sources: Sequence[str]) -> str:
    """Name a notebook: by its file, or, in a cache of `base.ipynb`, by the exercises it checks."""
    if path.stem != "base":
        return path.stem
    text = "\n".join(sources)
    found = re.search(r"""\b(?:progress|show_quiz|check)\(["'](\w\d)""", text)
    solutions = "" if re.search(r"\bprogress\(", text) else "_solutions"
    return f"{found[1]}{solutions}" if found else path.parent.name


def read_folder(folder: Path) -> tuple[list[Notebook], list[str]]:
    """Read all notebooks under a folder; give them, and a line about each that is broken."""
    found, broken = [], []
    for path in sorted(folder.rglob("*.ipynb")):
        try:
            code = code_of(json.loads(path.read_text(encoding="utf-8"))["cells"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            broken.append(f"{path}: no notebook: {type(error).__name__}: {error}")
            continue
        found.append(Notebook(named(path, [cell.source for cell in code]), code))
    return found, broken


def pairs(ones: list[Notebook], others: list[Notebook]) -> Iterator[tuple[Notebook, Notebook]]:
    """Match notebooks by name."""
    by_name = {notebook.name: notebook for notebook in others}
    for notebook in ones:
        if notebook.name in by_name:
            yield notebook, by_name[notebook.name]


# Comparing ---------------------------------------------------------------------------------


def numbers_masked(text: str) -> str:
    """Write what a clock said without its numbers, and without what follows from their size."""
    text = UNITS.sub("", NUMBER.sub("0", text.replace("TIME", "0").replace("NaN", "0")))
    # How wide a column is, where a table is folded, and how far a measurement came in its time.
    text = re.sub(r"[ \t]*\\$", "", text.replace("<td></td>", "<td>0</td>"), flags=re.MULTILINE)
    text = re.sub(r"0(?: 0)+", "0", re.sub(r"[ \t]+", " ", text)).replace(" <", "<")
    # A row whose last cell is empty ends in a blank, and is no other row for that.
    text = re.sub(r" +$", "", text, flags=re.MULTILINE)
    return re.sub(r"^(.*)(?:\n\1)+$", r"\1", text, flags=re.MULTILINE)


def masked(text: str, *, timed: bool = False, ids: Iterable[str] = ()) -> str:
    """Write a text without what may differ."""
    for word in ids:
        text = text.replace(word, "QUIZ")
    for mask in MASKS:
        text = re.sub(mask.pattern, mask.instead, text)
    if timed:
        text = numbers_masked(text)
    # Blanks at the end of a line are the width of a column, and no claim.
    return re.sub(r"[ \t]+$", "", text, flags=re.MULTILINE).strip("\n")


def is_timed(notebook: Notebook, cell: Cell) -> bool:
    """Whether a cell shows what a clock said."""
    lines = {line.strip() for line in cell.source.splitlines()}
    return any(one.chapter == notebook.chapter and one.line in lines for one in TIMED)


class Difference(NamedTuple):
    """A line that is not the same twice."""

    notebook: str
    cell: int
    begins: str
    kind: str
    line: int
    one: str
    other: str

    def __str__(self) -> str:
        """Three lines for the report."""
        where = f"{self.notebook}, cell {self.cell} ({self.begins}), {self.kind}, line {self.line}"
        return f"{where}\n    one:   {self.one[:160]}\n    other: {self.other[:160]}"


def begins(source: str) -> str:
    """The first line of a cell."""
    return next((line.strip() for line in source.splitlines() if line.strip()), "")[:60]


def compare_cells(notebook: Notebook, one: Cell, other: Cell) -> list[Difference]:
    """Compare the texts of a cell that was run twice; of each text, the first line that differs."""
    timed, found = is_timed(notebook, one), []
    about = (notebook.name, one.number, begins(one.source))
    sides = []
    for cell in (one, other):
        ids = {word for _, text in cell.texts for word in QUIZ.findall(text)}
        texts = [(kind, masked(text, timed=timed, ids=ids)) for kind, text in cell.texts]
        # A log that is masked away on one side only was no output.
        sides.append([(kind, text) for kind, text in texts if text or kind != "stderr"])
    kinds = [[kind for kind, _ in side] for side in sides]
    if kinds[0] != kinds[1]:
        have = [", ".join(side) or "nothing" for side in kinds]
        return [Difference(*about, "outputs", 0, *have)]
    for (kind, a), (_, b) in zip(*sides):
        lines = a.splitlines(), b.splitlines()
        length = max(map(len, lines))
        for number in range(length):
            x, y = (side[number] if number < len(side) else "(no line)" for side in lines)
            if x != y:
                found.append(Difference(*about, kind, number + 1, *around(x, y)))
                break
    return found


def around(one: str, other: str) -> tuple[str, str]:
    """Cut two long lines to the piece in which they differ."""
    if max(len(one), len(other)) <= 160:
        return one, other
    start = next((i for i, (a, b) in enumerate(zip(one, other)) if a != b), 0)
    return one[max(0, start - 40) : start + 100], other[max(0, start - 40) : start + 100]


def changed_pixels(one: bytes, other: bytes) -> float | None:
    """Share of the pixels that differ visibly; None if the pictures differ in size or are none."""
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    try:
        a, b = (Image.open(io.BytesIO(side)).convert("RGB") for side in (one, other))
    except (UnidentifiedImageError, OSError):
        return None
    if a.size != b.size:
        return None
    apart = np.abs(np.asarray(a, int) - np.asarray(b, int)).max(axis=2)
    return float((apart > 8).mean())


def picture_notes(notebook: Notebook, one: Cell, other: Cell) -> list[str]:
    """Say which pictures changed, and by how much."""
    where, notes = f"{notebook.name}, cell {one.number} ({begins(one.source)})", []
    if len(one.pictures) != len(other.pictures):
        return [f"{where}: {len(one.pictures)} pictures and {len(other.pictures)}"]
    for a, b in zip(one.pictures, other.pictures):
        if a == b:
            continue
        share = changed_pixels(a, b)
        if share is None:
            notes.append(f"{where}: a picture of another size")
        elif share > 0:
            notes.append(f"{where}: {share:.2%} of the pixels changed")
    return notes


@dataclasses.dataclass
class Report:
    """What the comparison found."""

    differences: list[Difference] = dataclasses.field(default_factory=list)
    notes: list[str] = dataclasses.field(default_factory=list)
    failed: list[str] = dataclasses.field(default_factory=list)
    counts: Counter = dataclasses.field(default_factory=Counter)

    @property
    def same(self) -> bool:
        """Whether something was compared, and all of it is equal."""
        return bool(self.counts["cells"]) and not self.differences and not self.failed


def compare(ones: list[Notebook], others: list[Notebook]) -> Report:
    """Compare all notebooks that are in both folders."""
    report = Report()
    names = [{notebook.name for notebook in side} for side in (ones, others)]
    report.failed = [f"{name}: only one of the two" for name in sorted(names[0] ^ names[1])]
    for one, other in pairs(ones, others):
        report.counts["notebooks"] += 1
        sources = [[cell.source for cell in side.cells] for side in (one, other)]
        blocks = difflib.SequenceMatcher(None, *sources, autojunk=False).get_matching_blocks()
        equal = [(block.a + i, block.b + i) for block in blocks for i in range(block.size)]
        report.counts["skipped"] += max(map(len, sources)) - len(equal)
        for a, b in equal:
            cells = one.cells[a], other.cells[b]
            report.counts["cells"] += 1
            report.counts["timed"] += is_timed(one, cells[0])
            report.counts["texts"] += len(cells[0].texts)
            report.counts["pictures"] += len(cells[0].pictures)
            report.differences += compare_cells(one, *cells)
            report.notes += picture_notes(one, *cells)
    return report


def write(report: Report) -> str:
    """Write the report as text."""
    lines = [f"failed: {line}" for line in report.failed]
    lines += [f"note: {note}" for note in report.notes]
    lines += [str(difference) for difference in report.differences]
    counts = {
        "notebooks": "notebooks",
        "cells": "cells",
        "texts": "texts",
        "pictures": "pictures",
        "timed": "cells of a clock",
        "skipped": "cells of another source skipped",
    }
    said = ", ".join(f"{report.counts[key]} {word}" for key, word in counts.items())
    where = {(one.notebook, one.cell) for one in report.differences}
    lines += ["", said, f"{len(report.differences)} texts differ, in {len(where)} cells"]
    return "\n".join(lines)


# Running -----------------------------------------------------------------------------------


def execute(path: Path, target: Path, environment: dict[str, str]) -> str:
    """Run a notebook in an empty folder and save it; return its error, if there is one."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook, error = nbformat.read(path, as_version=4), ""
    with tempfile.TemporaryDirectory(prefix="twice-") as folder:
        shutil.copy(path, folder)
        told = {"metadata": {"path": folder}}
        client = NotebookClient(notebook, timeout=CELL_SECONDS, resources=told)
        try:
            client.execute(env=environment)
        except CellExecutionError as stop:
            error = f"{stop.ename}: {stop.evalue}".splitlines()[0]
        except CellTimeoutError:
            error = f"a cell took more than {CELL_SECONDS} s"
        except DeadKernelError:
            error = "the kernel died"
    if not error:
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_suffix(".half")
        nbformat.write(notebook, half)
        half.replace(target)
    return error


def fingerprint(root: Path, path: Path) -> str:
    """What an executed notebook depends on: itself and the package."""
    whole = hashlib.sha256(path.read_bytes())
    for source in sorted((root / "recsys_tutorial").rglob("*.py")):
        whole.update(source.read_bytes())
    return whole.hexdigest()


def run_all(only: Sequence[str], again: bool, run=execute) -> list[str]:
    """Run what is not run yet, in both ways; give a line about each failure."""
    paths = sorted((ROOT / "notebooks").rglob("*.ipynb"))
    paths = [path for path in paths if not only or any(text in path.stem for text in only)]
    if not paths:
        raise SystemExit(f"no notebook's name contains {' or '.join(only)}")
    failed = []
    for path in paths:
        print_of = fingerprint(ROOT, path)
        for name, changes in RUNS.items():
            target = FOLDER / name / path.name
            mark = target.with_suffix(".txt")
            if not again and target.exists() and mark.exists() and mark.read_text() == print_of:
                continue
            mark.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
            print(f"{path.stem}: run {name} ...", flush=True)
            environment = {**os.environ, **changes, "TF_CPP_MIN_LOG_LEVEL": "2"}
            environment.pop("MPLBACKEND", None)
            if error := run(path, target, environment):
                failed.append(f"{path.stem}, run {name}: {error}")
            else:
                mark.write_text(print_of)
    return failed


def main(argv: Sequence[str]) -> int:
    """Run if asked to, compare, print the report; return 1 if anything differs."""
    parser = argparse.ArgumentParser(prog="python tools/twice.py", description=__doc__)
    parser.add_argument("--compare", nargs=2, type=Path, metavar="FOLDER", help="only compare")
    parser.add_argument("--only", nargs="+", default=[], metavar="TEXT", help="some notebooks")
    parser.add_argument("--again", action="store_true", help="run what has run already")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report there as well")
    options = parser.parse_args(list(argv))
    failed = [] if options.compare else run_all(options.only, options.again)
    folders = options.compare or [FOLDER / name for name in RUNS]
    if missing := [str(folder) for folder in folders if not folder.is_dir()]:
        if not failed:
            parser.error(f"no such folder: {missing[0]}")
        found = [([], []), ([], [])]
    else:
        found = [read_folder(folder) for folder in folders]
    sides = [
        [one for one in side if not options.only or any(text in one.name for text in options.only)]
        for side, _ in found
    ]
    report = compare(*sides)
    report.failed = failed + [line for _, broken in found for line in broken] + report.failed
    print(write(report))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        whole = {
            "differences": [one._asdict() for one in report.differences],
            **{"notes": report.notes, "failed": report.failed, "counts": dict(report.counts)},
        }
        text = json.dumps(whole, indent=1, ensure_ascii=False)
        options.json.write_text(text + "\n", encoding="utf-8")
    return int(not report.same)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
