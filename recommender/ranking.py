"""The list head: what people who liked the same titles liked too, leaning on a prior while ratings are few.

Closed-form item-item regression (EASE, Steck 2019) on liked ratings, plus how many likes a title has or, by its
features, should have. Predicted stars alone order a list worse than plain popularity does.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import lapack

from recommender.arrays import F32, F64, I32, I64, Sparse
from recommender.content import Prior, fit_prior

MOST_TITLES = 4000
_LIKES_VARIANCE = 0.1
_PRIOR_LIKES = 1.0
_READERS_TO_BELIEVE = 8


@dataclass(frozen=True, eq=False)
class ListHead:
    """`items` holds, for the titles at `covered`, how a like of the row's title speaks for the column's."""

    covered: I32
    items: F32
    likes: F32
    prior: Prior
    readers: int

    @cached_property
    def place(self) -> I64:
        """The row of each title in `items`; -1 where it is not covered."""
        place = np.full(len(self.likes), -1)
        place[self.covered] = np.arange(len(self.covered))
        return place

    @property
    def trust(self) -> float:
        """How far the ratings of these many people may be believed, from 0 to 1."""
        return self.readers / (self.readers + _READERS_TO_BELIEVE)

    def near(self, liked: F64) -> F64:
        """Return what a person's likes (one number a title) say for every title."""
        result = np.zeros(len(liked))
        given = liked[self.covered]
        rows = np.flatnonzero(given)
        result[self.covered] = given[rows].astype(np.float32) @ self.items[rows]
        return result

    def pulls(self, liked: F64, rated: I64, title: int) -> F64:
        """Return what each rated title adds to `near` of one title."""
        rows, column = self.place[rated], self.place[title]
        if column < 0:
            return np.zeros(len(rated))
        return np.where(rows >= 0, liked[rated] * self.items[rows, column], 0.0)

    def is_known(self, title: int) -> bool:
        """Say whether a title's own likes outweigh what its features promise."""
        return bool(self.likes[title] > _PRIOR_LIKES)

    def popularity(self, features: Sparse) -> F64:
        """Return the root of the likes each title has, together with those its features promise."""
        promised = np.exp(np.minimum(self.prior.expect(features).astype(np.float64), 20.0))
        return np.sqrt(self.likes + _PRIOR_LIKES * promised)


def fit_list(stars: Sparse, features: Sparse, expected: F64) -> ListHead:
    """Fit the list head on users x titles; memory stays under three squares of `MOST_TITLES`."""
    liked = stars.astype(np.float32)
    liked.data = like(stars.data).astype(np.float32)
    likes = np.asarray(liked.sum(axis=0), dtype=np.float32).ravel()
    order = np.argsort(-likes, kind="stable")[:MOST_TITLES]
    covered = order[likes[order] > 0].astype(np.int32)
    counts = np.bincount(stars.indices, minlength=stars.shape[1])
    trust = counts / (counts + 1.0)
    prior = fit_prior(features, np.log(likes + 0.5), trust, expected, _LIKES_VARIANCE)
    return ListHead(covered, _items(liked[:, covered], likes[covered]), likes, prior, stars.shape[0])


def like(stars: F64) -> F64:
    """Return how much a rating speaks for a title: nearly nothing up to 2.5 stars, most at 5."""
    return np.clip((stars - 2.5) / 1.5, 0.1, 2.0)


def _items(liked: Sparse, likes: F32) -> F32:
    if not len(likes):
        return np.zeros((0, 0), dtype=np.float32)
    gram = (liked.T @ liked).toarray(order="F")
    # measured on slices of MovieLens from 7,000 to 100,000 ratings: denser data bears, and needs, a stronger ridge
    gram[np.diag_indices_from(gram)] += np.clip(45 * likes.mean() ** 0.65, 5, 600)
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the ridge of the list head was too small for this data")
    inverse = np.tril(inverse)
    inverse += np.tril(inverse, -1).T
    items: F32 = -inverse / np.diag(inverse)[None, :]
    np.fill_diagonal(items, 0)
    return np.ascontiguousarray(items)
