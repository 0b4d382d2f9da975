"""One evaluation of the recommender as numbers under fixed names, beside its peers where they are asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from recommender import evaluate
from recommender.arrays import F64, I64
from recommender.border import Ratings
from recommender.evaluate import ListQuality, StarQuality, Stopwatch, Tick
from recommender.files import RatingTable
from recommender.memory import peak_mb
from recommender.model import Model, Tier, train
from recommender.titles import Titles
from recommender.variety import VARIETY
from recommender.warm import warm


@dataclass(frozen=True)
class Questions:
    """What to measure: stars always (by folds, or on `test`), the others when they are asked for."""

    folds: int = 5
    seed: int = 0
    tier: Tier = "instant"
    rank: bool = False
    cold: Sequence[int] = ()
    groups: bool = False
    ties: bool = False
    peers: bool = False
    stars: bool = field(default=True)


def report(
    table: RatingTable, titles: Titles, asked: Questions, tick: Tick, *, test: RatingTable | None = None
) -> dict[str, Any]:
    """Return what was asked for.

    Keys: `rmse`, `mae`, `fit_s`, `predict_s` (means of the folds), `peak_mb` (of the process until all of ours is
    measured), `folds`; `rank` (`ndcg10`, `recall10`, `coverage10`, with
    titles `alike10`, and under `varied` the same of lists made less alike); `cold` (n -> `rmse`, `ndcg10`); `groups`
    (method -> `mean`, `min`) and `groups_nash_above` (method -> 95 % intervals of the differences); `ties` (size ->
    share; only sizes for which there are enough people); `peers` (name -> the same keys, and `ratio`: theirs to ours,
    None where ours is 0). Compiled loops are warm before anything is timed. ValueError says what the ratings are too
    few for.
    """
    if test is None and len(table) < asked.folds:
        raise ValueError(f"{len(table)} ratings cannot be parted into {asked.folds} folds")
    warm()
    relevant = float(table.scale.to_stars(np.array([table.scale.relevant]))[0])
    found: dict[str, Any] = {}
    parts = [
        (table, train_rows, test_rows) for train_rows, test_rows in evaluate.folds(len(table), asked.folds, asked.seed)
    ]
    if test is not None:
        parts = [_joined(table, test)]
    if asked.stars:
        found |= _stars(parts, titles, asked, tick)
    if asked.rank:
        found["rank"] = _rank(table.ratings(), titles, asked, relevant, tick)
    if asked.cold:
        found["cold"] = _cold(table, titles, asked, relevant, tick)
    if asked.groups:
        found |= _groups(table.ratings(), titles, asked, relevant, tick)
    if asked.ties:
        found["ties"] = _ties(table.ratings(), titles, asked)
    found["peak_mb"] = peak_mb()
    if asked.peers:
        found["peers"] = _peers(parts, table, asked, relevant, found, tick)
    return found


def _trainer(titles: Titles, asked: Questions) -> Callable[[Ratings], Model]:
    return lambda ratings: train(ratings, titles, seed=asked.seed, tier=asked.tier)


def _joined(table: RatingTable, test: RatingTable) -> tuple[RatingTable, I64, I64]:
    if test.scale != table.scale:
        raise ValueError("the files rate on different scales; --scale names one for both")
    both = RatingTable(
        np.concatenate([table.users, test.users]),
        np.concatenate([table.titles, test.titles]),
        np.concatenate([table.values, test.values]),
        None,
        table.scale,
        0,
    )
    return both, np.arange(len(table)), np.arange(len(table), len(both))


def _stars(
    parts: Sequence[tuple[RatingTable, I64, I64]], titles: Titles, asked: Questions, tick: Tick
) -> dict[str, Any]:
    judged = []
    for number, (table, train_rows, test_rows) in enumerate(parts):
        tick("stars", number / len(parts))
        judged.append(star_quality(table, train_rows, test_rows, titles, asked))
    whole = evaluate.averaged(judged)
    return {**asdict(whole), "folds": [asdict(part) for part in judged]}


def star_quality(table: RatingTable, train_rows: I64, test_rows: I64, titles: Titles, asked: Questions) -> StarQuality:
    """Train on some rows and predict the others, each user folded in from their training rows."""
    known = table.ratings(train_rows)
    watch = Stopwatch()
    model = train(known, titles, seed=asked.seed, tier=asked.tier)
    fit_s = watch.lap()
    stars = model.predict_rows(known, table.users[test_rows], table.titles[test_rows])
    values = table.scale.from_stars(stars)
    predict_s = watch.lap()
    truth = table.values[test_rows]
    return StarQuality(evaluate.rmse(values, truth), evaluate.mae(values, truth), fit_s, predict_s)


def _rank(ratings: Ratings, titles: Titles, asked: Questions, relevant: float, tick: Tick) -> dict[str, Any]:
    known, held_out = evaluate.split_each_user(ratings, seed=asked.seed)
    model = _trainer(titles, asked)(known)

    def measured(variety: float) -> dict[str, float]:
        quality = evaluate.list_quality(model, known, held_out, relevant=relevant, variety=variety, tick=tick)
        return _told(quality)

    return {**measured(0.0), "varied": {"strength": VARIETY, **measured(VARIETY)}}


def _told(quality: ListQuality) -> dict[str, float]:
    return {key: value for key, value in asdict(quality).items() if value is not None}


def _cold(table: RatingTable, titles: Titles, asked: Questions, relevant: float, tick: Tick) -> dict[str, Any]:
    # Stars and the file's scale differ by one factor, and so do errors on them.
    factor = float(np.diff(table.scale.from_stars(np.array([1.0, 2.0])))[0])
    found = evaluate.cold_start(
        _trainer(titles, asked), table.ratings(), asked.cold, seed=asked.seed, relevant=relevant, tick=tick
    )
    return {str(size): {"rmse": error * factor, "ndcg10": ndcg} for size, (error, ndcg) in found.items()}


def _ties(ratings: Ratings, titles: Titles, asked: Questions) -> dict[str, float]:
    _, counts = np.unique(ratings.users, return_counts=True)
    sizes = [(people, each) for people, each in evaluate.YOUNG if np.count_nonzero(counts >= each) >= people]
    if not sizes:
        raise ValueError("--ties needs {} people with {} ratings each".format(*evaluate.YOUNG[0]))
    return {
        f"{people}x{each}": evaluate.ties(_trainer(titles, asked), ratings, titles, people, each, asked.seed)
        for people, each in sizes
    }


def _groups(ratings: Ratings, titles: Titles, asked: Questions, relevant: float, tick: Tick) -> dict[str, Any]:
    known, held_out = evaluate.split_each_user(ratings, seed=asked.seed)
    model: Model = _trainer(titles, asked)(known)
    found = evaluate.group_quality(model, known, held_out, seed=asked.seed, relevant=relevant, tick=tick)

    def column(method: str, name: str) -> F64:
        return np.array([getattr(quality, name) for quality in found[method]])

    above: dict[str, Mapping[str, tuple[float, float]]] = {
        method: {
            name: evaluate.surely_above(column("nash", name), column(method, name), seed=asked.seed)
            for name in ("mean", "min")
        }
        for method in ("average", "least_misery")
    }
    means = {method: {name: float(column(method, name).mean()) for name in ("mean", "min")} for method in found}
    return {"groups": means, "groups_nash_above": above}


def _peers(
    parts: Sequence[tuple[RatingTable, I64, I64]],
    table: RatingTable,
    asked: Questions,
    relevant: float,
    ours: Mapping[str, Any],
    tick: Tick,
) -> dict[str, Any]:
    from recommender import peers

    names = peers.peers_for(len(np.unique(table.titles)))
    found: dict[str, dict[str, Any]] = {}
    if asked.stars:
        judged: dict[str, list[StarQuality]] = {}
        for number, (rows, train_rows, test_rows) in enumerate(parts):
            tick("peers' stars", number / len(parts))
            for name, quality in peers.star_quality(rows, train_rows, test_rows, names).items():
                judged.setdefault(name, []).append(quality)
        for name, folds in judged.items():
            whole = asdict(evaluate.averaged(folds))
            ratio = {key: _ratio(whole[key], ours[key]) for key in ("rmse", "mae", "fit_s", "predict_s")}
            found[name] = {**whole, "ratio": ratio}
    if asked.rank:
        known, held_out = evaluate.split_each_user(table.ratings(), seed=asked.seed)
        titles = len(np.unique(table.titles))
        for name, top in peers.listing(known, relevant, names):
            tick(f"{name}'s list", 0)
            listed = evaluate.quality_of(top, held_out, titles, relevant=relevant)
            mine = found.setdefault(name, {})
            mine["rank"] = _told(listed)
            mine.setdefault("ratio", {})["ndcg10"] = _ratio(listed.ndcg10, ours["rank"]["ndcg10"])
    return found


def _ratio(theirs: float, ours: float) -> float | None:
    return theirs / ours if ours else None
