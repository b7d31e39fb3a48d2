"""What came out of the bench: the table, its shipped edition, and the scores of every user.

Used by ``python course.py bench``; chapters 11 and 18 read the shipped edition, which is dated and
stays as it was measured.
"""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from recsys_tutorial.bench.front import beaten_by, describe_front, pareto_front, plot_front
from recsys_tutorial.bench.methods import REFERENCE, Method, describe
from recsys_tutorial.bench.writing import write_whole
from recsys_tutorial.datasets.shipped import checked_path, read_checked
from recsys_tutorial.evaluation import bootstrap_interval

if TYPE_CHECKING:
    from recsys_tutorial.bench.running import Answer, Plan

COLUMNS = (
    "data",
    "split",
    "method",
    "library",
    "version",
    "kind",
    "ndcg",
    "ndcg_low",
    "ndcg_high",
    "seed_spread",
    "recall",
    "precision",
    "coverage",
    "gain_on_als",
    "gain_low",
    "gain_high",
    "seconds",
    "time_ratio",
    "memory_mb",
    "on_front",
    "parameters",
    "n_tried",
    "n_seeds",
    "validated",
    "reason",
    "load",
    "date",
    "python",
    "system",
    "threads",
    "run",
)
TUNED_ALS = "implicit ALS"
DATA_NAMES = {"movielens": "MovieLens", "insteval": "InstEval"}
SPLIT_NAMES = {"latest": "latest 20 % of each user", "random": "random 20 % of each user"}


def make_table(
    methods: Sequence[Method],
    plan: Plan,
    quality: Mapping[tuple[str, str, str], Answer],
    times: Sequence[Mapping[str, Any]],
    machine: Mapping[str, Any],
) -> pd.DataFrame:
    """Put the answers into one table.

    Parameters
    ----------
    methods : sequence of Method
        Who took part.
    plan : Plan
        What was asked.
    quality : mapping
        (method, data, split) to the answer.
    times : sequence of mapping
        One per round, data set, split and method.
    machine : mapping
        Where and when, written into every row.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; one row per data set, split and method.  A method that failed has its
        ``reason`` and no number.  ``time_ratio`` is the median over the rounds of its time divided
        by that of implicit ALS at its defaults in the same round.
    """
    clock = _clock(times)
    rows = []
    for data in plan.data:
        for split in plan.splits:
            rival = quality.get((TUNED_ALS, data, split), {}).get("ndcg")
            for method in methods:
                found = quality[method.name, data, split]
                row = {"data": data, "split": split, **_about(method), **machine, "reason": ""}
                if "error" in found:
                    row["reason"] = found["error"]
                else:
                    row |= _numbers(found, rival) | clock.get((data, split, method.name), {})
                rows.append(row)
    table = pd.DataFrame(rows).reindex(columns=list(COLUMNS))
    table["on_front"] = False
    for _, part in table.groupby(["data", "split"]):
        table.loc[part.index, "on_front"] = pareto_front(part["time_ratio"], part["ndcg"])
    return table


def _about(method: Method) -> dict[str, Any]:
    from recsys_tutorial.bench.running import library_version

    version = library_version(method.library)
    return {
        "method": method.name,
        "library": method.library,
        "version": version,
        "kind": method.kind,
    }


def _numbers(found: Answer, rival: Sequence[float] | None) -> dict[str, Any]:
    mine = bootstrap_interval(found["ndcg"])
    row = {
        "ndcg": round(mine.mean, 4),
        "ndcg_low": round(mine.low, 4),
        "ndcg_high": round(mine.high, 4),
        "seed_spread": round(max(found["by_seed"]) - min(found["by_seed"]), 4),
        **{name: round(found[name], 4) for name in ("recall", "precision", "coverage")},
        "parameters": describe(found["parameters"]),
        "n_tried": max(1, len(found["tried"])),
        "n_seeds": len(found["by_seed"]),
        "validated": None if found["validated"] is None else round(found["validated"], 4),
    }
    if rival is not None:
        gain = bootstrap_interval(np.subtract(found["ndcg"], rival))
        row |= {"gain_on_als": round(gain.mean, 4)}
        row |= {"gain_low": round(gain.low, 4), "gain_high": round(gain.high, 4)}
    return row


def _clock(times: Sequence[Mapping[str, Any]]) -> dict[tuple[str, str, str], dict[str, Any]]:
    """Median seconds, ratio to the reference of the same round, memory and load of each method."""
    if not times:
        return {}
    table = pd.DataFrame(times)
    keys = ["round", "data", "split"]
    reference = table[table["method"] == REFERENCE].set_index(keys)["seconds"]
    index = pd.MultiIndex.from_frame(table[keys])
    table["ratio"] = table["seconds"].to_numpy() / reference.reindex(index).to_numpy()
    table[["memory_mb", "load"]] = table[["memory_mb", "load"]].astype(float)
    found = table.groupby(["data", "split", "method"]).agg(
        seconds=("seconds", "median"),
        time_ratio=("ratio", "median"),
        memory_mb=("memory_mb", "max"),
        load=("load", "median"),
    )
    digits = {"seconds": 4, "time_ratio": 4, "memory_mb": 0, "load": 1}
    rows: dict[tuple[str, str, str], dict[str, Any]] = {}
    for key, row in zip(found.index.tolist(), found.itertuples(), strict=True):
        rows[key] = {n: round(float(getattr(row, n)), d) for n, d in digits.items()}
    return rows


def to_markdown(table: pd.DataFrame) -> str:
    """Write the table for readers: one part per data set and split, best first.

    Parameters
    ----------
    table : DataFrame
        As in `results`.

    Returns
    -------
    str
        Markdown.

    Examples
    --------
    >>> print(to_markdown(results()).splitlines()[0])
    # Leaderboard
    """
    first = table.iloc[0]
    lines = [
        "# Leaderboard",
        "",
        f"A {first['run']} run of {first['date']}, Python {first['python']}, {first['system']}, "
        f"{first['threads']} thread(s) for each method.",
        "Time: fit and top 20 for all users, divided by that of implicit ALS at its defaults in "
        "the same round.",
        "Gain: difference in nDCG@20 to tuned implicit ALS, with a 95 % interval over users.",
    ]
    for data, split in dict.fromkeys(zip(table["data"], table["split"], strict=True)):
        part = table[(table["data"] == data) & (table["split"] == split)]
        lines += ["", f"## {DATA_NAMES[data]}, {SPLIT_NAMES[split]}", ""]
        lines += ["| method | library | nDCG@20 | gain on ALS | recall | time | MB | front |"]
        lines += ["|---|---|---|---|---|---|---|---|"]
        for row in part.sort_values("ndcg", ascending=False, na_position="last").itertuples():
            lines.append(_markdown_row(row))
        lines += ["", describe_front(part), ""]
        lines += [_verdict(row) for row in beaten_by(part).itertuples()]
    return "\n".join(lines) + "\n"


def _verdict(row: Any) -> str:
    if not row.replaced_by:
        return f"- {row.method}: nothing of ours is at least as good and faster"
    faster = f"{row.times_faster:.3g} times as fast"
    return f"- {row.method}: {row.replaced_by} is at least as good and {faster}"


def _markdown_row(row: Any) -> str:
    name, library = row.method, f"{row.library} {row.version}".strip()
    if row.reason:
        return f"| {name} | {library} | failed: {row.reason.replace('|', '/')} | | | | | |"
    gain = ""
    if not pd.isna(row.gain_on_als):
        gain = f"{row.gain_on_als:+.4f} [{row.gain_low:+.4f}, {row.gain_high:+.4f}]"
    time = "" if pd.isna(row.time_ratio) else f"{row.time_ratio:.3g}"
    memory = "" if pd.isna(row.memory_mb) else f"{row.memory_mb:.0f}"
    cells = [name, library, f"{row.ndcg:.4f}", gain, f"{row.recall:.4f}", time, memory]
    return f"| {' | '.join(cells)} | {'yes' if row.on_front else ''} |"


def write_results(
    folder: Path, table: pd.DataFrame, quality: Mapping[tuple[str, str, str], Answer]
) -> None:
    """Write ``leaderboard.csv``, ``leaderboard.md``, ``users.npz`` and the pictures.

    Parameters
    ----------
    folder : Path
        Where.
    table : DataFrame
        From `make_table`.
    quality : mapping
        (method, data, split) to the answer.
    """
    write_whole(folder / "leaderboard.csv", table.to_csv(index=False, lineterminator="\n"))
    write_whole(folder / "leaderboard.md", to_markdown(table))
    write_whole(folder / "users.npz", _packed_users(quality))
    if table["time_ratio"].notna().any():
        _draw(folder, table)


def _packed_users(quality: Mapping[tuple[str, str, str], Answer]) -> bytes:
    parts: dict[str, np.ndarray] = {}
    settings = dict.fromkeys((data, split) for _, data, split in quality)
    for data, split in settings:
        answers = {
            name: found
            for (name, *setting), found in quality.items()
            if tuple(setting) == (data, split) and "error" not in found
        }
        if not answers:
            continue
        scores = np.array([found["ndcg"] for found in answers.values()]).T
        parts[f"{data}_{split}_users"] = np.array(next(iter(answers.values()))["users"])
        parts[f"{data}_{split}_methods"] = np.array(list(answers))
        # Ten thousandths are finer than any interval here, and pack to a quarter.
        parts[f"{data}_{split}_ndcg"] = np.rint(scores * 10_000).astype(np.uint16)
    buffer = io.BytesIO()
    # Reading refuses pickles; in NumPy 2.1 writing cannot.
    np.savez_compressed(buffer, **parts)  # type: ignore[arg-type]
    return buffer.getvalue()


def _draw(folder: Path, table: pd.DataFrame) -> None:
    """Draw one picture per split, a panel per data set, with its words beside it."""
    import matplotlib.pyplot as plt

    from recsys_tutorial.plotting import use_course_style

    use_course_style()
    for split, part in table.groupby("split"):
        timed = part[part["time_ratio"].notna()]
        panels = [(data, timed[timed["data"] == data]) for data in timed["data"].unique()]
        if not panels:
            continue
        figure, axes = plt.subplots(1, len(panels), figsize=(7.4 * len(panels), 6.2), squeeze=False)
        words = []
        for ax, (data, rows) in zip(axes[0], panels, strict=True):
            plot_front(rows, ax).set_title(f"{DATA_NAMES[data]}, {SPLIT_NAMES[str(split)]}")
            words.append(f"{DATA_NAMES[data]}. {describe_front(rows)}")
        for ending in ("png", "svg"):
            aside = folder / f"front_{split}.part.{ending}"
            figure.savefig(aside)
            os.replace(aside, folder / f"front_{split}.{ending}")
        plt.close(figure)
        write_whole(folder / f"front_{split}.txt", " ".join(words) + "\n")


def results(folder: Path | None = None) -> pd.DataFrame:
    """Read the shipped table: a run of one day on one computer, as the card beside it says.

    Parameters
    ----------
    folder : Path, optional
        The data folder; by default the shipped one.

    Returns
    -------
    DataFrame
        Columns `COLUMNS`; one row per data set, split and method.

    Raises
    ------
    DataError
        If the file is missing or was changed.

    Notes
    -----
    Chapters 11 and 18.  The card is ``data/bench/README.md``.

    Examples
    --------
    >>> table = results()
    >>> set(table["data"]) == {"movielens", "insteval"}
    True
    """
    table = read_checked("bench/leaderboard.csv", folder)
    for name in ("reason", "version", "parameters"):
        # A column without any text is read as one of missing numbers.
        table[name] = table[name].astype(object).where(table[name].notna(), "").astype(str)
    return table


def overview(table: pd.DataFrame, *, against: str = "EASE") -> pd.DataFrame:
    """Sum up all data sets and splits: one row per method, best first.

    Parameters
    ----------
    table : DataFrame
        As in `results`.
    against : str
        The method whose quality and time count as 1.

    Returns
    -------
    DataFrame
        Indexed by method: ``library``, ``kind``, ``quality`` and ``time`` (geometric means over
        the settings of nDCG and time, each divided by that of ``against`` in the same setting;
        missing unless measured in all of them), ``memory_mb`` (the most of all) and
        ``times_on_front`` (in how many settings).

    Raises
    ------
    ValueError
        If the table has no such method.

    Notes
    -----
    Chapter 18.  A ratio of 2 in one setting and of 1/2 in another average to 1, which the
    arithmetic mean would miss.

    Examples
    --------
    >>> [float(x) for x in overview(results()).loc["EASE", ["quality", "time"]]]
    [1.0, 1.0]
    """
    if against not in set(table["method"]):
        raise ValueError(f"There is no method {against!r} in the table.")
    rows = table.set_index(["data", "split", "method"])
    yardstick = rows.xs(against, level="method")[["ndcg", "time_ratio"]]
    places = rows.index.droplevel("method")
    shares = rows[["ndcg", "time_ratio"]].to_numpy(float) / yardstick.reindex(places).to_numpy(
        float
    )
    grouped = table.assign(quality=np.log(shares[:, 0]), time=np.log(shares[:, 1])).groupby(
        "method"
    )
    means = grouped[["quality", "time"]].agg(lambda logs: np.exp(logs.mean(skipna=False)))
    found = grouped.agg(
        library=("library", "first"),
        kind=("kind", "first"),
        memory_mb=("memory_mb", "max"),
        times_on_front=("on_front", "sum"),
    )
    found[["quality", "time"]] = means
    columns = ["library", "kind", "quality", "time", "memory_mb", "times_on_front"]
    return found[columns].sort_values("quality", ascending=False)


def user_scores(data: str, split: str, folder: Path | None = None) -> pd.DataFrame:
    """Read the shipped nDCG@20 of every user and method, for comparisons in pairs.

    Parameters
    ----------
    data, split : str
        As in the table.
    folder : Path, optional
        The data folder; by default the shipped one.

    Returns
    -------
    DataFrame, shape (n_users, n_methods)
        Indexed by user; the mean over the seeds, in ten thousandths.

    Raises
    ------
    DataError
        If the file is missing or was changed.
    KeyError
        If there is no such data set or split.

    Notes
    -----
    Chapters 11 and 18.

    Examples
    --------
    >>> user_scores("movielens", "latest").shape[0]
    671
    """
    with np.load(checked_path("bench/users.npz", folder), allow_pickle=False) as parts:
        name = f"{data}_{split}"
        if f"{name}_ndcg" not in parts:
            known = sorted(key.removesuffix("_ndcg") for key in parts if key.endswith("_ndcg"))
            raise KeyError(f"There are no scores for {name}; there are: {', '.join(known)}.")
        users = pd.Index(parts[f"{name}_users"], name="user")
        return pd.DataFrame(
            parts[f"{name}_ndcg"] / 10_000, users, pd.Index(parts[f"{name}_methods"])
        )
