"""The pipeline and its report, on MovieLens and on logs that are smaller than anybody plans for."""

import re

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from recsys_tutorial import pipeline
from recsys_tutorial.datasets import DataError, Interactions, load_movielens
from recsys_tutorial.pipeline import (
    REPORT_FILES,
    STEPS,
    check_report_folder,
    run_pipeline,
    write_report,
)


def log(rows, **columns):
    table = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    return Interactions.from_frame(table, rating=None, **columns)


@pytest.fixture(scope="module")
def small():
    rng = np.random.default_rng(0)
    rows = [(u, f"item {i}", 1000 * u + i) for u in range(30) for i in rng.permutation(20)[:8]]
    return log(rows)


@pytest.fixture(scope="module")
def result(small):
    return run_pipeline(small, n_clusters=3, top=4)


@pytest.fixture(scope="module")
def movielens_result():
    return run_pipeline(load_movielens(), n_clusters=10, top=10)


def test_every_movielens_user_gets_ten_unseen_films(movielens_result):
    lists = movielens_result.recommendations
    assert (lists.groupby("user").size() == 10).all() and lists["user"].nunique() == 671
    seen = movielens_result.interactions.events[["user", "item"]]
    assert lists.merge(seen, on=["user", "item"]).empty


def test_movielens_groups_beat_popularity(movielens_result):
    board = movielens_result.evaluation
    assert board.loc["groups, soft (used here)", "gain_low"] > 0
    assert list(board["ndcg_ratio"]) == sorted(board["ndcg_ratio"])


def test_movielens_names_are_readable_and_different(movielens_result):
    names = movielens_result.clusters["name"]
    assert names.is_unique and names.str.contains("&").all()


def test_users_and_clusters_agree(movielens_result):
    sizes = movielens_result.users["name"].value_counts()
    clusters = movielens_result.clusters.set_index("name")["users"]
    assert sizes.sum() == 671
    assert (sizes == clusters[sizes.index]).all()


def test_reasons_quote_the_score(movielens_result):
    reason = movielens_result.recommendations["reason"].iloc[0]
    assert re.search(r"\d+(\.\d+ times|% of all users)", reason)


def test_same_seed_same_result(small, result):
    again = run_pipeline(small, n_clusters=3, top=4)
    pd.testing.assert_frame_equal(result.recommendations, again.recommendations)


def test_steps_are_announced_in_order(small):
    steps = []
    run_pipeline(small, n_clusters=2, top=1, progress=steps.append)
    assert tuple(steps) == STEPS


@pytest.mark.parametrize("bad", [{"n_clusters": 0}, {"top": 0}])
def test_numbers_below_one_are_refused(small, bad):
    with pytest.raises(ValueError, match="at least 1"):
        run_pipeline(small, **bad)


def test_one_user_one_item():
    result = run_pipeline(log([(1, "a", 10)]))
    assert result.recommendations.empty and result.evaluation.empty
    assert any("Not evaluated" in note for note in result.notes)
    assert any("met every item" in note for note in result.notes)
    assert len(result.clusters) == 1


def test_more_clusters_than_users(small):
    result = run_pipeline(small, n_clusters=500, top=2)
    assert len(result.clusters) <= small.n_users


def test_identical_users_make_one_group():
    rows = [(u, i, 10 * u + n) for u in range(5) for n, i in enumerate("abc")]
    result = run_pipeline(log(rows), n_clusters=4)
    assert len(result.clusters) == 1


def test_log_without_times_says_that_the_test_is_flattering(small):
    result = run_pipeline(log(small.events[["user", "item", "timestamp"]], timestamp=None))
    assert any("random" in note for note in result.notes)


def test_log_with_times_has_no_such_note(result):
    assert result.notes == ()


def test_items_nobody_met_are_not_recommended(small):
    extra = pd.DataFrame({"item": [*small.items["item"], "never met"]})
    events = small.events
    result = run_pipeline(Interactions.from_frame(events, extra), n_clusters=2, top=20)
    assert "never met" not in set(result.recommendations["item"])


def test_report_is_complete_and_self_contained(result, tmp_path):
    page = write_report(result, tmp_path / "out")
    assert {p.name for p in page.parent.iterdir()} == set(REPORT_FILES)
    text = page.read_text(encoding="utf-8")
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert text.count("<img") == 3 and all(re.findall(r'<img [^>]*alt="[^"]+"', text))
    assert "<script" not in text


def test_report_tables_hold_what_was_found(result, tmp_path):
    folder = write_report(result, tmp_path / "out").parent
    lists = pd.read_csv(folder / "recommendations.csv")
    assert list(lists.columns) == ["user", "rank", "item", "title", "score", "reason"]
    assert len(lists) == len(result.recommendations)
    assert len(pd.read_csv(folder / "users.csv")) == 30


def test_report_leaves_the_look_of_other_figures_alone(result, tmp_path):
    before = dict(plt.rcParams)
    write_report(result, tmp_path / "out")
    assert dict(plt.rcParams) == before


def test_report_escapes_what_users_type(tmp_path):
    rows = [("<script>alert(1)</script>", "<b>x</b>", 1), ("u", "y & z", 2), ("u", "<b>x</b>", 3)]
    text = write_report(run_pipeline(log(rows)), tmp_path / "out").read_text(encoding="utf-8")
    assert "<script>" not in text and "<b>x</b>" not in text and "&lt;script&gt;" in text


def test_report_of_one_user(tmp_path):
    page = write_report(run_pipeline(log([(1, "a", 10)])), tmp_path / "out")
    assert "quality is unknown" in page.read_text(encoding="utf-8")
    assert not (page.parent / "evaluation.csv").exists()


def test_earlier_report_is_replaced(result, tmp_path):
    write_report(result, tmp_path / "out")
    (tmp_path / "out" / "report.html").write_text("old")
    page = write_report(result, tmp_path / "out")
    assert "old" != page.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_folder_with_other_files_is_refused_and_kept(result, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="thesis.tex"):
        write_report(result, tmp_path)
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_file_instead_of_folder_is_refused(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(DataError, match="is a file"):
        check_report_folder(tmp_path / "out")


def test_failure_in_the_middle_leaves_the_old_report(result, tmp_path, monkeypatch):
    write_report(result, tmp_path / "out")
    before = (tmp_path / "out" / "report.html").read_bytes()

    def full(result):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipeline, "_render", full)
    with pytest.raises(DataError, match="No space left"):
        write_report(result, tmp_path / "out")
    assert (tmp_path / "out" / "report.html").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_unwritable_place_is_named(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write"):
        write_report(result, tmp_path / "file" / "out")
