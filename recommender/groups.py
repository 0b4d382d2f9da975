"""Picks for several people at once, from what each of them would like: nobody's evening is averaged away."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from recommender.arrays import F64, I64

# How sharply a person's wishes fall off below their favourite, which counts 1 (measured on groups of MovieLens).
_SHARPNESS = 0.5
# Everybody starts with the worth of so many favourites, so that no single pick is all or nothing.
_START = 20.0
_FADE = 0.85
# Who got least before counts up to this much more.
_MOST_MORE = 1.0


def pick_together(scores: F64, n: int, *, method: str = "nash", had: Sequence[float] | None = None) -> list[int]:
    """Return the positions of up to `n` candidates for a group, best first.

    `scores` is members x candidates, what orders each member's own list; -inf where a member vetoes. `had` is what
    each member got of earlier lists (see `satisfaction`): who got least counts more. Methods: `nash` (the product
    of what members have is made large, pick by pick), `turns` (the least satisfied member picks next), and for
    comparison `average`, `least_misery`, `average_without_misery`, `borda`, `reciprocal_rank`.
    """
    open_to_all = np.flatnonzero(np.isfinite(scores).all(axis=0))
    if not len(open_to_all) or not len(scores):
        return []
    z = _on_one_footing(scores[:, open_to_all])
    before = np.zeros(len(z)) if had is None else np.asarray(had, dtype=np.float64)
    chosen = _METHODS[method](z, before, min(n, len(open_to_all)))
    return [int(open_to_all[at]) for at in chosen]


def satisfaction(scores: F64, picked: Sequence[int]) -> F64:
    """Return how much each member got from a list, 0 to 1: of what their own best list of that length gives."""
    if not len(picked):
        return np.zeros(len(scores))
    allowed = np.isfinite(scores).all(axis=0)
    gains = _gains(_on_one_footing(scores[:, allowed]))
    place = np.cumsum(allowed) - 1
    fade = _FADE ** np.arange(len(picked))
    best = np.sort(gains, axis=1)[:, ::-1][:, : len(picked)] @ fade
    got: F64 = gains[:, place[list(picked)]] @ fade / best
    return got


def worth(scores: F64, picked: Sequence[int]) -> F64:
    """Return how much each picked title alone is to each member (members x picked), 0 to 1: of their own favourite."""
    allowed = np.isfinite(scores).all(axis=0)
    place = np.cumsum(allowed) - 1
    gains = _gains(_on_one_footing(scores[:, allowed]))
    alone: F64 = gains[:, place[list(picked)]]
    return alone


def _on_one_footing(scores: F64) -> F64:
    """Return each member's scores with mean 0 and deviation 1, so that nobody is louder than another."""
    spread = scores.std(axis=1, keepdims=True)
    level = scores.mean(axis=1, keepdims=True)
    return np.asarray((scores - level) / np.where(spread > 0, spread, 1.0), dtype=np.float64)


def _gains(z: F64) -> F64:
    gains: F64 = np.exp(_SHARPNESS * (z - z.max(axis=1, keepdims=True)))
    return gains


def counts_more(had: Sequence[float]) -> F64:
    """Return how much more than the luckiest each member counts now: 0, or up to 1 for who got nothing."""
    before = np.asarray(had, dtype=np.float64)
    return np.asarray(np.minimum(before.max(initial=0.0) - before, _MOST_MORE), dtype=np.float64)


def _nash(z: F64, had: F64, n: int) -> list[int]:
    gains = _gains(z) / _gains(z).sum(axis=1, keepdims=True)
    gains *= (1 + counts_more(had.tolist()))[:, None]
    have = np.full(len(z), _START * float(gains.max(axis=1).mean()))
    chosen: list[int] = []
    fade = 1.0
    for _ in range(n):
        worth = np.log1p(fade * gains / have[:, None]).sum(axis=0)
        worth[chosen] = -np.inf
        best = int(np.argmax(worth))
        chosen.append(best)
        have += fade * gains[:, best]
        fade *= _FADE
    return chosen


def _turns(z: F64, had: F64, n: int) -> list[int]:
    gains = _gains(z)
    share = had.copy()
    chosen: list[int] = []
    for _ in range(n):
        # Among the favourites of whose turn it is, the one that suits the others best.
        wish = gains[int(np.argmin(share))] + 0.25 * gains.mean(axis=0)
        wish[chosen] = -np.inf
        best = int(np.argmax(wish))
        chosen.append(best)
        share += gains[:, best]
    return chosen


def _by(worth: Callable[[F64], F64]) -> Callable[[F64, F64, int], list[int]]:
    def choose(z: F64, had: F64, n: int) -> list[int]:
        return [int(at) for at in np.argsort(-worth(z), kind="stable")[:n]]

    return choose


def _average(z: F64) -> F64:
    mean: F64 = z.mean(axis=0)
    return mean


def _least_misery(z: F64) -> F64:
    least: F64 = z.min(axis=0)
    return least


def _average_without_misery(z: F64) -> F64:
    mean: F64 = np.where(z.min(axis=0) < 0, z.min(axis=0) - 10, z.mean(axis=0))
    return mean


def _ranks(z: F64) -> I64:
    ranks = np.empty(z.shape, dtype=np.int64)
    np.put_along_axis(ranks, np.argsort(-z, axis=1, kind="stable"), np.arange(z.shape[1])[None, :], axis=1)
    return ranks


def _borda(z: F64) -> F64:
    points: F64 = -_ranks(z).mean(axis=0)
    return points


def _reciprocal_rank(z: F64) -> F64:
    points: F64 = (1 / (60 + _ranks(z))).sum(axis=0)
    return points


_METHODS: Mapping[str, Callable[[F64, F64, int], list[int]]] = {
    "nash": _nash,
    "turns": _turns,
    "average": _by(_average),
    "least_misery": _by(_least_misery),
    "average_without_misery": _by(_average_without_misery),
    "borda": _by(_borda),
    "reciprocal_rank": _by(_reciprocal_rank),
}
METHODS = tuple(_METHODS)
