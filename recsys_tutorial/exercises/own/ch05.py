"""Chapter 5 on a class's own table: merges by hand, average linkage, trees, the bill."""

from __future__ import annotations

import numpy as np
from scipy.cluster.hierarchy import cophenet
from scipy.spatial.distance import pdist, squareform

from recsys_tutorial.clustering import distance_bytes, merge_tree
from recsys_tutorial.exercises.own.ch03 import ALIKE
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import Material, need

MEGABYTE = 1e6
MORE_PEOPLE = 50
Claims = dict[str, tuple[int, int, float]]


def _line(material: Material) -> np.ndarray:
    """Where everybody stands on the first axis of the map, in whole numbers up to 40."""
    return np.asarray(np.round(4 * material.points[:, :1]))


def _six(material: Material) -> tuple[np.ndarray]:
    """Six people whose third merge differs between the three linkages, and no two merges tie."""
    line, found = _line(material), None
    need(len(np.unique(line)) >= 6, ALIKE)
    for attempt in range(60):
        X = np.sort(line[material.distinct(line, 6, f"05.1 {attempt}")], axis=0)
        gaps = np.diff(X[:, 0])
        heights = [merge_tree(X, linkage)[:, 2] for linkage in ("average", "single", "complete")]
        third = {round(float(tree[2]), 6) for tree in heights}
        if np.diff(heights[0]).min() > 0.1 and len(np.unique(gaps)) == 5 and len(third) == 3:
            return (X,)
        if found is None or np.diff(heights[0]).min() > 0.1:
            found = X
    assert found is not None
    return (found,)


def _two_groups(
    material: Material, name: str, sizes: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Draw some people of two groups of the table."""
    counts = np.bincount(material.labels)
    need(len(counts) > 1, ALIKE)
    first, second = np.argsort(-counts, kind="stable")[:2]
    rng, groups = material.rng(name), []
    for group, size in zip((first, second), sizes, strict=True):
        rows = rng.permutation(np.flatnonzero(material.labels == group))[:size]
        groups.append(material.vectors[np.sort(rows), :3])
    return groups[0], groups[1]


def _joined(
    material: Material, name: str, sizes: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Measure two groups from four other people, before the two are joined."""
    drawn = material.rng(name).permutation(material.n_users)
    others, rest = drawn[:4], drawn[4:]
    groups = rest[: sizes[0]], rest[sizes[0] : sum(sizes)]
    X = material.points
    to = [np.array([np.linalg.norm(X[g] - X[o], axis=1).mean() for o in others]) for g in groups]
    need((to[0] != to[1]).any(), ALIKE)
    return to[0].round(2), to[1].round(2), len(groups[0]), len(groups[1])


def _tree(material: Material, n: int, name: str, linkage: str = "average") -> np.ndarray:
    drawn = material.distinct(material.points, n, name)
    need(len(drawn) >= 3, ALIKE)
    return merge_tree(material.points[np.sort(drawn)], linkage)


def _claims(material: Material) -> tuple[np.ndarray, Claims]:
    """Five claims about who meets whom at which height; one names their distance instead."""
    drawn = np.sort(material.distinct(material.points, 9, "05.4"))
    need(len(drawn) >= 6, ALIKE)
    X = material.points[drawn]
    tree = merge_tree(X)
    heights, gaps = squareform(cophenet(tree)), squareform(pdist(X))
    rng, n = material.rng("05.4"), len(X)
    pairs = [(i, j) for i in range(n) for j in range(i + 1, n)]
    order = [pairs[place] for place in rng.permutation(len(pairs))]
    apart = [(i, j) for i, j in order if abs(heights[i, j] - gaps[i, j]) > 0.3]
    need(apart, ALIKE)
    wrong = apart[0]
    chosen = [wrong, *[pair for pair in order if pair != wrong][:4]]
    letters = rng.permutation(list("abcde"))
    claims = {
        str(letter): (i, j, round(float((gaps if (i, j) == wrong else heights)[i, j]), 2))
        for letter, (i, j) in zip(letters, chosen, strict=True)
    }
    return tree, dict(sorted(claims.items()))


def _wrong_claim(tree: np.ndarray, claims: Claims) -> str:
    heights = squareform(cophenet(tree))
    return max(claims, key=lambda letter: _error(heights, *claims[letter]))


def _error(heights: np.ndarray, i: int, j: int, height: float) -> float:
    return abs(float(heights[i, j]) - height)


def _cuts(material: Material) -> list[tuple[np.ndarray, float]]:
    few, many = _tree(material, 8, "05.5"), _tree(material, 40, "05.5 many", "complete")
    third = len(many) // 3
    return [
        (many, float(many[third, 2])),
        (few, float(few[1, 2])),
        (few, 0.0),
        (few, float(few[-1, 2]) + 1),
        (many, float(many[-1, 2]) * 0.7),
        # Whole numbers: there several merges stand at one height.
        (merge_tree(_line(material)[:30], "single"), 1.0),
    ]


VARIANTS = (
    Variant(
        "05.1",
        "`X` are six of your people on a line. Join them by average linkage on paper: at which "
        "height is the third merge? A number within 1 percent counts.",
        _six,
        expected=lambda X: float(merge_tree(X)[2, 2]),
        hint="After each merge, write down the distances anew: the distance of two groups is the "
        "mean over all pairs, one from each group. Then take the nearest two.",
        tolerance=0.01,
    ),
    Variant(
        "05.2",
        "`A` and `B` are people of two groups of your table. Write their average linkage.",
        lambda material: _two_groups(material, "05.2", (12, 7)),
        lambda material: [
            _two_groups(material, f"05.2 {sizes}", sizes) for sizes in ((1, 1), (3, 1), (4, 9))
        ],
    ),
    Variant(
        "05.3",
        "Two groups of your people are joined. `to_a` and `to_b` say how far each group was from "
        "four others, on average; mend the update of these distances.",
        lambda material: _joined(material, "05.3", (6, 2)),
        lambda material: [
            _joined(material, f"05.3 {sizes}", sizes) for sizes in ((1, 3), (2, 1), (5, 3))
        ],
    ),
    Variant(
        "05.4",
        "`tree` is the tree of some of your people (a row for each merge: who, with whom, height, "
        "size). Each claim (i, j, height) says at which height i and j come together; one of the "
        "five is wrong. Draw the tree, and give its letter.",
        _claims,
        expected=_wrong_claim,
        hint="Two people come together where their lines first meet, which need not be as high as "
        "they are apart. Follow both lines upwards for each claim.",
    ),
    Variant(
        "05.5",
        "`tree` joins some of your people. Mend the function: into how many groups does a cut at "
        "`height` part them?",
        lambda material: _cuts(material)[0],
        lambda material: _cuts(material)[1:],
    ),
    Variant(
        "05.6",
        f"If {MORE_PEOPLE} times as many people came as your table holds, that would be "
        "`n_people`. How many megabytes (a million bytes) would their distances take, each pair "
        "once? A number within 1 percent counts.",
        lambda material: (MORE_PEOPLE * material.whole.n_users,),
        expected=lambda n_people: distance_bytes(n_people) / MEGABYTE,
        hint="Pairs, not people, and each pair once: everyone has n - 1 others, and every pair is "
        "met from both ends. Then bytes, 8 for a number, then the unit.",
        tolerance=0.01,
    ),
)
