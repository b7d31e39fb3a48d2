"""Run every notebook the way a stranger does: fresh kernel, other folder, no network, a budget.

nbmake runs the notebooks too; this run adds what nbmake does not look at: whether a socket leaves
the machine, how much time and memory a chapter takes, and what the checks say to an untouched stub
and to the solution.
"""

import itertools
import os
import re
import statistics
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

sys.path.insert(0, str(Path(__file__).parent))
import notebook_rules as rules  # noqa: E402

PATHS = [*rules.CHAPTERS, *sorted(rules.SOLUTIONS.glob("*.ipynb"))]
NOTEBOOKS = {path.stem: path for path in PATHS}
BUDGET_SECONDS, BUDGET_BYTES, CORES = 60, 2 * 2**30, 2
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


def execute(notebook, folder):
    (folder / "sitecustomize.py").write_text(GUARD)
    environment = {**os.environ, "PYTHONPATH": str(folder), "MPLBACKEND": "agg"}
    # The installed package is used, not a folder that happens to be the current one.
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    meter, began = Meter(), time.perf_counter()
    meter.start()
    try:
        client.execute(env=environment)
    finally:
        meter.done.set()
    return meter, time.perf_counter() - began


def feedback(notebook):
    """What each check said, in order."""
    said = []
    for cell in rules.cells(notebook, "code"):
        for output in cell.outputs:
            text = output.get("data", {}).get("text/plain", "")
            said += re.findall(r"Exercise (\w\d\.\d+): (right|not yet)\. (.*)", text)
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebook(name, tmp_path, record_property):
    budget = MORE_SECONDS.get(name, BUDGET_SECONDS) * CORES
    notebook = rules.read(NOTEBOOKS[name])
    meter, wall = execute(notebook, tmp_path)
    if meter.idle_seconds > budget:
        # Threads that wait for a busy core count as work: measure once more before complaining.
        notebook = rules.read(NOTEBOOKS[name])
        meter, wall = execute(notebook, tmp_path)
    record_property("wall_seconds", round(wall, 1))
    record_property("peak_megabytes", meter.peak // 2**20)
    record_property("processor_seconds", round(meter.cpu, 1))
    record_property("idle_seconds", round(meter.idle_seconds, 1))
    taken = f"{meter.cpu:.0f} s of processor, {meter.idle_seconds:.0f} s if idle"
    print(f"{name}: {wall:.0f} s, {taken}, {meter.peak / 2**30:.2f} GB")
    assert meter.idle_seconds <= budget and 0 < meter.peak <= BUDGET_BYTES
    said = feedback(notebook)
    assert [i for i, _, _ in said] == rules.exercise_ids(notebook)
    if name.endswith("_solutions"):
        assert {verdict for _, verdict, _ in said} == {"right"}
    else:
        assert {verdict for _, verdict, _ in said} == {"not yet"}


def tiny(source):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])


@pytest.mark.slow
def test_a_connection_is_noticed(tmp_path):
    source = "import urllib.request\nurllib.request.urlopen('http://example.com')"
    with pytest.raises(CellExecutionError, match="the network was used"):
        execute(tiny(source), tmp_path)


@pytest.mark.slow
def test_a_false_claim_is_noticed(tmp_path):
    with pytest.raises(CellExecutionError, match="AssertionError"):
        execute(tiny("assert 1 == 2"), tmp_path)


@pytest.mark.slow
def test_the_meter_measures(tmp_path):
    source = "x = bytearray(300 * 2**20)\nfor i in range(10**7): pass"
    meter, wall = execute(tiny(source), tmp_path)
    assert meter.peak > 300 * 2**20 and meter.cpu > 0.1 and wall > 0
    assert len(meter.pulses) > 1 and 0 < meter.idle_seconds <= meter.cpu


@pytest.mark.parametrize(
    ("slower", "idle"), [(0.5, 100.0), (1.0, 100.0), (2.0, 50.0)], ids=["fast", "idle", "busy"]
)
def test_a_busy_machine_is_forgiven_and_a_fast_one_gives_no_credit(slower, idle):
    meter = Meter()
    meter.cpu, meter.pulses = 100.0, [slower * IDLE_PULSE] * 3
    assert meter.idle_seconds == pytest.approx(idle)
