"""One score for every title and person: the terms of the list head, each put on the same footing, then weighed."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from recommender.arrays import F32, I64, sealed

Term = Literal["near", "popularity", "stars", "taste", "wishes"]
POINTS = 1000.0
"""One standard deviation of a person's scores: wide enough that titles tie at three decimals only if they are alike."""
_HALF_WAY, _FADE = 1, 100
_POPULARITY_AS_REASON = 1 / 3
_STARS_WEIGHT = 0.1
# Terms that hardly differ say little: popularity promised by features and not yet shown by likes is one such term,
# and noise of single precision must not be blown up into an order.
_LEAST_SPREAD: Mapping[Term, float] = {"near": 1e-5, "popularity": 0.5, "stars": 1e-3, "taste": 1e-3, "wishes": 1e-3}
_NO_SPREAD = 1e-6
_TASTE_WEIGHT = 0.1
_WISHES_WEIGHT, _WISHES_FADE = 0.5, 20


@dataclass(frozen=True, eq=False)
class Standing:
    """A term's values over all candidates, with their mean and their deviation (or more, where they hardly differ)."""

    values: F32
    mean: float
    spread: float


@dataclass(frozen=True, eq=False)
class Scores:
    """The score of each candidate, and how far each term's standing moves it."""

    total: F32
    terms: Mapping[Term, Standing]
    weights: Mapping[Term, float]

    def added(self, candidate: int) -> dict[Term, float]:
        """Return what each term adds to the score of one candidate, the average title's being 0."""
        return {
            term: float((standing.values[candidate] - standing.mean) * self.weights[term])
            for term, standing in self.terms.items()
        }

    def strongest(self, candidates: I64) -> list[list[Term]]:
        """Return, for each of these, the terms that raise it above the average title, the best reason first.

        Every title near the top is popular, so popularity comes first only where no term about this person adds
        at least a third as much.
        """
        names = list(self.terms)
        adds = np.stack(
            [
                (standing.values[candidates] - standing.mean) * self.weights[term]
                for term, standing in self.terms.items()
            ]
        )
        adds[names.index("popularity")] *= _POPULARITY_AS_REASON
        order = np.argsort(-adds, axis=0, kind="stable").T.tolist()
        raised = np.count_nonzero(adds > 0, axis=0).tolist()
        return [[names[term] for term in terms[:count]] for terms, count in zip(order, raised, strict=True)]


def stand(term: Term, values: F32) -> Standing:
    """Measure a term over the candidates."""
    if not len(values):
        return Standing(values, 0.0, _LEAST_SPREAD[term])
    from recommender.loops import mean_and_deviation

    mean, deviation = mean_and_deviation(sealed(values))
    return Standing(values, mean, max(deviation, _LEAST_SPREAD[term]))


def score(terms: Mapping[Term, Standing], *, rated: int, trust: float) -> Scores:
    """Weigh the terms for somebody with `rated` ratings; `trust` says how far the whole data may be believed."""
    own = 1 - _HALF_WAY / (rated + _HALF_WAY) * _FADE / (rated + _FADE)
    weights: dict[Term, float] = {
        "near": own * trust,
        "popularity": 1 - own,
        # what everybody would give says less of a newcomer's list than what everybody likes, once that is known
        "stars": _STARS_WEIGHT * (1 - (1 - own) * trust),
        # while few people have rated anything, features must stand in for what others liked
        "taste": _TASTE_WEIGHT + own * (1 - trust),
        "wishes": _WISHES_WEIGHT * _WISHES_FADE / (rated + _WISHES_FADE),
    }
    for term, standing in terms.items():
        weights[term] /= standing.spread
    total = np.empty_like(terms["popularity"].values)
    spread = 0.0
    if len(total):
        from recommender.loops import weighed_sum

        means = np.array([standing.mean for standing in terms.values()], dtype=np.float32)
        amounts = np.array([weights[term] for term in terms], dtype=np.float32)
        spread = weighed_sum(tuple(sealed(standing.values) for standing in terms.values()), means, amounts, total)
    scale = POINTS / spread if spread > _NO_SPREAD else 0.0
    total *= np.float32(scale)
    return Scores(total, terms, {term: scale * weights[term] for term in terms})
