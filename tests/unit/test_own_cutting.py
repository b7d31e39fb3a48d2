"""What the variants of chapters 7 to 12 are cut from, and that their usual mistakes show."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics.pairwise import cosine_similarity

from recsys_tutorial.datasets import Interactions, load_insteval, load_movielens
from recsys_tutorial.exercises import ch09, ch10, find_exercise, own_data
from recsys_tutorial.exercises.own import OwnData, UnfitError
from recsys_tutorial.exercises.own import ch07 as own07
from recsys_tutorial.exercises.own import ch08 as own08
from recsys_tutorial.exercises.own import ch09 as own09
from recsys_tutorial.exercises.own import ch10 as own10
from recsys_tutorial.exercises.own import ch11 as own11
from recsys_tutorial.exercises.own import ch12 as own12
from recsys_tutorial.exercises.own.cutting import (
    cosine_table,
    first,
    histories,
    interest_maps,
    item_groups,
    item_vectors,
    kept,
    mixes,
    names,
    neighbour_lists,
    others,
    popular_lists,
    telling,
    wanted,
)
from recsys_tutorial.exercises.own.engine import BROKEN
from recsys_tutorial.exercises.own.material import Material

CHAPTERS = (own07, own08, own09, own10, own11, own12)
VARIANTS = [variant for chapter in CHAPTERS for variant in chapter.VARIANTS]
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.exercise)


def class_table(n_users: int = 30, n_items: int = 20) -> pd.DataFrame:
    """Events with times; popular items, and everybody met a different number of them."""
    rng = np.random.default_rng(71)
    share = 1 / np.sqrt(1 + np.arange(n_items))
    share /= share.sum()
    rows = [
        (f"p{user:02d}", f"book {item}", 1_600_000_000 + int(rng.integers(10**7)))
        for user in range(n_users)
        for item in rng.choice(n_items, rng.integers(3, 12), replace=False, p=share)
    ]
    return pd.DataFrame(rows, columns=["user", "item", "timestamp"])


@pytest.fixture(scope="module")
def material() -> Material:
    return Material(Interactions.from_frame(class_table(), rating=None))


@pytest.fixture(scope="module")
def tables() -> dict[str, OwnData]:
    return {
        "class": own_data(class_table()),
        "insteval": own_data(load_insteval()),
        "movielens": own_data(load_movielens()),
    }


# ------------------------------------------------------------------ choosing inputs


def test_telling_adds_what_the_first_inputs_hide():
    # With a half-life of 1, two mistakes about the half-life are right.
    plain, useful = (4, 1.0), (5, 2.5)
    assert telling("09.3", [plain, plain, useful, plain], 2) == [plain, plain, useful]
    assert telling("09.3", [useful, plain, plain], 1) == [useful]


def test_telling_passes_over_inputs_that_stop_an_answer():
    assert telling("09.3", [("four", 2.5), (5, 2.5)], 1) == [(5, 2.5)]
    # The right function would divide by 0.
    flat = (np.ones((3, 2)), np.ones((3, 1)), 0.3)
    good = ch09._fuse_probes()[0]
    assert telling("09.4", [flat, good, *ch09._fuse_probes()], 1)[0] is good


def test_telling_refuses_what_tells_nothing():
    # A single event has the weight 1, whatever one believes of half-lives.
    with pytest.raises(UnfitError, match="too uniform"):
        telling("09.3", [(1, 2.0)] * 6)
    with pytest.raises(UnfitError, match="longer"):
        telling("09.3", [])


def test_inputs_are_kept_and_divided(material):
    calls = []

    @kept
    def choose(given: Material, *more: int) -> list[tuple]:
        calls.append(more)
        return [(1,), (2,), (3,)]

    assert first(choose)(material) == (1,) and others(choose)(material) == [(2,), (3,)]
    assert choose(material, 5) == choose(material, 5) and calls == [(), (5,)]
    choose(Material(material.whole))
    assert len(calls) == 3


# ------------------------------------------------------------------ what is cut


def test_histories_stand_in_order_of_time(material):
    found = histories(material)
    lengths = [len(history) for history in found]
    assert lengths == sorted(lengths, reverse=True) and sum(lengths) == len(material.events)
    for row, history in zip(material.busiest, found, strict=True):
        hers = material.events[material.events["user"] == material.users[row]]
        ordered = hers.sort_values("timestamp")["item"].tolist()
        assert [material.items[column] for column in history] == ordered


def test_histories_without_times_stand_in_order_of_popularity(material):
    log = Interactions.from_frame(class_table(), rating=None, timestamp=None)
    assert all((np.diff(history) > 0).all() for history in histories(Material(log)))


def test_item_vectors_have_length_1_and_do_not_depend_on_signs(material):
    vectors = item_vectors(material, 5)
    assert vectors.shape == (material.n_items, 5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(vectors, item_vectors(Material(material.whole), 5))
    # The first direction is popularity: all on one side.
    assert (vectors[:, 0] > 0).all()


def test_items_of_the_same_people_are_in_one_group():
    rows = [(u, i) for u in range(12) for i in (range(4) if u % 2 else range(4, 8))]
    log = Interactions.from_frame(
        pd.DataFrame(rows, columns=["user", "item"]), rating=None, timestamp=None
    )
    found = Material(log)
    groups = dict(zip(found.items, item_groups(found), strict=True))
    assert len({groups[i] for i in range(4)}) == 1 and groups[0] != groups[7]


def test_mixes_count_each_half_of_a_history(material):
    before, after = mixes(material, 3)
    lengths = np.array([len(history) for history in histories(material)])
    np.testing.assert_array_equal(before.sum(axis=1), lengths // 2)
    np.testing.assert_array_equal(after.sum(axis=1), lengths - lengths // 2)


def test_maps_have_rows_of_sum_1_below_rows_of_zeros(material):
    maps = interest_maps(material, 30, 8, 6)
    sums = maps.sum(axis=2)
    assert maps.shape[1:] == (8, 6) and np.isin(sums.round(2), [0, 1]).all()
    assert (np.diff(sums.round(2), axis=1) >= 0).all()
    lengths = [min(8, len(history)) for history in histories(material)[:30]]
    assert (sums > 0.5).sum(axis=1).tolist() == [n for n in lengths if n > 2]


def test_lists_hold_what_she_has_not_met_and_the_best_first(material):
    train = material.train_matrix.toarray()
    table = cosine_similarity(train.T)
    np.fill_diagonal(table, 0)
    scores = {"popular": np.tile(train.sum(axis=0), (len(train), 1)), "near": train @ table}
    lists = {"popular": popular_lists(material), "near": neighbour_lists(material)}
    for name, found in lists.items():
        for row in range(material.n_users):
            unseen = np.flatnonzero(train[row] == 0).tolist()
            ranked = sorted(unseen, key=lambda i: (-round(scores[name][row][i], 9), i))
            assert found[row] == ranked, (name, row)
    assert neighbour_lists(material, 3)[0] == lists["near"][0][:3]


def test_the_cosine_table_is_that_of_scikit_learn(material):
    table = cosine_similarity(material.matrix.T)
    np.fill_diagonal(table, 0)
    np.testing.assert_allclose(cosine_table(material.matrix), table, atol=1e-12)


def test_wanted_is_what_was_held_out(material):
    pairs = {
        (str(material.users[row]), material.items[item])
        for row, items in wanted(material).items()
        for item in items
    }
    assert pairs == set(
        zip(material.test.events["user"], material.test.events["item"], strict=True)
    )


def test_two_items_of_one_title_are_told_apart():
    items = pd.DataFrame({"item": [1, 2, 3, 4, 5, 6], "title": ["A", "B", "A", "C", "D", "E"]})
    events = pd.DataFrame({"user": [1] * 6, "item": items["item"]})
    log = Interactions.from_frame(events, items, rating=None, timestamp=None)
    assert sorted(names(Material(log))) == ["A (1)", "A (3)", "B", "C", "D", "E"]


# ------------------------------------------------------------------ the variants


# A reader's own column holds no unknown values: each item has its place in the order.
OF_THE_CHAPTER_ALONE = {"08.8": ["unknown values count against"]}


@each_variant
@pytest.mark.parametrize(
    "table", ["class", "movielens", pytest.param("insteval", marks=pytest.mark.slow)]
)
def test_every_usual_mistake_shows(tables, table, variant):
    """Whoever makes a known mistake on such a table is not told that she is right."""
    cut = tables[table]._cut(variant)
    if isinstance(cut, UnfitError):
        assert variant.needs == ("times",) and table == "insteval", cut
        return
    if variant.expected is None:
        alone = OF_THE_CHAPTER_ALONE.get(variant.exercise, [])
        usual = [m.name for m in find_exercise(variant.exercise).mistakes]
        assert set(alone) <= set(usual)
        assert [m.name for m in cut.judge.mistakes] == [name for name in usual if name not in alone]


UNIFORM = {
    "everybody met everything": [(u, i) for u in range(15) for i in range(7)],
    "everybody met one": [(u, u % 6) for u in range(30)],
    "two camps": [(u, i) for u in range(20) for i in (range(4) if u % 2 else range(4, 8))],
    "one is busy": [(0, i) for i in range(90)] + [(u, i) for u in range(1, 14) for i in (0, 1)],
}


@pytest.mark.slow
@pytest.mark.parametrize("times", [True, False])
@pytest.mark.parametrize("name", UNIFORM)
def test_a_uniform_table_is_served_or_refused_in_a_sentence(name, times):
    table = pd.DataFrame(UNIFORM[name], columns=["user", "item"])
    if times:
        table["timestamp"] = 1_600_000_000 + np.arange(len(table)) * 3600
    own = own_data(table)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for variant in VARIANTS:
            cut = own._cut(variant)
            if isinstance(cut, UnfitError):
                assert BROKEN not in str(cut) and str(cut).endswith("."), cut
                continue
            exercise = find_exercise(variant.exercise)
            right = cut.judge.expected() if variant.expected else exercise.expected
            assert own.check(variant.exercise, right).ok, variant.exercise
            shown, known = len(cut.judge.mistakes), len(exercise.mistakes)
            assert variant.expected or 2 * shown >= known, variant.exercise


@pytest.mark.parametrize(
    ("exercise", "answer"),
    [
        ("07.3", own07._after_two_layers(28, 28)[0]),
        ("08.5", own08._size_of_memory(28, 32)),
        ("09.2", own09._whole_number(ch09.ROW)),
        ("10.1", own10._precision(ch10.RECOMMENDED, ch10.RELEVANT)),
        ("10.2", own10._ndcg(ch10.RECOMMENDED, ch10.RELEVANT)),
        ("11.1", own11._f1(100, 20, 20)),
        ("11.3", own11._mean_reciprocal([1, 4, None])),
        ("12.3", own12._cosine({"comedy", "romance"}, {"comedy"})),
        ("12.5", own12._price(500, 0.10, 0.04)),
    ],
)
def test_a_value_follows_the_rule_of_its_exercise(exercise, answer):
    assert answer == pytest.approx(find_exercise(exercise).expected())


def test_the_layers_learn_what_keras_counts():
    # One filter: 3 x 3 x 2 weights and a bias; one dense unit: 5 x 4 x 2 weights and a bias.
    assert own07._learnt(5, 4) == (16 * 19, 64 * 41)


def test_two_shuffles_change_what_compares_neighbours(material):
    given = own07._two_shuffles(material)
    found = own07._changed(*given)
    assert found["mean, rows"] == found["mean, columns"] == 0
    maps, orders, columns, weights = given
    by_hand = 0
    for one, order in zip(maps, orders, strict=True):
        best = [
            max((x[r : r + 3, c : c + 3] * weights).sum() for r in range(6) for c in range(4))
            for x in (one, one[order])
        ]
        by_hand += abs(best[0] - best[1]) > 1e-9
    assert found["response, rows"] == by_hand > 0


def test_the_leaks_are_those_columns_that_need_the_test(tables):
    train, test, notes, claims = own11._with_leaks(tables["movielens"].material)
    answer = own11._lying(train, test, notes, claims)
    assert len(answer) == 2 and set(claims) == set("ABCDE")
    letter = next(x for x, claim in claims.items() if claim.startswith("the number of people"))
    counts = train.groupby("item")["user"].nunique()[notes.index]
    assert (counts != notes[letter]).any() == (letter in answer)
    both = pd.concat([train, test]).groupby("item")["user"].nunique()[notes.index]
    assert (both == notes[letter]).all() == (letter in answer)


def test_a_sentence_is_carried_by_its_number_alone():
    report = pd.DataFrame(
        {"nDCG": [0.1, 0.2], "coverage": [0.3, 0.2], "novelty": [2.0, 3.1]},
        index=["popularity", "neighbours"],
    )
    assert own11._carried(report, (0.05, 0.15), own11.SENTENCES) == {"A", "C"}
    assert own11._carried(report, (-0.01, 0.15), own11.SENTENCES) == {"B", "C"}
    report.loc["neighbours"] = [0.2, 0.4, 2.9]
    assert own11._carried(report, (-0.15, -0.05), own11.SENTENCES) == {"E"}
