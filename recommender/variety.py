"""A list that does not say the same thing ten times: of titles nearly as good, the one least like those before it."""

import numpy as np

from recommender.arrays import F32, I64

VARIETY = 1.0
"""What lists for people are made with: titles a tenth less alike, for a hundredth of NDCG@10 (MovieLens 100k)."""
WINDOW = 24
"""How many of the best titles left are weighed against each other for each place of a list."""


def spread_out(worth: F32, kinship: F32, n: int, strength: float) -> I64:
    """Return the places of up to `n` titles in a varied order (maximal marginal relevance, Carbonell 1998).

    `worth` is what orders the list, best first, and `kinship` (0 to 1) how alike two titles are. A title loses up to
    `strength`, in units of worth, by how alike it is to the nearest title already listed. The first places do not
    depend on `n`, so that a longer list begins with the shorter one.
    """
    left = np.array(worth, dtype=np.float32)
    nearest = np.zeros(len(left), dtype=np.float32)
    chosen = np.empty(min(n, len(left)), dtype=np.int64)
    for place in range(len(chosen)):
        open_to = slice(0, place + WINDOW)
        best = int(np.argmax(left[open_to] - np.float32(strength) * nearest[open_to]))
        chosen[place] = best
        left[best] = -np.inf
        np.maximum(nearest, kinship[best], out=nearest)
    return chosen
