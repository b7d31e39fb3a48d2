"""Plans of workshops: read from YAML, added up, and checked against the chapters.

A plan is ``book/teach/plans/NAME.yml``, the one truth that pages and tests read.
`plan_problems` states the rules of a plan.  Nothing here knows Sphinx.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from course_minutes import MINUTES_A_QUESTION, STANDING, Exercise, Times, rounded

PLANS = Path("book/teach/plans")

KINDS = {
    "talk": "words of the teacher, or of the learners",
    "teach": "sections of a chapter, told and run cell by cell",
    "practise": "exercises and quizzes",
    "break": "a break",
    "lunch": "lunch, which is not counted in the length of the plan",
    "reserve": "minutes that belong to whatever took longer",
}
WORK = ("talk", "teach", "practise", "reserve")
LONGEST_STRETCH = 90
LEAST_RESERVE = 0.1
EXERCISE_NAME = re.compile(r"\b(?:\d\d|A1)\.\d+\b")


@dataclass(frozen=True)
class Extra:
    """Minutes that the rule does not know of, and what they are for, in words."""

    minutes: int
    reason: str


@dataclass(frozen=True)
class Block:
    """One row of a plan.  `sections` are titles; `late` says what to do if there is no time.

    `quiz` is true for the whole quiz, or holds the numbers of its questions.
    """

    id: str
    kind: str
    minutes: int
    do: str = ""
    late: str = ""
    chapter: str = ""
    sections: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    quiz: bool | tuple[int, ...] = False
    page: str = ""
    extra: Extra | None = None


@dataclass(frozen=True)
class Home:
    """What learners do between two meetings."""

    chapter: str
    sections: tuple[str, ...] = ()
    exercises: tuple[str, ...] = ()
    quiz: bool = False
    do: str = ""


@dataclass(frozen=True)
class Session:
    """One meeting: a day, or a week's class."""

    title: str
    start: str
    blocks: tuple[Block, ...]
    home: tuple[Home, ...] = ()


@dataclass(frozen=True)
class Plan:
    """A whole workshop.  `minutes` is what the title promises, without lunch."""

    name: str
    title: str
    minutes: int
    sessions: tuple[Session, ...]
    skipped: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Block]:
        """Give the blocks of all sessions."""
        return [block for session in self.sessions for block in session.blocks]


# Reading --------------------------------------------------------------------------------------


def made(kind: type, entry: dict[str, Any], where: str) -> Any:
    """Make a row out of a dictionary; lists become tuples, and a wrong key is named."""
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}
    try:
        return kind(**values)
    except TypeError as error:
        raise ValueError(f"{where}: {error} in {entry}") from None


def _span(wanted: Any, chapter: Times) -> Any:
    """Write out ``all`` and ``{from: TITLE, to: TITLE}`` as titles of sections, both ends told.

    A title that does not exist stays as it is, for the rules to complain about.
    """
    titles = [title for title in chapter.sections if title not in STANDING]
    if wanted == "all":
        return titles
    if not isinstance(wanted, dict):
        return wanted
    ends = [wanted.get("from", titles[0]), wanted.get("to", titles[-1])]
    if set(wanted) - {"from", "to"} or not set(ends) <= set(titles):
        return [title for title in ends if title not in titles] or [f"wrong keys: {wanted}"]
    return titles[titles.index(ends[0]) : titles.index(ends[1]) + 1]


def _extra(raw: Any, where: str) -> Extra:
    """Read ``{minutes: 7, for: walking seven people}``."""
    if not isinstance(raw, dict) or set(raw) != {"minutes", "for"}:
        raise ValueError(f"{where}: extra is {raw}, wanted are the keys minutes and for")
    return Extra(raw["minutes"], str(raw["for"] or "").strip())


def _whole(entry: dict[str, Any], times: dict[str, Times]) -> dict[str, Any]:
    """Write out what a row says in short."""
    if "extra" in entry:
        entry = {**entry, "extra": _extra(entry["extra"], str(entry.get("id", "")))}
    entry, chapter = dict(entry), times.get(str(entry.get("chapter", "")))
    if chapter:
        entry["sections"] = _span(entry.get("sections", []), chapter)
        if entry.get("exercises") == "all":
            entry["exercises"] = list(chapter.exercises)
    return entry


def parse_plan(name: str, text: str, times: dict[str, Times]) -> Plan:
    """Make a plan of the text of its file."""
    raw = yaml.safe_load(text)
    sessions = []
    for entry in raw.pop("sessions"):
        blocks = [made(Block, _whole(row, times), name) for row in entry.pop("blocks")]
        home = [made(Home, _whole(row, times), name) for row in entry.pop("home", [])]
        session = {**entry, "blocks": blocks, "home": home}
        sessions.append(made(Session, session, name))
    skipped = {str(key): tuple(titles) for key, titles in raw.pop("skipped", {}).items()}
    return made(Plan, {**raw, "name": name, "sessions": sessions, "skipped": skipped}, name)


def read_plans(root: Path, times: dict[str, Times]) -> dict[str, Plan]:
    """Read all plans, by name."""
    return {
        path.stem: parse_plan(path.stem, path.read_text(encoding="utf-8"), times)
        for path in sorted((root / PLANS).glob("*.yml"))
    }


# Sums -----------------------------------------------------------------------------------------


def chosen(row: Block | Home, times: dict[str, Times]) -> list[Exercise]:
    """Give the exercises of a row that exist."""
    known = {name: e for chapter in times.values() for name, e in chapter.exercises.items()}
    return [known[name] for name in row.exercises if name in known]


def reading_minutes(row: Block | Home, times: dict[str, Times]) -> float:
    """Give the minutes that the sections of a row take by the rule."""
    sections = times[row.chapter].sections if row.chapter in times else {}
    return sum(sections[title].minutes for title in row.sections if title in sections)


def practice_minutes(row: Block | Home, times: dict[str, Times]) -> float:
    """Give the minutes that the exercises and the quiz of a row take by the rule."""
    exercises = sum(exercise.minutes for exercise in chosen(row, times))
    return exercises + MINUTES_A_QUESTION * len(questions(row, times))


def questions(row: Block | Home, times: dict[str, Times]) -> list[int]:
    """Give the numbers of the questions of a row's quiz, from 1."""
    if not row.quiz or row.chapter not in times:
        return []
    every = range(1, times[row.chapter].questions + 1)
    return list(every if row.quiz is True else row.quiz)


def extra_minutes(row: Block | Home) -> int:
    """Give the minutes of what the rule does not know of."""
    extra = getattr(row, "extra", None)
    return extra.minutes if extra else 0


def needed_minutes(row: Block | Home, times: dict[str, Times]) -> float:
    """Give the least minutes that a row may be given."""
    return reading_minutes(row, times) + practice_minutes(row, times) + extra_minutes(row)


def home_minutes(session: Session, times: dict[str, Times]) -> int:
    """Give the minutes of homework, rounded up to five."""
    return rounded(sum(needed_minutes(row, times) for row in session.home))


def sums(blocks: Iterable[Block]) -> dict[str, int]:
    """Add up the minutes of each kind."""
    total = dict.fromkeys(KINDS, 0)
    for block in blocks:
        total[block.kind] += block.minutes
    return total


def net_minutes(blocks: Iterable[Block]) -> int:
    """Add up all minutes but lunch."""
    return sum(block.minutes for block in blocks if block.kind != "lunch")


def clock_times(session: Session) -> list[str]:
    """Say when each block of a session begins, and at the end when the last one ends."""
    hours, minutes = map(int, session.start.split(":"))
    at, times = 60 * hours + minutes, []
    for length in [*(block.minutes for block in session.blocks), 0]:
        times.append(f"{at // 60:02d}:{at % 60:02d}")
        at += length
    return times


# Rules of a plan ------------------------------------------------------------------------------


def wrong_rows(plan: Plan) -> list[str]:
    """Every row has an id of its own, a known kind, whole minutes, and its texts."""
    problems = []
    ids = [block.id for block in plan.blocks]
    problems += [f"two blocks are called {i}" for i in sorted({i for i in ids if ids.count(i) > 1})]
    for block in plan.blocks:
        if block.kind not in KINDS:
            problems.append(f"{block.id}: no kind is called {block.kind}")
        if not isinstance(block.minutes, int) or block.minutes <= 0:
            problems.append(f"{block.id}: minutes must be a whole number above 0")
        if block.extra:
            minutes = block.extra.minutes
            if not isinstance(minutes, int) or minutes <= 0:
                problems.append(f"{block.id}: extra minutes must be a whole number above 0")
            if len(block.extra.reason.split()) < 2:
                problems.append(f"{block.id}: does not say in words what the extra minutes are for")
        if block.kind not in ("break", "lunch") and not block.do:
            problems.append(f"{block.id}: does not say what happens")
        if block.kind in ("teach", "practise") and not block.late:
            problems.append(f"{block.id}: does not say what to do if late")
        for name in sorted(set(EXERCISE_NAME.findall(block.late)) - set(block.exercises)):
            problems.append(f"{block.id}: if late, it leaves out {name}, which it does not have")
    for session in plan.sessions:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", session.start):
            problems.append(f"{session.title}: starts at {session.start!r}, not HH:MM")
    return problems


def wrong_total(plan: Plan, times: dict[str, Times]) -> list[str]:
    """The blocks add up to what the plan promises, and a tenth of it is reserve."""
    total, reserve = net_minutes(plan.blocks), sums(plan.blocks)["reserve"]
    problems = []
    if total != plan.minutes:
        problems.append(f"the blocks add up to {total} minutes, promised are {plan.minutes}")
    if reserve < LEAST_RESERVE * plan.minutes:
        least = LEAST_RESERVE * plan.minutes
        problems.append(f"{reserve} minutes of reserve, at least {least:.0f} wanted")
    return problems


def wrong_names(plan: Plan, times: dict[str, Times]) -> list[str]:
    """Chapters, sections, exercises that are named exist, and stand in the chapter of their row."""
    problems = []
    rows = [(b.id, b) for b in plan.blocks]
    rows += [(f"{s.title}, at home", row) for s in plan.sessions for row in s.home]
    for where, row in rows:
        if (row.sections or row.exercises or row.quiz) and row.chapter not in times:
            problems.append(f"{where}: there is no chapter {row.chapter!r}")
            continue
        if row.chapter not in times:
            continue
        chapter = times[row.chapter]
        for title in row.sections:
            if title not in chapter.sections:
                problems.append(f"{where}: chapter {row.chapter} has no section {title!r}")
        for name in row.exercises:
            if name not in chapter.exercises:
                problems.append(f"{where}: chapter {row.chapter} has no exercise {name}")
        asked = questions(row, times)
        for number in sorted(set(asked) - set(range(1, chapter.questions + 1))):
            problems.append(f"{where}: the quiz of chapter {row.chapter} has no question {number}")
        if len(asked) != len(set(asked)):
            problems.append(f"{where}: a question of the quiz comes twice")
    for number, titles in plan.skipped.items():
        known = times[number].sections if number in times else {}
        problems += [f"skipped: {number} has no {t!r}" for t in titles if t not in known]
    return problems


def wrong_minutes(plan: Plan, times: dict[str, Times]) -> list[str]:
    """No block is shorter than its sections, exercises and quiz by the rule, and its extra."""
    return [
        f"{block.id}: {block.minutes} minutes, by the rule it takes {needed:.1f}"
        + (f" with {extra} extra" if (extra := extra_minutes(block)) else "")
        for block in plan.blocks
        if (needed := needed_minutes(block, times)) > block.minutes
    ]


def rows_in_order(plan: Plan) -> list[tuple[str, Block | Home]]:
    """Give all rows in the order in which a learner meets them, homework after its session."""
    rows: list[tuple[str, Block | Home]] = []
    for session in plan.sessions:
        rows += [(block.id, block) for block in session.blocks]
        rows += [(f"{session.title}, at home", row) for row in session.home]
    return rows


def unnamed_sections(plan: Plan, times: dict[str, Times]) -> list[str]:
    """Every section of a chapter that is used is told, or is named among the skipped; not both."""
    told: dict[str, list[str]] = {}
    for _, row in rows_in_order(plan):
        if row.chapter:
            told.setdefault(row.chapter, []).extend(row.sections)
    problems = []
    for number, titles in told.items():
        skipped = plan.skipped.get(number, ())
        wanted = times[number].sections if number in times else {}
        for title in wanted:
            said = (title in titles) + (title in skipped)
            if not said and title not in STANDING:
                problems.append(f"chapter {number}: {title!r} is neither told nor skipped")
            if said == 2:
                problems.append(f"chapter {number}: {title!r} is told and skipped")
        problems += [
            f"chapter {number}: {title!r} is told twice"
            for title in sorted({t for t in titles if titles.count(t) > 1})
        ]
    unused = set(plan.skipped) - set(told)
    return problems + [f"skipped: chapter {number} is not used at all" for number in sorted(unused)]


def long_stretches(plan: Plan) -> list[str]:
    """Nobody sits for more than ninety minutes."""
    problems = []
    for session in plan.sessions:
        stretch = 0
        for block in session.blocks:
            stretch = 0 if block.kind in ("break", "lunch") else stretch + block.minutes
            if stretch > LONGEST_STRETCH:
                problems.append(f"{session.title}: no break in {stretch} minutes, at {block.id}")
                break
    return problems


def left_for_home(plan: Plan, times: dict[str, Times]) -> dict[str, list[Exercise]]:
    """Give the exercises that stand in told sections and that the plan does not name."""
    rows = [row for _, row in rows_in_order(plan)]
    named = {name for row in rows for name in row.exercises}
    told = {(row.chapter, title) for row in rows for title in row.sections}
    found = {
        number: [
            exercise
            for exercise in chapter.exercises.values()
            if (number, exercise.section) in told and exercise.name not in named
        ]
        for number, chapter in times.items()
    }
    return {number: exercises for number, exercises in found.items() if exercises}


def too_early(plan: Plan, times: dict[str, Times]) -> list[str]:
    """A chapter comes after those that it needs, an exercise after its section, each once."""
    names = {chapter.chapter.name: number for number, chapter in times.items()}
    problems: list[str] = []
    seen: set[str] = set()
    told: set[tuple[str, str]] = set()
    done: set[str] = set()
    for where, row in rows_in_order(plan):
        if row.chapter not in times:
            continue
        chapter = times[row.chapter]
        if row.chapter not in seen:
            needs = [names[need] for need in chapter.chapter.needs]
            missing = [need for need in needs if need not in seen]
            problems += [f"{where}: chapter {row.chapter} needs {need} first" for need in missing]
        seen.add(row.chapter)
        told |= {(row.chapter, title) for title in row.sections}
        for exercise in chosen(row, times):
            if (row.chapter, exercise.section) not in told:
                problems.append(f"{where}: {exercise.name} before {exercise.section!r} is told")
            if exercise.name in done:
                problems.append(f"{where}: {exercise.name} comes twice")
            done.add(exercise.name)
    return problems


def plan_problems(plan: Plan, times: dict[str, Times]) -> list[str]:
    """Say everything that is wrong with a plan."""
    rows = wrong_rows(plan)
    # The sums below need known kinds and whole minutes.
    return rows or [
        *wrong_total(plan, times),
        *wrong_names(plan, times),
        *wrong_minutes(plan, times),
        *unnamed_sections(plan, times),
        *long_stretches(plan),
        *too_early(plan, times),
    ]
