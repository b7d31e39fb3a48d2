"""The values that own tables give in chapters 13 to 18 and A1, against loops and real runs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import StandardScaler

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.exercises import own_data
from recsys_tutorial.exercises.ch13 import NEVER, NEWEST, SCRATCH, WARM
from recsys_tutorial.exercises.own import UnfitError, all_variants
from recsys_tutorial.exercises.own.judging import METHODS, judged, reciprocal_ranks
from recsys_tutorial.exercises.own.material import Material

MINE = {"13", "14", "15", "16", "17", "18", "A1"}
VALUES = [v for v in all_variants() if v.expected and v.exercise.split(".")[0] in MINE]


def class_table(seed: int, n_users: int = 40, n_items: int = 24) -> pd.DataFrame:
    """Two tastes, stars and days."""
    rng = np.random.default_rng(seed)
    alike = np.arange(n_users)[:, None] % 2 == np.arange(n_items) % 2
    users, items = np.nonzero(rng.random((n_users, n_items)) < np.where(alike, 0.5, 0.15))
    return pd.DataFrame(
        {
            "user": users + 100,
            "item": items + 7,
            "rating": rng.integers(1, 6, len(users)),
            "timestamp": 1_600_000_000 + rng.integers(0, 40_000_000, len(users)),
        }
    )


def material(seed: int = 0, **size: int) -> Material:
    return Material(Interactions.from_frame(class_table(seed, **size)))


# ------------------------------------------------------------------ the judge


@pytest.mark.parametrize("seed", range(5))
def test_reciprocal_ranks_against_a_walk_down_the_list(seed):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, (12, 9)).astype(float)  # many ties
    known = rng.random((12, 9)) < 0.3
    wanted = ~known & (rng.random((12, 9)) < 0.3)
    rows = wanted.any(axis=1)
    found = reciprocal_ranks(scores[rows], known[rows], wanted[rows])
    for row, got in zip(np.flatnonzero(rows), found, strict=True):
        walk = sorted(np.flatnonzero(~known[row]), key=lambda i: (-scores[row, i], i))
        place = next(p for p, item in enumerate(walk, 1) if wanted[row, item])
        assert got == pytest.approx(1 / place)


def test_the_methods_never_see_what_is_held_out():
    one, other = material(), material()
    moved = one.test_matrix.toarray()[:, ::-1] * (one.train_matrix.toarray() == 0)
    other.__dict__["test_matrix"] = sparse.csr_matrix(np.maximum(moved, one.test_matrix.toarray()))
    first, second = judged(one), judged(other)
    assert (first.rows == second.rows).all()
    for name in METHODS:
        assert (first.scores[name] == second.scores[name]).all()
    # A judge that ignored the held-out items would pass the lines above.
    assert any((first.ranks[name] != second.ranks[name]).any() for name in METHODS)


def test_groups_with_a_meaning_beat_groups_by_lot():
    found = judged(material(1, n_users=120))
    means = dict(zip(METHODS, found.figures(np.arange(len(found.rows)))[:, 0], strict=True))
    assert means["groups"] > means["groups by lot"]


def test_where_nothing_can_be_held_out_a_sentence_says_so():
    table = pd.DataFrame({"user": range(40), "item": [n % 8 for n in range(40)]})
    lonely = Interactions.from_frame(table, rating=None, timestamp=None)
    own = own_data(lonely)
    said = own.task("18.1").text
    assert said.endswith(".") and own.task("18.1").line == ""


# ------------------------------------------------------------------ the values


@pytest.mark.parametrize("variant", VALUES, ids=lambda v: v.exercise)
def test_a_value_depends_on_the_table(variant):
    """What could be written down without looking would be no exercise on one's own table."""
    answers = []
    for seed in range(6):
        try:
            one = material(seed, n_users=30 + 7 * seed, n_items=14 + 2 * seed)
            answers.append(repr(variant.expected(*variant.inputs(one))))
        except UnfitError:
            pass
    assert len(answers) >= 5
    if variant.exercise not in ("15.5", "18.8"):  # see below: what a table holds decides
        assert len(set(answers)) > 1


def test_a_budget_counts_what_was_computed_from_the_people():
    own = own_data(Interactions.from_frame(class_table(0)))
    bare = own_data(Interactions.from_frame(class_table(0), rating=None, timestamp=None))
    assert own.check("15.5", 0.4 + 0.25 + 0.2 + 0.1).ok
    assert bare.check("15.5", 0.4 + 0.25).ok
    assert not bare.check("15.5", 0.95).ok


def test_the_program_stops_where_it_really_stops():
    for seed in range(6):
        own = own_data(Interactions.from_frame(class_table(seed)))
        program, X = own.inputs("A1.1")
        known = {"TruncatedSVD": TruncatedSVD, "KMeans": KMeans, "StandardScaler": StandardScaler}
        stopped = first_exception(program, known | {"X": X})
        assert own.check("A1.1", stopped).ok and stopped in (6, 7)


def first_exception(program: list[str], names: dict) -> int:
    """Run the lines, and count until one stops."""
    for number, line in enumerate(program, 1):
        try:
            exec(line, names)
        except ValueError:
            return number
    return 0


def test_everybody_with_a_against_the_two_shares_by_hand():
    own = own_data(Interactions.from_frame(class_table(3)))
    people = own.inputs("14.3")
    total = 0.0
    for busy in (True, False):
        alike = people[people["busy"] == busy]
        total += len(alike) * alike[alike["met_a"]]["met_b"].mean()
    assert own.check("14.3", total / len(people)).ok
    assert not own.check("14.3", people[people["met_a"]]["met_b"].mean()).ok


@pytest.mark.parametrize("seed", range(4))
def test_the_front_against_all_pairs(seed):
    own = own_data(Interactions.from_frame(class_table(seed)))
    tools = own.inputs("18.4")
    points = {i: (row["numbers kept"], -row["quality"]) for i, row in tools.iterrows()}
    front = {
        i
        for i, (cost, bad) in points.items()
        if not any(c <= cost and b <= bad and (c, b) != (cost, bad) for c, b in points.values())
    }
    assert own.check("18.4", front).ok


@pytest.mark.parametrize("seed", range(4))
def test_the_dashboard_belongs_to_the_programs(seed):
    own = own_data(Interactions.from_frame(class_table(seed, n_users=90)))
    dashboard = own.inputs("13.7")
    still = dashboard.index[dashboard["centres moved by"] == 0]
    without = dashboard.index[dashboard["without a group"] > 0]
    assert len(still) == len(without) == 1
    left = dashboard.drop([still[0], without[0]])["same number"].sort_values()
    answer = {still[0]: NEVER, without[0]: NEWEST, left.index[0]: SCRATCH, left.index[1]: WARM}
    assert left.iloc[1] - left.iloc[0] > 0.1
    assert own.check("13.7", answer).ok


def test_two_fair_comparisons_of_six():
    for seed in range(5):
        own = own_data(Interactions.from_frame(class_table(seed)))
        table = own.inputs("18.7")
        fair = {
            letter
            for letter, row in table.iterrows()
            if row["tries of the hybrid"] == row["tries of the rival"]
            and row["people of the hybrid"] == row["people of the rival"]
            and "the same" in row["rival of the hybrid"]
        }
        assert len(fair) == 2 and own.check("18.7", fair).ok
        assert not own.check("18.7", set(table.index)).ok


def test_advice_that_a_table_can_bear():
    with_all = own_data(Interactions.from_frame(class_table(0)))
    bare = own_data(Interactions.from_frame(class_table(0), rating=None, timestamp=None))
    assert with_all.check("18.8", {1, 5, 6, 8}).ok
    assert bare.check("18.8", {1, 3, 5, 6, 8, 9}).ok
    assert not bare.check("18.8", {1, 5, 6, 8}).ok


def test_a_colleague_with_one_mended_line():
    mended = set()
    for seed in range(8):
        own = own_data(Interactions.from_frame(class_table(seed)))
        program, results = own.inputs("A1.7")
        wrong = {n for n in (5, 7, 8, 9) if not own.check("A1.7", {5, 7, 8, 9} - {n}).ok}
        assert len(wrong) == 3
        mended |= {5, 7, 8, 9} - wrong
        asked, tested = results["people asked in line 9"], results["people with something held out"]
        assert (asked < tested) == (9 in wrong) or asked == tested
    assert len(mended) > 1
