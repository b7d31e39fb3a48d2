"""DBSCAN against worked examples: ties, the kinds of points, the order of rows, bad input.

The comparison with scikit-learn and with Ester's definitions on random data is in tests/properties.
"""

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgba
from sklearn.cluster import DBSCAN

from recsys_tutorial.clustering import core_points, dbscan, k_distances, neighbourhoods
from recsys_tutorial.plotting import PALETTE, scatter_kinds

# Seven viewers on a line: three in a dense place, one at its rim, two close together, one alone.
LINE = np.array([[0.0], [1.0], [2.0], [3.5], [8.0], [9.0], [20.0]])


# ------------------------------------------------------------------ neighbourhoods


def test_the_ball_is_closed_and_holds_its_own_centre():
    found = neighbourhoods([[0.0], [1.5], [-1.5], [1.6]], eps=1.5)
    assert [near.tolist() for near in found] == [[0, 1, 2], [0, 1, 3], [0, 2], [1, 3]]


def test_distances_are_euclidean_not_squared():
    # The difference is (3, 4): distance 5, square 25.
    assert [len(near) for near in neighbourhoods([[0, 0], [3, 4]], eps=5)] == [2, 2]
    assert [len(near) for near in neighbourhoods([[0, 0], [3, 4]], eps=4.99)] == [1, 1]


def test_copies_are_neighbours_at_any_radius():
    assert [near.tolist() for near in neighbourhoods([[2.0], [2.0]], eps=1e-9)] == [[0, 1], [0, 1]]


# ------------------------------------------------------------------ core, border, noise


def test_the_kinds_by_hand():
    found = dbscan(LINE, eps=1.5, min_samples=3)
    assert found.core.tolist() == [False, True, True, False, False, False, False]
    assert found.labels.tolist() == [0, 0, 0, 0, -1, -1, -1]
    assert found.kinds.tolist() == ["border", "core", "core", "border", "noise", "noise", "noise"]
    assert found.n_clusters == 1 and found.noise_share == 3 / 7


def test_at_least_min_samples_not_more():
    # The article's example, with the point itself counted and without a fourth neighbour.
    X = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    assert core_points(X, eps=1.0, min_samples=3).tolist() == [True, False, False]
    assert not core_points(X, eps=1.0, min_samples=4).any()


def test_the_articles_four_users_are_one_cluster():
    found = dbscan([[0, 0], [1, 0], [0, 1], [-1, 0]], eps=1.5, min_samples=3)
    assert found.labels.tolist() == [0, 0, 0, 0] and found.n_clusters == 1


def test_no_cluster_at_all():
    found = dbscan(LINE, eps=0.5, min_samples=2)
    assert found.n_clusters == 0 and found.noise_share == 1.0 and not found.core.any()
    assert set(found.kinds) == {"noise"}


def test_with_min_samples_1_everybody_is_core_and_nobody_noise():
    found = dbscan(LINE, eps=1.5, min_samples=1)
    assert found.core.all() and found.labels.tolist() == [0, 0, 0, 0, 1, 1, 2]


def test_one_point():
    assert dbscan([[3.0, 4.0]], eps=1, min_samples=1).labels.tolist() == [0]
    assert dbscan([[3.0, 4.0]], eps=1, min_samples=2).labels.tolist() == [-1]


def test_a_chain_of_core_points_is_one_cluster_however_long():
    found = dbscan(np.arange(300.0)[:, None], eps=1, min_samples=3)
    assert found.n_clusters == 1 and found.kinds[[0, 1, 298, 299]].tolist() == [
        *("border", "core", "core", "border")
    ]


def test_clusters_are_numbered_by_their_first_core_point():
    # Row 0 is a border point of the right cluster; the left one has the first core point.
    X = np.array([[11.0], [0.0], [0.5], [1.0], [10.0], [9.5], [9.0]])
    found = dbscan(X, eps=1, min_samples=3)
    theirs = DBSCAN(eps=1, min_samples=3).fit(X)
    assert found.labels.tolist() == theirs.labels_.tolist() == [1, 0, 0, 0, 1, 1, 1]


# ------------------------------------------------------------------ the order of the rows

LEFT = [[-1.0, 0.0], [-1.4, 0.3], [-1.4, -0.3], [-1.7, 0.0]]
RIGHT = [[1.0, 0.0], [1.4, 0.3], [1.4, -0.3], [1.7, 0.0]]


def test_a_border_point_between_two_clusters_goes_to_the_one_grown_first():
    for first, second in ((LEFT, RIGHT), (RIGHT, LEFT)):
        X = np.array([*first, [0.0, 0.0], *second])
        found = dbscan(X, eps=1.0, min_samples=4)
        assert found.kinds[4] == "border"
        assert found.labels.tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1]
        assert found.labels.tolist() == DBSCAN(eps=1.0, min_samples=4).fit_predict(X).tolist()


# ------------------------------------------------------------------ k-distances


def test_k_distances_count_the_point_itself():
    assert k_distances(LINE, 1).tolist() == [0] * 7
    assert k_distances(LINE, 2).tolist() == [1, 1, 1, 1.5, 1, 1, 11]
    assert k_distances(LINE, 7).tolist() == [20, 19, 18, 16.5, 12, 11, 20]


def test_a_point_is_core_at_its_own_k_distance_and_not_below():
    # Roots whose squares are a little too small would fail here: 3, 12, 27 and their kin.
    X = np.random.default_rng(0).integers(0, 9, size=(60, 3)).astype(float)
    for k in (2, 4, 7):
        for row, eps in enumerate(k_distances(X, k)):
            if eps > 0:
                assert core_points(X, eps, k)[row]
                assert row in DBSCAN(eps=eps, min_samples=k).fit(X).core_sample_indices_
                assert not core_points(X, eps - 1e-9, k)[row]


# ------------------------------------------------------------------ input


def test_tables_and_lists_are_welcome_and_left_alone():
    frame = pd.DataFrame(LINE, columns=["hours"])
    kept = frame.copy(deep=True)
    for X in (frame, LINE.tolist(), LINE.astype(int)):
        dbscan(X, eps=1.5, min_samples=3)
    assert dbscan(frame, eps=1.5, min_samples=3).labels.tolist() == [0, 0, 0, 0, -1, -1, -1]
    pd.testing.assert_frame_equal(frame, kept)


CALLS = {
    "neighbourhoods": lambda X, eps: neighbourhoods(X, eps),
    "core_points": lambda X, eps: core_points(X, eps, 2),
    "dbscan": lambda X, eps: dbscan(X, eps, 2),
    "k_distances": lambda X, eps: k_distances(X, 1),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("X", "words"),
    [
        ([[1.0, np.nan], [1.0, 2.0]], "1 row.*first row 0.*chapter 2"),
        ([[1.0, 2.0], [1.0, np.inf]], "1 row.*first row 1"),
        ([1.0, 2.0], "table with rows and columns"),
        ([[[1.0]]], "table with rows and columns"),
        (np.empty((0, 2)), "table with rows and columns"),
        (np.empty((2, 0)), "table with rows and columns"),
        ([["a", "b"]], "could not convert"),
    ],
)
def test_unusable_points_are_refused(name, X, words):
    with pytest.raises(ValueError, match=words):
        CALLS[name](X, 1.0)


@pytest.mark.parametrize("name", ["neighbourhoods", "core_points", "dbscan"])
@pytest.mark.parametrize("eps", [0, -1.0, float("nan")])
def test_eps_is_positive(name, eps):
    with pytest.raises(ValueError, match=f"eps={eps} must be positive"):
        CALLS[name](LINE, eps)


@pytest.mark.parametrize("min_samples", [0, -3, 2.5])
def test_min_samples_is_a_whole_number_from_1(min_samples):
    for call in (core_points, dbscan):
        with pytest.raises(ValueError, match=f"min_samples={min_samples} must be a whole number"):
            call(LINE, 1.0, min_samples)


@pytest.mark.parametrize("k", [0, 8, 1.5])
def test_k_lies_between_1_and_the_rows(k):
    with pytest.raises(ValueError, match=f"k={k} must be .* at most 7"):
        k_distances(LINE, k)


# ------------------------------------------------------------------ the picture


def test_the_picture_tells_the_kinds_apart_without_colour():
    X = np.hstack([LINE, np.zeros_like(LINE)])
    found = dbscan(X, eps=1.5, min_samples=3)
    ax = scatter_kinds(X, found.labels, found.kinds, radius=1.5)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["core", "border", "noise"]
    sizes = {c.get_label(): len(c.get_offsets()) for c in ax.collections}
    assert sizes == {"core": 2, "border": 2, "noise": 3}
    (border,) = [c for c in ax.collections if c.get_label() == "border"]
    assert border.get_facecolor().tolist() == [[1, 1, 1, 1]]
    assert [ring.radius for ring in ax.patches] == [1.5, 1.5]
    # In the legend a kind has no colour of a cluster.
    core, border, _ = ax.get_legend().legend_handles
    ink = list(to_rgba(PALETTE[5]))
    assert core.get_facecolor().tolist() == core.get_edgecolor().tolist() == [ink]
    assert border.get_facecolor().tolist() == [[1, 1, 1, 1]]
    assert border.get_edgecolor().tolist() == [ink]


def test_the_picture_names_each_kind_once_however_many_clusters():
    X = np.array([*LEFT, *RIGHT])
    found = dbscan(X, eps=1.0, min_samples=4)
    ax = scatter_kinds(X, found.labels, found.kinds)
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["core"]
    assert ax.patches == [] or len(ax.patches) == 0


def test_the_picture_wants_two_columns():
    with pytest.raises(ValueError, match="two columns"):
        scatter_kinds(LINE, np.zeros(7, int), np.full(7, "core"))
