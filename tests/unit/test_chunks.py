"""A matrix built from pieces of a log is the matrix of the log."""

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.preprocessing import matrix_from_chunks, user_item_matrix


@pytest.mark.parametrize("size", [1, 7, 97, 5000, 10_000])
def test_pieces_make_the_whole(tmp_path, size):
    rng = np.random.default_rng(0)
    log = pd.DataFrame({"user": rng.integers(90, 300, 5000), "item": rng.integers(40, size=5000)})
    log["item"] = "é" + log["item"].astype(str)
    log.iloc[: 300 if size == 1 else None].to_csv(tmp_path / "log.csv", index=False)
    whole = pd.read_csv(tmp_path / "log.csv").drop_duplicates()
    want = user_item_matrix(Interactions.from_frame(whole, rating=None, timestamp=None))
    got = matrix_from_chunks(lambda: pd.read_csv(tmp_path / "log.csv", chunksize=size))
    assert got.users.equals(want.users) and got.items.tolist() == want.items.tolist()
    assert (got.values != want.values).nnz == 0 and got.values.dtype == want.values.dtype


def test_ids_of_two_kinds_are_refused_and_texts_are_kept(tmp_path):
    (tmp_path / "log.csv").write_text("user,item\n7,a\n8,a\n007,b\nx,a\n")

    def read(**options):
        return lambda: pd.read_csv(tmp_path / "log.csv", chunksize=2, **options)

    with pytest.raises(DataError, match="numbers in one chunk.*dtype={'user': str}"):
        matrix_from_chunks(read())
    assert matrix_from_chunks(read(dtype=str)).users.tolist() == ["007", "7", "8", "x"]


def test_empty_logs_and_missing_ids_are_refused():
    empty = pd.DataFrame({"user": [], "item": []})
    with pytest.raises(DataError, match="no rows"):
        matrix_from_chunks(lambda: [empty])
    with pytest.raises(DataError, match="missing item"):
        matrix_from_chunks(lambda: [pd.DataFrame({"user": [1], "item": [None]})])


def test_an_empty_chunk_changes_nothing():
    full = pd.DataFrame({"user": [1, 2], "item": ["a", "b"]})
    got = matrix_from_chunks(lambda: [full.iloc[:0], full, full.iloc[:0]])
    assert got.values.toarray().tolist() == [[1, 0], [0, 1]]
