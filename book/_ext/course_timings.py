"""What really happened in workshops: ``instructors/timings.csv``, checked and summed up."""

from __future__ import annotations

import csv
import io
import re
from datetime import date
from pathlib import Path
from statistics import median

from course_plans import Plan

TIMINGS = Path("instructors/timings.csv")
COLUMNS = ["date", "plan", "block", "planned", "real", "comment"]
LONGEST_COMMENT = 200


def read_timings(text: str) -> list[dict[str, str]]:
    """Read the rows of the table of real times; lines that begin with ``#`` are for people."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return list(csv.DictReader(io.StringIO("\n".join(lines))))


def timing_problems(text: str, plans: dict[str, Plan]) -> list[str]:
    """Say which rows of the table of real times cannot be used, and why."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    if not lines or lines[0].split(",") != COLUMNS:
        return [f"the first line that is no comment must be {','.join(COLUMNS)}"]
    problems = []
    for number, row in enumerate(read_timings(text), 1):
        where = f"row {number}"
        if None in row or None in row.values():
            problems.append(
                f"{where}: not {len(COLUMNS)} cells; put a comment with commas in quotes"
            )
            continue
        try:
            if date.fromisoformat(row["date"]) > date.today():
                problems.append(f"{where}: {row['date']} is yet to come")
        except ValueError:
            problems.append(f"{where}: the date {row['date']!r} is not YYYY-MM-DD")
        if row["plan"] not in plans:
            problems.append(f"{where}: there is no plan {row['plan']!r}")
        elif row["block"] not in [block.id for block in plans[row["plan"]].blocks]:
            problems.append(f"{where}: {row['plan']} has no block {row['block']!r}")
        if not re.fullmatch(r"[1-9]\d{0,2}", row["planned"]):
            problems.append(f"{where}: planned is {row['planned']!r}, not minutes from 1 to 999")
        # A block that was left out took no time: 0.
        if not re.fullmatch(r"\d{1,3}", row["real"]):
            problems.append(f"{where}: real is {row['real']!r}, not minutes from 0 to 999")
        if len(row["comment"]) > LONGEST_COMMENT:
            problems.append(f"{where}: a comment of more than {LONGEST_COMMENT} letters")
    return problems


def real_minutes(rows: list[dict[str, str]], plan: str) -> dict[str, tuple[float, int]]:
    """Give, for each block with data, the median of its real minutes and how many there are."""
    found: dict[str, list[int]] = {}
    for row in rows:
        if row["plan"] == plan:
            found.setdefault(row["block"], []).append(int(row["real"]))
    return {block: (median(minutes), len(minutes)) for block, minutes in found.items()}
