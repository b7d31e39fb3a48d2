"""What the repository may hold: no outputs, nothing big, no address of one machine or registry."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_FILE, MAX_REPOSITORY = 4_000_000, 15_000_000


def repository_files(root=ROOT):
    """List the repository's files the way `tools/maintain.py` does."""
    spec = importlib.util.spec_from_file_location("maintain", ROOT / "tools" / "maintain.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.repository_files(root)


# Notebooks ----------------------------------------------------------------------------------


def stored_outputs(notebook):
    """Numbers of the code cells that were saved with outputs or an execution count."""
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    return [n for n, cell in enumerate(code) if cell["outputs"] or cell["execution_count"]]


def test_notebooks_store_no_outputs():
    paths = [path for path in repository_files() if path.suffix == ".ipynb"]
    assert paths, "no notebooks found"
    found = {path.name: stored_outputs(json.loads(path.read_bytes())) for path in paths}
    assert {name: cells for name, cells in found.items() if cells} == {}


@pytest.mark.parametrize("left", [{"outputs": [{"output_type": "stream"}]}, {"execution_count": 3}])
def test_the_check_sees_stored_outputs(left):
    clean = {"cell_type": "code", "outputs": [], "execution_count": None}
    cells = [{"cell_type": "markdown"}, clean, {**clean, **left}]
    assert stored_outputs({"cells": cells}) == [1]


# Size ---------------------------------------------------------------------------------------


def too_big(paths):
    """Names of the files over the limit, and a line for the whole if that is over its own."""
    sizes = {path.name: path.stat().st_size for path in paths}
    total = sum(path.stat().st_size for path in paths)
    wrong = [f"{name}: {size / 1e6:.1f} MB" for name, size in sizes.items() if size > MAX_FILE]
    return wrong + ([f"in all: {total / 1e6:.1f} MB"] if total > MAX_REPOSITORY else [])


def test_nothing_is_too_big():
    assert too_big(repository_files()) == []


def test_the_check_sees_what_is_too_big(tmp_path):
    for name, size in [("big", MAX_FILE + 1), *((f"{n}", MAX_FILE) for n in range(4))]:
        with open(tmp_path / name, "wb") as file:
            file.truncate(size)
    wrong = too_big(sorted(tmp_path.iterdir()))
    assert wrong == ["big: 4.0 MB", "in all: 20.0 MB"]


# Addresses of one machine, hosts of registries ----------------------------------------------

# Put together here, or this file would be the first to be found.
HOSTS = ["py" + r"pi\.org", "python" + r"hosted\.org", "npm" + r"js\.(com|org)", "file:" + "//"]
HOMES = [
    "/ro" + "ot/",
    "/ho" + r"me/\w+/",
    "/Us" + r"ers/\w+/",
    r"[A-Z]:\\+Us" + "ers",
    "/wo" + "rk/",
]
PLACE_BOUND = re.compile(rf"{'|'.join(HOSTS)}|(?<![\w.:/-])({'|'.join(HOMES)})")


def bound_to_a_place(text):
    """Parts of a text that name a registry's host or a path of one machine."""
    return [match[0] for match in PLACE_BOUND.finditer(text)]


# reveal.js asks whether a deck was opened from a file; its checksum stands beside it.
NOT_OURS = {ROOT / "tools" / "slides_assets" / "notes.js"}


def test_no_registry_host_and_no_path_of_one_machine():
    found = {}
    for path in set(repository_files()) - NOT_OURS:
        try:
            places = bound_to_a_place(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if places:
            found[path.relative_to(ROOT).as_posix()] = places
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "--index-url https://" + "py" + "pi.org/simple",
        "https://files.python" + "hosted.org/packages/x.whl",
        "registry.npm" + "js.org",
        "x @ file:" + "///somewhere/x.whl",
        "open('/ro" + "ot/data.csv')",
        "cd /ho" + "me/jo/course",
        '"/Us' + 'ers/jo/course"',
        "C:\\Us" + "ers\\jo",
    ],
)
def test_the_check_sees_hosts_and_paths(text):
    assert bound_to_a_place(text)


@pytest.mark.parametrize("text", ["https://x.org/home/user/", "../work/x", "https://python.org"])
def test_the_check_lets_other_addresses_pass(text):
    assert bound_to_a_place(text) == []


# What is shipped ----------------------------------------------------------------------------


def test_the_wheel_holds_the_data_and_the_package(tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for path in (ROOT / "data").rglob("*"):
        inside = f"recsys_tutorial/{path.relative_to(ROOT).as_posix()}"
        if path.is_file() and "__pycache__" not in path.parts:
            assert (inside in names) == (path.suffix != ".py"), inside
    assert "recsys_tutorial/__init__.py" in names
    tops = {name.split("/")[0].split("-")[0] for name in names}
    assert tops == {"recsys_tutorial"}, "something else got into the wheel"


# Continuous integration ---------------------------------------------------------------------

CI = ROOT / ".ci" / "run"


def unlike_the_readme(script):
    """Say what a script of continuous integration does otherwise than a reader."""
    lines = script.splitlines()
    commands = [line for line in lines if line and not line.startswith(("#", " "))]
    faults = {
        "it is not for bash": lines[0] != "#!/usr/bin/env bash",
        "it goes on after an error": commands[0] != "set -euo pipefail",
        # What comes after pytest would hide its exit code.
        "its last two commands are others": commands[-2:]
        != ["python3 course.py book", "python3 course.py test"],
        "an error is let pass": any("||" in line or line.startswith("set +") for line in commands),
    }
    return [fault for fault, so in faults.items() if so]


def test_ci_runs_both_commands_and_nothing_after_them():
    assert unlike_the_readme(CI.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("#!/usr/bin/env bash", "#!/bin/sh", "it is not for bash"),
        ("set -euo pipefail", "set -u", "it goes on after an error"),
        ("course.py test", "course.py test --fast", "its last two commands are others"),
        ("course.py test", "course.py test\necho done", "its last two commands are others"),
        ("course.py book\n", "course.py setup\n", "its last two commands are others"),
        ("\npython3 course.py book", "\nset +e\npython3 course.py book", "an error is let pass"),
        ("\ncd ", "\nfalse || cd ", "an error is let pass"),
    ],
)
def test_a_script_that_does_otherwise_is_seen(old, new, said):
    text = CI.read_text(encoding="utf-8")
    assert old in text and unlike_the_readme(text.replace(old, new)) == [said]


@pytest.mark.skipif(os.name == "nt", reason="Windows has neither the bit nor this bash")
def test_ci_script_is_executable_bash():
    assert os.access(CI, os.X_OK)
    assert subprocess.run(["bash", "-n", str(CI)]).returncode == 0


def unsafe_parts(text):
    """What a workflow should not have: a floating action, a wide token, a foreign trigger."""
    wrong = [
        action
        for action in re.findall(r"uses: *(\S+)", text)
        if not re.fullmatch(r"actions/[\w-]+@v\d+", action)
    ]
    if not re.search(r"^permissions:\n  contents: read\n(?! )", text, re.MULTILINE):
        wrong.append("permissions of the workflow are not 'contents: read' alone")
    wrong += re.findall(r"pull_request_target|write-all", text)
    # Attaching files to a release takes a token that can write: in a job that runs no code of
    # the repository, nor of a dependency, and after nothing but a tag.
    for job in re.split(r"(?m)^  (?=[\w-]+:$)", text):
        harmless = not re.search(r"checkout|course\.py|\bpip\b|python", job)
        if "contents: write" in job and not (harmless and "github.ref_type == 'tag'" in job):
            wrong.append("contents: write")
    return wrong + re.findall(r"python: *\[[^\]]*\b3\.\d+(?!\d*\")", text)


WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_are_pinned_and_may_only_read(path):
    assert unsafe_parts(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "change",
    [
        ("actions/checkout@v5", "actions/checkout@main"),
        ("actions/checkout@v5", "somebody/checkout@v5"),
        ("contents: read", "contents: write"),
        ("pull_request:", "pull_request_target:"),
        ('["3.10", "3.13"]', "[3.10, 3.13]"),
    ],
)
def test_the_check_sees_an_unsafe_workflow(change):
    text = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert change[0] in text
    assert unsafe_parts(text.replace(*change))


@pytest.mark.parametrize(
    "change",
    [
        ("      - uses: actions/download-artifact@v4", "      - uses: actions/checkout@v5"),
        ("gh release upload", "python course.py release && gh release upload"),
        ("    if: github.ref_type == 'tag'\n    needs: build\n", "    needs: build\n"),
        ("  contents: read\n", "  contents: write\n"),
    ],
)
def test_the_check_sees_a_token_that_writes_too_much(change):
    text = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert change[0] in text and unsafe_parts(text) == []
    assert unsafe_parts(text.replace(*change))


# What each workflow is there for; a line that is commented out does nothing.
DONE = {
    "ci.yml": [
        *(
            "run: python course.py setup",
            "run: python course.py lint",
            "run: python course.py test",
        ),
        "os: [ubuntu-latest, macos-latest, windows-latest]",
    ],
    "weekly.yml": [
        *("run: python course.py setup --latest", "run: python course.py test"),
        *("run: python course.py colab", "run: .venv/bin/python tools/bands.py"),
    ],
    "monthly.yml": [
        *("run: python course.py book", "run: python tools/again.py --compare"),
        "run: .venv/bin/python tools/again.py --only ${{ matrix.run }}",
    ],
    "pages.yml": [
        *("run: python course.py book", "run: python course.py formats", "path: _build/html"),
    ],
    "release.yml": ["run: python course.py book", "path: _build/release"],
}


def left_undone(texts):
    """What the workflows, given by their names, do not do, and workflows that nobody asked for."""
    wrong = [f"{name} is no workflow of ours" for name in texts if name not in DONE]
    for name, wanted in DONE.items():
        lines = [line.strip().removeprefix("- ") for line in texts.get(name, "").splitlines()]
        wrong += [f"{name}: no {line!r}" for line in wanted if line not in lines]
    return wrong


def test_workflows_run_what_the_readme_says():
    assert left_undone({path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}) == []


@pytest.mark.parametrize("name", DONE)
def test_what_a_workflow_leaves_undone_is_named(name):
    texts = {path.name: path.read_text(encoding="utf-8") for path in WORKFLOWS}
    for line in DONE[name]:
        commented = re.sub(rf"(?m)^( *)(.*{re.escape(line)})$", r"\1# \2", texts[name])
        assert commented != texts[name]
        assert left_undone({**texts, name: commented}) == [f"{name}: no {line!r}"]
        longer = texts[name].replace(f"{line}\n", f"{line} || true\n")
        assert f"{name}: no {line!r}" in left_undone({**texts, name: longer})
    without = {other: text for other, text in texts.items() if other != name}
    assert len(left_undone(without)) == len(DONE[name])
    assert left_undone({**texts, "more.yml": ""}) == ["more.yml is no workflow of ours"]
