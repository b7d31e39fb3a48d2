"""Commands for whoever maintains the course or a fork of it; `course.py` calls them.

python tools/maintain.py lock              solve requirements.lock.txt anew
python tools/maintain.py rename-repo URL   write a fork's address wherever the repository's stands
python tools/maintain.py bench [--quick]   compare all methods and their peers (tools/bench.py)
python tools/maintain.py release [--all]   pack the built website into zips (tools/release.py)
python tools/maintain.py formats [--epub]  bind the website as EPUB and PDF (tools/formats.py)
python tools/maintain.py colab [options]   run every notebook as in Colab (tools/colab_like.py)
python tools/maintain.py kit [--only NN]   slides and answers (tools/slides.py, tools/answers.py)
python tools/maintain.py kit --plan NAME   slides of a workshop alone (book/teach/plans)

The standard library only: no command needs the course to be installed.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = "requirements.lock.txt"
GITHUB = r"https://github\.com/([\w-]+)/([\w.-]+?)(?:\.git)?/?"
NOT_OURS = {".git", ".venv", ".venv-bench", ".venv-colab", "_build", "node_modules"}


def repository_files(root: Path) -> list[Path]:
    """List the files that git tracks; in a copy without git, all that are not made by a command."""
    names = ""
    if shutil.which("git") and (root / ".git").exists():
        git = [
            "git",
            "-C",
            str(root),
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ]
        names = subprocess.run(git, stdout=subprocess.PIPE, check=False).stdout.decode("utf-8")
    paths = [root / name for name in names.split("\0") if name] or sorted(root.rglob("*"))
    ours = [path for path in paths if not NOT_OURS & set(path.relative_to(root).parts)]
    return [path for path in ours if path.is_file() and not path.is_symlink()]


def text_files(root: Path) -> Iterator[tuple[Path, str]]:
    """Give every text file of the repository with its text, line endings as they are."""
    for path in repository_files(root):
        try:
            yield path, path.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue  # a picture, or data


def owner_and_name(root: Path) -> tuple[str, str]:
    """Read the repository's address where it is declared: in pyproject.toml."""
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    declared = re.search(f'^Repository = "{GITHUB}"$', project, re.MULTILINE)
    if declared is None:
        raise SystemExit(
            "pyproject.toml: no line 'Repository = \"https://github.com/OWNER/NAME\"' in "
            "[project.urls]; put it back, every other copy of the address follows it"
        )
    return declared[1], declared[2]


def forms(owner: str, name: str) -> tuple[str, str]:
    """Give the two forms in which an address occurs: on GitHub (and Colab), and on Pages."""
    return f"{owner}/{name}", f"{owner.lower()}.github.io/{name}"


def rename_repo(root: Path, url: str) -> list[Path]:
    """Write a fork's address wherever the repository's own stands; return the files changed."""
    given = re.fullmatch(GITHUB, url)
    if given is None:
        print(f"{url} is not https://github.com/OWNER/NAME; Colab opens no other", file=sys.stderr)
        raise SystemExit(2)
    new = dict(zip(forms(*owner_and_name(root)), forms(given[1], given[2])))
    # One pass over each text: a new name may contain the old one.
    old = re.compile(r"(?<![\w.-])(" + "|".join(map(re.escape, new)) + r")(?![\w-])")
    changed = []
    for path, text in text_files(root):
        renamed = old.sub(lambda match: new[match[1]], text)
        if renamed != text:
            path.write_bytes(renamed.encode("utf-8"))
            changed.append(path)
    return changed


def lock(root: Path) -> int:
    """Solve the lock for every supported system and Python; it names no registry and no path."""
    with tempfile.TemporaryDirectory() as folder:
        print("getting uv ...", flush=True)
        venv.create(folder, with_pip=True)
        python = Path(folder, "Scripts/python.exe" if os.name == "nt" else "bin/python")
        if subprocess.call([python, "-m", "pip", "install", "--quiet", "uv>=0.5"]):
            raise SystemExit("uv could not be installed; is there a network?")
        print("solving for every supported system and Python ...", flush=True)
        # Not the extra `peers`: it has an environment of its own (tools/bench.py).
        solve = [python, "-m", "uv", "pip", "compile", "pyproject.toml", "--extra", "dev"]
        solve += ["--universal", "--python-version", "3.10", "--generate-hashes", "--upgrade"]
        told = {**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "python course.py lock"}
        return subprocess.call([*solve, "--quiet", "--output-file", LOCK], cwd=root, env=told)


def with_course(name: str, options: Sequence[str]) -> int:
    """Run a tool with the course's own Python, which has what builds wheels, books and slides."""
    python = ROOT / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    python = python if python.exists() else Path(sys.executable)
    return subprocess.call([python, ROOT / "tools" / f"{name}.py", *options])


def main(argv: list[str]) -> int:
    """Carry out one command; return its exit code."""
    match argv:
        case ["bench", *options]:
            return subprocess.call([sys.executable, ROOT / "tools" / "bench.py", *options])
        case ["colab", *options]:
            return subprocess.call([sys.executable, ROOT / "tools" / "colab_like.py", *options])
        case ["release" | "formats" as name, *options]:
            return with_course(name, options)
        case ["kit", *options]:
            # The answers are those of whole chapters, and a plan changes none.
            alone = any(option.startswith("--plan") for option in options)
            return with_course("slides", options) or (
                0 if alone else with_course("answers", options)
            )
        case ["lock"]:
            return lock(ROOT)
        case ["rename-repo", url]:
            changed = rename_repo(ROOT, url)
            for path in changed:
                print(f"changed  {path.relative_to(ROOT).as_posix()}")
            print(f"{len(changed)} files changed" if changed else "nothing to change")
            return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
