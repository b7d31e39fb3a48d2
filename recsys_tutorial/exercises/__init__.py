"""Self-checking exercises and quizzes: ``check("03.2", answer)`` and ``show_quiz("03")``.

A check says whether an answer is right; if it is wrong it recognises the usual mistakes by name and
gives a hint, never the answer; a second wrong try brings a second hint.  ``progress()`` shows what
is solved.  Each chapter has a module here, `ch01`, `ch02` and so on.
"""

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
    "progress",
    "show_quiz",
]
