"""Shares add up: to the won each month, and for each seat over the months."""

from __future__ import annotations

import pytest

from core.money import split
from tests.promises import Promise

MONTHS, MOST_SEATS, DEAREST_WON, LATEST_CYCLE = 12, 12, 10**6, 600


def off_by(total_won: int, shares: list[int]) -> int:
    """Return by how much shares miss the rules: their sum the price, all within a won of each other."""
    return abs(sum(shares) - total_won) + max(0, max(shares) - min(shares) - 1)


@pytest.mark.faults("shares: exact, and the odd won evens out")
def test_shares_are_exact_and_the_odd_won_evens_out(promise: Promise) -> None:
    rng, splits = promise.rng, promise.size(small=20_000, full=200_000)
    while promise.tried < splits:
        total, seats, first = rng.randint(0, DEAREST_WON), rng.randint(1, MOST_SEATS), rng.randrange(LATEST_CYCLE)
        months = [split(total, seats, turn=first + month) for month in range(max(MONTHS, seats))]
        promise.tried += len(months)

        promise.wrong += sum(off_by(total, shares) for shares in months)
        year = [sum(seat) for seat in zip(*months[:MONTHS], strict=True)]
        promise.wrong += off_by(total * MONTHS, year)
        as_many_months_as_seats = [sum(seat) for seat in zip(*months[:seats], strict=True)]
        promise.wrong += as_many_months_as_seats != [total] * seats


@pytest.mark.faults
def test_an_odd_won_that_stays_with_the_first_seat_is_seen() -> None:
    """The control: each month is fair by itself, and the year is not."""
    year = [sum(seat) for seat in zip(*(split(17000, 3, turn=0) for _ in range(MONTHS)), strict=True)]

    assert off_by(17000, split(17000, 3)) == 0
    assert off_by(17000 * MONTHS, year) == MONTHS - 1
