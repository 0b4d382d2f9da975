"""Bayesian matrix factorisation for the full tier: Gibbs samples, priors linked to features and to what was rated.

A person's factors are expected to be a sum over the titles they rated, however they rated them (the idea of SVD++,
Koren 2008); a title's, a sum over its features. Both sums are learned along (Macau, Simm et al. 2017). Several samples
are kept: their average says more than any one of them, and each folds a person in from their ratings alone.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from recommender.arrays import F32, F64, I64, Sparse, sealed
from recommender.cells import parts
from recommender.crew import share_out

RANK = 16
_SWEEPS, _KEPT = 96, 12
_MOST_CELLS = 150_000_000
_LEAST_SWEEPS = 24
_LINK_RIDGE, _FEATURE_RIDGE = 2.0, 2.0
_STEPS = 6
_PRIOR_COUNT, _PRIOR_VARIANCE = 20.0, 0.03
_START_NOISE = 0.9


@dataclass(frozen=True, eq=False)
class Linked:
    """Samples of what predicting needs, the first axis: the sample. A row is [offset, factors...]."""

    mean: float
    titles: F32
    """Samples x titles x (1 + factors)."""
    links: F32
    """What having rated a title says about a person; the last row is what is expected of anybody."""
    promised: F32
    """What a feature says about a title; the last row is what is expected of any."""
    precisions: F32
    """How sure the expectation about a person is: samples x (1 + factors) x (1 + factors)."""
    noises: F64
    """The precision of a rating, one a sample."""

    def predict_all(self, rated: I64, given: F64) -> F32:
        """Return the stars of every title for somebody who has rated these."""
        total = np.zeros(self.titles.shape[1], dtype=np.float32)
        for titles, links, precision, noise in zip(self.titles, self.links, self.precisions, self.noises, strict=True):
            mine = _fold_in(rated, np.asarray(given - self.mean, dtype=np.float32), titles, links, precision, noise)
            total += mine[0] + titles @ np.append(np.float32(1), mine[1:])
        return np.asarray(total / len(self.titles) + np.float32(self.mean), dtype=np.float32)

    def people(self, stars: Sparse) -> F32:
        """Fold people in (people x titles): samples x people x (1 + factors)."""
        centred = sparse.csr_array((stars.data - np.float32(self.mean), stars.indices, stars.indptr), stars.shape)
        side = _rated_by(stars)
        quiet = np.zeros((stars.shape[0], self.titles.shape[2]), dtype=np.float32)
        return np.stack(
            [
                _draw(centred, titles, side @ links[:-1] + links[-1], precision, float(noise), quiet)
                for titles, links, precision, noise in zip(
                    self.titles, self.links, self.precisions, self.noises, strict=True
                )
            ]
        )

    def predict_pairs(self, people: F32, who: I64, titles: I64) -> F64:
        """Return the stars that person who[i] of `people` would give to titles[i]."""
        total = np.zeros(len(who))
        for mine, theirs in zip(people, self.titles, strict=True):
            one, two = mine[who], theirs[titles]
            total += one[:, 0] + two[:, 0] + np.einsum("ij,ij->i", one[:, 1:], two[:, 1:])
        return np.asarray(total / len(people) + self.mean, dtype=np.float64)

    def predict_everything(self, people: F32) -> F32:
        """Return the stars that all people would give to all titles."""
        total = np.zeros((people.shape[1], self.titles.shape[1]), dtype=np.float32)
        for mine, theirs in zip(people, self.titles, strict=True):
            total += mine[:, 1:] @ theirs[:, 1:].T
            total += mine[:, :1] + theirs[None, :, 0]
        total /= len(people)
        total += np.float32(self.mean)
        return total

    def with_unrated(self, features: Sparse) -> "Linked":
        """Return the same with titles added that nobody has rated, known by their features alone."""
        more = np.stack([features @ promised[:-1] + promised[-1] for promised in self.promised])
        silent = np.zeros((len(self.links), features.shape[0], self.links.shape[2]), dtype=np.float32)
        return replace(
            self,
            titles=np.concatenate([self.titles, more.astype(np.float32)], axis=1),
            links=np.concatenate([self.links[:, :-1], silent, self.links[:, -1:]], axis=1),
        )


def fit_linked(stars: Sparse, features: Sparse, rng: np.random.Generator, rank: int = RANK) -> Linked:
    """Sample from the posterior given stars (users x titles) and features (titles x names)."""
    people, titles = stars.shape
    sweeps = int(np.clip(_MOST_CELLS // max(stars.nnz, 1), _LEAST_SWEEPS, _SWEEPS))
    settling, every = sweeps // 4, max(1, (sweeps - sweeps // 4) // _KEPT)
    mean = float(stars.data.mean(dtype=np.float64)) if stars.nnz else 0.0
    centred = sparse.csr_array((stars.data - np.float32(mean), stars.indices, stars.indptr), stars.shape)
    turned = centred.T.tocsr()
    rated_by, has = _with_ones(_rated_by(stars)), _with_ones(features.astype(np.float32))
    rated = np.diff(turned.indptr) > 0
    width = rank + 1
    theirs = rng.normal(0, 0.1, (titles, width)).astype(np.float32)
    links = np.zeros((titles + 1, width), dtype=np.float32)
    promised = np.zeros((features.shape[1] + 1, width), dtype=np.float32)
    precision = np.eye(width, dtype=np.float32) / np.float32(_PRIOR_VARIANCE)
    of_titles, noise = precision.copy(), 1 / _START_NOISE
    samples: list[tuple[F32, F32, F32, F32, float]] = []
    for sweep in range(sweeps):
        expected = rated_by @ links
        mine = _draw(centred, theirs, expected, precision, noise, _noise(rng, people, width))
        precision = _precision(mine - expected)
        links = _link(rated_by, mine, links, precision, _LINK_RIDGE, rng)
        expected = has @ promised
        theirs = _draw(turned, mine, expected, of_titles, noise, _noise(rng, titles, width) * rated[:, None])
        of_titles = _precision((theirs - expected)[rated])
        promised = _link(has, theirs, promised, of_titles, _FEATURE_RIDGE, rng)
        noise = _noise_precision(centred, mine, theirs)
        if sweep >= settling and (sweep - settling) % every == every - 1 and len(samples) < _KEPT:
            samples.append((theirs, links, promised, precision, noise))
    kept = [np.stack(arrays) for arrays in zip(*samples, strict=True)]
    return Linked(mean, kept[0], kept[1], kept[2], kept[3], kept[4].astype(np.float64))


def _rated_by(stars: Sparse) -> Sparse:
    """Return who rated what, each row of length one."""
    counts = np.diff(stars.indptr)
    cells = np.repeat(1 / np.sqrt(np.maximum(counts, 1)), counts).astype(np.float32)
    return sparse.csr_array((cells, stars.indices, stars.indptr), shape=stars.shape)


def _with_ones(matrix: Sparse) -> Sparse:
    return sparse.hstack([matrix, np.ones((matrix.shape[0], 1), dtype=np.float32)], "csr")


def _noise(rng: np.random.Generator, rows: int, width: int) -> F32:
    return rng.standard_normal((rows, width), dtype=np.float32)


def _draw(cells: Sparse, other: F32, expected: F32, precision: F32, noise: float, random: F32) -> F32:
    """Draw every row of `cells` given the other side; no randomness gives what is most likely."""
    result = np.array(expected, dtype=np.float32)
    if not cells.nnz:
        return result
    from recommender.kernels import draw_rows

    cell_parts, prior = parts(cells), sealed((expected @ precision).astype(np.float32))
    theirs, sure = sealed(other), sealed(precision)

    def work(first: int, last: int) -> None:
        draw_rows(first, last, *cell_parts, theirs, prior, sure, noise, random, result)

    share_out(work, np.diff(cell_parts[0]) * other.shape[1])
    return result


def _precision(deviations: F32) -> F32:
    """Return the precision of rows around what is expected of them, damped while there are few."""
    width = deviations.shape[1]
    scatter = deviations.T.astype(np.float64) @ deviations + _PRIOR_COUNT * _PRIOR_VARIANCE * np.eye(width)
    return np.asarray((len(deviations) + _PRIOR_COUNT) * np.linalg.inv(scatter), dtype=np.float32)


def _link(side: Sparse, rows: F32, start: F32, precision: F32, ridge: float, rng: np.random.Generator) -> F32:
    """Draw what each column of `side` says about `rows`: a perturbed ridge regression, by conjugate gradients.

    `start` is the draw before; a few steps from there follow the slowly moving target.
    """
    root = np.linalg.inv(np.linalg.cholesky(precision.astype(np.float64))).astype(np.float32)
    height, width = rows.shape
    turned = side.T.tocsr()
    goal = turned @ (rows + _noise(rng, height, width) @ root)
    goal += np.float32(np.sqrt(ridge)) * (_noise(rng, side.shape[1], width) @ root)
    scale = np.asarray(1 / (turned.power(2).sum(axis=1) + ridge), dtype=np.float32).reshape(-1, 1)
    found = start.copy()
    left = goal - (turned @ (side @ found) + np.float32(ridge) * found)
    step = scale * left
    size = (left * step).sum(axis=0)
    for _ in range(_STEPS):
        moved = turned @ (side @ step) + np.float32(ridge) * step
        length = size / np.maximum((step * moved).sum(axis=0), np.float32(1e-20))
        found += length * step
        left -= length * moved
        next_step = scale * left
        next_size = (left * next_step).sum(axis=0)
        step = next_step + next_size / np.maximum(size, np.float32(1e-20)) * step
        size = next_size
    return np.asarray(found, dtype=np.float32)


def _noise_precision(cells: Sparse, mine: F32, theirs: F32) -> float:
    if not cells.nnz:
        return 1 / _START_NOISE
    from recommender.kernels import squared_error

    left = float(squared_error(*parts(cells), mine, theirs))
    return float((cells.nnz + _PRIOR_COUNT) / (left + _PRIOR_COUNT * _START_NOISE))


def _fold_in(rated: I64, centred: F32, titles: F32, links: F32, precision: F32, noise: float) -> F32:
    """Return what is most likely for one person in one sample; what `_draw` does without randomness."""
    expected = links[-1] + links[rated].sum(axis=0) / np.float32(np.sqrt(max(len(rated), 1)))
    design = titles[rated]
    target = centred - design[:, 0]
    design[:, 0] = 1
    gram = precision + np.float32(noise) * (design.T @ design)
    return np.asarray(np.linalg.solve(gram, precision @ expected + np.float32(noise) * (design.T @ target)), np.float32)
