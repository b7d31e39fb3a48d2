"""What a deck of slides must keep: functions that return complaints.

`test_slides.py` applies them to the decks of all chapters, and feeds them something broken.
"""

from __future__ import annotations

import re
from pathlib import Path

from bs4 import BeautifulSoup
from site_checks import contrast

MOST_SLIDES = 70
# Words of notes under one slide, and the sizes that the last row can read.
MOST_WORDS, SMALLEST_CODE, WANTED_CODE = 450, 14, 20
# What a browser sees of a deck once start.js has fitted it: (number, what is cut off, smallest
# code).
CUT_OFF = """() => [...document.querySelectorAll(".slides > section")].map((slide, at) => {
  Reveal.slide(at);
  const boxes = [slide, ...slide.querySelectorAll(".body, .body .highlight, .body .output, .math")];
  const cut = boxes.filter((box) => !box.matches("span") && (
    box.scrollHeight > box.clientHeight + 2 || box.scrollWidth > box.clientWidth + 2));
  const code = [...slide.querySelectorAll(".body pre")];
  const sizes = code.map((box) => parseFloat(getComputedStyle(box).fontSize));
  return [at + 1, cut.map((box) => box.className || box.tagName), Math.min(...sizes, 99)];
})"""
REMOTE = re.compile(r"""(?:src|href|data)=["']?(?:https?:)?//|url\(["']?(?:https?:)?//|@import""")


def squeezed(text: str) -> str:
    """Take out all white space."""
    return re.sub(r"\s+", "", text)


def leaks(html: str, answers: set[str]) -> list[str]:
    """Find lines of code that only a solution may show."""
    text = squeezed(BeautifulSoup(html, "html.parser").get_text())
    return [f"solution given away: {line}" for line in sorted(answers) if line in text]


def slide_complaints(html: str, exercises: list[str]) -> list[str]:
    """Headings, alt texts, notes, exercises and their number, of one deck."""
    page = BeautifulSoup(html, "html.parser")
    slides = page.select(".slides > section")
    complaints = []
    if not 8 <= len(slides) <= MOST_SLIDES:
        complaints.append(f"{len(slides)} slides")
    if len(page("h1")) != 1 or any(len(slide(["h1", "h2"])) != 1 for slide in slides):
        complaints.append("a slide without a heading of its own, or two titles")
    for number, slide in enumerate(slides, 1):
        if slide.select_one("aside.notes") is None:
            complaints.append(f"slide {number} has no notes")
        shown = "".join(part.get_text() for part in slide.select(".lead, .body"))
        if not shown.strip() and not slide.find("img"):
            complaints.append(f"slide {number} is empty")
        for picture in slide("img"):
            if len(picture.get("alt", "")) < 40:
                complaints.append(f"slide {number}: a picture without alt text")
        notes = slide.select_one("aside.notes")
        words = len(notes.get_text().split()) if notes else 0
        if words > MOST_WORDS:
            complaints.append(f"slide {number} hides {words} words of notes")
        said = " ".join(part.get_text() for part in slide.select(".body p"))
        named = re.search(r"(table|formula|definition|centres) above\b", said)
        if "exercise" in slide["class"] and named and slide.select_one(".above") is None:
            complaints.append(f"slide {number} speaks of a {named[1]} above, and has none")
    found = re.findall(r"Exercise (\w+\.\d+) · \d+ minutes", page.get_text())
    if found != exercises:
        complaints.append(f"exercises {found} and not {exercises}")
    shown = re.sub(r'<aside class="notes">.*?</aside>', "", html, flags=re.S)
    if re.search('class="[^"]*feedback|Not yet|jupyterquiz', shown):
        complaints.append("what a check or a quiz says is shown")
    return complaints


def fit_complaints(seen: list) -> list[str]:
    """Find what is cut off or too small, in what `CUT_OFF` saw."""
    cut = [f"slide {number}: cut off: {', '.join(boxes)}" for number, boxes, _ in seen if boxes]
    small = [
        f"slide {number}: code of {size:.0f} pixels"
        for number, _, size in seen
        if size < SMALLEST_CODE
    ]
    large = sum(size >= WANTED_CODE for _, _, size in seen)
    few = [f"only {large} of {len(seen)} slides can be read far off"] * (large < 0.8 * len(seen))
    return cut + small + few


def folder_complaints(folder: Path) -> list[str]:
    """Nothing is missing from a deck's folder, and nothing leads out of it."""
    html = (folder / "index.html").read_text(encoding="utf-8")
    complaints = []
    page = BeautifulSoup(html, "html.parser")
    named = [tag.get("src") or tag.get("href") for tag in page(["img", "script", "link"])]
    for name in named:
        if name is None or not (folder / name).is_file():
            complaints.append(f"{name} is not in the folder")
    wanted = {"index.html", *named, "reveal/LICENSE"}
    files = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    complaints += [f"{name} is used by nobody" for name in sorted(files - wanted)]
    if "reveal/LICENSE" not in files:
        complaints.append("reveal.js without its licence")
    style = "".join(p.read_text(encoding="utf-8") for p in folder.glob("reveal/*.css"))
    html_without_links = re.sub(r"<a [^>]*>", "", html)
    if REMOTE.search(html_without_links) or REMOTE.search(style):
        complaints.append("something is fetched from elsewhere")
    for link in page("a"):
        if not link.get("href", "").startswith("http"):
            complaints.append(f"a link leads out of the deck: {link.get('href')}")
    return complaints


def rgb(colour: str) -> tuple[int, ...]:
    """Give the parts of a colour written #rrggbb."""
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def faint(style: str, least: float = 4.5) -> list[str]:
    """Find pairs of text and paper in a theme that are too much alike."""
    colours = dict(re.findall(r"--slide-(\w+): (#[0-9a-f]{6})", style))
    inks = ("ink", "accent", "warm", "muted")
    pairs = [(ink, paper) for ink in inks for paper in ("paper", "card")]
    return [
        f"{ink} on {paper}"
        for ink, paper in pairs
        if contrast(rgb(colours[ink]), rgb(colours[paper])) < least
    ]
