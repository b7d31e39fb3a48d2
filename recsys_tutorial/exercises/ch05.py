"""Exercises of chapter 5, hierarchical clustering.

One of the mistakes is the source article's own: that the method suits large numbers of users, which
would be so if its memory grew with the number of users and not with the number of pairs.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.clustering import distance_bytes, merge_tree, squared_distances
from recsys_tutorial.exercises.engine import Exercise, Mistake

# Six viewers by hours a week; the chapter joins them by hand.
HOURS = np.array([[2.0], [8.0], [12.0], [14.0], [15.0], [22.0]])
MANY_USERS = 100_000
GIGABYTE = 1e9


def _distances(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    return np.sqrt(squared_distances(A, B))


def _average(A: np.ndarray, B: np.ndarray) -> float:
    return float(_distances(A, B).mean())


def _of_means(A: np.ndarray, B: np.ndarray) -> float:
    return float(np.linalg.norm(A.mean(axis=0) - B.mean(axis=0)))


def _within_the_union(A: np.ndarray, B: np.ndarray) -> float:
    both = np.vstack([A, B])
    return float(_distances(both, both)[np.triu_indices(len(both), k=1)].mean())


def _row_by_row(A: np.ndarray, B: np.ndarray) -> float:
    shorter = min(len(A), len(B))
    return float(np.linalg.norm(A[:shorter] - B[:shorter], axis=1).mean())


def _average_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(5)
    X = rng.normal(size=(30, 3)).round(2)
    return [
        # 3, 5 and 5 on paper: a triangle with sides 3, 4, 5, twice.
        (np.array([[0.0, 0.0]]), np.array([[3.0, 0.0], [3.0, 4.0], [0.0, 5.0]])),
        (np.array([[0.0, 0.0], [0.0, 4.0]]), np.array([[3.0, 0.0]])),
        # One viewer each, duplicates, groups that share a place, and groups of unequal size.
        (X[:1], X[1:2]),
        (np.repeat(X[:2], 3, axis=0), X[5:9]),
        (X[:4], np.vstack([X[:2], X[10:14]])),
        (X[:20], X[20:]),
        (X[:3, :1], X[3:5, :1]),
    ]


def _merged(
    to_a: np.ndarray, to_b: np.ndarray, size_a: int, size_b: int
) -> np.ndarray:  # average linkage
    return (size_a * to_a + size_b * to_b) / (size_a + size_b)


def _merged_probes() -> list[tuple[np.ndarray, np.ndarray, int, int]]:
    rng = np.random.default_rng(6)
    probes = [
        # Cleo is group a, Dora with Eve group b; distances to Ana, Bea and Fay.
        (np.array([10.0, 4.0, 10.0]), np.array([12.5, 6.5, 7.5]), 1, 2),
        (np.array([2.0]), np.array([8.0]), 5, 1),
        (np.array([3.0, 0.0]), np.array([5.0, 0.0]), 2, 2),
    ]
    for n, size_a, size_b in [(4, 7, 3), (6, 1, 40), (1, 2, 9)]:
        probes.append((rng.random(n).round(2), 2 + rng.random(n).round(2), size_a, size_b))
    return probes


def _groups_at(tree: np.ndarray, height: float) -> int:
    return int((tree[:, 2] > height).sum()) + 1


def _cut_probes() -> list[tuple[np.ndarray, float]]:
    rng = np.random.default_rng(7)
    small = merge_tree(np.array([[0.0], [1.0], [5.0]]), "single")
    six = merge_tree(HOURS, "complete")
    # Two copies of each viewer, and three pairs that merge at one height.
    copies = merge_tree(np.repeat(HOURS, 2, axis=0), "single")
    level = merge_tree(np.array([[0.0], [1.0], [10.0], [11.0], [40.0], [41.0]]), "complete")
    large = merge_tree(rng.normal(size=(40, 2)))
    return [
        (small, 2.0),
        (six, 5.0),
        # Exactly at a merge, below all, above all, at zero.
        (six, 6.0),
        (six, 0.5),
        (six, 100.0),
        (copies, 0.0),
        (level, 1.0),
        (level, 0.9),
        (large, float(large[30, 2])),
        (large, float(large[20, 2]) * 1.0001),
    ]


EXERCISES = (
    Exercise(
        "05.1",
        "The third merge",
        "predict",
        lambda: float(merge_tree(HOURS)[2, 2]),
        (
            Mistake(
                "smallest distance",
                lambda: 4.0,
                "That is the distance from Bea to the nearest of the three, as single linkage "
                "would have it. Average linkage asks all three.",
            ),
            Mistake(
                "largest distance",
                lambda: 7.0,
                "That is the distance from Bea to the farthest of the three, as complete linkage "
                "would have it. Average linkage asks all three.",
            ),
            Mistake(
                "the wrong pair",
                lambda: 6.0,
                "That is the distance of Ana and Bea. Is there a pair of groups that is nearer?",
            ),
            Mistake(
                "mean of two means",
                lambda: 5.25,
                "You averaged the distance to Cleo and the distance to Dora and Eve as if each "
                "stood for one viewer. The second of them stands for two.",
            ),
            Mistake(
                "sum",
                lambda: 17.0,
                "That is the sum over the three pairs. What makes it a mean?",
            ),
        ),
        "Compare two candidates: Ana with Bea, and Bea with the group of three. The nearer pair "
        "merges.",
        "Write down the hours between Bea and Cleo, Bea and Dora, Bea and Eve, and take their "
        "mean. Then compare it with the hours between Ana and Bea.",
        tolerance=0.005,
    ),
    Exercise(
        "05.2",
        "Average linkage",
        "write",
        _average,
        (
            Mistake(
                "minimum",
                lambda A, B: float(_distances(A, B).min()),
                "You took the nearest pair. That is single linkage.",
            ),
            Mistake(
                "maximum",
                lambda A, B: float(_distances(A, B).max()),
                "You took the farthest pair. That is complete linkage.",
            ),
            Mistake(
                "distance of the means",
                _of_means,
                "You measured from one group's mean to the other's. Average linkage averages "
                "distances; you measured the distance of averages, which forgets how wide the "
                "groups are.",
            ),
            Mistake(
                "squared",
                lambda A, B: float(squared_distances(A, B).mean()),
                "You averaged squared distances. Take the root of each before you average.",
            ),
            Mistake(
                "root of the mean square",
                lambda A, B: float(np.sqrt(squared_distances(A, B).mean())),
                "You averaged squares and took the root afterwards. Take the root first.",
            ),
            Mistake(
                "Manhattan distance",
                lambda A, B: float(np.abs(A[:, None] - B[None]).sum(axis=2).mean()),
                "You added the absolute differences of the columns. The chapter's distance is the "
                "Euclidean one.",
            ),
            Mistake(
                "pairs inside a group",
                _within_the_union,
                "You counted pairs within a group as well. Each pair takes one viewer from `A` "
                "and one from `B`.",
            ),
            Mistake(
                "row by row",
                _row_by_row,
                "You paired the first with the first and the second with the second. Everybody "
                "in `A` meets everybody in `B`.",
            ),
            Mistake(
                "sum",
                lambda A, B: float(_distances(A, B).sum()),
                "That is the sum over the pairs. Divide by their number.",
            ),
        ),
        "For every viewer in A and every viewer in B take the Euclidean distance; then average "
        "over all these pairs.",
        "Two loops, one inside the other, collect len(A) * len(B) distances in a list.",
        _average_probes,
    ),
    Exercise(
        "05.3",
        "The forgotten sizes",
        "repair",
        _merged,
        (
            Mistake(
                "sizes forgotten",
                lambda to_a, to_b, size_a, size_b: (to_a + to_b) / 2,
                "Both groups still count alike. A group of two viewers stands for twice as many "
                "pairs as a single viewer.",
            ),
            Mistake(
                "sizes exchanged",
                lambda to_a, to_b, size_a, size_b: _merged(to_a, to_b, size_b, size_a),
                "The sizes belong to the other group: the larger group must pull harder.",
            ),
            Mistake(
                "not divided",
                lambda to_a, to_b, size_a, size_b: size_a * to_a + size_b * to_b,
                "That is the sum over all pairs. Divide by the number of viewers in both groups.",
            ),
            Mistake(
                "divided by two",
                lambda to_a, to_b, size_a, size_b: (size_a * to_a + size_b * to_b) / 2,
                "You weigh by the sizes, but divide by the number of groups. Divide by the "
                "number of viewers.",
            ),
            Mistake(
                "minimum",
                lambda to_a, to_b, size_a, size_b: np.minimum(to_a, to_b),
                "You keep the smaller distance. That is the update of single linkage.",
            ),
            Mistake(
                "maximum",
                lambda to_a, to_b, size_a, size_b: np.maximum(to_a, to_b),
                "You keep the larger distance. That is the update of complete linkage.",
            ),
        ),
        "The new distance is a mean over all viewers of both groups, so each group weighs as "
        "much as it has viewers.",
        "How many pairs stand behind to_a, and how many behind to_b? Turn each mean back into a "
        "sum, add the sums, and divide by the number of pairs.",
        _merged_probes,
    ),
    Exercise(
        "05.4",
        "One of these is wrong",
        "predict",
        lambda: "c",
        (
            Mistake(
                "a, the first merge",
                lambda: "a",
                "The lowest bracket is the first merge, and these two stand under it. That is "
                "right.",
            ),
            Mistake(
                "b, heights",
                lambda: "b",
                "Follow the two upwards until their lines meet, and read the height there. That "
                "is right.",
            ),
            Mistake(
                "d, the cut",
                lambda: "d",
                "Lay a ruler across the picture at this height and count the lines that it "
                "crosses. That is right.",
            ),
            Mistake(
                "e, a group inside a group",
                lambda: "e",
                "Every group of a finer cut lies inside one group of a coarser cut. That is right.",
            ),
        ),
        "Answer with one letter. For each sentence ask: does it speak about heights, or about "
        "who stands beside whom?",
        "Take a pencil and turn one bracket round, so that left and right change places. It is "
        "still the same tree. Which sentence would have to change?",
    ),
    Exercise(
        "05.5",
        "How many groups at this height?",
        "repair",
        _groups_at,
        (
            Mistake(
                "merges that were made",
                lambda tree, height: int((tree[:, 2] <= height).sum()),
                "You counted the merges below the cut. Every one of them has made the number of "
                "groups smaller.",
            ),
            Mistake(
                "merges that were not made",
                lambda tree, height: int((tree[:, 2] > height).sum()),
                "You counted the merges above the cut. If there is none, is there no group?",
            ),
            Mistake(
                "the cut itself",
                lambda tree, height: int((tree[:, 2] >= height).sum()) + 1,
                "You are wrong where a merge stands exactly at the height. It counts as made.",
            ),
            Mistake(
                "merges plus one",
                lambda tree, height: int((tree[:, 2] <= height).sum()) + 1,
                "You counted the merges below the cut. Which merges does the cut undo?",
            ),
            Mistake(
                "different heights",
                lambda tree, height: len(np.unique(tree[:, 2][tree[:, 2] > height])) + 1,
                "You counted heights. Two merges of the same height are still two merges.",
            ),
            Mistake(
                "points of the last merge",
                lambda tree, height: int(tree[tree[:, 2] <= height][:, 3].max(initial=1)),
                "You return how many viewers the largest group has. How many groups are there?",
            ),
        ),
        "Before the first merge there are as many groups as viewers, and every merge takes one "
        "away.",
        "A tree with n - 1 rows has n viewers. Subtract the merges at or below the height.",
        _cut_probes,
    ),
    Exercise(
        "05.6",
        "The bill for 100,000 users",
        "predict",
        lambda: distance_bytes(MANY_USERS) / GIGABYTE,
        (
            Mistake(
                "users, not pairs",
                lambda: MANY_USERS * 8 / GIGABYTE,
                "You counted users. If this were right, the source article would be right as "
                "well, and the method would suit large numbers of users. A distance belongs to "
                "a pair.",
            ),
            Mistake(
                "every pair twice",
                lambda: MANY_USERS**2 * 8 / GIGABYTE,
                "You counted every pair twice. Ana to Bea is as far as Bea to Ana.",
            ),
            Mistake(
                "numbers, not bytes",
                lambda: distance_bytes(MANY_USERS) / 8 / GIGABYTE,
                "That is how many distances there are. How many bytes does each of them take?",
            ),
            Mistake(
                "megabytes",
                lambda: distance_bytes(MANY_USERS) / 1e6,
                "Your number is right in another unit. How many bytes has a gigabyte?",
            ),
            Mistake(
                "bytes",
                lambda: float(distance_bytes(MANY_USERS)),
                "You counted bytes. How many bytes has a gigabyte?",
            ),
            Mistake(
                "bits",
                lambda: distance_bytes(MANY_USERS) * 8 / GIGABYTE,
                "You counted bits, or you multiplied by the size of a number twice.",
            ),
            Mistake(
                "binary gigabytes",
                lambda: distance_bytes(MANY_USERS) / 2**30,
                "You divided by 1,024 three times. Here a gigabyte has nine zeros.",
            ),
        ),
        "Count the pairs first, then multiply by the bytes of one number, then change the unit.",
        "Of n users, everyone has n - 1 others, and every pair is met from both of its ends. A "
        "number takes 8 bytes; a gigabyte has nine zeros.",
        tolerance=0.01,
    ),
)
