"""What a deck of slides must keep: functions that return complaints.

`test_slides.py` applies them to the decks of all chapters, and feeds them something broken.
"""

from __future__ import annotations

import re
from pathlib import Path

from bs4 import BeautifulSoup
from site_checks import contrast

MOST_SLIDES = 55
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
    found = re.findall(r"Exercise (\w+\.\d+) · \d+ minutes", page.get_text())
    if found != exercises:
        complaints.append(f"exercises {found} and not {exercises}")
    shown = re.sub(r'<aside class="notes">.*?</aside>', "", html, flags=re.S)
    if re.search('class="[^"]*feedback|Not yet|jupyterquiz', shown):
        complaints.append("what a check or a quiz says is shown")
    return complaints


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
