"""Say what a class learnt between the two class tests, and which misconceptions are left.

python tools/class_test_report.py ANSWERS.csv [--out FOLDER]

ANSWERS.csv has a row for each answer, with the columns person (any code), form (A or B), time
(before or after), item (its number) and option (a to d; empty if the question was left open).  A
question that nobody has a row for was not asked.  A row that is missing for somebody who was there
counts as open, and open counts as not right.

FOLDER gets `gains.csv`, with a line for the whole test, each promise and each question, and
`mistakes.csv`, which counts each misconception before and after.  Gains are of people with both
sheets; intervals are 95 % bootstrap intervals over people.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tools"))

import class_tests  # noqa: E402
from class_tests import FORMS, LETTERS, Item  # noqa: E402

from recsys_tutorial.grading.gains import learning_gain  # noqa: E402

COLUMNS = ("person", "form", "time", "item", "option")
TIMES = ("before", "after")
MOST_TOLD = 10
GAINS, MISTAKES = "gains.csv", "mistakes.csv"


class Answer(NamedTuple):
    """One person's answer to one question, at one time."""

    person: str
    form: str
    time: str
    item: int
    option: str


def row_complaint(row: dict[str, str], items: set[int]) -> str:
    """Say what is wrong with a row; nothing, if all is well."""
    if not row["person"]:
        return "nobody stands under person"
    if row["form"] not in FORMS:
        return f"form is {row['form']!r}, not A or B"
    if row["time"] not in TIMES:
        return f"time is {row['time']!r}, not before or after"
    if not row["item"].isdecimal() or int(row["item"]) not in items:
        return f"there is no question {row['item']!r}"
    if row["option"] not in ("", *LETTERS):
        return f"option is {row['option']!r}, not one of a, b, c, d or empty"
    return ""


def read_answers(lines: Iterable[str], items: Sequence[Item]) -> list[Answer]:
    """Read the answers; whatever is wrong is told with its line, and nothing is guessed."""
    lines = list(lines)
    # Where the comma is the decimal sign, spreadsheets write semicolons.
    semicolons = bool(lines) and ";" in lines[0] and "," not in lines[0]
    reader = csv.DictReader(lines, delimiter=";" if semicolons else ",")
    named = [str(name).strip().lower() for name in reader.fieldnames or ()]
    if missing := [name for name in COLUMNS if name not in named]:
        raise SystemExit(f"no column {', '.join(missing)}; there must be {', '.join(COLUMNS)}")
    reader.fieldnames = named
    known, answers, wrong = {item.number for item in items}, [], []
    seen: dict[tuple[str, str, int], int] = {}
    forms: dict[tuple[str, str], str] = {}
    for line, raw in enumerate(reader, 2):
        row = {name: (raw[name] or "").strip() for name in COLUMNS}
        row.update(form=row["form"].upper(), time=row["time"].lower(), option=row["option"].lower())
        said = row_complaint(row, known)
        if not said:
            answer = Answer(
                row["person"], row["form"], row["time"], int(row["item"]), row["option"]
            )
            key = (answer.person, answer.time, answer.item)
            if key in seen:
                said = f"{answer.person} has answered question {answer.item} in line {seen[key]}"
            elif forms.setdefault(key[:2], answer.form) != answer.form:
                said = f"{answer.person} has both forms {answer.time}"
            seen[key] = line
            answers.append(answer)
        if said:
            wrong.append(f"line {line}: {said}")
    if wrong:
        more = [f"and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else []
        raise SystemExit("\n".join([*wrong[:MOST_TOLD], *more]))
    if not answers:
        raise SystemExit("no answers in the file")
    return answers


def right_answers(answers: Sequence[Answer], items: Sequence[Item]) -> dict[str, pd.DataFrame]:
    """Give, for each time, a table of people with both sheets by questions: right or not."""
    right = {(i.number, form): q.right.letter for i in items for form, q in i.forms.items()}
    asked = sorted({answer.item for answer in answers})
    people = {time: {a.person for a in answers if a.time == time} for time in TIMES}
    both = sorted(people["before"] & people["after"])
    if not both:
        raise SystemExit("nobody has answered before and after; is the code of a person the same?")
    tables = {time: pd.DataFrame(0.0, index=both, columns=asked) for time in TIMES}
    for a in answers:
        if a.person in tables[a.time].index:
            tables[a.time].loc[a.person, a.item] = float(a.option == right[a.item, a.form])
    return tables


def gains(answers: Sequence[Answer], items: Sequence[Item]) -> pd.DataFrame:
    """Work out the gain of the whole test, of each promise and of each question."""
    tables = right_answers(answers, items)
    asked = [item for item in items if item.number in tables["before"].columns]
    rows: dict[str, list[Item]] = {"all": asked}
    for item in asked:
        rows.setdefault(f"{item.chapter}: {class_tests.promise(item)}", []).append(item)
    rows.update({f"question {item.number}: {item.id}": [item] for item in asked})
    found = {}
    for name, some in rows.items():
        numbers = [item.number for item in some]
        shares = (tables[time][numbers].mean(axis=1).to_numpy() for time in TIMES)
        found[name] = {"questions": len(numbers), **vars(learning_gain(*shares))}
    return pd.DataFrame(found).T.rename_axis("what")


def mistakes(answers: Sequence[Answer], items: Sequence[Item]) -> pd.DataFrame:
    """Count each misconception before and after, of all who answered, most frequent after first."""
    behind = {
        (item.number, form, option.letter): option.mistake
        for item in items
        for form, question in item.forms.items()
        for option in question.options
        if option.mistake
    }
    counts = Counter(
        (a.item, behind[a.item, a.form, a.option], a.time)
        for a in answers
        if (a.item, a.form, a.option) in behind
    )
    people = {time: len({a.person for a in answers if a.time == time}) for time in TIMES}
    rows = [
        {
            "question": number,
            "mistake": name,
            **{time: counts[number, name, time] for time in TIMES},
        }
        for number, name in sorted({key[:2] for key in counts})
    ]
    table = pd.DataFrame(rows, columns=["question", "mistake", *TIMES])
    for time in TIMES:
        table[f"people {time}"] = people[time]
    return table.sort_values(["after", "before"], ascending=False, kind="stable")


def summary(gained: pd.DataFrame, counted: pd.DataFrame) -> str:
    """Say the result in a few lines."""
    whole = gained.loc["all"]
    g = whole["normalised"]
    lines = [
        f"{whole['n_people']:.0f} people with both sheets, {whole['questions']:.0f} questions",
        f"right before {whole['before']:.0%}, after {whole['after']:.0%}",
        f"gain {100 * whole['gain']:.0f} points, 95 % interval from {100 * whole['low']:.0f} "
        f"to {100 * whole['high']:.0f}",
    ]
    if np.isfinite(g):
        ends = f"{whole['normalised_low']:.2f} to {whole['normalised_high']:.2f}"
        lines.append(f"normalised gain {g:.2f}, 95 % interval from {ends}")
    left = counted[counted["after"] > 0].head(5)
    lines += [
        f"still {row['after']} of {row['people after']} (before {row['before']}): "
        f"question {row['question']}, {row['mistake']}"
        for _, row in left.iterrows()
    ]
    return "\n".join(lines)


def check_folder(folder: Path) -> None:
    """Refuse a folder with anything else in it: other reports have a table of mistakes, too."""
    others = {path.name for path in folder.glob("*")} - {GAINS, MISTAKES}
    lonely = (folder / MISTAKES).exists() and not (folder / GAINS).exists()
    if others or lonely:
        raise SystemExit(f"{folder} holds other files; name an empty or a new folder with --out")


def main(argv: Sequence[str] | None = None) -> int:
    """Read the answers, write two tables, and say the result; return 0."""
    what = "Say what a class learnt between the two class tests."
    parser = argparse.ArgumentParser(prog="class_test_report", description=what)
    parser.add_argument("answers", type=Path, help="the CSV file with the answers")
    parser.add_argument("--out", type=Path, default=Path("test_report"), help="where the tables go")
    given = parser.parse_args(argv)
    check_folder(given.out)
    items = class_tests.the_items()
    try:
        lines = given.answers.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"{given.answers} cannot be read: {error}; save it as CSV UTF-8") from None
    answers = read_answers(lines, items)
    gained, counted = gains(answers, items), mistakes(answers, items)
    given.out.mkdir(parents=True, exist_ok=True)
    gained.to_csv(given.out / GAINS, float_format="%.4f")
    counted.to_csv(given.out / MISTAKES, index=False)
    print(summary(gained, counted))
    print(f"written to {given.out}: gains.csv, mistakes.csv")
    return 0


if __name__ == "__main__":
    sys.exit(main())
