"""Replace a file or a folder whole: a kill leaves the old one or the new one, never half.

A file is written beside its place and renamed.  No system that we serve can exchange two folders
at once, so a kill may leave a moment without the folder; `settle`, which everything that writes or
reads such a folder calls first, ends what was begun:

    NAME.part   under way; thrown away
    NAME.new    the new folder, whole; it takes the place of the old one
    NAME.old    the one before, until it is deleted; it comes back if the two others are missing

Standard library only, and no syntax newer than Python 3.7: `course.py serve` needs no .venv.
"""

import contextlib
import os
import shutil
import time


def move(source, target, seconds=5.0):
    """Rename a folder; Windows refuses while a file in it is open, a moment in most cases."""
    end = time.time() + seconds
    while True:
        try:
            return os.replace(str(source), str(target))
        except PermissionError:
            if time.time() >= end:
                raise
            time.sleep(0.1)


def beside(folder):
    """Name the folders of a copy under way, of a whole copy and of the one before."""
    return [folder.with_name(folder.name + end) for end in (".part", ".new", ".old")]


def settle(folder):
    """Put a whole new folder in the place of the old one, and remove what a kill left."""
    part, new, old = beside(folder)
    if new.is_dir() and folder.is_dir():
        if old.is_dir():
            shutil.rmtree(str(old))
        move(folder, old)
    if not folder.is_dir():
        try:
            if new.is_dir():
                move(new, folder)
        finally:
            if old.is_dir() and not folder.is_dir():
                move(old, folder)
    for left in (part, old):
        shutil.rmtree(str(left), ignore_errors=True)


@contextlib.contextmanager
def renewed(folder):
    """Give a path where the new folder is to be made; afterwards it is in the place of the old."""
    settle(folder)
    part, new, _ = beside(folder)
    part.parent.mkdir(parents=True, exist_ok=True)
    yield part
    move(part, new)
    settle(folder)


def write_text(path, text):
    """Write a file whole or not at all, with the line ends that the text has."""
    part = path.with_name(path.name + ".part")
    with open(str(part), "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    move(part, path)
