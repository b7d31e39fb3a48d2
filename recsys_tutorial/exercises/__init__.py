"""Self-checking exercises and quizzes: ``check("03.2", answer)`` and ``show_quiz("03")``.

A check says whether an answer is right; if it is wrong it recognises the usual mistakes by name and
gives a hint, never the answer; a second wrong try brings a second hint.  ``progress()`` shows what
is solved.  Each chapter has a module here, `ch01`, `ch02` and so on.  ``own_data("class.csv")``
gives variants of the exercises on a table of one's own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from recsys_tutorial.exercises.engine import (
    Exercise,
    Feedback,
    Mistake,
    all_exercises,
    check,
    find_exercise,
)
from recsys_tutorial.exercises.progress import Progress, forget_progress, progress
from recsys_tutorial.exercises.quiz import load_quiz, show_quiz

if TYPE_CHECKING:
    from recsys_tutorial.exercises.own import own_data

__all__ = [
    "Exercise",
    "Feedback",
    "Mistake",
    "Progress",
    "all_exercises",
    "check",
    "find_exercise",
    "forget_progress",
    "load_quiz",
    "own_data",
    "progress",
    "show_quiz",
]


def __getattr__(name: str) -> Any:
    # Chapters check exercises in their first minute; only classes with a table wait for the rest.
    if name == "own_data":
        from recsys_tutorial.exercises.own import own_data

        return own_data
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
