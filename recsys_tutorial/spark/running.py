"""The whole pipeline on Spark: clean events in; groups, lists and files out.

Taught in chapter 16.  The words are those of `recsys_tutorial.pipeline`; names from genres
need the item table, which stays with the local pipeline.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recsys_tutorial.datasets import DataError
from recsys_tutorial.spark.grouping import group_users, user_factors
from recsys_tutorial.spark.reading import functions
from recsys_tutorial.spark.recommending import group_lists, recommend
from recsys_tutorial.spark.session import address

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

STEPS = ("describe the users", "group the users", "rank for each group", "recommend")


@dataclass(frozen=True, eq=False)
class SparkResult:
    """Everything that `run_pipeline` found, as tables that stay on the workers.

    Attributes
    ----------
    events : DataFrame of Spark
        The clean log.
    users : DataFrame of Spark
        One row per user: ``user`` and ``cluster``.
    clusters : DataFrame of Spark
        One row per group: ``cluster``, ``name``, ``users`` and ``distinctive_items``.
    lists : DataFrame of Spark
        The ranking of each group, as in `group_lists`.
    recommendations : DataFrame of Spark
        ``user``, ``rank``, ``item`` and ``score``.
    centres : ndarray, shape (n_clusters, n_factors)
        The centres of the groups.
    """

    events: DataFrame
    users: DataFrame
    clusters: DataFrame
    lists: DataFrame
    recommendations: DataFrame
    centres: np.ndarray


def run_pipeline(
    events: DataFrame,
    *,
    n_clusters: int = 10,
    top: int = 10,
    n_factors: int = 20,
    shrinkage: float = 1000.0,
    centres: np.ndarray | None = None,
    random_state: int = 0,
    progress: Callable[[str], object] = lambda step: None,
) -> SparkResult:
    """Group the users of a log by interest, and recommend to every user.

    The model is that of `recommenders.ClusterPopularity`: hard groups.  Soft groups give every
    user a mixture of her own, so that lists cannot be ranked once per group; at the size for which
    one takes Spark that is the difference between users times items and groups times items.

    Parameters
    ----------
    events : DataFrame of Spark
        From `clean_events`: ``user`` and ``item``, each pair once.
    n_clusters : int
        Number of groups; fewer if there are fewer different users.
    top : int
        Recommendations per user.
    n_factors : int
        Numbers that describe a user.
    shrinkage : float
        Weight of everybody's popularity in a group, in interactions.
    centres : ndarray, shape (n_clusters, n_factors), optional
        Known centres; then no groups are learnt.
    random_state : int
        Seed.
    progress : callable, optional
        Called with the name of each step, one of `STEPS`, before it begins.

    Returns
    -------
    SparkResult
        Groups and lists; the lists are computed when they are read or written.

    Raises
    ------
    ValueError
        If `n_clusters` or `top` is less than 1, or `shrinkage` is out of range.

    Notes
    -----
    Chapter 16.

    Examples
    --------
    >>> rows = [(1, "a"), (1, "b"), (2, "a"), (2, "c")]
    >>> log = spark.createDataFrame(rows, "user int, item string")  # doctest: +SKIP
    >>> result = run_pipeline(log, n_clusters=1, top=1)  # doctest: +SKIP
    >>> [(row["user"], row["item"]) for row in result.recommendations.sort("user").collect()]
    ... # doctest: +SKIP
    [(1, 'c'), (2, 'b')]
    """
    if n_clusters < 1 or top < 1:
        raise ValueError(f"n_clusters={n_clusters} and top={top} must be at least 1.")
    progress(STEPS[0])
    factors = user_factors(events, n_factors, random_state=random_state).persist()
    progress(STEPS[1])
    users, centres = group_users(factors, n_clusters, centres=centres, random_state=random_state)
    users = users.persist()
    users.count()
    factors.unpersist()
    progress(STEPS[2])
    lists = group_lists(events, users, shrinkage=shrinkage).persist()
    progress(STEPS[3])
    lines = recommend(events, users, lists, top)
    return SparkResult(events, users, _clusters(users, lists), lists, lines, centres)


def _clusters(users: DataFrame, lists: DataFrame) -> DataFrame:
    """Size of each group, its name, and the five items that set it apart."""
    F, window = functions(), importlib.import_module("pyspark.sql.window").Window
    # As `recommenders.distinctiveness`: frequent in the group and rarer elsewhere.
    apart = F.col("score") * F.log(F.col("score") / F.col("popularity"))
    is_more = F.col("score") > F.col("popularity") * (1 + 1e-9)
    first = lists.filter(is_more).withColumn("apart", apart)
    order = window.partitionBy("cluster").orderBy(F.desc("apart"), "item")
    first = first.withColumn("rank", F.row_number().over(order)).filter(F.col("rank") <= 5)
    named = first.groupBy("cluster").agg(
        F.sort_array(
            F.collect_list(F.struct("rank", F.col("item").cast("string").alias("item")))
        ).alias("best")
    )
    best = F.transform("best", lambda one: one["item"])
    name, items = F.array_join(F.slice(best, 1, 2), " / "), F.array_join(best, "; ")
    named = named.select("cluster", name.alias("name"), items.alias("distinctive_items"))
    sizes = users.groupBy("cluster").agg(F.count(F.lit(1)).alias("users"))
    # As `recommenders.cluster_names`: a group that nothing sets apart, and a name that comes again.
    table = sizes.join(named, "cluster", "left").fillna(
        {"name": "like everybody", "distinctive_items": ""}
    )
    turn = F.row_number().over(window.partitionBy("name").orderBy("cluster"))
    again = F.concat("name", F.lit(" ("), F.col("turn").cast("string"), F.lit(")"))
    table = table.withColumn("turn", turn)
    table = table.withColumn("name", F.when(F.col("turn") > 1, again).otherwise(F.col("name")))
    table = table.select("cluster", "name", "users", "distinctive_items")
    return table.sort("cluster")


def report_in_words(result: SparkResult) -> str:
    """Say in a page of Markdown what was found, from counts and the table of groups alone.

    Parameters
    ----------
    result : SparkResult
        From `run_pipeline`.

    Returns
    -------
    str
        Events, users, items and recommendations, and a line for each group.  The quality is not
        judged here: hold events out first, and measure on a sample of the users that fits on one
        machine.

    Notes
    -----
    Chapter 16.  One pass over the log and one over the lists; no more than a row per group is
    fetched.

    Examples
    --------
    >>> print(report_in_words(result).splitlines()[0])  # doctest: +SKIP
    # Interest groups and recommendations
    """
    F = functions()
    log = result.events.agg(
        F.count(F.lit(1)), F.countDistinct("user"), F.countDistinct("item")
    ).collect()[0]
    n_events, n_users, n_items = log
    n_lists, served = result.recommendations.agg(
        F.count(F.lit(1)), F.countDistinct("user")
    ).collect()[0]
    lines = [
        "# Interest groups and recommendations",
        "",
        f"{n_events:,} events of {n_users:,} users with {n_items:,} items; "
        f"{100 * n_events / (n_users * n_items):.2f} % of the user-item table is filled.",
        f"{n_lists:,} recommendations for {served:,} users; the quality was not measured.",
        "",
        "| group | users | what sets it apart |",
        "|---|---|---|",
    ]
    lines += [
        f"| {_plain(row['name'])} | {row['users']:,} | {_plain(row['distinctive_items'])} |"
        for row in result.clusters.sort("cluster").collect()
    ]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """As `pipeline.templates`, which this module may not import: no table, link or tag begins."""
    one_line = re.sub(r"\s+", " ", text).replace("<", "&lt;")
    return re.sub(r"([|`*_\[\]\\])", r"\\\1", one_line)


def write_results(result: SparkResult, folder: str | Path) -> None:
    """Write groups, users and recommendations as folders of CSV files, and a report in words.

    Each worker writes a file of its own for each of its parts; the report (see `report_in_words`)
    comes last, as one text file in the folder ``report``.

    Parameters
    ----------
    result : SparkResult
        What to write.
    folder : str or Path
        A folder that holds none of the four yet; on a cluster an address that all workers can
        write to, such as ``"hdfs:///lists"``.

    Raises
    ------
    DataError
        If one of the four is there already.

    Notes
    -----
    Chapter 16.  A folder is complete when it holds a file ``_SUCCESS``: Spark writes that last.

    Examples
    --------
    >>> write_results(result, "lists")  # doctest: +SKIP
    """
    tables = {
        "clusters": result.clusters,
        "users": result.users,
        "recommendations": result.recommendations,
    }
    spark = result.events.sparkSession
    place = address(spark, folder)
    for name, table in tables.items():
        with _said_if_there(folder, name):
            table.write.csv(f"{place}/{name}", header=True)
    lines = [(line,) for line in report_in_words(result).splitlines()]
    with _said_if_there(folder, "report"):
        spark.createDataFrame(lines, "value string").coalesce(1).write.text(f"{place}/report")


@contextmanager
def _said_if_there(folder: str | Path, name: str) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if "PATH_ALREADY_EXISTS" in str(error) or "already exists" in str(error):
            raise DataError(f"{folder}/{name} exists. Choose a new folder.") from None
        raise
