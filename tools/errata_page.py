"""Write the tables of book/errata.md from the catalogue of the article's errors.

python tools/errata_page.py

Everything between the two marks on the page is made here from recsys_tutorial/article/errata.json;
the prose around them is edited by hand.  A test compares the page with the catalogue.  The course
must be installed.
"""

from pathlib import Path

from recsys_tutorial.article import Erratum, errata
from recsys_tutorial.article.catalogue import SEVERITIES

PAGE = Path(__file__).resolve().parent.parent / "book" / "errata.md"
BEGIN = "% Tables: written by tools/errata_page.py from recsys_tutorial/article/errata.json\n"
END = "% End of the tables\n"

PARTS = {
    "A": "A. The code",
    "B": "B. The mathematics",
    "C": "C. Concepts and applications",
    "D": "D. Evaluation and cold start",
    "E": "E. Tools and versions",
}

HEAD = """\
| Id | Lines | What the article says | What is wrong, and what is right | Source and chapter |
|---|---|---|---|---|
"""


def plain(text: str) -> str:
    """Keep Markdown from reading marks into a text; what stands between backticks is code."""
    parts = text.split("`")
    for i in range(0, len(parts), 2):
        for mark in "\\*_[]<$":
            parts[i] = parts[i].replace(mark, f"\\{mark}")
    # A table ends its cell at a bar, even inside code.
    return "`".join(parts).replace("|", "\\|")


def chapter_link(stem: str) -> str:
    """Link a notebook by the number of its chapter."""
    number = stem.partition("_")[0].lstrip("0")
    return f"[chapter {number}](../notebooks/{stem}.ipynb)"


def row(erratum: Erratum) -> str:
    """Write one line of a table."""
    sources = ", ".join(f"{{cite}}`{key}`" for key in erratum.sources)
    cells = [
        f"**{erratum.id}** {erratum.severity}",
        erratum.lines.replace("-", "–"),
        plain(erratum.claim),
        f"{plain(erratum.problem)} *Right:* {plain(erratum.correction)}",
        f"{sources or 'its proof'}; {chapter_link(erratum.chapter)}",
    ]
    return f"| {' | '.join(cells)} |\n"


def tables() -> str:
    """Write the words for the kinds of harm, and one table for each part."""
    words = "".join(f"- *{word}*: {meaning}.\n" for word, meaning in SEVERITIES.items())
    parts = [
        f"## {title}\n\n{HEAD}{''.join(row(e) for e in errata() if e.id[0] == part)}"
        for part, title in PARTS.items()
    ]
    return "\n".join([words, *parts])


def with_tables(text: str) -> str:
    """Put the tables into the text of the page, in place of those that it has."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise SystemExit(f"{PAGE.name}: a mark is missing. Put back:\n{BEGIN}{END}")
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    print(f"wrote {len(errata())} errata into {PAGE.name}")
