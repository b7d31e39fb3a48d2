"""The command line of the bench, which ``python course.py bench`` starts in its own environment.

Chapter 18 says what the table means.  ``--job`` is for the bench alone: one question, one process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from recsys_tutorial.bench.methods import METHODS, method_named
from recsys_tutorial.bench.protocol import DATASETS
from recsys_tutorial.bench.running import QUICK, Plan, answer_job, run_bench
from recsys_tutorial.bench.writing import write_whole


def build_parser() -> argparse.ArgumentParser:
    """Describe the command line.

    Returns
    -------
    ArgumentParser
        Its options.
    """
    parser = argparse.ArgumentParser(prog="course.py bench", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="less tuning, one seed, one timing")
    parser.add_argument("--out", type=Path, default=Path("_build/bench"), help="folder for results")
    parser.add_argument("--methods", help="names, separated by semicolons (default: all)")
    parser.add_argument("--data", choices=DATASETS, help="one data set only")
    parser.add_argument("--threads", type=int, default=1, help="threads for each method (1)")
    parser.add_argument("--rounds", type=int, help="rounds of timing (3, with --quick 1)")
    parser.add_argument("--timeout", type=float, help="seconds after which a job is given up")
    parser.add_argument("--job", nargs=2, type=Path, help=argparse.SUPPRESS)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench, or one of its jobs.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the command's name; by default those of the process.

    Returns
    -------
    int
        0 if the table was written, also if a method failed; 2 for a method that does not exist.
    """
    options = build_parser().parse_args(arguments)
    if options.job:
        job = json.loads(options.job[0].read_text(encoding="utf-8"))
        write_whole(options.job[1], json.dumps(answer_job(job)))
        return 0
    names = [name.strip() for name in (options.methods or "").split(";") if name.strip()]
    try:
        chosen = [method_named(name) for name in names] or list(METHODS)
    except ValueError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    plan = replace(QUICK if options.quick else Plan(), threads=options.threads)
    given = {"rounds": options.rounds, "timeout": options.timeout}
    plan = replace(plan, **{name: value for name, value in given.items() if value is not None})
    if options.data:
        plan = replace(plan, data=(options.data,))
    folder = options.out / ("quick" if options.quick else "full")
    run_bench(folder, plan=plan, quick=options.quick, methods=chosen, say=_say)
    print((folder / "leaderboard.md").read_text(encoding="utf-8"))
    print(f"Written to {folder}: leaderboard.csv, leaderboard.md, users.npz, front_*.png and .svg")
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    # Not in `main`: who calls that as a function has an environment and signals of her own.
    # A table and files, no windows; and an ordinary kill ends the worker too, as Ctrl-C does.
    os.environ["MPLBACKEND"] = "Agg"
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    sys.exit(main())
