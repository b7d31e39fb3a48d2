"""The source article's errors: what is wrong, what is right, and a proof of each that runs.

The course grew from a Chinese article on clustering users by interest.  Much of the article is
wrong, and finding out how is a lesson of its own: it is taught in chapter A1, and the other
chapters name the errors they meet.  ``find_erratum("B9")`` says what an error is about,
``prove("B9")`` runs the article's claim and its correction on small data.
"""

from recsys_tutorial.article.catalogue import Erratum, errata, errata_table, find_erratum
from recsys_tutorial.article.proving import Proof, prove

__all__ = ["Erratum", "Proof", "errata", "errata_table", "find_erratum", "prove"]
