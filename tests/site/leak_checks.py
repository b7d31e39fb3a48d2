"""What must not reach learners: functions that return complaints.

Kept apart are the key of the class test, with its explanations and misconceptions, and the
teacher's answer book.  Solutions and explained quizzes are a click away on purpose, each on a page
of its own.  `test_teach_tests.py` applies the functions to the sheets, the built site, the zips
and the package, and plants a key in each of them.
"""

from __future__ import annotations

import html
import io
import json
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from bs4 import BeautifulSoup, Comment, Tag

# A key is recognised by so many letters in a row; by chance one in a million begins like ours.
LETTERS_IN_A_ROW = 10
ARCHIVES = (".zip", ".whl")
KEPT_APART = re.compile(
    r"(^|/)(instructors|_build/answers|answers)(/|$)|(^|/)tests\.ya?ml|"
    r"(^|/)(answers|class_test\w*)\.(py|html|j2)$"
)
TELLING = re.compile(r"\b(right|correct|key|solution|answers?|mistakes?|misconceptions?)\b", re.I)
OPTION = re.compile(r"\(([a-d])\)")


def squeezed(text: str) -> str:
    """Keep letters and digits alone, in lower case; entities and JSON's escapes are read first."""
    text = html.unescape(re.sub(r"\\u([0-9a-fA-F]{4})", lambda m: chr(int(m[1], 16)), text))
    return re.sub(r"[\W_]+", "", re.sub(r"\\[nt]", " ", text)).lower()


def without_tags(text: str) -> str:
    """Take out the tags, so that a sentence is found that is cut by one."""
    return re.sub(r"<[^>]*>", " ", text)


# Texts ----------------------------------------------------------------------------------------


def key_pattern(letters: Sequence[str]) -> re.Pattern:
    """Match the beginning of a key in every writing: ``c d b``, ``1 c, 2 d``, ``["c", "d"]``."""
    between = r"[^a-zA-Z<>]{1,8}"
    return re.compile(rf"(?<![a-z]){between.join(letters[:LETTERS_IN_A_ROW])}(?![a-z])", re.I)


def text_leaks(name: str, text: str, secrets: Iterable[str], keys: Sequence[str]) -> list[str]:
    """Find secret sentences, and letters of a key in a row."""
    plain = without_tags(text)
    shown = squeezed(text) + "\n" + squeezed(plain)
    found = [f"{name}: {secret!r}" for secret in secrets if squeezed(secret) in shown]
    for key in keys:
        row = key[:LETTERS_IN_A_ROW]
        if key_pattern(key).search(text) or key_pattern(key).search(plain) or row in text + plain:
            found.append(f"{name}: the key {row}...")
    return found


def name_leaks(names: Iterable[str]) -> list[str]:
    """Find files that belong to the teacher alone."""
    return [f"{name} is kept apart" for name in names if KEPT_APART.search(name)]


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Give names and contents of all files below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def opened(files: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Give all files, and those inside archives, as deep as they go."""
    for name, content in files:
        if name.endswith(ARCHIVES):
            with zipfile.ZipFile(io.BytesIO(content)) as packed:
                inside = [
                    (f"{name}/{n}", packed.read(n)) for n in packed.namelist() if n[-1] != "/"
                ]
            yield from opened(inside)
        else:
            yield name, content


def leaks(
    files: Iterable[tuple[str, bytes]], secrets: Iterable[str], keys: Sequence[str]
) -> list[str]:
    """Find what must not be there, by the names of files and by what is in them."""
    secrets, found = list(secrets), []
    for name, content in opened(files):
        found += name_leaks([name])
        if b"\0" not in content[:1000]:
            found += text_leaks(name, content.decode("utf-8", "replace"), secrets, keys)
    return found


# A sheet --------------------------------------------------------------------------------------


def shape(tag: Tag) -> tuple:
    """Give an element as its tags and attributes, without its words."""
    attributes = tuple(sorted((name, str(value)) for name, value in tag.attrs.items()))
    return (
        tag.name,
        attributes,
        tuple(shape(child) for child in tag.find_all(True, recursive=False)),
    )


def sheet_leaks(text: str, questions: int) -> list[str]:
    """Find what tells the right option on a sheet, seen or unseen."""
    page = BeautifulSoup(text, "html.parser")
    article = page.find("article") or page
    options = [item for item in article("li") if OPTION.match(item.get_text(strip=True))]
    found = []
    if len(options) != 4 * questions:
        found.append(f"{len(options)} options, not {4 * questions}")
    if len({shape(item) for item in options}) > 1:
        found.append("an option looks different from the others in the page's code")
    said = [c for c in page.find_all(string=lambda s: isinstance(s, Comment)) if TELLING.search(c)]
    found += [f"a comment says {str(comment).strip()[:60]!r}" for comment in said]
    for tag in article.find_all(True):
        style = str(tag.get("style", "")).replace(" ", "")
        if tag.has_attr("hidden") or "display:none" in style or tag.name in ("details", "template"):
            found.append(f"something is hidden: {tag.get_text(' ', strip=True)[:60]!r}")
        told = [name for name in tag.attrs if re.search("correct|right|answer|key", name)]
        found += [f"the attribute {name}" for name in told]
    for script in article("script"):
        if TELLING.search(script.get_text()):
            found.append("a script that tells")
    return found


# The search index -----------------------------------------------------------------------------


def index_leaks(text: str, sheets: Iterable[str]) -> list[str]:
    """Find pages that the search must not know, and words that lead to the sheets."""
    written = re.search(r"Search\.setIndex\((.*)\)\s*;?\s*$", text, re.S)
    if written is None:
        return ["the search index cannot be read"]
    index: Mapping = json.loads(written[1])
    found = name_leaks(index["docnames"])
    numbers = {index["docnames"].index(sheet) for sheet in sheets}
    for table in ("terms", "titleterms"):
        for term, places in index[table].items():
            at = {places} if isinstance(places, int) else set(places)
            if at & numbers:
                found.append(f"the word {term!r} leads to a sheet")
    return found
