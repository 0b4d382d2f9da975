"""How generous a person is and how well a title is liked, damped while there are few ratings."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from recommender.arrays import F32, F64, I64, Sparse, sealed
from recommender.cells import parts
from recommender.content import Prior, fit_prior

USER_DAMPING = 4.0
_TITLE_DAMPING = 4.0
_SWEEPS = 3
_RATING_VARIANCE = 0.9
_TITLE_VARIANCE = 0.2
_FEATURE_VARIANCE = 0.03
_USUAL_MEAN, _USUAL_WEIGHT = 3.6, 5.0


@dataclass(frozen=True, eq=False)
class Biases:
    """Mean stars, the damped offset of each title, and the content prior that offsets lean on."""

    mean: float
    titles: F32
    prior: Prior


def fit_biases(stars: Sparse, features: Sparse, expected: F64) -> Biases:
    """Fit title offsets and user generosity in turn; a title's offset leans on its features while ratings are few."""
    titles = stars.shape[1]
    if not stars.nnz:
        prior = Prior(expected.astype(np.float32), 0.0)
        return Biases(_USUAL_MEAN, prior.expect(features), prior)
    # compiled loops take a while to import, and most commands never need them
    from recommender.kernels import sums_of_titles

    mean = damped_mean(float(stars.data.sum(dtype=np.float64)), stars.nnz)

    def sums_beyond(offsets: F32 | None) -> F64:
        generosity = np.zeros(stars.shape[0]) if offsets is None else user_generosity(stars, mean, offsets)
        sums: F64 = sums_of_titles(*parts(stars), generosity, mean, titles)
        return sums

    return lean(mean, np.bincount(stars.indices, minlength=titles), sums_beyond, features, expected)


def damped_mean(total: float, count: int) -> float:
    """Return the mean of so many ratings, near what is usual while there are few."""
    return (total + _USUAL_MEAN * _USUAL_WEIGHT) / (count + _USUAL_WEIGHT)


def lean(
    mean: float, per_title: I64, sums_beyond: Callable[[F32 | None], F64], features: Sparse, expected: F64
) -> Biases:
    """Fit by what `sums_beyond` says: the sum, for each title, of what it got beyond mean and generosity.

    It is asked with the offsets by which to judge people's generosity, first with None: nobody is more generous.
    """
    trust = 1 / (_TITLE_VARIANCE + _RATING_VARIANCE / np.maximum(per_title, 1)) * (per_title > 0)

    def leaning(sums: F64) -> Biases:
        prior = fit_prior(features, sums / np.maximum(per_title, 1), trust, expected, _FEATURE_VARIANCE)
        offsets = (sums + _TITLE_DAMPING * prior.expect(features)) / (per_title + _TITLE_DAMPING)
        return Biases(mean, offsets.astype(np.float32), prior)

    biases = leaning(sums_beyond(None))
    for _ in range(_SWEEPS - 1):
        biases = leaning(sums_beyond(biases.titles))
    return biases


def user_generosity(stars: Sparse, mean: float, offsets: F32) -> F64:
    """Return the damped mean of what each user gave beyond mean and title offsets."""
    if not stars.nnz:
        return np.zeros(stars.shape[0])
    from recommender.kernels import generosity_of_users

    result: F64 = generosity_of_users(*parts(stars), sealed(offsets), mean, USER_DAMPING)
    return result
