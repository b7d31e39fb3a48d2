"""The class test before and after a workshop: read, check, and write as sheets without answers.

python tools/class_tests.py [--check]

`instructors/tests.yml` holds two parallel forms of every question, and the misconception behind
each wrong option.  It stands outside `book/`, of which every text goes to the website and into the
zips; from there come only the learners' sheets (`book/teach/test_a.md`, `test_b.md`) and the page
for the teacher (`tests.md`), none of which says what is right.  The key is part of the teacher's
answer book (`tools/answers.py`).  `--check` says what is wrong and writes nothing.
"""

from __future__ import annotations

import functools
import math
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book/_ext")]

import class_test_items  # noqa: E402
import objectives  # noqa: E402
from course_minutes import Times, read_times  # noqa: E402
from course_plans import Block, Plan, read_plans  # noqa: E402

from recsys_tutorial.exercises import find_exercise  # noqa: E402
from recsys_tutorial.grading.gains import LearningGain, learning_gain  # noqa: E402

TRUTH, PAGES = ROOT / "instructors/tests.yml", ROOT / "book/teach"
TEMPLATES = ROOT / "tools/class_tests_assets"
FORMS, LETTERS = ("A", "B"), "abcd"
NAMED = re.compile(r"(\d\d\.\d+) (.+)")
MINUTES = 1.5
# How a plan speaks of the test, and what it must say: no minutes, or the number of its questions.
SPOKEN = re.compile(
    r"\b(?:pre|post)-?test\b|\btest\b.{0,15} (?:before|after) the class|\(tests\.md\)", re.I
)
OUTSIDE = "its minutes are not in it"
INSIDE = re.compile(r"\b(\d+) of its questions\b")
# Of the written options, the right one may be the longest of its four in at most this share.
MOST_LONGEST = 1 / 3
KEYS = {"id", "chapter", "objective", "sections", "mistakes", "forms", "compute", "shown"}


@dataclass(frozen=True)
class Option:
    """One of four answers; `mistake` is empty for the right one."""

    letter: str
    text: str
    mistake: str


@dataclass(frozen=True)
class Question:
    """One form of an item as it is printed."""

    text: str
    options: tuple[Option, ...]
    why: str

    @property
    def right(self) -> Option:
        """The right option."""
        return next(option for option in self.options if not option.mistake)


@dataclass(frozen=True)
class Item:
    """One thing that the test asks for, in its two forms."""

    id: str
    number: int
    chapter: str
    objective: str
    sections: tuple[str, ...]
    forms: dict[str, Question]
    computed: bool


# Reading --------------------------------------------------------------------------------------


def printed(value: Any) -> str:
    """Print what a form gives: a table, steps with letters, a list of names or numbers."""
    if isinstance(value, Mapping):
        rows = [value["columns"], ["---"] * len(value["columns"]), *value["rows"]]
        return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)
    if isinstance(value, list) and any(" " in str(part) for part in value):
        return "\n".join(f"- {letter}: {part}" for letter, part in zip("PQRS", value, strict=True))
    if isinstance(value, list):
        return f"{', '.join(map(str, value[:-1]))} and {value[-1]}"
    return str(value)


def filled(text: str, values: Mapping[str, Any]) -> str:
    """Put what is given where a text names it."""
    text = re.sub(r"\{(\w+)\}", lambda name: printed(values[name[1]]), text).strip()
    # In the sources of this site each sentence has a line of its own.
    return re.sub(r"(?<=[\w)*%]{2}[.?]) +(?=[A-Z])", "\n", text)


def ordered(right: str, wrong: Sequence[tuple[str, str]], place: str | None) -> tuple[Option, ...]:
    """Give the options their letters: the right one at its place, or all by size."""
    pairs = [(text, mistake) for mistake, text in wrong]
    if place is None:
        pairs = sorted([*pairs, (right, "")], key=lambda pair: float(pair[0].rstrip("%")))
    else:
        pairs.insert(LETTERS.index(place), (right, ""))
    return tuple(Option(letter, *pair) for letter, pair in zip(LETTERS, pairs, strict=True))


def read_question(entry: Mapping[str, Any], form: Mapping[str, Any]) -> Question:
    """Make one form: compute its options if the item says how."""
    given = form.get("given", {})
    if "compute" in entry:
        values = class_test_items.COMPUTE[entry["compute"]](**given)
        texts = {name: entry.get("shown", "{}").format(value) for name, value in values.items()}
        right = texts.pop(class_test_items.RIGHT)
    else:
        right, texts = form["right"], dict(form["wrong"])
    if set(texts) != set(entry["mistakes"]):
        raise ValueError(f"{entry['id']}: options for {sorted(texts)}, not {entry['mistakes']}")
    # In another order than in the other form, so that no pattern can be learnt.
    names = entry["mistakes"] if form is entry["forms"]["A"] else entry["mistakes"][::-1]
    options = ordered(right, [(name, texts[name]) for name in names], form.get("place"))
    why = filled(form["why"], {**given, "right": right})
    return Question(filled(form["question"], given), options, why)


def read_items(text: str) -> list[Item]:
    """Read the items of the test."""
    return [
        Item(
            id=entry["id"],
            number=number,
            chapter=entry["chapter"],
            objective=entry["objective"],
            sections=tuple(entry["sections"]),
            forms={name: read_question(entry, form) for name, form in entry["forms"].items()},
            computed="compute" in entry,
        )
        for number, entry in enumerate(yaml.safe_load(text), 1)
    ]


def the_items() -> list[Item]:
    """Read the items of this course."""
    return read_items(TRUTH.read_text(encoding="utf-8"))


# The plans ------------------------------------------------------------------------------------


def told(plan: Plan, stems: Mapping[str, str]) -> set[tuple[str, str]]:
    """Give chapters and sections that a plan tells, in class or at home."""
    rows = [*plan.blocks, *(row for session in plan.sessions for row in session.home)]
    return {(stems[row.chapter], title) for row in rows if row.chapter for title in row.sections}


@functools.cache
def the_times() -> dict[str, Times]:
    """Read the minutes of this course's chapters."""
    return read_times(ROOT)


@functools.cache
def the_plans() -> dict[str, Plan]:
    """Read the plans of this course."""
    return read_plans(ROOT, the_times())


@functools.cache
def plans_told() -> dict[str, tuple[str, set[tuple[str, str]]]]:
    """For each plan, its title and what it tells."""
    stems = {number: Path(one.chapter.name).name for number, one in the_times().items()}
    return {name: (plan.title, told(plan, stems)) for name, plan in the_plans().items()}


def coverage(items: Sequence[Item]) -> dict[str, tuple[str, list[int]]]:
    """For each plan, its title and the numbers of the items whose sections it tells."""
    return {
        name: (
            title,
            [i.number for i in items if {(i.chapter, s) for s in i.sections} <= sections],
        )
        for name, (title, sections) in plans_told().items()
    }


def blocks_inside(plans: Mapping[str, Plan]) -> list[tuple[str, Block, int]]:
    """Give the blocks that have minutes for the test: the plan's name, and how many questions."""
    return [
        (name, block, int(found[1]))
        for name, plan in plans.items()
        for block in plan.blocks
        if SPOKEN.search(block.do) and (found := INSIDE.search(block.do))
    ]


# The check ------------------------------------------------------------------------------------


def plan_complaints(
    plans: Mapping[str, Plan], covered: Mapping[str, tuple[str, list[int]]]
) -> list[str]:
    """Say which blocks speak of the test and do not have the minutes that its questions take."""
    complaints = [
        f"{name}, {block.id}: says neither {OUTSIDE!r} nor how many questions of the test it has"
        for name, plan in plans.items()
        for block in plan.blocks
        if SPOKEN.search(block.do) and OUTSIDE not in block.do and not INSIDE.search(block.do)
    ]
    for name, block, count in blocks_inside(plans):
        if minutes_of(count) != block.minutes:
            wanted = f"{count} questions take {minutes_of(count)}"
            complaints.append(f"{name}, {block.id}: {block.minutes} minutes, {wanted}")
        if count > len(covered[name][1]):
            complaints.append(f"{name}, {block.id}: the plan covers {len(covered[name][1])} only")
    return complaints


def unknown_mistake(name: str) -> bool:
    """Tell whether a name has the form of an exercise's mistake, and no exercise knows it."""
    named = NAMED.fullmatch(name)
    if named is None:
        return bool(re.match(r"\d", name))
    try:
        return named[2] not in {mistake.name for mistake in find_exercise(named[1]).mistakes}
    except KeyError:
        return True


def item_complaints(item: Item, facts: Mapping[str, objectives.Facts]) -> list[str]:
    """Say what is wrong with one item."""
    if item.chapter not in facts:
        return [f"no chapter {item.chapter!r}"]
    chapter, complaints = facts[item.chapter], []
    if len(objectives.beginning(item.objective, chapter.outcomes)) != 1:
        complaints.append(f"no promise, or more than one, begins with {item.objective!r}")
    complaints += [f"no section {s!r}" for s in item.sections if s not in chapter.sections]
    if tuple(item.forms) != FORMS:
        return [*complaints, f"forms {list(item.forms)}, not A and B"]
    for form, question in item.forms.items():
        texts = [option.text for option in question.options]
        mistakes = [option.mistake for option in question.options if option.mistake]
        if len({text.casefold() for text in texts}) != len(LETTERS):
            complaints.append(f"form {form}: not four different options: {texts}")
        if len(set(mistakes)) != len(LETTERS) - 1:
            complaints.append(f"form {form}: not one right option and three mistakes")
        complaints += [f"no mistake {name!r}" for name in mistakes if unknown_mistake(name)]
        if not question.why:
            complaints.append(f"form {form}: no explanation")
        if re.search(r"[{}]", "".join([question.text, question.why, *texts])):
            complaints.append(f"form {form}: a name in braces is left")
    one, other = (item.forms[form] for form in FORMS)
    if {o.mistake for o in one.options} != {o.mistake for o in other.options}:
        complaints.append("the forms do not tell the same mistakes apart")
    if one.text == other.text or one.right.text == other.right.text:
        complaints.append("the forms have the same question, or the same right answer")
    words = [len(question.text.split()) for question in item.forms.values()]
    if max(words) > 1.35 * min(words):
        complaints.append(f"the forms are not of the same length: {words} words")
    return complaints


def pattern_complaints(items: Sequence[Item]) -> list[str]:
    """Say whether place or length tell what is right."""
    complaints = []
    for form in FORMS:
        places = Counter(item.forms[form].right.letter for item in items)
        fair = len(items) / len(LETTERS)
        if any(abs(places[letter] - fair) > 2 for letter in LETTERS):
            complaints.append(f"form {form}: places of the right options are {dict(places)}")
    both = sum(item.forms["A"].right.letter == item.forms["B"].right.letter for item in items)
    if both > len(items) / 2:
        complaints.append(f"{both} right options have the same letter in both forms")
    questions = [item.forms[form] for item in items if not item.computed for form in FORMS]
    for name, most in (("longest", max), ("shortest", min)):
        found = sum(most(q.options, key=lambda o: len(o.text)) is q.right for q in questions)
        if found > MOST_LONGEST * len(questions):
            complaints.append(f"the right option is the {name} in {found} of {len(questions)}")
    return complaints


def complaints(
    items: Sequence[Item],
    facts: Mapping[str, objectives.Facts],
    covered: Mapping[str, tuple[str, list[int]]],
) -> list[str]:
    """Say what is wrong with the whole test."""
    ids = Counter(item.id for item in items)
    found = [f"{name}: {count} items have this name" for name, count in ids.items() if count > 1]
    for item in items:
        found += [f"{item.id}: {said}" for said in item_complaints(item, facts)]
        if not any(item.number in numbers for _title, numbers in covered.values()):
            found.append(f"{item.id}: no plan teaches it")
    return found + pattern_complaints(items)


# The pages ------------------------------------------------------------------------------------

NOTE = "% Written by tools/class_tests.py from instructors/tests.yml: change that file.\n"
# Not in the site's own search: a search for K-means wants the chapter.
HEAD = f"---\nnosearch: true\n---\n{NOTE}"


def number_of(item: Item) -> str:
    """Name a chapter as the site does."""
    return item.chapter.split("_")[0].lstrip("0")


def promise(item: Item, facts: Mapping[str, objectives.Facts] | None = None) -> str:
    """Give the whole promise that an item asks for."""
    stem = item.chapter
    chapter = facts[stem] if facts else objectives.read_facts(ROOT, stem)
    return chapter.outcomes[objectives.beginning(item.objective, chapter.outcomes)[0]]


def minutes_of(count: int) -> int:
    """Say how long a number of questions takes, by the rule."""
    return math.ceil(MINUTES * count)


def minutes_inside(plans: Mapping[str, Plan]) -> str:
    """Say which plans have minutes for the test, and for how many questions they are enough."""
    rows = [
        f"*{plans[name].title}*, block *{block.id}*, {block.minutes} minutes for {count} questions"
        for name, block, count in blocks_inside(plans)
    ]
    if not rows:
        return "No plan has these minutes in it."
    return (
        f"The plans have minutes for it only here: {'; '.join(rows)}.\n"
        "All other minutes of the test come on top of the plan."
    )


def made_of(template: str, **values: object) -> str:
    """Fill a page's template; braces with other names stay, as they belong to MyST."""
    text = (TEMPLATES / f"{template}.md").read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", str(value))
    return text


def write_sheet(items: Sequence[Item], form: str) -> str:
    """Write the learners' sheet of one form: no answers, and nothing that tells them."""
    parts = [HEAD, made_of("sheet", form=form, count=len(items), minutes=minutes_of(len(items)))]
    for item in items:
        question = item.forms[form]
        options = [f"- **({option.letter})** {option.text}" for option in question.options]
        parts.append("\n".join([f"## Question {item.number}\n", question.text, "", *options, ""]))
    return "\n".join([*parts, ":::\n"])


def numbers(found: Iterable[int]) -> str:
    """Write 1, 2, 3, 5 as 1–3, 5."""
    runs: list[list[int]] = []
    for number in found:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(f"{r[0]}–{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs)


def made_class(n_people: int, n_items: int, before: float, after: float) -> LearningGain:
    """Work out the gain of a made class; people differ in what they know and in what they learn."""
    rng = np.random.default_rng(0)
    start, learnt = rng.normal(0, 0.15, n_people), rng.normal(0, 0.15, n_people)
    levels = before + start, after + start + learnt
    right = [rng.binomial(n_items, np.clip(level, 0.02, 0.98)) / n_items for level in levels]
    return learning_gain(*right)


def made_item(n_people: int, before: int, after: int) -> LearningGain:
    """Work out the gain on one question, if nobody who was right before is wrong afterwards."""
    known = np.arange(n_people)
    return learning_gain((known < before).astype(float), (known < after).astype(float))


def percent(share: float) -> str:
    """Write a share in whole points."""
    return f"{100 * share:.0f}"


def write_page(
    items: Sequence[Item],
    facts: Mapping[str, objectives.Facts],
    covered: Mapping[str, tuple[str, list[int]]],
) -> str:
    """Write the page for the teacher; nothing on it says what is right."""
    people, asked, pair = 20, len(covered["one_day"][1]), (8, 14)
    whole, single = made_class(people, asked, 0.45, 0.70), made_item(people, *pair)
    order = sorted(covered.items(), key=lambda entry: len(entry[1][1]))
    plans = [
        f"| [{title}]({name}.md) | {numbers(found)} | {len(found)} | {minutes_of(len(found))} |"
        for name, (title, found) in order
    ]
    rows = []
    for item in items:
        link = f"[{number_of(item)}](../../notebooks/{item.chapter}.ipynb)"
        kind = "computed" if item.computed else "in words"
        sections = "; ".join(item.sections)
        rows.append(f"| {item.number} | {link} | {promise(item, facts)} | {sections} | {kind} |")
    made = made_of(
        "tests",
        count=len(items),
        computed=sum(item.computed for item in items),
        plans="\n".join(plans),
        each=MINUTES,
        inside=minutes_inside(the_plans()),
        people=people,
        asked=asked,
        before=f"{percent(whole.before)} %",
        after=f"{percent(whole.after)} %",
        gain=percent(whole.gain),
        low=percent(whole.low),
        high=percent(whole.high),
        g=f"{whole.normalised:.2f}",
        g_low=f"{whole.normalised_low:.2f}",
        g_high=f"{whole.normalised_high:.2f}",
        item_before=pair[0],
        item_after=pair[1],
        item_gain=percent(single.gain),
        item_low=percent(single.low),
        item_high=percent(single.high),
        items="\n".join(rows),
    )
    return f"{NOTE}\n{made}"


def write_all(items: Sequence[Item], facts: Mapping[str, objectives.Facts]) -> dict[str, str]:
    """Give the text of every page that is made of the test, by its name."""
    pages = {f"test_{form.lower()}.md": write_sheet(items, form) for form in FORMS}
    return {**pages, "tests.md": write_page(items, facts, coverage(items))}


def main(argv: Sequence[str]) -> int:
    """Check the test and, unless told to check only, write its pages."""
    items, facts = the_items(), objectives.read_all_facts(ROOT)
    covered = coverage(items)
    wrong = complaints(items, facts, covered) + plan_complaints(the_plans(), covered)
    print("\n".join(wrong) or f"{len(items)} questions in {len(FORMS)} forms")
    if not wrong and "--check" not in argv:
        for name, text in write_all(items, facts).items():
            (PAGES / name).write_text(text, encoding="utf-8", newline="\n")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
