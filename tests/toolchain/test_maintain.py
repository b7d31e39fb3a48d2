"""`python course.py rename-repo URL`, and the check that one address stands everywhere."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def load_maintain():
    """Import `tools/maintain.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("maintain", ROOT / "tools" / "maintain.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


maintain = load_maintain()
OWNER, NAME = maintain.owner_and_name(ROOT)
URL = f"https://github.com/{OWNER}/{NAME}"
# Addresses of others are put together here, or they would be found, and renamed, in this file.
HOST, COLAB, OTHER = "github.com", "colab.research.google" + ".com", "some" + "body/their-course"
FORK = f"https://{HOST}/{OTHER}"


@pytest.fixture
def copy(tmp_path):
    """A copy of the repository's files, without git."""
    folder = tmp_path / "copy"
    for path in maintain.repository_files(ROOT):
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder


def contents(folder):
    """Name and bytes of every file below a folder."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


# One address everywhere ---------------------------------------------------------------------

PART = r"([\w.-]+?)"
# Links of these forms can only mean this repository ...
OURS = [
    rf"colab\.research\.google\.com/github/{PART}/{PART}/blob/",
    rf"mybinder\.org/v2/gh/{PART}/{PART}[/?]",
    rf"git\+https://github\.com/{PART}/{PART}(?=[@\s\"'\\)]|\.git|$)",
    rf"github\.com/{PART}/{PART}/actions/workflows/",
    rf"git clone https://github\.com/{PART}/{PART}(?=\s|\.git|$)",
]
# ... and these do if either half is ours; others may be links to other projects.
PERHAPS_OURS = [
    rf"github\.com/{PART}/{PART}(?=[^\w.-]|\.git|\.?$)",
    rf"\b([\w-]+)\.github\.io/{PART}(?=[^\w.-]|\.?$)",
]


def wrong_addresses(text, owner=OWNER, name=NAME):
    """Addresses in a text that mean this repository but do not say so rightly."""
    wrong = []
    for pattern in OURS + PERHAPS_OURS:
        for match in re.finditer(pattern, text, re.MULTILINE):
            same_owner = match[1].lower() == owner.lower()
            halves = (same_owner, match[2] == name)
            if not all(halves) and (pattern in OURS or any(halves)):
                wrong.append(match[0])
    return wrong


@pytest.mark.slow
def test_every_copy_of_the_address_is_the_one_in_pyproject():
    texts = {path.relative_to(ROOT).as_posix(): text for path, text in maintain.text_files(ROOT)}
    wrong = {name: wrong_addresses(text) for name, text in texts.items() if wrong_addresses(text)}
    assert wrong == {}
    assert f"url: {URL}\n" in texts["book/_config.yml"]
    assert f'repository-code: "{URL}"' in texts["CITATION.cff"]


def missing_addresses(folder):
    """Chapters and solutions whose setup cell, and chapters whose badge in README, is missing."""
    readme = (folder / "README.md").read_text(encoding="utf-8")
    missing = []
    for path in sorted((folder / "notebooks").rglob("*.ipynb")):
        name = path.relative_to(folder).as_posix()
        if f"git+{URL}" not in path.read_text(encoding="utf-8"):
            missing.append(f"{name}: setup cell")
        badge = f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/main/{name}"
        if "solutions" not in path.parts and badge not in readme:
            missing.append(f"{name}: badge in README.md")
    return missing


def test_every_notebook_has_its_setup_cell_and_badge():
    assert list((ROOT / "notebooks").rglob("*.ipynb")), "no notebooks found"
    assert missing_addresses(ROOT) == []


def test_the_check_sees_missing_addresses(tmp_path):
    (tmp_path / "notebooks" / "solutions").mkdir(parents=True)
    (tmp_path / "README.md").touch()
    (tmp_path / "notebooks" / "01_x.ipynb").write_text(f"pip install git+{URL}")
    (tmp_path / "notebooks" / "solutions" / "01_x_solutions.ipynb").touch()
    assert missing_addresses(tmp_path) == [
        "notebooks/01_x.ipynb: badge in README.md",
        "notebooks/solutions/01_x_solutions.ipynb: setup cell",
    ]


PLANTED = [
    f"[Colab](https://{COLAB}/github/{OTHER}/blob/main/notebooks/x.ipynb)",
    f"%pip install -q git+{FORK}",
    f'%pip install -q \\"pkg @ git+{FORK}.git\\"',
    f"{FORK}/actions/workflows/ci.yml/badge.svg",
    f"git clone {FORK}.git course",
    f"url: https://{HOST}/some/{NAME}",
    f"see https://{HOST}/{OWNER}/old-name.",
    f"<https://some.github.io/{NAME}>",
]


@pytest.mark.parametrize("text", PLANTED)
def test_the_check_sees_a_wrong_copy(text):
    assert wrong_addresses(text)


@pytest.mark.parametrize(
    "text", [URL, f"{URL}.git", f"see {URL}.", f"https://{HOST}/tensorflow/recommenders"]
)
def test_the_check_lets_right_and_foreign_addresses_pass(text):
    assert wrong_addresses(text) == []


# rename-repo --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("new", [OTHER.split("/"), (OWNER, f"{NAME}-2"), (f"{OWNER}-x", NAME)])
def test_rename_rewrites_every_copy_and_a_second_run_nothing(copy, new):
    """Also a name that contains the old one must not be rewritten twice."""
    before = contents(copy)
    changed = maintain.rename_repo(copy, "https://github.com/{}/{}".format(*new))
    after = contents(copy)
    names = {path.relative_to(copy).as_posix() for path in changed}
    assert {"pyproject.toml", "README.md", "CITATION.cff", "book/_config.yml"} <= names
    assert {name for name in before if name.endswith(".ipynb")} <= names
    assert names == {name for name in before if before[name] != after[name]}
    assert maintain.owner_and_name(copy) == tuple(new)
    for path, text in maintain.text_files(copy):
        assert wrong_addresses(text, *new) == [], path
    assert maintain.rename_repo(copy, "https://github.com/{}/{}".format(*new)) == []
    assert contents(copy) == after


def test_rename_there_and_back_leaves_no_trace(copy):
    before = contents(copy)
    maintain.rename_repo(copy, FORK)
    maintain.rename_repo(copy, URL)
    assert contents(copy) == before


def test_rename_keeps_line_endings_and_leaves_other_names_alone(copy):
    lines = f"see {URL}\r\nand {URL}-data, x{OWNER}/{NAME}\r\n"
    (copy / "note.txt").write_bytes(lines.encode())
    (copy / "picture.bin").write_bytes(b"\xff\xfe" + URL.encode())
    maintain.rename_repo(copy, f"{FORK}.git")
    told = (copy / "note.txt").read_bytes().decode()
    assert told == lines.replace(f"{URL}\r", f"{FORK}\r")
    assert URL.encode() in (copy / "picture.bin").read_bytes()


@pytest.mark.parametrize(
    "url",
    [
        "teacher/fork",
        "http://github.com/teacher/fork",
        "https://gitlab.com/teacher/fork",
        "https://github.com/teacher",
        "https://github.com/teacher/fork/tree/main",
        "https://github.com/teacher/my fork",
    ],
)
def test_bad_address_is_refused(copy, url):
    before = contents(copy)
    for script in ("course.py", "tools/maintain.py"):
        command = [sys.executable, "-B", str(copy / script), "rename-repo", url]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 2 and "https://github.com/" in done.stderr
        assert "Traceback" not in done.stderr
    assert contents(copy) == before


def test_rename_through_course_py_prints_the_files(copy):
    command = [sys.executable, "-B", str(copy / "course.py"), "rename-repo"]
    command += [FORK]
    first, second = (subprocess.run(command, capture_output=True, text=True) for _ in range(2))
    assert first.returncode == second.returncode == 0
    assert "README.md" in first.stdout and "book/_config.yml" in first.stdout
    assert "nothing to change" in second.stdout


def test_git_decides_what_belongs_to_the_repository(copy):
    """Files that git ignores, a reader's report for one, are not touched."""
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "--quiet", str(copy)], check=True)
    (copy / "report").mkdir()
    (copy / "report" / "mine.txt").write_text(URL)
    names = {path.relative_to(copy).as_posix() for path in maintain.repository_files(copy)}
    assert "pyproject.toml" in names and "report/mine.txt" not in names


def test_project_without_address_says_so(copy):
    project = copy / "pyproject.toml"
    project.write_text(project.read_text(encoding="utf-8").replace("Repository = ", "Home = "))
    with pytest.raises(SystemExit, match="Repository"):
        maintain.rename_repo(copy, FORK)
