"""The generated logs of seven fields, and the karate club: what their docstrings promise."""

import numpy as np
import pandas as pd
import pytest

from recsys_tutorial.datasets import (
    DataError,
    load_karate_club,
    make_basket_log,
    make_clinic_log,
    make_feed_log,
    make_investor_log,
    make_news_log,
    make_shop_log,
    make_trips_log,
    open_in,
    ties_log,
)
from recsys_tutorial.datasets.fields import BUY, CART, DAY, DURABLE_KINDS, VIEW

MAKERS = [
    *(make_shop_log, make_feed_log, make_clinic_log, make_investor_log),
    *(make_trips_log, make_basket_log, make_news_log),
]
each_maker = pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)


def with_items(field):
    return field.log.events.merge(field.log.items, on="item")


@each_maker
def test_a_seed_gives_one_log_and_another_seed_another(make):
    one, again, other = (make(60, random_state=seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one.log.events, again.log.events)
    assert not one.log.events.equals(other.log.events)


@each_maker
def test_everybody_has_facts_a_group_and_events(make):
    field = make(60)
    assert field.people.index.tolist() == list(range(1, 61))
    assert field.groups.index.equals(field.people.index)
    assert field.log.n_users >= 58 and field.log.has_time
    assert field.log.items["genres"].notna().all()


@each_maker
def test_too_few_people_are_refused(make):
    with pytest.raises(ValueError, match="at least 4"):
        make(3)


def test_shoppers_wish_for_what_their_group_likes_and_look_at_the_window():
    shop = make_shop_log(1000)
    table = with_items(shop)
    group = table["user"].map(shop.groups)
    kind = table["genres"].map({k: n // 2 for n, k in enumerate(shop.log.items["genres"].unique())})
    wished = table["rating"] >= CART
    light = ~table["durable"]
    assert (kind == group)[wished & light].mean() > 0.7
    assert (kind == group)[~wished & light].mean() < 0.35
    assert set(table["rating"]) == {VIEW, CART, BUY}


def test_who_has_a_bicycle_looks_at_no_other():
    table = with_items(make_shop_log(1000))
    durable = table[table["genres"].isin(DURABLE_KINDS)].sort_values("timestamp")
    assert set(durable["genres"]) == set(DURABLE_KINDS)
    bought = durable[durable["rating"] == BUY].drop_duplicates(["user", "genres"])
    both = durable.merge(bought, on=["user", "genres"], suffixes=("", "_bought"))
    assert (both["timestamp"] <= both["timestamp_bought"]).all() and len(both) > 100


def test_few_keep_the_house_in_any_group():
    shop = make_shop_log(8000)
    shares = shop.people["at_home"].groupby(shop.groups).mean()
    assert abs(shares[1] - 0.12) < 0.02 and shares.drop(1).between(0.04, 0.08).all()


def test_treatment_a_is_better_for_everybody_and_looks_worse():
    people = make_clinic_log(20_000).people
    by_severity = people.groupby(["severe", "treatment"])["recovered"].mean().unstack()
    assert (by_severity["A"] > by_severity["B"] + 0.06).all()
    overall = people.groupby("treatment")["recovered"].mean()
    assert overall["A"] < overall["B"] - 0.05
    assert abs(people["warning"].mean() - 1 / 12) < 0.01


def test_the_talk_is_in_the_catalogue_and_not_in_the_log():
    clinic = make_clinic_log(200)
    talk = clinic.log.items.set_index("item").query("kind == 'talk'").index
    assert len(talk) == 1 and not clinic.log.events["item"].isin(talk).any()
    treated = with_items(clinic).query("kind == 'treatment'")
    assert len(treated) == 200 and treated["user"].is_unique


def test_investors_hold_back_only_half_above_their_class():
    bank = make_investor_log(3000)
    table = with_items(bank)
    above = table["risk"] > table["user"].map(bank.people["capacity"])
    assert 0.2 < above.mean() < 0.5
    # What somebody can bear has nothing to do with her group.
    means = bank.people["capacity"].groupby(bank.groups).mean()
    assert means.max() - means.min() < 0.2


def test_nobody_travels_to_a_place_that_is_closed():
    trips = make_trips_log(300)
    table = with_items(trips)
    month = pd.to_datetime(table["timestamp"], unit="s").dt.month
    for number in range(1, 13):
        here = table[month == number]
        assert open_in(here, number).all() and len(here) > 0
    assert not open_in(table, 1).all()


def test_baskets_repeat_and_the_log_holds_the_first_time():
    shop = make_basket_log(100)
    first = shop.events.groupby(["user", "item"])["timestamp"].min()
    log = shop.log.events.set_index(["user", "item"])["timestamp"]
    assert first.sort_index().equals(log.sort_index()) and len(shop.events) > 1.5 * len(log)
    dishes = with_items(shop).query("genres != 'staple'").groupby("user")["genres"].nunique()
    assert dishes.max() <= 6
    assert shop.log.items["sensitive"].sum() == 4 and (shop.groups == 0).all()


def test_articles_die_within_days():
    table = with_items(make_news_log(200, n_days=6))
    age = (table["timestamp"] - table["published"]) / DAY
    assert age.min() >= 0 and 0.2 < age.median() < 1.0 and (age < 3).mean() > 0.97


def test_news_need_two_days():
    with pytest.raises(ValueError, match="n_days=1"):
        make_news_log(n_days=1)


def test_the_karate_club_is_the_published_one():
    club = load_karate_club()
    ties = club.log.events.groupby("user").size()
    assert (club.log.n_users, club.log.n_events) == (34, 156)
    assert (ties[34], ties[1], ties[33], ties[12]) == (17, 16, 12, 1)
    assert club.people.loc[[1, 9, 34], "club"].tolist() == ["instructor", "instructor", "officer"]
    pairs = set(map(tuple, club.log.events[["user", "item"]].to_numpy()))
    assert pairs == {(b, a) for a, b in pairs} and all(a != b for a, b in pairs)


def test_ties_of_texts_and_bad_ties():
    log = ties_log(pd.DataFrame({"x": ["ann"], "y": ["bob"]}))
    assert log.events["user"].tolist() == ["ann", "bob"]
    with pytest.raises(DataError, match="3 columns"):
        ties_log(pd.DataFrame(np.ones((1, 3))))
    with pytest.raises(DataError, match="Row 1 ties"):
        ties_log(pd.DataFrame({"a": [1, 2], "b": [2, 2]}))
    with pytest.raises(DataError, match="again"):
        ties_log(pd.DataFrame({"a": [1, 2], "b": [2, 1]}))
