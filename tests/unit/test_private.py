"""Privacy: groups of at least k, the account, the noise, and attacks that would catch a mistake."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse, stats

from recsys_tutorial.clustering import (
    PrivacyBudget,
    assign_to_centres,
    clip_rows,
    cluster_totals,
    empirical_epsilon,
    epsilon_to_rho,
    gaussian_scale,
    identified_share,
    laplace_scale,
    limit_items,
    membership_scores,
    merge_small_clusters,
    private_counts,
    private_kmeans,
    rho_to_epsilon,
)

RNG = np.random.default_rng(15)
USERS = RNG.normal(size=(60, 3))
MET = sparse.csr_array((RNG.random((40, 12)) < 0.4).astype(float))

# ------------------------------------------------------------------ groups of at least k


@given(st.integers(1, 30), st.integers(0, 50))
def test_no_merged_cluster_is_too_small(min_size, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 9, size=30)
    merged = merge_small_clusters(rng.normal(size=(30, 2)), labels, min_size)
    sizes = np.bincount(merged)
    assert sizes.min() >= min_size
    # Whoever was together stays together.
    assert all(len(np.unique(merged[labels == one])) == 1 for one in np.unique(labels))


def test_merging_goes_to_the_nearest_mean():
    places = np.array([[0.0], [0.0], [3.0], [10.0], [10.0]])
    labels = np.array([7, 7, 4, 2, 2])
    assert merge_small_clusters(places, labels, 2).tolist() == [1, 1, 1, 0, 0]


def test_large_clusters_stay_as_they_are():
    labels = np.array([5, 5, 1, 1])
    assert merge_small_clusters(np.zeros((4, 1)), labels, 2).tolist() == [1, 1, 0, 0]


@pytest.mark.parametrize("min_size", [0, 5])
def test_an_impossible_size_is_refused(min_size):
    with pytest.raises(ValueError, match="between 1 and 4"):
        merge_small_clusters(np.zeros((4, 1)), np.zeros(4, int), min_size)


def test_labels_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="one each"):
        merge_small_clusters(np.zeros((4, 1)), np.zeros(3, int), 1)


# ------------------------------------------------------------------ the account


def test_the_scales_are_the_formulas():
    assert laplace_scale(3, 0.5) == 6
    assert gaussian_scale(3, 0.02) == pytest.approx(3 / np.sqrt(0.04))


@given(st.floats(1e-4, 50), st.floats(1e-12, 0.5))
def test_the_two_translations_are_inverse(epsilon, delta):
    rho = epsilon_to_rho(epsilon, delta)
    assert rho_to_epsilon(rho, delta) == pytest.approx(epsilon, rel=1e-9)
    assert rho + 2 * np.sqrt(rho * np.log(1 / delta)) == pytest.approx(epsilon, rel=1e-9)


@given(st.floats(0.05, 8), st.floats(1e-9, 1e-2))
@settings(max_examples=50)
def test_the_promise_holds_for_the_normal_mechanism(epsilon, delta):
    """The exact delta of the normal mechanism (Balle and Wang 2018) must not exceed the promise."""
    sigma = gaussian_scale(1.0, epsilon_to_rho(epsilon, delta))
    a, b = 1 / (2 * sigma), epsilon * sigma
    exact = stats.norm.cdf(a - b) - np.exp(epsilon) * stats.norm.cdf(-a - b)
    assert exact <= delta


def test_half_the_noise_would_break_the_promise():
    epsilon, delta = 1.0, 1e-5
    sigma = gaussian_scale(1.0, epsilon_to_rho(epsilon, delta)) / 2
    a, b = 1 / (2 * sigma), epsilon * sigma
    assert stats.norm.cdf(a - b) - np.exp(epsilon) * stats.norm.cdf(-a - b) > 10 * delta


def test_a_budget_adds_up_to_its_promise():
    budget = PrivacyBudget(2.0, 1e-6)
    assert budget.epsilon_spent == 0
    parts = [budget.spend(f"part {n}", 1 / 3) for n in range(3)]
    assert budget.epsilon_spent == pytest.approx(2.0)
    assert sum(parts) == pytest.approx(budget.rho) == pytest.approx(budget.table()["rho"].sum())
    assert budget.table()["share"].round(6).tolist() == [0.333333] * 3
    assert budget.table()["release"].tolist() == ["part 0", "part 1", "part 2"]
    with pytest.raises(ValueError, match="asks for 10% of the budget, and 0% is left"):
        budget.spend("more", 0.1)
    assert len(budget.spent) == 3


def test_adding_up_epsilons_would_be_stricter_than_need_be():
    """zCDP is the reason why four releases at a quarter each have less noise than by adding."""
    rho = epsilon_to_rho(1.0, 1e-5)
    assert 4 * rho_to_epsilon(rho / 4, 1e-5) > 1.9


@pytest.mark.parametrize("share", [0, -0.1, 1.1, np.nan])
def test_an_impossible_share_is_refused(share):
    with pytest.raises(ValueError, match="share"):
        PrivacyBudget(1.0, 1e-5).spend("x", share)


@pytest.mark.parametrize("epsilon", [0, -1, np.inf, np.nan])
def test_an_impossible_epsilon_is_refused(epsilon):
    for call in (lambda: PrivacyBudget(epsilon, 1e-5), lambda: laplace_scale(1, epsilon)):
        with pytest.raises(ValueError, match="epsilon"):
            call()


@pytest.mark.parametrize("bad", [0, -1, np.inf, np.nan])
@pytest.mark.parametrize("scale", [gaussian_scale, laplace_scale])
def test_noise_for_an_impossible_promise_is_refused(scale, bad):
    for settings_ in ((bad, 1.0), (1.0, bad)):
        with pytest.raises(ValueError, match="must be positive"):
            scale(*settings_)


@pytest.mark.parametrize("delta", [0, 1, -1e-5, np.nan])
def test_an_impossible_delta_is_refused(delta):
    for call in (epsilon_to_rho, rho_to_epsilon):
        with pytest.raises(ValueError, match="delta"):
            call(1.0, delta)


# ------------------------------------------------------------------ what one user can change


@given(st.floats(0.1, 3), st.integers(0, 59))
def test_one_user_moves_a_step_by_no_more_than_its_sensitivity(max_norm, user):
    rows, centres = clip_rows(5 * USERS, max_norm), np.eye(3)
    labels = assign_to_centres(rows, centres)
    others = np.arange(60) != user
    change = cluster_totals(rows, labels, 3) - cluster_totals(rows[others], labels[others], 3)
    assert np.linalg.norm(change) <= np.hypot(max_norm, 1) + 1e-9


def test_the_sensitivity_of_a_step_is_reached():
    rows = clip_rows(np.array([[9.0, 0], [0, 2.0]]), 1.0)
    labels = np.array([0, 1])
    change = cluster_totals(rows, labels, 2) - cluster_totals(rows[:1], labels[:1], 2)
    assert np.linalg.norm(change) == pytest.approx(np.sqrt(2))


@given(st.integers(1, 12), st.integers(0, 39))
def test_one_user_moves_the_counts_by_no_more_than_their_sensitivity(max_items, user):
    kept = limit_items(MET, max_items)
    # In her row, and there only; each cell counts as one.
    assert np.sqrt((kept[[user]].toarray() ** 2).sum()) <= np.sqrt(max_items)
    assert kept[[user]].sum() == min(max_items, MET[[user]].sum())
    assert set(kept[[user]].indices) <= set(MET[[user]].indices)


def test_lots_are_drawn_evenly():
    many = sparse.csr_array(np.ones((6000, 4)))
    assert np.allclose(limit_items(many, 1).mean(axis=0), 0.25, atol=0.03)


def test_limiting_counts_and_does_not_weigh():
    assert limit_items(sparse.csr_array([[7.0, 0, 3.0]]), 5).toarray().tolist() == [[1, 0, 1]]
    assert limit_items(sparse.csr_array((3, 2)), 5).shape == (3, 2)
    with pytest.raises(ValueError, match="max_items=0"):
        limit_items(MET, 0)
    with pytest.raises(ValueError, match="whole number"):
        limit_items(MET, 1.5)


def test_a_cell_that_is_stored_twice_counts_once():
    twice = sparse.csr_array((np.ones(5), [0, 0, 0, 2, 1], [0, 4, 5]), shape=(2, 3))
    assert limit_items(twice, 5).toarray().tolist() == [[1, 0, 1], [0, 1, 0]]
    assert twice.nnz == 5


def test_clipping():
    clipped = clip_rows(3 * USERS, 0.7)
    assert np.linalg.norm(clipped, axis=1).max() <= 0.7 + 1e-12
    short = np.linalg.norm(3 * USERS, axis=1) <= 0.7
    assert np.array_equal(clipped[short], (3 * USERS)[short])
    assert clip_rows(np.zeros((1, 2))).tolist() == [[0, 0]]
    for bad in (np.array([[np.nan]]), np.zeros(3)):
        with pytest.raises(ValueError, match="finite"):
            clip_rows(bad)


# ------------------------------------------------------------------ the noise is the formula's


def test_the_noise_of_the_centres_has_the_stated_scale():
    rho, sizes = 0.02, []
    for seed in range(400):
        found = private_kmeans(USERS, np.eye(3), rho=rho, n_iter=1, random_state=seed)
        sizes.append(found.sizes)
    sigma = gaussian_scale(np.sqrt(2), rho)
    assert found.scale == pytest.approx(sigma)
    exact = np.bincount(assign_to_centres(clip_rows(USERS), np.eye(3)), minlength=3)
    assert np.std(sizes - exact) == pytest.approx(sigma, rel=0.08)
    assert np.abs(np.mean(sizes, axis=0) - exact).max() < 4 * sigma / 20


@pytest.mark.parametrize("n_iter", [1, 2, 5])
def test_the_steps_share_the_budget(n_iter):
    found = private_kmeans(USERS, np.eye(3), rho=0.1, n_iter=n_iter, max_norm=2, random_state=0)
    each = 5.0 / (2 * found.scale**2)
    assert n_iter * each == pytest.approx(0.1) == pytest.approx(found.rho)


def test_the_noise_of_the_counts_has_the_stated_scale():
    labels = RNG.integers(0, 2, 40)
    draws = [
        private_counts(MET, labels, 2, rho=0.05, max_items=12, random_state=seed)
        for seed in range(200)
    ]
    exact = np.vstack([MET[np.flatnonzero(labels == g)].sum(axis=0) for g in (0, 1)])
    sigma = np.sqrt(12) / np.sqrt(0.1)
    assert np.std(np.array(draws) - exact) == pytest.approx(sigma, rel=0.05)
    assert np.abs(np.mean(draws, axis=0) - exact).max() < 5 * sigma / np.sqrt(200)


def test_without_noise_it_is_k_means():
    users = np.vstack([USERS[:30] / 20 + [0.8, 0, 0], USERS[30:] / 20 + [0, 0.8, 0]])
    centres = np.eye(3)[:2]
    found = private_kmeans(users, centres, rho=1e12, n_iter=3, max_norm=5, random_state=0)
    labels = assign_to_centres(users, found.centres)
    means = [users[labels == g].mean(axis=0) for g in (0, 1)]
    assert np.allclose(found.centres, means, atol=1e-3)


def test_a_cluster_lost_in_noise_keeps_its_place():
    far = np.array([[0.9, 0, 0], [0, 0, -40.0]])
    found = private_kmeans(np.tile([[0.9, 0, 0]], (300, 1)), far, rho=0.5, n_iter=1, random_state=1)
    assert found.centres[1].tolist() == [0, 0, -40]


def test_seeds_and_inputs():
    start, before = np.eye(3), USERS.copy()
    one, two = (private_kmeans(USERS, start, rho=1, random_state=3) for _ in range(2))
    assert np.array_equal(one.centres, two.centres)
    assert np.array_equal(start, np.eye(3)) and np.array_equal(before, USERS)
    secret = [private_kmeans(USERS, start, rho=1).sizes.tolist() for _ in range(2)]
    assert secret[0] != secret[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_iter": 0}, "n_iter=0"),
        ({"rho": 0}, "rho=0"),
        ({"max_norm": -1}, "max_norm"),
        ({"init": np.eye(2)}, "users have 3 numbers"),
    ],
)
def test_impossible_settings_are_refused(settings, message):
    given_settings = {"init": np.eye(3), "rho": 1.0} | settings
    with pytest.raises(ValueError, match=message):
        private_kmeans(USERS, **given_settings)


def test_labels_outside_the_groups_are_refused():
    for labels in (np.full(40, 2), np.full(40, -1), np.zeros(3, int)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            private_counts(MET, labels, 2, rho=1, max_items=3)


# ------------------------------------------------------------------ attacks


def gaussian_parameter(present, absent):
    """How far apart two normal outputs are, from how often each exceeds their common middle."""
    middle = np.median(np.concatenate([present, absent]))
    above = [np.clip((x > middle).mean(), 1e-4, 1 - 1e-4) for x in (present, absent)]
    return stats.norm.ppf(above[0]) - stats.norm.ppf(above[1])


def whole_release(user, seed, factor=1.0, n_iter=2):
    """Centres and counts of ten users and perhaps one more, as the best statistic against her.

    The attacker knows everybody else and the formula, and weighs every number that is released by
    how much it would move if she were there.  `factor` divides the noise: a planted mistake.
    """
    rho = epsilon_to_rho(1.0, 1e-5)
    others = np.tile([[1.0, 0.0]], (10, 1))
    rows = np.vstack([others, [[1.0, 0.0]]]) if user else others
    met = sparse.csr_array(np.ones((len(rows), 4)))
    # Centres that the noise cannot move away keep every row in cluster 0.
    centres, total = np.array([[1.0, 0.0]]), 0.0
    part = rho * 0.5 * factor**2
    for step in range(n_iter):
        found = private_kmeans(rows, centres, rho=part / n_iter, n_iter=1, random_state=seed + step)
        total += found.sizes[0] / found.scale**2
    counts = private_counts(
        met, np.zeros(len(rows), int), 1, rho=part, max_items=4, random_state=seed + n_iter
    )
    return total + counts.sum() * 2 * part / 4


def two_worlds(factor, n=1500):
    with_her = [whole_release(True, 10 * seed, factor) for seed in range(n)]
    without = [whole_release(False, 10 * seed + 5, factor) for seed in range(n)]
    return np.array(with_her), np.array(without)


@pytest.mark.slow
def test_a_whole_release_tells_no_more_than_its_account_allows():
    """Under rho-zCDP by normal noise, two worlds are at most sqrt(2 rho) apart."""
    allowed = np.sqrt(2 * epsilon_to_rho(1.0, 1e-5))
    found = gaussian_parameter(*two_worlds(1.0))
    # Sizes alone carry half of what a step tells, so the found distance is below the allowed one.
    assert 0.5 * allowed < found < 1.35 * allowed


@pytest.mark.slow
def test_a_whole_release_with_half_the_noise_is_caught():
    allowed = np.sqrt(2 * epsilon_to_rho(1.0, 1e-5))
    assert gaussian_parameter(*two_worlds(2.0)) > 1.35 * allowed


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 2.0])
def test_the_audit_accepts_the_right_noise_and_catches_a_factor_of_two(epsilon):
    rng = np.random.default_rng(1)
    noise = rng.laplace(0, laplace_scale(1, epsilon), (2, 40_000))
    right = empirical_epsilon(1 + noise[0], noise[1])
    wrong = empirical_epsilon(1 + noise[0] / 2, noise[1] / 2)
    assert 0.8 * epsilon < right <= epsilon < wrong


@pytest.mark.slow
def test_the_audit_keeps_its_confidence():
    rng = np.random.default_rng(2)
    bounds = [
        empirical_epsilon(1 + rng.laplace(size=400), rng.laplace(size=400)) for _ in range(200)
    ]
    assert np.mean(np.array(bounds) > 1.0) <= 0.05


def test_the_audit_of_nothing_is_zero():
    rng = np.random.default_rng(3)
    assert empirical_epsilon(rng.normal(size=500), rng.normal(size=500)) < 0.2
    same = np.zeros(100)
    assert empirical_epsilon(same, same) == 0


def test_the_audit_sees_either_direction_and_allows_for_delta():
    rng = np.random.default_rng(4)
    low, high = rng.laplace(size=20_000), 1 + rng.laplace(size=20_000)
    assert empirical_epsilon(low, high) > 0.8
    assert empirical_epsilon(high, low, delta=0.2) < empirical_epsilon(high, low)


@pytest.mark.parametrize(
    ("present", "settings"),
    [
        (np.zeros(5), {}),
        (np.full(50, np.nan), {}),
        (np.zeros(50), {"delta": 1.0}),
        (np.zeros(50), {"confidence": 0}),
    ],
)
def test_an_impossible_audit_is_refused(present, settings):
    with pytest.raises(ValueError):
        empirical_epsilon(present, present, **settings)


def test_membership_scores_are_their_definition():
    shares, background = RNG.dirichlet(np.ones(12), 3), RNG.dirichlet(np.ones(12))
    labels = RNG.integers(0, 3, 40)
    found = membership_scores(MET, labels, shares, background)
    for person in range(40):
        items = MET[[person]].indices
        expected = np.mean(np.log(shares[labels[person], items] / background[items]))
        assert found[person] == pytest.approx(expected)


def test_membership_scores_survive_zeros_and_empty_histories():
    shares = np.array([[-3.0, 1.0]])
    found = membership_scores(
        sparse.csr_array([[1, 0], [0, 0]]), [0, 0], shares, np.array([0.5, 0])
    )
    assert found[0] == pytest.approx(np.log(1e-6 / 0.5)) and found[1] == 0


def test_members_of_a_small_group_are_found():
    rng = np.random.default_rng(6)
    people = sparse.csr_array((rng.random((40, 300)) < 0.05).astype(float))
    published = people[:20].sum(axis=0) / people[:20].sum()
    scores = membership_scores(people, np.zeros(40, int), published[None], np.full(300, 1 / 300))
    assert scores[:20].min() > scores[20:].max()


@given(st.integers(1, 3), st.integers(0, 20))
def test_identified_users_are_the_only_match(n_known, seed):
    share, n_users = identified_share(MET, n_known, random_state=seed)
    table = MET.toarray()
    active = np.flatnonzero(table.sum(axis=1) >= n_known)
    known = limit_items(MET[active], n_known, random_state=seed).toarray()
    matches = [(table[:, row > 0].all(axis=1)).sum() for row in known]
    assert share == pytest.approx(np.mean(np.array(matches) == 1)) and n_users == len(active)


def test_impossible_attacks_are_refused():
    with pytest.raises(ValueError, match="n_known=0"):
        identified_share(MET, 0)
    with pytest.raises(ValueError, match="No user has 99"):
        identified_share(MET, 99)
