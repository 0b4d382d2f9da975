"""The algorithms that the recommender is measured beside: Surprise's, plain popularity, and `implicit`'s."""

import contextlib
import io
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse
from surprise import SVD, AlgoBase, BaselineOnly, Dataset, KNNBaseline, Reader

from recommender.arrays import F64, I64
from recommender.border import Ratings
from recommender.evaluate import LISTED, StarQuality, Stopwatch, Top, mae, rmse
from recommender.files import RatingTable

# Surprise's KNN holds five titles x titles arrays of eight bytes.
_KNN_BYTES, _MOST_KNN_BYTES = 40, 4 * 2**30


@dataclass(frozen=True, slots=True)
class Judged:
    """A peer's predictions of the test rows, and what they took."""

    values: F64
    fit_s: float
    predict_s: float


def _knn() -> AlgoBase:
    return KNNBaseline(sim_options={"name": "pearson_baseline", "user_based": False}, verbose=False)


ALGORITHMS: Mapping[str, Callable[[], AlgoBase]] = {
    "BaselineOnly": lambda: BaselineOnly(verbose=False),
    "SVD": lambda: SVD(random_state=0),
    "KNNBaseline": _knn,
}
MEAN, POPULAR = "mean of SVD and KNN", "most popular"
MEMBERS = ("SVD", "KNNBaseline")


def peers_for(titles: int) -> list[str]:
    """Return the Surprise algorithms that this many titles leave room for."""
    return [name for name in ALGORITHMS if name != "KNNBaseline" or _KNN_BYTES * titles**2 <= _MOST_KNN_BYTES]


def star_quality(table: RatingTable, train: I64, test: I64, names: list[str]) -> dict[str, StarQuality]:
    """Fit Surprise's algorithms on some rows and judge them on others; with SVD and KNN, their mean as well."""
    trainset = _trainset(table, train)
    asked = [
        (int(user), int(title), float(value))
        for user, title, value in zip(table.users[test], table.titles[test], table.values[test], strict=True)
    ]
    judged = {name: _judge(name, trainset, asked) for name in names}
    if set(MEMBERS) <= set(names):
        parts = [judged[name] for name in MEMBERS]
        judged[MEAN] = Judged(
            np.asarray(np.mean([part.values for part in parts], axis=0), dtype=np.float64),
            sum(part.fit_s for part in parts),
            sum(part.predict_s for part in parts),
        )
    return {
        name: StarQuality(
            rmse(one.values, table.values[test]), mae(one.values, table.values[test]), one.fit_s, one.predict_s
        )
        for name, one in judged.items()
    }


def _judge(name: str, trainset: Any, asked: list[tuple[int, int, float]]) -> Judged:
    watch = Stopwatch()
    algorithm = _fitted(name, trainset)
    fit_s = watch.lap()
    values = np.array([prediction.est for prediction in algorithm.test(asked)])
    return Judged(values, fit_s, watch.lap())


def _fitted(name: str, trainset: Any) -> AlgoBase:
    algorithm = ALGORITHMS[name]()
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # some of Surprise's algorithms print whatever they are told
            return algorithm.fit(trainset)
    except ZeroDivisionError:
        raise ValueError(f"Surprise's {name} cannot learn from these ratings: it divides by their spread") from None


def _trainset(table: RatingTable, rows: I64 | slice) -> Any:
    frame = pd.DataFrame({"user": table.users[rows], "item": table.titles[rows], "rating": table.values[rows]})
    reader = Reader(rating_scale=(table.scale.low, table.scale.high))
    return Dataset.load_from_df(frame, reader).build_full_trainset()


def listing(known: Ratings, relevant: float, names: list[str]) -> Iterator[tuple[str, Top]]:
    """Yield every peer as something that lists titles for a user of `known`, each fitted when its turn comes."""
    users, user_of = np.unique(known.users, return_inverse=True)
    titles, title_of = np.unique(known.titles, return_inverse=True)
    seen = sparse.csr_array((known.stars, (user_of, title_of)), shape=(len(users), len(titles)))
    liked = known.where(known.stars >= relevant)
    counts = np.zeros(len(titles))
    np.add.at(counts, np.searchsorted(titles, liked.titles), 1)

    def best(user: int, scores: F64) -> list[int]:
        row = int(np.searchsorted(users, user))
        open_scores = scores.copy()
        open_scores[seen.indices[seen.indptr[row] : seen.indptr[row + 1]]] = -np.inf
        return [int(titles[at]) for at in np.argsort(-open_scores, kind="stable")[:LISTED]]

    yield POPULAR, lambda user: best(user, counts)
    yield from _surprise_lists(known, users, titles, names, best)
    yield from _implicit_lists(seen, users, best)


def _surprise_lists(
    known: Ratings, users: I64, titles: I64, names: list[str], best: Callable[[int, F64], list[int]]
) -> Iterator[tuple[str, Top]]:
    frame = pd.DataFrame({"user": known.users, "item": known.titles, "rating": known.stars})
    trainset = Dataset.load_from_df(frame, Reader(rating_scale=(0.5, 5))).build_full_trainset()
    fitted: dict[str, dict[int, F64]] = {}
    for name in names:
        algorithm = _fitted(name, trainset)
        rows = fitted.setdefault(name, {})

        def top(user: int, algorithm: AlgoBase = algorithm, rows: dict[int, F64] = rows) -> list[int]:
            if user not in rows:
                rows[user] = np.array([algorithm.predict(user, int(title)).est for title in titles])
            return best(user, rows[user])

        yield name, top
    if set(MEMBERS) <= set(names):
        yield MEAN, lambda user: best(user, np.mean([fitted[name][user] for name in MEMBERS], axis=0))


def _implicit_lists(seen: Any, users: I64, best: Callable[[int, F64], list[int]]) -> Iterator[tuple[str, Top]]:
    """ALS and BM25 of the package `implicit`, where it is installed (a development extra)."""
    try:
        from implicit.als import AlternatingLeastSquares
        from implicit.nearest_neighbours import BM25Recommender
    except ImportError:
        return
    weights = sparse.csr_matrix(seen.astype(np.float32))
    weights.data = np.clip((weights.data - 2.5) / 1.5, 0.1, 2.0).astype(np.float32)
    with warnings.catch_warnings():
        # Advice about threads and formats: how the package goes about it is its own business.
        warnings.simplefilter("ignore")
        als = AlternatingLeastSquares(
            factors=64, regularization=0.05, alpha=10, iterations=20, num_threads=1, random_state=0
        )
        bm25 = BM25Recommender(K=100)
        for model in (als, bm25):
            model.fit(weights, show_progress=False)
    for name, model in (("implicit ALS", als), ("implicit BM25", bm25)):

        def top(user: int, model: Any = model) -> list[int]:
            row = int(np.searchsorted(users, user))
            ids, scores = model.recommend(row, weights[row], N=LISTED, filter_already_liked_items=True)
            full = np.full(weights.shape[1], -np.inf)
            full[ids] = scores
            return best(user, full)

        yield name, top
