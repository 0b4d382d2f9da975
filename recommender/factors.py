"""Biased matrix factorisation by alternating least squares."""

import numpy as np

from recommender.arrays import F32, I32, Sparse, sealed
from recommender.cells import Parts, parts, turned
from recommender.crew import share_out

RANK = 16


def fit_factors(residuals: Sparse, start: F32, sweeps: int, ridge: tuple[float, float]) -> F32:
    """Return one row [offset, factors...] per title that explains residuals (users x titles).

    `start` is such an array, random or from an earlier fit. Each half step solves every person's, then every
    title's, ridge regression exactly, so folding a person in later (`solve_one`) repeats what training did.
    """
    if not residuals.nnz:
        return np.zeros_like(start)
    by_user = parts(residuals)
    by_title = turned(by_user, len(start))
    titles = start
    for _ in range(sweeps):
        users = _solved(by_user, titles, ridge)
        titles = _solved(by_title, users, ridge)
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
    if not residuals.nnz:
        return np.zeros((residuals.shape[0], other.shape[1]), dtype=np.float32)
    return _solved(parts(residuals), other, ridge)


def _solved(cells: Parts, other: F32, ridge: tuple[float, float]) -> F32:
    from recommender.kernels import ridge_rows

    result = np.zeros((len(cells[0]) - 1, other.shape[1]), dtype=np.float32)
    theirs = sealed(other)

    def work(first: int, last: int) -> None:
        ridge_rows(first, last, *cells, theirs, *ridge, result)

    share_out(work, np.diff(cells[0]) * other.shape[1])
    return result


def solve_one(columns: I32, residuals: F32, other: F32, ridge: tuple[float, float]) -> F32:
    """Solve one row as `solve` does, without a matrix around it."""
    from recommender.kernels import ridge_rows

    result = np.zeros((1, other.shape[1]), dtype=np.float32)
    cells = sealed(np.array([0, len(columns)])), sealed(columns), sealed(residuals)
    ridge_rows(0, 1, *cells, sealed(other), *ridge, result)
    return np.asarray(result[0], dtype=np.float32)
