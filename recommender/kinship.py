"""How alike titles are in what they are: the angle between their genres, people, keywords, decade, country."""

import numpy as np

from recommender.arrays import F32, I64, Sparse
from recommender.cells import cells_of
from recommender.features import NUMERIC


def words_only(features: Sparse, names: tuple[str, ...]) -> Sparse:
    """Return features (titles x names) without numbers, each row of length one; a title without words has none."""
    spoken = np.array([name not in NUMERIC for name in names], dtype=np.float32)
    words = features.copy()  # scipy may sort the cells of a row in place
    words.data *= spoken[words.indices]
    lengths = np.sqrt(np.asarray(words.power(2).sum(axis=1), dtype=np.float32).ravel())
    words.data /= np.repeat(np.where(lengths > 0, lengths, np.float32(1)), np.diff(words.indptr))
    return words


def kinship_to(words: Sparse, title: int) -> F32:
    """Return how alike each title is to this one, 0 to 1."""
    one = np.zeros(words.shape[1], dtype=np.float32)
    columns, values, _ = cells_of(words, np.array([title]))
    one[columns] = values
    return np.asarray(words @ one, dtype=np.float32)


def kinship_among(words: Sparse, titles: I64) -> F32:
    """Return how alike each two of a few titles are: titles x titles."""
    columns, values, lengths = cells_of(words, titles)
    names, at = np.unique(columns, return_inverse=True)
    rows = np.zeros((len(titles), len(names)), dtype=np.float32)
    rows[np.repeat(np.arange(len(titles)), lengths), at] = values
    return rows @ rows.T
