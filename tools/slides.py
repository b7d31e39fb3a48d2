"""Cut slides for the classroom from the built website: one deck per chapter in _build/slides/NN.

python tools/slides.py [--only NN ...] [--site FOLDER] [--out FOLDER]

`python course.py slides` calls it with the Python of .venv, after `python course.py book`:
pictures, outputs and formulas are the website's, so nothing runs again and nothing is kept twice.
A deck is a folder of its own that opens from a stick, without a network; S opens the speaker's
view.

How a chapter is cut (in this order below): its blocks; the slides; the teacher's notes; the deck.

- The opening makes two slides: the question, and what one can do afterwards.
- A section makes one slide per thing to look at: a picture, a formula, a table, a list, a theorem,
  or code of at most 12 lines with its output.  Above it stand the two sentences that lead there.
- Of a drawing the code is left out, and so is longer code; the slide says where it is.
- An exercise is a slide "Your turn" with its minutes and its stub.  What its check said is not
  shown, and solutions are never read.
- All of the prose stands in the speaker's notes, with the page of `book/teach/notes` if there is
  one.
"""

from __future__ import annotations

import argparse
import copy
import re
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag
from markdown_it import MarkdownIt
from pygments.formatters import HtmlFormatter

from recsys_tutorial.exercises import find_exercise, load_quiz

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "book" / "_ext"))

from course_chapters import Chapter, read_chapters  # noqa: E402
from course_minutes import MINUTES  # noqa: E402

SITE, OUT = ROOT / "_build/html", ROOT / "_build/slides"
ASSETS, NOTES = ROOT / "tools/slides_assets", ROOT / "book/teach/notes"
LONGEST_CODE, LONGEST_LIST = 12, 7
# Code this short stands beside the formula that it computes.
BESIDE_FORMULA = 6
LEAD = 2
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
        elif self.title in ("", QUIZ, CHECKED):
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
        self.end_section()
        if text.startswith("Exercise:"):
            self.stub = Slide("exercise", text.removeprefix("Exercise:").strip())
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
            each = 1 if len(self.pending) > 2 else LEAD
            first = [line for block in self.pending[:4] for line in points(block)[:each]]
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

    def pointer(self, code: str) -> str:
        """Say where code is that the slide leaves out."""
        name = Path(self.chapter.name).name
        section = escape(self.title, quote=False)
        return (
            f'<p class="pointer">Code: {lines_in(code)} lines, in {name}.ipynb, “{section}”.</p>'
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
    cutter.end_section()
    if cutter.stub is not None:
        raise SystemExit(f"{chapter.name}: no check follows “{cutter.stub.title}”")
    return cutter.slides


# 3. The teacher's notes -----------------------------------------------------------------------


# What a teacher wants to see while the room comes in; the rest waits on the slide after.
ON_THE_TITLE = ("The one idea", "Why it matters here", "If time is short", "Minutes")


def add_teacher_notes(slides: list[Slide], text: str) -> None:
    """Put the parts of a page of notes on the first two slides, and again where they belong.

    A point that names an exercise goes to the exercise as well, and one that links a section of the
    chapter to the first slide of that section.
    """
    markdown = MarkdownIt("commonmark").enable("table")
    _about, *parts = re.split(r"^## ", text, flags=re.M)
    for part in parts:
        slide = slides[0] if part.startswith(ON_THE_TITLE) else slides[1]
        slide.notes.append(without_links(markdown.render(f"## {part}")))
    for point in re.split(r"\n(?=[-#])|\n\n(?=\S)", "\n\n".join(parts)):
        for slide in slides_for(point, slides):
            slide.notes.append(without_links(markdown.render(point)))


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


# 4. The deck ----------------------------------------------------------------------------------


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
    size = " dense" if len(BeautifulSoup(body, "html.parser").get_text()) > 620 else ""
    parts.append(f'<div class="body{size}">{body}</div>')
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
    shutil.rmtree(folder, ignore_errors=True)
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
    (out / "index.html").write_text(text, encoding="utf-8", newline="\n")


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


def main(argv: Sequence[str] | None = None) -> int:
    """Write the decks; return 0."""
    parser = argparse.ArgumentParser(prog="slides", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="NN", help="these chapters alone")
    parser.add_argument("--site", type=Path, default=SITE, help="the built website")
    parser.add_argument("--out", type=Path, default=OUT, help="where the decks go")
    given = parser.parse_args(argv)
    chapters = read_chapters(ROOT)
    known = {short_number(name) for name in chapters}
    unknown = set(given.only or []) - known
    if unknown:
        missing, there = ", ".join(sorted(unknown)), " ".join(sorted(known))
        raise SystemExit(f"no chapter {missing}; there are {there}")
    for name, chapter in chapters.items():
        number = short_number(name)
        if given.only and number not in given.only:
            continue
        slides = slides_of(given.site, chapter)
        write_deck(given.out / number, given.site / f"{name}.html", chapter, slides)
        turns = sum(bool(slide.exercise) for slide in slides)
        said = f"{len(slides)} slides, {turns} exercises of {minutes_of(slides)} minutes"
        print(f"{number}  {said}  {given.out / number / 'index.html'}")
    write_index(given.out, chapters.values())
    return 0


if __name__ == "__main__":
    sys.exit(main())
