"""How fast the recommender folds people in, and how it grows, on made-up ratings that follow a power law."""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Column, Table

from recommender import Model, Ratings, Title, Titles, train
from recommender.trained import fit_stars_head

GENRES = ("drama", "comedy", "thriller", "romance", "sci-fi", "animation", "crime", "family", "action", "music")
LIST_LENGTH = 20
FEWEST, MOST = 20, 60
LOOP = 10_000


@dataclass(frozen=True)
class Folding:
    """Folding somebody in and picking twenty titles with reasons, beside a fixed loop timed in turn with it."""

    titles: int
    times: int
    median_ms: float
    p99_ms: float
    cpu_ms: float
    loop_median_ms: float
    loop_p99_ms: float


@dataclass(frozen=True)
class Growth:
    """One training in a process of its own: its time and the most memory the process ever had."""

    what: str
    users: int
    titles: int
    ratings: int
    fit_s: float
    peak_mb: float


def measure_folding(titles: int, times: int, seed: int = 0) -> Folding:
    """Train on 30 ratings a title at most 300,000, then fold strangers with 20 to 60 ratings in."""
    catalogue = made_up_titles(titles, seed)
    model = train(made_up_ratings(max(1, titles // 10), titles, min(30 * titles, 300_000), seed), catalogue)
    rng = np.random.default_rng(seed)
    popular = min(titles, max(2 * MOST, titles // 5))
    _fold_somebody_in(model, catalogue, popular, rng)
    took, loops, cpu = list[float](), list[float](), 0.0
    for _ in range(times):
        rated = _somebody(popular, rng)
        begun, busy = time.perf_counter(), time.thread_time()
        model.recommend(rated, n=LIST_LENGTH, titles=catalogue)
        took.append(time.perf_counter() - begun)
        cpu += time.thread_time() - busy
        begun = time.perf_counter()
        sum(number for number in range(LOOP))
        loops.append(time.perf_counter() - begun)
    spans = [1000 * float(np.quantile(values, at)) for values in (took, loops) for at in (0.5, 0.99)]
    return Folding(titles, times, spans[0], spans[1], 1000 * cpu / times, spans[2], spans[3])


def measure_growth(users: int, titles: int, ratings: int, *, both_heads: bool = False) -> Growth:
    """Train once in a fresh process, compiled loops warm."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_train_once, users, titles, ratings, both_heads).result()


def _train_once(users: int, titles: int, ratings: int, both_heads: bool) -> Growth:
    fit_stars_head(made_up_ratings(20, 20, 200, 0), Titles(), 0, rank=16, kept=20)
    rows = made_up_ratings(users, titles, ratings, 0)
    begun = time.perf_counter()
    if both_heads:
        train(rows, made_up_titles(titles, 0))
    else:
        fit_stars_head(rows, Titles(), 0, rank=16, kept=60)
    seconds = time.perf_counter() - begun
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Growth("both heads" if both_heads else "stars head", users, titles, len(rows), seconds, peak_mb)


def made_up_ratings(users: int, titles: int, ratings: int, seed: int) -> Ratings:
    """Draw ratings: few users rate much, few titles are rated much; somewhat fewer are left where pairs repeat."""
    rng = np.random.default_rng(seed)
    busy = rng.pareto(1.3, users) + 1
    each = np.clip(busy / busy.sum() * ratings * 1.3, 1, max(1.0, titles * 0.3)).astype(np.int64)
    fame = 1 / (np.arange(titles) + 20.0) ** 0.9
    who = np.repeat(np.arange(users, dtype=np.int32), each)
    what = rng.choice(titles, len(who), p=fame / fame.sum()).astype(np.int32)
    return Ratings(who, what, (rng.integers(1, 11, len(who)) / 2).astype(np.float32))


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


def _somebody(popular: int, rng: np.random.Generator) -> dict[int, float]:
    size = int(rng.integers(FEWEST, MOST + 1))
    titles = rng.choice(popular, min(size, popular), replace=False).tolist()
    return dict(zip(titles, (rng.integers(1, 11, len(titles)) / 2).tolist(), strict=True))


def _fold_somebody_in(model: Model, catalogue: Titles, popular: int, rng: np.random.Generator) -> None:
    model.recommend(_somebody(popular, rng), n=LIST_LENGTH, titles=catalogue)


def as_tables(folding: Sequence[Folding], growth: Sequence[Growth]) -> list[Table]:
    """Return both as tables for people."""
    numbers = ("titles", "times", "median", "p99", "cpu", "loop median", "loop p99")
    first = Table(*(Column(name, justify="right") for name in numbers), title="fold-in and 20 picks, milliseconds")
    for fold in folding:
        spans = (fold.median_ms, fold.p99_ms, fold.cpu_ms, fold.loop_median_ms, fold.loop_p99_ms)
        first.add_row(f"{fold.titles:,}", str(fold.times), *(f"{span:.2f}" for span in spans))
    names = ("users", "titles", "ratings", "seconds", "peak MB")
    second = Table("training", *(Column(name, justify="right") for name in names), title="growth")
    for row in growth:
        sizes = (f"{size:,}" for size in (row.users, row.titles, row.ratings))
        second.add_row(row.what, *sizes, f"{row.fit_s:.1f}", f"{row.peak_mb:.0f}")
    return [first, second]


def as_json(folding: Sequence[Folding], growth: Sequence[Growth]) -> str:
    """Return both as JSON, with the number of cores that were there."""
    found = {"fold_in": [asdict(row) for row in folding], "growth": [asdict(row) for row in growth]}
    return json.dumps({"cores": os.cpu_count(), **found}, indent=2)
