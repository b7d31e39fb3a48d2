"""EASE: the best linear recommender has a closed form.

Taught in chapter 10, as the strong classic that groups are measured against and added to.  It
predicts each item from all others by ridge regression; one matrix inverse solves them all.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import lapack
from scipy.sparse.linalg import norm

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender
from recsys_tutorial.recommenders.ranking import blocks_of


def inverse_of_positive(a: np.ndarray) -> np.ndarray:
    """Invert a symmetric positive definite matrix by Cholesky: a third of the work of `inv`.

    Parameters
    ----------
    a : ndarray, shape (n, n)
        The matrix; destroyed.

    Returns
    -------
    ndarray, shape (n, n)
        Its inverse.

    Raises
    ------
    ValueError
        If it is not positive definite.

    Examples
    --------
    >>> inverse_of_positive(np.array([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    factor, failed = lapack.dpotrf(a, lower=1, overwrite_a=1)
    if failed:
        raise ValueError("The matrix is not positive definite. Raise the regularisation.")
    inverse, _ = lapack.dpotri(factor, lower=1, overwrite_c=1)
    lower = np.tril(inverse)
    return lower + np.tril(inverse, -1).T


class EASE(Recommender):
    r"""Embarrassingly shallow autoencoder: a ridge regression of every item on all others.

    With F the matrix X of who met what, scaled by user and item, and
    :math:`P = (F^T F + \lambda I)^{-1}`, the weights are

    .. math:: B = P F^T X - P \,\mathrm{diag}(\gamma), \qquad
        \gamma_j = (P F^T X)_{jj} / P_{jj} ,

    which makes the diagonal of B zero (an item must not predict itself); the scores are F B.
    Without scaling this is EASE as published.

    Parameters
    ----------
    regularisation : float
        The ridge :math:`\lambda`, positive, in interactions.
    user_power : float
        Rows of F are divided by the number of the user's interactions to this power; 0.5 keeps busy
        users from deciding alone.
    item_power : float
        Columns of F are divided by the popularity of the item to this power.
    form : {"auto", "primal", "dual"}
        Invert a matrix of items (primal) or of users (dual), whichever is smaller.  The result is
        the same.

    Attributes
    ----------
    weights_ : ndarray, shape (n_features, n_items), or None
        B, in the primal form.
    kernel_inverse_ : ndarray, shape (n_users, n_users), or None
        :math:`M = (F F^T + \lambda I)^{-1}`, in the dual form.
    targets_ : csr_array, shape (n_users, n_items)
        Y, in the dual form.
    gamma_ : ndarray, shape (n_items,)
        What keeps the diagonal at zero.
    user_scale_ : float
        Common factor of F: a history x of n items becomes
        ``user_scale_ * n ** -user_power * x * item_scale_``.
    item_scale_ : ndarray, shape (n_items,)
        See above.

    Notes
    -----
    Recipes R4 and R5.  F is scaled so that the mean row keeps its length, so that one ridge fits
    all powers.  In the dual form the scores of the training users are
    :math:`X - M Y` with :math:`Y = \lambda X + F \,\mathrm{diag}(\gamma)`, which is as sparse as X:
    no matrix of items is ever made.

    References
    ----------
    Steck (2019), Embarrassingly Shallow Autoencoders for Sparse Data. [steck2019embarrassingly]

    Examples
    --------
    >>> from recsys_tutorial.datasets import load_movielens
    >>> from recsys_tutorial.preprocessing import user_item_matrix
    >>> EASE().fit(user_item_matrix(load_movielens())).top_k([1], k=5).shape
    (1, 5)
    """

    def __init__(
        self,
        regularisation: float = 400.0,
        user_power: float = 0.0,
        item_power: float = 0.0,
        form: str = "auto",
    ) -> None:
        self.regularisation = regularisation
        self.user_power = user_power
        self.item_power = item_power
        self.form = form

    def fit(self, matrix: UserItemMatrix) -> EASE:
        """Solve all regressions at once.

        Parameters
        ----------
        matrix : UserItemMatrix
            Who met what.

        Returns
        -------
        EASE
            Itself.

        Raises
        ------
        ValueError
            If a setting is out of range.
        """
        if not 0 < self.regularisation < np.inf:
            raise ValueError(f"regularisation={self.regularisation} must be positive.")
        if self.form not in ("auto", "primal", "dual"):
            raise ValueError(f"form={self.form!r} must be 'auto', 'primal' or 'dual'.")
        values = matrix.values
        self.matrix_ = matrix
        self.weights_: np.ndarray | None = None
        self.kernel_inverse_: np.ndarray | None = None
        self._learn_scale(values)
        self._learn_extra(matrix)
        features = self._features(values, self._extra_of_users(np.arange(len(matrix.users))))
        n_users, n_features = features.shape
        if self.form == "dual" or (self.form == "auto" and n_users < n_features):
            self._fit_dual(features, values)
        else:
            self._fit_primal(features, values)
        return self

    # ---------------------------------------------------------------- the features F

    def _learn_scale(self, values: sparse.csr_array) -> None:
        self.user_scale_ = 1.0
        self.item_scale_ = np.maximum(values.sum(axis=0), 1.0) ** -self.item_power
        before, after = norm(values), norm(self._features(values))
        self.user_scale_ = float(before / after) if after > 0 else 1.0

    def _features(
        self, values: sparse.csr_array, extra: sparse.csr_array | None = None
    ) -> sparse.csr_array:
        length = np.maximum(values.sum(axis=1), 1.0)
        by_user = sparse.diags_array(self.user_scale_ * length**-self.user_power)
        scaled = by_user @ values @ sparse.diags_array(self.item_scale_)
        return sparse.csr_array(scaled if extra is None else sparse.hstack([scaled, extra]))

    def _learn_extra(self, matrix: UserItemMatrix) -> None:
        """Prepare columns beside the items; plain EASE has none."""

    def _extra_of_users(self, rows: np.ndarray) -> sparse.csr_array | None:
        return None

    def _extra_of_histories(self, histories: sparse.csr_array) -> sparse.csr_array | None:
        return None

    # ---------------------------------------------------------------- two ways to solve it

    def _fit_primal(self, features: sparse.csr_array, values: sparse.csr_array) -> None:
        n_items = values.shape[1]
        gram = (features.T @ features).toarray()
        gram[np.diag_indices_from(gram)] += self.regularisation
        inverse = inverse_of_positive(gram)
        if self.user_power == 0:
            # X is F but for a factor per column, so the product is known: P F'F = I - lambda P.
            weights = -self.regularisation * inverse[:, :n_items]
            weights[np.diag_indices(n_items)] += 1
            weights /= self.user_scale_ * self.item_scale_
        else:
            weights = inverse @ (features.T @ values).toarray()
        self.gamma_ = np.diag(weights) / np.diag(inverse)[:n_items]
        weights -= inverse[:, :n_items] * self.gamma_
        self.weights_ = weights

    def _fit_dual(self, features: sparse.csr_array, values: sparse.csr_array) -> None:
        kernel = (features @ features.T).toarray()
        kernel[np.diag_indices_from(kernel)] += self.regularisation
        self.kernel_inverse_ = inverse = inverse_of_positive(kernel)
        of_items = features[:, : values.shape[1]]
        by_item = of_items.T.tocsr()
        explained = _diagonal(by_item, inverse, values.T.tocsr())
        taken = _diagonal(by_item, inverse, by_item)
        self.gamma_ = self.regularisation * explained / (1 - taken)
        self.targets_ = self.regularisation * values + of_items @ sparse.diags_array(self.gamma_)

    # ---------------------------------------------------------------- scores

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        values = self.matrix_.values[rows]
        if self.kernel_inverse_ is None:
            return self._features(values, self._extra_of_users(rows)) @ self.weights_
        return values.toarray() - (self.targets_.T @ self.kernel_inverse_[:, rows]).T

    def _score_histories(self, histories: sparse.csr_array) -> np.ndarray:
        features = self._features(histories, self._extra_of_histories(histories))
        if self.kernel_inverse_ is None:
            return features @ self.weights_
        everybody = np.arange(len(self.matrix_.users))
        known = self._features(self.matrix_.values, self._extra_of_users(everybody))
        near = (features @ known.T) @ self.kernel_inverse_
        own = features[:, : len(self.gamma_)] @ sparse.diags_array(self.gamma_)
        return ((self.targets_.T @ near.T).T - own.toarray()) / self.regularisation


def _diagonal(left: sparse.csr_array, middle: np.ndarray, right: sparse.csr_array) -> np.ndarray:
    """Diagonal of ``left @ middle @ right.T``, without the rest of it."""
    parts = [
        np.asarray(left[block].multiply(right[block] @ middle).sum(axis=1)).ravel()
        for block in blocks_of(np.arange(left.shape[0]), middle.shape[0])
    ]
    return np.concatenate(parts)
