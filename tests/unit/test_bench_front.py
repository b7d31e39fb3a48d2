"""The Pareto front against its definition, and the picture against the table."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.text import Text

from recsys_tutorial.bench import front
from recsys_tutorial.bench.front import (
    KINDS,
    WORDS,
    beaten_by,
    describe_front,
    pareto_front,
    plot_front,
)
from recsys_tutorial.exercises import find_exercise

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


def test_the_exercise_asks_for_the_same_front():
    exercise = find_exercise("18.5")
    for cost, quality in exercise.probes():
        assert exercise.expected(cost, quality).tolist() == pareto_front(cost, quality).tolist()


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


def test_names_cover_neither_points_nor_the_legend_when_the_figure_is_full():
    rng = np.random.default_rng(1)
    rows = [
        (f"a method {i}", "x", kind, 0.5 + rng.random() / 10, 10 ** rng.uniform(-1, 1))
        for i, kind in enumerate(list(KINDS) * 3)
    ]
    ax = plot_front(table_of(*rows), plt.subplots(figsize=(7.4, 6.2))[1])
    ax.figure.canvas.draw()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    points = ax.transData.transform([text.xy for text in ax.texts])
    legend = ax.get_legend().get_window_extent()
    for i, box in enumerate(boxes):
        assert not box.overlaps(legend)
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.contains(*point) for point in points)
    plt.close("all")


def test_the_names_on_the_front_are_bold_and_no_others():
    ax = plot_front(TABLE, plt.subplots()[1])
    bold = {text.get_text() for text in ax.texts if text.get_fontweight() == "bold"}
    assert bold == {"quick", "fast", "good", "better"}
    plt.close("all")


def test_what_lies_below_the_floor_is_said_in_its_name():
    ax = plot_front(TABLE, plt.subplots()[1], floor=0.35)
    names = {text.get_text(): text for text in ax.texts}
    assert set(names) == {"quick ↓ 0.2", "fast ↓ 0.3", "theirs", "good", "better"}
    assert names["quick ↓ 0.2"].xy == (0.05, 0.35) and names["theirs"].xy == (4.0, 0.4)
    # Lifting changes the picture, not who is on the front, nor the table.
    assert names["fast ↓ 0.3"].get_fontweight() == "bold"
    assert ax.lines[0].get_xydata()[:-1].tolist() == [
        [0.05, 0.35],
        [0.1, 0.35],
        [2.0, 0.5],
        [8.0, 0.6],
    ]
    assert TABLE["ndcg"].min() == 0.2
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


def test_a_name_keeps_off_the_line_between_another_name_and_its_point():
    size, nothing = (0.2, 0.02), []
    free = front._free_box(0.5, 0.5, size, nothing, nothing, nothing, nothing)
    middle = (free[2] + free[3]) / 2
    across = np.column_stack([np.linspace(free[0], free[1], 9), np.full(9, middle)])
    moved = front._free_box(0.5, 0.5, size, nothing, nothing, nothing, [across])
    assert front._inside(across, free).any() and not front._inside(across, moved).any()


def test_the_line_to_a_name_keeps_off_another_name():
    size, nothing = (0.2, 0.02), []
    blocked = (0.505, 0.517, 0.48, 0.52)  # between the point and the first place for its name
    box = front._free_box(0.5, 0.5, size, nothing, nothing, [blocked], nothing)
    assert not front._inside(front._lead(0.5, 0.5, box), blocked).any()
