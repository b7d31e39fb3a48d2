"""Files that are old or new, never half: a benchmark that is killed has lost one job at most.

Used by chapter 18's benchmark.
"""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is either the old one or the new one, never half of it.

    Parameters
    ----------
    path : Path
        The file; its folder is made.
    content : str or bytes
        What it holds.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "new" / "x.txt"
    >>> write_whole(path, "all of it")
    >>> path.read_text()
    'all of it'
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(path.name + ".part")
    aside.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    os.replace(aside, path)
