"""The list head: what people who liked the same titles liked too, leaning on a prior while ratings are few.

Closed-form item-item regression (EASE, Steck 2019) on liked ratings, plus how many likes a title has or, by its
features, should have. Predicted stars alone order a list worse than plain popularity does.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from recommender.arrays import F32, F64, I32, I64, Sparse, sealed
from recommender.cells import Parts, cells_of, parts
from recommender.content import Prior, fit_prior
from recommender.hints import Hints, fit_hints

MOST_TITLES = 4000
_LIKES_VARIANCE = 0.1
_PRIOR_LIKES = 1.0
_READERS_TO_BELIEVE = 8
_TITLES_AT_ONCE = 128
_OUTER_KEPT, _LEAST_COUNT = 40, 3
# With so many ratings half of what is said for a title comes from hints, and half from what is known of everything.
_HALF_HINTED = 20
_NO_SPREAD = 1e-9


@dataclass(frozen=True, eq=False)
class Near:
    """What a person's likes say for every title; how much what each head says was multiplied by to make that."""

    values: F32
    by_all: float
    by_hints: float


@dataclass(frozen=True, eq=False)
class ListHead:
    """How a like of one title speaks for another.

    `items` holds it for the titles at `covered`, row for column. Titles past those are listened for too, each by the
    few covered titles that tell most about it: `outer`, covered titles x all titles. `hints` speak for people with few
    ratings.
    """

    covered: I32
    items: F32
    outer: Sparse
    likes: F32
    prior: Prior
    readers: int
    hints: Hints

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

    def near(self, rated: I64, liked: F32) -> Near:
        """Return what a person's likes (one number for each rated title) say for every title.

        Both voices are put on one footing, their deviation over all titles; hints count less the more was rated.
        """
        from recommender.loops import likes_told, mean_and_deviation

        rows = self.place[rated]
        heard = rows >= 0
        result = np.empty(len(self.likes), dtype=np.float32)
        inside = np.empty(len(self.covered), dtype=np.float32)
        likes_told(
            sealed(rows[heard].astype(np.int32)),
            sealed(liked[heard]),
            sealed(self.covered),
            sealed(self.items),
            self._told,
            inside,
            result,
        )
        if not heard.any():
            return Near(result, 1.0, 0.0)
        hinted = np.zeros(len(self.likes), dtype=np.float32)
        hinted[self.covered] = self.hints.told(rows[heard], liked[heard], len(rated))
        share = _HALF_HINTED**2 / (len(rated) ** 2 + _HALF_HINTED**2)
        by_hints = share / max(mean_and_deviation(sealed(hinted))[1], _NO_SPREAD)
        by_all = (1 - share) / max(mean_and_deviation(sealed(result))[1], _NO_SPREAD)
        result *= np.float32(by_all)
        hinted *= np.float32(by_hints)
        result += hinted
        return Near(result, by_all, by_hints)

    @cached_property
    def _told(self) -> Parts:
        return parts(self.outer)

    def pulls(self, rated: I64, liked: F32, titles: I64, near: Near) -> F32:
        """Return what each rated title adds to what is `near` of each of some titles: rated x titles."""
        result = np.zeros((len(rated), len(titles)), dtype=np.float32)
        rows = self.place[rated]
        heard = np.flatnonzero(rows >= 0)
        inside = np.flatnonzero(self.place[titles] >= 0)
        result[np.ix_(heard, inside)] = self.items[np.ix_(rows[heard], self.place[titles[inside]])]
        if len(inside) < len(titles):
            columns, weights, lengths = cells_of(self.outer, rows[heard])
            speaker = np.repeat(heard, lengths)
            for at in np.flatnonzero(self.place[titles] < 0).tolist():
                says = columns == titles[at]
                result[speaker[says], at] = weights[says]
        result *= liked[:, None] * np.float32(near.by_all)
        inside_of = self.place[titles[inside]]
        hinted = self.hints.pulls(rows[heard], liked[heard], inside_of, len(rated))
        result[np.ix_(heard, inside)] += hinted * np.float32(near.by_hints)
        return result

    def is_known(self, title: int) -> bool:
        """Say whether a title's own likes outweigh what its features promise."""
        return bool(self.likes[title] > _PRIOR_LIKES)

    def with_unrated(self, more: int) -> "ListHead":
        """Return the same head with so many titles added that nobody has liked."""
        outer = self.outer.copy()
        outer.resize(outer.shape[0], len(self.likes) + more)
        return replace(self, outer=outer, likes=np.append(self.likes, np.zeros(more, dtype=np.float32)))

    def popularity(self, features: Sparse) -> F64:
        """Return the root of the likes each title has, together with those its features promise."""
        promised = np.exp(np.minimum(self.prior.expect(features).astype(np.float64), 20.0))
        return np.sqrt(self.likes + _PRIOR_LIKES * promised)


def fit_list(stars: Sparse, features: Sparse, expected: F64, seed: int = 0) -> ListHead:
    """Fit the list head on users x titles; memory stays under three squares of `MOST_TITLES`."""
    liked = stars.astype(np.float32)
    liked.data = like(stars.data).astype(np.float32)
    likes = np.asarray(liked.sum(axis=0), dtype=np.float32).ravel()
    order = np.argsort(-likes, kind="stable")
    order = order[likes[order] > 0]
    covered, rest = order[:MOST_TITLES].astype(np.int32), order[MOST_TITLES:]
    counts = np.bincount(stars.indices, minlength=stars.shape[1])
    trust = counts / (counts + 1.0)
    prior = fit_prior(features, np.log(likes + 0.5), trust, expected, _LIKES_VARIANCE)
    inside = liked[:, covered].tocsr()
    inverse = _inverse(inside, likes[covered])
    outer = _outer(inverse, inside, liked, rest[counts[rest] >= _LEAST_COUNT])
    hints = fit_hints(inside, stars.nnz / max(stars.shape[0], 1), np.random.default_rng(seed))
    return ListHead(covered, _items(inverse), outer, likes, prior, stars.shape[0], hints)


def like(stars: F64 | F32) -> F64 | F32:
    """Return how much a rating speaks for a title: nearly nothing up to 2.5 stars, most at 5."""
    return np.clip((stars - 2.5) / 1.5, 0.1, 2.0)


def _inverse(liked: Sparse, likes: F32) -> F32:
    """Return the inverse of the ridged gram matrix of liked ratings (users x titles)."""
    size = len(likes)
    gram = np.zeros((size, size), dtype=np.float32, order="F")
    if not size:
        return gram
    turned = liked.T.tocsr()
    for begin in range(0, size, _TITLES_AT_ONCE):
        part = slice(begin, begin + _TITLES_AT_ONCE)
        gram[:, part] = (turned[part] @ liked).toarray().T
    # measured on slices of MovieLens from 7,000 to 100,000 ratings: denser data bears, and needs, a stronger ridge
    gram[np.diag_indices_from(gram)] += np.clip(45 * likes.mean() ** 0.65, 5, 600)
    factor, failed = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, failed_too = lapack.spotri(factor, lower=1, overwrite_c=1)
    if failed or failed_too:
        raise ArithmeticError("the ridge of the list head was too small for this data")
    for begin in range(0, size, _TITLES_AT_ONCE):
        end = min(begin + _TITLES_AT_ONCE, size)
        block = np.tril(inverse[begin:end, begin:end])
        inverse[begin:end, begin:end] = block + np.tril(block, -1).T
        inverse[begin:end, end:] = inverse[end:, begin:end].T
    return np.asarray(inverse, dtype=np.float32)


def _items(inverse: F32) -> F32:
    """Turn the inverse into how one title's likes tell another's; its memory is used anew."""
    # LAPACK leaves it column by column; as it is symmetric, read row by row it is the same
    items = inverse.T
    items /= -np.diag(items).copy()[None, :]
    np.fill_diagonal(items, 0)
    return items


def _outer(inverse: F32, inside: Sparse, liked: Sparse, titles: I64) -> Sparse:
    """Return, for titles outside, the covered titles that tell most about them: covered x all titles.

    It is the ridge regression of a title's likes on those of all covered titles, the same that `items` is among
    themselves, cut to its few strongest weights.
    """
    kept = min(_OUTER_KEPT, len(inverse))
    by_title = liked.T.tocsr()
    best, strength = [np.zeros((0, kept), dtype=np.int32)], [np.zeros((0, kept), dtype=np.float32)]
    for begin in range(0, len(titles), _TITLES_AT_ONCE):
        weights = (by_title[titles[begin : begin + _TITLES_AT_ONCE]] @ inside).toarray() @ inverse
        best.append(np.argpartition(-weights, kept - 1, axis=1)[:, :kept].astype(np.int32))
        strength.append(np.maximum(np.take_along_axis(weights, best[-1], axis=1), 0))
    cells = np.concatenate(strength).ravel(), (np.concatenate(best).ravel(), np.repeat(titles, kept))
    result = sparse.csr_array(cells, shape=(len(inverse), liked.shape[1]), dtype=np.float32)
    result.eliminate_zeros()
    return result
