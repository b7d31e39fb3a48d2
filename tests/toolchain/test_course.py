"""`course.py`: what it starts, in which order, and what it says when something goes wrong.

Nothing is installed here: a copy of `course.py` in an empty folder runs against a pretended
process runner, which keeps every command and answers as each test wants.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import shutil
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "course.py").read_text(encoding="utf-8")
COMMANDS = ["setup", "book", "test", "lab", "serve", "bench", "lint", "lock", "rename-repo"]
COMMANDS += ["colab", "formats", "kit", "release", "clean", "help"]
PLENTY = SimpleNamespace(free=100e9)


# The tools of these tests -------------------------------------------------------------------


class Runner:
    """Stand in for `subprocess.Popen`: keep each command, answer by the first rule that fits.

    A rule is a text and an answer: (exit code, what the program says) or an exception. It fits a
    command that contains its text. A command without a rule succeeds silently.
    """

    def __init__(self, course):
        self.course, self.commands, self.rules, self.environments = course, [], {}, []

    def __call__(self, command, **options):
        """Pretend to start a program."""
        line = " ".join(command)
        self.commands.append(line)
        self.environments.append(options["env"])
        answer = next((self.rules[text] for text in self.rules if text in line), (0, ""))
        if isinstance(answer, BaseException):
            raise answer
        if " -m venv " in line and answer[0] == 0:
            self.course.PYTHON.parent.mkdir(parents=True, exist_ok=True)
            self.course.PYTHON.touch()
        lines = answer[1].splitlines(keepends=True) if "stdout" in options else None
        return Process(lines, answer[0])

    def ran(self, text):
        """Give the commands that contain `text`."""
        return [line for line in self.commands if text in line]


class Process:
    """A finished process, as far as `course.py` looks at it."""

    def __init__(self, stdout, returncode):
        self.stdout, self.returncode = stdout, returncode

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A copy of `course.py` as a module, in a folder of its own."""
    folder = tmp_path / "the course"  # with a blank: people have such folders
    folder.mkdir()
    (folder / "tools").mkdir()
    for name in ("course.py", "pyproject.toml", "tools/build_site.py", "tools/whole.py"):
        shutil.copy(ROOT / name, folder / name)
    (folder / "requirements.lock.txt").write_text("numpy==2.1.3\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("course_copy", folder / "course.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: PLENTY)
    return module


@pytest.fixture
def runner(course, monkeypatch):
    """The pretended process runner, in place of the real one."""
    pretended = Runner(course)
    monkeypatch.setattr(course.subprocess, "Popen", pretended)
    return pretended


def refusal(course, *argv):
    """Run a command that must fail; give its message, which is what becomes exit code 1."""
    with pytest.raises(SystemExit) as stopped:
        course.main(list(argv))
    # A text as the exit status is printed to stderr, and the exit code is 1.
    assert isinstance(stopped.value.code, str)
    assert "Traceback" not in stopped.value.code
    return stopped.value.code


# The file itself ----------------------------------------------------------------------------


def foreign_imports(source):
    """Names of the imported modules that are not in the standard library."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").split(".")[0])
    return names - sys.stdlib_module_names


def test_it_is_small():
    assert len(SOURCE.splitlines()) <= 200


def test_it_needs_the_standard_library_only():
    assert foreign_imports(SOURCE) == set()
    assert foreign_imports((ROOT / "tools" / "maintain.py").read_text(encoding="utf-8")) == set()
    # `serve` starts it with any Python; a build alone, inside a function, needs jupyter-book.
    builder = (ROOT / "tools" / "build_site.py").read_text(encoding="utf-8")
    assert foreign_imports(builder) == {"jupyter_book", "whole"}
    assert not re.search("^(import|from) jupyter", builder, re.MULTILINE)


def test_the_import_check_sees_a_foreign_module():
    assert foreign_imports("import os, numpy.linalg\nfrom yaml import x") == {"numpy", "yaml"}


def test_an_old_python_can_parse_it():
    ast.parse(SOURCE, feature_version=(3, 6))
    with pytest.raises(SyntaxError):
        ast.parse("(n := 1)", feature_version=(3, 6))


# Usage --------------------------------------------------------------------------------------


def test_help_lists_every_command(course, capsys):
    assert course.main(["help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if not re.search(rf"^  {name} ", shown, re.M)] == []


def test_no_command_shows_the_help(course, capsys):
    assert course.main([]) == 0
    assert "usage:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [["fly"], ["test", "--fats"], ["serve", "--port", "x"], ["book", "now"], ["clean", "-a"]],
)
def test_wrong_usage_is_exit_code_2(course, runner, capsys, wrong):
    assert course.main(wrong) == 2
    told = capsys.readouterr()
    assert told.out == "" and "usage:" in told.err
    assert runner.commands == []


def unknown_commands(text, usage):
    """Commands that a text tells the reader to type and that `course.py` does not know."""
    typed = re.findall(
        r"python[\d.]* course\.py ((?:[\w-]+)(?: --\w+)?(?: https://\S+?)?)(?=[\s`:])", text
    )
    return [command for command in typed if not re.fullmatch(usage, command)]


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", ".github/workflows/ci.yml"])
def test_commands_in_the_texts_exist(course, name):
    text = (ROOT / name).read_text(encoding="utf-8")
    example = r"rename-repo (URL|https://github\.com/YOU/YOUR-FORK)"
    texts = re.sub(example, "rename-repo https://github.com/a/b", text)
    assert "course.py" in texts
    assert unknown_commands(texts, course.USAGE) == []


def test_the_text_check_sees_unknown_commands(course):
    text = "run `python course.py fly`, `python3.12 course.py test --fats`; python course.py book\n"
    assert unknown_commands(text, course.USAGE) == ["fly", "test --fats"]


def test_readme_gives_the_two_commands():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "\npython course.py book\n" in text and "\npython course.py test\n" in text


def test_it_works_from_another_folder(course, tmp_path):
    """For real, in a process of its own: the root is where course.py lies, not where one stands."""
    command = [sys.executable, str(course.ROOT / "course.py"), "serve"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1
    assert "python course.py book" in done.stderr and "Traceback" not in done.stderr


def test_programs_start_in_the_root_and_without_leaks(course, runner, monkeypatch):
    for name in ("MPLBACKEND", "PYTHONPATH", "PYTHONHOME", "PYTHONDONTWRITEBYTECODE"):
        monkeypatch.setenv(name, "from outside")
    course.run("anything")
    (environment,) = runner.environments
    assert "from outside" not in environment.values()
    assert environment["PATH"].startswith(str(course.PYTHON.parent))
    assert environment["PYTHONUTF8"] == "1"


# Setting up ---------------------------------------------------------------------------------


def test_first_run_makes_everything_in_order(course, runner, capsys):
    assert course.main(["setup"]) == 0
    venv, get_uv, packages, package = runner.commands
    assert " -m venv --clear " in venv
    assert get_uv.endswith("uv>=0.5")
    assert " -m uv pip install " in packages and "--no-deps --require-hashes -r" in packages
    assert "--no-deps --no-build-isolation -e" in package
    shown = capsys.readouterr().out
    assert "[1/3] making .venv ..." in shown and "[3/3]" in shown
    assert re.search(r"^ +\d+ s$", shown, re.M), "no elapsed seconds"


def test_second_run_does_nothing(course, runner):
    course.main(["setup"])
    runner.commands.clear()
    assert course.main(["setup"]) == 0
    assert runner.commands == []


@pytest.mark.parametrize("name", ["requirements.lock.txt", "pyproject.toml"])
def test_changed_lock_or_project_installs_again_but_keeps_the_venv(course, runner, name):
    course.main(["setup"])
    runner.commands.clear()
    with open(course.ROOT / name, "a", encoding="utf-8") as file:
        file.write("# changed\n")
    course.main(["setup"])
    assert runner.ran("--require-hashes") and not runner.ran("--clear")


def damage_python(course, monkeypatch):
    course.PYTHON.unlink()


def damage_stamp(course, monkeypatch):
    course.STAMP.unlink()


def leave_half_made(course, monkeypatch):
    course.STAMP.write_text("locked unfinished")


def use_another_python(course, monkeypatch):
    other = (3, 10) if sys.version_info[:2] != (3, 10) else (3, 11)
    monkeypatch.setattr(course, "sys", SimpleNamespace(**{**vars(sys), "version_info": other}))


def move_the_folder(course, monkeypatch):
    monkeypatch.setattr(course, "ROOT", course.ROOT.rename(course.ROOT.with_name("moved")))
    for name in ("VENV", "LOCK", "PYTHON", "STAMP"):
        path = Path(str(getattr(course, name)).replace("the course", "moved"))
        monkeypatch.setattr(course, name, path)


@pytest.mark.parametrize(
    "damage",
    [damage_python, damage_stamp, leave_half_made, use_another_python, move_the_folder],
)
def test_broken_or_foreign_venv_is_made_anew(course, runner, monkeypatch, damage):
    course.main(["setup"])
    runner.commands.clear()
    damage(course, monkeypatch)
    assert course.main(["setup"]) == 0
    assert runner.ran(" -m venv --clear ") and runner.ran("--require-hashes")
    runner.commands.clear()
    course.main(["setup"])
    assert runner.commands == [], "healed once, it must stay so"


def test_latest_ignores_the_lock_and_is_remembered(course, runner):
    course.main(["setup", "--latest"])
    assert runner.ran("[dev]") and not runner.ran("--require-hashes")
    runner.commands.clear()
    course.main(["lint"])
    assert not runner.ran("install"), "another command went back to the lock"
    course.main(["setup"])
    assert runner.ran("--require-hashes"), "setup without --latest must go back to the lock"


@pytest.mark.parametrize("broken", ["uv>=0.5", "-m uv pip install"])
def test_pip_takes_over_where_uv_fails(course, runner, capsys, broken):
    """uv cannot be had, or it is there and fails: both end with pip and say why."""
    runner.rules = {broken: (1, "error: wrong kind of processor\n")}
    if broken == "uv>=0.5":
        runner.rules["-m uv"] = (1, "No module named uv\n")
    assert course.main(["setup"]) == 0
    # Without --no-deps pip would want what the lock leaves out, and refuse it for want of a hash.
    assert runner.ran("-m pip install") and runner.ran("check --no-deps --require-hashes -r")
    shown = capsys.readouterr().out
    assert "wrong kind of processor" in shown and "falling back on pip" in shown


# What goes wrong, and the mend --------------------------------------------------------------


@pytest.mark.parametrize("version", [(3, 6, 15), (3, 9, 18), (3, 14, 0)])
def test_wrong_python(course, runner, monkeypatch, version):
    monkeypatch.setattr(course, "sys", SimpleNamespace(**{**vars(sys), "version_info": version}))
    message = refusal(course, "book")
    for word in ("3.10", "3.11", "3.12", "3.13", "python3.12 course.py", "pyenv"):
        assert word in message
    assert runner.commands == []


@pytest.mark.parametrize("system, machine", [("darwin", "x86_64"), ("win32", "ARM64")])
def test_computer_without_tensorflow(course, runner, monkeypatch, system, machine):
    monkeypatch.setattr(course, "sys", SimpleNamespace(**{**vars(sys), "platform": system}))
    monkeypatch.setattr(course.platform, "machine", lambda: machine)
    assert "Colab" in refusal(course, "setup")
    assert runner.commands == []


@pytest.mark.parametrize("absent", ["venv", "ensurepip"])
def test_no_venv_module(course, runner, monkeypatch, absent):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        course.importlib.util, "find_spec", lambda name: None if name == absent else found(name)
    )
    assert "apt install python3-venv" in refusal(course, "setup")
    assert runner.commands == []


def test_not_enough_disk(course, runner, monkeypatch):
    monkeypatch.setattr(course.shutil, "disk_usage", lambda path: SimpleNamespace(free=2.34e9))
    message = refusal(course, "setup")
    assert "2.3 GB free" in message and "6 GB" in message
    assert runner.commands == []


def test_disk_that_fills_up(course, runner):
    runner.rules = {"--require-hashes": (1, "OSError: [Errno 28] No space left on device\n")}
    assert "disk is full" in refusal(course, "setup")


NETWORK_ERRORS = [
    "NewConnectionError: Failed to establish a new connection: [Errno -3] Temporary failure in "
    "name resolution\nERROR: No matching distribution found for absl-py==2.5.1\n",
    "error: Request failed after 3 retries\n  Caused by: error sending request for url\n"
    "  Caused by: dns error: failed to lookup address information\n",
    "ReadTimeoutError: Read timed out.\n",
]


@pytest.mark.parametrize("said", NETWORK_ERRORS)
def test_no_network(course, runner, said):
    runner.rules = {"--require-hashes": (2, said)}
    message = refusal(course, "setup")
    assert "no network" in message and "HTTPS_PROXY" in message and "offline" in message


def test_other_failures_are_not_blamed_on_the_network(course, runner):
    runner.rules = {"--require-hashes": (1, "error: hash mismatch for numpy==2.1.3\n")}
    message = refusal(course, "setup")
    assert "network" not in message and "reason is above" in message


def test_failed_update_leaves_the_old_venv_usable(course, runner):
    """Without a network, undoing a change of the lock must bring the old .venv back at once."""
    course.main(["setup"])
    old = course.LOCK.read_text(encoding="utf-8")
    course.LOCK.write_text(old + "new==1.0\n", encoding="utf-8")
    runner.rules = {"--require-hashes": (2, NETWORK_ERRORS[0])}
    refusal(course, "setup")
    course.LOCK.write_text(old, encoding="utf-8")
    runner.commands.clear()
    assert course.main(["setup"]) == 0
    assert runner.commands == []


def test_interrupted(course, runner):
    runner.rules = {"--require-hashes": KeyboardInterrupt()}
    assert "same command" in refusal(course, "setup")
    runner.rules, runner.commands = {}, []
    assert course.main(["setup"]) == 0
    assert runner.ran("--clear"), "a half-made .venv was trusted"


def test_missing_lock(course, runner):
    course.LOCK.unlink()
    assert "requirements.lock.txt" in refusal(course, "setup")


# The other commands -------------------------------------------------------------------------


def test_book_builds_and_says_where_the_site_is(course, runner, capsys):
    assert course.main(["book", "--", "--all"]) == 0
    (build,) = runner.ran("build_site.py")
    assert build.startswith(str(course.PYTHON)) and build.endswith("build_site.py --all")
    shown = capsys.readouterr().out
    assert "[4/4]" in shown
    assert shown.rstrip().endswith((course.SITE / "index.html").as_uri())


def test_failed_book_stops_the_tests(course, runner):
    runner.rules = {"build_site.py": (1, "a cell timed out\n")}
    message = refusal(course, "test")
    assert "reason is above" in message and "network" not in message
    assert not runner.ran("-m pytest")


def test_full_test_is_one_pytest_with_everything_and_nothing_after_it(course, runner, capsys):
    assert course.main(["test"]) == 0
    assert "build_site.py" in runner.commands[-2] and "pytest" in runner.commands[-1]
    for part in ("-n3", "--doctest-modules", " tests ", "recsys_tutorial", "notebooks", "--nbmake"):
        assert part in runner.commands[-1]
    assert "--cov" in runner.commands[-1]
    # pytest writes to the same stdout; the last words of course.py come before it.
    assert capsys.readouterr().out.rstrip().endswith("index.html")


def test_fast_test_leaves_out_the_slow(course, runner):
    assert course.main(["test", "--fast"]) == 0
    assert not runner.ran("build_site.py")
    (tests,) = runner.ran("-m pytest")
    assert "not slow and not site" in tests
    assert "--nbmake" not in tests and "--cov" not in tests


def test_further_arguments_go_to_pytest_and_lift_the_coverage_gate(course, runner):
    assert course.main(["test", "--", "-k", "kmeans", "--", "x"]) == 0
    (tests,) = runner.ran("-m pytest")
    assert tests.endswith("-k kmeans -- x") and "--cov" not in tests


@pytest.mark.parametrize("code", [1, 2, 5, -9])
def test_failed_tests_are_exit_code_1(course, runner, code):
    runner.rules = {"-m pytest": (code, "")}
    assert course.main(["test", "--fast"]) == 1


def test_lint_runs_all_three_whatever_the_first_finds(course, runner):
    runner.rules = {"ruff check": (1, "")}
    assert course.main(["lint"]) == 1
    assert runner.ran("ruff check .") and runner.ran("ruff format . --check") and runner.ran("mypy")
    runner.rules, runner.commands = {}, []
    assert course.main(["lint", "--fix"]) == 0
    assert runner.ran("ruff check . --fix") and not runner.ran("--check")


def test_lab_passes_arguments_on(course, runner):
    assert course.main(["lab", "--", "--no-browser"]) == 0
    assert runner.commands[-1].endswith("-m jupyterlab --no-browser")


@pytest.mark.parametrize(
    "name",
    ["lock", "colab", "release --all", "bench --quick", "rename-repo https://github.com/a/b"],
)
def test_maintainers_commands_need_no_venv(course, runner, name):
    assert course.main(name.split()) == 0
    (command,) = runner.commands
    assert command.endswith(f"maintain.py {name}") and not course.VENV.exists()


def test_bench_and_colab_pass_arguments_on(course, runner):
    assert course.main(["bench", "--", "--data", "insteval"]) == 0
    assert runner.commands[-1].endswith("maintain.py bench --data insteval")
    assert course.main(["colab", "--", "--only", "03"]) == 0
    assert runner.commands[-1].endswith("maintain.py colab --only 03")


def test_clean_keeps_the_venv_unless_told(course, runner):
    course.main(["setup"])
    course.SITE.mkdir(parents=True)
    (course.ROOT / ".coverage").touch()
    (course.ROOT / "notebooks").mkdir()
    assert course.main(["clean"]) == 0
    left = {path.name for path in course.ROOT.iterdir()}
    assert {".venv", "notebooks", "course.py"} <= left and not {"_build", ".coverage"} & left
    for name in (".venv-bench", ".venv-colab"):
        (course.ROOT / name).mkdir()
    assert course.main(["clean", "--all"]) == 0
    assert list(course.ROOT.glob(".venv*")) == []


def test_serve_answers_on_this_computer_only(course):
    course.SITE.mkdir(parents=True)
    (course.SITE / "index.html").write_text("the site", encoding="utf-8")
    command = [sys.executable, "-u", str(course.ROOT / "course.py"), "serve", "--port", "0"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            address = process.stdout.readline().split()[0]
            assert address.startswith("http://127.0.0.1:")
            assert urllib.request.urlopen(address, timeout=20).read() == b"the site"
        finally:
            process.kill()


def test_serve_first_ends_what_a_killed_build_began(course, monkeypatch):
    """For real: the new site waits beside the place of the old one."""
    waiting = course.SITE.with_name("html.new")
    waiting.mkdir(parents=True)
    (waiting / "index.html").write_text("the new site", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "port" in refusal(course, "serve", "--port", str(taken.getsockname()[1]))
    assert (course.SITE / "index.html").read_text(encoding="utf-8") == "the new site"
    assert not waiting.exists()


def test_serve_on_a_port_that_is_taken(course):
    course.SITE.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "port" in refusal(course, "serve", "--port", str(taken.getsockname()[1]))
