"""The class test: right options are right, wrong ones are the misconceptions', and no key leaks."""

from __future__ import annotations

import copy
import io
import json
import re
import sys
import zipfile
from dataclasses import replace

import pytest
import yaml
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder
from leak_checks import index_leaks, leaks, name_leaks, opened, sheet_leaks, text_leaks
from markdown_it import MarkdownIt
from site_checks import given_away
from site_support import ROOT

from tests.notebooks.notebook_rules import CHAPTERS, read, solutions_of
from tests.notebooks.notebook_rules import answers as solution_lines

sys.path.insert(0, str(ROOT / "tools"))
import answers as answer_book  # noqa: E402
import class_test_items as computations  # noqa: E402
import class_test_report as report  # noqa: E402
import class_tests  # noqa: E402
import release  # noqa: E402

ITEMS = class_tests.the_items()
FACTS = class_tests.objectives.read_all_facts(ROOT)
COVERED = class_tests.coverage(ITEMS)
ENTRIES = yaml.safe_load(class_tests.TRUTH.read_text(encoding="utf-8"))
BY_ID = {item.id: item for item in ITEMS}
SHEETS = [f"test_{form.lower()}" for form in class_tests.FORMS]
TEACH = ROOT / "book/teach"
# What only the key and the answer book say.
SECRETS = {answer_book.MARK, *(q.why for item in ITEMS for q in item.forms.values())}
KEYS = ["".join(item.forms[form].right.letter for item in ITEMS) for form in class_tests.FORMS]


# The questions --------------------------------------------------------------------------------

# Worked out by hand, on paper.
BY_HAND = {
    "viewers": ("3", "4"),
    "density": ("67%", "56%"),
    "lost": ("4", "3"),
    "wait": ("Q, S", "P, R"),
    "latest": ("2, 4, 6", "1, 3, 4"),
    "objective": ("12", "18"),
    "centre": ("4", "6"),
    "loop": ("3 and 12", "4 and 14"),
    "start": ("64", "100"),
    "kinds": ("4 core, 1 border, 1 noise", "5 core, 1 border, 0 noise"),
    "silhouette": ("0.73", "0.70"),
    "precision": ("40%", "25%"),
    "unseen": ("Clue, Dune", "Hello, Angie"),
    "shrunken": ("17.5%", "13.3%"),
    "f1": ("0.32", "0.40"),
}
# The same for what a misconception makes of the figures of form A.
WRONG_BY_HAND = {
    "lost": {"02.1 added up": "6", "02.1 those who stay": "5", "02.1 share of the cells": "2"},
    "objective": {
        "03.2 all centres": f"{12 + 9**2 + 7**2 + 5**2 + 7**2}",
        "03.2 not squared": f"{1 + 1 + 3 + 1}",
        "03.2 mean instead of sum": "3",
    },
    "centre": {
        "03.3 old centre counted as a member": "5",
        "03.3 divided by all users": "3",
        "03.3 median": "2",
    },
    "start": {"03.5 best possible": "4", "03.5 one cluster": "68", "03.5 one user": "16"},
    "precision": {"10.1 recall": "25%", "10.1 accuracy": "55%", "10.1 divided by hits": "100%"},
    "f1": {
        "11.1 arithmetic mean": "0.50",
        "11.1 precision": "0.20",
        "11.1 factor two forgotten": "0.16",
    },
    "wait": {
        "02.5 everything waits": "P, Q, R, S",
        "02.5 the other way round": "P, R",
        "02.5 scaling forgotten": "Q",
    },
}


def test_nothing_is_wrong_with_the_test():
    assert class_tests.complaints(ITEMS, FACTS, COVERED) == []


@pytest.mark.parametrize("name", BY_HAND)
def test_a_computed_answer_is_what_one_gets_by_hand(name):
    assert tuple(q.right.text for q in BY_ID[name].forms.values()) == BY_HAND[name]


def test_every_computed_item_was_done_by_hand():
    assert {item.id for item in ITEMS if item.computed} == set(BY_HAND)
    assert {entry.get("compute", entry["id"]) for entry in ENTRIES} == {i.id for i in ITEMS}


@pytest.mark.parametrize("name", WRONG_BY_HAND)
def test_a_wrong_option_is_what_the_misconception_yields(name):
    options = BY_ID[name].forms["A"].options
    assert {o.mistake: o.text for o in options if o.mistake} == WRONG_BY_HAND[name]


def test_most_misconceptions_are_named_mistakes_of_exercises():
    named = [o.mistake for i in ITEMS for o in i.forms["A"].options if o.mistake]
    known = [name for name in named if class_tests.NAMED.fullmatch(name)]
    assert len(known) >= 2 / 3 * len(named)


def test_a_question_that_prints_its_figures_prints_the_ones_computed_with():
    """Where a text names figures itself, they are those that the form gives."""
    start = next(entry for entry in ENTRIES if entry["id"] == "start")
    for form in start["forms"].values():
        w, h = form["given"]["wide"], form["given"]["high"]
        corners = f"(0, 0), (0, {h}), ({w}, 0) and ({w}, {h})"
        assert corners in form["question"]
        assert f"({w // 2}, 0) and ({w // 2}, {h})" in form["question"]
    for name in ("objective", "centre"):
        for form in next(e for e in ENTRIES if e["id"] == name)["forms"].values():
            told = [int(n) for n in re.findall(r"\bat (\d+)", form["question"])]
            assert told == form["given"]["centres"][: len(told)] and told
    for form in next(e for e in ENTRIES if e["id"] == "silhouette")["forms"].values():
        who = form["given"]["who"]
        assert f"{form['given']['hours'][who - 1]} " in form["question"].splitlines()[1]
        assert ("first", "second", "third")[who - 1] in form["question"].splitlines()[1]
    for form in next(e for e in ENTRIES if e["id"] == "shrunken")["forms"].values():
        assert f"it is {form['given']['everybody']:.0%}." in form["question"]


def test_a_step_that_looks_at_others_is_told_from_one_that_does_not():
    alone = {name for name, step in computations.STEPS.items() if not looks(step)}
    assert {name.split()[0] for name in alone} == {"divide", "delete", "write"}
    assert len(alone) == 4


def looks(step):
    return computations.looks_at_others(step)


# Broken tests ---------------------------------------------------------------------------------


def broken(**changes):
    """The questions of the test, one of them changed."""
    name = changes.pop("of", "more")
    entries = copy.deepcopy(ENTRIES)
    entry = next(e for e in entries if e["id"] == name)
    for key, value in changes.items():
        place = entry
        *path, last = key.split("__")
        for step in path:
            place = place[step]
        place[last] = value
    return class_tests.read_items(yaml.safe_dump(entries, allow_unicode=True))


def said(items):
    return "\n".join(class_tests.complaints(items, FACTS, class_tests.coverage(items)))


B = "forms__B__"
BREAKS = {
    "no chapter '03_means'": {"chapter": "03_means"},
    "begins with 'name five'": {"objective": "name five"},
    "no section 'Six ways'": {"sections": ["Six ways"]},
    "no plan teaches it": {"sections": ["Quiz"]},
    "2 items have this name": {"id": "start"},
    "not four different options": {B + "right": "That one should take 4 groups"},
    "no explanation": {B + "why": " "},
    "a name in braces is left": {B + "right": "No {choice}"},
    "the same question, or the same right answer": {
        B + "right": ENTRIES[10]["forms"]["A"]["right"]
    },
    "not of the same length": {B + "question": "What follows?"},
}


@pytest.mark.parametrize("complaint", BREAKS)
def test_the_check_sees_what_is_wrong(complaint):
    assert complaint in said(broken(**BREAKS[complaint]))


@pytest.mark.parametrize("name", ["03.2 all centers", "99.1 all centres", "3.2 all centres"])
def test_the_check_sees_a_mistake_that_no_exercise_knows(name):
    texts = {
        form: {name if k[0].isdigit() else k: v for k, v in entry["wrong"].items()}
        for form, entry in ENTRIES[10]["forms"].items()
    }
    changes = {f"forms__{form}__wrong": wrong for form, wrong in texts.items()}
    items = broken(mistakes=list(texts["A"]), **changes)
    assert f"more: no mistake '{name}'" in said(items)


def test_a_form_that_tells_other_mistakes_apart_is_not_read():
    with pytest.raises(ValueError, match="more: options for"):
        broken(**{B + "wrong": {"a": "1", "b": "2", "c": "3"}})
    with pytest.raises(ValueError, match="objective: options for"):
        broken(of="objective", mistakes=["03.2 all centres", "03.2 not squared", "03.2 cubed"])


def test_the_check_sees_that_a_form_is_missing():
    items = [replace(ITEMS[0], forms={"A": ITEMS[0].forms["A"]}), *ITEMS[1:]]
    assert "forms ['A'], not A and B" in class_tests.item_complaints(items[0], FACTS)


def moved(item, letter):
    """An item whose right option stands elsewhere, in both forms."""
    forms = {}
    for name, question in item.forms.items():
        wrong = [(o.mistake, o.text) for o in question.options if o.mistake]
        options = class_tests.ordered(question.right.text, wrong, letter)
        forms[name] = replace(question, options=options)
    return replace(item, forms=forms)


def test_the_check_sees_that_places_tell():
    found = class_tests.pattern_complaints([moved(item, "b") for item in ITEMS])
    assert "places of the right options are {'b': 20}" in found[0]
    assert any("the same letter in both forms" in text for text in found)


@pytest.mark.parametrize(("text", "name"), [("right " * 30, "longest"), ("ok", "shortest")])
def test_the_check_sees_that_length_tells(text, name):
    def told(question):
        options = [o if o.mistake else replace(o, text=text) for o in question.options]
        return replace(question, options=tuple(options))

    items = [
        i if i.computed else replace(i, forms={f: told(q) for f, q in i.forms.items()})
        for i in ITEMS
    ]
    assert f"the {name} in 10 of 10" in "\n".join(class_tests.pattern_complaints(items))


def test_numbers_are_in_order_and_other_options_stand_where_they_are_told():
    wrong = [("x", "20%"), ("y", "5%"), ("z", "100%")]
    by_size = class_tests.ordered("40%", wrong, None)
    assert [(o.letter, o.text) for o in by_size] == list(
        zip("abcd", ["5%", "20%", "40%", "100%"], strict=True)
    )
    placed = class_tests.ordered("40%", wrong, "b")
    assert [o.text for o in placed] == ["20%", "40%", "5%", "100%"]


# The plans ------------------------------------------------------------------------------------


def test_a_plan_covers_what_it_tells():
    titles = {name: len(numbers) for name, (_title, numbers) in COVERED.items()}
    assert titles["half_day"] < titles["one_day"] < titles["two_days"] == len(ITEMS)
    assert 14 <= titles["one_day"] <= 18
    half = {ITEMS[number - 1].id for number in COVERED["half_day"][1]}
    # It skips ratings, holes and small groups, and has no chapter 4, 6 or 11.
    assert not half & {"missing", "lost", "kinds", "silhouette", "f1", "shrunken"}
    assert {"viewers", "start"} <= half


def test_an_item_needs_all_its_sections():
    items = [replace(ITEMS[0], sections=(*ITEMS[0].sections, "What a rating says"))]
    covered = class_tests.coverage(items)
    assert covered["half_day"][1] == [] and covered["one_day"][1] == [1]


PLANS = class_tests.the_plans()


def changed_plan(name, block, **changes):
    """The plans of the course, one of their blocks changed."""
    plan = PLANS[name]
    sessions = tuple(
        replace(s, blocks=tuple(replace(b, **changes) if b.id == block else b for b in s.blocks))
        for s in plan.sessions
    )
    return {**PLANS, name: replace(plan, sessions=sessions)}


def test_a_plan_gives_the_test_the_minutes_that_its_questions_take():
    assert class_tests.plan_complaints(PLANS, COVERED) == []
    (inside,) = class_tests.blocks_inside(PLANS)
    name, block, count = inside
    assert (name, block.id, count) == ("semester", "w12-test", 10)
    assert block.minutes == class_tests.minutes_of(count) == class_tests.MINUTES * count


def test_five_questions_take_eight_minutes_not_seven_and_a_half():
    assert [class_tests.minutes_of(n) for n in (5, 10, 17, 20)] == [8, 15, 26, 30]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"minutes": 11}, "11 minutes, 10 questions take 15"),
        ({"minutes": 20}, "20 minutes, 10 questions take 15"),
        ({"do": "The post-test if you use one."}, "neither 'its minutes are not in it' nor how"),
        ({"do": "A [test](tests.md) for all."}, "neither 'its minutes are not in it' nor how"),
        ({"do": "A test before the class: all of it."}, "neither"),
        ({"do": "A test after the class: 21 of its questions.", "minutes": 32}, "covers 20 only"),
    ],
)
def test_a_block_without_the_minutes_of_its_test_is_seen(changes, said):
    plans = changed_plan("semester", "w12-test", **changes)
    (found,) = class_tests.plan_complaints(plans, COVERED)
    assert found.startswith("semester, w12-test: ") and said in found


def test_a_block_that_leaves_the_test_to_others_needs_no_minutes():
    for text in ("A test after the class: its minutes are not in it.", "Nobody tests.", ""):
        plans = changed_plan("semester", "w12-test", do=text, minutes=1)
        assert class_tests.plan_complaints(plans, COVERED) == []
        assert class_tests.minutes_inside(plans) == "No plan has these minutes in it."


def test_the_page_names_the_minutes_of_the_plans():
    page = (TEACH / "tests.md").read_text(encoding="utf-8")
    assert "*A semester*, block *w12-test*, 15 minutes for 10 questions." in page
    assert class_tests.minutes_inside(PLANS) in page


# The pages ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [f"{sheet}.md" for sheet in SHEETS] + ["tests.md"])
def test_a_page_is_written_from_the_test(name):
    made = class_tests.write_all(ITEMS, FACTS)[name]
    assert (TEACH / name).read_text(encoding="utf-8") == made, "run: python tools/class_tests.py"


def test_the_page_gives_the_interval_of_a_made_class():
    page = (TEACH / "tests.md").read_text(encoding="utf-8")
    made = class_tests.made_class(20, len(COVERED["one_day"][1]), 0.45, 0.70)
    assert f"from {100 * made.low:.0f} to {100 * made.high:.0f}, and its" in page
    assert made.high - made.low > 0.1 and "{" not in page.split("## What each")[0]
    assert class_tests.numbers([1, 2, 3, 5, 8, 9]) == "1–3, 5, 8–9"


def rendered(sheet):
    """A sheet as the site shows it, near enough for what may tell."""
    text = re.sub(r"^---\n.*?^---\n|^%[^\n]*\n", "", sheet, flags=re.M | re.S)
    return f"<article>{MarkdownIt('commonmark').enable('table').render(text)}</article>"


@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_holds_all_questions_and_no_key(name):
    sheet = (TEACH / f"{name}.md").read_text(encoding="utf-8")
    assert len(re.findall(r"^## Question \d+$", sheet, re.M)) == len(ITEMS)
    assert sheet_leaks(rendered(sheet), len(ITEMS)) == []
    assert text_leaks(name, sheet, SECRETS, KEYS) == []
    assert not any(f'"{entry["id"]}"' in sheet for entry in ENTRIES)


GOOD = """<article><h1>Test</h1><h2>Question 1</h2><ul>
<li><p><strong>(a)</strong> 1</p></li><li><p><strong>(b)</strong> 2</p></li>
<li><p><strong>(c)</strong> 3</p></li><li><p><strong>(d)</strong> 4</p></li></ul></article>"""
PLANTS = {
    "an option looks different": ("<li><p><strong>(c)", '<li class="good"><p><strong>(c)'),
    "an option looks  different": ("<strong>(c)</strong> 3", "<strong>(c)</strong> <b>3</b>"),
    "a comment says": ("<h2>", "<!-- the right one is c --><h2>"),
    "something is hidden": ("</ul>", "</ul><p hidden>c</p>"),
    "something is  hidden": ("</ul>", '</ul><p style="display: none">c</p>'),
    "something is   hidden": ("</ul>", "</ul><details>c</details>"),
    "the attribute data-correct": ("<ul>", '<ul data-correct="c">'),
    "a script that tells": ("</ul>", "</ul><script>const key = 'c'</script>"),
    "3 options, not 4": ("<li><p><strong>(d)</strong> 4</p></li>", ""),
}


@pytest.mark.parametrize("complaint", PLANTS)
def test_what_tells_the_right_option_on_a_sheet_is_seen(complaint):
    old, new = PLANTS[complaint]
    assert sheet_leaks(GOOD, 1) == [] and old in GOOD
    found = sheet_leaks(GOOD.replace(old, new), 1)
    assert any(text.startswith(re.sub(" +", " ", complaint)) for text in found)


# Leaks ----------------------------------------------------------------------------------------

WHY = ITEMS[6].forms["A"].why
KEY = KEYS[0]
PLANTED = {
    "a page": ("book/a.html", f"<p>{WHY}</p>"),
    "a page with tags": ("book/a.html", f"<p>{WHY.replace(' the ', ' <em>the</em> ', 1)}</p>"),
    "a comment": ("book/a.html", f"<!-- {KEY} -->"),
    "a comment with a sentence": ("book/a.html", f"<p>x</p><!-- {WHY} -->"),
    "a table": ("book/a.html", "".join(f"<td>{letter}</td>" for letter in KEY)),
    "a numbered list": ("a.md", ", ".join(f"{i} {x}" for i, x in enumerate(KEY, 1))),
    "a list in a script": ("_static/a.js", json.dumps(list(KEY))),
    "an attribute": ("book/a.html", f'<p title="{WHY}">x</p>'),
    "escaped JSON": ("searchindex.js", json.dumps({"text": WHY.replace("not", "n\u200bot")})),
    "the answer book": ("book/a.html", f"<!-- {answer_book.MARK} -->"),
    "the source of a page": ("_sources/book/teach/tests.yml", "x"),
    "the folder of the book": ("answers/index.html", "x"),
    "the folder of the truth": ("instructors/other.csv", "x"),
}


@pytest.mark.parametrize("where", PLANTED)
def test_a_planted_key_is_found(where):
    name, text = PLANTED[where]
    if where == "escaped JSON":
        text = json.dumps({"text": WHY}).replace("a", "\\u0061")
    good = [("book/b.html", b"<p>Nothing here.</p>"), ("a.woff2", b"\0\0binary")]
    assert leaks(good, SECRETS, KEYS) == []
    assert leaks([*good, (name, text.encode())], SECRETS, KEYS)


def test_a_key_is_found_in_an_archive_inside_an_archive():
    inner, outer = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(inner, "w") as packed:
        packed.writestr("recsys_tutorial/a.py", f'KEY = "{KEY}"')
    with zipfile.ZipFile(outer, "w") as packed:
        packed.writestr("wheels/a.whl", inner.getvalue())
        packed.writestr("wheels/", "")
    found = leaks([("classroom.zip", outer.getvalue())], SECRETS, KEYS)
    assert found == [f"classroom.zip/wheels/a.whl/recsys_tutorial/a.py: the key {KEY[:10]}..."]
    assert [name for name, _content in opened([("a.txt", b"x")])] == ["a.txt"]


INDEX = {"docnames": ["book/teach/test_a", "book/b"], "terms": {"x": 1}, "titleterms": {"y": [1]}}


def as_index(**changes):
    return f"Search.setIndex({json.dumps({**INDEX, **changes})})"


def test_a_leak_in_the_search_index_is_found():
    sheet = ["book/teach/test_a"]
    assert index_leaks(as_index(), sheet) == []
    assert index_leaks(as_index(terms={"median": [0, 1]}), sheet)
    assert index_leaks(as_index(titleterms={"median": 0}), sheet)
    assert index_leaks(as_index(docnames=[*INDEX["docnames"], "answers/index"]), sheet)
    assert index_leaks("nothing", sheet) == ["the search index cannot be read"]


def test_neither_wheel_nor_sdist_holds_the_key():
    files = {
        f.distribution_path: f.path
        for kind in (WheelBuilder, SdistBuilder)
        for f in kind(str(ROOT)).recurse_included_files()
    }
    assert len(files) > 100 and "recsys_tutorial/exercises/quizzes/03.json" in files
    texts = [
        (name, open(path, "rb").read())
        for name, path in files.items()
        if name.endswith((".py", ".json", ".md", ".j2", ".js"))
    ]
    assert name_leaks(files) == [] and leaks(texts, SECRETS, KEYS) == []


def test_what_the_zips_take_from_the_repository_holds_no_key():
    """Zips are made of the site, looked at below, and of these files."""
    files = release.site_files(ROOT, ROOT / "_build" / "no site")
    texts = [
        (name, what if isinstance(what, bytes) else what.read_bytes())
        for name, what in files.items()
        if name.endswith((".md", ".ipynb", ".html", ".txt"))
    ]
    assert len(texts) > 60
    assert name_leaks(files) == [] and leaks(texts, SECRETS, KEYS) == []


def test_pages_of_the_book_show_no_solution():
    """All texts in book/; chapters and slides have tests of their own."""
    lines = set().union(*(solution_lines(read(solutions_of(path))) for path in CHAPTERS))
    assert len(lines) > 100
    for page in (ROOT / "book").rglob("*.md"):
        # A sheet may show a call of the library that an answer makes as well.
        found = given_away(page.read_text(encoding="utf-8"), lines)
        assert found == [], page
    line = max(lines, key=len)
    assert given_away(f"<pre>{line}</pre>", lines)


@pytest.mark.site
def test_the_site_holds_no_key(site):
    files = [
        (path.relative_to(site).as_posix(), path.read_bytes())
        for path in sorted(site.rglob("*"))
        if path.is_file() and path.suffix in (".html", ".js", ".xml", ".txt", ".json", ".ipynb")
    ]
    assert len(files) > 100
    assert leaks(files, SECRETS, KEYS) == []
    assert name_leaks(p.relative_to(site).as_posix() for p in site.rglob("*")) == []
    assert not list(site.rglob("*.yml"))


@pytest.mark.site
@pytest.mark.parametrize("name", SHEETS)
def test_a_built_sheet_tells_nothing(name, site):
    text = (site / f"book/teach/{name}.html").read_text(encoding="utf-8")
    assert sheet_leaks(text, len(ITEMS)) == []


@pytest.mark.site
def test_the_search_of_the_site_does_not_lead_to_the_sheets(site):
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    assert index_leaks(text, [f"book/teach/{name}" for name in SHEETS]) == []


# The report -----------------------------------------------------------------------------------

HEADER = "person,form,time,item,option"


def right(form, number):
    return ITEMS[number - 1].forms[form].right.letter


def sheet_of(person, form, time, answers):
    return [f"{person},{form},{time},{number},{letter}" for number, letter in answers.items()]


def test_gains_and_mistakes_are_counted():
    lines = [HEADER]
    other = {
        n: next(o.letter for o in ITEMS[n - 1].forms["A"].options if o.mistake) for n in (1, 2)
    }
    lines += sheet_of("x", "A", "before", {1: other[1], 2: ""})
    lines += sheet_of("y", "A", "before", {1: right("A", 1), 2: other[2]})
    lines += sheet_of("x", "b", "After", {1: right("B", 1), 2: right("B", 2).upper()})
    # Question 2 is missing: open, and so not right.
    lines += sheet_of("y", "B", "after", {1: right("B", 1)})
    lines += sheet_of("z", "A", "before", {1: right("A", 1)})  # did not come back
    answers = report.read_answers(lines, ITEMS)
    gained = report.gains(answers, ITEMS)
    assert gained.loc["all", ["before", "after", "n_people"]].tolist() == [0.25, 0.75, 2]
    assert gained.loc["all", "normalised"] == pytest.approx(2 / 3)
    assert gained.loc["question 1: viewers", "gain"] == 0.5
    promise = [name for name in gained.index if name.startswith("01_recommender_data: compute")]
    assert gained.loc[promise[0], ["before", "after"]].tolist() == [0, 0.5]
    counted = report.mistakes(answers, ITEMS).set_index("question")
    assert counted.loc[[1, 2], "before"].tolist() == [1, 1] and counted["after"].sum() == 0
    assert counted.loc[1, "people before"] == 3
    assert "gain 50 points" in report.summary(gained, report.mistakes(answers, ITEMS))


BAD_ROWS = {
    "nobody stands under person": ",A,before,1,a",
    "form is 'C'": "x,C,before,1,a",
    "time is 'later'": "x,A,later,1,a",
    "no question '21'": "x,A,before,21,a",
    "no question 'two'": "x,A,before,two,a",
    "option is 'e'": "x,A,before,1,e",
    "option is ''": None,
    "has answered question 1 in line 2": "x,A,before,1,a\nx,A,before,1,b",
    "has both forms before": "x,A,before,1,a\nx,B,before,2,b",
    "no answers": "",
    "form is ''": "x",
}


@pytest.mark.parametrize("complaint", [c for c, rows in BAD_ROWS.items() if rows is not None])
def test_a_row_that_cannot_be_read_is_named(complaint):
    lines = [HEADER, *filter(None, BAD_ROWS[complaint].split("\n"))]
    with pytest.raises(SystemExit, match=re.escape(complaint)):
        report.read_answers(lines, ITEMS)


def test_other_bad_files_are_refused_and_semicolons_are_read(tmp_path):
    with pytest.raises(SystemExit, match="no column option"):
        report.read_answers(["person,form,time,item"], ITEMS)
    with pytest.raises(SystemExit, match="no column person"):
        report.read_answers([], ITEMS)
    with pytest.raises(SystemExit, match="and 2 more"):
        report.read_answers([HEADER, *(f"x,A,before,{n},z" for n in range(1, 13))], ITEMS)
    answers = report.read_answers(["Person;Form;Time;Item;Option", "x;A;before;1;a"], ITEMS)
    assert answers == [("x", "A", "before", 1, "a")]
    with pytest.raises(SystemExit, match="before and after"):
        report.gains(answers, ITEMS)
    (tmp_path / "a.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SystemExit, match="CSV UTF-8"):
        report.main([str(tmp_path / "a.csv")])


def test_the_report_is_written(tmp_path, capsys):
    lines = [HEADER]
    for time, form in (("before", "A"), ("after", "B")):
        lines += [f"p{p},{form},{time},{n},{'abcd'[(p + n) % 4]}" for p in range(5) for n in (1, 2)]
    (tmp_path / "a.csv").write_text("\ufeff" + "\n".join(lines), encoding="utf-8")
    assert report.main([str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]) == 0
    assert "5 people with both sheets" in capsys.readouterr().out
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["gains.csv", "mistakes.csv"]
    # Again it may, but not where a class's marks are: those have a table of the same name.
    assert report.main([str(tmp_path / "a.csv"), "--out", str(tmp_path / "out")]) == 0
    marks = tmp_path / "marks" / "mistakes.csv"
    marks.parent.mkdir()
    marks.write_text("exercise,title\n", encoding="utf-8")
    with pytest.raises(SystemExit, match="marks holds other files"):
        report.main([str(tmp_path / "a.csv"), "--out", str(marks.parent)])
    assert marks.read_text(encoding="utf-8") == "exercise,title\n"


# The rubric -----------------------------------------------------------------------------------

RUBRIC = (ROOT / "book/rubric.md").read_text(encoding="utf-8")
LEVELS = ["4", "3", "1", "0"]


def rubric_complaints(text):
    """Say what keeps a stranger from grading by the rubric."""
    parts = re.split(r"^### (.+)$", text.split("\n## Three rules")[0], flags=re.M)[1:]
    criteria = dict(zip(parts[::2], parts[1::2], strict=True))
    found = []
    for name, part in criteria.items():
        rows = dict(re.findall(r"^\| (\d) \| (.+) \|$", part, re.M))
        if list(rows) != LEVELS:
            found.append(f"{name}: levels {list(rows)}")
        if len(set(rows.values())) != len(rows) or any(len(t.split()) < 2 for t in rows.values()):
            found.append(f"{name}: two levels are the same, or one says nothing")
        if not re.search(r"^\*(Look|Try)\b.+\*", part, re.M):
            found.append(f"{name}: does not say where to look")
    most = 4 * len(criteria)
    stated = re.search(r"^(\w+) criteria, four levels, (\d+) points", text, re.M)
    if stated is None or (stated[1], int(stated[2])) != ("Seven", most) or len(criteria) != 7:
        found.append(
            f"{len(criteria)} criteria make {most} points, stated are {stated and stated[0]}"
        )
    bands = [range(int(a), int(b) + 1) for a, b in re.findall(r"^\| (\d+)–(\d+) \|", text, re.M)]
    if sorted(n for band in bands for n in band) != list(range(most + 1)):
        found.append("the bands of the sum do not cover each number once")
    sheets = [
        re.findall(rf"^\| {re.escape(name)} \|", text, re.M) for name in [*criteria, "**Sum**"]
    ]
    if {len(rows) for rows in sheets} != {2}:
        found.append("the sheet or the example lacks a criterion")
    points = re.findall(r"^\| \d\. [^|]+ \| (\d) \|", text, re.M)
    total = re.search(r"^\| \*\*Sum\*\* \| \*\*(\d+)\*\*", text, re.M)
    if not set(points) <= set(LEVELS) or total is None or sum(map(int, points)) != int(total[1]):
        found.append(f"the example adds up to {sum(map(int, points))}")
    return found


def test_the_rubric_adds_up():
    assert rubric_complaints(RUBRIC) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("| 1 | a topic", "| 2 | a topic", "1. Question: levels"),
        ("| 0 | no card |", "| 0 | none |", "6. Harm and limits: two levels"),
        ("*Look at* the model card.", "", "6. Harm and limits: does not say where"),
        ("28 points in all", "27 points in all", "make 28 points"),
        ("### 7. Others", "#### 7. Others", "6 criteria"),
        ("| 17–23 |", "| 16–23 |", "do not cover"),
        ("| 2. Data | | | |\n", "", "lacks a criterion"),
        ("| **Sum** | **17**", "| **Sum** | **18**", "adds up to 17"),
    ],
)
def test_a_rubric_that_does_not_add_up_is_seen(old, new, said):
    assert old in RUBRIC
    assert any(said in text for text in rubric_complaints(RUBRIC.replace(old, new, 1)))


def test_the_page_on_assessment_names_what_there_is():
    page = (TEACH / "assessment.md").read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)", page):
        assert (TEACH / target).resolve().is_file(), target
    assert "python course.py kit" in page and "## The answer book" in page
    command = re.search(r"tools/answers\.py --only ([\w ]+)`", page)[1].split()
    assert command[-1] == answer_book.TEST and list(answer_book.chapters(command))
