"""The game of chapter A1: the suspects, the verdicts and the score."""

import json
from importlib import resources

import numpy as np
import pytest

from recsys_tutorial.article import detective as game
from recsys_tutorial.article import find_erratum
from recsys_tutorial.article.detective import accuse, case_score, forget_case, suspects

SUSPECTS = game.all_suspects()
RIGHT = [n for n, s in enumerate(SUSPECTS, start=1) if s.verdict == "right"]
WRONG = [n for n, s in enumerate(SUSPECTS, start=1) if s.verdict == "wrong"]


@pytest.fixture(autouse=True)
def new_case():
    forget_case()
    yield
    forget_case()


def other(verdict: str) -> str:
    return "wrong" if verdict == "right" else "right"


# ------------------------------------------------------------------ the suspects


def faults(suspect: game.Suspect) -> list[str]:
    """List what is wrong with a suspect."""
    found = []
    if suspect.verdict not in game.VERDICTS:
        found.append("no verdict")
    if (suspect.verdict == "wrong") != bool(suspect.erratum):
        found.append("the guilty have an erratum, and only they")
    if suspect.erratum:
        find_erratum(suspect.erratum)
    if not suspect.why.endswith(".") or suspect.why[:-1].count(". ") or len(suspect.why) > 150:
        found.append("the reason is not one sentence")
    if not 0 < len(suspect.statement) <= 110 or "\n" in suspect.statement:
        found.append("the statement is not short")
    if not 1 <= float(suspect.section) < 11:
        found.append("no section of the article")
    return found


@pytest.mark.parametrize("suspect", SUSPECTS, ids=lambda s: s.statement[:30])
def test_a_suspect_is_complete(suspect):
    assert faults(suspect) == []


@pytest.mark.parametrize(
    "change",
    [
        {"verdict": "maybe"},
        {"erratum": ""},
        {"why": "Because"},
        {"why": "One. Two."},
        {"statement": "x" * 200},
        {"section": "12"},
    ],
)
def test_an_incomplete_suspect_is_noticed(change):
    import dataclasses

    assert faults(dataclasses.replace(SUSPECTS[WRONG[0] - 1], **change))


def test_there_are_many_of_both_kinds():
    assert len(SUSPECTS) >= 24 and len(RIGHT) >= 10 and len(WRONG) >= 10
    assert len({s.statement for s in SUSPECTS}) == len(SUSPECTS)
    assert len({s.erratum for s in SUSPECTS if s.erratum}) == len(WRONG)


def test_no_rule_of_thumb_solves_the_case():
    """Neither the order nor the length gives a suspect away."""
    runs = "".join("r" if s.verdict == "right" else "w" for s in SUSPECTS)
    assert "rrrr" not in runs and "wwwww" not in runs
    length = {
        v: np.mean([len(s.statement) for s in SUSPECTS if s.verdict == v]) for v in game.VERDICTS
    }
    assert 0.7 < length["right"] / length["wrong"] < 1.4


def test_the_file_is_plain_utf8():
    text = (resources.files("recsys_tutorial.article") / "suspects.json").read_text("utf-8")
    assert json.loads(text) and "\t" not in text and "\\u" not in text


def test_the_line_up_shows_all_and_no_secret():
    shown = suspects()
    assert len(shown) == len(SUSPECTS)
    for text in (repr(shown), shown._repr_html_()):
        assert all(s.why not in text for s in SUSPECTS)
    assert repr(shown).count("\n") == len(SUSPECTS) - 1
    assert shown._repr_html_().count("<tr>") == len(SUSPECTS) + 1
    assert "|N(x, eps)| &gt; MinPts" in shown._repr_html_()


# ------------------------------------------------------------------ verdicts


@pytest.mark.parametrize("number", range(1, len(SUSPECTS) + 1))
def test_a_verdict_is_answered(number):
    suspect = SUSPECTS[number - 1]
    good = accuse(number, suspect.verdict)
    assert good.ok and suspect.why in good.message
    assert repr(good).startswith(f"Suspect {number}: your verdict is correct.")
    bad = accuse(number, other(suspect.verdict))
    assert not bad.ok and suspect.why in bad.message
    assert repr(bad).startswith(f"Suspect {number}: your verdict is not correct.")
    assert (f'prove("{suspect.erratum}")' in repr(bad)) is bool(suspect.erratum)


@pytest.mark.parametrize("word", ["right", " Right ", "RIGHT"])
def test_case_and_spaces_do_not_matter(word):
    assert accuse(RIGHT[0], word).ok


@pytest.mark.parametrize("stub", [..., None])
def test_a_stub_is_not_counted(stub):
    answer = accuse(1, stub)
    assert not answer.ok and "no verdict yet" in repr(answer) and "Replace the ..." in repr(answer)
    assert case_score().wrong == 0 and len(suspects().rows) and suspects().rows[0][3] == "open"


@pytest.mark.parametrize("verdict", ["guilty", "", "r", True, 1, ["right"], float("nan")])
def test_another_word_is_explained(verdict):
    with pytest.raises(ValueError, match='a verdict is "right" or "wrong", not'):
        accuse(1, verdict)
    assert case_score().wrong == 0


@pytest.mark.parametrize("number", [0, -1, len(SUSPECTS) + 1, 10**30, 1.5, "1", None, True, [1]])
def test_an_unknown_suspect_is_explained(number):
    with pytest.raises(ValueError, match=f"from 1 to {len(SUSPECTS)}, see suspects"):
        accuse(number, "right")


def test_numpy_integers_are_numbers():
    assert accuse(np.int64(RIGHT[0]), "right").ok


def test_answers_are_escaped_and_say_it_in_words():
    shown = game.Answer(1, True, "<script>1</script>", "a < b")._repr_html_()
    assert "<script>" not in shown and "a &lt; b" in shown
    assert "<strong>Suspect 1: your verdict is correct.</strong>" in shown
    assert 'role="status"' in shown


# ------------------------------------------------------------------ the score


def test_a_perfect_detective():
    for number, suspect in enumerate(SUSPECTS, start=1):
        accuse(number, suspect.verdict)
    assert case_score() == game.Score(len(SUSPECTS), 0, len(SUSPECTS), len(SUSPECTS))
    assert {row[3] for row in suspects().rows} == {"solved"}


def test_changing_ones_mind_solves_and_earns_nothing():
    accuse(RIGHT[0], "wrong")
    assert suspects().rows[RIGHT[0] - 1][3] == "not solved"
    accuse(RIGHT[0], "right")
    assert case_score() == game.Score(1, 1, 0, len(SUSPECTS))
    assert suspects().rows[RIGHT[0] - 1][3] == "solved"


def test_a_point_is_neither_lost_nor_doubled():
    for verdict in ("right", "wrong", "right", "right"):
        accuse(RIGHT[0], verdict)
    assert case_score() == game.Score(1, 1, 1, len(SUSPECTS))


@pytest.mark.parametrize("verdict", game.VERDICTS)
def test_one_verdict_for_all_is_a_poor_strategy(verdict):
    for number in range(1, len(SUSPECTS) + 1):
        accuse(number, verdict)
    assert case_score().points < 0.65 * len(SUSPECTS)


def test_the_score_is_a_sentence():
    accuse(RIGHT[0], "wrong")
    text = f"0 of {len(SUSPECTS)} suspects solved, 1 wrong verdict, 0 of {len(SUSPECTS)} points."
    assert repr(case_score()) == text and text in case_score()._repr_html_()
    accuse(RIGHT[1], "wrong")
    assert "2 wrong verdicts" in repr(case_score())


def test_a_new_case_begins_at_zero():
    accuse(1, "right")
    forget_case()
    assert case_score() == game.Score(0, 0, 0, len(SUSPECTS))
    assert {row[3] for row in suspects().rows} == {"open"}
