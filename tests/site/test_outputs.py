"""What cells show on a page: sentences are broken, tables are not, and code is not cut off."""

import re
import sys

import pytest
from site_support import ROOT, open_settled, toc_pages

sys.path.insert(0, str(ROOT / "book/_ext"))
import site_outputs as outputs  # noqa: E402
from course_chapters import is_chapter  # noqa: E402

CHAPTERS = [name for name in toc_pages() if is_chapter(name)]
# Boxes whose text is wider than they are.
CUT = """(selector) => [...document.querySelectorAll(selector)]
  .filter((box) => box.scrollWidth > box.clientWidth + 1)
  .map((box) => box.textContent.trim().slice(0, 80))"""


def output(text, kind="stream"):
    return (
        f'<div class="output {kind} highlight-myst-ansi notranslate"><div class="highlight">'
        f"<pre><span></span>{text}\n</pre></div></div>"
    )


@pytest.mark.parametrize(
    ("text", "is_table"),
    [
        ("a hole: Column &#39;x&#39;: missing", False),
        ("  indented words\n    and more", False),
        ("name  size\na     1", True),
        ("a\tb", True),
        ("one line\n<span>50</span>  two columns", True),
        ("", False),
    ],
)
def test_what_has_columns_is_left_alone(text, is_table):
    page = output(text)
    assert (outputs.mark_prose(page) == page) == is_table


def test_each_output_is_marked_by_itself_and_once():
    page = output("words, words") + output("a  b") + output("words", "text_plain")
    marked = outputs.mark_prose(page)
    assert re.findall(r'class="output (\w+) (prose)?', marked) == [
        ("stream", "prose"), ("stream", ""), ("text_plain", "prose"),
    ]  # fmt: skip
    assert outputs.mark_prose(marked) == marked
    assert marked.replace("prose ", "") == page


def test_other_outputs_are_not_touched():
    page = '<div class="output text_html"><pre>words</pre></div><pre>words</pre>'
    assert outputs.mark_prose(page) == page


def table(*rows, head=("", "share", "film", "why")):
    cells = "".join(f"<th>{name}</th>" for name in head)
    body = "".join(
        f"<tr><th>{name}</th>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>"
        for name, *row in rows
    )
    head = f"<thead><tr>{cells}</tr></thead>"
    return f'<table border="1" class="dataframe">{head}<tbody>{body}</tbody></table>'


def test_figures_stand_on_the_right_and_words_on_the_left():
    page = table(
        ("a", "12.5%", "Alien", "3"), ("b", "-1,000.0", "7", "\u2013"), ("c", "NaN", "", "")
    )
    marked = outputs.mark_columns(f"<td>1</td>{page}")
    assert marked.startswith("<td>1</td><table") and outputs.mark_columns(marked) == marked
    assert (
        re.findall(r'<t[hd] class="(\w+)">', marked) == ["words", "figures", "words", "figures"] * 4
    )
    assert re.sub(r' class="(figures|words)"', "", marked) == f"<td>1</td>{page}"
    assert '<th class="figures">share</th>' in marked and '<th class="words">a</th>' in marked


@pytest.mark.parametrize("cell", ["1 to 2", "(1, 2)", "2.0 \u00d7", "1.2.3", "2024-01-01", "True"])
def test_what_is_more_than_a_figure_is_words(cell):
    assert 'class="words"' in outputs.mark_columns(table(("a", cell), head=("", "x")))


def test_tables_with_cells_that_span_are_left_alone():
    page = table(("a", "1")).replace("<th>share</th>", '<th colspan="2">share</th>')
    assert outputs.mark_columns(page) == page
    assert outputs.mark_columns(table()) == table()


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_headings_stand_over_their_columns(name, server, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    open_settled(page, f"{server}{name}.html")
    sides = """() => [...document.querySelectorAll("table.dataframe :is(.figures, .words)")]
      .map((cell) => [cell.className, getComputedStyle(cell).textAlign].join(" "))"""
    assert set(page.evaluate(sides)) <= {"figures right", "words left"}
    page.close()


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_nothing_written_is_cut_off_where_there_is_room(name, server, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    open_settled(page, f"{server}{name}.html")
    code = page.evaluate(CUT, ".cell_input pre")
    # From here on letters are larger (course.css), as the column is.
    page.set_viewport_size({"width": 1366, "height": 800})
    code += page.evaluate(CUT, ".cell_input pre")
    page.set_viewport_size({"width": 390, "height": 800})
    said = page.evaluate(CUT, ".output.prose pre")
    broken = page.locator(".output.prose").count()
    page.close()
    assert code == [] and said == [] and broken > 0
