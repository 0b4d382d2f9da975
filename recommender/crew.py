"""Shares rows out to threads; compiled loops let go of the GIL, so the threads run side by side."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from recommender.arrays import I64

_WORTH_A_THREAD = 2_000_000
_PARTS_EACH = 8


def hands() -> int:
    """Return how many threads may work: what the environment allows a numeric library, at most one a core."""
    allowed = [os.environ.get(name, "") for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")]
    limits = [int(limit) for limit in allowed if limit.isdecimal() and int(limit)]
    return min([len(os.sched_getaffinity(0)), *limits])


def share_out(work: Callable[[int, int], None], costs: I64) -> None:
    """Call work(first, last) so that every row is in one range; `costs` says how much work each row is."""
    rows, total = len(costs), int(costs.sum())
    crew = hands()
    if crew == 1 or total < _WORTH_A_THREAD:
        work(0, rows)
        return
    parts = crew * _PARTS_EACH
    done = np.cumsum(costs)
    cuts = np.searchsorted(done, np.arange(1, parts) * (total / parts))
    bounds = np.unique(np.concatenate([[0], cuts, [rows]])).tolist()
    with ThreadPoolExecutor(crew) as pool:
        list(pool.map(work, bounds[:-1], bounds[1:]))
