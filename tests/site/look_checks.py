"""What a page must show around its text: facts, way back, neighbours, cards; and what nobody loads.

Like those of `site_checks.py`, a check takes texts and gives a list of problems in plain words.
`test_look_checks.py` feeds each of them something broken.
"""

from __future__ import annotations

import html
import posixpath
import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path

LOCATION = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"
MOST_ICON_FONT = 10_000


# Facts of a chapter, way back, neighbours -----------------------------------------------------


def facts_faults(text: str, facts: Iterable[str]) -> list[str]:
    """Say which facts the line of a chapter lacks, and whether the source of it was left."""
    lines = text.count('class="chapter-facts')
    if lines != 1:
        return [f"{lines} lines of facts, not 1"]
    line = text.split('class="chapter-facts')[1].split("<strong>The question.")[0]
    shown = html.unescape(re.sub(r"<[^>]+>", "", line))
    problems = [f"no {fact!r} in the facts" for fact in facts if fact not in shown]
    problems += [] if "colab-badge" in line else ["no Colab badge in the facts"]
    return problems + (["the time stands twice"] if "<strong>Time.</strong>" in text else [])


def way_back_faults(text: str, above: str = "") -> list[str]:
    """Say what is wrong with the way back; `above` is the chapter that a solution belongs to."""
    ways = re.findall(r'<nav class="course-crumbs.*?</nav>', text, re.DOTALL)
    if len(ways) != 1:
        return [f"{len(ways)} ways back, not 1"]
    wanted = {
        "no link to the first page": r'<a href="[./]*(?:book/)?intro\.html">Course</a>',
        "this page is not marked": r'aria-current="page"',
        f"no link to {above}": rf'href="\.\./{above}\.html"' if above else "",
    }
    return [fault for fault, part in wanted.items() if not re.search(part, ways[0])]


def order_faults(texts: Mapping[str, str]) -> list[str]:
    """List the pages, given in the order of the contents, that do not lead to their neighbours."""
    problems = []
    for before, after in pairwise(texts):
        for here, there, link in ((before, after, "right-next"), (after, before, "left-prev")):
            found = re.findall(rf'<a class="{link}"\s+href="([^"]+)"', texts[here])
            places = [posixpath.normpath(f"{posixpath.dirname(here)}/{to}") for to in found]
            if places != [f"{there}.html"]:
                problems.append(f"{link} of {here} is {places}, not {there}.html")
    return problems


def numbers_faults(text: str, numbers: Sequence[str]) -> list[str]:
    """Say if the list of pages does not number the chapters as they are numbered."""
    found = re.findall(r'<span class="course-number">(\w+)</span>', text)
    return [] if found == [*numbers] else [f"chapters are numbered {found}"]


def drawing_faults(drawing: str, stages: Sequence[str], chapters: Mapping[str, str]) -> list[str]:
    """List stages and links that the drawing of the course lacks, or has too many.

    `chapters` gives number and title of each chapter by the address of its page.
    """
    found = re.findall(r'class="map-stage"[^>]*>([^<]+)<', drawing)
    problems = [] if found == [*stages] else [f"the stages are {found}"]
    shown = {
        address: " ".join(html.unescape(re.sub(r"<[^>]+>", "", inside)).split())
        for address, inside in re.findall(r'<a href="([^"]+)">(.*?)</a>', drawing, re.DOTALL)
    }
    for address in sorted({*shown, *chapters}):
        if shown.get(address) != chapters.get(address):
            problems.append(f"{address} is {shown.get(address)!r} in the drawing")
    return problems + [f"no {tag}>" for tag in ("<title", "<desc") if tag not in drawing]


# How others present the site ------------------------------------------------------------------


def poor_descriptions(texts: Mapping[str, str], questions: Mapping[str, str]) -> list[str]:
    """List the pages whose description is missing, shared, too short or long, or of no use."""
    problems: list[str] = []
    seen: dict[str, str] = {}
    for name, page in texts.items():
        found = re.findall(r'<meta name="description" content="([^"]*)"', page)
        if len(found) != 1:
            problems.append(f"{name}: {len(found)} descriptions, not 1")
            continue
        # The site sets typographic apostrophes.
        text = html.unescape(found[0]).replace("\u2019", "'")
        faults = {
            f"{len(text)} letters": not 40 <= len(text) <= 260,
            "the text of a button": "Open in Colab" in text,
            f"that of {seen.get(text)}": text in seen,
            "not the question": questions.get(name, "")[:30] not in text,
        }
        problems += [f"{name}: its description is {fault}" for fault, so in faults.items() if so]
        seen[text] = name
    return problems


def poor_card(text: str, name: str, base: str, site: Path) -> list[str]:
    """Say what a page keeps from those who share it: address, title, picture."""
    tags = dict(re.findall(r'<meta property="(og:[\w:]+)" content="([^"]*)"', text))
    picture = tags.get("og:image", "")
    (icon,) = re.findall(r'rel="apple-touch-icon" href="([^"]+)"', text) or [""]
    faults = {
        "the address of its card is not its own": tags.get("og:url") != f"{base}{name}.html",
        "no canonical address": f'<link rel="canonical" href="{base}{name}.html"' not in text,
        "no title": not tags.get("og:title"),
        "no description": not tags.get("og:description"),
        "no large card": 'name="twitter:card" content="summary_large_image"' not in text,
        "its picture is no file": not (
            picture.startswith(base) and (site / picture.removeprefix(base)).is_file()
        ),
        "its icon is no file": not (site / name).parent.joinpath(icon).resolve().is_file(),
    }
    return [fault for fault, so in faults.items() if so]


def site_map_faults(xml: str, robots: str, base: str, pages: Iterable[str]) -> list[str]:
    """Say if the map for search engines is not the contents, or if robots are not told of it."""
    found = [place.text for place in ElementTree.fromstring(xml).iter(LOCATION)]
    wanted = [f"{base}{name}.html" for name in pages]
    problems = [f"{place} is not in the map" for place in wanted if place not in found]
    problems += [f"{place} is no page" for place in found if place not in wanted]
    if not problems and found != wanted:
        problems.append("the map is in another order, or has a page twice")
    told = f"Sitemap: {base}sitemap.xml" in robots
    return problems if told else [*problems, "robots are not told of the map"]


def poor_start(text: str, home: str) -> list[str]:
    """Say what the page at the bare address lacks: the way on, a name, a picture to share."""
    wanted = {
        "it does not lead on": f'url={home}.html"',
        "no link to the first page": f'<a href="{home}.html">',
        "no icon": 'rel="icon"',
        "no picture to share": 'property="og:image"',
        "no title": "<title>",
    }
    return [fault for fault, part in wanted.items() if part not in text]


# What is sent and never used ------------------------------------------------------------------


def unasked_files(static: Path, icon_font: str) -> list[str]:
    """List the files below `_static` that no page asks for, and an icon font that was not cut."""
    kinds = ("*.map", "fontawesome.js", "fa-*.woff2", "fa-*.ttf")
    found = sorted(path.name for kind in kinds for path in static.rglob(kind))
    sizes = [path.stat().st_size for path in static.rglob(icon_font)]
    if len(sizes) != 1:
        return [*found, f"{len(sizes)} files {icon_font}, not 1"]
    return found + [f"{icon_font}: {size} bytes" for size in sizes if size >= MOST_ICON_FONT]


def icons_left(text: str, icon: re.Pattern) -> list[str]:
    """List the icons that a program would have to draw, or say that none was drawn at all."""
    left = [found.group() for found in icon.finditer(text)]
    return left or ([] if 'class="course-icon' in text else ["no icon was drawn"])


def with_search_index(texts: Mapping[str, str]) -> list[str]:
    """Names of the pages that load the whole index of the search."""
    return [name for name, text in texts.items() if "searchindex.js" in text]
