"""The large MovieLens sets, from the server of their owner: for those who have a network.

Chapters 16 and 17 and the page on the data name them; nothing in the course needs them.  GroupLens
allows their use for research and teaching, not their redistribution, so they do not travel with
the course.  Each file is compared with its SHA-256 before it is opened, so it does not matter
where it came from: a colleague's memory stick is as good as the server.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from recsys_tutorial.datasets.interactions import DataError, Interactions
from recsys_tutorial.datasets.shipped import load_movielens

SERVER = "https://files.grouplens.org/datasets/movielens"
# A read that brings nothing for so many seconds is given up; and tried once more.
PATIENCE = 30
TRIES_AFTER_THE_FIRST = 1
# What a killed download left behind may go once no living one can own it.
ABANDONED = 3600
GENRES_OF_100K = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime"),
    *("Documentary", "Drama", "Fantasy", "Film-Noir", "Horror", "Musical", "Mystery"),
    *("Romance", "Sci-Fi", "Thriller", "War", "Western"),
)


@dataclass(frozen=True)
class Release:
    """One file of GroupLens.

    Attributes
    ----------
    file : str
        Its name on the server.
    size : int
        Bytes.
    sha256 : str
        Its fingerprint.
    read : callable
        Reads the ratings and the films from the opened zip.
    """

    file: str
    size: int
    sha256: str
    read: Callable[[zipfile.ZipFile, str], tuple[pd.DataFrame, pd.DataFrame]]

    @property
    def folder(self) -> str:
        """Folder inside the zip."""
        return self.file.removesuffix(".zip")


def read_100k(archive: zipfile.ZipFile, folder: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read ``u.data`` (tabs) and ``u.item`` (bars, Latin-1, one column of 0 and 1 per genre).

    Parameters
    ----------
    archive : ZipFile
        The opened release.
    folder : str
        Folder inside it.

    Returns
    -------
    ratings : DataFrame
        ``user``, ``item``, ``rating``, ``timestamp`` (seconds).
    films : DataFrame
        ``item``, ``title`` with the year in brackets, ``genres`` joined by ``|``.
    """
    names = ["item", "title", "released", "on_video", "address", *GENRES_OF_100K]
    ratings = _table(archive, f"{folder}/u.data", "\t", ["user", "item", "rating", "timestamp"])
    films = _table(archive, f"{folder}/u.item", "|", names, encoding="latin-1")
    flags = films[list(GENRES_OF_100K[1:])].to_numpy() == 1
    films["genres"] = ["|".join(g for g, on in zip(GENRES_OF_100K[1:], row) if on) for row in flags]
    return ratings, films[["item", "title", "genres"]]


def read_1m(archive: zipfile.ZipFile, folder: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read ``ratings.dat`` and ``movies.dat``, whose columns stand between two colons.

    Parameters
    ----------
    archive, folder
        As in `read_100k`.

    Returns
    -------
    ratings, films
        As in `read_100k`.
    """
    # The fast parser knows separators of one character; every second column is then empty.
    names = ["user", "_1", "item", "_2", "rating", "_3", "timestamp"]
    ratings = _table(archive, f"{folder}/ratings.dat", ":", names)
    with archive.open(f"{folder}/movies.dat") as file:
        lines = file.read().decode("latin-1").splitlines()
    films = pd.DataFrame([line.split("::") for line in lines], columns=["item", "title", "genres"])
    films["item"] = films["item"].astype("int64")
    return ratings[["user", "item", "rating", "timestamp"]], films


def read_csv_release(archive: zipfile.ZipFile, folder: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read ``ratings.csv`` and ``movies.csv`` of the 25 and 32 million.

    Parameters
    ----------
    archive, folder
        As in `read_100k`.

    Returns
    -------
    ratings, films
        As in `read_100k`.
    """
    ours = {"userId": "user", "movieId": "item"}
    with archive.open(f"{folder}/ratings.csv") as file:
        ratings = pd.read_csv(file).rename(columns=ours)
    with archive.open(f"{folder}/movies.csv") as file:
        films = pd.read_csv(file, encoding="utf-8").rename(columns=ours)
    films["genres"] = films["genres"].replace("(no genres listed)", "")
    return ratings, films


# Sizes and SHA-256 as published with TensorFlow Datasets (100k, 1m, 25m); that of 32m belongs to
# the file of the published MD5 d472be332d4daa821edc399621853b57.
RELEASES = {
    "100k": Release(
        "ml-100k.zip",
        4_924_029,
        "50d2a982c66986937beb9ffb3aa76efe955bf3d5c6b761f4e3a7cd717c6a3229",
        read_100k,
    ),
    "1m": Release(
        "ml-1m.zip",
        5_917_549,
        "a6898adb50b9ca05aa231689da44c217cb524e7ebd39d264c56e2832f2c54e20",
        read_1m,
    ),
    "25m": Release(
        "ml-25m.zip",
        261_978_986,
        "8b21cfb7eb1706b4ec0aac894368d90acf26ebdfb6aced3ebd4ad5bd1eb9c6aa",
        read_csv_release,
    ),
    "32m": Release(
        "ml-32m.zip",
        238_950_008,
        "e4a68655d7386b8f95f2f2424b2ff975dfdd15ffd59e0d864a14dca43e99d6ee",
        read_csv_release,
    ),
}


def fetch_movielens(
    version: str = "100k",
    *,
    folder: str | Path | None = None,
    mirror: str | None = None,
    fallback: bool = False,
    progress: bool = True,
) -> Interactions:
    """Download one of GroupLens's MovieLens sets, once, and read it.

    Parameters
    ----------
    version : {"100k", "1m", "25m", "32m"}
        How many ratings.  The two large ones need about 6 GB of memory.
    folder : str or Path, optional
        Where the zip is kept, and looked for first; by default the cache folder of this computer.
    mirror : str, optional
        Address of a folder with a copy, for example ``http://teacher.local:8000``; the file is
        checked all the same.
    fallback : bool
        Give the shipped 100,004 ratings, with a warning, if the download fails.
    progress : bool
        Show a bar.

    Returns
    -------
    Interactions
        Ratings with times in seconds; items with ``title``, ``year`` and ``genres``.

    Raises
    ------
    DataError
        If there is no such version, the server cannot be reached or sends something else, the disk
        is full; with what to do.  A file that was there before is kept.

    Warns
    -----
    UserWarning
        If the shipped data stand in for the download.

    References
    ----------
    Harper and Konstan (2015), The MovieLens Datasets: History and Context. [harper2015movielens]

    Examples
    --------
    >>> fetch_movielens("2m")
    Traceback (most recent call last):
    ...
    recsys_tutorial.datasets.interactions.DataError: no MovieLens '2m'; there are 100k, 1m, 25m, 32m
    """
    release = _find(version)
    try:
        path = fetch_release(version, folder=folder, mirror=mirror, progress=progress)
    except DataError as error:
        if not fallback:
            raise
        import warnings

        warnings.warn(f"{error} The shipped MovieLens stands in for it.", stacklevel=2)
        return load_movielens()
    return read_release(path, release)


def fetch_release(
    version: str,
    *,
    folder: str | Path | None = None,
    mirror: str | None = None,
    progress: bool = True,
) -> Path:
    """Download a release unless it is there, and compare it with its SHA-256.

    Parameters
    ----------
    version, folder, mirror, progress
        As in `fetch_movielens`.

    Returns
    -------
    Path
        The zip.

    Raises
    ------
    DataError
        As in `fetch_movielens`.
    """
    import pooch
    import requests

    release = _find(version)
    if mirror is not None and not re.match("https?://[^/]", mirror):
        raise DataError(f"the mirror {mirror!r} is no address such as http://teacher.local:8000.")
    folder = Path(pooch.os_cache("recsys-tutorial") if folder is None else folder)
    # Its own news are for programmers; ours stand in the errors.
    pooch.get_logger().setLevel(logging.ERROR)
    kennel = pooch.create(
        folder,
        (mirror or SERVER).rstrip("/") + "/",
        registry={release.file: f"sha256:{release.sha256}"},
        retry_if_failed=TRIES_AFTER_THE_FIRST,
    )
    load = pooch.HTTPDownloader(progressbar=progress, timeout=PATIENCE)
    place = f"copy {release.file} into {folder} from elsewhere"
    try:
        _sweep(folder)
        return Path(kennel.fetch(release.file, downloader=load))
    except requests.exceptions.SSLError as error:
        why = f"the server's certificate is not valid ({_last_words(error)})"
        mend = f"nothing was taken from it. Try another day, or {place}: its content is checked."
    except requests.exceptions.HTTPError as error:
        why, mend = f"the server answers {error}", f"try later, or {place}."
    except requests.exceptions.RequestException as error:
        why = f"no answer, or not all of it ({_last_words(error)})"
        mend = f"connect (behind a proxy: set HTTPS_PROXY) and try again, or {place}."
    except ValueError as error:
        if "hash" not in str(error):
            raise
        why = "what came is not the file that was published"
        mend = f"a login page of the network, perhaps? Open {kennel.get_url(release.file)} in a"
        mend += f" browser, or {place}."
    except OSError as error:
        why = f"{folder} cannot be written ({error.strerror or error})"
        mend = f"free {release.size / 1e6:.0f} MB there, or name another folder."
    offline = " Without a network, load_movielens() has 100,004 ratings."
    raise DataError(f"MovieLens {version}: {why}; {mend}{offline}") from None


def read_release(path: Path, release: Release) -> Interactions:
    """Read a release that lies on this computer.

    Parameters
    ----------
    path : Path
        The zip.
    release : Release
        Which one it is.

    Returns
    -------
    Interactions
        As in `fetch_movielens`.

    Raises
    ------
    DataError
        If it is not such a zip.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            ratings, films = release.read(archive, release.folder)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise DataError(f"{path} is not {release.file}: {error}. Delete it, fetch again.") from None
    # "Toy Story (1995)": the course keeps titles and years apart.
    parts = films["title"].str.strip().str.extract(r"^(?P<title>.*?)\s*(?:\((?P<year>\d{4})\))?$")
    films = films.assign(title=parts["title"], year=pd.to_numeric(parts["year"]).astype("Int64"))
    films = films.sort_values("item")[["item", "title", "year", "genres"]].reset_index(drop=True)
    return Interactions.from_frame(ratings.astype({"rating": float}), films)


def write_tables(log: Interactions, folder: str | Path) -> tuple[Path, Path]:
    """Write a log as ``ratings.csv`` and ``items.csv``, each the old file or the new one, whole.

    Parameters
    ----------
    log : Interactions
        The log.
    folder : str or Path
        Where to; it is made.

    Returns
    -------
    ratings, items : Path
        The two files.

    Raises
    ------
    DataError
        If the folder cannot be written.
    """
    folder = Path(folder)
    tables = {"items": log.items, "ratings": log.events}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in tables.items():
            aside = folder / f".{name}.csv.part"
            table.to_csv(aside, index=False)
            os.replace(aside, folder / f"{name}.csv")
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror or error}.") from None
    return folder / "ratings.csv", folder / "items.csv"


def _find(version: str) -> Release:
    if version not in RELEASES:
        raise DataError(f"no MovieLens {version!r}; there are {', '.join(RELEASES)}")
    return RELEASES[version]


def _table(
    archive: zipfile.ZipFile, name: str, separator: str, columns: list[str], encoding: str = "utf-8"
) -> pd.DataFrame:
    with archive.open(name) as file:
        return pd.read_csv(
            file, sep=separator, header=None, names=columns, encoding=encoding, quoting=3
        )


def _sweep(folder: Path) -> None:
    """Take away what downloads left that were killed long ago."""
    for path in folder.glob("tmp*"):
        with contextlib.suppress(OSError):
            if path.is_file() and time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _last_words(error: BaseException) -> str:
    """Find the one phrase in a nest of exceptions that a reader can use."""
    text = str(error)
    for phrase, words in (
        ("certificate has expired", "expired"),
        ("local issuer", "signed by nobody whom this computer trusts"),
        ("self-signed", "self-signed"),
        ("self signed", "self-signed"),
        ("Hostname mismatch", "made for another name"),
        ("NameResolution", "its name is unknown here"),
        ("Name or service", "its name is unknown here"),
        ("refused", "connection refused"),
        ("timed out", f"nothing came for {PATIENCE} seconds"),
        ("IncompleteRead", "it broke off"),
        ("reset", "it broke off"),
        ("Too many redirects", "it sends in circles"),
        ("Exceeded 30 redirects", "it sends in circles"),
    ):
        if phrase in text:
            return words
    return type(error).__name__
