"""Measure how the pipeline grows on Spark and without it, on logs of 100 k, 1 M and 10 M events.

``python tools/measure_spark.py`` makes the logs (20 planted groups, 5 k items, about 46 events per
user), writes them as CSV files, and lets Spark with two threads and pandas with the course's
`ClusterPopularity` go the same way on each: read, describe and group the users, rank 20 unseen
items for everybody and write the lists.  While it reads, Spark also cleans; pandas does not, and
the column ``clean_s`` holds both.  Every run has a process of its own and one line of results;
runs that are in the results already are not repeated, so the command can be stopped and started
again.  `tools/measure_growth.py` is run as well, for the growth in users.  Name other
sizes on the command line; ``--out FOLDER`` says where results go (_build/scaling), ``--ship``
copies them to ``data/scaling`` and renews the list of hashes.

Seconds are those of a clock on the wall, so run it on a quiet machine; seconds of the processor
stand beside them.  The memory is the most that the process and the Java machine it started ever
held together.  Linux only.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from measure_growth import N_GROUPS, planted_log
from sklearn.metrics import adjusted_rand_score

ROOT = Path(__file__).resolve().parent.parent
SIZES = [100_000, 1_000_000, 10_000_000]
ENGINES = ("local", "spark")
# What a planted user keeps of her draws after repeats are dropped.
EVENTS_PER_USER = 46
TOP = 20
STEPS = ("start", "clean", "group", "recommend")


def write_log(n_events: int, path: Path) -> np.ndarray:
    """Write a planted log as a CSV file; give the group of each user."""
    matrix, groups = planted_log(n_events // EVENTS_PER_USER)
    rows = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.values.indptr))
    table = pd.DataFrame({"user": rows, "item": matrix.values.indices})
    table.to_csv(path, index=False)
    return groups


def on_spark(path: Path, folder: Path, tick: Callable[[], None]) -> dict[str, object]:
    """Do the work with Spark; `tick` is called after each step."""
    from recsys_tutorial import spark as rs

    session = rs.start_spark("local[2,3]", memory="4g")
    tick()
    log, report = rs.clean_events(rs.read_events(session, path))
    tick()
    result = rs.run_pipeline(log, n_clusters=N_GROUPS, top=TOP)
    tick()
    result.recommendations.write.csv(str(folder / "lists"), header=True)
    tick()
    # Only the tool wants to know who is where.
    labels = [(row["user"], row["cluster"]) for row in result.users.collect()]
    return {"rows": report.rows_after, "labels": [cluster for _, cluster in sorted(labels)]}


def locally(path: Path, folder: Path, tick: Callable[[], None]) -> dict[str, object]:
    """Do the work with pandas and the course's own model."""
    from recsys_tutorial.preprocessing import matrix_from_chunks
    from recsys_tutorial.recommenders import ClusterPopularity

    tick()
    matrix = matrix_from_chunks(lambda: pd.read_csv(path, chunksize=1_000_000))
    tick()
    model = ClusterPopularity(n_clusters=N_GROUPS).fit(matrix)
    tick()
    for number, lists in enumerate(model.stream(k=TOP, batch_size=50_000)):
        lists.to_csv(folder / f"lists-{number}.csv", index=False)
    tick()
    return {"rows": matrix.values.nnz, "labels": model.labels_.tolist()}


def processes() -> list[int]:
    """Give this process and all that it started, as numbers."""
    mine, parents = [os.getpid()], {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(entry.parent.name)] = int(words[1])
    for _ in range(5):
        mine += [one for one, parent in parents.items() if parent in mine and one not in mine]
    return mine


def peak_mb() -> float:
    """Give the sum of the largest memories that the processes ever held, in MB."""
    peak = 0.0
    for one in processes():
        lines = Path(f"/proc/{one}/status").read_text().splitlines()
        peak += sum(float(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    return peak


def cpu_seconds() -> float:
    """Give the seconds of the processor that the processes used together."""
    ticks = 0
    for one in processes():
        words = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        ticks += int(words[11]) + int(words[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(engine: str, n_events: int) -> dict[str, object]:
    """Do the work once, in this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        # The log is made by another process, so that its memory is not counted here.
        make = [sys.executable, __file__, "--make", str(folder / "log.csv"), str(n_events)]
        subprocess.run(make, check=True)
        truth = np.load(folder / "groups.npy")
        clock, work = [time.perf_counter()], cpu_seconds()

        def tick() -> None:
            clock.append(time.perf_counter())

        do = on_spark if engine == "spark" else locally
        found = do(folder / "log.csv", folder, tick)
        seconds = dict(zip(STEPS, np.diff(clock).round(2).tolist(), strict=True))
        agreement = adjusted_rand_score(truth, found["labels"])
        return {
            "engine": engine,
            "events": n_events,
            "rows": found["rows"],
            "users": len(truth),
            **{f"{step}_s": value for step, value in seconds.items()},
            "total_s": round(clock[-1] - clock[0], 2),
            "cpu_s": round(cpu_seconds() - work, 2),
            "peak_mb": round(peak_mb()),
            "agreement": round(agreement, 3),
            "load": round(os.getloadavg()[0], 1),
            "date": date.today().isoformat(),
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        }


def measure_users(table: Path) -> None:
    """Let tools/measure_growth.py fit the groups to matrices of up to a million users."""
    if table.exists():
        return
    grow = [sys.executable, str(ROOT / "tools/measure_growth.py")]
    said = subprocess.run(grow, check=True, stdout=subprocess.PIPE, text=True).stdout
    print(said, end="", flush=True)
    rows = [json.loads(line) for line in said.splitlines()]
    pd.DataFrame(rows).assign(date=date.today().isoformat()).to_csv(table, index=False)


def ship(folder: Path) -> None:
    """Copy the results to where the course reads them."""
    sys.path.insert(0, str(ROOT / "data"))
    from convert import write_sums

    (ROOT / "data/scaling").mkdir(exist_ok=True)
    for name in ("spark.csv", "users.csv"):
        shutil.copyfile(folder / name, ROOT / "data/scaling" / name)
    write_sums()


def main() -> None:
    """Measure what is missing, each run in a fresh process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, default=SIZES)
    parser.add_argument("--out", type=Path, default=ROOT / "_build/scaling")
    parser.add_argument("--ship", action="store_true", help="copy the results to data/scaling")
    parser.add_argument("--engine", choices=ENGINES, help="one run in this process")
    parser.add_argument("--make", type=Path, help="write a log of the size named, and stop")
    options = parser.parse_args()
    table = options.out / "spark.csv"
    if options.make:
        np.save(options.make.with_name("groups.npy"), write_log(options.sizes[0], options.make))
    elif options.engine:
        print(json.dumps(measure(options.engine, options.sizes[0])), flush=True)
    elif options.ship:
        ship(options.out)
    else:
        options.out.mkdir(parents=True, exist_ok=True)
        measure_users(options.out / "users.csv")
        done = pd.read_csv(table).to_dict("records") if table.exists() else []
        have = {(row["engine"], row["events"]) for row in done}
        wanted = [(engine, size) for size in options.sizes for engine in ENGINES]
        for engine, size in [one for one in wanted if one not in have]:
            again = [sys.executable, __file__, str(size), "--engine", engine]
            line = subprocess.run(again, check=True, stdout=subprocess.PIPE, text=True).stdout
            print(line, end="", flush=True)
            done.append(json.loads(line.splitlines()[-1]))
            pd.DataFrame(done).sort_values(["engine", "events"]).to_csv(table, index=False)


if __name__ == "__main__":
    main()
