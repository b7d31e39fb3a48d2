"""Quizzes with an explanation of every option.

The questions are JSON files beside this module, so that an edition in another language can replace
them without touching a notebook.  jupyterquiz draws them; no kernel and no network is needed
afterwards.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "quizzes"
# JupyterLab's MathJax has no `typeset`, and jupyterquiz would then load another one from the
# network, although no question holds a formula.
STAY_HERE = "if (window.MathJax && !MathJax.typeset) MathJax.typeset = function () {};"


def load_quiz(chapter: str) -> list[dict[str, Any]]:
    """Read the questions of a chapter.

    Parameters
    ----------
    chapter : str
        Two digits, for example ``"03"``.

    Returns
    -------
    list of dict
        Questions in jupyterquiz's format.

    Raises
    ------
    KeyError
        If the chapter has no quiz.

    Examples
    --------
    >>> len(load_quiz("03")) >= 4
    True
    """
    path = FOLDER / f"{chapter}.json"
    if not path.exists():
        known = ", ".join(sorted(p.stem for p in FOLDER.glob("*.json")))
        raise KeyError(f"There is no quiz for chapter {chapter!r}. There are: {known}.")
    return json.loads(path.read_text(encoding="utf-8"))


def show_quiz(chapter: str) -> None:
    """Show the quiz of a chapter below the cell.

    Parameters
    ----------
    chapter : str
        Two digits, for example ``"03"``.

    Raises
    ------
    KeyError
        If the chapter has no quiz.
    ImportError
        If jupyterquiz is missing, with the command that installs it.
    """
    questions = load_quiz(chapter)
    try:
        from IPython.display import Javascript, display
        from jupyterquiz import display_quiz
    except ImportError as error:
        raise ImportError("The quiz needs jupyterquiz: %pip install jupyterquiz") from error
    display(Javascript(STAY_HERE))
    display_quiz(questions, shuffle_answers=False, colors="fdsp")
