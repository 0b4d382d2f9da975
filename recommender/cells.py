"""Small operations on the stored cells of a sparse matrix."""

import numpy as np
from scipy import sparse

from recommender.arrays import F32, F64, I32, I64, Sparse, sealed

Parts = tuple[I64, I32, F32]
"""Where each row begins, the columns of its cells, their values: what compiled loops take."""


def like(matrix: Sparse, data: F64 | F32) -> Sparse:
    """Return a matrix with the same cells and other values in them."""
    return sparse.csr_array((data, matrix.indices, matrix.indptr), shape=matrix.shape)


def rows(matrix: Sparse) -> I32:
    """Return the row number of every stored cell."""
    return np.repeat(np.arange(matrix.shape[0], dtype=np.int32), np.diff(matrix.indptr))


def cells_of(matrix: Sparse, some: I64) -> tuple[I32, F32, I64]:
    """Return the columns and values of the cells of some rows, and how many each row has."""
    begins, ends = matrix.indptr[some], matrix.indptr[some + 1]
    slices = [slice(0, 0), *map(slice, begins.tolist(), ends.tolist())]
    columns = np.concatenate([matrix.indices[part] for part in slices])
    return columns, np.concatenate([matrix.data[part] for part in slices]), ends - begins


def turned(cells: Parts, columns: int) -> Parts:
    """Return the parts of a matrix turned round: rows become columns; nothing but the result is held."""
    from recommender.kernels import turn

    indptr = np.zeros(columns + 1, dtype=np.int64)
    indices, data = np.empty(len(cells[1]), dtype=np.int32), np.empty(len(cells[2]), dtype=np.float32)
    turn(*cells, indptr, indices, data)
    return sealed(indptr), sealed(indices), sealed(data)


def parts(matrix: Sparse) -> Parts:
    """Return the three arrays of a matrix, sealed and of the same types always, copied where they are of others."""
    return (
        sealed(matrix.indptr.astype(np.int64, copy=False)),
        sealed(matrix.indices.astype(np.int32, copy=False)),
        sealed(matrix.data.astype(np.float32, copy=False)),
    )
