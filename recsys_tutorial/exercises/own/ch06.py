"""Chapter 6 on a class's own table: silhouettes, data without groups, an honest choice of k."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.clustering import kmeans, silhouette_values
from recsys_tutorial.exercises.own.ch03 import ALIKE
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need

Grouped = tuple[np.ndarray, np.ndarray, int]
KS, TOPS = (2, 5, 10, 20, 40), (2, 3, 5, 10)


def _five(material: Material) -> Grouped:
    """Five people on a line, cut where the gap is widest, and one of the larger group."""
    line = np.round(2 * material.points[:, :1])
    need(len(np.unique(line)) >= 5, ALIKE)
    for attempt in range(60):
        X = np.sort(line[material.distinct(line, 5, f"06.1 {attempt}")], axis=0)
        cut = int(np.diff(X[:, 0]).argmax()) + 1
        if cut in (2, 3):
            break
    cut = min(max(cut, 2), 3)
    labels = (np.arange(5) >= cut).astype(int)
    return X, labels, 2


def _silhouette(X: np.ndarray, labels: np.ndarray, i: int) -> float:
    return float(silhouette_values(X, labels)[i])


def _placed(material: Material, n: int, name: str, *, alone: bool = False) -> Grouped:
    """Take people with their groups; one of them may be in a wrong one, or alone in hers."""
    drawn = material.distinct(material.vectors, n, name)
    need(len(drawn) >= 6, ALIKE)
    X = material.vectors[drawn, :3]
    labels = kmeans(X, 3, random_state=0).labels * 2 + 1
    i = int(np.argmax(np.bincount(labels)[labels]))
    if alone:
        labels[i] = 9
    else:
        labels[i] = labels[labels != labels[i]][0]
    return X, labels, i


def _well_placed(material: Material, n: int, name: str) -> Grouped:
    X, labels, i = _placed(material, n, name)
    return X, kmeans(X, 3, random_state=0).labels, i


def _shuffle(material: Material, n: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    X = material.vectors[material.sample(n, name), :4]
    rows = np.tile(np.arange(len(X))[:, None], (1, X.shape[1]))
    return X, material.rng(name).permuted(rows, axis=0)


def _two_fits(
    material: Material, n: int, name: str, k: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Group the same people twice: into other numbers of groups, and under other numbers."""
    X = material.vectors[material.sample(n, name)]
    need(len(np.unique(X, axis=0)) >= max(k), ALIKE)
    first, second = (kmeans(X, groups, random_state=seed).labels for seed, groups in enumerate(k))
    return first, (second + 1) % k[1] * 3


def _three_ways(material: Material) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Group the same people into halves, into pairs, and at the widest gap, in a drawn order."""
    line = material.points[:, :1]
    drawn = material.distinct(line, 11, "06.5")
    need(len(drawn) >= 5, ALIKE)
    X = np.sort(line[drawn], axis=0)
    n, widest = len(X), int(np.diff(X[:, 0]).argmax())
    ways = [np.arange(n) >= n // 2, np.arange(n) // 2, np.arange(n) > widest]
    # The answer must not be the same in every class.
    order = material.rng("06.5").permutation(3)
    return X, {name: ways[place].astype(int) for name, place in zip("ABC", order, strict=True)}


def _favourite(X: np.ndarray, ways: dict[str, np.ndarray]) -> str:
    return max(ways, key=lambda name: float(silhouette_values(X, ways[name]).mean()))


def _hits(
    seen: sparse.csr_matrix, labels: np.ndarray, parts: list[sparse.csr_matrix]
) -> list[np.ndarray]:
    """Say which share of each part a group's 1, 2, ... most popular things meet.

    A list holds nothing that its reader has already.
    """
    found = [np.zeros(TOPS[-1]) for _ in parts]
    for group in np.unique(labels):
        rows = np.flatnonzero(labels == group)
        scores = np.asarray(seen[rows].sum(axis=0)).ravel()
        shown = np.where(seen[rows].toarray() > 0, -1.0, scores)
        places = np.argsort(-shown, axis=1, kind="stable")[:, : TOPS[-1]]
        for hits, part in zip(found, parts, strict=True):
            met = np.take_along_axis(part[rows].toarray(), places, axis=1).sum(axis=0)
            hits[: len(met)] += met
    return [hits.cumsum() / max(part.sum(), 1) for hits, part in zip(found, parts, strict=True)]


@lru_cache(maxsize=2)
def _choices(material: Material) -> list[tuple[pd.DataFrame]]:
    """Try several k on some people: J, silhouette, and hits on two halves of what is held out."""
    crowd = material.sample(200, "06.6")
    X, seen = material.vectors[crowd], material.train_matrix[crowd]
    most = len(np.unique(X, axis=0)) // 2
    need(most >= 3, ALIKE)
    events = material.test.events
    first = material.rng("06.6").permutation(len(events)) % 2 == 0
    parts = [material.table_of(events[half])[crowd] for half in (first, ~first)]
    need(all(part.sum() for part in parts), "Too little can be held out of so few events.")
    rows: dict[int, dict[int, list[float]]] = {top: {} for top in TOPS}
    for k in (k for k in KS if k <= most):
        fit = kmeans(X, k, n_init=2, random_state=0)
        silhouette = float(silhouette_values(X, fit.labels).mean())
        for top, scores in _at_each_top(_hits(seen, fit.labels, parts)).items():
            # Whole percents: on few events two k are often equally good.
            rows[top][k] = [round(fit.inertia, 2), round(silhouette, 3), *scores]
    columns = ["J", "silhouette", "validation", "test"]
    return [
        (pd.DataFrame.from_dict(rows[top], orient="index", columns=columns).rename_axis("k"),)
        for top in reversed(TOPS)
    ]


def _at_each_top(parts: list[np.ndarray]) -> dict[int, list[float]]:
    return {top: [round(float(shares[top - 1]), 2) for shares in parts] for top in TOPS}


VARIANTS = (
    Variant(
        "06.1",
        "`X` are five of your people on a line, in two groups. Work out the silhouette of the one "
        "in row `i` (counted from 0) on paper. A number within 0.01 counts.",
        _five,
        expected=_silhouette,
        hint="a is her mean distance to the others of her own group, without herself; b the mean "
        "to the other group. Subtract a from b, and divide by the larger of the two.",
        tolerance=0.006,
    ),
    Variant(
        "06.2",
        "Write the silhouette of the person in row `i` of `X`; `labels` say who of your people is "
        "in which group. It is tried on somebody who is alone as well.",
        lambda material: _placed(material, 20, "06.2"),
        lambda material: [
            _well_placed(material, 20, "06.2 well"),
            _placed(material, 12, "06.2 alone", alone=True),
            _well_placed(material, 30, "06.2 many"),
        ],
    ),
    Variant(
        "06.3",
        "Make data without groups out of your people `X`: column j follows the order that stands "
        "in column j of `orders`.",
        lambda material: _shuffle(material, 20, "06.3"),
        lambda material: [_shuffle(material, n, f"06.3 {n}") for n in (7, 40)],
    ),
    Variant(
        "06.4",
        "Your people were grouped twice, `labels` and `truth`. Mend the function: for which share "
        "of the pairs do the two agree, whatever the numbers of the groups are?",
        lambda material: _two_fits(material, 40, "06.4", (3, 3)),
        lambda material: [
            _two_fits(material, n, f"06.4 {n}", k) for n, k in ((12, (2, 3)), (30, (4, 2)))
        ],
    ),
    Variant(
        "06.5",
        "`X` are some of your people on a line, and `ways` are three ways to group them. Guess, "
        "then compute: which way has the largest mean silhouette? The letter must be right.",
        _three_ways,
        expected=_favourite,
        hint="Ask for each way how far the next group is, beside how wide her own is, for most of "
        "the people. silhouette_values(X, labels).mean() tells.",
    ),
    Variant(
        "06.6",
        "`table` shows your own table grouped with several k, and which share of the held-out "
        "things the groups' lists of ten met, on two halves. Mend the report: the k that was "
        "chosen, and its honest score.",
        lambda material: _choices(material)[0],
        lambda material: _choices(material)[1:],
    ),
)
