"""What comes back, by hand-made tables and by properties."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.billing.refund_rules import (
    PaidBill,
    days_between,
    days_from,
    everything,
    may_withdraw,
    removal,
    withdrawal,
    won_of,
)
from core.dates import Period

NOVEMBER = Period(date(2026, 11, 23), date(2026, 12, 23))
DECEMBER = Period(date(2026, 12, 23), date(2027, 1, 23))
SHARE = 4250


def paid(period: Period = NOVEMBER, won: int = SHARE, gone: int = 0, lost: tuple[Period, ...] = ()) -> PaidBill:
    return PaidBill(1, won, gone, period, lost)


@pytest.mark.parametrize(
    ("paid_on", "today", "may"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), True),
        (date(2026, 11, 23), date(2026, 11, 30), True),
        (date(2026, 11, 23), date(2026, 12, 1), False),
        (date(2026, 12, 28), date(2027, 1, 4), True),
    ],
)
def test_seven_days_are_counted_from_the_day_after_the_payment(paid_on: date, today: date, may: bool) -> None:
    assert may_withdraw(paid_on, today) is may


@pytest.mark.parametrize(
    ("today", "given_access", "days", "won"),
    [
        (date(2026, 11, 23), False, 30, 4250),
        (date(2026, 11, 30), False, 30, 4250),
        (date(2026, 11, 23), True, 29, 4109),  # 4250 x 1/30 = 141.67: 141 stay
        (date(2026, 11, 30), True, 22, 3117),  # 4250 x 8/30 = 1133.33: 1133 stay
        (date(2026, 11, 20), True, 30, 4250),  # before the first day
    ],
)
def test_withdrawing_gives_all_or_the_days_from_tomorrow(today: date, given_access: bool, days: int, won: int) -> None:
    (line,) = withdrawal([paid()], today, access_given=given_access)

    assert (line.days, line.won) == (days, won)


@pytest.mark.parametrize(
    ("today", "days", "won"),
    [(date(2026, 12, 2), 20, 2834), (date(2026, 12, 21), 1, 142), (date(2026, 12, 22), 0, 0)],
)
def test_a_removed_member_gets_the_days_from_tomorrow(today: date, days: int, won: int) -> None:
    lines = removal([paid()], today)

    assert [(line.days, line.won) for line in lines] == ([(days, won)] if won else [])


def test_a_party_that_ends_gives_the_rest_of_this_period_and_all_of_the_next() -> None:
    lines = days_from([paid(), paid(DECEMBER)], date(2026, 12, 8))

    assert [(line.days, line.won) for line in lines] == [(15, 2125), (31, 4250)]


@pytest.mark.parametrize(
    ("since", "until", "days", "won"),
    [
        (date(2026, 12, 3), date(2026, 12, 23), 20, 2834),  # to the period's end
        (date(2026, 12, 3), date(2026, 12, 6), 3, 425),
        (date(2026, 11, 1), date(2026, 11, 24), 1, 142),  # it broke before the days that were paid
    ],
)
def test_a_claim_gives_the_days_on_which_it_did_not_work(since: date, until: date, days: int, won: int) -> None:
    (line,) = days_between([paid()], since, until)

    assert (line.days, line.won) == (days, won)


def test_a_claim_over_two_periods_gives_days_of_both() -> None:
    lines = days_between([paid(), paid(DECEMBER)], date(2026, 12, 20), date(2026, 12, 25))

    assert [(line.days, line.won) for line in lines] == [(3, 425), (2, 275)]


def test_days_that_came_back_by_a_claim_do_not_come_back_again_and_the_others_do() -> None:
    lost = (Period(date(2026, 12, 3), date(2026, 12, 13)),)

    (line,) = days_from([paid(gone=1417, lost=lost)], date(2026, 12, 8))

    assert (line.days, line.won) == (10, 4250 - 4250 * 10 // 30 - 1417)


def test_what_an_operator_gave_back_for_nothing_counts_towards_later_days() -> None:
    assert days_from([paid(gone=1000)], date(2026, 12, 18)) == []
    assert won_of(days_from([paid(gone=1000)], date(2026, 12, 8))) == 1125


def test_nothing_is_left_of_a_bill_that_has_gone_back() -> None:
    assert everything([paid(gone=SHARE)]) == []


FIRST = date(2026, 1, 5)
spans = st.tuples(st.integers(-10, 40), st.integers(0, 20)).map(
    lambda span: Period(FIRST + timedelta(days=span[0]), FIRST + timedelta(days=span[0] + span[1]))
)


@given(
    won=st.integers(1, 200_000),
    days=st.integers(1, 31),
    claims=st.lists(spans, max_size=4),
    leaves_after=st.integers(-5, 40),
)
def test_nobody_pays_for_a_day_not_served_nor_gets_more_than_was_paid(
    won: int, days: int, claims: list[Period], leaves_after: int
) -> None:
    period = Period(FIRST, FIRST + timedelta(days=days))
    end = FIRST + timedelta(days=leaves_after)
    gone = 0
    lost: list[Period] = []
    for claim in claims:
        gone += won_of(days_between([PaidBill(1, won, gone, period, tuple(lost))], claim.starts_on, claim.ends_on))
        lost.append(claim)
    gone += won_of(days_from([PaidBill(1, won, gone, period, tuple(lost))], end))

    served = [
        day
        for day in (FIRST + timedelta(days=number) for number in range(days))
        if day < end and not any(claim.starts_on <= day < claim.ends_on for claim in claims)
    ]
    assert 0 <= gone <= won
    # Exactly the days served, the odd won in the member's favour, however many refunds it took.
    assert won - gone == won * len(served) // days


@given(won=st.integers(1, 200_000), given_access=st.booleans(), today=st.integers(-5, 40))
def test_a_withdrawal_is_worth_at_least_a_removal(won: int, given_access: bool, today: int) -> None:
    bill, day = paid(won=won), FIRST + timedelta(days=today)

    assert won_of(withdrawal([bill], day, access_given=given_access)) >= won_of(removal([bill], day))
