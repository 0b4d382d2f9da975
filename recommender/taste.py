"""A person's taste in features: how much better than expected they rate dramas, a director, a country."""

import numpy as np

from recommender.arrays import F32, I64, Sparse

DAMPING = 5.0


def fit_taste(rated: I64, residuals: F32, features: Sparse, damping: float = DAMPING) -> F32:
    """Return the damped mean residual of what one person rated, by feature (one pass, no solving)."""
    bounds = [(features.indptr[at], features.indptr[at + 1]) for at in rated.tolist()]
    none = slice(0, 0)
    columns = np.concatenate([features.indices[none], *(features.indices[begin:end] for begin, end in bounds)])
    values = np.concatenate([features.data[none], *(features.data[begin:end] for begin, end in bounds)])
    said = values * np.repeat(residuals, [end - begin for begin, end in bounds])
    names = features.shape[1]
    total, weight = np.bincount(columns, said, names), np.bincount(columns, values * values, names)
    return np.asarray(total / (weight + damping), dtype=np.float32)
