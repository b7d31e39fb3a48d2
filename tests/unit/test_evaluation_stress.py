"""Damage of a stated kind and size, and nothing else."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.evaluation import add_random_events, lose_block, push_item, repeat_events
from recsys_tutorial.preprocessing import UserItemMatrix

RNG = np.random.default_rng(5)
MET = (RNG.random((50, 40)) < 0.2).astype(float)
MATRIX = UserItemMatrix(sparse.csr_array(MET), pd.RangeIndex(50), pd.RangeIndex(40))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda **seed: add_random_events(MATRIX, 0.3, **seed),
        lambda **seed: push_item(MATRIX, 3, n_fakes=4, n_fillers=5, **seed),
        lambda **seed: repeat_events(MATRIX, 0.3, 4, **seed),
        lambda **seed: lose_block(MATRIX, 0.3, 0.3, **seed),
    ],
)
def test_damage_is_seeded_and_leaves_the_input_alone(spoil):
    before = MATRIX.values.toarray()
    # Without a seed it is 0, as chapter 15 takes for granted.
    one, two, other = (
        spoil().values.toarray(),
        spoil(random_state=0).values.toarray(),
        spoil(random_state=2).values.toarray(),
    )
    assert np.array_equal(one, two) and not np.array_equal(one, other)
    assert np.array_equal(MATRIX.values.toarray(), before)


def test_random_events_fill_empty_cells_with_ones():
    spoiled = add_random_events(MATRIX, 0.5).values.toarray()
    assert np.array_equal(spoiled[MET == 1], MET[MET == 1])
    new = spoiled[MET == 0]
    assert set(new) == {0.0, 1.0}
    # Half as many draws as events, of which about a fifth hit filled cells.
    assert 0.3 * MET.sum() < new.sum() < 0.5 * MET.sum()
    assert np.array_equal(add_random_events(MATRIX, 0).values.toarray(), MET)


def test_busy_users_get_more_noise():
    lopsided = np.zeros((2, 400))
    lopsided[0, :90], lopsided[1, :10] = 1, 1
    busy = UserItemMatrix(sparse.csr_array(lopsided), pd.RangeIndex(2), pd.RangeIndex(400))
    added = add_random_events(busy, 1.0).values.toarray() - lopsided
    assert added[0].sum() > 4 * added[1].sum()


def test_fakes_stand_at_the_end_and_share_the_pushed_item():
    spoiled = push_item(MATRIX, 3, n_fakes=6, n_fillers=5)
    cells = spoiled.values.toarray()
    assert np.array_equal(cells[:50], MET) and cells.shape == (56, 40)
    assert (cells[50:, 3] == 1).all() and (cells[50:].sum(axis=1) == 6).all()
    assert spoiled.users[50] == "fake 1" and spoiled.users.is_unique


def test_a_disguise_is_kept_to():
    cells = push_item(MATRIX, 3, n_fakes=5, n_fillers=4, among=range(10, 20)).values.toarray()
    assert cells[50:, [3, *range(10, 20)]].sum() == cells[50:].sum() == 25


def test_no_fakes_and_no_fillers():
    assert push_item(MATRIX, 3, n_fakes=0).values.shape == (50, 40)
    assert push_item(MATRIX, 3, n_fakes=2, n_fillers=0).values[50:].sum() == 2


def test_popular_fillers_are_drawn_more_often():
    cells = push_item(MATRIX, 3, n_fakes=400, n_fillers=3).values.toarray()[50:]
    met = np.delete(MET.sum(axis=0), 3)
    assert np.corrcoef(met, np.delete(cells.sum(axis=0), 3))[0, 1] > 0.8


def test_repeated_events_are_counted_again():
    spoiled = repeat_events(MATRIX, 0.2, 7).values.toarray()
    ratio = spoiled.sum(axis=1) / np.maximum(MET.sum(axis=1), 1)
    assert sorted(ratio) == [1] * 40 + [7] * 10
    assert np.array_equal(repeat_events(MATRIX, 0.2, 1).values.toarray(), MET)


def test_a_lost_block_is_a_block():
    spoiled = lose_block(MATRIX, 0.4, 0.5).values.toarray()
    lost = MET - spoiled
    assert lost.min() == 0
    rows, columns = np.flatnonzero(lost.any(axis=1)), np.flatnonzero(lost.any(axis=0))
    assert len(rows) <= 20 and len(columns) <= 20 and lost.sum() > 0
    assert spoiled[np.ix_(rows, columns)].sum() == 0
    assert np.array_equal(lose_block(MATRIX, 0, 1).values.toarray(), MET)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: add_random_events(MATRIX, -1), ValueError),
        (lambda: push_item(MATRIX, 999, n_fakes=1), KeyError),
        (lambda: push_item(MATRIX, 3, n_fakes=1, among=[999]), KeyError),
        (lambda: push_item(MATRIX, 3, n_fakes=-1), ValueError),
        (lambda: push_item(MATRIX, 3, n_fakes=1, n_fillers=99), ValueError),
        (lambda: repeat_events(MATRIX, 0.5, 0), ValueError),
        (lambda: repeat_events(MATRIX, 1.5, 2), ValueError),
        (lambda: lose_block(MATRIX, 2, 0.1), ValueError),
    ],
)
def test_impossible_damage_is_refused(call, error):
    with pytest.raises(error):
        call()
