"""One score for every title and person: the terms of the list head, each put on the same footing, then weighed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommender.arrays import F64, I64

Term = Literal["near", "popularity", "stars", "taste", "wishes"]
POINTS = 1000.0
"""One standard deviation of a person's scores: wide enough that titles tie at three decimals only if they are alike."""
_HALF_WAY, _FADE = 8, 100
_POPULARITY_AS_REASON = 1 / 3
_STARS_WEIGHT = 0.1
# Terms that hardly differ say little: popularity promised by features and not yet shown by likes is one such term,
# and noise of single precision must not be blown up into an order.
_LEAST_SPREAD: Mapping[Term, float] = {"near": 1e-5, "popularity": 0.5, "stars": 1e-3, "taste": 1e-3, "wishes": 1e-3}
_NO_SPREAD = 1e-9
_TASTE_WEIGHT = 0.1
_WISHES_WEIGHT, _WISHES_FADE = 0.5, 20


@dataclass(frozen=True, eq=False)
class Scores:
    """What each term adds to the score of each candidate."""

    parts: Mapping[Term, F64]

    @property
    def total(self) -> F64:
        total: F64 = np.sum(list(self.parts.values()), axis=0)
        return total

    def strongest(self, candidate: int) -> list[Term]:
        """Return the terms that raise this candidate above the average title, the best reason first.

        Every title near the top is popular, so popularity comes first only where no term about this person adds
        at least a third as much.
        """
        adds = {term: float(part[candidate]) for term, part in self.parts.items()}
        adds["popularity"] *= _POPULARITY_AS_REASON
        return sorted((term for term, added in adds.items() if added > 0), key=lambda term: -adds[term])


def score(terms: Mapping[Term, F64], candidates: I64, *, rated: int, trust: float) -> Scores:
    """Weigh the terms for somebody with `rated` ratings; `trust` says how far the whole data may be believed."""
    own = 1 - _HALF_WAY / (rated + _HALF_WAY) * _FADE / (rated + _FADE)
    weights: dict[Term, float] = {
        "near": own * trust,
        "popularity": 1 - own,
        "stars": _STARS_WEIGHT,
        # while few people have rated anything, features must stand in for what others liked
        "taste": _TASTE_WEIGHT + own * (1 - trust),
        "wishes": _WISHES_WEIGHT * _WISHES_FADE / (rated + _WISHES_FADE),
    }
    parts = {
        term: weights[term] * _on_one_footing(values[candidates], _LEAST_SPREAD[term]) for term, values in terms.items()
    }
    spread = float(Scores(parts).total.std()) if len(candidates) else 0.0
    scale = POINTS / spread if spread > _NO_SPREAD else 0.0
    return Scores({term: scale * part for term, part in parts.items()})


def _on_one_footing(values: F64, least_spread: float) -> F64:
    """Return values with mean 0 and deviation 1, or less where they hardly differ."""
    if not len(values):
        return values
    centred = values - values.mean()
    return np.asarray(centred / max(float(centred.std()), least_spread), dtype=np.float64)
