"""Write the hundred real viewers of the explorable *K-means and DBSCAN by hand*.

``python tools/export_viewers.py`` takes the genre profiles of chapter 3, standardised and flattened
by ``project_2d``, draws a hundred of the 671 viewers, and fits them into the explorable's plane of
10 by 8 without changing the proportions.  tests/unit/test_explorables_vectors.py compares.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recsys_tutorial.datasets import load_movielens
from recsys_tutorial.features import genre_profiles
from recsys_tutorial.plotting import project_2d
from recsys_tutorial.preprocessing import standardise

FILE = Path(__file__).resolve().parents[1] / "book/_static/explorables/clusters-viewers.js"
HEAD = """\
/* A hundred viewers of MovieLens latest-small (Harper & Konstan 2015; GroupLens' terms, see the
   page on data), flattened to two dimensions.  Written by tools/export_viewers.py; do not edit. */
"""
WIDTH, HEIGHT, MARGIN = 10.0, 8.0, 0.5


def viewers(n_viewers: int = 100) -> np.ndarray:
    """Draw viewers and place them in the plane, the longer side of their map along x."""
    (profiles,) = standardise(genre_profiles(load_movielens()))
    rows = np.random.default_rng(0).choice(len(profiles), n_viewers, replace=False)
    flat = project_2d(profiles.to_numpy())[np.sort(rows), ::-1]
    low, high = flat.min(axis=0), flat.max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * MARGIN
    return (flat - (low + high) / 2) * (room / (high - low)).min() + [WIDTH / 2, HEIGHT / 2]


def main() -> None:
    """Write the script that hands over the points."""
    points = "\n".join(f"    [{x:g}, {y:g}]," for x, y in np.round(viewers(), 2))
    name = "root.courseExplorables"
    script = (
        f'{HEAD}((root) => {{\n  "use strict";\n\n  {name} = {name} || {{}};\n'
        f"  {name}.clustersViewers = [\n{points}\n  ];\n"
        '})(typeof window === "undefined" ? globalThis : window);\n'
    )
    FILE.write_text(script, encoding="utf-8")


if __name__ == "__main__":
    main()
