"""One cycle a party and month, on the right day, wherever the machine believes to be, however late its ticks come."""

from __future__ import annotations

import time
from calendar import monthrange
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import pairwise
from random import Random

import pytest
from sqlalchemy import func, select

from core.billing import Bill, Cycle, open_due_cycles
from core.dates import seoul_date
from core.parties import Party
from tests.builders import LIMITS, joins, party, person
from tests.promises import SCALE, Promise
from tests.till import Till

ZONES = ("UTC", "Asia/Seoul", "America/New_York", "Pacific/Kiritimati")
ANCHORS = range(1, 32) if SCALE else (1, 31)


@contextmanager
def machine_in(zone: str) -> Iterator[None]:
    """Let the machine believe that it stands in a time zone."""
    try:
        with pytest.MonkeyPatch.context() as patched:
            patched.setenv("TZ", zone)
            time.tzset()
            yield
    finally:
        time.tzset()


def firsts(after: date, anchor_day: int, months: int) -> list[date]:
    """Return the first days of the months after a day, counted without the product's own calendar."""
    every = ((after.year + n // 12, n % 12 + 1) for n in range(after.month - 1, after.month + months))
    days = [date(year, month, min(anchor_day, monthrange(year, month)[1])) for year, month in every]
    return [day for day in days if day > after][:months]


async def walk(till: Till, opened: Party, until: date, rng: Random) -> None:
    """Let the calendar's tick come now and then, at any time of the day and up to six weeks late."""
    now = till.clock.now()
    while seoul_date(now) < until:
        now += timedelta(days=rng.choice((1, 20, 31, 45)), seconds=rng.randrange(86_400))
        await till.db.transact(open_due_cycles, opened.id, seoul_date(now), LIMITS, now)


async def opened_cycles(till: Till, opened: Party) -> list[tuple[date, date, int]]:
    """Return first day, end and number of bills of each cycle, in order."""
    async with till.db.read() as session:
        cycles = (
            select(Cycle.starts_on, Cycle.ends_on, func.count(Bill.id))
            .join(Bill, Bill.cycle_id == Cycle.id)
            .where(Cycle.party_id == opened.id)
            .group_by(Cycle.id)
            .order_by(Cycle.starts_on)
        )
        return [(starts_on, ends_on, bills) for starts_on, ends_on, bills in await session.execute(cycles)]


@pytest.mark.faults("months: one cycle each, on the right day")
async def test_every_month_has_one_cycle_on_the_right_day(till: Till, promise: Promise) -> None:
    months = promise.size(small=13, full=120)
    today = seoul_date(till.clock.now())
    host, member = await person(till.db, till.clock, "민수"), await person(till.db, till.clock)
    for zone in ZONES:
        for anchor_day in ANCHORS:
            expected = firsts(today, anchor_day, months + 1)
            with machine_in(zone):
                opened = await party(till.db, till.clock, host, anchor_day=anchor_day)
                await till.pays((await joins(till.db, till.clock, opened, member)).id)
                await walk(till, opened, expected[-2], promise.rng)
                seen = await opened_cycles(till, opened)
            promise.tried += months
            # What lies before the first anchor is the first month's rest, and late ticks look a little too far ahead.
            seen = [cycle for cycle in seen if expected[0] <= cycle[0] < expected[-1]]
            wanted = [(starts_on, ends_on, 1) for starts_on, ends_on in pairwise(expected)]
            promise.lost += len(set(wanted) - set(seen))
            promise.doubled += len(seen) - len(set(seen))
            promise.wrong += len(set(seen) - set(wanted))
