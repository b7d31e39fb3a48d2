"""Build the website beside the one that is there, then put it in its place: old or new, never half.

python tools/build_site.py [--settle] [an option of jupyter-book ...]

`python course.py book` calls it with the Python of .venv; `serve` lets it `--settle`, with any
Python: no syntax here is newer than 3.7, and no import is foreign before a build.

Sphinx builds in _build/work and remembers there what it did.  The file `finished` is written there
when a build ends without a warning; without it the next build throws the folder away, so that no
half-written page and no half-remembered one outlives a kill.  A copy of the finished website takes
the place of _build/html (tools/whole.py).  _build/lock keeps two builds apart.

Executed notebooks lie in _build/.jupyter_cache, which book/_ext/course_cache.py heals: a kill costs
the notebook that was running.  Kernels see that their parent is gone and end by themselves.
"""

import contextlib
import os
import shutil
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

from whole import renewed, settle  # noqa: E402

BUILD = ROOT / "_build"
# jupyter-book appends _build to the folder that it is given.
WORK, PAGES, SITE = BUILD / "work", BUILD / "work" / "_build" / "html", BUILD / "html"
FINISHED = WORK / "finished"
BUSY = "another program builds or binds the website in this folder; wait until it has ended"


@contextlib.contextmanager
def alone(folder=BUILD, seconds=5.0):
    """Let one process at a time work here; the system frees the lock however that one ends."""
    folder.mkdir(parents=True, exist_ok=True)
    with open(str(folder / "lock"), "a+") as file:
        end = time.time() + seconds
        while not _locked(file):
            if time.time() >= end:
                raise SystemExit(BUSY)
            time.sleep(0.1)
        yield


def _locked(file):
    """Try to lock an open file; tell whether that went well."""
    try:
        if os.name == "nt":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def end_with(parent):
    """End this process when its parent is gone, or the next build would meet it."""
    while os.getppid() == parent:  # on Windows for ever: there the lock alone keeps two apart
        time.sleep(0.2)
    os._exit(1)


def build(extra):
    """Let jupyter-book build in `WORK`; give its exit code."""
    if not FINISHED.is_file() and WORK.is_dir():
        print("the last build did not end well: all pages are written anew", flush=True)
        shutil.rmtree(str(WORK))
    WORK.mkdir(parents=True, exist_ok=True)
    if FINISHED.is_file():
        FINISHED.unlink()
    from jupyter_book.cli.main import main as jupyter_book

    words = ["build", ".", "--path-output", str(WORK.relative_to(ROOT)), "-W", "-n", "--keep-going"]
    words += ["--config", "book/_config.yml", "--toc", "book/_toc.yml"]
    try:
        jupyter_book(words + extra, prog_name="jupyter-book")
    except SystemExit as end:
        if end.code:
            print(f"what was built is in {PAGES}, the website is as it was", flush=True)
            return end.code
    FINISHED.touch()
    return 0


def main(argv):
    """Read the command line; return the exit code."""
    os.chdir(str(ROOT))
    if argv == ["--settle"]:
        # Whoever holds the lock settles.
        with contextlib.suppress(SystemExit), alone(seconds=0.0):
            settle(SITE)
        return 0
    # No module beside this file may be taken for one that Sphinx imports.
    sys.path[:] = [path for path in sys.path if Path(path or ".").resolve() != ROOT / "tools"]
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    with alone():
        settle(SITE)
        code = build(argv)
        if code == 0 and (PAGES / "index.html").is_file():
            with renewed(SITE) as part:
                shutil.copytree(str(PAGES), str(part))
    return code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        sys.exit(f"{error}. In use by another program, not yours, or is the disk full?")
