"""Chapter 4 on a class's own table: neighbours, kinds of points, k-distances, lists for all."""

from __future__ import annotations

import numpy as np

from recsys_tutorial.clustering import dbscan, neighbourhoods
from recsys_tutorial.exercises.own.ch03 import ALIKE
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need

Ball = tuple[np.ndarray, int, float]
Core = tuple[np.ndarray, int, float, int]
Lists = tuple[np.ndarray, np.ndarray, int]
DISTANCES = (2.0, 3.0, 5.0, 1.0, 4.0)


def _squares(material: Material, n: int, name: str) -> np.ndarray:
    """Some people on a map of whole numbers, where two may be exactly eps apart."""
    drawn = material.rng(name).permutation(material.n_users)[:n]
    X = np.round(material.points[drawn])
    need(len(np.unique(X, axis=0)) >= 3, ALIKE)
    return np.asarray(X)


def _gaps(X: np.ndarray, i: int) -> np.ndarray:
    return np.sqrt(((X - X[i]) ** 2).sum(axis=1))


def _on_the_rim(material: Material, n: int, name: str) -> Ball:
    """Choose the person and the eps that have most to tell: somebody at eps, somebody beyond."""
    X, best = _squares(material, n, name), (-1, 0, 1.0)
    for eps in DISTANCES:
        for i in range(len(X)):
            gaps = _gaps(X, i)
            rim, inside = int((gaps == eps).sum()), int((gaps < eps).sum())
            score = min(rim, 2) + min(inside, 2) + min(int((gaps > eps).sum()), 2)
            if score > best[0]:
                best = (score, i, eps)
    return X, best[1], best[2]


def _away_from_ties(material: Material, n: int, name: str) -> Ball:
    """Take people as they are, and an eps halfway between two distances."""
    X = material.vectors[material.sample(n, name)]
    gaps = np.unique(np.round(_gaps(X, 0), 6))
    need(len(gaps) > 2, ALIKE)
    middle = len(gaps) // 2
    return X, 0, float(gaps[middle - 1 : middle + 1].mean())


def _three_kinds(material: Material) -> tuple[np.ndarray, float, int]:
    """Nine people on a line among whom there are core, border and noise points."""
    line, most, found = np.round(2 * material.points[:, :1]), -1, None
    for attempt in range(40):
        drawn = material.rng(f"04.3 {attempt}").permutation(material.n_users)[:9]
        X = np.sort(line[drawn], axis=0)
        for eps in (1.0, 2.0, 3.0):
            kinds = dbscan(X, eps, 3).kinds
            strict = dbscan(X, eps - 0.01, 3).kinds
            score = 2 * len(set(kinds)) + int((kinds != strict).any())
            if score > most:
                most, found = score, (X, eps, 3)
    assert found is not None
    return found


def _kinds(X: np.ndarray, eps: float, min_samples: int) -> list[str]:
    return [str(kind) for kind in dbscan(X, eps, min_samples).kinds]


def _just_enough(material: Material, n: int, name: str, missing: int) -> Core:
    """Ask for exactly as many neighbours as there are, or for some more."""
    X, i, eps = _on_the_rim(material, n, name)
    return X, i, eps, len(neighbourhoods(X, eps)[i]) + missing


def _served(material: Material, n_users: int, n: int, lonely: int) -> Lists:
    rows = np.sort(material.busiest[:n_users])
    watched = material.matrix[rows][:, :12].toarray().astype(int)
    labels = np.unique(material.labels[rows], return_inverse=True)[1].astype(int)
    # Those who are farthest from their group's centre have no dense place around them.
    gaps = ((material.vectors - material.centres[material.labels]) ** 2).sum(axis=1)[rows]
    labels[np.argsort(-gaps, kind="stable")[:lonely]] = -1
    return watched, labels, n


def _at_all_hours(material: Material) -> list[tuple[np.ndarray, float]]:
    """When some people came, in minutes and in no order, and a pause that occurs to the letter."""
    found = []
    for row in material.busiest[:40]:
        mine = material.events["user"] == material.users[row]
        minutes = np.unique(material.events.loc[mine, "timestamp"].to_numpy() // 60)
        minutes = minutes[-40:] - minutes[-40:].min()
        pauses = np.sort(np.diff(minutes))
        if len(pauses) < 4 or pauses[len(pauses) // 2] == pauses[-1]:
            continue
        times = material.rng(f"04.7 {row}").permutation(minutes).astype(float)
        found.append((times, float(pauses[len(pauses) // 2])))
    need(found, "Nobody came at five times or more, with pauses of different lengths.")
    return found[:5]


VARIANTS = (
    Variant(
        "04.1",
        "`X` are some of your people on a map of whole numbers. How many neighbours does the one "
        "in row `i` have within `eps`? Count on paper first; the number must be right.",
        lambda material: _on_the_rim(material, 14, "04.1"),
        expected=lambda X, i, eps: float(len(neighbourhoods(X, eps)[i])),
        hint="Mind two things: somebody exactly `eps` away is a neighbour, and the distance to "
        "oneself is zero. Distances are round (Pythagoras), not square.",
    ),
    Variant(
        "04.2",
        "Write the function that returns the rows of all neighbours of the person in row `i` of "
        "`X`, a map of your people. Some of them are exactly `eps` apart.",
        lambda material: _on_the_rim(material, 30, "04.2"),
        lambda material: [
            _on_the_rim(material, 8, "04.2 few"),
            _away_from_ties(material, 40, "04.2 many"),
        ],
    ),
    Variant(
        "04.3",
        'Nine of your people stand on a line, `X`. Say for each "core", "border" or "noise", as a '
        "list, at the given `eps` and `min_samples`. All nine must be right.",
        _three_kinds,
        expected=_kinds,
        hint="First count everybody's neighbours, herself included and the rim as well. Only then "
        "ask for the others whether somebody dense is near.",
    ),
    Variant(
        "04.4",
        "Mend the core condition, and try it on your people: the one in row `i` has just enough "
        "neighbours, or one too few.",
        lambda material: _just_enough(material, 20, "04.4", 0),
        lambda material: [
            _just_enough(material, n, f"04.4 {n}", missing)
            for n, missing in ((8, 0), (12, 0), (16, 0), (25, 1), (30, 2))
        ],
    ),
    Variant(
        "04.5",
        "Write the k-distance of each of your people in `X`, a map of whole numbers.",
        lambda material: (_squares(material, 20, "04.5"), 4),
        lambda material: [
            (_squares(material, 9, "04.5 few"), 2),
            (material.vectors[material.sample(30, "04.5")], 3),
        ],
    ),
    Variant(
        "04.6",
        "`watched` says who of your busiest people has which of the most popular things, and "
        "`labels` who is in which group; -1 is nobody's group. Mend the function, so that everyone "
        "gets a list of `n`.",
        lambda material: _served(material, 30, 4, 6),
        lambda material: [_served(material, *case) for case in ((12, 2, 3), (20, 3, 4))],
    ),
    Variant(
        "04.7",
        "`times` says when one of your people came, in minutes and in no order. Number her visits: "
        "a new one begins after a pause that is longer than `pause`.",
        lambda material: _at_all_hours(material)[0],
        lambda material: _at_all_hours(material)[1:],
        needs=("times",),
        instead="Write down when the last forty messages of a few willing people came: a table of "
        "who, what and time.",
    ),
)
