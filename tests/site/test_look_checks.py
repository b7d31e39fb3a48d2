"""What a page must show around its text: each check meets something that lacks it."""

import re

import pytest
from look_checks import (
    drawing_faults,
    facts_faults,
    icons_left,
    numbers_faults,
    order_faults,
    poor_card,
    poor_descriptions,
    poor_start,
    site_map_faults,
    unasked_files,
    way_back_faults,
    with_search_index,
)

BASE = "https://me.github.io/course/"


def each_loss(good, losses, check):
    """Take each part from something good, and compare what is said then."""
    assert check(good) == []
    for lost, said in losses.items():
        assert good.count(lost) == 1, lost
        assert check(good.replace(lost, "")) == [said]


def test_a_lost_fact_is_named():
    good = (
        '<div class="chapter-facts x"><dd>90 min <small>(reading 40)</small></dd>'
        "<dd>the cooks&#x27; log</dd><img src='colab-badge.svg'></div>"
        "<p><strong>The question.</strong> 10 min?</p>"
    )
    facts = ["90 min (reading 40)", "the cooks' log"]
    losses = {
        " <small>(reading 40)</small>": "no '90 min (reading 40)' in the facts",
        "the cooks&#x27; log": 'no "the cooks\' log" in the facts',
        "colab-badge.svg": "no Colab badge in the facts",
        'class="chapter-facts x"': "0 lines of facts, not 1",
    }
    each_loss(good, losses, lambda text: facts_faults(text, facts))
    assert facts_faults(2 * good, facts) == ["2 lines of facts, not 1"]
    assert facts_faults(good + "<strong>Time.</strong>", facts) == ["the time stands twice"]
    assert facts_faults(good, ["10 min"]) == ["no '10 min' in the facts"]


def test_a_way_that_does_not_lead_back_is_named():
    good = (
        '<nav class="course-crumbs a"><a href="../../book/intro.html">Course</a>'
        '<a href="../03_kmeans.html">Chapter 3</a><span aria-current="page">Solutions</span></nav>'
    )
    losses = {
        "Course": "no link to the first page",
        ' aria-current="page"': "this page is not marked",
        "../03_kmeans.html": "no link to 03_kmeans",
    }
    each_loss(good, losses, lambda text: way_back_faults(text, "03_kmeans"))
    assert way_back_faults(good) == []
    assert way_back_faults("<p>") == ["0 ways back, not 1"]
    assert way_back_faults(good * 2) == ["2 ways back, not 1"]


def test_a_neighbour_that_is_another_page_is_named():
    following, previous = '<a class="right-next"\n href="{}"', '<a class="left-prev"\n href="{}"'
    good = {
        "book/a": following.format("../notebooks/b.html"),
        "notebooks/b": previous.format("../book/a.html") + following.format("c.html"),
        "notebooks/c": previous.format("b.html"),
    }
    assert order_faults(good) == []
    (fault,) = order_faults({**good, "book/a": following.format("b.html")})
    assert fault == "right-next of book/a is ['book/b.html'], not notebooks/b.html"
    (fault,) = order_faults({**good, "notebooks/c": ""})
    assert fault == "left-prev of notebooks/c is [], not notebooks/b.html"


def test_chapters_numbered_otherwise_are_seen():
    text = '<span class="course-number">1</span> <span class="course-number">A1</span>'
    assert numbers_faults(text, ["1", "A1"]) == []
    assert numbers_faults(text, ["1", "2", "A1"]) == ["chapters are numbered ['1', 'A1']"]


def test_a_drawing_that_forgets_or_invents_is_named():
    good = (
        '<svg><title>Map</title><desc>All.</desc><text class="map-stage" x="1">Data</text>'
        '<a href="../01.html"><text>1</text> <text>Cooks &amp;\n guests</text></a></svg>'
    )
    wanted = {"../01.html": "1 Cooks & guests"}
    losses = {
        "<title>": "no <title>",
        "<desc>": "no <desc>",
        'class="map-stage" ': "the stages are []",
        "Cooks": "../01.html is '1 & guests' in the drawing",
    }
    each_loss(good, losses, lambda text: drawing_faults(text, ["Data"], wanted))
    more = {**wanted, "../02.html": "2 More"}
    assert drawing_faults(good, ["Data"], more) == ["../02.html is None in the drawing"]
    assert drawing_faults(good, ["Data"], {}) == ["../01.html is '1 Cooks & guests' in the drawing"]
    assert drawing_faults(good, ["Data", "End"], wanted) == ["the stages are ['Data']"]


def described(text):
    return f'<meta name="description" content="{text}"/>'


FIRST = described("Whose films are these? 671 people watched films.")


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ("", "b: 0 descriptions, not 1"),
        (2 * described("x" * 50), "b: 2 descriptions, not 1"),
        (described("Too short."), "b: its description is 10 letters"),
        (described("long " * 60), "b: its description is 300 letters"),
        (described("Open in Colab " * 4), "b: its description is the text of a button"),
        (FIRST, "b: its description is that of a"),
    ],
)
def test_a_poor_description_is_named(second, said):
    good = described("Another page, and what a reader finds on it.")
    assert poor_descriptions({"a": FIRST, "b": good}, {"a": "Whose films are these?"}) == []
    assert poor_descriptions({"a": FIRST, "b": second}, {"a": "Whose films are these?"}) == [said]


def test_a_description_must_hold_the_question_of_its_chapter():
    page = described("Who&#x27;s who?  What\u2019s to be said of people who watch films?")
    assert poor_descriptions({"a": page}, {"a": "Who's who?"}) == []
    (fault,) = poor_descriptions({"a": page}, {"a": "Who is who?"})
    assert fault == "a: its description is not the question"


def test_what_a_card_lacks_is_named(tmp_path):
    for name in ("card.png", "icon.png"):
        (tmp_path / name).write_bytes(b"")
    good = (
        f'<meta property="og:url" content="{BASE}book/a.html"/>'
        f'<link rel="canonical" href="{BASE}book/a.html" />'
        '<meta property="og:title" content="A"/><meta property="og:description" content="All."/>'
        f'<meta property="og:image" content="{BASE}card.png"/>'
        '<meta name="twitter:card" content="summary_large_image"/>'
        '<link rel="apple-touch-icon" href="../icon.png"/>'
    )
    losses = {
        'property="og:url" ': "the address of its card is not its own",
        'rel="canonical" ': "no canonical address",
        'property="og:title" ': "no title",
        'property="og:description" ': "no description",
        "summary_large_image": "no large card",
        "card.png": "its picture is no file",
        "../icon.png": "its icon is no file",
    }
    each_loss(good, losses, lambda text: poor_card(text, "book/a", BASE, tmp_path))
    other = poor_card(good, "book/b", BASE, tmp_path)
    assert other == ["the address of its card is not its own", "no canonical address"]
    elsewhere = good.replace(f"{BASE}card", "https://example.org/card")
    assert poor_card(elsewhere, "book/a", BASE, tmp_path) == ["its picture is no file"]
    lost = good.replace('rel="apple-touch-icon" ', "")
    assert poor_card(lost, "book/a", BASE, tmp_path) == ["its icon is no file"]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a"], [f"{BASE}b.html is not in the map"]),
        (["a", "b", "c"], [f"{BASE}c.html is no page"]),
        (["b", "a"], ["the map is in another order, or has a page twice"]),
        (["a", "b", "b"], ["the map is in another order, or has a page twice"]),
    ],
)
def test_a_wrong_map_for_search_engines_is_named(names, said):
    def faults(names, robots=f"Sitemap: {BASE}sitemap.xml\n"):
        places = "".join(f"<url><loc>{BASE}{name}.html</loc></url>" for name in names)
        space = "http://www.sitemaps.org/schemas/sitemap/0.9"
        xml = f'<urlset xmlns="{space}">{places}</urlset>'
        return site_map_faults(xml, robots, BASE, ["a", "b"])

    assert faults(["a", "b"]) == [] and faults(names) == said
    assert faults(["a", "b"], "Allow: /") == ["robots are not told of the map"]


def test_a_poor_start_is_named():
    good = (
        '<title>T</title><link rel="icon" href="a.svg"><meta property="og:image" content="a.png"/>'
        '<meta http-equiv="refresh" content="0; url=a.html"><a href="a.html">Open</a>'
    )
    losses = {
        "0; url=a.html": "it does not lead on",
        '<a href="a.html">': "no link to the first page",
        'rel="icon" ': "no icon",
        'property="og:image" ': "no picture to share",
        "<title>": "no title",
    }
    each_loss(good, losses, lambda text: poor_start(text, "a"))
    others = ["it does not lead on", "no link to the first page"]
    assert poor_start(good, "b") == others


def test_what_no_page_asks_for_is_seen(tmp_path):
    (tmp_path / "vendor").mkdir()
    font = tmp_path / "vendor/icons.woff"
    assert unasked_files(tmp_path, "icons.woff") == ["0 files icons.woff, not 1"]
    font.write_bytes(b"x" * 9_999)
    assert unasked_files(tmp_path, "icons.woff") == []
    font.write_bytes(b"x" * 10_000)
    assert unasked_files(tmp_path, "icons.woff") == ["icons.woff: 10000 bytes"]
    font.write_bytes(b"")
    for name in ("a.js.map", "fontawesome.js", "fa-solid-900.ttf", "fa-brands-400.woff2"):
        (tmp_path / "vendor" / name).write_bytes(b"")
        assert unasked_files(tmp_path, "icons.woff") == [name]
        (tmp_path / "vendor" / name).unlink()


def test_an_icon_that_is_left_to_a_program_is_seen():
    icon, drawn = re.compile('<i class="fas[^>]*></i>'), '<svg class="course-icon fa-sun"></svg>'
    assert icons_left(drawn, icon) == []
    left = '<i class="fas fa-moon"></i>'
    assert icons_left(drawn + left, icon) == [left]
    assert icons_left("<p>text</p>", icon) == ["no icon was drawn"]


def test_a_page_that_loads_the_index_is_named():
    texts = {"search": '<script src="searchindex.js">', "a": "<script>"}
    assert with_search_index(texts) == ["search"]
    assert with_search_index({**texts, "b": texts["search"]}) == ["search", "b"]
