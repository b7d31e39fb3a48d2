"""Hostile files: a right result or one clear sentence, and nothing else happens.

Of every file it is asked that nothing is raised, nothing hangs, nothing is half written, nothing
runs: no markup of theirs in the report, no formula in a table, no file anywhere else.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import signal
import subprocess
import sys
import time
import warnings
from html.parser import HTMLParser
from pathlib import Path

import joblib
import pytest

from recsys_tutorial.cli import main
from recsys_tutorial.datasets import DataError, read_interactions
from recsys_tutorial.pipeline import REPORT_FILES, reporting
from recsys_tutorial.pipeline.reporting import TRIED_FILE
from tests.unit.hostile_files import CORPUS, EITHER, REFUSED, RIGHT, put, table

LONGEST = 30  # seconds of the processor
OWN_TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "table"),
    *("thead", "tbody", "tr", "th", "td", "img", "figure", "figcaption", "ul", "ol", "li", "code"),
    *("caption", "strong", "em", "dl", "dt", "dd", "div", "span", "section", "details", "summary"),
    *("header", "footer", "nav", "a", "br", "pre"),
}


class Markup(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.acts = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        for name, value in attributes:
            if name.startswith("on") or (value or "").lower().startswith("javascript:"):
                self.acts.append((tag, name, value))


def dangers(folder):
    """List what a report would do to its reader beyond being read."""
    page = Markup((folder / "report.html").read_text(encoding="utf-8"))
    found = [f"<{tag}>" for tag in page.tags - OWN_TAGS] + page.acts
    for path in folder.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.reader(file):
                found += [cell for cell in row if is_formula(cell)]
    return found


def is_formula(cell):
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


def test_the_corpus_is_as_large_as_promised():
    assert len(CORPUS) >= 200


class Hang(BaseException):
    """Somebody ran, or waited, for too long; no `except Exception` holds it up."""


@contextlib.contextmanager
def ended(seconds):
    """End what takes so many seconds of the processor, or waits for ten times as many.

    Windows has no such timer: there a hang is ended by hand.
    """

    def end(number, frame):
        raise Hang

    if not hasattr(signal, "setitimer"):
        yield
        return
    clocks = [
        (signal.ITIMER_PROF, signal.SIGPROF, seconds),
        (signal.ITIMER_REAL, signal.SIGALRM, 10 * seconds),
    ]
    before = [signal.signal(number, end) for _, number, _ in clocks]
    try:
        for clock, _, most in clocks:
            signal.setitimer(clock, most)
        yield
    finally:
        for (clock, number, _), old in zip(clocks, before, strict=True):
            signal.setitimer(clock, 0)
            signal.signal(number, old)


def half_written(folder):
    """List the files of a report that are missing, cut off, or left over from the writing."""
    names = {path.name for path in folder.iterdir()}
    found = [f"no {name}" for name in REPORT_FILES[:5] if name not in names]
    found += [f"left {name}" for name in sorted(names - {*REPORT_FILES, TRIED_FILE})]
    for name in sorted(names & {*REPORT_FILES, TRIED_FILE}):
        text = (folder / name).read_text(encoding="utf-8")
        rows = list(csv.reader(io.StringIO(text))) if name.endswith(".csv") else []
        end = "</html>" if name == "report.html" else "\n"
        if not text.rstrip("\n" if end == "</html>" else " ").endswith(end):
            found.append(f"{name} is cut off")
        elif len(set(map(len, rows))) > 1:
            found.append(f"{name} has rows of different lengths")
    return found


def state(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def complaints(words, expected, folder, capsys, run=main, longest=LONGEST):
    """Run the command on a file in `folder`; list everything that is not as it must be."""
    out, before = folder / "out", state(folder)
    wrong = []
    try:
        with ended(longest):
            code = run(["run", *words, "--clusters", "3", "--out", str(out)])
    except SystemExit as error:  # argparse
        code = error.code
    except Hang:
        code, wrong = None, ["a hang"]
    except Exception as error:
        code, wrong = None, [f"raised {error!r:.300}"]
    shown, said = capsys.readouterr()
    if not wrong and code not in {RIGHT: {0}, REFUSED: {2}, EITHER: {0, 2}}[expected]:
        wrong.append(f"code {code}: {said[-300:]}")
    now = state(folder)
    wrong += [f"changed {path.name}" for path in before if now.get(path) != before[path]]
    others = [path for path in now if path not in before and out not in path.parents]
    wrong += [f"made {path.name}" for path in others]
    if "Traceback" in shown + said:
        wrong.append("a traceback")
    if code == 0:
        wrong += half_written(out) + dangers(out) if out.is_dir() else ["no report"]
    elif out.exists():
        wrong.append("something was written")
    if code == 2:
        last = said.rstrip("\n").split("\n")[-1].split("\r")[-1]
        if not last.startswith("recsys-tutorial") or len(last) > 1000 or not last.isprintable():
            wrong.append(f"not one short line: {said[-1500:]!r}")
    return wrong


@pytest.fixture(scope="module")
def drawn():
    return {}


@pytest.fixture
def drawn_once(drawn, monkeypatch):
    """Take the pictures of a report from one that shows the very same: drawing takes longest."""
    draw = reporting._figures

    def figures(result):
        groups, matrix = result.groups, result.groups.matrix_.values
        seen = [matrix.shape, matrix.indptr, matrix.indices, matrix.data, groups.labels_]
        seen += [result.interactions.events["item"].value_counts().to_numpy()]
        seen += [result.clusters["name"].tolist(), result.clusters["users"].tolist()]
        key = joblib.hash(seen)
        if key not in drawn:
            drawn[key] = draw(result)
        return drawn[key]

    monkeypatch.setattr(reporting, "_figures", figures)


@pytest.mark.slow
@pytest.mark.usefixtures("drawn_once")
@pytest.mark.parametrize("name", CORPUS)
def test_the_command_survives(name, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected, write = CORPUS[name]
    (tmp_path / "in").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        # Matplotlib 3.10 uses old names of pyparsing 3.3.
        warnings.filterwarnings("ignore", message=".* deprecated", category=UserWarning)
        assert complaints(write(tmp_path / "in"), expected, tmp_path, capsys) == []


READABLE = [name for name in CORPUS if not name.startswith(("bomb", "shape: a million"))]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("name", READABLE)
def test_the_reader_survives(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    expected, write = CORPUS[name]
    path, *words = write(tmp_path)
    options = {"--rating": "rating", "--time": "timestamp", "--sep": "separator"}
    options |= {"--encoding": "encoding", "--items": "items"}
    given = {"rating": None, "timestamp": None}
    given |= {options[k]: v for k, v in zip(words[::2], words[1::2], strict=True)}
    try:
        log = read_interactions(path, duplicates="last", **given)
    except DataError as error:
        assert expected != RIGHT and "\n" not in str(error) and len(str(error)) < 1000
    else:
        assert expected != REFUSED and log.n_events > 0


# What the checks see ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("page", "cells"),
    [
        ("<script>x</script>", ""),
        ("<p onclick='x'>", ""),
        ("<a href='JavaScript:x'>", ""),
        ("<p>", "=1+1"),
        ("<p>", "\t=1"),
        ("<p>", "-1+cmd"),
    ],
)
def test_a_danger_is_seen(page, cells, tmp_path):
    (tmp_path / "report.html").write_text(page)
    (tmp_path / "x.csv").write_text(f'a,b\n1,"{cells}"\n')
    assert dangers(tmp_path)


def test_a_harmless_report_is_harmless(tmp_path):
    (tmp_path / "report.html").write_text("<p>&lt;script&gt;</p>")
    (tmp_path / "x.csv").write_text("a,b\n1,-2.5\n'=1,x\n")
    assert dangers(tmp_path) == []


WHOLE = {
    "report.html": "<html><p>1</p></html>\n",
    "model_card.md": "# Card\n",
    "clusters.csv": "cluster,size\n1,2\n",
    "users.csv": "user,cluster\nu0,1\n",
    "recommendations.csv": "user,item,reason\nu0,i1,like u1\n",
}


def command(code=0, said="", shown="", **changes):
    """A command that does what it is told to: files by their names, None for one that is lost."""

    def run(words):
        files = {**WHOLE, **changes} if code == 0 else changes
        out = Path(words[words.index("--out") + 1])
        for name, text in files.items():
            if text is not None:
                (out / name).parent.mkdir(exist_ok=True)
                (out / name).write_text(text, encoding="utf-8")
        print(said, file=sys.stderr)
        print(shown)
        return code

    return run


def raising(error):
    def run(words):
        raise error

    return run


def endless(words):
    while True:
        with contextlib.suppress(Exception):
            sum(range(1000))


SENTENCE = "recsys-tutorial: log.csv has no column 'user'."
TOLD = "Traceback (most recent call last):\n  ..."
PLANTED = {
    "raised ValueError('x')": raising(ValueError("x")),
    "a traceback": command(said=TOLD),
    "a traceback ": command(shown=TOLD),
    "a traceback  ": command(2, said=f"{TOLD}\n{SENTENCE}"),
    "a hang": endless,
    "a hang ": lambda words: time.sleep(60),
    "code 1": command(1, said=SENTENCE),
    "no report": lambda words: 0,
    "no users.csv": command(**{"users.csv": None}),
    "report.html is cut off": command(**{"report.html": "<html><p>1</p>"}),
    "model_card.md is cut off": command(**{"model_card.md": ""}),
    "users.csv is cut off": command(**{"users.csv": "user,cluster\nu0,"}),
    "users.csv has rows": command(**{"users.csv": "user,cluster\nu0,1\nu1\n"}),
    "left .users.csv.part": command(**{".users.csv.part": "user"}),
    "made owned": command(**{"../owned": ""}),
    "changed log.csv": command(**{"../log.csv": "user,item\n"}),
    "<script>": command(**{"report.html": "<script>x</script></html>"}),
    "=1+1": command(**{"users.csv": "user,cluster\n=1+1,1\n"}),
    "something was written": command(2, said=SENTENCE, **{"users.csv": "user,cluster\n"}),
    "not one short line": command(2, said=""),
    "not one short line ": command(2, said="recsys-tutorial: " + "x" * 1000),
    "not one short line  ": command(2, said=f"{SENTENCE}\nIt has others."),
    "not one short line   ": command(2, said="recsys-tutorial: no column '\x1b[2J'."),
}


@pytest.mark.parametrize("told", PLANTED)
def test_each_planted_fault_is_told(told, tmp_path, capsys):
    if told.startswith("a hang") and not hasattr(signal, "setitimer"):
        pytest.skip("Windows has no such timer")
    (tmp_path / "log.csv").write_text("user,item\n1,2\n", encoding="utf-8")
    (fault,) = complaints([], EITHER, tmp_path, capsys, PLANTED[told], longest=0.2)
    assert str(fault).startswith(told.strip())


def test_a_sound_command_is_praised(tmp_path, capsys):
    evaluation = {"evaluation.csv": "recommender,ndcg\nx,0.5\n"}
    assert complaints([], RIGHT, tmp_path, capsys, command(**evaluation)) == []
    for path in (tmp_path / "out").iterdir():
        path.unlink()
    (tmp_path / "out").rmdir()
    assert complaints([], REFUSED, tmp_path, capsys, command(2, said=SENTENCE)) == []
    (fault,) = complaints([], RIGHT, tmp_path, capsys, command(2, said=SENTENCE))
    assert fault.startswith("code 2")
    (fault,) = complaints([], REFUSED, tmp_path, capsys, command(**evaluation))
    assert fault.startswith("code 0")


def test_the_clock_is_given_back():
    if not hasattr(signal, "setitimer"):
        pytest.skip("Windows has no such timer")
    before = signal.getsignal(signal.SIGALRM)
    with ended(60):
        assert signal.getitimer(signal.ITIMER_PROF)[0] > 0
    assert signal.getitimer(signal.ITIMER_PROF) == signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 2_000, 40_000])
def test_a_full_disk_leaves_the_old_report(limit, tmp_path):
    """The disk ends after so many bytes of any file."""
    words = ["run", *put(table())(tmp_path), "--clusters", "3", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    # Some versions of SciPy need a temporary file to be imported, so the disk ends afterwards.
    program = (
        "import resource, sys, scipy.stats; from recsys_tutorial.cli import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", program, *words, "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "out"]


def test_no_file_of_the_corpus_was_owned():
    assert not Path("owned").exists() and not Path("/tmp/owned-by-zip").exists()
