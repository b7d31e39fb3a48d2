"""Tables that an exercise shows and its checker knows are the same, and one of them is measured."""

import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from recsys_tutorial.clustering import (
    ForgettingProfiles,
    adjusted_rand,
    assign_to_centres,
    fit_kmeans,
    match_clusters,
    recluster,
    renumber,
)
from recsys_tutorial.datasets import make_taste_stream
from recsys_tutorial.exercises.ch11 import HIGH, LOW, REPORT
from recsys_tutorial.exercises.ch13 import DASHBOARD, NEVER, NEWEST, SCRATCH, WARM, _programs
from recsys_tutorial.exercises.ch18 import LINES

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def shown(chapter, exercise):
    """The text of one exercise, below its heading."""
    (path,) = NOTEBOOKS.glob(f"{chapter}_*.ipynb")
    text = "\n".join(c.source for c in nbformat.read(path, 4).cells if c.cell_type == "markdown")
    return text.split(f"### Exercise: {exercise}\n")[1].split("*Predict*")[0]


def rows(text):
    """The body of a table, by its first column."""
    cells = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return {name: [float(n.strip(" %")) for n in numbers] for name, *numbers in cells[1:]}


def test_the_results_table_is_the_one_that_is_judged():
    text = shown("11", "which sentence does the table carry?")
    known = {name.split(",")[0]: list(figures) for name, figures in REPORT.items()}
    assert rows(text) == known
    assert f"from −{-LOW:.3f} to {HIGH:.3f}" in text
    assert re.findall(r"^- `(\w)`:", text, re.MULTILINE) == list("ABCDEFG")


def test_the_dashboard_is_the_one_that_is_judged():
    known = {
        name: np.round([100 * early, 100 * late, ari, 100 * number, 100 * without], 6).tolist()
        for name, (early, late, ari, number, without) in DASHBOARD.items()
    }
    assert rows(shown("13", "whose dashboard is it?")) == known


def test_the_listing_has_the_lines_that_are_judged():
    listing = shown("18", "which lines would you sign?").split("```")[1]
    assert [int(n) for n in re.findall(r"^(\d)  ", listing, re.MULTILINE)] == list(LINES)


# The dashboard, measured ----------------------------------------------------------------------


def lists_of(centres):
    return np.argsort(-centres, axis=1)[:, :4]


class Month:
    """The chapter's month, drawn with another seed."""

    def __init__(self):
        stream = make_taste_stream(noise=0.5, switching=0.01, random_state=1)
        self.users, self.topics = (stream.events[n].to_numpy() for n in ("user", "topic"))
        self.day_of = stream.events["day"].to_numpy().astype(int)

    def profiles(self, day, model):
        today = self.day_of == day
        return model.update(self.users[today], self.topics[today])

    def hits(self, day, labels, lists):
        today = self.day_of == day
        hers = labels[self.users[today]]
        met = (lists[np.maximum(hers, 0)] == self.topics[today, None]).any(axis=1)
        return np.mean(met & (hers >= 0))


def newest_alone(month, topics, day, before):
    """Groups of one day's events, numbered as those of the day before."""
    profiles = month.profiles(day, ForgettingProfiles(topics))
    here = np.flatnonzero(profiles.weights_ > 0)
    found = fit_kmeans(profiles.vectors_[here], 6, random_state=day)
    numbers = found.labels_
    if before is not None:
        both = before[1][here] >= 0
        match = match_clusters(before[1][here][both], numbers[both])
        numbers = renumber(numbers, match)
    labels, centres = np.full(1000, -1), np.zeros_like(found.cluster_centers_)
    labels[here], centres[numbers] = numbers, found.cluster_centers_[found.labels_]
    return centres, labels


@pytest.mark.slow
def test_the_dashboard_was_measured():
    month, topics = Month(), np.eye(28)
    running, nights = ForgettingProfiles(topics, half_life=6), {}
    for day in range(30):
        nights[day] = month.profiles(day, running).vectors_.copy()
    monday = fit_kmeans(nights[4], 6)
    runs = {name: {} for name in (NEVER, SCRATCH, NEWEST, WARM)}
    warm, alone = (monday.cluster_centers_, monday.labels_), None
    for day in range(4, 30):
        fresh = fit_kmeans(nights[day], 6, random_state=day)
        frozen = assign_to_centres(nights[day], monday.cluster_centers_)
        if day > 4:
            found = recluster(nights[day], *warm)
            warm = (found.centres, found.labels)
        alone = newest_alone(month, topics, day, alone)
        runs[NEVER][day] = (monday.cluster_centers_, frozen)
        runs[SCRATCH][day] = (fresh.cluster_centers_, fresh.labels_)
        runs[WARM][day], runs[NEWEST][day] = warm, alone
    for letter, name in _programs().items():
        figures = np.array([figures_of(month, runs[name], day) for day in range(6, 30)])
        early, late = figures[:5, 0].mean(), figures[18:, 0].mean()
        # Other versions of the libraries may start K-means elsewhere.
        assert np.allclose([early, late, *figures[:, 1:].mean(axis=0)], DASHBOARD[letter], atol=0.1)


def figures_of(month, run, day):
    (_, now), (before, last) = run[day - 1], run[day - 2]
    both = (now >= 0) & (last >= 0)
    return (
        month.hits(day, now, lists_of(before)),
        adjusted_rand(now[both], last[both]),
        np.mean(now[both] == last[both]),
        np.mean(now < 0),
    )
