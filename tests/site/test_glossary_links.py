"""Links from the first use of a term to the glossary: the rule, the pages, and broken ones."""

import re
import sys
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from glossary_checks import Links, astray, misplaced, repeated, unlinked
from site_checks import Page
from site_support import ROOT, toc_pages

sys.path.insert(0, str(ROOT / "book/_ext"))
import course_glossary as glossary  # noqa: E402
import glossary_links as linking  # noqa: E402
from course_chapters import toc_parts  # noqa: E402

TEXT = """# Glossary

:::{glossary}
:sorted:

.. also: leak, leaks
data leakage
数据泄漏
  Knowing *now* what will be known $t$ later. [Chapter 2][ch2]

average precision, MAP
平均精度
  A mean. [Chapter 3][ch3]

cluster
簇
  A group. [Chapter 3][ch3]

cluster ensemble
聚类集成
  An average. [Chapter 3][ch3]

lift (of a pair)
提升度
  A ratio. [Chapter 5][ch5]

popularity lift
流行度提升
  Another ratio. [Chapter 3][ch3]

shilling (push) attack
托攻击
  Fakes. [Chapter 3][ch3]

user–item matrix
用户–物品矩阵
  A table. [Chapter 3][ch3]

Ward's method
沃德法
  A way. [Chapter 3][ch3]
:::

[ch3]: ../notebooks/03.ipynb
"""
ENTRIES = glossary.read_glossary(TEXT)
FINDER = glossary.Finder(ENTRIES)


# How a term is found ------------------------------------------------------------------------


def test_an_entry_knows_its_names_and_what_it_says():
    leak, mean = ENTRIES[:2]
    assert (leak.head, leak.chinese, leak.chapter) == ("data leakage", "数据泄漏", "2")
    assert leak.definition == "Knowing now what will be known t later."
    assert leak.also == ("leak", "leaks") and mean.names == ("average precision", "MAP")


@pytest.mark.parametrize(
    ("head", "names"),
    [
        ("centre (centroid)", ["centre", "centroid"]),
        ("context (of a recommendation)", ["context"]),
        ("stereotype (as a group's name)", ["stereotype"]),
        ("shilling (push) attack", ["shilling attack", "push attack"]),
        ("support and confidence", ["support and confidence"]),
        ("epsilon, delta (of a release)", ["epsilon", "delta"]),
    ],
)
def test_names_in_the_head_of_an_entry(head, names):
    assert glossary.names_of(head) == names


@pytest.mark.parametrize(
    ("name", "found", "not_found"),
    [
        ("cluster", ["clusters", "Cluster"], ["clustering", "clustered"]),
        ("density", ["densities"], ["densitys"]),
        ("loss", ["losses"], ["los"]),
        ("hypothesis", ["hypotheses"], ["hypothesi"]),
        ("candidate items", ["candidate item", "candidate items"], ["candidate"]),
        ("MAP", ["MAP", "MAPs"], ["map", "Map"]),
        ("nDCG", ["nDCG"], ["NDCG"]),
        ("user–item matrix", ["user-item matrix", "user item\nmatrix"], ["useritem matrix"]),
        ("test-then-train", ["test, then train"], ["test thentrain"]),
        ("Ward's method", ["Ward’s method", "Ward's methods"], ["Wards method"]),
        ("k-means++", ["K-means++"], ["K-means"]),
    ],
)
def test_forms_of_a_name(name, found, not_found):
    pattern = re.compile(glossary.pattern_of(name))
    assert [word for word in found if not pattern.fullmatch(word)] == []
    assert [word for word in not_found if pattern.fullmatch(word)] == []


@pytest.mark.parametrize(
    ("text", "heads"),
    [
        ("a cluster ensemble", ["cluster ensemble"]),  # the longer one is meant
        ("clusters, and an ensemble", ["cluster"]),
        ("subcluster, cluster-based, pre-cluster, cluster.py, cluster_names", []),
        ("(cluster) cluster's “cluster”", ["cluster"] * 3),
        ("the map of the MAP", ["average precision, MAP"]),
        ("leaks and leaky pipes", ["data leakage"]),
        ("a push attack", ["shilling (push) attack"]),
    ],
)
def test_terms_in_a_text(text, heads):
    assert [entries[0].head for _, _, entries in FINDER.find(text)] == heads


@pytest.mark.parametrize(
    "block", ["cluster\n  A group. [Chapter 3][ch3]", "cluster\n簇\n  A group without a chapter."]
)
def test_an_entry_that_lacks_something_is_named(block):
    with pytest.raises(ValueError, match="'cluster'"):
        glossary.read_glossary(f":::{{glossary}}\n\n{block}\n\n:::\n")


# Where it becomes a link --------------------------------------------------------------------


def links_in(source, chapters=("3",)):
    """Link a small page and give the words and entries of its links."""
    doctree, done = publish_doctree(source), set()

    def to(words, entry):
        return nodes.reference("", words, refuri=entry.head, classes=["glossary-link"])

    for text in linking.prose(doctree):
        linking.link_text(text, FINDER, list(chapters), done, to)
    links = [n for n in doctree.findall(nodes.reference) if "glossary-link" in n["classes"]]
    return [(link.astext(), link["refuri"]) for link in links], doctree


def test_the_first_use_is_a_link_and_the_second_is_not():
    source = "A cluster here, clusters there.\n\nMore clusters, and Ward's\nmethod."
    links, doctree = links_in(source)
    assert links == [("cluster", "cluster"), ("Ward's\nmethod", "Ward's method")]
    assert doctree.astext() == publish_doctree(source).astext()


@pytest.mark.parametrize(
    "source",
    [
        "The cluster\n===========\n\nText.",
        "Say ``cluster``.",
        "::\n\n  cluster",
        "See `the cluster <https://example.org/>`_.",
        ".. math:: cluster",
        "An inline :math:`cluster`.",
        ".. image:: a.png\n   :alt: a cluster",
        ".. figure:: a.png\n\n   A cluster.",
        ".. raw:: html\n\n   <p>cluster</p>",
        "====== ====\ncluster size\n====== ====\n1      2\n====== ====",
        "**References**: on the cluster.",
        "**Errata met here**: a cluster.",
        "**The question.** Which cluster?\n\n- a cluster\n\n**Time.** 5 minutes of cluster.",
        "No other term: a lift, a leak.",
    ],
)
def test_no_link_where_none_may_stand(source):
    assert links_in(source)[0] == []


def test_a_link_comes_after_the_fields():
    source = "**The question.** A cluster?\n\n**Time.** 5 minutes.\n\nA *cluster* and **clusters**."
    assert links_in(source)[0] == [("cluster", "cluster")]


def test_a_cell_is_closed_and_the_body_of_a_table_is_not():
    cell = nodes.container("", nodes.paragraph("", "cluster"), nb_element="cell_code")
    assert linking.is_closed(cell[0][0])
    assert links_in("==== =======\nsize what\n==== =======\n1    cluster\n==== =======")[0]


@pytest.mark.parametrize(
    ("source", "heads"),
    [
        ("A **leak**.", ["data leakage"]),  # introduced here, whatever the glossary says
        ("A **leak.**", ["data leakage"]),
        ("**No leak at all**", []),
        ("A *leak*.", []),
        ("**Clusters first**", ["cluster"]),
    ],
)
def test_bold_introduces_a_term_of_another_chapter(source, heads):
    assert [head for _, head in links_in(source)[0]] == heads


def test_the_chapter_decides_between_two_entries():
    entries = glossary.read_glossary(
        TEXT.replace("popularity lift", ".. also: lift\npopularity lift")
    )
    (found,) = [found for *_, found in glossary.Finder(entries).find("the lift")]
    assert glossary.chosen(found, ["3"], False, set()).head == "popularity lift"
    assert glossary.chosen(found, ["5"], False, set()).head == "lift (of a pair)"
    assert glossary.chosen(found, ["3"], False, {"popularity lift"}) is None
    assert glossary.chosen(found, ["7"], False, set()) is None


def test_a_page_between_chapters_takes_those_before_it():
    parts = [
        ("One", ["notebooks/03_a", "notebooks/04_b", "book/play_x", "notebooks/05_c"]),
        ("Two", ["notebooks/A1_d", "book/data", "notebooks/solutions/03_a_solutions"]),
    ]
    wanted = {"book/play_x": ["3", "4"], "notebooks/04_b": ["4"], "notebooks/A1_d": ["A1"]}
    for name in ("book/data", "notebooks/solutions/03_a_solutions", "book/play_gone"):
        wanted[name] = []
    assert {name: linking.chapters_of(name, parts) for name in wanted} == wanted


@pytest.mark.parametrize("builder", ["html", "epub"])
def test_a_whole_page_and_an_entry_without_anchor(builder, monkeypatch):
    said = []
    monkeypatch.setattr(
        linking.LOGGER, "warning", lambda text, *args, **_: said.append(text % args)
    )
    objects = [("cluster", "", "term", linking.GLOSSARY, "term-cluster", -1)]
    env = SimpleNamespace(
        course_parts=[("", ["notebooks/03_a"])],
        course_finder=FINDER,
        get_domain=lambda _: SimpleNamespace(get_objects=lambda: objects),
    )
    maker = SimpleNamespace(name=builder, get_relative_uri=lambda *_: "../book/glossary.html")
    doctree = publish_doctree("A cluster.\n\nWard's method.")
    linking.link_terms(SimpleNamespace(env=env, builder=maker), doctree, "notebooks/03_a")
    first, second = doctree.findall(nodes.reference)
    assert first["refuri"] == "../book/glossary.html#term-cluster"
    assert first.get("reftitle") == ("簇 · A group." if builder == "html" else None)
    assert second.astext() == "Ward's method" and said == [
        'the glossary has no anchor for "Ward\'s method"'
    ]


# The glossary itself ------------------------------------------------------------------------

REAL = glossary.read_glossary((ROOT / "book/glossary.md").read_text(encoding="utf-8"))
PARTS = toc_parts(ROOT)
LINKING = [name for name in toc_pages() if linking.chapters_of(name, PARTS)]


def shared(entries):
    """Names that two entries of one chapter share, so that one of them could not be found."""
    named = [(e.chapter, name) for e in entries for name in (*e.names, *e.also)]
    return sorted({pair for pair in named if named.count(pair) > 1})


def test_no_two_entries_of_a_chapter_share_a_name():
    assert shared(REAL) == []
    assert shared([*ENTRIES, ENTRIES[2]]) == [("3", "cluster")]


def test_a_term_of_teaching_has_no_chapter_and_is_linked_nowhere():
    text = TEXT.replace("A group. [Chapter 3][ch3]", "A group. [Assessment][assessment]")
    entry = glossary.read_glossary(text)[2]
    assert (entry.definition, entry.chapter) == ("A group.", "")
    assert glossary.chosen([entry], ["3"], False, set()) is None


def test_every_chapter_has_terms_and_every_term_a_chapter():
    chapters = {number for name in LINKING for number in linking.chapters_of(name, PARTS)}
    assert {entry.chapter for entry in REAL} - {""} == chapters
    assert len(LINKING) == len(chapters) + 2


# The site -----------------------------------------------------------------------------------


@pytest.mark.site
@pytest.mark.parametrize("name", LINKING)
def test_links_of_a_page(name, site):
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    anchors = Page((site / "book/glossary.html").read_text(encoding="utf-8")).anchors
    own = linking.chapters_of(name, PARTS)
    terms = [word for e in REAL if e.chapter in own for word in e.names]
    pattern = re.compile("|".join(rf"\b{glossary.pattern_of(term)}\b" for term in terms))
    problems = misplaced(text) + repeated(text) + astray(text, anchors) + unlinked(text, pattern)
    assert not problems, "\n".join(problems)
    # Enough to be of use, and few enough to read past.
    assert 3 <= len(Links(text).found) <= 30


@pytest.mark.site
def test_other_pages_have_none(site):
    for name in set(toc_pages()) - set(LINKING):
        assert "glossary-link" not in (site / f"{name}.html").read_text(encoding="utf-8"), name


LINK = '<a class="glossary-link reference internal" href="glossary.html#{}" title="簇 · A">x</a>'
GOOD = f"<article><h1>x</h1><p>A {LINK.format('a')} and a {LINK.format('b')}.</p></article>"
TERMS = re.compile("cluster")


def all_problems(text):
    return misplaced(text) + repeated(text) + astray(text, {"a", "b"}) + unlinked(text, TERMS)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("<p>", "<p><code>", "stands in code"),
        ("<p>", '<p><a href="y">', "stands in a"),
        ("<h1>x", f"<h1>x{LINK.format('a')}", "stands in h1"),
        ("<p>", '<div class="cell docutils"><p>', "stands in cell docutils"),
        ("<p>", '<table><tr><th class="head"><p>', "stands in th"),
        ("#b", "#a", "linked 2 times"),
        ("#b", "#c", "leads to no entry"),
        ("glossary.html#b", "data.html#b", "leads to no entry"),
        ("簇 · A", "A", "says 'A'"),
        (GOOD, "<article><p>A cluster.</p></article>", "although the page says 'cluster'"),
    ],
)
def test_each_fault_is_seen(old, new, said):
    assert all_problems(GOOD) == []
    problems = all_problems(GOOD.replace(old, new))
    assert problems and said in " ".join(problems)


def test_terms_in_code_and_pages_without_terms_need_no_link():
    assert unlinked("<article><p>no term <code>cluster</code></p></article>", TERMS) == []


def at_a_word(browser, server, **options):
    """A chapter on a small screen, a linked word of it, and its explanation."""
    page = browser.new_page(viewport={"width": 390, "height": 700}, **options)
    page.goto(f"{server}notebooks/03_kmeans.html", wait_until="load")
    return page, page.locator("a.glossary-link").nth(1), page.locator("#glossary-tip")


@pytest.mark.site
@pytest.mark.parametrize("way", ["mouse", "keyboard"])
def test_the_explanation_appears_and_goes(way, site, server, browser):
    page, link, tip = at_a_word(browser, server)
    assert tip.is_hidden() and link.get_attribute("title") is None
    link.scroll_into_view_if_needed()
    link.hover() if way == "mouse" else link.focus()
    assert tip.is_visible() and link.get_attribute("aria-describedby") == "glossary-tip"
    assert re.search("[\u4e00-\u9fff]", tip.locator("[lang=zh-Hans]").inner_text())
    box = tip.bounding_box()
    assert 0 <= box["x"] and box["x"] + box["width"] <= 390 and box["y"] >= 0
    page.keyboard.press("Escape")
    assert tip.is_hidden() and link.get_attribute("aria-describedby") is None
    page.close()


@pytest.mark.site
def test_the_explanation_stays_for_the_mouse_that_comes_to_it_and_goes_with_it(
    site, server, browser
):
    page, link, tip = at_a_word(browser, server)
    link.hover()
    box = tip.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_timeout(400)
    assert tip.is_visible()
    page.mouse.move(0, 0)
    tip.wait_for(state="hidden")
    page.close()


@pytest.mark.site
def test_a_pen_that_does_not_hover_taps_twice_and_a_finger_that_scrolls_not_at_all(
    site, server, browser
):
    page, link, tip = at_a_word(browser, server)
    # In one go: between two calls from here more time may pass than a pen takes to come down.
    tap = """(link, pen) => {
        for (const what of ["pointerenter", "pointerdown"])
            link.dispatchEvent(new PointerEvent(what, { pointerType: pen, bubbles: true }));
        link.dispatchEvent(new MouseEvent("click", { detail: 1, bubbles: true, cancelable: true }));
    }"""
    link.evaluate(tap, "pen")
    page.wait_for_timeout(100)
    assert tip.is_visible() and "03_kmeans" in page.url
    link.evaluate(tap, "pen")
    page.wait_for_url("**/book/glossary.html#*")
    page.go_back(wait_until="load")
    link.dispatch_event("pointerdown", {"pointerType": "touch"})
    link.press("Enter")
    page.wait_for_url("**/book/glossary.html#*")
    page.close()


@pytest.mark.site
def test_the_first_tap_explains_and_the_second_follows(site, server, browser):
    page, link, tip = at_a_word(browser, server, has_touch=True)
    link.tap()
    assert tip.is_visible() and "03_kmeans" in page.url
    # What browsers make up after a tap, at moments of their own: the mouse leaves, the finger too.
    link.dispatch_event("mouseleave")
    link.dispatch_event("pointerleave", {"pointerType": "touch"})
    page.wait_for_timeout(400)
    assert tip.is_visible()
    link.tap()
    page.wait_for_url("**/book/glossary.html#*")
    page.close()


@pytest.mark.site
def test_a_page_that_is_left_comes_back_without_the_explanation(site, server, browser):
    page, link, tip = at_a_word(browser, server)
    link.hover()
    assert tip.is_visible()
    page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))")
    assert tip.is_hidden()
    page.close()
