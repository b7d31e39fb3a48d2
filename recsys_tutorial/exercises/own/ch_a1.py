"""Variants of chapter A1 on a class's own table: the article's errors, met once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.preprocessing import StandardScaler

from recsys_tutorial.clustering import adjusted_rand
from recsys_tutorial.exercises.own.cutting import first, kept, others, telling
from recsys_tutorial.exercises.own.engine import Variant
from recsys_tutorial.exercises.own.material import SEED, Material, need, some

# ------------------------------------------------------------------ 1: which line stops first?


def _program(material: Material) -> tuple[list[str], np.ndarray]:
    """Write a program for the table, in which one declaration asks for too much."""
    X = material.matrix[material.sample(60, "A1.1")][:, :40].toarray()
    n_users, n_items = X.shape
    # Which of two promises cannot be kept depends on the table.
    if (len(material.events) % 2) == 0:
        n_clusters, n_columns = n_users + 1, 2
    else:
        n_clusters, n_columns = 4, n_items + 1
    lines = [
        f"svd = TruncatedSVD({n_columns})",
        f"kmeans = KMeans({n_clusters})",
        "scaler = StandardScaler()",
        "scaled = scaler.fit_transform(X)",
        "first = scaled[0]",
        "flat = svd.fit_transform(scaled)",
        "kmeans.fit(flat)",
        "alike = kmeans.predict(flat[:1])",
    ]
    return lines, X


def _first_to_stop(program: list[str], X: np.ndarray) -> int:
    """Do what the program's lines say, and count until one stops."""
    n_columns, n_clusters = (int(line.split("(")[1].rstrip(")")) for line in program[:2])
    made: dict[str, Any] = {}
    steps: list[Callable[[], Any]] = [
        lambda: made.update(svd=TruncatedSVD(n_columns, random_state=SEED)),
        lambda: made.update(kmeans=KMeans(n_clusters, n_init=1, random_state=SEED)),
        lambda: made.update(scaler=StandardScaler()),
        lambda: made.update(scaled=made["scaler"].fit_transform(X)),
        lambda: made["scaled"][0],
        lambda: made.update(flat=made["svd"].fit_transform(made["scaled"])),
        lambda: made["kmeans"].fit(made["flat"]),
        lambda: made["kmeans"].predict(made["flat"][:1]),
    ]
    for number, step in enumerate(steps, start=1):
        try:
            step()
        except ValueError:
            return number
    return 0


# ------------------------------------------------------------------ 2: how large is the model?


def _widths(material: Material) -> tuple[list[int]]:
    return ([material.n_items, 64, 32, int(material.labels.max()) + 1],)


def _parameters(widths: list[int]) -> int:
    return sum((a + 1) * b for a, b in zip(widths[:-1], widths[1:], strict=True))


# ------------------------------------------------------------------ 3: the same groups?


@kept
def _two_runs(material: Material) -> list[tuple]:
    """Group people twice, rename, merge, split and move."""
    rng, found = material.rng("A1.3"), []
    for n in (12, 40, 8):
        rows = material.sample(n, f"A1.3 {n}")
        labels = np.unique(material.labels[rows], return_inverse=True)[1].astype(int)
        if labels.max() < 1:
            labels = (np.arange(len(rows)) % 3).astype(int)
        k = int(labels.max()) + 1
        renamed = (labels + 1) % k
        merged = np.minimum(labels, k - 2)
        split = np.where(np.arange(len(labels)) % 2 == 0, labels, labels + k)
        split = np.unique(split, return_inverse=True)[1].astype(int)
        moved = labels.copy()
        moved[0] = (moved[0] + 1) % k
        again = KMeans(k, n_init=1, random_state=1).fit(material.vectors[rows]).labels_
        pairs = [renamed, merged, split, moved, rng.permutation(labels), labels.copy()]
        found += [(labels, other) for other in (*pairs, again.astype(int))]
    return telling("A1.3", found, n=7)


# ------------------------------------------------------------------ 4: nobody gets lost


@kept
def _holes(material: Material) -> list[tuple]:
    """Describe people, with some cells empty, and set some of them aside as new."""
    known = material.popularity / material.n_users
    share = np.asarray(material.matrix @ known).ravel() / np.maximum(material.activity, 1)
    table = pd.DataFrame(
        {
            "user_id": material.users,
            "events": material.activity.astype(float),
            "popularity": share.round(3),
            "right": material.points[:, 0],
            "up": material.points[:, 1],
        }
    )
    columns = [c for c in table.columns[1:] if table[c].nunique() > 2]
    need(columns, "All people of this table have the same description: bring another one.")
    found = []
    for n, n_new, n_columns in [(5, 3, 1), (8, 4, 2), (9, 3, 4), (8, 4, 3), (8, 4, 1)]:
        rng = material.rng(f"A1.4 {n} {n_columns}")
        rows = rng.permutation(len(table))[: n + n_new]
        part = table.iloc[rows][["user_id", *columns[:n_columns]]].reset_index(drop=True)
        holes = rng.random((len(part), part.shape[1] - 1)) < 0.15
        holes[[0, 1, n, n + 1]] = False
        holes[2, 0] = holes[-1, 0] = True
        part.iloc[:, 1:] = part.iloc[:, 1:].mask(holes)
        halves = part.iloc[:n].copy(), part.iloc[n:].copy()
        if all((half[columns[:n_columns]].nunique() > 1).all() for half in halves):
            found.append(halves)
    need(found, "Too few people of this table differ from each other: bring a longer one.")
    return telling("A1.4", found)


# ------------------------------------------------------------------ 5: J


def _nine(material: Material) -> tuple[np.ndarray, np.ndarray]:
    """Put nine people of the map into the groups of the table."""
    rows = material.sample(9, f"A1.5 {len(material.events)}")
    labels = np.unique(material.labels[rows], return_inverse=True)[1].astype(int)
    return material.points[rows], labels


def _objective(points: np.ndarray, labels: np.ndarray) -> float:
    groups = [points[labels == group] for group in np.unique(labels)]
    return float(sum(((rows - rows.mean(axis=0)) ** 2).sum() for rows in groups))


# ------------------------------------------------------------------ 6: a list for every user


@kept
def _seen_tables(material: Material) -> list[tuple]:
    """Take some people and items, and let one or two people belong to no group."""
    found = []
    for n, columns, k in [(5, 6, 2), (8, 6, 3), (10, 8, 4), (12, 10, 5), (9, 5, 5), (6, 6, 1)]:
        busy = material.busiest[: max(24, material.n_users // 4)]
        rows = np.sort(material.rng(f"A1.6 {n}").permutation(busy)[:n])
        labels = np.unique(material.labels[rows], return_inverse=True)[1].astype(int)
        own = material.centres[material.labels[rows]]
        far = np.argsort(((material.vectors[rows] - own) ** 2).sum(axis=1), kind="stable")
        labels[far[-max(1, n // 6) :]] = -1
        shown = labels >= 0
        labels[shown] = np.unique(labels[shown], return_inverse=True)[1]
        columns_shown = some(range(min(material.n_items, 3 * columns)), columns)
        seen = material.matrix[rows][:, columns_shown].toarray().astype(int)
        found.append((seen, labels, k))
    return telling("A1.6", found, n=6)


# ------------------------------------------------------------------ 7: the guilty lines

# What a line may be: as it should be, and as the article, or haste, would have it.
LINES: tuple[tuple[str, str], ...] = (
    ("train, test = split(table)  # a fifth of each history is held out", ""),
    ("X = user_item_matrix(train)", ""),
    ("groups = KMeans(4, n_init=10, random_state=0).fit(X)", ""),
    ("again = KMeans(4, n_init=10, random_state=1).fit(X)", ""),
    (
        "same = adjusted_rand(groups.labels_, again.labels_)  # do the groups come back?",
        "same = np.mean(groups.labels_ == again.labels_)  # do the groups come back?",
    ),
    ("likes = groups.cluster_centers_[groups.labels_]  # what her group has met, per user", ""),
    (
        "ours = ten_best_unseen(likes, X)  # ten new items for every user",
        "ours = {g: likes[groups.labels_ == g] for g in range(4)}  # ten new items for every user",
    ),
    (
        "rival = ten_best_unseen(train.groupby('item').size(), X)  # the popular list",
        "rival = ten_best_unseen(table.groupby('item').size(), X)  # the popular list",
    ),
    (
        "asked = list(test['user'].unique())  # all users for whom something is held out",
        "asked = list(busy_users(test, at_least=3))  # all users for whom something is held out",
    ),
)
WRONG = {wrong for _, wrong in LINES if wrong}


def _listing(material: Material) -> tuple[dict[int, str], dict[str, float]]:
    """Write the colleague's program, and what it says about the table."""
    chances = material.rng(f"A1.7 {len(material.events)}")
    spoiled = {n for n, (_, wrong) in enumerate(LINES) if wrong}
    mended = int(chances.choice(sorted(spoiled)))
    program = {
        n + 1: wrong if n in spoiled - {mended} else right for n, (right, wrong) in enumerate(LINES)
    }
    k = min(4, len(np.unique(material.vectors, axis=0)))
    one, other = (
        KMeans(k, n_init=3, random_state=seed).fit(material.vectors).labels_ for seed in (0, 1)
    )
    held = material.test_matrix.getnnz(axis=1)
    busy = int((held >= 3).sum()) if program[9] in WRONG else int((held > 0).sum())
    results = {
        "people in the table": float(material.n_users),
        "people with something held out": float((held > 0).sum()),
        "people asked in line 9": float(busy),
        "what line 5 gives": float(
            np.mean(one == other) if program[5] in WRONG else adjusted_rand(one, other)
        ),
    }
    return program, {name: round(value, 3) for name, value in results.items()}


def _guilty(program: dict[int, str], results: dict[str, float]) -> set[int]:
    return {number for number, line in program.items() if line in WRONG}


# ------------------------------------------------------------------ 8: before you cite it


@kept
def _records(material: Material) -> list[tuple]:
    """Copy what the table says about items, well and badly."""
    middle = [i for i in range(material.n_items) if 3 <= material.popularity[i]]
    need(middle, "No item was met by three people: bring a longer table.")
    people = [str(user) for user in material.users]
    records: list[dict[str, Any]] = []
    for column in some(middle, 6):
        rows = material.matrix[:, [column]].nonzero()[0]
        group = int(np.bincount(material.labels[rows]).argmax())
        records.append(
            {
                "title": material.titles[column],
                "authors": [people[row] for row in rows[:3]],
                "venue": f"group {group}",
                "year": int(material.popularity[column]),
            }
        )
    found: list[tuple] = []
    for record in records:
        one, two, three = record["authors"]
        stranger = next(name for name in (*people, "?") if name not in record["authors"])
        wrong: list[dict[str, Any]] = [
            {"year": None},
            {"authors": [one, "et al."]},
            {"authors": [one, stranger, three]},
            {"authors": [one, three, two]},
            {"venue": "group 99", "year": record["year"] + 1},
            {"title": f"{record['title']} 2"},
            {},
        ]
        found += [({**record, **change}, record) for change in wrong]
        found.append((record, None))
    # One of each kind, from different items.
    return telling("A1.8", [found[8 * (n % len(records)) + n] for n in range(8)] + found, n=8)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "A1.1",
        "`X` is a part of your table, people by items, and `program` a list of lines that run on "
        "it one after another. Give the number of the line, counted from 1, that raises the first "
        "exception.",
        _program,
        expected=_first_to_stop,
        hint="Go down the lines and ask of each: does it only declare something, or does it use "
        "the data? X.shape says how many people and items there are.",
        nudge="scikit-learn notices that too much was asked for when numbers flow, not when a "
        "model is declared.",
    ),
    Variant(
        "A1.2",
        "A dense network reads a row of your table (one number per item) and says the group; "
        "`widths` are the numbers that enter and leave its layers. How many parameters does it "
        "have?",
        _widths,
        expected=_parameters,
        hint="For each layer: numbers that come in, plus one, times the units. Then add up.",
        nudge="Each unit has a weight for every number that comes in, and a number of its own.",
    ),
    Variant(
        "A1.3",
        "`first` and `second` are the groups of some people of your table in two runs. Write "
        "whether the two runs found the same groups, whatever their numbers.",
        first(_two_runs),
        others(_two_runs),
    ),
    Variant(
        "A1.4",
        "`train` and `new` describe people of your table (their number of events, how popular what "
        "they met is, their place on a map); we have emptied some cells. Write the preprocessing "
        "that loses nobody and learns from `train` only.",
        first(_holes),
        others(_holes),
    ),
    Variant(
        "A1.5",
        "`points` puts nine people of your table on a map, and `labels` into groups. Give the J of "
        "this partition (within 1 % is near enough).",
        _nine,
        expected=_objective,
        hint="For each group: its mean, then the squared distance of each member to it, over both "
        "columns. Then add up.",
        nudge="Groups of one person cost nothing. Work them out one by one, and do not divide by "
        "the number of people at the end.",
        tolerance=0.01,
    ),
    Variant(
        "A1.6",
        "`seen` has a row for each of some people of your table and a column for each of some "
        "items, `labels` their groups, -1 for none. Write a list of at most `k` unseen items for "
        "every one of them.",
        first(_seen_tables),
        others(_seen_tables),
    ),
    Variant(
        "A1.7",
        "A colleague's `program` (line number to line) was run on your table; `results` says what "
        "came out of some lines. Which lines are wrong? Give a set of line numbers.",
        _listing,
        expected=_guilty,
        hint="Ask of each line: does it do what its comment says, has it seen what is held out, "
        "and are numbers of groups names?",
        nudge="Look for what the article gets wrong, too: who is handed out, who gets lost. One of "
        "the usual errors has been mended here.",
    ),
    Variant(
        "A1.8",
        "`found` is what your table says about one of its items, with the keys of a reference: "
        "`title`, `authors` (three people who met it), `venue` (the group that met it most) and "
        "`year` (how many met it). `cited` is what somebody copied. Write which fields do not "
        "agree; if `found` is None, there is no such item.",
        first(_records),
        others(_records),
    ),
)
