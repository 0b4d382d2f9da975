"""Which bills cards on file pay by themselves, and the news of it on the day before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import outbox
from core.billing.bills import BillCard
from core.billing.reminders import AT, TOLD
from core.billing.tables import Bill, BillState, Card, CardState, Reminder, ReminderState
from core.dates import SEOUL, seoul_date
from core.db import changed
from core.parties import Membership, MembershipState

# The due day and the two days after it, once a day.
TRIES = 3
# Whose months are charged: a seat that is only held is paid by its person, and who leaves owes no more.
STAYING = (MembershipState.ACTIVE, MembershipState.SUSPENDED)
# Who is told later than this is charged a day later: a day's notice is a day's notice.
TELL_UNTIL = time(21)
HEARD = "billing.charge_heard"


@outbox.validity("charged_by_card")
async def is_charged_by_card(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    """Tell whether a bill is still going to be paid by its person's card."""
    return await session.scalar(with_card().where(Bill.id == facts["bill"])) is not None


def with_card() -> Select[int]:
    """Return the query for open bills of people who stay and whose card may be charged."""
    return (
        select(Bill.id)
        .join(Membership, Membership.id == Bill.membership_id)
        .join(Card, (Card.person_id == Bill.person_id) & Card.current.is_(True))
        .where(
            Bill.state == BillState.OPEN,
            Membership.state.in_(STAYING),
            Card.state == CardState.ACTIVE,
        )
    )


def pays_by_itself(card: BillCard, on: date) -> bool:
    """Tell whether a bill is one that a card on file may still pay on a day or later: open, of somebody who stays.

    Nobody is promised a charge of a bill that is overdue for longer than cards are tried.
    """
    last_try = card.bill.due_on + timedelta(days=TRIES - 1)
    return card.bill.state is BillState.OPEN and card.membership.state in STAYING and on <= last_try


def told_of(*more: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return the condition that the news of a bill's charge was written; `more` is about that row.

    It is closed when it was *sent*: only from then on does it count as told.
    """
    return select(Reminder.id).where(Reminder.bill_id == Bill.id, Reminder.kind == TOLD, *more).exists()


def _to_announce(now: datetime) -> Select[int]:
    tomorrow = seoul_date(now) + timedelta(days=1)
    days = Bill.due_on <= tomorrow, Bill.due_on > tomorrow - timedelta(days=TRIES)
    return with_card().where(*days, Bill.approving_attempt.is_(None), ~told_of())


async def bills_to_announce(session: AsyncSession, now: datetime, most: int = 200) -> Sequence[int]:
    """Return bills that a card pays tomorrow and whose person has not been told yet."""
    if not AT <= now.astimezone(SEOUL).time() < TELL_UNTIL:
        return []
    return (await session.scalars(_to_announce(now).order_by(Bill.id).limit(most))).all()


async def announce_charge(session: AsyncSession, bill_id: int, now: datetime) -> bool:
    """Tell a person that their card is charged tomorrow, once a bill; False when there is nothing to tell."""
    bill = await session.get_one(Bill, bill_id, with_for_update=True)
    if await session.scalar(_to_announce(now).where(Bill.id == bill_id)) is None:
        return False
    row = Reminder(
        cycle_id=bill.cycle_id,
        membership_id=bill.membership_id,
        bill_id=bill_id,
        kind=TOLD,
        due_at=now,
        state=ReminderState.SENT,
    )
    try:
        async with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    outbox.notice(
        session, now, bill.person_id, "cards.tomorrow", {"bill": bill_id},
        valid_while={"check": "charged_by_card", "bill": bill_id}, on_sent={"to": HEARD, "reminder": row.id},
    )  # fmt: skip
    return True


@outbox.receiver(HEARD)
async def take_heard(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    """Note when the news of a charge was sent; of one that could not be sent there will be no charge."""
    if message_id is not None:
        first = update(Reminder).where(Reminder.id == on_sent["reminder"], Reminder.closed_at.is_(None))
        await changed(session, first.values(closed_at=on_sent["at"]))
