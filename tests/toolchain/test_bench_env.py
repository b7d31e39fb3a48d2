"""`tools/bench.py`: an environment of its own, and a peer that fails costs itself alone."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]


def load_tool():
    """Import `tools/bench.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("bench_tool", ROOT / "tools" / "bench.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load_tool()


class Course(SimpleNamespace):
    """As much of `course.py` as the tool needs: it keeps commands and answers by rule."""

    def run(self, *command, keep=False):
        line = " ".join(map(str, command))
        self.commands.append(line)
        return (1 if any(bad in line for bad in self.broken) else 0), ""


@pytest.fixture
def course(tmp_path):
    (tmp_path / "stamp.txt").write_text("locked 1")
    stamp = tmp_path / "stamp.txt"
    return Course(VENV=tmp_path, STAMP=stamp, PYTHON="python", commands=[], broken=[])


def test_the_peers_are_those_of_the_project():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert tool.peers(ROOT) == project["optional-dependencies"]["peers"]


def test_a_project_without_peers_says_so(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    with pytest.raises(SystemExit, match="no extra 'peers'"):
        tool.peers(tmp_path)


def test_the_environment_is_not_that_of_the_course():
    course = tool.load_course(ROOT)
    assert course.VENV == ROOT / ".venv-bench"
    assert {course.STAMP.parent, course.PYTHON.parent.parent} == {course.VENV}


def test_the_second_time_there_is_nothing_to_do(course):
    assert tool.install_peers(course, ["a>=1", "b>=2"]) == []
    assert [line.split()[-1] for line in course.commands] == ["a>=1", "b>=2"]
    course.commands.clear()
    assert tool.install_peers(course, ["a>=1", "b>=2"]) == [] == course.commands


def test_a_peer_that_fails_is_told_and_tried_again(course, capsys):
    course.broken = ["b>=2"]
    assert tool.install_peers(course, ["a>=1", "b>=2", "c>=3"]) == ["b>=2"]
    assert "b>=2: not installed" in capsys.readouterr().out
    assert any(line.endswith("c>=3") for line in course.commands), "the next one was not tried"
    assert any("-m pip install" in line for line in course.commands), "pip was not tried"
    course.commands.clear()
    course.broken = []
    assert tool.install_peers(course, ["a>=1", "b>=2", "c>=3"]) == []
    assert [line.split()[-1] for line in course.commands] == ["b>=2"]


def test_pip_helps_where_uv_is_missing(course):
    course.broken = ["-m uv"]
    assert tool.install_peers(course, ["a>=1"]) == []
    assert course.commands[-1].startswith("python -m pip install")


def test_a_new_environment_gets_its_peers_anew(course):
    tool.install_peers(course, ["a>=1"])
    course.STAMP.write_text("locked 2")
    course.commands.clear()
    tool.install_peers(course, ["a>=1"])
    assert len(course.commands) == 1
