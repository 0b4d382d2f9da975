"""How good the two heads are, measured on ratings they have not seen."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from recommender.arrays import F64, I64, Bools
from recommender.border import Ratings
from recommender.model import Model

RELEVANT = 4.0


@dataclass(frozen=True, slots=True)
class ListQuality:
    """NDCG and recall of the first ten, averaged over people with something to find, and the share of titles shown."""

    ndcg10: float
    recall10: float
    coverage10: float


def folds(rows: int, count: int = 5, seed: int = 0) -> Iterator[tuple[I64, I64]]:
    """Yield (training rows, test rows) of every fold, the same rows as Surprise's `KFold(count, random_state=seed)`."""
    order = np.arange(rows)
    np.random.RandomState(seed).shuffle(order)
    for test in np.array_split(order, count):
        yield np.setdiff1d(order, test), test


def split_each_user(ratings: Ratings, share: float = 0.2, seed: int = 0) -> tuple[Ratings, Ratings]:
    """Hold out this share of each user's ratings, chosen by seed."""
    chance = np.random.default_rng(seed).random(len(ratings))
    order = np.lexsort((chance, ratings.users))
    _, starts, counts = np.unique(ratings.users[order], return_index=True, return_counts=True)
    place = np.arange(len(order)) - np.repeat(starts, counts)
    held_out: Bools = np.zeros(len(ratings), dtype=bool)
    held_out[order] = place < np.repeat((counts * share).astype(np.int64), counts)
    return ratings.where(~held_out), ratings.where(held_out)


def predictions(model: Model, known: Ratings, asked: Ratings) -> F64:
    """Return the predicted stars of every row of `asked`, each user folded in from their rows of `known`."""
    result = np.empty(len(asked))
    for user, begin, end in _users(asked):
        rated = _of(known, user)
        result[begin:end] = model.predict(rated, asked.titles[begin:end].tolist())
    return result


def rmse(predicted: F64, stars: F64) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(np.mean((predicted - stars) ** 2)))


def list_quality(model: Model, known: Ratings, held_out: Ratings) -> ListQuality:
    """Rank every title a user has not rated in `known`; relevant is what they gave 4 stars or more in `held_out`."""
    discounts = 1 / np.log2(np.arange(10) + 2)
    gains, recalls, shown = [], [], set[int]()
    for user, begin, end in _users(held_out):
        wanted = set(held_out.titles[begin:end][held_out.stars[begin:end] >= RELEVANT].tolist())
        if not wanted:
            continue
        ids = [pick.title_id for pick in model.recommend(_of(known, user), n=10)]
        hits = np.array([number in wanted for number in ids])
        best = discounts[: min(len(wanted), 10)].sum()
        gains.append(float((hits * discounts[: len(ids)]).sum() / best))
        recalls.append(float(hits.sum() / len(wanted)))
        shown.update(ids)
    if not gains:
        return ListQuality(0.0, 0.0, 0.0)
    return ListQuality(float(np.mean(gains)), float(np.mean(recalls)), len(shown) / len(model.title_ids))


def _users(ratings: Ratings) -> Iterator[tuple[int, int, int]]:
    """Yield (user, first row, one past the last row); rows are sorted by user."""
    users, starts, counts = np.unique(ratings.users, return_index=True, return_counts=True)
    yield from zip(users.tolist(), starts.tolist(), (starts + counts).tolist(), strict=True)


def _of(ratings: Ratings, user: int) -> dict[int, float]:
    begin, end = np.searchsorted(ratings.users, [user, user + 1])
    return dict(zip(ratings.titles[begin:end].tolist(), ratings.stars[begin:end].tolist(), strict=True))
