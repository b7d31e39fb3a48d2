"""Cleaning, scaling, matrices and splits."""

import time

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, Interactions, load_movielens
from recsys_tutorial.preprocessing import (
    CleaningReport,
    clean_events,
    impute_median,
    normalise_rows,
    split_at,
    split_items,
    split_known,
    split_latest,
    split_leave_one_out,
    split_random,
    split_users,
    standardise,
    user_item_matrix,
)

GOOD = {"user": 1, "item": 1, "rating": 3.0, "timestamp": 100.0}


def events(*rows: dict) -> pd.DataFrame:
    """Give a table of good rows with some cells replaced; each row has an item of its own."""
    return pd.DataFrame([GOOD | {"item": n} | row for n, row in enumerate(rows)])


def log(*rows: tuple) -> Interactions:
    """Give a log of (user, item, timestamp)."""
    table = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    return Interactions.from_frame(table, rating=None)


# ------------------------------------------------------------------ cleaning


@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("missing user or item", {"user": None}),
        ("missing user or item", {"item": None}),
        ("missing rating", {"rating": None}),
        ("impossible rating", {"rating": 0.4}),
        ("impossible rating", {"rating": 5.1}),
        ("impossible rating", {"rating": np.inf}),
        ("impossible rating", {"rating": -np.inf}),
        ("impossible time", {"timestamp": -1}),
        ("impossible time", {"timestamp": None}),
        ("impossible time", {"timestamp": np.inf}),
        ("impossible time", {"timestamp": time.time() + 10**6}),
        ("repeated pair", {"item": 0}),
    ],
)
def test_each_fault_is_removed_for_its_own_reason(reason, fault):
    clean, report = clean_events(events({}, fault, {}))
    expected = dict.fromkeys(report.removed, 0) | {reason: 1}
    assert report.removed == expected
    assert len(clean) == 2 and report.rows_before == 3 and report.rows_after == 2


@pytest.mark.parametrize("edge", [{"rating": 0.5}, {"rating": 5.0}, {"timestamp": 0}])
def test_values_on_the_edge_are_kept(edge):
    assert len(clean_events(events(edge))[0]) == 1


def test_a_row_with_several_faults_counts_once_for_the_first_reason():
    bad = {"user": None, "rating": None, "timestamp": -1}
    assert list(clean_events(events(bad, {}))[1].removed.values()) == [1, 0, 0, 0, 0]


def test_the_latest_of_a_repeated_pair_is_kept():
    rows = [{"item": 7, "timestamp": t, "rating": r} for t, r in ((5, 1), (9, 2), (7, 3))]
    clean, report = clean_events(events(*rows))
    assert clean["rating"].tolist() == [2] and report.removed["repeated pair"] == 2


def test_a_bad_row_does_not_push_out_a_good_one():
    # The latest event of the pair is from the future: the one before it must survive.
    rows = [{"item": 7, "timestamp": 5}, {"item": 7, "timestamp": 2e12}]
    clean, report = clean_events(events(*rows))
    assert clean["timestamp"].tolist() == [5] and report.removed["repeated pair"] == 0


def test_range_and_clock_can_be_chosen():
    clean, _ = clean_events(
        events({"rating": 9}, {"timestamp": 200}), rating_range=(1, 10), now=150
    )
    assert clean["rating"].tolist() == [9]


def test_counts_and_logs_without_times_can_be_cleaned():
    table = events({"rating": 40.0}).drop(columns="timestamp")
    with pytest.raises(DataError, match=r"Without any: events.assign\(timestamp=0\)"):
        clean_events(table)
    clean, report = clean_events(table.assign(timestamp=0), rating_range=None)
    assert len(clean) == 1 and not report.removed["impossible rating"]
    with pytest.raises(DataError, match="must name the lowest first"):
        clean_events(table.assign(timestamp=0), rating_range=(5, 0.5))


def test_users_without_any_event_left_are_counted():
    _, report = clean_events(events({"user": 1}, {"user": 2, "rating": None}, {"user": None}))
    assert report.users_lost == 1


def test_nullable_columns_are_cleaned_like_others():
    table = events({}, {"rating": None}, {"timestamp": None}, {"rating": 9}).convert_dtypes()
    clean, report = clean_events(table)
    assert len(clean) == 1 and sum(report.removed.values()) == 3


def test_clean_events_are_sorted_and_numbered():
    rows = [{"user": 2}, {"user": 1, "timestamp": 9}, {"user": 1, "timestamp": 4}]
    clean, _ = clean_events(events(*rows))
    assert clean["user"].tolist() == [1, 1, 2] and clean["timestamp"].tolist() == [4, 9, 100]
    assert clean.index.tolist() == [0, 1, 2]
    assert Interactions.from_frame(clean).n_events == 3


def test_the_report_as_a_table():
    _, report = clean_events(events({}, {"rating": None}, {"rating": None}, {"timestamp": -1}))
    table = report.to_frame()
    assert list(table.columns) == ["reason", "rows", "share"]
    assert table.set_index("reason")["share"]["missing rating"] == 0.5
    assert report == CleaningReport(4, 1, report.removed, 0)


@pytest.mark.parametrize("column", list(GOOD))
def test_cleaning_names_a_missing_column(column):
    with pytest.raises(DataError, match=f"'{column}' is missing"):
        clean_events(events({}).drop(columns=column))


@pytest.mark.parametrize(
    ("column", "values", "mend"),
    [
        ("rating", ["good"], "to_numeric"),
        ("rating", ["3"], "to_numeric"),
        ("timestamp", ["2016-01-01"], "seconds"),
        ("timestamp", pd.to_datetime(["2016-01-01"]), "seconds"),
    ],
)
def test_cleaning_refuses_columns_that_are_not_numbers(column, values, mend):
    with pytest.raises(DataError, match=f"'{column}' does not hold numbers.*{mend}"):
        clean_events(events({}).assign(**{column: values}))


# ------------------------------------------------------------------ scaling


TRAIN = pd.DataFrame({"a": [1.0, 3.0, np.nan, 8.0], "b": [2.0, 2.0, 2.0, 2.0]})


def test_the_median_comes_from_the_training_users():
    train, test = impute_median(TRAIN, pd.DataFrame({"a": [np.nan, 100.0], "b": [np.nan, 0.0]}))
    assert train["a"].tolist() == [1, 3, 3, 8]
    assert test["a"].tolist() == [3, 100] and test["b"].tolist() == [2, 0]


def test_a_column_without_any_value_has_no_median():
    with pytest.raises(DataError, match="'b' has no value. Drop it"):
        impute_median(TRAIN.assign(b=np.nan))


def test_standardised_columns_have_mean_0_and_deviation_1():
    rng = np.random.default_rng(0)
    train = pd.DataFrame(rng.normal(5, 9, size=(200, 3)), columns=list("abc"))
    test = pd.DataFrame(rng.normal(5, 9, size=(50, 3)), columns=list("abc"))
    scaled, other = standardise(train, test)
    assert np.allclose(scaled.mean(), 0) and np.allclose(scaled.std(ddof=0), 1)
    # The test users are measured with the training users' rule, not with their own.
    assert np.allclose(other, (test - train.mean()) / train.std(ddof=0))
    assert not np.allclose(other.mean(), 0, atol=1e-3)


@pytest.mark.parametrize("value", [2.0, 0.1, 1e-9, 1 / 3, 1e12 / 3])
def test_a_constant_column_becomes_exactly_0(value):
    # Naively, 0.1 repeated becomes -1: mean and deviation are rounding errors of the same size.
    scaled, other = standardise(pd.DataFrame({"a": [value] * 10}), pd.DataFrame({"a": [value + 1]}))
    assert (scaled["a"] == 0).all() and other["a"].iloc[0] == pytest.approx(1, rel=1e-3)


def test_standardising_keeps_gaps():
    (scaled,) = standardise(TRAIN.assign(c=np.nan))
    assert scaled["a"].isna().tolist() == [False, False, True, False] and scaled["c"].isna().all()


@pytest.mark.parametrize("function", [impute_median, standardise])
@pytest.mark.parametrize("columns", [["a"], ["a", "b", "c"], ["a", "x"]])
def test_tables_must_have_the_same_columns(function, columns):
    other = pd.DataFrame(1.0, index=[0], columns=columns)
    with pytest.raises(DataError, match="not in all tables"):
        function(TRAIN, other)


def test_columns_may_come_in_another_order():
    _, other = standardise(TRAIN, TRAIN[["b", "a"]])
    assert np.allclose(other["a"], standardise(TRAIN)[0]["a"], equal_nan=True)


def test_rows_become_shares_and_empty_rows_stay_empty():
    table = pd.DataFrame([[1, 3], [0, 0], [2, 2]], index=["x", "y", "z"])
    shares = normalise_rows(table)
    assert shares.to_numpy().tolist() == [[0.25, 0.75], [0, 0], [0.5, 0.5]]
    assert shares.index.tolist() == ["x", "y", "z"]


def test_nothing_changes_its_input(movielens):
    kept = TRAIN.copy(deep=True)
    impute_median(TRAIN, TRAIN)
    standardise(TRAIN, TRAIN)
    normalise_rows(TRAIN)
    pd.testing.assert_frame_equal(TRAIN, kept)
    table = events({"rating": None}, {"user": 2}, {"user": 0}).iloc[::-1]
    kept = table.copy(deep=True)
    clean_events(table)
    pd.testing.assert_frame_equal(table, kept)
    kept = movielens.events.copy(deep=True)
    for split in (split_latest, split_random, split_at):
        split(movielens)
    user_item_matrix(movielens, use_ratings=True)
    pd.testing.assert_frame_equal(movielens.events, kept)


# ------------------------------------------------------------------ matrix


RATED = pd.DataFrame({"user": [2, 1, 2], "item": ["b", "a", "a"], "rating": [4.0, 5.0, 3.0]})
ITEMS = pd.DataFrame({"item": ["c", "b", "a"]})


def test_rows_and_columns_follow_the_ids():
    matrix = user_item_matrix(Interactions.from_frame(RATED, ITEMS, timestamp=None))
    assert matrix.users.tolist() == [1, 2] and matrix.items.tolist() == ["a", "b", "c"]
    assert matrix.values.toarray().tolist() == [[1, 0, 0], [1, 1, 0]]
    assert matrix.shape == matrix.values.shape == (2, 3)


def test_a_matrix_of_ratings():
    made = Interactions.from_frame(RATED, ITEMS, timestamp=None)
    matrix = user_item_matrix(made, use_ratings=True)
    assert matrix.values.toarray().tolist() == [[5, 0, 0], [3, 4, 0]]


def test_a_test_matrix_lines_up_with_the_training_matrix():
    train = user_item_matrix(Interactions.from_frame(RATED, ITEMS, timestamp=None))
    later = pd.DataFrame({"user": [2, 9, 2], "item": ["c", "a", "zzz"], "rating": 1.0})
    test = user_item_matrix(Interactions.from_frame(later, timestamp=None), like=train)
    assert test.users is train.users and test.items is train.items
    assert test.values.toarray().tolist() == [[0, 0, 0], [0, 0, 1]]


@pytest.mark.parametrize(("user", "item", "who"), [("1", "a", "user '1'"), (1, 7, "item 7")])
def test_a_matrix_is_not_lined_up_with_ids_of_another_type(user, item, who):
    train = user_item_matrix(log((1, "a", 1), (2, "b", 1)))
    with pytest.raises(DataError, match=f"The {who} cannot be among those that are known"):
        user_item_matrix(log((user, item, 1)), like=train)


def test_the_matrix_loses_nothing(movielens):
    matrix = user_item_matrix(movielens)
    assert matrix.values.nnz == movielens.n_events == matrix.values.sum()
    counts = np.asarray(matrix.values.sum(axis=1)).ravel()
    assert counts.tolist() == movielens.events.groupby("user").size()[matrix.users].tolist()


def test_rows_of_users_in_any_order():
    matrix = user_item_matrix(Interactions.from_frame(RATED, timestamp=None))
    assert matrix.user_rows([2, 1, 2]).tolist() == [1, 0, 1]
    assert matrix.user_rows(pd.Index([2])).tolist() == [1]


def test_unknown_users_are_named():
    matrix = user_item_matrix(Interactions.from_frame(RATED, timestamp=None))
    with pytest.raises(KeyError, match=r"\[7, 8, 9\].*Chapter 12"):
        matrix.user_rows([1, 7, 8, 9, 10])


# ------------------------------------------------------------------ splits


TEN = log(*[(1, n, n) for n in range(10)])


@pytest.mark.parametrize(
    ("n_events", "share", "held_out"),
    [(1, 0.5, 0), (2, 0.01, 1), (2, 0.99, 1), (10, 0.2, 2), (10, 0.25, 2), (100, 0.29, 29)],
)
@pytest.mark.parametrize("split", [split_latest, split_random])
def test_the_number_of_events_held_out(split, n_events, share, held_out):
    # A second user, so that there is something to test in every case.
    rows = [(1, n, n) for n in range(n_events)] + [(2, n, n) for n in range(2)]
    _, test = split(log(*rows), share)
    assert (test.events["user"] == 1).sum() == held_out
    assert (test.events["user"] == 2).sum() == 1


def test_the_latest_events_are_held_out():
    train, test = split_latest(TEN, 0.3)
    assert train.events["timestamp"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert test.events["timestamp"].tolist() == [7, 8, 9]


def test_latest_does_not_depend_on_the_order_of_the_rows():
    shuffled = Interactions(TEN.events.sample(frac=1, random_state=3), TEN.items)
    assert split_latest(shuffled, 0.3).test.events["timestamp"].min() == 7


def test_random_events_are_held_out_by_seed():
    one, two, three = (split_random(TEN, 0.3, random_state=s).test.events for s in (0, 0, 1))
    assert one.equals(two) and not one.equals(three)
    many = [split_random(TEN, 0.3, random_state=s).test.events["item"] for s in range(200)]
    counts = np.bincount(pd.concat(many), minlength=10)
    assert counts.min() > 30 and counts.max() < 90  # 60 each, on average


@pytest.mark.parametrize("split", [split_latest, split_random])
def test_both_parts_stay_sorted_by_user_and_time(movielens, split):
    for part in split(movielens):
        again = part.events.sort_values(["user", "timestamp", "item"])
        assert again.index.is_monotonic_increasing


def test_cut_at_one_moment():
    train, test = split_at(TEN, 0.3)
    assert train.events["timestamp"].max() < test.events["timestamp"].min() == 7


def test_an_event_at_the_very_moment_is_seen():
    # The 80 % quantile of 0 to 10 is 8 itself.
    train, test = split_at(log(*[(1, n, n) for n in range(11)]), 0.2)
    assert train.events["timestamp"].max() == 8 and test.events["timestamp"].tolist() == [9, 10]


def test_a_crowded_last_second_is_the_whole_test():
    made = log((1, 1, 5), (2, 2, 6), (1, 3, 9), (2, 3, 9), (3, 3, 9))
    train, test = split_at(made, 0.2)
    assert test.events["timestamp"].tolist() == [9, 9, 9] and train.n_events == 2


def test_a_later_user_is_in_the_test_only():
    train, test = split_at(log((1, 1, 5), (1, 2, 6), (1, 3, 7), (1, 4, 8), (2, 1, 9)), 0.2)
    assert set(train.events["user"]) == {1} and set(test.events["user"]) == {2}


def test_all_events_at_once_cannot_be_cut():
    with pytest.raises(DataError, match="same time. Use split_random"):
        split_at(log((1, 1, 5), (2, 1, 5)))


@pytest.mark.parametrize("split", [split_latest, split_random])
def test_users_with_one_event_each_leave_nothing_to_test(split):
    with pytest.raises(DataError, match="one event only"):
        split(log((1, 1, 5), (2, 1, 6)))


@pytest.mark.parametrize("split", [split_latest, split_random, split_at])
@pytest.mark.parametrize("share", [0, 1, -0.5, 1.5, np.nan])
def test_the_share_lies_strictly_between_0_and_1(split, share):
    with pytest.raises(ValueError, match="test_share"):
        split(TEN, share)


@pytest.mark.parametrize("split", [split_latest, split_at])
def test_a_split_by_time_needs_times(split):
    with pytest.raises(DataError, match="no times.*split_random"):
        split(Interactions.from_frame(RATED, timestamp=None))


def test_a_log_without_times_can_be_split_at_random():
    train, test = split_random(Interactions.from_frame(RATED, timestamp=None), 0.5)
    assert train.n_events == 2 and test.n_events == 1


def test_both_parts_share_the_item_table(movielens):
    train, test = split_latest(movielens)
    assert train.items is test.items is movielens.items


# ------------------------------------------------------------------ leave one out


def test_the_latest_event_of_everybody_is_held_out():
    made = log((1, 7, 5), (1, 8, 9), (1, 9, 7), (2, 7, 3), (2, 8, 1), (3, 7, 4))
    train, test = split_leave_one_out(made)
    held_out = test.events[["user", "item"]].to_numpy().tolist()
    assert held_out == [[1, 8], [2, 7]]
    # User 3 has one event, and keeps it.
    assert set(train.events["user"]) == {1, 2, 3} and train.n_events == 4


def test_among_the_last_of_one_moment_the_largest_id_is_held_out():
    made = log((1, 3, 5), (1, 9, 5), (1, 4, 5))
    assert split_leave_one_out(made).test.events["item"].tolist() == [9]
    shuffled = Interactions(made.events.iloc[[1, 2, 0]], made.items)
    assert split_leave_one_out(shuffled).test.events["item"].tolist() == [9]


def test_a_drawn_event_follows_the_seed_and_every_event_is_drawn():
    drawn = [
        split_leave_one_out(TEN, random_state=s).test.events["item"].item() for s in range(200)
    ]
    again = split_leave_one_out(TEN, random_state=0).test.events["item"].item()
    assert again == drawn[0]
    counts = np.bincount(drawn, minlength=10)
    assert counts.min() > 5 and counts.max() < 45  # 20 each, on average


def test_leaving_one_out_keeps_order_and_items(movielens):
    for seed in (None, 1):
        train, test = split_leave_one_out(movielens, random_state=seed)
        assert train.items is test.items is movielens.items
        assert test.events["user"].is_unique and test.n_events == movielens.n_users
        for part in (train, test):
            again = part.events.sort_values(["user", "timestamp", "item"])
            assert again.index.is_monotonic_increasing


def test_leaving_one_out_without_times_needs_a_seed():
    timeless = Interactions.from_frame(RATED, timestamp=None)
    with pytest.raises(DataError, match="no times.*random_state"):
        split_leave_one_out(timeless)
    assert split_leave_one_out(timeless, random_state=0).test.n_events == 1


@pytest.mark.parametrize("seed", [None, 0])
def test_nothing_can_be_left_out_of_single_events(seed):
    with pytest.raises(DataError, match="one event only"):
        split_leave_one_out(log((1, 1, 5), (2, 1, 6)), random_state=seed)


# ------------------------------------------------------------------ new people, new items

HOLD_OUT = {"user": split_users, "item": split_items}


@pytest.mark.parametrize("column", HOLD_OUT)
def test_held_out_people_and_items_are_held_out_whole(column):
    whole = load_movielens()
    train, test = HOLD_OUT[column](whole, 0.3, random_state=5)
    ids = [set(part.events[column]) for part in (train, test)]
    assert not ids[0] & ids[1] and ids[0] | ids[1] == set(whole.events[column])
    assert len(ids[1]) == int(0.3 * len(ids[0] | ids[1]))
    assert train.n_events + test.n_events == whole.n_events
    assert train.items.equals(whole.items) and test.items.equals(whole.items)


@pytest.mark.parametrize("column", HOLD_OUT)
def test_the_seed_decides_who_is_held_out(column):
    whole = load_movielens()
    drawn = [set(HOLD_OUT[column](whole, 0.2, s).test.events[column]) for s in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize("column", HOLD_OUT)
@pytest.mark.parametrize(("share", "size"), [(0.001, 1), (0.5, 2), (0.999, 3)])
def test_somebody_is_held_out_and_somebody_stays(column, share, size):
    small = log(*[(n, f"item {n}", n) for n in range(4)])
    assert len(set(HOLD_OUT[column](small, share).test.events[column])) == size


@pytest.mark.parametrize("column", HOLD_OUT)
def test_what_cannot_be_held_out_is_refused(column):
    with pytest.raises(DataError, match=f"'{column}' has one value"):
        HOLD_OUT[column](log((1, "a", 1)))
    for share in (0, 1, np.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            HOLD_OUT[column](log((1, "a", 1), (2, "b", 1)), share)


@pytest.mark.parametrize("order", ["random", "earliest"])
def test_known_events_grow_and_hidden_ones_shrink(order):
    whole = load_movielens()
    before: set = set()
    for n in (1, 3, 10):
        known, hidden = split_known(whole, n, order=order, random_state=2)
        pairs = [set(zip(p.events["user"], p.events["item"])) for p in (known, hidden)]
        assert not pairs[0] & pairs[1] and len(pairs[0] | pairs[1]) == whole.n_events
        assert (known.events.groupby("user").size() == n).all()
        assert before < pairs[0]
        before = pairs[0]


def test_the_earliest_come_first_and_one_second_is_drawn_by_lot():
    small = log(*[(1, f"item {n}", 50 if n > 1 else 100 - n) for n in range(8)])
    assert set(split_known(small, 7, order="earliest").test.events["item"]) == {"item 0"}
    firsts = {
        split_known(small, 1, order="earliest", random_state=s).train.events["item"].iloc[0]
        for s in range(40)
    }
    assert firsts == {f"item {n}" for n in range(2, 8)}


def test_random_known_events_do_not_ask_the_clock():
    small = log(*[(1, f"item {n}", n) for n in range(5)])
    firsts = {split_known(small, 1, random_state=s).train.events["item"].iloc[0] for s in range(60)}
    assert len(firsts) == 5


def test_a_short_history_is_shown_whole():
    known, hidden = split_known(log((1, "a", 1), (2, "a", 1), (2, "b", 2), (2, "c", 3)), 2)
    assert set(known.events["user"]) == {1, 2} and set(hidden.events["user"]) == {2}


def test_known_events_keep_the_order_of_the_log_and_the_log_itself():
    whole = log(*[(u, f"item {n}", n) for u in (1, 2) for n in range(5)])
    before = whole.events.copy()
    for part in split_known(whole, 2):
        assert part.events.index.is_monotonic_increasing
    assert whole.events.equals(before)


def test_split_known_refuses():
    small = log((1, "a", 1), (1, "b", 2))
    with pytest.raises(ValueError, match="n_known=0"):
        split_known(small, 0)
    with pytest.raises(ValueError, match="'latest'"):
        split_known(small, 1, order="latest")
    with pytest.raises(DataError, match="nothing is left to hide"):
        split_known(small, 2)
    timeless = Interactions.from_frame(small.events, rating=None, timestamp=None)
    with pytest.raises(DataError, match="no times"):
        split_known(timeless, 1, order="earliest")
    assert split_known(timeless, 1).test.n_events == 1


def test_lots_decide_between_events_of_the_same_second_only():
    rows = [(u, i, 100 + (i if i < 4 else 9)) for u in range(40) for i in range(10)]
    table = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    events = Interactions.from_frame(table, rating=None)
    by_id = split_latest(events, 0.3)
    assert set(by_id.test.events["item"]) == {7, 8, 9}
    lots = [split_latest(events, 0.3, ties="lot", random_state=seed) for seed in (0, 0, 1)]
    pd.testing.assert_frame_equal(lots[0].test.events, lots[1].test.events)
    assert not lots[0].test.events.equals(lots[2].test.events)
    for train, test in lots:
        # The six events of the last second take part in the draw, and no earlier one.
        assert set(test.events["item"]) == set(range(4, 10))
        assert (test.events.groupby("user").size() == 3).all()
        assert train.n_events + test.n_events == 400
        assert train.events.merge(test.events, on=["user", "item"]).empty
    # Without ties there is nothing to draw.
    apart = Interactions.from_frame(table.assign(timestamp=table["item"]), rating=None)
    for one, other in zip(split_latest(apart), split_latest(apart, ties="lot"), strict=True):
        pd.testing.assert_frame_equal(one.events, other.events)
    with pytest.raises(ValueError, match="ties='item' must be 'id' or 'lot'"):
        split_latest(events, ties="item")
