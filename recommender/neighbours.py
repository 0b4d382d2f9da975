"""Item-item neighbours that keep only the best few of each title: no titles x titles matrix is ever held."""

import numpy as np
from scipy import sparse

from recommender.arrays import Sparse
from recommender.cells import parts, turned
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
    from recommender.kernels import best_neighbours, ratings_behind

    by_user = parts(residuals)
    by_title = turned(by_user, titles)
    kept = min(kept, titles)
    found = np.zeros(titles, dtype=np.int64)
    columns = np.empty((titles, kept), dtype=np.int32)
    values = np.empty((titles, kept), dtype=np.float32)

    def work(first: int, last: int) -> None:
        best_neighbours(first, last, by_title, by_user, shrink, found, columns, values)

    share_out(work, ratings_behind(by_title, by_user))
    keep = np.arange(kept) < found[:, None]
    return sparse.csr_array((values[keep], columns[keep], np.append(0, np.cumsum(found))), shape=(titles, titles))
