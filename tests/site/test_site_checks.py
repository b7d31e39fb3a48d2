"""Each check of the site must be able to fail: here it meets something broken."""

import pytest
import site_checks as checks
from site_support import serve

GOOD_VIEW = {
    "requests": ["http://127.0.0.1:8000/book/intro.html", "data:image/png;base64,AAAA"],
    "failed": [],
    "errors": [],
    "theme": "light",
    "page_width": 390,
    "window_width": 390,
    "text": "The price was $5, and x is near the centre.",
    "texts": [
        {
            "colour": [27, 42, 65],
            "background": [255, 255, 255],
            "large": False,
            "where": "p",
            "text": "a",
        }
    ],
    "images": [{"src": "a/figure.png", "alt": "Three groups of dots."}],
    "maths_sources": 2,
    "maths_rendered": 2,
    "maths_spoken": 2,
    "maths_errors": [],
    "axe": [],
}
ORIGIN = "http://127.0.0.1:8000/"
GREY = {**GOOD_VIEW["texts"][0], "colour": [150, 150, 150]}
UNLABELLED = {"id": "label", "help": "Fields need labels", "nodes": ["<input>", "<input>"]}

BROKEN = {
    "another host": {"requests": ["https://cdn.example.org/mathjax.js"]},
    "request failed": {"failed": [ORIGIN + "missing.css"]},
    "console error": {"errors": ["ReferenceError: thebe is not defined"]},
    "theme is": {"theme": "dark"},
    "page is 500 px": {"page_width": 500},
    "raw TeX: $x": {"text": r"the centre $x_1$ moves"},
    r"raw TeX: \(": {"text": r"the centre \(x_1\) moves"},
    "unreadable formula": {"maths_errors": [r"\foo"]},
    "2 formulas in the page, 0 as pictures": {"maths_rendered": 0},
    "2 formulas in the page, 1 as MathML": {"maths_spoken": 1},
    "alternative text ''": {"images": [{"src": "a.png", "alt": ""}]},
    "alternative text None": {"images": [{"src": "a.png", "alt": None}]},
    "alternative text '../a.png'": {"images": [{"src": "a.png", "alt": "../a.png"}]},
    "contrast 2.96": {"texts": [GREY]},
    "axe label, 2 times: Fields need labels; <input>": {"axe": [UNLABELLED]},
}


def test_a_good_view_has_no_problems():
    assert checks.all_problems(GOOD_VIEW, ORIGIN, "light") == []


@pytest.mark.parametrize("message", BROKEN)
def test_each_fault_is_seen_and_named(message):
    problems = checks.all_problems({**GOOD_VIEW, **BROKEN[message]}, ORIGIN, "light")
    assert len(problems) == 1
    assert message in problems[0]


def test_contrast_against_known_values():
    """Black on white is 21, and grey #767676 on white is the well-known lightest that passes."""
    assert checks.contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21)
    assert checks.contrast((0x76,) * 3, (255,) * 3) == pytest.approx(4.54, abs=0.01)
    assert checks.low_contrast({"texts": [{**GREY, "colour": [0x77] * 3}]})
    assert not checks.low_contrast({"texts": [{**GREY, "colour": [0x77] * 3, "large": True}]})


LINK = '<a href="https://colab.research.google.com/github/{}/blob/main/{}.ipynb">Colab</a>'


@pytest.mark.parametrize(
    ("text", "n_problems"),
    [
        (LINK.format("me/course", "notebooks/03_kmeans"), 0),
        (LINK.format("me/course", "notebooks/04_dbscan"), 1),
        (LINK.format("somebody/else", "notebooks/03_kmeans"), 1),
        ("<p>no link</p>", 1),
    ],
)
def test_colab_links(text, n_problems):
    assert len(checks.wrong_colab_links(text, "me/course", "notebooks/03_kmeans")) == n_problems


def test_glossary_entries():
    def entry(*terms):
        return "".join(f"<dt>{t}</dt>" for t in terms) + "<dd><p>text</p></dd>"

    text = '<dl class="simple glossary">{}</dl>'
    good = text.format(entry("user", "用户") + entry("K-means · K 均值"))
    assert checks.one_language_entries(good) == []
    assert len(checks.Page(good).glossary) == 2
    assert len(checks.one_language_entries(text.format(entry("user") + entry("用户")))) == 2


def test_bare_pages():
    head, body = "<head><title>T</title></head>", "<body><article><h1>T</h1></article></body>"
    good = f'<html lang="en">{head}{body}</html>'
    assert checks.bare_page(good) == []
    assert len(checks.bare_page("<html><head></head><body></body></html>")) == 3
    assert len(checks.bare_page(good.replace("</h1>", "</h1><h1>U</h1>"))) == 1


def test_lost_outputs():
    good = '<div class="cell_output docutils container">36.0</div>'
    assert checks.lost_outputs(good) == []
    assert checks.lost_outputs('<div class="cell_input">1 + 1</div>') == ["no output"]
    assert checks.lost_outputs(good + "CellExecutionError: x") == ["a cell failed"]


def test_pictures_without_size():
    sized = '<img src="a.png" width="3" height="4">'
    assert checks.pictures_without_size(sized + "<imgx>") == []
    for part in ('width="3" ', ' height="4"'):
        bare = sized.replace(part, "")
        assert checks.pictures_without_size(sized + bare) == [bare]


def test_a_solution_on_a_page():
    line = "return((X-centres[labels])**2).sum()"
    for page in (
        '<span class="k">return</span> ((<span>X</span> - centres[labels]) ** 2).sum()',
        '<script>{"hint": "return ((X - centres[labels])\\n ** 2).sum()"}</script>',
        "<p>return ((X &#45; centres[labels]) ** 2).sum()</p>",
    ):
        assert len(checks.given_away(page, {line, "another_line_of_the_solution"})) == 1
    assert checks.given_away("<p>return X - centres</p>", {line}) == []


def test_broken_links(tmp_path):
    (tmp_path / "b.html").write_text('<h2 id="there">B</h2>', encoding="utf-8")
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">1</a><a href="#here" id="here">2</a>'
        '<a href="https://example.org/">3</a><a href="mailto:a@example.org">4</a>',
        encoding="utf-8",
    )
    assert checks.broken_links(tmp_path) == []
    (tmp_path / "c.html").write_text(
        '<a href="missing.html">1</a><a href="b.html#nowhere">2</a><img src="gone.png">',
        encoding="utf-8",
    )
    assert len(checks.broken_links(tmp_path)) == 3


BAD_PAGE = """<!doctype html><html lang="en" data-theme="dark"><head><title>Bad</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="missing.css">
<script src="https://cdn.example.org/mathjax.js"></script></head>
<body style="background: white">
<p style="color: #999; background: rgba(255, 255, 255, 0.5)">grey on white</p>
<p>the formula $x_1$ was not typeset <span class="math">\\(x\\)</span></p>
<p><span class="math"><code>\\foo</code></span></p>
<p style="width: 3000px">too wide</p>
<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" alt="figure.png">
<input type="text">
<script>undefinedFunction()</script>
</body></html>"""


@pytest.mark.site
def test_the_browser_sees_every_fault_of_a_bad_page(tmp_path, look_at):
    """The collector, too, must notice what the checks look for."""
    (tmp_path / "bad.html").write_text(BAD_PAGE, encoding="utf-8")
    with serve(tmp_path) as address:
        (view,) = look_at(address + "bad.html", 390, "light")
        problems = "\n".join(checks.all_problems(view, address, "light"))
    for part in (
        "theme is dark",
        "another host: https://cdn.example.org",
        f"request failed: {address}missing.css",
        "console error: undefinedFunction",
        "page is 3",
        "raw TeX: $x_1$",
        "2 formulas in the page, 0 as pictures",
        "2 formulas in the page, 0 as MathML",
        "unreadable formula: \\foo",
        "alternative text 'figure.png'",
        "'grey on white'",
        "axe label, 1 times",
    ):
        assert part in problems


@pytest.mark.site
@pytest.mark.parametrize(
    ("width", "theme", "rules"),
    [
        (1280, "light", {"color-contrast", "image-alt", "label"}),
        (390, "light", {"image-alt", "label"}),
        (1280, "dark", {"color-contrast", "image-alt"}),
        (390, "dark", set()),
    ],
)
def test_each_rule_of_axe_is_asked_where_it_can_fail(tmp_path, look_at, width, theme, rules):
    fault = '<p style="color: #999">grey</p><img src="data:,"><input type="text">'
    page = f'<html lang="en"><title>Bad</title><body style="background: #fff">{fault}</html>'
    (tmp_path / "bad.html").write_text(page, encoding="utf-8")
    with serve(tmp_path) as address:
        (view,) = look_at(f"{address}bad.html", width, theme)
    found = {fault["id"] for fault in view["axe"]}
    assert found & {"color-contrast", "image-alt", "label"} == rules


PALE_TEXTS = {
    "code": '<div class="highlight"><pre>x <b>2</b><b style="color: #999">= 1</b></pre></div>',
    "on another ground": "<p>a</p><p>b</p><div style='background: #555'><p>= 1</p></div>",
    "in another class": "<p>a</p><p class='b'>b</p><p class='c'>= 1</p><style>.c {color: #999}",
    "after one that is hidden": "<p hidden>a</p><p>= 1</p><style>p {color: #999}",
    "larger elsewhere": "<h1>a</h1><h1 style='font-size: 9px'>= 1</h1><style>h1 {color: #888}",
}


@pytest.mark.site
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("fault", PALE_TEXTS.values(), ids=PALE_TEXTS)
def test_a_pale_text_is_seen_by_axe_and_by_us(tmp_path, look_at, theme, fault):
    """Axe is asked about one text of each kind; what is pale is of another kind than the rest."""
    page = f'<html lang="en"><title>Bad</title><body style="background: #fff">{fault}</html>'
    (tmp_path / "bad.html").write_text(page, encoding="utf-8")
    with serve(tmp_path) as address:
        (view,) = look_at(f"{address}bad.html", 1280, theme)
    (found,) = [fault for fault in view["axe"] if fault["id"] == "color-contrast"]
    assert len(found["nodes"]) == 1 and "= 1" in found["nodes"][0]
    assert any("'= 1'" in problem for problem in checks.low_contrast(view))


@pytest.mark.site
@pytest.mark.parametrize("width", [1280, 390])
def test_what_is_pale_in_the_dark_alone_is_seen(tmp_path, look_at, width):
    style = "p { color: #333; transition: color 9s } [data-theme=dark] p { color: #ddd }"
    follow = "document.documentElement.dataset.theme = dark.matches ? 'dark' : 'light'"
    script = "const dark = matchMedia('(prefers-color-scheme: dark)');"
    script += f"dark.onchange = () => {follow}"
    page = f'<html lang="en" data-theme="light"><title>Bad</title><style>{style}</style>'
    page += f'<body style="background: #fff"><p>pale</p><script>{script}</script></html>'
    (tmp_path / "bad.html").write_text(page, encoding="utf-8")
    with serve(tmp_path) as address:
        light, dark = look_at(f"{address}bad.html", width, None, evening=True)
    assert [view["theme"] for view in (light, dark)] == ["light", "dark"]
    assert not checks.low_contrast(light)
    assert any("'pale'" in problem for problem in checks.low_contrast(dark))
    # Our own check alone sees it: on a second view axe is not asked for contrast (`axe_rules`).
    assert "color-contrast" not in {fault["id"] for fault in dark["axe"]}
