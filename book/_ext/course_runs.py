"""Sphinx extension: notebooks that must run do so side by side, as many as the computer bears.

myst-nb runs one notebook after the other, which leaves most of a computer idle.  This extension
runs what is not in the cache before Sphinx reads the pages, with the same function, and puts it
there.  A notebook that fails is not put there: myst-nb runs it again and says what is wrong.

Those named in ``course_runs_alone`` are left to myst-nb: they show what a clock said about a
method, and another notebook beside them would be part of the answer.  ``course_runs_first`` names
those that take longest: begun last, one of them would keep all cores but one waiting.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
import psutil
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from jupyter_cache.executors.utils import ExecutionResult, single_nb_execution
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
# What a notebook may need at its peak: tests/notebooks/stranger.py holds all of them to it.
NOTEBOOK_BYTES = 2 * 2**30
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
THREADS += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


# Beside the notebooks of a cache: on which processors they ran, one a line.
PROCESSORS = "processors"
TELLING = ("vendor_id", "cpu family", "model", "flags", "CPU implementer", "CPU part", "Features")


def processor() -> str:
    """Name the processor by what libraries choose their kernels by.

    With other instructions a network is trained to other last digits, and a virtual machine can
    move from one processor to another between two commands.
    """
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n")[0].split("\n")
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    said = [line.split(":", 1) for line in lines if ":" in line]
    return " ".join(value.strip() for name, value in said if name.strip() in TELLING)


def note_processor(cache: Path) -> None:
    """Add this processor to those on which the notebooks of a cache have run."""
    path = cache / PROCESSORS
    known = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    if processor() not in known:
        cache.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*known, processor()]) + "\n", encoding="utf-8")


def how_many() -> int:
    """Tell how many notebooks may run at once: one for each core, as far as memory lasts."""
    return max(1, min(os.cpu_count() or 1, psutil.virtual_memory().available // NOTEBOOK_BYTES))


def is_known(cache: JupyterCacheAbstract, notebook: NotebookNode) -> bool:
    """Tell whether the cache has the outputs of a notebook."""
    try:
        cache.match_cache_notebook(notebook)
    except KeyError:
        return False
    return True


def to_run(paths: Sequence[Path], cache: JupyterCacheAbstract) -> dict[Path, NotebookNode]:
    """Read those notebooks that must run."""
    read = {path: nbformat.read(path, as_version=4) for path in paths}
    return {path: notebook for path, notebook in read.items() if not is_known(cache, notebook)}


@contextmanager
def threads(number: int) -> Iterator[None]:
    """Share the cores out: kernels that are started now use so many each, if nobody says more."""
    ours = {name: str(max(1, number)) for name in THREADS if name not in os.environ}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            del os.environ[name]


def side_by_side(
    notebooks: dict[Path, NotebookNode], workers: int, config: Config
) -> Iterator[tuple[Path, ExecutionResult]]:
    """Run notebooks in kernels of their own; give those that ran to their end, as they end.

    Threads, not processes, start the kernels: a kernel ends with the process that started it.
    """
    with threads((os.cpu_count() or 1) // workers), ThreadPoolExecutor(workers) as pool:
        runs: dict[Future[ExecutionResult], Path] = {
            pool.submit(
                single_nb_execution,
                notebook,
                cwd=str(path.parent),
                timeout=config.nb_execution_timeout,
                allow_errors=config.nb_execution_allow_errors,
            ): path
            for path, notebook in notebooks.items()
        }
        for run in as_completed(runs):
            # Whatever went wrong goes wrong again when myst-nb runs it, which then says so.
            if run.exception() is None and run.result().err is None:
                yield runs[run], run.result()


def run_ahead(app: Sphinx, env: BuildEnvironment, docnames: list[str]) -> None:
    """Run what the pages that will be read need, and put it into the cache."""
    config = app.config
    if config.nb_execution_mode != "cache":
        return
    first = [name for name in config.course_runs_first if name in docnames]
    names = first + sorted(set(docnames) - set(first) - set(config.course_runs_alone))
    paths = [path for path in map(Path, map(env.doc2path, names)) if path.suffix == ".ipynb"]
    folder = config.nb_execution_cache_path or ".jupyter_cache"
    cache = get_cache(folder)
    notebooks, workers = to_run(paths, cache), how_many()
    alone = [Path(env.doc2path(name)) for name in config.course_runs_alone if name in docnames]
    if notebooks or to_run(alone, cache):
        note_processor(Path(folder))
    if min(len(notebooks), workers) < 2:
        return
    LOGGER.info("running %d notebooks, %d at a time", len(notebooks), workers)
    for path, result in side_by_side(notebooks, workers, config):
        bundle = CacheBundleIn(notebooks[path], str(path), data={"execution_seconds": result.time})
        cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
        LOGGER.info("ran %s in %.0f s", path.stem, result.time)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register with Sphinx."""
    app.add_config_value("course_runs_alone", [], "", list)
    app.add_config_value("course_runs_first", [], "", list)
    app.connect("env-before-read-docs", run_ahead)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
