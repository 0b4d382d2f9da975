"""The best of many scores, without sorting them all."""

from collections.abc import Iterator

import numpy as np

from recommender.arrays import F32, I64, Bools, sealed

_GROWTH = 8


def best_first(scores: F32, ids: I64, wanted: int, allowed: Bools | None = None) -> Iterator[int]:
    """Yield places from the best score down, of equal scores the smaller id first; -inf never comes.

    So many as are wanted are sorted at first, and more only when they are asked for.
    """
    allowed = np.ones(len(scores), dtype=bool) if allowed is None else allowed
    from recommender.loops import best_places

    done, wanted = 0, max(wanted, 1)
    while True:
        found = best_places(sealed(scores), sealed(ids), sealed(allowed), wanted).tolist()
        yield from found[done:]
        if len(found) < wanted:
            return
        done, wanted = wanted, wanted * _GROWTH
