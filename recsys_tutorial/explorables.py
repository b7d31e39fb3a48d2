"""The things to play with, inside a notebook: the site's explorables as one HTML document each.

An explorable is a little program in the browser (``book/_static/explorables``): *K-means and DBSCAN
by hand* goes with chapters 3 and 4, *Which group are you?* with chapter 10.  The site loads the
files one by one; here they are pasted into a document without any link, so that JupyterLab, Colab
and VS Code show it without a network and without touching the rest of the notebook.
"""

from __future__ import annotations

import html
from dataclasses import dataclass
from pathlib import Path

STYLE = "explorable.css"
BASE_SCRIPT = "explorable.js"


@dataclass(frozen=True)
class Explorable:
    """What one explorable consists of.

    Attributes
    ----------
    title : str
        Heading of the document.
    scripts : tuple of str
        File names, in the order in which they must run.
    height : int
        Height that suits a notebook, in pixels.
    """

    title: str
    scripts: tuple[str, ...]
    height: int


EXPLORABLES = {
    "clusters": Explorable(
        "K-means and DBSCAN by hand",
        (
            *("clusters-math.js", "clusters-viewers.js", "clusters-shapes.js"),
            *("clusters-challenges.js", "clusters.js"),
        ),
        height=1000,
    ),
    "groups": Explorable(
        "Which group are you?", ("groups-model.js", "groups-math.js", "groups.js"), height=1000
    ),
}


def _folder() -> Path:
    """Find the files: inside the package in a wheel, in the book in a clone."""
    package = Path(__file__).resolve().parent
    in_wheel = package / "explorables_assets"
    return in_wheel if in_wheel.is_dir() else package.parent / "book" / "_static" / "explorables"


def _read(name: str) -> str:
    path = _folder() / name
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing. Install the package or clone the course again."
        )
    return path.read_text(encoding="utf-8")


def _find(name: str) -> Explorable:
    if name not in EXPLORABLES:
        known = ", ".join(repr(key) for key in EXPLORABLES)
        raise KeyError(f"There is no explorable {name!r}. There are: {known}.")
    return EXPLORABLES[name]


def _script(text: str) -> str:
    # A browser ends a script at the first "</script", even inside a string; "<!--" changes how it
    # looks for that end.  In JavaScript the backslash changes nothing.
    text = text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
    return f"<script>\n{text}</script>"


def explorable_html(name: str) -> str:
    """Give an explorable as one HTML document that needs no other file.

    Parameters
    ----------
    name : str
        ``"clusters"`` or ``"groups"``.

    Returns
    -------
    str
        The document: styles, scripts and data are part of it.  Light or dark, as the reader's
        system has it.

    Raises
    ------
    KeyError
        If there is no explorable of that name; the message lists the names.
    FileNotFoundError
        If the files of the explorable were not installed.

    Examples
    --------
    >>> page = explorable_html("clusters")
    >>> page[:15], "<link" in page
    ('<!DOCTYPE html>', False)
    """
    parts = _find(name)
    style = _read(STYLE).replace("</style", "<\\/style")
    scripts = [_script(_read(file)) for file in (BASE_SCRIPT, *parts.scripts)]
    title = html.escape(parts.title)
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            '<head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{title}</title>",
            f"<style>\n{style}</style></head>",
            '<body class="xp-alone">',
            f"<main><h1>{title}</h1>",
            f'<div class="explorable" data-explorable="{name}">This needs JavaScript.</div></main>',
            *scripts,
            "</body></html>",
        ]
    )


def show_explorable(name: str, height: int | None = None) -> None:
    """Show an explorable below the cell, in JupyterLab, Colab or VS Code.

    Parameters
    ----------
    name : str
        ``"clusters"`` or ``"groups"``.
    height : int, optional
        Height of the frame in pixels, at least 200; by default one that suits the explorable.  Its
        lower right corner can be dragged.

    Raises
    ------
    KeyError
        If there is no explorable of that name; the message lists the names.
    ValueError
        If `height` is below 200.
    ImportError
        Outside a notebook without IPython, with what to do instead.
    """
    parts = _find(name)
    height = parts.height if height is None else height
    if height < 200:
        raise ValueError(f"height={height} is too little to see anything: take 200 pixels or more.")
    document = explorable_html(name)
    try:
        from IPython.display import HTML, display
    except ImportError as error:
        raise ImportError(
            "show_explorable draws into a notebook and needs IPython: %pip install ipython. "
            "Elsewhere write explorable_html(...) to a file and open it in a browser."
        ) from error
    # Around the frame a div: IPython suspects a mistake in HTML that begins with an iframe.  The
    # sandbox lets the document run its scripts, and nothing else of the notebook is within reach.
    display(
        HTML(
            f'<div><iframe srcdoc="{html.escape(document)}" title="{html.escape(parts.title)}" '
            f'sandbox="allow-scripts" width="100%" height="{height}" '
            'style="border: 0; resize: vertical; max-width: 100%"></iframe></div>'
        )
    )
