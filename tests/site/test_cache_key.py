"""The execution cache never shows stale output: its key covers package, data and lock."""

import json
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest


@pytest.fixture
def tree(tmp_path):
    """A repository in small: package, data, lock, a chapter and some prose."""
    files = {
        "recsys_tutorial/__init__.py": "ANSWER = 'first answer'\n",
        "recsys_tutorial/exercises/hints.json": "{}",
        "data/movielens/ratings.csv": "user,item\n1,2\n",
        "data/movielens/README.md": "# Card\n",
        "requirements.lock.txt": "numpy==2.1.3\n",
        "notebooks/01.ipynb": "{}",
        "book/intro.md": "# Welcome\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "name",
    [
        "recsys_tutorial/__init__.py",
        "recsys_tutorial/exercises/hints.json",
        "data/movielens/ratings.csv",
        "requirements.lock.txt",
    ],
)
def test_key_changes_with_package_data_and_lock(tree, extension, name):
    before = extension.cache_key(tree)
    content = (tree / name).read_bytes()
    (tree / name).write_bytes(content[:-1] + b"#")  # one byte, the same length
    changed = extension.cache_key(tree)
    (tree / name).unlink()
    assert len({before, changed, extension.cache_key(tree)}) == 3


@pytest.mark.parametrize(
    "name",
    [
        "recsys_tutorial/__pycache__/__init__.cpython-311.pyc",
        "recsys_tutorial/.ipynb_checkpoints/x.py",
        "data/movielens/README.md",
        "notebooks/01.ipynb",
        "book/intro.md",
        "README.md",
    ],
)
def test_key_ignores_byte_code_notebooks_and_prose(tree, extension, name):
    before = extension.cache_key(tree)
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    (tree / name).write_text("changed", encoding="utf-8")
    assert extension.cache_key(tree) == before


def test_key_sees_renaming_and_moved_text(tree, extension):
    before = extension.cache_key(tree)
    package = tree / "recsys_tutorial"
    (package / "__init__.py").rename(package / "other.py")
    renamed = extension.cache_key(tree)
    (package / "other.py").rename(package / "__init__.py")
    assert extension.cache_key(tree) == before != renamed
    one, two = package / "a.py", package / "b.py"
    one.write_text("xy", encoding="utf-8"), two.write_text("z", encoding="utf-8")
    together = extension.cache_key(tree)
    one.write_text("x", encoding="utf-8"), two.write_text("yz", encoding="utf-8")
    assert extension.cache_key(tree) != together


def test_key_changes_with_the_installed_libraries(tree, extension, monkeypatch):
    before = extension.cache_key(tree)
    monkeypatch.setattr(extension.metadata, "version", lambda name: "0.0")
    assert extension.cache_key(tree) != before


def test_key_reaches_the_cache_and_makes_sphinx_read_all_again(tree, extension, monkeypatch):
    monkeypatch.setattr(extension, "ROOT", tree)
    config = SimpleNamespace(nb_execution_cache_path="")
    extension.key_the_cache(None, config)
    assert config.course_cache_key == extension.cache_key(tree)
    folder = tree / "_build/.jupyter_cache" / config.course_cache_key
    assert Path(config.nb_execution_cache_path) == folder


def test_key_of_a_tree_without_lock(tmp_path, extension):
    assert extension.IS_KEY.fullmatch(extension.cache_key(tmp_path))


def test_only_caches_of_other_keys_are_removed(tmp_path, extension):
    mine, old = "0" * extension.KEY_LENGTH, "a" * extension.KEY_LENGTH
    for name in (mine, old, "executed"):
        (tmp_path / name).mkdir()
    extension.remove_other_caches(tmp_path, mine)
    assert sorted(p.name for p in tmp_path.iterdir()) == [mine, "executed"]
    extension.remove_other_caches(tmp_path / "missing", mine)


CONFIG = """
title: Tiny
only_build_toc_files: true
exclude_patterns: [".*", "_build"]
execute: {execute_notebooks: cache, cache: _build/.jupyter_cache, timeout: 300}
sphinx: {local_extensions: {course_site: _ext}}
"""
CODE = """import pathlib, recsys_tutorial
with pathlib.Path("../runs.txt").open("a") as file:
    file.write("run\\n")
print(recsys_tutorial.ANSWER)"""


@pytest.fixture
def book(tree, root):
    """The small repository with a page that shows a value of its package."""
    extension = tree / "book/_ext/course_site.py"
    extension.parent.mkdir()
    source = (root / "book/_ext/course_site.py").read_text(encoding="utf-8")
    extension.write_text(source, encoding="utf-8")
    (tree / "book/_config.yml").write_text(CONFIG, encoding="utf-8")
    toc = {"format": "jb-book", "root": "notebooks/01"}
    (tree / "book/_toc.yml").write_text(json.dumps(toc), encoding="utf-8")
    cells = [nbformat.v4.new_markdown_cell("# Page"), nbformat.v4.new_code_cell(CODE)]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
    nbformat.write(notebook, tree / "notebooks/01.ipynb")
    return tree


@pytest.mark.slow
def test_a_changed_package_shows_in_the_page_and_nothing_runs_twice(book, build_book):
    def build():
        result = build_book(book, "-W")
        assert result.returncode == 0, result.stdout + result.stderr
        page = (book / "_build/html/notebooks/01.html").read_text(encoding="utf-8")
        return page, len((book / "runs.txt").read_text().splitlines())

    page, n_runs = build()
    assert "first answer" in page and n_runs == 1

    (book / "recsys_tutorial/__init__.py").write_text("ANSWER = 'second answer'\n", "utf-8")
    page, n_runs = build()
    assert "second answer" in page and "first answer" not in page and n_runs == 2

    page, n_runs = build()
    assert "second answer" in page and n_runs == 2
    assert len(list((book / "_build/.jupyter_cache").iterdir())) == 1
