"""Won, split and pro rata: exact for every amount."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.money import pro_rata, split

WON = st.integers(min_value=0, max_value=10**9)


def test_every_split_up_to_some_thousand_won_is_exact() -> None:
    for parts in range(1, 11):
        for total in range(0, 2000):
            shares = split(total, parts)
            assert sum(shares) == total
            assert len(shares) == parts
            assert max(shares) - min(shares) <= 1


@given(WON, st.integers(1, 12), st.integers(0, 500))
def test_shares_sum_to_the_price_and_differ_by_at_most_one_won(total: int, parts: int, turn: int) -> None:
    shares = split(total, parts, turn=turn)

    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1


@given(WON, st.integers(1, 12), st.integers(0, 500))
def test_over_as_many_turns_as_seats_everybody_bears_the_same(total: int, parts: int, first: int) -> None:
    turns = [split(total, parts, turn=first + turn) for turn in range(parts)]

    assert {sum(seat) for seat in zip(*turns, strict=True)} == {total}


def test_the_odd_won_moves_on_by_the_remainder() -> None:
    assert [split(17000, 3, turn=turn) for turn in range(3)] == [
        [5667, 5667, 5666],
        [5667, 5666, 5667],
        [5666, 5667, 5667],
    ]


@pytest.mark.parametrize(("total", "parts", "turn"), [(-1, 2, 0), (10, 0, 0), (10, 2, -1)])
def test_what_cannot_be_split_is_refused(total: int, parts: int, turn: int) -> None:
    with pytest.raises(ValueError, match="cannot split"):
        split(total, parts, turn=turn)


def test_every_day_of_every_month_length_costs_its_part_rounded_down() -> None:
    for length in (28, 29, 30, 31):
        for amount in (1, 99, 1083, 4250, 5667, 17000):
            parts = [pro_rata(amount, days, length) for days in range(length + 1)]
            assert parts[0] == 0
            assert parts[-1] == amount
            assert all(0 <= after - before <= amount // length + 1 for before, after in pairwise(parts))
            assert all(part * length <= amount * days for days, part in enumerate(parts))


@given(WON, st.integers(1, 31), st.data())
def test_pro_rata_is_within_a_won_of_the_exact_part(amount: int, length: int, data: st.DataObject) -> None:
    days = data.draw(st.integers(0, length))

    part = pro_rata(amount, days, length)

    assert 0 <= amount * days - part * length < length


@pytest.mark.parametrize(("amount", "days", "length"), [(-1, 1, 30), (10, -1, 30), (10, 31, 30), (10, 0, 0)])
def test_days_outside_of_the_cycle_are_refused(amount: int, days: int, length: int) -> None:
    with pytest.raises(ValueError, match="cannot take"):
        pro_rata(amount, days, length)
