"""Sphinx extension of the course.

What it does, in the order of this file:

1. outputs are never stale: the execution cache depends on package, data and lock;
2. a build with warnings is not followed by a green one that merely forgot them;
3. every figure has a text for those who cannot see it, or the build warns;
4. the pages ask no other host for anything;
5. small repairs of the theme's HTML for keyboard and screen-reader users;
6. builders other than HTML (EPUB, gettext) are spared the buttons that break them;
7. the list of references shows the key by which chapters name a work;
8. a chapter can be run in Kaggle, too.

Each part ends with a function that ``setup`` connects to a Sphinx event.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

from docutils import nodes
from pybtex.plugin import register_plugin
from pybtex.style.formatting.plain import Style as PlainStyle
from pybtex.style.labels import BaseLabelStyle
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)

# book/_ext/course_site.py: the root of the repository is two folders up.
ROOT = Path(__file__).resolve().parents[2]


# 1. Fresh outputs ---------------------------------------------------------------------------

# jupyter-cache recognises a notebook by its code cells alone.  What those cells import and read
# can change without any cell changing; these are the places where that happens.
CACHE_INPUTS = ("recsys_tutorial", "data", "requirements.lock.txt")
# The lock says what should be installed; `course.py setup --latest` installs something else.
CACHE_LIBRARIES = (
    *("numpy", "pandas", "scipy", "scikit-learn"),
    *("matplotlib", "seaborn", "tensorflow", "keras"),
)
DEFAULT_CACHE = "_build/.jupyter_cache"
KEY_LENGTH = 16
IS_KEY = re.compile(rf"[0-9a-f]{{{KEY_LENGTH}}}")


def _is_input(path: Path) -> bool:
    """Leave out what no notebook reads: byte code, hidden files, prose such as data cards."""
    hidden = any(part.startswith(".") or part == "__pycache__" for part in path.parts)
    return not hidden and path.suffix not in {".pyc", ".md"}


def cache_inputs(root: Path) -> Iterator[Path]:
    """Yield the files the key depends on, relative to `root`, always in the same order."""
    for name in CACHE_INPUTS:
        top = root / name
        files = [top] if top.is_file() else (f for f in top.rglob("*") if f.is_file())
        yield from sorted(f for f in (f.relative_to(root) for f in files) if _is_input(f))


def installed_versions() -> str:
    """List Python and the libraries that make the numbers and pictures of the notebooks."""
    versions = [f"python {sys.version_info[0]}.{sys.version_info[1]}"]
    for name in CACHE_LIBRARIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} -")
    return "\n".join(versions)


def cache_key(root: Path) -> str:
    """Return the first digits of a SHA-256 over versions, and names and contents of all inputs."""
    digest = hashlib.sha256(installed_versions().encode())
    for name in cache_inputs(root):
        content = (root / name).read_bytes()
        # The length marks where one file ends, so that moving bytes between files shows.
        digest.update(f"{name.as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:KEY_LENGTH]


def remove_other_caches(base: Path, key: str) -> None:
    """Delete the caches of earlier keys: nothing can match them again."""
    if not base.is_dir():
        return
    for folder in base.iterdir():
        if folder.is_dir() and IS_KEY.fullmatch(folder.name) and folder.name != key:
            shutil.rmtree(folder, ignore_errors=True)


def key_the_cache(app: Sphinx, config: Config) -> None:
    """Give this state of package, data and lock an execution cache of its own."""
    key = cache_key(ROOT)
    # Absolute, because Sphinx may be started from any folder; from the root of the repository,
    # so that editions in other languages share one cache.
    base = ROOT / (config.nb_execution_cache_path or DEFAULT_CACHE)
    remove_other_caches(base, key)
    config.nb_execution_cache_path = str(base / key)
    # A new cache alone is not enough: Sphinx does not look at pages whose source is unchanged.
    # This value is declared with rebuild="env", so a change of it makes Sphinx read all again,
    # whatever myst-nb declares for the path above.
    config.course_cache_key = key


# 2. No forgotten warnings -------------------------------------------------------------------


def forget_pages_after_warnings(app: Sphinx, exception: Exception | None) -> None:
    """Make the next build read every page again if this one warned.

    Sphinx reads a page only when its source has changed, so a second build would pass although
    nothing was mended: the warning (a failed notebook, say) belongs to a page it skips.
    """
    if exception is not None or getattr(app, "_warncount", 0):
        Path(app.doctreedir, "environment.pickle").unlink(missing_ok=True)


# 3. Text for every figure -------------------------------------------------------------------

FILE_NAME = re.compile(r"\S+\.(png|jpe?g|svg|gif|webp|pdf)", re.IGNORECASE)


def is_useful_alt(alt: str | None) -> bool:
    """Tell whether `alt` says something: not missing, not blank, not the name of a file."""
    text = (alt or "").strip()
    return bool(text) and FILE_NAME.fullmatch(text) is None


def warn_of_silent_figures(app: Sphinx, doctree: nodes.document) -> None:
    """Warn of each figure without alternative text; ``-W`` makes it an error."""
    for image in doctree.findall(nodes.image):
        if is_useful_alt(image.get("alt")):
            continue
        from_cell = "jupyter_execute" in image["uri"]
        mend = (
            'give its cell the metadata {"mystnb": {"image": {"alt": "..."}}}'
            if from_cell
            else "write it between the brackets: ![what the figure shows](file)"
        )
        LOGGER.warning(
            "figure %s has no alternative text: %s",
            Path(image["uri"]).name,
            mend,
            location=app.env.docname,
            type="course",
            subtype="alt",
        )


# 4. No request to other hosts ---------------------------------------------------------------


def _disconnect(app: Sphinx, unwanted) -> None:
    """Disconnect the event handlers for which `unwanted(handler)` is true."""
    for listeners in app.events.listeners.values():
        for listener in list(listeners):
            if unwanted(listener.handler):
                app.disconnect(listener.id)


def disconnect_thebe(app: Sphinx) -> None:
    """Stop sphinx-thebe, which Jupyter Book loads unasked.

    It would load its program from unpkg.com, and it is registered twice, which leaves an error
    in the console of every page.
    """
    _disconnect(app, lambda handler: getattr(handler, "__module__", "") == "sphinx_thebe")


def drop_thebe_style(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Remove the link to a style sheet that is missing once thebe is disconnected."""
    sheets = context.get("css_files", [])
    context["css_files"] = [s for s in sheets if "thebe" not in str(getattr(s, "filename", s))]


# 5. Accessibility ---------------------------------------------------------------------------

# The theme's labels are translated in other editions: no pattern may name an English label.
HTML_FIXES = [
    # The start page is a bare redirect: without an icon the browser asks for one that is missing.
    (
        re.compile(r'\A<meta http-equiv="Refresh"'),
        '<link rel="icon" href="_static/favicon.svg"><meta http-equiv="Refresh"',
    ),
    # An aria-label that differs from the visible words hides those words from voice control.
    (re.compile(r'<summary aria-label="[^"]*">'), "<summary>"),
    (re.compile(r'(<button class="btn search-button-field[^>]*?) aria-label="[^"]*"'), r"\1"),
    (re.compile(r'(<button[^>]*theme-switch-button[^>]*?) aria-label="[^"]*"'), r"\1"),
    # The arrow that opens a list of pages is called like the page above them.
    (
        re.compile(
            r'(<a class="[^"]*reference internal" href="[^"]*">([^<]*)</a>'
            r"\s*<details[^>]*>\s*<summary)(?=>)"
        ),
        r'\1 aria-label="\2"',
    ),
    # The logo stands outside every landmark.
    (
        re.compile(r'<div class="sidebar-primary-items__start sidebar-primary__section">'),
        '<div class="sidebar-primary-items__start sidebar-primary__section"'
        ' role="complementary" aria-label="Site">',
    ),
    # pandas heads the index column with an empty <th>; so do tables written in Markdown.
    (
        re.compile(r'<th></th>|<th class="head"><p></p></th>|<th class="blank[^"]*" ?>&nbsp;</th>'),
        "<td></td>",
    ),
    # Chinese glossary terms: lets a screen reader switch its voice.
    (re.compile(r'<dt id="([^"]*)">(?=[^<]*[\u4e00-\u9fff])'), r'<dt id="\1" lang="zh-Hans">'),
    # docutils calls the list of works a list, but its items something else.
    (re.compile(r'(<div class="citation"[^>]*) role="doc-biblioentry"'), r'\1 role="listitem"'),
]


def fix_html(text: str) -> str:
    """Apply all repairs to the text of one page."""
    for pattern, replacement in HTML_FIXES:
        text = pattern.sub(replacement, text)
    return text


def fix_pages(app: Sphinx, exception: Exception | None) -> None:
    """Repair every page of a finished HTML build."""
    if exception is not None or app.builder.format != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        fixed = fix_html(text)
        if fixed != text:
            path.write_text(fixed, encoding="utf-8")


# 6. Other builders --------------------------------------------------------------------------

HTML_ONLY_HANDLERS = {"add_launch_buttons", "add_header_buttons", "update_sourcename"}


def spare_other_builders(app: Sphinx) -> None:
    """Outside the HTML site, disconnect the handlers that need the theme's page context."""
    if app.builder.name != "html":
        _disconnect(app, lambda handler: getattr(handler, "__name__", "") in HTML_ONLY_HANDLERS)


# 7. References by key -----------------------------------------------------------------------


class KeyLabels(BaseLabelStyle):
    """Label a work with its BibTeX key: chapters name works by key in plain text."""

    def format_labels(self, sorted_entries):
        """Yield the label of each entry."""
        for entry in sorted_entries:
            yield entry.key


class CourseStyle(PlainStyle):
    """The plain BibTeX style with keys as labels."""

    default_label_style = KeyLabels


register_plugin("pybtex.style.formatting", "course", CourseStyle)


# 8. Kaggle ----------------------------------------------------------------------------------


def kaggle_url(repository: str, branch: str, docname: str) -> str:
    """Address that opens a notebook of a GitHub repository in Kaggle."""
    raw = repository.replace("://github.com/", "://raw.githubusercontent.com/").rstrip("/")
    return f"https://kaggle.com/kernels/welcome?src={raw}/{branch}/{docname}.ipynb"


def add_kaggle_button(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Put Kaggle, which the theme does not know, into the menu of Binder and Colab."""
    options = app.config["html_theme_options"]
    for group in context.get("header_buttons", []):
        if group.get("label") == "launch-buttons":
            url = kaggle_url(
                options["repository_url"], options.get("repository_branch", "main"), pagename
            )
            button = {"type": "link", "text": "Kaggle", "icon": "fab fa-kaggle", "url": url}
            group["buttons"].append({**button, "tooltip": "Launch on Kaggle"})


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_config_value("course_cache_key", "", "env", str)
    app.connect("config-inited", key_the_cache)
    app.connect("builder-inited", spare_other_builders)
    app.connect("doctree-read", warn_of_silent_figures)
    app.connect("html-page-context", drop_thebe_style)
    # After the theme, which adds the menu with priority 501.
    app.connect("html-page-context", add_kaggle_button, priority=502)
    # Late, because the redirect on the start page is written by another "build-finished" handler.
    app.connect("build-finished", fix_pages, priority=900)
    app.connect("build-finished", forget_pages_after_warnings)
    disconnect_thebe(app)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
