"""Make .venv-bench from the lock, add the peers, and run the bench; `course.py bench` calls this.

python tools/bench.py [--quick] [options of recsys_tutorial.bench]

The peers have an environment of their own, so that none of them can change what the course runs
on.  Each is installed by itself: one that has no wheel here, or does not build, costs its own row
of the table and nothing else.
"""

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent


def load_course(root: Path) -> ModuleType:
    """Take `course.py` as a module, its environment being .venv-bench."""
    spec = importlib.util.spec_from_file_location("course", root / "course.py")
    course = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(course)
    python = course.PYTHON.relative_to(course.VENV)
    course.VENV = root / ".venv-bench"
    course.STAMP, course.PYTHON = course.VENV / course.STAMP.name, course.VENV / python
    return course


def peers(root: Path) -> list[str]:
    """Requirements of the extra `peers`; Python 3.10 cannot read TOML by itself."""
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    block = re.search(r"^peers = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
    if block is None:
        raise SystemExit("pyproject.toml: there is no extra 'peers'; put it back")
    return re.findall(r'^ *"([^"]+)"', block[1], re.MULTILINE)


def install_peers(course: ModuleType, wanted: list[str]) -> list[str]:
    """Install what is not there yet, one by one; return what could not be installed."""
    mark = course.VENV / "peers.txt"
    # The stamp changes with the lock, and with it everything may have to be looked at again.
    stamp = course.STAMP.read_text(encoding="utf-8") if course.STAMP.exists() else ""
    kept = mark.read_text(encoding="utf-8").split("\n") if mark.exists() else []
    done = kept[1:] if kept[:1] == [stamp] else []
    failed = []
    for one in wanted:
        if one in done:
            continue
        print(f"      peer: {one}", flush=True)
        uv = [course.PYTHON, "-m", "uv", "pip", "install", "--python", course.PYTHON, one]
        pip = [course.PYTHON, "-m", "pip", "install", "--disable-pip-version-check", one]
        if course.run(*uv, keep=True)[0] and course.run(*pip, keep=True)[0]:
            print(f"      {one}: not installed, the reason is above; its rows will say so")
            failed.append(one)
        else:
            done.append(one)
        mark.write_text("\n".join([stamp, *done]), encoding="utf-8")
    return failed


def main(options: list[str]) -> int:
    """Set up, then run the bench; return its exit code."""
    course = load_course(ROOT)
    course.setup(0)
    install_peers(course, peers(ROOT))
    return int(course.run(course.PYTHON, "-m", "recsys_tutorial.bench", *options)[0])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
