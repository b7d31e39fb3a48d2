"""Plans of workshops: minutes follow the rule, every plan keeps its rules, broken ones fail."""

import importlib.util
import itertools
import json
import re
import sqlite3
import sys
from dataclasses import replace

import pytest
from site_support import ROOT

sys.path.insert(0, str(ROOT / "book/_ext"))
import course_minutes as minutes  # noqa: E402
import course_plans as plans  # noqa: E402
from course_chapters import Chapter  # noqa: E402

TIMES = minutes.read_times(ROOT)
PLANS = plans.read_plans(ROOT, TIMES)
TEACH = ROOT / "book/teach"
PROMISED = {"half_day": [180], "one_day": [360], "two_days": [360, 360], "semester": [90] * 12}


def page(name):
    return (TEACH / f"{name}.md").read_text(encoding="utf-8")


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


# The rule -----------------------------------------------------------------------------------


def test_the_rule_is_that_of_the_chapters():
    assert module(ROOT / "tests/notebooks/notebook_rules.py").MINUTES == minutes.MINUTES
    for times in TIMES.values():
        assert minutes.rounded(times.reading) == times.chapter.reading, times.chapter.name
        assert minutes.rounded(times.practice) == times.chapter.exercises, times.chapter.name


def test_sections_and_exercises_stand_where_they_stand():
    cells = [
        {"cell_type": "markdown", "source": "# Title\n\nfour words in all\n\n## One\n\nword"},
        {"cell_type": "markdown", "source": "### Exercise: what one user costs\n\n*Predict:*"},
        {"cell_type": "code", "source": 'check("03.1", my_cost)'},
        {"cell_type": "markdown", "source": ["## Two\n", "\n", "# no heading"]},
    ]
    sections = minutes.read_sections(cells[:3])
    assert list(sections) == ["opening", "One"]
    assert (sections["opening"].words, sections["One"].words) == (6, 3 + 6 + 1)
    assert sections["One"].minutes == 10 / 150 + 0.5
    (exercise,) = sections["One"].exercises
    assert exercise == minutes.Exercise("03.1", "predict", "Exercise: what one user costs", "One")
    assert exercise.minutes == 3
    with pytest.raises(ValueError, match="two sections are called 'One'"):
        minutes.read_sections([cells[0], cells[0]])


# Running times ------------------------------------------------------------------------------


@pytest.fixture
def cache(tmp_path):
    """A cache as jupyter-cache keeps it: a table with the notebook's path and the clock."""
    rows = [
        ("/a/notebooks/here/notebooks/01_x.ipynb", {"execution_seconds": 99.0}, "2026-01-02"),
        ("/a/notebooks/01_x.ipynb", {"execution_seconds": 7.4}, "2026-01-03"),
        ("C:\\c\\notebooks\\solutions\\02_y.ipynb", {"execution_seconds": 130.0}, "2026-01-01"),
        ("/a/notebooks/03_z.ipynb", {}, "2026-01-01"),
    ]
    with sqlite3.connect(tmp_path / "global.db") as connection:
        connection.execute("create table nbcache (uri, data, created)")
        texts = [(uri, json.dumps(data), created) for uri, data, created in rows]
        connection.executemany("insert into nbcache values (?, ?, ?)", texts)
    connection.close()
    return tmp_path


def test_the_newest_clock_of_each_notebook_counts(cache):
    found = minutes.run_seconds(cache)
    assert found == {"notebooks/01_x": 7.4, "notebooks/solutions/02_y": 130.0}
    assert [minutes.clock(seconds) for seconds in sorted(found.values())] == ["7 s", "2 min"]


def test_without_a_cache_nothing_was_measured(tmp_path):
    assert minutes.run_seconds(tmp_path / "nowhere") == {}
    assert not (tmp_path / "nowhere").exists()


# The plans ----------------------------------------------------------------------------------


def test_all_plans_are_there():
    assert set(PLANS) >= set(PROMISED)


@pytest.mark.parametrize("name", PLANS)
def test_a_plan_keeps_every_rule(name):
    assert plans.plan_problems(PLANS[name], TIMES) == []


@pytest.mark.parametrize("name", PROMISED)
def test_a_plan_is_as_long_as_it_says(name):
    plan = PLANS[name]
    assert [plans.net_minutes(s.blocks) for s in plan.sessions] == PROMISED[name]
    assert plan.minutes == sum(PROMISED[name])


@pytest.mark.parametrize("name", PROMISED)
def test_a_plan_has_its_page(name):
    assert f"```{{plan}} {name}\n```" in page(name)
    assert f"({name}.md)" in page("index")


def chapters_used(plan):
    return {block.chapter for block in plan.blocks if block.chapter}


def chapters_named(text):
    """Numbers of chapters in words such as `1 to 6, 10`."""
    found = set()
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", text):
        found |= {str(number) for number in range(int(first), int(last or first) + 1)}
    return found


@pytest.mark.parametrize("name", ["half_day", "one_day", "two_days"])
def test_the_index_names_the_chapters_of_a_plan(name):
    row = next(line for line in page("index").splitlines() if f"]({name}.md)" in line)
    assert chapters_named(row.split("|")[3]) == chapters_used(PLANS[name])


def test_a_semester_meets_every_chapter():
    plan = PLANS["semester"]
    home = {row.chapter for session in plan.sessions for row in session.home}
    in_class = chapters_used(plan)
    assert in_class | home == set(TIMES)
    told = f"{len(in_class)} in class and {len(home - in_class)} at home"
    assert told in page("semester")
    assert max(plans.home_minutes(session, TIMES) for session in plan.sessions) <= 180


def test_a_longer_plan_does_more_of_each_chapter():
    def practised(name):
        return {e for block in PLANS[name].blocks for e in block.exercises}

    assert practised("half_day") < practised("one_day") < practised("two_days")


# Broken plans -------------------------------------------------------------------------------


def tiny_times():
    """Two chapters of 7 minutes; the second needs the first."""

    def chapter(number, needs):
        exercise = minutes.Exercise(f"0{number}.1", "predict", "Exercise: a", "A")
        sections = {
            "opening": minutes.Section("opening", words=150),
            "A": minutes.Section("A", words=300, cells=2, exercises=[exercise]),
            "B": minutes.Section("B", words=450),
            "Quiz": minutes.Section("Quiz", words=1500),
        }
        facts = Chapter(f"notebooks/0{number}_x", number, "X", "", "", 20, 5, needs, ())
        return minutes.Times(facts, sections, questions=2)

    return {"1": chapter("1", ()), "2": chapter("2", ("notebooks/01_x",))}


GOOD = """
title: Tiny
minutes: 100
sessions:
  - title: Only
    start: "09:00"
    blocks:
      - {id: hello, kind: talk, minutes: 60, do: Talk.}
      - {id: one, kind: teach, minutes: 7, chapter: "1", sections: {to: A}, exercises: ["01.1"],
         do: Tell., late: Leave out 01.1.}
      - {id: quiz, kind: practise, minutes: 2, chapter: "1", quiz: true, do: Ask., late: Stop.}
      - {id: pause, kind: break, minutes: 10}
      - {id: eat, kind: lunch, minutes: 60}
      - {id: two, kind: teach, minutes: 8, chapter: "2", sections: {from: A},
         extra: {minutes: 2, for: a short walk}, do: Tell., late: Hm.}
      - {id: rest, kind: reserve, minutes: 13, do: Wait.}
    home:
      - {chapter: "2", exercises: all, quiz: true}
skipped:
  "1": [B]
  "2": [opening]
"""

# What is broken, how, and what the complaint must say.
BREAKS = [
    ("minutes: 100", "minutes: 110", "add up to 100 minutes, promised are 110"),
    ("minutes: 60, do: Talk.", "minutes: 61, do: Talk.", "add up to 101"),
    ("kind: reserve, minutes: 13", "kind: talk, minutes: 13", "0 minutes of reserve"),
    ("minutes: 7,", "minutes: 6,", "one: 6 minutes, by the rule it takes 7.0"),
    ("minutes: 2,", "minutes: 1,", "quiz: 1 minutes, by the rule it takes 2.0"),
    ("minutes: 7,", "minutes: 7.5,", "whole number"),
    ("minutes: 10}", "minutes: 0}", "whole number"),
    ("id: two", "id: one", "two blocks are called one"),
    ("kind: talk", "kind: chat", "no kind is called chat"),
    (", do: Talk.", "", "hello: does not say what happens"),
    (", late: Stop.", "", "quiz: does not say what to do if late"),
    ("Leave out 01.1.", "Leave out 01.2.", "01.2, which it does not have"),
    ('"09:00"', '"9"', "not HH:MM"),
    ("{from: A}", "[A, B, C]", "chapter 2 has no section 'C'"),
    ("{from: A}", "{from: C}", "chapter 2 has no section 'C'"),
    ("{from: A}", "{form: A}", "wrong keys"),
    ('["01.1"]', '["01.1", "02.1"]', "chapter 1 has no exercise 02.1"),
    ('chapter: "2", sections', 'chapter: "3", sections', "there is no chapter '3'"),
    ('  "1": [B]\n', "", "chapter 1: 'B' is neither told nor skipped"),
    ('"1": [B]', '"1": [B, A]', "chapter 1: 'A' is told and skipped"),
    ('"1": [B]', '"1": [B, D]', "skipped: 1 has no 'D'"),
    ('"2": [opening]', '"2": [opening]\n  "9": [B]', "chapter 9 is not used"),
    ("{from: A}", "[A, B, B]", "'B' is told twice"),
    (
        "extra: {minutes: 2",
        "extra: {minutes: 3",
        "8 minutes, by the rule it takes 9.0 with 3 extra",
    ),
    ("extra: {minutes: 2", "extra: {minutes: 1.5", "two: extra minutes must be a whole number"),
    ("extra: {minutes: 2", "extra: {minutes: 0", "two: extra minutes must be a whole number"),
    ("a short walk", '""', "two: does not say in words what the extra minutes are for"),
    ("a short walk", "walk", "two: does not say in words"),
    ("a short walk", "null", "two: does not say in words"),
    ("quiz: true, do", "quiz: [1, 3], do", "quiz: the quiz of chapter 1 has no question 3"),
    ("quiz: true, do", "quiz: [0], do", "quiz: the quiz of chapter 1 has no question 0"),
    ("quiz: true, do", "quiz: [2, 2], do", "quiz: a question of the quiz comes twice"),
    ("kind: break, minutes: 10", "kind: talk, do: On., minutes: 30", "no break in 99 minutes"),
]


def test_the_tiny_plan_is_good():
    times = tiny_times()
    plan = plans.parse_plan("tiny", GOOD, times)
    assert plans.plan_problems(plan, times) == []
    (session,) = plan.sessions
    assert plans.clock_times(session)[:2] == ["09:00", "10:00"]
    assert plans.clock_times(session)[-1] == "11:40"
    assert plans.home_minutes(session, times) == 5
    assert plans.sums(plan.blocks)["lunch"] == 60


@pytest.mark.parametrize(("old", "new", "complaint"), BREAKS)
def test_a_broken_plan_is_found(old, new, complaint):
    times = tiny_times()
    assert old in GOOD
    text = GOOD.replace(old, new, 1)
    problems = plans.plan_problems(plans.parse_plan("tiny", text, times), times)
    assert any(complaint in problem for problem in problems), problems


def test_a_chapter_before_its_needs_is_found():
    times = tiny_times()
    plan = plans.parse_plan("tiny", GOOD, times)
    (session,) = plan.sessions
    turned = replace(plan, sessions=(replace(session, blocks=session.blocks[::-1]),))
    assert "two: chapter 2 needs 1 first" in plans.plan_problems(turned, times)


def test_an_exercise_before_its_section_or_twice_is_found():
    times = tiny_times()
    early = GOOD.replace("{to: A}", "[opening]").replace("[B]", "[A, B]")
    problems = plans.plan_problems(plans.parse_plan("tiny", early, times), times)
    assert problems == ["one: 01.1 before 'A' is told"]
    twice = GOOD.replace("quiz: true, do", 'exercises: ["01.1"], do').replace(
        "quiz, kind: practise, minutes: 2,", "quiz, kind: practise, minutes: 3,"
    )
    twice = twice.replace("minutes: 13", "minutes: 12")
    problems = plans.plan_problems(plans.parse_plan("tiny", twice, times), times)
    assert problems == ["quiz: 01.1 comes twice"]


def test_a_wrong_key_is_named():
    with pytest.raises(ValueError, match="tiny: .*minuts"):
        plans.parse_plan("tiny", GOOD.replace("minutes: 7", "minuts: 7"), tiny_times())


@pytest.mark.parametrize("extra", ["2", "{minutes: 2}", "{minutes: 2, why: a short walk}"])
def test_extra_minutes_without_both_keys_are_named(extra):
    text = GOOD.replace("{minutes: 2, for: a short walk}", extra)
    with pytest.raises(ValueError, match="two: extra is .*minutes and for"):
        plans.parse_plan("tiny", text, tiny_times())


def test_a_part_of_a_quiz_takes_less():
    times = tiny_times()
    text = GOOD.replace("quiz: true, do", "quiz: [2], do")
    plan = plans.parse_plan("tiny", text, times)
    assert plans.plan_problems(plan, times) == []
    quiz = next(block for block in plan.blocks if block.id == "quiz")
    assert (plans.questions(quiz, times), plans.practice_minutes(quiz, times)) == ([2], 1)


def test_exercises_that_are_left_for_the_evening_are_found():
    times = tiny_times()
    plan = plans.parse_plan("tiny", GOOD, times)
    assert plans.left_for_home(plan, times) == {}
    less = plans.parse_plan("tiny", GOOD.replace(', exercises: ["01.1"]', ""), times)
    (left,) = plans.left_for_home(less, times)["1"]
    assert left.name == "01.1"
    one_day = {
        e.name for found in plans.left_for_home(PLANS["one_day"], TIMES).values() for e in found
    }
    assert {"01.2", "02.2", "03.2", "03.4", "10.2"} <= one_day
    # It stands in a section that the day skips.
    assert "02.3" not in one_day


def test_a_chapter_that_grows_breaks_a_plan():
    """The plans hang on the chapters: new words, or a new section, and the test above fails."""
    times = dict(TIMES)
    longer = dict(times["3"].sections)
    longer["Why the mean?"] = replace(longer["Why the mean?"], words=3000)
    longer["New"] = minutes.Section("New", words=10)
    times["3"] = replace(times["3"], sections=longer)
    problems = plans.plan_problems(PLANS["half_day"], times)
    assert any(problem.startswith("two-moves: 17 minutes") for problem in problems)
    assert "chapter 3: 'New' is neither told nor skipped" in problems


# The built site -----------------------------------------------------------------------------


@pytest.mark.site
@pytest.mark.parametrize("name", PROMISED)
def test_the_page_of_a_plan_shows_all_of_it(name, site):
    text = (site / f"book/teach/{name}.html").read_text(encoding="utf-8")
    plan = PLANS[name]
    for block in plan.blocks:
        assert f">{block.id}</span>" in text, block.id
    for session in plan.sessions:
        assert plans.clock_times(session)[-1] in text
    for exercise in itertools.chain(*(block.exercises for block in plan.blocks)):
        assert f">{exercise}</" in text, exercise
    assert "not measured" not in text
    assert re.search(r"<p>\d+ s</p>", text)
