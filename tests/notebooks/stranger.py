"""Run notebooks the way a stranger does: fresh kernel, other folder, no network, a budget.

`tests/conftest.py` puts `StrangersRun` in the place of nbmake's own way of running a notebook: each
of them runs once, and is held to all of this in that run.  If the book is built, the notebook must
also say what its page says: here it has one thread and another seed for Python's hashes.
`test_colab_style.py` tests it.
"""

import functools
import importlib.util
import itertools
import os
import re
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from nbclient import NotebookClient
from nbmake import nb_run
from nbmake.nb_result import NotebookError

from tests.notebooks import notebook_rules as rules

BUDGET_SECONDS, BUDGET_BYTES, CORES = 60, 2 * 2**30, 2
ROOT = Path(__file__).resolve().parents[2]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
THREADS += ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
# Chapter 8 trains five networks, each several times: that is its subject.
MORE_SECONDS = {"08_training": 90}
# Processor time of `pulse` on an idle core of the machine for which the budgets are meant:
# the least of 150 pulses in a row.
IDLE_PULSE = 0.011

# Runs at the start of the kernel's Python: an audit hook sees every way to open a connection.
GUARD = """
import sys

def refuse(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = arguments[1] if event == "socket.connect" else arguments
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in ("127.0.0.1", "::1", "localhost", "local", ""):
            raise RuntimeError(f"the network was used: {host}")

sys.addaudithook(refuse)
"""


def pulse():
    """Do a fixed piece of work; give its processor time, which grows when cores are shared."""
    began, total = time.thread_time(), 0
    for i in range(200_000):
        total += i * i
    return time.thread_time() - began


class Meter(threading.Thread):
    """Watch the kernel's processor time and memory while a notebook runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done, self.peak, self.cpu, self.pulses = threading.Event(), 0, 0.0, [pulse()]
        self.wall = 0.0

    def __enter__(self):
        self.wall = -time.perf_counter()
        self.start()
        return self

    def __exit__(self, *error):
        self.wall += time.perf_counter()
        self.done.set()

    @property
    def idle_seconds(self):
        """Processor seconds that the notebook would have taken on an idle machine."""
        return self.cpu / max(1.0, statistics.median(self.pulses) / IDLE_PULSE)

    def run(self):
        me = psutil.Process()
        for turn in itertools.count():
            if self.done.wait(0.1):
                break
            if turn % 10 == 0:
                self.pulses.append(pulse())
            for child in me.children(recursive=True):
                try:
                    if "ipykernel" in " ".join(child.cmdline()):
                        self.peak = max(self.peak, child.memory_info().rss)
                        self.cpu = max(self.cpu, sum(child.cpu_times()[:2]))
                except psutil.Error:
                    continue


def feedback(notebook):
    """What each check said, in order."""
    said = []
    for cell in rules.cells(notebook, "code"):
        for output in cell.outputs:
            text = output.get("data", {}).get("text/plain", "")
            said += re.findall(r"Exercise (\w\d\.\d+): (right|not yet)\. (.*)", text)
    return said


class Stranger(NotebookClient):
    """Runs a notebook in a folder of its own, where a guard watches the network."""

    def execute(self, **asked):
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "sitecustomize.py").write_text(GUARD)
            # The installed package is used, not a folder that happens to be the current one.
            env = {**os.environ, "PYTHONPATH": folder, "PYTHONHASHSEED": "9"}
            env.update(dict.fromkeys(THREADS, "1"))
            env.pop("MPLBACKEND", None)  # figures are shown, as in the book
            return super().execute(**{**asked, "cwd": folder, "env": env})


@functools.cache
def load(path):
    """Import a file of the course that is in no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


@functools.cache
def folder_of_the_book():
    """Where the notebooks lie that were run for the book, by the code and the data of today."""
    key = load(ROOT / "book/_ext/course_site.py").cache_key(ROOT)
    return ROOT / "_build/.jupyter_cache" / key / "executed"


def contradictions(name, notebook, book):
    """Say where a notebook says something else than in the book; nothing if that is not built.

    On a desk the notebook may be newer than the book; where both are made anew, it may not.  Where
    no book is made, as for other versions of the packages, there is nothing to contradict.
    The pages leave out what engines write to their logs, and so does this.  A book that was made on
    another processor may differ in last digits, and is not asked.
    """
    runs = load(ROOT / "book/_ext/course_runs.py")
    made_on = book.parent / runs.PROCESSORS
    if made_on.is_file() and made_on.read_text(encoding="utf-8").splitlines() != [runs.processor()]:
        print(f"{name}: not compared with the book, which was made on another processor")
        return
    twice = load(ROOT / "tools/twice.py")
    mine = twice.Notebook(name, twice.code_of(notebook.cells))
    sources = [cell.source for cell in mine.cells]
    others = twice.read_folder(book)[0]
    same = [other for other in others if [cell.source for cell in other.cells] == sources]
    for other in same:
        for cell in (*mine.cells, *other.cells):
            cell.texts = [text for text in cell.texts if text[0] != "stderr"]
        report = twice.compare([mine], [twice.Notebook(name, other.cells)])
        yield from map(str, report.differences)
    if not same and book.parent.parent.is_dir() and os.environ.get("CI", "").lower() == "true":
        yield f"{name}: the book shows no run of it as it is now, by the package as it is now"


def complaints(name, notebook, meter):
    """Say what a notebook that ran to its end did that a stranger would not bear."""
    budget = budget_of(name)
    if meter.idle_seconds > budget:
        yield f"{name} needs {meter.idle_seconds:.0f} s of processor, more than {budget}"
    if not 0 < meter.peak <= BUDGET_BYTES:
        yield f"{name} needs {meter.peak / 2**30:.2f} GB, more than {BUDGET_BYTES / 2**30:.0f}"
    said, wanted = feedback(notebook), rules.exercise_ids(notebook)
    if [exercise for exercise, _, _ in said] != wanted:
        yield f"{name}: checks spoke of {[e for e, _, _ in said]}, not of {wanted}"
    right = "right" if name.endswith("_solutions") else "not yet"
    for exercise, verdict, text in said:
        if verdict != right:
            yield f"{name}: exercise {exercise} is {verdict!r}, not {right!r}: {text}"


def budget_of(name):
    return MORE_SECONDS.get(name, BUDGET_SECONDS) * CORES


class StrangersRun(nb_run.NotebookRun):
    """Runs a notebook for nbmake, as a stranger, and fails it for what no stranger would bear."""

    def execute(self):
        name = Path(self.filename).stem
        result, meter = self.metered()
        if result.error is None and meter.idle_seconds > budget_of(name):
            # Threads that wait for a busy core count as work: measure once more before complaining.
            result, meter = self.metered()
        taken = f"{meter.cpu:.0f} s of processor, {meter.idle_seconds:.0f} s if idle"
        print(f"{name}: {meter.wall:.0f} s, {taken}, {meter.peak / 2**30:.2f} GB")
        problems = []
        if result.error is None:
            problems += complaints(name, result.nb, meter)
            problems += contradictions(name, result.nb, folder_of_the_book())
        if problems:
            result.error = NotebookError(problems[0], "\n".join(problems), len(result.nb.cells) - 1)
        return result

    def metered(self):
        """Run the notebook once; give nbmake's result and what was measured."""
        before, nb_run.NotebookClient = nb_run.NotebookClient, Stranger
        try:
            with Meter() as meter:
                return super().execute(), meter
        finally:
            nb_run.NotebookClient = before
