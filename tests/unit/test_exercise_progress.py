"""The record of tries: what counts, what is shown, what is kept in a file."""

import json

import pytest

from recsys_tutorial.datasets import DataError
from recsys_tutorial.exercises import (
    all_exercises,
    check,
    find_exercise,
    forget_progress,
    progress,
)


@pytest.fixture(autouse=True)
def fresh_record():
    forget_progress()
    yield
    forget_progress()


def right(exercise_id):
    exercise = find_exercise(exercise_id)
    return exercise.expected if exercise.probes else exercise.expected()


def states(chapter):
    return {exercise_id: state for exercise_id, _, state in progress(chapter).rows}


def test_nothing_is_solved_at_the_start():
    shown = progress("03")
    assert shown.solved == 0 and set(states("03").values()) == {"waiting"}
    assert shown.summary == f"0 of {len(shown.rows)} exercises solved."
    assert len(progress().rows) == len(all_exercises())


def test_right_and_wrong_answers_are_told_apart():
    check("03.1", right("03.1"))
    check("03.4", -1.0)
    check("03.4", -2.0)
    check("03.2", ...)
    mine = states("03")
    assert mine["03.1"] == "solved" and mine["03.4"] == "tried (2)" and mine["03.2"] == "waiting"
    assert progress("03").solved == 1


def test_what_is_solved_stays_solved():
    check("03.1", right("03.1"))
    check("03.1", -1.0)
    assert states("03")["03.1"] == "solved"


def test_without_a_chapter_those_that_were_tried_are_shown():
    check("03.1", -1.0)
    assert {exercise_id[:2] for exercise_id, _, _ in progress().rows} == {"03"}


def test_an_unknown_chapter_lists_the_chapters():
    with pytest.raises(KeyError, match=r"no chapter '77'.*01, 02, 03"):
        progress("77")


def test_a_table_for_a_terminal_and_one_for_a_page():
    check("03.1", right("03.1"))
    terminal, page = repr(progress("03")), progress("03")._repr_html_()
    assert "03.1   solved" in terminal and "waiting" in terminal
    assert page.count("<tr>") == len(progress("03").rows) + 1 and 'role="status"' in page


def test_titles_are_escaped_on_a_page():
    from recsys_tutorial.exercises import Progress

    assert "<b>" not in Progress((("1", "<b>x</b>", "solved"),))._repr_html_()


# ------------------------------------------------------------------ kept in a file


def test_a_kept_record_survives_the_kernel(tmp_path):
    file = tmp_path / "my progress.json"
    progress("03", keep=file)
    check("03.1", right("03.1"))
    check("03.4", -1.0)
    forget_progress()
    assert progress("03").solved == 0
    assert states_after_loading(file)["03.1"] == "solved"
    assert states("03")["03.4"] == "tried (1)"


def states_after_loading(file):
    return {exercise_id: state for exercise_id, _, state in progress("03", keep=str(file)).rows}


def test_keeping_late_does_not_lose_what_was_solved_before(tmp_path):
    file = tmp_path / "progress.json"
    progress(keep=file)
    check("03.1", right("03.1"))
    forget_progress()
    check("03.4", right("03.4"))
    mine = states_after_loading(file)
    assert mine["03.1"] == mine["03.4"] == "solved"
    assert set(json.loads(file.read_text())) == {"03.1", "03.4"}


@pytest.mark.parametrize(
    "content", ["", "[1]", "{", '{"03.1": 3}', '{"03.1": {"count": "x"}}', '"text"']
)
def test_a_file_of_another_kind_is_left_alone(tmp_path, content):
    file = tmp_path / "diary.json"
    file.write_text(content)
    with pytest.raises(DataError, match="is not a record of progress"):
        progress(keep=file)
    assert file.read_text() == content
    check("03.1", right("03.1"))
    assert file.read_text() == content


def test_an_old_exercise_that_is_no_more_does_no_harm(tmp_path):
    file = tmp_path / "progress.json"
    file.write_text('{"77.1": {"count": 1, "solved": true}}')
    assert len(progress("03", keep=file).rows) >= 5
    assert progress(keep=file).rows == ()
