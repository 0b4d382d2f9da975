"""Quiet hours: every hour of the day, both sides of midnight, over the end of a year."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.clock import ManualClock
from core.dates import SEOUL
from core.db import Database
from core.errors import InvalidInput
from core.people import QUIET_CHOICES, after_quiet, is_muted, may_be_told, mute, set_quiet_hours, unmute
from tests.builders import person

NEW_YEARS_EVE = datetime(2026, 12, 31, tzinfo=SEOUL)
DAY = [NEW_YEARS_EVE + timedelta(minutes=minute) for minute in range(0, 48 * 60, 20)]


@pytest.mark.parametrize(("quiet_from", "quiet_until"), QUIET_CHOICES[1:])
def test_what_comes_in_quiet_hours_waits_for_their_end_and_nothing_else_does(quiet_from: int, quiet_until: int) -> None:
    for now in DAY:
        quiet = now.hour >= quiet_from or now.hour < quiet_until
        later = after_quiet(now, quiet_from, quiet_until).astimezone(SEOUL)

        assert (later > now) is quiet, now
        if quiet:
            assert (later.hour, later.minute, later.second) == (quiet_until, 0, 0), now
            assert later - now <= timedelta(hours=24 - quiet_from + quiet_until), now
            assert after_quiet(later, quiet_from, quiet_until) == later


def test_equal_hours_mean_that_nothing_ever_waits() -> None:
    assert all(after_quiet(now, hour, hour) == now for now in DAY for hour in range(24))


def test_quiet_hours_inside_one_day_end_on_that_day() -> None:
    afternoon = NEW_YEARS_EVE.replace(hour=14)

    assert after_quiet(afternoon, 13, 16) == NEW_YEARS_EVE.replace(hour=16)
    assert after_quiet(NEW_YEARS_EVE.replace(hour=16), 13, 16) == NEW_YEARS_EVE.replace(hour=16)


def test_the_last_evening_of_a_year_waits_for_the_first_morning_of_the_next() -> None:
    evening = datetime(2026, 12, 31, 14, 30, tzinfo=UTC)  # half past eleven at night in Seoul

    assert after_quiet(evening, 21, 8) == datetime(2026, 12, 31, 23, 0, tzinfo=UTC)


async def test_money_that_came_is_told_at_night_and_a_reminder_is_not(db: Database, clock: ManualClock) -> None:
    someone = await person(db, clock)
    night = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)

    assert may_be_told(someone, "billing.paid", night) == night
    assert may_be_told(someone, "billing.reminder", night) == datetime(2026, 12, 1, 23, 0, tzinfo=UTC)


async def test_only_the_offered_hours_can_be_chosen(db: Database, clock: ManualClock) -> None:
    someone = await person(db, clock)
    async with db.write() as session:
        session.add(someone)
        await set_quiet_hours(session, someone, 23, 9)
        with pytest.raises(InvalidInput):
            await set_quiet_hours(session, someone, 1, 23)

    assert (someone.quiet_from, someone.quiet_until) == (23, 9)


async def test_a_mute_ends_by_itself_after_a_week_or_when_it_is_taken_back(db: Database, clock: ManualClock) -> None:
    someone = await person(db, clock)
    now = clock.now()
    async with db.write() as session:
        session.add(someone)
        await mute(session, someone, now)
        muted = [is_muted(someone, now + timedelta(days=days)) for days in (0, 6, 7)]
        await unmute(session, someone)

    assert muted == [True, True, False]
    assert not is_muted(someone, now)
