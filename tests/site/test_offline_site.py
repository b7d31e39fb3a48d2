"""The site opened from files, as on a memory stick: no request, no error, and a search that finds.

The first part tests the excerpts of the search without a site; the rest needs one and a browser.
"""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import time

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from site_support import ROOT, open_settled, serve, toc_pages

# What chapters speak of, and words of one chapter or of the glossary alone.
QUERIES = ["dbscan", "silhouette", "k-means", "dendrogram", "cold start", "nDCG", "medoid"]
LARGEST = 220_000


@pytest.fixture(scope="module")
def offline():
    """The extension that writes the excerpts."""
    path = ROOT / "book/_ext/course_offline.py"
    spec = importlib.util.spec_from_file_location("course_offline", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# Choosing sentences -------------------------------------------------------------------------


PAGE = """
Title
=====

The first sentence of this page is here. A second one follows it, about clusters.

Some lines are too short.

A section
---------

Here stands a formula, and \\\\sum of it would be shown as TeX. This is plain prose about noise.

.. image:: figure.png

Another section
---------------

One more paragraph, whose only sentence goes on.
"""


def test_sentences_have_the_anchors_of_their_sections(offline):
    # docutils makes the only top section the document's title: wrap it as Sphinx does.
    page, section = nodes.document(None, None), nodes.section(ids=["title"])
    section += [child.deepcopy() for child in publish_doctree(PAGE).children]
    page += section
    assert list(offline.sentences(page)) == [
        ("", "The first sentence of this page is here."),
        ("", "A second one follows it, about clusters."),
        ("", "Some lines are too short."),
        ("a-section", "This is plain prose about noise."),
        ("another-section", "One more paragraph, whose only sentence goes on."),
    ]


def test_a_glossary_entry_has_the_anchor_of_its_term(offline):
    term = nodes.term("", "core point", ids=["term-core-point"])
    meaning = nodes.definition("", nodes.paragraph("", "A point with many others around it."))
    page, section = nodes.document(None, None), nodes.section(ids=["glossary"])
    section += nodes.definition_list("", nodes.definition_list_item("", term, meaning))
    page += section
    assert list(offline.sentences(page)) == [
        ("term-core-point", "core point: A point with many others around it.")
    ]


ROWS = [
    ("", "alpha opens the page"),
    ("", "alpha opens"),
    ("s", "beta opens the section"),
    ("s", "gamma alone"),
    ("s", "alpha beta"),
]


def test_first_sentences_come_first_and_then_new_words(offline):
    roomy = offline.choose(ROWS, 1000)
    assert roomy == [ROWS[0], ROWS[2], ROWS[3]], "a sentence without a new word was taken"
    assert offline.choose(ROWS, 55) == [ROWS[0], ROWS[2]]
    assert offline.choose(ROWS, 0) == [ROWS[0], ROWS[2]], "every section has its first sentence"
    assert offline.choose([], 100) == []


def test_the_budget_is_kept_and_shared_by_length(offline):
    words = [f"word{number:04d} and some more of it" for number in range(600)]
    pages = {"long": [("", w) for w in words], "short": [("", w) for w in words[:60]], "none": []}
    table = offline.excerpts(pages, budget=6000)
    kept = {name: sum(map(len, rows[0][1:])) if rows else 0 for name, rows in table.items()}
    assert sum(kept.values()) <= 6100 and kept["none"] == 0
    assert 5 < kept["long"] / kept["short"] < 15


# The site from files ------------------------------------------------------------------------


def visit(browser, address):
    """Open a page; give it with what went wrong while it loaded."""
    page = browser.new_page()
    wrong = []
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda r: wrong.append(f"foreign: {r.url}") if foreign(r.url) else None)
    open_settled(page, address)
    return page, wrong


def foreign(address):
    """Tell whether an address is neither a file nor written out nor on this computer."""
    return not address.startswith(("file:", "data:", "blob:", "http://127.0.0.1:"))


def faults(browser, address):
    page, wrong = visit(browser, address)
    page.close()
    return wrong


# The other pages are opened from files by test_pages.py, which looks at them as well.
@pytest.mark.site
@pytest.mark.parametrize("name", ["book/intro", "genindex", "search"])
def test_page_opens_from_a_file(name, site, browser):
    assert faults(browser, (site / f"{name}.html").as_uri()) == []


@pytest.mark.site
def test_the_start_page_leads_on_from_a_file(site, browser):
    # The redirect ends the loading of the start page's own icon, which counts as a failure there.
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/intro.html")
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "broken",
    [
        '<script src="missing.js"></script>',
        "<script>fetch('other.html')</script>",
        '<img src="https://example.org/x.png" alt="">',
        "<script>missing()</script>",
    ],
)
def test_the_check_sees_what_fails_from_a_file(broken, tmp_path, browser):
    (tmp_path / "other.html").write_text("<p>other</p>", encoding="utf-8")
    (tmp_path / "page.html").write_text(f"<title>t</title>{broken}", encoding="utf-8")
    assert faults(browser, (tmp_path / "page.html").as_uri()) != []


# The search ---------------------------------------------------------------------------------


def search(browser, start, query):
    """Search; give what each result shows, and what went wrong."""
    page, wrong = visit(browser, f"{start}search.html?q={query.replace(' ', '+')}")
    # Sphinx writes the sentence with the number of results when the last one is there.
    page.wait_for_function("() => /\\d+/.test(document.querySelector('.search-summary').innerText)")
    script = """items => items.map(item => ({
        page: item.querySelector("a").getAttribute("href").split("#")[0],
        excerpt: item.querySelector("p.context")?.innerText || "",
        marked: [...item.querySelectorAll("p.context .highlighted")].map(m => m.innerText),
        described: item.querySelector("span:not(.highlighted)") !== null,
    }))"""
    found = page.eval_on_selector_all("#search-results li", script)
    page.close()
    return found, wrong


def poor_results(found, query):
    """What is wrong with results: none, one without excerpt, or no excerpt with the word."""
    bare = [r["page"] for r in found if not r["excerpt"] and not r["described"]]
    wrong = [f"no excerpt: {name}" for name in bare]
    if not found:
        wrong.append(f"nothing found for {query}")
    elif not any(r["marked"] for r in found):
        wrong.append(f"no excerpt shows {query}")
    return wrong


@pytest.mark.site
@pytest.mark.parametrize("query", QUERIES)
def test_search_from_a_file_shows_excerpts(query, site, browser):
    found, wrong = search(browser, f"{site.as_uri()}/", query)
    assert wrong + poor_results(found, query) == []


@pytest.mark.site
def test_search_from_a_server_shows_the_same_and_loads_no_other_page(site, browser):
    from_file, _ = search(browser, f"{site.as_uri()}/", "dbscan")
    with serve(site) as address:
        requests = []
        browser_page = browser.new_page()
        browser_page.on("request", lambda request: requests.append(request.url))
        open_settled(browser_page, f"{address}search.html?q=dbscan")
        browser_page.close()
        found, wrong = search(browser, address, "dbscan")
    assert wrong == [] and found == from_file
    pages = {name.split("?")[0] for name in requests if ".html" in name}
    assert pages == {f"{address}search.html"}


@pytest.mark.site
def test_most_results_of_a_chapters_word_hold_it(site, browser):
    found, _ = search(browser, f"{site.as_uri()}/", "clustering")
    marked = [r for r in found if r["marked"]]
    assert len(marked) > 0.5 * len(found) >= 6


@pytest.mark.site
def test_a_query_cannot_write_into_the_page(site, browser):
    query = "%3Cimg src=x onerror=alert(1)%3E clusters [("
    page, wrong = visit(browser, f"{site.as_uri()}/search.html?q={query}")
    page.wait_for_function("() => document.querySelector('.search-summary')?.innerText")
    assert page.query_selector("#search-results img") is None
    page.close()
    assert wrong == []


@pytest.mark.site
def test_every_page_has_excerpts_and_they_are_small(site):
    path = site / "_static/search-excerpts-data.js"
    assert path.stat().st_size <= LARGEST
    text = path.read_text(encoding="utf-8").removeprefix("window.courseSearchExcerpts = ")
    table = json.loads(text.rstrip().removesuffix(";"))
    assert set(toc_pages()) - set(table) == set()
    assert [name for name, sections in table.items() if not sections] == []


@pytest.mark.site
def test_only_the_search_page_loads_them(site):
    loading = [
        path.relative_to(site).as_posix()
        for path in site.rglob("*.html")
        if "search-excerpts" in path.read_text(encoding="utf-8")
    ]
    assert loading == ["search.html"]


@pytest.mark.site
@pytest.mark.parametrize("damage", ["window.courseSearchExcerpts = {};", "syntax error"])
def test_the_check_sees_a_search_without_excerpts(damage, site, browser, tmp_path):
    for name in ("search.html", "searchindex.js"):
        shutil.copy(site / name, tmp_path / name)
    shutil.copytree(site / "_static", tmp_path / "_static")
    (tmp_path / "_static/search-excerpts-data.js").write_text(damage, encoding="utf-8")
    found, wrong = search(browser, f"{tmp_path.as_uri()}/", "dbscan")
    assert any("no excerpt" in line for line in poor_results(found, "dbscan"))
    assert bool(wrong) == (damage == "syntax error")


def test_the_check_sees_an_empty_search():
    assert poor_results([], "x") == ["nothing found for x"]


# The time of the build ----------------------------------------------------------------------


class Build:
    """As much of a Sphinx application as the extension looks at."""

    def __init__(self, folder, warnings=0, builder="html"):
        self.outdir, self._warncount = folder, warnings
        self.builder = type("Builder", (), {"name": builder})


def test_a_clean_build_leaves_the_time_at_which_it_began(offline, tmp_path):
    build = Build(tmp_path)
    offline.note_start(build, None)
    build.course_started -= 100
    offline.note_success(build, None)
    assert abs((tmp_path / ".built").stat().st_mtime - (time.time() - 100)) < 10


@pytest.mark.parametrize(("warnings", "error"), [(1, None), (0, ValueError("no"))])
def test_a_build_that_warned_or_failed_takes_the_time_away(offline, tmp_path, warnings, error):
    (tmp_path / ".built").touch()
    build = Build(tmp_path, warnings)
    offline.note_start(build, None)
    offline.note_success(build, error)
    assert not (tmp_path / ".built").exists()


def test_other_builders_leave_the_time_alone(offline, tmp_path):
    (tmp_path / ".built").touch()
    offline.note_success(Build(tmp_path, 1, "epub"), None)
    assert (tmp_path / ".built").exists()


def test_the_search_script_is_plain():
    text = (ROOT / "book/_static/search-excerpts.js").read_text(encoding="utf-8")
    assert '"use strict"' in text and not re.search(r"\b(fetch|import|innerHTML)\b", text)
