"""The look of the pages for teachers: order, the list of notes, wide tables, paper."""

import io
import re
import sys
from types import SimpleNamespace

import pytest
from docutils import nodes
from site_support import ROOT, listed, toc_pages

sys.path.insert(0, str(ROOT / "book/_ext"))
import course_chapters as chapters  # noqa: E402
import course_site  # noqa: E402
import site_chapters as around  # noqa: E402
import site_head as head  # noqa: E402
import site_notes as notes  # noqa: E402
import site_tables as tables  # noqa: E402

TEACH = [name for name in toc_pages() if name.startswith("book/teach/")]
SHEETS = [name for name in TEACH if "/sheets/" in name and not name.endswith("index")]
PLANS = [f"book/teach/{name}" for name in ("half_day", "one_day", "two_days", "semester")]


# Order --------------------------------------------------------------------------------------

NESTED = [{"file": "a"}, {"file": "b", "sections": [{"file": "c"}, {"file": "d"}]}, {"file": "e"}]


def test_pages_below_a_page_follow_it():
    assert chapters.pages_below(NESTED) == listed(NESTED) == list("abcde")


def test_a_page_knows_the_page_above_it(tmp_path):
    (tmp_path / "book").mkdir()
    toc = "parts: [{caption: X, chapters: [{file: a}, {file: b, sections: [{file: c}]}]}]"
    (tmp_path / "book/_toc.yml").write_text(toc, encoding="utf-8")
    assert chapters.pages_above(tmp_path) == {"c": "b"}
    assert chapters.toc_parts(tmp_path) == [("X", ["a", "b", "c"])]


def test_the_pages_for_teachers_stand_in_one_part_behind_the_chapters():
    parts = dict(chapters.toc_parts(ROOT))
    assert parts["For teachers"] == TEACH
    order = list(parts)
    assert order.index("For teachers") > max(
        order.index(part) for part, names in parts.items() if any(map(chapters.is_chapter, names))
    )
    # The list of pages shows a dozen of them; the others are a click away.
    above = chapters.pages_above(ROOT)
    assert len([name for name in TEACH if name not in above]) <= 14


@pytest.mark.parametrize(
    ("above", "way"),
    [
        (None, ["Course", "For teachers", "Grading"]),
        (("x.html", "Notes"), ["Course", "For teachers", "Notes", "Grading"]),
        (("x.html", "For teachers"), ["Course", "For teachers", "Grading"]),
    ],
)
def test_the_way_back_names_the_page_above(above, way):
    made = around.crumbs("book/teach/grading", "Grading", "For teachers", "i.html", None, above)
    assert re.findall(r">([^<>]+)</(?:a|span)>", made) == way
    assert made.count("x.html") == (above is not None)
    own = around.crumbs("book/teach/index", "For teachers", "For teachers", "i.html")
    assert re.findall(r">([^<>]+)</(?:a|span)>", own) == ["Course", "For teachers"]


def test_the_arrow_in_the_list_of_pages_has_a_name():
    arrow = '<details><summary><span class="toctree-toggle"></span></summary>'
    link = '<a class="reference internal" href="notes/index.html">Notes</a>'
    fixed = course_site.fix_html(link + arrow)
    assert '<summary aria-label="Notes">' in fixed and course_site.fix_html(fixed) == fixed
    assert course_site.fix_html("<p>x</p><details><summary>More</summary>").endswith(
        "More</summary>"
    )


def test_a_sheet_is_described_by_what_is_in_its_box():
    box = nodes.container("", nodes.paragraph("", "What it does. " * 4))
    cell = nodes.container("", nodes.paragraph("", "output " * 9), nb_element="cell_code")
    page = nodes.document(None, None)
    page += nodes.section("", nodes.title("", "T"), cell, box)
    assert head.describe(page) == ("What it does. " * 4).strip()


def test_the_site_map_goes_into_the_pages_below_a_page():
    below = {"home": ["a", "b", "e"], "b": ["c", "d"]}
    env = SimpleNamespace(toctree_includes=below, config=SimpleNamespace(root_doc="home"))
    assert sorted("zedcba", key=head._place_of(env)) == list("abcdez")


# The list of notes --------------------------------------------------------------------------

PAGE = "# Notes\n\n## The one idea\n\n> One idea,\n> in two lines.\n\n## Why\n\n> Not this.\n"


def test_the_one_idea_of_a_page():
    assert notes.one_idea(PAGE) == "One idea, in two lines."
    with pytest.raises(ValueError, match="The one idea"):
        notes.one_idea(PAGE.replace("one idea", "idea"))


def test_the_list_of_notes_has_a_row_for_each_chapter():
    chapter = SimpleNamespace(name="notebooks/03_kmeans", number="3", title="K-means")
    lines = notes.list_notes([chapter], {"03.md": PAGE}.__getitem__)
    assert lines[2:] == ["| [3 · K-means](03.md) | One idea, in two lines. |"]


@pytest.mark.site
def test_the_page_of_notes_names_every_idea(site):
    text = (site / "book/teach/notes/index.html").read_text(encoding="utf-8")
    pages = [name for name in TEACH if re.search(r"/notes/\w?\d+$", name)]
    article = text[text.index("<article") :]
    assert len(pages) == 19
    for name in pages:
        assert f'href="{name.split("/")[-1]}.html"' in article


# Wide tables --------------------------------------------------------------------------------


def table(n_columns, words=""):
    heads = "".join(f'<th class="head"><p>H&amp;{n}</p></th>' for n in range(n_columns))
    cells = "".join(f"<td><p>{words or n}</p></td>" for n in range(n_columns))
    return (
        f'<table class="table">\n<thead>\n<tr>{heads}</tr>\n</thead>\n<tbody>\n'
        f"<tr>{cells}</tr>\n<tr>{cells}</tr>\n</tbody>\n</table>"
    )


def test_the_cells_of_a_wide_table_say_their_column():
    made = tables.make_cards(table(5) + table(4))
    assert made.count('class="table cards"') == 1 and table(4) in made
    assert re.findall(r'<td data-column="([^"]*)"', made) == [f"H&amp;{n}" for n in range(5)] * 2
    assert tables.make_cards(made) == made


def test_four_columns_are_wide_if_there_are_sentences_in_them():
    for n_columns, words, is_wide in ((4, "a sentence " * 5, True), (4, "x" * 9, False)):
        assert ("cards" in tables.make_cards(table(n_columns, words))) == is_wide
    assert "cards" not in tables.make_cards(table(3, "a sentence " * 5))


def test_a_head_without_words_keeps_its_place():
    made = tables.make_cards(table(5).replace('<th class="head"><p>H&amp;0</p></th>', "<td></td>"))
    assert re.findall(r'data-column="([^"]*)"', made)[:2] == ["", "H&amp;1"]


def narrow_cells(page):
    """Cells of text that are too narrow to be read, and tables that must be pushed sideways."""
    return page.evaluate(
        """() => {
          const problems = [];
          for (const box of document.querySelectorAll("article table")) {
            const parent = box.parentElement;
            const isWide = box.querySelectorAll("thead tr > *").length >= 4;
            if (isWide && parent.scrollWidth > parent.clientWidth + 1)
              problems.push(`a table is ${parent.scrollWidth} px wide`);
            for (const cell of box.querySelectorAll("tbody td")) {
              const words = cell.innerText.trim();
              if (words.length > 60 && cell.clientWidth < 100)
                problems.push(`${cell.clientWidth} px for ${words.slice(0, 30)}`);
            }
          }
          return problems;
        }"""
    )


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.parametrize("name", TEACH)
def test_tables_can_be_read_on_a_phone(name, site, server, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.goto(f"{server}{name}.html", wait_until="load")
    problems = narrow_cells(page)
    page.close()
    assert not problems, "\n".join(problems)


@pytest.mark.site
def test_an_unreadable_table_is_seen(browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    cells = "".join(f"<td>{'a long sentence ' * 8}</td>" for _ in range(5))
    wide = f"<table style='width: 900px'><thead><tr>{'<th>x</th>' * 5}</tr></thead>"
    page.set_content(f"<article><div>{wide}<tbody><tr>{cells}</tr></tbody></table></div></article>")
    assert any("a table is 900 px wide" in problem for problem in narrow_cells(page))
    page.set_content(f"<article><table><tbody><tr>{cells}</tr></tbody></table></article>")
    assert any("px for a long sentence" in problem for problem in narrow_cells(page))
    page.close()


# Paper --------------------------------------------------------------------------------------


def printed(browser, address):
    """Print a page on A4 and read the file."""
    from pypdf import PdfReader

    page = browser.new_page()
    page.goto(address, wait_until="load")
    made = page.pdf(format="A4", print_background=False, prefer_css_page_size=True)
    page.close()
    return PdfReader(io.BytesIO(made))


def sheet_problems(paper):
    """A sheet is one page, full enough to be worth the paper, and nothing of the site is on it."""
    n_pages = len(paper.pages)
    words = paper.pages[0].extract_text().split()
    problems = [] if n_pages == 1 else [f"{n_pages} pages"]
    problems += [] if len(words) > 150 else [f"{len(words)} words"]
    return problems + [word for word in ("Search", "Previous", "Course/") if word in words]


@pytest.mark.site
@pytest.mark.parametrize("name", SHEETS)
def test_a_sheet_is_one_page_of_paper(name, site, server, browser):
    assert sheet_problems(printed(browser, f"{server}{name}.html")) == []


@pytest.mark.site
def test_a_sheet_that_is_too_long_or_shows_the_site_is_seen(tmp_path, browser):
    sheet = "<p>word</p>" * 400
    (tmp_path / "long.html").write_text(f"<p>Search</p>{sheet}", encoding="utf-8")
    problems = sheet_problems(printed(browser, (tmp_path / "long.html").as_uri()))
    assert any("pages" in problem for problem in problems) and "Search" in problems
    (tmp_path / "short.html").write_text("<p>word</p>", encoding="utf-8")
    assert sheet_problems(printed(browser, (tmp_path / "short.html").as_uri())) == ["1 words"]


@pytest.mark.site
@pytest.mark.parametrize("name", PLANS)
def test_a_plan_can_be_printed(name, site, server, browser):
    """All of it, on as many pages as a clipboard holds."""
    paper = printed(browser, f"{server}{name}.html")
    text = " ".join(" ".join(page.extract_text() for page in paper.pages).split())
    assert len(paper.pages) <= {"half_day": 5, "one_day": 7}.get(name.split("/")[-1], 14)
    assert "If late" in text and "End" in text and "Search" not in text.split()
