"""The tool that looks for fickle tests finds one that was planted, and is content without."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SPEC = importlib.util.spec_from_file_location("again", ROOT / "tools" / "again.py")
again = importlib.util.module_from_spec(SPEC)
sys.modules["again"] = again
SPEC.loader.exec_module(again)

STEADY = "def test_steady():\n    pass\n"
FICKLE = (
    "import os\n\ndef test_of_the_zone():\n    assert os.environ['TZ'] != {zone!r}\n"
    "\ndef test_broken():\n    assert 0\n"
)


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """A repository of its own, with a test that passes."""
    if not shutil.which("git"):
        pytest.skip("git is missing")
    for name in ("tests", "recsys_tutorial", "_build/again"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "tests/test_steady.py").write_text(STEADY)
    (tmp_path / ".gitignore").write_text("_build\n__pycache__\n.pytest_cache\n")
    who = ["-c", "user.name=a", "-c", "user.email=a@b.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "toy"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(again, "ROOT", tmp_path)
    monkeypatch.setattr(again, "STORE", tmp_path / "_build/again")
    return tmp_path


def two_zones(seed=1):
    first = again.circumstances(1, seed)["TZ"]
    run = next(n for n in range(2, 40) if again.circumstances(n, seed)["TZ"] != first)
    return first, run


@pytest.mark.slow
def test_a_fickle_and_a_broken_test_are_named(toy, capsys):
    zone, other = two_zones()
    (toy / "tests/test_fickle.py").write_text(FICKLE.format(zone=zone))
    assert again.main(["--fast", "--runs", str(other)]) == 1
    said = capsys.readouterr().out
    assert "differs: tests.test_fickle::test_of_the_zone: failure in 1" in said
    assert "fails in every run: tests.test_fickle::test_broken" in said
    assert f"{other} runs, 3 tests, 1 differ, 1 always fail" in said


@pytest.mark.slow
def test_green_is_green_and_a_stopped_command_goes_on(toy, capsys, monkeypatch):
    assert again.main(["--fast", "--runs", "2"]) == 0
    assert "2 runs, 1 tests, 0 differ, 0 always fail" in capsys.readouterr().out
    monkeypatch.setattr(again, "carry_out", lambda run, *rest: pytest.fail(f"run {run} again"))
    assert again.main(["--fast", "--runs", "2"]) == 0
    (toy / "tests/test_steady.py").write_text(STEADY.replace("pass", "assert 1"))
    with pytest.raises(pytest.fail.Exception, match="run 1 again"):
        again.main(["--fast", "--runs", "2"])


def test_runs_of_other_computers_are_compared(toy, capsys):
    """As the monthly job does: the files are there, and nothing runs."""
    ends = [{"a": "passed", "b": "passed"}, {"a": "passed", "b": "failure"}]
    for run, outcomes in enumerate(ends, 1):
        done = {"run": run, "seed": 1, "state": again.state(toy), "words": again.FULL}
        done |= {"circumstances": {}, "closing": "2 tests", "outcomes": outcomes}
        (again.STORE / f"run-{run:02}.json").write_text(json.dumps(done))
    assert again.main(["--compare", "--runs", "2"]) == 1
    assert "differs: b: passed in 1; failure in 2" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="run 3 of this state is not in"):
        again.main(["--compare", "--runs", "3"])


@pytest.mark.slow
def test_a_run_without_a_result_is_none(toy):
    (toy / "tests/test_steady.py").write_text("def test_(:\n")
    with pytest.raises(SystemExit, match="read .*run-01.log"):
        again.main(["--fast", "--runs", "1", "--", "--no-such-option"])
    assert not list((toy / "_build/again").glob("*.json"))


def test_a_test_that_is_missing_once_differs():
    runs = [{"run": 1, "outcomes": {"a": "passed"}}, {"run": 2, "outcomes": {}}]
    assert again.differences(runs) == {"a": {"passed": [1], "missing": [2]}}


def test_who_passed_and_could_not_tidy_up_has_an_error():
    case = '<testcase classname="a" name="b">{}</testcase>'
    report = f"<testsuite>{case.format('')}{case.format('<error/>')}</testsuite>"
    assert again.outcomes(report) == {"a::b": "error"}


def test_runs_differ_and_can_be_had_again():
    drawn = [json.dumps(again.circumstances(run, 1)) for run in range(1, 21)]
    assert len(set(drawn)) == 20 and drawn[6] == json.dumps(again.circumstances(7, 1))
    files = [Path(f"{n}.py") for n in range(9)]
    assert again.in_some_order(files, 1, 1) != again.in_some_order(files, 2, 1)
    assert again.in_some_order(files, 1, 1) == again.in_some_order(files[::-1], 1, 1)
