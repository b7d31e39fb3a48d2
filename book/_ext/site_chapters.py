"""Sphinx extension: what the site shows around a chapter.

1. breadcrumbs above the title of every page but the first;
2. one quiet line below the title of a chapter: time, level, data, Colab;
3. the number of a chapter in the list of pages;
4. the course map on the first page, as a clickable drawing and, on narrow screens, as a list.

All of it is made from `course_chapters`; notebooks hold no markup for it, so that they stay plain
in Colab and JupyterLab.
"""

from __future__ import annotations

import html
import re
import textwrap
from pathlib import Path
from typing import Any

from course_chapters import (
    Chapter,
    chapter_number,
    is_chapter,
    pages_above,
    read_chapters,
    toc_parts,
)
from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

LOGGER = logging.getLogger(__name__)
ROOT = Path(__file__).resolve().parents[2]


def _raw(text: str) -> nodes.raw:
    return nodes.raw("", text, format="html")


def _link(address: str, text: str) -> str:
    return f'<a href="{html.escape(address)}">{html.escape(text)}</a>'


# 1. Breadcrumbs -----------------------------------------------------------------------------


def page_label(name: str, title: str) -> str:
    """Say in two words what a page is: a chapter by its number, others by their title."""
    if not chapter_number(name):
        return title
    number = chapter_number(name)
    label = f"Chapter {number}" if number.isdigit() else number
    return label if is_chapter(name) else f"Solutions to {label[:1].lower()}{label[1:]}"


def crumbs(
    name: str,
    title: str,
    part: str,
    home: str,
    chapter: tuple[str, str] | None = None,
    above: tuple[str, str] | None = None,
) -> str:
    """Write the way from the first page to this one.

    `home` is the address of the first page, `chapter` address and label of the chapter whose
    solutions these are, `above` those of the page under which the contents put this one.
    """
    # A part has no page of its own.
    way = [_link(home, "Course")]
    # What is called like its part is named once.
    if chapter is None and part not in (title, above and above[1]):
        way.append(f"<span>{html.escape(part)}</span>")
    way += [_link(*page) for page in (chapter, above) if page]
    label = part if chapter else page_label(name, title)
    here = f'<span aria-current="page">{html.escape(label)}</span>'
    items = "".join(f"<li>{step}</li>" for step in [*way, here])
    return (
        f'<nav class="course-crumbs d-print-none" aria-label="Breadcrumbs"><ol>{items}</ol></nav>'
    )


# 2. The line below the title ----------------------------------------------------------------


def facts(chapter: Chapter, data_page: str) -> str:
    """Write time, level and data of a chapter as a list of terms."""
    total = chapter.reading + chapter.exercises
    time = f"{total} min <small>(reading {chapter.reading}, exercises {chapter.exercises})</small>"
    rows = {
        "Time": time,
        "Level": html.escape(chapter.level),
        "Data": _link(data_page, ", ".join(chapter.data)),
    }
    return "".join(f"<div><dt>{name}</dt><dd>{text}</dd></div>" for name, text in rows.items())


def _opens_with(node: nodes.Node, text: str) -> bool:
    return isinstance(node, nodes.paragraph) and node.astext().startswith(text)


def _take_badge(section: nodes.Element) -> nodes.Element | None:
    """Take the paragraph with the Colab badge out of a chapter's opening."""
    for paragraph in [node for node in section.children if isinstance(node, nodes.paragraph)][:2]:
        images = list(paragraph.findall(nodes.image))
        if images and "colab-badge" in images[0]["uri"]:
            section.remove(paragraph)
            return paragraph.children[0]
    return None


def add_chapter_line(section: nodes.Element, chapter: Chapter, data_page: str) -> None:
    """Put the line below the title, and take the fields away that it repeats."""
    badge = _take_badge(section)
    for paragraph in [node for node in section.children if _opens_with(node, "Time.")]:
        section.remove(paragraph)
    box = nodes.container(classes=["chapter-facts"])
    box += _raw(f"<dl>{facts(chapter, data_page)}</dl>")
    if badge is not None:
        box += nodes.paragraph("", "", badge, classes=["chapter-badge"])
    title = next(i for i, node in enumerate(section) if isinstance(node, nodes.title))
    section.insert(title + 1, box)


def frame_page(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Add breadcrumbs and the chapter's line to a page of the site."""
    if app.builder.name != "html" or docname == app.config.root_doc:
        return
    section = next(iter(doctree.findall(nodes.section)), None)
    if section is None:
        return

    def to(name: str) -> str:
        return app.builder.get_relative_uri(docname, name)

    chapters = app.env.course_chapters
    parts = {name: part for part, names in toc_parts(ROOT) for name in names}
    if docname in chapters:
        add_chapter_line(section, chapters[docname], to("book/data"))
    taught = docname.replace("notebooks/solutions/", "notebooks/").removesuffix("_solutions")
    of = (to(taught), page_label(taught, "")) if taught != docname and taught in chapters else None
    title = app.env.titles[docname].astext()
    over = pages_above(ROOT).get(docname)
    above = (to(over), app.env.titles[over].astext()) if over else None
    home = to(app.config.root_doc)
    section.insert(0, _raw(crumbs(docname, title, parts.get(docname, ""), home, of, above)))


def read_facts(app: Sphinx) -> None:
    """Read the chapters once for a build."""
    app.env.course_chapters = read_chapters(ROOT)


# 3. Numbers in the list of pages ------------------------------------------------------------

SIDEBAR = re.compile(r'<nav class="bd-links bd-docs-nav".*?</nav>', re.DOTALL)
ENTRY = re.compile(r'(<a class="(?:current )?reference internal" href="([^"#]*)#?">)(?!<span)')


def number_the_list(text: str, name: str) -> str:
    """Write its number before each chapter in the list of pages of the page `name`."""

    def number(entry: re.Match) -> str:
        target = Path(entry[2] or name).name
        found = re.match(r"0*(\d+|A\d+)_", target)
        solutions = "_solutions" in target
        mark = f'<span class="course-number">{found[1]}</span> ' if found and not solutions else ""
        return entry[1] + mark

    return SIDEBAR.sub(lambda nav: ENTRY.sub(number, nav[0]), text)


def number_pages(app: Sphinx, exception: Exception | None) -> None:
    """Number the chapters in the list of pages of the whole site."""
    if exception is not None or app.builder.name != "html":
        return
    for path in Path(app.outdir).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        numbered = number_the_list(text, path.stem)
        if numbered != text:
            path.write_text(numbered, encoding="utf-8")


# 4. The course map --------------------------------------------------------------------------

# Sizes in the units of the drawing; at the width of a page a unit is about a pixel.
WIDTH, GAP, PAD = 232, 26, 12
COLUMNS = 3
LINE, STOP_GAP = 16, 7
# A letter is about this share of the size of its font, in the widest of the usual fonts.
LETTER = 0.58

# One small picture a stage, 30 by 24, in strokes of the current colour.
PICTURES = {
    "Data": '<path d="M2 3h26v18H2zM2 9h26M2 15h26M11 3v18M20 3v18"/>',
    "Preprocessing": '<path d="M3 3h24l-9 9v8l-6 2v-10z"/>',
    "Features": '<path d="M3 20V9M9 20V3M15 20v-8M21 20V6M27 20v-5M1 22h28"/>',
    "Training": '<path d="M5 6l10 6 10-7M5 18l10-6 10 7M5 6v0"/><circle cx="5" cy="6" r="2.6"/>'
    '<circle cx="5" cy="18" r="2.6"/><circle cx="15" cy="12" r="2.6"/>'
    '<circle cx="25" cy="5" r="2.6"/><circle cx="25" cy="19" r="2.6"/>',
    "Clusters": '<circle cx="6" cy="6" r="2.4"/><circle cx="12" cy="4" r="2.4"/>'
    '<circle cx="11" cy="11" r="2.4"/><path d="M19 11h4v4h-4zM24 15h4v4h-4zM18 18h4v4h-4z"/>',
    "Recommendations": '<path d="M11 4h17M11 12h13M11 20h8"/><circle cx="4" cy="4" r="2"/>'
    '<path d="M2 10h4v4H2zM4 18l2.4 4H1.6z"/>',
}


def read_map(lines: list[str]) -> list[tuple[str, str, list[str]]]:
    """Read stages written as ``Name: What it is about. | 1 2``; the numbers are chapters.

    Raises ``ValueError`` for a line of another shape.
    """
    stages = []
    for line in filter(str.strip, lines):
        found = re.fullmatch(r"([^:|]+):([^|]+)\|([\w ]+)", line.strip())
        if found is None:
            raise ValueError(f"a stage is written `Name: sentence | chapters`, not {line!r}")
        stages.append((found[1].strip(), found[2].strip(), found[3].split()))
    return stages


def map_faults(stages: list[tuple[str, str, list[str]]], numbers: list[str]) -> list[str]:
    """Name chapters that the map forgot, and numbers that no chapter has."""
    shown = {number for _, _, chapters in stages for number in chapters}
    faults = [f"chapter {n} is not in the course map" for n in numbers if n not in shown]
    return faults + [f"the course map names chapter {n}" for n in sorted(shown - set(numbers))]


def _lines(text: str, width: float, size: float) -> list[str]:
    return textwrap.wrap(text, max(8, int(width / (size * LETTER))), break_long_words=False)


def _text(lines: list[str], x: float, y: float, style: str) -> str:
    # The spaces are for those who hear the text.
    spans = " ".join(
        f'<tspan x="{x:g}" y="{y + LINE * i:g}">{html.escape(line)}</tspan>'
        for i, line in enumerate(lines)
    )
    return f'<text class="{style}">{spans}</text>'


def _stop(chapter: Chapter, address: str, x: float, y: float, width: float) -> tuple[str, float]:
    """Draw one chapter: its number in a disc, its title beside it, all of it one link."""
    lines = _lines(chapter.title, width - 30, 12.5)
    height = LINE * len(lines) + 2
    drawing = (
        f'<a href="{html.escape(address)}">'
        f'<rect class="map-hit" x="{x - 5:g}" y="{y - 3:g}" width="{width + 10:g}" '
        f'height="{height + 6:g}" rx="5"/>'
        f'<circle class="map-disc" cx="{x + 11:g}" cy="{y + 9:g}" r="10.5"/>'
        f'<text class="map-number" x="{x + 11:g}" y="{y + 13:g}">{chapter.number}</text> '
        f"{_text(lines, x + 29, y + 13, 'map-title')}</a>"
    )
    return drawing, height


def _box(
    place: tuple[float, float], stage: tuple[str, str], stops: list[tuple[Chapter, str]]
) -> tuple[str, float]:
    """Draw a stage at `place` and give its height; the frame is drawn by the caller."""
    (x, y), (name, sentence) = place, stage
    picture = PICTURES.get(name, "")
    corner = f"translate({x + WIDTH - 42:g} {y + 12:g})"
    parts = [
        f'<g class="map-picture" transform="{corner}">{picture}</g>',
        f'<text class="map-stage" x="{x + PAD:g}" y="{y + 28:g}">{html.escape(name)}</text>',
    ]
    about = _lines(sentence, WIDTH - 2 * PAD, 12)
    parts.append(_text(about, x + PAD, y + 50, "map-about"))
    below = y + 50 + LINE * len(about)
    for chapter, address in stops:
        drawing, height = _stop(chapter, address, x + PAD, below, WIDTH - 2 * PAD)
        parts.append(drawing)
        below += height + STOP_GAP
    return "".join(parts), below + 2 - y


def _arrow(path: str, tip: tuple[float, float], turn: int) -> str:
    x, y = tip
    head = f'<path class="map-head" transform="translate({x:g} {y:g}) rotate({turn})" '
    return f'<path class="map-way" d="{path}"/>{head}d="M0 0l-8-5v10z"/>'


def draw_map(
    stages: list[tuple[str, str, list[tuple[Chapter, str]]]], title: str, text: str
) -> str:
    """Draw the map as SVG: rows of three stages joined by arrows, the last one as a band below."""
    *flow, last = stages
    whole = COLUMNS * WIDTH + (COLUMNS - 1) * GAP
    drawing, top, step = [], 2.0, 0
    for start in range(0, len(flow), COLUMNS):
        row = flow[start : start + COLUMNS]
        boxes = []
        for column, (name, sentence, stops) in enumerate(row):
            step += 1
            x = column * (WIDTH + GAP)
            boxes.append((x, step, *_box((x, top), (name, sentence), stops)))
        height = max(box[3] for box in boxes)
        for x, number, inside, _ in boxes:
            kind = 1 + (number - 1) // 2
            drawing.append(
                f'<g class="map-{kind}"><rect class="map-box" x="{x + 1:g}" y="{top:g}" '
                f'width="{WIDTH - 2}" height="{height:g}" rx="8"/>'
                f'<path class="map-edge" d="M{x + 9:g} {top:g}h{WIDTH - 18}"/>{inside}</g>'
            )
        middle = top + 24
        for x, *_ in boxes[:-1]:
            tip = x + WIDTH + GAP - 1
            drawing.append(_arrow(f"M{x + WIDTH:g} {middle:g}H{tip - 6:g}", (tip, middle), 0))
        bottom = top + height
        if start + COLUMNS < len(flow):
            # To the first stage of the next row, through the space between the rows.
            first, end = WIDTH / 2, whole - WIDTH / 2
            way = f"M{end:g} {bottom:g}v12q0 6 -6 6H{first + 6:g}q-6 0 -6 6v8"
            drawing.append(_arrow(way, (first, bottom + 38), 90))
        top = bottom + 40
    name, sentence, stops = last
    across = (whole - 2 * PAD - 2 * GAP) / COLUMNS
    inside = [
        f'<text class="map-stage" x="{PAD:g}" y="{top + 26:g}">{html.escape(name)}</text>',
        _text([sentence], PAD + 150, top + 26, "map-about"),
    ]
    below = top + 40
    for start in range(0, len(stops), COLUMNS):
        heights = []
        for column, (chapter, address) in enumerate(stops[start : start + COLUMNS]):
            x = PAD + column * (across + GAP)
            part, height = _stop(chapter, address, x, below, across)
            inside.append(part)
            heights.append(height)
        below += max(heights) + STOP_GAP
    band = (
        f'<rect class="map-box" x="1" y="{top:g}" width="{whole - 2:g}" '
        f'height="{below + 4 - top:g}" rx="8"/>'
    )
    end = whole - WIDTH / 2
    drawing.append(_arrow(f"M{end:g} {top - 39:g}v30", (end, top - 2), 90))
    drawing.append(f'<g class="map-4">{band}{"".join(inside)}</g>')
    return (
        f'<svg class="course-map-drawing" viewBox="0 0 {whole:g} {below + 8:g}" role="group" '
        f'aria-labelledby="course-map-title" aria-describedby="course-map-text">'
        f'<title id="course-map-title">{html.escape(title)}</title>'
        f'<desc id="course-map-text">{html.escape(text)}</desc>{"".join(drawing)}</svg>'
    )


class course_map(nodes.Invisible, nodes.Element):  # noqa: N801  (docutils names nodes so)
    """The place of the drawing; builders other than HTML leave it out and show the list."""


class CourseMap(SphinxDirective):
    """``{course-map}``: one line a stage, ``Name: sentence | chapters``; the last is all of it."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the place of the drawing and the list."""
        chapters = {chapter.number: chapter for chapter in self.env.course_chapters.values()}
        try:
            stages = read_map(list(self.content))
        except ValueError as error:
            raise self.error(str(error)) from error
        for fault in map_faults(stages, list(chapters)):
            LOGGER.warning(fault, location=self.env.docname, type="course", subtype="map")
        for chapter in chapters.values():
            self.env.note_dependency(str(ROOT / f"{chapter.name}.ipynb"))
        lines = []
        for place, (name, sentence, numbers) in enumerate(stages, 1):
            lines += [f"{place}. **{name}**", "", f"   {sentence}", ""]
            for known in filter(None, map(chapters.get, numbers)):
                label = f"{page_label(known.name, '')}: {known.title}"
                lines.append(f"   - [{label}](/{known.name}.ipynb)")
            lines.append("")
        box = nodes.container(classes=["course-map"])
        self.state.nested_parse(StringList(lines, self.env.docname), 0, box)
        return [course_map(stages=stages), box]


def place_map(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Put the drawing where its place was kept."""
    chapters = {chapter.number: chapter for chapter in app.env.course_chapters.values()}
    for place in list(doctree.findall(course_map)):
        if app.builder.name != "html":
            place.parent.remove(place)
            continue
        stages = [
            (
                name,
                sentence,
                [
                    (chapters[n], app.builder.get_relative_uri(docname, chapters[n].name))
                    for n in numbers
                    if n in chapters
                ],
            )
            for name, sentence, numbers in place["stages"]
        ]
        names = [name for name, *_ in stages]
        text = (
            f"Arrows lead from {' to '.join(names[:-1])}. Each box links to its chapters; "
            f"the band below, {names[-1]}, holds the chapters that need all of them."
        )
        place.replace_self(_raw(draw_map(stages, "Map of the course", text)))


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.add_node(course_map)
    app.add_directive("course-map", CourseMap)
    app.connect("builder-inited", read_facts)
    app.connect("doctree-resolved", place_map)
    app.connect("doctree-resolved", frame_page)
    app.connect("build-finished", number_pages, priority=910)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
