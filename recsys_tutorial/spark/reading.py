"""Reading a log that is too large to look at, and cleaning it with a report.

Taught in chapter 16, with the rules of chapter 2.  Among ten million rows some are always broken,
so a bad row is counted and left out; it stops nobody.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import importlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse
from urllib.request import url2pathname

from recsys_tutorial.datasets import DataError
from recsys_tutorial.preprocessing import CleaningReport
from recsys_tutorial.spark.session import address

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

BROKEN = "broken_row"
# A whole number as people write it: 7, not 007 or 7.0, and not too long for 64 bits.
WHOLE = r"^(0|-?[1-9][0-9]{0,17})$"
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def functions() -> Any:
    """Spark's functions of columns, imported when they are first needed.

    Returns
    -------
    module
        ``pyspark.sql.functions``.
    """
    return importlib.import_module("pyspark.sql.functions")


def read_events(
    spark: SparkSession,
    path: str | Path,
    *,
    user: str = "user",
    item: str = "item",
    rating: str | None = None,
    timestamp: str | None = None,
    separator: str = ",",
) -> DataFrame:
    """Point at a log of events in CSV files; nothing is read until a result is asked for.

    Parameters
    ----------
    spark : SparkSession
        From `start_spark`.
    path : str or Path
        A file, a folder of files, or a pattern such as ``"logs/2026-*.csv.gz"``; on a cluster an
        address that every worker can read.  Each file has the same header.
    user, item : str
        Names of the columns with the ids.
    rating, timestamp : str or None
        Names of the columns with ratings and times, if there are any.
    separator : str
        What stands between two cells.

    Returns
    -------
    DataFrame of Spark
        Columns ``user``, ``item`` and, if named, ``rating`` and ``timestamp``, all as texts, so
        that an id ``007`` stays what it is; and ``broken_row``, true where a row has another
        number of cells than the header.

    Raises
    ------
    DataError
        If the path does not exist, a column is missing (the message offers the nearest name), or
        files on this computer have different headers: Spark goes by the place of a column, and
        would take one for another.

    Notes
    -----
    Chapter 16.  A row is a line: texts that run over several lines are broken rows, because a
    file that is read in pieces can be cut at the end of any line.

    Examples
    --------
    >>> from recsys_tutorial.datasets import data_folder
    >>> path = data_folder() / "movielens" / "ratings.csv.gz"
    >>> log = read_events(spark, path, rating="rating")  # doctest: +SKIP
    >>> log.columns  # doctest: +SKIP
    ['user', 'item', 'rating', 'broken_row']
    """
    F, path = functions(), address(spark, path)
    # Otherwise Spark reads only the columns it is asked for, and no row looks broken.
    spark.conf.set("spark.sql.csv.parser.columnPruning.enabled", "false")
    options: dict[str, Any] = {
        "header": True,
        "sep": separator,
        "ignoreLeadingWhiteSpace": True,
        "ignoreTrailingWhiteSpace": True,
    }
    try:
        columns = spark.read.options(**options).csv(path).columns
    except Exception as error:
        if "PATH_NOT_FOUND" in str(error):
            raise DataError(f"There is no file {path}. Check the path.") from None
        raise
    _check_headers(spark.read.text(path).inputFiles(), separator)
    wanted = {"user": user, "item": item, "rating": rating, "timestamp": timestamp}
    # Excel writes a mark before UTF-8, which here sticks to the first name.
    clean = [name.lstrip("\ufeff").strip('"') for name in columns]
    for name in wanted.values():
        if name is not None and name not in clean:
            raise DataError(f"{path}: {_no_such_column(name, clean)}")
    schema = ", ".join(f"c{i} string" for i in range(len(columns))) + f", {BROKEN} string"
    options["columnNameOfCorruptRecord"] = BROKEN
    table = spark.read.options(**options).csv(path, schema=schema)
    named = [
        F.col(f"c{clean.index(theirs)}").alias(ours) for ours, theirs in wanted.items() if theirs
    ]
    return table.select(*named, F.col(BROKEN).isNotNull().alias(BROKEN))


def _check_headers(addresses: list[str], separator: str) -> None:
    """Compare the first lines of the files that can be seen from here, plain or ``.gz``."""
    first: tuple[str, list[str]] | None = None
    for place in addresses:
        path = Path(url2pathname(unquote(urlparse(place).path)))
        if urlparse(place).scheme != "file" or path.suffix in (".bz2", ".zst", ".lz4", ".snappy"):
            continue
        try:
            opened = gzip.open if path.suffix == ".gz" else open
            with opened(path, "rt", encoding="utf-8-sig", errors="replace", newline="") as file:
                header = next(csv.reader(file, delimiter=separator), [])
        except OSError:
            continue
        header = [name.strip() for name in header]
        first = first or ((path.name, header) if header else None)
        if first and header and header != first[1]:
            raise DataError(
                f"{path.name} begins with {', '.join(header)}, but {first[0]} with "
                f"{', '.join(first[1])}. Give all files the same header, in the same order."
            )


def _no_such_column(column: str, columns: list[str]) -> str:
    near = difflib.get_close_matches(column.lower(), [name.lower() for name in columns], 1)
    hint = next((f" Did you mean '{n}'?" for n in columns if near and n.lower() == near[0]), "")
    return f"no column '{column}'.{hint} The files have: {', '.join(columns)}."


def clean_events(
    events: DataFrame,
    *,
    rating_range: tuple[float, float] = (0.5, 5.0),
    now: float | None = None,
    timestamp_unit: str = "s",
) -> tuple[DataFrame, CleaningReport]:
    """Remove rows that cannot be trusted, and report each removal.

    Rules, in this order: a row with too many or too few cells; a missing user or item; a rating
    that is missing, not a number or outside the range; a time that is not a time, missing, before
    1970 or in the future; a repeated pair of user and item (the latest is kept).

    Parameters
    ----------
    events : DataFrame of Spark
        Columns ``user`` and ``item``; ``rating``, ``timestamp`` and ``broken_row`` if there are
        any.
    rating_range : tuple of float
        Lowest and highest possible rating.
    now : float, optional
        The present, in seconds since 1970; by default the clock of the driver.
    timestamp_unit : {"s", "ms", "us", "ns"}
        Unit of times that are numbers.

    Returns
    -------
    clean : DataFrame of Spark
        ``user``, ``item`` and, if given, ``rating`` and ``timestamp`` (whole seconds since 1970).
        It is kept in memory, and on disk where memory ends; ``.unpersist()`` lets it go.  Ids are
        whole numbers if *every* id of the column is one, and texts otherwise.
    report : CleaningReport
        As in `preprocessing.clean_events`, with the reasons that only a raw file can give.

    Raises
    ------
    DataError
        If a column is missing, or no row is left.

    Notes
    -----
    Chapter 16.  Rows of a distributed table have no order: of two events of one pair and one
    second the one with the higher rating is kept, where pandas keeps the later row.

    Examples
    --------
    >>> rows = [("1", "a", "4", "10"), ("1", "a", "5", "20"), ("2", "a", "x", "30")]
    >>> log = spark.createDataFrame(
    ...     rows, "user string, item string, rating string, timestamp string"
    ... )  # doctest: +SKIP
    >>> clean, report = clean_events(log)  # doctest: +SKIP
    >>> report.removed["repeated pair"], report.removed["rating is not a number"]  # doctest: +SKIP
    (1, 1)
    """
    F = functions()
    missing = [name for name in ("user", "item") if name not in events.columns]
    if missing:
        raise DataError(f"Column '{missing[0]}' is missing; rename yours to it.")
    if timestamp_unit not in PER_SECOND:
        raise DataError(f"timestamp_unit must be one of {list(PER_SECOND)}, not {timestamp_unit}.")
    now = time.time() if now is None else now
    rules = _rules(events.columns, rating_range, now, timestamp_unit)
    checked = events
    for column in ("user", "item"):
        checked = checked.withColumn(column, F.trim(F.col(column).cast("string")))
    reason = F.coalesce(*[F.when(bad, F.lit(name)) for name, bad in rules.items()], F.lit(""))
    checked = checked.withColumn("reason", reason)
    good = F.col("reason") == ""
    counts = checked.agg(
        F.count(F.lit(1)).alias("rows"),
        F.countDistinct(F.when(F.col("user") != "", F.col("user"))).alias("users"),
        *[F.count_if(F.col("reason") == name).alias(name) for name in rules],
        *[F.min(F.when(good, F.col(c).rlike(WHOLE))).alias(f"whole {c}") for c in ("user", "item")],
    ).collect()[0]
    removed = {name: int(counts[name]) for name in rules}
    n_good = int(counts["rows"]) - sum(removed.values())
    if n_good == 0:
        raise DataError(f"No row is left of {counts['rows']:,}. Removed: {removed}.")
    clean = _without_repeats(checked.filter(good), timestamp_unit)
    for column in ("user", "item"):
        if counts[f"whole {column}"]:
            clean = clean.withColumn(column, F.col(column).cast("long"))
    clean = clean.persist()
    after = clean.agg(F.count(F.lit(1)).alias("rows"), F.countDistinct("user").alias("users"))
    left = after.collect()[0]
    removed["repeated pair"] = n_good - left["rows"]
    lost = counts["users"] - left["users"]
    return clean, CleaningReport(int(counts["rows"]), int(left["rows"]), removed, int(lost))


def _rules(
    columns: list[str], rating_range: tuple[float, float], now: float, unit: str
) -> dict[str, Column]:
    F = functions()
    rules = {"broken row": F.col(BROKEN)} if BROKEN in columns else {}
    no_id = [F.col(c).isNull() | (F.col(c) == "") for c in ("user", "item")]
    rules["missing user or item"] = no_id[0] | no_id[1]
    if "rating" in columns:
        number = _number("rating")
        rules["missing rating"] = _empty("rating")
        rules["rating is not a number"] = number.isNull()
        rules["impossible rating"] = ~number.between(*rating_range)
    if "timestamp" in columns:
        seconds = _seconds(unit)
        rules["time is not a time"] = ~_empty("timestamp") & seconds.isNull()
        rules["impossible time"] = _empty("timestamp") | ~seconds.between(0, now)
    return rules


def _empty(column: str) -> Column:
    F = functions()
    text = F.trim(F.col(column).cast("string"))
    # A missing number of pandas arrives as NaN, or as this text.
    return F.col(column).isNull() | text.isin("", "NaN", "nan")


def _number(column: str) -> Column:
    return functions().expr(f"try_cast({column} as double)")


def _seconds(unit: str) -> Column:
    F = functions()
    date = F.expr("try_cast(timestamp as timestamp)").cast("double")
    return F.coalesce(F.floor(_number("timestamp") / PER_SECOND[unit]), F.floor(date))


def _without_repeats(checked: DataFrame, unit: str) -> DataFrame:
    """Keep the latest event of each pair: a largest value per group, which needs no sorting."""
    F = functions()
    known = [name for name in ("timestamp", "rating") if name in checked.columns]
    if not known:
        return checked.select("user", "item").distinct()
    values = {"timestamp": _seconds(unit), "rating": _number("rating")}
    latest = F.max(F.struct(*[values[name].alias(name) for name in known])).alias("latest")
    kept = checked.groupBy("user", "item").agg(latest)
    names = [name for name in ("rating", "timestamp") if name in known]
    return kept.select("user", "item", *[F.col(f"latest.{name}") for name in names])
