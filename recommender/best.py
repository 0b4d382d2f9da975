"""The best of many scores, without sorting them all."""

from collections.abc import Iterator

import numpy as np

from recommender.arrays import F32, I64

_SAMPLE = 2048
_GROWTH = 8


def best_first(scores: F32, ids: I64, wanted: int) -> Iterator[int]:
    """Yield places from the best score down, of equal scores the smaller id first; -inf never comes.

    About `wanted` of them are sorted at first, and more only when they are asked for.
    """
    above = np.inf
    while above > -np.inf:
        least = _bound(scores, wanted)
        found = np.flatnonzero(scores >= least)
        found = found[(scores[found] < above) & (scores[found] > -np.inf)]
        yield from found[np.lexsort((ids[found], -scores[found]))].tolist()
        above, wanted = least, max(wanted, 1) * _GROWTH


def _bound(scores: F32, wanted: int) -> float:
    """Return a score that about `wanted` reach, judged by every n-th of many scores."""
    step = max(1, len(scores) // _SAMPLE)
    sample = scores[::step]
    place = wanted // step + (2 if step > 1 else 0)
    if place >= len(sample) // 2:
        return -np.inf
    return float(np.partition(sample, len(sample) - 1 - place)[len(sample) - 1 - place])
