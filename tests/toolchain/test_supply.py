"""What the course stands on: every licence is known and free, and a release says what is in it."""

from __future__ import annotations

import importlib.util
import json
import re
import sys
import zipfile
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
import yaml

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
WORKFLOWS = ROOT / ".github" / "workflows"


def load_tool():
    """Import `tools/supply.py`, which is no package."""
    spec = importlib.util.spec_from_file_location("supply", ROOT / "tools" / "supply.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["supply"] = module
    spec.loader.exec_module(module)
    return module


supply = load_tool()
LOCK = supply.LOCK.read_text(encoding="utf-8")


def strangers(lock, installed):
    """Packages that are installed in another version than the lock has."""
    pinned = {(supply.plain(n), v) for n, v in re.findall(r"^([\w.-]+)==(\S+)", lock, re.M)}
    names = {name for name, _ in pinned}
    return sorted(f"{name} {v}" for name, v in installed - pinned if name in names)


INSTALLED = {(supply.plain(d.metadata["Name"]), d.version) for d in metadata.distributions()}
OTHER = strangers(LOCK, INSTALLED)
on_the_lock = pytest.mark.skipif(
    bool(OTHER), reason=f"the packages are not those of the lock: {OTHER[:3]}"
)


def head(name="x", **fields):
    message = Message()
    message["Name"] = name
    for field, value in fields.items():
        for text in value if isinstance(value, list) else [value]:
            message[field.replace("_", "-")] = text
    return message


def test_another_version_than_the_locks_is_a_stranger():
    installed = {("scikit-learn", "1.7"), ("pandas", "3.0"), ("my-own-tool", "1.0")}
    assert strangers("Scikit_learn==1.6\npandas==3.0\n", installed) == ["scikit-learn 1.7"]


@on_the_lock
def test_every_licence_is_known_and_free():
    assert list(supply.complaints(supply.licences(supply.locked(LOCK)))) == []


@on_the_lock
def test_the_page_lists_the_lock():
    told = supply.PAGE.read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([\w-]+) \| ([^|]+) \|", told, re.MULTILINE))
    rows.pop("Package")
    assert sorted(rows) == supply.locked(LOCK), "run: python tools/supply.py"
    pinned = {(supply.plain(n), v) for n, v in re.findall(r"^([\w.-]+)==(\S+)", LOCK, re.M)}
    installed = {supply.plain(d.metadata["Name"]): d.version for d in metadata.distributions()}
    same = [name for name in rows if (name, installed.get(name)) in pinned]
    assert {name: rows[name] for name in same} == supply.licences(same)


def test_the_table_of_what_was_read_holds_nothing_else():
    assert set(supply.READ) <= set(supply.locked(LOCK)) and set(supply.ALLOWED) <= set(supply.READ)


def test_what_slows_every_start_is_not_in_the_lock():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["uv"]
    left_out = {re.split(r"[ ;]", text)[0] for text in told["override-dependencies"]}
    assert left_out == {"rfc3987-syntax"} and not left_out & set(supply.locked(LOCK))


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ({"License_Expression": "MIT OR GPL-3.0-only"}, "MIT OR GPL-3.0-only"),
        ({"Classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        (
            {
                "Classifier": [
                    "License :: OSI Approved :: BSD License",
                    "License :: OSI Approved :: Apache Software License",
                ]
            },
            "Apache-2.0 AND BSD-3-Clause",
        ),
        ({"License": "Apache License 2.0\nand all its text"}, "Apache-2.0"),
        ({"Classifier": ["License :: OSI Approved :: GNU General Public License (GPL)"]}, ""),
        ({"License": "see the file"}, ""),
        ({}, ""),
    ],
)
def test_licences_are_read(fields, licence):
    assert supply.licence_of(head(**fields)) == licence


@pytest.mark.parametrize(
    ("licence", "free"),
    [
        ("MIT", True),
        ("MIT AND Zlib", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("LicenseRef-Proprietary", False),
        ("", False),
    ],
)
def test_what_is_free_is_told_from_what_is_not(licence, free):
    assert supply.is_free(licence) is free


@pytest.mark.parametrize(
    ("found", "said"),
    [({"x": ""}, "read it"), ({"x": "GPL-3.0-only"}, "not free"), ({"y": "EULA"}, "not free")],
)
def test_an_unknown_or_unfree_licence_is_named(found, said):
    (sentence,) = supply.complaints(found)
    assert said in sentence and sentence.startswith(next(iter(found)))


# The bill of materials ------------------------------------------------------------------------


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "A_b-1.2-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("a_b/__init__.py", "")
        text = "Metadata-Version: 2.4\nName: A_b\nVersion: 1.2\nLicense-Expression: MIT\n"
        packed.writestr("A_b-1.2.dist-info/METADATA", text)
        packed.writestr("a_b/vendored/C-1.dist-info/METADATA", "Name: C\nVersion: 1\n")
    return path


def test_a_wheel_says_what_it_is(wheel):
    assert supply.part_of(wheel, "f" * 64) == ("a-b", "1.2", "MIT", "f" * 64)


def test_the_bill_names_each_part_with_its_licence_and_hash(wheel):
    parts = [supply.part_of(wheel, "f" * 64), supply.Part("d", "3", "", "0" * 64)]
    text = supply.bill("the bundle", "1.0", parts)
    made = json.loads(text)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    assert made["metadata"]["component"]["name"] == "the bundle"
    first, second = made["components"]
    assert first["purl"] == "pkg:pypi/a-b@1.2" and first["licenses"] == [{"license": {"id": "MIT"}}]
    assert first["hashes"] == [{"alg": "SHA-256", "content": "f" * 64}]
    assert "licenses" not in second
    assert text == supply.bill("the bundle", "1.0", reversed(parts))
    assert text != supply.bill("the bundle", "1.1", parts)


# The weekly question, and secrets -------------------------------------------------------------


def unasked(text):
    """What a workflow leaves out that should ask once a week for known holes in the lock."""
    found = yaml.safe_load(text)
    # YAML 1.1 takes the word "on" for a truth.
    times = [every["cron"].split() for every in (found[True] or {}).get("schedule", [])]
    steps = [step for job in found["jobs"].values() for step in job["steps"]]
    asking = [step for step in steps if "pip-audit" in step.get("run", "")]
    faults = {
        "it does not run every week": not any(
            time[2:4] == ["*", "*"] and re.fullmatch(r"[0-7]|\*", time[4]) for time in times
        ),
        "nothing asks": not asking,
        "the lock is not what it asks about": asking
        and not any(re.search(r" -r requirements\.lock\.txt\b", step["run"]) for step in asking),
        "an answer stops nothing": any(
            step.get("continue-on-error") or "|| true" in step["run"] for step in asking
        ),
    }
    return [fault for fault, so in faults.items() if so]


WEEKLY = (WORKFLOWS / "weekly.yml").read_text(encoding="utf-8")


def test_known_holes_are_asked_for_every_week():
    assert unasked(WEEKLY) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("17 4 * * 1", "17 4 1 * *", "it does not run every week"),
        ("17 4 * * 1", "17 4 1 * 1", "it does not run every week"),
        ("  schedule:", "  push:\n  never:", "it does not run every week"),
        ("pip-audit", "pip-list", "nothing asks"),
        ("-r requirements.lock.txt", "-r pyproject.toml", "the lock is not what it asks about"),
        (" -r requirements.lock.txt", "", "the lock is not what it asks about"),
        ("-r requirements.lock.txt", "-r requirements.lock.txt || true", "an answer stops nothing"),
        ("- run: pipx", "- continue-on-error: true\n        run: pipx", "an answer stops nothing"),
    ],
)
def test_a_question_that_is_not_asked_is_named(old, new, said):
    assert old in WEEKLY and unasked(WEEKLY.replace(old, new)) == [said]


SECRETS = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{36}|hf_[A-Za-z0-9]{30,}|sk-[A-Za-z0-9_-]{30,}"
    r"|xox[abpr]-[\w-]{10,}|AIza[\w-]{35}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|(?i:password|passwd|api[_-]?key|access[_-]?token)\s*[:=]\s*\\?[\"'][^\"'\s{}<>.]{8,}\\?[\"']"
)


def secrets_in(text):
    return [found.group() for found in SECRETS.finditer(text)]


# Letters that stand for numbers: among so many, some look like a key.
NOT_WORDS = ("mathjax", "groups-model.js")


@pytest.mark.parametrize("folder", ["notebooks", "recsys_tutorial", "book", "tools", "data"])
def test_there_are_no_secrets(folder):
    found = {}
    for path in (ROOT / folder).rglob("*"):
        if not set(NOT_WORDS) & set(path.parts) and path.suffix in (
            ".ipynb",
            ".py",
            ".md",
            ".yml",
            ".json",
            ".csv",
            ".toml",
            ".txt",
            ".js",
        ):
            if hits := secrets_in(path.read_text(encoding="utf-8")):
                found[path.name] = hits
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "key = 'AKIA" + "ABCDEFGHIJKLMNOP'",
        "git clone https://gh" + "p_" + "a" * 36 + "@github.com",
        '"    api_key = \\"' + "0123456789abcdef" + '\\"\\n"',
        "PASSWORD: 'correct-horse'",
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "HfApi(token='hf" + "_" + "a" * 30 + "')",
        "sk" + "-" + "a1" * 15,
        "xoxb" + "-0123456789-abc",
        "AIza" + "b" * 35,
        "access-token = '0123" + "456789'",
    ],
)
def test_a_secret_is_seen(text):
    assert secrets_in(text)


@pytest.mark.parametrize(
    "text",
    ["password = getpass()", "api_key = '{your key}'", "task-" + "based " * 9, "api_key: str"],
)
def test_talk_of_secrets_is_none(text):
    assert secrets_in(text) == []
