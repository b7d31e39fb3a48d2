"""Sphinx extension: pages for the course as a book, from which EPUB and PDF are made.

1. a builder that writes the text of each page without the website around it;
2. quizzes that need no script: the questions where they stand, the answers at the page's end;
   and no word of exercises that wait to be solved, which on paper they always would;
3. raw HTML made well-formed, without scripts and controls, which are dead on paper;
4. formulas with their TeX as text: readers of EPUB may not hide the MathML that the site hides;
5. after the website is built anew: no link to a book of yesterday.

``tools/formats.py`` starts the builder and binds the pages.
"""

from __future__ import annotations

import html
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from docutils import nodes
from site_head import pages_address
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from static_maths import formula_of, pictures_of

BUILDER, DOWNLOADS = "epub", "_downloads"
ROOT = Path(__file__).resolve().parents[2]
QUIZZES = ROOT / "recsys_tutorial" / "exercises" / "quizzes"


# 1. Pages -------------------------------------------------------------------------------------


class BookBuilder(StandaloneHTMLBuilder):
    """Write the text of every page, well-formed, and the images; nothing else.

    It takes the name of Sphinx's own builder for EPUB, which myst-nb knows and which is not used
    here: it packs the theme's scripts, and neither parts of a book nor formulas are known to it.
    """

    name = BUILDER
    epilog = "The pages of the book are in %(outdir)s."
    out_suffix = ".xhtml"
    supported_image_types = ["image/svg+xml", "image/png", "image/gif", "image/jpeg"]
    add_permalinks = copysource = download_support = html_scaled_image_link = search = False
    embedded, allow_sharp_as_current_path = True, False

    def init(self) -> None:
        """Set up as for a website, with another suffix."""
        super().init()
        self.out_suffix = self.link_suffix = ".xhtml"

    def handle_page(
        self, pagename, addctx, templatename="page.html", outfilename=None, event_arg=None
    ):
        """Write the text of a page without a frame."""
        path = Path(self.outdir, pagename + self.out_suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(addctx["body"], encoding="utf-8")

    def finish(self) -> None:
        """Copy the images that the pages show."""
        self.copy_image_files()


# 2. Quizzes -----------------------------------------------------------------------------------

PROGRESS = re.compile(r"^progress\(", re.MULTILINE)
QUIZ = re.compile(r"""\bshow_quiz\(["'](\w+)["']\)""")


def _choices(items: list[nodes.Node]) -> nodes.enumerated_list:
    entries = [nodes.list_item("", item) for item in items]
    return nodes.enumerated_list("", *entries, enumtype="loweralpha", prefix="", suffix=".")


def _numbered(items: list[list[nodes.Node]], name: str) -> nodes.enumerated_list:
    entries = [nodes.list_item("", *item) for item in items]
    return nodes.enumerated_list(
        "", *entries, enumtype="arabic", prefix="", suffix=".", classes=[name]
    )


def quiz_questions(quiz: list[dict[str, Any]]) -> nodes.Element:
    """Write the questions of a quiz with their options."""
    rows = [
        [
            nodes.paragraph("", question["question"]),
            _choices([nodes.paragraph("", option["answer"]) for option in question["answers"]]),
        ]
        for question in quiz
    ]
    return _numbered(rows, "quiz")


def quiz_answers(quiz: list[dict[str, Any]]) -> nodes.section:
    """Write what the website says to each option, in the order of the questions."""
    rows: list[list[nodes.Node]] = []
    for question in quiz:
        options = question["answers"]
        right = [chr(97 + n) for n, option in enumerate(options) if option["correct"]]
        heading = nodes.paragraph("", "", nodes.strong("", f"Right: {', '.join(right)}."))
        said = [nodes.paragraph("", option["feedback"]) for option in options]
        rows.append([heading, _choices(said)])
    section = nodes.section(ids=["answers-to-the-quiz"], classes=["quiz-answers"])
    section += [nodes.title("", "Answers to the quiz"), _numbered(rows, "quiz")]
    return section


def drop_waiting(doctree: nodes.document) -> None:
    """Take out what exercises say as long as nobody has solved them."""
    for cell in list(doctree.findall(nodes.container)):
        if cell.get("nb_element") != "cell_code":
            continue
        outputs = [
            c for c in cell if isinstance(c, nodes.container) and "cell_output" in c["classes"]
        ]
        says = "".join(output.astext() for output in outputs)
        if PROGRESS.search(cell[0].astext()):
            cell.parent.remove(cell)
        elif "tag_check" in cell["classes"] and "not yet" in says:
            for output in outputs:
                cell.remove(output)


def print_quizzes(doctree: nodes.document) -> None:
    """Put questions in the place of a quiz, and the answers at the end of the page."""
    for cell in list(doctree.findall(nodes.container)):
        found = QUIZ.search(cell.astext()) if cell.get("nb_element") == "cell_code" else None
        if found is None:
            continue
        quiz = json.loads((QUIZZES / f"{found[1]}.json").read_text(encoding="utf-8"))
        cell.replace_self(quiz_questions(quiz))
        next(iter(doctree.findall(nodes.section))).append(quiz_answers(quiz))


# 3. Raw HTML ----------------------------------------------------------------------------------

VOID = {"br", "hr", "img", "input", "col", "wbr", "link", "meta", "source"}
DEAD = {"script", "style", "button", "form", "select", "iframe", "canvas", "noscript"}
DEAD_ALONE = {"link", "meta", "input", "source"}
# Not in XHTML, or a script's.
UNWANTED = re.compile(r"on\w+|scoped|border|align|valign|cellpadding|cellspacing|tabindex|role")


class _Cleaner(HTMLParser):
    """Write HTML anew as well-formed XHTML; `text` holds the result."""

    def __init__(self, source: str):
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.open: list[str] = []
        self.dead = 0
        self.feed(source)
        self.close()
        # Markdown keeps the two tags of a box apart, with its content between them.
        self.parts += [f"</{name}>" for name in reversed(self.open) if name != "details"]

    def handle_starttag(self, tag, attrs):
        source = self.get_starttag_text() or ""
        # HTMLParser writes all names small; SVG has viewBox and linearGradient.
        exact = {name.lower(): name for name in re.findall(r"[\w:-]+", source)}
        if tag in DEAD:
            self.dead += not source.endswith("/>")
        if self.dead or tag in DEAD | DEAD_ALONE:
            return
        kept = dict((k, v) for k, v in attrs if not UNWANTED.fullmatch(k))
        written = "".join(
            f' {exact.get(k, k)}="{html.escape(k if v is None else v)}"' for k, v in kept.items()
        )
        name = exact.get(tag, tag)
        closed = tag in VOID or source.endswith("/>")
        self.parts.append(f"<{name}{written}{'/' if closed else ''}>")
        if not closed:
            self.open.append(name)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag):
        if tag in DEAD:
            self.dead = max(0, self.dead - 1)
        elif tag == "details" and tag not in self.open:
            self.parts.append("</details>")
        elif not self.dead and tag in map(str.lower, self.open):
            while True:
                name = self.open.pop()
                self.parts.append(f"</{name}>")
                if name.lower() == tag:
                    break

    def handle_data(self, data):
        if not self.dead:
            self.parts.append(html.escape(data, quote=False))


def clean(source: str) -> str:
    """Make raw HTML well-formed and take out scripts, styles and controls.

    >>> clean('<p onclick="x()">a<br>b<script>c()</script>')
    '<p>a<br/>b</p>'
    """
    return "".join(_Cleaner(source).parts)


def clean_raw(doctree: nodes.document, address: str) -> None:
    """Clean all raw HTML of a page; what only the website can do names its `address`."""
    for raw in list(doctree.findall(nodes.raw)):
        if "html" not in raw.get("format", "").split():
            raw.parent.remove(raw)
            continue
        if "data-explorable" in raw.astext():
            here = nodes.reference("", address, refuri=address)
            text = nodes.Text("This part moves, so a book cannot hold it. It is on the website: ")
            raw.replace_self(nodes.paragraph("", "", text, here, nodes.Text(".")))
            continue
        text = clean(raw.astext())
        if text.strip() or isinstance(raw.parent, nodes.TextElement):
            raw.replace_self(nodes.raw("", text, format="html"))
        else:
            raw.parent.remove(raw)


# 4. Formulas ----------------------------------------------------------------------------------


def label_formulas(app: Sphinx, doctree: nodes.document) -> None:
    """Put pictures that speak TeX in the place of formulas."""
    pictures = pictures_of(app)
    for node in [*doctree.findall(nodes.math), *doctree.findall(nodes.math_block)]:
        formula = formula_of(node)
        label = html.escape(" ".join(formula.tex.split()))
        svg = pictures[formula]["svg"].replace(' aria-hidden="true"', "", 1)
        svg = re.sub(r'( role="[^"]*")|( focusable="[^"]*")', "", svg, count=2)
        svg = svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
        tag = "div" if formula.display else "span"
        node.replace_self(nodes.raw("", f'<{tag} class="math">{svg}</{tag}>', format="html"))


def make_printable(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Turn a page of the website into one of a book."""
    if app.builder.name != BUILDER:
        return
    drop_waiting(doctree)
    print_quizzes(doctree)
    base = app.config.html_baseurl or pages_address(app.config.html_theme_options["repository_url"])
    clean_raw(doctree, f"{base}{docname}.html")
    label_formulas(app, doctree)


# 5. The website -------------------------------------------------------------------------------

START, END = "<!-- book formats -->", "<!-- end of book formats -->"
LINKS = re.compile(rf"{START}.*?{END}\n?", re.DOTALL)


def forget_books(app: Sphinx, exception: Exception | None) -> None:
    """Take books and their links off a website that was built anew."""
    if app.builder.name != "html":
        return
    for path in Path(app.outdir, DOWNLOADS).glob("user-interest-clustering.*"):
        path.unlink()
    home = Path(app.outdir, f"{app.config.root_doc}.html")
    if home.is_file():
        text = home.read_text(encoding="utf-8")
        if LINKS.search(text):
            home.write_text(LINKS.sub("", text), encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_builder(BookBuilder, override=True)
    for listener in list(app.events.listeners["builder-inited"]):
        # It asks for what only Sphinx's own builder needs.
        if listener.handler.__module__ == "sphinx.builders.epub3":
            app.disconnect(listener.id)
    app.connect("doctree-resolved", make_printable, priority=900)
    app.connect("build-finished", forget_books)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
