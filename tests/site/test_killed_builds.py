"""A small book, built for real and killed: no kill makes the next build fail, notebooks stay run.

Slow: ``COURSE_KILLS=20 python -m pytest -n0 tests/site/test_killed_builds.py``.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("COURSE_KILLS", "3"))
CONFIG = """
title: Small
only_build_toc_files: true
exclude_patterns: [".*", "_build", "tools"]
execute: {execute_notebooks: cache, cache: _build/.jupyter_cache, timeout: 300}
sphinx: {local_extensions: {course_cache: _ext, course_runs: _ext}}
"""
TOC = "format: jb-book\nroot: book/intro\nchapters:\n- file: notebooks/1\n- file: notebooks/2\n"
EXTENSIONS = ("book/_ext/course_cache.py", "book/_ext/course_runs.py")
pytestmark = pytest.mark.slow


def start(book):
    command = [sys.executable, str(book / "tools/build_site.py")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    return subprocess.Popen(command, env={**os.environ, "PYTHONUTF8": "1"}, **pipes)


@pytest.fixture
def book(tmp_path):
    for name in ("tools/whole.py", "tools/build_site.py", *EXTENSIONS):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "book/_config.yml").write_text(CONFIG, encoding="utf-8")
    (tmp_path / "book/_toc.yml").write_text(TOC, encoding="utf-8")
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def write(book, number):
    (book / "book/intro.md").write_text(f"# Intro {number}\n", encoding="utf-8")
    for name in "12":
        cells = [
            nbformat.v4.new_markdown_cell(f"# Chapter {name}, edition {number}"),
            nbformat.v4.new_code_cell(f"print('ran', {name} * {number})"),
        ]
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
        nbformat.write(notebook, book / f"notebooks/{name}.ipynb")


def edition(book, number):
    pages = [book / "_build/html" / name for name in ("notebooks/1.html", "notebooks/2.html")]
    return all(f"edition {number}" in page.read_text(encoding="utf-8") for page in pages)


def test_no_kill_makes_the_next_build_fail(book):
    write(book, 0)
    begin, process = time.monotonic(), start(book)
    said = process.communicate()[0]
    took = time.monotonic() - begin
    assert process.returncode == 0 and edition(book, 0), said[-3000:]
    chance, shown = random.Random(0), 0
    for number in range(1, KILLS + 1):
        write(book, number)
        process = start(book)
        time.sleep(chance.uniform(0, took))
        process.kill()
        process.communicate()
        subprocess.run([sys.executable, book / "tools/build_site.py", "--settle"], check=True)
        assert edition(book, shown) or edition(book, number)
        process = start(book)
        said = process.communicate()[0]
        assert process.returncode == 0 and edition(book, number), said[-3000:]
        shown = number
