"""Whatever people call themselves and their things: reports show it, and nothing else happens.

The page is parsed back and must hold exactly the text, in the same elements as for harmless names;
the tables are read as spreadsheets of several countries read them, and no cell is a formula.
"""

import csv
import io
import re
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.exercises.own.engine import OwnReport, Task
from recsys_tutorial.grading.classes import ClassMarks, Paper
from recsys_tutorial.grading.collecting import Submission
from recsys_tutorial.grading.fence import Rails
from recsys_tutorial.grading.marking import Mark, Marked
from recsys_tutorial.grading.reporting import write_class_report
from recsys_tutorial.pipeline import model_card, reporting, run_pipeline, write_report
from recsys_tutorial.pipeline.templates import environment

N_ITEMS = 8
NASTY = [
    *(
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</title></style><svg/onload=x>",
    ),
    *('" onmouseover="x', "' onclick='x", "{{ 7 * 7 }}", "{% include 'x' %}", "&lt;b&gt;", "&amp;"),
    *("]]>", "<!--", "-->", "javascript:alert(1)", "a\x00b", "\ud800", "\u202egnp.exe", "\u2028"),
    *(
        "=1+1",
        "+1",
        "-1+cmd|' /C calc'!A1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\uff1d1",
        "\uff0b1",
    ),
    *(
        "\uff0d1",
        "\uff20x",
        "a;=1+1",
        "a\t=1+1",
        "a\n=1+1",
        'a";=1+1',
        "a'\" ;,=1+2",
        'x;"=1',
        "; -1",
        ";;@x",
    ),
    *("[x](http://evil.org)", "![x](http://evil.org/x.png)", "https://evil.org", "www.evil.org"),
    *("a@evil.org", "<https://evil.org>", "a | b", "`code`", "**bold**", "_x_", "~~x~~", "$x$"),
    *("# title", "> quote", "- list", "1. list", "***", "---", "\\", "\\|", "\\[x](y)", "[x]: y"),
    *("| x |\n|---|", "&#60;script&#62;", "\x1b[31m", "x" * 500, " ", "\uff21\uff22", "=", ";="),
]
texts = st.lists(
    st.one_of(st.sampled_from(NASTY), st.text(min_size=1, max_size=12)),
    min_size=N_ITEMS,
    max_size=N_ITEMS,
    unique=True,
)
few = settings(max_examples=15, suppress_health_check=list(HealthCheck))


class Page(HTMLParser):
    """Takes a page apart: elements with their attributes, and the texts in them."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open = [], [], ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        values = [(name, "" if name in ("alt", "src") else value) for name, value in attributes]
        self.elements.append((tag, values))
        self.texts.append("")

    def handle_endtag(self, tag):
        self.elements.append((f"/{tag}", []))
        self.texts.append("")

    def handle_data(self, data):
        if self.texts:
            self.texts[-1] += data

    def handle_comment(self, data):
        self.elements.append(("comment", data))

    def of(self, tag):
        return [text for (one, _), text in zip(self.elements, self.texts) if one == tag]


def as_shown(text):
    """Give a text as a page can hold it."""
    whole = re.sub("[\u202a-\u202e\u2066-\u2069]", "", str(text))
    return whole.encode("utf-8", "replace").decode().replace("\r\n", "\n").replace("\r", "\n")


def made(titles, genres=None, users=None, source=()):
    rng = np.random.default_rng(0)
    users = users or list(range(12))
    rows = [
        (users[u], i, 1000 * u + n) for u in range(12) for n, i in enumerate(rng.permutation(8)[:5])
    ]
    events = pd.DataFrame(rows, columns=["user", "item", "timestamp"])
    items = pd.DataFrame({"item": range(N_ITEMS), "title": titles})
    if genres is not None:
        items["genres"] = genres
    log = Interactions.from_frame(events, items, rating=None)
    return run_pipeline(log, n_clusters=2, top=3, source=source)


@pytest.fixture
def undrawn(monkeypatch):
    """Leave out the pictures, which hold no markup, and the choice of names for them."""
    monkeypatch.setattr(reporting, "_figures", lambda result: [])
    monkeypatch.setattr(reporting, "_drawable", lambda names: names.tolist())


PLAIN = [f"title {n}" for n in range(N_ITEMS)]


@pytest.mark.slow
@few
@given(texts)
@example(NASTY[:8])
@example(NASTY[16:24])
@example(NASTY[26:34])
def test_titles_are_shown_and_nothing_more(undrawn, tmp_path_factory, titles):
    folder = tmp_path_factory.mktemp("report") / "out"
    result = made(titles, source=titles)
    page = Page(write_report(result, folder).read_text(encoding="utf-8"))
    twin = Page(reporting._render(made(PLAIN, source=PLAIN), n_changed=0))
    # A note that cells were changed is the only element that may come on top.
    elements = list(page.elements)
    if len(elements) > len(twin.elements):
        place = elements.index(("p", [("class", "note")]))
        del elements[place : place + 2]
    assert elements == twin.elements
    shown = {as_shown(title) for title in titles}
    assert set(page.of("strong")[1:]) <= shown and len(page.of("strong")) > 3
    assert {as_shown(title) for title in titles} <= set(page.of("li"))
    check_tables(folder, result)


def check_tables(folder, result):
    for path in sorted(folder.glob("*.csv")):
        found = [*dangerous_cells(path.read_text(encoding="utf-8-sig"))]
        assert not found, (path.name, found[:3])
    with (folder / "recommendations.csv").open(encoding="utf-8", newline="") as file:
        written = [row["title"] for row in csv.DictReader(file)]
    for cell, title in zip(written, result.recommendations["title"], strict=True):
        # Taking the apostrophes out gives the title back, but for signs that no file can hold.
        bare = re.sub(r"(^|[;\t\r\n])'", r"\1", cell)
        whole = re.sub(r"(^|[;\t\r\n])'", r"\1", title)
        assert bare == whole.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def dangerous_cells(text):
    """Find cells that a spreadsheet would run, in a country of commas, semicolons or tabs."""
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
            for cell in row:
                bare = cell.lstrip(' "\t\r\n')
                if bare.startswith(SIGNS) and not re.fullmatch(r"[+-]?\d[\d.,e+-]*", bare):
                    yield separator, cell


@pytest.mark.parametrize(
    "text",
    ["a,=1\n", 'a,"=1"\n', "a,x;=1\n", "a,x\t@x\n", "a, =1\n", "\uff1d1,a\n", 'a,"x\n=1;2"\n'],
)
def test_a_formula_would_be_noticed(text):
    assert list(dangerous_cells(text))


def test_harmless_cells_are_harmless():
    assert list(dangerous_cells("a,-2.5,+1,'=1,x-1,x;'=1\n")) == []


@pytest.mark.slow
@few
@given(texts, texts)
@example(NASTY[:8], NASTY[16:24])
@example(NASTY[24:32], NASTY[32:40])
def test_ids_and_genres_are_shown_and_nothing_more(undrawn, tmp_path_factory, names, genres):
    folder = tmp_path_factory.mktemp("report") / "out"
    users = [*names, *(f"user number {n}" for n in range(4))]
    result = made(PLAIN, genres, users)
    page = Page(write_report(result, folder).read_text(encoding="utf-8"))
    twin = Page(reporting._render(made(PLAIN, PLAIN)))
    assert {tag for tag, _ in page.elements} == {tag for tag, _ in twin.elements}
    own = {name for _, values in twin.elements for name, _ in values}
    assert {name for _, values in page.elements for name, _ in values} <= own
    for user in users:
        assert any(one.startswith(f"User {as_shown(user)}: ") for one in page.of("summary"))
    check_tables(folder, result)


# The model card ---------------------------------------------------------------------------------


def rendered(card):
    """Read Markdown as GitHub does, with HTML and links of bare addresses."""
    markdown = pytest.importorskip("markdown_it")
    pytest.importorskip("linkify_it")
    return Page(markdown.MarkdownIt("gfm-like").render(card))


def test_a_card_of_harmless_names_has_no_link():
    tags = {tag for tag, _ in rendered(model_card(made(PLAIN, source=PLAIN))).elements}
    assert {"table", "td", "li"} <= tags and not tags & {"a", "img", "script", "code", "s"}


@pytest.mark.parametrize("start", range(0, len(NASTY) - N_ITEMS, N_ITEMS))
def test_the_card_shows_titles_and_nothing_more(start):
    titles = NASTY[start : start + N_ITEMS]
    page = rendered(model_card(made(titles, source=titles)))
    twin = rendered(model_card(made(PLAIN, source=PLAIN)))
    assert page.elements == twin.elements
    # Markdown has no zero byte; the marks of direction are taken out on purpose.
    expected = [" ".join(as_shown(t).replace("\x00", "\ufffd").split()) for t in titles]
    shown = [" ".join(text.encode("utf-8", "replace").decode().split()) for text in page.of("li")]
    assert set(expected) <= set(shown), set(expected) - set(shown)


def test_what_plain_leaves_alone():
    plain = environment(for_markdown=True).filters["plain"]
    for text in ("Sci-Fi; Children's", "Tom & Jerry", "C: a film", "log.csv: 240 rows, 3.5 %."):
        assert plain(text) == text


# The class report -------------------------------------------------------------------------------


def write_class(names, folder):
    papers = []
    for name in names:
        marks = (Mark("05.1", "stopped", note=name), Mark("05.2", "wrong", name, name))
        papers.append(
            Paper(Submission(name, f"{name}.ipynb"), Marked("05", marks), remarks=(name, name))
        )
        papers.append(Paper(Submission(name, name), problem=name))
    return write_class_report(ClassMarks(tuple(papers), Rails(*[False] * 4)), folder)


@few
@given(texts)
@example(NASTY[:8])
@example(NASTY[16:24])
@example(NASTY[26:34])
def test_the_class_report_shows_names_and_nothing_more(tmp_path_factory, names):
    page = write_class(names, tmp_path_factory.mktemp("class"))
    twin = write_class(PLAIN, tmp_path_factory.mktemp("class"))
    found = Page(page.read_text(encoding="utf-8"))
    assert found.elements == Page(twin.read_text(encoding="utf-8")).elements
    assert {as_shown(name) for name in names} <= set(found.of("th"))
    for path in page.parent.glob("*.csv"):
        text = path.read_text(encoding="utf-8-sig")
        assert not list(dangerous_cells(text)), path.name
        assert len(text.splitlines()) == len(text.split("\n")) - 1 or "\x1c" in text


# Notebooks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", NASTY)
def test_what_a_notebook_shows_is_text(text):
    twin = OwnReport(("t",), (("t", "t", "t"),))._repr_html_()
    page = Page(OwnReport((text,), ((text, text, text),))._repr_html_())
    assert page.elements == Page(twin).elements
    assert page.of("li") == [text] and page.of("td") == [text] * 3
    shown = {tag for tag, _ in Page(Task("05.1", text, text, text)._repr_html_()).elements}
    assert shown <= {"p", "/p", "strong", "/strong", "pre", "/pre", "code", "/code"}
