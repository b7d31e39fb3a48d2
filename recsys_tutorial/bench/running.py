"""The work of the bench: tune, ask, time, and survive whatever goes wrong on the way.

Used by ``python course.py bench``.  Every question is a job of its own in a process of its own, so
that a library that crashes, hangs or cannot be imported costs its own row and nothing else, and so
that memory can be told apart.  Every answer is written at once and whole; a run that was killed
goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from recsys_tutorial.bench.front import OURS
from recsys_tutorial.bench.methods import METHODS, Method, fitted, method_named
from recsys_tutorial.bench.peers import DISTRIBUTIONS
from recsys_tutorial.bench.protocol import (
    DATASETS,
    SEEDS,
    SPLITS,
    K,
    Task,
    judge,
    make_task,
    small_task,
)
from recsys_tutorial.bench.writing import write_whole

Job = dict[str, Any]
Answer = dict[str, Any]
PACKAGE = Path(__file__).resolve().parents[1]
REPEATS, REPEAT_SECONDS = 3, 2.0


@dataclass(frozen=True)
class Plan:
    """How much work to do.

    Attributes
    ----------
    seeds : tuple of int
        Seeds of models and of random splits; the first is also the one of the tuning.
    n_grid : int or None
        Points of each grid that are tried; None for all.
    rounds : int
        How often every method is timed, all of them in turn.
    threads : int
        Threads that a method may use.
    timeout : float
        Seconds after which a job is given up.
    data, splits : tuple of str
        Data sets and splits.
    """

    seeds: tuple[int, ...] = SEEDS
    n_grid: int | None = None
    rounds: int = 3
    threads: int = 1
    timeout: float = 1800.0
    data: tuple[str, ...] = DATASETS
    splits: tuple[str, ...] = SPLITS


QUICK = Plan(seeds=SEEDS[:1], n_grid=2, rounds=1, timeout=900.0)


# One job ------------------------------------------------------------------------------------


def answer_job(job: Job, methods: Sequence[Method] = METHODS) -> Answer:
    """Do one job here and now.

    Parameters
    ----------
    job : dict
        ``kind`` (``"quality"`` or ``"timing"``), ``method``, ``data`` and what the kind needs.
    methods : sequence of Method
        Among which the method is looked up.

    Returns
    -------
    dict
        What was found; numbers, texts and lists only.

    Examples
    --------
    >>> job = {"kind": "quality", "method": "popularity", "data": "movielens", "split": "latest"}
    >>> answer = answer_job(job | {"seeds": [0], "n_grid": None, "threads": 1})
    >>> round(answer["by_seed"][0], 4)
    0.0845
    """
    method = method_named(job["method"], methods)
    return _quality(method, job) if job["kind"] == "quality" else _timing(method, job)


def _quality(method: Method, job: Job) -> Answer:
    begin, first, threads = time.perf_counter(), job["seeds"][0], job["threads"]
    grid = method.grid[: job["n_grid"]]
    best, validated, tried = grid[0], None, []
    if len(grid) > 1:
        task = make_task(job["data"], job["split"], first, validation=True)
        for parameters in grid:
            score = float(_measured(method, task, parameters, first, threads)[0]["ndcg"].mean())
            tried.append([parameters, round(score, 5)])
            if validated is None or score > validated:
                best, validated = parameters, score
    tables, coverage = [], []
    # The same model on the same split would only repeat itself.
    for seed in job["seeds"] if method.is_seeded or job["split"] == "random" else [first]:
        task = make_task(job["data"], job["split"], seed)
        table, shown = _measured(method, task, best, seed, threads)
        tables.append(table)
        coverage.append(shown)
    users = tables[0].index
    return {
        "parameters": best,
        "validated": validated,
        "tried": tried,
        "by_seed": [float(table["ndcg"].mean()) for table in tables],
        "recall": float(np.mean([table["recall"].mean() for table in tables])),
        "precision": float(np.mean([table["precision"].mean() for table in tables])),
        "coverage": float(np.mean(coverage)),
        "users": users.tolist(),
        "ndcg": np.mean([t["ndcg"].reindex(users) for t in tables], axis=0).round(6).tolist(),
        "seconds": round(time.perf_counter() - begin, 2),
    }


def _measured(
    method: Method, task: Task, parameters: Mapping[str, Any], seed: int, threads: int
) -> tuple[pd.DataFrame, float]:
    top = fitted(method, task, parameters, seed, threads).top_k(k=K)
    shown = np.unique(top[top >= 0]).size / task.test.shape[1]
    return judge(top, task), shown


def _timing(method: Method, job: Job) -> Answer:
    seconds, is_warm = {}, False
    for split, parameters in job["parameters"].items():
        task = make_task(job["data"], split, job["seeds"][0])
        if not is_warm:
            _warm_up(method, task, parameters, job["threads"])
            is_warm = True
        runs: list[float] = []
        # A run of milliseconds is repeated, the best of three counts; a long one stands alone.
        while len(runs) < REPEATS and sum(runs) < REPEAT_SECONDS:
            begin = time.perf_counter()
            fitted(method, task, parameters, job["seeds"][0], job["threads"]).top_k(k=K)
            runs.append(time.perf_counter() - begin)
        seconds[split] = min(runs)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    return {"fit_and_rank": seconds, "load": load}


def _warm_up(method: Method, task: Task, parameters: Mapping[str, Any], threads: int) -> None:
    """Import libraries and start their engines before the clock runs."""
    try:
        fitted(method, small_task(task), parameters, 0, threads).top_k(k=K)
    except Exception:  # noqa: BLE001 - if it is serious, the timed run fails too, and says why
        pass


# A process for each job ---------------------------------------------------------------------


def in_a_process(job: Job, command: Sequence[str] | None = None) -> Answer:
    """Do one job in a process of its own, watching its memory and its time.

    Parameters
    ----------
    job : dict
        As in `answer_job`; ``timeout`` and ``threads`` are respected.
    command : sequence of str, optional
        The program; it gets two more words: the file with the job and the file for the answer.

    Returns
    -------
    dict
        The answer with ``memory_mb``, the most that the process and its children held; or
        ``error``, the reason in one line.

    Examples
    --------
    >>> job = {"kind": "quality", "method": "nobody", "timeout": 60, "threads": 1}
    >>> in_a_process(job)["error"]
    "ValueError: There is no method 'nobody'. ..."
    """
    command = command or [sys.executable, "-m", "recsys_tutorial.bench", "--job"]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        with (folder / "said.txt").open("w", encoding="utf-8") as said:
            process = subprocess.Popen(
                [*command, str(folder / "job.json"), str(folder / "answer.json")],
                stdout=said,
                stderr=subprocess.STDOUT,
                env=_environment(job["threads"]),
            )
            memory, is_late = _watch(process, job["timeout"])
        if is_late:
            return {"error": f"gave up after {job['timeout']:g} s"}
        if process.returncode or not (folder / "answer.json").exists():
            return {"error": _reason(folder / "said.txt", process.returncode)}
        answer = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
    return {**answer, "memory_mb": memory}


def _environment(threads: int) -> dict[str, str]:
    pools = ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB_MAXIMUM")
    own = {f"{pool}_NUM_THREADS": str(threads) for pool in pools}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUTF8": "1", "PYTHONWARNINGS": "ignore"}
    return {**os.environ, **own, **quiet}


def _watch(process: subprocess.Popen[bytes], timeout: float) -> tuple[float | None, bool]:
    """Wait for the end; give the highest memory in MB, and whether the time ran out."""
    try:
        import psutil
    except ImportError:  # no figure for the memory, everything else as usual
        psutil = None
    begin, peak = time.monotonic(), 0
    try:
        while process.poll() is None:
            if time.monotonic() - begin > timeout:
                _end(process, psutil)
                return None, True
            peak = max(peak, _memory(process.pid, psutil))
            time.sleep(0.05)
    except BaseException:
        # Ctrl-C: no worker may go on behind the reader's back.
        _end(process, psutil)
        raise
    return (round(peak / 1e6, 1) if peak else None), False


def _memory(pid: int, psutil: Any) -> int:
    if psutil is None:
        return 0
    try:
        parent = psutil.Process(pid)
        return sum(one.memory_info().rss for one in [parent, *parent.children(recursive=True)])
    except psutil.Error:
        return 0  # it ended while we looked


def _end(process: subprocess.Popen[bytes], psutil: Any) -> None:
    children = []
    if psutil is not None:
        try:
            children = psutil.Process(process.pid).children(recursive=True)
        except psutil.Error:
            pass
    process.kill()
    for child in children:
        try:
            child.kill()
        except psutil.Error:
            pass
    process.wait()


def _reason(said: Path, code: int) -> str:
    """Last line that the process said, which in a traceback is the error."""
    lines = said.read_text(encoding="utf-8", errors="replace").split("\n")
    words = [line.strip() for line in lines if line.strip() and not line.startswith(" ")]
    errors = [line for line in words if "Error" in line.split(":")[0]]
    told = (errors or words or ["it said nothing"])[-1]
    return told[:200] if code in (0, 1) else f"the process died with code {code}: {told[:150]}"


# All jobs -----------------------------------------------------------------------------------


def library_version(library: str) -> str:
    """Version of a library, or "" if it is not installed.

    Parameters
    ----------
    library : str
        As in the table.

    Returns
    -------
    str
        The version.

    Examples
    --------
    >>> library_version("no such library")
    ''
    """
    name = "recsys-tutorial" if library == OURS else DISTRIBUTIONS.get(library, library)
    try:
        return metadata.version(name)
    except (metadata.PackageNotFoundError, ValueError):
        return ""


def _code_digest(method: Method) -> str:
    """Hash of the code that an answer depends on, so that no run mixes two states of it."""
    parts = (
        ["recommenders", "clustering", "features"] if method.library == OURS else ["bench/peers.py"]
    )
    paths = [PACKAGE / "bench/protocol.py", PACKAGE / "preprocessing.py"]
    for part in parts:
        path = PACKAGE / part
        paths += sorted(path.rglob("*.py")) if path.is_dir() else [path]
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _stamp(job: Job, method: Method) -> str:
    what = {**{n: v for n, v in job.items() if n != "timeout"}, "grid": method.grid}
    what |= {"version": library_version(method.library), "code": _code_digest(method)}
    return hashlib.sha256(json.dumps(what, sort_keys=True, default=str).encode()).hexdigest()


class Desk:
    """Hands out jobs and keeps the answers; what is answered already is not asked again.

    Parameters
    ----------
    folder : Path
        Where the answers are kept.
    methods : sequence of Method
        Who takes part.
    answer : callable
        Does a job: `in_a_process`, or something else in a test.
    say : callable
        Told about each job.
    n_jobs : int
        How many there will be, for the count.
    """

    def __init__(
        self,
        folder: Path,
        methods: Sequence[Method],
        answer: Callable[[Job], Answer],
        say: Callable[[str], None],
        n_jobs: int,
    ) -> None:
        self.folder, self.methods, self.answer = folder, methods, answer
        self.say, self.n_jobs, self.done = say, n_jobs, 0

    def ask(self, job: Job, name: str) -> Answer:
        """Answer a job from the folder, or do it and keep the answer.

        A job that failed is tried again: the reason may be gone.

        Parameters
        ----------
        job : dict
            As in `answer_job`.
        name : str
            Of the file, without ending.

        Returns
        -------
        dict
            The answer, or ``error``.
        """
        self.done += 1
        path = self.folder / "jobs" / f"{name}.json"
        stamp = _stamp(job, method_named(job["method"], self.methods))
        kept = _read(path)
        if kept.get("stamp") == stamp and "error" not in kept:
            return kept
        begin = time.monotonic()
        try:
            answer = self.answer(job)
        except Exception as error:  # noqa: BLE001 - one method's failure is not the run's
            answer = {"error": f"{type(error).__name__}: {error}".replace("\n", " ")[:200]}
        answer = {**answer, "stamp": stamp}
        write_whole(path, json.dumps(answer))
        told = f"failed: {answer['error']}" if "error" in answer else ""
        self.say(
            f"[{self.done}/{self.n_jobs}] {name}  {time.monotonic() - begin:.0f} s  {told}".rstrip()
        )
        return answer


def _read(path: Path) -> Answer:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        return {}


def _slug(*parts: object) -> str:
    text = "-".join(str(part) for part in parts).lower().replace("+", "and")
    return "".join(c if c.isalnum() or c == "-" else "_" for c in text).replace("__", "_")


def run_bench(
    folder: str | Path,
    *,
    plan: Plan | None = None,
    quick: bool = False,
    methods: Sequence[Method] = METHODS,
    answer: Callable[[Job], Answer] = in_a_process,
    say: Callable[[str], None] = print,
) -> pd.DataFrame:
    """Ask every method everything, and write the table, the users' scores and the pictures.

    Parameters
    ----------
    folder : str or Path
        Where to keep answers and write results; a second run with the same folder goes on where
        the first one stopped.
    plan : Plan, optional
        How much to do; by default all of it.
    quick : bool
        Two points of each grid, one seed and one round of timing.  Ignored if a plan is given.
    methods : sequence of Method
        Who takes part.
    answer : callable
        How a job is done; by default in a process of its own.
    say : callable
        Is told, line by line, what was done.

    Returns
    -------
    DataFrame
        The table, as in `results`.
    """
    from recsys_tutorial.bench.table import make_table, write_results

    folder = Path(folder)
    plan = plan or (QUICK if quick else Plan())
    settings = [(data, split) for data in plan.data for split in plan.splits]
    n_jobs = len(methods) * (len(settings) + plan.rounds * len(plan.data))
    desk, common = Desk(folder, methods, answer, say, n_jobs), _common(plan)
    quality = {
        (method.name, data, split): desk.ask(
            {
                "kind": "quality",
                "method": method.name,
                "data": data,
                "split": split,
                "n_grid": plan.n_grid,
                **common,
            },
            _slug("quality", data, split, method.name),
        )
        for data, split in settings
        for method in methods
    }
    times = _time_in_turn(desk, plan, quality)
    table = make_table(methods, plan, quality, times, _machine(plan, quick))
    write_results(folder, table, quality)
    return table


def _common(plan: Plan) -> Job:
    return {"seeds": list(plan.seeds), "threads": plan.threads, "timeout": plan.timeout}


def _time_in_turn(
    desk: Desk, plan: Plan, quality: Mapping[tuple[str, str, str], Answer]
) -> list[dict[str, Any]]:
    """Time all methods in turn, in another order each round: a busy minute hits no one alone."""
    found = []
    for number in range(plan.rounds):
        for data in plan.data:
            for method in random.Random(number).sample(list(desk.methods), len(desk.methods)):
                known = {
                    split: quality[method.name, data, split]["parameters"]
                    for split in plan.splits
                    if "error" not in quality[method.name, data, split]
                }
                if not known:
                    desk.done += 1
                    continue
                job = {
                    "kind": "timing",
                    "method": method.name,
                    "data": data,
                    "parameters": known,
                    "round": number,
                    **_common(plan),
                }
                answer = desk.ask(job, _slug("timing", data, method.name, number))
                for split, seconds in answer.get("fit_and_rank", {}).items():
                    found.append(
                        {
                            "round": number,
                            "data": data,
                            "split": split,
                            "method": method.name,
                            "seconds": seconds,
                            "memory_mb": answer.get("memory_mb"),
                            "load": answer.get("load"),
                        }
                    )
    return found


def _machine(plan: Plan, quick: bool) -> dict[str, Any]:
    return {
        "date": time.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "threads": plan.threads,
        "run": "quick" if quick else "full",
    }
