"""A mixture model: each group is a die with one face per item, and every user throws that of hers.

Taught in chapter 12.  Where K-means asks how near a user is to a centre, the mixture asks
how likely her history is in each group; that answer is sharper when the history is short.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.special import softmax

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.clusters import check_shrinkage, shrunken_shares
from recsys_tutorial.recommenders.ensemble import fit_groupings
from recsys_tutorial.recommenders.grouping import describe_users, one_hot


class MixtureModel(Recommender):
    """Recommend by a mixture of multinomials, fitted several times by expectation-maximisation.

    Parameters
    ----------
    n_clusters : int
        Components of each mixture; with fewer different users than that, one for each.
    n_repeats : int
        Mixtures, started from different K-means; their predictions are averaged.
    shrinkage : float
        As in `ClusterPopularity`: interactions that each component borrows from everybody.
    n_iter : int
        Steps of expectation-maximisation.
    tempering : float
        Evidence of a history of n items counts ``n ** -tempering`` each; 0 is the model as it is,
        more is humbler about long histories, whose items are not independent.
    n_factors : int
        Factors per user of the K-means that the mixtures start from.
    random_state : int
        Seed.

    Attributes
    ----------
    cluster_shares_ : ndarray, shape (n_repeats, n_clusters, n_items)
        Item probabilities of each component.
    weights_ : ndarray, shape (n_repeats, n_clusters)
        Share of the users in each component; rows sum to 1.
    log_likelihood_ : ndarray, shape (n_repeats, n_iter)
        Log-likelihood of the training histories at each step, prior included; it never falls.

    Notes
    -----
    Recipe R6.  The shrunken share is the maximum of the posterior under a Dirichlet prior, so each
    step raises likelihood plus prior.

    References
    ----------
    Dempster, Laird and Rubin (1977). [dempster1977maximum]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> model = MixtureModel(5, n_repeats=1, n_iter=5).fit(user_item_matrix(load_movielens()))
    >>> bool((np.diff(model.log_likelihood_) >= 0).all())
    True
    """

    def __init__(
        self,
        n_clusters: int = 20,
        n_repeats: int = 5,
        shrinkage: float = 1000.0,
        n_iter: int = 20,
        tempering: float = 0.0,
        n_factors: int = 20,
        random_state: int = 0,
    ) -> None:
        self.n_clusters = n_clusters
        self.n_repeats = n_repeats
        self.shrinkage = shrinkage
        self.n_iter = n_iter
        self.tempering = tempering
        self.n_factors = n_factors
        self.random_state = random_state

    def fit(self, matrix: UserItemMatrix) -> MixtureModel:
        """Start from K-means, then alternate: who belongs where, and what is liked there.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        MixtureModel
            Itself.

        Raises
        ------
        ValueError
            If a setting is out of range.
        """
        check_shrinkage(self.shrinkage)
        if self.n_iter < 1 or not 0 <= self.tempering <= 1:
            raise ValueError(
                f"n_iter={self.n_iter} must be at least 1, and tempering={self.tempering} "
                "between 0 and 1."
            )
        features, _ = describe_users(matrix, None, self.n_factors, self.random_state)
        _, starts, labels = fit_groupings(
            features, [self.n_clusters], self.n_repeats, self.random_state
        )
        k = int(starts[1])
        fits = [
            self._one_fit(matrix, one_hot(labels[:, g] - starts[g], k).toarray().astype(float))
            for g in range(self.n_repeats)
        ]
        self.cluster_shares_, self.weights_, self.log_likelihood_ = map(np.stack, zip(*fits))
        self.matrix_ = matrix
        return self

    def _one_fit(
        self, matrix: UserItemMatrix, groups: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        # Softened, because a membership of exactly 0 could never grow again.
        belongs, course = 0.8 * groups + 0.2 / groups.shape[1], []
        for _ in range(self.n_iter):
            shares = shrunken_shares(matrix, belongs, self.shrinkage)
            weights = belongs.mean(axis=0)
            evidence = log_evidence(matrix.values, shares, weights)
            top = evidence.max(axis=1, keepdims=True)
            likelihood = np.exp(evidence - top)
            prior = self.shrinkage * _prior(matrix, shares)
            course.append(float((top[:, 0] + np.log(likelihood.sum(axis=1))).sum() + prior))
            belongs = likelihood / likelihood.sum(axis=1, keepdims=True)
        return shares, weights, np.array(course)

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        return self._score_histories(self.matrix_.values[rows])

    def membership(self, histories: sparse.csr_array) -> np.ndarray:
        """Say how likely each history is to come from each component.

        Parameters
        ----------
        histories : csr_array, shape (n_people, n_items)
            What they met, with the columns of the training matrix.

        Returns
        -------
        ndarray, shape (n_repeats, n_people, n_clusters)
            Posterior probabilities; the last axis sums to 1.
        """
        length = np.maximum(np.asarray(histories.sum(axis=1)).ravel(), 1)[:, None]
        return np.stack(
            [
                softmax(
                    np.log(np.maximum(weights, 1e-300))
                    + log_evidence(histories, shares) * length**-self.tempering,
                    axis=1,
                )
                for shares, weights in zip(self.cluster_shares_, self.weights_)
            ]
        )

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        belongs = self.membership(histories)
        return np.mean([b @ shares for b, shares in zip(belongs, self.cluster_shares_)], axis=0)


def log_evidence(
    values: sparse.csr_array, shares: np.ndarray, weights: np.ndarray | None = None
) -> np.ndarray:
    """Log-probability of each history in each component.

    Parameters
    ----------
    values : csr_array, shape (n_users, n_items)
        Histories.
    shares : ndarray, shape (n_clusters, n_items)
        Item probabilities of each component.
    weights : ndarray, shape (n_clusters,), optional
        Share of each component, to be added; by default left out.

    Returns
    -------
    ndarray, shape (n_users, n_clusters)
        Log-probabilities.  An item that a component never met costs it dearly, but not everything;
        an item that no component met tells nothing.

    Examples
    --------
    >>> log_evidence(sparse.csr_array(np.array([[2.0, 0.0]])), np.array([[0.5, 0.5]])).round(4)
    array([[-1.3863]])
    """
    known = shares.max(axis=0) > 0
    logs = np.log(np.where(known, np.maximum(shares, 1e-12), 1.0))
    evidence = values @ logs.T
    return evidence if weights is None else evidence + np.log(np.maximum(weights, 1e-300))


def _prior(matrix: UserItemMatrix, shares: np.ndarray) -> float:
    """Log-density of the Dirichlet prior for one borrowed interaction, up to a constant."""
    counts = np.asarray(matrix.values.sum(axis=0)).ravel()
    met = counts > 0
    logs = np.log(np.maximum(shares[:, met], 1e-300))
    return float((logs @ (counts[met] / max(counts.sum(), 1))).sum())
