"""The teacher's page of every chapter: complete, true, tied to the exercises, without answers."""

import re
from dataclasses import replace

import pytest
import teaching_notes as rules
from site_support import toc_pages
from teaching_notes import page_of, read_notes

from tests.notebooks.notebook_rules import CHAPTERS

WRITTEN = [path for path in CHAPTERS if page_of(path).is_file()]
IDS = [path.stem for path in WRITTEN]


def test_every_chapter_of_the_contents_has_a_page():
    stems = {name.split("/")[1] for name in toc_pages() if re.match(r"notebooks/\w+$", name)}
    assert stems == {path.stem for path in CHAPTERS}
    assert [path.stem for path in CHAPTERS if path not in WRITTEN] == []


def test_no_page_is_left_over():
    known = {page_of(path).name for path in CHAPTERS} | {"index.md"}
    assert {page.name for page in rules.NOTES.iterdir()} <= known


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", WRITTEN, ids=IDS)
def test_page_keeps_the_rule(path, rule):
    problems = rule(read_notes(path))
    assert not problems, "\n".join(problems)


@pytest.mark.slow
@pytest.mark.parametrize("path", WRITTEN, ids=IDS)
def test_the_room_sees_what_the_page_says(path):
    problems = rules.outputs(read_notes(path))
    assert not problems, "\n".join(problems)


@pytest.mark.site
@pytest.mark.parametrize("path", WRITTEN, ids=IDS)
def test_quoted_numbers_are_the_chapters_own(path, site):
    notes, shown = read_notes(path), rules.page_lines(site / f"notebooks/{path.stem}.html")
    problems = rules.invented(notes, shown) + rules.loose_numbers(notes, shown)
    assert not problems, "\n".join(problems)


# --- Every rule is fed something broken ---------------------------------------------------------
# The page of K-means, spoiled in one place at a time.

(KMEANS,) = (path for path in CHAPTERS if path.stem == "03_kmeans")
GOOD = read_notes(KMEANS)
MISTAKE_LINE = '*Mistake*: 03.2 "ignores the labels"'
FIRST_RIGHT = (
    '   - *Right*: "Because no label occurs in it; it has the same value for every grouping."\n'
)
DRAWN_HEADING = "```text\n## Board picture\n```\n"
AFTER_FIRST = re.compile(r'(?<=03.2 "all centres"\n).*?(?=\n## Live)', re.S)
LATER_QUESTIONS = re.compile(r"^[34]\. \*\*.*?(?=^\d\. |\Z|## Board)", re.M | re.S)

BROKEN = {
    "no board": (rules.shape, ("## Board picture", "## A picture")),
    "sections in another order": (rules.shape, ("## Minutes", "## The one idea")),
    "a heading in a drawing": (
        rules.shape,
        ("## Board picture\n", DRAWN_HEADING),
    ),
    "empty section": (rules.shape, re.compile(r"(?<=## Why it matters here\n).*?(?=## Mis)", re.S)),
    "chapter not linked": (rules.shape, ("(../../../notebooks/03_kmeans.ipynb)", "(03.md)")),
    "two ideas": (rules.one_idea, ("\n## Why it", "\n> And another one.\n\n## Why it")),
    "an idea of two sentences": (rules.one_idea, ("and to no other, and", "and no other. And")),
    "an endless idea": (rules.one_idea, ("> Each viewer", "> " + 30 * "very " + "each viewer")),
    "mistake forgotten": (rules.misconceptions, (f"  {MISTAKE_LINE}\n", "")),
    "two misconceptions": (rules.misconceptions, AFTER_FIRST),
    "not quoted": (rules.misconceptions, ('**"The objective is a distance."**', "Distances.")),
    "invented mistake": (rules.named_mistakes, ('"ignores the labels"', '"ignores everything"')),
    "mistake of another": (rules.named_mistakes, ('03.2 "ignores', '03.3 "ignores')),
    "mistake elsewhere": (rules.named_mistakes, (MISTAKE_LINE, '*Mistake*: 01.2 "largest id"')),
    "mistake in another form": (rules.named_mistakes, (MISTAKE_LINE, "*Mistake*: 03.2 (labels)")),
    "no such exercise": (rules.named_exercises, ("then 03.5 as", "then 03.9 as")),
    "no exercise at all": (rules.named_exercises, re.compile(r"\b03\.\d\b")),
    "not Python": (rules.live_coding, ("hours = np.array([[", "hours = np.array([[[")),
    "nothing goes wrong": (rules.live_coding, re.compile("  # wrong on purpose")),
    "two cells": (rules.live_coding, re.compile(r"^2\. \*\*One round.*?(?=^Do not)", re.M | re.S)),
    "no output": (rules.live_coding, re.compile("(?<=```)text")),
    "step without a name": (rules.live_coding, ("**Judging by equality.**", "Now judge.")),
    "too long to type": (rules.live_coding, ("import numpy as np\n", f"x = '{100 * 'x'}'\n")),
    "two questions": (rules.questions, LATER_QUESTIONS),
    "no right answer": (rules.questions, (FIRST_RIGHT, "")),
    "no reply": (rules.questions, re.compile(r"^ +\*Reply\*: \"Divide.*\n", re.M)),
    "a question without a mark": (rules.questions, ("Are they real?**", "They are real.**")),
    "nothing drawn": (rules.board, ("```text\nhours ", "```console\nhours ")),
    "a drawing without words": (rules.board, re.compile(r"(?<=picture\n\n).*?(?=\n```)", re.S)),
    "dead link": (rules.links, ("03_kmeans.ipynb#a-wrong-attempt", "03_means.ipynb")),
    "no such heading": (rules.links, ("#a-wrong-attempt", "#a-right-attempt")),
    "link out of the course": (rules.links, ("../../../notebooks/03_kmeans", "https://x.org/03")),
    "nothing to skip": (rules.shortening, ("**Skip**: ", "**Drop**: ")),
    "nothing to keep": (rules.shortening, ("**Never skip**: ", "**Keep**: ")),
    "other minutes": (rules.minutes, ("states 40 minutes", "states 45 minutes")),
    "a sum that is wrong": (rules.minutes, ("it takes 85.", "it takes 80.")),
    "a row more": (rules.minutes, ("| 5 | quiz", "| 5 | break |\n| 5 | quiz")),
    "two sentences": (rules.voice, ("is a place, not a viewer; in", "is a place. In")),
    "a hurtful word": (rules.voice, ("The theorem promises", "The theorem obviously promises")),
    "too short": (rules.length, re.compile(r"(?<=## Misconceptions\n).*?(?=## Board)", re.S)),
    "too long": (rules.length, ("## Minutes", 900 * "word " + "\n## Minutes")),
    "value of 03.5": (rules.value_told, ("do the first step by hand.", "see that J ends at 36.")),
    "value of 03.6": (rules.value_told, ("is foreseen wrongly.", "means a factor of 3,600.")),
    "value beside its number": (rules.value_told, ("10 | step 1", "10 | 0.2 in 03.1; step 1")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_page_is_noticed(name):
    rule, change = BROKEN[name]
    if isinstance(change, tuple):
        assert change[0] in GOOD.text
        text = GOOD.text.replace(*change)
    else:
        text = change.sub("", GOOD.text)
    assert text != GOOD.text
    assert rule(GOOD) == [] and len(rule(replace(GOOD, text=text))) >= 1


def test_every_rule_is_fed_something_broken():
    fed = {rule for rule, _ in BROKEN.values()} | {rules.solution_shown}
    assert fed == set(rules.RULES)


def test_a_line_of_a_solution_is_noticed():
    line = "    return np.array([X[labels == i].mean(axis=0) for i in range(len(centres))])"
    shown = replace(GOOD, text=GOOD.text.replace("   hours = np", f"   {line}\n   hours = np"))
    assert rules.solution_shown(GOOD) == [] and len(rules.solution_shown(shown)) == 1


@pytest.mark.parametrize(
    ("text", "right", "near", "told"),
    [
        ("It is 0.44.", 4 / 9, False, True),
        ("It is 44 %.", 4 / 9, False, False),
        ("It is 1.6%.", 0.01644, False, True),
        ("It is 0.4.", 4 / 9, False, False),
        ("It takes 6 steps.", 6.0, False, False),
        ("It takes 6 steps.", 6.0, True, True),
        ("J is 3,600.", 3600.0, False, True),
        ("It is 36,000.", 3600.0, True, False),
        ("the outsider wins", "outsider", True, True),
        ("the outsider wins", "outsider", False, False),
        ("the outsiders win", "outsider", True, False),
        ("`B` and `D`", {"B", "D"}, True, True),
        ("`B` and `C`", {"B", "D"}, True, False),
        ('"core", "border"', ["core", "border"], True, True),
        ('"border", "core"', ["core", "border"], True, False),
        ("dense: neither, CNN: both", {"dense": "neither", "CNN": "both"}, True, True),
        ("dense: both, CNN: both", {"dense": "neither", "CNN": "both"}, True, False),
    ],
)
def test_what_tells_a_value(text, right, near, told):
    assert rules.tells(text, right, near) is told


def live(code, shown, start=GOOD):
    """A page whose live coding is one cell and one output."""
    begin, end = "## Live coding", "## Questions to ask"
    before, after = start.text.split(begin)[0], start.text.split(end)[1]
    cells = f"{begin}\n\n```python\n{code}\n```\n\n```text\n{shown}\n```\n\n"
    return replace(start, text=before + cells + end + after)


@pytest.mark.parametrize(
    ("code", "shown", "same"),
    [
        ("print(2 + 2)", "4", True),
        ("print(2 + 2)", "5", False),
        ("2 + 2", "4", True),
        ("x = 4\nx;", "4", False),
        ("print('a  1.00')", "a 1.04", True),
        ("print('a 100')", "a 90", False),
        ("print('a 1.0')", "b 1.0", False),
        ("print('a 1.0 2.0')", "a 1.0", False),
        ("{}['item']", "KeyError: 'item'", True),
        ("{}['item']", "ValueError: 'item'", False),
    ],
)
def test_outputs_are_compared(code, shown, same):
    assert (rules.outputs(live(code, shown)) == []) is same


def test_an_output_that_the_page_hides_is_noticed():
    hidden = live("print(1)", "1")
    hidden = replace(hidden, text=hidden.text.replace("```text\n1\n```", "", 1))
    assert len(rules.outputs(hidden)) == 1


def test_outputs_are_filled_in():
    page = live("print('one\\n\\ntwo')", "?")
    assert "```text\none\n\ntwo\n```" in rules.filled(page)
    assert rules.outputs(replace(page, text=rules.filled(page))) == []


def test_live_coding_that_solves_an_exercise_is_noticed():
    solving = "def cost(X, labels, centres):\n    return ((X - centres[labels]) ** 2).sum()"
    other = solving.replace("** 2).sum()", "** 2).mean()")
    assert rules.outputs(live(other, "")) == []
    assert rules.outputs(live(solving, "")) == ["cost of the live coding is accepted as 03.2"]


def test_quoted_lines_are_looked_up():
    shown = ["the best J is found by 5% of the random starts, 47% of k-means++"]
    shown.append("ten k-means++ starts all miss it  with chance 0.17%")
    assert rules.invented(GOOD, shown) == []
    assert len(rules.invented(GOOD, shown[:1])) == 1
    assert len(rules.invented(GOOD, ["the best J is found by 25% of the random starts, 47%"])) == 2


def test_numbers_of_the_prose_are_looked_up():
    assert rules.loose_numbers(GOOD, ["2.50 and 100"]) == []
    made_up = replace(GOOD, text=GOOD.text.replace("The theorem promises a stop.", "About 4.7 do."))
    told = ["a number that the chapter does not hold: 4.7"]
    assert rules.loose_numbers(made_up, ["2.50 and 100"]) == told
    assert rules.loose_numbers(made_up, ["2.50 and 100, and 4.68"]) == []


def test_a_built_page_is_read_as_a_reader_sees_it(tmp_path):
    page = tmp_path / "page.html"
    table = "<table><tr>\n <th>a</th>\n <td>1.0</td>\n</tr></table>"
    text = f"<script>a = 7</script>\n<pre><b>x &lt; 1</b>\n  y</pre>\n{table}"
    page.write_text(text, encoding="utf-8")
    assert [line.strip() for line in rules.page_lines(page)] == ["", "x < 1", "y", "a 1.0"]
