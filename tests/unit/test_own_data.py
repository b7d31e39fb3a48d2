"""The variants of the exercises on a class's own table: right is right, wrong is told apart."""

from __future__ import annotations

import inspect
import numbers
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial import exercises
from recsys_tutorial.datasets import Interactions, load_insteval, load_movielens
from recsys_tutorial.exercises import all_exercises, find_exercise, own_data, progress
from recsys_tutorial.exercises.engine import CHANGED_INPUT, UNANSWERED, same
from recsys_tutorial.exercises.own import (
    Material,
    OwnData,
    UnfitError,
    Variant,
    all_variants,
    need,
)
from recsys_tutorial.exercises.own import engine as own_engine
from recsys_tutorial.exercises.own.engine import BROKEN, NEEDS, UNFIT, fetching
from recsys_tutorial.exercises.own.material import MOST_EVENTS, MOST_ITEMS, MOST_USERS, some
from recsys_tutorial.exercises.own.reading import (
    _looks_like_a_name,
    find_columns,
    read_class_table,
)

MOST_SECONDS = 5.0
MOST_WITHOUT_VARIANT = 5
# Processor time on a machine that is doing other things as well.
PATIENCE = 2

VARIANTS = all_variants()
GUESSES = [variant for variant in VARIANTS if variant.expected is not None]
FUNCTIONS = [variant for variant in VARIANTS if variant.expected is None and not variant.none]
each_guess = pytest.mark.parametrize("variant", GUESSES, ids=lambda v: v.exercise)
each_function = pytest.mark.parametrize("variant", FUNCTIONS, ids=lambda v: v.exercise)
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
    "movielens again": load_movielens,
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


def names_its_inputs(variant: Variant) -> bool:
    """Say if the right function, which gives the inputs their names, names every one of them."""
    right = variant.expected or find_exercise(variant.exercise).expected
    kinds = {parameter.kind for parameter in inspect.signature(right).parameters.values()}
    return kinds == {inspect.Parameter.POSITIONAL_OR_KEYWORD}


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
        "its inputs have no names of their own": variant.none or names_its_inputs(variant),
    }
    return [complaint for complaint, kept in rules.items() if not kept]


@each_variant
def test_the_form_of_a_variant(variant):
    assert variant_complaints(variant) == []


@pytest.mark.parametrize(
    "table", ["small", "movielens", pytest.param("insteval", marks=pytest.mark.slow)]
)
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


@pytest.mark.parametrize("table", ["small", "movielens"])
@each_variant
def test_a_wrong_answer_is_not_right(variant, table):
    own = opened(table)
    if isinstance(own._cut(variant), UnfitError):
        return
    for wrong in (lambda *given: "nonsense", "nonsense", {"nonsense": 1}, [-12345.5]):
        feedback = own.check(variant.exercise, wrong)
        assert not feedback.ok and feedback.message
    assert feedback.more


@each_guess
def test_a_value_of_another_table_is_not_right(variant):
    """A guess that can be read off the exercise itself would be no guess at one's own table."""
    own = opened("movielens")
    cut = own._cut(variant)
    assert not isinstance(cut, UnfitError)
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


@each_function
def test_a_usual_mistake_is_told_apart(variant):
    """On a table with ratings and times at least one named mistake of a function shows."""
    own = opened("movielens")
    cut = own._cut(variant)
    assert not isinstance(cut, UnfitError)
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


@pytest.mark.slow
@each_variant
def test_the_inputs_are_the_same_every_time(variant):
    first, second = opened("movielens")._cut(variant), opened("movielens again")._cut(variant)
    assert type(first) is type(second)
    if not isinstance(first, UnfitError):
        assert all(map(_alike, first.inputs, second.inputs))


def _alike(a: object, b: object) -> bool:
    """Compare two inputs; what has no equality, such as a model, only has to be of one kind."""
    if isinstance(a, pd.DataFrame | pd.Series):
        return a.equals(b)
    if isinstance(a, np.ndarray | numbers.Number | str | list | tuple | dict | set):
        return same(a, b, 1e-9) if not isinstance(a, set) else a == b
    return type(a) is type(b)


# ------------------------------------------------------------------ the engine


def test_a_guess_is_compared_with_the_class_s_own_table():
    own = opened("small")
    n_people, n_things, n_events = own.inputs("01.1")
    table = small_class()
    assert (n_people, n_things, n_events) == (40, 30, len(table))
    right = 1000 * n_events / (40 * 30)
    assert own.check("01.1", right).ok and own.check("01.1", 1.04 * right).ok
    assert not own.check("01.1", 1.2 * right).ok
    assert not opened("movielens").check("01.1", right).ok


def test_a_function_is_judged_by_the_hints_of_its_exercise():
    own = opened("movielens")
    usual = next(m for m in find_exercise("03.2").mistakes if m.name == "all centres")
    first = own.check("03.2", usual.wrong)
    assert (first.ok, first.mistake, first.message) == (False, usual.name, usual.hint)
    assert not first.more
    second = own.check("03.2", usual.wrong)
    assert find_exercise("03.2").nudge in second.more
    own.check("03.2", find_exercise("03.2").expected)
    assert not own.check("03.2", usual.wrong).more


def test_two_mistakes_that_look_alike_here_are_told_apart_by_the_course(monkeypatch):
    """Where everybody has one thing only, several mistakes come out alike."""
    table = pd.DataFrame({"who": [f"p{i}" for i in range(24)], "what": [i % 8 for i in range(24)]})
    own = own_data(table)
    dice = next(m for m in find_exercise("01.5").mistakes if m.name == "Dice")
    cosine = next(m for m in find_exercise("01.5").mistakes if m.name == "cosine")
    cut = own._cut(own_engine.find_variant("01.5"))
    assert not any(m.name in ("Dice", "cosine") for m in cut.judge.mistakes)
    # Sets of one thing: both are right here, and neither is called a mistake.
    assert own.check("01.5", dice.wrong).ok and own.check("01.5", cosine.wrong).ok
    smaller = next(m for m in find_exercise("01.4").mistakes if m.name == "users counted twice")
    assert own.check("01.4", smaller.wrong).mistake == smaller.name


def test_progress_does_not_change():
    exercises.forget_progress()
    own = opened("small")
    own.check("01.1", 1.0)
    own.check("01.2", find_exercise("01.2").expected)
    assert progress().solved == 0
    assert all(state != "tried" for _, _, state in progress().rows)
    assert own.tries["01.1"] == 1


@pytest.mark.slow
def test_the_report_says_what_is_solved_and_what_is_missing():
    own = own_data(small_class())
    own.check("01.2", find_exercise("01.2").expected)
    states = {i: state for i, _, state in own.report().rows}
    assert states["01.2"] == "solved" and states["01.1"] == "ready"
    assert states["02.4"].startswith("This exercise needs times; your table has none. Instead: ")
    report = own.report()
    assert report.ready == sum(state in ("ready", "solved") for state in states.values())
    assert report.summary in repr(report) and report.summary in report._repr_html_()
    assert BROKEN not in repr(report)


def test_inputs_are_copies():
    own = opened("small")
    mine = own.inputs("02.2")
    mine.iloc[:, :] = 99
    assert own.inputs("02.2").to_numpy().max() < 99
    kept = own._cut(own_engine.find_variant("03.2")).judge.probes()[0][0]

    def spoils(X, labels, centres):
        X[:] = 0
        return 0.0

    assert own.check("03.2", spoils).mistake == CHANGED_INPUT
    assert kept.any()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda *given: 1 / 0, "ZeroDivisionError"),
        (lambda: 1, "TypeError"),
        (3.0, "function itself"),
    ],
)
def test_an_answer_that_cannot_be_run_gets_a_sentence(answer, said):
    feedback = opened("small").check("03.2", answer)
    assert not feedback.ok and said in feedback.message
    assert "Traceback" not in repr(feedback)


def test_a_number_in_quotation_marks_is_no_number():
    assert "without quotation marks" in opened("small").check("01.1", "275.8").message


def test_a_function_is_no_guess():
    assert not opened("small").check("01.1", lambda: 275.8).ok


@pytest.mark.parametrize("ask", ["task", "inputs"])
def test_an_exercise_that_is_not_there(ask):
    with pytest.raises(UnfitError, match=r"no exercise '03\.99'. There are: 03\.1, "):
        getattr(opened("small"), ask)("03.99")
    with pytest.raises(UnfitError, match="no exercise 3"):
        opened("small").check(3, 1)


def test_an_exercise_without_a_variant(monkeypatch):
    monkeypatch.setattr(own_engine, "all_variants", lambda: [])
    with pytest.raises(UnfitError, match=r"03\.2, The objective J, has no variant"):
        opened("small").task("03.2")


def broken(**changes: object) -> Variant:
    """Make a variant of 01.2 with a fault."""
    parts = {"task": "Do it.", "inputs": lambda material: (material.events,)} | changes
    return Variant("01.2", **parts)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        (broken(inputs=lambda material: [][0]), BROKEN),
        (broken(inputs=lambda material: need(False, "Not on Mondays.")), "Not on Mondays."),
        (broken(needs=("times",), instead="Wait."), "needs times; your table has none. Instead: W"),
        (broken(least=(100, 6)), "at least 100 people and 6 things; yours has 40 and 30"),
        (broken(none="It is about the article."), "It is about the article."),
    ],
)
def test_a_table_that_cannot_serve_gets_a_sentence(monkeypatch, variant, said):
    monkeypatch.setattr(own_engine, "all_variants", lambda: [variant])
    own = own_data(small_class())
    assert said in own.task("01.2").text and said in own.check("01.2", 1).message
    assert said in repr(own.report())
    with pytest.raises(UnfitError) as caught:
        own.inputs("01.2")
    assert said in str(caught.value)


OTHERS = "If another column holds them, name it: own_data(table, {}='your column'). Instead: Wait."


@pytest.mark.parametrize(
    ("columns", "need", "opening", "refused"),
    [
        (
            {},
            "ratings",
            "The table has no ratings (or all are 1), no times, no genres of the things: some ",
            f"ratings that differ; your table has none, or all are 1. {OTHERS.format('rating')}",
        ),
        (
            {"stars": 1},
            "ratings",
            "The table has no ratings (or all are 1), no times, no genres of the things: some ",
            f"ratings that differ; your table has none, or all are 1. {OTHERS.format('rating')}",
        ),
        (
            {"stars": 4.5},
            "ratings",
            "All ratings are 4.5: some exercises need ratings that differ.",
            f"ratings that differ; all of yours are 4.5. {OTHERS.format('rating')}",
        ),
        (
            {"when": "2026-03-14"},
            "times",
            "All times are the same: some exercises need times that differ.",
            f"times that differ; all of yours are the same. {OTHERS.format('timestamp')}",
        ),
        ({}, "times", "no times, no genres", "times; your table has none. Instead: Wait."),
        (
            {"stars": 4},
            "items",
            "The table has no times, no genres of the things: some exercises need that.",
            "genres of the things; your table has none. Instead: Wait.",
        ),
    ],
)
def test_what_is_all_alike_is_told_from_what_is_not_there(
    monkeypatch, columns, need, opening, refused
):
    monkeypatch.setattr(
        own_engine, "all_variants", lambda: [broken(needs=(need,), instead="Wait.")]
    )
    own = own_data(small_class().assign(**columns))
    assert opening in repr(own) and "no ratings, " not in repr(own)
    assert own.task("01.2").text == f"This exercise needs {refused}"


def test_a_table_that_lacks_two_things_is_told_both(monkeypatch):
    variant = broken(needs=("times", "items"), instead="Wait.")
    monkeypatch.setattr(own_engine, "all_variants", lambda: [variant])
    said = own_data(small_class()).task("01.2").text
    assert said == (
        "This exercise needs times; your table has none. This exercise needs genres of the things; "
        "your table has none. Instead: Wait."
    )


def test_nothing_is_said_of_what_is_there():
    table = small_class()
    own = own_data(table.assign(stars=np.arange(len(table)) % 5, when=np.arange(len(table))))
    assert "ratings" not in repr(own).replace("ratings = 'stars'", "") and "All " not in repr(own)
    assert "The table has no genres of the things: some exercises need that." in repr(own)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task": "Do it"}, "no sentence"),
        ({"task": "One. Two. Three. Four. Five. Six."}, "6 sentences"),
        ({"needs": ("weather",), "instead": "Wait."}, "something unknown"),
        ({"needs": ("times",)}, "says nothing of what to do instead"),
        ({"expected": lambda events: 1}, "its own hint"),
        ({"expected": lambda events: 1, "hint": "Look.", "tolerance": 0.1}, "near enough"),
        ({"expected": lambda: 1, "hint": "Look."}, "no names of their own"),
        ({"expected": lambda *events: 1, "hint": "Look."}, "no names of their own"),
    ],
)
def test_the_form_of_a_variant_is_really_checked(changes, said):
    assert variant_complaints(broken()) == []
    assert any(said in complaint for complaint in variant_complaints(broken(**changes)))


def test_a_value_exercise_cannot_be_a_function():
    variant = Variant("01.1", "Do it.", lambda material: ())
    assert any("what is expected" in complaint for complaint in variant_complaints(variant))


def test_the_line_that_fetches_the_inputs():
    assert fetching(own_engine.find_variant("01.2")) == 'events = own.inputs("01.2")'
    assert opened("small").task("03.2").line == 'X, labels, centres = own.inputs("03.2")'
    given = opened("small").inputs("03.2")
    assert isinstance(given, tuple) and len(given) == 3


def pairs_of(rows: list[tuple[int, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["who", "what"])


ODD = {
    "all alike": pairs_of([(u, i) for u in range(20) for i in range(8)]),
    "one each": pairs_of([(u, u % 9) for u in range(30)]),
    "two kinds": pairs_of([(u, 2 * i + u % 2) for u in range(24) for i in range(5)]),
    "one thing of many": pairs_of([(u, i) for u in range(15) for i in (0, 1 + u)]),
    "one day": small_class().assign(date="2024-03-05"),
    "below zero": small_class().assign(rating=np.arange(331) % 7 - 3),
    "just enough": small_class(12, 6),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", ODD)
def test_an_odd_table_breaks_nothing(name):
    own = own_data(ODD[name])
    assert BROKEN not in repr(own.report())
    assert own.report().ready >= 40
    for variant in VARIANTS:
        cut = own._cut(variant)
        if not isinstance(cut, UnfitError) and variant.expected is None:
            assert own.check(variant.exercise, find_exercise(variant.exercise).expected).ok


def test_a_class_with_a_small_table_can_do_what_the_page_promises():
    own = opened("small")
    plain = [variant for variant in VARIANTS if not variant.needs and not variant.none]
    assert own.report().ready == len(plain)


# ------------------------------------------------------------------ the material


@pytest.mark.slow
def test_a_large_table_is_cut_down_and_says_so():
    rng = np.random.default_rng(1)
    n = 1_000_000
    log = pd.DataFrame({"user": rng.integers(0, 30_000, n), "item": rng.zipf(1.3, n) % 5_000})
    start = time.process_time()
    own = own_data(log.drop_duplicates())
    material = own.material
    assert material.n_users <= MOST_USERS and material.n_items <= MOST_ITEMS
    assert len(material.events) <= MOST_EVENTS
    assert "The exercises use" in repr(own)
    counts = log.drop_duplicates()["item"].value_counts()
    assert set(material.items[:10]) <= set(counts.index[:30])
    own.report()
    assert time.process_time() - start < 240


def test_too_many_events_are_cut_by_people():
    users, items = np.divmod(np.arange(2_000 * 300), 300)
    material = Material(
        Interactions.from_frame(
            pd.DataFrame({"user": users, "item": items}), rating=None, timestamp=None
        )
    )
    assert len(material.events) == MOST_EVENTS // 300 * 300
    assert material.activity.tolist() == [300] * material.n_users


def test_the_pieces_of_the_material_fit_together():
    material = opened("small").material
    table = small_class()
    assert material.matrix.sum() == len(table) == material.activity.sum()
    assert material.items[0] == "song 0" and material.popularity[0] == 40
    assert (np.diff(material.popularity) <= 0).all()
    norms = np.linalg.norm(material.vectors, axis=1)
    np.testing.assert_allclose(norms, 1, atol=1e-5)
    assert material.points.min() == 0 and material.points.max() == 10
    assert material.labels.shape == (40,) and len(material.centres) == material.labels.max() + 1
    np.testing.assert_array_equal(
        (material.train_matrix + material.test_matrix).toarray(), material.matrix.toarray()
    )
    assert material.topics.to_numpy().sum() == len(table)
    assert material.habits["things"].sum() == len(table)
    assert material.ratings is None and material.times is None


def test_ratings_that_are_all_alike_are_none():
    table = small_class().assign(stars=5, time=1_000_000)
    material = own_data(table).material
    assert not material.has("ratings") and not material.has("times") and not material.has("items")
    mixed = own_data(table.assign(stars=np.arange(len(table)) % 5 + 1)).material
    assert mixed.has("ratings") and mixed.ratings.max() == 5
    with pytest.raises(ValueError, match="weather"):
        material.has("weather")


def test_genres_of_the_things_become_topics():
    items = pd.DataFrame(
        {"item": [f"song {i}" for i in range(30)], "genres": ["slow", "fast|x"] * 15}
    )
    material = own_data(small_class(), items=items).material
    assert material.has("items") and list(material.topics.columns) == ["fast", "slow"]


def test_another_table_draws_other_numbers():
    first, second = opened("small").material, opened("insteval").material
    assert first.rng("a").random() == first.rng("a").random() != second.rng("a").random()


def test_some_takes_the_ends():
    assert some(range(10), 3)[::2] == [0, 9] and some([7], 5) == [7]


# ------------------------------------------------------------------ reading


def write(folder, text: str, name: str = "class.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_how_it_was_read(tmp_path):
    table = small_class().assign(grade=np.arange(331) % 5, when="2024-03-05 10:00")
    path = tmp_path / "class.csv"
    table.to_csv(path, index=False, sep=";")
    own = own_data(path)
    assert "semicolon" in repr(own) and "who = 'pupil', what = 'song'" in repr(own)
    assert "ratings = 'grade', times = 'when'" in repr(own)
    assert own_data(str(path)).material.n_users == 40
    assert "<li>" in own._repr_html_()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "class.csv is empty"),
        ("who,what\n", "no rows"),
        ("who,what\na,x\na,y\n", "belong to one person"),
        ("colour,size,price\nred,1,2\n", "No column is named as if it said who"),
        ("pupil,size,price\nred,1,2\n", "No column is named as if it said what"),
        ("who,what\na,x\n,y\n", "missing user"),
        ('[{"who": 1}]\n', "JSON"),
    ],
)
def test_a_file_that_cannot_be_used_gets_a_sentence(tmp_path, text, said):
    with pytest.raises(UnfitError, match=said) as caught:
        own_data(write(tmp_path, text))
    assert caught.value._render_traceback_() == [str(caught.value)]


@pytest.mark.parametrize("bad", [Path("nowhere.csv"), 7, None, pd.DataFrame(), {"who": []}])
def test_what_is_no_table_gets_a_sentence(bad):
    with pytest.raises(UnfitError, match=r"\.$"):
        own_data(bad)


def test_columns_can_be_named(tmp_path):
    text = "a,b,c\n" + "".join(f"p{i % 20},{i},t{i % 7}\n" for i in range(100))
    own = own_data(write(tmp_path, text), user="a", item="c")
    assert (own.material.n_users, own.material.n_items) == (20, 7)
    bare = "".join(f"p{i % 20},t{i % 7}\n" for i in range(100))
    assert own_data(write(tmp_path, bare), header=False).material.n_users == 20
    with pytest.raises(UnfitError, match="Did you mean"):
        own_data(write(tmp_path, text), user="a", item="cc")
    with pytest.raises(UnfitError, match="unexpected keyword"):
        own_data(write(tmp_path, text), user="a", item="c", colour="red")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["userId", "movieId", "rating", "timestamp"], "userId movieId rating timestamp"),
        (["movie", "person", "user_comment"], "person movie - -"),
        (["Student ID", "Course Name", "Date"], "Student ID|Course Name|-|Date"),
        (["customer_no", "article", "quantity", "day"], "customer_no article quantity day"),
        (["x", "y"], "x y - -"),
        (["who", "bottle"], "who bottle - -"),
        (["用户", "物品", "评分", "时间"], "用户 物品 评分 时间"),
    ],
)
def test_columns_are_found_by_their_usual_names(names, found):
    wanted = found.split("|") if "|" in found else found.split()
    none = dict.fromkeys(["user", "item", "rating", "timestamp"])
    got = [name or "-" for name in find_columns(names, none).values()]
    assert got == wanted


def test_guessed_columns_that_cannot_be_read_are_left_out(tmp_path):
    table = small_class().assign(grade="A", day="Monday")
    table.to_csv(tmp_path / "class.csv", index=False)
    for own in (own_data(table), own_data(tmp_path / "class.csv")):
        assert own.material.matrix.sum() == len(table)
        assert "Left out, because it cannot be read." in repr(own)
        assert "Column 'grade'" in repr(own) and "Column 'day'" in repr(own)
        assert "Columns: who = 'pupil', what = 'song'." in repr(own)
    with pytest.raises(UnfitError, match="'grade'"):
        own_data(table, rating="grade")


def test_a_column_that_is_not_there_gets_a_sentence(tmp_path):
    small_class().to_csv(tmp_path / "class.csv", index=False)
    for table in (small_class(), tmp_path / "class.csv"):
        with pytest.raises(UnfitError, match="There is no column 'pupils'. Did you mean 'pupil'"):
            own_data(table, user="pupils")
    with pytest.raises(UnfitError, match="There is no file"):
        own_data(small_class(), items=tmp_path / "things.csv")
    with pytest.raises(UnfitError, match="items='items.csv'"):
        own_data(tmp_path / "class.csv", items=small_class())


def test_the_table_of_the_items_may_use_the_class_s_words(tmp_path):
    items = pd.DataFrame(
        {"song": [f"song {i}" for i in range(30)], "genres": ["slow", "fast"] * 15}
    )
    items.to_csv(tmp_path / "things.csv", index=False)
    small_class().to_csv(tmp_path / "class.csv", index=False)
    for table in (small_class(), tmp_path / "class.csv"):
        assert own_data(table, items=tmp_path / "things.csv").material.has("items")


def named_class() -> pd.DataFrame:
    table = small_class()
    first, last = ["Ana", "Ben", "Cleo", "Dora"], ["Berg", "Ott", "Li", "Okafor", "De Vries"]
    people = [f"{a} {b}" for a in first for b in last]
    numbers_of = table["pupil"].str[1:].astype(int)
    return table.assign(pupil=[people[number % 20] for number in numbers_of]).drop_duplicates()


@pytest.mark.slow
def test_names_of_people_become_pseudonyms():
    own = own_data(named_class())
    assert "The users are names of people" in repr(own) and "replace them there" in repr(own)
    assert all(user.startswith("person ") for user in own.users) and len(own.users) == 20
    shown = repr(own) + repr(own.report()) + repr(own.inputs("01.4")) + repr(own.inputs("02.2"))
    assert "Berg" not in shown and "Ana" not in shown
    # By lot: the order of the alphabet must not tell who is who.
    table = named_class()
    mine = own.material.whole.events.groupby("user").size()
    theirs = table.groupby("pupil").size()
    assert sorted(mine) == sorted(theirs) and mine.tolist() != theirs.tolist()


def test_e_mail_addresses_become_pseudonyms_too(tmp_path):
    table = small_class()
    table["pupil"] += "@school.org"
    table.to_csv(tmp_path / "class.csv", index=False)
    own = own_data(tmp_path / "class.csv")
    assert "The users are e-mail addresses" in repr(own)
    assert not any("@" in user for user in own.users)
    log = Interactions.from_frame(table, user="pupil", item="song", rating=None, timestamp=None)
    assert not any("@" in user for user in own_data(log).users)


def test_columns_that_name_people_are_pointed_out(tmp_path):
    table = small_class().assign(contact="ana@school.org", remark="liked it very much", age=12)
    table.to_csv(tmp_path / "class.csv", index=False)
    for own in (own_data(table), own_data(tmp_path / "class.csv")):
        assert "Column 'contact' is not read, but it holds e-mail addresses" in repr(own)
        assert "remark" not in repr(own) and "'age'" not in repr(own)


def test_titles_are_no_names_of_people():
    table = small_class()
    titles = table["song"].map({f"song {i}": f"Blue Monday {'ABC'[i % 3]}" for i in range(30)})
    own = own_data(table.assign(label=titles, tutor="Ana de la Berg"))
    assert "'label'" not in repr(own)
    assert "Column 'tutor' is not read, but it holds names of people" in repr(own)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Ana Berg", True),
        ("Berg, Ana", True),
        ("Jan van der Meer", True),
        ("Anne-Marie O'Neill", True),
        ("王小明", True),
        ("Ana", False),
        ("person 7", False),
        ("Person Seven7", False),
        ("liked it very much", False),
        ("p07", False),
    ],
)
def test_what_looks_like_a_name(text, name):
    assert _looks_like_a_name(text) is name


def test_harmless_ids_stay_as_they_are():
    log, said = read_class_table(small_class())
    assert (
        "pupil" not in " ".join(said).replace("'pupil'", "") and log.events["user"].iloc[0] == "p00"
    )


def test_the_door_opens_late():
    assert exercises.own_data is own_data
    with pytest.raises(AttributeError, match="own_date"):
        _ = exercises.own_date


def test_first_names_alone_become_pseudonyms_and_codes_stay():
    rows = [(who, f"book {n}") for who in ("Ana", "Ben", "Cem", "Dia", "Eva") for n in range(8)]
    named = own_data(pd.DataFrame(rows, columns=["name", "item"]))
    assert set(named.material.log.events["user"]) == {f"person {n}" for n in range(1, 6)}
    assert "words, perhaps names" in repr(named)
    coded = [(f"p0{len(who)}{who[0]}", what) for who, what in rows]
    codes = own_data(pd.DataFrame(coded, columns=["name", "item"]))
    assert set(codes.material.log.events["user"]) == {"p03A", "p03B", "p03C", "p03D", "p03E"}


@pytest.mark.parametrize("header", ["student;course;grade", "who;what"])
def test_a_title_above_the_header_is_named_and_not_taken_for_it(tmp_path, header):
    path = tmp_path / "class.csv"
    path.write_text(f"Loans of the library 2024\n\n{header}\nann;a;1\nbo;b;2\n")
    with pytest.raises(UnfitError, match=r"class.csv: line 3 has the columns: delete"):
        read_class_table(path)
