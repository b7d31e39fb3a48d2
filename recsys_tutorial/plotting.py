"""One look for all figures: colours that stand out on white paper, and markers besides colours.

Used in every chapter.  Functions draw on one Axes, return it, and never call ``plt.show``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import to_rgba
from matplotlib.patches import Circle
from sklearn.decomposition import PCA

from recsys_tutorial.clustering import cut_tree, leaf_order

# Each has a contrast of at least 3 to 1 with white paper (WCAG 2.2, 1.4.11).
PALETTE = ("#0b5fa5", "#b8482f", "#17573f", "#9566ac", "#a87608", "#2b303b", "#4592ca", "#d3779b")
# Ten, so that all the clusters in a legend differ in their markers even where colours come back.
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">")
NOISE_COLOUR = "#8a8f98"


def use_course_style() -> None:
    """Switch matplotlib to the look of the course: white paper, quiet grid, readable sizes."""
    sns.set_theme(style="whitegrid", palette=PALETTE)
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 4.0),
            "figure.dpi": 110,
            # A figure keeps its own white paper, so that it can be read on a dark page too.
            "figure.facecolor": "white",
            "savefig.facecolor": "white",
            "axes.titlesize": 12,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "grid.alpha": 0.5,
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
        }
    )


def _axes(ax: Axes | None) -> Axes:
    return plt.subplots()[1] if ax is None else ax


def plot_long_tail(counts: pd.Series, *, head_share: float = 0.2, ax: Axes | None = None) -> Axes:
    """Draw how unevenly events are spread over items.

    Parameters
    ----------
    counts : Series
        Events per item, in any order.
    head_share : float
        Share of the items to mark as the head.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        Items by rank against events, both on logarithmic axes.

    Examples
    --------
    >>> alt_text(plot_long_tail(pd.Series([5, 1, 1, 1, 1]))).split(" with ")[0]
    'The top 20 % of the items receive 56 % of the events'
    """
    ax, ranked = _axes(ax), np.sort(counts.to_numpy())[::-1]
    rank = np.arange(1, len(ranked) + 1)
    head = max(1, round(head_share * len(ranked)))
    ax.loglog(rank, ranked, color=PALETTE[0])
    ax.fill_between(rank[:head], ranked[:head], ranked.min(), color=PALETTE[0], alpha=0.2)
    ax.axvline(head, color=PALETTE[1], linestyle="--")
    part = ranked[:head].sum() / ranked.sum()
    ax.set(xlabel="rank of the item", ylabel="events")
    title = f"The top {head_share:.0%} of the items receive {part:.0%} of the events"
    ax.set_title(title.replace("%", " %"))
    return ax


def project_2d(X: np.ndarray) -> np.ndarray:
    """Flatten points to two dimensions for a picture (the first two principal components).

    Parameters
    ----------
    X : ndarray, shape (n_samples, n_features)
        Points.

    Returns
    -------
    ndarray, shape (n_samples, 2)
        Coordinates; points with one feature get a second one of zero.

    Examples
    --------
    >>> project_2d(np.eye(3)).shape
    (3, 2)
    """
    X = np.asarray(X, dtype=float)
    n_components = min(2, *X.shape)
    flat = PCA(n_components, svd_solver="full").fit_transform(X)
    return np.pad(flat, [(0, 0), (0, 2 - n_components)])


def _look(label: int) -> dict[str, Any]:
    """Colour and marker of a cluster; the outline is opaque, so that pale points stay visible."""
    if label < 0:
        return {"color": NOISE_COLOUR, "marker": "x"}
    colour = PALETTE[label % len(PALETTE)]
    marker = MARKERS[label % len(MARKERS)]
    return {"facecolors": [to_rgba(colour, 0.6)], "edgecolors": [colour], "marker": marker}


def scatter_clusters(
    points: np.ndarray,
    labels: np.ndarray,
    *,
    centres: np.ndarray | None = None,
    names: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw points in the plane, each cluster with a colour and a marker of its own.

    Parameters
    ----------
    points : ndarray, shape (n_samples, 2)
        Coordinates (see `project_2d`).
    labels : ndarray of int, shape (n_samples,)
        Clusters; -1 is noise.
    centres : ndarray, shape (n_clusters, 2), optional
        Centres, drawn as large crosses.
    names : sequence of str, optional
        Names for the legend, by cluster number.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        The picture.

    Raises
    ------
    ValueError
        If the points do not have two coordinates.

    Examples
    --------
    >>> ax = scatter_clusters(np.eye(2), np.array([0, -1]))
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['noise', 'cluster 0']
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points must have two columns, got {points.shape}. Use project_2d.")
    ax, labels = _axes(ax), np.asarray(labels)
    for label in np.unique(labels):
        mine = points[labels == label]
        name = "noise" if label < 0 else names[label] if names is not None else f"cluster {label}"
        ax.scatter(mine[:, 0], mine[:, 1], s=28, linewidths=0.8, label=name, **_look(label))
    if centres is not None:
        across, up = np.asarray(centres, dtype=float).T
        ax.scatter(across, up, s=180, marker="+", color="black", linewidths=2.5)
    if len(np.unique(labels)) <= len(MARKERS) + 1:
        ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return ax


def scatter_kinds(
    points: np.ndarray,
    labels: np.ndarray,
    kinds: np.ndarray,
    *,
    radius: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw what DBSCAN found: core points full, border points hollow, noise as crosses.

    Parameters
    ----------
    points : ndarray, shape (n_samples, 2)
        Coordinates.
    labels : ndarray of int, shape (n_samples,)
        Clusters; -1 is noise.  They choose colour and marker.
    kinds : ndarray of str, shape (n_samples,)
        ``"core"``, ``"border"`` or ``"noise"``.
    radius : float, optional
        Draw the neighbourhood of every core point; the axes then get equal scales.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        The picture.

    Raises
    ------
    ValueError
        If the points do not have two coordinates.

    Examples
    --------
    >>> kinds = np.array(["core", "border", "noise"])
    >>> ax = scatter_kinds(np.eye(3, 2), np.array([0, 0, -1]), kinds)
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['core', 'border', 'noise']
    """
    points = np.asarray(points, dtype=float)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"points must have two columns, got {points.shape}. Use project_2d.")
    ax, labels, kinds = _axes(ax), np.asarray(labels), np.asarray(kinds)
    named = set()
    for label, kind in sorted({(int(a), str(b)) for a, b in zip(labels, kinds, strict=True)}):
        mine = points[(labels == label) & (kinds == kind)]
        look = _look(label)
        if kind == "border":
            look["facecolors"] = ["white"]
        name = None if kind in named else kind
        ax.scatter(mine[:, 0], mine[:, 1], s=28, linewidths=1.2, label=name, zorder=2, **look)
        named.add(kind)
        for centre in mine if radius is not None and kind == "core" else ():
            ring = {"color": PALETTE[label % len(PALETTE)], "fill": False, "alpha": 0.35}
            ax.add_patch(Circle((centre[0], centre[1]), radius or 0.0, **ring))
    if radius is not None:
        ax.set_aspect("equal", adjustable="datalim")
    handles, texts = ax.get_legend_handles_labels()
    order = sorted(range(len(texts)), key=lambda i: ("core", "border", "noise").index(texts[i]))
    legend = ax.legend(
        [handles[i] for i in order],
        [texts[i] for i in order],
        loc="center left",
        bbox_to_anchor=(1, 0.5),
    )
    # The kinds have no colour: that is the cluster's.
    for handle, i in zip(legend.legend_handles, order, strict=True):
        if handle is not None and texts[i] != "noise":
            full = "white" if texts[i] == "border" else PALETTE[5]
            handle.set(edgecolor=PALETTE[5], facecolor=full)
    return ax


def plot_interest_map(
    interest_map: np.ndarray, *, topics: Sequence[str] | None = None, ax: Axes | None = None
) -> Axes:
    """Draw an interest map: time downwards, topics to the right, dark where the interest is.

    Parameters
    ----------
    interest_map : ndarray, shape (n_events, n_topics)
        One user's map.
    topics : sequence of str, optional
        Names of the columns.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        The picture.

    Examples
    --------
    >>> plot_interest_map(np.eye(3)).get_xlabel()
    'topic'
    """
    ax = _axes(ax)
    ax.imshow(interest_map, cmap="Blues", aspect="auto", vmin=0, vmax=1, interpolation="nearest")
    ax.set(xlabel="topic", ylabel="event (oldest at the top)")
    ax.grid(visible=False)
    if topics is not None:
        ax.set_xticks(range(len(topics)), topics, rotation=90, fontsize=7)
    return ax


def plot_intervals(
    intervals: pd.DataFrame, *, xlabel: str, reference: float = 0.0, ax: Axes | None = None
) -> Axes:
    """Draw means with their intervals, one row per name.

    Parameters
    ----------
    intervals : DataFrame
        Columns ``mean``, ``low`` and ``high``; the index holds the names.
    xlabel : str
        What is measured, with its unit.
    reference : float
        Where to draw the line that means "no difference".
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        The picture.

    Examples
    --------
    >>> one = pd.DataFrame({"mean": [0.2], "low": [0.1], "high": [0.3]}, index=["clusters"])
    >>> plot_intervals(one, xlabel="gain").get_yticklabels()[0].get_text()
    'clusters'
    """
    ax, rows = _axes(ax), np.arange(len(intervals))
    error = [intervals["mean"] - intervals["low"], intervals["high"] - intervals["mean"]]
    ax.errorbar(intervals["mean"], rows, xerr=error, fmt="o", capsize=4, color=PALETTE[0])
    ax.axvline(reference, color=PALETTE[5], linestyle="--", linewidth=1)
    ax.set_yticks(rows, intervals.index)
    ax.set_ylim(len(intervals) - 0.5, -0.5)
    ax.set_xlabel(xlabel)
    return ax


def plot_dendrogram(
    tree: np.ndarray,
    *,
    labels: Sequence[str] | None = None,
    n_clusters: int | None = None,
    show_heights: bool = False,
    ax: Axes | None = None,
) -> Axes:
    """Draw a merge tree: every merge is a bracket, as high as the two groups were apart.

    Parameters
    ----------
    tree : ndarray, shape (n_samples - 1, 4)
        From `merge_tree` or SciPy's ``linkage``.
    labels : sequence of str, optional
        Names of the points, in the order of the rows; by default their numbers.
    n_clusters : int, optional
        Mark the cut into that many groups: a dashed line, and dotted brackets for the merges that
        it undoes.
    show_heights : bool
        Write the height on every bracket; for small trees.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        The picture.  Its order of leaves is one of many (see `leaf_order`).

    Raises
    ------
    ValueError
        If the table is no tree, or the labels or `n_clusters` do not fit it.

    Examples
    --------
    >>> ax = plot_dendrogram([[0, 1, 2.0, 2]], labels=["Ana", "Bea"])
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['Ana', 'Bea']
    """
    order, tree = leaf_order(tree), np.asarray(tree, dtype=float)
    n_points = len(order)
    names = [str(point) for point in range(n_points)] if labels is None else list(labels)
    if len(names) != n_points:
        raise ValueError(f"There are {len(names)} labels for {n_points} points.")
    if n_clusters is not None:
        cut_tree(tree, n_clusters)  # refuses a number that does not fit
    ax = _axes(ax)
    kept = n_points - (n_clusters or 1)
    across, up = np.zeros(2 * n_points - 1), np.zeros(2 * n_points - 1)
    across[order] = np.arange(n_points)
    for step, (left, right, height) in enumerate(tree[:, :3]):
        pair = [int(left), int(right)]
        x, y = np.repeat(across[pair], 2), [up[pair[0]], height, height, up[pair[1]]]
        colour, line = (PALETTE[0], "-") if step < kept else (PALETTE[5], ":")
        ax.plot(x, y, color=colour, linestyle=line, linewidth=1.6)
        if show_heights:
            paper = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
            middle = across[pair].mean()
            ax.text(middle, height, f"{height:.3g}", ha="center", va="center", bbox=paper)
        across[n_points + step], up[n_points + step] = across[pair].mean(), height
    top = 1.1 * up.max() or 1.0
    if n_clusters is not None:
        heights = [0.0, *tree[:, 2], top]
        cut = (heights[kept] + heights[kept + 1]) / 2
        name = f"cut into {n_clusters}"
        ax.axhline(cut, color=PALETTE[1], linestyle="--", linewidth=1.2, label=name)
        ax.legend(loc="upper right")
    ax.set_xticks(range(n_points), [names[point] for point in order])
    if max(map(len, names)) * n_points > 70:
        ax.tick_params(axis="x", rotation=90)
    ax.grid(visible=False, axis="x")
    ax.set(ylabel="height of the merge", ylim=(0, top), xlim=(-0.7, n_points - 0.3))
    return ax


def plot_silhouettes(values: np.ndarray, labels: np.ndarray, *, ax: Axes | None = None) -> Axes:
    """Draw the silhouette of every user, cluster by cluster, the largest value on top.

    Parameters
    ----------
    values : ndarray, shape (n_samples,)
        From `silhouette_values`.
    labels : ndarray of int, shape (n_samples,)
        Cluster of each row.
    ax : Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    Axes
        One block per cluster, named at the left with the number of its members, and a dashed line
        at the mean.

    Raises
    ------
    ValueError
        If there is not one value for each label.

    Examples
    --------
    >>> ax = plot_silhouettes([0.5, 0.4, 0.6, -0.1], [0, 0, 1, 1])
    >>> [text.get_text() for text in ax.get_yticklabels()]
    ['cluster 0 (2)', 'cluster 1 (2)']
    """
    values, labels = np.asarray(values, dtype=float), np.asarray(labels)
    if values.ndim != 1 or values.shape != labels.shape:
        raise ValueError(f"{labels.shape} labels do not fit {values.shape} silhouettes.")
    ax, names = _axes(ax), np.unique(labels)
    space = max(1, len(values) // 50)
    begin, middles, texts = 0, [], []
    for position, name in enumerate(names):
        mine = np.sort(values[labels == name])[::-1]
        rows = begin + np.arange(len(mine))
        colour = NOISE_COLOUR if name < 0 else PALETTE[position % len(PALETTE)]
        ax.barh(rows, mine, height=1.0, color=colour, linewidth=0)
        middles.append(rows.mean())
        texts.append(f"{'noise' if name < 0 else f'cluster {name}'} ({len(mine)})")
        begin += len(mine) + space
    ax.axvline(values.mean(), color=PALETTE[5], linestyle="--", label=f"mean {values.mean():.2f}")
    ax.axvline(0, color="black", linewidth=0.8)
    ax.set_yticks(middles, texts)
    ax.set_ylim(begin - space + 0.5, -1.5)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("silhouette")
    ax.legend(loc="lower right")
    return ax


def alt_text(ax: Axes) -> str:
    """Describe a picture in one sentence for readers who cannot see it.

    Parameters
    ----------
    ax : Axes
        A finished picture.

    Returns
    -------
    str
        Title, axes and legend.  A writer who knows the point of a figure does better; this is for
        figures that nobody writes about, such as those in a report.

    Examples
    --------
    >>> alt_text(plot_interest_map(np.eye(3)))
    'Figure with topic across and event (oldest at the top) downwards.'
    """
    title = ax.get_title(loc="left") or ax.get_title()
    text = f"{title or 'Figure'} with {ax.get_xlabel() or 'no label'} across"
    direction = "downwards" if ax.yaxis_inverted() else "upwards"
    text += f" and {ax.get_ylabel() or 'no label'} {direction}."
    legend = ax.get_legend()
    if legend is not None:
        text += f" Shown: {', '.join(t.get_text() for t in legend.get_texts())}."
    return text
