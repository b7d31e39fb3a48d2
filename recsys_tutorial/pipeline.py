"""The source article's ``main()``, made real: a log in; groups, names, lists and a report out.

Seventh step, taught in chapter 17; the command line is a thin coat around it.
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from jinja2 import Environment, PackageLoader, select_autoescape
from matplotlib.axes import Axes

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.evaluation import leaderboard
from recsys_tutorial.features import user_factors
from recsys_tutorial.plotting import (
    PALETTE,
    alt_text,
    plot_long_tail,
    project_2d,
    scatter_clusters,
    use_course_style,
)
from recsys_tutorial.preprocessing import (
    Split,
    UserItemMatrix,
    split_latest,
    split_random,
    user_item_matrix,
)
from recsys_tutorial.recommenders import (
    ClusterPopularity,
    Popularity,
    Recommender,
    SoftClusterPopularity,
    cluster_names,
    distinctive_items,
    explain,
)

REPORT_FILES = (
    "report.html",
    "clusters.csv",
    "users.csv",
    "recommendations.csv",
    "evaluation.csv",
)
STEPS = ("test on held-out events", "group the users", "name the groups", "recommend")
EXAMPLES_IN_REPORT = 20


@dataclass(frozen=True)
class PipelineResult:
    """Everything that `run_pipeline` found.

    Attributes
    ----------
    interactions : Interactions
        The log.
    recommender : SoftClusterPopularity
        Fitted on the whole log.
    clusters : DataFrame
        One row per group: ``cluster``, ``name``, ``users`` and ``distinctive_items``.
    users : DataFrame
        One row per user: ``user``, ``cluster``, ``name`` and ``membership`` (her share in it).
    recommendations : DataFrame
        ``user``, ``rank``, ``item``, ``title``, ``score`` and ``reason``.
    evaluation : DataFrame
        The leaderboard on held-out events; empty if there was nothing to hold out.
    notes : tuple of str
        What a reader of the results has to know.
    """

    interactions: Interactions
    recommender: SoftClusterPopularity
    clusters: pd.DataFrame
    users: pd.DataFrame
    recommendations: pd.DataFrame
    evaluation: pd.DataFrame
    notes: tuple[str, ...]


def run_pipeline(
    interactions: Interactions,
    *,
    n_clusters: int = 10,
    top: int = 10,
    random_state: int = 0,
    progress: Callable[[str], object] = lambda step: None,
) -> PipelineResult:
    """Group the users of a log by interest, name the groups, and recommend to every user.

    The quality is first measured on held-out events (the latest of each user, or random ones if
    the log has no times); the results are then computed from the whole log.

    Parameters
    ----------
    interactions : Interactions
        The log.
    n_clusters : int
        Number of groups; fewer if there are fewer different users.
    top : int
        Recommendations per user.
    random_state : int
        Seed.
    progress : callable, optional
        Called with the name of each step, one of `STEPS`, before it begins.

    Returns
    -------
    PipelineResult
        Groups, names, lists and figures.

    Raises
    ------
    ValueError
        If `n_clusters` or `top` is less than 1.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "c"]})
    >>> result = run_pipeline(Interactions.from_frame(log, rating=None, timestamp=None), top=1)
    >>> result.recommendations[["user", "item"]].to_numpy().tolist()
    [[1, 'c'], [2, 'b']]
    """
    if n_clusters < 1 or top < 1:
        raise ValueError(f"n_clusters={n_clusters} and top={top} must be at least 1.")
    model = SoftClusterPopularity(n_clusters=n_clusters, random_state=random_state)
    progress(STEPS[0])
    evaluation, notes = _evaluate(interactions, model, top)
    progress(STEPS[1])
    matrix = _met_items(interactions)
    model.fit(matrix)
    progress(STEPS[2])
    names = cluster_names(model, interactions)
    progress(STEPS[3])
    lists = model.recommend(k=top)
    lists.insert(3, "title", lists["item"].map(interactions.titles))
    lists["reason"] = explain(model, lists, names)
    if lists["user"].nunique() < len(matrix.users):
        notes.append("Users who have met every item get no list.")
    clusters = _cluster_table(model, interactions, names)
    users = _user_table(model, names)
    return PipelineResult(interactions, model, clusters, users, lists, evaluation, tuple(notes))


def _met_items(interactions: Interactions) -> UserItemMatrix:
    """Leave out items of the table that nobody met: nothing is known about them."""
    met = interactions.items["item"].isin(interactions.events["item"])
    return user_item_matrix(Interactions(interactions.events, interactions.items[met]))


def _split(interactions: Interactions) -> Split:
    return split_latest(interactions) if interactions.has_time else split_random(interactions)


def _evaluate(
    interactions: Interactions, model: SoftClusterPopularity, top: int
) -> tuple[pd.DataFrame, list[str]]:
    try:
        train, test = _split(interactions)
    except DataError as error:
        return pd.DataFrame(), [f"Not evaluated: {error}"]
    notes = ["Without times the test events are random, which flatters every method."]
    matrix = _met_items(train)
    hard = ClusterPopularity(n_clusters=model.n_clusters, random_state=model.random_state)
    contenders: dict[str, Recommender] = {
        "popularity (same list for all)": Popularity(),
        "own group only": hard,
        "groups, soft (used here)": model,
    }
    fitted = {name: contender.fit(matrix) for name, contender in contenders.items()}
    return leaderboard(fitted, test, k=top), notes[interactions.has_time :]


def _cluster_table(
    model: ClusterPopularity, interactions: Interactions, names: pd.Series
) -> pd.DataFrame:
    best = distinctive_items(model)
    titles = best["item"].map(interactions.titles).groupby(best["cluster"]).agg("; ".join)
    sizes = np.bincount(model.labels_, minlength=len(names))
    table = pd.DataFrame({"name": names, "users": sizes, "distinctive_items": titles})
    return table.rename_axis("cluster").reset_index()


def _user_table(model: ClusterPopularity, names: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user": model.matrix_.users,
            "cluster": model.labels_,
            "name": names.loc[model.labels_].to_numpy(),
            "membership": model.membership_.max(axis=1).round(4),
        }
    )


def write_report(result: PipelineResult, folder: str | Path) -> Path:
    """Write a self-contained HTML report and CSV files, all or nothing.

    Parameters
    ----------
    result : PipelineResult
        What to write.
    folder : str or Path
        A folder that does not exist, is empty, or holds an earlier report (which is replaced).

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    DataError
        If the folder holds other files, or cannot be written.
    """
    folder = Path(folder)
    check_report_folder(folder)
    with _replacing(folder) as fresh:
        result.clusters.to_csv(fresh / "clusters.csv", index=False)
        result.users.to_csv(fresh / "users.csv", index=False)
        result.recommendations.to_csv(fresh / "recommendations.csv", index=False)
        if not result.evaluation.empty:
            result.evaluation.to_csv(fresh / "evaluation.csv")
        (fresh / "report.html").write_text(_render(result), encoding="utf-8")
    return folder / "report.html"


def check_report_folder(folder: str | Path) -> None:
    """Refuse a folder that a report must not be written to, before any work is done.

    Parameters
    ----------
    folder : str or Path
        The folder.

    Raises
    ------
    DataError
        If it is a file, or holds anything but an earlier report.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file. Name a folder for the report.")
    others = sorted(p.name for p in folder.glob("*") if p.name not in REPORT_FILES)
    if others:
        raise DataError(
            f"{folder} holds other files ({', '.join(others[:3])}), which a report would bury. "
            "Choose an empty or a new folder."
        )


@contextmanager
def _replacing(folder: Path) -> Iterator[Path]:
    """Fill a new folder beside the old one, and swap them only when it is complete."""
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise DataError(f"Cannot write to {folder.parent}: {error.strerror}.") from None
    old = fresh.with_name(f"{fresh.name}-old")
    try:
        yield fresh
        fresh.chmod(0o755)
        if folder.exists():
            os.replace(folder, old)
        os.replace(fresh, folder)
    except OSError as error:
        raise DataError(f"Cannot write the report to {folder}: {error.strerror}.") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _render(result: PipelineResult) -> str:
    pages = Environment(
        loader=PackageLoader("recsys_tutorial"),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown = result.users["user"].head(EXAMPLES_IN_REPORT)
    lists = result.recommendations
    return pages.get_template("report.html.j2").render(
        result=result,
        figures=_figures(result),
        clusters=result.clusters.to_dict("records"),
        evaluation=result.evaluation.reset_index().to_dict("records"),
        examples=[(user, lists[lists["user"] == user].to_dict("records")) for user in shown],
        names=result.users.set_index("user")["name"],
    )


def _figures(result: PipelineResult) -> list[dict[str, str]]:
    """Draw the pictures of the report as base64 PNG with a description each."""
    # The look of the report must not become the look of the caller's own figures.
    with plt.rc_context():
        use_course_style()
        axes = [plot_long_tail(result.interactions.events["item"].value_counts())]
        axes.append(_draw_sizes(result.clusters))
        if len(result.users) > 2:
            axes.append(_draw_map(result))
        return [{"png": _png(ax), "alt": alt_text(ax)} for ax in axes]


def _draw_sizes(clusters: pd.DataFrame) -> Axes:
    ax = plt.subplots(figsize=(7, 0.6 + 0.35 * len(clusters)))[1]
    ax.barh(clusters["name"].str.slice(0, 40), clusters["users"], color=PALETTE[0])
    ax.invert_yaxis()
    ax.set(xlabel="users", ylabel="group", title="Size of the groups")
    return ax


def _draw_map(result: PipelineResult) -> Axes:
    matrix = result.recommender.matrix_
    factors = user_factors(matrix, min(result.recommender.n_factors, *matrix.shape))
    names = result.clusters["name"].str.slice(0, 40).tolist()
    ax = scatter_clusters(project_2d(factors), result.recommender.labels_, names=names)
    ax.set(xlabel="first component", ylabel="second component", title="Users and their groups")
    return ax


def _png(ax: Axes) -> str:
    buffer = io.BytesIO()
    figure = ax.get_figure(root=True)
    assert figure is not None
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode("ascii")
