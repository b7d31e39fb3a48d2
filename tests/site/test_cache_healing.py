"""`book/_ext/course_cache.py`: a cache that a kill cut off loses a notebook, and no build fails.

jupyter-cache itself fills the caches here and reads them afterwards; no notebook runs.
"""

from __future__ import annotations

import importlib.util
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from sqlalchemy.exc import DatabaseError

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("one", "two", "three")


@pytest.fixture(scope="module")
def healing():
    path = ROOT / "book/_ext/course_cache.py"
    spec = importlib.util.spec_from_file_location("course_cache", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def notebook(name, outputs=()):
    cell = nbformat.v4.new_code_cell(f"print('{name}')", outputs=list(outputs), execution_count=1)
    return nbformat.v4.new_notebook(cells=[cell])


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache with three executed notebooks."""
    folder = tmp_path_factory.mktemp("cache") / "0123456789abcdef"
    cache = get_cache(str(folder))
    for name in NAMES:
        shown = nbformat.v4.new_output("stream", text=name)
        bundle = CacheBundleIn(notebook(name, [shown]), f"{name}.ipynb", data={})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    cache.db.dispose()
    return folder


@pytest.fixture
def cache(filled, tmp_path):
    return Path(shutil.copytree(filled, tmp_path / filled.name))


def read(folder):
    """Ask the cache as a build does; the names of the notebooks that need not run again."""
    cache, kept = get_cache(str(folder)), []
    for name in NAMES:
        try:
            cache.match_cache_notebook(notebook(name))
        except KeyError:
            continue
        _, merged = cache.merge_match_into_notebook(notebook(name))
        assert merged.cells[0].outputs[0].text == name
        kept.append(name)
    cache.list_cache_records()
    cache.list_project_records()  # a build enters here what it is going to run
    cache.db.dispose()
    return kept


def second(folder):
    """The folder of the second notebook."""
    with closing(sqlite3.connect(folder / "global.db")) as database:
        (key,) = database.execute("select hashkey from nbcache where uri='two.ipynb'").fetchone()
    return folder / "executed" / key


def read_rows(folder):
    with closing(sqlite3.connect(folder / "global.db")) as database:
        return database.execute("select count(*) from nbcache").fetchone()[0]


def lose_the_notebook(cache):
    (second(cache) / "base.ipynb").unlink()


def lose_the_folder(cache):
    shutil.rmtree(second(cache))


def cut_the_notebook(cache):
    path = second(cache) / "base.ipynb"
    path.write_bytes(path.read_bytes()[:-20])


def empty_the_notebook(cache):
    (second(cache) / "base.ipynb").write_bytes(b"")


def stop_before_the_tables(cache):
    (cache / "global.db").write_bytes(b"")


def stop_between_the_tables(cache):
    with closing(sqlite3.connect(cache / "global.db")) as database:
        database.execute("drop table nbproject")
        database.execute("drop table settings")
        database.commit()


def cut_the_database(cache):
    path = cache / "global.db"
    path.write_bytes(path.read_bytes()[:5000])


def overwrite_the_database(cache):
    (cache / "global.db").write_bytes(b"<html>" * 2000)


ONE_LOST = [lose_the_notebook, lose_the_folder, cut_the_notebook, empty_the_notebook]
ALL_LOST = [stop_before_the_tables, stop_between_the_tables, cut_the_database]
ALL_LOST += [overwrite_the_database]


@pytest.mark.parametrize("damage", ONE_LOST + ALL_LOST)
def test_a_damaged_cache_fails_every_build_until_it_is_healed(healing, cache, damage):
    damage(cache)
    with pytest.raises((KeyError, ValueError, RuntimeError, DatabaseError)):
        read(cache)
    said = healing.heal(cache)
    lost = damage in ALL_LOST
    assert ("all of them" if lost else "1 executed notebooks") in said
    assert read(cache) == ([] if lost else ["one", "three"])
    assert healing.heal(cache) == "" and read(cache) == ([] if lost else ["one", "three"])


def test_a_healthy_cache_is_left_alone(healing, cache):
    before = {p: p.read_bytes() for p in cache.rglob("*") if p.is_file()}
    assert healing.heal(cache) == ""
    assert {p: p.read_bytes() for p in cache.rglob("*") if p.is_file()} == before
    assert read(cache) == list(NAMES)


def test_a_notebook_without_a_row_runs_again_and_is_kept_then(healing, cache):
    """Killed after an old row was removed and before the new one was written."""
    with closing(sqlite3.connect(cache / "global.db")) as database:
        database.execute("delete from nbcache where uri='two.ipynb'")
        database.commit()
    assert healing.heal(cache) == "" and read(cache) == ["one", "three"]
    shown = nbformat.v4.new_output("stream", text="two")
    bundle = CacheBundleIn(notebook("two", [shown]), "two.ipynb", data={})
    again = get_cache(str(cache))
    again.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
    again.db.dispose()
    assert read(cache) == list(NAMES)


def test_what_lies_there_without_a_database_is_removed(healing, cache):
    (cache / "global.db").unlink()
    assert healing.heal(cache) == "" and not cache.exists()


def test_a_cache_at_which_somebody_works_is_not_removed(healing, cache, monkeypatch):
    lose_the_notebook(cache)
    connect = sqlite3.connect
    monkeypatch.setattr(healing.sqlite3, "connect", lambda path: connect(path, timeout=0.1))
    with closing(connect(cache / "global.db")) as other:
        other.execute("begin immediate")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            healing.heal(cache)
    assert (cache / "global.db").is_file()


@pytest.mark.parametrize("mode, healed", [("cache", True), ("off", False)])
def test_it_is_the_cache_of_the_build_that_is_healed(healing, cache, mode, healed):
    cut_the_notebook(cache)
    config = SimpleNamespace(nb_execution_cache_path=str(cache), nb_execution_mode=mode)
    healing.heal_the_cache(SimpleNamespace(), config)
    assert (read_rows(cache) == 2) is healed


@pytest.mark.parametrize("path", ["", ".", "nowhere"])
def test_without_a_cache_nothing_is_removed(healing, tmp_path, monkeypatch, path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").touch()
    config = SimpleNamespace(nb_execution_cache_path=path, nb_execution_mode="cache")
    healing.heal_the_cache(SimpleNamespace(), config)
    assert (tmp_path / "mine").exists()


def test_the_course_is_built_with_it():
    config = (ROOT / "book/_config.yml").read_text(encoding="utf-8")
    assert "\n    course_cache: _ext\n" in config
