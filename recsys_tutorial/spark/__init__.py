"""The pipeline on Apache Spark, in the words of `pipeline`: for logs that one machine cannot hold.

Taught in chapter 16.  It stands beside the pipeline and is optional: only the bench
imports it, and Spark itself is imported only when a session is started
(``pip install "recsys-tutorial[spark]"``).

One step a file: `session` starts Spark, `reading` reads and cleans with a report, `grouping`
describes and groups the users, `recommending` ranks, `running` puts the steps together.  All of
it is written in DataFrames, so that no row of the log passes through Python on the workers; on the
driver there is never more than the catalogue, one row per group, and a sample of the users of a
fixed size.
"""

from recsys_tutorial.spark.grouping import group_users, user_factors
from recsys_tutorial.spark.reading import clean_events, read_events
from recsys_tutorial.spark.recommending import group_lists, recommend, recommend_als
from recsys_tutorial.spark.running import (
    SparkResult,
    report_in_words,
    run_pipeline,
    write_results,
)
from recsys_tutorial.spark.session import SMALL_LOG, SparkMissingError, start_spark

__all__ = [
    "SMALL_LOG",
    "SparkMissingError",
    "SparkResult",
    "clean_events",
    "group_lists",
    "group_users",
    "read_events",
    "recommend",
    "recommend_als",
    "report_in_words",
    "run_pipeline",
    "start_spark",
    "user_factors",
    "write_results",
]
