"""Anchored months and Seoul's days, for every day of many years."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta

import pytest

from core.dates import Period, anchored, next_anchor, period_of, seoul_date, seoul_instant

FIRST, LAST = date(2026, 1, 1), date(2033, 1, 1)  # 2028 and 2032 are leap years
EVERY_DAY = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days)]


@pytest.mark.parametrize("anchor_day", range(1, 32))
def test_every_day_lies_in_exactly_one_cycle_of_a_month(anchor_day: int) -> None:
    before = period_of(FIRST - timedelta(days=1), anchor_day)
    for day in EVERY_DAY:
        period = period_of(day, anchor_day)
        assert period.starts_on <= day < period.ends_on
        assert period == before or period.starts_on == before.ends_on
        assert 28 <= period.days <= 31
        assert period.starts_on.day == min(anchor_day, monthrange(period.starts_on.year, period.starts_on.month)[1])
        before = period


@pytest.mark.parametrize("anchor_day", range(1, 32))
def test_following_anchors_never_drift(anchor_day: int) -> None:
    day = anchored(2026, 1, anchor_day)
    for month in range(1, 85):
        day = next_anchor(day, anchor_day)
        assert day == anchored(2026 + month // 12, month % 12 + 1, anchor_day)


def test_the_31st_is_the_last_day_of_each_month() -> None:
    months = [anchored(2028, month, 31).day for month in range(1, 13)]

    assert months == [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


def test_days_left_of_a_period_count_today() -> None:
    period = Period(date(2026, 11, 10), date(2026, 12, 10))

    assert period.days == 30
    assert period.last_day == date(2026, 12, 9)
    assert [period.days_from(date(2026, 11, day)) for day in (1, 10, 11, 30)] == [30, 30, 29, 10]
    assert [period.days_from(date(2026, 12, day)) for day in (9, 10, 11)] == [1, 0, 0]


def test_a_day_in_seoul_begins_at_three_in_the_afternoon_utc() -> None:
    for day in EVERY_DAY[:730]:
        midnight = seoul_instant(day)
        assert midnight == datetime.combine(day - timedelta(days=1), time(15), UTC)
        assert seoul_date(midnight) == day
        assert seoul_date(midnight - timedelta(microseconds=1)) == day - timedelta(days=1)


def test_ten_in_the_morning_in_seoul_is_one_in_utc() -> None:
    assert seoul_instant(date(2026, 11, 23), time(10)) == datetime(2026, 11, 23, 1, tzinfo=UTC)
