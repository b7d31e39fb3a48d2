"""What must hold on every page of the site, as functions that know nothing of browsers.

A function takes what was collected from one page, or the text of one page, and returns a list of
problems in plain words; an empty list means that all is well.  `test_site_checks.py` feeds each
of them something broken.
"""

from __future__ import annotations

import html
import html.parser
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

# WCAG 2.2, success criterion 1.4.3.
CONTRAST, CONTRAST_LARGE = 4.5, 3.0
FILE_NAME = re.compile(r"\S+\.(png|jpe?g|svg|gif|webp)", re.IGNORECASE)
CHINESE = re.compile(r"[\u4e00-\u9fff]")
LATIN = re.compile(r"[A-Za-z]")


# Checks of a page as the browser shows it -----------------------------------------------------


def foreign_requests(view: Mapping, origin: str) -> list[str]:
    """Requests to any host but our own; inline data is no request."""
    urls = (u for u in view["requests"] if not u.startswith(("data:", "blob:", "about:")))
    return [f"request to another host: {u}" for u in urls if not u.startswith(origin)]


def failed_requests(view: Mapping) -> list[str]:
    """Requests that were answered by an error, or not at all."""
    return [f"request failed: {u}" for u in view["failed"]]


def console_errors(view: Mapping) -> list[str]:
    """Errors in the browser's console, and exceptions that no script caught."""
    return [f"console error: {text}" for text in view["errors"]]


def wrong_theme(view: Mapping, theme: str) -> list[str]:
    """The page ignores the colour mode: then nothing was checked in that mode."""
    return [] if view["theme"] == theme else [f"theme is {view['theme']}, not {theme}"]


def sideways_scroll(view: Mapping) -> list[str]:
    """The page is wider than the window."""
    wide, window = view["page_width"], view["window_width"]
    return [f"page is {wide} px wide in a window of {window} px"] if wide > window else []


def unrendered_maths(view: Mapping) -> list[str]:
    """Formulas left as TeX, those MathJax could not read, and those without picture or MathML."""
    raw = re.findall(r"\$[^$\n]{1,80}\$|\\\(|\\\[|\\begin\{", view["text"])
    problems = [f"raw TeX: {piece}" for piece in raw]
    problems += [f"unreadable formula: {tex}" for tex in view["maths_errors"]]
    n = view["maths_sources"]
    for what, m in (("as pictures", view["maths_rendered"]), ("as MathML", view["maths_spoken"])):
        if n > m:
            problems.append(f"{n} formulas in the page, {m} {what}")
    return problems


def images_without_text(view: Mapping) -> list[str]:
    """Images whose alternative text is missing, empty or a file name."""
    problems = []
    for image in view["images"]:
        alt = (image["alt"] or "").strip()
        if not alt or FILE_NAME.fullmatch(alt):
            problems.append(f"image {Path(image['src']).name}: alternative text {image['alt']!r}")
    return problems


def luminance(rgb: Iterable[float]) -> float:
    """Relative luminance of a colour given as red, green and blue from 0 to 255 (WCAG)."""
    shares = (value / 255 for value in rgb)
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear))


def contrast(one: Iterable[float], other: Iterable[float]) -> float:
    """Contrast ratio of two colours, from 1 to 21 (WCAG)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def low_contrast(view: Mapping) -> list[str]:
    """Text that stands out too little from what is behind it."""
    problems = []
    for sample in view["texts"]:
        ratio = contrast(sample["colour"], sample["background"])
        needed = CONTRAST_LARGE if sample["large"] else CONTRAST
        if ratio < needed:
            where = f"{sample['where']} {sample['text']!r}"
            problems.append(f"contrast {ratio:.2f} < {needed}: {where}")
    return problems


def barriers(view: Mapping) -> list[str]:
    """What axe found: things that keep somebody from reading or using the page."""
    return [
        f"axe {found['id']}, {len(found['nodes'])} times: {found['help']}; {found['nodes'][0]}"
        for found in view["axe"]
    ]


def all_problems(view: Mapping, origin: str, theme: str) -> list[str]:
    """Run every check of this part on one view of a page."""
    return [
        *wrong_theme(view, theme),
        *foreign_requests(view, origin),
        *failed_requests(view),
        *console_errors(view),
        *sideways_scroll(view),
        *unrendered_maths(view),
        *images_without_text(view),
        *low_contrast(view),
        *barriers(view),
    ]


# Checks of the text of a page -----------------------------------------------------------------


class Page(html.parser.HTMLParser):
    """Links, anchors, headings and glossary entries of one page."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.language = ""
        self.title = ""
        self.n_h1 = 0
        # Each entry is the list of its terms; consecutive <dt> share the <dd> that follows.
        self.glossary: list[list[str]] = []
        self._in_glossary, self._in_term, self._in_title = False, False, False
        self._new_entry, self._in_article = True, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        for name in ("id", "name"):
            if attrs.get(name):
                self.anchors.add(attrs[name])
        for name in ("href", "src"):
            if attrs.get(name):
                self.links.append(attrs[name])
        if tag == "html":
            self.language = attrs.get("lang", "")
        self._in_article = self._in_article or tag == "article"
        self.n_h1 += tag == "h1" and self._in_article
        self._in_title = tag == "title" or (self._in_title and tag != "body")
        if tag == "dl" and "glossary" in (attrs.get("class") or ""):
            self._in_glossary = True
        elif tag == "dt" and self._in_glossary:
            if self._new_entry:
                self.glossary.append([])
            self.glossary[-1].append("")
            self._in_term, self._new_entry = True, False
        elif tag == "dd":
            self._new_entry = True

    def handle_endtag(self, tag):
        if tag == "dt":
            self._in_term = False
        elif tag == "dl":
            self._in_glossary = False
        elif tag == "title":
            self._in_title = False
        elif tag == "article":
            self._in_article = False

    def handle_data(self, data):
        if self._in_title:
            self.title += data
        if self._in_term:
            self.glossary[-1][-1] += data.strip("#\n")


def wrong_colab_links(text: str, slug: str, docname: str) -> list[str]:
    """Colab links of a chapter that do not open that chapter of our repository, or none at all."""
    wanted = f"https://colab.research.google.com/github/{slug}/blob/main/{docname}.ipynb"
    links = [link for link in Page(text).links if "colab.research.google.com" in link]
    if not links:
        return [f"{docname}: no Colab link"]
    return [f"{docname}: {link} instead of {wanted}" for link in links if link != wanted]


def one_language_entries(text: str) -> list[str]:
    """Glossary entries that lack the English or the Chinese term."""
    problems = []
    for terms in Page(text).glossary:
        joined = " ".join(terms)
        if not (LATIN.search(joined) and CHINESE.search(joined)):
            problems.append(f"glossary entry in one language only: {joined}")
    return problems


def given_away(text: str, answers: Iterable[str]) -> list[str]:
    """Lines of a solution (without their spaces) that a page shows, in text, code or data."""
    plain = html.unescape(re.sub(r"<[^>]*>", "", text))
    shown = re.sub(r"\s+|\\[nt]", "", plain)
    return [f"solution on the page: {line}" for line in sorted(answers) if line in shown]


def lost_outputs(text: str) -> list[str]:
    """A chapter that was not run has code and not one output; one that failed shows its error."""
    problems = [] if 'class="cell_output' in text else ["no output"]
    return problems + (["a cell failed"] if "CellExecutionError" in text else [])


def pictures_without_size(text: str) -> list[str]:
    """Pictures for which the page makes no room before they come."""
    tags = re.findall(r"<img\b[^>]*>", text)
    return [tag for tag in tags if not ("width=" in tag and "height=" in tag)]


def bare_page(text: str) -> list[str]:
    """A page without language, without title, or without exactly one main heading."""
    page = Page(text)
    problems = [] if page.language else ["<html> has no lang"]
    problems += [] if page.title.strip() else ["page has no title"]
    problems += [] if page.n_h1 == 1 else [f"{page.n_h1} main headings in the article, not 1"]
    return problems


def broken_links(site: Path) -> list[str]:
    """Links inside the site that lead to no file, or to an anchor that is not there."""
    # Not _static: the theme leaves templates there which are no pages.
    files = (p for p in site.rglob("*.html") if "_static" not in p.relative_to(site).parts)
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in files}
    problems = []
    for path, page in pages.items():
        where = path.relative_to(site).as_posix()
        for link in page.links:
            if urlsplit(link).scheme or link.startswith("//"):
                continue
            target, fragment = urldefrag(unquote(link))
            file = (path.parent / target.split("?")[0]).resolve() if target else path
            if not file.is_file():
                problems.append(f"{where}: {link} leads to no file")
            elif fragment and file in pages and fragment not in pages[file].anchors:
                problems.append(f"{where}: {link} leads to no anchor")
    return problems
