"""Variants of all exercises on a table that the class brings: ``own_data("class.csv")``.

`material` cuts down the table, `reading` finds its columns, `engine` checks; each chapter has a
module here, `ch01`, `ch02` and so on.
"""

from recsys_tutorial.exercises.own.engine import (
    OwnData,
    OwnReport,
    Task,
    Variant,
    all_variants,
    find_variant,
    own_data,
)
from recsys_tutorial.exercises.own.material import Material, UnfitError, need

__all__ = [
    "Material",
    "OwnData",
    "OwnReport",
    "Task",
    "UnfitError",
    "Variant",
    "all_variants",
    "find_variant",
    "need",
    "own_data",
]
