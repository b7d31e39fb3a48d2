"""Figures: drawn where asked, readable without colour, and described in words."""

import itertools

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from recsys_tutorial.plotting import (
    MARKERS,
    NOISE_COLOUR,
    PALETTE,
    alt_text,
    plot_interest_map,
    plot_intervals,
    plot_long_tail,
    project_2d,
    scatter_clusters,
    use_course_style,
)

POINTS = np.random.default_rng(0).normal(size=(60, 2))
INTERVALS = pd.DataFrame(
    {"mean": [0.2, 0.5], "low": [0.1, 0.3], "high": [0.4, 0.6]}, index=["clusters", "popularity"]
)

DRAWINGS = {
    "long tail": lambda ax: plot_long_tail(pd.Series([9, 5, 1, 1, 1]), ax=ax),
    "clusters": lambda ax: scatter_clusters(POINTS, np.arange(60) % 4, ax=ax),
    "map": lambda ax: plot_interest_map(np.eye(4), ax=ax),
    "intervals": lambda ax: plot_intervals(INTERVALS, xlabel="gain", ax=ax),
}


@pytest.fixture(autouse=True)
def tidy():
    """Begin with matplotlib's own settings and no figure; leave those of others as they were."""
    plt.close("all")
    with plt.rc_context():
        plt.rcdefaults()
        yield
    plt.close("all")


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_uses_the_axes_it_was_given(name):
    _, (here, there) = plt.subplots(1, 2)
    assert DRAWINGS[name](here) is here
    assert here.has_data() and not there.has_data()
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", DRAWINGS)
def test_without_axes_a_figure_is_made(name):
    ax = DRAWINGS[name](None)
    assert ax.has_data() and plt.get_fignums() == [ax.figure.number]


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_can_be_rendered_and_described(name, tmp_path):
    use_course_style()
    ax = DRAWINGS[name](None)
    ax.figure.savefig(tmp_path / "figure.png")
    text = alt_text(ax)
    assert ax.get_xlabel() in text or "no label" in text
    assert text.endswith(".") and "\n" not in text


@pytest.mark.parametrize("name", DRAWINGS)
def test_nothing_is_shown_behind_the_readers_back(name, monkeypatch):
    monkeypatch.setattr(plt, "show", lambda *_, **__: pytest.fail("plt.show was called"))
    DRAWINGS[name](None)


# ------------------------------------------------------------------ colour is not alone


def luminance(colour: str) -> float:
    """Relative luminance as defined by WCAG 2.2."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(a: str, b: str) -> float:
    light, dark = sorted([luminance(a), luminance(b)], reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_contrast_formula():
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast("#777777", "white") == pytest.approx(4.48, abs=0.01)
    assert contrast("#56a3d9", "white") < 3  # a pale blue must fail


@pytest.mark.parametrize("colour", [*PALETTE, NOISE_COLOUR])
def test_every_colour_stands_out_on_white_paper(colour):
    assert contrast(colour, "white") >= 3


def looks(ax) -> list[tuple]:
    """Give outline colour and marker shape of everything that was scattered."""
    return [
        (tuple(c.get_edgecolor()[0]), c.get_paths()[0].vertices.round(3).tobytes())
        for c in ax.collections
    ]


def test_the_clusters_of_a_legend_differ_in_their_markers():
    ax = scatter_clusters(POINTS, np.arange(60) % 10)
    shapes = [shape for _, shape in looks(ax)]
    assert len(set(shapes)) == 10
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == [f"cluster {n}" for n in range(10)]


def test_forty_clusters_differ_in_colour_or_marker():
    ax = scatter_clusters(np.zeros((40, 2)), np.arange(40))
    assert len(set(looks(ax))) == 40
    # A legend of forty lines would hide the picture.
    assert ax.get_legend() is None


def test_outlines_are_opaque():
    ax = scatter_clusters(POINTS, np.arange(60) % 3)
    assert all(outline[3] == 1 for outline, _ in looks(ax))


def test_markers_and_colours_are_all_different():
    assert len(set(PALETTE)) == len(PALETTE) and len(set(MARKERS)) == len(MARKERS)
    assert "x" not in MARKERS and NOISE_COLOUR not in PALETTE
    for a, b in itertools.combinations(PALETTE, 2):
        assert np.abs(np.subtract(to_rgb(a), to_rgb(b))).sum() > 0.2


def test_noise_is_named_and_looks_like_nothing_else():
    ax = scatter_clusters(POINTS, np.arange(60) % 5 - 1)
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["noise", "cluster 0", "cluster 1", "cluster 2", "cluster 3"]
    noise, *others = looks(ax)
    assert noise[1] not in [shape for _, shape in others]


def test_clusters_may_have_names():
    ax = scatter_clusters(POINTS, np.arange(60) % 3 - 1, names=["comedy", "horror"])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names == ["noise", "comedy", "horror"]


def test_centres_are_drawn_on_top():
    ax = scatter_clusters(POINTS, np.arange(60) % 2, centres=np.array([[0, 0], [1, 1]]))
    assert ax.collections[-1].get_offsets().tolist() == [[0, 0], [1, 1]]


@pytest.mark.parametrize("points", [np.zeros((5, 3)), np.zeros(5), np.zeros((5, 1))])
def test_points_have_two_coordinates(points):
    with pytest.raises(ValueError, match="two columns.*project_2d"):
        scatter_clusters(points, np.zeros(5, dtype=int))


# ------------------------------------------------------------------ each drawing


def test_the_long_tail_states_its_share():
    counts = pd.Series([1, 1, 1, 1, 1, 1, 1, 1, 41, 1])
    assert "top 20 %" in plot_long_tail(counts).get_title()
    assert "84 % of the events" in plot_long_tail(counts).get_title()
    assert "top 10 %" in plot_long_tail(counts, head_share=0.1).get_title()


def test_the_long_tail_of_one_item():
    assert "100 % of the events" in plot_long_tail(pd.Series([3])).get_title()


def test_a_map_has_time_downwards_and_named_topics():
    ax = plot_interest_map(np.eye(3), topics=["a", "b", "c"])
    assert ax.yaxis_inverted()
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert ax.images[0].get_clim() == (0, 1)


def test_intervals_read_from_top_to_bottom():
    ax = plot_intervals(INTERVALS, xlabel="gain")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["clusters", "popularity"]
    assert ax.yaxis_inverted() and ax.get_xlabel() == "gain"
    (bars,) = ax.containers
    ends = bars.lines[2][0].get_segments()
    assert np.allclose([segment[:, 0] for segment in ends], INTERVALS[["low", "high"]])


def test_projection_keeps_what_varies_most():
    X = np.column_stack([np.arange(10) * 5.0, np.arange(10) % 2, np.zeros(10)])
    flat = project_2d(X)
    assert flat.shape == (10, 2) and abs(np.corrcoef(flat[:, 0], X[:, 0])[0, 1]) > 0.999
    assert np.allclose(np.ptp(flat, axis=0)[0], 45, atol=0.5)


@pytest.mark.parametrize("shape", [(5, 1), (2, 4), (3, 2)])
def test_projection_always_has_two_columns(shape):
    X = np.random.default_rng(0).normal(size=shape)
    kept = X.copy()
    assert project_2d(X).shape == (shape[0], 2) and np.array_equal(X, kept)


# ------------------------------------------------------------------ words


def test_alt_text_tells_title_axes_direction_and_legend():
    ax = scatter_clusters(POINTS, np.arange(60) % 3 - 1)
    ax.set(title="Users", xlabel="first", ylabel="second")
    assert alt_text(ax) == (
        "Users with first across and second upwards. Shown: noise, cluster 0, cluster 1."
    )


def test_alt_text_knows_where_the_top_is():
    ax = plot_interest_map(np.eye(3))
    assert alt_text(ax) == "Figure with topic across and event (oldest at the top) downwards."


def test_alt_text_finds_a_title_on_the_left():
    use_course_style()
    _, ax = plt.subplots()
    ax.set_title("Where it begins")
    assert alt_text(ax).startswith("Where it begins with no label across")


def test_the_style_keeps_white_paper_on_a_dark_page():
    use_course_style()
    _, ax = plt.subplots()
    assert to_rgb(ax.figure.get_facecolor()) == (1, 1, 1)
    assert plt.rcParams["savefig.facecolor"] == "white"
