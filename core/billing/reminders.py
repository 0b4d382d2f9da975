"""Reminders of a bill: planned when it opens, each sent at most once, only the newest that is due."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import outbox
from core.billing.cards import card_of
from core.billing.tables import Bill, BillState, Cycle, Reminder, ReminderState
from core.billing.unpaid import FINAL, WARNING, tell_host, warn
from core.dates import seoul_date, seoul_instant
from core.db import changed
from core.errors import BillBusy, BillNotOpen, InvalidInput, NotFound, Outdated
from core.people import Person, after_quiet, is_muted

AT = time(10, 0)
# The row of the news that a card is charged tomorrow: it is told once a bill, as a reminder is.
TOLD = "card"
# How long that news may be on its way before the usual reminders speak again.
BEING_TOLD = timedelta(hours=6)
# What that news, and the charge after it, say better.
TOLD_BY_CARD = ("d-1", "d0", "d+1")
# What a mute drops, in days from the due day on. The warning follows on the last day of grace.
GENTLE: dict[str, int] = {"d-3": -3, "d-1": -1, "d0": 0, "d+1": 1}
WARNINGS = (WARNING, FINAL)
NUDGE, SNOOZE = "nudge", "snooze"
MOST_SNOOZES = 2
# How long a reminder waits while a payment of its bill is being checked, before it looks again.
WHILE_CHECKED = timedelta(hours=1)
# Who puts something off at two in the night until tomorrow means this morning.
NIGHT_ENDS = timedelta(hours=5)


@outbox.validity("bill_open")
async def bill_is_open(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    """Tell whether a bill still waits for its payment: nobody who has just paid is reminded."""
    state = await session.scalar(select(Bill.state).where(Bill.id == facts["bill"]))
    return state is BillState.OPEN


@outbox.validity("reminder")
async def reminder_stands(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    """Tell whether a reminder may still be sent: its bill can be paid, and no newer one was written.

    While Telegram is away for a day reminders pile up; all of them would say the same words then.
    """
    bill = await session.get_one(Bill, facts["bill"], populate_existing=True)
    if bill.state is not BillState.OPEN or bill.approving_attempt is not None:
        return False
    written = select(Reminder.closed_at).where(Reminder.bill_id == bill.id, Reminder.kind == facts["kind"])
    newer = select(Reminder.id).where(
        Reminder.bill_id == bill.id,
        Reminder.state == ReminderState.SENT,
        Reminder.kind != TOLD,
        Reminder.closed_at > written.scalar_subquery(),
    )
    return await session.scalar(newer.limit(1)) is None


def plan(session: AsyncSession, bill: Bill, cycle: Cycle, grace_days: int, now: datetime) -> None:
    """Plan the reminders of a bill, in the morning of their days in Seoul; a bill that opens late has its days too."""
    counted_from = max(bill.due_on, seoul_date(now))
    days = {kind: day for kind, day in GENTLE.items() if day < grace_days} | {WARNING: grace_days}
    for kind, day in days.items():
        due_at = seoul_instant(counted_from + timedelta(days=day), AT)
        if due_at > now or kind == WARNING:
            session.add(_reminder(bill, kind, due_at, cycle.id))


async def plan_final(session: AsyncSession, bill: Bill, days_to_free: int, now: datetime) -> None:
    """Plan the last warning of a bill whose member was suspended now: a day before the seat is freed.

    Who paid another bill meanwhile and is suspended for this one again is warned again.
    """
    due_at = seoul_instant(seoul_date(now) + timedelta(days=days_to_free - 1), AT)
    bill.final_warned_at = None
    once_more = update(Reminder).where(Reminder.bill_id == bill.id, Reminder.kind == FINAL)
    if not await changed(session, once_more.values(due_at=due_at, state=ReminderState.WAITING, closed_at=None)):
        session.add(_reminder(bill, FINAL, due_at, bill.cycle_id))
    await session.flush()


def _reminder(bill: Bill, kind: str, due_at: datetime, cycle_id: int) -> Reminder:
    return Reminder(
        cycle_id=cycle_id,
        membership_id=bill.membership_id,
        bill_id=bill.id,
        kind=kind,
        due_at=due_at,
        state=ReminderState.WAITING,
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
    """Send the newest due reminder of a bill and skip the older ones; False when there was nothing to send.

    In quiet hours it waits for their end, and while a payment is being checked for its answer; a warning is never
    skipped for something that says less.
    """
    due = (
        await session.scalars(
            select(Reminder)
            .where(Reminder.bill_id == bill_id, Reminder.state == ReminderState.WAITING, Reminder.due_at <= now)
            .order_by(Reminder.due_at, Reminder.id)
        )
    ).all()
    if not due:
        return False
    bill = await session.get_one(Bill, bill_id)
    person = await session.get_one(Person, bill.person_id)
    *stale, newest = sorted(due, key=lambda reminder: reminder.kind in WARNINGS)
    for reminder in stale:
        await _close(session, reminder.id, ReminderState.SKIPPED, now)
    if bill.state is not BillState.OPEN or (newest.kind in TOLD_BY_CARD and await _pays_by_card(session, bill, now)):
        await _close(session, newest.id, ReminderState.SKIPPED, now)
        return False
    later = now + WHILE_CHECKED if bill.approving_attempt is not None else now
    later = after_quiet(later, person.quiet_from, person.quiet_until)
    if later > now:
        await _put_off(session, newest, later, now)
        return False
    muted = (newest.kind in GENTLE or newest.kind.startswith(SNOOZE)) and is_muted(person, now)
    if not await _close(session, newest.id, ReminderState.SKIPPED if muted else ReminderState.SENT, now):
        return False
    # The host is told on the day after the due day, whatever its member had put off until then.
    if {"d+1", WARNING} & {reminder.kind for reminder in due}:
        await tell_host(session, bill, now)
    if newest.kind in WARNINGS:
        await warn(session, bill, newest.kind, now)
    elif not muted:
        _tell(session, bill, newest.kind, now)
    return not muted


def _tell(session: AsyncSession, bill: Bill, kind: str, now: datetime) -> None:
    data = {"bill": bill.id, "kind": kind}
    outbox.notice(session, now, bill.person_id, "billing.reminder", data, valid_while=data | {"check": "reminder"})


async def _put_off(session: AsyncSession, reminder: Reminder, later: datetime, now: datetime) -> None:
    """Move a reminder to a later time; when another one comes on that day anyway, a gentle one is left out."""
    that_day = seoul_instant(seoul_date(later) + timedelta(days=1))
    another = select(Reminder.id).where(
        Reminder.bill_id == reminder.bill_id,
        Reminder.state == ReminderState.WAITING,
        Reminder.due_at > now,
        Reminder.due_at < that_day,
    )
    if reminder.kind in GENTLE and await session.scalar(another.limit(1)) is not None:
        await _close(session, reminder.id, ReminderState.SKIPPED, now)
        return
    waiting = update(Reminder).where(Reminder.id == reminder.id, Reminder.state == ReminderState.WAITING)
    await changed(session, waiting.values(due_at=later))


async def _close(session: AsyncSession, reminder_id: int, state: ReminderState, now: datetime) -> bool:
    waiting = update(Reminder).where(Reminder.id == reminder_id, Reminder.state == ReminderState.WAITING)
    return await changed(session, waiting.values(state=state, closed_at=now)) == 1


async def _pays_by_card(session: AsyncSession, bill: Bill, now: datetime) -> bool:
    """Tell whether a bill's person was told that their card is charged, or is at this moment, and still has it."""
    told = select(Reminder.id).where(Reminder.bill_id == bill.id, Reminder.kind == TOLD)
    if await session.scalar(told) is None or await told_in_vain(session, bill.id, now):
        return False
    return await card_of(session, bill.person_id) is not None


async def told_in_vain(session: AsyncSession, bill_id: int, now: datetime) -> bool:
    """Tell whether the news that a bill's card is charged was written and did not leave: it is not charged then."""
    unheard = Reminder.closed_at.is_(None), Reminder.due_at <= now - BEING_TOLD
    told = select(Reminder.id).where(Reminder.bill_id == bill_id, Reminder.kind == TOLD, *unheard)
    return await session.scalar(told) is not None


async def _add_once(session: AsyncSession, reminder: Reminder) -> bool:
    try:
        async with session.begin_nested():
            session.add(reminder)
    except IntegrityError:
        return False
    return True


async def snoozes_of(session: AsyncSession, bill_id: int) -> int:
    """Return how often the reminders of a bill were put off."""
    snoozed = select(func.count(Reminder.id)).where(Reminder.bill_id == bill_id, Reminder.kind.startswith(SNOOZE))
    return await session.scalar(snoozed) or 0


def snoozed_until(choice: str, person: Person, now: datetime) -> datetime:
    """Return when a reminder that is put off comes again: in three hours (`3h`) or tomorrow morning (`am`)."""
    if choice == "3h":
        return after_quiet(now + timedelta(hours=3), person.quiet_from, person.quiet_until)
    if choice == "am":
        return seoul_instant(seoul_date(now - NIGHT_ENDS) + timedelta(days=1), AT)
    raise InvalidInput(field="button", rule="snooze")


async def snooze(
    session: AsyncSession, bill_id: int, person: Person, number: int, choice: str, now: datetime
) -> datetime:
    """Remind of a bill once more, later; returns when. `number` is which snooze of the bill the button stood for.

    Outdated for a button that was used, or that came before another one, after the last one that there is, and for who
    wants no reminders then; BillNotOpen when there is nothing to pay.
    """
    bill = await session.get(Bill, bill_id)
    if bill is None or bill.person_id != person.id:
        raise NotFound(what="bill", id=bill_id)
    if bill.state is not BillState.OPEN:
        raise BillNotOpen(bill=bill_id)
    until = snoozed_until(choice, person, now)
    if is_muted(person, until):
        raise Outdated(what="snooze_muted")
    used = await snoozes_of(session, bill_id)
    if used >= MOST_SNOOZES:
        raise Outdated(what="snooze_used_up")
    if number != used + 1:
        raise Outdated(what="snooze")
    if not await _add_once(session, _reminder(bill, f"{SNOOZE}{number}", until, bill.cycle_id)):
        raise Outdated(what="snooze")
    return until


async def nudge(session: AsyncSession, bill: Bill, now: datetime) -> datetime | None:
    """Remind a member as their host asked, after their quiet hours; returns when, None for who cannot be reached.

    Outdated the second time in a day, BillBusy while a payment of the bill is being checked.
    """
    person = await session.get_one(Person, bill.person_id)
    if bill.approving_attempt is not None:
        raise BillBusy(bill=bill.id)
    if not person.reachable or person.telegram_id is None:
        return None
    due_at = after_quiet(now, person.quiet_from, person.quiet_until)
    kind = f"{NUDGE}{seoul_date(now):%m%d}"
    if not await _add_once(session, _reminder(bill, kind, due_at, bill.cycle_id)):
        raise Outdated(what="nudge")
    await remind(session, bill.id, now)
    return due_at
