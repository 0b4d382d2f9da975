"""The stars head: how many stars a person would give, from biases and three members that are blended."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from recommender.arrays import F32, F64, I64, Sparse
from recommender.biases import Biases, fit_biases, user_generosity
from recommender.blend import EXPECTED, fit_blend
from recommender.cells import like, ones, rows
from recommender.factors import RANK, fit_factors, random_start, solve
from recommender.neighbours import KEPT, fit_neighbours, pull
from recommender.taste import fit_taste

_RIDGE = (4.0, 0.15)
_SWEEPS, _MORE_SWEEPS = 7, 3
_NEIGHBOUR_FLOOR = 0.05
_HELD_OUT = 0.12
_MOST_HELD_OUT = 60_000
_PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True, eq=False)
class Readers:
    """People folded in: what each of them adds to the members of the blend."""

    residuals: Sparse
    generosity: F64
    factors: F32
    taste: Sparse


@dataclass(frozen=True, eq=False)
class StarsHead:
    """Everything about titles that predicting stars needs, and nothing about people."""

    biases: Biases
    factors: F32
    neighbours: Sparse
    features: Sparse
    weights: F64

    @cached_property
    def said_to(self) -> Sparse:
        """The neighbours turned round: from a rated title to those it speaks for."""
        return self.neighbours.T.tocsr()

    def read(self, stars: Sparse) -> Readers:
        """Fold people in from their stars alone (people x titles); what training did for them, exactly."""
        offsets = stars.data - self.biases.mean - self.biases.titles[stars.indices]
        generosity = user_generosity(stars, offsets)
        residuals = like(stars, offsets - generosity[rows(stars)])
        factors = solve(like(stars, offsets), self.factors, _RIDGE)
        return Readers(residuals, generosity, factors, fit_taste(residuals, self.features))

    def base(self, generosity: F64 | float, titles: I64 | slice) -> F64:
        """Return what mean and biases alone predict."""
        return np.asarray(self.biases.mean + self.biases.titles[titles] + generosity, dtype=np.float64)

    def predict(self, readers: Readers, who: I64, titles: I64) -> F64:
        """Return the stars that reader who[i] would give to titles[i], not yet clipped."""
        result = np.empty(len(who))
        for begin in range(0, len(who), _PAIRS_AT_ONCE):
            part = slice(begin, begin + _PAIRS_AT_ONCE)
            base = self.base(readers.generosity[who[part]], titles[part])
            result[part] = base + self.terms(readers, who[part], titles[part]) @ self.weights
        return result

    def terms(self, readers: Readers, who: I64, titles: I64) -> F64:
        """Return what each member would add to the biases' prediction of each pair: pairs x members."""
        mine, theirs = readers.factors[who], self.factors[titles]
        inner = (mine[:, 1:] * theirs[:, 1:]).sum(1)
        near, rated = self.neighbours[titles], readers.residuals[who]
        pulled, weight = near.multiply(rated).sum(1), near.multiply(ones(rated)).sum(1)
        return np.stack(
            [
                inner + mine[:, 0] + theirs[:, 0] - readers.generosity[who],
                pulled / (weight + _NEIGHBOUR_FLOOR),
                readers.taste[who].multiply(self.features[titles]).sum(1),
            ],
            axis=1,
        )

    def all_terms(self, readers: Readers) -> F64:
        """Return the terms of one single reader for all titles: titles x members."""
        mine = readers.factors[0]
        pulled, weight = pull(self.said_to, readers.residuals.indices, readers.residuals.data)
        return np.stack(
            [
                self.factors[:, 1:] @ mine[1:] + self.factors[:, 0] + mine[0] - readers.generosity[0],
                pulled / (weight + _NEIGHBOUR_FLOOR),
                self.features @ readers.taste.toarray()[0],
            ],
            axis=1,
        )

    def average(self, generosity: F64 | float) -> F64:
        """Return what is predicted for a title of which nothing is known."""
        return np.asarray(self.biases.mean + self.biases.prior.intercept + generosity, dtype=np.float64)

    def with_unrated(self, features: Sparse) -> "StarsHead":
        """Return the same head with titles added that nobody has rated, known by their features alone."""
        more = features.shape[0]
        size = self.neighbours.shape[0] + more
        near = self.neighbours
        grown = sparse.csr_array(
            (near.data, near.indices, np.append(near.indptr, np.full(more, near.indptr[-1]))), shape=(size, size)
        )
        return replace(
            self,
            biases=replace(
                self.biases, titles=np.concatenate([self.biases.titles, self.biases.prior.expect(features)])
            ),
            factors=np.concatenate([self.factors, np.zeros((more, self.factors.shape[1]), dtype=np.float32)]),
            neighbours=grown,
            features=sparse.vstack([self.features, features], "csr"),
        )


def fit_stars(
    stars: Sparse,
    features: Sparse,
    expected: F64,
    rng: np.random.Generator,
    *,
    rank: int = RANK,
    kept: int = KEPT,
) -> StarsHead:
    """Fit all members on rows that leave some out, weigh them on those, and refit them on everything."""
    held_out = _choose(stars.nnz, rng)
    who, what = rows(stars)[held_out], stars.indices[held_out]
    known = _without(stars, held_out)
    trial = _fit_members(known, features, expected, random_start(stars.shape[1], rng, rank), _SWEEPS, kept)
    readers = trial.read(known)
    errors = stars.data[held_out] - trial.base(readers.generosity[who], what)
    weights = fit_blend(trial.terms(readers, who, what), errors)
    final = _fit_members(stars, features, expected, trial.factors, _MORE_SWEEPS, kept)
    return replace(final, weights=weights)


def _fit_members(stars: Sparse, features: Sparse, expected: F64, start: F32, sweeps: int, kept: int) -> StarsHead:
    biases = fit_biases(stars, features, expected)
    offsets = stars.data - biases.mean - biases.titles[stars.indices]
    factors = fit_factors(like(stars, offsets), start, sweeps, _RIDGE)
    residuals = like(stars, offsets - user_generosity(stars, offsets)[rows(stars)])
    return StarsHead(biases, factors, fit_neighbours(residuals, kept), features, EXPECTED)


def _choose(cells: int, rng: np.random.Generator) -> I64:
    size = min(int(cells * _HELD_OUT), _MOST_HELD_OUT)
    return np.sort(rng.choice(cells, size, replace=False)) if size else np.zeros(0, dtype=np.int64)


def _without(stars: Sparse, held_out: I64) -> Sparse:
    keep = np.ones(stars.nnz, dtype=bool)
    keep[held_out] = False
    return sparse.csr_array((stars.data[keep], (rows(stars)[keep], stars.indices[keep])), shape=stars.shape)
