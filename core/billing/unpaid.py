"""What comes before somebody is suspended or loses the seat: a warning, and a day from when it was sent.

Who cannot be reached is warned through the host and, without a name, the others of the party.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.billing.tables import Bill, BillState, Reminder, ReminderState
from core.db import changed
from core.outbox import notice, receiver, validity
from core.parties import INSIDE, Membership, MembershipState, Party
from core.people import Person

T = TypeVar("T")

WARNING, FINAL = "warning", "final"
# From the sent warning to what it warns of; as long, an unanswered question how a warning fared is waited for.
NOTICE = timedelta(hours=24)
WARNED = "billing.warned"
_NOTED: dict[str, InstrumentedAttribute[datetime | None]] = {WARNING: Bill.warned_at, FINAL: Bill.final_warned_at}


def suspends_at(bill: Bill, warned_at: datetime) -> datetime:
    """Return when a member is suspended who was warned at `warned_at`; the host may have given more time."""
    return max(warned_at + NOTICE, bill.waits_until or warned_at)


async def tell_host(session: AsyncSession, bill: Bill, now: datetime) -> None:
    """Tell the host that a bill is late, and what they can do."""
    party = await session.get_one(Party, bill.party_id)
    valid_while = {"check": "bill_open", "bill": bill.id}
    notice(session, now, party.host_id, "late.for_host", {"bill": bill.id}, valid_while=valid_while)


async def warn(session: AsyncSession, bill: Bill, kind: str, now: datetime) -> None:
    """Warn a member; through host and room when they cannot be reached."""
    person = await session.get_one(Person, bill.person_id)
    if not person.reachable or person.telegram_id is None:
        await _warn_through_others(session, bill, kind, now)
        return
    facts = {"bill": bill.id, "kind": kind}
    notice(
        session, now, person.id, "late.warning", facts,
        valid_while=facts | {"check": "late.unwarned"}, on_sent=facts | {"to": WARNED, "directly": True},
    )  # fmt: skip


async def _warn_through_others(session: AsyncSession, bill: Bill, kind: str, now: datetime) -> None:
    party = await session.get_one(Party, bill.party_id)
    facts = {"bill": bill.id, "kind": kind}
    how: dict[str, Any] = {
        "valid_while": {"check": "bill_open", "bill": bill.id},
        "on_sent": facts | {"to": WARNED, "directly": False},
    }
    others = select(Membership.person_id).where(
        Membership.party_id == party.id,
        Membership.state.in_(INSIDE),
        Membership.person_id.not_in((bill.person_id, party.host_id)),
    )
    notice(session, now, party.host_id, "late.unreached", facts, **how)
    for person_id in await session.scalars(others.order_by(Membership.seat)):
        notice(session, now, person_id, "late.someone", {"party": party.id}, **how)


@validity("late.unwarned")
async def _unwarned(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    # What is being paid at this moment is no bill to warn of; the warning comes a day later if it stays unpaid.
    unwarned = select(Bill.id).where(
        Bill.id == facts["bill"],
        Bill.state == BillState.OPEN,
        Bill.approving_attempt.is_(None),
        _NOTED[facts["kind"]].is_(None),
    )
    return await session.scalar(unwarned) is not None


@receiver(WARNED)
async def take_warned(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    """Note when a warning was sent, the first time; one that cannot reach its member goes through the others."""
    kind, noted = on_sent["kind"], _NOTED[on_sent["kind"]]
    if message_id is not None:
        first = update(Bill).where(Bill.id == on_sent["bill"], noted.is_(None))
        await changed(session, first.values({noted: on_sent["at"]}))
    elif on_sent["directly"] and await _unwarned(session, on_sent):
        await _warn_through_others(session, await session.get_one(Bill, on_sent["bill"]), kind, on_sent["at"])


async def unheard_warnings(session: AsyncSession, now: datetime, most: int = 100) -> Sequence[int]:
    """Return reminders that warned a day ago and of which nobody knows whether they were sent.

    That is an answer of the messenger that never came, or a bill that was void on the day of its warning.
    """
    rows = _unheard(select(Reminder.id)).where(_lies_back(now)).order_by(Reminder.id)
    return (await session.scalars(rows.limit(most))).all()


async def coming_repeats(session: AsyncSession) -> Sequence[datetime]:
    """Return when those warnings are repeated of which nobody knows by then whether they were sent."""
    closed = select(Reminder.closed_at).where(Reminder.state != ReminderState.WAITING, Reminder.closed_at.is_not(None))
    return [at + NOTICE for at in await session.scalars(_unheard(closed)) if at is not None]


async def warnings_in_vain(session: AsyncSession, since: datetime) -> Sequence[tuple[int, datetime, int]]:
    """Return (reminder, when it was due, bill) of warnings that were due by `since` and have reached nobody at all."""
    rows = _unheard(select(Reminder)).where(Reminder.state != ReminderState.WAITING, Reminder.due_at <= since)
    return [(each.id, each.due_at, each.bill_id) for each in await session.scalars(rows.order_by(Reminder.id))]


def _unheard(reminders: Select[T]) -> Select[T]:
    stands = or_(
        and_(Reminder.kind == WARNING, Bill.warned_at.is_(None), Membership.state == MembershipState.ACTIVE),
        and_(Reminder.kind == FINAL, Bill.final_warned_at.is_(None), Membership.state == MembershipState.SUSPENDED),
    )
    return (
        reminders.join(Bill, Bill.id == Reminder.bill_id)
        .join(Membership, Membership.id == Bill.membership_id)
        .where(Bill.state == BillState.OPEN, Bill.approving_attempt.is_(None), stands)
    )


def _lies_back(now: datetime) -> ColumnElement[bool]:
    return and_(Reminder.state != ReminderState.WAITING, Reminder.closed_at <= now - NOTICE)


async def warn_again(session: AsyncSession, reminder_id: int, now: datetime) -> bool:
    """Repeat a warning of which nobody knows whether it was sent; once a day, whoever calls."""
    mine = update(Reminder).where(Reminder.id == reminder_id, _lies_back(now))
    if await changed(session, mine.values(state=ReminderState.SENT, closed_at=now)) == 0:
        return False
    reminder = await session.get_one(Reminder, reminder_id)
    await warn(session, await session.get_one(Bill, reminder.bill_id), reminder.kind, now)
    return True
