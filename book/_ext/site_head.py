"""Sphinx extension: how the site presents itself to search engines, chats and lost readers.

1. the site's address, derived from the repository's;
2. a description of every page, for search results and social cards;
3. the start page, a page for missing addresses, a site map and robots.txt.

Own code rather than sphinxext-opengraph, sphinx-sitemap and sphinx-notfound-page: a chapter begins
with a badge, its description is the question below it, and a page for missing addresses has to
work on GitHub, on a classroom's server and from a file.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

CARD = "_static/social-card.png"
CARD_SIZE = (1200, 630)
CARD_TEXT = "Three groups of dots, an arrow, and a ranked list; below them the title of the course."
# What search engines show of a description.
LONGEST, SHORTEST = 200, 50


# 1. Address ---------------------------------------------------------------------------------


def pages_address(repository: str) -> str:
    """Give the address at which GitHub Pages serves a repository.

    >>> pages_address("https://github.com/Someone/course")
    'https://someone.github.io/course/'
    """
    found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+?)(?:\.git)?/?", repository)
    if found is None:
        raise ValueError(f"{repository!r} is no repository on GitHub; set html.baseurl instead")
    return f"https://{found[1].lower()}.github.io/{found[2]}/"


def set_address(app: Sphinx, config: Config) -> None:
    """Derive the site's address unless the configuration names one."""
    repository = config.html_theme_options.get("repository_url", "")
    if not config.html_baseurl and repository:
        config.html_baseurl = pages_address(repository)


# 2. Descriptions ----------------------------------------------------------------------------


def shorten(text: str) -> str:
    """Cut a text to what search engines show: after a sentence if possible, else after a word."""
    text = " ".join(text.split())
    if len(text) <= LONGEST:
        return text
    end = max(text.rfind(mark, SHORTEST, LONGEST) for mark in (". ", "? ", "! ", ".", "?"))
    if end > 0:
        return text[: end + 1]
    return text[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",;:") + "…"


def _own_text(doctree: nodes.document) -> list[str]:
    """Give the paragraphs that stand directly below a page's title, without its furniture.

    A box around a whole page, as on cheat sheets, does not count; a notebook's cells do.
    """
    section = next(iter(doctree.findall(nodes.section)), doctree)
    found: list[nodes.Node] = []
    for node in section.children:
        is_box = isinstance(node, nodes.container) and "nb_element" not in node
        found += node.children if is_box else [node]
    paragraphs = [node for node in found if isinstance(node, nodes.paragraph)]
    return [" ".join(node.astext().split()) for node in paragraphs]


def describe(doctree: nodes.document) -> str:
    """Describe a page: a chapter by its question, any other page by how it begins."""
    texts = [text for text in _own_text(doctree) if text]
    for text in texts:
        if text.startswith("The question."):
            return shorten(text.removeprefix("The question.").strip())
    whole = ""
    for text in texts:
        whole = f"{whole} {text}".strip()
        if len(whole) >= SHORTEST:
            break
    return shorten(whole)


def head_tags(title: str, site: str, description: str, address: str, base: str) -> str:
    """Write the tags of a page's head by which others present it."""
    properties = {
        "og:type": "website",
        "og:site_name": site,
        "og:title": title,
        "og:description": description,
        "og:url": address,
        "og:image": base + CARD,
        "og:image:width": str(CARD_SIZE[0]),
        "og:image:height": str(CARD_SIZE[1]),
        "og:image:alt": CARD_TEXT,
    }
    named = {"description": description, "twitter:card": "summary_large_image"}
    tags = [f'<meta name="{key}" content="{html.escape(text)}"/>' for key, text in named.items()]
    tags += [
        f'<meta property="{key}" content="{html.escape(text)}"/>'
        for key, text in properties.items()
    ]
    return "\n".join(tags)


def add_head(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: Any
) -> None:
    """Give a page its description, its card and the icon for telephones."""
    if app.builder.name != "html":
        return
    icon = context["pathto"]("_static/apple-touch-icon.png", 1)
    tags = f'\n<link rel="apple-touch-icon" href="{icon}"/>'
    if doctree is not None and app.config.html_baseurl:
        title = app.env.titles[pagename].astext()
        base = app.config.html_baseurl
        address = base + app.builder.get_target_uri(pagename)
        description = describe(app.env.get_doctree(pagename))
        # Many of them begin alike, and so do the two forms of the test.
        if "/solutions/" in pagename or "/test_" in pagename:
            description = shorten(f"{title}. {description}")
        tags += "\n" + head_tags(title, app.config.html_title, description, address, base)
    context["metatags"] = context.get("metatags", "") + tags


# 3. Pages that Sphinx does not make ---------------------------------------------------------

START = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{site}</title>
<link rel="icon" href="_static/favicon.svg">
<link rel="apple-touch-icon" href="_static/apple-touch-icon.png">
<link rel="canonical" href="{base}{home}">
{tags}
<meta http-equiv="refresh" content="0; url={home}">
</head>
<body><h1>{site}</h1><p><a href="{home}">Open the course</a></p></body>
</html>
"""

# It is served for any address, at any depth, so nothing in it may be relative to the page.  A base
# is: below the site's own folder on GitHub, else at the root of whatever serves it; in a file its
# own folder is right.  Styles and drawing are inside, so that it stands when nothing else does.
MISSING = """<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Page not found — {site}</title>
<script>
(() => {{
  const home = {folder};
  if (location.protocol === "file:") return;
  const base = document.createElement("base");
  base.href = location.pathname.startsWith(home) ? home : "/";
  document.head.append(base);
}})();
</script>
<link rel="icon" href="_static/favicon.svg">
<style>
:root {{ color-scheme: light dark; --ink: {ink}; --accent: {accent}; --paper: #ffffff; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: {ink_dark}; --accent: {accent_dark}; --paper: #14181e; }}
}}
body {{ margin: 0; background: var(--paper); color: var(--ink); font: 1.05rem/1.6 system-ui,
  sans-serif; }}
main {{ max-width: 40rem; margin: 0 auto; padding: 2.5rem 1.25rem; }}
svg {{ width: 9rem; height: 6rem; }}
a {{ color: var(--accent); }}
li {{ margin: 0.3rem 0; }}
label {{ font-weight: 600; }}
input, button {{ font: inherit; padding: 0.35rem 0.6rem; border: 1px solid; border-radius: 0.4rem;
  background: transparent; color: inherit; max-width: 100%; }}
:focus-visible {{ outline: 3px solid var(--accent); outline-offset: 2px; }}
</style>
</head>
<body>
<main>
{logo}
<h1>This page stands alone, like a noise point</h1>
<p>No page of the course has this address.
Perhaps a chapter was renamed, or a letter went astray on the way here.</p>
<form action="search.html" role="search">
<p><label for="q">Search the course</label><br>
<input id="q" name="q" type="search"> <button type="submit">Search</button></p>
</form>
<p><a href="{home}">To the first page</a>, or straight to a chapter:</p>
<ul>
{links}
</ul>
</main>
</body>
</html>
"""


def css_colours(root: Path) -> dict[str, dict[str, str]]:
    """Read the course's colours from the style sheet, the one place that holds them."""
    text = (root / "book/_static/course.css").read_text(encoding="utf-8")
    themes = {}
    for theme in ("light", "dark"):
        block = re.search(rf'html\[data-theme="{theme}"\] \{{(.*?)\}}', text, re.DOTALL)
        themes[theme] = dict(re.findall(r"--course-([\w-]+): (#\w+)", block[1] if block else ""))
    return themes


def missing_page(app: Sphinx, root: Path, links: list[tuple[str, str]]) -> str:
    """Write the page for addresses that do not exist."""
    colours = css_colours(root)
    logo = (root / "book/_static/logo.svg").read_text(encoding="utf-8")
    return MISSING.format(
        language=app.config.language,
        site=html.escape(app.config.html_title),
        folder=json.dumps(urlsplit(app.config.html_baseurl).path or "/"),
        logo=logo.strip(),
        home=app.builder.get_target_uri(app.config.root_doc),
        links="\n".join(f'<li><a href="{to}">{html.escape(name)}</a></li>' for to, name in links),
        ink=colours["light"]["ink"],
        accent=colours["light"]["accent"],
        ink_dark=colours["dark"]["ink"],
        accent_dark=colours["dark"]["accent"],
    )


def site_map(addresses: list[str]) -> str:
    """List the addresses of the site for search engines."""
    urls = "".join(f"<url><loc>{html.escape(address)}</loc></url>\n" for address in addresses)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return f'{head}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n{urls}</urlset>\n'


def write_pages(app: Sphinx, exception: Exception | None) -> None:
    """Write start page, page for missing addresses, site map and robots.txt."""
    if exception is not None or app.builder.name != "html" or not app.config.html_baseurl:
        return
    base, home, out = app.config.html_baseurl, app.config.root_doc, Path(app.outdir)
    page = app.builder.get_target_uri
    # The order of the table of contents, the first page first.
    names = [home, *sorted(app.env.found_docs - {home}, key=_place_of(app.env))]
    description = describe(app.env.get_doctree(home))
    title = app.config.html_title
    tags = head_tags(title, title, description, base + page(home), base)
    start = START.format(
        language=app.config.language, site=html.escape(title), base=base, home=page(home), tags=tags
    )
    chapters = [
        (page(name), app.env.titles[name].astext())
        for name in names
        if name.startswith("notebooks/") and "/solutions/" not in name
    ]
    root = Path(app.srcdir)
    files = {
        "index.html": start,
        "404.html": missing_page(app, root, chapters),
        "sitemap.xml": site_map([base + page(name) for name in names]),
        # Read at the root of a host only; below it, it tells people where the site map is.
        "robots.txt": f"User-agent: *\nAllow: /\nSitemap: {base}sitemap.xml\n",
        # Without it GitHub Pages leaves out every folder that begins with an underscore.
        ".nojekyll": "",
    }
    for name, text in files.items():
        (out / name).write_text(text, encoding="utf-8")


def _place_of(env: Any):
    """Give the key that sorts pages as the table of contents does."""

    def below(name: str) -> list[str]:
        inner = env.toctree_includes.get(name, [])
        return [page for child in inner for page in [child, *below(child)]]

    order = below(env.config.root_doc)
    return lambda name: (order.index(name) if name in order else len(order), name)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register everything with Sphinx."""
    app.connect("config-inited", set_address, priority=900)
    app.connect("html-page-context", add_head)
    # After the redirect that Jupyter Book writes, before the repairs of all pages.
    app.connect("build-finished", write_pages, priority=890)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
