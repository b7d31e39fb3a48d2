"""Write book/teach/own_data.md: the exercises on a table that the class brings.

python tools/own_data_page.py [--check]

The first part, for the teacher, is written in own_data_page.md beside this file; the tasks come
from the variants in `recsys_tutorial/exercises/own`.  `--check` says whether the page is up to date
and writes nothing.  The course must be installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from recsys_tutorial.exercises import Exercise, all_exercises
from recsys_tutorial.exercises.own import Variant, all_variants
from recsys_tutorial.exercises.own.engine import NEEDS, fetching
from recsys_tutorial.exercises.own.material import (
    LEAST_ITEMS,
    LEAST_USERS,
    MOST_EVENTS,
    MOST_ITEMS,
    MOST_USERS,
)

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "book/teach/own_data.md"
# What the teacher reads first; words in {braces} come from the package.
OPENING = ROOT / "tools/own_data_page.md"


def notebooks(root: Path = ROOT) -> dict[str, tuple[str, str]]:
    """Give file name and title of each chapter, by its number as in the ids of exercises."""
    found = {}
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        first = "".join(json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"])
        title = next(line for line in first.splitlines() if line.startswith("# "))
        found[path.name.split("_")[0]] = (path.name, title.removeprefix("# ").strip())
    return found


def complaints(variants: Sequence[Variant], exercises: Sequence[Exercise]) -> list[str]:
    """Say which exercises have no variant, or two, and which variants have no exercise."""
    ids = [variant.exercise for variant in variants]
    wanted = [exercise.id for exercise in exercises]
    found = [f"exercise {i} has no variant" for i in wanted if i not in ids]
    found += [f"variant {i} has no exercise" for i in dict.fromkeys(ids) if i not in wanted]
    return found + [f"exercise {i} has {ids.count(i)} variants" for i in wanted if ids.count(i) > 1]


def of_needs(variants: Sequence[Variant]) -> str:
    """Say for each thing that a table may lack which exercises need it."""
    lines = []
    for name, words in NEEDS.items():
        ids = [variant.exercise for variant in variants if name in variant.needs]
        if ids:
            lines.append(f"- Without {words}: all but {', '.join(ids)}.")
        else:
            lines.append(f"- Without {words}: all.")
    return "\n".join(lines)


def of_variant(variant: Variant, exercise: Exercise) -> str:
    """Write one task."""
    head = f"**{variant.exercise} · {exercise.title}**"
    if variant.none:
        return f"{head}\n: No variant: {variant.none}\n"
    lines = [head, f": `{fetching(variant)}`", "", f"  {variant.task}"]
    if variant.needs:
        needed = " and ".join(NEEDS[name] for name in variant.needs)
        lines += ["", f"  *Needs {needed}.* Without: {_small(variant.instead)}"]
    return "\n".join(lines) + "\n"


def _small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def write_page(
    variants: Sequence[Variant],
    exercises: Sequence[Exercise],
    chapters: dict[str, tuple[str, str]],
) -> str:
    """Write the whole page."""
    known = {exercise.id: exercise for exercise in exercises}
    plain = [variant for variant in variants if not variant.needs and not variant.none]
    parts = [
        OPENING.read_text(encoding="utf-8").format(
            n_exercises=len(exercises),
            n_plain=len(plain),
            needs=of_needs(variants),
            least_users=LEAST_USERS,
            least_items=LEAST_ITEMS,
            most_users=f"{MOST_USERS:,}",
            most_items=f"{MOST_ITEMS:,}",
            most_events=f"{MOST_EVENTS:,}",
        )
    ]
    for chapter, (name, title) in chapters.items():
        mine = [variant for variant in variants if variant.exercise.split(".")[0] == chapter]
        if mine:
            number = chapter.lstrip("0")
            parts.append(f"### {number} · {title}\n\n[The chapter](../../notebooks/{name})\n")
            parts += [of_variant(variant, known[variant.exercise]) for variant in mine]
    return "\n".join(parts)


def main(argv: Sequence[str]) -> int:
    """Check the variants and, unless told to check only, write the page."""
    variants, exercises = all_variants(), all_exercises()
    wrong = complaints(variants, exercises)
    if not wrong:
        page = write_page(variants, exercises, notebooks())
        if "--check" not in argv:
            PAGE.write_text(page, encoding="utf-8", newline="\n")
        elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page:
            wrong = ["the page is out of date: python tools/own_data_page.py"]
    print("\n".join(wrong) or f"{len(variants)} variants, one for each exercise")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
