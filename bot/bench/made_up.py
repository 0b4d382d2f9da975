"""Made-up people, ratings and titles for measuring the recommender; this module brings nothing of the bot with it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recommender import Ratings, Title, Titles

GENRES = ("drama", "comedy", "thriller", "romance", "sci-fi", "animation", "crime", "family", "action", "music")
# Nobody rates more than this share of all titles.
_MOST = 0.3
_USERS_AT_ONCE = 1024
_DRAWS = 2.5


def made_up_ratings(users: int, titles: int, ratings: int, seed: int) -> Ratings:
    """Draw about so many ratings: few users rate much, few titles are rated much, by a power law each."""
    rng = np.random.default_rng(seed)
    busy = rng.pareto(1.3, users) + 1
    wanted = _adding_up(busy, ratings, max(1.0, titles * _MOST))
    fame = np.cumsum(1 / (np.arange(titles) + 20.0) ** 0.9)
    users_of, titles_of = (np.empty(int(wanted.sum()), dtype=np.int32) for _ in range(2))
    done = 0
    for begin in range(0, users, _USERS_AT_ONCE):
        each = wanted[begin : begin + _USERS_AT_ONCE]
        # some titles are drawn twice by one user, so more are drawn than are kept
        who = np.repeat(np.arange(len(each)), np.ceil(each * _DRAWS).astype(np.int64))
        what = np.searchsorted(fame, rng.random(len(who)) * fame[-1])
        who, what = np.divmod(np.unique(who * titles + what), titles)
        order = np.lexsort((rng.random(len(who)), who))
        kept = np.zeros(len(who), dtype=bool)
        kept[order] = np.arange(len(who)) - np.searchsorted(who, np.arange(len(each)))[who] < each[who]
        end = done + int(kept.sum())
        users_of[done:end], titles_of[done:end] = begin + who[kept], what[kept]
        done = end
    stars = rng.integers(1, 11, done, dtype=np.int8) / np.float32(2)
    return Ratings(users_of[:done], titles_of[:done], stars)


def _adding_up(shares: NDArray[np.float64], total: int, most: float) -> NDArray[np.int64]:
    """Return whole numbers from 1 to `most` in these proportions that add up to about `total`."""
    low, high = 0.0, float(total)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.clip(shares * middle, 1, most).sum() < total else (low, middle)
    return np.round(np.clip(shares * high, 1, most)).astype(np.int64)


def made_up_titles(titles: int, seed: int) -> Titles:
    """Draw titles with genres, people, years and votes."""
    rng = np.random.default_rng(seed)
    return Titles(
        Title(
            id=number,
            kind="film" if rng.random() < 0.7 else "series",
            year=int(rng.integers(1970, 2027)),
            genres=tuple(GENRES[at] for at in rng.integers(0, len(GENRES), 2)),
            people=tuple(f"person {at}" for at in rng.integers(0, max(1, titles // 3), 5)),
            country="KR" if rng.random() < 0.5 else "US",
            vote_average=float(rng.normal(6.8, 1)),
            vote_count=int(rng.integers(5, 5000)),
        )
        for number in range(titles)
    )
