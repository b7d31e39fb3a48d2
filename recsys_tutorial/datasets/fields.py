"""Logs of seven fields, made by a program: a shop, a feed, a clinic, a bank, a travel agency ...

Taught in chapter 14.  No log of patients or investors may be shipped with a course, so these are
drawn.  Each function says what it assumes; what a scenario then shows is true under these
assumptions, and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from recsys_tutorial.datasets.interactions import Interactions

DAY = 86_400
# Monday, 1 March 2021, 00:00 UTC: an arbitrary day long past, so that no event lies in the future.
START = 1_614_556_800

SHOP_KINDS = (
    *("sportswear", "fashion", "household", "garden", "books", "toys", "cooking", "music"),
    *("bicycles", "washing machines"),
)
DURABLE_KINDS = ("bicycles", "washing machines")
# What an event in the shop says about a wish; chapter 14 shows what other numbers would do.
VIEW, CART, BUY = 1.0, 3.0, 5.0
FEED_TOPICS = (
    *("film", "music", "science", "gadgets", "health", "sport", "politics", "travel"),
    *("food", "gardens"),
)
CLINIC_TOPICS = ("sleep", "back pain", "nutrition", "stress", "diabetes")
THEMES = ("bonds", "property", "energy", "health", "technology", "crypto")
STYLES = ("ski", "beach", "city", "hiking", "culture")
# Months in which the places of a style are open.
OPEN = {
    "ski": (12, 1, 2, 3),
    "beach": (5, 6, 7, 8, 9),
    "city": tuple(range(1, 13)),
    "hiking": (4, 5, 6, 7, 8, 9, 10),
    "culture": tuple(range(1, 13)),
}
NEWS_TOPICS = (
    *("politics", "economy", "football", "culture", "science", "weather", "crime", "health"),
)


@dataclass(frozen=True, eq=False)
class FieldLog:
    """A log of one field, with what is known about its people.

    Attributes
    ----------
    log : Interactions
        One row per person and item; the item table holds the facts about items.
    people : DataFrame
        Facts about the people, indexed by ``user``, in ascending order; may have no columns.
    groups : Series of int, optional
        The group that each person was drawn from, indexed by ``user``; None where nobody knows.
    events : DataFrame, optional
        Every single event, before repeats were merged.
    """

    log: Interactions
    people: pd.DataFrame
    groups: pd.Series | None = None
    events: pd.DataFrame | None = None


def make_shop_log(n_users: int = 800, *, random_state: int = 0) -> FieldLog:
    """Draw shoppers who look at what the shop window shows and buy what they like.

    Assumptions.  Eight kinds of goods in four pairs, one pair per group of shoppers; 70 % of a
    shopper's wishes fall on the pair of her group.  She sees about 18 goods in the shop window,
    which shows the same advertised goods to everybody; looking at them says nothing about her
    taste.  She wishes for about 9 goods and buys 60 % of them, the others stay in the cart.
    Bicycles and washing machines are wished for by all groups alike; whoever has bought one looks
    at no other.  Whether somebody keeps the house as her or his main work (``at_home``, 6 %, in
    the group of household and garden 12 %) has no other effect.

    Parameters
    ----------
    n_users : int
        Number of shoppers, at least 4.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        Ratings are `VIEW`, `CART` or `BUY`, the furthest step; items have a kind (``genres``) and
        ``durable``; people have ``at_home``.

    Raises
    ------
    ValueError
        If there are fewer than 4 shoppers.

    Examples
    --------
    >>> shop = make_shop_log(100)
    >>> shop.log.n_users, sorted(shop.log.events["rating"].unique().tolist())
    (100, [1.0, 3.0, 5.0])
    """
    rng, users = _start(n_users, random_state)
    groups = rng.permutation(np.arange(n_users) % 4)
    kinds = np.repeat(np.arange(10), 16)
    mixes = np.full((4, 10), 0.3 / 8)
    mixes[:, 8:] = 0.05
    for group in range(4):
        mixes[group, 2 * group : 2 * group + 2] += 0.35
    appeal = rng.lognormal(0, 0.7, len(kinds))
    window = rng.lognormal(0, 1.5, len(kinds))
    wished = _draw(rng, mixes[groups][:, kinds] * appeal, rng.poisson(8, n_users) + 1)
    seen = _draw(rng, np.tile(window, (n_users, 1)), rng.poisson(18, n_users))
    steps = np.where(rng.random(len(wished[0])) < 0.6, BUY, CART)
    events = pd.DataFrame(
        {
            "user": users[np.concatenate([wished[0], seen[0]])],
            "item": np.concatenate([wished[1], seen[1]]) + 1,
            "rating": np.concatenate([steps, np.full(len(seen[0]), VIEW)]),
        }
    )
    events["timestamp"] = START + rng.integers(180 * DAY, size=len(events))
    # A good that was both seen and wished for counts once, with the furthest step.
    events = events.sort_values("rating", kind="stable").drop_duplicates(
        ["user", "item"], keep="last"
    )
    items = _items("good", kinds, SHOP_KINDS)
    items["durable"] = items["genres"].isin(DURABLE_KINDS)
    at_home = rng.random(n_users) < np.where(groups == 1, 0.12, 0.06)
    people = pd.DataFrame({"at_home": at_home}, index=users)
    return _field(_without_second_durables(events, items), items, people, groups)


def _without_second_durables(events: pd.DataFrame, items: pd.DataFrame) -> pd.DataFrame:
    """Take away what a shopper would not have looked at, having bought one of the kind before."""
    kind = events["item"].map(items.set_index("item")["genres"])
    bought = events["timestamp"].where(events["rating"] == BUY)
    first = bought.groupby([events["user"], kind]).transform("min")
    return events[~(kind.isin(DURABLE_KINDS) & (events["timestamp"] > first))]


def make_feed_log(n_users: int = 700, *, random_state: int = 0) -> FieldLog:
    """Draw members of a social medium who like, comment on and share posts.

    Assumptions.  Five groups lean to two topics each; half of a member's interest follows her
    group, the rest is a mixture of all topics of her own.  She likes (1), comments on (2) or
    shares (3) about 24 posts, at random times.

    Parameters
    ----------
    n_users : int
        Number of members, at least 4.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        Ratings 1 to 3; items have a topic (``genres``).

    Raises
    ------
    ValueError
        If there are fewer than 4 members.

    Examples
    --------
    >>> make_feed_log(100).log.items["genres"].nunique()
    10
    """
    rng, users = _start(n_users, random_state)
    groups = rng.permutation(np.arange(n_users) % 5)
    topics = np.repeat(np.arange(10), 40)
    mixes = 0.5 * rng.dirichlet(np.full(10, 0.5), n_users)
    for topic in range(2):
        mixes[np.arange(n_users), 2 * groups + topic] += 0.25
    appeal = rng.lognormal(0, 1.0, len(topics))
    rows, columns = _draw(rng, mixes[:, topics] * appeal, rng.poisson(22, n_users) + 2)
    events = pd.DataFrame({"user": users[rows], "item": columns + 1})
    events["rating"] = rng.choice([1.0, 2.0, 3.0], size=len(events), p=[0.7, 0.2, 0.1])
    events["timestamp"] = START + rng.integers(60 * DAY, size=len(events))
    items = _items("post", topics, FEED_TOPICS)
    return _field(events, items, pd.DataFrame(index=users), groups)


def make_clinic_log(n_users: int = 900, *, random_state: int = 0) -> FieldLog:
    """Draw patients who read leaflets, and physicians who choose their treatment.

    Assumptions.  Five groups of readers, one per topic; 70 % of what somebody reads belongs to the
    topic of her group.  Whether an illness is ``severe`` (30 %) has nothing to do with the topic.
    Physicians give treatment A to 80 % of the severe and to 20 % of the mild cases, B to the
    others.  A is better for everybody: the chance to recover is 0.85 with B and a mild illness,
    0.40 lower if it is severe, 0.10 higher with A.  One person in twelve reported a ``warning``
    sign, whatever her illness.

    Parameters
    ----------
    n_users : int
        Number of patients, at least 4.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        Items are of the ``kind`` leaflet, treatment (two of them), or talk (with a professional:
        in the catalogue, not in the log); people have ``severe``, ``treatment``, ``recovered`` and
        ``warning``.

    Raises
    ------
    ValueError
        If there are fewer than 4 patients.

    Examples
    --------
    >>> clinic = make_clinic_log(100)
    >>> clinic.log.items["kind"].value_counts().to_dict()
    {'leaflet': 60, 'treatment': 2, 'talk': 1}
    """
    rng, users = _start(n_users, random_state)
    groups = rng.permutation(np.arange(n_users) % 5)
    topics = np.repeat(np.arange(5), 12)
    mixes = 0.06 + 0.64 * np.eye(5) + 0.06 * np.eye(5)
    appeal = rng.lognormal(0, 0.7, len(topics))
    rows, columns = _draw(rng, mixes[groups][:, topics] * appeal, rng.poisson(9, n_users) + 2)
    severe = rng.random(n_users) < 0.3
    gets_a = rng.random(n_users) < np.where(severe, 0.8, 0.2)
    recovered = rng.random(n_users) < 0.85 - 0.40 * severe + 0.10 * gets_a
    events = pd.DataFrame(
        {
            "user": np.concatenate([users[rows], users]),
            "item": np.concatenate([columns + 1, np.where(gets_a, 61, 62)]),
        }
    )
    events["rating"] = 1.0
    events["timestamp"] = START + rng.integers(300 * DAY, size=len(events))
    items = _items("leaflet", topics, CLINIC_TOPICS)
    items["kind"] = "leaflet"
    more = pd.DataFrame(
        {
            "item": [61, 62, 63],
            "title": ["treatment A", "treatment B", "talk with a professional"],
            "genres": "",
            "kind": ["treatment", "treatment", "talk"],
        }
    )
    people = pd.DataFrame(
        {
            "severe": severe,
            "treatment": np.where(gets_a, "A", "B"),
            "recovered": recovered,
            "warning": rng.random(n_users) < 1 / 12,
        },
        index=users,
    )
    return _field(events, pd.concat([items, more], ignore_index=True), people, groups)


def make_investor_log(n_users: int = 700, *, random_state: int = 0) -> FieldLog:
    """Draw investors, the risk that each of them can bear, and what they bought all the same.

    Assumptions.  Six themes of 14 products each, from bonds (risk class 1 or 2) to crypto (5);
    three groups of investors with two themes each, to which 60 % of their interest goes; the rest
    is spread over all themes.  The risk that somebody can bear (``capacity``, 1 to 5, from a
    questionnaire) has nothing to do with what interests her.  In a rising market she held back
    little: a product above her class is bought half as often as she would like it.

    Parameters
    ----------
    n_users : int
        Number of investors, at least 4.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        Items have a theme (``genres``) and a ``risk`` class; people have a ``capacity``.

    Raises
    ------
    ValueError
        If there are fewer than 4 investors.

    Examples
    --------
    >>> bank = make_investor_log(100)
    >>> sorted(bank.people["capacity"].unique().tolist()), int(bank.log.items["risk"].max())
    ([1, 2, 3, 4, 5], 5)
    """
    rng, users = _start(n_users, random_state)
    groups = rng.permutation(np.arange(n_users) % 3)
    themes = np.repeat(np.arange(6), 14)
    centre = np.array([1.5, 2.5, 3.0, 3.0, 4.0, 5.0])[themes]
    risk = np.clip(np.round(centre + rng.uniform(-0.5, 0.5, len(themes))), 1, 5).astype(int)
    capacity = rng.choice([1, 2, 3, 4, 5], size=n_users, p=[0.15, 0.25, 0.3, 0.2, 0.1])
    # Bonds and crypto in one group, so that a group alone does not say what suits a member.
    pairs = np.array([[0, 5], [1, 4], [2, 3]])
    mixes = np.full((3, 6), 0.4 / 6)
    for group, pair in enumerate(pairs):
        mixes[group, pair] += 0.3
    chances = mixes[groups][:, themes] * rng.lognormal(0, 0.8, len(themes))
    chances = np.where(risk[None] > capacity[:, None], 0.5 * chances, chances)
    rows, columns = _draw(rng, chances, rng.poisson(9, n_users) + 2)
    events = pd.DataFrame({"user": users[rows], "item": columns + 1, "rating": 1.0})
    events["timestamp"] = START + rng.integers(700 * DAY, size=len(events))
    items = _items("product", themes, THEMES)
    items["risk"] = risk
    return _field(events, items, pd.DataFrame({"capacity": capacity}, index=users), groups)


def make_trips_log(n_users: int = 900, *, random_state: int = 0) -> FieldLog:
    """Draw three years of trips, from March to February, to places that are not always open.

    Assumptions.  Five styles of 16 places each; every traveller prefers one style, at all times
    of the year in which it is possible (60 % of the weight), and mixes the others.  She travels
    about 14 times in the three years, most in summer and in winter, to a place that is open then
    (`OPEN`).  A second visit to a place is not recorded.

    Parameters
    ----------
    n_users : int
        Number of travellers, at least 4.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        Items have a style (``genres``).

    Raises
    ------
    ValueError
        If there are fewer than 4 travellers.

    Examples
    --------
    >>> trips = make_trips_log(100)
    >>> pd.to_datetime(trips.log.events["timestamp"].min(), unit="s").month
    3
    """
    rng, users = _start(n_users, random_state)
    groups = rng.permutation(np.arange(n_users) % 5)
    styles = np.repeat(np.arange(5), 16)
    mixes = np.full((5, 5), 0.1) + 0.5 * np.eye(5)
    chances = mixes[groups][:, styles] * rng.lognormal(0, 0.8, len(styles))
    busy = np.array([1.2, 1.2, 0.8, 0.8, 1, 1.2, 1.6, 1.6, 1, 0.6, 0.5, 1.3])
    who = np.repeat(np.arange(n_users), rng.poisson(12, n_users) + 2)
    days = pd.date_range("2021-03-01", "2024-02-29", freq="D")
    weight = busy[days.month - 1]
    day = days[rng.choice(len(days), size=len(who), p=weight / weight.sum())]
    place = np.empty(len(who), dtype=int)
    for month in range(1, 13):
        is_open = np.array([month in OPEN[STYLES[style]] for style in styles])
        now = np.flatnonzero(day.month == month)
        place[now] = _one_each(rng, chances[who[now]] * is_open)
    events = pd.DataFrame({"user": users[who], "item": place + 1, "rating": 1.0})
    events["timestamp"] = day
    events = events.sort_values("timestamp").drop_duplicates(["user", "item"])
    items = _items("place", styles, STYLES)
    return _field(events, items, pd.DataFrame(index=users), groups)


def open_in(items: pd.DataFrame, month: int) -> np.ndarray:
    """Which places of `make_trips_log` are open in a month.

    Parameters
    ----------
    items : DataFrame
        An item table with the style in ``genres``.
    month : int
        1 to 12.

    Returns
    -------
    ndarray of bool, shape (n_items,)
        One value per row.

    Examples
    --------
    >>> open_in(pd.DataFrame({"genres": ["ski", "beach", "city"]}), month=1).tolist()
    [True, False, True]
    """
    return np.array([month in OPEN[style] for style in items["genres"]])


def make_basket_log(n_users: int = 500, *, random_state: int = 0) -> FieldLog:
    """Draw the baskets of a supermarket: people cook dishes, and there are *no* groups of people.

    Assumptions.  Twenty-five dishes of four products each, and eight staples (milk, bread ...).
    Every customer cooks six dishes, drawn for herself alone: nobody belongs to a group.  A basket
    holds each staple with chance 0.5, and for two of her dishes each product with chance 0.7.  She
    comes about 14 times in 40 weeks.  The four products of dish 25 are ``sensitive``: what they
    are bought for is nobody's business.

    Parameters
    ----------
    n_users : int
        Number of customers, at least 4.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        The log holds the *first* purchase of a product by a customer; ``events`` has every
        purchase, with its ``basket``.  Items have a dish (``genres``) and ``sensitive``.

    Raises
    ------
    ValueError
        If there are fewer than 4 customers.

    Examples
    --------
    >>> shop = make_basket_log(100)
    >>> shop.events.columns.tolist(), int(shop.groups.max())
    (['user', 'basket', 'item', 'timestamp'], 0)
    """
    rng, users = _start(n_users, random_state)
    dishes = _draw(rng, np.ones((n_users, 25)), np.full(n_users, 6))[1].reshape(n_users, 6)
    owner = np.repeat(np.arange(n_users), rng.poisson(12, n_users) + 2)
    when = START + rng.integers(280 * DAY, size=len(owner))
    staples = rng.random((len(owner), 8)) < 0.5
    cooked = dishes[
        owner[:, None],
        _draw(rng, np.ones((len(owner), 6)), np.full(len(owner), 2))[1].reshape(-1, 2),
    ]
    taken = np.zeros((len(owner), 108), dtype=bool)
    taken[:, :8] = staples
    baskets = np.arange(len(owner))[:, None, None]
    products = 8 + 4 * cooked[:, :, None] + np.arange(4)
    taken[baskets, products] = rng.random(products.shape) < 0.7
    basket, product = np.nonzero(taken)
    events = pd.DataFrame({"user": users[owner[basket]], "basket": basket, "item": product + 1})
    events["timestamp"] = when[basket]
    first = events.sort_values("timestamp", kind="stable").drop_duplicates(["user", "item"])
    names = ("staple", *(f"dish {n}" for n in range(1, 26)))
    items = _items("product", np.r_[np.zeros(8, int), np.repeat(np.arange(1, 26), 4)], names)
    items["sensitive"] = items["genres"] == "dish 25"
    groups = np.zeros(n_users, dtype=int)
    first = first.assign(rating=1.0).drop(columns="basket")
    return _field(first, items, pd.DataFrame(index=users), groups, events)


def make_news_log(n_users: int = 600, *, n_days: int = 14, random_state: int = 0) -> FieldLog:
    """Draw readers of news: every article is half as attractive after half a day.

    Assumptions.  Forty articles a day in eight topics, out at any hour; four groups of readers
    with two topics each, to which 60 % of their interest goes.  Readers come in slots of six hours
    and then read one article on average, chosen by topic, by the appeal of the article and by its
    age.

    Parameters
    ----------
    n_users : int
        Number of readers, at least 4.
    n_days : int
        Length of the log, at least 2.
    random_state : int
        Seed.

    Returns
    -------
    FieldLog
        Items have a topic (``genres``) and ``published`` (seconds since 1970).

    Raises
    ------
    ValueError
        If there are fewer than 4 readers or 2 days.

    Examples
    --------
    >>> news = make_news_log(50, n_days=3)
    >>> bool((news.log.events["timestamp"] >= news.log.items["published"].min()).all())
    True
    """
    if n_days < 2:
        raise ValueError(f"n_days={n_days} must be at least 2.")
    rng, users = _start(n_users, random_state)
    groups = rng.permutation(np.arange(n_users) % 4)
    topics = rng.integers(8, size=40 * n_days)
    published = np.sort(rng.uniform(-0.5, n_days, len(topics)))
    mixes = np.full((4, 8), 0.4 / 8)
    for group in range(4):
        mixes[group, 2 * group : 2 * group + 2] += 0.3
    appeal = rng.lognormal(0, 0.8, len(topics))
    parts = []
    for slot in np.arange(0, n_days, 0.25):
        age = slot - published
        fresh = np.where(age >= 0, 0.5 ** (age / 0.5), 0.0)
        who = np.repeat(np.arange(n_users), rng.poisson(1.0, n_users))
        articles = _one_each(rng, mixes[groups[who]][:, topics] * (appeal * fresh))
        moments = slot + 0.25 * rng.random(len(who))
        parts.append(pd.DataFrame({"user": users[who], "item": articles + 1, "moment": moments}))
    events = pd.concat(parts, ignore_index=True)
    events["timestamp"] = START + (events.pop("moment") * DAY).astype("int64")
    events = events.sort_values("timestamp").drop_duplicates(["user", "item"])
    items = _items("article", topics, NEWS_TOPICS)
    items["published"] = START + (published * DAY).astype("int64")
    return _field(events.assign(rating=1.0), items, pd.DataFrame(index=users), groups)


def _start(n_users: int, random_state: int) -> tuple[np.random.Generator, np.ndarray]:
    if n_users < 4:
        raise ValueError(f"n_users={n_users} must be at least 4.")
    return np.random.default_rng(random_state), np.arange(1, n_users + 1)


def _draw(
    rng: np.random.Generator, weights: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Draw `counts` different columns per row, with chances by weight (the Gumbel trick)."""
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + rng.gumbel(size=weights.shape)
    order = np.argsort(-keys, axis=1)
    rows, places = np.nonzero(np.arange(weights.shape[1]) < counts[:, None])
    return rows, order[rows, places]


def _one_each(rng: np.random.Generator, weights: np.ndarray) -> np.ndarray:
    """Draw one column per row, with chances by weight."""
    with np.errstate(divide="ignore"):
        return (np.log(weights) + rng.gumbel(size=weights.shape)).argmax(axis=1)


def _items(word: str, kinds: np.ndarray, names: tuple[str, ...]) -> pd.DataFrame:
    """Make an item table: numbers from 1, and titles that say the kind."""
    genres = np.array(names)[kinds]
    numbers = np.arange(1, len(kinds) + 1)
    titles = [f"{genre} {word} {number}" for genre, number in zip(genres, numbers)]
    return pd.DataFrame({"item": numbers, "title": titles, "genres": genres})


def _field(
    events: pd.DataFrame,
    items: pd.DataFrame,
    people: pd.DataFrame,
    groups: np.ndarray,
    every: pd.DataFrame | None = None,
) -> FieldLog:
    people = people.rename_axis("user")
    truth = pd.Series(groups, index=people.index, name="group")
    return FieldLog(Interactions.from_frame(events, items), people, truth, every)
