"""How generous a person is and how well a title is liked, damped while there are few ratings."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import F32, F64, Sparse, sealed
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

    mean = (float(stars.data.sum(dtype=np.float64)) + _USUAL_MEAN * _USUAL_WEIGHT) / (stars.nnz + _USUAL_WEIGHT)
    per_title = np.bincount(stars.indices, minlength=titles)
    trust = 1 / (_TITLE_VARIANCE + _RATING_VARIANCE / np.maximum(per_title, 1)) * (per_title > 0)
    generosity = np.zeros(stars.shape[0])
    for _ in range(_SWEEPS):
        sums = sums_of_titles(*parts(stars), generosity, mean, titles)
        prior = fit_prior(features, sums / np.maximum(per_title, 1), trust, expected, _FEATURE_VARIANCE)
        offsets = ((sums + _TITLE_DAMPING * prior.expect(features)) / (per_title + _TITLE_DAMPING)).astype(np.float32)
        generosity = user_generosity(stars, mean, offsets)
    return Biases(mean, offsets, prior)


def user_generosity(stars: Sparse, mean: float, offsets: F32) -> F64:
    """Return the damped mean of what each user gave beyond mean and title offsets."""
    if not stars.nnz:
        return np.zeros(stars.shape[0])
    from recommender.kernels import generosity_of_users

    result: F64 = generosity_of_users(*parts(stars), sealed(offsets), mean, USER_DAMPING)
    return result
