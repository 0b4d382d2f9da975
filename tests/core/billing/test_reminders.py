"""Reminders: before the due day, on it and after it; each once, and never to somebody who has paid."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from core.billing import Bill, due_bills, open_due_cycles, remind
from core.billing.tables import Reminder, ReminderState
from core.dates import seoul_date
from core.outbox import Outgoing, still_valid
from tests.builders import LIMITS, days_pass, joins, party
from tests.till import Till


async def _next_bill(till: Till) -> Bill:
    """Return the second bill of a member, opened a week before its due day."""
    opened = await party(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened)).id)
    days_pass(till.clock, 23)
    await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())
    async with till.db.read() as session:
        return (await session.scalars(select(Bill).order_by(Bill.id.desc()).limit(1))).one()


async def _morning(till: Till) -> int:
    async with till.db.read() as session:
        due = await due_bills(session, till.clock.now())
    return sum([await till.db.transact(remind, bill_id, till.clock.now()) for bill_id in due])


async def _kinds(till: Till) -> list[str]:
    async with till.db.read() as session:
        asks = Outgoing.name.in_(("billing.reminder", "late.warning"))
        rows = await session.scalars(select(Outgoing).where(asks).order_by(Outgoing.id))
        return [row.data["kind"] for row in rows]


async def _states(till: Till) -> dict[str, ReminderState]:
    async with till.db.read() as session:
        return {each.kind: each.state for each in await session.scalars(select(Reminder))}


async def test_an_unpaid_bill_is_reminded_of_five_times(till: Till) -> None:
    await _next_bill(till)

    for _ in range(30):
        days_pass(till.clock, 1)
        await _morning(till)
        await _morning(till)

    assert await _kinds(till) == ["d-3", "d-1", "d0", "d+1", "warning"]


async def test_nobody_who_has_paid_is_reminded(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)

    await till.pays(bill.id)
    for _ in range(10):
        days_pass(till.clock, 1)
        assert await _morning(till) == 0

    assert await _kinds(till) == ["d-3"]


async def test_a_reminder_that_waits_to_be_sent_is_void_once_the_bill_is_paid(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)
    await till.pays(bill.id)

    asks_to_pay = select(Outgoing).where(Outgoing.name.in_(("billing.opened", "billing.reminder")))
    async with till.db.read() as session:
        rows = (await session.scalars(asks_to_pay)).all()
        valid = [row.name for row in rows if await still_valid(session, row)]

    assert len(rows) == 2
    assert valid == []


async def test_after_a_week_of_silence_only_the_newest_reminder_goes_out(till: Till) -> None:
    await _next_bill(till)
    days_pass(till.clock, 7)

    assert await _morning(till) == 1

    assert await _kinds(till) == ["d0"]
    assert await _states(till) == {
        "d-3": ReminderState.SKIPPED,
        "d-1": ReminderState.SKIPPED,
        "d0": ReminderState.SENT,
        "d+1": ReminderState.WAITING,
        "warning": ReminderState.WAITING,
    }


async def test_a_bill_that_opens_late_is_reminded_of_once(till: Till) -> None:
    opened = await party(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened)).id)
    days_pass(till.clock, 60)
    await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())

    await _morning(till)
    await _morning(till)

    assert len(await _kinds(till)) == len(set(await _kinds(till))) <= 2


async def test_all_replicas_at_once_remind_once(till: Till) -> None:
    await _next_bill(till)
    days_pass(till.clock, 4)

    sent = await asyncio.gather(*(_morning(till) for _ in range(8)))

    assert sum(sent) == 1
    assert await _kinds(till) == ["d-3"]


async def test_reminders_come_at_ten_in_the_morning_in_seoul(till: Till) -> None:
    await _next_bill(till)

    async with till.db.read() as session:
        dues = list(await session.scalars(select(Reminder.due_at)))

    assert {due.hour for due in dues} == {1}
