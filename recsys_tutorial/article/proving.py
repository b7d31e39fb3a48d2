"""Running the proof of an error: ``prove("B9")``, taught in chapter A1.

A proof computes: it runs what the article claims and what is right, on small data, and says
what it measured.  Three modules hold the proofs: `code_proofs` for part A, `theory` for part B,
`practice` for parts C to E.  Each has a dictionary ``PROOFS`` from the id to a function without
arguments that returns a `Proof`.
"""

from __future__ import annotations

import html
import importlib
from collections.abc import Callable
from dataclasses import dataclass

from recsys_tutorial.article.catalogue import find_erratum

MODULES = {
    "A": "code_proofs",
    "B": "theory",
    "C": "practice",
    "D": "practice",
    "E": "practice",
}


@dataclass(frozen=True)
class Proof:
    """What running the proof of an error has shown.

    Attributes
    ----------
    erratum : str
        Id of the error, for example ``"B9"``.
    shows : str
        The measured figures in one or two sentences.
    holds : bool
        Whether the measurement bears the error out.
    """

    erratum: str
    shows: str
    holds: bool

    def __repr__(self) -> str:
        """Return one line for a terminal."""
        return f"Erratum {self.erratum}: {self._mark()}. {self.shows}"

    def _repr_html_(self) -> str:
        """Return a box; words, not only colour, say whether the proof holds."""
        colour = "#2a7f62" if self.holds else "#a3541a"
        return (
            f'<div style="border-left:4px solid {colour};padding:.4em .8em;margin:.3em 0">'
            f"<strong>Erratum {html.escape(self.erratum)}: {self._mark()}.</strong> "
            f"{html.escape(self.shows)}</div>"
        )

    def _mark(self) -> str:
        return "the proof holds" if self.holds else "the proof does not hold"


def prove(erratum_id: str) -> Proof:
    """Run the proof of one error.

    Parameters
    ----------
    erratum_id : str
        Part and number, for example ``"B9"``.

    Returns
    -------
    Proof
        What was measured, and whether it bears the error out.  Some proofs of part A need
        TensorFlow.

    Raises
    ------
    KeyError
        If there is no such error.

    Examples
    --------
    >>> prove("B9").holds
    True
    """
    return _proofs(find_erratum(erratum_id).id)[erratum_id]()


def _proofs(erratum_id: str) -> dict[str, Callable[[], Proof]]:
    """Import the module of a part only when one of its proofs is asked for."""
    module = importlib.import_module(f"recsys_tutorial.article.{MODULES[erratum_id[0]]}")
    proofs: dict[str, Callable[[], Proof]] = module.PROOFS
    return proofs
