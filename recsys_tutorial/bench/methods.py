"""What takes part in the bench: every method with its library, its kind and its small grid.

Used by ``python course.py bench``.  A method is tuned over its grid on the validation part and on
nothing else; ``--quick`` looks at the first two points of a grid only, so the likely ones stand
first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np

from recsys_tutorial import recommenders as ours
from recsys_tutorial.bench import peers
from recsys_tutorial.bench.front import OURS
from recsys_tutorial.bench.protocol import Task
from recsys_tutorial.features import unit_rows
from recsys_tutorial.recommenders import Recommender

Build = Callable[[Task, Mapping[str, Any], int, int], Recommender]
REFERENCE = "implicit ALS, defaults"


@dataclass(frozen=True)
class Method:
    """One row of the table.

    Attributes
    ----------
    name : str
        As it stands in the table.
    library : str
        Whose code it is.
    kind : str
        ``baseline``, ``cluster``, ``classic``, ``hybrid``, ``control`` or ``peer``.
    build : callable
        Makes the unfitted model from the task, the parameters, the seed and the number of threads.
    grid : tuple of dict
        What is tried on the validation part, likely points first.
    is_seeded : bool
        Whether the seed changes the model; if not, one fit per split is enough.
    uses_ratings : bool
        Whether it learns from stars in place of meetings.
    """

    name: str
    library: str
    kind: str
    build: Build
    grid: tuple[dict[str, Any], ...] = field(default=({},))
    is_seeded: bool = False
    uses_ratings: bool = False


def grid_of(**values: Sequence[Any]) -> tuple[dict[str, Any], ...]:
    """Combine the values of several parameters.

    Parameters
    ----------
    **values : sequence
        The values of each parameter.

    Returns
    -------
    tuple of dict
        Every combination; the last parameter varies fastest.

    Examples
    --------
    >>> grid_of(a=[1, 2], b=["x"])
    ({'a': 1, 'b': 'x'}, {'a': 2, 'b': 'x'})
    """
    return tuple(dict(zip(values, combination)) for combination in product(*values.values()))


def _own(class_name: str, *, seeded: bool = False, **fixed: Any) -> Build:
    def build(task: Task, parameters: Mapping[str, Any], seed: int, threads: int) -> Recommender:
        more = {"random_state": seed} if seeded else {}
        return getattr(ours, class_name)(**fixed, **parameters, **more)

    return build


def _peer(model: type[peers.Peer], *, seeded: bool = True, threaded: bool = True) -> Build:
    def build(task: Task, parameters: Mapping[str, Any], seed: int, threads: int) -> Recommender:
        more = {"random_state": seed} if seeded else {}
        more |= {"num_threads": threads} if threaded else {}
        return model(**parameters, **more)

    return build


def _genre_control(
    task: Task, parameters: Mapping[str, Any], seed: int, threads: int
) -> Recommender:
    """EASE with the user's genre profile in the place of her clusters: no clustering at all."""
    return ours.ClusterEASE(features=unit_rows(task.genres), **parameters)


# Few groups for data without clear ones, many for data with them, each with its own shrinkage.
ENSEMBLES = tuple(
    {"n_clusters": sizes, "shrinkage": shrinkage, "n_factors": n_factors}
    for sizes, shrinkage, n_factors in [
        ((20, 50, 80), 100.0, 80),
        ((60, 120, 240), 10.0, 120),
        ((20, 50, 80), 300.0, 120),
        ((20, 50, 80), 30.0, 80),
        ((40, 100, 160), 30.0, 80),
        ((60, 120, 240), 30.0, 80),
        ((100, 200, 300), 10.0, 120),
    ]
)
POWERS = [(0.5, 0.0), (0.25, 0.2), (0.0, 0.2)]
NORMS = tuple(
    {"user_power": a, "item_power": b, "regularisation": r}
    for r in (200.0, 100.0, 50.0, 400.0)
    for a, b in POWERS
)
# The hybrid and its control have one grid: equal budget.  It spans those of EASE and EASE-norm.
HYBRIDS = tuple(
    {"cluster_weight": w, "user_power": a, "item_power": b, "regularisation": r}
    for r in (200.0, 100.0, 400.0, 50.0, 25.0)
    for w in (2.0, 5.0)
    for a, b in [(0.0, 0.0), *POWERS]
)

METHODS: tuple[Method, ...] = (
    Method("popularity", OURS, "baseline", _own("Popularity")),
    Method(
        "cluster popularity",
        OURS,
        "cluster",
        _own("ClusterPopularity", seeded=True),
        grid_of(n_clusters=[50, 20, 100], shrinkage=[1000.0, 100.0, 5000.0]),
        is_seeded=True,
    ),
    Method(
        "soft clusters",
        OURS,
        "cluster",
        _own("SoftClusterPopularity", seeded=True),
        grid_of(n_clusters=[50, 100], temperature=[0.12, 0.06, 0.25], shrinkage=[200.0, 30.0]),
        is_seeded=True,
    ),
    Method(
        "cluster ensemble",
        OURS,
        "cluster",
        _own("ClusterEnsemble", seeded=True),
        ENSEMBLES,
        is_seeded=True,
    ),
    # For those who have no time: few groups, few factors, one start of K-means each.
    Method(
        "cluster popularity, fast",
        OURS,
        "cluster",
        _own("ClusterPopularity", seeded=True, n_clusters=20, n_factors=20, n_init=1),
        grid_of(shrinkage=[1000.0, 100.0]),
        is_seeded=True,
    ),
    Method(
        "ensemble of ten, fast",
        OURS,
        "cluster",
        _own("ClusterEnsemble", seeded=True, n_clusters=(20,), n_repeats=10, n_factors=20),
        grid_of(shrinkage=[100.0, 30.0]),
        is_seeded=True,
    ),
    Method(
        "mixture model",
        OURS,
        "cluster",
        _own("MixtureModel", seeded=True),
        grid_of(n_clusters=[20, 50], shrinkage=[1000.0, 30.0], tempering=[0.0, 0.3]),
        is_seeded=True,
    ),
    Method(
        "item-kNN",
        OURS,
        "classic",
        _own("ItemKNN"),
        grid_of(n_neighbors=[200, 100, 50], shrinkage=[20.0, 0.0], power=[1.0, 2.0]),
    ),
    Method(
        "user-kNN",
        OURS,
        "classic",
        _own("UserKNN"),
        grid_of(n_neighbors=[100, 50, 200], shrinkage=[20.0, 0.0], power=[2.0, 1.0, 4.0]),
    ),
    Method(
        "EASE",
        OURS,
        "classic",
        _own("EASE"),
        grid_of(regularisation=[200.0, 100.0, 50.0, 25.0, 400.0, 800.0]),
    ),
    Method("EASE-norm", OURS, "classic", _own("EASE"), NORMS),
    Method(
        "EASE + clusters",
        OURS,
        "hybrid",
        _own("ClusterEASE", seeded=True),
        HYBRIDS,
        is_seeded=True,
    ),
    Method("EASE + genres", OURS, "control", _genre_control, HYBRIDS),
    Method(REFERENCE, "implicit", "peer", _peer(peers.ImplicitALS), is_seeded=True),
    Method(
        "implicit ALS",
        "implicit",
        "peer",
        _peer(peers.ImplicitALS),
        grid_of(factors=[128, 64], regularization=[10.0, 1.0, 100.0], alpha=[1.0, 16.0, 4.0]),
        is_seeded=True,
    ),
    Method(
        "implicit BPR",
        "implicit",
        "peer",
        _peer(peers.ImplicitBPR),
        grid_of(
            factors=[64],
            learning_rate=[0.05, 0.1],
            regularization=[0.01, 0.05],
            iterations=[100],
        ),
        is_seeded=True,
    ),
    Method(
        "implicit cosine",
        "implicit",
        "peer",
        _peer(peers.ImplicitCosine, seeded=False),
        grid_of(K=[100, 50, 20, 200, 500]),
    ),
    Method(
        "LightFM WARP",
        "LightFM",
        "peer",
        _peer(peers.LightFMWarp),
        grid_of(no_components=[64, 32], epochs=[30, 10, 60], learning_rate=[0.05]),
        is_seeded=True,
    ),
    Method(
        "Surprise SVD",
        "Surprise",
        "peer",
        _peer(peers.SurpriseSVD, threaded=False),
        grid_of(n_factors=[100, 20], reg_all=[0.02, 0.1]),
        is_seeded=True,
        uses_ratings=True,
    ),
    Method(
        "TFRS two towers",
        "TensorFlow Recommenders",
        "peer",
        _peer(peers.TwoTowers),
        (
            {"correct_popularity": True, "epochs": 10, "batch_size": 1024},
            {"correct_popularity": True, "epochs": 20, "batch_size": 256},
            {"correct_popularity": False, "epochs": 10, "batch_size": 1024},
        ),
        is_seeded=True,
    ),
    Method(
        "Spark ALS",
        "Spark",
        "peer",
        _peer(peers.SparkALS),
        grid_of(rank=[32], alpha=[4.0, 16.0], reg_param=[0.1, 0.01]),
        is_seeded=True,
    ),
)


def method_named(name: str, methods: Sequence[Method] = METHODS) -> Method:
    """Find a method by its name.

    Parameters
    ----------
    name : str
        As in the table.
    methods : sequence of Method
        Where to look.

    Returns
    -------
    Method
        The method.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> method_named("popularity").kind
    'baseline'
    """
    for method in methods:
        if method.name == name:
            return method
    raise ValueError(f"There is no method {name!r}. Take one of {[m.name for m in methods]}.")


def fitted(
    method: Method, task: Task, parameters: Mapping[str, Any], seed: int, threads: int
) -> Recommender:
    """Build a model and let it learn.

    Parameters
    ----------
    method : Method
        Which.
    task : Task
        From what.
    parameters : mapping
        A point of the grid.
    seed, threads : int
        Seed, and threads that it may use.

    Returns
    -------
    Recommender
        The fitted model.

    Examples
    --------
    >>> from recsys_tutorial.bench.protocol import make_task
    >>> task = make_task("movielens", "latest")
    >>> fitted(method_named("popularity"), task, {}, 0, 1).top_k().shape
    (671, 20)
    """
    model = method.build(task, _with_tuples(parameters), seed, threads)
    return model.fit(task.ratings if method.uses_ratings else task.train)


def _with_tuples(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Undo what JSON does to tuples."""
    return {n: tuple(v) if isinstance(v, list) else v for n, v in parameters.items()}


def describe(parameters: Mapping[str, Any]) -> str:
    """Write parameters in one line.

    Parameters
    ----------
    parameters : mapping
        Names and values.

    Returns
    -------
    str
        ``name=value``, separated by commas.

    Examples
    --------
    >>> describe({"K": 20, "sizes": (1, 2), "a": 0.5})
    'K=20, sizes=1+2, a=0.5'
    """
    return ", ".join(
        f"{name}={'+'.join(map(str, value)) if np.ndim(value) else format(value, 'g')}"
        for name, value in parameters.items()
    )
