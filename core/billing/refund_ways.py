"""How money goes back: over its receipt as far as that may be, the rest on the next bill or by the operator.

Planned in the business's transaction; what goes over a receipt is sent after it, see `core/billing/refunds.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.limits import Limits
from core.billing.refund_books import STRAY, book_refund
from core.billing.tables import Attempt, Bill, Refund, RefundState, RefundWay
from core.errors import InvalidInput
from core.outbox import notice


async def plan_refund(
    session: AsyncSession,
    bill: Bill,
    amount_won: int,
    reason: str,
    now: datetime,
    limits: Limits,
    *,
    stays: bool = False,
) -> Sequence[Refund]:
    """Plan to give back part or all of a paid bill; the caller holds the party's lock.

    What the receipt cannot give becomes credit at once for a member who `stays` and will get another bill, and else a
    transfer that the operator makes.
    """
    if bill.paid_attempt is None or not 0 < amount_won <= bill.total_won - await planned_won(session, bill.id):
        raise InvalidInput(field="refund", rule="within_paid")
    over_receipt = await _cancellable(session, bill.paid_attempt, amount_won, limits)
    refunds = []
    if over_receipt:
        refunds.append(await plan_way(session, bill, bill.paid_attempt, over_receipt, reason, now, RefundWay.CANCEL))
    rest = amount_won - over_receipt
    if rest and stays:
        refunds.append(await _credit(session, bill, bill.paid_attempt, rest, reason, now))
    elif rest:
        refunds.append(await plan_transfer(session, bill, bill.paid_attempt, rest, reason, now))
    return refunds


async def plan_stray_refund(session: AsyncSession, attempt_id: int, bill: Bill, amount_won: int, now: datetime) -> None:
    """Plan to give back money that nobody owed."""
    await plan_way(session, bill, attempt_id, amount_won, STRAY, now, RefundWay.CANCEL, stray=True)


async def planned_won(session: AsyncSession, bill_id: int) -> int:
    """Return how much of a bill has gone back or is on its way."""
    planned = select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
        Refund.bill_id == bill_id, Refund.state != RefundState.FAILED, Refund.stray.is_(False)
    )
    return int(await session.scalar(planned) or 0)


async def _cancellable(session: AsyncSession, attempt_id: int, amount_won: int, limits: Limits) -> int:
    """Return how much of a refund Bootpay makes over the receipt: whole receipts, and parts that are not too small."""
    attempt = await session.get_one(Attempt, attempt_id)
    cancels = select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
        Refund.attempt_id == attempt_id, Refund.state != RefundState.FAILED, Refund.way == RefundWay.CANCEL
    )
    received = attempt.received_won or 0
    wanted = min(amount_won, received - int(await session.scalar(cancels) or 0))
    return wanted if wanted == received or wanted >= limits.smallest_partial_cancel_won else 0


async def plan_way(
    session: AsyncSession,
    bill: Bill,
    attempt_id: int,
    amount_won: int,
    reason: str,
    now: datetime,
    way: RefundWay,
    *,
    stray: bool = False,
    done: bool = False,
) -> Refund:
    """Write a refund of one way down; its key follows from its payment's order and its number, so it is ours alone."""
    attempt = await session.get_one(Attempt, attempt_id)
    earlier = await session.scalar(select(func.count(Refund.id)).where(Refund.attempt_id == attempt_id))
    refund = Refund(
        bill_id=bill.id,
        attempt_id=attempt_id,
        amount_won=amount_won,
        reason=reason,
        way=way,
        stray=stray,
        refund_key=f"rf_{attempt.order_id}_{(earlier or 0) + 1}",
        state=RefundState.DONE if done else RefundState.PLANNED,
        asks=0,
        ask_at=now if way is RefundWay.CANCEL and not done else None,
        created_at=now,
        done_at=now if done else None,
    )
    session.add(refund)
    await session.flush()
    return refund


async def _credit(
    session: AsyncSession, bill: Bill, attempt_id: int, amount_won: int, reason: str, now: datetime
) -> Refund:
    refund = await plan_way(session, bill, attempt_id, amount_won, reason, now, RefundWay.CREDIT, done=True)
    await book_refund(session, refund, bill, now)
    return refund


async def plan_transfer(
    session: AsyncSession,
    bill: Bill,
    attempt_id: int,
    amount_won: int,
    reason: str,
    now: datetime,
    *,
    stray: bool = False,
) -> Refund:
    """Plan a refund that the operator transfers by hand, and tell its person."""
    refund = await plan_way(session, bill, attempt_id, amount_won, reason, now, RefundWay.OPERATOR, stray=stray)
    notice(session, now, bill.person_id, "refunds.by_operator", {"bill": bill.id, "refund": refund.id})
    return refund
