"""Companion package of the course *User-Interest Clustering for Recommender Systems*.

The modules are the steps of the pipeline, in the order in which data flow; imports point one way
only (nothing on the left knows its right)::

    datasets -> preprocessing -> features -> clustering -> recommenders -> evaluation
             -> pipeline -> cli

`plotting` and `exercises` look at all of them.
"""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("recsys-tutorial")
except PackageNotFoundError:  # read from a folder that was never installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
