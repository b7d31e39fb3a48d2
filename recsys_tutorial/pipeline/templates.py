"""The templates of report and model card, with what users type made harmless.

Used by `reporting` and `card`; taught in chapter 17.
"""

from __future__ import annotations

import re

from jinja2 import Environment, PackageLoader, select_autoescape


def environment(*, for_markdown: bool = False) -> Environment:
    r"""Open the folder of templates.

    Parameters
    ----------
    for_markdown : bool
        Whether the page is Markdown, where a title must not begin a table, a link or a tag; in HTML
        everything is escaped.

    Returns
    -------
    Environment
        With the filter ``plain`` for Markdown.

    Examples
    --------
    >>> environment(for_markdown=True).filters["plain"]("a|b <c>")
    'a\\|b &lt;c>'
    """
    pages = Environment(
        loader=PackageLoader("recsys_tutorial"),
        finalize=_without_direction,
        autoescape=False if for_markdown else select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.filters["plain"] = _plain
    return pages


def _without_direction(value: object) -> object:
    """Take out the marks that turn the direction of the text that follows, ours included."""
    return re.sub("[\u202a-\u202e\u2066-\u2069]", "", value) if type(value) is str else value


def _plain(text: object) -> str:
    one_line = re.sub(r"\s+", " ", str(text)).strip()
    # What stands for a sign would be read as the sign.
    one_line = re.sub(r"&(?=#?\w+;)", "&amp;", one_line).replace("<", "&lt;")
    escaped = re.sub(r"([|`*_\[\]\\~$])", r"\\\1", one_line)
    # GitHub makes links of addresses, and a line's first sign may make it a heading or a list.
    escaped = re.sub(r"(?i)(:(?=//)|(?<=\bwww)\.)", r"\\\1", escaped).replace("@", "&#64;")
    return re.sub(r"^(\d*)([#>+=.)-])", r"\1\\\2", escaped)
