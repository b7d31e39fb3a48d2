"""Measure how time and memory of the cluster recommender grow with the number of users.

``python tools/measure_growth.py`` makes logs of 10 k, 100 k and 1 M users and 5 k items with 20
planted groups, fits `ClusterPopularity`, ranks 20 items for everybody, and prints seconds, peak
memory of the process and how well the groups were found.  Name other sizes on the command line;
``--method soft`` takes soft groups, and ``--method als`` fits the ALS of implicit at its
defaults to the same log (the fit alone; run that with the Python of ``.venv-bench``, which
``python course.py bench`` makes).  Seconds are those of the processor, all cores added up, so that
a busy machine does not matter.  Each size runs in a process of its own, because a peak never falls.
Linux and macOS.
"""

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.metrics import adjusted_rand_score

from recsys_tutorial.bench.peers import ImplicitALS
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders import ClusterPopularity, SoftClusterPopularity

METHODS = ("hard", "soft", "als")
N_ITEMS, N_GROUPS, N_FAVOURITES, DRAWS, BLOCK = 5000, 20, 100, 50, 50_000


def planted_log(n_users: int, random_state: int = 0) -> tuple[UserItemMatrix, np.ndarray]:
    """Make a log in which each group has favourites of its own among the popular items."""
    rng = np.random.default_rng(random_state)
    everybody = 1 / np.arange(10, N_ITEMS + 10)
    tastes = np.tile(everybody / everybody.sum(), (N_GROUPS, 1))
    for taste in tastes:
        taste[rng.choice(N_ITEMS, N_FAVOURITES, replace=False)] += 1 / N_FAVOURITES
    cumulative = np.cumsum(tastes / tastes.sum(axis=1, keepdims=True), axis=1)
    groups = rng.integers(N_GROUPS, size=n_users)
    cells, starts, filled = np.empty(n_users * DRAWS, np.int32), np.zeros(n_users + 1, int), 0
    for start in range(0, n_users, BLOCK):
        mine = groups[start : start + BLOCK]
        # One search for all groups: the cumulative shares of group g live between g and g + 1.
        wanted = rng.random((len(mine), DRAWS)) + mine[:, None]
        ladder = (cumulative + np.arange(N_GROUPS)[:, None]).ravel()
        drawn = np.minimum(np.searchsorted(ladder, wanted) - mine[:, None] * N_ITEMS, N_ITEMS - 1)
        drawn = np.sort(drawn.astype(np.int32), axis=1)
        fresh = np.diff(drawn, axis=1, prepend=-1) > 0
        ends = filled + np.cumsum(fresh.sum(axis=1))
        cells[filled : ends[-1]] = drawn[fresh]
        starts[start + 1 : start + 1 + len(mine)], filled = ends, int(ends[-1])
    shape = (n_users, N_ITEMS)
    values = sparse.csr_array((np.ones(filled), cells[:filled], starts.astype(np.int32)), shape)
    return UserItemMatrix(values, pd.RangeIndex(n_users), pd.RangeIndex(N_ITEMS)), groups


def peak_mb() -> float:
    """Give the largest memory that this process ever held, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def measure(n_users: int, method: str) -> dict[str, float]:
    """Fit and rank once."""
    clock = [time.process_time()]
    matrix, truth = planted_log(n_users)
    data_mb = peak_mb()
    clock.append(time.process_time())
    if method == "als":
        ImplicitALS().fit(matrix)
        return {
            "users": n_users,
            "interactions": matrix.values.nnz,
            "fit_s": round(time.process_time() - clock[-1], 2),
            "data_peak_mb": round(data_mb),
            "peak_mb": round(peak_mb()),
        }
    kind = SoftClusterPopularity if method == "soft" else ClusterPopularity
    model = kind(n_clusters=N_GROUPS).fit(matrix)
    clock.append(time.process_time())
    top = model.top_k(k=20)
    clock.append(time.process_time())
    assert top.shape == (n_users, 20) and top.min() >= 0
    made, fitted, ranked = np.diff(clock).round(2).tolist()
    return {
        "users": n_users,
        "interactions": matrix.values.nnz,
        "made_s": made,
        "fit_s": fitted,
        "top_20_s": ranked,
        "work_s": round(fitted + ranked, 2),
        "data_peak_mb": round(data_mb),
        "peak_mb": round(peak_mb()),
        "agreement": round(adjusted_rand_score(truth, model.labels_), 3),
    }


def main() -> None:
    """Measure each size in a fresh process and print one line for each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("users", nargs="*", type=int, default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--method", choices=METHODS, default="hard", help="what is fitted (hard)")
    parser.add_argument("--here", action="store_true", help="no process of its own")
    options = parser.parse_args()
    for n_users in options.users:
        if options.here:
            print(json.dumps(measure(n_users, options.method)), flush=True)
        else:
            again = [sys.executable, __file__, str(n_users), "--here", "--method", options.method]
            subprocess.run(again, check=True)


if __name__ == "__main__":
    main()
