"""Sphinx extension: a cache of executed notebooks that was cut off costs a notebook, not the build.

jupyter-cache writes a row into its table first and the notebook second, and makes its tables after
the file.  A kill between the two leaves a cache on which every later build fails.  Before a build
this extension removes what is not whole; what is whole stays.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
TABLES = {"nbcache", "nbproject", "settings"}


def is_whole(notebook: Path) -> bool:
    """Tell whether a notebook was written to its end: cut off, it is not JSON."""
    try:
        return "cells" in json.loads(notebook.read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


def remove_cut_off(cache: Path) -> int:
    """Remove the rows whose notebook is missing or cut off; give their number.

    Opening the database also lets SQLite undo what a killed process had begun.

    Raises
    ------
    sqlite3.DatabaseError
        If the database is damaged or has not got all its tables.
    """
    with closing(sqlite3.connect(cache / "global.db")) as database:
        (verdict,) = database.execute("pragma quick_check").fetchone()
        rows = database.execute("select name from sqlite_master where type = 'table'")
        if verdict != "ok" or not TABLES <= {name for (name,) in rows}:
            raise sqlite3.DatabaseError(verdict)
        records = database.execute("select pk, hashkey from nbcache").fetchall()
        folders = {pk: cache / "executed" / key for pk, key in records}
        gone = [pk for pk, folder in folders.items() if not is_whole(folder / "base.ipynb")]
        database.executemany("delete from nbcache where pk = ?", [(pk,) for pk in gone])
        database.commit()
    for pk in gone:
        shutil.rmtree(folders[pk], ignore_errors=True)
    return len(gone)


def heal(cache: Path) -> str:
    """Make a cache usable again; say what was lost, or nothing."""
    if not (cache / "global.db").is_file():
        # What lies there without a database cannot be found again.
        shutil.rmtree(cache, ignore_errors=True)
        return ""
    try:
        lost = remove_cut_off(cache)
    except sqlite3.OperationalError as error:
        if "locked" in str(error):  # somebody else is at work on it: it is not ours to remove
            raise
        lost = -1
    except sqlite3.DatabaseError:
        lost = -1
    if lost < 0:
        shutil.rmtree(cache)
        return "the cache of executed notebooks was damaged: all of them run again"
    return f"{lost} executed notebooks were cut off: they run again" if lost else ""


def heal_the_cache(app: Sphinx, config: Config) -> None:
    """Heal the cache that this build will use."""
    path = Path(config.nb_execution_cache_path or "")
    if config.nb_execution_mode == "cache" and path.is_dir() and path.name:
        said = heal(path)
        if said:
            LOGGER.info(said)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx, after course_site has named the cache."""
    app.connect("config-inited", heal_the_cache, priority=900)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
