"""Is this computer ready for the course?  Each problem is named together with its mend.

Used by ``recsys-tutorial doctor`` and on the set-up page.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata, requires, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from recsys_tutorial.datasets import DataError, load_movielens

PACKAGE = "recsys-tutorial"
# What a reader misses without the extra, in her words.
EXTRAS = {
    "notebooks": "quizzes in notebooks",
    "deep": "chapters 7, 8, 9 and A1",
    "spark": "chapter 16",
}
NEEDED_GB = 1.0


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    ok : bool
        Whether it is as it should be.
    what : str
        What was found.
    mend : str
        What to do about it; empty if nothing.
    optional : bool
        Whether the course works without it, in part.
    """

    ok: bool
    what: str
    mend: str = ""
    optional: bool = False

    def __str__(self) -> str:
        """Return one or two lines for a terminal."""
        mark = "ok     " if self.ok else "missing" if self.optional else "PROBLEM"
        return f"{mark}  {self.what}" + (f"\n         Mend: {self.mend}" if self.mend else "")


def examine() -> list[Finding]:
    """Look at Python, the packages, the notebook's program, the data, and the disk.

    Returns
    -------
    list of Finding
        In the order in which problems should be mended.
    """
    looks: list[Callable[[], list[Finding]]] = [_python, _packages, _lab, _data, _disk]
    return [finding for look in looks for finding in look()]


def _python() -> list[Finding]:
    running = ".".join(map(str, sys.version_info[:3]))
    wanted = _wanted_python()
    ok = wanted.contains(running, prereleases=True)
    mend = "" if ok else f"Install a Python that is {wanted} and run course.py with it."
    return [Finding(ok, f"Python {running}", mend)]


def _wanted_python() -> SpecifierSet:
    try:
        return SpecifierSet(metadata(PACKAGE)["Requires-Python"] or "")
    except PackageNotFoundError:
        return SpecifierSet("")


def _packages() -> list[Finding]:
    try:
        wanted = [Requirement(text) for text in requires(PACKAGE) or []]
    except PackageNotFoundError:
        mend = "Run: python course.py setup"
        return [Finding(False, f"{PACKAGE} is not installed in this Python", mend)]
    findings = []
    for extra in ("", *EXTRAS):
        needed = [r for r in wanted if _belongs(r, extra)]
        findings += [_package(requirement, extra) for requirement in needed]
    return findings


def _belongs(requirement: Requirement, extra: str) -> bool:
    """Whether a requirement belongs to an extra ('' for the base) on this system."""
    marker = requirement.marker
    if marker is None:
        return extra == ""
    return marker.evaluate({"extra": extra}) and (extra == "" or not marker.evaluate({"extra": ""}))


def _this_python() -> str:
    """Write this Python as it can be typed here; another one would install for itself."""
    program = Path(sys.executable)
    if program.is_relative_to(Path.cwd()):
        program = program.relative_to(Path.cwd())
    if " " not in str(program):
        return str(program)
    # PowerShell takes what begins with a quotation mark for a text, not for a command.
    return f'& "{program}"' if os.name == "nt" else f'"{program}"'


def _package(requirement: Requirement, extra: str) -> Finding:
    name, optional = requirement.name, bool(extra)
    target = f'"{PACKAGE}[{extra}]"' if extra else f'"{name}{requirement.specifier}"'
    mend = f"Run: {_this_python()} -m pip install {target}"
    purpose = f" (for {EXTRAS[extra]})" if extra else ""
    try:
        installed = version(name)
    except PackageNotFoundError:
        return Finding(False, f"{name} is not installed{purpose}", mend, optional)
    ok = requirement.specifier.contains(installed, prereleases=True)
    what = f"{name} {installed}{purpose}"
    if ok:
        return Finding(True, what, optional=optional)
    return Finding(False, f"{what}, needs {requirement.specifier}", mend, optional)


def _lab() -> list[Finding]:
    """Notebooks may run elsewhere (Colab, an editor), so JupyterLab is no requirement."""
    try:
        return [Finding(True, f"jupyterlab {version('jupyterlab')}", optional=True)]
    except PackageNotFoundError:
        mend = (
            f"Run: {_this_python()} -m pip install jupyterlab "
            "(not needed on Colab or in an editor that opens notebooks)"
        )
        what = "jupyterlab is not installed in this Python (opens the notebooks)"
        return [Finding(False, what, mend, optional=True)]


def _data() -> list[Finding]:
    try:
        n_events = load_movielens().n_events
    except (DataError, OSError) as error:
        return [Finding(False, "the shipped data cannot be read", str(error))]
    return [Finding(True, f"shipped data: {n_events:,} ratings")]


def _disk() -> list[Finding]:
    free = shutil.disk_usage(Path.cwd()).free / 1e9
    room = Finding(
        free >= NEEDED_GB,
        f"{free:.1f} GB free here",
        "" if free >= NEEDED_GB else f"Free {NEEDED_GB:.0f} GB, or work on another disk.",
    )
    try:
        with tempfile.TemporaryFile(dir=Path.cwd()):
            return [room, Finding(True, "this folder can be written to")]
    except OSError:
        mend = "Change to a folder of your own before you write a report."
        return [room, Finding(False, "this folder cannot be written to", mend)]
