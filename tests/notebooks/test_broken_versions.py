"""The broken version that a repair exercise prints is a mistake that its check knows by name.

A reader's first move is to take the comment signs away and run what stands there.
"""

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.clustering import adjusted_rand
from recsys_tutorial.exercises import check, find_exercise, forget_progress
from recsys_tutorial.exercises.engine import CHANGED_INPUT, CRASHED, OTHER, UNANSWERED

sys.path.insert(0, str(Path(__file__).parent))
import notebook_rules as rules  # noqa: E402

NAMELESS = {CHANGED_INPUT, CRASHED, OTHER, UNANSWERED}
MARK = re.compile(r"^\s*# This version .*\n", re.MULTILINE)


def uncommented(source):
    """Take the comment signs from the printed version, and the dots that stand in for an answer."""
    before, after = MARK.split(source, maxsplit=1)
    lines = [line for line in after.splitlines() if line.strip() != "..."]
    return before + "\n".join(re.sub(r"^(\s*)# ?", r"\1", line) for line in lines)


def broken_versions():
    """Every printed version, by the id of its exercise."""
    found = {}
    for path in rules.CHAPTERS:
        notebook = rules.read(path)
        stubs = [cell.source for cell in rules.tagged(notebook, "exercise")]
        found |= dict(zip(rules.exercise_ids(notebook), stubs, strict=True))
    return {name: uncommented(stub) for name, stub in found.items() if MARK.search(stub)}


VERSIONS = broken_versions()


@pytest.fixture(autouse=True)
def _fresh_record():
    yield
    forget_progress()


def verdict(name, source):
    # What the setup cells of the chapters import, as far as a printed version needs it.
    space = {"np": np, "pd": pd, "adjusted_rand": adjusted_rand}
    exec(source, space)
    answer = [value for key, value in space.items() if key.startswith("my_")][-1]
    return check(name, answer)


def test_most_repairs_print_their_broken_version():
    assert len(VERSIONS) >= 10
    assert {find_exercise(name).kind for name in VERSIONS} == {"repair"}


@pytest.mark.parametrize("name", VERSIONS)
def test_a_printed_version_is_known_by_name(name):
    said = verdict(name, VERSIONS[name])
    assert not said.ok and said.mistake not in NAMELESS


def test_a_version_that_nobody_foresaw_is_seen():
    stub = "def my_split(users):\n    # This version is lazy: mend it.\n    # return [[], [], []]\n"
    assert verdict("08.1", uncommented(stub + "    ...\n")).mistake in NAMELESS
