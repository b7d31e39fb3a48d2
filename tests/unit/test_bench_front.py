"""The Pareto front against its definition, and the picture against the table."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from recsys_tutorial.bench.front import (
    KINDS,
    WORDS,
    beaten_by,
    describe_front,
    pareto_front,
    plot_front,
)

# Few different numbers, so that ties are common.
numbers = st.sampled_from([0.0, 1.0, 2.0, 3.0, float("nan")])


def front_by_definition(cost, quality):
    """A point is on the front if no other is at least as good in both and better in one."""
    points = list(zip(cost, quality, strict=True))
    return [
        not np.isnan([c, q]).any()
        and not any(
            oc <= c and oq >= q and (oc < c or oq > q)
            for oc, oq in points
            if not np.isnan([oc, oq]).any()
        )
        for c, q in points
    ]


@given(st.lists(st.tuples(numbers, numbers), max_size=9))
def test_the_front_is_that_of_the_definition(points):
    cost, quality = [c for c, _ in points], [q for _, q in points]
    assert pareto_front(cost, quality).tolist() == front_by_definition(cost, quality)


def test_random_points_without_ties():
    rng = np.random.default_rng(0)
    cost, quality = rng.random((2, 300))
    assert pareto_front(cost, quality).tolist() == front_by_definition(cost, quality)


def test_twins_are_on_the_front_together_and_a_missing_time_never_is():
    assert pareto_front([1, 1, 1], [2, 2, 1]).tolist() == [True, True, False]
    assert pareto_front([np.nan, 5], [9, 1]).tolist() == [False, True]
    assert pareto_front([], []).tolist() == []


def test_lengths_that_differ_are_refused():
    with pytest.raises(ValueError, match="costs do not fit"):
        pareto_front([1.0], [1.0, 2.0])


def table_of(*rows):
    return pd.DataFrame(rows, columns=["method", "library", "kind", "ndcg", "time_ratio"])


TABLE = table_of(
    ("fast", "recsys_tutorial", "cluster", 0.3, 0.1),
    ("good", "recsys_tutorial", "classic", 0.5, 2.0),
    ("theirs", "implicit", "peer", 0.4, 4.0),
    ("better", "implicit", "peer", 0.6, 8.0),
    ("quick", "implicit", "peer", 0.2, 0.05),
    ("broken", "Spark", "peer", np.nan, np.nan),
)


def test_a_peer_is_replaced_by_the_fastest_of_ours_that_is_at_least_as_good():
    found = beaten_by(TABLE).set_index("method")
    assert found["replaced_by"].to_dict() == {"theirs": "good", "better": "", "quick": ""}
    assert found.loc["theirs", "times_faster"] == 2.0
    assert "broken" not in found.index


def test_equal_quality_is_good_enough_but_equal_time_is_not_faster():
    rows = table_of(
        ("ours", "recsys_tutorial", "cluster", 0.4, 1.0),
        ("same", "implicit", "peer", 0.4, 1.0),
        ("slow", "implicit", "peer", 0.4, 2.0),
    )
    assert beaten_by(rows)["replaced_by"].tolist() == ["", "ours"]


def test_the_picture_shows_every_measured_method_by_name_and_kind():
    ax = plot_front(TABLE, plt.subplots()[1])
    assert {text.get_text() for text in ax.texts} == set(TABLE["method"]) - {"broken"}
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["Pareto front", "clusters", "neighbours and EASE", "another library"]
    assert ax.get_xscale() == "log"
    # The staircase runs through the front and through nothing behind it.
    corners = ax.lines[0].get_xydata()[:-1].tolist()
    assert corners == [[0.05, 0.2], [0.1, 0.3], [2.0, 0.5], [8.0, 0.6]]
    plt.close("all")


def test_kinds_differ_in_marker_as_well_as_colour_and_all_have_words():
    assert len({marker for marker, _ in KINDS.values()}) == len(KINDS)
    assert len({colour for _, colour in KINDS.values()}) == len(KINDS)
    assert set(KINDS) == set(WORDS)


def test_names_do_not_cover_each_other():
    rows = [(f"method {i}", "x", "peer", 0.5, 1.0 + i / 100) for i in range(8)]
    ax = plot_front(
        table_of(*rows, ("low", "x", "peer", 0.1, 9.0)), plt.subplots(figsize=(7.4, 6.2))[1]
    )
    ax.figure.canvas.draw()
    # Without the line that leads from the name to its point.
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    points = ax.transData.transform([text.xy for text in ax.texts])
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*point) for point in points)
    plt.close("all")


def test_nothing_to_draw_is_said():
    with pytest.raises(ValueError, match="nothing to draw"):
        plot_front(TABLE[TABLE["method"] == "broken"], plt.subplots()[1])
    plt.close("all")


def test_the_words_name_the_front_from_fast_to_slow_and_what_lies_behind():
    words = describe_front(TABLE)
    places = [words.index(f"{n} (time") for n in ("quick", "fast", "good", "better")]
    assert places == sorted(places)
    assert words.endswith("Behind it: theirs.") and "broken" not in words
