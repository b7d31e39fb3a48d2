"""Somebody new, something new: recommending from what things are, from what is said, from both.

Taught in chapter 12.  A recommender that lives on interactions has nothing to say where there are
none.  Here three others stand beside it: content (what the items are like), knowledge (what a
person said about herself) and the fusion of several opinions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import rankdata
from sklearn.base import clone

from recsys_tutorial.datasets import DataError, Interactions
from recsys_tutorial.features import genre_matrix
from recsys_tutorial.features.profiles import unit_rows
from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender, hide
from recsys_tutorial.recommenders.ranking import blocks_of, top_columns

# Rank at which an opinion counts half as much as at the top (Cormack et al. use 60).
HALF_RANK = 60


def item_facts(interactions: Interactions) -> pd.DataFrame:
    """What an onboarding form can ask about: the genres and the decades of the items.

    Parameters
    ----------
    interactions : Interactions
        A log whose item table has the columns ``genres`` and ``year``.

    Returns
    -------
    DataFrame of float, shape (n_items, n_facts)
        1.0 where an item has the genre or comes from the decade (named such as ``1990s``), indexed
        by item id in ascending order.  An item without a year belongs to no decade.

    Raises
    ------
    DataError
        If a column is missing.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> facts = item_facts(load_movielens())
    >>> facts.columns[facts.loc[2571] > 0].tolist()
    ['Action', 'Sci-Fi', 'Thriller', '1990s']
    """
    genres = genre_matrix(interactions)
    if "year" not in interactions.items:
        raise DataError("The item table has no column 'year'. genre_matrix needs none.")
    years = pd.to_numeric(interactions.items.set_index("item")["year"].loc[genres.index])
    names = (years // 10 * 10).map(lambda decade: "" if pd.isna(decade) else f"{decade:.0f}s")
    return genres.join(names.str.get_dummies().astype(float))


class ContentRecommender(Recommender):
    """Recommend what resembles the things that a person met.

    Her profile is the mean of the vectors of her items; the score of an item is the cosine of its
    vector and her profile.  No other person is asked, so an item that nobody has met is ranked like
    any other, and one event is enough for a profile.  Without an event there is no profile: all
    scores are 0, and the recommender has no opinion.

    Parameters
    ----------
    item_vectors : DataFrame, shape (n_items, n_features)
        Description of each item (genres, text vectors), indexed by item id; items that are not in
        the training matrix may be among them.
    centre : bool
        Subtract the mean vector of the items of the matrix first: what all have in common says
        nothing about anybody's taste.

    Attributes
    ----------
    vectors_ : ndarray, shape (n_items, n_features)
        Unit vectors of the items of the matrix, in its order.
    mean_ : ndarray, shape (n_features,)
        What was subtracted.

    References
    ----------
    Pazzani and Billsus (2007), Content-Based Recommendation Systems. [pazzani2007content]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> movielens = load_movielens()
    >>> model = ContentRecommender(item_facts(movielens)).fit(user_item_matrix(movielens))
    >>> model.top_k([1], k=5).shape
    (1, 5)
    """

    def __init__(self, item_vectors: pd.DataFrame, centre: bool = True) -> None:
        self.item_vectors = item_vectors
        self.centre = centre

    def fit(self, matrix: UserItemMatrix) -> ContentRecommender:
        """Look up the vectors; who met what is kept, but nothing is learnt from it.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        ContentRecommender
            Itself.

        Raises
        ------
        KeyError
            If an item of the matrix has no vector.
        ValueError
            If a vector holds missing or infinite values.
        """
        vectors = _rows_of(self.item_vectors, matrix.items, "item_vectors")
        self.mean_ = vectors.mean(axis=0) if self.centre else np.zeros(vectors.shape[1])
        self.vectors_ = unit_rows(vectors - self.mean_)
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._score_histories(self.matrix_.values[rows])

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        return unit_rows(histories @ self.vectors_) @ self.vectors_.T

    def score_items(
        self, histories: sparse.csr_array, item_vectors: pd.DataFrame | np.ndarray
    ) -> np.ndarray:
        """Score items that came after the training: not even a column of the matrix is needed.

        Parameters
        ----------
        histories : csr_array, shape (n_people, n_items)
            What they met, with the columns of the training matrix.
        item_vectors : DataFrame or ndarray, shape (n_new, n_features)
            Descriptions of the new items, made like those of the old ones.

        Returns
        -------
        ndarray, shape (n_people, n_new)
            Scores on the scale of `scores`.

        Raises
        ------
        ValueError
            If the vectors have another length than those of the training.

        Examples
        --------
        >>> from recsys_tutorial.datasets import load_movielens
        >>> from recsys_tutorial.preprocessing import user_item_matrix
        >>> movielens = load_movielens()
        >>> facts, matrix = item_facts(movielens), user_item_matrix(movielens)
        >>> model = ContentRecommender(facts).fit(matrix)
        >>> new = model.score_items(matrix.values[[0]], facts.loc[[2571]])
        >>> bool(np.isclose(new, model.scores([1])[0, matrix.items.get_loc(2571)]).all())
        True
        """
        new = np.asarray(item_vectors, dtype=float)
        if new.ndim != 2 or new.shape[1] != len(self.mean_):
            raise ValueError(
                f"The new items have vectors of shape {new.shape}; those of the training have "
                f"{len(self.mean_)} numbers each."
            )
        return unit_rows(histories @ self.vectors_) @ unit_rows(new - self.mean_).T


class KnowledgeRecommender(Recommender):
    """Recommend by rules from what a person says: "comedies, of the 1990s, and no horror".

    The score of item i for a person with wishes w is ::

        log(popularity[i]) + strength * sum(w[f] * fact[i, f]) / sum(|w[f]|)

    Nothing about other people's taste is needed: without interactions the popularity is equal for
    all items, and the rules alone decide.  Who states no wish gets the popular list.

    Parameters
    ----------
    facts : DataFrame, shape (n_items, n_facts)
        What is known about each item, indexed by item id (see `item_facts`).
    strength : float
        How much the wishes count: an item that fulfils all of them is raised as if it were
        ``exp(strength)`` times as popular.

    Attributes
    ----------
    facts_ : ndarray, shape (n_items, n_facts)
        Facts of the items of the matrix, in its order.
    log_popularity_ : ndarray, shape (n_items,)
        Logarithm of the share of each item, with one interaction added to each.

    References
    ----------
    Aggarwal (2016), Recommender Systems, chapter 5. [aggarwal2016recommender]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> movielens = load_movielens()
    >>> model = KnowledgeRecommender(item_facts(movielens)).fit(user_item_matrix(movielens))
    >>> best = model.score_wishes(pd.DataFrame({"Sci-Fi": [1.0], "1970s": [1.0]})).argmax()
    >>> movielens.titles[model.matrix_.items[best]]
    'Star Wars: Episode IV - A New Hope'
    """

    def __init__(self, facts: pd.DataFrame, strength: float = 3.0) -> None:
        self.facts = facts
        self.strength = strength

    def fit(self, matrix: UserItemMatrix) -> KnowledgeRecommender:
        """Look up the facts and count.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what; may be empty.

        Returns
        -------
        KnowledgeRecommender
            Itself.

        Raises
        ------
        KeyError
            If nothing is known about an item of the matrix.
        ValueError
            If a fact is missing or infinite, or `strength` is negative or infinite.
        """
        if not 0 <= self.strength < np.inf:
            raise ValueError(f"strength={self.strength} must be a finite number, 0 or more.")
        self.facts_ = _rows_of(self.facts, matrix.items, "facts")
        counts = np.asarray(matrix.values.sum(axis=0)).ravel() + 1
        self.log_popularity_ = np.log(counts / counts.sum())
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return np.tile(self.log_popularity_, (len(rows), 1))

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        return np.tile(self.log_popularity_, (histories.shape[0], 1))

    def score_wishes(self, wishes: pd.DataFrame) -> np.ndarray:
        """Score every item for people who filled in a form.

        Parameters
        ----------
        wishes : DataFrame, shape (n_people, n_wishes)
            One row per person; the columns are names of facts, the values say how much each is
            wanted: 1 for a wish, 0 for no opinion, -1 for "not for me".

        Returns
        -------
        ndarray, shape (n_people, n_items)
            Scores.

        Raises
        ------
        KeyError
            If a wish is about something that is not among the facts.
        ValueError
            If a wish is missing or infinite.
        """
        unknown = [name for name in wishes.columns if name not in self.facts.columns]
        if unknown:
            raise KeyError(f"Nothing is known about {unknown[:3]}. Ask about the columns of facts.")
        asked = wishes.to_numpy(float)
        if not np.isfinite(asked).all():
            raise ValueError("wishes holds missing or infinite values. Write 0 for no opinion.")
        columns = self.facts.columns.get_indexer(wishes.columns)
        size = np.abs(asked).sum(axis=1, keepdims=True)
        fulfilled = asked @ self.facts_[:, columns].T / np.where(size > 0, size, 1)
        return self.log_popularity_ + self.strength * fulfilled


def fuse(
    opinions: Sequence[np.ndarray],
    weights: Sequence[float] | np.ndarray | None = None,
    method: str = "scores",
) -> np.ndarray:
    """Add up the opinions of several recommenders about the same people and items.

    Scores of different recommenders have different units: shares, cosines, sums.  Each row is
    therefore first brought to mean 0 and standard deviation 1 (``"scores"``), or replaced by
    ``1 / (60 + rank)``, which looks at the order alone (``"ranks"``).

    Parameters
    ----------
    opinions : sequence of ndarray, each of shape (n_people, n_items)
        Scores; a row of equal scores is no opinion and changes nothing.
    weights : sequence of float, optional
        Weight of each opinion, 0 or more; by default all the same.
    method : {"scores", "ranks"}
        See above.

    Returns
    -------
    ndarray, shape (n_people, n_items)
        Fused scores.

    Raises
    ------
    ValueError
        If there is no opinion, shapes or weights do not fit, a score is not finite, or `method`
        has another value.

    References
    ----------
    Cormack, Clarke and Buettcher (2009), Reciprocal Rank Fusion. [cormack2009reciprocal]

    Examples
    --------
    >>> cosines, counts = np.array([[0.1, 0.3, 0.2]]), np.array([[900.0, 0.0, 0.0]])
    >>> int((cosines + counts).argmax()), int(fuse([cosines, counts], [3, 1]).argmax())
    (0, 1)
    """
    if not len(opinions):
        raise ValueError("Give at least one opinion.")
    shapes = {np.shape(one) for one in opinions}
    if len(shapes) > 1 or len(min(shapes)) != 2:
        raise ValueError(f"Opinions must be tables of one shape, not of {sorted(shapes)}.")
    weights = np.ones(len(opinions)) if weights is None else np.asarray(weights, dtype=float)
    if weights.shape != (len(opinions),) or not ((weights >= 0) & (weights < np.inf)).all():
        raise ValueError(f"Give one weight, 0 or more, for each of the {len(opinions)} opinions.")
    if method not in ("scores", "ranks"):
        raise ValueError(f"method={method!r} must be 'scores' or 'ranks'.")
    if not all(np.isfinite(one).all() for one in opinions):
        raise ValueError("An opinion holds scores that are not finite. Hide seen items afterwards.")
    scale = standardise_rows if method == "scores" else reciprocal_ranks
    fused = np.zeros(min(shapes))
    for one, weight in zip(opinions, weights, strict=True):
        if weight > 0:
            fused += weight * scale(one)
    return fused


def standardise_rows(scores: np.ndarray) -> np.ndarray:
    """Bring each row to mean 0 and standard deviation 1.

    Parameters
    ----------
    scores : ndarray, shape (n_people, n_items)
        Finite scores.

    Returns
    -------
    ndarray, shape (n_people, n_items)
        Standardised scores; zeros where all scores of a row are equal.

    Examples
    --------
    >>> standardise_rows(np.array([[1.0, 3.0], [7.0, 7.0]])).tolist()
    [[-1.0, 1.0], [0.0, 0.0]]
    """
    scores = np.asarray(scores, dtype=float)
    varies = (scores.max(axis=1) > scores.min(axis=1))[:, None]
    centred = np.where(varies, scores - scores.mean(axis=1, keepdims=True), 0.0)
    spread = np.sqrt((centred**2).mean(axis=1, keepdims=True))
    return centred / np.where(spread > 0, spread, 1.0)


def reciprocal_ranks(scores: np.ndarray) -> np.ndarray:
    """Replace each score by ``1 / (60 + rank)``; equal scores share the mean of their ranks.

    Parameters
    ----------
    scores : ndarray, shape (n_people, n_items)
        Finite scores.

    Returns
    -------
    ndarray, shape (n_people, n_items)
        At most 1/61, for the best item of a row.

    Examples
    --------
    >>> (1 / reciprocal_ranks(np.array([[0.5, 0.9, 0.5]]))).round(1).tolist()
    [[62.5, 61.0, 62.5]]
    """
    return 1 / (HALF_RANK + rankdata(-np.asarray(scores, dtype=float), axis=1))


class Fusion(Recommender):
    """Ask several recommenders and add up their opinions (see `fuse`).

    Parameters
    ----------
    recommenders : sequence of Recommender
        Copies of them are fitted; at least one.
    weights : sequence of float, optional
        As in `fuse`.  Choose them on people who are neither in the training nor in the test.
    method : {"scores", "ranks"}
        As in `fuse`.

    Attributes
    ----------
    recommenders_ : list of Recommender
        The fitted copies.

    References
    ----------
    Burke (2002), Hybrid Recommender Systems. [burke2002hybrid]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> from recsys_tutorial.recommenders import Popularity
    >>> movielens = load_movielens()
    >>> both = Fusion([Popularity(), ContentRecommender(item_facts(movielens))], [2, 1])
    >>> both.fit(user_item_matrix(movielens)).top_k([1], k=5).shape
    (1, 5)
    """

    def __init__(
        self,
        recommenders: Sequence[Recommender],
        weights: Sequence[float] | None = None,
        method: str = "scores",
    ) -> None:
        self.recommenders = recommenders
        self.weights = weights
        self.method = method

    def fit(self, matrix: UserItemMatrix) -> Fusion:
        """Fit a copy of each recommender.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        Fusion
            Itself.

        Raises
        ------
        ValueError
            If there are no recommenders, or weights or method do not fit.
        """
        # A wrong setting should show now, not when the first person is waiting.
        fuse([np.zeros((1, 1))] * len(self.recommenders), self.weights, self.method)
        self.recommenders_ = [clone(one).fit(matrix) for one in self.recommenders]
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        users = self.matrix_.users[rows]
        return fuse([one.scores(users) for one in self.recommenders_], self.weights, self.method)

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        opinions = [one.score_histories(histories) for one in self.recommenders_]
        return fuse(opinions, self.weights, self.method)


def borrow_scores(
    scores: np.ndarray,
    vectors: np.ndarray,
    new: np.ndarray,
    n_neighbors: int = 50,
    power: float = 4.0,
) -> np.ndarray:
    """Give new items the scores of the old items that they resemble: a bridge from content.

    A recommender that lives on interactions scores the old items; a new item gets the weighted mean
    of the scores of its nearest old items, with ``cosine ** power`` as the weight (0 if the cosine
    is negative).

    Parameters
    ----------
    scores : ndarray, shape (n_people, n_items)
        Scores of any recommender; those of new items are ignored.  Not changed.
    vectors : ndarray, shape (n_items, n_features)
        Description of the items, in the order of the columns of `scores`.
    new : ndarray of int, shape (n_new,)
        Columns of the new items; all others may lend.
    n_neighbors : int
        Old items that are asked, at least 1; more only if they are equally near.
    power : float
        Above 1 the nearest outvote the rest; positive.

    Returns
    -------
    ndarray, shape (n_people, n_items)
        The scores, those of the new items filled in.  A new item that resembles nothing gets 0.

    Raises
    ------
    ValueError
        If the shapes do not fit, there is no old item, or a setting is out of range.

    References
    ----------
    Schein et al. (2002), Methods and Metrics for Cold-Start Recommendations. [schein2002methods]

    Examples
    --------
    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0], [2.0, 0.0]])
    >>> borrow_scores(np.array([[0.2, 0.6, 0.0, 0.0]]), vectors, np.array([2, 3])).round(2).tolist()
    [[0.2, 0.6, 0.4, 0.2]]
    """
    scores = np.array(scores, dtype=float)
    if scores.ndim != 2 or scores.shape[1] != len(vectors):
        raise ValueError(f"scores of shape {scores.shape} do not fit {len(vectors)} vectors.")
    if n_neighbors < 1 or not 0 < power < np.inf:
        raise ValueError(
            f"n_neighbors={n_neighbors} must be at least 1, and power={power} positive."
        )
    old = np.setdiff1d(np.arange(len(vectors)), new)
    if not len(old):
        raise ValueError("All items are new: nobody can lend a score.")
    lenders, units = scores[:, old], unit_rows(vectors[old])
    n_neighbors = min(n_neighbors, len(old))
    for block in blocks_of(np.asarray(new), len(old)):
        near = unit_rows(vectors[block]) @ units.T
        least = np.partition(near, -n_neighbors, axis=1)[:, -n_neighbors, None]
        weights = np.where(near >= least, np.maximum(near, 0.0) ** power, 0.0)
        total = weights.sum(axis=1)
        scores[:, block] = lenders @ weights.T / np.where(total > 0, total, 1.0)
    return scores


def top_unseen(
    scores: np.ndarray,
    histories: sparse.csr_array,
    k: int = 20,
    candidates: np.ndarray | None = None,
) -> np.ndarray:
    """Turn scores of newcomers into lists, without what they have met.

    Parameters
    ----------
    scores : ndarray, shape (n_people, n_items)
        For example of `Recommender.score_histories`; not changed.
    histories : csr_array, shape (n_people, n_items)
        Stored cells have been met.
    k : int
        Length of each list, at least 1.
    candidates : ndarray of int, optional
        Columns that may be recommended; by default all.

    Returns
    -------
    ndarray of int32, shape (n_people, k)
        Columns, best first; ties go to the lower column, and -1 stands where fewer are left.

    Raises
    ------
    ValueError
        If the shapes differ, a score is NaN, or `k` is less than 1.

    Examples
    --------
    >>> seen = sparse.csr_array(np.array([[0, 1, 0]]))
    >>> top_unseen(np.array([[0.2, 0.9, 0.5]]), seen, k=3).tolist()
    [[2, 0, -1]]
    """
    if k < 1:
        raise ValueError(f"k={k} must be at least 1.")
    scores = np.array(scores, dtype=float)
    if scores.shape != histories.shape:
        raise ValueError(f"scores {scores.shape} and histories {histories.shape} differ in shape.")
    if np.isnan(scores).any():
        raise ValueError("scores holds values that are not numbers (NaN).")
    hide(scores, histories, candidates)
    return top_columns(scores, k)


def _rows_of(table: pd.DataFrame, items: pd.Index, name: str) -> np.ndarray:
    """Rows of a table of items in the order of the matrix."""
    places = table.index.get_indexer(items)
    if (places < 0).any():
        lost = items[places < 0].tolist()
        raise KeyError(f"{len(lost)} items of the matrix are not in {name}, e.g. {lost[:3]}.")
    rows = table.to_numpy(float)[places]
    if not np.isfinite(rows).all():
        raise ValueError(f"{name} holds missing or infinite values. Fill them in first.")
    return rows
