"""Which methods are worth their time: the Pareto front of quality and cost, and its picture.

Taught in chapter 18.  A method is on the front if no other is at least as good *and* at least as
fast, and better in one of the two; everything behind the front can be replaced without a loss.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

# Drawing is imported where it is done: the bench starts hundreds of processes that never draw.
if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS = "recsys_tutorial"
# Left, right, bottom and top, as shares of the axes.
Box = tuple[float, float, float, float]
KINDS = {
    "baseline": ("s", 5),
    "cluster": ("o", 0),
    "classic": ("D", 2),
    "hybrid": ("^", 3),
    "control": ("v", 4),
    "peer": ("X", 1),
}
WORDS = {
    "baseline": "baseline",
    "cluster": "clusters",
    "classic": "neighbours and EASE",
    "hybrid": "EASE with clusters",
    "control": "control without clusters",
    "peer": "another library",
}


def pareto_front(cost: np.ndarray | pd.Series, quality: np.ndarray | pd.Series) -> np.ndarray:
    """Find the points that no other point beats in both cost and quality.

    Parameters
    ----------
    cost : array of float, shape (n,)
        Less is better.
    quality : array of float, shape (n,)
        More is better.

    Returns
    -------
    ndarray of bool, shape (n,)
        True on the front; equal points are on it together, and a point of which a number is
        missing never is.

    Raises
    ------
    ValueError
        If the two do not have one length.

    Notes
    -----
    Chapter 18.  Sorted by cost, a point is on the front if it is better than everything cheaper.

    Examples
    --------
    >>> pareto_front([1.0, 2.0, 3.0], [0.5, 0.4, 0.6]).tolist()
    [True, False, True]
    """
    cost, quality = np.asarray(cost, dtype=float), np.asarray(quality, dtype=float)
    if cost.ndim != 1 or cost.shape != quality.shape:
        raise ValueError(f"{cost.shape} costs do not fit {quality.shape} qualities.")
    known = np.flatnonzero(~np.isnan(cost) & ~np.isnan(quality))
    front = np.zeros(len(cost), dtype=bool)
    if not known.size:
        return front
    order = known[np.lexsort((-quality[known], cost[known]))]
    best = np.maximum.accumulate(quality[order])
    before = np.concatenate([[-np.inf], best[:-1]])
    better = quality[order] > before
    # Twins of a point on the front are on it too.
    same_cost = np.concatenate([[False], cost[order][1:] == cost[order][:-1]])
    same = same_cost & np.concatenate([[False], quality[order][1:] == quality[order][:-1]])
    group = np.cumsum(~same)
    front[order] = better[np.searchsorted(group, group)]
    return front


def beaten_by(table: pd.DataFrame) -> pd.DataFrame:
    """Ask for each method of another library whether one of the package's can replace it.

    Parameters
    ----------
    table : DataFrame
        Rows of one data set and split (see `results`).

    Returns
    -------
    DataFrame
        One row per method of another library that has both a quality and a time: ``method``,
        ``library``, ``replaced_by`` (the fastest of ours that is at least as good and faster, or
        empty) and ``times_faster``.

    Examples
    --------
    >>> rows = [("ours", "recsys_tutorial", 0.3, 1.0), ("theirs", "other", 0.2, 4.0)]
    >>> columns = ["method", "library", "ndcg", "time_ratio"]
    >>> beaten_by(pd.DataFrame(rows, columns=columns))["replaced_by"].tolist()
    ['ours']
    """
    measured = table.dropna(subset=["ndcg", "time_ratio"])
    ours = measured[measured["library"] == OURS].sort_values("time_ratio")
    rows = []
    for theirs in measured[measured["library"] != OURS].itertuples():
        better = ours[(ours["ndcg"] >= theirs.ndcg) & (ours["time_ratio"] < theirs.time_ratio)]
        row = {"method": theirs.method, "library": theirs.library, "replaced_by": ""}
        if len(better):
            row["replaced_by"] = better["method"].iloc[0]
            row["times_faster"] = theirs.time_ratio / better["time_ratio"].iloc[0]
        rows.append(row)
    return pd.DataFrame(rows, columns=["method", "library", "replaced_by", "times_faster"])


def plot_front(table: pd.DataFrame, ax: Axes, *, floor: float | None = None) -> Axes:
    """Draw quality against time, the time on a logarithmic axis, with the front as a staircase.

    Parameters
    ----------
    table : DataFrame
        Rows of one data set and split (see `results`); those without a quality or a time are left
        out.
    ax : Axes
        Where to draw.
    floor : float, optional
        Where the axis of the quality begins.  Methods below it are drawn on the lower edge, with
        an arrow and their quality beside their names, so that the others have room.

    Returns
    -------
    Axes
        The picture; what belongs to what is said by markers, colours and a legend, and the names
        of the methods on the front are bold.

    Raises
    ------
    ValueError
        If no row has both a quality and a time.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> rows = [("ours", "cluster", 0.3, 1.0), ("theirs", "peer", 0.2, 4.0)]
    >>> table = pd.DataFrame(rows, columns=["method", "kind", "ndcg", "time_ratio"])
    >>> ax = plot_front(table, plt.subplots()[1])
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['Pareto front', 'clusters', 'another library']
    """
    from matplotlib.ticker import FuncFormatter, NullFormatter

    from recsys_tutorial.plotting import PALETTE

    shown = table.dropna(subset=["ndcg", "time_ratio"]).sort_values("time_ratio")
    if shown.empty:
        raise ValueError("No method has both a quality and a time, so there is nothing to draw.")
    on_front = pareto_front(shown["time_ratio"], shown["ndcg"])
    if floor is not None:
        shown = _raised_to(floor, shown)
    front = shown[on_front]
    right = shown["time_ratio"].max() * 1.5
    steps = [*front["time_ratio"], right], [*front["ndcg"], front["ndcg"].iloc[-1]]
    ax.step(*steps, where="post", color=PALETTE[5], linestyle="--", label="Pareto front", zorder=1)
    for kind, (marker, colour) in KINDS.items():
        mine = shown[shown["kind"] == kind]
        if len(mine):
            look: dict[str, Any] = {
                "color": PALETTE[colour],
                "edgecolors": "white",
                "linewidths": 0.6,
                "zorder": 3,
            }
            ax.scatter(
                mine["time_ratio"], mine["ndcg"], s=55, marker=marker, label=WORDS[kind], **look
            )
    ax.set_xscale("log")
    # 0.1 and 10 are read faster than powers of ten.
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    ax.xaxis.set_minor_formatter(NullFormatter())
    ax.set_xlim(shown["time_ratio"].min() / 1.8, right)
    height = shown["ndcg"].max() - shown["ndcg"].min() or 1.0
    ax.set_ylim(shown["ndcg"].min() - 0.08 * height, shown["ndcg"].max() + 0.12 * height)
    ax.set(xlabel="time to fit and rank, implicit ALS at its defaults = 1", ylabel="nDCG@20")
    # Nothing can stand above and to the left of the front, so there is room for the legend.
    legend = ax.legend(loc="upper left", fontsize=8)
    room = legend.get_window_extent().transformed(ax.transAxes.inverted())
    _write_names(shown, ax, set(front.index), (room.x0, room.x1, room.y0, room.y1))
    return ax


def _raised_to(floor: float, shown: pd.DataFrame) -> pd.DataFrame:
    """Lift what lies below the floor up to it, and say in its name where it belongs."""
    below = shown["ndcg"] < floor
    lifted = shown.assign(ndcg=shown["ndcg"].clip(lower=floor))
    names = shown["method"] + " ↓ " + shown["ndcg"].map("{:.3g}".format)
    return lifted.assign(method=shown["method"].where(~below, names))


def _write_names(shown: pd.DataFrame, ax: Axes, on_front: set[Any], legend: Box) -> None:
    """Write each name near its point, covering nothing; names on the front are bold."""
    low, high = np.log(ax.get_xlim()), np.array(ax.get_ylim())
    # From here on, the axes run from 0 to 1 in both directions.
    across = (np.log(shown["time_ratio"].to_numpy()) - low[0]) / (low[1] - low[0])
    up = (shown["ndcg"].to_numpy() - high[0]) / (high[1] - high[0])
    inches = ax.get_window_extent().transformed(ax.figure.dpi_scale_trans.inverted())
    # A letter of 7 points is 0.06 inches wide on average (0.066 in bold) and a line 0.13 high.
    line = 0.065 / inches.height
    taken = [legend]
    taken += [(x - 0.013, x + 0.013, y - line, y + line) for x, y in zip(across, up)]
    stairs = _stairs(across, up, shown.index.isin(on_front))
    names: list[Box] = []
    leads: list[np.ndarray] = []
    for i in np.lexsort((across, -up)):
        name, bold = shown["method"].iloc[i], shown.index[i] in on_front
        width = (0.067 if bold else 0.06) / inches.width * (len(name) + 1)
        box = _free_box(across[i], up[i], (width, line), taken, stairs, names, leads)
        taken.append(box)
        names.append(box)
        leads.append(_lead(across[i], up[i], box))
        place = np.exp(low[0] + box[0] * (low[1] - low[0])), (box[2] + box[3]) / 2
        ax.annotate(
            name,
            (shown["time_ratio"].iloc[i], shown["ndcg"].iloc[i]),
            xytext=(place[0], high[0] + place[1] * (high[1] - high[0])),
            fontsize=7,
            fontweight="bold" if bold else "normal",
            va="center",
            color="#1d2127",
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
            arrowprops={"arrowstyle": "-", "color": "#8a8f98", "lw": 0.5, "shrinkB": 4},
        )


def _stairs(across: np.ndarray, up: np.ndarray, on_front: np.ndarray) -> list[Box]:
    """Cover the staircase with thin boxes; the points are sorted by time."""
    x, y = np.append(across[on_front], 1.0), np.append(up[on_front], up[on_front][-1])
    flat = [(x[i], x[i + 1], y[i] - 0.004, y[i] + 0.004) for i in range(len(x) - 1)]
    steep = [(x[i] - 0.004, x[i] + 0.004, y[i - 1], y[i]) for i in range(1, len(x) - 1)]
    return flat + steep


def _overlap(box: Box, other: Box) -> bool:
    return box[0] < other[1] and other[0] < box[1] and box[2] < other[3] and other[2] < box[3]


def _lead(x: float, y: float, box: Box) -> np.ndarray:
    """Walk from a point towards the middle of its name, as far as the name's edge."""
    middle = (box[0] + box[1]) / 2, (box[2] + box[3]) / 2
    steps = np.linspace(0, 1, 25)[:, None]
    path = np.array([x, y]) * (1 - steps) + np.array(middle) * steps
    return path[~_inside(path, box)]


def _inside(path: np.ndarray, box: Box) -> np.ndarray:
    x, y = path.T
    return (box[0] < x) & (x < box[1]) & (box[2] < y) & (y < box[3])


def _free_box(
    x: float,
    y: float,
    size: tuple[float, float],
    taken: list[Box],
    stairs: list[Box],
    names: list[Box],
    leads: list[np.ndarray],
) -> Box:
    """Find the nearest room for a name; off stairs and lines, too, if that is not much farther."""
    width, line = size
    best, least = (x + 0.016, x + 0.016 + width, y - line, y + line), np.inf
    for shift in np.arange(-16, 17) * 1.2 * line:
        for left in x + np.concatenate(
            [
                0.018 + np.arange(0, 0.2, 0.03),
                -0.018 - width - np.arange(0, 0.2, 0.03),
                [-width / 2],
            ]
        ):
            box = (
                float(left),
                float(left + width),
                float(y + shift - line),
                float(y + shift + line),
            )
            if min(box[0], box[2]) < 0 or max(box[1], box[3]) > 1:
                continue
            gap = max(box[0] - x, x - box[1], 0.0)
            far = gap + abs(shift) + 0.1 * any(_overlap(box, stair) for stair in stairs)
            if far >= least or any(_overlap(box, other) for other in taken):
                continue
            mine = _lead(x, y, box)
            far += 0.1 * sum(_inside(mine, name).any() for name in names)
            far += 0.1 * sum(_inside(path, box).any() for path in leads)
            if far < least:
                best, least = box, far
    return best


def describe_front(table: pd.DataFrame) -> str:
    """Say in words what the picture shows, for readers who cannot see it.

    Parameters
    ----------
    table : DataFrame
        As in `plot_front`.

    Returns
    -------
    str
        The methods on the front, fastest first, with time and quality, and what lies behind it.

    Examples
    --------
    >>> rows = [("ours", "cluster", 0.3, 1.0), ("theirs", "peer", 0.2, 4.0)]
    >>> describe_front(pd.DataFrame(rows, columns=["method", "kind", "ndcg", "time_ratio"]))
    'Quality against time; on the Pareto front, from fast to slow: ours (time 1, nDCG 0.3000). ...'
    """
    shown = table.dropna(subset=["ndcg", "time_ratio"]).sort_values("time_ratio")
    on_it = pareto_front(shown["time_ratio"], shown["ndcg"])
    names = [
        f"{row.method} (time {row.time_ratio:.2g}, nDCG {row.ndcg:.4f})"
        for row in shown[on_it].itertuples()
    ]
    behind = ", ".join(shown.loc[~on_it, "method"]) or "nothing"
    return (
        f"Quality against time; on the Pareto front, from fast to slow: {'; '.join(names)}. "
        f"Behind it: {behind}."
    )
