"""Exercises of chapter 17: what a pipeline hands out, says, reads and leaves open.

One of the mistakes is the source article's own: members of a group in place of items for a user.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np

from recsys_tutorial.exercises.engine import Exercise, Mistake

# ------------------------------------------------------------------ what is handed out

Ranked = dict[int, list[str]]
Seen = dict[str, set[str]]
Output = dict[Any, Any]


def _output(users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int) -> Output:
    return {
        user: (label, [item for item in ranked[label] if item not in seen[user]][:k])
        for user, label in zip(users, labels, strict=True)
    }


def _members(users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int) -> Output:
    pairs = list(zip(users, labels, strict=True))
    return {group: [user for user, label in pairs if label == group] for group in ranked}


def _items_of_groups(
    users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int
) -> Output:
    return {group: (group, items[:k]) for group, items in ranked.items()}


def _seen_again(users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int) -> Output:
    return {u: (label, ranked[label][:k]) for u, label in zip(users, labels, strict=True)}


def _cut_first(users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int) -> Output:
    return {
        user: (label, [item for item in ranked[label][:k] if item not in seen[user]])
        for user, label in zip(users, labels, strict=True)
    }


def _no_group(users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int) -> Output:
    return {user: items for user, (_, items) in _output(users, labels, ranked, seen, k).items()}


def _seen_by_anybody(
    users: list[str], labels: list[int], ranked: Ranked, seen: Seen, k: int
) -> Output:
    known = set().union(*seen.values())
    return _output(users, labels, ranked, dict.fromkeys(users, known), k)


def _output_probes() -> list[tuple[list[str], list[int], Ranked, Seen, int]]:
    rng = np.random.default_rng(171)
    ranked = {0: ["tea", "wine", "toys", "bread"], 1: ["bread", "music", "tea", "books"]}
    small: Seen = {"Ann": {"tea"}, "Bo": {"music", "books"}, "Cy": set()}
    probes = [
        (["Ann", "Bo", "Cy"], [0, 1, 0], ranked, small, 2),
        # Everything seen, a short list, and a group without a member.
        (["Ann"], [0], ranked, {"Ann": {"tea", "wine", "toys", "bread"}}, 2),
        (["Ann", "Bo"], [1, 1], ranked, {"Ann": {"bread"}, "Bo": {"tea"}}, 9),
    ]
    items = np.array([f"page {n}" for n in range(8)])
    for n_users, n_groups, k in [(4, 2, 3), (6, 3, 2), (9, 3, 4)]:
        users = [f"u{n}" for n in range(n_users)]
        lists = {g: rng.permutation(items).tolist() for g in range(n_groups)}
        met = {u: set(rng.choice(items, 3, replace=False).tolist()) for u in users}
        probes.append((users, rng.integers(0, n_groups, n_users).tolist(), lists, met, k))
    return probes


# ------------------------------------------------------------------ what may be said


def _verdict(ndcg: float, popular: float, low: float, high: float) -> str:
    return "better" if low > 0 else "worse" if high < 0 else "cannot be told"


def _verdict_probes() -> list[tuple[float, float, float, float]]:
    return [
        (0.12, 0.10, 0.01, 0.03),
        (0.12, 0.10, -0.01, 0.05),
        (0.09, 0.10, -0.03, 0.01),
        (0.05, 0.10, -0.06, -0.04),
        # An end at zero, from both sides, and no difference at all.
        (0.11, 0.10, 0.0, 0.02),
        (0.09, 0.10, -0.02, 0.0),
        (0.10, 0.10, 0.0, 0.0),
        (0.30, 0.05, 0.2, 0.3),
    ]


# ------------------------------------------------------------------ dates that move

# Day first, as the shop wrote them.
DATES = ((3, 4), (25, 12), (7, 7), (12, 11), (31, 1), (2, 10))


def _read(first: int, second: int) -> date:
    """Month first wherever that gives a date."""
    return date(2024, first, second) if first <= 12 else date(2024, second, first)


def _moved() -> int:
    return sum(_read(day, month) != date(2024, month, day) for day, month in DATES)


# ------------------------------------------------------------------ ids


def _plain(cell: str) -> bool:
    try:
        return str(int(cell)) == cell
    except ValueError:
        return False


def _ids(cells: list[str]) -> Sequence[int | str]:
    return [int(cell) for cell in cells] if all(map(_plain, cells)) else list(cells)


def _zeros_lost(cells: list[str]) -> Sequence[int | str]:
    try:
        return [int(cell) for cell in cells]
    except ValueError:
        return list(cells)


def _cell_by_cell(cells: list[str]) -> Sequence[int | str]:
    return [int(cell) if _plain(cell) else cell for cell in cells]


def _no_zero_at_all(cells: list[str]) -> Sequence[int | str]:
    good = all(_plain(cell) and not cell.startswith("0") for cell in cells)
    return [int(cell) for cell in cells] if good else list(cells)


def _any_is_enough(cells: list[str]) -> Sequence[int | str]:
    if not any(map(_plain, cells)):
        return list(cells)
    return [int(cell) if cell.lstrip("-").isdigit() else cell for cell in cells]


def _digits_only(cells: list[str]) -> Sequence[int | str]:
    good = all(_plain(cell) and cell.isdigit() for cell in cells)
    return [int(cell) for cell in cells] if good else list(cells)


def _id_probes() -> list[tuple[list[str]]]:
    columns = [
        ["7", "12", "3"],
        ["007", "012", "100"],
        ["7", "guest", "12"],
        ["0", "5", "10"],
        ["-3", "4"],
        ["007", "9", "x"],
        ["ann", "bo"],
        ["1.0", "2.0"],
    ]
    return [(column,) for column in columns]


# ------------------------------------------------------------------ open questions


def _open(questions: list[str], answers: dict[str, str]) -> list[str]:
    return [key for key in questions if not answers.get(key, "").strip()]


def _open_probes() -> list[tuple[list[str], dict[str, str]]]:
    four = ["purpose", "people", "harms", "contact"]
    return [
        (four, {"purpose": "a demonstration"}),
        (four, {"purpose": "x", "people": "", "harms": "y"}),
        (four, {"people": "   ", "contact": "Ann"}),
        (four, {}),
        (four, dict.fromkeys(four, "done")),
        (["b", "a", "c"], {"c": "\n", "other": "z"}),
        (["b", "a"], {"a": "x", "b": "\t "}),
    ]


EXERCISES = (
    Exercise(
        "17.1",
        "What should be handed out",
        "repair",
        _output,
        (
            Mistake(
                "members in place of items",
                _members,
                "You still hand out users, group by group. Nobody can be shown a user: the keys "
                "should be users, and the lists should hold items.",
            ),
            Mistake(
                "one list for a group",
                _items_of_groups,
                "Your keys are groups. Two members of one group have met different things, so "
                "each user needs an entry of her own.",
            ),
            Mistake(
                "seen before",
                _seen_again,
                "Your lists hold items that the user has met already. Leave them out.",
            ),
            Mistake(
                "cut first",
                _cut_first,
                "You took the first k and then removed what she has met, so her list is too "
                "short. Remove first.",
            ),
            Mistake(
                "group not told",
                _no_group,
                "The lists are right, but each entry should be a pair: her group, and her list.",
            ),
            Mistake(
                "seen by anybody",
                _seen_by_anybody,
                "You left out what anybody has met. Only her own past counts.",
            ),
        ),
        "Go through the users, not through the groups, and keep her label beside her.",
        "For one user: walk down the list of her group, keep what is not in her set, and stop "
        "after k. Then build the dictionary from such pairs.",
        _output_probes,
    ),
    Exercise(
        "17.2",
        "What may be said",
        "repair",
        _verdict,
        (
            Mistake(
                "means only",
                lambda ndcg, popular, low, high: "better" if ndcg > popular else "worse",
                "You compare the means. With other users the sign might have been the other one; "
                "that is what the interval is for.",
            ),
            Mistake(
                "worse unless better",
                lambda ndcg, popular, low, high: "better" if low > 0 else "worse",
                "Where the interval holds zero you say 'worse'. Not better is not worse.",
            ),
            Mistake(
                "better unless worse",
                lambda ndcg, popular, low, high: "worse" if high < 0 else "better",
                "You say 'better' as soon as the upper end is above zero. The whole interval has "
                "to be.",
            ),
            Mistake(
                "zero counts",
                lambda ndcg, popular, low, high: (
                    "better" if low >= 0 else "worse" if high <= 0 else "cannot be told"
                ),
                "An end at exactly zero has not left zero.",
            ),
            Mistake(
                "never worse",
                lambda ndcg, popular, low, high: "better" if low > 0 else "cannot be told",
                "A recommender can be worse than popularity, and then it should be said.",
            ),
        ),
        "Look at the two ends of the interval: where is each of them, above or below zero?",
        "Three cases: both ends above, both below, and everything else.",
        _verdict_probes,
    ),
    Exercise(
        "17.3",
        "The dates that move",
        "predict",
        _moved,
        (
            Mistake(
                "all",
                lambda: len(DATES),
                "Some of them cannot be read the wrong way: there is no month of that number.",
            ),
            Mistake(
                "same day and month counted",
                lambda: sum(day <= 12 for day, _ in DATES),
                "You counted a date that is the same both ways.",
            ),
            Mistake(
                "the other ones",
                lambda: sum(day > 12 for day, _ in DATES),
                "You counted the dates that only one reading allows. Those are the safe ones.",
            ),
            Mistake(
                "every swap",
                lambda: sum(day != month for day, month in DATES),
                "You counted dates whose first number is no month. The program falls back to the "
                "right reading for them.",
            ),
        ),
        "Take them one by one: is the first number a month at all, and does the swap change it?",
        "Strike out those whose first number is above twelve, and those with two equal numbers.",
    ),
    Exercise(
        "17.4",
        "Ids that keep their zeros",
        "write",
        _ids,
        (
            Mistake(
                "zeros lost",
                _zeros_lost,
                "Your '007' became 7. Turned back into text it would be another id.",
            ),
            Mistake(
                "cell by cell",
                _cell_by_cell,
                "Your column holds numbers beside texts. Such ids have no order, and 7 is not "
                "'7': decide for the column as a whole.",
            ),
            Mistake(
                "zero itself",
                _no_zero_at_all,
                "The id '0' is a whole number in its plain form.",
            ),
            Mistake(
                "any is enough",
                _any_is_enough,
                "One plain number does not make a column of numbers. All of them have to be.",
            ),
            Mistake(
                "minus refused",
                _digits_only,
                "'-3' is a whole number in its plain form, and isdigit does not know it.",
            ),
            Mistake(
                "always text",
                lambda cells: list(cells),
                "You never return numbers. Where all cells are plain whole numbers, do.",
            ),
        ),
        "Ask of each cell whether it comes back the same after it was a number.",
        "Write a test for one cell, with int and str, and mind that int may refuse. Then use it "
        "on all cells before you convert any.",
        _id_probes,
    ),
    Exercise(
        "17.5",
        "What is still open",
        "write",
        _open,
        (
            Mistake(
                "blank is an answer",
                lambda questions, answers: [key for key in questions if key not in answers],
                "A question with an empty answer is open too.",
            ),
            Mistake(
                "spaces are an answer",
                lambda questions, answers: [key for key in questions if not answers.get(key)],
                "An answer of nothing but spaces is none.",
            ),
            Mistake(
                "the answered ones",
                lambda questions, answers: [
                    key for key in questions if answers.get(key, "").strip()
                ],
                "You list what has been answered. The other ones are wanted.",
            ),
            Mistake(
                "sorted",
                lambda questions, answers: sorted(_open(questions, answers)),
                "Keep the order of the questions: the card asks them in that order.",
            ),
            Mistake(
                "asked of the answers",
                lambda questions, answers: [key for key in answers if not answers[key].strip()],
                "You went through the answers. A question that nobody touched is missing there.",
            ),
        ),
        "Go through the questions, and look each of them up among the answers.",
        "get gives an empty text for a key that is missing, and strip takes spaces away.",
        _open_probes,
    ),
)
