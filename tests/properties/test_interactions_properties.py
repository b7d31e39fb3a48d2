"""Whatever the log: `Interactions` keeps every event, and cleaning makes it fit to enter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.preprocessing import clean_events

NOW = 2_000_000_000

# Valid cells are listed first and more than once, so that whole rows are often valid.
ids = st.sampled_from([0, 1, 2, 3, 0, 1, 2, 3, 4, None])
ratings = st.sampled_from([3.0, 0.5, 5.0, 4.5, 1.0, np.nan, np.inf, -1.0, 99.0])
times = st.sampled_from([10.0, 20.0, 0.0, 30.0, 40.0, 50.0, np.nan, -1.0, 4e9])
raw_events = st.lists(st.tuples(ids, ids, ratings, times), min_size=1, max_size=12)


def frame(rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])


def by_hand(table: pd.DataFrame) -> dict[tuple, tuple]:
    """Give the latest valid event of every pair, written as a plain loop."""
    found: dict[tuple, tuple] = {}
    for row in table.itertuples(index=False):
        valid = pd.notna(row.user) and pd.notna(row.item) and 0.5 <= row.rating <= 5
        if not (valid and 0 <= row.timestamp <= NOW):
            continue
        pair = (row.user, row.item)
        if pair not in found or row.timestamp >= found[pair][1]:
            found[pair] = (row.rating, row.timestamp)
    return found


@given(raw_events)
def test_cleaning_agrees_with_a_plain_loop(rows):
    table = frame(rows)
    clean, report = clean_events(table, now=NOW)
    kept = {(r.user, r.item): (r.rating, r.timestamp) for r in clean.itertuples(index=False)}
    assert kept == by_hand(table) and len(kept) == len(clean)
    assert report.rows_before - sum(report.removed.values()) == report.rows_after == len(clean)
    lost = set(table["user"].dropna()) - {user for user, _ in kept}
    assert report.users_lost == len(lost)


@given(raw_events)
def test_what_was_cleaned_is_accepted_and_cleaning_again_changes_nothing(rows):
    clean, _ = clean_events(frame(rows), now=NOW)
    if clean.empty:
        with pytest.raises(DataError, match="no rows"):
            Interactions.from_frame(clean)
        return
    log = Interactions.from_frame(clean)
    assert log.n_events == len(clean)
    again, report = clean_events(log.events, now=NOW)
    assert sum(report.removed.values()) == 0
    pd.testing.assert_frame_equal(again, log.events)


@given(raw_events)
def test_a_log_is_accepted_exactly_when_it_has_no_fault(rows):
    table = frame(rows)
    faults = (
        table[["user", "item", "rating", "timestamp"]].isna().any(axis=1)
        | np.isinf(table["rating"])
        | ~table["timestamp"].between(0, NOW)
        | table.duplicated(["user", "item"])
    )
    event(f"faulty: {faults.any()}")
    if faults.any():
        with pytest.raises(DataError):
            Interactions.from_frame(table)
    else:
        assert Interactions.from_frame(table).n_events == len(table)


pairs = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(1, 5), st.integers(0, 50)),
    min_size=1,
    max_size=20,
)


@given(pairs)
def test_sum_keeps_the_total_and_last_keeps_the_latest(rows):
    table = frame(rows)
    added = Interactions.from_frame(table, duplicates="sum")
    latest = Interactions.from_frame(table, duplicates="last")
    assert added.events["rating"].sum() == table["rating"].sum()
    assert added.n_events == latest.n_events == len({row[:2] for row in rows})
    assert added.n_merged == latest.n_merged == len(rows) - added.n_events
    newest = table.groupby(["user", "item"])["timestamp"].max()
    for log in (added, latest):
        times = log.events.set_index(["user", "item"])["timestamp"].sort_index()
        assert times.to_dict() == newest.to_dict()
