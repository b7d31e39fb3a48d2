"""The catalogue of the article's errors, the proofs that run, and the page made from it."""

import dataclasses
import importlib.util
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from packaging.specifiers import SpecifierSet

from recsys_tutorial.article import Erratum, Proof, errata, errata_table, find_erratum, prove
from recsys_tutorial.article.catalogue import SEVERITIES
from recsys_tutorial.article.proving import _proofs

ROOT = Path(__file__).parents[2]
PARTS = {"A": 27, "B": 20, "C": 16, "D": 6, "E": 11}
IDS = [f"{part}{number}" for part, last in PARTS.items() for number in range(1, last + 1)]
HERE = "**Errata met here** (all on [the errata page](../book/errata.md)): "
# This chapter treats whatever no other chapter does, and need not list it.
REST = "A1_debugging_the_article"


def bib_keys() -> set[str]:
    text = (ROOT / "book/references.bib").read_text(encoding="utf-8")
    return set(re.findall(r"^@\w+\{([^,\s]+),", text, re.MULTILINE))


def notebooks() -> dict[str, Path]:
    return {path.stem: path for path in sorted((ROOT / "notebooks").glob("*.ipynb"))}


# ------------------------------------------------------------------ the catalogue


def faults(erratum: Erratum) -> list[str]:
    """List what is wrong with an entry."""
    found = []
    for field in dataclasses.fields(erratum):
        value = getattr(erratum, field.name)
        if field.name != "sources" and (not value or value != value.strip()):
            found.append(f"{field.name} is empty or padded")
    if erratum.severity not in SEVERITIES:
        found.append(f"severity {erratum.severity}")
    if not re.fullmatch(r"\d+(-\d+)?(, \d+(-\d+)?)*", erratum.lines):
        found.append(f"lines {erratum.lines}")
    for name in ("problem", "correction"):
        text = getattr(erratum, name)
        if not text.endswith((".", "`")) or text.count("`") % 2:
            found.append(f"{name} is no sentence")
        if len(re.findall(r"[.?!](?= |$)", text)) > 3 or len(text) > 320:
            found.append(f"{name} is too long")
    if len(erratum.claim) > 90:
        found.append("the quotation is too long")
    if strange := set(erratum.sources) - bib_keys():
        found.append(f"sources {sorted(strange)}")
    return found


def test_all_80_are_there_in_order():
    assert [e.id for e in errata()] == IDS and len(IDS) == 80


@pytest.mark.parametrize("erratum", errata(), ids=lambda e: e.id)
def test_an_entry_is_complete(erratum):
    assert faults(erratum) == []


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "typo"},
        {"severity": ""},
        {"lines": "12 to 14"},
        {"claim": " "},
        {"claim": "x" * 100},
        {"problem": "No full stop"},
        {"problem": "One `mark."},
        {"correction": "A. B. C. D. E."},
        {"sources": ("nobody1999nothing",)},
        {"chapter": ""},
    ],
)
def test_an_incomplete_entry_is_noticed(change):
    assert faults(dataclasses.replace(find_erratum("B9"), **change))


def test_lines_point_forward_and_into_the_article():
    for erratum in errata():
        ends = [[int(n) for n in part.split("-")] for part in erratum.lines.split(", ")]
        assert all(1 <= a <= b <= 759 for a, b in [(e[0], e[-1]) for e in ends]), erratum.id
        assert [e[0] for e in ends] == sorted(e[0] for e in ends), erratum.id


@pytest.mark.parametrize("chapter", sorted({e.chapter for e in errata()}))
def test_the_chapters_of_the_entries_exist(chapter):
    assert chapter in notebooks()


def test_find_and_table_agree_with_the_list():
    table = errata_table()
    assert table.index.tolist() == IDS
    assert all(find_erratum(i).claim == table.loc[i, "claim"] for i in IDS)
    assert set(table["severity"]) == set(SEVERITIES)


def test_an_entry_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        find_erratum("A1").claim = "nothing"


@pytest.mark.parametrize("function", [find_erratum, prove])
@pytest.mark.parametrize("unknown", ["B21", "b9", "", "R1", "B09"])
def test_an_unknown_id_gets_help(function, unknown):
    with pytest.raises(KeyError, match=r"A1 to A27, B1 to B20, C1 to C16, D1 to D6, E1 to E11"):
        function(unknown)


# ------------------------------------------------------------------ the proofs


def complaints(proof: Proof, erratum_id: str) -> list[str]:
    """List what is wrong with a proof; it may not hold, or hold nothing measured."""
    found = []
    if proof.erratum != erratum_id:
        found.append(f"it proves {proof.erratum}")
    if proof.holds is not True:
        found.append(f"it does not hold: {proof.shows}")
    if not re.search(r"\d|recorded|checked", proof.shows, re.IGNORECASE):
        found.append("it states no figure")
    if not proof.shows.endswith((".", ".)")) or len(proof.shows) > 420 or "\n" in proof.shows:
        found.append(f"it does not say it in a sentence or two: {proof.shows}")
    return found


@pytest.mark.parametrize("part", PARTS)
def test_every_erratum_has_a_proof_and_every_proof_an_erratum(part):
    registered = [i for i in _proofs(f"{part}1") if i[0] == part]
    assert registered == [i for i in IDS if i[0] == part]


# The other proofs of the article's code build or train a network.
WITHOUT_TENSORFLOW = {"A3", "A13", "A15", "A17", "A19", "A20", "A23", "A24", "A25", "A27"}
marked = [
    pytest.param(i, marks=[pytest.mark.slow, pytest.mark.deep])
    if i[0] == "A" and i not in WITHOUT_TENSORFLOW
    else i
    for i in IDS
]


@pytest.mark.parametrize("erratum_id", marked)
def test_the_proof_holds(erratum_id):
    assert complaints(prove(erratum_id), erratum_id) == []


@pytest.mark.parametrize("erratum_id", ["B4", "B16", "C7", "C15", "D2", "E6"])
def test_a_proof_says_the_same_twice(erratum_id):
    assert prove(erratum_id) == prove(erratum_id)


@pytest.mark.parametrize(
    "planted",
    [
        Proof("B9", "3 > 3 is true.", False),
        Proof("B9", "3 > 3 is false.", 1),
        Proof("B8", "3 > 3 is false.", True),
        Proof("B9", "It is so.", True),
        Proof("B9", "3 > 3 is false", True),
        Proof("B9", "3 > 3.\nFalse.", True),
    ],
)
def test_a_bad_proof_is_noticed(planted):
    assert complaints(planted, "B9")


def test_a_proof_that_does_not_hold_says_so(monkeypatch):
    from recsys_tutorial.article import theory

    monkeypatch.setitem(theory.PROOFS, "B9", lambda: Proof("B9", "3 > 3 is true.", False))
    refuted = prove("B9")
    assert repr(refuted) == "Erratum B9: the proof does not hold. 3 > 3 is true."
    assert "the proof does not hold" in refuted._repr_html_()
    assert complaints(refuted, "B9")


def article_objective(X, labels, centres):
    return float(((X[:, None] - centres) ** 2).sum())


# What a proof relies on, replaced by something that errs as the article does, or not at all.
SPOILED = {
    "B1": ("theory", "_cost", lambda users, centres: article_objective(users, None, centres)),
    "B2": ("theory", "update_centres", lambda X, labels, centres: centres),
    "B3": ("theory", "update_centres", lambda X, labels, centres: centres),
    "B4": ("theory", "inertia_curve", lambda X, ks: pd.Series(7.0, index=list(ks))),
    "B5": ("theory", "kmeans", lambda *_, **__: SimpleNamespace(inertia=1.0)),
    "B7": ("theory", "_core", lambda X, eps, min_samples: [False] * len(X)),
    "B8": ("theory", "_core", lambda X, eps, min_samples: [False] * len(X)),
    "B9": ("theory", "_core", lambda X, eps, min_samples: [False] * len(X)),
    "B10": ("theory", "_core", lambda X, eps, min_samples: [False] * len(X)),
    "B11": ("theory", "dbscan", lambda *_: SimpleNamespace(labels=np.array([0, 1, 1, 1]))),
    "B18": ("theory", "agreement", lambda labels, truth: 1.0),
    "B20": ("theory", "agreement", lambda labels, truth: 1.0),
    "C5": ("practice", "agreement", lambda labels, truth: 0.0),
    "C8": ("practice", "STORAGE", "如何降低推荐系统的存储成本"),
    "C9": ("practice", "COLD_START_SECOND", ["基于内容的推荐"] * 3),
    "C10": ("practice", "_parts", lambda network: 1),
    "C12": ("practice", "cluster_names", lambda *_: ["Housewives", "Drama & Crime"]),
    "C13": ("practice", "agreement", lambda labels, truth: 0.5),
    "C15": ("practice", "_from_sums", lambda platforms: np.zeros((3, 3))),
    "C16": ("practice", "impute_median", lambda table: (table * 0,)),
    "D1": ("practice", "_accuracy", lambda recommended, relevant, n_items: 0.5),
    "D2": ("practice", "f1_at_k", lambda *_: 0.5),
    "D3": ("practice", "recall_at_k", lambda *_: 0.4),
    "D4": ("practice", "ndcg_at_k", lambda *_: 0.5),
    "D5": ("practice", "_newcomers", lambda: np.eye(12)),
    "D6": ("practice", "_newcomers", lambda: np.eye(12)),
    "E1": ("practice", "_pythons_of", lambda package: SpecifierSet(">=3.7")),
    "E2": ("practice", "_pythons_of", lambda package: SpecifierSet(">=3.6")),
    "E4": ("practice", "RECSYS_AS_FRAMEWORK", ["LightFM", "surprise", "Cornac"]),
    "E6": ("practice", "_factorise_by_sgd", lambda ratings: 9.0),
    "E10": ("practice", "PIP_COMMANDS", ["numpy>=2 pandas>=2"]),
}


@pytest.mark.parametrize("erratum_id", SPOILED)
def test_a_proof_computes_its_verdict(erratum_id, monkeypatch):
    module, name, spoiled = SPOILED[erratum_id]
    monkeypatch.setattr(f"recsys_tutorial.article.{module}.{name}", spoiled)
    assert prove(erratum_id).holds is False


def test_a_proof_about_keras_does_without_keras(monkeypatch):
    from recsys_tutorial.article import practice

    monkeypatch.setattr(practice.importlib.util, "find_spec", lambda name: None)
    assert "not installed here" in prove("E9").shows


def test_html_is_escaped_and_says_the_verdict_in_words():
    shown = Proof("B9", "3 > 3 & <script>alert(1)</script>.", True)._repr_html_()
    assert "<script>" not in shown and "3 &gt; 3 &amp; &lt;script&gt;" in shown
    assert "<strong>Erratum B9: the proof holds.</strong>" in shown
    assert "<b>" not in Proof("<b>", "1.", True)._repr_html_()


# ------------------------------------------------------------------ the page


def load_errata_page():
    """Import `tools/errata_page.py`, which is no package."""
    path = ROOT / "tools" / "errata_page.py"
    spec = importlib.util.spec_from_file_location("errata_page", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


errata_page = load_errata_page()
PAGE = errata_page.PAGE.read_text(encoding="utf-8")


def entries_of(text: str) -> dict[str, str]:
    """Cut a page into its entries, by id."""
    found = re.split(r"(?m)^\[\*\*([A-E]\d+)\*\*\]\{#[a-e]\d+\} ", text)
    return dict(zip(found[1::2], found[2::2], strict=True))


def test_the_page_is_in_step_with_the_catalogue():
    assert errata_page.with_entries(PAGE) == PAGE, "run: python tools/errata_page.py"


def test_every_erratum_has_an_entry_with_its_correction_and_its_source():
    found = entries_of(PAGE)
    assert list(found) == IDS
    for erratum in errata():
        text = found[erratum.id]
        assert "\n: " in text and "\n  *Right:* " in text and "\n  Source: " in text
        assert all(f"{{cite}}`{key}`" in text for key in erratum.sources)
        assert f"({erratum.severity}, line" in text and f"{erratum.chapter}.ipynb)" in text


def test_a_change_by_hand_is_noticed():
    touched = PAGE.replace("[**B9**]{#b9} (maths", "[**B9**]{#b9} (fact")
    assert touched != PAGE and errata_page.with_entries(touched) == PAGE


def test_prose_around_the_tables_stays():
    more = PAGE + "\nOne more sentence.\n"
    assert errata_page.with_entries(more) == more


@pytest.mark.parametrize("mark", [errata_page.BEGIN, errata_page.END])
def test_a_lost_mark_is_noticed(mark):
    with pytest.raises(SystemExit, match="a mark is missing"):
        errata_page.with_entries(PAGE.replace(mark, ""))


def test_marks_of_markdown_stay_what_they_are():
    assert errata_page.plain("a_b * |x| < $2 [y] `c_d | e`") == (
        r"a\_b \* |x| \< \$2 \[y\] `c_d | e`"
    )


def test_the_page_links_what_exists():
    links = set(re.findall(r"\]\(([^)#]+)\)", PAGE))
    assert "references.md" in links
    assert [link for link in sorted(links) if not (ROOT / "book" / link).exists()] == []


def test_the_page_cites_what_exists():
    cited = set(re.findall(r"\{cite\}`([^`]+)`", PAGE))
    assert cited and cited <= bib_keys()


# ------------------------------------------------------------------ the chapters


def errata_line(ids: list[str]) -> str:
    """Write the line with which a chapter names the errata that it meets."""
    return f"{HERE}{', '.join(ids)}."


def closing_cell(path: Path) -> str:
    """Give the last cell of a notebook that holds prose."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "".join([c for c in cells if c["cell_type"] == "markdown"][-1]["source"])


def line_faults(stem: str, closing: str, ids: list[str]) -> list[str]:
    """List what is wrong with a chapter's line."""
    lines = [line for line in closing.splitlines() if "Errata met here" in line]
    if not lines and (not ids or stem == REST):
        return []
    wanted = errata_line(ids)
    return [] if lines == [wanted] else [f"{stem}: {lines or 'no line'}, wanted {wanted}"]


@pytest.mark.parametrize("stem", notebooks())
def test_a_chapter_names_the_errata_that_it_meets(stem):
    ids = [e.id for e in errata() if e.chapter == stem]
    assert line_faults(stem, closing_cell(notebooks()[stem]), ids) == []


@pytest.mark.parametrize(
    ("stem", "closing", "ids", "fine"),
    [
        ("04_dbscan", f"Words.\n\n{HERE}A27, B7.\n\n**Next:** x", ["A27", "B7"], True),
        ("04_dbscan", f"{HERE}A27.", ["A27", "B7"], False),
        ("04_dbscan", f"{HERE}A27, B7, B8.", ["A27", "B7"], False),
        ("04_dbscan", f"{HERE}A27, B7", ["A27", "B7"], False),
        ("04_dbscan", f"{HERE}A27, B7.\n{HERE}A27, B7.", ["A27", "B7"], False),
        ("04_dbscan", "**Errata met here**: A27, B7.", ["A27", "B7"], False),
        ("04_dbscan", "No line.", ["A27", "B7"], False),
        ("08_other", "No line.", [], True),
        ("08_other", f"{HERE}A1.", [], False),
        (REST, "No line.", ["A5"], True),
        (REST, f"{HERE}A6.", ["A5"], False),
    ],
)
def test_a_wrong_line_is_noticed(stem, closing, ids, fine):
    assert (line_faults(stem, closing, ids) == []) is fine
