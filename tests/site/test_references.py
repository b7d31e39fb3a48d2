"""Keys of works and numbers of errata on the pages of chapters: each leads to what it names."""

import json
import re
import sys
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from pybtex.database import parse_string
from site_checks import Page
from site_support import ROOT, toc_pages

sys.path.insert(0, str(ROOT / "book/_ext"))
import site_references as references  # noqa: E402
from course_chapters import is_chapter  # noqa: E402

CHAPTERS = [name for name in toc_pages() if is_chapter(name)]
WORKS = """
@article{one2001a, author = {Van der Berg, Ann and Li, Bo and Cho, Cy}, title = {On {K}-means},
  year = {2001}}
@book{two2002, editor = {Roe, Di and Poe, Ed}, title = {Both}, year = {2002}}
@misc{three2003, title = {Nobody's}}
"""


def linked(source, docname="notebooks/03_a", builder="html"):
    """Link a small page; give its links and its doctree."""
    data = parse_string(WORKS, "bibtex")
    domain = SimpleNamespace(bibdata=SimpleNamespace(data=data))
    env = SimpleNamespace(get_domain=lambda _: domain)
    maker = SimpleNamespace(name=builder, get_relative_uri=lambda _, page: f"../{page}.html")
    doctree = publish_doctree(source)
    references.link_references(SimpleNamespace(env=env, builder=maker), doctree, docname)
    return list(doctree.findall(nodes.reference)), doctree


def test_a_key_leads_to_its_work_and_says_which_it_is():
    source = "Ann shows it [one2001a], others too [two2002]."
    links, doctree = linked(source)
    assert [link["refuri"] for link in links] == [
        "../book/references.html#one2001a",
        "../book/references.html#two2002",
    ]
    assert links[0]["reftitle"] == "Van der Berg and others. On K-means. 2001"
    assert links[1]["reftitle"] == "Roe and Poe. Both. 2002"
    assert doctree.astext() == source
    assert "reftitle" not in linked(source, builder="latex")[0][0]


def test_a_number_is_linked_in_the_list_of_errata_alone():
    links, _ = linked("Vitamin B12, row A1.\n\n**Errata met here** (all on a page): A1, B12.")
    assert [(link.astext(), link["refuri"]) for link in links] == [
        ("A1", "../book/errata.html#a1"),
        ("B12", "../book/errata.html#b12"),
    ]


@pytest.mark.parametrize(
    ("source", "docname"),
    [
        ("``x[one2001a]``", "notebooks/03_a"),
        ("::\n\n  [one2001a]", "notebooks/03_a"),
        ("one2001a, [one 2001], [2001]", "notebooks/03_a"),
        ("See [one2001a].", "book/references"),
        ("See [one2001a].", "notebooks/solutions/03_a_solutions"),
    ],
)
def test_no_link_where_none_may_stand(source, docname):
    assert linked(source, docname)[0] == []


def test_a_cell_stays_as_it_is():
    cell = nodes.container("", nodes.paragraph("", "[one2001a]"), nb_element="cell_code")
    assert references.takes_no_link(cell[0][0])


def test_an_unknown_key_is_told_and_kept(monkeypatch):
    said = []
    monkeypatch.setattr(references.LOGGER, "warning", lambda text, *a, **_: said.append(text % a))
    links, doctree = linked("See [four2004] and [two2002].")
    assert said == ["no work has the key 'four2004'"] and len(links) == 1
    assert doctree.astext() == "See [four2004] and [two2002]."


def test_a_work_without_author_is_named_by_its_title():
    assert references.short_name(parse_string(WORKS, "bibtex").entries["three2003"]) == "Nobody's"


# The site -----------------------------------------------------------------------------------


def prose(name):
    cells = json.loads((ROOT / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_every_key_and_number_of_a_chapter_leads_somewhere(name, site):
    page, text = (site / f"{name}.html").read_text(encoding="utf-8"), prose(name)
    found = re.findall(r'href="\.\./book/(references|errata)\.html#([^"]+)"', page)
    keys = references.KEY.findall(text)
    (listed,) = re.findall(r"\*\*Errata met here\*\* .*: (.*)\.", text) or [""]
    wanted = {("references", key) for key in keys}
    wanted |= {("errata", number.lower()) for number in references.NUMBER.findall(listed)}
    assert keys and wanted <= set(found)
    for book in ("references", "errata"):
        anchors = Page((site / f"book/{book}.html").read_text(encoding="utf-8")).anchors
        assert {anchor for page, anchor in found if page == book} <= anchors
