"""What a learner has tried and solved, for ``exercises.progress()`` at the end of each chapter.

The record lives in the running kernel and nowhere else: nobody is watched, nothing is written to
disk unless the learner asks for it with ``keep``.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass, field
from pathlib import Path

from recsys_tutorial.datasets import DataError


@dataclass
class Tries:
    """Tries at one exercise.

    Attributes
    ----------
    count : int
        Wrong tries so far; the first right one stops the count.
    solved : bool
        Whether a right answer has been given, now or before.
    """

    count: int = 0
    solved: bool = False


@dataclass
class Record:
    """The tries at all exercises in this kernel.

    Attributes
    ----------
    tries : dict of str to Tries
        By id of the exercise.
    file : Path or None
        Where the record is kept, if the learner asked for it.
    """

    tries: dict[str, Tries] = field(default_factory=dict)
    file: Path | None = None

    def add(self, exercise_id: str, ok: bool) -> int:
        """Count an answer.

        Parameters
        ----------
        exercise_id : str
            Chapter and number.
        ok : bool
            Whether the answer is right.

        Returns
        -------
        int
            Wrong tries since the start or since the last right answer.
        """
        mine = self.tries.setdefault(exercise_id, Tries())
        # After a right answer the count begins anew: whoever experiments gets the gentle hint.
        mine.count = 0 if ok else mine.count + 1
        mine.solved = mine.solved or ok
        if self.file is not None:
            self.save(self.file)
        return mine.count

    def save(self, file: Path) -> None:
        """Write the record as JSON.

        Parameters
        ----------
        file : Path
            Where to.
        """
        content = {i: {"count": t.count, "solved": t.solved} for i, t in self.tries.items()}
        # Whole or not at all: a kernel may be stopped at any moment.
        draft = file.with_name(file.name + ".new")
        draft.write_text(json.dumps(content, indent=1), encoding="utf-8")
        draft.replace(file)

    def load(self, file: Path) -> None:
        """Add what a file holds; what is solved here stays solved.

        Parameters
        ----------
        file : Path
            Where from.

        Raises
        ------
        DataError
            If the file is not such a record.
        """
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            loaded = {i: Tries(int(t["count"]), bool(t["solved"])) for i, t in content.items()}
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise DataError(
                f"{file} is not a record of progress. Choose another file name, or delete it."
            ) from error
        for exercise_id, old in loaded.items():
            mine = self.tries.setdefault(exercise_id, old)
            mine.solved = mine.solved or old.solved


RECORD = Record()


@dataclass(frozen=True)
class Progress:
    """What is solved, tried and untouched.

    Attributes
    ----------
    rows : tuple of (str, str, str)
        Id, title and state of each exercise.
    """

    rows: tuple[tuple[str, str, str], ...]

    @property
    def solved(self) -> int:
        """Number of exercises solved."""
        return sum(state == "solved" for _, _, state in self.rows)

    @property
    def summary(self) -> str:
        """One sentence."""
        return f"{self.solved} of {len(self.rows)} exercises solved."

    def __repr__(self) -> str:
        """Return a table for a terminal."""
        lines = [f"{i:6s} {state:12s} {title}" for i, title, state in self.rows]
        return "\n".join([self.summary, *lines])

    def _repr_html_(self) -> str:
        """Return a table; the state is a word, not only a colour."""
        rows = "".join(
            f"<tr><td>{i}</td><td>{html.escape(title)}</td><td>{state}</td></tr>"
            for i, title, state in self.rows
        )
        head = "<tr><th>exercise</th><th>title</th><th>state</th></tr>"
        return (
            f'<div role="status"><p><strong>{self.summary}</strong></p>'
            f"<table><thead>{head}</thead><tbody>{rows}</tbody></table></div>"
        )


def progress(chapter: str | None = None, *, keep: str | Path | None = None) -> Progress:
    """Show which exercises are solved, tried, or still waiting.

    Parameters
    ----------
    chapter : str, optional
        Chapter, for example ``"03"``.  By default all chapters that have been tried.
    keep : str or Path, optional
        A file that remembers the record from one session to the next: it is read now if it
        exists, and written after every check from now on.

    Returns
    -------
    Progress
        One row per exercise; shown as a table in a notebook.

    Raises
    ------
    KeyError
        If there is no such chapter; the message lists the chapters.
    DataError
        If `keep` is a file of another kind.

    Examples
    --------
    >>> forget_progress()
    >>> progress("03").summary
    '0 of ... exercises solved.'
    """
    from recsys_tutorial.exercises.engine import all_exercises

    if keep is not None:
        _keep_in(Path(keep))
    exercises = all_exercises()
    chapters = list(dict.fromkeys(e.id.split(".")[0] for e in exercises))
    if chapter is not None and chapter not in chapters:
        raise KeyError(f"There is no chapter {chapter!r}. There are: {', '.join(chapters)}.")
    wanted = {chapter} if chapter else {i.split(".")[0] for i in RECORD.tries} or set(chapters)
    return Progress(
        tuple((e.id, e.title, _state(e.id)) for e in exercises if e.id.split(".")[0] in wanted)
    )


def _keep_in(file: Path) -> None:
    # Read first: a file of another kind must not be overwritten.
    if file.exists():
        RECORD.load(file)
    RECORD.save(file)
    RECORD.file = file


def _state(exercise_id: str) -> str:
    mine = RECORD.tries.get(exercise_id)
    if mine is None:
        return "waiting"
    return "solved" if mine.solved else f"tried ({mine.count})"


def forget_progress() -> None:
    """Start anew: forget all tries in this kernel; a kept file stays as it is.

    Examples
    --------
    >>> forget_progress()
    >>> progress().solved
    0
    """
    RECORD.tries.clear()
    RECORD.file = None
