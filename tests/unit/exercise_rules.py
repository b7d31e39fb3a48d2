"""What a sound exercise and a sound quiz are.

The rules return complaints, so that tests can feed them something broken.
"""

from __future__ import annotations

import re
from numbers import Real
from typing import Any

import numpy as np

from recsys_tutorial.exercises import Exercise
from recsys_tutorial.exercises.engine import same

# A function that is right on six inputs, most of them generated, is hardly right by luck.
FEWEST_PROBES = 6
KINDS = {"predict", "write", "repair"}
NUMBER = re.compile(r"(?<![\w.])-?\d+(?:,\d{3})*(?:\.\d+)?")


def exercise_complaints(exercise: Exercise) -> list[str]:
    """List what is wrong with an exercise; an empty list is praise."""
    found = _form(exercise)
    try:
        right = exercise.right()
    except Exception as error:
        return [*found, f"the right answer stops with {error!r}"]
    outcomes: list[tuple[str, Any]] = [("the right answer", right)]
    for mistake in exercise.mistakes:
        try:
            outcome = exercise.wrong(mistake)
        except Exception as error:
            found.append(f"mistake '{mistake.name}' stops with {error!r}")
            continue
        alike = [name for name, other in outcomes if same(outcome, other, exercise.tolerance)]
        found += [f"mistake '{mistake.name}' looks like {name}" for name in alike]
        outcomes.append((f"mistake '{mistake.name}'", outcome))
    if exercise.probes is None:
        hints = [exercise.hint, exercise.nudge, *(m.hint for m in exercise.mistakes)]
        found += [f"a hint gives the answer away: {h}" for h in hints if gives_away(h, right[0])]
    return found


def _form(exercise: Exercise) -> list[str]:
    names = [mistake.name for mistake in exercise.mistakes]
    texts = [exercise.hint, exercise.nudge, *(mistake.hint for mistake in exercise.mistakes)]
    n_probes = FEWEST_PROBES if exercise.probes is None else len(exercise.probes())
    rules = {
        "the id is not of the form NN.n": re.fullmatch(r"\d\d\.\d+|A\d\.\d+", exercise.id),
        f"the kind must be one of {sorted(KINDS)}": exercise.kind in KINDS,
        "there are fewer than three mistakes": len(names) >= 3,
        "two mistakes have one name": len(set(names)) == len(names),
        "a mistake has no name": all(name.strip() for name in names),
        "the title is empty": exercise.title.strip(),
        "a hint is empty or does not end a sentence": all(
            t.strip()[-1:] in ".?)" and t for t in texts
        ),
        "the second hint repeats the first": exercise.hint != exercise.nudge,
        f"there are fewer than {FEWEST_PROBES} probes": n_probes >= FEWEST_PROBES,
        "the tolerance is not a small positive number": 0 <= exercise.tolerance < 0.1,
    }
    return [complaint for complaint, kept in rules.items() if not kept]


def gives_away(hint: str, answer: Any) -> bool:
    """Whether a hint contains the answer: its number, rounded or not, or its words."""
    if isinstance(answer, bool | np.bool_) or answer is None:
        return False
    if isinstance(answer, Real):
        return any(_gives_number_away(token, float(answer)) for token in NUMBER.findall(hint))
    if isinstance(answer, str):
        return re.search(rf"\b{re.escape(answer.strip())}\b", hint, re.IGNORECASE) is not None
    if isinstance(answer, dict):
        return len(answer) > 0 and all(gives_away(hint, value) for value in answer.values())
    values = list(np.ravel(np.array(list(answer), dtype=object))) if np.iterable(answer) else []
    return len(values) > 0 and all(gives_away(hint, value) for value in values)


def _gives_number_away(token: str, answer: float) -> bool:
    number, places = float(token.replace(",", "")), len(token.partition(".")[2])
    # "0.2" gives 0.1987 away and "36" gives 36.4 away, but "a number between 0 and 1" does not.
    telling = places > 0 or answer == round(answer) or abs(number) >= 10
    return telling and number == round(answer, places)


ANSWER_KEYS = {
    "multiple_choice": {"answer", "correct", "feedback", "code"},
    "many_choice": {"answer", "correct", "feedback", "code"},
    "numeric": {"type", "value", "range", "correct", "feedback"},
}


def quiz_complaints(questions: list[dict[str, Any]]) -> list[str]:
    """List what is wrong with a quiz; an empty list is praise."""
    found = [] if len(questions) >= 4 else ["fewer than four questions"]
    texts = [question.get("question") for question in questions]
    if len(set(texts)) < len(texts):
        found.append("a question is asked twice")
    for number, question in enumerate(questions, start=1):
        found += [f"question {number}: {complaint}" for complaint in _question(question)]
    return found


def _question(question: dict[str, Any]) -> list[str]:
    kind, answers = question.get("type"), question.get("answers", [])
    if kind not in ANSWER_KEYS:
        return [f"type {kind!r} is not one of {sorted(ANSWER_KEYS)}"]
    found = [f"{key} is not a key of jupyterquiz" for key in question if key not in QUESTION_KEYS]
    if not str(question.get("question", "")).strip():
        found.append("no text")
    if len(answers) < 2:
        found.append("fewer than two answers")
    right = sum(answer.get("correct") is True for answer in answers)
    if right < 1 or (kind == "multiple_choice" and right > 1):
        found.append(f"{right} right answers")
    options = [str(answer.get("answer", answer)) for answer in answers]
    if len(set(options)) < len(options):
        found.append("an answer stands twice")
    for answer in answers:
        found += _answer(answer, kind)
    return found


QUESTION_KEYS = {"question", "type", "answers", "code", "precision", "answer_cols"}


def _answer(answer: dict[str, Any], kind: str) -> list[str]:
    name = answer.get("answer", answer.get("value", answer.get("range", "default")))
    found = [f"{k} is not a key of an answer" for k in answer if k not in ANSWER_KEYS[kind]]
    if not isinstance(answer.get("feedback"), str) or len(answer["feedback"].strip()) < 10:
        found.append(f"answer {name!r} has no explanation")
    if kind == "numeric":
        if answer.get("type") not in ("value", "range", "default"):
            found.append(f"answer {name!r} has no type")
        if answer.get("type") != "default" and not isinstance(answer.get("correct"), bool):
            found.append(f"answer {name!r} is neither right nor wrong")
    elif not isinstance(answer.get("correct"), bool):
        found.append(f"answer {name!r} is neither right nor wrong")
    elif not str(answer.get("answer", "")).strip():
        found.append("an answer has no text")
    return found
