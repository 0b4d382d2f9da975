"""What a few likes hint at: item-item regression for people of whose taste only a small part is known.

The matrix of `recommender.ranking` takes a title without a rating for one that was passed over. Of somebody with three
ratings that is wrong: their other titles are only unknown. When each like of a person is known with probability q, the
best linear prediction is the ridge regression on likes of which all but a share q were struck out. It has a closed
form too: B = (q G + (1 - q) D)^-1 G, where G is the gram matrix of likes and D its diagonal (Steck 2020, on dropout in
linear autoencoders). Scaled by D, G is kept by its few strongest directions, and then every q is only another filter
over them: as q goes to 0 it counts who liked both, and the more is known the more it solves for what is new.
"""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from recommender.arrays import F32, I64, Sparse

RANK = 64
# Directions followed beside those that are kept, and how often: subspace iteration (Halko, Martinsson, Tropp 2011).
_MORE, _ROUNDS = 16, 4
_RIDGE = 20.0
# Who has rated so many times the usual number is half known.
_HALF_KNOWN = 2.0
_LEAST = 1e-6


@dataclass(frozen=True, eq=False)
class Hints:
    """The strongest directions of likes among titles: a row of `vectors` and a `scale` for each title."""

    vectors: F32
    strengths: F32
    """How strong each direction is, the strongest first."""
    scale: F32
    usual: float
    """How many ratings people have on average."""

    def told(self, rows: I64, liked: F32, known: int) -> F32:
        """Return what likes of the titles at `rows` hint for every title, of somebody with `known` ratings in all."""
        heard = (liked / self.scale[rows]) @ self.vectors[rows]
        return np.asarray((self.vectors @ (heard * self._filter(known))) * self.scale, dtype=np.float32)

    def pulls(self, rows: I64, liked: F32, titles: I64, known: int) -> F32:
        """Return what each like adds to `told` of some titles: rows x titles."""
        heard = self.vectors[rows] * (liked / self.scale[rows])[:, None] * self._filter(known)
        return np.asarray((heard @ self.vectors[titles].T) * self.scale[titles], dtype=np.float32)

    def _filter(self, known: int) -> F32:
        part = np.float32(known / (known + _HALF_KNOWN * self.usual)) if known else np.float32(0)
        return np.asarray(self.strengths / (part * self.strengths + (1 - part)), dtype=np.float32)


def fit_hints(liked: Sparse, usual: float, rng: np.random.Generator) -> Hints:
    """Find the strongest directions of likes (people x titles); who likes much counts less for each of their likes."""
    counts = np.diff(liked.indptr)
    typical = float(np.median(counts[counts > 0])) if liked.nnz else 1.0
    weight = (np.maximum(counts, 1) / typical) ** -0.25
    weighed = sparse.csr_array((liked.data * np.repeat(weight, counts), liked.indices, liked.indptr), liked.shape)
    squares = np.bincount(liked.indices, weighed.data.astype(np.float64) ** 2, liked.shape[1])
    scale = np.sqrt(squares + _RIDGE).astype(np.float32)
    weighed.data = (weighed.data / scale[liked.indices]).astype(np.float32)
    turned = weighed.T.tocsr()
    size = min(RANK + _MORE, liked.shape[1])
    basis = rng.standard_normal((liked.shape[1], size), dtype=np.float32)
    for _ in range(_ROUNDS if size else 0):
        basis, _ = np.linalg.qr(turned @ (weighed @ basis))
    mapped = weighed @ basis
    strengths, turn = np.linalg.eigh(mapped.T @ mapped) if size else (np.zeros(0), np.zeros((0, 0)))
    kept = np.flatnonzero(strengths > _LEAST)[::-1][:RANK]
    vectors = np.ascontiguousarray(basis @ turn[:, kept], dtype=np.float32)
    return Hints(vectors, strengths[kept].astype(np.float32), scale, usual)
