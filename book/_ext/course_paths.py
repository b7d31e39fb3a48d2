"""Reading paths for people who learn alone: ``book/teach/paths.yml``, added up and checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml
from course_minutes import MINUTES_A_QUESTION, Times, rounded
from course_plans import made

PATHS = Path("book/teach/paths.yml")
WAYS = {
    "all": "read, all exercises, quiz",
    "predict": "read, predict exercises, quiz",
    "read": "read",
}


@dataclass(frozen=True)
class Step:
    """One chapter of a path, and how much of it is done."""

    chapter: str
    do: str
    why: str


def read_paths(root: Path) -> dict[str, list[Step]]:
    """Read the reading paths, by the name of the learner."""
    raw = yaml.safe_load((root / PATHS).read_text(encoding="utf-8"))
    return {name: [made(Step, row, name) for row in rows] for name, rows in raw.items()}


def step_minutes(step: Step, times: dict[str, Times]) -> int:
    """Give the minutes of one step, from the chapter's own figures."""
    chapter = times[step.chapter]
    if step.do == "all":
        return chapter.chapter.reading + chapter.chapter.exercises
    if step.do == "read":
        return chapter.chapter.reading
    guesses = [e.minutes for e in chapter.exercises.values() if e.kind == "predict"]
    return chapter.chapter.reading + rounded(sum(guesses) + chapter.questions * MINUTES_A_QUESTION)


def path_problems(name: str, steps: list[Step], times: dict[str, Times]) -> list[str]:
    """Say what is wrong with a path: unknown, too early, twice, no reason."""
    names = {chapter.chapter.name: number for number, chapter in times.items()}
    problems: list[str] = []
    seen: list[str] = []
    for step in steps:
        if step.chapter not in times or step.do not in WAYS:
            problems.append(f"{name}: no chapter {step.chapter!r}, or no way {step.do!r}")
            continue
        needs = [names[need] for need in times[step.chapter].chapter.needs]
        early = [need for need in needs if need not in seen]
        problems += [f"{name}: chapter {step.chapter} needs {need} first" for need in early]
        if step.chapter in seen:
            problems.append(f"{name}: chapter {step.chapter} comes twice")
        if not step.why.strip():
            problems.append(f"{name}: chapter {step.chapter} comes without a reason")
        seen.append(step.chapter)
    return problems
