"""The variants of the exercises on a class's own table: right is right, wrong is told apart."""

from __future__ import annotations

import numbers
import time

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import load_insteval, load_movielens
from recsys_tutorial.exercises import all_exercises, find_exercise, own_data
from recsys_tutorial.exercises.engine import UNANSWERED, same
from recsys_tutorial.exercises.own import (
    OwnData,
    UnfitError,
    Variant,
    all_variants,
)
from recsys_tutorial.exercises.own.engine import BROKEN, NEEDS, UNFIT

MOST_SECONDS = 5.0
MOST_WITHOUT_VARIANT = 5
# Processor time on a machine that is doing other things as well.
PATIENCE = 2

VARIANTS = all_variants()
each_variant = pytest.mark.parametrize("variant", VARIANTS, ids=lambda v: v.exercise)


def small_class(n_users: int = 40, n_items: int = 30) -> pd.DataFrame:
    """Pupils and songs with two tastes; no ratings, no times, ids that are texts."""
    rng = np.random.default_rng(5)
    liked = np.arange(n_items)[None, :] % 2 == np.arange(n_users)[:, None] % 2
    falling = 1 / np.sqrt(1 + np.arange(n_items))
    met = rng.random((n_users, n_items)) < np.where(liked, 0.9, 0.15) * (0.15 + falling)
    met[:, 0] = True
    users, items = np.nonzero(met)
    return pd.DataFrame(
        {"pupil": [f"p{user:02d}" for user in users], "song": [f"song {item}" for item in items]}
    )


TABLES = {
    "small": lambda: small_class(),
    "insteval": load_insteval,
    "movielens": load_movielens,
    "tiny": lambda: pd.DataFrame({"who": ["a", "a", "b", "c"], "what": ["x", "y", "x", "y"]}),
}
_OPEN: dict[str, OwnData] = {}


def opened(name: str) -> OwnData:
    """Read each table once; the tries are forgotten."""
    if name not in _OPEN:
        _OPEN[name] = own_data(TABLES[name]())
    _OPEN[name].tries.clear()
    return _OPEN[name]


# ------------------------------------------------------------------ every variant


def test_every_exercise_has_one_variant():
    ids = [variant.exercise for variant in VARIANTS]
    assert sorted(ids) == sorted(exercise.id for exercise in all_exercises())


def test_hardly_any_exercise_goes_without():
    assert sum(bool(variant.none) for variant in VARIANTS) <= MOST_WITHOUT_VARIANT


def variant_complaints(variant: Variant) -> list[str]:
    """List what is wrong with the form of a variant; an empty list is praise."""
    exercise, task = find_exercise(variant.exercise), variant.task.strip()
    sentences = task.count(". ") + task.count("? ") + 1
    rules = {
        "the task is no sentence": task and task[-1] in ".?)",
        f"the task has {sentences} sentences": sentences <= 5,
        "it needs something unknown": set(variant.needs) <= set(NEEDS),
        "it needs something and says nothing of what to do instead": not variant.needs
        or variant.instead,
        "a value needs its own hint": variant.expected is None or variant.hint or variant.none,
        "the exercise is a value, so the variant must say what is expected": variant.expected
        or exercise.probes is not None
        or variant.none,
        "a guess must say how near is near enough": variant.tolerance <= 1e-3
        or "within" in task
        or "right" in task
        or "count" in task,
        "a name of an input is no name": variant.none
        or all(name.isidentifier() for name in variant.names),
    }
    return [complaint for complaint, kept in rules.items() if not kept]


@each_variant
def test_the_form_of_a_variant(variant):
    assert variant_complaints(variant) == []


@pytest.mark.parametrize("table", ["small", "insteval", "movielens"])
@each_variant
def test_a_variant_on_a_table(variant, table):
    own = opened(table)
    exercise_id, start = variant.exercise, time.process_time()
    task, cut = own.task(exercise_id), own._cut(variant)
    assert exercise_id in repr(task) and task._repr_html_()
    lacks = [name for name in variant.needs if not own.material.has(name)]
    if isinstance(cut, UnfitError):
        assert lacks or variant.none or table == "small", cut
        assert BROKEN not in str(cut)
        return
    assert not lacks
    assert own.check(exercise_id, ...).mistake == UNANSWERED
    right = cut.judge.expected() if variant.expected else find_exercise(exercise_id).expected
    feedback = own.check(exercise_id, right)
    assert feedback.ok, feedback
    assert time.process_time() - start < PATIENCE * MOST_SECONDS
    assert own.tries[exercise_id] == 0


@pytest.mark.parametrize("table", ["small", "insteval", "movielens"])
@each_variant
def test_a_wrong_answer_is_not_right(variant, table):
    own = opened(table)
    if isinstance(own._cut(variant), UnfitError):
        pytest.skip("not on this table")
    for wrong in (lambda *given: "nonsense", "nonsense", {"nonsense": 1}, [-12345.5]):
        feedback = own.check(variant.exercise, wrong)
        assert not feedback.ok and feedback.message
    assert feedback.more


@each_variant
def test_a_value_of_another_table_is_not_right(variant):
    """A guess that can be read off the exercise itself would be no guess at one's own table."""
    own = opened("movielens")
    cut = own._cut(variant)
    if isinstance(cut, UnfitError) or variant.expected is None:
        pytest.skip("no value")
    given = own.inputs(variant.exercise)
    mine = variant.expected(*(given if isinstance(given, tuple) else (given,)))
    assert same(mine, cut.judge.expected(), variant.tolerance), "not the same every time"
    assert not own.check(variant.exercise, _disturbed(mine)).ok


def _disturbed(value: object) -> object:
    if isinstance(value, bool | np.bool_):
        return not value
    if isinstance(value, numbers.Real):
        return 1.4 * float(value) + 1
    if isinstance(value, str):
        return value + "x"
    if isinstance(value, set | frozenset):
        return {*value, "another"}
    if isinstance(value, dict):
        return {key: _disturbed(part) for key, part in value.items()}
    if isinstance(value, list | tuple) and value:
        return [*map(_disturbed, value)]
    return np.asarray(value) * 1.4 + 1 if isinstance(value, np.ndarray) else "something else"


@each_variant
def test_a_usual_mistake_is_told_apart(variant):
    """On a table with ratings and times at least one named mistake of a function shows."""
    own = opened("movielens")
    cut = own._cut(variant)
    if isinstance(cut, UnfitError) or variant.expected is not None:
        pytest.skip("no function")
    told = []
    for mistake in find_exercise(variant.exercise).mistakes:
        feedback = own.check(variant.exercise, mistake.wrong)
        shows = any(mistake is known for known in cut.judge.mistakes)
        # What is wrong here is called wrong; what cannot go wrong here may pass.
        assert not (feedback.ok and shows), mistake.name
        if feedback.mistake == mistake.name:
            told.append(mistake.name)
    assert told, "no named mistake shows"


@each_variant
def test_a_tiny_table_is_refused_in_a_sentence(variant):
    own = opened("tiny")
    feedback = own.check(variant.exercise, 1)
    said = own.task(variant.exercise)
    if isinstance(own._cut(variant), UnfitError):
        assert feedback.mistake == UNFIT and feedback.message.endswith(".")
        assert said.line == "" and said.text == feedback.message and BROKEN not in said.text
        with pytest.raises(UnfitError, match=r"\.$") as caught:
            own.inputs(variant.exercise)
        assert caught.value._render_traceback_() == [feedback.message]


@each_variant
def test_the_inputs_are_copies_and_the_same_every_time(variant):
    own = opened("movielens")
    if isinstance(own._cut(variant), UnfitError):
        pytest.skip("not on this table")
    again = OwnData(own.material.whole)._cut(variant)
    assert same(list(map(_seen, own._cut(variant).inputs)), list(map(_seen, again.inputs)), 1e-9)


def _seen(value: object) -> object:
    """What can be compared of an input."""
    if isinstance(value, pd.DataFrame | pd.Series | np.ndarray | str | int | float | list | tuple):
        return value
    return type(value).__name__
