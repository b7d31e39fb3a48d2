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
