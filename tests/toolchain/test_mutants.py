"""`tools/mutants.py` is tried in a process of its own.

It forks, and whatever the tests before it left in a worker (engines, threads, gigabytes of mapped
memory) would be in every fork.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_in_a_process_of_its_own():
    file = Path(__file__).with_name("forking_mutants.py")
    words = ["-m", "pytest", "-n0", "-q", "-p", "no:cacheprovider", str(file)]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-5000:]
    assert " passed" in done.stdout
