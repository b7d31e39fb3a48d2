"""Run every notebook the way a stranger does: fresh kernel, other folder, no network, a budget.

nbmake runs the notebooks too; this run adds what nbmake does not look at: whether a socket leaves
the machine, how much time and memory a chapter takes, and what the checks say to an untouched stub
and to the solution.
"""

import os
import re
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


class Meter(threading.Thread):
    """Watch the kernel's processor time and memory while a notebook runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.done, self.peak, self.cpu = threading.Event(), 0, 0.0

    def run(self):
        me = psutil.Process()
        while not self.done.wait(0.1):
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
    notebook = rules.read(NOTEBOOKS[name])
    meter, wall = execute(notebook, tmp_path)
    if meter.cpu > BUDGET_SECONDS * CORES:
        # Threads that wait for a busy core count as work: measure once more before complaining.
        notebook = rules.read(NOTEBOOKS[name])
        meter, wall = execute(notebook, tmp_path)
    record_property("wall_seconds", round(wall, 1))
    record_property("peak_megabytes", meter.peak // 2**20)
    print(f"{name}: {wall:.0f} s, {meter.cpu:.0f} s of processor, {meter.peak / 2**30:.2f} GB")
    assert meter.cpu <= BUDGET_SECONDS * CORES and 0 < meter.peak <= BUDGET_BYTES
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
