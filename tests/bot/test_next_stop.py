"""Going from stop to stop does what going through every day does, and passes over the days on which nothing is due.

On SQLite alone: when things are due is the subject, and on which database the rows stand plays no part in it.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.agenda import next_stop
from bot.chores import Chores
from core import flows
from core.billing import Bill
from core.clock import ManualClock
from core.dates import seoul_date, seoul_instant
from core.db import Database
from core.parties import Membership, Party
from core.people import Person
from tests.builders import LIMITS, joins, party, person
from tests.conftest import START
from tests.till import Till, till_open

# The hours at which things fall due, and the one at which a seat is freed that was held at noon of the first day.
HOURS = (time(0, 1), time(10))
FREED_AT = START + timedelta(minutes=30)
DAYS = 42
WARNING, LOST_ON = "late.warning", date(2026, 12, 26)
Next = Callable[[Till, datetime], Awaitable[datetime | None]]
Said = set[tuple[str, str, str]]


async def from_stop_to_stop(till: Till, now: datetime) -> datetime | None:
    async with till.db.read() as session:
        return await next_stop(session, now, LIMITS)


async def through_every_day(_: Till, now: datetime) -> datetime | None:
    days = (seoul_date(now), seoul_date(now) + timedelta(days=1))
    return min(at for at in (FREED_AT, *(seoul_instant(day, hour) for day in days for hour in HOURS)) if at > now)


async def house(till: Till) -> None:
    """A party in which one leaves, one never pays and one does; one that asks for a new price, one that starts in a
    week, one that nobody joins."""
    db, clock = till.db, till.clock
    running = await party(db, clock, await person(db, clock, "민수"))
    for name in ("하늘", "바다", "지우"):
        member = await person(db, clock, name)
        await till.pays((await joins(db, clock, running, member)).id)
        if name == "지우":
            await db.transact(flows.leave_party, running.id, member.id, clock.now(), LIMITS)
    dearer = await party(db, clock, await person(db, clock, "오를이"), seats=2)
    await till.pays((await joins(db, clock, dearer, await person(db, clock, "새로미"))).id)
    new = await db.transact(flows.price_preview, dearer.id, dearer.host_id, 18_000, clock.now(), LIMITS)
    from_on = new.period.starts_on
    await db.transact(flows.propose_price, dearer.id, dearer.host_id, 18_000, from_on, clock.now(), LIMITS)
    early, lonely = await person(db, clock, "이른이"), await person(db, clock, "외톨이")
    later = await party(db, clock, early, starts_in=7)
    await till.pays((await joins(db, clock, later, await person(db, clock, "새봄"))).id)
    await joins(db, clock, later, await person(db, clock, "안내요"))
    await party(db, clock, lonely, starts_in=3)


async def life(db: Database, following: Next) -> tuple[Said, int, list[tuple[str, ...]]]:
    """Live for some weeks; return who was told what on which day, the number of stops, and how everybody stands."""
    clock = ManualClock(START, running=False)
    async with till_open(db, clock) as till:
        await house(till)
        chores = Chores(db, clock, till.bootpay, LIMITS)
        names = {one.id: one.nickname or "" for one in await _all(db, Person)}
        said, stops, end = set(), 0, clock.now() + timedelta(days=DAYS)
        while clock.now() < end:
            today = f"{seoul_date(clock.now()):%m-%d}"
            heard = await settled(till, chores)
            if "billing.opened" in {name for person_id, name in heard if names[person_id or 0] == "하늘"}:
                await till.pays(max(one.id for one in await _all(db, Bill) if names[one.person_id] == "하늘"))
                heard += await settled(till, chores)
            said |= {(today, names[person_id or 0], name) for person_id, name in heard}
            clock.move_to(min(await following(till, clock.now()) or end, end))
            stops += 1
    standing = [(names[one.person_id], one.state, str(one.ended_at)) for one in await _all(db, Membership)]
    return said, stops, standing + [(str(one.id), one.state, str(one.ended_at)) for one in await _all(db, Party)]


async def settled(till: Till, chores: Chores) -> list[tuple[int | None, str]]:
    """Run every tick once and send what is due; return it. Of the first warning nobody knows whether it was sent."""
    for tick in chores.ticks():
        await tick.work()
    return await till.sends(lost=[WARNING] if seoul_date(till.clock.now()) == LOST_ON else [])


async def _all(db: Database, entity: type[Any]) -> list[Any]:
    async with db.read() as session:
        return list(await session.scalars(select(entity)))


async def test_what_happens_is_the_same_from_stop_to_stop_and_through_every_day(
    sqlite_template: Path, tmp_path: Path
) -> None:
    lives = []
    for following in (through_every_day, from_stop_to_stop):
        path = tmp_path / following.__name__
        shutil.copy(sqlite_template, path)
        db = Database(f"sqlite+aiosqlite:///{path}")
        lives.append(await life(db, following))
        await db.close()
    (every, days, as_always), (some, stops, standing) = lives

    assert some == every
    assert standing == as_always
    told = {("12-14", "새로미", "prices.reminder"), ("12-27", "바다", "late.warning"), ("01-01", "바다", "late.freed")}
    assert told <= every
    assert stops < days / 2
