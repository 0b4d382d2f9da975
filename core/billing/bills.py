"""Bills as people see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.tables import SILENT, Attempt, Bill, BillState, Cycle, Refund, RefundState
from core.catalogue import Plan, Service
from core.errors import NotFound
from core.parties import Membership, Party, lock_party


@dataclass(frozen=True)
class BillCard:
    """A bill with what it is for."""

    bill: Bill
    cycle: Cycle
    party: Party
    plan: Plan
    service: Service
    membership: Membership
    paid_with: Attempt | None


async def bill_card(session: AsyncSession, bill_id: int) -> BillCard:
    """Return a bill with everything that a receipt or a payment page shows."""
    row = (
        await session.execute(
            select(Bill, Cycle, Party, Plan, Service, Membership, Attempt)
            .join(Cycle, Cycle.id == Bill.cycle_id)
            .join(Party, Party.id == Bill.party_id)
            .join(Plan, Plan.id == Party.plan_id)
            .join(Service, Service.id == Plan.service_id)
            .join(Membership, Membership.id == Bill.membership_id)
            .join(Attempt, Attempt.id == Bill.paid_attempt, isouter=True)
            .where(Bill.id == bill_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound(what="bill", id=bill_id)
    return BillCard(*row)


async def newest_attempt(session: AsyncSession, bill_id: int) -> Attempt | None:
    """Return the last try at paying a bill, None before the first."""
    return await session.scalar(select(Attempt).where(Attempt.bill_id == bill_id).order_by(Attempt.id.desc()).limit(1))


async def locked_bill(session: AsyncSession, bill_id: int) -> Bill:
    """Lock a bill, and its party before it; return the bill as it is behind the lock."""
    bill = await session.get_one(Bill, bill_id)
    await lock_party(session, bill.party_id)
    return await session.get_one(Bill, bill_id, with_for_update=True, populate_existing=True)


async def bills_of(session: AsyncSession, person_id: int, *, most: int = 20, after: int = 0) -> Sequence[BillCard]:
    """Return a person's bills, newest first, without the first `after` of them."""
    mine = select(Bill.id).where(Bill.person_id == person_id).order_by(Bill.id.desc())
    ids = await session.scalars(mine.offset(after).limit(most))
    return [await bill_card(session, bill_id) for bill_id in ids.all()]


async def count_bills(session: AsyncSession, person_id: int) -> int:
    """Return how many bills a person has had."""
    return await session.scalar(select(func.count(Bill.id)).where(Bill.person_id == person_id)) or 0


async def bills_in_trouble(session: AsyncSession, person_id: int, *, most: int = 10) -> Sequence[BillCard]:
    """Return a person's bills whose money is not where it should be: to be paid, checked, or on its way back."""
    over = (RefundState.DONE, RefundState.FAILED)
    on_its_way = exists().where(Refund.bill_id == Bill.id, Refund.state.not_in(over))
    asked_about = exists().where(Attempt.bill_id == Bill.id, Attempt.state.in_(SILENT))
    mine = select(Bill.id).where(
        Bill.person_id == person_id, or_(Bill.state == BillState.OPEN, on_its_way, asked_about)
    )
    ids = await session.scalars(mine.order_by(Bill.id.desc()).limit(most))
    return [await bill_card(session, bill_id) for bill_id in ids.all()]


async def open_bills_of(session: AsyncSession, person_id: int) -> Sequence[BillCard]:
    """Return what a person still has to pay, the next due first."""
    ids = await session.scalars(
        select(Bill.id).where(Bill.person_id == person_id, Bill.state == BillState.OPEN).order_by(Bill.due_on, Bill.id)
    )
    return [await bill_card(session, bill_id) for bill_id in ids.all()]
