"""How fast the recommender folds people in, and how it grows, on made-up ratings that follow a power law."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from rich.table import Column, Table

from bot.bench.growing import Growth
from bot.bench.made_up import made_up_ratings, made_up_titles
from recommender import Model, Titles, train

LIST_LENGTH = 20
FEWEST, MOST = 20, 60
LOOP = 10_000


@dataclass(frozen=True)
class Folding:
    """Folding somebody in and picking twenty titles with reasons, beside a fixed loop timed in turn with it.

    `cpu` is what the thread itself spent, which the machine's other work blurs least.
    """

    titles: int
    times: int
    median_ms: float
    p99_ms: float
    cpu_median_ms: float
    cpu_p99_ms: float
    loop_median_ms: float
    loop_p99_ms: float


def measure_folding(titles: int, times: int, seed: int = 0) -> Folding:
    """Train on 30 ratings a title at most 300,000, then fold strangers with 20 to 60 ratings in."""
    catalogue = made_up_titles(titles, seed)
    model = train(made_up_ratings(max(1, titles // 10), titles, min(30 * titles, 300_000), seed), catalogue)
    rng = np.random.default_rng(seed)
    popular = min(titles, max(2 * MOST, titles // 5))
    _fold_somebody_in(model, catalogue, popular, rng)
    took, cpu, loops = list[float](), list[float](), list[float]()
    for _ in range(times):
        rated = _somebody(popular, rng)
        begun, busy = time.perf_counter(), time.thread_time()
        model.recommend(rated, n=LIST_LENGTH, titles=catalogue)
        took.append(time.perf_counter() - begun)
        cpu.append(time.thread_time() - busy)
        begun = time.perf_counter()
        sum(number for number in range(LOOP))
        loops.append(time.perf_counter() - begun)
    return Folding(
        titles, times, *(1000 * float(np.quantile(values, at)) for values in (took, cpu, loops) for at in (0.5, 0.99))
    )


def _somebody(popular: int, rng: np.random.Generator) -> dict[int, float]:
    size = int(rng.integers(FEWEST, MOST + 1))
    titles = rng.choice(popular, min(size, popular), replace=False).tolist()
    return dict(zip(titles, (rng.integers(1, 11, len(titles)) / 2).tolist(), strict=True))


def _fold_somebody_in(model: Model, catalogue: Titles, popular: int, rng: np.random.Generator) -> None:
    model.recommend(_somebody(popular, rng), n=LIST_LENGTH, titles=catalogue)


def as_tables(folding: Sequence[Folding], growth: Sequence[Growth]) -> list[Table]:
    """Return both as tables for people."""
    numbers = ("titles", "times", "median", "p99", "cpu median", "cpu p99", "loop median", "loop p99")
    first = Table(*(Column(name, justify="right") for name in numbers), title="fold-in and 20 picks, milliseconds")
    for fold in folding:
        spans = (
            fold.median_ms,
            fold.p99_ms,
            fold.cpu_median_ms,
            fold.cpu_p99_ms,
            fold.loop_median_ms,
            fold.loop_p99_ms,
        )
        first.add_row(f"{fold.titles:,}", str(fold.times), *(f"{span:.2f}" for span in spans))
    names = ("users", "titles", "ratings", "seconds", "cpu seconds", "peak MB")
    second = Table("training", *(Column(name, justify="right") for name in names), title="growth")
    for row in growth:
        sizes = (f"{size:,}" for size in (row.users, row.titles, row.ratings))
        second.add_row(row.what, *sizes, f"{row.fit_s:.1f}", f"{row.cpu_s:.1f}", f"{row.peak_mb:.0f}")
    return [first, second]


def as_json(folding: Sequence[Folding], growth: Sequence[Growth]) -> str:
    """Return both as JSON, with the number of cores that were there and how busy they were."""
    found = {"fold_in": [asdict(row) for row in folding], "growth": [asdict(row) for row in growth]}
    return json.dumps({"cores": os.cpu_count(), "load": round(os.getloadavg()[0], 1), **found}, indent=2)
