"""Cut slides for the classroom from the built website: one deck per chapter in _build/slides/NN.

python tools/slides.py [--only NN ...] [--plan NAME] [--site FOLDER] [--out FOLDER]

`python course.py kit` calls it with the Python of .venv, after `python course.py book`: pictures,
outputs and formulas are the website's, so nothing runs again and nothing is kept twice.
A deck is a folder of its own that opens from a stick, without a network; S opens the speaker's
view.

How a chapter is cut (in this order below): its blocks; the slides; what fits on one; a plan; the
teacher's notes; the deck.

- The opening makes two slides: the question, and what one can do afterwards.
- A section makes one slide per thing to look at: a picture, a formula, a table, a list, a theorem,
  or code of at most 12 lines with its output.  Above it stand the two sentences that lead there.
- Of a drawing the code is left out, and so is longer code; the slide says where it is.
- What is too tall goes on over more slides; `start.js` sets the largest type that fits.
- An exercise is a slide "Your turn" with its minutes, its stub, the sentences that lead to it, and
  the code, table or formula "above" that it speaks of.  What its check said is not shown, and
  solutions are never read.
- All of the prose stands in the speaker's notes.  A point of the page of `book/teach/notes` stands
  with the exercise or the section that it speaks of.
- With a plan of `book/teach/plans` a deck, in a folder of the plan's name, holds the sections that
  the plan tells and the exercises that it sets; the notes say when each block begins.
"""

from __future__ import annotations

import argparse
import copy
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it import MarkdownIt
from pygments.formatters import HtmlFormatter

from recsys_tutorial.exercises import find_exercise, load_quiz

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book/_ext")]

from course_chapters import Chapter, read_chapters  # noqa: E402
from course_minutes import MINUTES, read_times  # noqa: E402
from course_plans import Plan, clock_times, read_plans  # noqa: E402
from whole import renewed, write_text  # noqa: E402

SITE, OUT = ROOT / "_build/html", ROOT / "_build/slides"
ASSETS, NOTES = ROOT / "tools/slides_assets", ROOT / "book/teach/notes"
LONGEST_CODE, LONGEST_LIST = 12, 7
# Code this short stands beside the formula that it computes.
BESIDE_FORMULA = 6
LEAD = 2
# So many sentences of prose are shown whole; of more, the first of each paragraph.
LONGEST_PROSE = 6
# What is left of 720 pixels below the heading, and the type at which a slide is cut in two:
# pixels of a line of code, of a line of text with the letters in it, of a table's row.
ROOM, CODE_LINE, TEXT_LINE, LETTERS, ROW = 590, 28, 37, 92, 38
# Letters of a line of code that is still large.
WIDEST = 98
POINTER = '<p class="pointer">'
QUIZ, CHECKED, CLOSING = "Quiz", "Claims, checked", "What we claimed, and what we did not"
ASIDES = ("Note", "Play", "Warning", "Tip", "Careful")


def short_number(name: str) -> str:
    """Give the number in a page's name as it stands there: ``03``, ``A1``."""
    return Path(name).name.split("_")[0]


# 1. The blocks of a chapter -------------------------------------------------------------------


def blocks(section: Tag) -> Iterator[Tag]:
    """Give headings and blocks of a page in their order, whatever sections they are nested in."""
    for child in section.find_all(True, recursive=False):
        if child.name == "section":
            yield from blocks(child)
        elif child.name != "nav" and "chapter-facts" not in classes(child):
            yield child


def classes(tag: Tag) -> list[str]:
    """Give the classes of an element."""
    return list(tag.get("class") or [])


def heading(tag: Tag) -> str:
    """Give the text of a heading without the sign that links to it."""
    return "".join(
        str(part) if isinstance(part, NavigableString) else part.get_text()
        for part in tag.children
        if not (isinstance(part, Tag) and "headerlink" in classes(part))
    ).strip()


def inner(tag: Tag) -> str:
    """Give what is inside an element."""
    return tag.decode_contents().strip()


def sentences(paragraph: Tag) -> list[str]:
    """Cut a paragraph into its sentences: in the notebooks each has a line of its own."""
    lines = [""]
    for part in paragraph.children:
        if not isinstance(part, NavigableString):
            lines[-1] += str(part)
            continue
        first, *others = escape(str(part), quote=False).split("\n")
        lines[-1] += first
        lines += others
    return [line.strip() for line in lines if line.strip()]


def clean(tag: Tag) -> Tag:
    """Copy an element without what leads out of the deck: links to pages, styles, scripts."""
    tag = copy.copy(tag)
    for useless in tag.find_all(["style", "script", "button"]):
        useless.decompose()
    for link in tag.find_all("a"):
        if "headerlink" in classes(link):
            link.decompose()
        elif not str(link.get("href", "")).startswith("http"):
            link.unwrap()
    for table in tag.find_all("table"):
        table.attrs.pop("border", None)
    return tag


def spoken(tag: Tag) -> str:
    """Give a block as the speaker's view shows it: formulas as MathML, no pictures."""
    tag = clean(tag)
    for useless in tag.find_all(["svg", "img"]):
        useless.decompose()
    return str(tag)


def code_of(cell: Tag) -> str:
    """Give the code of a cell as text."""
    source = cell.select_one(".cell_input pre")
    return source.get_text().strip("\n") if source else ""


def lines_in(text: str) -> int:
    """Count the lines of a text."""
    return len(text.strip("\n").splitlines())


def outputs(cell: Tag) -> tuple[list[Tag], list[Tag]]:
    """Give the pictures of a cell, and its other outputs."""
    shown = cell.select_one(".cell_output")
    parts = shown.find_all(True, recursive=False) if shown else []
    pictures = [img for part in parts for img in ([part] if part.name == "img" else part("img"))]
    others = [part for part in parts if part.name == "div" and not part.find("img")]
    return pictures, others


# 2. The slides --------------------------------------------------------------------------------


@dataclass
class Slide:
    """One slide: its heading, what stands on it, and what the speaker sees."""

    kind: str
    title: str
    lead: list[str] = field(default_factory=list)
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    exercise: str = ""
    section: str = ""


@dataclass
class Cutter:
    """Cuts the blocks of one chapter, and remembers what came before."""

    chapter: Chapter
    slides: list[Slide] = field(default_factory=list)
    title: str = ""
    section_start: int = 0
    pending: list[Tag] = field(default_factory=list)
    carried: list[Tag] = field(default_factory=list)
    stub: Slide | None = None
    # What was to be seen so far, as (kind, text, HTML): "above" may mean it.
    seen: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The chapter's number as in the names of its files."""
        return short_number(self.chapter.name)

    @property
    def first_of_section(self) -> bool:
        """Tell whether the section has no slide yet."""
        return len(self.slides) == self.section_start

    # What a block becomes

    def take(self, block: Tag) -> None:
        """Take the next block of the chapter."""
        if block.name in ("h2", "h3"):
            self.take_heading(block)
            return
        self.remember(block)
        if self.title in ("", QUIZ, CHECKED):
            return
        elif self.stub is not None:
            self.take_exercise(block)
        elif self.title == CLOSING:
            self.take_closing(block)
        elif "cell" in classes(block):
            self.take_cell(block)
        elif block.name == "p" or block.name == "details" or is_aside(block):
            self.pending.append(block)
        elif "math" in classes(block):
            self.show("formula", str(clean(block)))
        elif block.name in ("ul", "ol") and len(block("li")) > LONGEST_LIST:
            self.pending.append(block)
        else:
            self.show(kind_of(block), str(clean(block)))

    def take_heading(self, block: Tag) -> None:
        """Begin a section, or an exercise."""
        text = heading(block)
        said = [block for block in self.pending if block.name == "p"]
        self.end_section()
        if text.startswith("Exercise:"):
            self.stub = Slide("exercise", text.removeprefix("Exercise:").strip())
            # Who works at an exercise looks at its slide alone.
            self.stub.lead = sentences(clean(said[-1]))[-LEAD:] if said else []
            return
        self.title, self.section_start = text, len(self.slides)
        if text == QUIZ:
            count = len(load_quiz(self.number))
            said = f"{count} questions, about {count} minutes, at the end of the notebook."
            slide = Slide("quiz", QUIZ, [said])
            slide.body.append(f'<pre class="call">show_quiz("{self.number}")</pre>')
            slide.notes.append("<p>Every option explains itself once it is chosen.</p>")
            self.slides.append(slide)
        if text == CLOSING:
            self.slides.append(Slide("closing", text))

    def end_section(self) -> None:
        """Give the prose that is left to the last slide, or make a slide of it."""
        self.carried.clear()
        if self.pending and self.first_of_section:
            prose = [block for block in self.pending if block.name == "p"]
            whole = [line for block in prose for line in points(block)]
            each = 1 if len(self.pending) > 2 else LEAD
            first = [line for block in self.pending[:4] for line in points(block)[:each]]
            if len(first) < len(whole) <= LONGEST_PROSE:
                first = whole
            body = "".join(f"<li>{line}</li>" for line in first)
            slide = Slide("prose", self.title, [], [f"<ul>{body}</ul>"] if body else [])
            slide.notes = [spoken(block) for block in self.pending]
            self.slides.append(slide)
        elif self.pending:
            self.slides[-1].notes += [spoken(block) for block in self.pending]
        self.pending.clear()

    def take_exercise(self, block: Tag) -> None:
        """Collect an exercise up to the cell that checks it, whose output is not read."""
        assert self.stub is not None
        if "tag_check" in classes(block):
            found = re.search(r'check\("([^"]+)"', code_of(block))
            if found is None:
                raise SystemExit(f"{self.chapter.name}: a check without a number")
            self.stub.exercise = found[1]
            self.stub.body.append(f'<pre class="call">{escape(code_of(block), quote=False)}</pre>')
            self.stub.title = f"Your turn: {self.stub.title}"
            self.stub.section = self.title
            self.stub.body[:0] = self.meant(" ".join(self.stub.body))
            self.slides.append(self.stub)
            self.stub = None
        elif "cell" in classes(block):
            self.stub.body.append(shown_code([block]))
        else:
            self.stub.body.append(str(clean(block)))

    def take_closing(self, block: Tag) -> None:
        """Show what was shown and what was not; the rest is for the speaker."""
        said = block.get_text().startswith(("Shown:", "Not shown:", "Next:"))
        (self.slides[-1].body if said else self.slides[-1].notes).append(str(clean(block)))

    def take_cell(self, cell: Tag) -> None:
        """Show the picture of a cell, or its code if that is short, and what came out."""
        pictures, others = outputs(cell)
        code = code_of(cell)
        together = lines_in("\n".join(map(code_of, [*self.carried, cell])))
        if not code:  # a cell whose code the page hides
            self.carried.clear()
        if pictures:
            self.carried.clear()
            few = [part for part in others if lines_in(part.get_text()) <= 3]
            for picture in pictures:
                self.show("picture", str(clean(picture)), *map(shown_output, few))
                self.slides[-1].notes.append(self.pointer(code))
        elif not others and "def " not in code:
            # Nothing to see: it waits for the cell that prints something.
            self.carried = [*self.carried, cell] if together <= LONGEST_CODE else []
        elif together <= LONGEST_CODE or lines_in(code) <= LONGEST_CODE:
            cells = [*self.carried, cell] if together <= LONGEST_CODE else [cell]
            self.carried = []
            parts = [shown_code(cells), *map(shown_output, others)]
            lines = sum(map(lines_in, [*map(code_of, cells), *(o.get_text() for o in others)]))
            beside = not self.first_of_section and self.slides[-1].kind == "formula"
            if beside and lines <= BESIDE_FORMULA and len(self.pending) < 2:
                self.slides[-1].body += parts
                self.slides[-1].notes += [spoken(block) for block in self.pending]
                self.pending.clear()
            else:
                self.show("code", *parts)
        elif others:
            self.carried = []
            self.show("output", *map(shown_output, others))
            self.slides[-1].body.append(self.pointer(code))
        elif not self.first_of_section:
            self.slides[-1].notes.append(self.pointer(code))

    def remember(self, block: Tag) -> None:
        """Keep what a later sentence may call "above"."""
        if "cell" in classes(block):
            self.seen.append(("code", code_of(block), ""))
            block = block.select_one(".cell_output table") or block
        for name in ("table", "math"):
            if block.name == name or block.find(name) or name in classes(block):
                kind = {"math": "formula"}.get(name, name)
                shown = str(clean(block))
                if kind == "table" or block.name == "div":
                    self.seen.append((kind, block.get_text(), shown))
        if block.name == "p" and block.find("strong"):
            self.seen.append(("definition", block.get_text(), str(clean(block))))

    def meant(self, html: str) -> list[str]:
        """Find what a text calls "above": a table, a formula, a definition, or a name in code."""
        said = BeautifulSoup(html, "html.parser").get_text()
        found = []
        for word in re.findall(r"([\w ]{3,60}) above\b", said):
            name = word.split()[-1]
            same = [shown for kind, _, shown in self.seen if kind == name and shown]
            lines = [
                line
                for kind, text, _ in self.seen
                for line in text.splitlines() * (kind == "code")
                if re.match(rf"{name} = ", line)
            ]
            if same:
                found.append(f'<div class="above">{same[-1]}</div>')
            elif lines:
                line = escape(lines[-1], quote=False)
                found.append(f'<div class="highlight above" tabindex="0"><pre>{line}</pre></div>')
        return found

    def pointer(self, code: str) -> str:
        """Say where code is that the slide leaves out."""
        name = Path(self.chapter.name).name
        section = escape(self.title, quote=False)
        return (
            f"{POINTER}Code: {lines_in(code)} lines, in {name}.ipynb, “{section}”.</p>"
            if code
            else ""
        )

    def show(self, kind: str, *body: str) -> None:
        """Make a slide of something to look at, led by the sentences before it."""
        slide = Slide(kind, self.title, body=[part for part in body if part])
        prose = [block for block in self.pending if block.name == "p"]
        if self.first_of_section:
            lines = [line for block in prose for line in sentences(clean(block))]
            slide.lead = [line for block in prose[:1] for line in sentences(clean(block))[:LEAD]]
            if kind == "formula" and lines[-1:] != slide.lead[-1:]:
                slide.lead += lines[-1:]
        else:
            # Between two things the last paragraph leads to the second, the others speak of
            # the first.
            before, self.pending = self.pending[:-1], self.pending[-1:]
            self.slides[-1].notes += [spoken(block) for block in before]
            lines = [line for block in prose[-1:] for line in sentences(clean(block))]
            slide.lead = lines[-LEAD:] if kind == "formula" else lines[:LEAD]
        slide.notes = [spoken(block) for block in self.pending]
        self.pending.clear()
        self.slides.append(slide)


def is_aside(block: Tag) -> bool:
    """Tell whether a box says something by the way."""
    strong = block.find("strong") if block.name == "blockquote" else None
    return block.name == "blockquote" and (strong is None or strong.get_text().startswith(ASIDES))


def kind_of(block: Tag) -> str:
    """Name what a block of a page shows."""
    names = {"ul": "list", "ol": "list", "blockquote": "theorem", "pre": "code"}
    return "table" if block.find("table") else names.get(block.name, "code")


def points(block: Tag) -> list[str]:
    """Give the sentences of a paragraph, or of the first paragraph in a box."""
    paragraph = block if block.name == "p" else block.find("p")
    return sentences(clean(paragraph)) if paragraph else []


def shown_code(cells: Iterable[Tag]) -> str:
    """Give the coloured code of some cells as one box."""
    boxes = [cell.select_one(".cell_input pre") for cell in cells]
    text = "\n".join(inner(box).removeprefix("<span></span>").strip("\n") for box in boxes if box)
    return f'<div class="highlight" tabindex="0"><pre>{text}</pre></div>'


def shown_output(part: Tag) -> str:
    """Give an output; what is long scrolls in its box."""
    return f'<div class="output" tabindex="0">{inner(clean(part))}</div>'


def opening_slides(page: Tag, chapter: Chapter) -> list[Slide]:
    """Make the title slide and the one with the outcomes from the chapter's first cell."""
    title = Slide("title", chapter.title, [chapter.question])
    title.lead = [escape(chapter.question, quote=False)]
    label = "Appendix" if chapter.number.startswith("A") else "Chapter"
    minutes = f"reading {chapter.reading} min, exercises {chapter.exercises} min"
    title.body = [f'<p class="facts">{label} {chapter.number} · {minutes}</p>']
    outcomes = Slide("outcomes", "Afterwards you can")
    for block in page.find_all("p"):
        if block.get_text().startswith("You need"):
            title.notes.append(spoken(block))
        if block.get_text().strip() == "Afterwards you can":
            bullets = block.find_next_sibling("ul")
            if bullets is None:
                raise SystemExit(f"{chapter.name}: no list below “Afterwards you can”")
            outcomes.body.append(str(clean(bullets)))
    if not outcomes.body:
        raise SystemExit(f"{chapter.name}: the page does not say what one can do afterwards")
    return [title, outcomes]


def cut(html: str, chapter: Chapter) -> list[Slide]:
    """Cut the page of a chapter into slides."""
    page = BeautifulSoup(html, "html.parser").find("article")
    section = page.find("section") if isinstance(page, Tag) else None
    if not isinstance(section, Tag):
        raise SystemExit(f"{chapter.name}: the page has no article; was the website built?")
    cutter = Cutter(chapter)
    cutter.slides = opening_slides(section, chapter)
    cutter.section_start = len(cutter.slides)
    for block in blocks(section):
        cutter.take(block)
        # A section's slides carry its name; an exercise's name is already there.
        for slide in cutter.slides[cutter.section_start :]:
            slide.section = slide.section or cutter.title
    cutter.end_section()
    if cutter.stub is not None:
        raise SystemExit(f"{chapter.name}: no check follows “{cutter.stub.title}”")
    for slide in cutter.slides[2:]:
        slide.section = slide.section or slide.title
    return [part for slide in cutter.slides for part in fitted(slide)]


# 3. What fits on a slide ----------------------------------------------------------------------


def height(part: str) -> float:
    """Estimate the pixels that a part of a slide takes in the smallest type wanted."""
    tag = BeautifulSoup(part, "html.parser")
    pre = sum(CODE_LINE * lines_in(box.get_text()) for box in tag("pre"))
    rows = ROW * sum(-(-len(row.get_text(" ", strip=True)) // LETTERS) or 1 for row in tag("tr"))
    words = "" if pre or rows else tag.get_text().strip()
    return pre + rows + TEXT_LINE * -(-len(words) // LETTERS) + 20


def widest(part: str) -> int:
    """Count the letters of the longest line of code or of printed text."""
    boxes = BeautifulSoup(part, "html.parser")("pre")
    return max((len(line) for box in boxes for line in box.get_text().splitlines()), default=0)


def fitted(slide: Slide) -> list[Slide]:
    """Cut a slide of code, outputs and tables that is too tall into several."""
    if slide.kind == "picture":
        wide = [part for part in slide.body[1:] if widest(part) > WIDEST]
        if wide:
            rest = [part for part in slide.body if part not in wide]
            output = replace(slide, kind="output", lead=[], body=wide, notes=[])
            return [replace(slide, body=rest), *fitted(output)]
    room = ROOM - TEXT_LINE * -(-len(plain_text(slide.lead)) // LETTERS)
    if slide.kind not in ("code", "output", "table") or sum(map(height, slide.body)) <= room:
        return [slide]
    pages: list[list[str]] = [[]]
    for part in slide.body:
        for piece in pieces(part, ROOM):
            last = room if len(pages) == 1 else ROOM
            alone = POINTER not in piece
            if alone and pages[-1] and sum(map(height, pages[-1])) + height(piece) > last:
                pages.append([])
            pages[-1].append(piece)
    first, *others = pages
    more = [replace(slide, kind="output", lead=[], body=page, notes=[]) for page in others]
    return [replace(slide, body=first), *more]


def plain_text(html: Iterable[str]) -> str:
    """Give the text of some HTML."""
    return BeautifulSoup(" ".join(html), "html.parser").get_text()


def pieces(part: str, room: float) -> list[str]:
    """Cut an output that is taller than a slide: a table between rows, a text between lines."""
    if height(part) <= room:
        return [part]
    tag = BeautifulSoup(part, "html.parser")
    rows, boxes = tag.select("tbody tr"), tag("pre")
    lines = boxes[0].decode_contents().strip("\n").split("\n") if len(boxes) == 1 else []
    if any(line.count("<") != 2 * line.count("</") for line in lines):
        lines = []  # coloured over the end of a line
    whole: Sequence[object] = rows or lines
    if not whole:
        return [part]
    n_pages = int(-(-height(part) // room))
    each = -(-len(whole) // n_pages)
    cuts = []
    for start in range(0, len(whole), each):
        page = BeautifulSoup(part, "html.parser")
        for place, row in enumerate(page.select("tbody tr") if rows else []):
            if not start <= place < start + each:
                row.decompose()
        if not rows:
            page.pre.clear()
            page.pre.append(BeautifulSoup("\n".join(lines[start : start + each]), "html.parser"))
        cuts.append(str(page))
    return cuts


# 4. A plan ------------------------------------------------------------------------------------


def in_plan(slides: Sequence[Slide], plan: Plan, number: str) -> list[Slide]:
    """Keep what a plan tells and sets of a chapter, and say in the notes when each block begins."""
    rows = [
        (block, at, session.title)
        for session in plan.sessions
        for block, at in zip(session.blocks, clock_times(session), strict=False)
        if block.chapter == number
    ]
    told = {title for block, _, _ in rows for title in block.sections}
    asked = {name for block, _, _ in rows for name in block.exercises}
    quiz = any(block.quiz for block, _, _ in rows)
    kept = [
        replace(slide, notes=list(slide.notes))
        for slide in slides
        if slide.kind in ("title", "outcomes")
        or (slide.exercise in asked if slide.exercise else slide.section in told)
        or (slide.kind == "quiz" and quiz)
    ]
    for block, at, session in rows:
        its = [
            slide
            for slide in kept
            if (slide.exercise and slide.exercise in block.exercises)
            or (not slide.exercise and slide.section in block.sections)
            or (slide.kind == "quiz" and block.quiz)
        ]
        if its:
            late = f"<p>If late: {escape(block.late, quote=False)}</p>" if block.late else ""
            when = f"{plan.title}, {session}" if len(plan.sessions) > 1 else plan.title
            its[0].notes.insert(
                0,
                f"<p><strong>{escape(when, quote=False)}, {at}: {block.id}, {block.minutes} "
                f"minutes.</strong> {escape(block.do, quote=False)}</p>{late}",
            )
    return kept


# 5. The teacher's notes -----------------------------------------------------------------------


# What a teacher wants to see while the room comes in; the rest waits where it is needed.
ON_THE_TITLE = ("The one idea", "Why it matters here", "If time is short", "Minutes")
# A slide of notes that can be taken in while a room waits.
MOST_NOTES = 220


def add_teacher_notes(slides: list[Slide], text: str) -> None:
    """Put the points of a page of notes where they belong.

    The parts for the beginning stand on the title, but for points that link a section: these stand
    on the section's first slide as well.  Every other point stands with the exercises that it names
    or the sections that it links; what names nothing is spread, in its order, over the slides.
    """
    markdown = MarkdownIt("commonmark").enable("table")
    _about, *parts = re.split(r"^## ", text, flags=re.M)
    lost: list[str] = []
    for part in parts:
        title, _, rest = part.partition("\n")
        first = part.startswith(ON_THE_TITLE)
        if first:
            slides[0].notes.append(without_links(markdown.render(f"## {part}")))
        if title.startswith("Minutes"):
            continue
        for point in points_of(rest):
            wanted = slides_for(point, slides)
            for slide in wanted:
                slide.notes.append(without_links(markdown.render(point)))
            if not wanted and not first:
                lost.append(without_links(markdown.render(f"**{title.strip()}.**\n\n{point}")))
    spread(lost, [slide for slide in slides[1:] if not slide.exercise])


def points_of(part: str) -> list[str]:
    """Cut a part of the notes at its points, its steps, and its paragraphs outside code."""
    found: list[str] = []
    fence = False
    for line in part.strip("\n").split("\n"):
        begins = re.match(r"- |\d+\. ", line) or (
            found and not found[-1].strip() and line and not line[0].isspace()
        )
        closed = found and found[-1].endswith("\n\n") and line and not line[0].isspace()
        if not found or (not fence and (begins or closed)):
            found.append("")
        fence ^= line.lstrip().startswith("```")
        found[-1] += f"{line}\n"
    return [point for point in found if point.strip()]


def spread(notes: Sequence[str], slides: Sequence[Slide]) -> None:
    """Hand out notes in their order, at most `MOST_NOTES` words a slide as long as that goes."""
    place = 0
    for note in notes:
        words = len(plain_text([note]).split())
        while (
            place < len(slides) - 1
            and slides[place].notes
            and (len(plain_text(slides[place].notes).split()) + words > MOST_NOTES)
        ):
            place += 1
        slides[place].notes.append(note)


def slides_for(point: str, slides: Sequence[Slide]) -> list[Slide]:
    """Find the slides that a point of the notes speaks of."""
    named = [s for s in slides if s.exercise and re.search(rf"\b{s.exercise}\b", point)]
    linked = re.findall(r"\.ipynb#([\w-]+)\)", point)
    first = {anchor(s.title): s for s in reversed(slides) if s.kind not in ("title", "outcomes")}
    return named + [first[name] for name in dict.fromkeys(linked) if name in first]


def anchor(title: str) -> str:
    """Give the name by which pages link a heading."""
    return re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")


def without_links(html: str) -> str:
    """Take the links out of a text that leaves its place; its headings are none of the deck's."""
    html = re.sub(r"(</?)h[1-6]>", r"\1h4>", html)
    return str(clean(BeautifulSoup(html, "html.parser")))


# 6. The deck ----------------------------------------------------------------------------------


def slide_html(slide: Slide, count: int) -> str:
    """Write one slide; `count` says how often its title has come before."""
    level = "h1" if slide.kind == "title" else "h2"
    again = f' <span class="again">{count + 1}</span>' if count else ""
    parts = [f"<{level}>{escape(slide.title, quote=False)}{again}</{level}>"]
    if slide.exercise:
        minutes = MINUTES[find_exercise(slide.exercise).kind]
        parts.append(f'<p class="minutes">Exercise {slide.exercise} · {minutes} minutes</p>')
    if slide.lead:
        parts.append(f'<p class="lead">{" ".join(slide.lead)}</p>')
    body = "\n".join(slide.body)
    parts.append(f'<div class="body">{body}</div>')
    parts.append(f'<aside class="notes">{"".join(slide.notes)}</aside>')
    return f'<section class="{slide.kind}">\n' + "\n".join(parts) + "\n</section>"


def minutes_of(slides: Iterable[Slide]) -> int:
    """Add up the minutes of the exercises."""
    return sum(MINUTES[find_exercise(s.exercise).kind] for s in slides if s.exercise)


PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · slides</title>
<link rel="stylesheet" href="reveal/reset.css">
<link rel="stylesheet" href="reveal/reveal.css">
<link rel="stylesheet" href="reveal/theme.css">
<link rel="stylesheet" href="reveal/code.css">
</head>
<body>
<main class="reveal">
<div class="slides">
{slides}
</div>
</main>
<script src="reveal/reveal.js"></script>
<script src="reveal/notes.js"></script>
<script src="reveal/start.js"></script>
</body>
</html>
"""


def deck_html(chapter: Chapter, slides: Sequence[Slide]) -> str:
    """Write the page of a deck."""
    titles = [slide.title for slide in slides]
    written = [slide_html(s, titles[:i].count(s.title)) for i, s in enumerate(slides)]
    title = escape(chapter.title, quote=False)
    return PAGE.format(title=title, slides="\n".join(written))


def write_deck(folder: Path, page: Path, chapter: Chapter, slides: Sequence[Slide]) -> None:
    """Write a deck with all that it needs: its pictures, reveal.js, the course's colours."""
    with renewed(folder) as part:
        _write_deck(part, page, chapter, slides)


def _write_deck(folder: Path, page: Path, chapter: Chapter, slides: Sequence[Slide]) -> None:
    shutil.copytree(ASSETS, folder / "reveal", ignore=shutil.ignore_patterns("*.md", "SHA256SUMS"))
    style = HtmlFormatter(style="a11y-light").get_style_defs(".highlight")
    (folder / "reveal/code.css").write_text(style + "\n", encoding="utf-8")
    html = deck_html(chapter, slides)
    for source in dict.fromkeys(re.findall(r'<img[^>]* src="([^"]+)"', html)):
        target = folder / "pictures" / Path(source).name
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(page.parent / source, target)
        html = html.replace(f'src="{source}"', f'src="pictures/{target.name}"')
    (folder / "index.html").write_text(html, encoding="utf-8", newline="\n")


def write_index(out: Path, chapters: Iterable[Chapter]) -> None:
    """Write a page that lists the decks."""
    items = "\n".join(
        f'<li><a href="{short_number(c.name)}/index.html">{c.number} · {escape(c.title)}</a></li>'
        for c in chapters
        if (out / short_number(c.name)).is_dir()
    )
    text = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Slides</title>\n'
        "</head>\n<body>\n<main>\n<h1>Slides</h1>\n"
        "<p>Arrows turn the pages, S opens the speaker’s view, O shows all slides, ? lists all"
        " keys. To print a deck, add <code>?print-pdf</code> to its address.</p>\n"
        f"<ul>\n{items}\n</ul>\n</main>\n</body>\n</html>\n"
    )
    write_text(out / "index.html", text)


def slides_of(site: Path, chapter: Chapter, notes: Path = NOTES) -> list[Slide]:
    """Cut one chapter, and add the teacher's notes if there are any."""
    page = site / f"{chapter.name}.html"
    if not page.is_file():
        raise SystemExit(f"{page} is missing: run `python course.py book` first")
    slides = cut(page.read_text(encoding="utf-8"), chapter)
    said = notes / f"{short_number(chapter.name)}.md"
    if said.is_file():
        add_teacher_notes(slides, said.read_text(encoding="utf-8"))
    return slides


def find_plan(name: str) -> Plan:
    """Read a plan by its name."""
    plans = read_plans(ROOT, read_times(ROOT))
    if name not in plans:
        raise SystemExit(f"no plan {name}; there are {' '.join(sorted(plans))}")
    return plans[name]


def main(argv: Sequence[str] | None = None) -> int:
    """Write the decks; return 0."""
    parser = argparse.ArgumentParser(prog="slides", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NN", help="these chapters alone")
    parser.add_argument("--plan", metavar="NAME", help="what this plan tells: one_day, half_day …")
    parser.add_argument("--site", type=Path, default=SITE, help="the built website")
    parser.add_argument("--out", type=Path, default=OUT, help="where the decks go")
    given = parser.parse_args(argv)
    chapters = read_chapters(ROOT)
    known = {short_number(name) for name in chapters}
    unknown = set(given.only or []) - known
    if unknown:
        missing, there = ", ".join(sorted(unknown)), " ".join(sorted(known))
        raise SystemExit(f"no chapter {missing}; there are {there}")
    plan = find_plan(given.plan) if given.plan else None
    out = given.out / plan.name if plan else given.out
    taught = (
        {block.chapter for block in plan.blocks} if plan else {c.number for c in chapters.values()}
    )
    missing = sorted(n for n in given.only or [] if n.removeprefix("0") not in taught)
    if missing:
        raise SystemExit(f"{given.plan} has nothing of chapter {', '.join(missing)}")
    for name, chapter in chapters.items():
        number = short_number(name)
        if (given.only and number not in given.only) or chapter.number not in taught:
            continue
        slides = slides_of(given.site, chapter)
        slides = in_plan(slides, plan, chapter.number) if plan else slides
        write_deck(out / number, given.site / f"{name}.html", chapter, slides)
        turns = sum(bool(slide.exercise) for slide in slides)
        said = f"{len(slides)} slides, {turns} exercises of {minutes_of(slides)} minutes"
        print(f"{number}  {said}  {out / number / 'index.html'}")
    write_index(out, chapters.values())
    return 0


if __name__ == "__main__":
    sys.exit(main())
