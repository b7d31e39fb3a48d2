"""Words for clusters, and a test whether the words say anything.

Taught in chapter 9.  A cluster is read as one long document: the words of the items that its users
met, as far as they met them more often than everybody.  Class-based TF-IDF picks the words that
are frequent in this document and rare in the others.  The blind test names a cluster by one half of
its users, and asks whether the other half can be recognised by the name.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import CountVectorizer

from recsys_tutorial.datasets import Interactions
from recsys_tutorial.features import genre_matrix


def item_words(
    interactions: Interactions, items: pd.Index, *, min_items: int = 5
) -> tuple[sparse.csr_array, np.ndarray]:
    """Which item has which word: its genres, and the words of its title.

    Parameters
    ----------
    interactions : Interactions
        A log with an item table; titles and genres are used where there are any.
    items : Index
        The items wanted, in the order wanted.
    min_items : int
        A title word counts only if at least this many of the items have it.

    Returns
    -------
    counts : csr_array, shape (n_items, n_words)
        1 where the item has the word.
    words : ndarray of str, shape (n_words,)
        Genres as they are written, title words in small letters and quotation marks.

    Raises
    ------
    ValueError
        If no word is left.

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> movielens = load_movielens()
    >>> counts, words = item_words(movielens, movielens.items["item"])
    >>> sorted(str(word) for word in words[counts[[0]].nonzero()[1]])
    ["'story'", "'toy'", 'Adventure', 'Animation', 'Children', 'Comedy', 'Fantasy']
    """
    parts: list[sparse.csr_array] = []
    words: list[str] = []
    if "genres" in interactions.items:
        genres = genre_matrix(interactions).loc[items]
        parts.append(sparse.csr_array(genres.to_numpy()))
        words += list(genres.columns)
    # Numbers and single letters name sequels, not tastes.
    reader = CountVectorizer(stop_words="english", token_pattern=r"[^\W\d_]{3,}", binary=True)
    try:
        counts = sparse.csr_array(reader.fit_transform(interactions.titles.loc[items]))
    except ValueError:
        # scikit-learn's word for "titles of stop words and numbers only".
        counts = sparse.csr_array((len(items), 0))
    common = np.flatnonzero(np.asarray(counts.sum(axis=0)).ravel() >= min_items)
    if common.size:
        parts.append(counts[:, common])
        words += [f"'{word}'" for word in reader.get_feature_names_out()[common]]
    if not words:
        raise ValueError("No genre and no title word is left; lower min_items.")
    return sparse.csr_array(sparse.hstack(parts, format="csr", dtype=float)), np.array(words)


def cluster_documents(
    values: sparse.csr_array,
    labels: np.ndarray,
    word_counts: sparse.csr_array,
    *,
    above_average: bool = True,
) -> np.ndarray:
    """Write one document per cluster: how much each word weighs in what its users met.

    Every item that a user met brings its words.  A word then weighs
    ``share * log(share / overall)`` if its share in the cluster exceeds its share among all users,
    and nothing elsewhere: words that everybody meets name nobody.

    Parameters
    ----------
    values : csr_array, shape (n_users, n_items)
        Who met what.
    labels : ndarray of int, shape (n_users,)
        Cluster of each user, 0 to n_clusters - 1; negative labels belong to no cluster.
    word_counts : csr_array, shape (n_items, n_words)
        Words of each item, from `item_words`.
    above_average : bool
        False gives the plain counts of the words.

    Returns
    -------
    ndarray, shape (n_clusters, n_words)
        Weight of each word in each document; a cluster without users has a row of zeros.

    Raises
    ------
    ValueError
        If the numbers of users or of items do not fit, or no user has a cluster.

    Examples
    --------
    >>> seen = sparse.csr_array(np.array([[1.0, 1.0], [0.0, 1.0]]))
    >>> words = sparse.csr_array(np.eye(2))
    >>> cluster_documents(seen, [0, 1], words, above_average=False).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    >>> cluster_documents(seen, [0, 1], words).round(2).tolist()
    [[0.2, 0.0], [0.0, 0.41]]
    """
    labels = np.asarray(labels)
    if labels.shape != (values.shape[0],):
        raise ValueError(f"labels has shape {labels.shape}, the table has {values.shape[0]} users.")
    if values.shape[1] != word_counts.shape[0]:
        raise ValueError(f"{values.shape[1]} items, but words of {word_counts.shape[0]} items.")
    if not (labels >= 0).any():
        raise ValueError("No user has a cluster: every label is negative.")
    member = (labels[:, None] == np.arange(labels.max() + 1)).astype(float)
    counts = np.asarray(np.asarray(member.T @ values) @ word_counts)
    if not above_average:
        return counts
    shares, overall = _shares(counts), _shares(counts.sum(axis=0, keepdims=True))
    ratio = np.divide(shares, overall, out=np.ones_like(shares), where=shares > 0)
    return np.maximum(shares * np.log(ratio), 0)


def _shares(counts: np.ndarray) -> np.ndarray:
    totals = counts.sum(axis=1, keepdims=True)
    return counts / np.where(totals > 0, totals, 1)


def class_tfidf(counts: np.ndarray) -> np.ndarray:
    """Score the words of each class: frequent here, rare elsewhere.

    The score of word w in class c is ``tf[c, w] * log(1 + A / f[w])``, where tf is the share of the
    word among the words of the class, f its count in all classes together, and A the mean number
    of words in a class.

    Parameters
    ----------
    counts : ndarray, shape (n_classes, n_words)
        Count (or weight) of each word in each class.

    Returns
    -------
    ndarray, shape (n_classes, n_words)
        Scores; 0 where the class does not have the word.

    Raises
    ------
    ValueError
        If the counts are no table, or one is negative or missing.

    References
    ----------
    Grootendorst (2022), BERTopic: Neural Topic Modeling with a Class-Based TF-IDF Procedure.
    [grootendorst2022bertopic]

    Examples
    --------
    >>> class_tfidf(np.array([[3.0, 1.0, 0.0], [3.0, 0.0, 1.0]])).round(3).tolist()
    [[0.383, 0.402, 0.0], [0.383, 0.0, 0.402]]
    """
    counts = np.asarray(counts, dtype=float)
    if counts.ndim != 2 or not (counts >= 0).all():
        raise ValueError("counts must be a table of classes and words without negative numbers.")
    everywhere = counts.sum(axis=0)
    rarity = np.log1p(
        np.divide(
            counts.sum(axis=1).mean(),
            everywhere,
            out=np.zeros(counts.shape[1]),
            where=everywhere > 0,
        )
    )
    return _shares(counts) * rarity


def top_words(scores: np.ndarray, words: np.ndarray, n_words: int = 3) -> list[tuple[str, ...]]:
    """The best words of each class, best first; fewer where fewer have a score.

    Parameters
    ----------
    scores : ndarray, shape (n_classes, n_words)
        From `class_tfidf`.
    words : ndarray of str, shape (n_words,)
        The words.
    n_words : int
        Words per class.

    Returns
    -------
    list of tuple of str
        One name per class.

    Examples
    --------
    >>> top_words(np.array([[0.1, 0.5, 0.0]]), np.array(["Drama", "War", "Horror"]), 3)
    [('War', 'Drama')]
    """
    best = np.argsort(-scores, axis=1, kind="stable")[:, :n_words]
    return [
        tuple(str(words[w]) for w in row if line[w] > 0)
        for row, line in zip(best, scores, strict=True)
    ]


def blind_match(
    values: sparse.csr_array,
    labels: np.ndarray,
    word_counts: sparse.csr_array,
    *,
    n_words: int = 3,
    n_repeats: int = 10,
    random_state: int = 0,
) -> np.ndarray:
    """Name clusters by half of their users, and find them again among the other half.

    Each cluster is cut in two at random.  The words come from the first halves; for each name a
    program picks, among the second halves, the cluster whose own scores of these words add up to
    most.  Chance is right once in n_clusters times.

    Parameters
    ----------
    values, labels, word_counts
        As in `cluster_documents`; clusters with fewer than two users are left out.
    n_words : int
        Words in a name.
    n_repeats : int
        Number of random cuts.
    random_state : int
        Seed.

    Returns
    -------
    ndarray, shape (n_repeats,)
        Share of the clusters that were found again, per cut.

    Raises
    ------
    ValueError
        If fewer than two clusters have two users.

    Examples
    --------
    >>> seen = sparse.csr_array(np.kron(np.eye(2), np.ones((4, 1))))
    >>> blind_match(seen, np.repeat([0, 1], 4), sparse.csr_array(np.eye(2)), n_repeats=3).tolist()
    [1.0, 1.0, 1.0]
    """
    labels = np.asarray(labels)
    numbers, sizes = np.unique(labels[labels >= 0], return_counts=True)
    numbers = numbers[sizes >= 2]
    if len(numbers) < 2:
        raise ValueError("Fewer than two clusters have two users; there is nothing to mix up.")
    rng = np.random.default_rng(random_state)
    found = []
    for _ in range(n_repeats):
        halves = np.full((2, len(labels)), -1)
        for place, number in enumerate(numbers):
            members = rng.permutation(np.flatnonzero(labels == number))
            half = len(members) // 2
            halves[0, members[:half]] = halves[1, members[half:]] = place
        named, hidden = (class_tfidf(cluster_documents(values, h, word_counts)) for h in halves)
        best = np.argsort(-named, axis=1, kind="stable")[:, :n_words]
        # A word without any score says nothing, and must not say it for another cluster.
        heard = np.take_along_axis(named, best, axis=1) > 0
        votes = np.array([(hidden[:, b] * h).sum(axis=1) for b, h in zip(best, heard, strict=True)])
        # A name that nobody recognises is no find, even if argmax happens to point home.
        home = (votes.argmax(axis=1) == np.arange(len(numbers))) & (votes.max(axis=1) > 0)
        found.append(home.mean())
    return np.array(found)
