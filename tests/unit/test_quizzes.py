"""Quizzes: enough questions, one right answer, every option explained; and the rules bite."""

import copy
import json
import sys
from pathlib import Path

import pytest

from recsys_tutorial.exercises import load_quiz, quiz, show_quiz
from tests.unit.exercise_rules import quiz_complaints

NOTEBOOKS = sorted(
    p.name.split("_")[0] for p in Path(__file__).parents[2].glob("notebooks/*.ipynb")
)
QUIZZES = sorted(path.stem for path in quiz.FOLDER.glob("*.json"))


@pytest.mark.parametrize("chapter", NOTEBOOKS)
def test_every_chapter_has_a_sound_quiz(chapter):
    assert quiz_complaints(load_quiz(chapter)) == []


def test_every_quiz_belongs_to_a_chapter():
    assert QUIZZES == NOTEBOOKS


def telling(questions) -> list[str]:
    """What gives a right answer away to somebody who read none, or keeps her from reading it."""
    choices = [q["answers"] for q in questions if q["type"] == "multiple_choice"]
    places = {[answer["correct"] for answer in answers].index(True) for answers in choices}
    longest = [max(a, key=lambda answer: len(answer["answer"]))["correct"] for a in choices]
    rules = {
        "the right answer is always in the same place": len(places) > 1,
        "the right answer is always the longest": not all(longest),
        # The colour that jupyterquiz gives to "choose all" leaves 3.06 to 1; letters need 4.5.
        "a ground without contrast": all(q["type"] != "many_choice" for q in questions),
    }
    return [complaint for complaint, kept in rules.items() if not kept]


@pytest.mark.parametrize("chapter", QUIZZES)
def test_a_quiz_tells_nothing_by_its_looks(chapter):
    assert telling(load_quiz(chapter)) == []


def test_an_unknown_chapter_lists_those_with_a_quiz():
    with pytest.raises(KeyError, match=r"no quiz for chapter '77'.*03"):
        load_quiz("77")
    with pytest.raises(KeyError, match="no quiz"):
        show_quiz("../../x")


# ------------------------------------------------------------------ showing


def test_a_quiz_is_shown_by_jupyterquiz(monkeypatch):
    jupyterquiz = pytest.importorskip("jupyterquiz")
    shown = []
    monkeypatch.setattr(jupyterquiz, "display_quiz", lambda *a, **k: shown.append((a, k)))
    show_quiz("03")
    ((questions,), options) = shown[0]
    assert questions == load_quiz("03")
    # The colours are those whose contrast the tests of the website measure.
    assert options == {"shuffle_answers": False, "colors": "fdsp"}


def test_no_other_mathjax_is_loaded(monkeypatch):
    """In JupyterLab jupyterquiz would fetch one, if MathJax has no function `typeset`."""
    display = pytest.importorskip("IPython.display")
    jupyterquiz = pytest.importorskip("jupyterquiz")
    shown = []
    monkeypatch.setattr(display, "display", shown.append)
    monkeypatch.setattr(jupyterquiz, "display_quiz", lambda *a, **k: shown.append("the quiz"))
    show_quiz("03")
    script, then = shown
    assert "MathJax.typeset = function" in script.data and then == "the quiz"


def test_questions_are_read_as_utf_8_on_every_computer(monkeypatch):
    encodings, read_text = [], Path.read_text

    def noting(path, encoding=None, *more):
        encodings.append(encoding)
        return read_text(path, encoding or "utf-8", *more)

    monkeypatch.setattr(Path, "read_text", noting)
    load_quiz("03")
    assert encodings == ["utf-8"]


def test_jupyterquiz_takes_every_question(monkeypatch):
    pytest.importorskip("jupyterquiz")
    dynamic = pytest.importorskip("jupyterquiz.dynamic")
    pages = []
    monkeypatch.setattr(
        dynamic, "display", lambda *objects, **_: pages.extend(objects), raising=False
    )
    for chapter in QUIZZES:
        show_quiz(chapter)


def test_a_missing_jupyterquiz_is_named_with_the_mend(monkeypatch):
    monkeypatch.setitem(sys.modules, "jupyterquiz", None)
    with pytest.raises(ImportError, match="%pip install jupyterquiz"):
        show_quiz("03")


# ------------------------------------------------------------------ the rules can fail


def broken(change) -> list[dict]:
    questions = copy.deepcopy(load_quiz("03"))
    change(questions)
    return questions


def remove(key):
    return lambda quiz: quiz[1]["answers"][0].pop(key)


def all_right(quiz):
    for answer in quiz[0]["answers"]:
        answer["correct"] = True


def none_right(quiz):
    for answer in quiz[0]["answers"]:
        answer["correct"] = False


NUMERIC = {
    "question": "How many centres?",
    "type": "numeric",
    "answers": [
        {"type": "value", "value": 3, "correct": True, "feedback": "Right, one each."},
        {"type": "default", "feedback": "Count the groups once more."},
    ],
}

BROKEN = {
    "few questions": (lambda q: q.__delitem__(slice(3, None)), "fewer than four"),
    "twice the same": (lambda q: q.append(q[0]), "asked twice"),
    "no text": (lambda q: q[0].update(question=" "), "question 1: no text"),
    "no feedback": (remove("feedback"), "question 2: answer .* has no explanation"),
    "empty feedback": (lambda q: q[0]["answers"][1].update(feedback=""), "has no explanation"),
    "no verdict": (remove("correct"), "neither right nor wrong"),
    "verdict in words": (lambda q: q[0]["answers"][1].update(correct="no"), "neither right"),
    "two right": (all_right, "question 1: 3 right answers"),
    "none right": (none_right, "question 1: 0 right answers"),
    "one answer": (lambda q: q[0]["answers"].__delitem__(slice(1, None)), "fewer than two"),
    "no answer's text": (remove("answer"), "has no text"),
    "same answer twice": (lambda q: q[0]["answers"].append(q[0]["answers"][1]), "stands twice"),
    "unknown type": (lambda q: q[0].update(type="essay"), "type 'essay'"),
    "no type": (lambda q: q[0].pop("type"), "type None"),
    "misspelt key": (lambda q: q[0].update(anwsers=[]), "anwsers is not a key"),
    "misspelt answer": (lambda q: q[0]["answers"][0].update(feedbak="x"), "feedbak is not a key"),
    "numeric without type": (
        lambda q: q.append(copy.deepcopy(NUMERIC)) or q[-1]["answers"][1].pop("type"),
        "has no type",
    ),
    "numeric without verdict": (
        lambda q: q.append(copy.deepcopy(NUMERIC)) or q[-1]["answers"][0].pop("correct"),
        "neither right nor wrong",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_quiz_is_noticed(name):
    import re

    change, complaint = BROKEN[name]
    found = quiz_complaints(broken(change))
    assert any(re.search(complaint, text) for text in found), found


def right_first(quiz):
    for question in quiz:
        question["answers"].sort(key=lambda answer: not answer["correct"])


def right_longest(quiz):
    for question in quiz:
        for answer in question["answers"]:
            answer["answer"] = "x" * (9 if answer["correct"] else 3)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (right_first, "the right answer is always in the same place"),
        (right_longest, "the right answer is always the longest"),
        (lambda q: q[0].update(type="many_choice"), "a ground without contrast"),
    ],
)
def test_a_telling_quiz_is_noticed(change, complaint):
    assert telling(broken(change)) == [complaint]


def test_a_numeric_question_is_welcome():
    assert quiz_complaints(broken(lambda q: q.append(NUMERIC))) == []


def test_the_files_are_plain_utf8():
    for path in quiz.FOLDER.glob("*.json"):
        text = path.read_text(encoding="utf-8")
        assert json.loads(text) and "\t" not in text and "\\u" not in text
