"""Pack a finished website into zips: for a memory stick, and for a classroom without internet.

python tools/release.py [--python 3.12]... [--platform linux]... [--all] [--site-only] [--tag v1.0]

`python course.py release` calls it with the Python of .venv. It makes, in _build/release,

  user-interest-clustering-VERSION-site.zip                    site, notebooks and data
  user-interest-clustering-VERSION-classroom-SYSTEM-pyXY.zip   the same, with every wheel that they
                                                               need and tools/classroom.py

Only the wheels come from the network, at the versions and with the hashes of the lock.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from email.parser import HeaderParser
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent))
from maintain import LOCK, repository_files  # noqa: E402
from supply import bill, part_of  # noqa: E402
from whole import write_text  # noqa: E402

ROOT = Path(__file__).resolve().parent.parent
SITE, OUT, KEPT = "_build/html", "_build/release", "_build/wheels"
COURSE = "user-interest-clustering"
EXTRAS = ("", "deep", "notebooks")
ALSO = ("jupyterlab",)
PYTHONS = ("3.10", "3.11", "3.12", "3.13")
# What the site is made from; course_offline.py leaves the time of the build in .built.
SOURCES = ("book", "notebooks", "recsys_tutorial", "data", LOCK)
BUILT = ".built"
ZIP_TIME = (2020, 1, 1, 0, 0, 0)


class System(NamedTuple):
    """A kind of computer: how Python names it, and which wheels it takes."""

    os_name: str
    sys_platform: str
    platform_system: str
    machine: str
    tags: tuple[str, ...]


def manylinux(machine: str) -> tuple[str, ...]:
    """List the tags of Linux from 2018 on; pip does not infer the older ones from the newest."""
    named = ("manylinux2014", "manylinux2010", "manylinux1")
    since = [f"manylinux_2_{glibc}_{machine}" for glibc in range(28, 4, -1)]
    return (*since, *(f"{name}_{machine}" for name in named))


SYSTEMS = {
    "linux": System("posix", "linux", "Linux", "x86_64", manylinux("x86_64")),
    "linux-arm": System("posix", "linux", "Linux", "aarch64", manylinux("aarch64")),
    "macos": System("posix", "darwin", "Darwin", "arm64", ("macosx_14_0_arm64",)),
    "windows": System("nt", "win32", "Windows", "AMD64", ("win_amd64",)),
}


def this_system() -> str:
    """Name the kind of this computer."""
    here = (sys.platform, platform.machine())
    names = [name for name, kind in SYSTEMS.items() if (kind.sys_platform, kind.machine) == here]
    return names[0] if names else "linux"


START = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Refresh" content="0; url=site/book/intro.html">
<title>User-Interest Clustering for Recommender Systems</title>
<p><a href="site/book/intro.html">Open the course.</a>
If nothing opens, unpack the whole zip first.</p>
</html>
"""
README = """User-Interest Clustering for Recommender Systems

Unpack the whole zip into a folder with a short name and open START-HERE.html: no network is needed.
The folder notebooks holds the chapters to run, data their data; LICENSE and LICENSE-CONTENT say
what you may do with them.
SHA256SUMS names every file with its sum: `sha256sum -c SHA256SUMS` tells whether the copy is whole.
"""
CLASSROOM = """User-Interest Clustering for Recommender Systems, for a classroom without internet
For Python {python} on {system}; on Windows type py -{python} instead of python{python}.

Unpack the whole zip into a folder with a short name and type there
`python{python} classroom.py install`, then `python{python} classroom.py lab`.
The teacher types `python{python} classroom.py serve --lan`: everybody in the room then reads the
course at the address that appears, and can install it from there.
`python{python} classroom.py check` names files that were damaged on the way; START-HERE.html opens
the course without installing anything.
"""


# The site -------------------------------------------------------------------------------------


def check_site(root: Path) -> Path:
    """Give the built site; stop if it is missing, unfinished, or older than what it shows."""
    site, build = root / SITE, "type: python course.py book"
    if not (site / "index.html").is_file():
        raise SystemExit(f"there is no website in {SITE} yet; {build}")
    if not (site / BUILT).is_file():
        raise SystemExit(f"the website in {SITE} was not finished without warnings; {build}")
    built = (site / BUILT).stat().st_mtime
    for path in repository_files(root):
        name = path.relative_to(root)
        made = "__pycache__" in name.parts or any(part.startswith(".") for part in name.parts)
        if name.parts[0] in SOURCES and not made and path.stat().st_mtime > built:
            raise SystemExit(f"{name.as_posix()} is newer than the website in {SITE}; {build}")
    return site


def version(root: Path) -> str:
    """Read the course's version where it is declared."""
    project = (root / "pyproject.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "(.+)"$', project, re.MULTILINE)[1]


Files = dict[str, "Path | bytes"]  # name inside the zip: a file, or what is in it


def site_files(root: Path, site: Path) -> Files:
    """Collect what every zip holds: the site, the notebooks, what they link to, the data."""
    files: Files = {"START-HERE.html": START.encode(), "README.txt": README.encode()}
    for path in sorted(site.rglob("*")):
        name = path.relative_to(site)
        if path.is_file() and not any(part.startswith(".") for part in name.parts):
            if name.parts[0] != "reports":  # of notebooks that failed in an earlier build
                files[f"site/{name.as_posix()}"] = path
    for path in repository_files(root):
        name = path.relative_to(root)
        wanted = {
            "notebooks": name.suffix == ".ipynb" and ".ipynb_checkpoints" not in name.parts,
            "book": name.suffix == ".md" or name.name == "colab-badge.svg",
            "data": name.suffix != ".pyc" and name.suffix != ".py",
        }.get(name.parts[0], name.name in ("LICENSE", "LICENSE-CONTENT"))
        if wanted:
            files[name.as_posix()] = path
    return files


# The wheels -----------------------------------------------------------------------------------


class Pin(NamedTuple):
    """One entry of the lock."""

    name: str
    version: str
    marker: str
    hashes: tuple[str, ...]
    needed_by: tuple[str, ...]


def read_lock(text: str) -> Iterator[Pin]:
    """Give the entries of requirements.lock.txt; the comments `via` say what needs a package."""
    for entry in re.split(r"\n(?=[a-zA-Z0-9])", text):
        head = re.match(r"([\w.-]+)==(\S+)(?: ; (.+?))?(?: \\)?\n", entry + "\n")
        if head:
            hashes = tuple(re.findall(r"--hash=(sha256:\w+)", entry))
            parents = re.findall(r"^ +# (?: via|via |  )? *([\w.-]+)", entry, re.MULTILINE)
            marked = tuple(name for name in parents if name != "via")
            yield Pin(head[1], head[2], head[3] or "", hashes, marked)


def markers(system: System, python: str) -> dict[str, str]:
    """Say what the markers of a requirement are compared with on another computer."""
    return {
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "os_name": system.os_name,
        "platform_machine": system.machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system.platform_system,
        "platform_version": "",
        "python_full_version": f"{python}.0",
        "python_version": python,
        "sys_platform": system.sys_platform,
    }


def roots_of(wheel: Path) -> set[str]:
    """List what the course's wheel asks for itself, with the extras of the notebooks."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    with zipfile.ZipFile(wheel) as packed:
        (name,) = [n for n in packed.namelist() if n.endswith(".dist-info/METADATA")]
        head = HeaderParser().parsestr(packed.read(name).decode("utf-8"))
    asked = [Requirement(text) for text in head.get_all("Requires-Dist") or []]
    taken = [
        need.name
        for need in asked
        if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in EXTRAS)
    ]
    return {canonicalize_name(name) for name in taken}


def needed(pins: Iterable[Pin], roots: set[str], environment: dict[str, str]) -> list[Pin]:
    """Choose from the lock what the roots need, directly or not, on one kind of computer."""
    from packaging.markers import Marker

    here = [pin for pin in pins if not pin.marker or Marker(pin.marker).evaluate(environment)]
    lacking = roots - {pin.name for pin in here}
    if lacking:
        raise SystemExit(f"{LOCK} lacks {', '.join(sorted(lacking))}: python course.py lock")
    chosen, before = set(roots), set()
    while chosen != before:
        before = set(chosen)
        chosen |= {pin.name for pin in here if chosen & set(pin.needed_by)}
    return [pin for pin in here if pin.name in chosen]


def run(what: str, *command: str | Path) -> None:
    """Run a program in the repository; if it fails, show what it said and stop."""
    # One time for all, so that the same sources give the same wheel.
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1577836800", "PYTHONUTF8": "1"}
    pipe = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    done = subprocess.run([str(part) for part in command], cwd=ROOT, env=env, **pipe)
    if done.returncode:
        print(done.stdout.decode("utf-8", "replace"), file=sys.stderr)
        raise SystemExit(f"{what} failed, the reason is above; the same command goes on from here")


def own_wheel(folder: Path) -> Path:
    """Build the course's own wheel."""
    build = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder)
    run("building the course's wheel", *build)
    (wheel,) = folder.glob("*.whl")
    return wheel


def download(pins: list[Pin], system: System, python: str, folder: Path) -> None:
    """Fetch the wheels that the lock names, and no others; what is there already is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    hashes = {(pin.name, pin.version): pin.hashes for pin in pins}
    for wheel in folder.glob("*.whl"):
        if f"sha256:{digest(wheel)}" not in hashes.get(wheel_key(wheel), ()):
            wheel.unlink()  # of an older lock, or damaged
    have = {wheel_key(wheel) for wheel in folder.glob("*.whl")}
    lines = [
        " ".join([f"{pin.name}=={pin.version}", *(f"--hash={total}" for total in pin.hashes)])
        for pin in pins
        if (pin.name, pin.version) not in have
    ]
    if not lines:
        return
    wanted = folder / "wanted.txt"
    wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
    short = python.replace(".", "")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--only-binary=:all:", "--dest", str(folder)]
    command += ["--python-version", python, "--implementation", "cp"]
    command += [part for abi in (f"cp{short}", "abi3", "none") for part in ("--abi", abi)]
    command += [part for tag in system.tags for part in ("--platform", tag)]
    run("downloading the wheels", *command, "--requirement", str(wanted))
    lacking = set(hashes) - {wheel_key(wheel) for wheel in folder.glob("*.whl")}
    if lacking:
        raise SystemExit(f"not downloaded: {', '.join(sorted(name for name, _ in lacking))}")


def wheel_key(wheel: Path) -> tuple[str, str]:
    """Give project and version of a wheel as the lock writes them."""
    from packaging.utils import parse_wheel_filename

    name, number, *_ = parse_wheel_filename(wheel.name)
    return str(name), str(number)


# The zips -------------------------------------------------------------------------------------


def digest(content: Path | bytes) -> str:
    """Give the SHA-256 of a file or of bytes."""
    if isinstance(content, bytes):
        return hashlib.sha256(content).hexdigest()
    found = hashlib.sha256()
    with content.open("rb") as file:
        while block := file.read(1 << 20):
            found.update(block)
    return found.hexdigest()


def with_sums(files: Files) -> Files:
    """Add SHA256SUMS, which names every other file with its sum."""
    lines = [f"{digest(files[name])}  {name}\n" for name in sorted(files)]
    return {**files, "SHA256SUMS": "".join(lines).encode("utf-8")}


def write_zip(target: Path, files: Files) -> None:
    """Write a zip whole or not at all; the same files always give the same bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(target.name + ".part")
    try:
        with zipfile.ZipFile(unfinished, "w") as packed:
            for name in sorted(files):
                entry = zipfile.ZipInfo(name, ZIP_TIME)
                entry.create_system, entry.external_attr = 3, 0o100644 << 16
                # A wheel is a zip already, and so is, in effect, a picture.
                small = name.endswith((".whl", ".png", ".gz"))
                entry.compress_type = zipfile.ZIP_STORED if small else zipfile.ZIP_DEFLATED
                content = files[name]
                size = len(content) if isinstance(content, bytes) else content.stat().st_size
                with packed.open(entry, "w", force_zip64=size > 2**31) as inside:
                    if isinstance(content, bytes):
                        inside.write(content)
                    else:
                        with content.open("rb") as file:
                            shutil.copyfileobj(file, inside, 1 << 20)
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def classroom_files(files: Files, wheels: list[Path], name: str, system: System, python: str):
    """Add to the files of the site what a classroom needs."""
    unpacked, lines, parts = 0, [], []
    for wheel in sorted(wheels, key=lambda path: path.name):  # their folders differ
        with zipfile.ZipFile(wheel) as packed:
            unpacked += sum(entry.file_size for entry in packed.infolist())
        project, number = wheel_key(wheel)
        lines.append(f"{project}=={number} --hash=sha256:{digest(wheel)}\n")
        parts.append(part_of(wheel, digest(wheel)))
    bundle = {
        "python": python,
        "system": name,
        "sys_platform": system.sys_platform,
        "machine": system.machine,
        "unpacked": unpacked,
    }
    return {
        **files,
        **{f"wheels/{wheel.name}": wheel for wheel in wheels},
        "wheels/requirements.txt": "".join(lines).encode(),
        "bill.cdx.json": bill(
            f"{COURSE} for {name}, Python {python}", version(ROOT), parts
        ).encode(),
        "bundle.json": (json.dumps(bundle, indent=1) + "\n").encode(),
        "classroom.py": ROOT / "tools" / "classroom.py",
        "README.txt": CLASSROOM.format(python=python, system=name).encode(),
    }


def said(path: Path, start: float) -> None:
    """Say what was made, how large it is and how long it took."""
    size = path.stat().st_size / 1e6
    print(f"{path.name}: {size:,.1f} MB, {time.time() - start:.0f} s", flush=True)


def main(argv: list[str]) -> int:
    """Read the command line and make the zips; return the exit code."""
    parser = argparse.ArgumentParser(prog="python course.py release", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--python", action="append", choices=PYTHONS)
    parser.add_argument("--platform", action="append", choices=sorted(SYSTEMS))
    parser.add_argument("--all", action="store_true", help="every system and Python: some 8 GB")
    parser.add_argument("--site-only", action="store_true", help="no classroom, hence no network")
    parser.add_argument("--tag", help="stop unless this is v and the version (a release)")
    asked = parser.parse_args(argv)
    number = version(ROOT)
    if asked.tag and asked.tag != f"v{number}":
        raise SystemExit(f"the tag {asked.tag} is not v{number}, the version in pyproject.toml")
    start, stem = time.time(), ROOT / OUT / f"{COURSE}-{number}"
    files = site_files(ROOT, check_site(ROOT))
    made = [stem.with_name(f"{stem.name}-site.zip")]
    write_zip(made[0], with_sums(files))
    said(made[0], start)
    running = "{}.{}".format(*sys.version_info[:2])
    pythons = PYTHONS if asked.all else asked.python or [running]
    systems = list(SYSTEMS) if asked.all else asked.platform or [this_system()]
    with tempfile.TemporaryDirectory() as folder:
        wheel = None if asked.site_only else own_wheel(Path(folder))
        for name, python in [(s, p) for s in systems for p in pythons] if wheel else []:
            start, system = time.time(), SYSTEMS[name]
            pins = needed(
                read_lock((ROOT / LOCK).read_text(encoding="utf-8")),
                roots_of(wheel) | set(ALSO),
                markers(system, python),
            )
            kind = f"{name}-py{python.replace('.', '')}"
            print(f"fetching {len(pins)} wheels for Python {python} on {name} ...", flush=True)
            download(pins, system, python, ROOT / KEPT / kind)
            wheels = [wheel, *(ROOT / KEPT / kind).glob("*.whl")]
            made.append(stem.with_name(f"{stem.name}-classroom-{kind}.zip"))
            write_zip(made[-1], with_sums(classroom_files(files, wheels, name, system, python)))
            said(made[-1], start)
    # What earlier runs made stays in the list, as it stays in the folder.
    zips = sorted((ROOT / OUT).glob("*.zip"))
    sums = "".join(f"{digest(path)}  {path.name}\n" for path in zips)
    write_text(ROOT / OUT / "SHA256SUMS", sums)
    print(ROOT / OUT)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
