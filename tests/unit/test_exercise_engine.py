"""The engine of the checks: what counts as the same, and what a learner gets to read."""

from collections import OrderedDict
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.exercises import (
    Exercise,
    Feedback,
    Mistake,
    check,
    engine,
    find_exercise,
    forget_progress,
)
from recsys_tutorial.exercises.engine import InputChangedError, same

TABLE = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"])

SAME = [
    ({"A", "(C)"}, {"c ", "a"}),
    ("(c) ", "C"),
    (1, 1.0),
    (1, np.int64(1)),
    (np.float32(0.5), 0.5),
    (1.0, 1 + 1e-9),
    (0.0, 1e-9),
    (1e9, 1e9 + 1),
    (Fraction(1, 4), 0.25),
    (np.array(3), 3),
    (10**400, 10**400),
    (float("inf"), float("inf")),
    (float("nan"), float("nan")),
    (float("nan"), None),
    (pd.NA, np.nan),
    (pd.NaT, None),
    (True, np.True_),
    (True, 1),
    ("K-Means ", "k-means"),
    (np.str_("Drama"), "drama"),
    ([1, 2], (1, 2)),
    ([1, 2], np.array([1.0, 2.0])),
    (range(3), [0, 1, 2]),
    (pd.Series([1, 2], index=["p", "q"]), [1, 2]),
    (pd.Index([1, 2]), np.array([1, 2])),
    ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]])),
    ([], np.array([])),
    ([1, [2, ["A"]]], (1, (2, ("a",)))),
    ([np.nan, 1], np.array([np.nan, 1])),
    (TABLE, TABLE.astype(float)),
    (TABLE, [[1, 3], [2, 4]]),
    (TABLE.to_numpy(), TABLE),
    ({"a": 1, "b": [2]}, OrderedDict(b=(2.0,), a=1)),
    (pd.Series({"a": 1, "b": 2}), {"b": 2, "a": 1}),
    ({"b": 2, "a": 1}, pd.Series({"a": 1, "b": 2})),
    ({1, 2}, frozenset({2, 1})),
    ({1: 0}.keys(), {1}),
    (sparse.csr_array(np.eye(2)), np.eye(2)),
    (sparse.csr_array(np.eye(2)), sparse.coo_array(np.eye(2))),
    (pd.Timestamp("2020"), pd.Timestamp("2020-01-01")),
    (np.array(["A", "b"]), ["a", "B"]),
]

DIFFERENT = [
    (1, 2),
    (1, 1.001),
    (0.0, 1e-3),
    (1, "1"),
    (1, None),
    (0, None),
    (float("nan"), 0),
    (float("nan"), float("inf")),
    (float("inf"), -float("inf")),
    (10**400, 1.0),
    (10**400, 10**400 + 1),
    (1, 1j),
    (1, Decimal(1)),
    ("a", "b"),
    ("a", ["a"]),
    ("ab", ["a", "b"]),
    (1, [1]),
    ([1, 2], [2, 1]),
    ([1, 2], [1, 2, 3]),
    ([1, 2], [[1, 2]]),
    ([], None),
    ([], [[]]),
    ([1, 2], {1, 2}),
    ({1, 2}, {1, 2, 3}),
    ({"a", "b"}, {"A", "C"}),
    ({"1"}, {1}),
    ({"a": 1}, {"b": 1}),
    ({"a": 1}, {"a": 2}),
    ({"a": 1}, {"a": 1, "b": 2}),
    ({"a": 1}, ["a"]),
    (np.zeros((2, 3)), np.zeros((3, 2))),
    (np.zeros((0, 3)), np.zeros((3, 0))),
    (TABLE, TABLE.rename(columns={"a": "A"})),
    (TABLE, TABLE[["b", "a"]]),
    (TABLE, TABLE.iloc[::-1]),
    (TABLE, TABLE.reset_index(drop=True)),
    (TABLE, TABLE.iloc[:1]),
    (TABLE, TABLE + 1),
    (object(), object()),
    (len, max),
    (int, float),
    (pd.Timestamp("2020"), pd.Timestamp("2021")),
    (np.array([1, None]), [1, 2]),
]


@pytest.mark.parametrize(("a", "b"), SAME)
def test_what_is_the_same(a, b):
    assert same(a, b, 1e-6) is True and same(b, a, 1e-6) is True


@pytest.mark.parametrize(("a", "b"), DIFFERENT)
def test_what_is_different(a, b):
    assert same(a, b, 1e-6) is False and same(b, a, 1e-6) is False


def test_the_tolerance_is_relative_and_near_zero_absolute():
    assert same(100.0, 100.9, 0.01) and not same(100.0, 102.0, 0.01)
    assert same(0.0, 0.009, 0.01) and not same(0.0, 0.02, 0.01)
    assert not same(1.0, 1.0 + 1e-12, 0.0)


# ------------------------------------------------------------------ a whole check


def doubled(values: np.ndarray) -> np.ndarray:
    return 2 * values


def exercise(**changes) -> Exercise:
    parts = {
        "id": "99.1",
        "title": "Twice",
        "kind": "write",
        "expected": doubled,
        "mistakes": (
            Mistake("squared", lambda v: v**2, "You squared."),
            Mistake("same", lambda v: v, "Nothing happened."),
        ),
        "hint": "Multiply.",
        "nudge": "By two.",
        "probes": lambda: [(np.array([1.0, 3.0]),), (np.array([2.0]),)],
    }
    return Exercise(**(parts | changes))


@pytest.fixture
def planted(monkeypatch):
    """Let `check` find the exercise that a test makes up."""

    def plant(**changes):
        monkeypatch.setattr(engine, "find_exercise", lambda _: exercise(**changes))

    return plant


def test_a_function_must_be_right_on_every_probe(planted):
    planted()
    assert check("99.1", doubled).ok
    # Squaring is right for 2, and must not pass for that.
    assert check("99.1", lambda v: v**2).mistake == "squared"
    assert check("99.1", lambda v: v + v).ok
    assert check("99.1", lambda v: v.tolist() * 2).mistake == engine.OTHER


def test_half_a_stub_is_not_unanswered(planted):
    planted()
    assert check("99.1", lambda v: doubled(v) if len(v) == 2 else None).mistake == engine.OTHER
    assert check("99.1", lambda v: None).mistake == engine.UNANSWERED
    assert check("99.1", lambda v: ...).mistake == engine.UNANSWERED


def test_the_learner_cannot_spoil_the_probes(planted):
    shared = np.array([1.0, 3.0])
    planted(probes=lambda: [(shared,)])

    def in_place(values):
        values *= 2
        return values

    assert check("99.1", in_place).mistake == engine.CHANGED_INPUT
    assert shared.tolist() == [1.0, 3.0] and check("99.1", doubled).ok


def test_a_mistake_that_returns_its_input_is_no_change(planted):
    planted()
    assert check("99.1", lambda v: v).mistake == "same"


def test_what_a_learner_reads_about_a_function_that_does_not_work(planted):
    def in_place(values):
        values *= 2

    planted()
    said = {
        name: check("99.1", answer)
        for name, answer in {
            "crash": lambda v: v / [0][1],
            "none inside": lambda v: None + 1,
            "none": lambda v: None,
            "input": in_place,
        }.items()
    }
    assert said["crash"].message == (
        "Your function stopped with IndexError: list index out of range"
    )
    inside = said["none inside"].message
    assert inside.startswith("Your function stopped with TypeError: unsupported operand type(s)")
    assert inside.endswith("such as the answer to an exercise before this one?")
    assert said["none"].message.startswith("Replace the ... with your answer")
    assert "your function returns nothing" in said["none"].message
    assert said["input"].message == (
        "Your function changes its input. Work on a copy: the caller still needs it."
    )
    # Class reports show such names.
    names = ["crashed", "crashed", "unanswered", "changed input"]
    assert [feedback.mistake for feedback in said.values()] == names


def spoil(values):
    values *= 2
    return values


NUMBER = {
    "expected": lambda: 7,
    "probes": None,
    "mistakes": (Mistake("six", lambda: 6, "Not six."),),
}
VERDICTS = [
    ({}, ..., engine.UNANSWERED),
    ({}, lambda v: None, engine.UNANSWERED),
    ({}, 3, engine.OTHER),
    ({}, spoil, engine.CHANGED_INPUT),
    ({}, lambda v: 1 / 0, engine.CRASHED),
    ({}, lambda v: v - 9, engine.OTHER),
    ({}, lambda v: v**2, "squared"),
    ({}, doubled, ""),
    (NUMBER, "1,5", engine.COMMA),
    (NUMBER, "7", engine.OTHER),
    (NUMBER, 8, engine.OTHER),
    (NUMBER, 6, "six"),
    (NUMBER, 7, ""),
]


@pytest.mark.parametrize(("changes", "answer", "mistake"), VERDICTS)
def test_a_verdict_is_a_yes_or_a_no_on_this_exercise(planted, changes, answer, mistake):
    """Graders and class reports count them: None would be neither."""
    planted(**changes)
    feedback = check("99.1", answer)
    assert (feedback.exercise, feedback.mistake) == ("99.1", mistake)
    assert feedback.ok is (mistake == "")


# ------------------------------------------------------------------ two stages of hints


def test_the_second_wrong_try_brings_a_second_hint(planted):
    planted()
    forget_progress()
    first, second = (check("99.1", lambda v: v**2) for _ in range(2))
    assert (first.message, first.more) == ("You squared.", "")
    assert second.message == "You squared."
    # It does not say what is right.
    example = "Work this one by hand: values = [1.0, 3.0]. Yours returns [1.0, 9.0]."
    assert second.more == f"By two. {example}"


def test_the_example_is_the_first_input_on_which_the_function_is_wrong(planted):
    # Squaring is right for 2.
    planted(probes=lambda: [(np.array([2.0]),), (np.array([3.0]),), (np.array([4.0]),)])
    forget_progress()
    check("99.1", lambda v: v**2)
    assert "values = [3.0]. Yours returns [9.0]." in check("99.1", lambda v: v**2).more


def test_an_example_of_just_the_greatest_length_is_shown(planted, monkeypatch):
    planted()
    forget_progress()
    text = "Work this one by hand: values = [1.0, 3.0]. Yours returns [1.0, 9.0]."
    check("99.1", lambda v: v**2)
    for room, shown in ((len(text), True), (len(text) - 1, False)):
        monkeypatch.setattr(engine, "LONGEST_EXAMPLE", room)
        assert (text in check("99.1", lambda v: v**2).more) == shown


def test_a_stub_is_no_try(planted):
    planted()
    forget_progress()
    for answer in (..., None, lambda v: None):
        assert check("99.1", answer).more == ""
    assert check("99.1", lambda v: v).more == ""
    assert check("99.1", lambda v: v).more != ""


def test_after_a_right_answer_the_gentle_hint_comes_first_again(planted):
    planted()
    forget_progress()
    check("99.1", lambda v: v)
    assert check("99.1", doubled).more == ""
    assert check("99.1", lambda v: v).more == ""


def test_a_value_gets_the_nudge_without_an_example(planted):
    planted(expected=lambda: 7, probes=None, mistakes=(Mistake("six", lambda: 6, "Hm."),))
    forget_progress()
    check("99.1", 6)
    assert check("99.1", 6).more == "By two."


@pytest.mark.parametrize(
    "answer", [7, lambda: 1, lambda v: 1 / 0], ids=["no function", "no argument", "crash"]
)
def test_an_answer_without_an_outcome_gets_the_nudge_alone(planted, answer):
    planted()
    forget_progress()
    check("99.1", answer)
    assert check("99.1", answer).more == "By two."


def test_an_example_too_long_for_paper_is_left_out(planted):
    planted(probes=lambda: [(np.arange(500.0),)])
    forget_progress()
    check("99.1", lambda v: v)
    assert check("99.1", lambda v: v).more == "By two."


def test_a_huge_answer_is_not_written_out(planted):
    planted()
    forget_progress()
    for _ in range(2):
        feedback = check("99.1", lambda v: np.zeros((3, 10**7)))
    assert "Yours returns a table of shape (3, 10000000)." in feedback.more


def test_an_example_shows_frames_and_odd_answers(planted):
    class Odd:
        def __repr__(self):
            raise RuntimeError

    planted(expected=lambda t: t["a"], probes=lambda: [(TABLE.copy(),)], mistakes=())
    forget_progress()
    check("99.1", lambda t: Odd())
    more = check("99.1", lambda t: Odd()).more
    assert "t = {'a': {'x': 1, 'y': 2}" in more and "something of type Odd" in more
    planted(expected=lambda t: 1, probes=lambda: [(np.array(["a", "b"]),)], mistakes=())
    check("99.1", lambda t: t == "a")
    more = check("99.1", lambda t: t == "a").more
    assert "t = ['a', 'b']. Yours returns [True, False]." in more


def test_a_mistake_is_recognised_though_an_edge_case_was_mended(planted):
    numbers = (1.0, 3.0, 5.0, 0.0)
    planted(probes=lambda: [(np.array([number]),) for number in numbers])
    mended = {5.0: np.array([10.0])}
    feedback = check("99.1", lambda v: mended.get(v[0], v**2))
    assert feedback.mistake == "squared"


def test_one_wrong_probe_is_no_pattern(planted):
    # Whoever is right but for one input has made a slip of her own.
    planted(probes=lambda: [(np.array([number]),) for number in (1.0, 3.0, 4.0)])
    feedback = check("99.1", lambda v: v**2 if v[0] == 3 else doubled(v))
    assert feedback.mistake == engine.OTHER


def test_a_number_in_quotes_is_told_so(planted):
    planted(expected=lambda: 7, probes=None, mistakes=())
    assert "without quotation marks" in check("99.1", "7").message
    assert check("99.1", 7).ok


@pytest.mark.parametrize(
    ("answer", "said", "thousands"),
    [
        ((0, 485), "Write 0.485 with a point.", False),
        ([-1, 5], "Write -1.5 with a point.", False),
        ("0,485", "Write 0.485 with a point and without quotation marks.", False),
        (" 1,05 ", "Write 1.05 with a point and without quotation marks.", False),
        ("12,500", "Write 12.500 with a point and without quotation marks,", True),
        ((2, 0), "Write 2.0 with a point,", True),
    ],
)
def test_a_comma_for_a_point_is_told_so(planted, answer, said, thousands):
    planted(expected=lambda: 0.485, probes=None, mistakes=())
    feedback = check("99.1", answer)
    assert feedback.mistake == "a comma in a number" and feedback.message.startswith(said)
    assert ("thousands" in feedback.message) == thousands


@pytest.mark.parametrize("answer", [(1, 2, 3), (1, -2), (1.0, 2), (True, 2), "1,234,567", "a,b"])
def test_what_is_no_number_with_a_comma_is_not_taken_for_one(planted, answer):
    planted(expected=lambda: 0.485, probes=None, mistakes=())
    assert check("99.1", answer).mistake == engine.OTHER


def test_a_pair_is_right_where_a_pair_is_wanted(planted):
    planted(expected=lambda: (0, 485), probes=None, mistakes=())
    assert check("99.1", (0, 485)).ok


def test_a_list_will_do_where_a_set_is_wanted(planted):
    planted(expected=lambda: {5, 6}, probes=None, mistakes=(Mistake("one", lambda: {5}, "More."),))
    assert check("99.1", [6, 5]).ok and check("99.1", (5, 6)).ok
    assert check("99.1", [5]).mistake == "one"
    assert not check("99.1", [[5], [6]]).ok


def test_a_wrong_answer_that_two_mistakes_explain_is_not_guessed_at(planted):
    # Both mistakes are alike on 1; nobody can tell which of them it was.
    planted(probes=lambda: [(np.array([number]),) for number in (1.0, 1.0, 3.0)])
    feedback = check("99.1", lambda v: v if v[0] == 1 else doubled(v))
    assert feedback.mistake == engine.OTHER and feedback.message == "Multiply."


@dataclass
class Pair:
    """Two arrays, as a learner may be given them."""

    left: np.ndarray
    right: np.ndarray


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        (lambda: np.array([1.0, np.nan]), lambda a: a.__setitem__(0, 2)),
        (lambda: np.array(["A"], dtype=object), lambda a: a.__setitem__(0, "a")),
        (lambda: TABLE.copy(), lambda a: a.__setitem__("c", 1)),
        (lambda: TABLE.copy(), lambda a: setattr(a, "index", ["x", "z"])),
        (lambda: TABLE.copy(), lambda a: a.pop("a")),
        (lambda: TABLE["a"].copy(), lambda a: a.__setitem__("x", 9)),
        (lambda: [1, "A"], lambda a: a.__setitem__(1, "a")),
        (lambda: [1, [2]], lambda a: a[1].append(3)),
        (lambda: [1, 2], lambda a: a.__setitem__(0, 1.0)),
        (lambda: [np.array([1, 2])], lambda a: a.__setitem__(0, np.array([1.0, 2.0]))),
        (lambda: {"a": [1]}, lambda a: a["a"].clear()),
        (lambda: {"a": 1}, lambda a: a.__setitem__("b", 2)),
        (lambda: {1}, lambda a: a.add(2)),
        (lambda: Pair(np.zeros(2), np.zeros(2)), lambda a: a.left.fill(1)),
        (lambda: sparse.csr_array(np.eye(2)), lambda a: a.data.fill(3)),
        (lambda: pd.Series({"a": 1}), lambda a: setattr(a, "index", ["b"])),
    ],
)
def test_every_change_of_an_argument_is_noticed(argument, change):
    given = exercise(probes=lambda: [(argument(),)])
    assert given.outcome(lambda a: 7) == [7]
    with pytest.raises(InputChangedError):
        given.outcome(lambda a: change(a))


def test_arguments_that_cannot_be_compared_are_not_held_against_anybody():
    given = exercise(probes=lambda: [(np.random.default_rng(0), len, float("nan"), None, 3)])
    assert given.outcome(lambda rng, f, x, y, z: int(rng.integers(5)) >= 0) == [True]


def test_an_answer_that_cannot_be_compared_is_just_wrong(planted):
    class Odd(np.ndarray):
        def __len__(self):
            raise RuntimeError

    planted()
    assert check("99.1", lambda v: v.view(Odd)).mistake == engine.OTHER


def test_an_unknown_exercise_lists_those_of_the_chapter():
    with pytest.raises(KeyError, match=r"no exercise '03.99'.*03.1, 03.2"):
        check("03.99", 1)
    with pytest.raises(KeyError, match=r"no exercise 'x'.*03.1"):
        find_exercise("x")


def test_feedback_for_a_terminal():
    assert repr(Feedback("03.1", True, "", "Good.")) == "Exercise 03.1: right. Good."
    assert repr(Feedback("03.1", False, "x", "No.")) == "Exercise 03.1: not yet. No."
    two = repr(Feedback("03.1", False, "x", "No.", "Look."))
    assert two == "Exercise 03.1: not yet. No.\nSecond hint: Look."


@pytest.mark.parametrize("ok", [True, False])
def test_feedback_for_a_page_is_escaped_and_does_not_speak_by_colour_alone(ok):
    text = "<script>alert('x')</script> & more"
    page = Feedback("03.1", ok, "", text, "<i>second</i>")._repr_html_()
    assert "<i>" not in page and "Second hint." in page
    assert "<script>" not in page and "&lt;script&gt;" in page and "&amp; more" in page
    assert ("right." in page) == ok and ("not yet." in page) != ok
    assert 'role="status"' in page
