"""Exercises of chapter 9, vectors of a pretrained language model, names, and clusters that last."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import linear_sum_assignment

from recsys_tutorial.clustering import class_tfidf, match_clusters, renumber
from recsys_tutorial.exercises.engine import Exercise, Mistake

# ------------------------------------------------------------------ neighbours


def _ranked(scores: np.ndarray, i: int, n: int) -> list[int]:
    order = np.argsort(-scores, kind="stable")
    return [int(row) for row in order if row != i][:n]


def _cosines(X: np.ndarray, i: int) -> np.ndarray:
    return X @ X[i] / np.linalg.norm(X, axis=1) / np.linalg.norm(X[i])


def _nearest(X: np.ndarray, i: int, n: int) -> list[int]:
    # Rounded: a cosine of equal directions may differ in the last digit.
    return _ranked(_cosines(X, i).round(9), i, n)


def _itself(X: np.ndarray, i: int, n: int) -> list[int]:
    scores = _cosines(X, i).round(9)
    scores[i] = 2
    return [int(row) for row in np.argsort(-scores, kind="stable")[:n]]


def _skips_the_first(X: np.ndarray, i: int, n: int) -> list[int]:
    order = np.argsort(-_cosines(X, i).round(9), kind="stable")
    return [int(row) for row in order[1 : n + 1]]


def _skips_the_last(X: np.ndarray, i: int, n: int) -> list[int]:
    order = np.argsort(_cosines(X, i).round(9), kind="stable")[::-1]
    return [int(row) for row in order[1 : n + 1]]


def _skips_another(X: np.ndarray, i: int, n: int) -> list[int]:
    scores = _cosines(X, i).round(9)
    scores[i] -= 1e-6
    order = np.argsort(-scores, kind="stable")
    return [int(row) for row in order[1 : n + 1]]


def _product(X: np.ndarray, i: int, n: int) -> list[int]:
    return _ranked((X @ X[i]).round(9), i, n)


def _distance(X: np.ndarray, i: int, n: int) -> list[int]:
    return _ranked(-np.linalg.norm(X - X[i], axis=1).round(9), i, n)


def _farthest(X: np.ndarray, i: int, n: int) -> list[int]:
    return _ranked(-_cosines(X, i).round(9), i, n)


def _absolute(X: np.ndarray, i: int, n: int) -> list[int]:
    return _ranked(np.abs(_cosines(X, i)).round(9), i, n)


def _nearest_probes() -> list[tuple[np.ndarray, int, int]]:
    rng = np.random.default_rng(91)
    small = np.array([[1.0, 0.0], [3.0, 1.0], [1.0, 1.0], [1.0, 5.0], [-9.0, 0.0]])
    probes = [(small, 0, 2), (small, 2, 4)]
    # The same direction before it or after it, so that the first place is not always its own.
    probes.append((np.vstack([small[2] * 2, small]), 3, 2))
    probes.append((np.vstack([small, small[2] * 2]), 2, 2))
    for n_rows, n_columns, i, n in [(6, 3, 1, 3), (12, 4, 11, 5), (20, 2, 7, 1), (9, 5, 0, 8)]:
        X = rng.normal(size=(n_rows, n_columns)) * rng.uniform(0.2, 4, size=(n_rows, 1))
        probes.append((X.round(3), i, n))
    return probes


# ------------------------------------------------------------------ whole numbers

ROW = np.array([0.76, -0.80, 0.10, 0.24])
LARGEST = 127


def _whole(scale: float, rounding: Callable[[float], float] = np.rint) -> float:
    return float(rounding(ROW[0] * scale))


# ------------------------------------------------------------------ recency


def _weights(raw: np.ndarray) -> np.ndarray:
    return raw / raw.sum()


def _ages(n: int) -> np.ndarray:
    return np.arange(n)[::-1].astype(float)


def _recency(n: int, half_life: float) -> np.ndarray:
    return _weights(0.5 ** (_ages(n) / half_life))


def _oldest_first(n: int, half_life: float) -> np.ndarray:
    return _recency(n, half_life)[::-1]


def _natural(n: int, half_life: float) -> np.ndarray:
    return _weights(np.exp(-_ages(n) / half_life))


def _not_divided(n: int, half_life: float) -> np.ndarray:
    return np.asarray(0.5 ** (_ages(n) / half_life))


def _per_event(n: int, half_life: float) -> np.ndarray:
    return _weights(0.5 ** _ages(n))


def _cut_off(n: int, half_life: float) -> np.ndarray:
    return _weights((_ages(n) <= half_life).astype(float))


def _multiplied(n: int, half_life: float) -> np.ndarray:
    return _weights(0.5 ** (_ages(n) * half_life))


def _recency_probes() -> list[tuple[int, float]]:
    return [(3, 2.0), (2, 0.5), (1, 3.0), (5, 4.0), (8, 2.5), (28, 10.0), (40, 0.7), (28, 100.0)]


# ------------------------------------------------------------------ two blocks on equal terms


def _block(X: np.ndarray) -> np.ndarray:
    centred = X - X.mean(axis=0)
    return np.asarray(centred / np.sqrt((centred**2).sum(axis=1).mean()))


def _squared(X: np.ndarray) -> np.ndarray:
    return ((X[:, None] - X[None]) ** 2).sum(axis=2)


def _fused(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return weight * _squared(_block(A)) + (1 - weight) * _squared(_block(B))


def _side_by_side(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return _squared(np.hstack([A, B]))


def _raw_weighted(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return weight * _squared(A) + (1 - weight) * _squared(B)


def _by_column(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    a, b = (X / np.where(X.std(axis=0) > 0, X.std(axis=0), 1) for X in (A, B))
    return weight * _squared(a) + (1 - weight) * _squared(b)


def _by_all_numbers(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return weight * _squared(A / A.std()) + (1 - weight) * _squared(B / B.std())


def _not_weighted(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return _squared(_block(A)) + _squared(_block(B))


def _no_root(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return weight**2 * _squared(_block(A)) + (1 - weight) ** 2 * _squared(_block(B))


def _swapped(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    return _fused(B, A, weight)


def _not_centred(A: np.ndarray, B: np.ndarray, weight: float) -> np.ndarray:
    size_a, size_b = ((X**2).sum(axis=1).mean() for X in (A, B))
    return weight * _squared(A) / size_a + (1 - weight) * _squared(B) / size_b


def _fuse_probes() -> list[tuple[np.ndarray, np.ndarray, float]]:
    rng = np.random.default_rng(94)
    probes = [
        (np.array([[0.0], [4.0]]), np.array([[1.0, 5.0], [1.0, 11.0]]), 0.25),
        (np.array([[1.0, 1.0], [1.0, 2.0], [3.0, 0.0]]), np.array([[0.1], [0.2], [0.6]]), 0.4),
    ]
    for n, a, b, size, weight in [(5, 8, 2, 9, 0.3), (8, 2, 6, 0.1, 0.7), (12, 3, 3, 1, 0.9)]:
        probes.append((rng.normal(2, 1, (n, a)).round(3), size * rng.random((n, b)), weight))
    probes.append((rng.random((6, 40)), 50 * rng.random((6, 1)), 0.2))
    return probes


# ------------------------------------------------------------------ class-based TF-IDF


def _shares(counts: np.ndarray) -> np.ndarray:
    return counts / counts.sum(axis=1, keepdims=True)


def _mean_words(counts: np.ndarray) -> float:
    return float(counts.sum(axis=1).mean())


def _counts_not_shares(counts: np.ndarray) -> np.ndarray:
    return np.asarray(counts * np.log(1 + _mean_words(counts) / counts.sum(axis=0)))


def _all_words(counts: np.ndarray) -> np.ndarray:
    return np.asarray(_shares(counts) * np.log(1 + counts.sum() / counts.sum(axis=0)))


def _without_one(counts: np.ndarray) -> np.ndarray:
    return np.asarray(_shares(counts) * np.log(_mean_words(counts) / counts.sum(axis=0)))


def _documents(counts: np.ndarray) -> np.ndarray:
    return np.asarray(_shares(counts) * np.log(len(counts) / (counts > 0).sum(axis=0)))


def _no_log(counts: np.ndarray) -> np.ndarray:
    return np.asarray(_shares(counts) * (1 + _mean_words(counts) / counts.sum(axis=0)))


def _share_of_the_word(counts: np.ndarray) -> np.ndarray:
    total = counts.sum(axis=0)
    return np.asarray(counts / total * np.log(1 + _mean_words(counts) / total))


def _count_probes() -> list[tuple[np.ndarray]]:
    rng = np.random.default_rng(95)
    probes = [(np.array([[4.0, 0.0], [2.0, 2.0]]),), (np.array([[3.0, 1.0, 0.0], [3.0, 0, 5]]),)]
    for n_classes, n_words in [(3, 4), (5, 3), (2, 9), (6, 12), (1, 3)]:
        # One occurrence at least, so that no word and no class is empty.
        counts = rng.integers(0, 8, size=(n_classes, n_words)).astype(float)
        counts[0] += 1
        counts[:, 0] += 1
        probes.append((counts,))
    return probes


# ------------------------------------------------------------------ the same clusters again


def _kept(old: np.ndarray, new: np.ndarray) -> float:
    return float((renumber(new, match_clusters(old, new)) == old).mean())


def _same_number(old: np.ndarray, new: np.ndarray) -> float:
    return float((old == new).mean())


def _table(old: np.ndarray, new: np.ndarray) -> np.ndarray:
    k = max(old.max(), new.max()) + 1
    counts = np.zeros((k, k))
    np.add.at(counts, (new, old), 1)
    return counts


def _each_its_best(old: np.ndarray, new: np.ndarray) -> float:
    return float(_table(old, new).max(axis=1).sum() / len(old))


def _old_its_best(old: np.ndarray, new: np.ndarray) -> float:
    return float(_table(old, new).max(axis=0).sum() / len(old))


def _first_come(old: np.ndarray, new: np.ndarray) -> float:
    counts, kept = _table(old, new), 0.0
    for row in range(len(counts)):
        column = int(counts[row].argmax())
        kept += counts[row, column]
        counts[:, column] = -1
    return kept / len(old)


def _largest_first(old: np.ndarray, new: np.ndarray) -> float:
    counts, kept = _table(old, new), 0.0
    for _ in range(len(counts)):
        row, column = np.unravel_index(counts.argmax(), counts.shape)
        kept += counts[row, column]
        counts[row], counts[:, column] = -1, -1
    return float(kept / len(old))


def _worst(old: np.ndarray, new: np.ndarray) -> float:
    counts = _table(old, new)
    return float(counts[linear_sum_assignment(counts)].sum() / len(old))


def _number_kept(old: np.ndarray, new: np.ndarray) -> float:
    return _kept(old, new) * len(old)


def _share_moved(old: np.ndarray, new: np.ndarray) -> float:
    return 1 - _kept(old, new)


def _from_table(counts: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    table = np.array(counts)
    new, old = (np.repeat(side.ravel(), table.ravel()) for side in np.indices(table.shape))
    return old, new


def _label_probes() -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(96)
    # Rows are new clusters, columns old ones.
    tables = [
        [[0, 3], [2, 0]],
        [[5, 4], [4, 0]],
        [[3, 4], [0, 9]],
        [[2, 0, 1], [6, 5, 0], [0, 3, 4]],
        [[9, 8, 0], [8, 0, 1], [0, 2, 3]],
    ]
    probes = [_from_table(table) for table in tables]
    for n_rows, k in [(20, 3), (40, 4), (60, 4)]:
        pair = rng.integers(0, k, size=(2, n_rows))
        pair[:, :k] = np.arange(k)
        probes.append((pair[0], pair[1]))
    return probes


EXERCISES = (
    Exercise(
        "09.1",
        "The nearest films",
        "write",
        _nearest,
        (
            Mistake(
                "itself counted",
                _itself,
                "Your list begins with the film itself: nothing is nearer to it. Leave row i out.",
            ),
            Mistake(
                "first place dropped",
                _skips_the_first,
                "You drop whatever stands in the first place. If another film has the same "
                "direction, that need not be row i: leave out i by its number.",
            ),
            Mistake(
                "first place dropped after turning round",
                _skips_the_last,
                "You turn the order round and drop whatever stands first. If another film has the "
                "same direction, that need not be row i: leave out i by its number.",
            ),
            # Sorting without kind="stable" may put equal values in any order.
            Mistake(
                "first place dropped, equal ones in any order",
                _skips_another,
                "You drop the first place of the order, and row i need not stand there: another "
                "film has the same direction. Leave out i by its number.",
            ),
            Mistake(
                "not divided by the lengths",
                _product,
                "You rank by the product of the vectors, and a long vector has large products "
                "with everything. The cosine divides by both lengths.",
            ),
            Mistake(
                "distance",
                _distance,
                "You rank by distance. For vectors of different lengths that is another order: "
                "the cosine looks at directions only.",
            ),
            Mistake(
                "farthest first",
                _farthest,
                "Your list begins with the least similar film. A large cosine is near.",
            ),
            Mistake(
                "sign dropped",
                _absolute,
                "You took the absolute value. A cosine of minus one means the opposite direction, "
                "which is as far away as can be.",
            ),
        ),
        "Write down the cosine of row i with every other row of the small example, and sort.",
        "Divide every row by its length first; then one product of a matrix with a vector gives "
        "all cosines.",
        probes=_nearest_probes,
    ),
    Exercise(
        "09.2",
        "A number in one byte",
        "predict",
        lambda: _whole(LARGEST / 0.80),
        (
            Mistake(
                "cut off, not rounded",
                lambda: _whole(LARGEST / 0.80, np.trunc),
                "You cut off what stands behind the point. Rounding to the nearest whole number "
                "halves the largest error.",
            ),
            Mistake(
                "not rounded",
                lambda: ROW[0] * LARGEST / 0.80,
                "Your scale is right. One byte holds whole numbers only: one step remains.",
            ),
            Mistake(
                "128 steps",
                lambda: _whole((LARGEST + 1) / 0.80),
                "You used 128 steps. One byte with a sign ends one step earlier on the positive "
                "side, and 128 would turn into -128.",
            ),
            Mistake(
                "no scale of its own",
                lambda: _whole(LARGEST),
                "You assumed that the row reaches up to 1. Its own largest absolute value sets "
                "the scale.",
            ),
            Mistake(
                "sign forgotten",
                lambda: _whole(LARGEST / 0.76),
                "You scaled by the largest value. The largest absolute value belongs to a "
                "negative number here, and it must fit as well.",
            ),
            Mistake(
                "from lowest to highest",
                lambda: _whole(255 / 1.56),
                "You spread the range from the lowest to the highest value over all 255 steps. "
                "Here the scale is fixed by the largest absolute value, so that 0 stays 0.",
            ),
        ),
        "Which number of the row has the largest absolute value? It becomes the outermost step.",
        "Divide the number by the largest absolute value, multiply by 127 and round.",
    ),
    Exercise(
        "09.3",
        "Yesterday counts more",
        "write",
        _recency,
        (
            Mistake(
                "oldest counts most",
                _oldest_first,
                "Your largest weight stands first. The events are ordered from the oldest to the "
                "latest, so the latest stands last.",
            ),
            Mistake(
                "e in place of 2",
                _natural,
                "You used the exponential function: after one half-life your weight has fallen to "
                "0.37 of what it was. A half-life leaves a half.",
            ),
            Mistake(
                "not divided by the sum",
                _not_divided,
                "Your weights are in the right proportion and do not add up to 1.",
            ),
            Mistake(
                "half-life ignored",
                _per_event,
                "Your weight halves with every single event. It should halve once in half_life "
                "events.",
            ),
            Mistake(
                "multiplied by the half-life",
                _multiplied,
                "You multiplied the age by the half-life. A longer half-life should forget more "
                "slowly: divide.",
            ),
            Mistake(
                "cut off at the half-life",
                _cut_off,
                "Your weights are equal up to the half-life and 0 beyond. Nothing is forgotten at "
                "once: an event two half-lives old still counts a quarter.",
            ),
        ),
        "How old is each event, counted in events? The latest has age 0.",
        "Raise one half to the power of age divided by half-life, and divide by the sum.",
        probes=_recency_probes,
    ),
    Exercise(
        "09.4",
        "Two descriptions on equal terms",
        "repair",
        _fused,
        (
            Mistake(
                "side by side",
                _side_by_side,
                "You put the columns side by side as they are. The description with the larger "
                "numbers decides alone, and the weight has no effect.",
            ),
            Mistake(
                "not scaled",
                _raw_weighted,
                "You weigh the two, but in their own units: larger numbers still win. Scale each "
                "to a mean squared distance of 1 from its mean first.",
            ),
            Mistake(
                "scaled column by column",
                _by_column,
                "You scaled each column. Now every column counts the same, so the description "
                "with more columns counts more. Scale each block as a whole.",
            ),
            Mistake(
                "standard deviation of all numbers",
                _by_all_numbers,
                "You divided by the standard deviation of all numbers in a block. A block with "
                "more columns then has larger distances: add up the squares of a row, then take "
                "the mean over the rows.",
            ),
            Mistake(
                "scaled, not weighed",
                _not_weighted,
                "Your two blocks are on equal terms, and the weight has no effect yet.",
            ),
            Mistake(
                "weight without its root",
                _no_root,
                "You multiplied the columns by the weight. Distances are squared, and with them "
                "the weight: multiply by its square root.",
            ),
            Mistake(
                "weights swapped",
                _swapped,
                "The weight belongs to A, and what is left to 1 belongs to B.",
            ),
            Mistake(
                "mean not removed",
                _not_centred,
                "You measured the size of a block by its distance from 0. A block far from 0 "
                "whose rows hardly differ then shrinks to nothing: measure from its mean.",
            ),
        ),
        "Take two viewers only. How far are they apart in A, in B, and in your result?",
        "Subtract the mean row, divide the whole block by one number, and only then weigh.",
        probes=_fuse_probes,
    ),
    Exercise(
        "09.5",
        "Words that name a group",
        "write",
        class_tfidf,
        (
            Mistake(
                "counts in place of shares",
                _counts_not_shares,
                "You took the count of the word. A large group has large counts of everything: "
                "divide by the number of words in the group.",
            ),
            Mistake(
                "all words in place of the mean",
                _all_words,
                "Your A is the number of all words. It should be the mean number of words in a "
                "group.",
            ),
            Mistake(
                "the 1 left out",
                _without_one,
                "You left out the 1 in the logarithm. A frequent word then gets a negative score, "
                "and the more often a group uses it, the worse.",
            ),
            Mistake(
                "groups with the word",
                _documents,
                "You count the groups in which a word occurs, as classical TF-IDF does. With few "
                "groups nearly all of them know every word; here occurrences count.",
            ),
            Mistake(
                "no logarithm",
                _no_log,
                "You left out the logarithm, and rare words outweigh everything.",
            ),
            Mistake(
                "share of the word",
                _share_of_the_word,
                "You divided each count by the count of the word. The share wanted is that of the "
                "word among the words of the group.",
            ),
        ),
        "Work the small example by hand: the share of each word in its group, then how often it "
        "occurs in all groups together.",
        "Three pieces: the table divided by its row sums; A, the mean of the row sums; f, the "
        "column sums.",
        probes=_count_probes,
    ),
    Exercise(
        "09.6",
        "Who kept her group?",
        "repair",
        _kept,
        (
            Mistake(
                "number by number",
                _same_number,
                "You compare the numbers as they are. The second run numbers its groups at "
                "random: look for the best renumbering first.",
            ),
            Mistake(
                "each new group takes its best",
                _each_its_best,
                "Each new group takes the old number it overlaps most, so two may take the same "
                "one. A number can be given once.",
            ),
            Mistake(
                "each old group takes its best",
                _old_its_best,
                "Each old group picks the new one it overlaps most, so two may pick the same one. "
                "A number can be given once.",
            ),
            Mistake(
                "first come, first served",
                _first_come,
                "The groups choose one after the other, and the last take what is left. Another "
                "order could keep more viewers.",
            ),
            Mistake(
                "largest overlap first",
                _largest_first,
                "You pair the largest overlap first. That can force a poor pair later: a slightly "
                "smaller first pair may keep more viewers in all.",
            ),
            Mistake(
                "the worst renumbering",
                _worst,
                "You found the renumbering that keeps the fewest. linear_sum_assignment looks for "
                "the smallest sum unless it is told otherwise.",
            ),
            Mistake(
                "number in place of share",
                _number_kept,
                "You return how many viewers keep their number. Their share is asked for.",
            ),
            Mistake(
                "those who moved",
                _share_moved,
                "You return the share of those who move. Those who stay are asked for.",
            ),
        ),
        "Draw a table of overlaps, new groups down and old groups across. You may mark one cell "
        "in each row and each column.",
        "For few groups, try all renumberings; for many, scipy.optimize.linear_sum_assignment "
        "finds the best one.",
        probes=_label_probes,
    ),
)
