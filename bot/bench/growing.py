"""One training in a process of its own: `python -m bot.bench.growing USERS TITLES RATINGS`, with `both` at its end."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

from bot.bench.made_up import made_up_ratings, made_up_titles
from recommender import Titles, train
from recommender.memory import peak_mb
from recommender.trained import fit_stars_head

_STARS, _BOTH = "stars head", "both heads"


@dataclass(frozen=True)
class Growth:
    """One training in a process of its own: its time, on the clock and of all cores, and the most memory ever held.

    The memory is everything the process had: Python, libraries, compiled loops and the ratings are in it.
    """

    what: str
    users: int
    titles: int
    ratings: int
    fit_s: float
    cpu_s: float
    peak_mb: float


def measure_growth(users: int, titles: int, ratings: int, *, both_heads: bool = False) -> Growth:
    """Train once in a fresh process, compiled loops warm."""
    command = [sys.executable, "-m", __name__, str(users), str(titles), str(ratings), *(["both"] if both_heads else [])]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - this module alone
    return Growth(**json.loads(done.stdout))


def train_once(users: int, titles: int, ratings: int, *, both_heads: bool) -> Growth:
    """Train in this process and say what it took."""
    train(made_up_ratings(20, 20, 200, 0), made_up_titles(20, 0))
    rows = made_up_ratings(users, titles, ratings, 0)
    catalogue = made_up_titles(titles, 0) if both_heads else Titles()
    begun, busy = time.perf_counter(), time.process_time()
    if both_heads:
        train(rows, catalogue)
    else:
        fit_stars_head(rows, catalogue, 0, rank=16, kept=60)
    seconds, cpu = time.perf_counter() - begun, time.process_time() - busy
    return Growth(_BOTH if both_heads else _STARS, users, titles, len(rows), seconds, cpu, peak_mb())


if __name__ == "__main__":
    sizes = [int(size) for size in sys.argv[1:4]]
    print(json.dumps(asdict(train_once(*sizes, both_heads=sys.argv[4:] == ["both"]))))
