"""Sphinx extension: pages that load fast and do not jump.

The theme sends every icon there is to every page, as a program of 550 kB and two fonts, and the
search index with them.  Here a page gets the icons it shows, drawn in place:

1. icons become small SVGs in the page; those that style sheets draw come from a font of about
   fifty glyphs, cut out of the theme's own;
2. scripts, styles and a button that a page has no use for are taken out;
3. every picture states its size, and those further down are loaded when they are needed;
4. the colour mode and the width of the text are known before the first line is drawn.

Everything happens once, when the site is finished, and may be repeated without harm.
"""

from __future__ import annotations

import html
import logging as stdlib_logging
import re
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pydata_sphinx_theme
from fontTools import subset
from PIL import Image
from sphinx.application import Sphinx
from sphinx.util import logging

LOGGER = logging.getLogger(__name__)
THEME = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static"

# 1. Icons -----------------------------------------------------------------------------------

ICON = re.compile(
    r'<(?P<tag>i|span) class="(?P<classes>[^"]*\b(?:fa[srb]?|fa-solid|fa-brands)\b[^"]*)"'
    r"(?P<rest>[^>]*)>\s*</(?P=tag)>"
)
STYLES = {"fas", "fa", "fa-solid", "fab", "fa-brands", "far", "fa-regular"}
SIZES = {"fa-lg", "fa-sm", "fa-xs", "fa-fw", "fa-2x"}
# A style sheet names a glyph by its character or by an escape.
GLYPH = re.compile(r"\\([ef][0-9a-f]{3})\b|([\ue000-\uf8ff])")
ICON_RULE = re.compile(r'(?:\.fa-[a-z0-9-]+(?:::?before)?,?)+\{content:"[^"]*"\}')
FONT_FACE = re.compile(r"@font-face\{[^}]*Font Awesome[^}]*\}")
ICON_FONT = "course-icons.woff"


@cache
def _icon_program() -> str:
    return (THEME / "scripts/fontawesome.js").read_text(encoding="utf-8")


@cache
def icon_path(name: str, brand: bool = False) -> tuple[int, int, str]:
    """Give width, height and outline of an icon from the theme's own collection.

    The collection lists brands first and the solid style last.
    """
    number = r"(\d+),(\d+)"
    entry = rf'["{{,]{re.escape(name)}"?:\[{number},\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
    found = re.findall(entry, _icon_program())
    if not found:
        # An alias stands in the list of the icon whose second name it is.
        alias = rf'\[{number},\[[^\]]*"{re.escape(name)}"[^\]]*\],"[0-9a-f]+","([^"]+)"\]'
        found = re.findall(alias, _icon_program())
    if not found:
        raise KeyError(f"the theme has no icon called {name!r}")
    width, height, outline = found[0 if brand else -1]
    return int(width), int(height), outline


def draw_icon(match: re.Match) -> str:
    """Write one icon as an SVG with the classes and attributes that the theme's styles look for."""
    classes = match["classes"].split()
    name = next((c for c in classes if c.startswith("fa-") and c not in STYLES | SIZES), None)
    if name is None:
        return match[0]
    brand = bool({"fab", "fa-brands"} & set(classes))
    try:
        width, height, outline = icon_path(name.removeprefix("fa-"), brand)
    except KeyError as error:
        LOGGER.warning("%s", error.args[0], type="course", subtype="icon")
        return match[0]
    kept = " ".join(["course-icon", *(c for c in classes if c not in STYLES)])
    title = re.search(r'\btitle="([^"]*)"', match["rest"])
    rest = re.sub(r'\s*\btitle="[^"]*"|\s*\baria-hidden="[^"]*"', "", match["rest"]).rstrip()
    spoken = f"<title>{title[1]}</title>" if title else ""
    silent = ' role="img"' if title else ' aria-hidden="true"'
    return (
        f'<svg class="{kept}"{rest}{silent} viewBox="0 0 {width} {height}" '
        f'style="width:{width / height:.4g}em">{spoken}'
        f'<path fill="currentColor" d="{outline}"/></svg>'
    )


def draw_icons(text: str) -> str:
    """Draw every icon of a page."""
    return ICON.sub(draw_icon, text)


def glyphs_in(styles: str) -> set[int]:
    """Code points of the icon font that a style sheet draws, those of bare icon classes aside."""
    found = GLYPH.findall(ICON_RULE.sub("", styles))
    return {int(escape, 16) if escape else ord(character) for escape, character in found}


def cut_font(source: Path, target: Path, code_points: set[int]) -> None:
    """Write a font that holds only these glyphs, as WOFF, which needs no further library."""
    options = subset.Options(flavor="woff", hinting=False, layout_features=[], notdef_outline=True)
    # It tells every table that it prunes.
    stdlib_logging.getLogger("fontTools").setLevel(stdlib_logging.WARNING)
    # The licence (SIL OFL 1.1) asks that the notice stays.
    options.name_IDs = [0, 1, 2, 13, 14]
    font = subset.load_font(str(source), options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=code_points)
    cutter.subset(font)
    subset.save_font(font, str(target), options)


def slim_styles(text: str) -> str:
    """Take the names of two thousand icons out of the theme's styles; use the small font."""
    text = ICON_RULE.sub("", text)
    # Two of the three fonts (outlines, brands) are drawn by nothing on this site.
    text = re.sub(r"@font-face\{[^}]*(?:fa-regular|fa-brands)[^}]*\}", "", text)
    small = f"../vendor/fontawesome/{ICON_FONT}"
    source = re.compile(r"src:url\([^)]*fa-solid-900[^}]*")
    return source.sub(f'src:url({small}) format("woff")', text)


def slim_folder(static: Path) -> None:
    """Replace icon program and fonts in the folder of shared files; drop what only makers read."""
    styles = [path for path in static.rglob("*.css")]
    glyphs = set().union(*(glyphs_in(path.read_text(encoding="utf-8")) for path in styles))
    folder = static / "vendor/fontawesome"
    folder.mkdir(parents=True, exist_ok=True)
    cut_font(THEME / "vendor/fontawesome/webfonts/fa-solid-900.ttf", folder / ICON_FONT, glyphs)
    for path in styles:
        text = path.read_text(encoding="utf-8")
        slim = slim_styles(text) if "Font Awesome" in text else text
        if slim != text:
            path.write_text(slim, encoding="utf-8")
    shutil.rmtree(folder / "webfonts", ignore_errors=True)
    for path in [*static.rglob("*.map"), *static.glob("scripts/fontawesome.js")]:
        path.unlink()


# 2. What a page does not use ----------------------------------------------------------------

SEARCH = ("searchtools.js", "language_data.js", "searchindex.js")
TOGGLE = r'class="(?:[^"]* )?(?:toggle|admonition[^"]* dropdown)[ "]'
# File, and what a page that needs it contains.
ONLY_WITH = {
    "sphinx-design.min.css": r'class="(?:[^"]* )?sd-',
    "design-tabs.js": r'class="(?:[^"]* )?sd-',
    "togglebutton.css": TOGGLE,
    "togglebutton.js": TOGGLE,
    "mystnb.": r'class="cell ',
}
TAG = r"<(?:script|link)\b[^>]*\b(?:src|href)=\"[^\"]*{}[^\"]*\"[^>]*>(?:</script>)?\n?"
OUTLINE = 'class="bd-sidebar-secondary'
OUTLINE_BUTTON = re.compile(r'<button class="[^"]*\bsecondary-toggle\b.*?</button>\n?', re.DOTALL)


def _without(text: str, name: str) -> str:
    return re.sub(TAG.format(re.escape(name)), "", text)


def drop_unused(text: str) -> str:
    """Take out scripts and styles that this page does not use, and a button that opens nothing."""
    text = _without(text, "scripts/fontawesome.js")
    # The index is asked for by the page of results alone; the fields elsewhere only lead there.
    if 'id="search-results"' not in text:
        for name in SEARCH:
            text = _without(text, name)
    for name, mark in ONLY_WITH.items():
        if not re.search(mark, text):
            text = _without(text, name)
    return text if OUTLINE in text else OUTLINE_BUTTON.sub("", text)


# 3. Pictures --------------------------------------------------------------------------------

IMAGE = re.compile(r"<img\b[^>]*>")


@cache
def picture_size(path: Path) -> tuple[int, int] | None:
    """Give width and height of a picture in pixels, or nothing if it does not tell."""
    if not path.is_file():
        return None
    if path.suffix == ".svg":
        text = path.read_text(encoding="utf-8")[:2000]
        box = re.search(r'viewBox="[\d.-]+ [\d.-]+ ([\d.]+) ([\d.]+)"', text)
        own = [
            re.search(rf'<svg[^>]*\b{side}="([\d.]+)(?:px)?"', text) for side in ("width", "height")
        ]
        if all(own):
            return round(float(own[0][1])), round(float(own[1][1]))
        return (round(float(box[1])), round(float(box[2]))) if box else None
    with Image.open(path) as picture:
        return picture.size


def size_picture(tag: str, page: Path, later: bool) -> str:
    """Write its size into the tag of a picture, and that it may come later."""
    attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
    source = html.unescape(attributes.get("src", ""))
    if not source or re.match(r"[a-z]+:", source):
        return tag
    extra = ""
    size = picture_size((page.parent / source.split("?")[0]).resolve())
    if size and "width" not in attributes and "height" not in attributes:
        extra += f' width="{size[0]}" height="{size[1]}"'
    # The badge stands at the top.
    if later and "loading" not in attributes and "badge" not in source:
        extra += ' loading="lazy" decoding="async"'
    return re.sub(r"\s*/?>\Z", f"{extra}/>", tag) if extra else tag


def size_pictures(text: str, page: Path) -> str:
    """State the size of every picture of a page; those in the text may come later."""
    article = text.find("<article")
    return IMAGE.sub(lambda m: size_picture(m[0], page, 0 <= article < m.start()), text)


# 4. What is known before the first line is drawn --------------------------------------------

THEME_LINE = 'document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";'
# The theme decides between light and dark after the page is drawn, which then flashes.
EARLY_THEME = (
    "document.documentElement.dataset.theme = "
    '/light|dark/.test(document.documentElement.dataset.mode) ? localStorage.getItem("theme") || '
    "document.documentElement.dataset.mode : "
    'matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";'
)


def settle_theme(text: str) -> str:
    """Know the colour mode before anything is drawn; light where no script runs."""
    text = text.replace(THEME_LINE, EARLY_THEME)
    return re.sub(r'(<html\b[^>]*) data-theme="auto"', r'\1 data-theme="light"', text)


def settle_width(text: str) -> str:
    """Mark a page whose explorable has the whole width.

    A style sheet cannot: it would ask for what comes further down (`:has`), and the page jumps.
    """
    if 'class="explorable"' not in text or OUTLINE in text:
        return text
    return text.replace('<div class="bd-content">', '<div class="bd-content course-wide">')


def lighten(text: str, page: Path) -> str:
    """Apply everything to the text of one page."""
    settled = settle_width(settle_theme(text))
    return size_pictures(drop_unused(draw_icons(settled)), page)


def lighten_site(app: Sphinx, exception: Exception | None) -> None:
    """Lighten all pages of a finished site and the files they share."""
    if exception is not None or app.builder.name != "html":
        return
    picture_size.cache_clear()
    slim_folder(Path(app.outdir) / "_static")
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        light = lighten(text, path)
        if light != text:
            path.write_text(light, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    # Last of all, so that it sees what the others wrote.
    app.connect("build-finished", lighten_site, priority=950)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
