"""Describing and grouping users on Spark.

Taught in chapter 16.  What the numbers mean is learnt from a sample that fits on the driver;
describing everybody by them is a join and a sum, which needs no more than the workers have.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from recsys_tutorial.features import fit_user_factors
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.spark.reading import functions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

# The sample from which the factors are learnt: about a million cells on the driver.
SAMPLE = 10_000


def user_factors(
    events: DataFrame, n_factors: int = 20, *, random_state: int = 0, max_users: int = SAMPLE
) -> DataFrame:
    """Describe each user by a few numbers learnt from who met what (truncated SVD).

    Parameters
    ----------
    events : DataFrame of Spark
        ``user`` and ``item``, each pair once.
    n_factors : int
        Numbers per user; cut down to what the sample allows.
    random_state : int
        Seed of the sample and of the SVD.
    max_users : int
        Learn from this many users if there are more.

    Returns
    -------
    DataFrame of Spark
        ``user`` and ``f0``, ``f1``, ...: unit vectors, as `features.fit_user_factors` gives them
        for people it places.

    Raises
    ------
    ValueError
        If `n_factors` or `max_users` is less than 1.

    Notes
    -----
    Chapter 16.  The users of the sample are those with the smallest hash, so that the sample does
    not depend on how the log is cut into pieces.

    Examples
    --------
    >>> rows = [(1, "a"), (1, "b"), (2, "a"), (3, "b")]
    >>> log = spark.createDataFrame(rows, "user int, item string")  # doctest: +SKIP
    >>> user_factors(log, 2).columns  # doctest: +SKIP
    ['user', 'f0', 'f1']
    """
    if n_factors < 1 or max_users < 1:
        raise ValueError(f"n_factors={n_factors} and max_users={max_users} must be at least 1.")
    F = functions()
    items, matrix = _sample(events, max_users, random_state)
    n_factors = min(n_factors, *matrix.shape)
    basis = fit_user_factors(matrix, n_factors, random_state=random_state)[1]
    names = [f"f{j}" for j in range(n_factors)]
    spark = events.sparkSession
    kind = events.schema["item"].dataType.simpleString()
    rows = [(item, *row) for item, row in zip(items, basis.tolist(), strict=True)]
    schema = f"item {kind}, " + ", ".join(f"{name} double" for name in names)
    table = F.broadcast(spark.createDataFrame(rows, schema))
    sums = events.join(table, "item").groupBy("user").agg(*[F.sum(n).alias(n) for n in names])
    # Somebody whose items the sample never met stays at 0.
    length = F.sqrt(sum((F.col(n) * F.col(n) for n in names), F.lit(0.0)))
    sums = sums.withColumn("length", F.when(length > 0, length).otherwise(1.0))
    return sums.select("user", *[(F.col(n) / F.col("length")).alias(n) for n in names])


def _sample(events: DataFrame, max_users: int, random_state: int) -> tuple[list, UserItemMatrix]:
    """Fetch the catalogue, and the histories of some users as a matrix."""
    F = functions()
    items = [row["item"] for row in events.select("item").distinct().sort("item").collect()]
    users = events.select("user").distinct()
    order = F.xxhash64(F.col("user").cast("string"), F.lit(random_state))
    chosen = users.orderBy(order, "user").limit(max_users)
    histories = events.join(F.broadcast(chosen), "user").groupBy("user")
    rows = histories.agg(F.collect_list("item").alias("met")).sort("user").collect()
    index = pd.Index(items)
    met = [np.sort(index.get_indexer(pd.Index(row["met"]))) for row in rows]
    ends = np.cumsum([0, *map(len, met)])
    columns = np.concatenate(met) if met else np.empty(0, int)
    cells = (np.ones(len(columns)), columns, ends)
    values = sparse.csr_array(cells, shape=(len(rows), len(items)))
    return items, UserItemMatrix(values, pd.Index([row["user"] for row in rows]), index)


def group_users(
    factors: DataFrame,
    n_clusters: int = 10,
    *,
    centres: np.ndarray | None = None,
    random_state: int = 0,
) -> tuple[DataFrame, np.ndarray]:
    """Group users by Spark's K-means, or send each to the nearest of centres that you have.

    Parameters
    ----------
    factors : DataFrame of Spark
        From `user_factors`: ``user`` and one column per number.
    n_clusters : int
        Number of clusters; fewer if there are fewer different users.
    centres : ndarray, shape (n_clusters, n_factors), optional
        Known centres, for example of the local model; then nothing is learnt.
    random_state : int
        Seed.

    Returns
    -------
    users : DataFrame of Spark
        ``user`` and ``cluster``.
    centres : ndarray, shape (n_clusters, n_factors)
        The centres.

    Raises
    ------
    ValueError
        If `n_clusters` is less than 1, or the centres have another number of columns.

    Notes
    -----
    Chapter 16.  Spark starts by k-means|| and runs once; scikit-learn starts ten times.  The
    groups of the two are alike where groups are clear, and not equal.

    Examples
    --------
    >>> rows = [(1, 0.0), (2, 0.1), (3, 5.0)]
    >>> table = spark.createDataFrame(rows, "user int, f0 double")  # doctest: +SKIP
    >>> users, _ = group_users(table, centres=np.array([[0.0], [5.0]]))  # doctest: +SKIP
    >>> [row["cluster"] for row in users.sort("user").collect()]  # doctest: +SKIP
    [0, 0, 1]
    """
    if n_clusters < 1:
        raise ValueError(f"n_clusters={n_clusters} must be at least 1.")
    F = functions()
    names = [name for name in factors.columns if name != "user"]
    if centres is None and n_clusters > 1:
        return _kmeans(factors, names, n_clusters, random_state)
    if centres is None:
        means = factors.agg(*[F.avg(name).alias(name) for name in names]).collect()[0]
        centres = np.array([list(means)])
    if centres.ndim != 2 or centres.shape[1] != len(names):
        raise ValueError(f"centres has shape {centres.shape}, the users have {len(names)} factors.")
    return _nearest(factors, names, centres), centres


def _kmeans(
    factors: DataFrame, names: list[str], n_clusters: int, random_state: int
) -> tuple[DataFrame, np.ndarray]:
    feature = importlib.import_module("pyspark.ml.feature")
    clustering = importlib.import_module("pyspark.ml.clustering")
    assembler = feature.VectorAssembler(inputCols=names, outputCol="features")
    points = assembler.transform(factors).select("user", "features")
    learner = clustering.KMeans(k=n_clusters, seed=random_state, predictionCol="cluster")
    model = learner.fit(points)
    return model.transform(points).select("user", "cluster"), np.array(model.clusterCenters())


def _nearest(factors: DataFrame, names: list[str], centres: np.ndarray) -> DataFrame:
    """Pair everybody with every centre, and keep the nearest; ties go to the lower number."""
    F = functions()
    rows = [(number, *centre) for number, centre in enumerate(centres.tolist())]
    schema = "cluster int, " + ", ".join(f"c_{name} double" for name in names)
    table = F.broadcast(factors.sparkSession.createDataFrame(rows, schema))
    gaps = [F.col(name) - F.col(f"c_{name}") for name in names]
    distance = sum((gap * gap for gap in gaps), F.lit(0.0))
    pairs = factors.crossJoin(table).withColumn("pair", F.struct(distance.alias("d"), "cluster"))
    nearest = pairs.groupBy("user").agg(F.min("pair").alias("pair"))
    return nearest.select("user", F.col("pair.cluster").alias("cluster"))
