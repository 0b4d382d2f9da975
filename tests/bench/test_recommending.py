"""The recommender's bench measures what it says, on sizes a test can wait for."""

import json

import numpy as np
from rich.console import Console

from bot.bench import recommending
from bot.bench.growing import measure_growth
from bot.bench.made_up import made_up_ratings


def test_folding_in_is_timed_beside_a_fixed_loop_and_growth_in_a_process_of_its_own() -> None:
    folding = recommending.measure_folding(titles=150, times=3)
    growth = measure_growth(users=20, titles=50, ratings=300, both_heads=True)

    assert (folding.titles, folding.times) == (150, 3)
    assert 0 < folding.median_ms <= folding.p99_ms
    assert 0 < folding.cpu_median_ms <= folding.cpu_p99_ms
    assert folding.loop_median_ms > 0
    assert 290 < growth.ratings <= 310
    assert growth.fit_s > 0
    assert growth.cpu_s > 0
    assert growth.peak_mb > 50
    told = json.loads(recommending.as_json([folding], [growth]))
    assert told["growth"][0]["what"] == "both heads"
    console = Console(width=120, record=True)
    for table in recommending.as_tables([folding], [growth]):
        console.print(table)
    assert "both heads" in console.export_text()


def test_what_the_bench_itself_holds_is_no_memory_of_a_training() -> None:
    alone = measure_growth(users=20, titles=50, ratings=300)
    held = np.ones(60_000_000)

    beside = measure_growth(users=20, titles=50, ratings=300)

    assert held.nbytes / 2**20 > 400
    assert beside.peak_mb < alone.peak_mb + 100


def test_made_up_ratings_follow_a_power_law() -> None:
    ratings = made_up_ratings(users=1000, titles=2000, ratings=20_000, seed=0)

    of_titles = np.sort(np.unique(ratings.titles, return_counts=True)[1])[::-1]
    of_users = np.sort(np.unique(ratings.users, return_counts=True)[1])[::-1]

    assert 19_500 < len(ratings) < 20_500
    assert of_titles[:50].sum() > 3 * of_titles[-50:].sum()
    assert of_users[:100].sum() > 0.25 * len(ratings)
