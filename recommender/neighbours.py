"""Item-item neighbours that keep only the best few of each title: no titles x titles matrix is ever held."""

import numpy as np
from scipy import sparse

from recommender.arrays import F32, F64, I32, I64, Sparse
from recommender.cells import cells_of, parts
from recommender.crew import share_out

KEPT = 60
SHRINK = 100.0


def fit_neighbours(residuals: Sparse, kept: int = KEPT, shrink: float = SHRINK) -> Sparse:
    """Return squared similarities, titles x titles, `kept` a row at most and positive ones only.

    Similarity is Surprise's pearson_baseline: the correlation of residuals (users x titles) over the people two
    titles share, times (shared - 1) / (shared - 1 + shrink). Of equals at the edge the titles rated more stay.
    """
    titles = residuals.shape[1]
    if not residuals.nnz:
        return sparse.csr_array((titles, titles), dtype=np.float32)
    from recommender.kernels import best_neighbours

    by_user, by_title = parts(residuals), parts(residuals.T.tocsr())
    kept = min(kept, titles)
    found = np.zeros(titles, dtype=np.int64)
    columns = np.empty((titles, kept), dtype=np.int32)
    values = np.empty((titles, kept), dtype=np.float32)

    def work(first: int, last: int) -> None:
        best_neighbours(first, last, by_title, by_user, shrink, found, columns, values)

    # a title costs every rating of everybody who rated it
    by_rating = np.cumsum(np.diff(by_user[0])[by_title[1]])
    share_out(work, np.diff(np.append(0, by_rating)[by_title[0]]))
    keep = np.arange(kept) < found[:, None]
    return sparse.csr_array((values[keep], columns[keep], np.append(0, np.cumsum(found))), shape=(titles, titles))


def pull(said_to: Sparse, rated: I64, residuals: F32) -> tuple[F64, F64]:
    """Return (sum of one person's residuals by weight, sum of weights) over the neighbours of every title.

    `said_to` is the neighbours' matrix turned round: row = the rated title, column = the title it speaks for.
    """
    at, near, lengths = cells_of(said_to, rated)
    titles = said_to.shape[1]
    return _sums(at, near * np.repeat(residuals, lengths), titles), _sums(at, near, titles)


def _sums(at: I32, values: F32, size: int) -> F64:
    return np.asarray(np.bincount(at, values, size), dtype=np.float64)
