"""Does the course work with old, new and Colab's packages, on every Python?  One environment each.

python tools/version_sets.py [--only SET ...] [--python 3.12 ...] [--full] [--again]

Sets: `oldest`, the lower bounds of pyproject.toml, as far as there are wheels for the Python;
`colab`, Colab's versions (.github/colab-constraints.txt); `lock`, the lock; `newest`, what is
published today.  Each lives in _build/versions/SET-PYTHON: its environment (about 3 GB), the
versions that were asked for, a log of each step, and result.json.

For each: make the environment, measure the results (tools/bands.py), run the tests, all but the
slow ones; `--full` runs these too, and every notebook.  Those of the website, which is built with
the lock alone, stay out.  A finished set is not done again, a stopped one goes on with the step
where it was, and `--again` starts anew.  What cannot be installed is a line of the table with its
reason.  The exit code is 1 if a line is red.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from colab_like import find_python  # noqa: E402

FOLDER = ROOT / "_build" / "versions"
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
COLAB, LOCK = ROOT / ".github" / "colab-constraints.txt", ROOT / "requirements.lock.txt"
# Which Pythons a set is for, if nobody says otherwise: old packages have no wheels for a new
# Python, and Colab has one Python.
SETS = {"oldest": ("3.10",), "colab": ("3.13",), "lock": PYTHONS, "newest": ("3.10", "3.13")}
# Compiled ones: a lower bound that would have to be built here counts as not published.  (Not
# ":all:", because Spark comes as source only.)
COMPILED = (
    *("numpy", "scipy", "pandas", "scikit-learn", "matplotlib", "psutil", "tensorflow", "mypy"),
    *("ruff", "greenlet", "pyzmq", "h5py", "grpcio", "contourpy", "kiwisolver", "pillow"),
)
# Left behind by this process, these would lead to another Python, take figures out of notebooks, or
# make every process compile TensorFlow anew.
LEAKS = ("MPLBACKEND", "PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
LEAKS += ("PYTHONDONTWRITEBYTECODE",)
NEEDED_GB, NEWEST_DAYS = 6, 7
STEP_SECONDS = {"install": 3600, "bands": 1800, "tests": 3 * 3600}
Run = Callable[..., int]


@dataclasses.dataclass
class Result:
    """One line of the table: what became of a set on a Python."""

    set: str
    python: str
    full: bool = False
    stamp: str = ""
    packages: int = 0
    bands: str = ""
    tests: str = ""
    problem: str = ""
    seconds: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.set}-{self.python}"

    @property
    def green(self) -> bool:
        """Whether everything is well."""
        return not self.problem and bool(self.bands and self.tests)


# Steps -------------------------------------------------------------------------------------


def run(command: Sequence[object], log: Path, seconds: float, **more: str) -> int:
    """Run a program in the course's folder, its words in a log; give its exit code, 124 if late."""
    env = {name: value for name, value in os.environ.items() if name not in LEAKS}
    env.update(PYTHONUTF8="1", TF_CPP_MIN_LOG_LEVEL="2", **more)
    words = [str(part) for part in command]
    with log.open("a", encoding="utf-8") as said:
        said.write(f"$ {' '.join(words)}\n")
        said.flush()
        # A session of its own: what is late is ended with all that it started.
        with subprocess.Popen(
            words, cwd=ROOT, env=env, stdout=said, stderr=subprocess.STDOUT, start_new_session=True
        ) as process:
            try:
                return process.wait(timeout=seconds)
            except BaseException as stop:
                end(process)
                if not isinstance(stop, subprocess.TimeoutExpired):
                    raise
                said.write(f"\nended: more than {seconds:.0f} s\n")
                return 124


def end(process: subprocess.Popen) -> None:
    """End a program that leads a session, and what it has started."""
    if os.name == "nt":
        process.kill()
    else:
        os.killpg(process.pid, 9)
    process.wait()


def last_words(log: Path) -> str:
    """Find the line of a log that says what was wrong: the first error, or else the last line."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    lines = [line.strip(" │╰─▶×") for line in text.splitlines()]
    lines = [line for line in lines if line and not line.startswith("$ ")]
    # uv tells the reason after "Because"; a program of Python in its last line.
    reason = [line for word in ("Because ", "error:") for line in lines if word in line]
    return (reason or lines[-1:] or ["nothing was said"])[0][:300]


def python_of(venv: Path) -> Path:
    """Give the Python of an environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def solving(name: str, python: str) -> list[object]:
    """What is asked of uv to list the packages of a set; empty for the lock, which is a list."""
    solve = ["pip", "compile", "pyproject.toml", "--extra", "dev", "--quiet", "--no-annotate"]
    solve += ["--python-version", python]
    if name == "oldest":
        only = [word for package in COMPILED for word in ("--only-binary", package)]
        return [*solve, "--resolution", "lowest-direct", *only]
    if name == "colab":
        return [*solve, "--constraint", COLAB]
    return [*solve, "--upgrade"] if name == "newest" else []


def uv() -> list[object]:
    """How uv is started: as a module of this Python, or as a program."""
    found = subprocess.run([sys.executable, "-m", "uv", "--version"], capture_output=True)
    if found.returncode == 0:
        return [sys.executable, "-m", "uv"]
    if program := shutil.which("uv"):
        return [program]
    raise SystemExit("uv is not here: pip install 'uv>=0.5', or use the Python of .venv")


def install(row: Result, folder: Path, base: Path, uv: list[object], run: Run) -> str:
    """Make the environment of a set; give the reason if that cannot be."""
    log, listed = folder / "install.log", folder / "requirements.txt"
    venv = folder / "venv"
    python, limit = python_of(venv), STEP_SECONDS["install"]
    steps: list[list[object]] = []
    if row.set == "lock":
        shutil.copy(LOCK, listed)
    else:
        listed.unlink(missing_ok=True)
        steps += [[*uv, *solving(row.set, row.python), "--python", base, "-o", listed]]
    hashes = ["--no-deps", "--require-hashes"] if row.set == "lock" else []
    steps += [
        # `python -m venv`, not uv's: it takes the interpreter as it is and looks for no other.
        [base, "-m", "venv", "--clear", venv],
        [*uv, "pip", "install", "--quiet", "--python", python, *hashes, "-r", listed],
        # As `course.py setup` does: the tools make environments, too.
        [*uv, "pip", "install", "--quiet", "--python", python, "uv>=0.5"],
        [*uv, "pip", "install", "--quiet", "--python", python, "--no-deps"],
    ]
    steps[-1] += ["--no-build-isolation", "-e", ROOT]
    for step in steps:
        if code := run(step, log, limit):
            late = f"more than {limit} s: " if code == 124 else ""
            return f"not installed: {late}{last_words(log)}"
    return ""


def pins(listed: Path) -> int:
    """Count the packages of a list."""
    text = listed.read_text(encoding="utf-8") if listed.exists() else ""
    return len(re.findall(r"^[A-Za-z0-9][\w.-]*==", text, re.MULTILINE))


def measured(folder: Path, code: int) -> tuple[str, str]:
    """Say in a few words what tools/bands.py found, and what is wrong, if anything is."""
    try:
        rows = json.loads((folder / "bands.json").read_text(encoding="utf-8"))["rows"]
    except (OSError, ValueError, KeyError):
        return "", f"bands: {last_words(folder / 'bands.log')}"
    wrong = [f"{row['name']} {row['problem']}" for row in rows if row["problem"]]
    said = f"{len(rows) - len(wrong)} of {len(rows)} inside"
    if code and not wrong:
        return said, f"bands: exit code {code}"
    return said, f"bands: {'; '.join(wrong)[:300]}" if wrong else ""


def measure(row: Result, folder: Path, run: Run) -> str:
    """Measure the results with the set; give what is wrong."""
    (folder / "bands.json").unlink(missing_ok=True)
    command = [python_of(folder / "venv"), "tools/bands.py", "--json", folder / "bands.json"]
    code = run(command, folder / "bands.log", STEP_SECONDS["bands"])
    row.bands, problem = measured(folder, code)
    return problem


def closing_line(log: Path) -> str:
    """The line with which pytest closes; empty if it did not get so far."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    last = r"^=* ?((?:\d+ [a-z]+(?:, )?)+ in [\d.]+s(?: \([\d:]+\))?) ?=*$"
    found = re.findall(last, text, re.MULTILINE)
    return found[-1] if found else ""


def test(row: Result, folder: Path, run: Run) -> str:
    """Run the tests with the set; give what is wrong."""
    log = folder / "tests.log"
    log.unlink(missing_ok=True)
    python = python_of(folder / "venv")
    command = [python, *"-m pytest -q -n2 --dist=worksteal -p no:cacheprovider".split()]
    command += ["--doctest-modules", "tests", "recsys_tutorial"]
    if row.full:
        command += ["notebooks", "--nbmake", "--nbmake-timeout=300", "-m", "not site"]
    else:
        command += ["-m", "not slow and not site"]
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    code = run(command, log, STEP_SECONDS["tests"], PATH=path)
    row.tests = closing_line(log)
    if not code and row.tests:
        return ""
    if code == 124:
        return f"tests: more than {STEP_SECONDS['tests']} s"
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    failed = re.findall(r"^(?:FAILED|ERROR) (\S+)", text, re.MULTILINE)
    return f"tests: {', '.join(failed)[:300] or last_words(log)}"


# Sets --------------------------------------------------------------------------------------


def stamp(name: str, full: bool) -> str:
    """What a result depends on, as far as it is known beforehand: the course, and what is asked."""
    whole = hashlib.sha256(f"{name} {full}".encode())
    folders = ("recsys_tutorial", "notebooks", "tests", "tools")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.*"))]
    for path in [ROOT / "pyproject.toml", COLAB, LOCK, *paths]:
        if path.suffix in (".py", ".ipynb", ".toml", ".txt", ".json", ".j2"):
            if path.is_file() and "__pycache__" not in path.parts:
                whole.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()[:16]


def save(row: Result, folder: Path) -> None:
    """Write a result, so that it is whole at any moment."""
    text = json.dumps(dataclasses.asdict(row) | {"green": row.green}, indent=1)
    new = folder / "result.json.new"
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(folder / "result.json")


def load(folder: Path) -> Result | None:
    """Read a result; None if there is none, or half of one."""
    try:
        fields = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        fields.pop("green")
        return Result(**fields)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def installed(folder: Path, asked: str) -> bool:
    """Whether the environment is finished, that of these bounds, and not stale."""
    mark = folder / "installed.txt"
    if not mark.exists() or mark.read_text(encoding="utf-8") != asked:
        return False
    # What is newest today is not what was newest last week.
    fresh = time.time() - mark.stat().st_mtime < NEWEST_DAYS * 86_400
    return fresh or not folder.name.startswith("newest")


def bounds(row: Result) -> str:
    """What an environment depends on."""
    source = {"colab": COLAB, "lock": LOCK}.get(row.set)
    parts = [(ROOT / "pyproject.toml").read_bytes(), source.read_bytes() if source else b""]
    return hashlib.sha256(b"\0".join([row.name.encode(), *parts])).hexdigest()


def carry_out(row: Result, uv: list[object], *, again: bool = False, run: Run = run) -> Result:
    """Do what is left to do for one set, and save it after each step."""
    folder = FOLDER / row.name
    row.stamp = stamp(row.name, row.full)
    if again:
        shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    before, ready = load(folder), installed(folder, bounds(row))
    if before and ready and before.stamp == row.stamp:
        if before.tests:
            return before
        if "bands:" not in before.problem:
            row = dataclasses.replace(before, problem="")
    steps: dict[str, Callable[[], str]] = {}
    if not ready:
        try:
            base = find_python(row.python)
        except SystemExit:
            row.problem = f"this computer has no Python {row.python}"
            save(row, folder)
            return row
        (folder / "installed.txt").unlink(missing_ok=True)
        steps["install"] = functools.partial(install, row, folder, base, uv, run)
    if not row.bands:
        steps["bands"] = functools.partial(measure, row, folder, run)
    steps["tests"] = functools.partial(test, row, folder, run)
    for name, step in steps.items():
        print(f"{row.name}: {name} ...", flush=True)
        began = time.perf_counter()
        problem = step()
        row.seconds[name] = round(time.perf_counter() - began, 1)
        row.problem = "; ".join(filter(None, [row.problem, problem]))
        row.packages = pins(folder / "requirements.txt")
        if name == "install":
            if problem:
                break
            (folder / "installed.txt").write_text(bounds(row), encoding="utf-8")
        save(row, folder)
    save(row, folder)
    return row


def table(rows: Iterable[Result]) -> list[str]:
    """Write results as a table of Markdown."""
    lines = [
        "| set | Python | packages | results | tests | problem |",
        "|---|---|---:|---|---|---|",
    ]
    for row in rows:
        about = row.problem.replace("|", "/").replace("\n", " ") or "none"
        cells = [row.set, row.python, str(row.packages), row.bands or "-", row.tests or "-", about]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def chosen(only: Iterable[str], pythons: Iterable[str], full: bool) -> list[Result]:
    """The sets to try, with the Pythons that are asked for or fit."""
    names, asked = list(only) or list(SETS), list(pythons)
    return [Result(name, python, full) for name in names for python in asked or SETS[name]]


def main(argv: Sequence[str]) -> int:
    """Read the options, try the sets one after the other, print the table."""
    parser = argparse.ArgumentParser(prog="python tools/version_sets.py", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], choices=SETS, metavar="SET")
    parser.add_argument("--python", nargs="+", default=[], choices=PYTHONS, metavar="3.X")
    parser.add_argument("--full", action="store_true", help="the slow tests and all notebooks, too")
    parser.add_argument("--again", action="store_true", help="make the environments anew")
    options = parser.parse_args(list(argv))
    how, rows = uv(), []
    for row in chosen(options.only, options.python, options.full):
        ready = installed(FOLDER / row.name, bounds(row))
        free = shutil.disk_usage(ROOT).free / 1e9
        if not ready and free < NEEDED_GB:
            row.problem = f"only {free:.1f} GB free, {NEEDED_GB} are needed for an environment"
        else:
            row = carry_out(row, how, again=options.again)
        rows.append(row)
        print(table([row])[-1], flush=True)
    lines = ["# The course with different packages", "", *table(rows)]
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "report.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[2:]))
    print(f"{sum(row.green for row in rows)} of {len(rows)} sets are green")
    return int(not all(row.green for row in rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
