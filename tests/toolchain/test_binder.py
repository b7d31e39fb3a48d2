"""Binder's environment: the course, at the versions of the lock, on a Python that is supported."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / ".binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Binder's own image brings the notebook's machinery, in versions that fit each other.
OF_BINDER = {"ipykernel", "ipython"}
# Published beside the other, with the same version numbers.
FOR_PROCESSORS = {"tensorflow": "tensorflow-cpu"}


def locked(text, python):
    """Versions that a lock installs under a Python on Linux, where Binder runs."""
    where = {"python_version": python, "python_full_version": f"{python}.9", "extra": ""}
    where |= {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"}
    pins = map(Requirement, re.findall(r"^([A-Za-z0-9].*?)\s*\\?$", text, re.MULTILINE))
    return {
        canonicalize_name(pin.name): next(iter(pin.specifier)).version
        for pin in pins
        if pin.marker is None or pin.marker.evaluate(where)
    }


def wanted(project, versions):
    """Lines of Binder's requirements: the course, then each package that its chapters name."""
    extras = project["optional-dependencies"]
    asked = [*project["dependencies"], *extras["notebooks"], *extras["deep"]]
    names = sorted({canonicalize_name(Requirement(line).name) for line in asked} - OF_BINDER)
    pins = [f"{FOR_PROCESSORS.get(name, name)}=={versions[name]}" for name in names]
    return [".[notebooks]", *pins]


def complaints(text, lines):
    """What stands in Binder's file and should not, and what does not stand there."""
    have = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [f"remove {line}" for line in have if line not in lines] + [
        f"add {line}" for line in lines if line not in have
    ]


def python_of_binder():
    """Minor version of Binder's Python."""
    return (BINDER / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")


def test_python_is_a_supported_one():
    assert re.fullmatch(r"3\.\d+", python_of_binder())
    assert python_of_binder() in SpecifierSet(PROJECT["requires-python"])


def test_versions_are_those_of_the_lock():
    lock = (ROOT / "requirements.lock.txt").read_text(encoding="utf-8")
    lines = wanted(PROJECT, locked(lock, python_of_binder()))
    text = (BINDER / "requirements.txt").read_text(encoding="utf-8")
    found = complaints(text, lines)
    assert not found, "\n".join([*found, "", ".binder/requirements.txt should list:", *lines])


def test_there_is_one_place_for_binder():
    """With two, Binder takes one and never looks at the other."""
    assert not (ROOT / "binder").exists()
    names = {path.name for path in BINDER.iterdir()}
    assert names == {"runtime.txt", "requirements.txt"}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("# head\n.[notebooks]\nnumpy==1.0\ntensorflow-cpu==2.21\n", "remove numpy==1.0"),
        ("numpy==2.5\ntensorflow-cpu==2.21\n", "add .[notebooks]"),
        (".[notebooks]\nnumpy==2.5\n", "add tensorflow-cpu==2.21"),
        (".[notebooks]\nnumpy==2.5\ntensorflow-cpu==2.21\ntorch==2\n", "remove torch==2"),
    ],
)
def test_the_check_sees_a_list_that_is_out_of_step(text, word):
    extras = {"notebooks": ["ipython>=7"], "deep": ["tensorflow>=2.20"]}
    project = {"dependencies": ["NumPy>=2.1"], "optional-dependencies": extras}
    lock = "numpy==2.4 ; python_version < '3.12' \\\nnumpy==2.5 ; python_version >= '3.12' \\\n"
    lock += "    --hash=sha256:00\ntensorflow==2.21 ; sys_platform == 'linux' \\\n"
    assert word in complaints(text, wanted(project, locked(lock, "3.12")))
