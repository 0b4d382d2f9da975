"""Reminders of a bill: planned when it opens, each sent at most once, only the newest that is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import outbox
from core.billing.cards import card_of
from core.billing.tables import Bill, BillState, Cycle, Reminder, ReminderState
from core.dates import seoul_instant
from core.db import changed

AT = time(10, 0)
# The row of the news that a card is charged tomorrow: it is told once a bill, as a reminder is.
TOLD = "card"
# What that news, and the charge after it, say better.
TOLD_BY_CARD = ("d-1", "d0", "d+1")
KINDS: dict[str, int] = {"d-3": -3, "d-1": -1, "d0": 0, "d+1": 1, "d+3": 3}


@outbox.validity("bill_open")
async def bill_is_open(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    """Tell whether a bill still waits for its payment: nobody who has just paid is reminded."""
    state = await session.scalar(select(Bill.state).where(Bill.id == facts["bill"]))
    return state is BillState.OPEN


def plan(session: AsyncSession, bill: Bill, cycle: Cycle) -> None:
    """Plan the reminders of a bill, in the morning of their days in Seoul."""
    session.add_all(
        Reminder(
            cycle_id=cycle.id,
            membership_id=bill.membership_id,
            bill_id=bill.id,
            kind=kind,
            due_at=seoul_instant(bill.due_on + timedelta(days=days), AT),
            state=ReminderState.WAITING,
        )
        for kind, days in KINDS.items()
    )


async def due_bills(session: AsyncSession, now: datetime, most: int = 200) -> Sequence[int]:
    """Return bills with a reminder that is due."""
    return (
        await session.scalars(
            select(Reminder.bill_id)
            .where(Reminder.state == ReminderState.WAITING, Reminder.due_at <= now)
            .distinct()
            .limit(most)
        )
    ).all()


async def remind(session: AsyncSession, bill_id: int, now: datetime) -> bool:
    """Send the newest due reminder of a bill and skip the older ones; False when there was nothing to send."""
    due = (
        await session.scalars(
            select(Reminder)
            .where(Reminder.bill_id == bill_id, Reminder.state == ReminderState.WAITING, Reminder.due_at <= now)
            .order_by(Reminder.due_at)
        )
    ).all()
    if not due:
        return False
    bill = await session.get_one(Bill, bill_id)
    *stale, newest = due
    for reminder in stale:
        await _close(session, reminder.id, ReminderState.SKIPPED, now)
    if bill.state is not BillState.OPEN or (newest.kind in TOLD_BY_CARD and await _pays_by_card(session, bill)):
        await _close(session, newest.id, ReminderState.SKIPPED, now)
        return False
    if not await _close(session, newest.id, ReminderState.SENT, now):
        return False
    outbox.notice(
        session,
        now,
        bill.person_id,
        "billing.reminder",
        {"bill": bill_id, "kind": newest.kind},
        valid_while={"check": "bill_open", "bill": bill_id},
    )
    return True


async def _close(session: AsyncSession, reminder_id: int, state: ReminderState, now: datetime) -> bool:
    waiting = update(Reminder).where(Reminder.id == reminder_id, Reminder.state == ReminderState.WAITING)
    return await changed(session, waiting.values(state=state, closed_at=now)) == 1


async def _pays_by_card(session: AsyncSession, bill: Bill) -> bool:
    """Tell whether a bill's person was told that their card is charged, and still has it."""
    told = select(Reminder.id).where(Reminder.bill_id == bill.id, Reminder.kind == TOLD)
    return await session.scalar(told) is not None and await card_of(session, bill.person_id) is not None
