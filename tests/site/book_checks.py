"""What must hold for the EPUB and the PDF, as functions that return problems in plain words.

`test_formats.py` feeds each of them something broken.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
from collections.abc import Iterable, Sequence
from urllib.parse import unquote, urldefrag
from xml.etree import ElementTree

XHTML, SVG = "{http://www.w3.org/1999/xhtml}", "{http://www.w3.org/2000/svg}"
OPF = "{http://www.idpf.org/2007/opf}"
DEAD = {"script", "style", "button", "input", "form", "iframe", "canvas", "math"}
OUTSIDE = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
A4 = (595.3, 841.9)  # in points


# EPUB -----------------------------------------------------------------------------------------


def wrong_start(archive: zipfile.ZipFile) -> list[str]:
    """The first file tells what the rest is; it must be readable without unpacking."""
    first = archive.infolist()[0]
    good = first.filename == "mimetype" and first.compress_type == zipfile.ZIP_STORED
    if good and archive.read(first) == b"application/epub+zip":
        return []
    return [f"the first file is {first.filename}, not an unpacked mimetype"]


def wrong_parts(name: str, page: ElementTree.Element) -> list[str]:
    """Controls that nothing moves, images without text, formulas that are no pictures."""
    problems = []
    for element in page.iter():
        tag = element.tag.rpartition("}")[2]
        if tag in DEAD or any(key.startswith("on") for key in element.attrib):
            problems.append(f"{name}: <{tag}> does nothing in a book")
        if tag == "img" and not element.get("alt", "").strip():
            problems.append(f"{name}: image {element.get('src')} has no text")
        if "math" in element.get("class", "").split():
            picture = element.find(f"{SVG}svg")
            if picture is None or not picture.get("aria-label"):
                problems.append(f"{name}: a formula is no picture with a text")
    return problems


def broken_links(pages: dict[str, ElementTree.Element], files: set[str]) -> list[str]:
    """Links to files that are not in the book, and to anchors that are not on their page."""
    anchors = {
        name: [e.get("id") for e in page.iter() if e.get("id")] for name, page in pages.items()
    }
    problems = [
        f"{name}: an anchor stands there twice"
        for name, ids in anchors.items()
        if len(ids) != len(set(ids))
    ]
    for name, page in pages.items():
        for element in page.iter():
            link = element.get("href") or element.get("src") or ""
            if not link or OUTSIDE.match(link):
                continue
            path, anchor = urldefrag(unquote(link))
            target = (
                posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            )
            if target not in files:
                problems.append(f"{name}: link to {link}, which is not in the book")
            elif anchor and anchor not in anchors.get(target, ()):
                problems.append(f"{name}: link to {link}, an anchor that is not there")
    return problems


def missing_files(archive: zipfile.ZipFile, files: set[str]) -> list[str]:
    """The package's list and the files differ, or the list does not say what a page holds."""
    package = ElementTree.fromstring(archive.read("EPUB/content.opf"))
    items = {f"EPUB/{item.get('href')}": item for item in package.iter(f"{OPF}item")}
    problems = [f"{name} is not listed" for name in sorted(files - set(items))]
    problems += [f"{name} is listed and missing" for name in sorted(set(items) - files)]
    for name in sorted(set(items) & files):
        has_svg = name.endswith(".xhtml") and b"<svg" in archive.read(name)
        if has_svg != ("svg" in (items[name].get("properties") or "").split()):
            problems.append(f"{name}: listed wrongly as to SVG")
    return problems


def epub_problems(book: bytes, chapters: Iterable[str]) -> list[str]:
    """Run every check on an EPUB that should name these chapters in its contents."""
    archive = zipfile.ZipFile(io.BytesIO(book))
    problems = wrong_start(archive)
    inside = {name for name in archive.namelist() if name.startswith("EPUB/")}
    pages = {}
    for name in sorted(inside):
        if name.endswith(".xhtml"):
            try:
                pages[name] = ElementTree.fromstring(archive.read(name))
            except ElementTree.ParseError as error:
                problems.append(f"{name} is not well-formed: {error}")
    for name, page in pages.items():
        problems += wrong_parts(name, page)
    problems += broken_links(pages, inside)
    problems += missing_files(archive, inside - {"EPUB/content.opf"})
    contents = pages.get("EPUB/nav.xhtml")
    named = (
        set() if contents is None else {"".join(a.itertext()) for a in contents.iter(f"{XHTML}a")}
    )
    return problems + [f"not in the contents: {name}" for name in chapters if name not in named]


# PDF ------------------------------------------------------------------------------------------


def bookmarks(outline: Sequence) -> list[str]:
    """Titles of all bookmarks, whatever their level."""
    titles = []
    for entry in outline:
        titles += bookmarks(entry) if isinstance(entry, list) else [" ".join(entry.title.split())]
    return titles


def loose_fonts(page) -> list[str]:
    """Fonts of a page that are not inside the file."""
    problems = []
    fonts = page.get("/Resources", {}).get("/Font", {})
    for font in (reference.get_object() for reference in fonts.values()):
        inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
        descriptor = inner.get("/FontDescriptor", {})
        held = any(f"/FontFile{n}" in descriptor for n in ("", "2", "3"))
        if font.get("/Subtype") != "/Type3" and not held:
            problems.append(f"font {font.get('/BaseFont')} is not in the file")
    return problems


def lost_links(page, names: set[str]) -> list[str]:
    """Links to places that are not in the file, or to files of the builder's computer."""
    problems = []
    for note in (reference.get_object() for reference in page.get("/Annots", ())):
        action = note.get("/A", {})
        action = action.get_object() if hasattr(action, "get_object") else action
        target = note.get("/Dest", action.get("/D"))
        address = str(action.get("/URI", ""))
        if address and not re.match("https?:|mailto:", address):
            problems.append(f"link to {address}")
        if (
            isinstance(target, str)
            and target not in names
            and f"/{target.lstrip('/')}" not in names
        ):
            problems.append(f"link to {target}, which is not in the book")
    return problems


def pdf_problems(book: bytes, chapters: Iterable[str], sentence: str) -> list[str]:
    """Run every check on a PDF that should have these bookmarks and hold this sentence."""
    from pypdf import PdfReader

    reader, problems, text = PdfReader(io.BytesIO(book)), [], ""
    names = set(reader.named_destinations)
    n_links = 0
    for number, page in enumerate(reader.pages, 1):
        size = (float(page.mediabox.width), float(page.mediabox.height))
        if max(abs(a - b) for a, b in zip(size, A4)) > 1:
            problems.append(f"page {number} is not A4 but {size}")
        words = " ".join((page.extract_text() or "").split())
        text += f" {words}"
        # The number and the title of the chapter stand on every page.
        if len(words) < 100 and not page.images:
            problems.append(f"page {number} is all but empty: {words!r}")
        n_links += len(page.get("/Annots", ()))
        problems += [
            f"page {number}: {what}" for what in lost_links(page, names) + loose_fonts(page)
        ]
    found = bookmarks(reader.outline)
    problems += [f"no bookmark: {name}" for name in chapters if name not in found]
    problems += [] if n_links else ["there are no links"]
    return problems + ([] if sentence in text else [f"not to be found: {sentence!r}"])
