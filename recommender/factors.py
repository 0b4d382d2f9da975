"""Biased matrix factorisation by alternating least squares, whole matrices at a time."""

import numpy as np
from scipy import sparse

from recommender.arrays import F32, Sparse
from recommender.cells import ones

RANK = 16
_CELLS_AT_ONCE = 8_000_000


def fit_factors(residuals: Sparse, start: F32, sweeps: int, ridge: tuple[float, float]) -> F32:
    """Return one row [offset, factors...] per title that explains residuals (users x titles).

    `start` is such an array, random or from an earlier fit. Each half step solves every person's, then every
    title's, ridge regression exactly, so folding a person in later (`solve`) repeats what training did.
    """
    turned = residuals.T.tocsr()
    titles = start
    for _ in range(sweeps):
        users = solve(residuals, titles, ridge)
        titles = solve(turned, users, ridge)
    return titles


def random_start(titles: int, rng: np.random.Generator, rank: int = RANK) -> F32:
    """Return small random factors and no offsets."""
    start = rng.normal(0, 0.1, (titles, rank + 1)).astype(np.float32)
    start[:, 0] = 0
    return start


def solve(residuals: Sparse, other: F32, ridge: tuple[float, float]) -> F32:
    """Solve [offset, factors...] of every row of `residuals` against the other side's offsets and factors.

    The offset's penalty is ridge[0]; a factor's is ridge[1] for each rating and one more time as a floor.
    """
    rows, width = residuals.shape[0], other.shape[1]
    used, columns = np.unique(residuals.indices, return_inverse=True)
    design = other[used]
    offsets, design[:, 0] = design[:, 0].copy(), 1
    upper, lower = np.triu_indices(width)
    unfold = np.empty((width, width), dtype=np.intp)
    unfold[upper, lower] = unfold[lower, upper] = np.arange(len(upper))
    outer = design[:, upper] * design[:, lower]
    cells = residuals.data.astype(np.float32) - offsets[columns]
    target = sparse.csr_array((cells, columns.astype(np.int32), residuals.indptr), shape=(rows, len(used)))
    result = np.zeros((rows, width), dtype=np.float32)
    step = max(1, _CELLS_AT_ONCE // width**2)
    for begin in range(0, rows, step):
        part = target[begin : begin + step]
        gram = (ones(part) @ outer)[:, unfold]
        counts = np.diff(part.indptr).astype(np.float32)
        diagonal = np.arange(1, width)
        gram[:, 0, 0] += ridge[0]
        gram[:, diagonal, diagonal] += (ridge[1] * (1 + counts))[:, None]
        result[begin : begin + step] = np.linalg.solve(gram, (part @ design)[:, :, None])[:, :, 0]
    return result
