"""Item-item neighbours that keep only the best few of each title: no titles x titles matrix is ever held."""

from itertools import pairwise

import numpy as np
from scipy import sparse

from recommender.arrays import F64, I32, I64, Sparse
from recommender.cells import like, ones, rows

KEPT = 120
SHRINK = 100.0
_PAIRS_AT_ONCE = 6_000_000


def fit_neighbours(residuals: Sparse, kept: int = KEPT, shrink: float = SHRINK) -> Sparse:
    """Return squared similarities, titles x titles, `kept` a row at most and positive ones only.

    Similarity is Surprise's pearson_baseline: the correlation of residuals (users x titles) over the people two
    titles share, times (shared - 1) / (shared - 1 + shrink).
    """
    by_user = residuals.astype(np.float32)
    by_title = by_user.T.tocsr()
    squares, seen = like(by_user, by_user.data**2), ones(by_user)
    squares_t, seen_t = like(by_title, by_title.data**2), ones(by_title)
    titles = by_title.shape[0]
    # what row i of the product costs: every rating of everybody who rated i
    cost = np.cumsum(seen_t @ np.diff(by_user.indptr))
    blocks, begin = [], 0
    while begin < titles:
        done = cost[begin - 1] if begin else 0
        end = max(begin + 1, int(np.searchsorted(cost, done + _PAIRS_AT_ONCE, "right")))
        part = slice(begin, end)
        dot = by_title[part] @ by_user
        own, other, shared = squares_t[part] @ seen, seen_t[part] @ squares, seen_t[part] @ seen
        # four products of one pattern: their stored cells are the same pairs in the same order
        scale = np.sqrt(own.data * other.data)
        cosine = np.divide(dot.data, scale, out=np.zeros_like(dot.data), where=scale > 0)
        similarity = cosine * (shared.data - 1) / (shared.data - 1 + np.float32(shrink))
        blocks.append(_best(like(dot, similarity), begin, kept))
        begin = end
    if not blocks:
        return sparse.csr_array((titles, titles), dtype=np.float32)
    best = sparse.vstack(blocks, "csr")
    best.data = best.data**2
    return best


def _best(similarity: Sparse, first: int, kept: int) -> Sparse:
    """Keep the best `kept` positive cells of each row, the title itself left out."""
    row, column, value = rows(similarity), similarity.indices, similarity.data
    good = np.flatnonzero((value > 0) & (column != row + first))
    row, column, value = row[good], column[good], value[good]
    bounds = np.searchsorted(row, np.arange(similarity.shape[0] + 1))
    chosen = [
        np.arange(begin, end)
        if end - begin <= kept
        else begin + np.argpartition(value[begin:end], end - begin - kept)[-kept:]
        for begin, end in pairwise(bounds)
    ]
    keep = np.concatenate(chosen)
    return sparse.csr_array((value[keep], (row[keep], column[keep])), shape=similarity.shape)


def pull(said_to: Sparse, rated: I64, residuals: F64) -> tuple[F64, F64]:
    """Return (sum of one person's residuals by weight, sum of weights) over the neighbours of every title.

    `said_to` is the neighbours' matrix turned round: row = the rated title, column = the title it speaks for.
    """
    near = said_to[rated]
    titles = said_to.shape[1]
    spoken = near.data * np.repeat(residuals, np.diff(near.indptr))
    return _sums(near.indices, spoken, titles), _sums(near.indices, near.data, titles)


def _sums(at: I32, values: F64, size: int) -> F64:
    return np.asarray(np.bincount(at, values, size), dtype=np.float64)
