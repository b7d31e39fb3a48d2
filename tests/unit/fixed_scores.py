"""A recommender whose scores are given, so that only the ranking is tested."""

from recsys_tutorial.recommenders import Recommender


class Fixed(Recommender):
    """Scores given in advance."""

    def __init__(self, table):
        self.table = table

    def fit(self, matrix):
        self.matrix_ = matrix
        return self

    def _score_rows(self, rows):
        return self.table[rows]
