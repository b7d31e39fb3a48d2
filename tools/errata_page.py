"""Write the entries of book/errata.md from the catalogue of the article's errors.

python tools/errata_page.py

Everything between the two marks on the page is made here from recsys_tutorial/article/errata.json;
the prose around them is edited by hand.  A test compares the page with the catalogue.  The course
must be installed.
"""

import re
from pathlib import Path

from recsys_tutorial.article import Erratum, errata
from recsys_tutorial.article.catalogue import SEVERITIES

PAGE = Path(__file__).resolve().parent.parent / "book" / "errata.md"
BEGIN = "% Entries: written by tools/errata_page.py from recsys_tutorial/article/errata.json\n"
END = "% End of the entries\n"

PARTS = {
    "A": "A. The code",
    "B": "B. The mathematics",
    "C": "C. Concepts and applications",
    "D": "D. Evaluation and cold start",
    "E": "E. Tools and versions",
}


def plain(text: str) -> str:
    """Keep Markdown from reading marks into a text; what stands between backticks is code."""
    parts = text.split("`")
    for i in range(0, len(parts), 2):
        for mark in "\\*_[]<$":
            parts[i] = parts[i].replace(mark, f"\\{mark}")
    return "`".join(parts)


def sentences(text: str) -> str:
    """Put each sentence on a line of its own, indented to stay in its entry."""
    return re.sub(r"(?<=[.?!;]) (?=[A-Z`])", "\n  ", plain(text))


def chapter_link(stem: str) -> str:
    """Link a notebook by the number of its chapter."""
    number = stem.partition("_")[0].lstrip("0")
    return f"[chapter {number}](../notebooks/{stem}.ipynb)"


def entry(erratum: Erratum) -> str:
    """Write one error as an entry of a definition list, which fits a phone as well."""
    sources = ", ".join(f"{{cite}}`{key}`" for key in erratum.sources)
    # Chapters name errata by number, and the site links each number to its entry.
    name = f"[**{erratum.id}**]{{#{erratum.id.lower()}}}"
    lines = f"line{'s' * (not erratum.lines.isdigit())} {erratum.lines.replace('-', '–')}"
    return (
        f"{name} ({erratum.severity}, {lines}) {plain(erratum.claim)}\n"
        f": {sentences(erratum.problem)}\n\n"
        f"  *Right:* {sentences(erratum.correction)}\n\n"
        f"  Source: {sources or 'its proof'}. Met in {chapter_link(erratum.chapter)}.\n"
    )


def entries() -> str:
    """Write the words for the kinds of harm, and the entries of each part."""
    words = "".join(f"- *{word}*: {meaning}.\n" for word, meaning in SEVERITIES.items())
    parts = [
        f"## {title}\n\n" + "\n".join(entry(e) for e in errata() if e.id[0] == part)
        for part, title in PARTS.items()
    ]
    return "\n".join([words, *parts])


def with_entries(text: str) -> str:
    """Put the entries into the text of the page, in place of those that it has."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE.name}: a mark is missing. Put back:\n{BEGIN}{END}")
    return f"{before}{BEGIN}\n{entries()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_entries(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    print(f"wrote {len(errata())} errata into {PAGE.name}")
