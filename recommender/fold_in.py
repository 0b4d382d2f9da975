"""One person becomes arrays at request time, from their ratings alone: nothing is retrained, nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from recommender.arrays import F32, F64, I64
from recommender.border import one_persons
from recommender.ranking import like
from recommender.stars import Reader, StarsHead


@dataclass(frozen=True, eq=False)
class Person:
    """A person's ratings of known titles (positions and stars), folded into the stars head."""

    rated: I64
    """Positions of the titles they rated, ascending."""
    given: F64
    rated_ids: frozenset[int]
    """Every rated id, known or not."""
    reader: Reader
    likes: F32
    """How much each rated title was liked."""


def fold_in(head: StarsHead, position: Mapping[int, int], rated: Mapping[int, float]) -> Person:
    """Fold a person in; ratings of titles that the model does not know are left out.

    Raises `RatingRefused` for stars outside the scale.
    """
    clean = one_persons(rated)
    known = sorted((position[number], stars) for number, stars in clean.items() if number in position)
    where = np.array([at for at, _ in known], dtype=np.int64)
    given = np.array([stars for _, stars in known], dtype=np.float64)
    return Person(where, given, frozenset(clean), head.read(where, given), like(given).astype(np.float32))
