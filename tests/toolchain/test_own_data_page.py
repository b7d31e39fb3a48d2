"""The page for a class's own data is written from the variants, and gives no answer away."""

from __future__ import annotations

import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from recsys_tutorial.exercises import all_exercises
from recsys_tutorial.exercises.own import all_variants

ROOT = Path(__file__).resolve().parents[2]


def load_tool():
    """Import `tools/own_data_page.py`, which is no package."""
    path = ROOT / "tools/own_data_page.py"
    spec = importlib.util.spec_from_file_location("own_data_page", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["own_data_page"] = module
    spec.loader.exec_module(module)
    return module


tool = load_tool()
VARIANTS, EXERCISES, CHAPTERS = all_variants(), all_exercises(), tool.notebooks()
PAGE = tool.write_page(VARIANTS, EXERCISES, CHAPTERS)


def test_the_page_is_up_to_date():
    written = tool.PAGE.read_text(encoding="utf-8")
    assert written == PAGE, "run: python tools/own_data_page.py"


def test_every_exercise_stands_on_it_once():
    for exercise in EXERCISES:
        assert PAGE.count(f"**{exercise.id} · ") == 1
    assert PAGE.count(' = own.inputs("') == len(EXERCISES) + 1
    assert tool.complaints(VARIANTS, EXERCISES) == []


def test_it_begins_with_the_evening_before():
    sections = re.findall(r"^## (.+)$", PAGE, re.M)
    assert sections == ["The evening before", "The cell", "The tasks"]
    for word in ("permission", "pseudonym", "recsys-tutorial run", "own.report()"):
        assert word in PAGE.split("## The cell")[0]
    assert "{" not in PAGE.split("## The tasks")[0].replace("{braces}", "")


def test_its_links_lead_somewhere():
    links = re.findall(r"\]\(([^)#]+)", PAGE)
    assert len(links) >= 20
    for link in links:
        assert (tool.PAGE.parent / link).resolve().is_file(), link


def test_no_hint_stands_on_it():
    """What own.check says after a wrong answer is not for the page."""
    for variant in VARIANTS:
        assert not variant.hint or variant.hint not in PAGE
    for exercise in EXERCISES:
        assert exercise.nudge not in PAGE


def test_the_cell_runs(tmp_path):
    """The code of the page, on a small table, one piece after the other."""
    rows = [(f"p{u}", f"t{(u * k) % 11}") for u in range(30) for k in range(1, 6)]
    lines = ["who,what", *dict.fromkeys(f"{who},{what}" for who, what in rows)]
    (tmp_path / "class.csv").write_text("\n".join(lines), encoding="utf-8")
    cells = re.findall(r"^```python\n(.*?)^```$", PAGE, re.M | re.S)
    assert len(cells) == 2
    code = "\n".join(cells).replace("class.csv", (tmp_path / "class.csv").as_posix())
    names = {"my_objective": lambda X, labels, centres: float(((X - centres[labels]) ** 2).sum())}
    exec(compile(code.replace("own.check", "said = own.check"), "page", "exec"), names)
    assert names["said"].ok


@pytest.mark.parametrize(
    ("variants", "said"),
    [
        (VARIANTS[1:], f"exercise {EXERCISES[0].id} has no variant"),
        ([*VARIANTS, VARIANTS[0]], f"exercise {EXERCISES[0].id} has 2 variants"),
        ([*VARIANTS, replace(VARIANTS[0], exercise="99.1")], "variant 99.1 has no exercise"),
    ],
)
def test_what_is_missing_is_seen(variants, said, monkeypatch, capsys):
    assert said in tool.complaints(variants, EXERCISES)
    monkeypatch.setattr(tool, "all_variants", lambda: variants)
    assert tool.main(["--check"]) == 1
    assert said in capsys.readouterr().out


def test_an_old_page_is_seen(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(tool, "PAGE", tmp_path / "own_data.md")
    assert tool.main(["--check"]) == 1
    assert "out of date" in capsys.readouterr().out
    assert tool.main([]) == 0 and tool.main(["--check"]) == 0
    tool.PAGE.write_text("old", encoding="utf-8")
    assert tool.main(["--check"]) == 1


def test_a_variant_that_is_none_says_why():
    variant = replace(VARIANTS[0], none="It is about the article.")
    assert tool.of_variant(variant, EXERCISES[0]).endswith(
        ": No variant: It is about the article.\n"
    )
