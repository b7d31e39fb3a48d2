"""Pages that load fast and do not jump, and the extension that makes them so."""

import random
import sys

import pytest
from look_checks import icons_left, unasked_files, with_search_index
from PIL import Image
from site_checks import pictures_without_size
from site_support import ROOT, serve, toc_pages
from site_weighing import ZippingHandler, jumps, pieces, too_heavy, weigh

sys.path.insert(0, str(ROOT / "book/_ext"))
import site_weight as weight  # noqa: E402

FIRST_PAGE, OTHER_PAGE, SHIFT = 300_000, 1_500_000, 0.01
PAGES = toc_pages()


# The site -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def zipped(site):
    with serve(site, ZippingHandler) as address:
        yield address


@pytest.mark.site
@pytest.mark.slow
@pytest.mark.parametrize("name", [*PAGES, "404", "search", "genindex"])
def test_page_is_light_and_still(name, zipped, browser):
    limit = FIRST_PAGE if name in (PAGES[0], "404") else OTHER_PAGE
    widths = [1280, 390]
    # What jumps by its own fault jumps on every visit.  A table gets its columns when all of it is
    # there, and where in it a busy computer pauses to draw is chance.
    for _ in range(3):
        views = dict(zip(widths, weigh(browser, f"{zipped}{name}.html", *widths), strict=True))
        assert all(view["files"] for view in views.values())
        found = {w: too_heavy(view, limit) + jumps(view, SHIFT) for w, view in views.items()}
        problems = [f"{width} px: {problem}" for width in widths for problem in found[width]]
        widths = [width for width in widths if found[width]]
        if not widths:
            break
    assert not problems, "\n".join(problems)


@pytest.mark.site
def test_nothing_is_shipped_that_no_page_asks_for(site):
    assert unasked_files(site / "_static", weight.ICON_FONT) == []


@pytest.mark.site
@pytest.mark.parametrize("name", PAGES)
def test_every_picture_states_its_size(name, site):
    text = (site / f"{name}.html").read_text(encoding="utf-8")
    assert pictures_without_size(text) == []


@pytest.mark.site
def test_no_icon_was_left_to_a_program(site):
    for name in PAGES:
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        assert icons_left(text, weight.ICON) == [], name


@pytest.mark.site
def test_a_finished_site_is_left_alone(site):
    """The pass may run again over pages that Sphinx did not write anew."""
    for name in (PAGES[0], PAGES[3], "search"):
        path = site / f"{name}.html"
        text = path.read_text(encoding="utf-8")
        assert weight.lighten(text, path) == text


@pytest.mark.site
def test_only_the_page_of_results_loads_the_index(site):
    names = ["search", "404", "genindex", *PAGES]
    texts = {name: (site / f"{name}.html").read_text(encoding="utf-8") for name in names}
    assert with_search_index(texts) == ["search"]


# The scales, on pages that are broken -------------------------------------------------------

CALM = "<!doctype html><html lang='en'><link rel='icon' href='data:,'><h1>Calm</h1><p>text</p>"
RESTLESS = """<!doctype html><html lang='en'><link rel='icon' href='data:,'>
<div id="late"></div><p>text</p><p>more</p>
<script>setTimeout(() => { late.style.height = "500px"; }, 300);</script>"""
# The first lines are drawn before the browser knows of the box that makes them move.
HINDSIGHT = """<!doctype html><html lang='en'><link rel='icon' href='data:,'>
<style>main:has(.wide) { padding-top: 20rem; }</style>
<main><article><p>text</p><p>more</p><p>and more</p><div class="wide">x</div></article></main>"""
HEAVY = "<!doctype html><html lang='en'><link rel='icon' href='data:,'><img src='a.png' alt='x'>"


class SlowHandler(ZippingHandler):
    """Leaves a busy computer the time to draw: there is one visit, and it has to see the jump."""

    PAUSE = 1.0


def test_what_was_weighed_is_judged():
    files = {"https://a/big.png": 300_000, "https://a/b.css": 40_000, "c": 1, "d": 2}
    assert too_heavy({"files": files}, 340_003) == []
    (problem,) = too_heavy({"files": files}, 340_002)
    assert problem == "340 kB of 340 kB: big.png 300 kB, b.css 40 kB, d 0 kB"
    moved = [{"value": 0.004, "nodes": ["p"]}, {"value": 0.006, "nodes": ["img", "a", "b", "c"]}]
    assert jumps({"jumps": moved}, 0.01) == [] == jumps({"jumps": []}, 0.01)
    assert jumps({"jumps": moved}, 0.009) == ["layout shifts by 0.010, most of it: img, a, b"]


@pytest.mark.site
def test_the_scales_see_a_heavy_and_a_restless_page(tmp_path, browser):
    noise = random.Random(0).randbytes(400_000)
    Image.frombytes("RGB", (333, 400), noise[: 333 * 400 * 3]).save(tmp_path / "a.png")
    for name, text in (("calm", CALM), ("restless", RESTLESS), ("heavy", HEAVY)):
        (tmp_path / f"{name}.html").write_text(text, encoding="utf-8")
    with serve(tmp_path, ZippingHandler) as address:
        views = {
            name: weigh(browser, f"{address}{name}.html", 1280)[0]
            for name in ("calm", "restless", "heavy")
        }
    assert too_heavy(views["calm"], FIRST_PAGE) + jumps(views["calm"], SHIFT) == []
    (problem,) = too_heavy(views["heavy"], FIRST_PAGE)
    assert "a.png 4" in problem and "of 300 kB" in problem
    (problem,) = jumps(views["restless"], SHIFT)
    assert "layout shifts by 0." in problem
    assert too_heavy(views["restless"], FIRST_PAGE) == []


def test_a_page_is_cut_where_a_slow_line_may_pause():
    page = "<head><article><h1>a</h1><p>b</p>c<h2>d</h2><p>e</p><h2>f</h2></article>g"
    head, words, half, rest = pieces(page)
    assert (head, words) == ("<head>", "<article><h1>a</h1><p>b")
    assert (half, rest) == ("</p>c", "<h2>d</h2><p>e</p><h2>f</h2></article>g")
    assert pieces("<article><p>b</p>c</article>") == ["<article><p>b", "</p>c</article>"]
    assert pieces("a page without an article") == ["a page without an article"]


@pytest.mark.site
def test_the_scales_see_what_a_page_knows_too_late(tmp_path, browser):
    (tmp_path / "page.html").write_text(HINDSIGHT, encoding="utf-8")
    with serve(tmp_path, SlowHandler) as address:
        (view,) = weigh(browser, f"{address}page.html", 1280)
    (problem,) = jumps(view, SHIFT)
    assert "layout shifts by 0." in problem


@pytest.mark.site
def test_the_scales_count_compressed_text_and_lazy_pictures(tmp_path, browser):
    noise = random.Random(1).randbytes(120_000)
    Image.frombytes("RGB", (200, 200), noise).save(tmp_path / "late.png")
    text = CALM + "<p>" + "a" * 1_000_000 + "</p><div style='height: 9000px'></div>"
    text += "<img src='late.png' alt='x' loading='lazy' width='200' height='200'>"
    (tmp_path / "page.html").write_text(text, encoding="utf-8")
    with serve(tmp_path, ZippingHandler) as address:
        (view,) = weigh(browser, f"{address}page.html", 1280)
    files = view["files"]
    sizes = {name.rsplit("/", 1)[1]: size for name, size in files.items()}
    assert sizes["page.html"] < 10_000 and sizes["late.png"] > 100_000


# The extension ------------------------------------------------------------------------------


def test_an_icon_becomes_a_drawing():
    drawn = weight.draw_icons('<i class="fas fa-rocket"></i>')
    assert drawn.startswith(
        '<svg class="course-icon fa-rocket" aria-hidden="true" viewBox="0 0 512'
    )
    assert weight.draw_icons(drawn) == drawn
    titled = weight.draw_icons(
        '<i class="theme-switch fa-solid fa-sun  fa-lg" data-mode="light" title="Light"></i>'
    )
    assert 'class="course-icon theme-switch fa-sun fa-lg" data-mode="light" role="img"' in titled
    assert "<title>Light</title>" in titled


def test_brands_and_aliases_are_found_and_unknown_icons_are_not():
    assert weight.icon_path("github", brand=True)[2]
    assert weight.icon_path("pencil-alt") == weight.icon_path("pencil")
    # The solid sun differs from the outlined one, which stands before it.
    assert weight.icon_path("sun") != weight.icon_path("sun", brand=True)
    with pytest.raises(KeyError, match="no icon called 'no-such'"):
        weight.icon_path("no-such")
    left = '<i class="fas fa-no-such"></i>'
    assert weight.draw_icons(left) == left


def test_other_elements_are_no_icons():
    for text in ('<i class="fab"></i>', "<i>fas</i>", '<span class="fantastic"></span>'):
        assert weight.draw_icons(text) == text


def test_glyphs_of_style_sheets():
    styles = '.fa-sun:before{content:"\\f185"}.a:after{content:"\\f0c1"}.b{--icon:"\uf106"}'
    assert weight.glyphs_in(styles) == {0xF0C1, 0xF106}
    slim = weight.slim_styles(
        styles + "@font-face{font-family:Font Awesome\\ 6 Free;src:url(x/fa-solid-900.woff2) "
        'format("woff2"),url(x/fa-solid-900.ttf) format("truetype")}'
        "@font-face{font-family:Font Awesome\\ 6 Brands;src:url(x/fa-brands-400.woff2)}"
    )
    assert "f185" not in slim and "f0c1" in slim and "brands" not in slim
    assert slim.count("@font-face") == 1 and weight.ICON_FONT in slim and ".ttf" not in slim
    assert weight.slim_styles(slim) == slim


def test_the_small_font_holds_what_was_asked_for(tmp_path):
    from fontTools.ttLib import TTFont

    source = weight.THEME / "vendor/fontawesome/webfonts/fa-solid-900.ttf"
    weight.cut_font(source, tmp_path / "a.woff", {0xF0EB, 0xF106})
    font = TTFont(tmp_path / "a.woff")
    assert set(font.getBestCmap()) == {0xF0EB, 0xF106}
    assert "Font Awesome" in font["name"].getDebugName(1)


def test_a_page_keeps_what_it_uses():
    scripts = (
        '<script src="_static/searchtools.js"></script>\n'
        '<link rel="stylesheet" href="_static/sphinx-design.min.css?v=1" />\n'
        '<script src="_static/course.js"></script>\n'
    )
    assert weight.drop_unused(scripts) == '<script src="_static/course.js"></script>\n'
    results = scripts + '<div id="search-results"></div>'
    assert "searchtools.js" in weight.drop_unused(results)
    cards = scripts + '<div class="a sd-card"></div>'
    assert "sphinx-design" in weight.drop_unused(cards)
    buttons = '<button class="a search-button">\n</button>\n<button class="b secondary-toggle c">'
    lone = buttons + "<svg></svg>\n</button>\nrest"
    assert weight.drop_unused(lone) == '<button class="a search-button">\n</button>\nrest'
    outlined = lone + '<div class="bd-sidebar-secondary bd-toc">'
    assert weight.drop_unused(outlined) == outlined


def test_a_page_with_an_explorable_and_no_outline_is_wide_from_the_start():
    text = '<div class="bd-content"><article><div class="explorable" data-explorable="a">'
    wide = weight.settle_width(text)
    assert wide == text.replace('"bd-content"', '"bd-content course-wide"')
    assert weight.settle_width(wide) == wide
    outlined = text + '<div id="x" class="bd-sidebar-secondary bd-toc">'
    assert weight.settle_width(outlined) == outlined
    assert weight.settle_width('<div class="bd-content">') == '<div class="bd-content">'


@pytest.mark.site
def test_the_wide_page_has_the_whole_width(site, browser):
    with serve(site) as address:
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        widths = {}
        for name in ("book/play_clusters", "book/play_groups"):
            page.goto(f"{address}{name}.html")
            box = page.locator(".bd-article-container").bounding_box()
            widths[name] = box["x"] + box["width"]
            assert page.locator(".header-article-items__end").is_visible()
            outline = page.locator("#pst-secondary-sidebar").count()
            assert page.locator(".secondary-toggle").count() == outline, name
        page.close()
    # Beside the outline, 14rem wide, ends the other one.
    assert widths["book/play_clusters"] > 1250 > 1070 > widths["book/play_groups"]


def test_pictures_get_a_size_once(tmp_path):
    Image.new("RGB", (30, 20)).save(tmp_path / "a.png")
    (tmp_path / "b.svg").write_text('<svg viewBox="0 0 72 48"></svg>', encoding="utf-8")
    page = tmp_path / "page.html"
    text = '<img src="b.svg"><article><img alt="x" src="a.png?v=1" /><img src="data:,"></article>'
    sized = weight.size_pictures(text, page)
    assert '<img src="b.svg" width="72" height="48"/>' in sized
    assert 'src="a.png?v=1" width="30" height="20" loading="lazy" decoding="async"/>' in sized
    assert '<img src="data:,">' in sized
    assert weight.size_pictures(sized, page) == sized
    assert weight.size_pictures('<img src="gone.png">', page) == '<img src="gone.png">'
    given = '<img src="a.png" width="3" height="2">'
    assert weight.size_pictures(given, page) == given
