"""A class's notebooks, as a teacher has them: a folder of files, of folders, or of zips.

Everything is read once, before any notebook runs, and only its code is kept; nothing is unpacked
to the disk.
What cannot be read is kept with the reason: a learner who handed something in has a row.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from recsys_tutorial.datasets import DataError
from recsys_tutorial.grading.slicing import MOST_LETTERS, read_cells

LARGEST_FILE = 30 * 2**20
LARGEST_ZIP = 500 * 2**20
MOST_FILES = 5000
DEEPEST_ZIP = 2
JUNK = {"__MACOSX", "Thumbs.db", "desktop.ini"}
# How Moodle and Canvas name what they hand out.
MOODLE = re.compile(r"^(?P<name>.+?)_\d+_assignsubmission_\w*$")
CANVAS = re.compile(r"^(?P<name>[^_]+)(?:_LATE)?_\d{2,}_\d{2,}_.+$")


@dataclass(frozen=True)
class Submission:
    """One notebook, or whatever was handed in instead.

    Attributes
    ----------
    learner : str
        From the name of the file, the folder or the zip.
    file : str
        Where it is, below the folder of submissions.
    cells : tuple of str
        Its code cells.
    problem : str
        Why it cannot be marked; empty if it can.
    digest : str
        Fingerprint of the bytes.
    """

    learner: str
    file: str
    cells: tuple[str, ...] = ()
    problem: str = ""
    digest: str = ""


@dataclass(frozen=True)
class _Found:
    """A file: the names on the way to it, and its bytes or what stands in their way."""

    parts: tuple[str, ...]
    content: bytes = b""
    problem: str = ""


def collect(place: str | Path) -> list[Submission]:
    """Read all submissions.

    Parameters
    ----------
    place : str or Path
        A folder, or a zip of a whole class.

    Returns
    -------
    list of Submission
        At least one per learner, sorted by learner and file.

    Raises
    ------
    DataError
        If there is no such place or nothing in it.
    """
    place = Path(place)
    if not place.exists():
        raise DataError(f"There is no folder {place}. Name the folder with the submissions.")
    is_folder = place.is_dir()
    found = _walk(place) if is_folder else _unzip(place.name, place.read_bytes(), 1, [LARGEST_ZIP])
    by_learner: dict[str, dict[tuple[str, ...], list[Submission]]] = {}
    for file in found:
        # A zip stands for the folder.
        parts = file.parts if is_folder else file.parts[1:] or file.parts
        learner = learner_of(parts)
        read = by_learner.setdefault(learner, {}).setdefault(parts, [])
        if file.problem or _is_notebook(parts[-1]):
            read.append(_read(learner, parts, file))
    if not by_learner:
        raise DataError(f"{place} is empty. Name the folder with the submissions.")
    return [
        submission
        for learner in sorted(by_learner, key=str.casefold)
        for submission in _of_learner(learner, by_learner[learner])
    ]


def learner_of(parts: tuple[str, ...]) -> str:
    """Tell who handed a file in.

    Parameters
    ----------
    parts : tuple of str
        The names on the way to the file, from the folder of submissions on.

    Returns
    -------
    str
        The name of the first folder or zip, or of the file; without what platforms add.

    Examples
    --------
    >>> learner_of(("Jane Doe_812_assignsubmission_file", "05_hierarchical.ipynb"))
    'Jane Doe'
    >>> learner_of(("ana.ipynb",)), learner_of(("doejane_LATE_31_4711_chapter5.ipynb",))
    ('ana', 'doejane')
    """
    first = parts[0]
    if len(parts) == 1 or first.lower().endswith(".zip"):
        first = re.sub(r"(\.ipynb|\.zip|\.txt|\.json)+$", "", first, flags=re.IGNORECASE) or first
    for pattern in (MOODLE, CANVAS):
        match = pattern.match(first)
        if match:
            return match["name"]
    return first


def _is_notebook(name: str) -> bool:
    return ".ipynb" in name.lower()


def _of_learner(learner: str, files: dict[tuple[str, ...], list[Submission]]) -> list[Submission]:
    notebooks = [one for parts in sorted(files) for one in files[parts]]
    if not notebooks:
        names = ", ".join(parts[-1] for parts in list(files)[:3])
        where = "/".join(next(iter(files)))
        return [Submission(learner, where, problem=f"no notebook in it ({names})")]
    return notebooks


def _read(learner: str, parts: tuple[str, ...], file: _Found) -> Submission:
    where = "/".join(parts)
    if file.problem:
        return Submission(learner, where, problem=file.problem)
    if not file.content.strip():
        return Submission(learner, where, problem="the file is empty")
    try:
        cells = read_cells(json.loads(file.content.decode("utf-8-sig")))
    except UnicodeDecodeError:
        return Submission(learner, where, problem="not a notebook: not text in UTF-8")
    except json.JSONDecodeError as error:
        problem = f"not a notebook: no JSON (line {error.lineno}: {error.msg})"
        return Submission(learner, where, problem=problem)
    except RecursionError:
        return Submission(learner, where, problem="not a notebook: nested too deeply")
    except (ValueError, AttributeError) as error:
        return Submission(learner, where, problem=f"not a notebook: {error}")
    if sum(map(len, cells)) > MOST_LETTERS:
        problem = f"not marked: more than {MOST_LETTERS:,} letters of code"
        return Submission(learner, where, problem=problem)
    digest = hashlib.sha256(file.content).hexdigest()
    return Submission(learner, where, tuple(cells), digest=digest)


def _is_junk(name: str) -> bool:
    return name.startswith(".") or name in JUNK


def _walk(folder: Path) -> Iterator[_Found]:
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_junk(name))
        links = [name for name in folders if os.path.islink(os.path.join(root, name))]
        inside = Path(root).relative_to(folder).parts
        for name in sorted(name for name in [*names, *links] if not _is_junk(name)):
            path, parts = Path(root) / name, (*inside, name)
            if path.is_symlink():
                yield _Found(parts, problem="a link, which is not followed")
                continue
            if not path.is_file():
                # A pipe could be read for ever.
                yield _Found(parts, problem="not a file")
                continue
            try:
                large = path.stat().st_size > _most(name)
                content = b"" if large or not _most(name) else path.read_bytes()
            except OSError as error:
                yield _Found(parts, problem=f"cannot be read: {error.strerror}")
                continue
            yield from _opened(parts, content, large, 1, [LARGEST_ZIP])


def _most(name: str) -> int:
    """Give the most bytes that are read of a file: none of what is neither notebook nor zip."""
    if name.lower().endswith(".zip"):
        return LARGEST_ZIP
    return LARGEST_FILE if _is_notebook(name) else 0


def _opened(
    parts: tuple[str, ...], content: bytes, large: bool, depth: int, ration: list[int]
) -> Iterator[_Found]:
    if not _most(parts[-1]):
        yield _Found(parts)
    elif large:
        yield _Found(parts, problem="too large to be a notebook")
    elif parts[-1].lower().endswith(".zip"):
        for file in _unzip(parts[-1], content, depth, ration):
            yield _Found((*parts[:-1], *file.parts), file.content, file.problem)
    else:
        yield _Found(parts, content)


def _unzip(name: str, content: bytes, depth: int, ration: list[int]) -> Iterator[_Found]:
    """Open a zip; `ration` holds the bytes that it and all zips in it may still unpack to."""
    if depth > DEEPEST_ZIP:
        yield _Found((name,), problem="a zip in a zip in a zip, which is not opened")
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from _members(name, archive, depth, ration)
    except Exception as error:
        yield _Found((name,), problem=_why(error))


def _why(error: Exception) -> str:
    if isinstance(error, zipfile.BadZipFile | RuntimeError | OSError | EOFError):
        # A RuntimeError is a password.
        return f"a zip that cannot be opened: {error}"
    # Damaged compressed data raises whatever its library raises.
    return f"a damaged zip: {type(error).__name__}"


def _members(
    name: str, archive: zipfile.ZipFile, depth: int, ration: list[int]
) -> Iterator[_Found]:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) > MOST_FILES:
        yield _Found((name,), problem=f"a zip of {len(members):,} files, which is not opened")
        return
    for member in members:
        inside = tuple(p for p in PurePosixPath(member.filename).parts if p not in ("/", ".."))
        if not inside or any(map(_is_junk, inside)):
            continue
        most, content = _most(inside[-1]), b""
        if most:
            try:
                with archive.open(member) as file:
                    # What a zip says about sizes may be a lie; what comes out of it is not.
                    content = file.read(min(most, ration[0]) + 1)
            except Exception as error:  # the others in it may belong to others
                yield _Found((name, *inside), problem=_why(error))
                continue
        ration[0] -= len(content)
        if ration[0] < 0:
            yield _Found((name,), problem="a zip that holds more than a class can have written")
            return
        yield from _opened((name, *inside), content, len(content) > most, depth + 1, ration)
