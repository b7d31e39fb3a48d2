"""Data sets: a validated table of interactions, shipped data, and generated users.

First room of the pipeline; it knows no other room.  Taught in chapters 1 and 2; the generators come
back in chapters 3 to 8, where the truth about the groups must be known.  Logs of seven fields, and
a network, are for chapter 14.
"""

from recsys_tutorial.datasets.fetching import fetch_movielens
from recsys_tutorial.datasets.fields import (
    FieldLog,
    make_basket_log,
    make_clinic_log,
    make_feed_log,
    make_investor_log,
    make_news_log,
    make_shop_log,
    make_trips_log,
    open_in,
)
from recsys_tutorial.datasets.generated import (
    GeneratedLog,
    GeneratedSequences,
    GeneratedStream,
    GeneratedTastes,
    make_bursts,
    make_dirty_log,
    make_drifting_tastes,
    make_static_tastes,
    make_taste_stream,
)
from recsys_tutorial.datasets.interactions import DataError, Interactions
from recsys_tutorial.datasets.networks import load_karate_club, ties_log
from recsys_tutorial.datasets.reading import read_interactions
from recsys_tutorial.datasets.shipped import data_folder, load_insteval, load_movielens

__all__ = [
    "DataError",
    "FieldLog",
    "GeneratedLog",
    "GeneratedSequences",
    "GeneratedStream",
    "GeneratedTastes",
    "Interactions",
    "data_folder",
    "fetch_movielens",
    "load_insteval",
    "load_karate_club",
    "load_movielens",
    "make_basket_log",
    "make_bursts",
    "make_clinic_log",
    "make_dirty_log",
    "make_drifting_tastes",
    "make_feed_log",
    "make_investor_log",
    "make_news_log",
    "make_shop_log",
    "make_static_tastes",
    "make_taste_stream",
    "make_trips_log",
    "open_in",
    "read_interactions",
    "ties_log",
]
