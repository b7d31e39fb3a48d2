"""From a log to groups, names and lists, judged on events that were held back.

Taught in chapter 17.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.evaluation import leaderboard, relevant_items
from recsys_tutorial.preprocessing import (
    Split,
    UserItemMatrix,
    split_latest,
    split_random,
    user_item_matrix,
)
from recsys_tutorial.recommenders import (
    EASE,
    ClusterEnsemble,
    ClusterPopularity,
    Popularity,
    Recommender,
    SoftClusterPopularity,
    cluster_names,
    distinctive_items,
    explain,
)
from recsys_tutorial.recommenders.grouping import describe_users

STEPS = ("test on held-out events", "group the users", "name the groups", "recommend")
POPULARITY = "popularity (same list for all)"
# What ``n_clusters="auto"`` tries; five numbers, because each is a grouping of its own.
AUTO = "auto"
AUTO_CLUSTERS = (5, 10, 20, 50, 100)
DEFAULT_CLUSTERS = 10
# What can make the lists, and what it is called in the table of results.
RECOMMENDERS = {
    "soft": "groups, soft",
    "groups": "own group only",
    "ensemble": "ensemble of groupings",
    "ease": "EASE, without groups",
}
# These make the lists from something else than the groups that are shown.
BESIDE = ("ensemble", "ease")
USED = " (used here)"
# More users narrow the interval no further, and cost time.
EVALUATED_USERS = 5_000
# An interval from fewer people than this looks certain and is not: that of one has no width at all.
FEWEST_TESTED = 20
# A share of the users that, if it did half of everything, is no crowd.
HEAVY_SHARE = 0.05
# Of fewer users, one with half of everything is nothing special.
CROWD = 10
# EASE gives the rest of a catalogue nothing but rounding.
LEAST_EASE = 1e-6
SILENT = "liked nothing yet"
# EASE inverts a square table; at this size it takes about a gigabyte.
LARGEST_EASE = 12_000
# Above this many scores the lists are made from the heads of the groups' lists.
MANY_SCORES = 100_000_000
HEADS = (50, 500)


@dataclass(frozen=True)
class PipelineResult:
    """Everything that `run_pipeline` found.

    Attributes
    ----------
    interactions : Interactions
        The log.
    recommender : Recommender
        What made the lists, fitted on the whole log.
    groups : SoftClusterPopularity
        The groups, fitted on the whole log; in the cases "soft" and "groups" the recommender too.
    clusters : DataFrame
        One row per group: ``cluster``, ``name``, ``users`` and ``distinctive_items``.
    users : DataFrame
        One row per user: ``user``, ``cluster``, ``name`` and ``membership`` (her share in it).
    recommendations : DataFrame
        ``user``, ``rank``, ``item``, ``title``, ``score`` and ``reason``.
    evaluation : DataFrame
        The leaderboard on held-out events, with ``users``, how many were tested, and without
        intervals if they were too few; empty if there was nothing to hold out.
    notes : tuple of str
        What a reader of the results has to know.
    settings : dict of str to object
        What was chosen, by the caller or by the data.
    source : tuple of str
        How the log was read, in sentences.
    tried : DataFrame
        The leaderboard of the numbers of groups that were tried, on events held out of the training
        part; empty if the number was given.
    """

    interactions: Interactions
    recommender: Recommender
    groups: ClusterPopularity
    clusters: pd.DataFrame
    users: pd.DataFrame
    recommendations: pd.DataFrame
    evaluation: pd.DataFrame
    notes: tuple[str, ...]
    settings: dict[str, object] = field(default_factory=dict)
    source: tuple[str, ...] = ()
    tried: pd.DataFrame = field(default_factory=pd.DataFrame)


def run_pipeline(
    interactions: Interactions,
    *,
    n_clusters: int | str = DEFAULT_CLUSTERS,
    top: int = 10,
    recommender: str = "soft",
    min_rating: float | None = None,
    random_state: int = 0,
    source: Sequence[str] = (),
    progress: Callable[[str], object] = lambda step: None,
) -> PipelineResult:
    """Group the users of a log by interest, name the groups, and recommend to every user.

    The quality is first measured on held-out events (the latest of each user, or random ones if
    the log has no times); the results are then computed from the whole log.

    Parameters
    ----------
    interactions : Interactions
        The log.
    n_clusters : int or "auto"
        Number of groups; fewer if there are fewer different users.  With "auto" each number of
        `AUTO_CLUSTERS` is tried on the latest events of the *training* part, as far as there are
        different users enough to make so many, and the one with the best nDCG is taken (the
        smallest of the best); the test part plays no part in the choice.
    top : int
        Recommendations per user; fewer if there are fewer items.
    recommender : {"soft", "groups", "ensemble", "ease"}
        What makes the lists.  Soft groups are the default: they rank nearly as well as an ensemble
        of groupings, every list comes with a reason in words, and they are fast for any number of
        people.  EASE ranks better (chapter 10), makes no groups, and needs memory that grows with
        the square of the smaller number, users or items.
    min_rating : float, optional
        An event counts as liked only if its rating is at least this; by default every event does.
        Groups and lists are then made from what people liked, and the test asks for what they
        liked; what they met and did not like is not recommended to them again.
    random_state : int
        Seed.
    source : sequence of str
        How the log was read, for the report and the model card.
    progress : callable, optional
        Called with the name of each step, one of `STEPS`, before it begins.

    Returns
    -------
    PipelineResult
        Groups, names, lists and figures.

    Raises
    ------
    ValueError
        If `n_clusters` or `top` is less than 1, or `recommender` is unknown.
    DataError
        If EASE was asked for and the log is too large for it, or no rating reaches `min_rating`.

    Examples
    --------
    >>> log = pd.DataFrame({"user": [1, 1, 2, 2], "item": ["a", "b", "a", "c"]})
    >>> result = run_pipeline(Interactions.from_frame(log, rating=None, timestamp=None), top=1)
    >>> result.recommendations[["user", "item"]].to_numpy().tolist()
    [[1, 'c'], [2, 'b']]
    """
    if isinstance(n_clusters, str) and n_clusters != AUTO:
        raise ValueError(f"n_clusters={n_clusters!r} must be a whole number or {AUTO!r}.")
    if (not isinstance(n_clusters, str) and n_clusters < 1) or top < 1:
        raise ValueError(f"n_clusters={n_clusters} and top={top} must be at least 1.")
    if recommender not in RECOMMENDERS:
        raise ValueError(f"recommender={recommender!r} must be one of {list(RECOMMENDERS)}.")
    notes = [] if min_rating is None else _liked_in_words(interactions, min_rating)
    matrix = _met_items(interactions, min_rating)
    top = min(top, len(matrix.items))
    if recommender == "ease" and min(matrix.shape) > LARGEST_EASE:
        raise DataError(
            f"EASE would invert a table of {min(matrix.shape):,} by {min(matrix.shape):,}, which "
            f"does not fit here (at most {LARGEST_EASE:,}). Choose another recommender, e.g. soft."
        )
    progress(STEPS[0])
    chosen_by, tried = "the caller", pd.DataFrame()
    if isinstance(n_clusters, str):
        n_clusters, tried, more = _choose(interactions, recommender, top, min_rating, random_state)
        chosen_by = "the default" if tried.empty else "validation"
        notes += more
    evaluation, more = _evaluate(
        interactions, recommender, n_clusters, top, min_rating, random_state
    )
    notes += more
    progress(STEPS[1])
    kind = ClusterPopularity if recommender == "groups" else SoftClusterPopularity
    groups = kind(n_clusters=n_clusters, random_state=random_state).fit(matrix)
    model = groups
    if recommender in BESIDE:
        model = _make(recommender, n_clusters, random_state).fit(matrix)
    progress(STEPS[2])
    names = _names(groups, interactions)
    progress(STEPS[3])
    lists = _lists(model, top)
    lists.insert(3, "title", lists["item"].map(interactions.titles))
    verb = "chosen" if min_rating is None else "liked"
    lists["reason"] = _reasons(model, groups, lists, names, verb)
    if lists["user"].nunique() < len(matrix.users):
        n_without = len(matrix.users) - lists["user"].nunique()
        notes.append(f"Users who have met every item get no list: {n_without:,}.")
    if model is groups:
        notes += _small_in_words(groups, lists, top)
    notes += _heavy_in_words(matrix)
    return PipelineResult(
        interactions,
        model,
        groups,
        _cluster_table(groups, interactions, names),
        _user_table(groups, names),
        lists,
        evaluation,
        tuple(notes),
        settings={
            "recommender": recommender,
            "n_clusters": n_clusters,
            "clusters_by": chosen_by,
            "top": top,
            "min_rating": min_rating,
            "random_state": random_state,
            "test": _test_in_words(interactions),
        },
        source=tuple(source),
        tried=tried,
    )


def _make(recommender: str, n_clusters: int, random_state: int) -> Recommender:
    if recommender == "ease":
        return EASE()
    if recommender == "ensemble":
        return ClusterEnsemble(random_state=random_state)
    kind = ClusterPopularity if recommender == "groups" else SoftClusterPopularity
    return kind(n_clusters=n_clusters, random_state=random_state)


def _met_items(interactions: Interactions, min_rating: float | None = None) -> UserItemMatrix:
    """Leave out items of the table that nobody met: nothing is known about them.

    What was met and not liked stays as a cell that holds 0: it adds to no count, and recommenders
    do not recommend it again.
    """
    met = interactions.items["item"].isin(interactions.events["item"])
    log = Interactions(interactions.events, interactions.items[met], interactions.now)
    if min_rating is None:
        return user_item_matrix(log)
    matrix = user_item_matrix(log, use_ratings=True)
    matrix.values.data = (matrix.values.data >= min_rating).astype(float)
    return matrix


def _liked_in_words(interactions: Interactions, min_rating: float) -> list[str]:
    """Refuse a limit that no event or every event meets half-way; say what it leaves."""
    events = interactions.events
    liked = events["rating"] >= min_rating
    if not liked.any():
        highest = events["rating"].max()
        raise DataError(
            f"No rating is {min_rating:g} or more (the highest is {highest:g}), so nobody liked "
            "anything. Choose a lower --min-rating (min_rating= in Python)."
        )
    if liked.all():
        lowest = events["rating"].min()
        return [
            f"All ratings are {lowest:g} or more, so with {min_rating:g} as the least that counts "
            "as liked every event counts."
        ]
    nothing = events["user"].nunique() - events.loc[liked, "user"].nunique()
    share = (
        f"{liked.sum():,} of {len(liked):,} events count as liked: a rating of {min_rating:g} or "
        "more"
    )
    poor = f"; of the users {nothing:,} liked nothing, so their lists are not about them"
    return [share + (poor if nothing else "") + "."]


def _small_in_words(groups: ClusterPopularity, lists: pd.DataFrame, top: int) -> list[str]:
    """Say so if everybody's popularity weighs more in a group than what its members did."""
    mean = groups.matrix_.values.sum() / len(groups.centres_)
    if mean >= groups.shrinkage or lists.empty:
        return []
    popular = Popularity().fit(groups.matrix_).recommend(k=top)
    same = len(lists.merge(popular, on=["user", "item"])) / len(lists)
    return [
        f"A group has {mean:,.0f} events in the mean, fewer than the {groups.shrinkage:,.0f} with "
        f"which everybody's popularity is mixed in: {same:.0%} of the recommendations are the "
        "popular ones. Fewer groups or more events would say more."
    ]


def _heavy_in_words(matrix: UserItemMatrix) -> list[str]:
    """Say so if a few users did half of all that was done."""
    counts = np.sort(np.asarray(matrix.values.sum(axis=1)))[::-1]
    n_heavy = int(np.searchsorted(counts.cumsum(), counts.sum() / 2)) + 1
    if len(counts) < CROWD or n_heavy > max(1, HEAVY_SHARE * len(counts)):
        return []
    return [
        f"Half of all that counts is of {n_heavy:,} of {len(counts):,} users, so popularity and "
        "groups are mostly theirs. If they are no customers (staff, tests, robots), leave them out."
    ]


def _has_order(interactions: Interactions) -> bool:
    """Whether any user has two different times: else none of her events is the latest."""
    if not interactions.has_time:
        return False
    times = interactions.events.groupby("user")["timestamp"]
    return bool((times.max() > times.min()).any())


def _rarely_ordered(interactions: Interactions) -> str:
    """Say so if most users have all events at one time: which one is their latest is a lot."""
    times = interactions.events.groupby("user")["timestamp"].agg(["size", "nunique"])
    several = times[times["size"] > 1]
    n_ordered = int((several["nunique"] > 1).sum())
    if n_ordered >= len(several) / 2:
        return ""
    return (
        f"Only {n_ordered:,} of {len(several):,} users have events at different times; of the "
        "others lots decided which events were tested, which flatters every method."
    )


def _test_in_words(interactions: Interactions) -> str:
    if not _has_order(interactions):
        return "random events"
    lots = ", by lot where times are equal" if _rarely_ordered(interactions) else ""
    return f"latest events of each user{lots}"


def _split(interactions: Interactions) -> Split:
    if not _has_order(interactions):
        return split_random(interactions)
    return split_latest(interactions, ties="lot" if _rarely_ordered(interactions) else "id")


def _evaluate(
    interactions: Interactions,
    recommender: str,
    n_clusters: int,
    top: int,
    min_rating: float | None,
    random_state: int,
) -> tuple[pd.DataFrame, list[str]]:
    try:
        train, test = _split(interactions)
        matrix = _liked_matrix(train, test, min_rating)
    except DataError as error:
        return pd.DataFrame(), [f"Not evaluated: {error}"]
    notes = []
    if not _has_order(interactions):
        why = "No user has two different times, so" if interactions.has_time else "Without times"
        notes = [f"{why} the test events are random, which flatters every method."]
    elif lots := _rarely_ordered(interactions):
        notes = [lots]
    test, note = _some_users(test, random_state, min_rating)
    contenders: dict[str, Recommender] = {POPULARITY: Popularity()}
    # The used one last, so that its line is easy to find.
    for kind in sorted({"groups", "soft", recommender}, key=lambda kind: kind == recommender):
        name = RECOMMENDERS[kind] + (USED if kind == recommender else "")
        contenders[name] = _make(kind, n_clusters, random_state)
    _share_features(contenders, matrix)
    fitted = {name: contender.fit(matrix) for name, contender in contenders.items()}
    board = leaderboard(fitted, test, k=top, min_rating=min_rating)
    board["users"] = len(relevant_items(test, min_rating=min_rating))
    # No table may show what the verdict does not say.
    board.loc[board["users"] < FEWEST_TESTED, ["gain_low", "gain_high"]] = np.nan
    return board, notes + note


def _liked_matrix(
    train: Interactions, test: Interactions, min_rating: float | None
) -> UserItemMatrix:
    """Matrix of the training part; an error if one of the parts holds nothing that was liked."""
    if min_rating is not None:
        for part, what in ((train, "learn from"), (test, "test on")):
            if not (part.events["rating"] >= min_rating).any():
                raise DataError(f"no rating of {min_rating:g} or more is left to {what}.")
    return _met_items(train, min_rating)


def _choose(
    interactions: Interactions,
    recommender: str,
    top: int,
    min_rating: float | None,
    random_state: int,
) -> tuple[int, pd.DataFrame, list[str]]:
    """Choose the number of groups on events that are held out of the training part.

    An ensemble has groupings of its own, and EASE has none: for the groups that are shown beside
    them, soft groups are tried.
    """
    try:
        train, _ = _split(interactions)
        inner, validation = _split(train)
        matrix = _liked_matrix(inner, validation, min_rating)
        asked = len(relevant_items(validation, min_rating=min_rating))
        if asked < FEWEST_TESTED:
            raise DataError(f"only {asked} users can be asked")
    except DataError as error:
        note = f"The number of groups could not be chosen on the data ({error.args[0].rstrip('.')})"
        return DEFAULT_CLUSTERS, pd.DataFrame(), [f"{note}: {DEFAULT_CLUSTERS} were asked for."]
    kind = "groups" if recommender == "groups" else "soft"
    validation, _ = _some_users(validation, random_state, min_rating)
    numbers = [number for number in AUTO_CLUSTERS if number <= len(matrix.users)] or [1]
    contenders = {str(number): _make(kind, number, random_state) for number in numbers}
    _share_features(contenders, matrix)
    made: dict[int, Recommender] = {}
    for contender in contenders.values():
        # Where no more users differ, a larger number makes the same groups again.
        made.setdefault(len(contender.fit(matrix).centres_), contender)
    numbers = list(made)
    fitted = {str(number): contender for number, contender in made.items()}
    board = leaderboard(fitted, validation, k=top, min_rating=min_rating)
    board.index = pd.Index(numbers, name="n_clusters")
    # The first of equals is the smallest: fewer groups are easier to read.
    return numbers[int(board["ndcg"].to_numpy().argmax())], board, []


def _share_features(contenders: Mapping[str, Recommender], matrix: UserItemMatrix) -> None:
    """Describe the users once for all contenders that group them in the same way."""
    features: np.ndarray | None = None
    for contender in contenders.values():
        if isinstance(contender, ClusterPopularity):
            if features is None:
                settings = contender.n_factors, contender.random_state
                features = describe_users(matrix, None, *settings)[0]
            contender.features = features


def _some_users(
    test: Interactions, random_state: int, min_rating: float | None = None
) -> tuple[Interactions, list[str]]:
    events = test.events
    if min_rating is not None:
        # Nobody can be asked about who liked nothing of what is held out.
        events = events[events["rating"] >= min_rating]
    users = np.sort(events["user"].unique())
    if len(users) <= EVALUATED_USERS:
        return test, []
    drawn = np.random.default_rng(random_state).choice(len(users), EVALUATED_USERS, replace=False)
    note = f"Evaluated on {EVALUATED_USERS:,} of {len(users):,} users, drawn at random."
    return test.with_events(test.events[test.events["user"].isin(users[drawn])]), [note]


def _lists(model: Recommender, top: int) -> pd.DataFrame:
    n_scores = len(model.matrix_.users) * len(model.matrix_.items)
    if isinstance(model, SoftClusterPopularity) and n_scores > MANY_SCORES:
        return _lists_from_heads(model, top)
    return model.recommend(k=top)


def _lists_from_heads(
    model: SoftClusterPopularity, top: int, heads: Sequence[int] = HEADS
) -> pd.DataFrame:
    """Rank the heads of the groups' lists only, and prove for each user that this is exact.

    Users for whom the proof fails, those who have met much of a head, get a longer one, and in the
    end the whole catalogue.
    """
    users, done = model.matrix_.users, []
    for head in heads:
        if head < len(model.matrix_.items) and len(users):
            lists, proved = _proved_lists(model, users, top, head)
            done.append(lists[lists["user"].isin(users[proved])])
            users = users[~proved]
    if len(users):
        done.append(model.recommend(users.tolist(), k=top))
    lists = pd.concat(done)
    rows = model.matrix_.users.get_indexer(pd.Index(lists["user"]))
    return lists.iloc[np.argsort(rows, kind="stable")].reset_index(drop=True)


def _proved_lists(
    model: SoftClusterPopularity, users: pd.Index, top: int, head: int
) -> tuple[pd.DataFrame, np.ndarray]:
    """Rank some users among the heads, and say for whom nothing beyond could have come in.

    A score is a weighted mean over the groups.  An item beyond the first `head` places of every
    list can therefore score no more than the same mean of the best scores beyond.  A user whose
    last recommended item scores more has lost nothing.
    """
    shares, matrix = model.cluster_shares_, model.matrix_
    order = np.argpartition(-shares, head, axis=1)
    columns = np.unique(order[:, :head])
    beyond = np.take_along_axis(shares, order[:, head:], axis=1).max(axis=1)
    small = copy.copy(model)
    small.cluster_shares_ = shares[:, columns]
    small.matrix_ = UserItemMatrix(matrix.values[:, columns], matrix.users, matrix.items[columns])
    lists = small.recommend(users.tolist(), k=top)
    by_user = lists.groupby("user", sort=False)["score"].agg(["size", "min"]).reindex(users)
    bound = model.user_shares_[matrix.users.get_indexer(users)] @ beyond
    # The margin covers the last digits, which depend on the order of adding up.
    proved = (by_user["size"] == top) & (by_user["min"].to_numpy() > bound * (1 + 1e-6))
    return lists, proved.to_numpy()


def _reasons(
    model: Recommender,
    groups: ClusterPopularity,
    lists: pd.DataFrame,
    names: pd.Series,
    verb: str,
) -> pd.Series:
    if model is groups:
        return explain(groups, lists, names, verb=verb)
    if isinstance(model, ClusterEnsemble):
        return explain(model, lists, style="members", verb=verb)
    near = np.where(lists["score"] > LEAST_EASE, "near to what you met (EASE); ", "")
    return near + explain(groups, lists, names, style="members", verb=verb)


def _names(groups: ClusterPopularity, interactions: Interactions) -> pd.Series:
    """Name the groups; one in which nobody liked anything is like nobody else."""
    names = cluster_names(groups, interactions)
    liked = np.asarray(groups.matrix_.values.sum(axis=1)) > 0
    n_liking = np.bincount(groups.labels_[liked], minlength=len(names))
    silent = (n_liking == 0) & (np.bincount(groups.labels_, minlength=len(names)) > 0)
    n_silent = int(silent.sum())
    names[silent] = [SILENT if k == 0 else f"{SILENT} ({k + 1})" for k in range(n_silent)]
    return names


def _cluster_table(
    model: ClusterPopularity, interactions: Interactions, names: pd.Series
) -> pd.DataFrame:
    best = distinctive_items(model)
    titles = best["item"].map(interactions.titles).groupby(best["cluster"]).agg("; ".join)
    # A group that nothing sets apart has no items to show.
    titles = titles.reindex(names.index, fill_value="")
    sizes = np.bincount(model.labels_, minlength=len(names))
    table = pd.DataFrame({"name": names, "users": sizes, "distinctive_items": titles})
    return table.rename_axis("cluster").reset_index()


def _user_table(model: ClusterPopularity, names: pd.Series) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "user": model.matrix_.users,
            "cluster": model.labels_,
            "name": names.loc[model.labels_].to_numpy(),
            "membership": model.membership_.max(axis=1).round(4),
        }
    )
