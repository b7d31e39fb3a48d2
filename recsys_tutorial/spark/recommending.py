"""Ranked lists on Spark: from groups, and by alternating least squares as the rival.

Taught in chapter 16.  To score every item for every user and sort is the obvious way, and makes a
table of users times items; here a list is ranked once per group, and each user gets its first
items that she has not met.
"""

from __future__ import annotations

import importlib
from functools import reduce
from typing import TYPE_CHECKING, Any

from recsys_tutorial.recommenders.clusters import check_shrinkage
from recsys_tutorial.spark.reading import functions

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def group_lists(events: DataFrame, users: DataFrame, *, shrinkage: float = 1000.0) -> DataFrame:
    """Rank all items once for each group.

    Parameters
    ----------
    events : DataFrame of Spark
        ``user`` and ``item``, each pair once.
    users : DataFrame of Spark
        ``user`` and ``cluster``.
    shrinkage : float
        Weight of everybody's popularity, in interactions, as in `recommenders.ClusterPopularity`.

    Returns
    -------
    DataFrame of Spark
        ``cluster``, ``position`` (from 1; ties go to the lower item id), ``item``, ``score`` (the
        shrunken share) and ``popularity`` (everybody's share).

    Raises
    ------
    ValueError
        If `shrinkage` is negative, infinite or not a number.

    Notes
    -----
    Chapter 16.

    Examples
    --------
    >>> log = spark.createDataFrame([(1, "b"), (2, "a"), (2, "b")], "user int, item string")
    ... # doctest: +SKIP
    >>> users = spark.createDataFrame([(1, 0), (2, 0)], "user int, cluster int")  # doctest: +SKIP
    >>> lists = group_lists(log, users, shrinkage=0)  # doctest: +SKIP
    >>> [row["item"] for row in lists.sort("position").collect()]  # doctest: +SKIP
    ['b', 'a']
    """
    check_shrinkage(shrinkage)
    F, window = functions(), importlib.import_module("pyspark.sql.window").Window
    labelled = events.select("user", "item").join(users, "user")
    counts = labelled.groupBy("cluster", "item").agg(F.count(F.lit(1)).alias("n"))
    # Read three times below; it has one row per group and item, however long the log is.
    counts = counts.persist()
    by_item = counts.groupBy("item").agg(F.sum("n").alias("n_all"))
    total = by_item.agg(F.sum("n_all").alias("total"))
    items = by_item.crossJoin(F.broadcast(total)).withColumn(
        "popularity", F.col("n_all") / F.col("total")
    )
    groups = counts.groupBy("cluster").agg(F.sum("n").alias("n_group"))
    grid = items.crossJoin(F.broadcast(groups)).join(counts, ["cluster", "item"], "left")
    pulled = F.coalesce(F.col("n"), F.lit(0)) + F.lit(float(shrinkage)) * F.col("popularity")
    score = pulled / (F.col("n_group") + F.lit(float(shrinkage)))
    order = window.partitionBy("cluster").orderBy(F.desc("score"), "item")
    ranked = grid.withColumn("score", score).withColumn("position", F.row_number().over(order))
    return ranked.select("cluster", "position", "item", "score", "popularity")


def recommend(events: DataFrame, users: DataFrame, lists: DataFrame, k: int = 10) -> DataFrame:
    """Give each user the first `k` items of her group's list that she has not met.

    Parameters
    ----------
    events : DataFrame of Spark
        ``user`` and ``item``, each pair once.
    users : DataFrame of Spark
        ``user`` and ``cluster``.
    lists : DataFrame of Spark
        From `group_lists`.
    k : int
        Length of each list, at least 1.

    Returns
    -------
    DataFrame of Spark
        ``user``, ``rank`` (from 1), ``item`` and ``score``, as `Recommender.recommend` gives them;
        a user who has fewer than k unseen items gets fewer rows.

    Raises
    ------
    ValueError
        If `k` is less than 1.

    Notes
    -----
    Chapter 16.  With her seen items at the positions ``p1 < p2 < ...`` of the list, the items
    before the j-th of them that she has not seen are ``pj - j``.  Those with ``pj - j < k`` stand
    in her way, and she never needs to look further than ``k`` places beyond them.

    Examples
    --------
    >>> log = spark.createDataFrame([(1, "b"), (2, "a"), (2, "c")], "user int, item string")
    ... # doctest: +SKIP
    >>> users = spark.createDataFrame([(1, 0), (2, 0)], "user int, cluster int")  # doctest: +SKIP
    >>> lists = group_lists(log, users, shrinkage=0)  # doctest: +SKIP
    >>> [row["item"] for row in recommend(log, users, lists, k=1).sort("user").collect()]
    ... # doctest: +SKIP
    ['a', 'b']
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    F = functions()
    places = lists.select("cluster", "item", "position")
    met = events.select("user", "item").join(users, "user").join(places, ["cluster", "item"])
    seen = met.groupBy("user", "cluster").agg(
        F.sort_array(F.collect_list("position")).alias("seen")
    )
    n_items = lists.agg(F.max("position").alias("n_items"))
    # The index counts from 0, so p - j < k reads p - index <= k.
    in_the_way = F.filter("seen", lambda place, index: place - index <= k)
    far = F.least(F.col("n_items"), k + F.size("seen"))
    free = F.slice(F.array_except(F.sequence(F.lit(1), far), F.col("seen")), 1, k)
    walked = seen.withColumn("seen", in_the_way).crossJoin(F.broadcast(n_items))
    ranked = walked.select("user", "cluster", F.posexplode(free).alias("place", "position"))
    found = ranked.join(lists, ["cluster", "position"])
    return found.select("user", (F.col("place") + 1).alias("rank"), "item", "score")


def recommend_als(
    events: DataFrame,
    k: int = 10,
    *,
    rank: int = 10,
    max_iter: int = 10,
    reg_param: float = 0.1,
    alpha: float = 1.0,
    random_state: int = 0,
) -> DataFrame:
    """Rank by Spark's alternating least squares for implicit feedback: the rival without groups.

    Parameters
    ----------
    events : DataFrame of Spark
        ``user`` and ``item``, each pair once; ratings are not used, as in the rest of the course.
    k : int
        Length of each list, at least 1.
    rank : int
        Numbers per user and item.
    max_iter : int
        Rounds.
    reg_param : float
        Pull towards 0.
    alpha : float
        Weight of a meeting against a non-meeting.
    random_state : int
        Seed.

    Returns
    -------
    DataFrame of Spark
        As in `recommend`.

    Raises
    ------
    ValueError
        If `k` is less than 1.

    Notes
    -----
    Chapter 16.  Spark's own lists hold seen items.  To leave them out, users are asked for in a few
    tiers, each with lists that are longer by what the busiest user of the tier has met.

    References
    ----------
    Hu, Koren and Volinsky (2008), Collaborative Filtering for Implicit Feedback Datasets.
    [hu2008collaborative]

    Examples
    --------
    >>> log = spark.createDataFrame([(1, "a"), (2, "a"), (2, "b")], "user int, item string")
    ... # doctest: +SKIP
    >>> [row["item"] for row in recommend_als(log, k=1).collect()]  # doctest: +SKIP
    ['b']
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    F = functions()
    users, items = number_ids(events, "user"), number_ids(events, "item")
    cells = events.join(users, "user").join(items, "item")
    cells = cells.select("user_number", "item_number", F.lit(1.0).alias("met")).persist()
    # Spark's default is ten blocks, and a task for each pair of blocks.
    blocks = events.sparkSession.sparkContext.defaultParallelism
    learner = importlib.import_module("pyspark.ml.recommendation").ALS(
        rank=rank,
        maxIter=max_iter,
        regParam=reg_param,
        alpha=alpha,
        implicitPrefs=True,
        seed=random_state,
        userCol="user_number",
        itemCol="item_number",
        ratingCol="met",
        numUserBlocks=blocks,
        numItemBlocks=blocks,
    )
    model = learner.fit(cells)
    seen = cells.groupBy("user_number").agg(F.collect_list("item_number").alias("seen")).persist()
    wide = _long_enough(model, seen, k).join(seen, "user_number")
    # array_except looks items up; asking array_contains about each would walk all she has seen.
    numbers = F.transform("recommendations", lambda one: one["item_number"])
    wide = wide.withColumn("free", F.slice(F.array_except(numbers, F.col("seen")), 1, k))
    unseen = F.filter("recommendations", lambda one: F.array_contains("free", one["item_number"]))
    best = F.posexplode(unseen).alias("place", "one")
    ranked = wide.select("user_number", best).select(
        "user_number",
        F.col("one.item_number"),
        (F.col("place") + 1).alias("rank"),
        F.col("one.rating").alias("score"),
    )
    named = ranked.join(users, "user_number").join(items, "item_number")
    return named.select("user", "rank", "item", "score")


def _long_enough(model: Any, seen: DataFrame, k: int) -> DataFrame:
    """Recommend so many items to each user that k are left when her seen ones are taken out."""
    F = functions()
    busiest, low, high, parts = seen.agg(F.max(F.size("seen"))).collect()[0][0], 0, 64, []
    while low < busiest:
        size = F.size("seen")
        some = seen.filter((size > low) & (size <= high)).select("user_number")
        parts.append(model.recommendForUserSubset(some, k + min(high, busiest)))
        low, high = high, 8 * high
    return reduce(lambda one, other: one.union(other), parts)


def number_ids(events: DataFrame, column: str) -> DataFrame:
    """Number the ids of a column from 0, in ascending order, without one machine sorting them all.

    Parameters
    ----------
    events : DataFrame of Spark
        The log.
    column : str
        ``"user"`` or ``"item"``.

    Returns
    -------
    DataFrame of Spark
        The column, and its numbers in ``user_number`` or ``item_number``.

    Examples
    --------
    >>> log = spark.createDataFrame([("b",), ("a",), ("b",)], "user string")  # doctest: +SKIP
    >>> [tuple(row) for row in number_ids(log, "user").sort("user").collect()]  # doctest: +SKIP
    [('a', 0), ('b', 1)]
    """
    F, window = functions(), importlib.import_module("pyspark.sql.window").Window
    ids = events.select(column).distinct().sort(column).withColumn("part", F.spark_partition_id())
    # Parts are numbered in a second pass, so the first must not be made anew in between.
    ids = ids.persist()
    sizes = ids.groupBy("part").count()
    before = window.orderBy("part").rowsBetween(window.unboundedPreceding, -1)
    starts = sizes.select("part", F.coalesce(F.sum("count").over(before), F.lit(0)).alias("start"))
    inside = F.row_number().over(window.partitionBy("part").orderBy(column))
    numbered = ids.withColumn("inside", inside).join(F.broadcast(starts), "part")
    number = (F.col("start") + F.col("inside") - 1).cast("int")
    return numbered.select(column, number.alias(f"{column}_number"))
