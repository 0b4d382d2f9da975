"""Small operations on the stored cells of a sparse matrix."""

import numpy as np
from scipy import sparse

from recommender.arrays import F64, I64, Sparse


def like(matrix: Sparse, data: F64) -> Sparse:
    """Return a matrix with the same cells and other values in them."""
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def ones(matrix: Sparse) -> Sparse:
    """Return a matrix with a one in every stored cell."""
    return like(matrix, np.ones_like(matrix.data))


def rows(matrix: Sparse) -> I64:
    """Return the row number of every stored cell."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
