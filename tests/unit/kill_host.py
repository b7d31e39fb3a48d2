"""A program that starts commands of the course in forked children and kills them: `test_kills`.

It imports the course once, so that a kill costs a second and falls into the work, not the imports.
One line of JSON in, ``{"task": ..., "words": [...], "seconds": s}``; one out, ``{"killed": bool}``.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from recsys_tutorial import cli
from recsys_tutorial.bench.front import OURS
from recsys_tutorial.bench.methods import Method
from recsys_tutorial.bench.running import Plan, answer_job, run_bench
from recsys_tutorial.datasets import fetching
from recsys_tutorial.recommenders import Popularity


def popular(task, parameters, seed, threads):
    return Popularity()


METHODS = (Method("popular", OURS, "baseline", popular),)
PLAN = Plan(seeds=(0,), rounds=1, data=("insteval",))


def bench(folder):
    run_bench(Path(folder), plan=PLAN, methods=METHODS, answer=lambda job: answer_job(job, METHODS))
    return 0


def work(task, words):
    """Do the task in this process, without a word."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    return bench(*words) if task == "bench" else cli.main(words)


def kill_after(order):
    """Start the work, kill it with its children after so many seconds unless it is done."""
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setsid()
            code = work(order["task"], order["words"])
        finally:
            os._exit(code)
    end = time.monotonic() + order["seconds"]
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return {"killed": False, "code": os.waitstatus_to_exitcode(status)}
        if time.monotonic() > end:
            break
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return {"killed": True, "code": None}


def main():
    fetching.RELEASES["1m"] = replace(fetching.RELEASES["1m"], sha256=sys.argv[1])
    for line in sys.stdin:
        print(json.dumps(kill_after(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
