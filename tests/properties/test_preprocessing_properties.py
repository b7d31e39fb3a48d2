"""Splits that do not leak, matrices that lose nothing, scalings that can be undone."""

import numpy as np
import pandas as pd
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.preprocessing import (
    impute_median,
    normalise_rows,
    split_at,
    split_latest,
    split_leave_one_out,
    split_random,
    standardise,
    user_item_matrix,
)

# Few users, few items and few moments: ties and short histories are the hard cases.
logs = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 8), st.integers(0, 6)),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[:2],
).map(
    lambda rows: Interactions.from_frame(
        pd.DataFrame(rows, columns=["user", "item", "timestamp"]), rating=None
    )
)
shares = st.floats(0.01, 0.99)
SPLITS = {"latest": split_latest, "random": split_random, "at": split_at}


def rows_of(log: Interactions) -> set[tuple]:
    return set(log.events.itertuples(index=False, name=None))


def try_split(split, log: Interactions, share: float):
    try:
        return split(log, share)
    except DataError:
        # Allowed only when there is nothing to test on.
        if split is split_at:
            assert log.events["timestamp"].nunique() == 1
        else:
            assert log.events["user"].is_unique
        assume(False)


@given(logs, shares, st.sampled_from(sorted(SPLITS)))
def test_every_event_is_in_exactly_one_part(log, share, name):
    train, test = try_split(SPLITS[name], log, share)
    assert rows_of(train) | rows_of(test) == rows_of(log)
    assert not rows_of(train) & rows_of(test)
    assert train.n_events + test.n_events == log.n_events


@given(logs, shares)
def test_nobody_is_tested_on_her_own_past(log, share):
    train, test = try_split(split_latest, log, share)
    newest = train.events.groupby("user")["timestamp"].max()
    oldest = test.events.groupby("user")["timestamp"].min()
    assert (oldest >= newest[oldest.index]).all()


@given(logs, shares, st.sampled_from(["latest", "random"]))
def test_everybody_keeps_something_and_gives_the_right_number(log, share, name):
    train, test = try_split(SPLITS[name], log, share)
    sizes = log.events.groupby("user").size()
    given_up = test.events.groupby("user").size().reindex(sizes.index, fill_value=0)
    assert set(train.events["user"]) == set(log.events["user"])
    for user, size in sizes.items():
        wanted = 0 if size == 1 else max(1, int(np.floor(size * share + 1e-9)))
        assert given_up[user] == wanted


@given(logs, st.none() | st.integers(0, 5))
def test_everybody_with_two_events_gives_one(log, seed):
    sizes = log.events.groupby("user").size()
    assume((sizes > 1).any())
    train, test = split_leave_one_out(log, random_state=seed)
    assert rows_of(train) | rows_of(test) == rows_of(log)
    assert train.n_events + test.n_events == log.n_events
    assert test.events["user"].tolist() == sizes.index[sizes > 1].tolist()
    if seed is None:
        newest = train.events.groupby("user")["timestamp"].max()
        held_out = test.events.set_index("user")["timestamp"]
        assert (held_out >= newest[held_out.index]).all()


@given(logs, shares)
def test_one_moment_divides_all_events(log, share):
    train, test = try_split(split_at, log, share)
    assert train.events["timestamp"].max() < test.events["timestamp"].min()
    # The cut comes as near to the share as whole seconds allow.
    times = log.events["timestamp"]
    moment = test.events["timestamp"].min()
    assert (times > moment).mean() <= share + 1e-9


@given(logs, logs)
def test_matrices_line_up_and_lose_nothing_they_can_hold(train_log, test_log):
    train = user_item_matrix(train_log)
    assert train.values.sum() == train_log.n_events
    test = user_item_matrix(test_log, like=train)
    assert test.shape == train.shape
    cells = {(train.users[r], train.items[c]) for r, c in zip(*test.values.nonzero())}
    events = test_log.events
    known = events["user"].isin(train.users) & events["item"].isin(train.items)
    assert cells == set(events.loc[known, ["user", "item"]].itertuples(index=False, name=None))


tables = st.integers(1, 4).flatmap(
    lambda n_columns: arrays(
        float,
        st.tuples(st.integers(1, 12), st.just(n_columns)),
        elements=st.one_of(
            st.integers(-3, 3).map(float), st.sampled_from([0.1, 1 / 3, 1e6 + 0.1, 1e-5])
        ),
    ).map(lambda X: pd.DataFrame(X, columns=list("abcd")[:n_columns]))
)


@given(tables)
def test_scaled_columns_are_standard_or_zero(table):
    (scaled,) = standardise(table)
    constant = table.nunique() == 1
    assert (scaled.loc[:, constant] == 0).all(axis=None)
    varying = scaled.loc[:, ~constant]
    assert np.allclose(varying.mean(), 0, atol=1e-7)
    assert np.allclose(varying.std(ddof=0), 1, atol=1e-7)


@given(tables, st.data())
def test_no_gap_is_left_and_no_value_is_touched(table, data):
    gaps = data.draw(arrays(bool, table.shape))
    holed = table.mask(gaps)
    assume(holed.notna().any().all())
    (filled,) = impute_median(holed)
    assert filled.notna().all(axis=None)
    assert ((filled == holed) | holed.isna()).all(axis=None)


@given(arrays(float, st.tuples(st.integers(1, 8), st.integers(1, 5)), elements=st.floats(0, 1e6)))
def test_shares_sum_to_one_or_nothing(X):
    sums = normalise_rows(pd.DataFrame(X)).sum(axis=1)
    assert np.allclose(sums, X.sum(axis=1) > 0)
