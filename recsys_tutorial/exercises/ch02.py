"""Exercises of chapter 2, preprocessing.

Four of the mistakes are the source article's own: cleaning and scaling everything before the
split, scaling a new user by herself, taking the loss of users for the loss of cells, and taking
`dropna` for a cleaning, with labels that no longer fit the positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from recsys_tutorial.exercises.engine import Exercise, Mistake
from recsys_tutorial.preprocessing import normalise_rows, standardise

N_USERS, N_COLUMNS, HOLES = 1000, 10, 0.02

Tables = tuple[pd.DataFrame, pd.DataFrame]
Cleaned = tuple[pd.DataFrame, dict[str, int]]
Rule = tuple[str, Callable[[pd.DataFrame], pd.Series]]


def _counts(rows: list[list[int]]) -> pd.DataFrame:
    columns = [f"topic_{i}" for i in range(len(rows[0]))]
    return pd.DataFrame(rows, index=pd.RangeIndex(1, len(rows) + 1, name="user"), columns=columns)


def _row_probes() -> list[tuple[pd.DataFrame]]:
    rng = np.random.default_rng(2)
    sizes = [(4, 3), (6, 2), (5, 5), (8, 4)]
    generated = [rng.integers(0, 6, size=size) for size in sizes]
    for counts in generated:
        # Somebody who did nothing, and somebody who did one thing.
        counts[0], counts[-1] = 0, np.arange(counts.shape[1]) == 1
    return [
        (_counts([[1, 3, 0], [0, 0, 0], [2, 2, 4]]),),
        (_counts([[5, 0], [1, 1], [0, 0], [2, 6]]),),
        *[(_counts(counts.tolist()),) for counts in generated],
    ]


def _shares_with_holes(table: pd.DataFrame) -> pd.DataFrame:
    return table.div(table.sum(axis=1), axis=0)


def _z_scores_of_rows(table: pd.DataFrame) -> pd.DataFrame:
    spread = table.std(axis=1, ddof=0)
    return table.sub(table.mean(axis=1), axis=0).div(spread.where(spread > 0, 1), axis=0)


def _largest_is_one(table: pd.DataFrame) -> pd.DataFrame:
    largest = table.max(axis=1)
    return table.div(largest.where(largest > 0, 1), axis=0)


def _unit_length(table: pd.DataFrame) -> pd.DataFrame:
    length = np.sqrt((table**2).sum(axis=1))
    return table.div(length.where(length > 0, 1), axis=0)


def _both(train: pd.DataFrame, test: pd.DataFrame) -> Tables:
    scaled, tested = standardise(train, test)
    return scaled, tested


def _by(statistics: pd.DataFrame, *tables: pd.DataFrame, ddof: int = 0) -> tuple[pd.DataFrame, ...]:
    mean, spread = statistics.mean(), statistics.std(ddof=ddof)
    return tuple((table - mean) / spread for table in tables)


def _each_by_itself(train: pd.DataFrame, test: pd.DataFrame) -> Tables:
    return standardise(train)[0], standardise(test)[0]


def _min_max(train: pd.DataFrame, test: pd.DataFrame) -> Tables:
    low, width = train.min(), train.max() - train.min()
    return (train - low) / width, (test - low) / width


def _not_centred(train: pd.DataFrame, test: pd.DataFrame) -> Tables:
    spread = train.std(ddof=0)
    return train / spread, test / spread


def _scaling_probes() -> list[Tables]:
    rng = np.random.default_rng(2)

    def tables(n_train: int, n_test: int) -> Tables:
        names = ["visits", "minutes"]
        train = pd.DataFrame(rng.normal([5, 300], [2, 80], size=(n_train, 2)), columns=names)
        test = pd.DataFrame(rng.normal([9, 500], [2, 80], size=(n_test, 2)), columns=names)
        return train.round(1), test.round(1)

    return [tables(*sizes) for sizes in [(3, 1), (8, 3), (8, 1), (5, 9), (20, 4), (40, 2)]]


def _is_latest(events: pd.DataFrame) -> np.ndarray:
    times = events.groupby("user")["timestamp"]
    return ((times.rank(ascending=False) == 1) & (times.transform("size") > 1)).to_numpy()


def _last_row(events: pd.DataFrame) -> np.ndarray:
    return (events.groupby("user").cumcount(ascending=False) == 0).to_numpy()


def _last_row_if_two(events: pd.DataFrame) -> np.ndarray:
    return _last_row(events) & (events.groupby("user")["item"].transform("size") > 1).to_numpy()


def _is_oldest(events: pd.DataFrame) -> np.ndarray:
    times = events.groupby("user")["timestamp"]
    return ((times.rank() == 1) & (times.transform("size") > 1)).to_numpy()


def _latest_of_all(events: pd.DataFrame) -> np.ndarray:
    count = int(_is_latest(events).sum())
    return (events["timestamp"].rank(ascending=False) <= count).to_numpy()


def _in_sorted_order(events: pd.DataFrame) -> np.ndarray:
    return _is_latest(events.sort_values(["user", "timestamp"]))


def _lonely_user_too(events: pd.DataFrame) -> np.ndarray:
    return (events.groupby("user")["timestamp"].rank(ascending=False) == 1).to_numpy()


def _split_probes() -> list[tuple[pd.DataFrame]]:
    rng = np.random.default_rng(4)

    def log(rows: str) -> pd.DataFrame:
        users, times = zip(*(row.split("-") for row in rows.split()), strict=True)
        seconds = [int(time) for time in times]
        items = range(1, len(users) + 1)
        return pd.DataFrame({"user": users, "item": items, "timestamp": seconds})

    return [
        (log("Ben-600 Ana-100 Cleo-50 Ana-300 Ben-200 Ana-250 Ben-550"),),
        (log("Dora-900 Emil-20 Dora-30 Dora-700 Emil-10 Finn-40 Emil-15"),),
        *[(log(_visits(rng, n)),) for n in (6, 9, 14, 25)],
    ]


def _visits(rng: np.random.Generator, n: int) -> str:
    """Events of four people at different times, in no order; a fifth comes once."""
    times = rng.permutation(np.arange(10, 10 * n, 10))
    people = rng.choice(["Ana", "Ben", "Cleo", "Dora"], size=n - 1)
    rows = [f"{who}-{time}" for who, time in zip(people, times, strict=True)]
    return " ".join([*rows, "Emil-5"])


def _rules(low: float, high: float, columns: Sequence[str] = ("user", "item")) -> list[Rule]:
    return [
        ("no rating", lambda log: log["rating"].isna()),
        ("impossible rating", lambda log: (log["rating"] < low) | (log["rating"] > high)),
        ("repeated pair", lambda log: log.duplicated(list(columns))),
    ]


def _by_rules(events: pd.DataFrame, rules: list[Rule]) -> Cleaned:
    """Apply one rule after the other, and account for every row."""
    clean, report = events, {}
    for name, is_bad in rules:
        bad = is_bad(clean)
        report[name], clean = int(bad.sum()), clean[~bad]
    return clean.reset_index(drop=True), {**report, "left": len(clean)}


def _clean(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    return _by_rules(events, _rules(low, high))


def _drops_holes_only(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    nothing = [(name, lambda log: log["rating"] > np.inf) for name, _ in _rules(low, high)[1:]]
    return _by_rules(events, [*_rules(low, high)[:1], *nothing])


def _all_counted_first(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    clean, report = _clean(events, low, high)
    counts = {name: int(is_bad(events).sum()) for name, is_bad in _rules(low, high)}
    return clean, {**report, **counts}


def _rules_with(name: str, is_bad: Callable[[pd.DataFrame], pd.Series]) -> Callable[..., Cleaned]:
    """Make an answer with another version of one rule."""

    def answer(events: pd.DataFrame, low: float, high: float) -> Cleaned:
        rules = _rules(low, high)
        return _by_rules(events, [(n, is_bad if n == name else r) for n, r in rules])

    return answer


def _repeats_first(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    *others, repeats = _rules(low, high)
    return _by_rules(events, [repeats, *others])


def _edges_removed(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    rules = _rules(low, high)
    rules[1] = ("impossible rating", lambda log: (log["rating"] <= low) | (log["rating"] >= high))
    return _by_rules(events, rules)


def _holes_called_impossible(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    clean, report = _clean(events, low, high)
    return clean, {
        **report,
        "no rating": 0,
        "impossible rating": report["no rating"] + report["impossible rating"],
    }


def _labels_with_holes(events: pd.DataFrame, low: float, high: float) -> Cleaned:
    clean = events
    for _, is_bad in _rules(low, high):
        clean = clean[~is_bad(clean)]
    return clean, _clean(events, low, high)[1]


def _cleaning_probes() -> list[tuple[pd.DataFrame, float, float]]:
    rng, gap = np.random.default_rng(26), np.nan

    def log(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
        return pd.DataFrame(rows, columns=["user", "item", "rating"])

    probes = [
        # A rating of 99 that comes before its true twin, and a twin that has a hole.
        (
            log([("Ana", 1, 99), ("Ana", 1, 4), ("Ben", 1, 5), ("Ben", 1, gap), ("Ben", 2, 0.5)]),
            0.5,
            5.0,
        ),
        (
            log(
                [("Cleo", 3, gap), ("Cleo", 3, gap), ("Dora", 3, 2), ("Dora", 3, 5), ("Dora", 3, 2)]
            ),
            0.5,
            5.0,
        ),
    ]
    marks = np.array([0.0, 1, 2, 3, 4, 5, 5, 1, 99, np.nan])
    for size in (8, 14, 25, 40):
        users = rng.choice(["Ana", "Ben", "Cleo"], size=size).tolist()
        items, ratings = rng.integers(1, 5, size=size).tolist(), rng.choice(marks, size=size)
        probes.append((log(list(zip(users, items, ratings.tolist(), strict=True))), 1.0, 5.0))
    return probes


EXERCISES = (
    Exercise(
        "02.1",
        "Who is lost?",
        "predict",
        lambda: N_USERS * (1 - (1 - HOLES) ** N_COLUMNS),
        (
            Mistake(
                "share of the cells",
                lambda: N_USERS * HOLES,
                "You took the share of empty cells for the share of lost users. "
                "A user has ten cells, and one hole is enough to lose her.",
            ),
            Mistake(
                "added up",
                lambda: N_USERS * HOLES * N_COLUMNS,
                "Close, but adding ten times two percent counts a user with two holes twice. "
                "Ask how likely it is that all ten cells are filled.",
            ),
            Mistake(
                "those who stay",
                lambda: N_USERS * (1 - HOLES) ** N_COLUMNS,
                "That is how many users stay. How many are lost?",
            ),
            Mistake(
                "a share",
                lambda: 1 - (1 - HOLES) ** N_COLUMNS,
                "That is a share. How many of the 1000 users is it?",
            ),
            Mistake(
                "percent",
                lambda: 100 * (1 - (1 - HOLES) ** N_COLUMNS),
                "That is in percent. How many of the 1000 users is it?",
            ),
        ),
        "A user stays if all of her ten cells are filled. How likely is that, when each cell is "
        "filled with chance 0.98?",
        "Chances of independent events multiply: take the chance that one cell is filled to "
        "the power of the number of cells. What is left over is the chance to lose her.",
        tolerance=0.02,
    ),
    Exercise(
        "02.2",
        "Shares of a row",
        "write",
        normalise_rows,
        (
            Mistake(
                "still not a number",
                _shares_with_holes,
                "A user without visits becomes nan: nothing divided by nothing. "
                "Leave her row at zero.",
            ),
            Mistake(
                "columns",
                lambda table: table / table.sum(),
                "You divided by the sums of the columns. Each *user* should add up to 1.",
            ),
            Mistake(
                "rows taken for columns",
                lambda table: table / table.sum(axis=1),
                "The sums belong to the rows, but / lines them up with the names of the columns. "
                "The method table.div can be told which axis you mean.",
            ),
            Mistake(
                "columns standardised",
                lambda table: standardise(table)[0],
                "You standardised the columns, which the source article takes for the same thing. "
                "Here each *user* should add up to 1.",
            ),
            Mistake(
                "rows standardised",
                _z_scores_of_rows,
                "You standardised the rows. Shares are not negative and add up to 1.",
            ),
            Mistake(
                "largest is 1",
                _largest_is_one,
                "You divided by the largest number of the row. Shares add up to 1.",
            ),
            Mistake(
                "unit length",
                _unit_length,
                "You made the *length* of each row 1. That is a useful scaling, but shares "
                "add up to 1.",
            ),
            Mistake(
                "user dropped",
                lambda table: normalise_rows(table[table.sum(axis=1) > 0]),
                "A user without visits has disappeared. Keep her, with a row of zeros.",
            ),
        ),
        "Sum each row, decide what a sum of 0 should be divided by, and divide row by row "
        "(table.div takes an axis).",
        "Two statements: the sums of the rows, in which a zero is replaced by something that is "
        "safe to divide by; then a division that goes down the rows, as table.div can do.",
        _row_probes,
    ),
    Exercise(
        "02.3",
        "Standardise without peeking",
        "write",
        _both,
        (
            Mistake(
                "each by itself",
                _each_by_itself,
                "You scaled the test users by their own statistics. A single new user then always "
                "becomes a row of zeros. Use the numbers learnt from the training users.",
            ),
            Mistake(
                "test by itself, nan",
                lambda train, test: (_by(train, train)[0], _by(test, test)[0]),
                "You scaled the test users by their own statistics, and a single user has no "
                "spread. Use the numbers learnt from the training users.",
            ),
            Mistake(
                "each by itself, n - 1",
                lambda train, test: (_by(train, train, ddof=1)[0], _by(test, test, ddof=1)[0]),
                "You scaled the test users by their own statistics (and pandas divided by n - 1). "
                "Use the numbers learnt from the training users.",
            ),
            Mistake(
                "statistics of all users",
                lambda train, test: _by(pd.concat([train, test]), train, test),
                "Your mean and deviation know the test users, as the source article's do. "
                "Learn both from the training users alone.",
            ),
            Mistake(
                "n - 1",
                lambda train, test: _by(train, train, test, ddof=1),
                "pandas divides by n - 1 in std(), NumPy and scikit-learn by n. "
                "Here the deviation is the one with n: std(ddof=0).",
            ),
            Mistake(
                "min-max",
                _min_max,
                "You moved the columns to the range from 0 to 1. Standardising means mean 0 and "
                "standard deviation 1.",
            ),
            Mistake(
                "not centred",
                _not_centred,
                "You divided by the deviation but did not subtract the mean.",
            ),
        ),
        "Who may take part in the mean and in the deviation (the one that divides by n)? "
        "Use the same two numbers per column for both tables, and return both, train first.",
        "Compute train.mean() and train.std(ddof=0) once, at the top. Below them, neither "
        "test.mean() nor test.std() may occur.",
        _scaling_probes,
    ),
    Exercise(
        "02.4",
        "The latest event of each user",
        "repair",
        _is_latest,
        (
            Mistake(
                "last rows",
                _last_row,
                "You take each user's last row. The log is not sorted: what counts is the time.",
            ),
            Mistake(
                "last rows of users with two events",
                _last_row_if_two,
                "Users with one event are safe now, but you still take the last row in place of "
                "the latest time.",
            ),
            Mistake(
                "oldest",
                _is_oldest,
                "You hold out the oldest event: the model would be trained on the future and asked "
                "about the past.",
            ),
            Mistake(
                "latest of the whole log",
                _latest_of_all,
                "You took the latest events of the whole log. Each user has a latest event of "
                "her own.",
            ),
            Mistake(
                "in sorted order",
                _in_sorted_order,
                "Your answers are in the order of a sorted log. Return them in the order of the "
                "rows you were given, for example with .reindex(events.index).",
            ),
            Mistake(
                "in order of time",
                lambda events: _is_latest(events.sort_values("timestamp")),
                "Your answers are in the order of a log sorted by time. Return them in the order "
                "of the rows you were given, for example with .reindex(events.index).",
            ),
            Mistake(
                "in order of time, lonely user too",
                lambda events: _lonely_user_too(events.sort_values("timestamp")),
                "Two things: your answers are in the order of a sorted log, not in that of the "
                "rows you were given; and a user with a single event should keep it in training.",
            ),
            Mistake(
                "in sorted order, lonely user too",
                lambda events: _lonely_user_too(events.sort_values(["user", "timestamp"])),
                "Two things: your answers are in the order of a sorted log, not in that of the "
                "rows you were given; and a user with a single event should keep it in training.",
            ),
            Mistake(
                "lonely user",
                _lonely_user_too,
                "A user with a single event lost it to the test. Nothing is left to learn from: "
                "keep it in training.",
            ),
            Mistake(
                "upside down",
                lambda events: ~_is_latest(events),
                "True should mark the events that are held out for the test, not the others.",
            ),
        ),
        "Compare each time with the latest time of the same user "
        "(groupby('user')['timestamp'].transform), and count her events. "
        "Return one True or False per row.",
        "Two conditions must hold: her time equals the maximum of her times, and she has "
        "more than one event. Both come from transform, which keeps the order of the rows.",
        _split_probes,
    ),
    Exercise(
        "02.5",
        "What must wait for the split?",
        "predict",
        lambda: {"C", "D"},
        (
            Mistake(
                "nothing waits",
                set,
                "That is the source article: everything is prepared first, and there is no split "
                "at all. Which steps compute a number from many users?",
            ),
            Mistake(
                "median forgotten",
                lambda: {"D"},
                "Right about scaling. Is it the only step that computes a number from many users?",
            ),
            Mistake(
                "scaling forgotten",
                lambda: {"C"},
                "Right about the median. Is it the only step that computes a number from many "
                "users?",
            ),
            Mistake(
                "shares wait",
                lambda: {"B", "C", "D"},
                "Dividing a row by its own sum uses that user's numbers alone, so it cannot leak.",
            ),
            Mistake(
                "a limit of the scale waits",
                lambda: {"C", "D", "E"},
                "Right about what is computed from many users. A rating of 99 is wrong whoever "
                "gave it: does that rule look at anybody else's numbers?",
            ),
            Mistake(
                "repeated pairs wait",
                lambda: {"A", "C", "D"},
                "Right about what is computed from many users. A repeated pair stands twice in "
                "one user's own rows: does that rule look at anybody else's?",
            ),
            Mistake(
                "everything waits",
                lambda: {"A", "B", "C", "D", "E"},
                "If a pair stands twice and you split first, one copy may land in training and "
                "the other in the test. Fixed rules come before the split.",
            ),
            Mistake(
                "the other way round",
                lambda: {"A", "B", "E"},
                "Those are the steps that may come before it. Which must wait?",
            ),
        ),
        "A step must wait if it computes a number from many users and uses it on others. Try that "
        "on every letter, those of your set and those outside it. The answer is a set of letters, "
        'such as {"A", "E"}.',
        "Go through the letters one by one and ask: would the result for Ana change if Ben "
        "were not in the table?",
    ),
    Exercise(
        "02.6",
        "Every row accounted for",
        "write",
        _clean,
        (
            Mistake(
                "holes only",
                _drops_holes_only,
                "Only what is empty was removed, as in the source article. "
                "A rating of 99 and a repeated pair are wrong without being empty.",
            ),
            Mistake(
                "all rules counted on the first log",
                _all_counted_first,
                "You counted every rule on the log as it came, so a row with two faults is counted "
                "twice and the report does not add up. Each rule sees what the last one left.",
            ),
            Mistake(
                "repeated pairs first",
                _repeats_first,
                "You looked for repeated pairs first. Then a copy with a rating of 99 can stay, "
                "push its true twin out, and be removed in its turn: the order of rules matters.",
            ),
            Mistake(
                "every copy thrown away",
                _rules_with(
                    "repeated pair", lambda log: log.duplicated(["user", "item"], keep=False)
                ),
                "Of a repeated pair no row is left. She did meet the film: keep the first row.",
            ),
            Mistake(
                "last copy kept",
                _rules_with(
                    "repeated pair", lambda log: log.duplicated(["user", "item"], keep="last")
                ),
                "Of a repeated pair you kept the last row. The stated rule keeps the first.",
            ),
            Mistake(
                "only whole rows repeated",
                _rules_with("repeated pair", lambda log: log.duplicated()),
                "You compared whole rows, and a pair of user and item with two ratings passed. "
                "The rule speaks of the pair.",
            ),
            Mistake(
                "ends of the scale removed",
                _edges_removed,
                "The lowest and the highest rating are possible: you removed them.",
            ),
            Mistake(
                "holes called impossible",
                _holes_called_impossible,
                "Nothing is wrong with the log, but the report names the wrong rule: a rating that "
                "is missing is not between two numbers either. Look for holes first.",
            ),
            Mistake(
                "labels with holes",
                _labels_with_holes,
                "The labels of your rows have holes, so position and label speak of different "
                "rows: the source article's quiet fault. reset_index can number them anew.",
            ),
            Mistake(
                "nothing left in the report",
                lambda events, low, high: (
                    _clean(events, low, high)[0],
                    {name: _clean(events, low, high)[1][name] for name, _ in _rules(low, high)},
                ),
                "The report does not say how many rows are left, so nobody can do the sum. "
                'Its last line is "left".',
            ),
        ),
        "One rule after the other: mark the bad rows of what is left, count them, and go on with "
        "the others. At the end the counts and the rows left add up to the rows before.",
        "Three masks of trues and falses: isna() of the ratings; below low or above high; "
        "duplicated of the two columns that make the pair. Each is made from the log that the one "
        "before has left.",
        _cleaning_probes,
    ),
)
