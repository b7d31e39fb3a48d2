"""Reading paths, real times and the set-up page: they add up and run, and broken ones fail."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from site_support import ROOT

sys.path.insert(0, str(ROOT / "book/_ext"))
import course_paths as paths  # noqa: E402
import course_timings as timings  # noqa: E402
from course_minutes import read_times  # noqa: E402
from course_plans import read_plans  # noqa: E402

from recsys_tutorial import doctor  # noqa: E402

TIMES = read_times(ROOT)
PLANS = read_plans(ROOT, TIMES)
PATHS = paths.read_paths(ROOT)
TEACH = ROOT / "book/teach"
# A course of two chapters, of which the second needs the first.
TWO = {number: TIMES[number] for number in ("1", "2")}


def page(name):
    return (TEACH / f"{name}.md").read_text(encoding="utf-8")


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# Reading paths ------------------------------------------------------------------------------


def test_three_paths_for_three_learners():
    assert list(PATHS) == ["analyst", "engineer", "student"]
    assert re.findall(r"```\{reading-path\} (\w+)\n```", page("learners")) == list(PATHS)


@pytest.mark.parametrize("name", PATHS)
def test_a_path_can_be_walked(name):
    assert paths.path_problems(name, PATHS[name], TIMES) == []


def test_the_minutes_of_a_step_are_those_of_the_chapter():
    chapter = TIMES["3"].chapter
    steps = {do: paths.Step("3", do, "because") for do in paths.WAYS}
    assert paths.step_minutes(steps["read"], TIMES) == chapter.reading
    assert paths.step_minutes(steps["all"], TIMES) == chapter.reading + chapter.exercises
    # Three guesses and seven questions, rounded up to five.
    assert paths.step_minutes(steps["predict"], TIMES) == chapter.reading + 20


def test_the_student_does_everything():
    assert {step.chapter for step in PATHS["student"]} == set(TIMES)
    assert {step.do for step in PATHS["student"]} == {"all"}


def needed_before(number):
    names = {times.chapter.name: key for key, times in TIMES.items()}
    needs = {names[need] for need in TIMES[number].chapter.needs}
    return needs.union(*map(needed_before, needs)) if needs else needs


def test_what_the_engineer_would_need_for_chapter_13():
    missing = needed_before("13") - {step.chapter for step in PATHS["engineer"]}
    assert missing == {"4", "6", "7", "8", "9"}
    assert "needs chapters 4 and 6 to 9 first" in page("learners")


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (("3", "all", "why"), "no chapter '3'"),
        (("1", "skim", "why"), "no way 'skim'"),
        (("2", "all", "why"), "chapter 2 needs 1 first"),
        (("1", "all", " "), "without a reason"),
    ],
)
def test_a_broken_path_is_found(step, complaint):
    (problem,) = paths.path_problems("x", [paths.Step(*step)], TWO)
    assert complaint in problem


def test_a_chapter_twice_on_a_path_is_found():
    steps = [paths.Step("1", "read", "why")] * 2
    assert paths.path_problems("x", steps, TWO) == ["x: chapter 1 comes twice"]


# What really happened -----------------------------------------------------------------------

HEAD = "# a line for people\ndate,plan,block,planned,real,comment\n"
ROW = "2026-01-03,half_day,log,20,26,too long"


def test_the_table_of_real_times_can_be_read():
    text = (ROOT / timings.TIMINGS).read_text(encoding="utf-8")
    assert timings.timing_problems(text, PLANS) == []
    # The example in its comment would be accepted, too.
    example = re.search(r"^# For example: (.+)$", text, re.M)[1]
    assert timings.timing_problems(f"{text}{example}\n", PLANS) == []
    for column in timings.COLUMNS:
        assert f"| `{column}` |" in page("index")


def test_real_times_are_medians():
    text = HEAD + "".join(f"2026-01-03,half_day,log,20,{real},\n" for real in (26, 30, 21))
    text += "2026-01-03,one_day,log,14,99,\n"
    assert timings.timing_problems(text, PLANS) == []
    assert timings.real_minutes(timings.read_timings(text), "half_day") == {"log": (26, 3)}


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (ROW.replace("2026-01-03", "3.1.2026"), "is not YYYY-MM-DD"),
        (ROW.replace("2026-01-03", "2999-01-03"), "is yet to come"),
        (ROW.replace("half_day", "half-day"), "there is no plan 'half-day'"),
        (ROW.replace("log", "lunch"), "half_day has no block 'lunch'"),
        (ROW.replace(",20,", ",0,"), "planned is '0'"),
        (ROW.replace(",20,", ",,"), "planned is ''"),
        (ROW.replace(",26,", ",26 min,"), "real is '26 min'"),
        (ROW.replace(",26,", ",-1,"), "real is '-1'"),
        (ROW + ", and late", "not 6 cells"),
        (ROW.rsplit(",", 1)[0], "not 6 cells"),
        (ROW + "x" * 200, "more than 200 letters"),
    ],
)
def test_a_row_that_cannot_be_used_is_found(row, complaint):
    assert timings.timing_problems(HEAD + ROW + "\n", PLANS) == []
    problems = timings.timing_problems(HEAD + ROW + "\n" + row + "\n", PLANS)
    assert problems and all(problem.startswith("row 2:") for problem in problems)
    assert any(complaint in problem for problem in problems), problems


def test_a_wrong_header_is_found():
    (problem,) = timings.timing_problems(HEAD.replace("real", "actual"), PLANS)
    assert "date,plan,block,planned,real,comment" in problem
    assert timings.timing_problems("# nothing\n", PLANS)


# Set-up of learners -------------------------------------------------------------------------

SETUP = page("setup_for_learners")


def commands(heading, text=SETUP):
    """Lines of the first block of code below a heading."""
    below = text.split(f"{heading}\n", 1)[1]
    return re.search(r"```\w+\n(.*?)```", below, re.DOTALL)[1].splitlines()


def command_problems(system, lines):
    """Say what is wrong with the five commands of a system."""
    usage = module(ROOT / "course.py").USAGE
    program = (
        r".venv\Scripts\recsys-tutorial" if system == "Windows" else ".venv/bin/recsys-tutorial"
    )
    start = "py -3.12 course.py " if system == "Windows" else "python3 course.py "
    problems = [] if len(lines) == 5 else [f"{len(lines)} commands, not five"]
    if f"{program} doctor" not in lines:
        problems.append("no doctor")
    for line in lines:
        if "course.py" in line and not line.startswith(start):
            problems.append(f"{line}: starts Python in another way")
        elif line.startswith(start) and not re.fullmatch(usage, line.removeprefix(start)):
            problems.append(f"{line}: course.py does not know it")
    return problems


@pytest.mark.parametrize("system", ["Linux", "macOS", "Windows"])
def test_five_commands_for_each_system(system):
    assert command_problems(system, commands(f"### {system}")) == []


def test_wrong_commands_are_found():
    lines = commands("### Linux")
    assert command_problems("Windows", lines)
    assert command_problems("Linux", lines[:-1]) == ["4 commands, not five"]
    assert command_problems("Linux", [*lines[:4], "python3 course.py notebooks"])
    assert command_problems("Linux", [line.replace("doctor", "docter") for line in lines])


def test_the_classroom_knows_its_commands():
    usage = module(ROOT / "tools/classroom.py").USAGE
    found = re.findall(r"classroom\.py (\w+)", "\n".join(commands("## In a room without internet")))
    assert found and all(re.fullmatch(usage, name) for name in found)


def unexplained(printed, text=SETUP):
    """Lines of the doctor for which the page has no row."""
    rows = "\n".join(line for line in text.splitlines() if line.startswith("|"))
    lost = []
    for line in filter(str.strip, printed.splitlines()):
        mark, _, what = line.strip().partition(" ")
        about = re.sub(r"^(ok|missing|PROBLEM) +", "", line)
        known = [k for k in ("shipped data", "GB free", "can be written to") if k in about]
        known += ["Python"] if about.startswith("Python ") else []
        # A package and its version, or that it is not there.
        known += ["name of a package"] if re.match(r"[\w.-]+ (\d|is not inst)", about) else []
        known = ["`jupyterlab`"] if about.startswith("jupyterlab ") else known
        if mark in ("ok", "missing", "PROBLEM"):
            good = f"`{mark}`" in rows and any(word in rows for word in known)
        else:
            good = f"`{mark}`" in rows or re.match(r"\d+ problem", line.strip()) is not None
        lost += [] if good else [line]
    return lost


@pytest.mark.slow
def test_the_page_explains_every_line_of_the_doctor():
    """Runs the fourth command of this system, as the learner types it."""
    system = {"nt": "Windows"}.get(os.name, "Linux")
    *_, program = commands(f"### {system}")[3].split(" ")[0].replace("\\", "/").rpartition("/")
    folder = Path(sys.executable).parent
    found = next((p for p in (folder / program, folder / f"{program}.exe") if p.is_file()), None)
    command = [str(found)] if found else [sys.executable, "-m", "recsys_tutorial"]
    done = subprocess.run([*command, "doctor"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode in (0, 1), done.stderr
    assert len(done.stdout.splitlines()) > 10
    assert unexplained(done.stdout) == []


def test_a_line_of_the_doctor_without_a_row_is_found():
    good = "PROBLEM  numpy 1.0, needs >=2\n         Mend: Run: pip\n1 problem(s).\n"
    assert unexplained(good) == []
    assert unexplained("ok       the printer has paper\n")
    assert unexplained("broken   Python 3.9\n")
    assert unexplained(good, SETUP.replace("`Mend:`", "")) == ["         Mend: Run: pip"]
    lab = "missing  jupyterlab is not installed in this Python (opens the notebooks)"
    assert unexplained(lab) == []
    assert unexplained(lab, SETUP.replace("| `jupyterlab`", "| JupyterLab")) == [lab]


def purposes(findings):
    """What the doctor's optional things are for: the words in brackets."""
    return [re.search(r"\((?:for )?(.+)\)", f.what)[1] for f in findings if f.optional and not f.ok]


def parts_without_a_row(findings, text=SETUP):
    """Parts of the course that a missing thing is for, and that no row of the page speaks of."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("|")]
    return [
        purpose
        for purpose in purposes(findings)
        # Of chapters the teacher knows whether the class needs them.
        if not purpose.startswith("chapter") and not any(purpose in row for row in rows)
    ]


@pytest.fixture
def nothing_installed(monkeypatch):
    """What the doctor finds where no package is."""

    def absent(name):
        raise doctor.PackageNotFoundError(name)

    monkeypatch.setattr(doctor, "version", absent)
    return doctor._packages() + doctor._lab()


def test_the_page_says_what_to_do_for_each_part_that_can_be_missing(nothing_installed):
    parts = set(purposes(nothing_installed))
    assert set(doctor.EXTRAS.values()) | {"opens the notebooks"} == parts
    assert parts_without_a_row(nothing_installed) == []


def test_a_missing_part_without_a_row_is_found(nothing_installed):
    for part in ("opens the notebooks", "quizzes in notebooks"):
        assert set(parts_without_a_row(nothing_installed, SETUP.replace(part, "x"))) == {part}


# The built site -----------------------------------------------------------------------------


@pytest.mark.site
def test_the_page_of_the_learners_shows_the_sums(site):
    text = (site / "book/teach/learners.html").read_text(encoding="utf-8")
    for steps in PATHS.values():
        total = sum(paths.step_minutes(step, TIMES) for step in steps)
        whole, rest = divmod(total, 60)
        assert f"{len(steps)} chapters, {whole} h{f' {rest} min' if rest else ''}</strong>" in text
