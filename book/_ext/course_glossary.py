"""The glossary as data: its entries, and how each of its terms is found in a text.

``book/glossary.md`` is the one place that holds the terms.  `glossary_links.py` puts links to them
on the pages of chapters; nothing here knows Sphinx.

How a term is found, in the order of this file:

1. An entry's names stand in its head: ``average precision, MAP`` has two, ``centre (centroid)``
   too, ``shilling (push) attack`` as well.  A parenthesis that begins with a little word, as in
   ``context (of a recommendation)``, only says what is meant.
2. Words that no rule would find (*impute* for *imputation*, all forms in -ing and -ed) stand in a
   line above the entry that nobody sees: ``.. also: impute, imputed``.  They are found as they
   stand there.
3. Whole words only; a space may be a hyphen and the other way round, and a comma may stand before
   it; the last word of a name may be in the plural.  Capitals do not matter, but in words with a
   capital inside, such as AUC or MinPts.
4. Where two terms begin at the same word, the longer one is meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from course_chapters import plain

LITTLE_WORDS = ("a", "an", "around", "as", "by", "for", "in", "of", "on", "the", "within")
ALSO = ".. also:"
# Terms of teaching belong to a page, not to a chapter.
CHAPTER = re.compile(r"\s*\[(?:Chapter (\w+)|[^\]]+)\]\[\w+\]\Z")


@dataclass(frozen=True)
class Entry:
    """One entry: head as printed, Chinese name, definition, number of its chapter or nothing."""

    head: str
    chinese: str
    definition: str
    chapter: str
    names: tuple[str, ...]
    also: tuple[str, ...] = ()


# Entries ------------------------------------------------------------------------------------


def names_of(head: str) -> list[str]:
    """Give the names that the head of an entry holds.

    >>> names_of("adjusted Rand index (ARI)"), names_of("average precision, MAP")
    (['adjusted Rand index', 'ARI'], ['average precision', 'MAP'])
    >>> names_of("shilling (push) attack"), names_of("lag (of a mean)")
    (['shilling attack', 'push attack'], ['lag'])
    """
    names = []
    for part in head.split(", "):
        found = re.fullmatch(r"([^(]*?) ?\(([^)]*)\)(.*)", part)
        if found is None:
            names.append(part)
            continue
        before, inside, after = found.groups()
        if inside.split()[0] in LITTLE_WORDS:
            names.append(before + after)
        elif after:
            names += [before + after, inside + after]
        else:
            names += [before, inside]
    return names


def read_glossary(text: str) -> list[Entry]:
    """Read the entries of a page with a ``:::{glossary}``; the definition without its markup."""
    entries = []
    body = text.split(":::{glossary}")[1].split("\n:::")[0]
    for block in re.split(r"\n\n+", body):
        lines = [line for line in block.splitlines() if line and not line.startswith(":")]
        also = [line.removeprefix(ALSO) for line in lines if line.startswith(ALSO)]
        lines = [line for line in lines if not line.startswith("..")]
        if not lines:
            continue
        told = " ".join(line.strip() for line in lines[2:])
        chapter = CHAPTER.search(told)
        if len(lines) < 3 or chapter is None:
            raise ValueError(f"an entry is a name, a Chinese name, a definition: {lines[0]!r}")
        others = tuple(word.strip() for line in also for word in line.split(","))
        definition = plain(CHAPTER.sub("", told))
        names = tuple(names_of(lines[0]))
        entries.append(Entry(lines[0], lines[1], definition, chapter[1] or "", names, others))
    return entries


# Forms --------------------------------------------------------------------------------------


def _plural(word: str) -> str:
    """Write the end of a name so that it is found in singular and plural."""
    if re.search(r"[^aeiou]y\Z", word):
        return re.escape(word[:-1]) + "(?:y|ies)"
    if word.endswith("is"):
        return re.escape(word[:-2]) + "[ie]s"
    if word.endswith(("sh", "ch", "x", "ss", "us", "as")):
        return re.escape(word) + "(?:es)?"
    return re.escape(word.removesuffix("s")) + "s?"


def pattern_of(name: str, is_exact: bool = False) -> str:
    """Write a name as a pattern; an exact one has no plural.

    >>> bool(re.fullmatch(pattern_of("user–item matrix"), "User-item matrix"))
    True
    >>> bool(re.fullmatch(pattern_of("AUC"), "auc"))
    False
    """
    words = re.split(r"[\s\-–]+", name)
    parts = []
    for place, word in enumerate(words):
        is_last = place == len(words) - 1
        part = _plural(word) if is_last and not is_exact else re.escape(word)
        # Smart quotes replace the typewriter's before a page is made.
        part = part.replace("'", "['’]")
        has_inner_capital = word != word[:1] + word[1:].lower()
        parts.append(part if has_inner_capital else f"(?i:{part})")
    return r",?[\s\-–]+".join(parts)


class Finder:
    """Finds the terms of a glossary in a text."""

    def __init__(self, entries: Iterable[Entry]):
        self.entries = list(entries)
        named = [(pattern_of(name), name, e) for e in self.entries for name in e.names]
        named += [(pattern_of(word, True), word, e) for e in self.entries for word in e.also]
        # The longest first: a shorter one would hide it.
        named.sort(key=lambda row: -len(row[1]))
        patterns = list(dict.fromkeys(pattern for pattern, *_ in named))
        # What matches here, two entries may call so: names differ in their plurals.
        self._entries = {
            pattern: [e for _, word, e in named if re.fullmatch(pattern, word)]
            for pattern in patterns
        }
        self._of = list(self._entries.values())
        ways = "|".join(f"({pattern})" for pattern in patterns)
        self._pattern = re.compile(rf"(?<![\w\-–.]){'(?:' + ways + ')'}(?![\w+–]|-\w|\.\w)")

    def find(self, text: str) -> Iterator[tuple[int, int, list[Entry]]]:
        """Yield beginning, end and possible entries of each term in a text, none inside another."""
        for match in self._pattern.finditer(text):
            yield match.start(), match.end(), self._of[match.lastindex - 1]  # type: ignore[operator]


def chosen(
    possible: Iterable[Entry], chapters: Iterable[str], is_bold: bool, done: set[str]
) -> Entry | None:
    """Choose the entry to which a term on a page links, if it does.

    A page links the terms of its own `chapters`, and what it introduces in bold whatever the
    chapter; each entry once, `done` holds the heads of those that have a link.
    """
    possible, own = list(possible), set(chapters)
    mine = [entry for entry in possible if entry.chapter in own]
    # Somewhere else the word may mean something else: no link to the other one.
    entry = (mine or (possible if is_bold else []) or [None])[0]
    return None if entry is None or entry.head in done else entry
