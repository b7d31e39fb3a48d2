"""What the site shows around the chapters: map, facts, way back, cards, colours, the mark."""

import http.server
import importlib.util
import json
import re
import sys
import threading
from itertools import combinations, pairwise

import numpy as np
import pytest
from look_checks import (
    drawing_faults,
    facts_faults,
    numbers_faults,
    order_faults,
    poor_card,
    poor_descriptions,
    poor_start,
    site_map_faults,
    way_back_faults,
)
from PIL import Image
from site_checks import contrast
from site_support import ROOT, repository_url, toc_pages

sys.path.insert(0, str(ROOT / "book/_ext"))
import course_chapters as facts  # noqa: E402
import site_chapters as around  # noqa: E402
import site_head as head  # noqa: E402

PAGES = toc_pages()
HOME = PAGES[0]
CHAPTERS = facts.read_chapters(ROOT)
BASE = head.pages_address(repository_url())


def text_of(site, name):
    return (site / f"{name}.html").read_text(encoding="utf-8")


# Facts about chapters -----------------------------------------------------------------------


def test_every_chapter_has_its_facts():
    assert list(CHAPTERS) == [name for name in PAGES if facts.is_chapter(name)]
    for chapter in CHAPTERS.values():
        assert chapter.data, f"{chapter.name}: no data known"
        assert chapter.reading > 0 < chapter.exercises and chapter.question.endswith("?")
        assert chapter.level in {word for _, word in facts.LEVELS}


def test_levels_grow_along_the_needs():
    order = [word for _, word in facts.LEVELS]
    for chapter in CHAPTERS.values():
        for need in chapter.needs:
            assert order.index(CHAPTERS[need].level) <= order.index(chapter.level)
    assert {chapter.level for chapter in CHAPTERS.values()} == set(order)


def test_the_longest_chain_counts():
    needs = {"a": (), "b": ("a",), "c": ("a", "b"), "d": ("c", "elsewhere")}
    assert [facts.chain_length(name, needs) for name in "abcd"] == [0, 1, 2, 3]


def notebook(tmp_path, opening, code=""):
    cells = [
        {"cell_type": "markdown", "source": opening},
        {"cell_type": "code", "source": code},
    ]
    (tmp_path / "notebooks").mkdir(exist_ok=True)
    path = tmp_path / "notebooks/03_kmeans.ipynb"
    path.write_text(json.dumps({"cells": cells}), encoding="utf-8")
    return facts.read_chapter(tmp_path, "notebooks/03_kmeans", "Clusters")


OPENING = """# K-means: *viewers*

**The question.** Who are they?

**You need** [the data](01_data.ipynb).

**Time.** Reading 40 minutes, exercises 50 minutes.
"""


def test_a_chapter_is_read(tmp_path):
    code = "from recsys_tutorial.datasets import (\n    make_moons,\n    load_movielens,\n)\n"
    chapter = notebook(tmp_path, OPENING, code)
    assert (chapter.number, chapter.title, chapter.question) == (
        "3", "K-means: viewers", "Who are they?",
    )  # fmt: skip
    assert (chapter.reading, chapter.exercises) == (40, 50)
    assert chapter.needs == ("notebooks/01_data",) and chapter.data == ("MovieLens", "generated")


@pytest.mark.parametrize("missing", ["**The question.**", "**You need**", "**Time.**"])
def test_a_chapter_without_a_field_stops_the_build(tmp_path, missing):
    with pytest.raises(ValueError, match="the opening of a chapter lacks"):
        notebook(tmp_path, OPENING.replace(missing, "**Else.**"))


@pytest.mark.parametrize(
    ("name", "number", "label"),
    [
        ("notebooks/03_kmeans", "3", "Chapter 3"),
        ("notebooks/A1_debugging_the_article", "A1", "A1"),
        ("notebooks/solutions/10_x_solutions", "10", "Solutions to chapter 10"),
        ("book/setup", "", "Setup"),
    ],
)
def test_labels_of_pages(name, number, label):
    assert facts.chapter_number(name) == number
    if "solutions/A1" not in name:
        assert around.page_label(name, "Setup") == label


# The course map -----------------------------------------------------------------------------


def test_a_map_is_read_and_a_wrong_line_refused():
    assert around.read_map(["", "Data: Who, and when. | 1 A1"]) == [
        ("Data", "Who, and when.", ["1", "A1"])
    ]
    with pytest.raises(ValueError, match="a stage is written"):
        around.read_map(["Data | 1"])


def test_a_map_that_forgets_or_invents_a_chapter_is_named():
    stages = [("Data", "x", ["1", "7"])]
    assert around.map_faults(stages, ["1", "2"]) == [
        "chapter 2 is not in the course map",
        "the course map names chapter 7",
    ]
    assert around.map_faults(stages, ["1", "7"]) == []


def drawing_of(site):
    (drawing,) = re.findall(
        r'<svg class="course-map-drawing".*?</svg>(?=\s*<)', text_of(site, HOME), re.S
    )
    return drawing


@pytest.mark.site
def test_the_map_shows_the_flow_and_links_to_every_chapter(site):
    flow = ["Data", "Preprocessing", "Features", "Training", "Clusters", "Recommendations"]
    stages = [*flow, "In practice"]
    chapters = {
        f"../{name}.html": f"{chapter.number} {chapter.title}" for name, chapter in CHAPTERS.items()
    }
    assert drawing_faults(drawing_of(site), stages, chapters) == []
    assert all((site / "book" / address).resolve().is_file() for address in chapters)


@pytest.mark.site
@pytest.mark.parametrize(("width", "shown"), [(1280, "svg"), (700, "svg"), (390, "list")])
def test_the_map_is_there_once_and_its_links_take_the_focus(width, shown, server, browser):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(f"{server}{HOME}.html")
    selectors = {"svg": ".course-map-drawing a", "list": "div.course-map a"}
    for kind, selector in selectors.items():
        visible = page.locator(selector).evaluate_all(
            "(all) => all.filter((a) => a.checkVisibility()).length"
        )
        assert visible == (page.locator(selector).count() if kind == shown else 0)
    first = page.locator(selectors[shown]).first
    first.focus()
    assert page.evaluate(
        "() => document.activeElement.closest('.course-map, .course-map-drawing') !== null"
    )
    page.keyboard.press("Enter")
    page.wait_for_url("**/notebooks/01_recommender_data.html")
    page.close()


@pytest.mark.site
def test_no_text_of_the_map_leaves_its_box(server, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{server}{HOME}.html")
    spilt = page.evaluate(
        """() => [...document.querySelectorAll(".course-map-drawing g")].flatMap((group) => {
          const box = group.querySelector(":scope > .map-box")?.getBoundingClientRect();
          if (!box) return [];
          return [...group.querySelectorAll("text")]
            .filter((text) => {
              const r = text.getBoundingClientRect();
              return r.left < box.left || r.right > box.right || r.bottom > box.bottom;
            })
            .map((text) => text.textContent);
        })"""
    )
    page.close()
    assert spilt == []


# Around a chapter ---------------------------------------------------------------------------


@pytest.mark.site
@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_shows_its_facts_once(name, site):
    chapter = CHAPTERS[name]
    total = chapter.reading + chapter.exercises
    time = f"{total} min (reading {chapter.reading}, exercises {chapter.exercises})"
    assert facts_faults(text_of(site, name), [time, chapter.level, *chapter.data]) == []
    # The notebook stays as it is.
    assert "**Time.** Reading" in (ROOT / f"{name}.ipynb").read_text(encoding="utf-8")


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_every_page_but_the_first_shows_the_way_back(name, site):
    taught = name.split("/")[-1].removesuffix("_solutions") if "/solutions/" in name else ""
    nowhere = ["0 ways back, not 1"] if name == HOME else []
    assert way_back_faults(text_of(site, name), taught) == nowhere


@pytest.mark.site
def test_pages_are_linked_in_the_order_of_the_contents(site):
    assert order_faults({name: text_of(site, name) for name in PAGES}) == []


@pytest.mark.site
def test_chapters_are_numbered_in_the_list_of_pages(site):
    for name in (HOME, "notebooks/03_kmeans", "notebooks/solutions/03_kmeans_solutions"):
        text = text_of(site, name)
        assert numbers_faults(text, [chapter.number for chapter in CHAPTERS.values()]) == []
        assert around.number_the_list(text, name.split("/")[-1]) == text


# How others present the site ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("repository", "address"),
    [
        ("https://github.com/Someone/course", "https://someone.github.io/course/"),
        ("https://github.com/a/b.git", "https://a.github.io/b/"),
    ],
)
def test_the_address_follows_from_the_repository(repository, address):
    assert head.pages_address(repository) == address


def test_another_host_must_name_its_address():
    with pytest.raises(ValueError, match=r"set html\.baseurl"):
        head.pages_address("https://example.org/a/b")


def test_long_descriptions_end_after_a_sentence_or_a_word():
    assert head.shorten("Short  text.") == "Short text."
    assert head.shorten("A" * 60 + " word. " + "b " * 200) == "A" * 60 + " word."
    cut = head.shorten("word " * 100)
    assert len(cut) <= head.LONGEST and cut.endswith("word…")


@pytest.mark.site
def test_every_page_has_a_description_of_its_own(site):
    questions = {name: chapter.question for name, chapter in CHAPTERS.items()}
    assert poor_descriptions({name: text_of(site, name) for name in PAGES}, questions) == []


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_cards_and_canonical_address(name, site):
    assert poor_card(text_of(site, name), name, BASE, site) == []


@pytest.mark.site
def test_the_site_map_lists_every_page_once(site):
    xml, robots = ((site / name).read_text("utf-8") for name in ("sitemap.xml", "robots.txt"))
    assert site_map_faults(xml, robots, BASE, PAGES) == []


@pytest.mark.site
def test_the_start_page_is_worth_sharing(site):
    assert poor_start(text_of(site, "index"), HOME) == []


def serve_as_github(site, folder):
    """Serve the site below `folder`; any other address gets 404.html, as GitHub Pages does."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

        def do_GET(self):  # noqa: N802
            name = self.path.split("?")[0].removeprefix(folder)
            path = site / name
            found = self.path.startswith(folder) and path.is_file()
            content = (path if found else site / "404.html").read_bytes()
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", self.guess_type(str(path)) if found else "text/html")
            self.end_headers()
            self.wfile.write(content)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.mark.site
@pytest.mark.parametrize("folder", ["/", "/" + BASE.split("/", 3)[3]])
@pytest.mark.parametrize("lost", ["nothing", "a/b/c/nothing.html", "notebooks/03_k-means.html"])
def test_a_lost_reader_finds_back_from_any_depth(folder, lost, site, browser):
    server = serve_as_github(site, folder)
    page = browser.new_page()
    try:
        page.goto(f"http://127.0.0.1:{server.server_port}{folder}{lost}")
        assert page.locator("h1").count() == 1 and page.locator("svg").count() == 1
        links = page.locator("a").evaluate_all("(all) => all.map((a) => a.href)")
        home = f"http://127.0.0.1:{server.server_port}{folder}"
        assert len(links) == 1 + len(CHAPTERS)
        for link in links:
            assert link.startswith(home) and (site / link.removeprefix(home)).is_file(), link
        assert page.locator("form").evaluate("(form) => form.action") == f"{home}search.html"
        page.get_by_role("link", name="To the first page").click()
        assert page.url == f"{home}{HOME}.html"
    finally:
        page.close()
        server.shutdown()
        server.server_close()


# Colours ------------------------------------------------------------------------------------

TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
# Machado, Oliveira and Fernandes (2009), severity 1: what is left of linear red, green and blue.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}  # fmt: skip


def rgb(colour):
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def lab(colour, eyes=EYES["all cones"]):
    """CIE L*a*b* of a colour (white D65) as eyes of this kind see it."""
    share = np.array(rgb(colour)) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.array(eyes) @ linear, 0, 1) / np.array([0.95047, 1, 1.08883])
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def palette_faults(palette):
    """Colours too pale for white paper, and pairs that some eyes or a grey print confuse."""
    faults = [f"{c} is too pale" for c in palette if contrast(rgb(c), (255, 255, 255)) < 3]
    for kind, eyes in EYES.items():
        for a, b in combinations(palette, 2):
            if np.linalg.norm(lab(a, eyes) - lab(b, eyes)) < 10:
                faults.append(f"{a} and {b} look alike with {kind}")
    for n, least in ((4, 4.5), (len(palette), 2.5)):
        grey = sorted(palette[:n], key=lambda colour: lab(colour)[0])
        for a, b in pairwise(grey):
            if lab(b)[0] - lab(a)[0] < least:
                faults.append(f"{a} and {b} look alike in grey")
    return faults


def test_the_palette_serves_all_eyes_and_grey_paper():
    from recsys_tutorial.plotting import PALETTE

    assert palette_faults(PALETTE) == []


def test_a_poor_palette_is_seen():
    assert palette_faults(("#0b5fa5", "#9ad0f5")) == ["#9ad0f5 is too pale"]
    # Red and green of equal lightness.
    faults = palette_faults(("#b8482f", "#2f7d32"))
    assert any("in grey" in fault for fault in faults)
    assert any("protanopia" in fault for fault in palette_faults(("#7a5a1e", "#4f6420")))


def test_known_lab_values():
    assert lab("#ffffff") == pytest.approx([100, 0, 0], abs=0.02)
    assert lab("#ff0000") == pytest.approx([53.24, 80.09, 67.20], abs=0.02)


def test_site_and_plots_share_their_colours():
    from recsys_tutorial.plotting import PALETTE

    light = head.css_colours(ROOT)["light"]
    assert (light["accent"], light["warm"], light["green"]) == PALETTE[:3]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_colours_are_legible_on_paper_and_cards(theme):
    colours = head.css_colours(ROOT)[theme]
    for name in ("ink", "accent", "warm", "green", "muted"):
        for below in ("paper", "card"):
            assert contrast(rgb(colours[name]), rgb(colours[below])) >= 4.5, (name, below)


# The mark -----------------------------------------------------------------------------------


def brand():
    spec = importlib.util.spec_from_file_location("brand", ROOT / "tools/brand.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_mark_is_what_its_script_draws():
    static = ROOT / "book/_static"
    assert (static / "favicon.svg").read_text(encoding="utf-8") == brand().favicon()
    for name, size, most in (
        ("social-card.png", head.CARD_SIZE, 100_000),
        ("apple-touch-icon.png", (180, 180), 10_000),
    ):
        assert (static / name).stat().st_size <= most
        with Image.open(static / name) as picture:
            assert picture.size == size
            # Drawn, not empty: the ground and each of the three groups.
            assert len(picture.convert("RGB").getcolors(10_000)) >= 5


@pytest.mark.site
def test_print_is_light(server, browser):
    page = browser.new_page()
    page.add_init_script("localStorage.mode = 'dark'; localStorage.theme = 'dark'")
    page.goto(f"{server}{HOME}.html")
    theme = "() => document.documentElement.dataset.theme"
    assert page.evaluate(theme) == "dark"
    page.evaluate("() => window.dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate(theme) == "light"
    page.evaluate("() => window.dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(theme) == "dark"
    page.close()
