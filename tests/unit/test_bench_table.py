"""The shipped table: whole, dated, about the methods of the code, and true to the users' scores."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.bench.front import OURS, pareto_front
from recsys_tutorial.bench.methods import METHODS, REFERENCE
from recsys_tutorial.bench.protocol import DATASETS, SPLITS
from recsys_tutorial.bench.table import COLUMNS, overview, results, to_markdown, user_scores
from recsys_tutorial.datasets import DataError, data_folder

SETTINGS = [(data, split) for data in DATASETS for split in SPLITS]
each_setting = pytest.mark.parametrize(("data", "split"), SETTINGS)
NUMBERS = ["ndcg", "ndcg_low", "ndcg_high", "recall", "precision", "coverage", "gain_on_als"]


@pytest.fixture(scope="module")
def table():
    return results()


@pytest.fixture
def copy(tmp_path):
    """A data folder of our own, to be spoilt."""
    shutil.copytree(data_folder() / "bench", tmp_path / "bench")
    shutil.copy(data_folder() / "SHA256SUMS", tmp_path)
    return tmp_path


def test_it_has_the_columns_and_the_methods_of_the_code(table):
    assert tuple(table.columns) == COLUMNS
    assert len(table) == len(SETTINGS) * len(METHODS)
    for setting in SETTINGS:
        mine = table[(table["data"] == setting[0]) & (table["split"] == setting[1])]
        named = mine[["method", "library", "kind"]].itertuples(index=False, name=None)
        assert list(named) == [(m.name, m.library, m.kind) for m in METHODS]


def test_it_says_when_where_and_how(table):
    assert table["date"].nunique() == 1
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", table["date"].iloc[0])
    assert set(table["run"]) <= {"quick", "full"} and table["run"].nunique() == 1
    card = (data_folder() / "bench" / "README.md").read_text(encoding="utf-8")
    assert table["date"].iloc[0] in card and f"a {table['run'].iloc[0]} run" in card


def test_a_row_has_numbers_or_a_reason_and_never_both(table):
    failed = table["reason"] != ""
    assert table.loc[failed, NUMBERS].isna().all(axis=None)
    assert table.loc[~failed, NUMBERS].notna().all(axis=None)
    assert not failed[table["library"] == OURS].any(), "one of our own failed"


def test_numbers_lie_where_they_can(table):
    good = table[table["reason"] == ""]
    assert good[["ndcg", "recall", "precision", "coverage"]].gt(0).all(axis=None)
    assert good[["ndcg", "recall", "precision", "coverage"]].lt(1).all(axis=None)
    assert (good["ndcg_low"] <= good["ndcg"]).all() and (good["ndcg"] <= good["ndcg_high"]).all()
    timed = good.dropna(subset=["time_ratio"])
    assert (timed.loc[timed["method"] == REFERENCE, "time_ratio"] == 1).all()


@each_setting
def test_the_front_is_the_front(table, data, split):
    mine = table[(table["data"] == data) & (table["split"] == split)]
    assert mine["on_front"].tolist() == pareto_front(mine["time_ratio"], mine["ndcg"]).tolist()


@each_setting
def test_users_and_table_agree(table, data, split):
    scores = user_scores(data, split)
    mine = table[(table["data"] == data) & (table["split"] == split)].set_index("method")
    assert scores.shape[0] == {"movielens": 671, "insteval": 1682}[data]
    assert scores.columns.tolist() == mine.index[mine["reason"] == ""].tolist()
    means = scores.mean().to_numpy()
    assert means == pytest.approx(mine.loc[scores.columns, "ndcg"].to_numpy(), abs=2e-4)
    gain = scores.sub(scores["implicit ALS"], axis=0).mean().to_numpy()
    assert gain == pytest.approx(mine.loc[scores.columns, "gain_on_als"].to_numpy(), abs=2e-4)


def test_an_unknown_setting_lists_the_known(table):
    with pytest.raises(KeyError, match="no scores for movielens_x.*insteval_latest"):
        user_scores("movielens", "x")


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("leaderboard.csv", results),
        ("users.npz", lambda folder: user_scores("insteval", "latest", folder)),
    ],
)
def test_a_changed_file_is_refused(copy, name, read):
    read(copy)
    path = copy / "bench" / name
    path.write_bytes(path.read_bytes() + b"\n")
    with pytest.raises(DataError, match="was changed"):
        read(copy)


def test_the_table_for_readers_has_every_method_and_says_what_failed(table):
    text = to_markdown(table)
    assert all(text.count(f"| {method.name} |") == len(SETTINGS) for method in METHODS)
    assert text.count("\n## ") == len(SETTINGS)
    spoilt = table.assign(reason=np.where(table["method"] == "EASE", "a | b", table["reason"]))
    rows = [line for line in to_markdown(spoilt).splitlines() if line.startswith("| EASE |")]
    assert rows and all("failed: a / b" in row and row.count("|") == 9 for row in rows)


def test_a_table_without_times_can_be_read_too(table):
    bare = table.assign(time_ratio=np.nan, memory_mb=np.nan)
    assert "nan" not in to_markdown(bare).lower()


def rows_of(*rows):
    names = ["data", "split", "method", "ndcg", "time_ratio", "memory_mb", "on_front"]
    return pd.DataFrame(rows, columns=names).assign(library="x", kind="classic")


def test_the_overview_takes_geometric_means_of_shares():
    table = rows_of(
        ("a", "latest", "EASE", 0.1, 1.0, 100, True),
        ("b", "latest", "EASE", 0.4, 0.5, 120, False),
        ("a", "latest", "mine", 0.2, 4.0, 300, True),
        ("b", "latest", "mine", 0.2, 0.5, 200, True),
        ("a", "latest", "other", 0.05, 1.0, 1, False),
        ("b", "latest", "other", np.nan, np.nan, np.nan, False),
    )
    found = overview(table)
    # 2 and 1/2 average to 1, and so do shares in any order of the rows.
    assert found.loc["mine", ["quality", "time"]].tolist() == pytest.approx([1, 2])
    assert found.loc["mine", "memory_mb"] == 300 and found.loc["mine", "times_on_front"] == 2
    pd.testing.assert_frame_equal(
        overview(table.sample(frac=1, random_state=0)).sort_index(), found.sort_index()
    )
    assert overview(table, against="mine").loc["EASE", "quality"] == pytest.approx(1)
    # What is not measured everywhere cannot be summed up.
    assert found.index[-1] == "other" and np.isnan(found.loc["other", "quality"])


def test_the_overview_of_the_shipped_table_holds_every_method_once(table):
    found = overview(table)
    assert sorted(found.index) == sorted(table["method"].unique())
    assert found["quality"].dropna().is_monotonic_decreasing
    shares = table[table["method"] == "popularity"].merge(
        table[table["method"] == "EASE"], on=["data", "split"]
    )
    by_hand = np.prod(shares["ndcg_x"] / shares["ndcg_y"]) ** (1 / len(shares))
    assert found.loc["popularity", "quality"] == pytest.approx(by_hand)


def test_a_yardstick_that_did_not_take_part_is_refused(table):
    with pytest.raises(ValueError, match="no method 'SVD'"):
        overview(table, against="SVD")
