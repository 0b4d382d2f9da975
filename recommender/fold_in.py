"""One person becomes arrays at request time, from their ratings alone: nothing is retrained, nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.arrays import F64, I64, Sparse
from recommender.border import Ratings
from recommender.ranking import like
from recommender.stars import Readers, StarsHead


@dataclass(frozen=True, eq=False)
class Person:
    """A person's ratings of known titles (positions and stars), folded into the stars head."""

    rated: I64
    """Positions of the titles they rated."""
    given: F64
    rated_ids: frozenset[int]
    """Every rated id, known or not."""
    readers: Readers
    likes: F64
    """How much each of all titles was liked, 0 where it was not rated."""


def fold_in(head: StarsHead, position: Mapping[int, int], rated: Mapping[int, float]) -> Person:
    """Fold a person in; ratings of titles that the model does not know are left out.

    Raises `RatingRefused` for stars outside the scale.
    """
    clean = Ratings([0] * len(rated), list(rated), list(rated.values()))
    at = np.array([position.get(number, -1) for number in clean.titles.tolist()], dtype=np.int64)
    known = at >= 0
    order = np.argsort(at[known])
    where, given = at[known][order], clean.stars[known][order]
    row: Sparse = sparse.csr_array(
        (given, where.astype(np.int32), np.array([0, len(where)], dtype=np.int32)), shape=(1, len(head.biases.titles))
    )
    likes = np.zeros(row.shape[1])
    likes[where] = like(given)
    return Person(where, given, frozenset(clean.titles.tolist()), head.read(row), likes)
