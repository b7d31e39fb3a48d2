"""Bind the course as a book: EPUB and PDF in _build/formats, linked from the built website.

python tools/formats.py [--epub] [--pages NAME ...]

`python course.py formats` calls it with the Python of .venv, after `python course.py book`, whose
outputs it uses: no notebook runs again.  `--epub` leaves out the PDF, `--pages` binds a part.

In the order of this file: the pages; the EPUB; the PDF; links on the website.  Sphinx writes the
pages (book/_ext/book_formats.py).  The PDF is one long page that a headless Chromium prints, so
that links, contents, bookmarks and tags lead to the right place without being mended afterwards.
"""

from __future__ import annotations

import argparse
import functools
import html
import io
import logging
import os
import posixpath
import re
import shutil
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Sequence
from html.entities import html5
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "book/_ext")]

from build_site import SITE, WORK, alone  # noqa: E402
from course_chapters import chapter_number, is_chapter, toc_parts  # noqa: E402
from whole import settle  # noqa: E402

NAME = "user-interest-clustering"
PAGES, OUT = WORK / "_build/epub", ROOT / "_build/formats"
STYLE = ROOT / "tools" / "formats_style"
HOME = "book/intro"
LANGUAGE, LICENCE = "en", "CC BY 4.0 (text and figures), MIT (code)"
SUBTITLE = "A course that you run, and a package that is tested"


# 1. The pages ---------------------------------------------------------------------------------


class Page(NamedTuple):
    """One page of the website, which is one chapter of the book."""

    name: str
    part: str
    title: str
    body: str

    @property
    def label(self) -> str:
        """The title, after the number if it is a chapter."""
        number = chapter_number(self.name) if is_chapter(self.name) else ""
        return f"{number} · {self.title}" if number else self.title

    @property
    def key(self) -> str:
        """A name for anchors."""
        return re.sub(r"\W+", "-", self.name)


class About(NamedTuple):
    """What the book says of itself."""

    title: str
    author: str
    version: str
    address: str
    modified: int

    @property
    def identifier(self) -> str:
        """The same for every build of this course, another one for a fork."""
        return uuid.uuid5(uuid.NAMESPACE_URL, self.address).urn


def field(text: str, pattern: str) -> str:
    """Give what a pattern finds in a text, or stop."""
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise SystemExit(f"nothing fits {pattern} any more; mend tools/formats.py")
    return found[1]


def source_time() -> int:
    """Give the time of the sources, so that the same sources make the same book."""
    given = os.environ.get("SOURCE_DATE_EPOCH", "")
    if not given and shutil.which("git") and (ROOT / ".git").exists():
        command = ["git", "-C", str(ROOT), "log", "-1", "--format=%ct"]
        given = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    return int(given) if given.isdigit() else int(time.time())


def read_about() -> About:
    """Read title, authors, version and address where they are declared."""
    config = (ROOT / "book/_config.yml").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    owner, name = re.search(r'^Repository = "https://github.com/(.+)/(.+)"', project, re.M).groups()
    return About(
        field(config, r"^title: (.+)"),
        field(config, r"^author: (.+)"),
        field(project, r'^version = "(.+)"'),
        f"https://{owner.lower()}.github.io/{name}/",
        source_time(),
    )


def write_pages() -> None:
    """Let Sphinx write the text of all pages, from the notebooks that the website was made of."""
    # What lies there is written anew: a quiz can change without its page.
    shutil.rmtree(PAGES, ignore_errors=True)
    command = ["from jupyter_book.cli.main import main; main()", "build", ".", "--path-output"]
    command += [str(WORK.relative_to(ROOT)), "-W", "-n", "--keep-going"]
    command += ["--config", "book/_config.yml", "--toc", "book/_toc.yml"]
    command += ["--builder", "custom", "--custom-builder", "epub"]
    # The course's own package must win over an installed one, as in `course.py book`.
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *_paths()]), "PYTHONUTF8": "1"}
    done = subprocess.run([sys.executable, "-c", *command], cwd=ROOT, env=env, capture_output=True)
    if done.returncode:
        said = (done.stdout + done.stderr).decode("utf-8", "replace")
        raise SystemExit(f"{said[-3000:]}\nSphinx could not write the pages, the reason is above")


def _paths() -> list[str]:
    return [path for path in [os.environ.get("PYTHONPATH", "")] if path]


def numeric(text: str) -> str:
    """Write named characters as numbers: XML knows five names only."""
    known = {"amp", "lt", "gt", "quot", "apos"}

    def number(found: re.Match) -> str:
        characters = "" if found[1] in known else html5.get(f"{found[1]};", "")
        return "".join(f"&#{ord(c)};" for c in characters) or found[0]

    return re.sub(r"&(\w+);", number, text)


@functools.cache
def code_colours() -> tuple[str, ...]:
    """Give the rules by which code is coloured."""
    from pygments.formatters import HtmlFormatter

    rules = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight")
    # Others are for other ways to write code; the text has a colour already.
    kept = [rule for rule in rules.splitlines() if rule.startswith(".highlight .")]
    return tuple(rule for rule in kept if not re.match(r"\.highlight \.(n|o|p|w|nn) ", rule))


def plain_code(body: str) -> str:
    """Take the marks off words of code that no rule colours: each would be an object of the PDF."""
    coloured = set(re.findall(r"\.highlight \.(\w+)", "\n".join(code_colours())))
    return re.sub(
        r'<span class="(\w{1,3})">([^<]*)</span>',
        lambda word: word[0] if word[1] in coloured else word[2],
        body,
    )


def read_page(folder: Path, name: str, part: str) -> Page:
    """Read one page and make sure that it is well-formed."""
    body = numeric((folder / f"{name}.xhtml").read_text(encoding="utf-8"))
    # A role that was given up, and lists that are lettered in every reader.
    body = body.replace(' role="doc-biblioentry"', "").replace(
        '<ol class="lowera', '<ol type="a" class="lowera'
    )
    if is_chapter(name):
        mark = f'<p class="chapter-number">Chapter {chapter_number(name)}</p>\n<h1>'
        body = body.replace("<h1>", mark, 1)
    try:
        ElementTree.fromstring(f"<body>{body}</body>")
    except ElementTree.ParseError as error:
        line = f"<body>{body}</body>".splitlines()[error.position[0] - 1]
        near = line[max(0, error.position[1] - 200) : error.position[1] + 100]
        raise SystemExit(f"{name} is not well-formed: {error}; near {near!r}") from error
    body = plain_code(body)
    title = " ".join(html.unescape(re.sub("<[^>]+>", "", field(body, r"<h1>(.*?)</h1>"))).split())
    return Page(name, part, title, body)


def read_pages(folder: Path = PAGES, names: Sequence[str] = ()) -> list[Page]:
    """Read all pages in the order of the table of contents, or those of these names."""
    order = [(HOME, "")] + [(name, part) for part, all_ in toc_parts(ROOT) for name in all_]
    unknown = set(names) - {name for name, _ in order}
    if unknown:
        raise SystemExit(f"no such page: {', '.join(sorted(unknown))}; book/_toc.yml names all")
    return [read_page(folder, name, part) for name, part in order if not names or name in names]


TAG = re.compile(r"<[a-zA-Z][^<>]*>")
LINK = re.compile(r'\s(href|xlink:href|src)="([^"]*)"')


def is_outside(link: str) -> bool:
    """Tell whether a link leads out of the book."""
    return bool(re.match(r"[a-z][a-z0-9+.-]*:|//", link))


def resolve(page: str, link: str) -> tuple[str, str]:
    """Give path and anchor to which a link on a page leads."""
    path, _, anchor = html.unescape(link).partition("#")
    here = f"{page}.xhtml"
    return (
        posixpath.normpath(posixpath.join(posixpath.dirname(here), path)) if path else here
    ), anchor


def drop_links(body: str, page: str, known: set[str]) -> str:
    """Keep the words but not the link where a page is not part of the book."""

    def plain(found: re.Match) -> str:
        link = field(found[0], r'href="([^"]*)"')
        target = resolve(page, link)[0]
        return found[0] if is_outside(link) or target in known else f"<span>{found[1]}</span>"

    return re.sub(r'<a [^>]*href="[^"]*"[^>]*>(.*?)</a>', plain, body, flags=re.DOTALL)


# 2. EPUB --------------------------------------------------------------------------------------

SHELL = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" \
lang="{language}" xml:lang="{language}">
<head><title>{title}</title><link rel="stylesheet" type="text/css" href="{up}style.css"/></head>
<body>
{body}
</body>
</html>
"""
CONTAINER = """<?xml version="1.0"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="EPUB/content.opf" media-type="application/oebps-package+xml"/>
</rootfiles></container>
"""
TYPES = {
    ".xhtml": "application/xhtml+xml",
    ".css": "text/css",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".ncx": "application/x-dtbncx+xml",
}


def style_sheet(*names: str) -> str:
    """Put style sheets of tools/formats_style and the colours of code together."""
    sheets = [(STYLE / name).read_text(encoding="utf-8") for name in names]
    return "\n".join([*sheets, *code_colours()])


def cover(about: About) -> bytes:
    """Draw the cover: the social card's picture above the title."""
    from matplotlib import font_manager
    from PIL import Image, ImageDraw, ImageFont

    card = Image.open(ROOT / "book/_static/social-card.png").convert("RGB")
    paper, ink, quiet = card.getpixel((2, 2)), "#f4efe6", "#aab4c2"
    picture = Image.new("RGB", (1200, 1800), paper)
    picture.paste(card.crop((0, 40, 1200, 380)), (0, 420))
    draw = ImageDraw.Draw(picture)

    def font(size: int, weight: str = "normal"):
        properties = font_manager.FontProperties(family="DejaVu Sans", weight=weight)
        return ImageFont.truetype(font_manager.findfont(properties), size)

    first, _, second = about.title.partition(" for ")
    for y, line in ((980, first), (1065, f"for {second}")):
        draw.text((92, y), line, fill=ink, font=font(58, "bold"))
    draw.text((94, 1175), SUBTITLE, fill=quiet, font=font(32))
    draw.text((94, 1640), about.author, fill=ink, font=font(36))
    file = io.BytesIO()
    picture.quantize(128, dither=Image.Dither.NONE).save(file, "PNG", optimize=True)
    return file.getvalue()


def by_part(pages: Sequence[Page]) -> list[tuple[str, list[Page]]]:
    """Group pages by part, in their order."""
    parts: dict[str, list[Page]] = {}
    for page in pages:
        parts.setdefault(page.part, []).append(page)
    return list(parts.items())


def navigation(pages: Sequence[Page], about: About) -> str:
    """Write the table of contents: parts, and the chapters of each."""

    def entry(page: Page) -> str:
        return f'<li><a href="{page.name}.xhtml">{html.escape(page.label)}</a></li>'

    items = []
    for part, members in by_part(pages):
        chapters = "\n".join(map(entry, members))
        title = html.escape(part)
        items.append(f"<li><span>{title}</span><ol>\n{chapters}\n</ol></li>" if part else chapters)
    start = pages[0].name
    body = (
        '<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>\n' + "\n".join(items) + "\n</ol></nav>"
        '\n<nav epub:type="landmarks" hidden="hidden"><h2>Landmarks</h2><ol>'
        '<li><a epub:type="toc" href="#toc">Contents</a></li>'
        f'<li><a epub:type="bodymatter" href="{start}.xhtml">Start</a></li></ol></nav>'
    )
    return SHELL.format(language=LANGUAGE, title=f"Contents: {about.title}", up="", body=body)


def ncx(pages: Sequence[Page], about: About) -> str:
    """Write the table of contents for readers of EPUB 2."""
    points = "\n".join(
        f'<navPoint id="n{n}" playOrder="{n}"><navLabel><text>{html.escape(page.label)}</text>'
        f'</navLabel><content src="{page.name}.xhtml"/></navPoint>'
        for n, page in enumerate(pages, 1)
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/" version="2005-1"><head>'
        f'<meta name="dtb:uid" content="{about.identifier}"/></head>'
        f"<docTitle><text>{html.escape(about.title)}</text></docTitle>\n<navMap>{points}</navMap></ncx>"
    )


def package(files: dict[str, bytes], pages: Sequence[Page], about: About) -> str:
    """Write the list of all files, the order of the pages, and what the book is."""
    ids = {name: f"f{n}" for n, name in enumerate(files)}
    special = {"nav.xhtml": ["nav"], "cover.png": ["cover-image"]}
    items = []
    for name, content in files.items():
        properties = special.get(name, [])[:]
        if name.endswith(".xhtml"):
            properties += [tag for tag in ("svg",) if f"<{tag}".encode() in content]
        marked = f' properties="{" ".join(properties)}"' if properties else ""
        kind = TYPES[Path(name).suffix.lower()]
        items.append(f'<item id="{ids[name]}" href="{name}" media-type="{kind}"{marked}/>')
    order = ["cover.xhtml", "nav.xhtml", *(f"{page.name}.xhtml" for page in pages)]
    spine = "".join(f'<itemref idref="{ids[name]}"/>' for name in order)
    modified = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(about.modified))
    features = ("alternativeText", "readingOrder", "structuralNavigation", "tableOfContents")
    access = "".join(
        f'<meta property="schema:accessibilityFeature">{name}</meta>' for name in features
    )
    access += "".join(
        f'<meta property="schema:accessMode">{mode}</meta>' for mode in ("textual", "visual")
    )
    return f"""<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" \
xml:lang="{LANGUAGE}">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">{about.identifier}</dc:identifier>
<dc:title>{html.escape(about.title)}</dc:title>
<dc:creator>{html.escape(about.author)}</dc:creator>
<dc:language>{LANGUAGE}</dc:language>
<dc:rights>{LICENCE}</dc:rights>
<dc:source>{about.address}</dc:source>
<dc:description>{SUBTITLE}. Version {about.version}.</dc:description>
<meta property="dcterms:modified">{modified}</meta>
<meta name="cover" content="{ids["cover.png"]}"/>
{access}
<meta property="schema:accessibilityHazard">none</meta>
</metadata>
<manifest>
{chr(10).join(items)}
</manifest>
<spine toc="{ids["toc.ncx"]}">{spine}</spine>
</package>
"""


def images_of(pages: Sequence[Page]) -> list[str]:
    """Name the images that pages show, each once."""
    found = [
        resolve(page.name, link)[0]
        for page in pages
        for link in re.findall(r'<img [^>]*?src="([^"]*)"', page.body)
        if not is_outside(link)
    ]
    return sorted(set(found))


def epub_files(pages: Sequence[Page], about: About, folder: Path = PAGES) -> dict[str, bytes]:
    """Give every file of the book by its name."""
    known = {f"{page.name}.xhtml" for page in pages}
    front = f'<p class="cover"><img src="cover.png" alt="{html.escape(about.title)}"/></p>'
    texts = {
        "cover.xhtml": SHELL.format(language=LANGUAGE, title="Cover", up="", body=front),
        "nav.xhtml": navigation(pages, about),
    }
    for page in pages:
        body = drop_links(page.body, page.name, known)
        up, title = "../" * page.name.count("/"), html.escape(page.label)
        texts[f"{page.name}.xhtml"] = SHELL.format(language=LANGUAGE, title=title, up=up, body=body)
    texts.update({"style.css": style_sheet("book.css"), "toc.ncx": ncx(pages, about)})
    files = {name: text.encode("utf-8") for name, text in texts.items()}
    files["cover.png"] = cover(about)
    files.update({name: (folder / name).read_bytes() for name in images_of(pages)})
    files["content.opf"] = package(files, pages, about).encode("utf-8")
    return files


def write_epub(path: Path, files: dict[str, bytes]) -> None:
    """Write a zip whose bytes depend on the files alone, whole or not at all."""
    draft = path.with_suffix(".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
        # By this first file, which must not be packed, others recognise an EPUB.
        archive.writestr(zipfile.ZipInfo("mimetype"), "application/epub+zip")
        inside = {"META-INF/container.xml": CONTAINER.encode()}
        inside.update({f"EPUB/{name}": content for name, content in files.items()})
        for name, content in inside.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    draft.replace(path)


# 3. PDF ---------------------------------------------------------------------------------------

# The first is Chromium without a window's parts, which starts and opens pages faster.
BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser")
BROWSERS += ("google-chrome", "google-chrome-stable")
CHANNELS = ("chrome", "msedge")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--host-resolver-rules=MAP * ~NOTFOUND"]
NO_BROWSER = f"""The EPUB is made; the PDF is not: no browser could be started. Install one of
{", ".join(BROWSERS)} or Microsoft Edge (Debian, Ubuntu: apt install
chromium; macOS: brew install --cask chromium; or, on any system:
python -m playwright install chromium), then run `python course.py formats` again."""
NO_CHINESE = """This computer has no font with Chinese characters: the Chinese terms in the PDF are
boxes. Install one (Debian, Ubuntu: apt install fonts-noto-cjk; Fedora: dnf install
google-noto-sans-cjk-fonts), then run `python course.py formats` again."""
# Two characters that differ look alike only if both are the box for what a font lacks.
HAS_CHINESE = """() => {
  const draw = (text) => {
    const canvas = Object.assign(document.createElement("canvas"), { width: 40, height: 40 });
    const pen = canvas.getContext("2d");
    pen.font = "30px " + getComputedStyle(document.body).fontFamily;
    pen.fillText(text, 2, 32);
    return canvas.toDataURL();
  };
  return draw("\\u805a") !== draw("\\u7c7b");
}"""
# What is wider than the paper gets smaller type; else Chromium would shrink the whole book.
FIT = """() => {
  const left = [];
  for (const wide of document.querySelectorAll("table, .math > svg, pre, img")) {
    const box = wide.parentElement;
    const room = () => box.clientWidth || box.closest("p, li, td, dd, div").clientWidth;
    if (wide.matches("table")) {
      for (let size = 95; size >= 45 && wide.offsetWidth > room() + 1; size -= 5) {
        wide.style.fontSize = size / 100 + "em";
      }
    } else if (wide.matches("svg") && wide.getBoundingClientRect().width > room()) {
      wide.style.maxWidth = room() + "px";
    }
    if (wide.getBoundingClientRect().right > document.body.clientWidth + 1) {
      left.push(wide.closest("section.chapter").id + ": " + wide.textContent.trim().slice(0, 60));
    }
  }
  return left;
}"""


def quoted(text: str) -> str:
    """Write a text as a string of CSS."""
    return '"' + text.replace("\\", r"\\").replace('"', r"\"") + '"'


def anchored(page: Page, known: set[str]) -> str:
    """Give a page's body with anchors of its own, links within one document, and lower headings."""

    def link(attribute: str, target: str) -> str:
        if is_outside(target):
            return f' {attribute}="{target}"'
        path, anchor = resolve(page.name, target)
        if path not in known:
            return f' {attribute}="{html.escape(path)}"'
        key = re.sub(r"\W+", "-", path.removesuffix(".xhtml"))
        return f' {attribute}="#{key}{"--" + html.escape(anchor) if anchor else ""}"'

    def tag(found: re.Match) -> str:
        text = LINK.sub(lambda m: link(m[1], m[2]), found[0])
        text = re.sub(r' id="([^"]*)"', rf' id="{page.key}--\1"', text)
        text = re.sub(r"^<details(?! open)", '<details open="open"', text)
        return text

    body = TAG.sub(tag, drop_links(page.body, page.name, known))
    if page.name != HOME:
        # The part is the first level of the bookmarks.
        body = re.sub(r"(</?h)([1-5])\b", lambda m: f"{m[1]}{int(m[2]) + 1}", body)
    return body


def contents(pages: Sequence[Page]) -> str:
    """Write the table of contents; the numbers are filled in once they are known."""
    lines = []
    for part, members in by_part(pages):
        lines.append(f"<h2>{html.escape(part)}</h2>" if part else "")
        lines += [
            f'<p><a href="#{page.key}"><span>{html.escape(page.label)}</span><i></i>'
            f'<b data-page-of="{page.key}">000</b></a></p>'
            for page in members
        ]
    return '<section class="contents"><h1>Contents</h1>' + "\n".join(lines) + "</section>"


def title_page(about: About) -> str:
    """Write the first page."""
    logo = (ROOT / "book/_static/logo.svg").read_text(encoding="utf-8")
    first, _, second = about.title.partition(" for ")
    day = time.strftime("%d %B %Y", time.gmtime(about.modified)).lstrip("0")
    return f"""<section class="title-page">{logo}
<p class="title">{html.escape(first)}<br/>for {html.escape(second)}</p>
<p class="subtitle">{SUBTITLE}</p>
<p class="author">{html.escape(about.author)}</p>
<p class="small">Version {about.version}, {day}. {LICENCE}.<br/>
<a href="{about.address}">{about.address}</a></p></section>"""


def print_document(pages: Sequence[Page], about: About) -> str:
    """Put all pages into one HTML document."""
    known = {f"{page.name}.xhtml" for page in pages}
    sections, rules, last = [], [], ""
    for n, page in enumerate(pages):
        part = page.part if page.part != last else ""
        last = page.part
        head = f'<h1 class="part">{html.escape(part)}</h1>' if part else ""
        rules.append(f"@page c{n} {{ @top-left {{ content: {quoted(page.label)}; }} }}")
        sections.append(
            f'<section class="chapter{"" if page.part else " front"}" id="{page.key}" '
            f'style="page: c{n}">{head}'
            f"{anchored(page, known)}</section>"
        )
    style = style_sheet("book.css", "print.css") + "\n" + "\n".join(rules)
    return f"""<!DOCTYPE html>
<html lang="{LANGUAGE}"><head><meta charset="utf-8"/><title>{html.escape(about.title)}</title>
<style>{style}</style></head>
<body>{title_page(about)}{contents(pages)}{"".join(sections)}</body></html>
"""


def start_browser(driver: Any, error: type[Exception]) -> Any:
    """Start Playwright's own Chromium if it was fetched, else one that is installed, or none."""
    named = [{"executable_path": path} for path in map(shutil.which, BROWSERS) if path]
    for choice in [{}, *named, *({"channel": channel} for channel in CHANNELS)]:
        try:
            return driver.chromium.launch(args=FLAGS, **choice)
        except error:
            continue
    return None


def page_numbers(pdf: bytes, keys: Sequence[str]) -> dict[str, int]:
    """Give the number of the page on which each chapter begins."""
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(pdf))
    targets = {name.lstrip("/"): place for name, place in reader.named_destinations.items()}
    missing = [key for key in keys if key not in targets]
    if missing:
        raise SystemExit(f"the browser forgot these chapters: {', '.join(missing)}")
    return {key: reader.get_destination_page_number(targets[key]) + 1 for key in keys}


def print_pdf(source: Path, keys: Sequence[str]) -> bytes | None:
    """Print a document; None without a browser.  The first print tells the page numbers."""
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as driver:
        browser = start_browser(driver, Error)
        if browser is None:
            return None
        # The width of the text on A4, so that what fits here fits there.
        page = browser.new_page(viewport={"width": 650, "height": 1000})
        page.set_default_timeout(600_000)
        page.emulate_media(media="print", color_scheme="light")
        page.goto(source.as_uri(), wait_until="load", timeout=600_000)
        if not page.evaluate(HAS_CHINESE):
            print(NO_CHINESE, file=sys.stderr)
        for wide in page.evaluate(FIT):
            print(f"wider than the paper: {wide}", file=sys.stderr)
        paper: dict[str, Any] = {"prefer_css_page_size": True, "print_background": True}
        numbers = page_numbers(page.pdf(**paper), keys)
        fill = (
            "(all) => Object.entries(all).forEach(([key, n]) => "
            '(document.querySelector(`[data-page-of="${key}"]`).textContent = n))'
        )
        page.evaluate(fill, numbers)
        pdf = page.pdf(**paper, tagged=True, outline=True)
        browser.close()
    return pdf


def headings(document: str) -> dict[str, str]:
    """Give the words of all headings, by the same without blanks."""
    found = re.findall(r"<h[1-6][^>]*>(.*?)</h[1-6]>", document, re.DOTALL)
    texts = [" ".join(html.unescape(re.sub("<[^>]+>", "", text)).split()) for text in found]
    return {"".join(text.split()): text for text in texts}


def mend_bookmarks(parent: Any, words: dict[str, str]) -> None:
    """Put blanks into bookmarks: Chromium forgets those at which a heading goes to a new line."""
    from pypdf.generic import NameObject, TextStringObject

    child = parent.get("/First")
    while child is not None:
        entry = child.get_object()
        title = str(entry.get("/Title", ""))
        entry[NameObject("/Title")] = TextStringObject(words.get("".join(title.split()), title))
        mend_bookmarks(entry, words)
        child = entry.get("/Next")


def with_metadata(pdf: bytes, about: About, words: dict[str, str]) -> bytes:
    """Say in the file what the book is, and open it with its bookmarks."""
    from pypdf import PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    writer = PdfWriter(clone_from=io.BytesIO(pdf))
    day = time.strftime("D:%Y%m%d%H%M%SZ", time.gmtime(about.modified))
    said = {"/Title": about.title, "/Author": about.author, "/Subject": SUBTITLE}
    writer.add_metadata({**said, "/CreationDate": day, "/ModDate": day})
    writer.root_object[NameObject("/Lang")] = TextStringObject(LANGUAGE)
    writer.page_mode = "/UseOutlines"
    if "/Outlines" in writer.root_object:
        mend_bookmarks(writer.root_object["/Outlines"].get_object(), words)
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def write_pdf(path: Path, pages: Sequence[Page], about: About, folder: Path = PAGES) -> bool:
    """Write the PDF, whole or not at all; tell whether there was a browser for it."""
    # pypdf warns of what browsers write and all readers bear.
    logging.getLogger("pypdf").setLevel(logging.ERROR)
    source = folder / "book-to-print.html"
    document = print_document(pages, about)
    source.write_text(document, encoding="utf-8")
    pdf = print_pdf(source, [page.key for page in pages])
    if pdf is None:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(with_metadata(pdf, about, headings(document)))
    draft.replace(path)
    return True


# 4. The website -------------------------------------------------------------------------------

START, END = "<!-- book formats -->", "<!-- end of book formats -->"
WORDS = {".epub": "EPUB, for e-book readers", ".pdf": "PDF, for paper"}


def link_from_site(books: Sequence[Path], site: Path = SITE) -> None:
    """Copy the books to the website, and name them at the end of its first page."""
    folder = site / "_downloads"
    folder.mkdir(exist_ok=True)
    links = []
    for book in books:
        draft = folder / f"{book.name}.part"
        shutil.copyfile(book, draft)
        draft.replace(folder / book.name)
        size = f"{book.stat().st_size / 1e6:.1f} MB"
        link = f'<a class="reference download" href="../_downloads/{book.name}" download>'
        links.append(f"<li>{link}{WORDS[book.suffix]}</a> ({size})</li>")
    block = (
        f'{START}<section id="the-course-as-a-book"><h2>The course as a book</h2>'
        f"<ul>{''.join(links)}</ul></section>{END}"
    )
    home = site / f"{HOME}.html"
    text = re.sub(f"{START}.*?{END}\n?", "", home.read_text(encoding="utf-8"), flags=re.DOTALL)
    before, mark, after = text.partition('<div class="toctree-wrapper')
    if not mark:
        raise SystemExit(f"{home} has no table of contents, above which to put the links")
    # The last section of the page ends just before.
    draft = home.with_suffix(".part")
    draft.write_text(f"{before}{block}\n{mark}{after}", encoding="utf-8")
    draft.replace(home)


def megabytes(path: Path) -> str:
    """Say where a file is and how large."""
    return f"{path.relative_to(ROOT).as_posix()}: {path.stat().st_size / 1e6:.1f} MB"


def main(argv: Sequence[str] | None = None) -> int:
    """Make the books; return the exit code."""
    parser = argparse.ArgumentParser(prog="python course.py formats --")
    parser.add_argument("--epub", action="store_true", help="no PDF")
    parser.add_argument("--pages", nargs="+", default=[], help="a part of the book: book/intro ...")
    options = parser.parse_args(argv)
    with alone():
        return bind(options)


def bind(options: argparse.Namespace) -> int:
    """Make the books that the options ask for; return the exit code."""
    settle(SITE)
    if not (SITE / f"{HOME}.html").is_file():
        raise SystemExit("there is no website yet; make it: python course.py book")
    begin, about = time.time(), read_about()
    print("writing the pages ...", flush=True)
    write_pages()
    pages = read_pages(PAGES, options.pages)
    books = [OUT / f"{NAME}.epub"]
    write_epub(books[0], epub_files(pages, about))
    print(f"{megabytes(books[0])}, {len(pages)} pages, {time.time() - begin:.0f} s", flush=True)
    pdf = OUT / f"{NAME}.pdf"
    pdf.unlink(missing_ok=True)  # one of yesterday
    done = options.epub
    if not options.epub:
        print("printing ...", flush=True)
        done = write_pdf(pdf, pages, about)
        if done:
            books.append(pdf)
            print(f"{megabytes(pdf)}, {time.time() - begin:.0f} s", flush=True)
        else:
            print(NO_BROWSER, file=sys.stderr)
    if not options.pages:
        link_from_site(books)
        print(f"linked from {(SITE / HOME).relative_to(ROOT).as_posix()}.html")
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main())
