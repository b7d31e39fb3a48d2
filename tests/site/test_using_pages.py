"""What a reader does on the site: reads by keyboard, searches, answers a quiz, copies code."""

from __future__ import annotations

import posixpath
import re

import pytest
from reading_acts import (
    chapters_found,
    copy_problems,
    invisible_stops,
    keyboard_walk,
    quiz_answered_by_keyboard,
    walk_problems,
)
from site_support import open_settled, serve, toc_pages

pytestmark = [pytest.mark.site, pytest.mark.slow]

PAGES = toc_pages()
CHAPTERS = [name for name in PAGES if re.match(r"notebooks/(\d\d|A1)_", name)]
# A word that belongs to one chapter above all: it must be among the first results.
SEARCHES = {
    "inertia": "03_kmeans",
    "dendrogram": "05_hierarchical",
    "silhouette": "06_judging_clusters",
    "softmax": "07_cnn_features",
    "dropout": "08_training",
    "newcomer": "12_cold_start",
    "drift": "13_keeping_up",
    "epsilon": "15_trust",
    "Spark": "16_scaling_out",
}


@pytest.fixture
def page(browser):
    """A page of its own, with the right to read the clipboard."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", ["book/intro", "notebooks/03_kmeans", "book/glossary"])
def test_the_keyboard_reaches_everything_and_shows_where_it_is(name, page, server):
    open_settled(page, f"{server}{name}.html")
    walk = keyboard_walk(page)
    assert walk["stops"][0]["text"].startswith("Skip to main content")
    problems = walk_problems(walk)
    assert not problems, "\n".join(problems[:20])


def test_the_skip_link_leads_into_the_text(page, server):
    open_settled(page, f"{server}notebooks/03_kmeans.html")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("() => Boolean(document.activeElement.closest('#main-content'))")


@pytest.mark.parametrize("word", SEARCHES)
def test_search_finds_the_chapter(word, page, server):
    open_settled(page, f"{server}book/intro.html")
    found = chapters_found(page, word)
    first_ten = list(dict.fromkeys(found))[:10]
    assert any(SEARCHES[word] in link for link in first_ten), first_ten


def test_search_says_so_when_there_is_nothing(page, server):
    open_settled(page, f"{server}book/intro.html")
    assert chapters_found(page, "xyzzyplugh") == []
    assert "did not match" in page.inner_text("#search-results")


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_question_of_a_quiz_can_be_answered_by_keyboard(name, page, server):
    open_settled(page, f"{server}{name}.html")
    problems = quiz_answered_by_keyboard(page)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", ["notebooks/03_kmeans", "book/setup"])
def test_copy_buttons_copy_the_code_beside_them(name, page, server):
    open_settled(page, f"{server}{name}.html")
    assert copy_problems(page) == []


def next_pages(site, name):
    """Follow the link to the next page until there is none, or a page comes for the second time."""
    seen = [name]
    while True:
        text = (site / f"{seen[-1]}.html").read_text(encoding="utf-8")
        links = re.findall(r'<a class="right-next"\s+href="([^"#]+)\.html"', text)
        assert len(links) < 2, seen[-1]
        if not links:
            return seen
        seen.append(posixpath.normpath(f"{seen[-1]}/../{links[0]}"))
        if seen[-1] in seen[:-1]:
            return seen


def test_next_leads_through_the_book_in_its_order(site):
    assert next_pages(site, PAGES[0]) == PAGES


def test_a_way_that_ends_early_or_goes_round_is_told(tmp_path):
    for name, link in {"a": "b/c", "b/c": "d", "b/d": "../a", "e": ""}.items():
        path = tmp_path / f"{name}.html"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f'<a class="right-next"\n href="{link}.html">' if link else "<a>")
    assert next_pages(tmp_path, "a") == ["a", "b/c", "b/d", "a"]
    assert next_pages(tmp_path, "e") == ["e"]


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(browser, server):
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    open_settled(page, f"{server}notebooks/03_kmeans.html")
    page.focus("button.primary-toggle")
    page.keyboard.press("Enter")
    link = page.locator("dialog[open] a, .bd-sidebar-primary a").filter(has_text="DBSCAN").first
    link.wait_for(state="visible", timeout=3000)
    page.keyboard.press("Escape")
    link.wait_for(state="hidden", timeout=3000)
    context.close()


@pytest.fixture
def broken(tmp_path):
    """Serve a page whose body is given, and return its address."""
    opened = []

    def put(body: str) -> str:
        text = f"<!doctype html><html lang='en'><title>Broken</title><body>{body}</body></html>"
        (tmp_path / "broken.html").write_text(text, encoding="utf-8")
        server = serve(tmp_path)
        opened.append(server)
        return f"{server.__enter__()}broken.html"

    yield put
    for server in opened:
        server.__exit__(None, None, None)


def test_a_stop_without_a_visible_mark_is_seen(page, broken):
    page.goto(broken("<a href='#a'>Seen</a><a href='#b' style='outline: none'>Unseen</a>"))
    assert [stop["text"] for stop in invisible_stops(keyboard_walk(page))] == ["Unseen"]


def test_a_trap_is_seen(page, broken):
    trap = "event.key === 'Tab' && event.preventDefault()"
    page.goto(broken(f'<a href="#a">Before</a><button onkeydown="{trap}">Trap</button>'))
    assert any("Trap" in problem for problem in walk_problems(keyboard_walk(page)))


def test_a_button_that_the_keyboard_does_not_reach_is_seen(page, broken):
    page.goto(broken("<a href='#a'>Seen</a><button tabindex='-1'>Unreached</button>"))
    assert any("Unreached" in problem for problem in walk_problems(keyboard_walk(page)))


def test_a_quiz_that_says_nothing_is_seen(page, broken):
    silent = "<div class='Answer'><label class='MCButton'><input type='radio'>A</label></div>"
    page.goto(broken(f"<div class='Quiz'>{silent}<div class='Feedback'></div></div>"))
    assert any("no feedback" in problem for problem in quiz_answered_by_keyboard(page))


def test_a_page_without_a_quiz_is_seen(page, broken):
    page.goto(broken("<p>Nothing here.</p>"))
    assert quiz_answered_by_keyboard(page) == ["the page has no quiz"]


# Each option answers to a choice, as those of the course do.
QUIZ = """<div class='Quiz'><div class='Answer'>
<label><input type='radio' name='q' onclick='say(false)'>A</label>
<label data-correct='true'><input type='radio' name='q' onclick='say(true)'>B</label>
</div><div class='Feedback' role='status'></div></div>
<script>function say(right) {
  const told = document.querySelector(".Feedback");
  told.textContent = right ? "Yes." : "Look again.";
  told.className = right ? "Feedback correct" : "Feedback incorrect";
}</script>"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", "", None),
        (" role='status'", "", "question 1: a screen reader does not hear the feedback"),
        ("<label><", "<label data-correct='true'><", "question 1: 2 right answers, not 1"),
        (" data-correct='true'", "", "question 1: 0 right answers, not 1"),
        ('"Feedback correct"', '"Feedback"', "question 1: the right answer is not called right"),
        ("Feedback correct", "Feedback incorrect", "question 1: the right answer is not called"),
        ('"Look again."', '""', "question 1: no feedback on the first option"),
    ],
)
def test_a_faulty_quiz_is_named(old, new, said, page, broken):
    assert old in QUIZ
    page.goto(broken(QUIZ.replace(old, new, 1) if old else QUIZ))
    problems = quiz_answered_by_keyboard(page)
    assert [problem.startswith(said or "?") for problem in problems] == [True] * bool(said)


BLOCK = """<div class='highlight'><pre>print("a line of code")</pre>
<button class='copybtn' onclick='{}'>Copy</button></div>"""
TAKE = "navigator.clipboard.writeText({})"
BESIDE = "this.previousElementSibling.innerText"


@pytest.mark.parametrize(
    ("act", "problems"),
    [
        (TAKE.format(BESIDE), []),
        (TAKE.format('"other"'), ["copied 'other' instead of 'print(\"a line of code\")'"]),
        ("", ["copied 'before' instead of 'print(\"a line of code\")'"]),
    ],
)
def test_a_copy_button_that_copies_something_else_is_seen(act, problems, page, broken):
    page.goto(broken(BLOCK.format(act)))
    page.evaluate("() => navigator.clipboard.writeText('before')")
    assert copy_problems(page) == problems


def test_a_copy_button_beside_nothing_is_seen(page, broken):
    block = BLOCK.format(TAKE.format(BESIDE)).replace('print("a line of code")', "x = 1")
    page.goto(broken(block))
    assert copy_problems(page) == ["there is no code beside the button"]
