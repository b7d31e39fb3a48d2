"""Kill -9 at random moments: what a command leaves is the old or the new, never half.

``COURSE_KILLS=200 python -m pytest tests/unit/test_kills.py`` kills 200 times for each command;
otherwise it is a few, so that the check itself stays alive.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from recsys_tutorial.datasets import fetching
from recsys_tutorial.pipeline import check_report_folder
from tests.unit.bad_days import GOOD, files_in

KILLS = int(os.environ.get("COURSE_KILLS", "6"))
HOST = Path(__file__).with_name("kill_host.py")
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork"),
    pytest.mark.slow,
]


class Host:
    """Sends orders to `kill_host`."""

    def __init__(self):
        words = [sys.executable, str(HOST), hashlib.sha256(GOOD).hexdigest()]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self.process = subprocess.Popen(
            words, env={**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg"}, **pipes
        )

    def __call__(self, task, *words, seconds=300.0):
        order = {"task": task, "words": [str(word) for word in words], "seconds": seconds}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def duration(self, task, *words):
        """Let it end, which must go well; give the seconds that it took."""
        start = time.monotonic()
        assert self(task, *words) == {"killed": False, "code": 0}
        return time.monotonic() - start


@pytest.fixture(scope="module")
def host():
    mine = Host()
    yield mine
    mine.process.kill()
    mine.process.wait()


def moments():
    """Random parts of a duration, some after the end: then the work must have been done."""
    chance = random.Random(0)
    return [chance.uniform(0, 1.1) for _ in range(KILLS)]


def digest(folder):
    """Fingerprint of all that a folder holds."""
    parts = [(p.name, hashlib.sha256(p.read_bytes()).hexdigest()) for p in folder.iterdir()]
    return json.dumps(sorted(parts))


def test_a_report_is_the_old_one_or_the_new_one(host, tmp_path):
    log = tmp_path / "log.csv"
    rows = [(f"u{u}", f"i{(u * k) % 17}") for u in range(40) for k in range(1, 9)]
    pd.DataFrame(rows, columns=["user", "item"]).drop_duplicates().to_csv(log, index=False)
    report, words = tmp_path / "report", ["run", log, "--clusters", "3"]
    seeds = {}
    for seed in ("1", "2"):
        took = host.duration("run", *words, "--seed", seed, "--out", tmp_path / seed)
        seeds[seed] = digest(tmp_path / seed)
    host.duration("run", *words, "--seed", "1", "--out", report)
    assert digest(report) == seeds["1"] != seeds["2"]
    killed = 0
    for number, part in enumerate(moments()):
        seed, begin = "12"[number % 2], time.monotonic()
        end = host("run", *words, "--seed", seed, "--out", report, seconds=part * took)
        killed += end["killed"]
        if not end["killed"]:  # a busy computer may have been slow when it was timed
            took = min(took, time.monotonic() - begin)
        check_report_folder(report)  # what the next run does first
        assert digest(report) in seeds.values()
        assert end["killed"] or digest(report) == seeds[seed]
    assert killed > 0
    for path in tmp_path.glob(".report-*"):
        os.utime(path, (0, 0))
    check_report_folder(report)
    assert not list(tmp_path.glob(".report-*"))


def test_a_download_is_there_or_not(host, server, tmp_path):
    words = ["fetch", "1m", "--mirror", fetching.SERVER, "--cache", tmp_path / "c"]
    took = host.duration("fetch", *words, "--out", tmp_path / "o")
    whole = {
        path.name: path.read_bytes() for folder in "co" for path in (tmp_path / folder).iterdir()
    }
    for part in moments():
        for name in files_in(tmp_path):
            next(tmp_path.rglob(name)).unlink()
        host("fetch", *words, "--out", tmp_path / "o", seconds=part * took)
        for path in tmp_path.rglob("*"):
            if path.is_file() and path.name in whole:
                assert path.read_bytes() == whole[path.name]
        # Whatever was left, the next one ends well.
        host.duration("fetch", *words, "--out", tmp_path / "o")
        assert all((next(tmp_path.rglob(name))).read_bytes() == whole[name] for name in whole)


def test_a_benchmark_goes_on(host, tmp_path):
    took = host.duration("bench", tmp_path / "whole")
    told = pd.read_csv(tmp_path / "whole" / "leaderboard.csv")
    for number, part in enumerate(moments()):
        folder = tmp_path / str(number)
        host("bench", folder, seconds=part * took)
        for path in folder.rglob("*.json"):
            json.loads(path.read_text(encoding="utf-8"))
        host.duration("bench", folder)
        table = pd.read_csv(folder / "leaderboard.csv")
        stays = [c for c in told if told[c].dtype == object or c in ("ndcg", "recall")]
        pd.testing.assert_frame_equal(table[stays], told[stays])


def test_a_half_written_report_is_seen(tmp_path):
    (tmp_path / "users.csv").write_text("user\n1\n")
    before = digest(tmp_path)
    (tmp_path / "users.csv").write_text("user\n")
    assert digest(tmp_path) != before
