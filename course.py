#!/usr/bin/env python3
"""Build, test and serve the course on a computer that has nothing but Python 3.10 to 3.13.

usage: python course.py COMMAND [option] [-- options of the program that it starts]
  book             build the website: makes .venv, runs every notebook, warnings are errors
  test             build the book, then run every test (--fast: no book, notebooks or browser)
  setup            make or mend .venv only (--latest: the newest releases instead of the lock)
  lab              open the notebooks in JupyterLab
  formats          bind the built website as a book: EPUB and PDF (-- --epub: the EPUB alone)
  kit              make what a teacher needs: slides and the answer book (-- --only 03)
  serve            show the built website on this computer alone (--port 8000)
  bench            compare all methods and their peers in .venv-bench (--quick: minutes, not hours)
  colab            run every notebook with Colab's versions in .venv-colab (-- --only 03: some)
  lint             check style, formatting and types (--fix: mend what can be mended)
  release          pack the website for a stick and a classroom: _build/release (--all: all systems)
  lock             solve requirements.lock.txt anew from pyproject.toml
  rename-repo URL  put https://github.com/YOU/YOUR-FORK wherever this repository's URL is
  clean            remove what was built (--all: every .venv too)
  help             print this text
"""

# Standard library and Python 3.6 syntax only: an old Python must show our message, not a traceback.
import functools
import hashlib
import http.server
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV, SITE, LOCK = ROOT / ".venv", ROOT / "_build/html", ROOT / "requirements.lock.txt"
STAMP, BUILDER = VENV / "course-stamp.txt", ROOT / "tools/build_site.py"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
USAGE = (
    r"(--)?help|-h|book|lab|lock|test( --fast)?|setup( --latest)?|serve( --port \d+)?|lint( --fix)?"
    r"|colab|formats|kit|bench( --quick)?|(clean|release)( --all)?"
    r"|rename-repo https://github\.com(/[\w.-]+){2}"
)
BUILT = "_build dist .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache".split()
NEEDED_GB, STEP = 6, {"now": 0, "all": 0}  # 3 GB of packages, and as much in the installer's cache
NO_NETWORK = (
    "dns error|name resolution|getaddrinfo|error sending request|onnection (refused|reset)"
    "|NewConnectionError|Max retries|timed out|etwork is unreachable|Failed to fetch"
)


def run(*command, keep=False):
    """Run a program in the course's folder; return its exit code and, if kept, its last words."""
    # They hide figures, make each process compile TensorFlow (6 s), or lead to another Python.
    leaks = "MPLBACKEND|PYTHON(DONTWRITEBYTECODE|HOME|PATH)|VIRTUAL_ENV|__PYVENV_LAUNCHER__"
    env = {key: value for key, value in os.environ.items() if not re.fullmatch(leaks, key)}
    env.update(PATH=f"{PYTHON.parent}{os.pathsep}{env.get('PATH', '')}", PIP_USER="0")
    env.update(PYTHONUTF8="1", PYTHONUNBUFFERED="1", TF_CPP_MIN_LOG_LEVEL="2")
    said, pipe = [], {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if keep else {}
    pipe.update(cwd=str(ROOT), env=env, universal_newlines=True, errors="replace")
    with subprocess.Popen([str(part) for part in command], **pipe) as process:
        for line in process.stdout or ():
            said.append(line)
            if not re.match(" [+-] |Ignoring ", line):  # some 200 packages
                print("     ", line.rstrip(), flush=True)
    return process.returncode, "".join(said[-80:])


def step(text, *commands):
    """Announce a step and run the first of its commands that works; the others are fallbacks."""
    STEP["now"], start = STEP["now"] + 1, time.time()
    print(f"[{STEP['now']}/{STEP['all']}] {text} ...", flush=True)
    for command in commands:
        code, said = run(*command, keep=True)
        if code == 0:
            return print(f"      {time.time() - start:.0f} s", flush=True)
        if command is not commands[-1]:
            print("      that failed, the reason is above: falling back on pip, which takes longer")
    if "No space left" in said or shutil.disk_usage(str(ROOT)).free < 5e8:
        raise SystemExit(f"{text}: the disk is full; free {NEEDED_GB} GB, then run this again")
    if "pip" in command and re.search(NO_NETWORK, said):
        mend = "connect (behind a proxy: set HTTPS_PROXY), then run this again"
        raise SystemExit(f"{text}: no network; {mend}. A finished .venv goes on working offline")
    raise SystemExit(f"{text}: failed, the reason is above")


def check_computer(new_venv):
    """Stop, naming the mend, if this computer cannot run the course or hold its .venv."""
    if not (3, 10) <= sys.version_info[:2] <= (3, 13):
        mend = "get one (python.org, your system, pyenv, conda) and type: python3.12 course.py ..."
        wrong = f"this is Python {platform.python_version()}, not 3.10, 3.11, 3.12 or 3.13"
        raise SystemExit(f"{wrong}; {mend}")
    if (sys.platform, platform.machine()) in (("darwin", "x86_64"), ("win32", "ARM64")):
        raise SystemExit("TensorFlow is not published for such a computer: use the course in Colab")
    if new_venv and not all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        raise SystemExit("this Python has no venv module. Debian, Ubuntu: apt install python3-venv")
    free = shutil.disk_usage(str(ROOT)).free / 1e9
    if new_venv and free < NEEDED_GB:
        raise SystemExit(f"only {free:.1f} GB free in {ROOT}: free some, {NEEDED_GB} GB are needed")


def setup(more, mode=None):
    """Make or mend .venv unless its stamp says that it is up to date; `more` steps will follow."""
    have = STAMP.read_text() if STAMP.exists() and PYTHON.exists() else ""
    mode = mode or have.split(" ")[0] or "locked"
    place = f"{ROOT} {platform.machine()} {sys.version_info[:2]}".encode()
    want = [mode, hashlib.sha256(place).hexdigest()]
    # Only a half-made, moved or foreign .venv is made anew: what works offline must go on doing so.
    new = have.split(" ")[1:2] != want[1:]
    check_computer(new)
    files = LOCK.read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    want = " ".join(want + [hashlib.sha256(files).hexdigest()])
    STEP.update(now=0, all=more if have == want else more + 3)
    if have == want:
        return print(f"{VENV.name} is up to date", flush=True)
    base = getattr(sys, "_base_executable", None) or sys.executable  # never .venv's own Python
    step(f"making {VENV.name}", [base, "-m", "venv", "--clear" if new else "--without-pip", VENV])
    pip = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check"]
    uv = [PYTHON, "-m", "uv", "pip", "install", "--python", PYTHON]
    # The lock names all there is to install, and leaves out what pip would add (pyproject.toml).
    packages = ["--no-deps", "--require-hashes", "-r", LOCK]
    packages = ["-U", "-e", f"{ROOT}[dev]"] if mode == "latest" else packages
    course = ["--no-deps", "--no-build-isolation", "-e", ROOT]
    STAMP.write_text("locked unfinished")
    try:
        run(*pip, "--quiet", "uv>=0.5", keep=True)  # without uv, the steps below fall back on pip
        step(f"installing the {mode} packages", uv + packages, pip + packages)
        step("installing the course itself", uv + course, pip + course)
    except SystemExit:
        STAMP.write_text(have)
        raise
    STAMP.write_text(want)


def book(extra):
    """Run the notebooks and build the website, warnings being errors."""
    step("running the notebooks and building the website", [PYTHON, BUILDER, *extra])
    print(f"      {(SITE / 'index.html').as_uri()}", flush=True)


def test(fast, extra):
    """Run tests, doctests and notebooks in one pytest, whose closing line is the last one."""
    command = "-m pytest -n2 --dist=worksteal --doctest-modules tests recsys_tutorial".split()
    full = "-n3 notebooks --nbmake --nbmake-timeout=300 --durations=40".split()  # browsers wait
    full += ["--cov"] * (not extra)
    return run(PYTHON, *command, *(["-m", "not slow and not site"] if fast else full), *extra)[0]


def serve(port):
    """Show the built website on this computer alone, until Ctrl-C."""
    run(sys.executable, BUILDER, "--settle")  # what a killed `book` left
    if not SITE.is_dir():
        raise SystemExit("there is no website yet; make it: python course.py book")
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=str(SITE))
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"http://127.0.0.1:{server.server_port} (Ctrl-C ends it)", flush=True)
        server.serve_forever()


def do(name, option, extra):
    """Carry out one command; return the exit code of its last step."""
    builds = name == "book" or (name == "test" and not option)
    if name in ("setup", "book", "test", "lab", "lint", "formats", "kit"):
        setup(int(builds), ("latest" if option else "locked") if name == "setup" else None)
    if builds:
        book(extra if name == "book" else [])
    if name in ("lab", "test"):
        return run(PYTHON, "-m", "jupyterlab", *extra)[0] if name == "lab" else test(option, extra)
    if name == "lint":
        jobs = (["ruff check .", *option], ["ruff format ." + " --check" * (not option)], ["mypy"])
        return max([abs(run(PYTHON, "-m", *" ".join(job).split())[0]) for job in jobs])
    if name in ("lock", "rename-repo", "bench", "release", "colab", "formats", "kit"):
        return run(sys.executable, ROOT / "tools" / "maintain.py", name, *option, *extra)[0]
    if name == "serve":
        serve(int(option[1]) if option else 8000)
    made = BUILT + [".venv", ".venv-bench", ".venv-colab"] * len(option) if name == "clean" else []
    for path in filter(Path.exists, [ROOT / part for part in made]):
        shutil.rmtree(str(path)) if path.is_dir() else path.unlink()
    return 0


def main(argv):
    """Read the command line; return 0 if all went well, 1 if a step failed, 2 for wrong usage."""
    own = (argv[: argv.index("--")] if "--" in argv else argv) or ["help"]
    known = re.fullmatch(USAGE, " ".join(own))
    if not known or own[0] in ("help", "--help", "-h"):
        print(__doc__, file=sys.stdout if known else sys.stderr)
        return 0 if known else 2
    try:
        return 1 if do(own[0], own[1:], argv[len(own) + 1 :]) else 0
    except KeyboardInterrupt:
        mend = "stopped by you; the same command takes the work up again"
    except OSError as error:
        mend = f"{error}. In use by another program, not yours, or a port taken?"
    raise SystemExit(mend)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
