"""The data sets that travel with the course: real users, read without a network.

Taught in chapters 1 and 14.  The files lie in ``data/`` beside a card that says where they come
from and what may be done with them; each is compared with its SHA-256 before it is used.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd

from recsys_tutorial.datasets.interactions import DataError, Interactions


def data_folder() -> Path:
    """Find the folder with the shipped data: in the wheel, or beside the package in a clone.

    Returns
    -------
    Path
        A folder that holds ``SHA256SUMS``.

    Raises
    ------
    DataError
        If the data are not there.

    Examples
    --------
    >>> (data_folder() / "movielens" / "ratings.csv.gz").exists()
    True
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "data", package.parent / "data"):
        if (folder / "SHA256SUMS").exists():
            return folder
    raise DataError(f"No shipped data beside {package}. Install the package again.")


def checked_path(name: str, folder: Path | None = None) -> Path:
    """Find one shipped file and compare it with its SHA-256.

    Parameters
    ----------
    name : str
        Path below the data folder, for example ``"movielens/ratings.csv.gz"``.
    folder : Path, optional
        The data folder; by default the shipped one.

    Returns
    -------
    Path
        The file, unchanged since it was shipped.

    Raises
    ------
    DataError
        If the file is unknown, missing or changed.
    """
    folder = data_folder() if folder is None else folder
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    sums = {path: digest for digest, _, path in (line.partition("  ") for line in lines if line)}
    if name not in sums:
        raise DataError(f"'{name}' is not a shipped file. There are: {', '.join(sorted(sums))}.")
    path = folder / name
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest() != sums[name]:
        raise DataError(f"{path} is missing or was changed. Restore it: git checkout -- data")
    return path


def read_checked(name: str, folder: Path | None = None) -> pd.DataFrame:
    """Read one shipped table after comparing the file with its SHA-256.

    Parameters
    ----------
    name, folder
        As in `checked_path`.

    Returns
    -------
    DataFrame
        The table.

    Raises
    ------
    DataError
        If the file is unknown, missing or changed.

    Examples
    --------
    >>> read_checked("movielens/ratings.csv.gz").shape
    (100004, 4)
    """
    return pd.read_csv(checked_path(name, folder))


def load_movielens() -> Interactions:
    """Load MovieLens latest-small (2016): 100,004 ratings of 9,066 films by 671 people.

    Returns
    -------
    Interactions
        Ratings from 0.5 to 5 stars; items with ``title``, ``year`` and ``genres``.

    References
    ----------
    Harper and Konstan (2015), The MovieLens Datasets: History and Context. [harper2015movielens]

    Examples
    --------
    >>> movielens = load_movielens()
    >>> movielens.n_users, movielens.n_items, movielens.n_events
    (671, 9066, 100004)
    """
    films = read_checked("movielens/movies.csv.gz")
    films["year"] = films["year"].astype("Int64")
    # Five films have no title upstream; a reader must still be able to tell them apart.
    films["title"] = films["title"].fillna("(film " + films["item"].astype(str) + ", no title)")
    films["genres"] = films["genres"].fillna("")
    return Interactions.from_frame(read_checked("movielens/ratings.csv.gz"), films)


def load_insteval() -> Interactions:
    """Load InstEval: 73,421 marks given by 2,972 students to 1,128 lecturers at ETH Zurich.

    Returns
    -------
    Interactions
        Marks from 1 to 5, without times; each item (a lecturer) has a ``department`` in place of
        genres, from 1 to 15.

    References
    ----------
    The data set ``InstEval`` of the R package lme4 (Bates, Mächler, Bolker and Walker 2015).

    Examples
    --------
    >>> insteval = load_insteval()
    >>> insteval.n_users, insteval.n_items, insteval.has_time
    (2972, 1128, False)
    """
    marks = read_checked("insteval/ratings.csv.gz")
    lecturers = marks[["item", "department"]].drop_duplicates("item").sort_values("item")
    lecturers = lecturers.assign(
        title="lecturer " + lecturers["item"].astype(str),
        genres="department " + lecturers["department"].astype(str),
    )
    return Interactions.from_frame(marks, lecturers.reset_index(drop=True), timestamp=None)
