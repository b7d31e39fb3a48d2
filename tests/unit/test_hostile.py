"""Hostile files: a right result or one clear sentence, and nothing else happens.

Of every file it is asked that nothing is raised, nothing hangs, nothing is half written, nothing
runs: no markup of theirs in the report, no formula in a table, no file anywhere else.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from html.parser import HTMLParser
from pathlib import Path

import pytest

from recsys_tutorial.cli import main
from recsys_tutorial.datasets import DataError, read_interactions
from recsys_tutorial.pipeline import REPORT_FILES
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


def complaints(name, folder, capsys, monkeypatch):
    """Run the command on a file; list everything that is not as it must be."""
    monkeypatch.chdir(folder)
    expected, write = CORPUS[name]
    (folder / "in").mkdir()
    words, out, start = write(folder / "in"), folder / "out", time.process_time()
    before = sorted(folder.rglob("*"))
    try:
        code = main(["run", *words, "--clusters", "3", "--out", str(out)])
    except SystemExit as error:  # argparse
        code = error.code
    said = capsys.readouterr().err
    wrong = []
    if time.process_time() - start > LONGEST:
        wrong.append("too slow")
    if code not in {RIGHT: {0}, REFUSED: {2}, EITHER: {0, 2}}[expected]:
        wrong.append(f"code {code}: {said[-300:]}")
    others = [p for p in folder.rglob("*") if p not in before and out not in (p, *p.parents)]
    wrong += [f"made {path}" for path in others]
    if "Traceback" in said:
        wrong.append("a traceback")
    if code == 0:
        missing = {*REPORT_FILES[:5]} - {path.name for path in out.iterdir()}
        wrong += [f"no {name}" for name in missing] + dangers(out)
    elif code == 2:
        last = said.rstrip("\n").split("\n")[-1].split("\r")[-1]
        if not last.startswith("recsys-tutorial") or len(last) > 1000:
            wrong.append(f"not one short line: {said[-1500:]}")
        if out.exists():
            wrong.append("something was written")
    return wrong


@pytest.mark.slow
@pytest.mark.filterwarnings("error::UserWarning")
@pytest.mark.parametrize("name", CORPUS)
def test_the_command_survives(name, tmp_path, capsys, monkeypatch):
    assert complaints(name, tmp_path, capsys, monkeypatch) == []


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


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such limit")
@pytest.mark.slow
@pytest.mark.parametrize("limit", [0, 2_000, 40_000])
def test_a_full_disk_leaves_the_old_report(limit, tmp_path):
    """The disk ends after so many bytes of any file."""
    import resource

    words = ["run", *put(table())(tmp_path), "--clusters", "3", "--out", str(tmp_path / "out")]
    assert main(words) == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    done = subprocess.run(
        [sys.executable, "-m", "recsys_tutorial", *words, "--seed", "1"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
        capture_output=True,
        text=True,
    )
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
    assert done.returncode == 2 and "Traceback" not in done.stderr, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.csv", "out"]


def test_no_file_of_the_corpus_was_owned():
    assert not Path("owned").exists() and not Path("/tmp/owned-by-zip").exists()
