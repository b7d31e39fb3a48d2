"""The pipeline and its report, on MovieLens and on logs that are smaller than anybody plans for."""

import os
import re
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import DataError, Interactions, load_movielens
from recsys_tutorial.pipeline import (
    AUTO_CLUSTERS,
    CARD_QUESTIONS,
    RECOMMENDERS,
    REPORT_FILES,
    STEPS,
    check_model_folder,
    check_report_folder,
    choice_in_words,
    model_card,
    quality_in_words,
    reporting,
    run_pipeline,
    running,
    write_report,
)
from recsys_tutorial.pipeline.reporting import _drawable
from recsys_tutorial.preprocessing import user_item_matrix
from recsys_tutorial.recommenders import SoftClusterPopularity, load_recommender


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
    assert not any("random" in note for note in result.notes)


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


@pytest.mark.slow
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


def test_a_kill_between_the_two_renames_is_healed(result, tmp_path):
    page = write_report(result, tmp_path / "report")
    (tmp_path / "report").rename(tmp_path / ".report-x1-old")
    (tmp_path / ".report-x1").mkdir()
    check_report_folder(tmp_path / "report")
    assert page.exists() and [p.name for p in tmp_path.iterdir() if "old" in p.name] == []


@pytest.mark.slow
def test_the_newest_of_several_is_put_back_and_none_replaces_a_report(result, tmp_path):
    for number, name in enumerate([".report-a-old", ".report-b-old", ".report-c-old"]):
        write_report(result, tmp_path / name)
        os.utime(tmp_path / name, (2e9 + number, 2e9 + number))
    (tmp_path / ".report-c-old" / "users.csv").write_text("newest")
    os.utime(tmp_path / ".report-c-old", (2e9 + 2, 2e9 + 2))
    check_report_folder(tmp_path / "report")
    check_report_folder(tmp_path / "report")
    assert (tmp_path / "report" / "users.csv").read_text() == "newest"
    assert (tmp_path / ".report-b-old").exists()


def test_what_kills_left_is_swept_when_it_is_old(tmp_path):
    for name in (".report-alive", ".report-dead", ".reporters"):
        (tmp_path / name).mkdir()
    for name in (".report-dead", ".reporters"):
        os.utime(tmp_path / name, (0, 0))
    check_report_folder(tmp_path / "report")
    assert sorted(p.name for p in tmp_path.iterdir()) == [".report-alive", ".reporters"]


def test_failure_in_the_middle_leaves_the_old_report(result, tmp_path, monkeypatch):
    write_report(result, tmp_path / "out")
    before = (tmp_path / "out" / "report.html").read_bytes()

    def full(result, n_changed):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reporting, "_render", full)
    with pytest.raises(DataError, match="No space left"):
        write_report(result, tmp_path / "out")
    assert (tmp_path / "out" / "report.html").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out"]


def test_unwritable_place_is_named(result, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Cannot write"):
        write_report(result, tmp_path / "file" / "out")


# ------------------------------------------------------------------ what makes the lists


@pytest.mark.parametrize("recommender", RECOMMENDERS)
def test_every_recommender_gives_lists_with_reasons_and_stands_on_the_board(small, recommender):
    result = run_pipeline(small, n_clusters=3, top=4, recommender=recommender)
    assert len(result.recommendations) == 30 * 4
    assert result.recommendations["reason"].str.len().min() > 10
    used = [name for name in result.evaluation.index if "used here" in name]
    assert used == [f"{RECOMMENDERS[recommender]} (used here)"]
    assert result.evaluation.index[0].startswith("popularity")
    assert len(result.clusters) == 3 and result.settings["recommender"] == recommender


def test_ease_does_not_claim_the_groups_reason_as_its_own(small):
    reasons = run_pipeline(small, n_clusters=3, recommender="ease").recommendations["reason"]
    assert reasons.str.startswith("near to what you met (EASE); chosen by").all()


def test_an_unknown_recommender_is_refused(small):
    with pytest.raises(ValueError, match="soft"):
        run_pipeline(small, recommender="oracle")


def test_ease_says_when_a_log_is_too_large_for_it(small, monkeypatch):
    monkeypatch.setattr(running, "LARGEST_EASE", 19)
    with pytest.raises(DataError, match="20 by 20"):
        run_pipeline(small, recommender="ease")


@pytest.mark.parametrize("heads", [(1,), (3, 10), (5, 19), (30,)])
def test_lists_from_heads_equal_lists_from_the_whole_catalogue(small, heads):
    model = SoftClusterPopularity(n_clusters=4).fit(user_item_matrix(small))
    wanted, made = model.recommend(k=5), running._lists_from_heads(model, 5, heads)
    pd.testing.assert_frame_equal(made, wanted)


def test_heads_are_proved_for_most_viewers_and_for_no_list_that_would_change():
    model = SoftClusterPopularity(n_clusters=10).fit(user_item_matrix(load_movielens()))
    lists, proved = running._proved_lists(model, model.matrix_.users, 10, 200)
    wanted = model.recommend(k=10)
    mine = lists["user"].isin(model.matrix_.users[proved]).to_numpy()
    assert 0.2 < proved.mean() < 1
    theirs = wanted[wanted["user"].isin(model.matrix_.users[proved])]
    assert lists.loc[mine, "item"].tolist() == theirs["item"].tolist()


def test_large_logs_take_the_short_way_and_a_sample_of_the_users(small, monkeypatch):
    wanted = run_pipeline(small, n_clusters=3, top=4)
    monkeypatch.setattr(running, "MANY_SCORES", 10)
    monkeypatch.setattr(running, "EVALUATED_USERS", 12)
    made = run_pipeline(small, n_clusters=3, top=4)
    pd.testing.assert_frame_equal(made.recommendations, wanted.recommendations)
    assert made.notes == ("Evaluated on 12 of 30 users, drawn at random.", *wanted.notes)


def test_small_groups_and_heavy_users_are_said():
    rng = np.random.default_rng(0)
    small = [(f"u{u}", f"i{i}") for u in range(40) for i in rng.choice(60, 8, replace=False)]
    made = run_pipeline(log([(*pair, 1) for pair in small]), n_clusters=4)
    assert [n for n in made.notes if n.startswith("A group has 80 events in the mean")]
    assert not any("Half of all" in note for note in made.notes)
    # Two robots look at all of a shop.
    heavy = small + [(f"robot {r}", f"i{i}") for r in range(2) for i in range(200)]
    made = run_pipeline(log([(*pair, 1) for pair in heavy]), n_clusters=1)
    assert [n for n in made.notes if n.startswith("Half of all that counts is of 2 of 42 users")]
    assert not any("events in the mean" in note for note in made.notes)


# ------------------------------------------------------------------ the model, kept


def test_a_saved_recommender_gives_the_same_lists(result, tmp_path):
    write_report(result, tmp_path / "out", save_to=tmp_path / "model")
    again = load_recommender(tmp_path / "model").recommend(k=4)
    assert again["item"].tolist() == result.recommendations["item"].tolist()


def test_model_and_report_are_kept_apart(result, tmp_path):
    for place in ("out", "out/model", "."):
        with pytest.raises(DataError, match="must be apart"):
            write_report(result, tmp_path / "out", save_to=tmp_path / place)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    with pytest.raises(DataError, match="would bury"):
        check_model_folder(tmp_path / "mine", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_report_that_fails_leaves_no_model(result, tmp_path, monkeypatch):
    def full(result, n_changed):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(reporting, "_render", full)
    with pytest.raises(DataError, match="No space left"):
        write_report(result, tmp_path / "out", save_to=tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------ what users type


def test_no_cell_is_a_formula(tmp_path):
    rows = [("=cmd|' /C calc'!A1", "@SUM(A1)", 1), ("-u", "+x", 2), ("u", "plain", 3)]
    rows += [("u", "@SUM(A1)", 4), ("-u", "\tx", 5), ("v", "plain", 6), ("v", "+x", 7)]
    page = write_report(run_pipeline(log(rows), n_clusters=2), tmp_path / "out")
    for name in ("users", "recommendations", "clusters"):
        table = pd.read_csv(page.parent / f"{name}.csv", dtype=str, keep_default_na=False)
        cells = table.select_dtypes(exclude="number").to_numpy().ravel()
        assert not [cell for cell in cells if str(cell).startswith(("=", "+", "-", "@", "\t"))]
    assert "'=cmd" in (page.parent / "users.csv").read_text()
    assert "apostrophe that the data do not have" in page.read_text(encoding="utf-8")


def test_a_nul_is_shown_by_a_sign_and_breaks_no_file(tmp_path):
    """Before Python 3.11 the writer of CSV files refuses it."""
    rows = [("u\0", "a\0b", 1), ("v", "plain", 2), ("v", "a\0b", 3)]
    page = write_report(run_pipeline(log(rows), n_clusters=2), tmp_path / "out")
    for name in ("users", "recommendations", "clusters"):
        assert "\0" not in (page.parent / f"{name}.csv").read_text(encoding="utf-8")
    assert "u\N{REPLACEMENT CHARACTER}" in (page.parent / "users.csv").read_text(encoding="utf-8")
    assert "apostrophe" not in page.read_text(encoding="utf-8")


def test_plain_cells_stay_as_they_are(result, tmp_path):
    page = write_report(result, tmp_path / "out")
    assert "apostrophe" not in page.read_text(encoding="utf-8")
    assert "'" not in (page.parent / "users.csv").read_text()


def test_letters_that_the_font_lacks_are_not_drawn_as_boxes(tmp_path, recwarn):
    rows = [("王小明", "霸王别姬", 1), ("李雷", "千与千寻", 2), ("韩梅梅", "霸王别姬", 3)]
    page = write_report(run_pipeline(log(rows), n_clusters=2), tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    # The table must say which name the number in the picture stands for.
    assert "霸王别姬" in text and "<td>group 1</td>" in text
    assert not [w for w in recwarn if "Glyph" in str(w.message)]


def test_names_that_are_alike_for_long_are_numbered_and_dollars_are_no_formula(tmp_path):
    rows = [(u, "x" * 60 + f" {(u + n) % 6}", n) for u in range(6) for n in range(3)]
    made = run_pipeline(log(rows), n_clusters=3)
    assert _drawable(made.clusters["name"]) == ["group 0", "group 1", "group 2"]
    rows = [(u, rf"cash $\nonsense$ {(u + n) % 6}", n) for u in range(6) for n in range(3)]
    page = write_report(run_pipeline(log(rows), n_clusters=3), tmp_path / "out")
    text = page.read_text(encoding="utf-8")
    assert r"cash $\nonsense$" in text and "in the pictures" not in text


def test_equal_times_are_no_order():
    rng = np.random.default_rng(0)
    rows = [(u, f"item {i}", 1000) for u in range(30) for i in rng.permutation(20)[:8]]
    made = run_pipeline(log(rows), n_clusters=3)
    assert made.settings["test"] == "random events"
    assert made.notes[0].startswith("No user has two different times")


def test_a_list_is_no_longer_than_the_catalogue(small):
    made = run_pipeline(small, n_clusters=3, top=10**20)
    assert made.settings["top"] == 20 and (made.recommendations.groupby("user").size() == 12).all()


def test_one_item_is_reported_without_a_warning(tmp_path, recwarn):
    write_report(run_pipeline(log([(u, "a", u) for u in range(9)])), tmp_path / "out")
    assert not [str(w.message) for w in recwarn if w.category is RuntimeWarning]


def test_a_title_cannot_turn_the_direction_of_the_page(tmp_path):
    rows = [(u, f"live\u202e {(u + n) % 6}", n) for u in range(6) for n in range(3)]
    made = run_pipeline(log(rows), n_clusters=2)
    page = write_report(made, tmp_path / "out")
    assert "\u202e" not in page.read_text(encoding="utf-8") + model_card(made)


# ------------------------------------------------------------------ the model card


def test_the_card_holds_real_numbers_and_open_questions(movielens_result):
    card = model_card(movielens_result)
    assert card.count("NOT FILLED IN") == len(CARD_QUESTIONS) + 1
    for words in ("100,004", "671", "9,066", "1995-01-09", "2016-10-16", "10 (asked for: 10)"):
        assert words in card, words
    assert quality_in_words(movielens_result) in card
    for name, users in movielens_result.clusters[["name", "users"]].to_numpy():
        assert f"| {name} | {users} |" in card


def test_an_answered_card_has_no_open_question(result):
    card = model_card(result, {key: f"answer to {key}" for key in CARD_QUESTIONS})
    assert "NOT FILLED IN" not in card and "answer to harms" in card
    assert model_card(result, {"harms": "  "}).count("NOT FILLED IN") == len(CARD_QUESTIONS) + 1


def test_an_answer_to_no_question_is_refused(result, tmp_path):
    with pytest.raises(ValueError, match="purposes"):
        write_report(result, tmp_path / "out", answers={"purposes": "x"})
    assert not (tmp_path / "out").exists()


def test_the_card_cannot_be_broken_by_a_title():
    rows = [("u", "a | b <script>", 1), ("v", "line\nbreak", 2), ("v", "[x](http://y)", 3)]
    card = model_card(run_pipeline(log(rows), n_clusters=2))
    assert "<script" not in card and "a \\| b" in card and "line break" in card


def test_the_verdict_follows_the_interval(movielens_result, result):
    assert quality_in_words(movielens_result).startswith("Better than the same list")
    board = result.evaluation.copy()
    for low, high, words in ((-0.2, 0.2, "It cannot"), (-0.2, -0.1, "WORSE"), (0.1, 0.2, "Bett")):
        board["gain_low"], board["gain_high"] = low, high
        assert quality_in_words(replace(result, evaluation=board)).startswith(words)


def test_so_few_tested_users_give_no_verdict(tmp_path):
    """An interval from two people looks certain: with one it has no width at all."""
    rows = [(user, f"item {user % 7}", 5) for user in range(200)]
    rows += [(f"back {n}", f"item {item}", item) for n in range(2) for item in range(5)]
    rows = [(str(user), item, time) for user, item, time in rows]
    result = run_pipeline(log(rows), n_clusters="auto")
    said = quality_in_words(result)
    assert "only 2 users could be tested" in said and "interval" not in said
    assert any("only" in note and "can be asked" in note for note in result.notes)
    pages = write_report(result, tmp_path / "out").read_text(encoding="utf-8"), model_card(result)
    assert all("too few users for one" in page and "nan" not in page for page in pages)
    enough = rows + [(f"more {n}", f"item {item}", item) for n in range(18) for item in range(5)]
    said = quality_in_words(run_pipeline(log(enough), n_clusters=2))
    assert "interval" in said and "20 users tested" in said


def test_how_the_file_was_read_stands_in_report_and_card(small, tmp_path):
    result = run_pipeline(small, n_clusters=2, source=["log.csv: 240 rows, <b>bars</b>."])
    page = write_report(result, tmp_path / "out")
    assert "log.csv: 240 rows, &lt;b&gt;bars" in page.read_text(encoding="utf-8")
    assert "log.csv: 240 rows" in (page.parent / "model_card.md").read_text(encoding="utf-8")


def test_popularity_is_not_compared_with_itself(result, tmp_path):
    page = write_report(result, tmp_path / "out")
    for text in (page.read_text("utf-8"), (page.parent / "model_card.md").read_text("utf-8")):
        assert "+0.000 to +0.000" not in text
        assert text.count("the others are compared with it") == 1


def test_a_table_that_scrolls_says_so_without_a_script(result, tmp_path):
    text = write_report(result, tmp_path / "out").read_text(encoding="utf-8")
    assert "On a narrow screen the table goes on to the right." in text and "<script" not in text
    assert re.search(r"@media \(max-width: 40rem\) \{ \.wide \{ display: block; \} \}", text)
    assert 'role="region" tabindex="0" aria-label="Results of the methods"' in text


# ------------------------------------------------------------------ the number of groups


@pytest.fixture(scope="module")
def tastes():
    """Twelve kinds of people, each with ten items of its own: few groups cannot be enough."""
    rng = np.random.default_rng(3)
    rows = [
        (u, f"item {10 * (u % 12) + i:03d}", 1000 * u + n)
        for u in range(240)
        for n, i in enumerate(rng.permutation(10)[:8])
    ]
    return log(rows)


@pytest.mark.slow
def test_the_number_of_groups_is_chosen_where_it_matters(tastes, tmp_path):
    made = run_pipeline(tastes, n_clusters="auto", top=2)
    assert made.tried.index.tolist() == [5, 10, 20, 50, 100]
    assert made.settings["n_clusters"] == made.tried["ndcg"].idxmax() >= 20
    assert "soft groups" not in choice_in_words(made)
    assert made.settings["clusters_by"] == "validation"
    assert made.tried.loc[5, "ndcg"] < 0.8 * made.tried["ndcg"].max()
    page = write_report(made, tmp_path / "out")
    text, card = page.read_text("utf-8"), (page.parent / "model_card.md").read_text("utf-8")
    for where in (text, card):
        assert choice_in_words(made) in where
        assert f"{made.tried.loc[50, 'ndcg']:.3f}" in where
    assert f"chosen: {made.settings['n_clusters']}" in card and "(taken)" in text
    assert pd.read_csv(page.parent / "clusters_tried.csv")["n_clusters"].tolist() == [
        *AUTO_CLUSTERS
    ]
    # A second report may replace the first, with the file that only some have.
    assert write_report(made, tmp_path / "out") == page


def test_only_numbers_that_were_made_are_tried(tmp_path):
    """Six kinds of buyers make six groups: "50 were chosen" would be a number of nothing."""
    rows = [(f"{u:03d}", f"item {10 * (u % 6) + i}", i) for u in range(120) for i in range(10)]
    made = run_pipeline(log(rows), n_clusters="auto", recommender="ease", top=2)
    assert made.tried.index.tolist() == [5, 6]
    assert made.settings["n_clusters"] in (5, 6) and len(made.clusters) <= 6
    said = choice_in_words(made)
    assert said.endswith("a curve of soft groups; the lists are made by: EASE, without groups.")
    page = write_report(made, tmp_path / "out")
    for where in (page.read_text("utf-8"), model_card(made)):
        assert said in where


def test_the_report_counts_who_belongs_to_several_groups(tastes, tmp_path):
    for kind in ("groups", "soft"):
        made = run_pipeline(tastes, n_clusters=12, top=2, recommender=kind)
        if kind == "soft":
            made.users.loc[:6, "membership"] = 0.6
            made.users.loc[7:, "membership"] = 1.0
        text = write_report(made, tmp_path / kind).read_text("utf-8")
        assert ("Every user belongs to one group." in text) == (kind == "groups")
        assert ("7 of 240 users belong to more than one in part" in text) == (kind == "soft")
        assert "The number of groups was given: 12." in text


def test_a_report_without_a_test_says_why(tmp_path):
    rows = [("a", "x", 1), ("a", "y", 2), ("b", "x", 3), ("b", "y", 4)]
    rated = pd.DataFrame(rows, columns=["user", "item", "timestamp"]).assign(rating=[5, 1, 5, 1])
    made = run_pipeline(Interactions.from_frame(rated), min_rating=4)
    assert made.evaluation.empty
    text = write_report(made, tmp_path / "out").read_text("utf-8")
    assert "Not evaluated: no rating of 4 or more is left to test on." in text
    assert "the notes above say why" in text and "more than one event" not in text


@pytest.mark.slow
def test_the_choice_never_looks_at_the_test(tastes):
    wanted = run_pipeline(tastes, n_clusters="auto", top=2).tried
    train, test = running._split(tastes)
    # Whatever happens in the test part: the curve stays as it is.
    events = test.events.assign(item=np.random.default_rng(0).permutation(test.events["item"]))
    events = pd.concat([train.events, events]).drop_duplicates(["user", "item"])
    counts = events.groupby("user").size()
    same = events["user"].isin(counts.index[counts == tastes.events.groupby("user").size()])
    users = set(events.loc[same, "user"])
    assert 20 < len(users) < 240
    both = [
        Interactions.from_frame(table[table["user"].isin(users)], rating=None)
        for table in (tastes.events, events)
    ]
    one, other = (run_pipeline(part, n_clusters="auto", top=2) for part in both)
    pd.testing.assert_frame_equal(one.tried, other.tried)
    assert not one.evaluation.equals(other.evaluation)
    assert len(wanted) == len(one.tried) + sum(number > len(users) for number in AUTO_CLUSTERS)


def test_a_choice_without_anything_to_choose_on_is_said():
    rows = [(user, "ab"[user % 2], user) for user in range(6)]
    made = run_pipeline(log(rows), n_clusters="auto")
    assert made.settings["n_clusters"] == 10 and made.settings["clusters_by"] == "the default"
    said = choice_in_words(made)
    assert said.startswith("The number of groups could not be chosen, so the default was taken: 10")
    assert said.endswith("and 2 were made: no more users differ.")
    assert "(by default: 10)" in model_card(made)
    assert any("could not be chosen" in note and "10 were asked for" in note for note in made.notes)
    assert made.tried.empty


def test_a_number_in_words_is_refused(small):
    with pytest.raises(ValueError, match="'many' must be a whole number or 'auto'"):
        run_pipeline(small, n_clusters="many")


# ------------------------------------------------------------------ what counts as liked


@pytest.fixture(scope="module")
def rated():
    """Everybody meets everything early; two kinds of people like different halves of it."""
    rng = np.random.default_rng(5)
    rows = []
    for u in range(60):
        for n, i in enumerate(rng.permutation(16)[:12]):
            rows.append((u, f"i{i:02d}", 5 if i % 2 == u % 2 else 1, 100 * u + n))
    table = pd.DataFrame(rows, columns=["user", "item", "rating", "timestamp"])
    return Interactions.from_frame(table)


@pytest.mark.parametrize("recommender", ["soft", "groups", "ease"])
def test_lists_hold_what_people_like_and_nothing_they_met(rated, recommender):
    made = run_pipeline(rated, n_clusters=2, top=2, recommender=recommender, min_rating=4)
    lists = made.recommendations
    assert lists.merge(rated.events, on=["user", "item"]).empty
    fits = lists["item"].str[1:].astype(int) % 2 == lists["user"] % 2
    first = fits[(lists["rank"] == 1).to_numpy()]
    everything = run_pipeline(rated, n_clusters=2, top=2, recommender=recommender).recommendations
    blind = everything["item"].str[1:].astype(int) % 2 == everything["user"] % 2
    assert first.mean() > 0.85 > 0.7 > blind.mean()
    liked = (rated.events["rating"] >= 4).sum()
    assert (
        f"{liked} of {rated.n_events} events count as liked: a rating of 4 or more." in made.notes
    )


def test_an_ensemble_learns_from_what_was_liked_too(rated):
    """Its many groupings are too fine for sixty people, so that only the seen can be promised."""
    made = run_pipeline(rated, n_clusters=2, top=2, recommender="ensemble", min_rating=4)
    assert made.recommendations.merge(rated.events, on=["user", "item"]).empty
    assert made.recommender.matrix_.values.sum() == (rated.events["rating"] >= 4).sum()
    assert made.recommender.matrix_.values.nnz == rated.n_events


def test_the_test_asks_for_what_was_liked(rated):
    made = run_pipeline(rated, n_clusters=2, top=2, min_rating=4)
    _, test = running._split(rated)
    by_hand = {
        user: set(rows.loc[rows["rating"] >= 4, "item"])
        for user, rows in test.events.groupby("user")
        if (rows["rating"] >= 4).any()
    }
    model = made.evaluation.iloc[0]
    assert 0 < len(by_hand) < 60 and model["ndcg"] <= 1
    train, _ = running._split(rated)
    liked = train.events[train.events["rating"] >= 4]["item"].value_counts()
    hits = []
    for user, wanted in by_hand.items():
        met = set(train.events.loc[train.events["user"] == user, "item"])
        left = [
            item for item in sorted(liked.index, key=lambda i: (-liked[i], i)) if item not in met
        ]
        hits.append(len(set(left[:2]) & wanted) / 2)
    assert model["precision"] == pytest.approx(np.mean(hits))


def test_ratings_are_said_in_the_card(rated):
    card = model_card(run_pipeline(rated, n_clusters=2, min_rating=4))
    assert "| ratings | 4 or more counts as liked;" in card
    assert "| ratings | an event counts, whatever its rating |" in model_card(
        run_pipeline(rated, n_clusters=2)
    )


def test_a_limit_that_nobody_or_everybody_reaches_is_said(rated):
    with pytest.raises(DataError, match=r"No rating is 6 or more \(the highest is 5\)"):
        run_pipeline(rated, min_rating=6)
    made = run_pipeline(rated, n_clusters=2, min_rating=1)
    assert any("All ratings are 1 or more" in note for note in made.notes)
    usual = run_pipeline(rated, n_clusters=2).recommendations
    usual["reason"] = usual["reason"].str.replace("chosen by", "liked by")
    pd.testing.assert_frame_equal(made.recommendations, usual)


def test_likes_on_one_side_of_the_cut_only_are_not_evaluated(rated):
    events = rated.events.copy()
    last = events.groupby("user").cumcount() >= 10
    events["rating"] = np.where(last, 1, 5)
    made = run_pipeline(Interactions(events, rated.items), n_clusters=2, min_rating=4)
    assert made.evaluation.empty
    assert any("no rating of 4 or more is left to test on" in note for note in made.notes)


@pytest.mark.parametrize("recommender", ["soft", "groups", "ensemble", "ease"])
def test_reasons_count_those_who_liked_it_and_not_those_who_met_it(rated, recommender):
    made = run_pipeline(rated, n_clusters=4, top=3, recommender=recommender, min_rating=4)
    liked = rated.events[rated.events["rating"] >= 4].groupby("item").size() / 60
    said = made.recommendations["reason"].str.extract(r"(\d+)% of all")[0].dropna().astype(int)
    items = made.recommendations.loc[said.index, "item"]
    assert len(said) and (said == items.map(liked).map(lambda x: int(f"{x:.0%}"[:-1]))).all()


@pytest.mark.parametrize("recommender", ["soft", "groups"])
def test_who_liked_nothing_is_not_named_after_what_others_liked(rated, recommender):
    events = rated.events.copy()
    events.loc[events["user"] % 3 == 0, "rating"] = 1
    log = Interactions(events, rated.items)
    made = run_pipeline(log, n_clusters=3, recommender=recommender, min_rating=4)
    silent = made.users.loc[made.users["user"] % 3 == 0]
    assert set(silent["name"]) == {"liked nothing yet"}
    row = made.clusters.set_index("name").loc["liked nothing yet"]
    assert row["users"] == 20 and row["distinctive_items"] == ""


def test_ease_says_near_only_where_it_says_anything(rated):
    made = run_pipeline(rated, n_clusters=2, top=16, recommender="ease", min_rating=4)
    near = made.recommendations["reason"].str.startswith("near to what you met")
    assert (near == (made.recommendations["score"] > 1e-6)).all() and 0 < near.sum() < len(near)


def test_days_without_hours_are_drawn_and_not_called_the_latest():
    rng = np.random.default_rng(2)
    rows = [(u, f"i{i:02d}", 86_400 * u) for u in range(40) for i in rng.permutation(30)[:10]]
    rows[0] = (*rows[0][:2], 86_400 * 90)
    made = run_pipeline(log(rows), n_clusters=2)
    assert any(note.startswith("Only 1 of 40 users have events at diff") for note in made.notes)
    assert made.settings["test"] == "latest events of each user, by lot where times are equal"
    # Else those with the largest ids would be the latest.
    _, test = running._split(log(rows))
    assert test.events["item"].str[1:].astype(int).mean() < 20
    rows = [(u, i, 86_400 * u + place) for place, (u, i, _) in enumerate(rows)]
    assert not any("Only" in note for note in run_pipeline(log(rows), n_clusters=2).notes)


def test_users_who_liked_nothing_are_counted_and_served(rated):
    events = rated.events.copy()
    events.loc[events["user"] == 7, "rating"] = 1
    made = run_pipeline(Interactions(events, rated.items), n_clusters=2, top=2, min_rating=4)
    assert any("of the users 1 liked nothing" in note for note in made.notes)
    assert (made.recommendations["user"] == 7).sum() == 2


def test_a_lead_that_may_be_luck_is_called_so(tastes):
    made = run_pipeline(tastes, n_clusters="auto", top=2)
    number = made.settings["n_clusters"]
    assert "may be luck" not in choice_in_words(made) and made.tried.loc[number, "gain_low"] > 0
    board = made.tried.assign(gain_low=-0.01)
    assert "may be luck" in choice_in_words(replace(made, tried=board))
