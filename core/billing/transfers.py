"""Refunds that the operator transfers by hand: what waits, and what they say they have done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import record_act
from core.billing.bills import locked_bill
from core.billing.refund_books import book_refund
from core.billing.tables import Bill, Refund, RefundState, RefundWay
from core.db import changed
from core.errors import NotFound, Outdated
from core.people import Person

PAID_ACT = "refund_paid"


@dataclass(frozen=True)
class Transfer:
    """A refund that waits for the operator, and whom to ask for the account it goes to."""

    refund: Refund
    nickname: str
    telegram_id: int | None


async def waiting_transfers(session: AsyncSession) -> Sequence[Transfer]:
    """Return the refunds that the operator has still to transfer, oldest first."""
    rows = await session.execute(
        select(Refund, Person)
        .join(Bill, Bill.id == Refund.bill_id)
        .join(Person, Person.id == Bill.person_id)
        .where(Refund.way == RefundWay.OPERATOR, Refund.state == RefundState.PLANNED)
        .order_by(Refund.id)
    )
    return [Transfer(refund, person.nickname or "", person.telegram_id) for refund, person in rows]


async def confirm_transfer(session: AsyncSession, refund_id: int, by: str, now: datetime) -> Refund:
    """Book that the operator `by` has transferred a refund; NotFound, or Outdated when it does not wait any more."""
    refund = await session.get(Refund, refund_id)
    if refund is None or refund.way is not RefundWay.OPERATOR:
        raise NotFound(what="refund", id=refund_id)
    bill = await locked_bill(session, refund.bill_id)
    waiting = update(Refund).where(Refund.id == refund_id, Refund.state == RefundState.PLANNED)
    if not await changed(session, waiting.values(state=RefundState.DONE, done_at=now, provider_word=by)):
        raise Outdated(what="refund", id=refund_id)
    await session.refresh(refund)
    await book_refund(session, refund, bill, now)
    record_act(session, now, by, PAID_ACT, refund=refund_id, won=refund.amount_won)
    return refund
