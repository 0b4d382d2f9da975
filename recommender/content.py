"""What a title's features promise before anybody rates it: ridge regression of title effects on features."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from recommender.arrays import F32, F64, Sparse

_TOLERANCE = 1e-7
_MOST_STEPS = 400
_INTERCEPT_VARIANCE = 100.0


@dataclass(frozen=True, eq=False)
class Prior:
    """A weight for each feature and an intercept; `expect` works for titles that nobody has rated too."""

    weights: F32
    intercept: float

    def expect(self, features: Sparse) -> F32:
        """Return what the features of each title promise."""
        return np.asarray(features @ self.weights + np.float32(self.intercept), dtype=np.float32)


def fit_prior(features: Sparse, effects: F64, trust: F64, expected: F64, variance: float) -> Prior:
    """Fit weights around what is expected of them; `trust` is the precision of each title's effect.

    Solves min sum trust (effect - x w - intercept)^2 + |w - expected|^2 / variance by conjugate gradients,
    so that neither many titles nor many features need a dense matrix.
    """
    design = sparse.hstack([features.astype(np.float64), np.ones((features.shape[0], 1))], "csr")
    centre = np.append(expected, 0.0)
    precision = np.append(np.full(len(expected), 1 / variance), 1 / _INTERCEPT_VARIANCE)
    turned = design.T.tocsr()
    scale = 1 / np.sqrt(precision + turned.power(2) @ trust)

    def normal(vector: F64) -> F64:
        at = scale * vector.ravel()
        product: F64 = scale * (turned @ (trust * (design @ at)) + precision * at)
        return product

    target = scale * (turned @ (trust * (effects - design @ centre)))
    size = len(centre)
    shift, _ = cg(
        LinearOperator((size, size), matvec=normal, dtype=np.float64), target, rtol=_TOLERANCE, maxiter=_MOST_STEPS
    )
    weights = centre + scale * shift
    return Prior(weights[:-1].astype(np.float32), float(weights[-1]))
