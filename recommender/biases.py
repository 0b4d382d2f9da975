"""How generous a person is and how well a title is liked, damped while there are few ratings."""

from dataclasses import dataclass

import numpy as np

from recommender.arrays import F32, F64, Sparse
from recommender.cells import rows
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
    users, titles = stars.shape
    mean = (float(stars.data.sum()) + _USUAL_MEAN * _USUAL_WEIGHT) / (stars.nnz + _USUAL_WEIGHT)
    of = rows(stars)
    per_title = np.bincount(stars.indices, minlength=titles)
    generosity = np.zeros(users)
    offsets = np.zeros(titles)
    prior = Prior(expected.astype(np.float32), 0.0)
    trust = 1 / (_TITLE_VARIANCE + _RATING_VARIANCE / np.maximum(per_title, 1)) * (per_title > 0)
    for _ in range(_SWEEPS):
        sums = np.bincount(stars.indices, stars.data - mean - generosity[of], minlength=titles)
        prior = fit_prior(features, sums / np.maximum(per_title, 1), trust, expected, _FEATURE_VARIANCE)
        offsets = (sums + _TITLE_DAMPING * prior.expect(features)) / (per_title + _TITLE_DAMPING)
        generosity = user_generosity(stars, stars.data - mean - offsets[stars.indices])
    return Biases(mean, offsets.astype(np.float32), prior)


def user_generosity(stars: Sparse, residuals: F64) -> F64:
    """Return each user's damped mean residual; `residuals` belong to the stored cells of `stars`."""
    counts = np.diff(stars.indptr)
    damped: F64 = np.bincount(rows(stars), residuals, minlength=stars.shape[0]) / (counts + USER_DAMPING)
    return damped
