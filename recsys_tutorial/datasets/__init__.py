"""Data sets: a validated table of interactions, shipped data, and generated users.

First room of the pipeline; it knows no other room.  Taught in chapters 1 and 2; the generators come
back in chapters 3 to 8, where the truth about the groups must be known.
"""

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
from recsys_tutorial.datasets.reading import read_interactions
from recsys_tutorial.datasets.shipped import data_folder, load_insteval, load_movielens

__all__ = [
    "DataError",
    "GeneratedLog",
    "GeneratedSequences",
    "GeneratedStream",
    "GeneratedTastes",
    "Interactions",
    "data_folder",
    "load_insteval",
    "load_movielens",
    "make_bursts",
    "make_dirty_log",
    "make_drifting_tastes",
    "make_static_tastes",
    "make_taste_stream",
    "read_interactions",
]
