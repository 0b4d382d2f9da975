"""How much each member of the stars head counts: ridge regression on rows the members have not seen."""

import numpy as np

from recommender.arrays import F64

EXPECTED: F64 = np.array([0.5, 0.6, 0.4])
"""The weights of factors, neighbours and taste when there is nothing to learn them from."""
_EXPECTED_OF_FULL: F64 = np.array([0.2, 0.3, 0.1, 0.6])
_ROWS_TO_BELIEVE = 1000
_STRENGTH = 2.0


def expected_of_full(rows: int) -> F64:
    """Return the same with the linked factors of the full tier, which come last: they need ratings to be worth it."""
    trust = rows / (rows + _ROWS_TO_BELIEVE)
    return np.asarray(trust * _EXPECTED_OF_FULL + (1 - trust) * np.append(EXPECTED, 0.0), dtype=np.float64)


def fit_blend(terms: F64, errors: F64, expected: F64) -> F64:
    """Return a weight for each column of `terms` that best explains `errors`; few rows leave what is expected."""
    gram = terms.T @ terms + _STRENGTH * np.eye(len(expected))
    return np.asarray(expected + np.linalg.solve(gram, terms.T @ (errors - terms @ expected)), dtype=np.float64)
