"""`tools/version_sets.py`: a set that fails is a line with its reason, and a stopped one goes on.

Nothing is installed here and no suite runs: a fake stands in for every program.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PASSED = "= 12 passed, 3 skipped in 4.56s =\n"


def load_tool():
    """Import `tools/version_sets.py`, which is no package."""
    path = ROOT / "tools" / "version_sets.py"
    spec = importlib.util.spec_from_file_location("version_sets", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["version_sets"] = module  # its dataclasses look for their module
    spec.loader.exec_module(module)
    return module


tool = load_tool()


class Programs:
    """Stand in for uv, Python and pytest: remember what was asked, say what they would say."""

    def __init__(self, **fails):
        self.fails, self.asked = fails, []
        self.bands = [{"name": "ch03.ari", "problem": ""}]
        self.tests = PASSED

    def kind(self, words):
        """Which step a command belongs to."""
        text = " ".join(words)
        for kind, part in {
            "solve": "pip compile",
            "venv": "-m venv",
            "course": "--no-build-isolation",
            "uv": "uv>=0.5",
            "packages": "pip install",
            "bands": "tools/bands.py",
            "tests": "-m pytest",
        }.items():
            if part in text:
                return kind
        raise AssertionError(f"an unknown command: {text}")

    def __call__(self, command, log, seconds, **more):
        words = [str(part) for part in command]
        kind = self.kind(words)
        self.asked.append(kind)
        assert seconds > 0 and log.parent.is_dir()
        code, said = self.fails.get(kind, (0, ""))
        if kind == "solve" and not code:
            Path(words[words.index("-o") + 1]).write_text("numpy==2.1.0\nscipy==1.13.0\n")
        if kind == "bands" and said != "no file":
            rows = {"rows": self.bands}
            Path(words[-1]).write_text(json.dumps(rows), encoding="utf-8")
        if kind == "tests":
            said = said or self.tests
        with log.open("a", encoding="utf-8") as file:
            file.write(f"$ {words[0]}\n{said}\n")
        return code


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    """Put the sets into a temporary folder, whatever computer this is."""
    monkeypatch.setattr(tool, "FOLDER", tmp_path / "versions")
    monkeypatch.setattr(tool, "find_python", lambda minor: Path(sys.executable))
    monkeypatch.setattr(tool, "stamp", lambda name, full: f"{name} {full}")


def carry_out(programs, name="oldest", python="3.10", **options):
    """Try one set with the fakes."""
    full = options.pop("full", False)
    return tool.carry_out(tool.Result(name, python, full), ["uv"], run=programs, **options)


ALL = ["solve", "venv", "packages", "uv", "course", "bands", "tests"]

# One set ------------------------------------------------------------------------------------


def test_a_set_on_which_everything_passes_is_green():
    programs = Programs()
    row = carry_out(programs)
    assert programs.asked == ALL and row.green and row.problem == ""
    assert (row.packages, row.bands) == (2, "1 of 1 inside")
    assert row.tests == "12 passed, 3 skipped in 4.56s"
    saved = json.loads((tool.FOLDER / "oldest-3.10" / "result.json").read_text(encoding="utf-8"))
    assert saved["green"] is True and saved["tests"] == row.tests
    assert set(saved["seconds"]) == {"install", "bands", "tests"}


def test_the_lock_is_taken_as_it_is():
    programs = Programs()
    row = carry_out(programs, "lock", "3.12")
    assert programs.asked == ALL[1:] and row.packages > 100
    listed = tool.FOLDER / "lock-3.12" / "requirements.txt"
    assert listed.read_bytes() == tool.LOCK.read_bytes()


def test_a_finished_set_is_not_done_again():
    first, second = Programs(), Programs()
    row = carry_out(first)
    assert carry_out(second) == row and second.asked == []
    carry_out(second, again=True)
    assert second.asked == ALL


def test_a_changed_course_is_tested_again_in_the_same_environment(monkeypatch):
    carry_out(Programs())
    monkeypatch.setattr(tool, "stamp", lambda name, full: "another course")
    programs = Programs()
    assert carry_out(programs).green and programs.asked == ["bands", "tests"]


def test_changed_bounds_make_the_environment_anew(monkeypatch):
    carry_out(Programs())
    monkeypatch.setattr(tool, "bounds", lambda row: "other bounds")
    programs = Programs()
    assert carry_out(programs).green and programs.asked == ALL


def test_what_is_newest_grows_stale():
    for name in ("newest", "oldest"):
        carry_out(Programs(), name, "3.10")
        mark = tool.FOLDER / f"{name}-3.10" / "installed.txt"
        old = time.time() - 8 * 86_400
        os.utime(mark, (old, old))
        programs = Programs()
        carry_out(programs, name, "3.10")
        assert programs.asked == (ALL if name == "newest" else [])


class Stopped(Programs):
    """Someone presses Ctrl-C in one of the steps."""

    def __init__(self, at):
        super().__init__()
        self.at = at

    def __call__(self, command, log, seconds, **more):
        if self.kind([str(part) for part in command]) == self.at:
            raise KeyboardInterrupt
        return super().__call__(command, log, seconds, **more)


@pytest.mark.parametrize(
    ("at", "left"),
    [
        ("solve", ALL),
        ("packages", ALL),
        ("course", ALL),
        ("bands", ["bands", "tests"]),
        ("tests", ["tests"]),
    ],
)
def test_a_stopped_set_goes_on(at, left):
    with pytest.raises(KeyboardInterrupt):
        carry_out(Stopped(at))
    programs = Programs()
    assert carry_out(programs).green and programs.asked == left


def test_half_a_result_is_no_result():
    carry_out(Programs())
    path = tool.FOLDER / "oldest-3.10" / "result.json"
    text = path.read_text(encoding="utf-8")
    for broken in (text[: len(text) // 2], "[]", '{"green": true, "colour": 1}', ""):
        path.write_text(broken, encoding="utf-8")
        programs = Programs()
        assert carry_out(programs).green and programs.asked == ["bands", "tests"]


# What can go wrong --------------------------------------------------------------------------

NO_SOLUTION = """error: No solution found when resolving dependencies
  cause: Because Python>=3.10 does not satisfy Python>=3.11, scipy==1.16.3 cannot be used.
hint: a longer story"""


@pytest.mark.parametrize(
    ("step", "code", "said", "told", "asked"),
    [
        ("solve", 1, NO_SOLUTION, "Because Python>=3.10 does not satisfy", 1),
        ("solve", 2, "error: unexpected argument", "error: unexpected argument", 1),
        ("venv", 1, "Error: no space left", "Error: no space left", 2),
        ("packages", 1, "error: Failed to fetch numpy\nhint", "Failed to fetch numpy", 3),
        ("packages", 124, "", "more than 3600 s", 3),
        ("uv", 1, "", "nothing was said", 4),
        ("course", 1, "", "nothing was said", 5),
    ],
)
def test_what_cannot_be_installed_is_a_line_with_the_reason(step, code, said, told, asked):
    programs = Programs(**{step: (code, said)})
    row = carry_out(programs)
    assert row.problem.startswith("not installed: ") and told in row.problem
    assert not row.green and len(programs.asked) == asked
    # The next time it is tried again, from the beginning.
    programs = Programs()
    assert carry_out(programs).green and programs.asked == ALL


def test_a_missing_python_is_a_line(monkeypatch):
    def find_nothing(minor):
        raise SystemExit("Colab runs Python ...")

    monkeypatch.setattr(tool, "find_python", find_nothing)
    programs = Programs()
    row = carry_out(programs)
    assert row.problem == "this computer has no Python 3.10" and programs.asked == []
    assert tool.load(tool.FOLDER / "oldest-3.10") == row


def test_results_outside_of_their_bands_are_told_and_the_tests_run():
    programs = Programs(bands=(1, "one is out"))
    programs.bands = [{"name": "ch03.ari", "problem": "out of its band"}, programs.bands[0]]
    row = carry_out(programs)
    assert row.bands == "1 of 2 inside" and programs.asked == ALL
    assert row.problem == "bands: ch03.ari out of its band" and not row.green


@pytest.mark.parametrize("said", ["no file", "no file\nModuleNotFoundError: No module named 'x'"])
def test_bands_that_crash_are_told(said):
    class Crash(Programs):
        def __call__(self, command, log, seconds, **more):
            if "tools/bands.py" in map(str, command):
                self.asked.append("bands")
                log.write_text(said, encoding="utf-8")
                return 1
            return super().__call__(command, log, seconds, **more)

    row = carry_out(Crash())
    assert row.problem == f"bands: {said.splitlines()[-1]}" and row.bands == "" and not row.green
    assert row.tests  # told all the same


def test_a_wrong_exit_code_of_the_bands_is_told():
    assert carry_out(Programs(bands=(3, ""))).problem == "bands: exit code 3"


FAILED = """FAILED tests/unit/test_x.py::test_a - assert 1 == 2
ERROR tests/unit/test_y.py
= 1 failed, 11 passed, 1 error in 70.10s (0:01:10) =
"""


def test_failed_tests_are_named():
    row = carry_out(Programs(tests=(1, FAILED)))
    assert row.problem == "tests: tests/unit/test_x.py::test_a, tests/unit/test_y.py"
    assert row.tests == "1 failed, 11 passed, 1 error in 70.10s (0:01:10)" and not row.green


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        (139, "Fatal Python error: Segmentation fault", "Segmentation fault"),
        (124, "...", "tests: more than 10800 s"),
        (4, "ERROR: unknown option --nbmake", "unknown option --nbmake"),
        (0, "no closing line", "no closing line"),
    ],
)
def test_a_suite_that_does_not_close_is_no_success(code, said, told):
    row = carry_out(Programs(tests=(code, said)))
    assert told in row.problem and row.tests == "" and not row.green


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("12 passed in 1.23s", "12 passed in 1.23s"),
        ("=== 1 failed, 2 passed, 3 warnings in 99.00s (0:01:39) ===", None),
        ("5 passed in 1.00s\n6 passed, 1 xfailed in 2.00s", "6 passed, 1 xfailed in 2.00s"),
        ("he said 12 passed in 1.23s", ""),
        ("no tests ran in 0.01s", ""),
        ("", ""),
    ],
)
def test_the_closing_line_is_found(tmp_path, text, line):
    log = tmp_path / "tests.log"
    log.write_text(text + "\n", encoding="utf-8")
    assert tool.closing_line(log) == (text.strip("= ") if line is None else line)


# The real programs --------------------------------------------------------------------------


def test_a_program_runs_with_its_words_in_the_log(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", "/nowhere")
    ask = "import os; print(os.environ.get('PYTHONPATH'), os.environ['EXTRA'])"
    log = tmp_path / "log"
    assert tool.run([sys.executable, "-c", ask], log, 60, EXTRA="more") == 0
    assert log.read_text(encoding="utf-8").splitlines()[-1] == "None more"
    assert tool.run([sys.executable, "-c", "raise SystemExit(7)"], log, 60) == 7


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a session is ended by its number")
def test_a_program_that_is_late_is_ended_with_its_children(tmp_path):
    child = "import time; time.sleep(60)"
    parent = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {child!r}]); "
    parent += "print(p.pid, flush=True); p.wait()"
    log, began = tmp_path / "log", time.perf_counter()
    assert tool.run([sys.executable, "-c", parent], log, 2) == 124
    assert time.perf_counter() - began < 30
    text = log.read_text(encoding="utf-8")
    assert "ended: more than 2 s" in text
    pid = int(re.search(r"^(\d+)$", text, re.MULTILINE)[1])
    for _ in range(100):
        state = Path(f"/proc/{pid}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    if Path("/proc").exists():
        raise AssertionError("the child goes on")


def test_every_set_has_a_way_to_be_solved():
    for name, pythons in tool.SETS.items():
        assert set(pythons) <= set(tool.PYTHONS) and pythons
        words = [str(word) for word in tool.solving(name, "3.12")]
        assert ("compile" in words) == (name != "lock")
    assert "lowest-direct" in tool.solving("oldest", "3.10")
    assert tool.COLAB in tool.solving("colab", "3.13") and tool.COLAB.exists()
    assert "--upgrade" in tool.solving("newest", "3.13")


def test_the_stamp_follows_the_course(monkeypatch, tmp_path):
    stamp = load_tool().stamp
    module = sys.modules["version_sets"]
    sys.modules["version_sets"] = tool
    for folder in ("recsys_tutorial", "tests", "tools", "notebooks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "pyproject.toml").write_text("x")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    for name in ("COLAB", "LOCK"):
        monkeypatch.setattr(module, name, tmp_path / name)
        (tmp_path / name).write_text("numpy==1")
    (tmp_path / "tests" / "test_x.py").write_text("1")
    seen = [stamp("oldest-3.10", False), stamp("oldest-3.10", True), stamp("oldest-3.11", False)]
    (tmp_path / "tests" / "test_x.py").write_text("2")
    seen.append(stamp("oldest-3.10", False))
    (tmp_path / "pyproject.toml").write_text("y")
    seen.append(stamp("oldest-3.10", False))
    assert len(set(seen)) == 5 and stamp("oldest-3.10", False) == seen[-1]


# The command --------------------------------------------------------------------------------


def test_sets_and_pythons_can_be_chosen():
    def names(*asked):
        return [row.name for row in tool.chosen(*asked, False)]

    assert names([], [])[:2] == ["oldest-3.10", "colab-3.13"]
    assert names(["lock"], []) == [f"lock-{python}" for python in tool.PYTHONS]
    assert names(["oldest", "newest"], ["3.12"]) == ["oldest-3.12", "newest-3.12"]


def run_main(monkeypatch, results, *words, free=1e12):
    """Run the command with made-up results."""
    tried = []

    def carry_out(row, uv, *, again):
        tried.append((row.name, row.full, again))
        for key, value in results.get(
            row.name, {"bands": "1 of 1 inside", "tests": "1 passed"}
        ).items():
            setattr(row, key, value)
        return row

    monkeypatch.setattr(tool, "carry_out", carry_out)
    monkeypatch.setattr(tool, "uv", lambda: ["uv"])
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr(tool.shutil, "disk_usage", lambda path: usage)
    return tool.main(words), tried


def test_the_command_prints_and_writes_the_table(monkeypatch, capsys):
    code, tried = run_main(monkeypatch, {}, "--only", "oldest", "colab")
    assert code == 0 and tried == [("oldest-3.10", False, False), ("colab-3.13", False, False)]
    assert "2 of 2 sets are green" in capsys.readouterr().out
    text = (tool.FOLDER / "report.md").read_text(encoding="utf-8")
    assert "| oldest | 3.10 | 0 | 1 of 1 inside | 1 passed | none |" in text


def test_a_red_set_makes_the_command_fail_and_the_others_are_tried(monkeypatch, capsys):
    bad = {"problem": "not installed: because a | b\nand c"}
    code, tried = run_main(monkeypatch, {"lock-3.10": bad}, "--only", "lock", "--full", "--again")
    assert code == 1 and len(tried) == 4 and all(full and again for _, full, again in tried)
    said = capsys.readouterr().out
    assert "3 of 4 sets are green" in said and "because a / b and c |" in said


def test_a_full_disk_is_told_before_anything_is_downloaded(monkeypatch, capsys):
    code, tried = run_main(monkeypatch, {}, "--only", "oldest", free=2e9)
    assert code == 1 and tried == []
    assert "only 2.0 GB free, 6 are needed" in capsys.readouterr().out


def test_wrong_words_are_refused(monkeypatch, capsys):
    for words in (["--only", "eldest"], ["--python", "3.9"], ["--fast"]):
        with pytest.raises(SystemExit) as stop:
            run_main(monkeypatch, {}, *words)
        assert stop.value.code == 2
    assert "eldest" in capsys.readouterr().err


def test_uv_is_found_or_asked_for(monkeypatch):
    assert tool.uv()[-1] == "uv" or Path(str(tool.uv()[0])).name.startswith("uv")
    monkeypatch.setattr(
        tool.subprocess, "run", lambda *_, **__: type("Done", (), {"returncode": 1})
    )
    monkeypatch.setattr(tool.shutil, "which", lambda name: "/bin/uv")
    assert tool.uv() == ["/bin/uv"]
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match="uv is not here: pip install"):
        tool.uv()
