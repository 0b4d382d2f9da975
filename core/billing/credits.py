"""Credit: a refund too small for its receipt, taken off the stay's next bills; at its end the rest is transferred."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core.billing.bills import locked_bill
from core.billing.limits import Limits
from core.billing.refund_books import CREDIT_LEFT
from core.billing.refund_ways import plan_transfer
from core.billing.tables import Account, Bill, BillState, LedgerEntry, Refund, RefundState, RefundWay
from core.parties import Membership

_Credited = aliased(Bill)


async def credit_left(session: AsyncSession, membership_id: int) -> int:
    """Return the won of credit that a stay may still use: neither taken off an open bill nor on its way out."""
    booked = select(func.coalesce(-func.sum(LedgerEntry.amount_won), 0)).where(
        LedgerEntry.account == Account.CREDIT, LedgerEntry.bill_id.in_(_bills_of(membership_id))
    )
    set_aside = select(func.coalesce(func.sum(Bill.credit_won), 0)).where(
        Bill.membership_id == membership_id, Bill.state == BillState.OPEN
    )
    going_out = select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
        Refund.bill_id.in_(_bills_of(membership_id)),
        Refund.reason == CREDIT_LEFT,
        Refund.state == RefundState.PLANNED,
    )
    booked_won, set_aside_won, going_out_won = [
        int(await session.scalar(query) or 0) for query in (booked, set_aside, going_out)
    ]
    return booked_won - set_aside_won - going_out_won


def _bills_of(membership_id: int) -> Select[int]:
    return select(Bill.id).where(Bill.membership_id == membership_id)


async def use_credit(session: AsyncSession, bill: Bill, limits: Limits) -> None:
    """Take the stay's credit off a bill that is about to open; Bootpay still has to charge its smallest amount."""
    left = await credit_left(session, bill.membership_id)
    bill.credit_won = max(0, min(left, bill.amount_won - limits.smallest_bill_won))
    bill.amount_won -= bill.credit_won


async def ended_stays_with_credit(session: AsyncSession) -> Sequence[int]:
    """Return the stays that are over with credit that is neither used up nor on its way out."""
    going_out = (
        select(Refund.id)
        .join(_Credited, _Credited.id == Refund.bill_id)
        .where(
            _Credited.membership_id == Membership.id,
            Refund.reason == CREDIT_LEFT,
            Refund.state == RefundState.PLANNED,
        )
    )
    return (
        await session.scalars(
            select(Bill.membership_id)
            .join(LedgerEntry, LedgerEntry.bill_id == Bill.id)
            .join(Membership, Membership.id == Bill.membership_id)
            .where(LedgerEntry.account == Account.CREDIT, Membership.present.is_(None), ~going_out.exists())
            .group_by(Bill.membership_id, Membership.id)
            .having(func.sum(LedgerEntry.amount_won) < 0)
        )
    ).all()


async def transfer_credit_left(session: AsyncSession, membership_id: int, now: datetime) -> Refund | None:
    """Plan the operator's transfer of the credit that a stay leaves at its end; None when there is none (any more)."""
    credited = await session.scalar(
        select(func.max(Refund.bill_id)).where(
            Refund.bill_id.in_(_bills_of(membership_id)), Refund.way == RefundWay.CREDIT
        )
    )
    if credited is None:
        return None
    bill = await locked_bill(session, credited)
    membership = await session.get_one(Membership, membership_id, populate_existing=True)
    left = await credit_left(session, membership_id)
    if membership.present or left <= 0 or bill.paid_attempt is None:
        return None
    return await plan_transfer(session, bill, bill.paid_attempt, left, CREDIT_LEFT, now, stray=True)
