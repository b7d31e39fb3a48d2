"""The shipped data: what is promised about them, and that a changed file is refused."""

import gzip
import hashlib

import pytest

from recsys_tutorial.datasets import DataError, data_folder, load_insteval, shipped

GENRES = {
    *("Action", "Adventure", "Animation", "Children", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "IMAX", "Musical", "Mystery", "Romance", "Sci-Fi"),
    *("Thriller", "War", "Western"),
}


def test_movielens_has_the_published_size(movielens):
    assert (movielens.n_events, movielens.n_users, movielens.n_items) == (100_004, 671, 9066)
    assert movielens.has_time


def test_movielens_ratings_are_half_stars(movielens):
    ratings = movielens.events["rating"]
    assert ratings.min() == 0.5 and ratings.max() == 5.0
    assert ((ratings * 2) % 1 == 0).all()


def test_every_movielens_user_rated_twenty_films(movielens):
    assert movielens.events.groupby("user").size().min() >= 20


def test_every_genre_is_known(movielens):
    assert set("|".join(movielens.items["genres"]).split("|")) - {""} == GENRES


def test_every_film_can_be_told_apart(movielens):
    titles = movielens.items["title"]
    assert titles.notna().all() and (titles.str.strip() != "").all()
    assert movielens.items["item"].is_unique
    years = movielens.items["year"].dropna()
    assert years.between(1900, 2016).all() and len(years) > 9000


def test_movielens_is_sorted_by_user_and_time(movielens):
    events = movielens.events
    again = events.sort_values(["user", "timestamp", "item"])
    assert again.index.is_monotonic_increasing


def test_insteval_has_the_published_size():
    marks = load_insteval()
    assert (marks.n_events, marks.n_users, marks.n_items) == (73_421, 2972, 1128)
    assert not marks.has_time
    assert set(marks.events["rating"]) == {1, 2, 3, 4, 5}
    assert marks.items["department"].between(1, 15).all()
    assert marks.items["item"].is_unique


def test_every_lecturer_of_insteval_has_one_department():
    # `load_insteval` keeps the first; that is only right as long as there is no second.
    raw = shipped.read_checked("insteval/ratings.csv.gz")
    assert raw.groupby("item")["department"].nunique().eq(1).all()


def test_every_shipped_file_matches_its_sum():
    folder = data_folder()
    lines = (folder / "SHA256SUMS").read_text(encoding="utf-8").splitlines()
    listed = {path: digest for digest, path in (line.split("  ") for line in lines)}
    names = [*folder.rglob("*.*z"), *folder.rglob("*.csv")]
    found = {p.relative_to(folder).as_posix() for p in names}
    assert set(listed) == found and len(found) == 10
    for path, digest in listed.items():
        assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest


@pytest.fixture
def own_folder(tmp_path):
    """Make a data folder of one table, with the line ends of Windows in the list of sums."""
    packed = gzip.compress(b"user,item\n1,2\n")
    (tmp_path / "t.csv.gz").write_bytes(packed)
    (tmp_path / "SHA256SUMS").write_bytes(
        f"{hashlib.sha256(packed).hexdigest()}  t.csv.gz\r\n".encode()
    )
    return tmp_path


def test_a_table_is_read_when_its_sum_is_right(own_folder):
    assert shipped.read_checked("t.csv.gz", own_folder).to_numpy().tolist() == [[1, 2]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(path.read_bytes() + b"\0"),
        lambda path: path.write_bytes(gzip.compress(b"user,item\n1,3\n")),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
    ],
)
def test_a_changed_or_missing_table_is_refused(own_folder, spoil):
    spoil(own_folder / "t.csv.gz")
    with pytest.raises(DataError, match=r"t\.csv\.gz is missing or was changed.*git checkout"):
        shipped.read_checked("t.csv.gz", own_folder)


def test_an_unknown_table_lists_the_known_ones(own_folder):
    with pytest.raises(DataError, match="'x' is not a shipped file.*t.csv.gz"):
        shipped.read_checked("x", own_folder)


def test_a_package_without_data_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "__file__", str(tmp_path / "a" / "b" / "c.py"))
    with pytest.raises(DataError, match="No shipped data.*Install"):
        data_folder()


def test_loading_twice_gives_separate_tables(movielens):
    from recsys_tutorial.datasets import load_movielens

    assert load_movielens().events is not movielens.events
