"""What a stranger can put before a page: its address, the browser's memory, a pasted text.

Nobody else's script may run and no error may come.  The explorables read neither the address nor
the memory; these tests notice if that changes.
"""

import json
import re
from urllib.parse import quote

import pytest
from site_support import open_settled

from recsys_tutorial.explorables import explorable_html

pytestmark = pytest.mark.site

OWNED = "window.owned = 1"
NASTY = [
    f"<img src=x onerror='{OWNED}'>",
    f"<svg/onload='{OWNED}'>",
    f"javascript:{OWNED}",
    f"'\"><script>{OWNED}</script>",
    "__proto__",
    "constructor",
    "%",
    "%E0%A4%A",
    "\x00\u202e\ud83d",
    "(((((((((([a-z]+)+)+)+)+)+)+)+)+)$",
    "\\",
    "9" * 5000,
    "a " * 5000,
    '{"centres": [[1e999, null]], "k": -1}',
]
PAGES = ["book/play_clusters.html", "book/play_groups.html", "search.html", "index.html"]
# What scripts of the website ask an address for, and what they might.
ASKED = ("q", "highlight", "state", "shape", "k", "points", "theme")
KEYS = ("theme", "mode", "clusters", "groups", "state", "xp", "course", "progress")


@pytest.fixture
def visit(browser, server, site):
    """Give a function that opens a page with a memory; at the end, nothing may have happened."""
    contexts, errors = [], []

    def open_page(page_name, address="", memory=None):
        if not (site / page_name).is_file():
            pytest.skip(f"{page_name} is not built")
        context = browser.new_context(viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.on("dialog", lambda dialog: errors.append(dialog.message))
        if memory is not None:
            known = json.dumps(dict(zip(KEYS, memory)))
            page.add_init_script(f"Object.assign(localStorage, {known});")
        open_settled(page, server + page_name + address)
        check(page)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert errors == []


def check(page):
    """Ask whether something of a stranger's ran, or stands as an element."""
    assert page.evaluate("window.owned === undefined && ({}).owned === undefined")
    # Sphinx's own link, to hide the words that were searched for, has a constant address.
    links = "a[href^='javascript:']:not([href='javascript:SphinxHighlight.hideSearchWords()'])"
    assert page.locator(f"img[onerror], svg[onload], {links}").count() == 0


def turned(texts, start, number):
    """Give each of a number of keys a text of its own, beginning with one of them."""
    return [texts[(start + i) % len(texts)] for i in range(number)]


# The search reads `q`, and one script of all pages `highlight`: two pages meet every text there.
@pytest.mark.parametrize(
    ("name", "starts"),
    [
        (name, range(0, len(NASTY), 1 if name in ("search.html", "index.html") else 4))
        for name in PAGES
    ],
)
def test_an_address_runs_nothing(name, starts, visit):
    for start in starts:
        texts = turned(NASTY, start, len(ASKED))
        parts = [text if text.startswith("%") else quote(text, errors="replace") for text in texts]
        query = "&".join(f"{key}={part}" for key, part in zip(ASKED, parts))
        visit(name, f"?{query}#{parts[0]}")


@pytest.mark.parametrize("name", PAGES)
def test_a_memory_runs_nothing(name, visit):
    for start in range(0, 6, 2):
        visit(name, memory=turned(NASTY[:6], start, len(KEYS)))


def test_every_key_of_the_search_meets_every_text():
    met = {(key, text) for n in range(len(NASTY)) for key, text in zip(ASKED, turned(NASTY, n, 7))}
    assert len(met) == len(ASKED) * len(NASTY)


def test_a_pasted_text_runs_nothing(visit):
    page = visit("book/play_groups.html")
    search = page.locator("[role=combobox]").first
    for text in NASTY:
        search.fill(text.replace("\x00", ""))
        search.press("ArrowDown")
        search.press("Enter")
        check(page)
    assert page.locator("[role=combobox]").first.is_visible()


@pytest.mark.parametrize("name", ["clusters", "groups"])
def test_no_script_reads_what_a_stranger_writes(name):
    """Holds without a browser: no memory, no address, no markup made of text."""
    ways = r"localStorage|sessionStorage|document\.cookie|location\.|innerHTML|outerHTML"
    ways += r"|insertAdjacentHTML|document\.write|\beval\(|new Function|onmessage|postMessage"
    assert re.findall(ways, explorable_html(name)) == []


def test_a_danger_would_be_noticed(browser):
    context = browser.new_context()
    page = context.new_page()
    page.set_content(f"<body><img src=x onerror='{OWNED}'></body>")
    with pytest.raises(AssertionError):
        check(page)
    context.close()
