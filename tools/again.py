"""Is green always green?  Run the tests many times, each time in other circumstances, and compare.

python tools/again.py [--runs 20] [--fast] [--seed 1] [-- other arguments of pytest ...]

Each run has an order of test files, a hash seed, a time zone, a language and a number of threads of
its own, drawn from the seed and the number of the run, so that any run can be had again:
`--only 7`.  What each test did is kept in _build/again, one file a run: a stopped command goes on
where it was, and a run of another state of the repository is run anew; `--compare` runs nothing,
and compares what is there.  At the end every test that did not do the same in all runs is named,
with the circumstances of the runs in which it failed.

The website must be built (`python course.py book`); a run does not build it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
STORE = ROOT / "_build" / "again"
FULL = ["--nbmake", "--nbmake-timeout=300", "notebooks"]
FAST = ["-m", "not slow and not site"]
# Half an hour and three quarters from full hours, the day before and the day after: who mixes up
# local time and UTC is found.
ZONES = ("UTC", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia", "Pacific/Pago_Pago")
LANGUAGES = ("C.UTF-8", "C", "POSIX")
# From good to bad, as JUnit's reports call them.
ENDS = ("passed", "skipped", "failure", "error")


def circumstances(run: int, seed: int) -> dict[str, str]:
    """Draw what may differ from computer to computer and must not change a result."""
    draw = random.Random(f"{seed} {run}")
    return {
        "PYTHONHASHSEED": str(draw.randrange(2**32)),
        "TZ": draw.choice(ZONES),
        "LC_ALL": draw.choice(LANGUAGES),
        "OMP_NUM_THREADS": draw.choice("12"),
    }


def in_some_order(files: Iterable[Path], run: int, seed: int) -> list[str]:
    """Give the paths in an order of this run's own: workers share the tests out by it."""
    paths = sorted(str(path) for path in files)
    random.Random(f"order {seed} {run}").shuffle(paths)
    return paths


def state(root: Path) -> str:
    """Say which state of the repository is tested: a run of another one proves nothing."""
    said = b""
    for words in (["rev-parse", "HEAD"], ["diff", "HEAD"]):
        said += subprocess.run(["git", *words], cwd=root, stdout=-1, check=True).stdout
    return hashlib.sha256(said).hexdigest()[:12]


def outcomes(report: str) -> dict[str, str]:
    """Read what each test did from a report in the format of JUnit."""
    found: dict[str, str] = {}
    for case in ElementTree.fromstring(report).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        ends = [part.tag for part in case if part.tag in ("failure", "error", "skipped")]
        # A test that passed and could not tidy up has two entries; the worse one counts.
        found[name] = max([*ends, found.get(name, "passed")], key=ENDS.index)
    return found


def differences(runs: Sequence[dict[str, Any]]) -> dict[str, dict[str, list[int]]]:
    """Name the tests that did not do the same in all runs; which runs ended how."""
    names = sorted({name for run in runs for name in run["outcomes"]})
    told: dict[str, dict[str, list[int]]] = {}
    for name in names:
        ends: dict[str, list[int]] = {}
        for run in runs:
            ends.setdefault(run["outcomes"].get(name, "missing"), []).append(run["run"])
        if len(ends) > 1:
            told[name] = ends
    return told


def always_failing(runs: Sequence[dict[str, Any]]) -> list[str]:
    """Name the tests that failed in all runs: they are broken, not fickle."""
    bad = [{n for n, end in r["outcomes"].items() if end in ENDS[2:]} for r in runs]
    return sorted(set.intersection(*bad)) if bad else []


def report(runs: Sequence[dict[str, Any]]) -> tuple[str, bool]:
    """Put the comparison in words; say if everything passed each time."""
    lines = []
    for run in runs:
        around = " ".join(f"{name}={value}" for name, value in run["circumstances"].items())
        lines.append(f"run {run['run']:>2}: {run['closing']}  ({around})")
    told, broken = differences(runs), always_failing(runs)
    for name, ends in told.items():
        parts = [f"{end} in {', '.join(map(str, numbers))}" for end, numbers in ends.items()]
        lines.append(f"differs: {name}: {'; '.join(parts)}")
    lines += [f"fails in every run: {name}" for name in broken]
    tests = len(runs[0]["outcomes"]) if runs else 0
    lines.append(f"{len(runs)} runs, {tests} tests, {len(told)} differ, {len(broken)} always fail")
    return "\n".join(lines), bool(runs) and not told and not broken


def carry_out(run: int, seed: int, words: Sequence[str], store: Path) -> dict[str, Any]:
    """Run the tests once; keep and give what each of them did."""
    around, junit = circumstances(run, seed), store / f"run-{run:02}.xml"
    files = in_some_order((ROOT / "tests").rglob("test_*.py"), run, seed)
    command = [sys.executable, "-m", "pytest", "-n2", "--dist=worksteal", "--doctest-modules"]
    command += [*files, "recsys_tutorial", *words, f"--junitxml={junit}", "-q"]
    start = time.time()
    # The names of what a run leaves out and the last words of pytest are in its log.
    with (store / f"run-{run:02}.log").open("w", encoding="utf-8") as log:
        env = {**os.environ, **around, "PYTHONUTF8": "1"}
        env.pop("PYTHONDONTWRITEBYTECODE", None)  # each process would compile TensorFlow anew
        code = subprocess.call(command, cwd=ROOT, env=env, stdout=log, stderr=log)
    if code not in (0, 1) or not junit.is_file():
        raise SystemExit(f"pytest ended with {code} and no result; read {log.name}")
    closing = Path(log.name).read_text(encoding="utf-8", errors="replace").strip().split("\n")[-1]
    done = {"run": run, "seed": seed, "state": state(ROOT), "words": list(words)}
    done |= {"circumstances": around, "closing": closing, "seconds": round(time.time() - start)}
    done["outcomes"] = outcomes(junit.read_text(encoding="utf-8"))
    part = store / f"run-{run:02}.json.part"
    part.write_text(json.dumps(done), encoding="utf-8")
    part.replace(store / f"run-{run:02}.json")
    junit.unlink()
    return done


def kept(run: int, seed: int, words: Sequence[str], store: Path) -> dict[str, Any] | None:
    """Give an earlier result, if it is one of this run of this state."""
    path = store / f"run-{run:02}.json"
    if not path.is_file():
        return None
    done = json.loads(path.read_text(encoding="utf-8"))
    same = [done["run"], done["seed"], done["words"], done["state"]]
    return done if same == [run, seed, list(words), state(ROOT)] else None


def main(argv: Sequence[str]) -> int:
    """Read the command line; return 0 if all tests passed in all runs."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--fast", action="store_true", help="no website, notebooks or slow tests")
    parser.add_argument("--only", type=int, help="the number of one run to have again")
    parser.add_argument("--compare", action="store_true", help="run nothing, only compare")
    parser.add_argument("words", nargs="*", help="arguments of pytest")
    asked = parser.parse_args(argv)
    words = [*(FAST if asked.fast else FULL), *asked.words]
    STORE.mkdir(parents=True, exist_ok=True)
    numbers = [asked.only] if asked.only else range(1, asked.runs + 1)
    runs = []
    for run in numbers:
        done = kept(run, asked.seed, words, STORE)
        if not done and asked.compare:
            raise SystemExit(f"run {run} of this state is not in {STORE}: --only {run} makes it")
        runs.append(done or carry_out(run, asked.seed, words, STORE))
        print(f"run {run}: {runs[-1]['closing']}", flush=True)
    text, good = report(runs)
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
