"""Re-ranking and the deletion test, against loops written from their definitions."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import (
    ClusterPopularity,
    ItemKNN,
    Popularity,
    SoftClusterPopularity,
    calibrated_rerank,
    deletion_test,
    group_evidence,
)

RNG = np.random.default_rng(5)
TASTE = np.repeat([0, 1], 20)
CHANCE = np.where(np.arange(30) // 15 == TASTE[:, None], 0.6, 0.1)
MET = (RNG.random((40, 30)) < CHANCE).astype(float)
MET[:, :3] = 1
MATRIX = UserItemMatrix(
    sparse.csr_array(MET), pd.Index([f"u{n}" for n in range(40)]), pd.RangeIndex(30)
)
KINDS = pd.DataFrame((RNG.random((30, 4)) < 0.4).astype(float), columns=list("ABCD"))
POOL = ItemKNN(n_neighbors=20).fit(MATRIX).recommend(k=12)


def greedy(pool, met, kinds, k, weight):
    """One user, from the definition, slow."""
    parts = kinds.to_numpy() / np.maximum(kinds.to_numpy().sum(axis=1, keepdims=True), 1e-12)
    parts[kinds.to_numpy().sum(axis=1) == 0] = 0
    history = parts[np.flatnonzero(met)].sum(axis=0)
    history = history / max(history.sum(), 1e-12)
    span = pool["score"].max() - pool["score"].min()
    scores = (pool["score"] - pool["score"].min()) / (span if span > 0 else 1)
    left, chosen = list(zip(pool["item"], scores, strict=True)), []
    while left and len(chosen) < k:
        worth = []
        for item, score in left:
            mix = parts[[*(i for i, _ in chosen), item]].sum(axis=0)
            mix = 0.99 * mix / max(mix.sum(), 1e-12) + 0.01 * history
            inside = history > 0
            kl = (history[inside] * np.log(history[inside] / mix[inside])).sum()
            worth.append((1 - weight) * score - weight * kl)
        chosen.append(left.pop(int(np.argmax(worth))))
    return [item for item, _ in chosen]


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.7, 1.0])
def test_reranking_is_its_definition(weight):
    found = calibrated_rerank(POOL, MATRIX, KINDS, k=5, weight=weight)
    for user, pool in POOL.groupby("user"):
        met = MET[MATRIX.users.get_loc(user)]
        ours = found.loc[found["user"] == user, "item"].tolist()
        assert ours == greedy(pool, met, KINDS, 5, weight)


def test_weight_zero_keeps_the_order():
    found = calibrated_rerank(POOL, MATRIX, KINDS, k=5, weight=0)
    expected = POOL[POOL["rank"] <= 5].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


def test_short_pools_and_the_order_of_users():
    pool = POOL[POOL["rank"] <= 3].sort_values("user", ascending=False, kind="stable")
    found = calibrated_rerank(pool, MATRIX, KINDS, k=9, weight=0.5)
    assert found["user"].unique().tolist() == pool["user"].unique().tolist()
    assert (found.groupby("user").size() == 3).all()
    assert found.groupby("user")["rank"].apply(list).iloc[0] == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 0}, "k=0"),
        ({"weight": 1.2}, "weight=1.2"),
        ({"kinds": KINDS.iloc[:4]}, "no row in `kinds`"),
        ({"candidates": POOL.drop(columns="score")}, "lacks the columns"),
        ({"candidates": POOL.assign(item=99)}, "not among the items"),
    ],
)
def test_impossible_rerankings_are_refused(change, message):
    settings = {"candidates": POOL, "train": MATRIX, "kinds": KINDS} | change
    candidates, train, kinds = (settings.pop(name) for name in ("candidates", "train", "kinds"))
    with pytest.raises(ValueError, match=message):
        calibrated_rerank(candidates, train, kinds, **settings)


# ------------------------------------------------------------------ faithfulness

SOFT = SoftClusterPopularity(n_clusters=4, n_factors=5).fit(MATRIX)
TOP = SOFT.recommend(k=2)


def test_ranks_are_those_of_the_shortened_history():
    evidence = group_evidence(SOFT, TOP, n=3)
    table = deletion_test(SOFT, TOP, evidence, n_controls=2)
    for (_, row), named in zip(table.iterrows(), evidence, strict=True):
        met = MET[MATRIX.users.get_loc(row["user"])]
        left = met.copy()
        left[named] = 0
        scores = SOFT.score_histories(sparse.csr_array(left[None]))[0]
        scores[met > 0] = -np.inf
        assert row["rank_after"] == 1 + (scores > scores[row["item"]]).sum()
        assert row["n_removed"] == 3
    assert np.allclose(table["effect"], np.log2(table["rank_after"] / table["rank_control"]))


def test_a_model_that_ignores_the_history_has_no_faithful_reason():
    popular = Popularity().fit(MATRIX)
    top = popular.recommend(k=1)
    evidence = [np.flatnonzero(MET[n])[:2].tolist() for n in range(40)]
    assert (deletion_test(popular, top, evidence)["effect"] == 0).all()


def test_the_best_evidence_beats_the_worst():
    best = group_evidence(SOFT, TOP, n=4)
    worst = [named[-4:] for named in group_evidence(SOFT, TOP, n=99)]
    effects = [deletion_test(SOFT, TOP, e)["effect"].mean() for e in (best, worst)]
    assert effects[0] > 0.1 and effects[0] > effects[1] + 0.1


def test_evidence_is_the_slope_of_the_score():
    """Against finite differences, with the length of the user's vector held."""
    recommendation = TOP.iloc[[0]]
    ordered = group_evidence(SOFT, recommendation, n=99)[0]
    row, item = MATRIX.users.get_loc(recommendation["user"].item()), recommendation["item"].item()
    features = MATRIX.values[[row]] @ SOFT.basis_
    features = features / np.linalg.norm(features)
    score = lambda place: (SOFT._membership(place) @ SOFT.cluster_shares_)[0, item]  # noqa: E731
    slopes = [(score(features + 1e-4 * SOFT.basis_[[j]]) - score(features)) for j in ordered]
    assert (np.diff(slopes) < 1e-9).all()


def test_evidence_is_in_the_history():
    for user, named in zip(TOP["user"], group_evidence(SOFT, TOP, n=5), strict=True):
        assert MET[MATRIX.users.get_loc(user)][named].all() and len(named) == 5


def test_impossible_questions_are_refused():
    with pytest.raises(TypeError, match="soft groups"):
        group_evidence(ClusterPopularity(n_clusters=3).fit(MATRIX), TOP)
    with pytest.raises(ValueError, match="n=0"):
        group_evidence(SOFT, TOP, n=0)
    with pytest.raises(ValueError, match="1 pieces of evidence for 80 rows"):
        deletion_test(SOFT, TOP, [[0]])
    strange = [[int(np.flatnonzero(MET[0] == 0)[0])]]
    for bad in ([[]], strange):
        with pytest.raises(ValueError, match="empty or not in her history"):
            deletion_test(SOFT, TOP.iloc[[0]], bad)
    with pytest.raises(ValueError, match="n_controls=0"):
        deletion_test(SOFT, TOP.iloc[[0]], [[0]], n_controls=0)
