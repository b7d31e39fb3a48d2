"""The cheat sheets: short enough for one page, and their code runs."""

from __future__ import annotations

import re

import pytest
from site_support import ROOT

FOLDER = ROOT / "book/teach/sheets"
SHEETS = sorted(path for path in FOLDER.glob("*.md") if path.stem != "index")
# What fits on a printed page of A4 in two sizes smaller than the screen's.
MOST_WORDS, MOST_LINES_OF_CODE = 480, 14


def complaints(text: str) -> list[str]:
    """Say what keeps a sheet from being one page that can be trusted."""
    code = re.findall(r"^```python\n(.*?)^```$", text, re.M | re.S)
    prose = re.sub(r"^```.*?^```$|\]\([^)]*\)", "", text, flags=re.M | re.S)
    found = []
    if len(prose.split()) > MOST_WORDS:
        found.append(f"{len(prose.split())} words")
    if len(code) != 1 or len(code[0].splitlines()) > MOST_LINES_OF_CODE:
        found.append("not one piece of short code")
    if not text.startswith("# Sheet: ") or ":::{container} sheet\n" not in text:
        found.append("no sheet")
    for link in re.findall(r"\]\(([^)#]+)", text):
        if not (FOLDER / link).resolve().is_file():
            found.append(f"no page {link}")
    if not re.search(r"\(\.\./\.\./\.\./notebooks/", text):
        found.append("leads to no chapter")
    return found


def test_all_four_are_there():
    assert [path.stem for path in SHEETS] == ["dbscan", "kmeans", "metrics", "pipeline"]
    index = (FOLDER / "index.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"\]\((\w+)\.md\)", index)) == [path.stem for path in SHEETS]


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_a_sheet_is_one_page(path):
    assert complaints(path.read_text(encoding="utf-8")) == []


@pytest.mark.slow
@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.stem)
def test_the_code_of_a_sheet_runs(path, capsys):
    (code,) = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.M | re.S)
    exec(compile(code, str(path), "exec"), {})
    assert capsys.readouterr().out.strip()


GOOD = """# Sheet: x
:::{container} sheet
[chapter](../../../notebooks/03_kmeans.ipynb)
```python
print(1)
```
:::
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("print(1)", "print(1)\n" * 15, "short code"),
        ("```python", "```text", "short code"),
        (":::{container}", ":::{note}", "no sheet"),
        ("03_kmeans", "03_means", "no page"),
        ("[chapter](../../../notebooks/03_kmeans.ipynb)", "", "no chapter"),
        ("[chapter]", "word " * 481 + "[chapter]", "words"),
    ],
)
def test_the_check_sees_what_is_wrong(old, new, said):
    assert complaints(GOOD) == []
    assert said in complaints(GOOD.replace(old, new))[0]
