"""What a stay has paid for, and the refund of a rule's lines: shared by every flow in which days come back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Bill, BillState, Limits, plan_refund, planned_won
from core.billing.refund_rules import Line, PaidBill, won_of
from core.dates import Period, seoul_date
from core.parties import AccessStep, Membership, Party, broken_periods

REFUNDABLE = (BillState.PAID, BillState.PARTLY_REFUNDED)


@dataclass(frozen=True)
class BackPlan:
    """What comes back, bill by bill."""

    lines: Sequence[Line]

    @property
    def back_won(self) -> int:
        """Return the sum of the lines."""
        return won_of(self.lines)


async def paid_bills(session: AsyncSession, membership_id: int) -> Sequence[PaidBill]:
    """Return what a stay has paid and not got back, by its periods."""
    bills = await session.scalars(
        select(Bill)
        .where(Bill.membership_id == membership_id, Bill.state.in_(REFUNDABLE))
        .order_by(Bill.serves_from)
        .execution_options(populate_existing=True)
    )
    lost = [*await broken_periods(session, membership_id), *await _after_the_end(session, membership_id)]
    return [
        PaidBill(
            bill_id=bill.id,
            total_won=bill.total_won,
            gone_won=await planned_won(session, bill.id),
            period=Period(bill.serves_from, bill.serves_until),
            lost=lost,
        )
        for bill in bills.all()
    ]


async def _after_the_end(session: AsyncSession, membership_id: int) -> Sequence[Period]:
    """Return the days after a stay that is over: what was paid for them has gone back by the rule that ended it."""
    membership = await session.get_one(Membership, membership_id, populate_existing=True)
    if membership.ended_at is None:
        return []
    party = await session.get_one(Party, membership.party_id)
    tomorrow = seoul_date(membership.ended_at) + timedelta(days=1)
    return [Period(tomorrow if party.ends_on is None else min(tomorrow, party.ends_on), date.max)]


async def first_paid_on(session: AsyncSession, membership_id: int) -> date | None:
    """Return the day on which a stay's first bill was paid."""
    paid_at = await session.scalar(select(func.min(Bill.paid_at)).where(Bill.membership_id == membership_id))
    return None if paid_at is None else seoul_date(paid_at)


async def access_given(session: AsyncSession, membership_id: int) -> bool:
    """Tell whether a member was let in: the host has invited them, or they have watched."""
    step = select(AccessStep.id).where(AccessStep.membership_id == membership_id).limit(1)
    return await session.scalar(step) is not None


async def give_back(
    session: AsyncSession, lines: Iterable[Line], reason: str, now: datetime, limits: Limits, *, stays: bool = False
) -> None:
    """Plan the refund of each line; the caller holds the party's lock."""
    for line in lines:
        bill = await session.get_one(Bill, line.bill_id)
        await plan_refund(session, bill, line.won, reason, now, limits, stays=stays)
