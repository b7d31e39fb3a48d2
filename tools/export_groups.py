"""Write the model behind the page "Which group are you?": book/_static/explorables/groups-model.js.

python tools/export_groups.py

The page computes in the browser what chapter 10 computes in Python, so it needs the soft cluster
model as numbers.  Everything here comes from the package and from seeds; running it again writes
the same file, and tests/unit/test_groups_vectors.py compares the file with a new one.  Only sums
over all viewers or over a group are written, never what one person rated.  The course must be
installed.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from scipy import sparse

from recsys_tutorial.datasets import Interactions, load_movielens
from recsys_tutorial.evaluation import find_hits, metrics_from_hits
from recsys_tutorial.features import genre_matrix, unit_rows
from recsys_tutorial.preprocessing import (
    UserItemMatrix,
    split_known,
    split_users,
    user_item_matrix,
)
from recsys_tutorial.recommenders import (
    Popularity,
    SoftClusterPopularity,
    cluster_names,
    distinctive_items,
    item_shares,
    top_unseen,
)

TARGET = Path(__file__).resolve().parent.parent / "book/_static/explorables/groups-model.js"

N_FILMS = 2000
# Chapter 10 uses 50 groups.  Fifty names cannot be read on a phone; the page says what it costs.
N_GROUPS = 12
# Softness for a guest, of whom few films are known; chosen by `measure`, see the page.
GUEST_TEMPERATURE = 0.18
TEMPERATURES = (0.03, 0.06, 0.12, 0.18, 0.25, 0.5, 1.0, 3.0)
KNOWN = (1, 3, 5, 10)
SPLITS = (0, 1, 2)
# A genre with fewer films than this is no landmark.
LANDMARK_FILMS = 60

NOTICE = (
    "Titles and counts from MovieLens latest-small (2016) by GroupLens, University of Minnesota: "
    "F. Maxwell Harper and Joseph A. Konstan (2015), The MovieLens Datasets: History and Context, "
    "ACM Transactions on Interactive Intelligent Systems 5(4), article 19, "
    "doi 10.1145/2827872. Research and teaching only, redistribution under the same terms, no "
    "commercial use without GroupLens' permission; GroupLens does not endorse this course. "
    "Changed: the 2,000 most rated films only, articles moved to the front of titles, sums over "
    "groups in place of single ratings, rounded."
)

# Numbers as text ---------------------------------------------------------------------------------

DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
LEVELS = 4095


def pack(levels: np.ndarray) -> str:
    """Write whole numbers from 0 to 4095 as two characters each."""
    flat = np.asarray(levels).ravel().astype(int)
    letters = np.array(list(DIGITS))
    return "".join(np.column_stack([letters[flat >> 6], letters[flat & 63]]).ravel())


def unpack(text: str) -> np.ndarray:
    """Read what `pack` wrote."""
    place = {letter: number for number, letter in enumerate(DIGITS)}
    digits = np.array([place[letter] for letter in text]).reshape(-1, 2)
    return digits[:, 0] * 64 + digits[:, 1]


def pack_logs(values: np.ndarray) -> dict:
    """Write positive numbers with a small *relative* error: their logarithms in equal steps."""
    logs = np.log(values)
    low = round(float(logs.min()), 4)
    step = max(float(f"{(logs.max() - low) / LEVELS:.6e}"), 1e-9)
    levels = np.clip(np.rint((logs - low) / step), 0, LEVELS)
    return {"low": low, "step": step, "text": pack(levels)}


def unpack_logs(packed: dict) -> np.ndarray:
    """Read what `pack_logs` wrote."""
    return np.exp(packed["low"] + packed["step"] * unpack(packed["text"]))


def pack_rows(rows: np.ndarray) -> dict:
    """Write each row as its largest entry and its entries in steps of that: rare films matter."""
    largest = np.abs(rows).max(axis=1)
    levels = np.rint(rows / largest[:, None] * 2047) + 2048
    return {"size": pack_logs(largest), "text": pack(levels)}


def unpack_rows(packed: dict) -> np.ndarray:
    """Read what `pack_rows` wrote."""
    size = unpack_logs(packed["size"])
    levels = unpack(packed["text"]).reshape(len(size), -1)
    return (levels - 2048) / 2047 * size[:, None]


# The model ---------------------------------------------------------------------------------------


def most_rated(log: Interactions, n: int) -> pd.Index:
    """Ids of the n films that most people rated, in ascending order."""
    counts = log.events.groupby("item").size().sort_values(ascending=False, kind="stable")
    return counts.index[:n].sort_values()


def matrix_of(log: Interactions, items: pd.Index) -> UserItemMatrix:
    """Who rated which of these films: a matrix with these columns alone."""
    whole = user_item_matrix(log)
    columns = whole.items.get_indexer(items)
    return UserItemMatrix(sparse.csr_array(whole.values[:, columns]), whole.users, items)


def fit(matrix: UserItemMatrix) -> SoftClusterPopularity:
    """The soft groups of chapter 10, with its settings but fewer groups."""
    return SoftClusterPopularity(n_clusters=N_GROUPS).fit(matrix)


def display_title(title: str) -> str:
    """Move a trailing article to the front: "Maltese Falcon, The" is hard to read and to find."""
    article = r"The|A|An|Le|La|Les|El|Los|Il|Das|Der|Die"
    return re.sub(rf"^([^()]+), ({article})(?= \(|$)", r"\2 \1", title.strip())


def display_name(name: str) -> str:
    """The same for a title inside a group's name: "Drama & Romance, Maltese Falcon, The"."""
    genres, comma, title = name.partition(", ")
    return f"{genres}: {display_title(title)}" if comma else genres


def middle_years(log: Interactions, matrix: UserItemMatrix, membership: np.ndarray) -> np.ndarray:
    """For each group the year before which half of its members made their last rating."""
    last = log.events.groupby("user")["timestamp"].max().loc[matrix.users].to_numpy()
    order = np.argsort(last, kind="stable")
    reached = membership[order].cumsum(axis=0) / membership.sum(axis=0)
    middle = last[order][(reached < 0.5).sum(axis=0)]
    return pd.to_datetime(middle, unit="s").year.to_numpy()


def projection(centres: np.ndarray, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Axes and origin of the flat map on which the centres differ most, and how much it keeps."""
    origin = np.average(centres, axis=0, weights=sizes)
    spread = (centres - origin) * np.sqrt(sizes / sizes.sum())[:, None]
    _, lengths, axes = np.linalg.svd(spread, full_matrices=False)
    axes = axes[:2].T
    # The sign of an axis is arbitrary; this makes it the same everywhere.
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), [0, 1]])
    return axes, origin, float((lengths[:2] ** 2).sum() / (lengths**2).sum())


def landmarks(matrix: UserItemMatrix, genres: pd.DataFrame, basis: np.ndarray) -> dict:
    """Where somebody would stand who rated all films of a genre, and nothing else."""
    common = genres.columns[genres.sum() >= LANDMARK_FILMS]
    places = unit_rows(genres[common].to_numpy().T @ basis)
    return dict(zip(common, places, strict=True))


def well_known(model: SoftClusterPopularity, per_group: int = 3) -> np.ndarray:
    """Columns of films to tick: from each group, those that set it apart among the best known."""
    counts = np.asarray(model.matrix_.values.sum(axis=0)).ravel()
    known = set(np.argsort(-counts, kind="stable")[:150].tolist())
    ranked = distinctive_items(model, n=len(counts))
    chosen: list[int] = []
    for _ in range(per_group):
        for _, films in ranked.groupby("cluster"):
            columns = model.matrix_.items.get_indexer(films["item"])
            chosen.append(next(c for c in columns if c in known and c not in chosen))
    return np.sort(chosen)


def invented_viewers(
    model: SoftClusterPopularity, order: np.ndarray, n_films: int = 6
) -> list[dict]:
    """Films of three viewers who do not exist, drawn by lot from what sets two groups apart."""
    rng = np.random.default_rng(7)
    counts = np.asarray(model.matrix_.values.sum(axis=0)).ravel()
    lift = np.maximum(np.log(model.cluster_shares_ / item_shares(model.matrix_)), 0)
    weights = model.cluster_shares_ * lift * (counts >= 40)
    groups = rng.permutation(len(weights))[:6].reshape(3, 2)
    viewers = []
    for first, second in groups:
        chance = 0.75 * weights[first] / weights[first].sum()
        chance = chance + 0.25 * weights[second] / weights[second].sum()
        films = np.sort(rng.choice(len(chance), n_films, replace=False, p=chance))
        places = np.argsort(order)[[first, second]]
        viewers.append({"films": films.tolist(), "groups": places.tolist()})
    return viewers


# What it is worth --------------------------------------------------------------------------------


def _one_split(log: Interactions, seed: int) -> dict[tuple[float, int], list[float]]:
    """Held-out people: nDCG@10, that of popularity, films that differ, and the same first group."""
    train, new = split_users(log, 1 / 3, random_state=seed)
    items = most_rated(train, N_FILMS)
    matrix = matrix_of(train, items)
    model, popular = fit(matrix), Popularity().fit(matrix)
    inside = new.with_events(new.events[new.events["item"].isin(items)])
    hidden = matrix_of(split_known(inside, max(KNOWN)).test, items)
    everything = matrix_of(inside, items)
    everything = everything.values[everything.users.get_indexer(hidden.users)]
    found = {}
    for n_known in KNOWN:
        log_known = split_known(inside, n_known).train
        known = matrix_of(log_known, items)
        known = sparse.csr_array(known.values[known.users.get_indexer(hidden.users)])
        plain = top_unseen(popular.score_histories(known), known, 10)
        for temperature in TEMPERATURES:
            model.temperature = temperature
            lists = top_unseen(model.score_histories(known), known, 10)
            found[temperature, n_known] = [
                metrics_from_hits(find_hits(lists, hidden.values), _lengths(hidden))["ndcg"].mean(),
                metrics_from_hits(find_hits(plain, hidden.values), _lengths(hidden))["ndcg"].mean(),
                np.mean([len(np.setdiff1d(a, b)) for a, b in zip(lists, plain, strict=True)]),
                np.mean(_first_group(model, known) == _first_group(model, everything)),
            ]
    return found


def _lengths(matrix: UserItemMatrix) -> np.ndarray:
    return np.diff(matrix.values.indptr)


def _first_group(model: SoftClusterPopularity, histories: sparse.csr_array) -> np.ndarray:
    # From the package's own fold-in: the page must not be judged by a copy of it.
    return model._membership(unit_rows(histories @ model.basis_)).argmax(axis=1)


def measure(log: Interactions) -> list[dict]:
    """How good and how different the lists are for people whom the model has never met."""
    splits = [_one_split(log, seed) for seed in SPLITS]
    rows = []
    for temperature, n_known in splits[0]:
        ndcg, popular, differ, same = np.mean([s[temperature, n_known] for s in splits], axis=0)
        rows.append(
            {
                "temperature": temperature,
                "known": n_known,
                "ndcg": round(float(ndcg), 4),
                "popular": round(float(popular), 4),
                "differ": round(float(differ), 2),
                "sameGroup": round(float(same), 3),
            }
        )
    return rows


# The file ----------------------------------------------------------------------------------------


def _groups(model: SoftClusterPopularity, log: Interactions) -> tuple[np.ndarray, list[dict]]:
    """The order of the groups, by year, and what is said about each."""
    matrix, membership = model.matrix_, model.membership_
    years = middle_years(log, matrix, membership)
    names, apart = cluster_names(model, log), distinctive_items(model, n=3)
    order = np.lexsort([names, years])
    rated = (membership.T @ matrix.values).sum(axis=1)
    return order, [
        {
            "name": display_name(names[g]),
            "films": matrix.items.get_indexer(apart.loc[apart["cluster"] == g, "item"]).tolist(),
            "year": int(years[g]),
            "viewers": round(float(membership[:, g].sum()), 6),
            "ratings": round(float(rated[g]), 6),
        }
        for g in order
    ]


def build(
    log: Interactions | None = None, *, measured: bool = True
) -> tuple[dict, SoftClusterPopularity]:
    """The model as the page gets it, and as the package has it, with the groups in its order."""
    log = load_movielens() if log is None else log
    items = most_rated(log, N_FILMS)
    matrix = matrix_of(log, items)
    model = fit(matrix)
    order, groups = _groups(model, log)
    centres, shares = model.centres_[order], model.cluster_shares_[order]
    axes, origin, kept = projection(centres, model.membership_.sum(axis=0)[order])
    genres = genre_matrix(log).loc[items]
    films = log.items.set_index("item").loc[items]
    exported = {
        "notice": NOTICE,
        "madeWith": {"scikit-learn": sklearn.__version__, "numpy": np.__version__},
        "nViewers": len(matrix.users),
        "temperature": GUEST_TEMPERATURE,
        "fittedTemperature": model.temperature,
        "shrinkage": model.shrinkage,
        "films": {
            "ids": items.tolist(),
            "titles": [display_title(title) for title in log.titles.loc[items]],
            "years": [None if pd.isna(year) else int(year) for year in films["year"]],
            "genreNames": list(genres.columns),
            "genres": [
                "".join(DIGITS[g] for g in np.flatnonzero(row)) for row in genres.to_numpy()
            ],
            "counts": np.asarray(matrix.values.sum(axis=0)).ravel().astype(int).tolist(),
        },
        "groups": groups,
        "basis": pack_rows(model.basis_),
        "centres": np.round(centres, 6).tolist(),
        "lifts": pack_logs(shares / item_shares(matrix)),
        "map": {
            "axes": np.round(axes, 6).tolist(),
            "origin": np.round(origin, 6).tolist(),
            "kept": round(kept, 3),
            "landmarks": {
                name: np.round((place - origin) @ axes, 4).tolist()
                for name, place in landmarks(matrix, genres, model.basis_).items()
            },
        },
        "wellKnown": well_known(model).tolist(),
        "invented": invented_viewers(model, order),
        "measured": measure(log) if measured else [],
    }
    return exported, reordered(model, order)


def reordered(model: SoftClusterPopularity, order: np.ndarray) -> SoftClusterPopularity:
    """Number the groups anew, in place."""
    model.centres_ = model.centres_[order]
    model.cluster_shares_ = model.cluster_shares_[order]
    model.user_shares_ = model.user_shares_[:, order]
    model.labels_ = np.argsort(order)[model.labels_]
    return model


def as_script(exported: dict) -> str:
    """The script that hands the model over, in a browser or in Node."""
    data = json.dumps(exported, ensure_ascii=False, separators=(",", ":"))
    # Lines of moderate length, so that editors and diffs survive.
    data = data.replace('"films":{', '\n"films":{').replace('"basis":', '\n"basis":')
    for key in ("titles", "years", "genres", "counts", "centres", "lifts", "map", "measured"):
        data = data.replace(f'"{key}":', f'\n"{key}":')
    return (
        "/* The soft cluster model of chapter 10 as numbers. Written by tools/export_groups.py\n"
        "   from the package and the data in data/movielens; do not edit.\n\n   "
        + "\n   ".join(_wrapped(exported["notice"]))
        + " */\n((root) => {\n"
        '"use strict";\n'
        f"const model = {data};\n"
        "(root.courseExplorables = root.courseExplorables || {}).groupsModel = model;\n"
        'if (typeof module === "object" && module.exports) module.exports = model;\n'
        '})(typeof window === "object" ? window : globalThis);\n'
    )


def _wrapped(text: str, width: int = 95) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def read_model(path: Path = TARGET) -> dict:
    """Read the numbers back from the script."""
    text = path.read_text(encoding="utf-8")
    start = text.index("const model = ") + len("const model = ")
    return json.loads(text[start : text.index(";\n(root.courseExplorables", start)])


def as_recommender(exported: dict, histories: UserItemMatrix | None = None):
    """Put the exported numbers into the package's class, so that the package does the sums.

    With histories, these people are the model's users: `recommend`, `reasons` and
    `group_evidence` then answer for them.
    """
    items = pd.Index(exported["films"]["ids"])
    if histories is None:
        nobody = sparse.csr_array((0, len(items)))
        histories = UserItemMatrix(nobody, pd.RangeIndex(0), items)
    counts = np.array(exported["films"]["counts"], dtype=float)
    model = SoftClusterPopularity(
        n_clusters=len(exported["groups"]),
        shrinkage=exported["shrinkage"],
        temperature=exported["temperature"],
    )
    model.basis_ = unpack_rows(exported["basis"])
    model.centres_ = np.array(exported["centres"])
    lifts = unpack_logs(exported["lifts"]).reshape(len(exported["groups"]), -1)
    model.cluster_shares_ = lifts * (counts / counts.sum())
    model.matrix_ = histories
    if len(histories.users):
        model._share_out(unit_rows(histories.values @ model.basis_))
    return model


def main() -> None:
    """Write the file."""
    exported, _ = build()
    TARGET.write_text(as_script(exported), encoding="utf-8", newline="\n")
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
