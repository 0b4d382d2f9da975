"""Ratings as a matrix whose order comes from the ratings alone, so that names and row order change nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from recommender.arrays import I32, I64, Sparse
from recommender.border import Ratings
from recommender.cells import rows

_Keys = NDArray[np.uint64]
_ROUNDS = 3
_ROWS_AT_ONCE = 1 << 20


@dataclass(frozen=True, eq=False)
class Layout:
    """A users x titles matrix of stars, and the ids of its columns and rows."""

    title_ids: I64
    user_ids: I64
    stars: Sparse

    def cells_of(self, ratings: Ratings) -> I64:
        """Return where these ratings, all of them in the matrix, stand among its cells, ascending."""
        width = self.stars.shape[1]
        wanted = _found(self.user_ids, ratings.users) * width + _found(self.title_ids, ratings.titles)
        return np.searchsorted(rows(self.stars).astype(np.int64) * width + self.stars.indices, np.sort(wanted))


def lay_out(ratings: Ratings, catalogue: I64 | None = None) -> Layout:
    """Order users and titles by what was rated how (most ratings first), never by their ids.

    Titles of `catalogue` that nobody has rated come last, in the order given. The order comes from a few rounds of
    colour refinement (Weisfeiler and Leman) over the rating graph: two titles that still share a key are rated
    alike by users who rate alike, so which of them comes first makes no difference.
    """
    first = np.ones(len(ratings), dtype=bool)
    first[1:] = ratings.users[1:] != ratings.users[:-1]
    begins = np.append(np.flatnonzero(first), len(ratings))
    user_ids, users = ratings.users[first], np.cumsum(first, dtype=np.int32)
    users -= np.int32(1)
    title_ids = np.unique(np.concatenate([np.unique(ratings.titles[part]) for part in _stretches(len(ratings))]))
    titles, codes = np.empty(len(ratings), dtype=np.int32), np.empty(len(ratings), dtype=np.uint16)
    for part in _stretches(len(ratings)):
        titles[part] = np.searchsorted(title_ids, ratings.titles[part])
        codes[part] = np.round(ratings.stars[part] * 1000)
    user_keys = np.zeros(len(user_ids), dtype=np.uint64)
    title_keys = np.zeros(len(title_ids), dtype=np.uint64)
    for _ in range(_ROUNDS):
        user_keys = _gathered(users, len(user_ids), title_keys, titles, codes)
        title_keys = _gathered(titles, len(title_ids), user_keys, users, codes)
    del users, codes
    user_order = np.lexsort((user_keys, -np.diff(begins)))
    title_order = np.lexsort((title_keys, -np.bincount(titles, minlength=len(title_ids))))
    columns = _places(title_order)[titles]
    del titles
    ids = title_ids[title_order]
    if catalogue is not None:
        ids = np.concatenate([ids, catalogue[~np.isin(catalogue, title_ids)]])
    cells = ratings.stars.astype(np.float32), columns, begins
    matrix = sparse.csr_array(cells, shape=(len(user_ids), len(ids)))[user_order]
    matrix.sort_indices()
    return Layout(ids, user_ids[user_order], matrix)


def _found(ids: I64, wanted: I64) -> I64:
    """Return the places of `wanted` among ids in any order."""
    order = np.argsort(ids)
    return np.asarray(order[np.searchsorted(ids, wanted, sorter=order)], dtype=np.int64)


def _stretches(rows: int) -> list[slice]:
    """Cut rows into stretches, so that what is worked out about a few at a time needs little memory; at least one."""
    return [slice(begin, begin + _ROWS_AT_ONCE) for begin in range(0, max(rows, 1), _ROWS_AT_ONCE)]


def _places(order: NDArray[np.intp]) -> I32:
    places = np.empty(len(order), dtype=np.int32)
    places[order] = np.arange(len(order), dtype=np.int32)
    return places


def _gathered(at: I32, size: int, keys: _Keys, of: I32, codes: NDArray[np.uint16]) -> _Keys:
    """Add up, for each place of `at`, the scattered keys of what it is rated with; a stretch of rows at a time."""
    total = np.zeros(size, dtype=np.uint64)
    for part in _stretches(len(at)):
        np.add.at(total, at[part], _mixed(keys[of[part]] ^ _mixed(codes[part].astype(np.uint64))))
    return total


def _mixed(keys: _Keys) -> _Keys:
    """Scatter keys over 64 bits (the finisher of splitmix64), so that sums of them tell sets apart."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
