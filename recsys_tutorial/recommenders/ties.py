"""Recommending people to people, by whom their friends know.

Taught in chapter 14.  Users and items are the same people here, so two things need care that
elsewhere come for free: nobody is recommended to herself, and a tie belongs to both of its ends.
"""

from __future__ import annotations

import numpy as np

from recsys_tutorial.preprocessing import UserItemMatrix
from recsys_tutorial.recommenders.base import Recommender


class FriendsOfFriends(Recommender):
    """Recommend the people with whom one has most friends in common.

    A common friend counts ``1 / log(number of her ties)``: to be known by somebody who knows
    everybody says little.

    Attributes
    ----------
    scores_ : csr_array, shape (n_people, n_people)
        Weighted number of common friends.

    References
    ----------
    Adamic and Adar (2003). [adamic2003friends]

    Examples
    --------
    >>> import pandas as pd
    >>> from scipy import sparse
    >>> path = np.array([[0, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
    >>> people = pd.Index(["ann", "bob", "cem", "dee"])
    >>> ties = UserItemMatrix(sparse.csr_array(path), people, people)
    >>> FriendsOfFriends().fit(ties).recommend(["ann"], k=1)["item"].tolist()
    ['cem']
    """

    def fit(self, matrix: UserItemMatrix) -> FriendsOfFriends:
        """Count common friends.

        Parameters
        ----------
        matrix : UserItemMatrix
            Ties: users and items are the same people, in one order.  A tie of strength 2 counts as
            two ties.

        Returns
        -------
        FriendsOfFriends
            Itself.

        Raises
        ------
        ValueError
            If users and items are not the same.
        """
        if not matrix.users.equals(matrix.items):
            raise ValueError("Users and items must be the same people in the same order.")
        ties = matrix.values
        # A friend of one person only joins nobody; log 2 keeps her weight finite.
        weights = 1 / np.log(np.maximum(ties.sum(axis=1), 2))
        self.scores_ = (ties * weights[None]).tocsr() @ ties
        self.scores_.setdiag(0)
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows: np.ndarray) -> np.ndarray:
        scores = self.scores_[rows].toarray()
        # Not even at the end of a list: -inf never enters one.
        scores[np.arange(len(rows)), rows] = -np.inf
        return scores
