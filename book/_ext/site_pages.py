"""Change the pages of a finished site; what several of the site's extensions do in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sphinx.application import Sphinx


def change_pages(
    app: Sphinx, exception: Exception | None, folder: str, change: Callable[[str], str]
) -> None:
    """Rewrite each page below a folder as `change` says, unless the build failed or is no site."""
    if exception is not None or app.builder.name != "html":
        return
    for path in Path(app.outdir, folder).rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        changed = change(text)
        if changed != text:
            path.write_text(changed, encoding="utf-8")
