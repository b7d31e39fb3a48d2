"""Saved recommenders: equal scores after a round trip, and clear words about damage."""

import io
import json
import zipfile

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.exceptions import NotFittedError

from recsys_tutorial.datasets import DataError
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import (
    EASE,
    CappedRecommender,
    ClusterEASE,
    ClusterEnsemble,
    ClusterPopularity,
    ContentRecommender,
    FriendsOfFriends,
    Fusion,
    GroupPopularity,
    GuardedRecommender,
    ItemKNN,
    KnowledgeRecommender,
    MixtureModel,
    Popularity,
    SoftClusterPopularity,
    UserKNN,
    load_recommender,
    save_recommender,
    saving,
)
from recsys_tutorial.recommenders.saving import KINDS, _sha256, _sum_of


def matrix_of(users, items, seed=0):
    seen = np.random.default_rng(seed).random((len(users), len(items))) < 0.4
    values = sparse.csr_array(seen.astype(float))
    return UserItemMatrix(values, pd.Index(users), pd.Index(items))


SMALL = matrix_of(list(range(10, 30)), [f"item {i} é" for i in range(12)])
TIES = matrix_of(list(range(10, 30)), list(range(10, 30)))
NO_NEWCOMERS = (GroupPopularity, GuardedRecommender, CappedRecommender, FriendsOfFriends)
VECTORS = pd.DataFrame(
    np.random.default_rng(2).random((12, 3)), index=SMALL.items, columns=["dark", "old", "short"]
)
ALLOWED = np.random.default_rng(3).random((20, 12)) < 0.7
EVERY = [
    Popularity(),
    ClusterPopularity(3, n_factors=4),
    ClusterPopularity(3, features=np.random.default_rng(1).random((20, 2))),
    SoftClusterPopularity(3, n_factors=4),
    GroupPopularity([0, 1] * 10),
    GroupPopularity(np.arange(20) % 3 - 1),
    ClusterEnsemble((2, 3), n_repeats=2, n_factors=4),
    MixtureModel(2, n_repeats=2, n_iter=3, n_factors=3),
    ItemKNN(4),
    UserKNN(4),
    EASE(3, form="primal"),
    EASE(3, form="dual"),
    ClusterEASE(3, n_clusters=(2, 3), n_repeats=2, n_factors=4),
    ClusterEASE(3, features=np.random.default_rng(1).random((20, 2)), form="dual"),
    ClusterEASE(3, cluster_weight=0),
    ContentRecommender(VECTORS),
    KnowledgeRecommender(VECTORS > 0.5, strength=2.0),
    Fusion([Popularity(), ContentRecommender(VECTORS)], weights=[1, 2.5]),
    Fusion((ItemKNN(4), Fusion([EASE(3), Popularity()])), method="ranks"),
    GuardedRecommender(Popularity(), ALLOWED[0]),
    GuardedRecommender(ItemKNN(4).fit(SMALL), ALLOWED, ALLOWED & (np.arange(12) < 3)),
    CappedRecommender(Popularity(), ["a", "b", "c"] * 4, at_most=1),
    CappedRecommender(GuardedRecommender(ItemKNN(4), ALLOWED), np.arange(12) % 5, at_most=2),
    FriendsOfFriends(),
]


@pytest.mark.parametrize("model", EVERY, ids=lambda m: type(m).__name__)
def test_a_round_trip_changes_nothing(model, tmp_path):
    model.fit(TIES if isinstance(model, FriendsOfFriends) else SMALL)
    again = load_recommender(save_recommender(model, tmp_path / "new" / "folder"))
    assert type(again) is type(model)
    assert repr(again.get_params(deep=False)) == repr(model.get_params(deep=False))
    np.testing.assert_array_equal(again.scores(), model.scores())
    pd.testing.assert_frame_equal(again.recommend([12, 29], k=4), model.recommend([12, 29], k=4))
    assert set(vars(again)) == set(vars(model))
    if not isinstance(model, NO_NEWCOMERS) and getattr(model, "features", None) is None:
        people = matrix_of([1, 2], SMALL.items, seed=5)
        np.testing.assert_array_equal(again.score_histories(people), model.score_histories(people))


def test_every_recommender_can_be_saved():
    assert {type(model).__name__ for model in EVERY} == set(KINDS)


@pytest.mark.parametrize(
    "ids", [[1, 2, 3], [0.5, 1.5, 2.5], ["a", "b", "c"]], ids=["int", "float", "text"]
)
def test_ids_keep_their_kind(ids, tmp_path):
    model = Popularity().fit(matrix_of(ids, ids))
    again = load_recommender(save_recommender(model, tmp_path))
    pd.testing.assert_index_equal(again.matrix_.users, model.matrix_.users)
    pd.testing.assert_index_equal(again.matrix_.items, model.matrix_.items)


def test_numbers_of_numpy_become_numbers(tmp_path):
    """Who takes a parameter from an array has one of these, and JSON has none."""
    model = ItemKNN(np.int64(4)).fit(SMALL)
    model.threshold_ = np.float32(0.25)
    again = load_recommender(save_recommender(model, tmp_path))
    assert (again.n_neighbors, again.threshold_) == (4, 0.25)
    np.testing.assert_array_equal(again.scores(), model.scores())


def test_saving_again_replaces(tmp_path):
    save_recommender(ClusterPopularity(2, n_factors=3).fit(SMALL), tmp_path)
    save_recommender(Popularity().fit(SMALL), tmp_path)
    assert isinstance(load_recommender(tmp_path), Popularity)
    assert {path.name for path in tmp_path.iterdir()} == {"model.json", "arrays.npz"}


def test_what_cannot_be_saved_is_refused(tmp_path):
    class Strange(Popularity):
        """Not in the list."""

    with pytest.raises(TypeError, match="Cannot save a Strange"):
        save_recommender(Strange().fit(SMALL), tmp_path)
    with pytest.raises(TypeError, match="Cannot save a Strange"):
        save_recommender(Fusion([Strange()]).fit(SMALL), tmp_path)
    with pytest.raises(NotFittedError):
        save_recommender(Popularity(), tmp_path)
    half = Popularity()
    half.popularity_ = np.ones(3)  # the fit was stopped before its end
    with pytest.raises(NotFittedError):
        save_recommender(half, tmp_path)
    assert not list(tmp_path.iterdir())
    mixed = matrix_of([("a", 1), ("b", 2)], [1, 2])
    with pytest.raises(TypeError, match="ids must be numbers or text"):
        save_recommender(Popularity().fit(mixed), tmp_path)


@pytest.fixture
def saved(tmp_path):
    return save_recommender(ItemKNN(3).fit(SMALL), tmp_path / "model")


@pytest.mark.parametrize("name", ["model.json", "arrays.npz"])
def test_a_missing_file_is_named(saved, name):
    (saved / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        load_recommender(saved)


@pytest.mark.parametrize("name", ["model.json", "arrays.npz"])
@pytest.mark.parametrize("where", [0.05, 0.5, 0.95])
def test_one_changed_byte_is_noticed(saved, name, where):
    content = bytearray((saved / name).read_bytes())
    content[int(where * len(content))] ^= 1
    (saved / name).write_bytes(content)
    with pytest.raises(DataError, match=rf"{name}.*damaged or changed"):
        load_recommender(saved)


@pytest.mark.parametrize("name", ["model.json", "arrays.npz"])
@pytest.mark.parametrize("share", [0.0, 0.7])
def test_a_file_that_was_cut_off_is_noticed(saved, name, share):
    content = (saved / name).read_bytes()
    (saved / name).write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match=name):
        load_recommender(saved)


def forge(folder, change, arrays=None):
    """Change the note, and the arrays, and mend the check sums: what a clever forger would do."""
    note = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    del note["sha256"]
    if arrays is not None:
        with np.load(folder / "arrays.npz") as stored:
            kept = {key: stored[key] for key in stored.files}
        arrays(kept)
        np.savez(folder / "arrays.npz", **kept)
        note["arrays_sha256"] = _sha256((folder / "arrays.npz").read_bytes())
    change(note)
    note["sha256"] = _sum_of(note)
    (folder / "model.json").write_text(json.dumps(note), encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda n: n.update({"class": "os.system"}), "unknown recommender 'os.system'"),
        (lambda n: n.update(format=99), "format 99"),
        (lambda n: n["parameters"].update(x={"kind": "plain", "value": 1}), "do not fit"),
        (lambda n: n["learnt"].update(fit={"kind": "plain", "value": 1}), "strange name 'fit'"),
        (lambda n: n["learnt"].update(__x_={"kind": "plain", "value": 1}), "strange name"),
        (lambda n: n["learnt"]["similarity_"].update(kind="program"), "unknown kind"),
        (lambda n: n["learnt"]["similarity_"].update(value=["nowhere"]), "do not fit"),
        (lambda n: n["learnt"].pop("similarity_"), "similarity_"),
        (lambda n: n.update(learnt=[]), "do not fit"),
    ],
)
def test_a_forged_note_is_refused(saved, change, message):
    forge(saved, change)
    with pytest.raises(DataError, match=message):
        load_recommender(saved)


def test_a_column_that_does_not_exist_is_refused(saved):
    def change(arrays):
        arrays["learnt.similarity_.indices"][0] = 10**6

    forge(saved, lambda note: None, change)
    with pytest.raises(DataError, match="do not fit together"):
        load_recommender(saved)


def test_arrays_that_would_run_a_program_are_not_opened(saved):
    class Bomb:
        def __reduce__(self):
            return (pytest.fail, ("a pickle was opened",))

    def change(arrays):
        arrays["learnt.similarity_.data"] = np.array([Bomb()], dtype=object)

    forge(saved, lambda note: None, change)
    with pytest.raises(DataError, match="do not fit together"):
        load_recommender(saved)


def test_matrix_and_ids_of_different_sizes_are_refused(saved):
    def change(arrays):
        arrays["learnt.matrix_.users.ids"] = np.arange(3)

    forge(saved, lambda note: None, change)
    with pytest.raises(DataError, match="differ in size"):
        load_recommender(saved)


# ------------------------------------------------------------------ folders from anyone


def nested(depth):
    value = 1
    for _ in range(depth):
        value = {"kind": "many", "value": [value], "is_tuple": False}
    return value


@pytest.mark.parametrize(
    "change",
    [
        lambda n: n.pop("arrays_sha256"),
        lambda n: n.update({"class": ["EASE"]}),
        lambda n: n.update({"class": "EASE\n" * 999}),
        lambda n: n.update(format="2\n" * 999),
        lambda n: n.update(learnt=[1]),
        lambda n: n.update(parameters={"model": {"kind": "model", "value": {"class": "os"}}}),
        lambda n: n["learnt"].update(more_={}),
        lambda n: n["learnt"].update(more_={"kind": "index", "value": [7]}),
        lambda n: n["learnt"].update(more_=nested(400)),
        lambda n: n["learnt"].update(more_={"kind": "array", "value": ["../../etc/passwd"]}),
        lambda n: n["learnt"].update({"more\n_": {"kind": "plain", "value": 1}, "fit": 1}),
    ],
)
def test_a_note_from_anyone_is_refused_in_one_line(saved, change):
    forge(saved, change)
    with pytest.raises(DataError) as caught:
        load_recommender(saved)
    assert len(str(caught.value).splitlines()) == 1


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, "[1]", "9" * 9000, "NaN", "\x00", '"\\ud800"', ""]
)
def test_a_note_that_is_no_note_is_refused(saved, text):
    (saved / "model.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="cannot be read"):
        load_recommender(saved)


def packed(*files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def header(descr, shape):
    words = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(words).to_bytes(2, "little") + words.encode()


BOMBS = {
    "no archive": b"x",
    "a pickle": b"\x80\x04\x95cos\nsystem\n",
    "more than there is": packed(("a.npy", header("'<f8'", (10**12,)))),
    "more than fits": packed(("a.npy", header("'<f8'", (10**30, 10**30)))),
    "a shape below nothing": packed(("a.npy", header("'<f8'", (-5,)))),
    "objects": packed(("a.npy", header("'|O'", (1,)) + b"\x80\x04cos\nsystem\n(S'true'\ntR.")),
    "a type that is code": packed(("a.npy", header("__import__('os').system('true')", (1,)))),
    "a path": packed(("../../owned.npy", header("'<f8'", (1,)) + bytes(8))),
    "no array": packed(("a.npy", b"<html>"), ("b.txt", b"x")),
}


@pytest.mark.parametrize("name", BOMBS)
def test_arrays_from_anyone_are_refused_in_one_line(saved, name):
    def change(note):
        note["arrays_sha256"] = _sha256(BOMBS[name])

    (saved / "arrays.npz").write_bytes(BOMBS[name])
    forge(saved, change)
    with pytest.raises(DataError, match="do not fit together") as caught:
        load_recommender(saved)
    assert len(str(caught.value).splitlines()) == 1


def test_a_bomb_is_not_unpacked(saved, monkeypatch):
    monkeypatch.setattr(saving, "_LEAST_RATION", 10_000)
    bomb = packed(("a.npy", header("'<f8'", (10**6,)) + bytes(8 * 10**6)))
    (saved / "arrays.npz").write_bytes(bomb)
    forge(saved, lambda note: note.update(arrays_sha256=_sha256(bomb)))
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was opened"))
    with pytest.raises(DataError, match="would unpack to 8,000,"):
        load_recommender(saved)
