"""Reminders at four replicas: none twice, none missed; after a day of silence one a bill, and nobody is woken up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot

from bot import sender as sender_module
from bot.chores import Chores
from bot.screen import Screen
from bot.sender import Sender
from bot.texts import Speech
from core.billing import Bill, BillState
from core.billing.tables import Reminder, ReminderState
from core.clock import ManualClock
from core.dates import SEOUL, seoul_date, seoul_instant
from core.outbox import Outgoing, SendState
from tests.builders import LIMITS, days_pass
from tests.faults.crowd import paid_bills
from tests.faults.workers import Crew, Desk
from tests.promises import Promise
from tests.till import Till

PROCESSES = 4
QUIET_FROM, QUIET_UNTIL = 21, 8
Told = Counter[tuple[int, str]]


async def tick(desk: Desk) -> None:
    """Run the calendar's tick until nothing is due, as every other replica does at this moment."""
    chores = Chores(desk.db, desk.clock, desk.bootpay, LIMITS)
    waiting = select(func.count(Reminder.id)).where(
        Reminder.state == ReminderState.WAITING, Reminder.due_at <= desk.clock.now()
    )
    await desk.together()
    left: int | None = 1
    while left:
        await chores.calendar()
        async with desk.db.read() as session:
            left = await session.scalar(waiting)


async def reminded(till: Till) -> Told:
    """Return how often each bill was reminded of, by kind, in what is not sent yet."""
    waiting = Outgoing.name == "billing.reminder", Outgoing.state == SendState.WAITING
    async with till.db.read() as session:
        rows = (await session.scalars(select(Outgoing).where(*waiting))).all()
    return Counter((row.data["bill"], row.data["kind"]) for row in rows)


class Ears:
    """Somebody who is told everything, and notes when."""

    def __init__(self, clock: ManualClock) -> None:
        self.heard: list[tuple[str, datetime]] = []
        self._clock = clock

    async def send_message(self, *, text: str, **_: object) -> None:
        """Hear a message."""
        self.heard.append((text, self._clock.now()))


async def name_only(_: AsyncSession, now: datetime, say: Speech, name: str, data: Mapping[str, Any]) -> Screen:
    """Word a notice by its name."""
    return Screen(name)


async def a_night_passes(till: Till, hours: int) -> list[datetime]:
    """Send what may be sent, hour by hour; return when reminders were heard."""
    ears = Ears(till.clock)
    sender = Sender(cast(Bot, ears), till.db, till.clock, name_only)
    for _ in range(hours):
        while await sender.send_waiting():
            pass
        till.clock.move_to(till.clock.now() + timedelta(hours=1))
    return [at for name, at in ears.heard if name == "billing.reminder"]


@pytest.mark.faults("reminders: four replicas, a day of silence")
async def test_every_reminder_comes_once_and_never_at_night(
    till: Till, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "MESSAGES_PER_SECOND", 10_000)
    members, replicas = promise.size(small=12, full=600), Crew(till, PROCESSES)
    await paid_bills(till, members)

    days_pass(till.clock, 23)
    await replicas.work(tick)
    async with till.db.read() as session:
        opened = list(await session.scalars(select(Bill.id).where(Bill.state == BillState.OPEN)))
    days_pass(till.clock, 4)
    await replicas.work(tick)
    three_days_before = await reminded(till)
    await a_night_passes(till, 1)
    # Nothing ticks until late in the evening of the last day before the due day.
    till.clock.move_to(seoul_instant(seoul_date(till.clock.now()) + timedelta(days=2)) + timedelta(hours=23))
    await replicas.work(tick)
    late_at_night = await reminded(till)
    heard = await a_night_passes(till, 11)
    await replicas.work(tick)
    on_the_day = await reminded(till)
    heard += await a_night_passes(till, 1)

    assert len(opened) == members
    promise.tried = 2 * members
    # The missed reminder of the evening gives way to the one that comes in the morning anyway.
    promise.wrong = late_at_night.total()
    for kind, told in (("d-3", three_days_before), ("d0", on_the_day)):
        wanted: Told = Counter((bill_id, kind) for bill_id in opened)
        promise.lost += (wanted - told).total()
        promise.doubled += (told - wanted).total()
    hours = [at.astimezone(SEOUL).hour for at in heard]
    promise.lost += max(0, members - len(heard))
    promise.doubled += max(0, len(heard) - members)
    promise.wrong += sum(not QUIET_UNTIL <= hour < QUIET_FROM for hour in hours)
