"""The stars head: how many stars a person would give, from biases and three members that are blended."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from scipy import sparse

from recommender.arrays import F32, F64, I32, I64, Sparse, sealed
from recommender.biases import USER_DAMPING, Biases, fit_biases, user_generosity
from recommender.blend import EXPECTED, expected_of_full, fit_blend
from recommender.cells import Parts, like, parts, rows
from recommender.crew import share_out
from recommender.factors import RANK, fit_factors, random_start, solve, solve_one
from recommender.linked import Linked, fit_linked
from recommender.neighbours import KEPT, fit_neighbours

RIDGE = (4.0, 0.15)
_SWEEPS, _MORE_SWEEPS = 7, 3
_NEIGHBOUR_FLOOR = 0.05
_HELD_OUT = 0.12
_MOST_HELD_OUT = 60_000
_TASTE_DAMPING = 5.0
# A feature that every twentieth title has is added title by title; of the others only what a person's titles have.
_COMMON, _MOST_COMMON = 20, 32


@dataclass(frozen=True, eq=False)
class Reader:
    """One person folded in: the positions of what they rated, and what they add to the members of the blend."""

    rated: I64
    given: F64
    residuals: F32
    generosity: float
    factors: F32


@dataclass(frozen=True, eq=False)
class Outlook:
    """What one reader would think of every title, and their taste, by feature, which is part of it."""

    stars: F32
    """Not yet clipped."""
    liking: F32
    """What their taste in features adds or takes, before it is weighed."""
    taste: F32
    """The damped mean residual of what they rated."""


@dataclass(frozen=True, eq=False)
class Readers:
    """Many people folded in; a row each."""

    residuals: Sparse
    generosity: F64
    factors: F32
    linked: F32 | None


@dataclass(frozen=True, eq=False)
class _Tables:
    """A stars head as the loops behind an answer read it."""

    said_to: Parts
    """The neighbours turned round: from a rated title to those it speaks for."""
    features: Parts
    rare: Parts
    """The features turned round: from a feature to the titles that have it, the common ones left out."""
    common: I32
    down: F32
    """Titles side by side, a row for each factor and then for each common feature."""
    base: F32
    """Mean, offset, and the factors' weighed offset of each title."""
    weights: F32


@dataclass(frozen=True, eq=False)
class StarsHead:
    """Everything about titles that predicting stars needs, and nothing about people."""

    biases: Biases
    factors: F32
    neighbours: Sparse
    features: Sparse
    weights: F64
    linked: Linked | None = None
    """What the full tier adds."""

    @cached_property
    def tables(self) -> _Tables:
        """What answering needs, worked out once."""
        counts = np.bincount(self.features.indices, minlength=self.features.shape[1])
        often = np.flatnonzero(counts * _COMMON >= max(len(self.factors), 1))
        common = np.sort(often[np.argsort(-counts[often], kind="stable")][:_MOST_COMMON])
        turned = self.features.T.tocsr()
        lengths = np.diff(turned.indptr)
        lengths[common] = 0
        keep = np.repeat(lengths > 0, np.diff(turned.indptr))
        rare = np.append(0, np.cumsum(lengths)), turned.indices[keep], turned.data[keep]
        weights = self.weights.astype(np.float32)
        return _Tables(
            said_to=parts(self.neighbours.T.tocsr()),
            features=parts(self.features),
            rare=parts(sparse.csr_array((rare[2], rare[1], rare[0]), shape=turned.shape)),
            common=sealed(common.astype(np.int32)),
            down=sealed(np.ascontiguousarray(np.vstack([self.factors[:, 1:].T, turned[common].toarray()]), np.float32)),
            base=sealed(np.float32(self.biases.mean) + self.biases.titles + weights[0] * self.factors[:, 0]),
            weights=sealed(weights),
        )

    def read(self, rated: I64, given: F64) -> Reader:
        """Fold one person in from their stars alone; what training did for them, exactly."""
        offsets = np.asarray(given - self.biases.mean - self.biases.titles[rated], dtype=np.float32)
        generosity = float(offsets.sum(dtype=np.float64)) / (len(rated) + USER_DAMPING)
        factors = solve_one(rated.astype(np.int32), offsets, self.factors, RIDGE)
        return Reader(rated, given, offsets - np.float32(generosity), generosity, factors)

    def read_all(self, stars: Sparse) -> Readers:
        """Fold people in (people x titles), as `read` does for one of them."""
        offsets = _offsets(stars, self.biases)
        generosity = user_generosity(stars, self.biases.mean, self.biases.titles)
        factors = solve(like(stars, offsets), self.factors, RIDGE)
        linked = None if self.linked is None else self.linked.people(stars)
        return Readers(like(stars, _residuals(stars, offsets, generosity)), generosity, factors, linked)

    def predict_all(self, reader: Reader) -> F32:
        """Return the stars that one reader would give to each title, not yet clipped."""
        return self.outlook(reader).stars

    def outlook(self, reader: Reader) -> Outlook:
        """Return what one reader would think of every title."""
        cells = np.array([0, len(reader.rated)]), reader.rated.astype(np.int32), reader.residuals
        stars, liking, taste = self._scored(
            (sealed(cells[0]), sealed(cells[1]), sealed(cells[2])),
            np.array([reader.generosity]),
            reader.factors[None],
        )
        if self.linked is not None:
            base = self.biases.titles + np.float32(self.biases.mean + reader.generosity)
            stars += np.float32(self.weights[3]) * (self.linked.predict_all(reader.rated, reader.given) - base)
        return Outlook(stars[0], liking, taste)

    def predict_everything(self, stars: Sparse) -> F32:
        """Return what `predict_all` does, for many people (people x titles) at once."""
        readers = self.read_all(stars)
        result, _, _ = self._scored(parts(readers.residuals), readers.generosity, readers.factors)
        if self.linked is not None and readers.linked is not None:
            weight, base = np.float32(self.weights[3]), np.float32(self.biases.mean) + self.biases.titles
            result -= weight * (base + readers.generosity.astype(np.float32)[:, None])
            result += weight * self.linked.predict_everything(readers.linked)
        return result

    def _scored(self, residuals: Parts, generosity: F64, people: F32) -> tuple[F32, F32, F32]:
        """Return people's stars for every title without the linked factors, and the last one's liking and taste."""
        from recommender.loops import stars_of_people

        tables, titles = self.tables, len(self.factors)
        result = np.empty((len(people), titles), dtype=np.float32)
        liking, taste = np.empty(titles, dtype=np.float32), np.empty(self.features.shape[1], dtype=np.float32)

        def work(first: int, last: int, liking: F32, taste: F32) -> None:
            stars_of_people(
                first, last, residuals, sealed(generosity), sealed(people), tables.said_to, tables.features,
                tables.rare, tables.common, tables.down, tables.base, tables.weights, _NEIGHBOUR_FLOOR, _TASTE_DAMPING,
                taste, liking, result,
            )  # fmt: skip

        if len(people) == 1:
            work(0, 1, liking, taste)
        elif result.size:
            share_out(
                lambda first, last: work(first, last, np.empty_like(liking), np.empty_like(taste)),
                np.diff(residuals[0]) * KEPT + result.shape[1] * len(tables.down),
            )
        return result, liking, taste

    def predict_pairs(self, readers: Readers, who: I64, titles: I64) -> F64:
        """Return the stars that reader who[i] would give to titles[i], sorted by reader, not yet clipped."""
        base = self.base_of_pairs(readers, who, titles)
        return np.asarray(base + self.terms_of_pairs(readers, who, titles) @ self.weights, dtype=np.float64)

    def base_of_pairs(self, readers: Readers, who: I64, titles: I64) -> F64:
        """Return what mean and biases alone predict for pairs of a reader and a title."""
        return np.asarray(self.biases.mean + self.biases.titles[titles] + readers.generosity[who], dtype=np.float64)

    def terms_of(self, reader: Reader, title: int) -> F64:
        """Return what each member would add to the biases' prediction of one title for one reader."""
        cells = reader.given.astype(np.float32), reader.rated, np.array([0, len(reader.rated)])
        readers = self.read_all(sparse.csr_array(cells, shape=(1, len(self.factors))))
        return np.asarray(self.terms_of_pairs(readers, np.zeros(1, dtype=np.int64), np.array([title]))[0])

    def terms_of_pairs(self, readers: Readers, who: I64, titles: I64) -> F64:
        """Return what `terms_of` does for pairs of a reader and a title, sorted by reader: pairs x members."""
        result = np.zeros((len(who), len(self.weights)))
        if not len(who):
            return result
        from recommender.kernels import pair_terms

        mine, theirs = readers.factors[who], self.factors[titles]
        result[:, 0] = (mine[:, 1:] * theirs[:, 1:]).sum(1) + mine[:, 0] + theirs[:, 0] - readers.generosity[who]
        pairs_of = np.searchsorted(who, np.arange(len(readers.generosity) + 1))
        pair_terms(
            pairs_of,
            titles,
            parts(readers.residuals),
            parts(self.neighbours),
            parts(self.features),
            self.features.shape,
            _NEIGHBOUR_FLOOR,
            _TASTE_DAMPING,
            result,
        )
        if self.linked is not None and readers.linked is not None:
            result[:, 3] = self.linked.predict_pairs(readers.linked, who, titles) - self.base_of_pairs(
                readers, who, titles
            )
        return result

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
            linked=None if self.linked is None else self.linked.with_unrated(features),
        )


def fit_stars(
    stars: Sparse,
    features: Sparse,
    expected: F64,
    rng: np.random.Generator,
    *,
    rank: int = RANK,
    kept: int = KEPT,
    full: bool = False,
) -> StarsHead:
    """Fit all members on rows that leave some out, weigh them on those, and refit them on everything."""
    held_out = _choose(stars.nnz, rng)
    who, what = (part[held_out].astype(np.int64) for part in (rows(stars), stars.indices))
    known = _without(stars, held_out)
    trial = _fit_members(known, features, expected, random_start(stars.shape[1], rng, rank), _SWEEPS, kept)
    if full:
        trial = replace(trial, linked=fit_linked(known, features, rng), weights=expected_of_full(stars.nnz))
    weights = _weigh(trial, known, stars.data[held_out], who, what)
    del known
    final = _fit_members(stars, features, expected, trial.factors, _MORE_SWEEPS, kept)
    return replace(final, weights=weights, linked=fit_linked(stars, features, rng) if full else None)


def fit_stars_around(stars: Sparse, held_out: I64, features: Sparse, biases: Biases, factors: F32) -> StarsHead:
    """Fit the other members to biases and factors that were fitted elsewhere, without the cells `held_out`."""

    def head(cells: Sparse) -> StarsHead:
        neighbours = _fit_neighbours(cells, biases)
        return StarsHead(biases, factors, neighbours, features, EXPECTED)

    known = _without(stars, held_out)
    who, what = (part[held_out].astype(np.int64) for part in (rows(stars), stars.indices))
    weights = _weigh(head(known), known, stars.data[held_out], who, what)
    return replace(head(stars), weights=weights)


def _weigh(trial: StarsHead, known: Sparse, given: F32, who: I64, what: I64) -> F64:
    """Return how much each member counts, from pairs of reader and title that `trial` has not seen."""
    readers = trial.read_all(known)
    errors = given - trial.base_of_pairs(readers, who, what)
    return fit_blend(trial.terms_of_pairs(readers, who, what), errors, trial.weights)


def _fit_members(stars: Sparse, features: Sparse, expected: F64, start: F32, sweeps: int, kept: int) -> StarsHead:
    biases = fit_biases(stars, features, expected)
    factors = fit_factors(like(stars, _offsets(stars, biases)), start, sweeps, RIDGE)
    return StarsHead(biases, factors, _fit_neighbours(stars, biases, kept), features, EXPECTED)


def _fit_neighbours(stars: Sparse, biases: Biases, kept: int = KEPT) -> Sparse:
    generosity = user_generosity(stars, biases.mean, biases.titles)
    return fit_neighbours(like(stars, _residuals(stars, _offsets(stars, biases), generosity)), kept)


def _offsets(stars: Sparse, biases: Biases) -> F32:
    """Return what each cell of `stars` has beyond the mean and its title's offset."""
    offsets = stars.data - biases.titles[stars.indices]
    offsets -= np.float32(biases.mean)
    return np.asarray(offsets, dtype=np.float32)


def _residuals(stars: Sparse, offsets: F32, generosity: F64) -> F32:
    """Return what is left of offsets without each user's generosity."""
    return offsets - np.repeat(generosity.astype(np.float32), np.diff(stars.indptr))


def _choose(cells: int, rng: np.random.Generator) -> I64:
    size = min(int(cells * _HELD_OUT), _MOST_HELD_OUT)
    return np.sort(rng.choice(cells, size, replace=False, shuffle=False)) if size else np.zeros(0, dtype=np.int64)


def _without(stars: Sparse, held_out: I64) -> Sparse:
    keep = np.ones(stars.nnz, dtype=bool)
    keep[held_out] = False
    left = stars.indptr - np.searchsorted(held_out, stars.indptr)
    return sparse.csr_array((stars.data[keep], stars.indices[keep], left), shape=stars.shape)
