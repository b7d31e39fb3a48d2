"""Every exercise of every chapter.

The right answer passes, each usual mistake is recognised by name, and no answer whatever makes the
check itself fail.
"""

import copy
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.exercises import (
    Exercise,
    Mistake,
    all_exercises,
    check,
    forget_progress,
    load_quiz,
)
from recsys_tutorial.exercises.engine import (
    CHANGED_INPUT,
    CRASHED,
    NOTHING_INSIDE,
    NOTHING_RETURNED,
    OTHER,
    UNANSWERED,
    same,
)
from tests.unit.exercise_rules import KINDS, exercise_complaints, gives_away

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXERCISES = {exercise.id: exercise for exercise in all_exercises()}
FUNCTIONS = [i for i, exercise in EXERCISES.items() if exercise.probes is not None]
CHAPTERS = sorted({i.split(".")[0] for i in EXERCISES})

# Their smallest input is too large to be worked through by hand: a network's activations.
NOT_FOR_PAPER = {"07.5"}

each_exercise = pytest.mark.parametrize("exercise_id", EXERCISES)
each_function = pytest.mark.parametrize("exercise_id", FUNCTIONS)


def right_answer(exercise: Exercise):
    return exercise.expected if exercise.probes else exercise.expected()


def wrong_answer(exercise: Exercise, mistake: Mistake):
    return mistake.wrong if exercise.probes else mistake.wrong()


# ------------------------------------------------------------------ the exercises are sound


@each_exercise
def test_an_exercise_is_sound(exercise_id):
    assert exercise_complaints(EXERCISES[exercise_id]) == []


def test_ids_are_unique_and_counted_from_one():
    ids = [exercise.id for exercise in all_exercises()]
    assert len(set(ids)) == len(ids) and ids == sorted(ids)
    for chapter in CHAPTERS:
        numbers = [int(i.split(".")[1]) for i in ids if i.split(".")[0] == chapter]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_chapter_has_a_notebook_and_all_kinds_of_exercises(chapter):
    mine = [exercise for i, exercise in EXERCISES.items() if i.startswith(f"{chapter}.")]
    assert {exercise.kind for exercise in mine} == KINDS
    assert len(mine) >= 3
    assert len(list(NOTEBOOKS.glob(f"{chapter}_*.ipynb"))) == 1


def test_every_chapter_has_exercises():
    chapters = {path.name.split("_")[0] for path in NOTEBOOKS.glob("*.ipynb")}
    assert chapters == set(CHAPTERS)


def test_the_theory_chapters_have_enough_to_practise():
    theory = ("01", "02", "03", "04", "05", "06", "A1")
    mine = [e for e in EXERCISES.values() if e.id.split(".")[0] in theory]
    assert len(mine) >= 24 and min(len(e.mistakes) for e in mine) >= 3
    assert sum(len(load_quiz(chapter)) for chapter in theory) >= 30


# ------------------------------------------------------------------ right and usual wrong answers


@each_exercise
def test_the_right_answer_is_accepted(exercise_id):
    exercise = EXERCISES[exercise_id]
    feedback = check(exercise_id, right_answer(exercise))
    assert feedback.ok and feedback.mistake == "" and feedback.exercise == exercise_id
    assert exercise.title in feedback.message


@each_exercise
def test_each_mistake_is_recognised_by_name_in_a_second(exercise_id):
    exercise, wrong = EXERCISES[exercise_id], []
    check(exercise_id, right_answer(exercise))  # the first of a chapter may have data to load
    answers = [(mistake, wrong_answer(exercise, mistake)) for mistake in exercise.mistakes]
    began = time.process_time()
    for mistake, answer in answers:
        feedback = check(exercise_id, answer)
        if feedback.ok or (feedback.mistake, feedback.message) != (mistake.name, mistake.hint):
            wrong.append(f"{mistake.name}: taken for {feedback.mistake}, {feedback.message}")
    # A right answer that depends on what was checked before would be a trap.
    assert check(exercise_id, right_answer(exercise)).ok
    assert (time.process_time() - began) / (len(answers) + 1) < 1
    assert wrong == []
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)


@each_exercise
@pytest.mark.parametrize("stub", [..., None], ids=["dots", "None"])
def test_a_stub_is_unanswered(exercise_id, stub):
    for answer in (stub, *([lambda *_: stub] if exercise_id in FUNCTIONS else [])):
        feedback = check(exercise_id, answer)
        assert not feedback.ok and feedback.mistake == UNANSWERED


@each_function
def test_a_result_in_place_of_the_function_is_explained(exercise_id):
    exercise = EXERCISES[exercise_id]
    result = exercise.expected(*copy.deepcopy(exercise.probes()[0]))
    feedback = check(exercise_id, result)
    assert not feedback.ok and "function itself" in feedback.message


# ------------------------------------------------------------------ hostile answers


class Spiteful:
    """An object that refuses everything."""

    def __eq__(self, other):
        raise RuntimeError("no")

    __hash__ = None

    def __len__(self):
        raise RuntimeError("no")

    def __bool__(self):
        raise RuntimeError("no")


def _endless() -> list:
    endless: list = []
    endless.append(endless)
    return endless


HOSTILE = {
    "empty text": lambda: "",
    "text": lambda: "forty-two",
    "text of a number": lambda: "0.05",
    "bytes": lambda: b"1",
    "empty list": list,
    "empty tuple": tuple,
    "empty dict": dict,
    "empty set": set,
    "empty array": lambda: np.empty((0, 3)),
    "empty frame": pd.DataFrame,
    "list of lists": lambda: [[1, 2], [3]],
    "list of itself": _endless,
    "not a number": lambda: float("nan"),
    "array of gaps": lambda: np.full((3, 2), np.nan),
    "infinity": lambda: float("inf"),
    "huge integer": lambda: 10**400,
    "complex number": lambda: 1 + 2j,
    "missing": lambda: pd.NA,
    "no time": lambda: pd.NaT,
    "wrong shape": lambda: np.zeros((7, 1, 2)),
    "array of texts": lambda: np.array(["a", "b"]),
    "array of anything": lambda: np.array([None, "a", [1]], dtype=object),
    "sparse": lambda: sparse.csr_array(np.eye(2)),
    "frame": lambda: pd.DataFrame({"a": [1, None], "b": ["x", "y"]}),
    "dates": lambda: pd.date_range("2020", periods=2),
    "object": object,
    "class": lambda: Spiteful,
    "spiteful": Spiteful,
    "list of spite": lambda: [Spiteful()],
    "generator": lambda: (n for n in range(3)),
    "module": lambda: np,
    "built-in": lambda: len,
}


@each_exercise
def test_no_value_breaks_the_check(exercise_id):
    for name, make in HOSTILE.items():
        feedback = check(exercise_id, make())
        assert not feedback.ok and feedback.message, name
        assert repr(feedback) and feedback._repr_html_(), name


@pytest.mark.slow
@each_function
def test_no_result_breaks_the_check(exercise_id):
    for name, make in HOSTILE.items():
        feedback = check(exercise_id, lambda *_, make=make: make())
        assert not feedback.ok and feedback.message, name


@each_exercise
def test_a_huge_answer_is_rejected_at_once(exercise_id):
    huge = np.zeros((3, 5_000_000), dtype=np.int8)
    assert not check(exercise_id, huge).ok
    if exercise_id in FUNCTIONS:
        assert not check(exercise_id, lambda *_: huge).ok


def _raise(error):
    raise error


def _again(*arguments):
    return _again(*arguments)


CRASHES = {
    "no arguments": lambda: 1,
    "too many arguments": lambda a, b, c, d, e, f, g: 1,
    "error with markup": lambda *_: _raise(ValueError("<b>no</b>")),
    "error without words": lambda *_: _raise(KeyError()),
    "division": lambda *_: 1 / 0,
    "exit": lambda *_: _raise(SystemExit(3)),
    "assertion": lambda *_: _raise(AssertionError),
    "endless recursion": _again,
}


@each_function
def test_a_function_that_stops_is_told_why(exercise_id):
    for name, function in CRASHES.items():
        feedback = check(exercise_id, function)
        assert not feedback.ok and feedback.mistake == CRASHED, name
        assert "Your function stopped with" in feedback.message, name
        assert "<b>" not in feedback._repr_html_().split("</strong>")[1], name


def test_a_function_that_builds_on_an_open_stub_is_told_so():
    def my_update(X, labels, centres): ...

    def my_kmeans(X, start):
        return my_update(X, None, start).round(9)

    def my_other_kmeans(X, start):
        return X[0] - my_update(X, None, start)

    def handed_on(X, start):
        return my_update(X, None, start)

    feedback = check("03.4", handed_on)
    assert feedback.mistake == UNANSWERED and feedback.message.endswith(NOTHING_RETURNED)
    assert NOTHING_RETURNED not in check("03.1", ...).message
    for function in (my_kmeans, my_other_kmeans):
        feedback = check("03.4", function)
        assert feedback.mistake == CRASHED
        assert feedback.message.endswith(NOTHING_INSIDE)
    assert NOTHING_INSIDE not in check("03.4", lambda X, start: 1 / 0).message


def spoil(value) -> bool:
    """Change a mutable value in place; tell whether that was possible."""
    if isinstance(value, np.ndarray):
        value.flat[0] = not value.flat[0] if value.dtype == bool else value.flat[0] + 1
    elif isinstance(value, pd.DataFrame):
        value["spoilt"] = 1
    elif isinstance(value, pd.Series):
        value.iloc[0] = value.iloc[-1] if value.iloc[0] != value.iloc[-1] else 0
    elif isinstance(value, list):
        value.append(value[0] if value else 0)
    elif isinstance(value, set):
        value.add("spoilt")
    elif isinstance(value, dict):
        value["spoilt"] = value[next(iter(value))] if value else 0
    else:
        return False
    return True


@each_function
def test_a_function_that_changes_its_input_is_never_right(exercise_id):
    exercise = EXERCISES[exercise_id]
    before = copy.deepcopy(exercise.right())
    for position in range(len(exercise.probes()[0])):

        def changes(*arguments, position=position):
            result = exercise.expected(*copy.deepcopy(arguments))
            spoil(arguments[position])
            return result

        possible = spoil(copy.deepcopy(exercise.probes()[0])[position])
        feedback = check(exercise_id, changes)
        assert feedback.ok != possible
        if possible:
            assert feedback.mistake == CHANGED_INPUT and "copy" in feedback.message
    # The check works on copies: nothing of this may leak into the next one.
    assert same(before, exercise.right(), 0.0)
    assert check(exercise_id, exercise.expected).ok


# ------------------------------------------------------------------ the rules can fail


def lesson(**changes) -> Exercise:
    """Make a sound exercise, then change a part of it."""
    parts = {
        "id": "03.9",
        "title": "A sum",
        "kind": "predict",
        "expected": lambda: 36.0,
        "mistakes": (
            Mistake("one", lambda: 1.0, "Too small."),
            Mistake("two", lambda: 2.0, "Still too small."),
            Mistake("three", lambda: 3.0, "Four users?"),
        ),
        "hint": "Add up.",
        "nudge": "Take four squares.",
    }
    return Exercise(**(parts | changes))


def with_mistake(name="four", wrong=lambda: 4.0, hint="Hm.", **changes) -> Exercise:
    return lesson(mistakes=(*lesson().mistakes, Mistake(name, wrong, hint)), **changes)


def doubled(n: list) -> list:
    return [2 * x for x in n]


def changing(n: list) -> list:
    n.append(0)
    return n


BROKEN = {
    "mistake equals the right answer": (with_mistake(wrong=lambda: 36), "looks like the right"),
    "mistake within the tolerance": (
        with_mistake(wrong=lambda: 36.5, tolerance=0.02),
        "looks like the right",
    ),
    "two mistakes alike": (with_mistake(wrong=lambda: 2), "looks like mistake 'two'"),
    "two mistakes of one name": (with_mistake(name="one"), "one name"),
    "nameless mistake": (with_mistake(name=" "), "no name"),
    "mistake that crashes": (with_mistake(wrong=lambda: 1 / 0), "stops with ZeroDivisionError"),
    "right answer that crashes": (lesson(expected=lambda: 1 / 0), "right answer stops"),
    "few mistakes": (lesson(mistakes=lesson().mistakes[:2]), "fewer than three"),
    "unknown kind": (lesson(kind="guess"), "the kind must be one of"),
    "id of another form": (lesson(id="3.9"), "the id"),
    "no title": (lesson(title=""), "the title"),
    "wide tolerance": (lesson(tolerance=0.5), "the tolerance"),
    "no hint": (lesson(hint=""), "a hint is empty"),
    "no second hint": (lesson(nudge=""), "a hint is empty"),
    "the same hint twice": (lesson(nudge="Add up."), "repeats the first"),
    "second hint with the answer": (lesson(nudge="36, that is."), "gives the answer away"),
    "few probes": (
        lesson(expected=doubled, probes=lambda: [([1],), ([2],)]),
        "fewer than 6 probes",
    ),
    "half a hint": (with_mistake(hint="Look at"), "a hint is empty"),
    "hint with the answer": (lesson(hint="It is 36.0, of course."), "gives the answer away"),
    "mistake with the answer": (with_mistake(hint="Not 4 but 36."), "gives the answer away"),
    "function that changes its input": (
        lesson(expected=changing, probes=lambda: [([1],)]),
        "right answer stops with InputChangedError",
    ),
    "function mistake equal on all probes": (
        lesson(
            expected=doubled,
            probes=lambda: [([0],)] * 6,
            mistakes=tuple(Mistake(str(n), lambda x: x, "Hm.") for n in range(3)),
        ),
        "mistake '0' looks like the right answer",
    ),
}


def test_a_sound_exercise_has_no_complaints():
    assert exercise_complaints(lesson()) == [] == exercise_complaints(with_mistake())


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_exercise_is_noticed(name):
    exercise, complaint = BROKEN[name]
    assert any(complaint in found for found in exercise_complaints(exercise))


@pytest.mark.parametrize(
    ("hint", "answer", "given"),
    [
        ("It is 0.2.", 0.1987, True),
        ("It is 0.199.", 0.1987, True),
        ("Between 0 and 1.", 0.1987, False),
        ("Between 0 and 1.", 0.96, False),
        ("About 36.", 36.4, True),
        ("There are 1,234 of them.", 1234, True),
        ("There are 12345.", 1234, False),
        ("Four users.", 4, False),
        ("Four users, 4 in all.", 4, True),
        ("Think of drama films.", "Drama", True),
        ("Think of dramatic films.", "Drama", False),
        ("First a, then b.", ["a", "b"], True),
        ("First a.", ["a", "b"], False),
        ("1 and 2.", np.array([[1], [2]]), True),
        ("1 and 2.", {"x": 1, "y": 2}, True),
        ("True.", True, False),
        ("0.", 0, True),
        ("", [], False),
    ],
)
def test_a_hint_that_gives_the_answer_away(hint, answer, given):
    assert gives_away(hint, answer) is given


@each_function
def test_the_first_probe_fits_on_paper(exercise_id):
    # It is what the second hint shows.
    exercise = EXERCISES[exercise_id]
    forget_progress()
    check(exercise_id, lambda *_: "nonsense")
    second = check(exercise_id, lambda *_: "nonsense").more
    assert exercise.nudge in second
    if exercise_id not in NOT_FOR_PAPER:
        assert "Work this one by hand:" in second and "Yours returns 'nonsense'" in second


def test_other_wrong_answers_get_the_general_hint():
    exercise = EXERCISES["03.1"]
    feedback = check("03.1", 123.456)
    assert feedback.mistake == OTHER and feedback.message == exercise.hint
