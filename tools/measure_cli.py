"""Measure what ``recsys-tutorial run`` costs on a large log: seconds of the processor and memory.

``python tools/measure_cli.py`` makes a log of one million events (about 217,000 users and 57,000
items in ten planted groups, with ratings, times and a few repeated events), runs the command on it
and prints one line: seconds of the processor (all cores added up, so that a busy machine does not
matter much), seconds of the clock, the load of the machine before, the peak of memory and the size
of what was written.  It ends with code 1 if more than 60 seconds of the processor or 2 GB were
needed.  ``--users`` and ``--items`` take other sizes; words after ``--`` go to the command:
``python tools/measure_cli.py -- --clusters 20``.  ``--keep FOLDER`` keeps log and report, so that
two versions of the course can be compared byte by byte.  Linux and macOS.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

N_EVENTS, N_USERS, N_ITEMS, N_GROUPS = 1_000_000, 220_000, 60_000, 10
SECONDS_ALLOWED, MB_ALLOWED = 60, 2048


def planted_events(
    n_events: int, n_users: int, n_items: int, random_state: int = 0
) -> pd.DataFrame:
    """Make a log with a long tail, in which half of what a user meets comes from her group."""
    rng = np.random.default_rng(random_state)
    popular = np.cumsum(1 / np.arange(10, n_items + 10))
    users = rng.integers(n_users, size=n_events)
    items = np.searchsorted(popular, rng.random(n_events) * popular[-1])
    # The favourites of a group are every tenth item; the most popular ones belong to one as well.
    own = rng.random(n_events) < 0.5
    items[own] = items[own] // N_GROUPS * N_GROUPS + users[own] % N_GROUPS
    return pd.DataFrame(
        {
            "user": users,
            "item": [f"P{number:06d}" for number in np.minimum(items, n_items - 1)],
            "rating": rng.integers(1, 6, size=n_events),
            "time": rng.integers(1_500_000_000, 1_700_000_000, size=n_events),
        }
    )


def measure(log: Path, out: Path, words: list[str]) -> dict[str, float]:
    """Run the command once, in a process of its own."""
    columns = ["--rating", "rating", "--time", "time", "--out", str(out)]
    command = [sys.executable, "-m", "recsys_tutorial", "run", str(log), *columns, *words]
    load, begun = os.getloadavg()[0], time.monotonic()
    subprocess.run(command, check=True, stdout=sys.stderr)
    seconds = time.monotonic() - begun
    # Nothing else was started by this process, so that all of it belongs to the command.
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "processor_s": round(used.ru_utime + used.ru_stime, 1),
        "wall_s": round(seconds, 1),
        "load_before": round(load, 2),
        "peak_mb": round(used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)),
        "written_mb": round(sum(file.stat().st_size for file in out.iterdir()) / 1e6),
    }


def main() -> int:
    """Make the log, run the command, print the line; 1 if it was too slow or too large."""
    words = sys.argv[1:]
    cut = words.index("--") if "--" in words else len(words)
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=N_EVENTS)
    parser.add_argument("--users", type=int, default=N_USERS, help="to draw from")
    parser.add_argument("--items", type=int, default=N_ITEMS, help="to draw from")
    parser.add_argument("--keep", type=Path, help="an empty or a new folder for log and report")
    options = parser.parse_args(words[:cut])
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        events = planted_events(options.events, options.users, options.items)
        events.to_csv(folder / "log.csv", index=False)
        shape = {"events": len(events), **events[["user", "item"]].nunique().add_prefix("n_")}
        del events
        figures = measure(folder / "log.csv", folder / "report", words[cut + 1 :])
    print(json.dumps({key: int(value) for key, value in shape.items()} | figures), flush=True)
    return int(figures["processor_s"] > SECONDS_ALLOWED or figures["peak_mb"] > MB_ALLOWED)


if __name__ == "__main__":
    raise SystemExit(main())
