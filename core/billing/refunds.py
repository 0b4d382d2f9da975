"""Money on its way back: planned in the business's transaction, sent after it, at most once.

Before each call the receipt tells whether the money has gone back already; a time-out is `unknown` and asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.billing.holding import taken_back
from core.billing.ledger import post, provider_fee
from core.billing.provider import Provider
from core.billing.tables import (
    Account,
    Attempt,
    AttemptState,
    Bill,
    BillState,
    MoneyRecord,
    Refund,
    RefundState,
    RefundWay,
)
from core.clock import Clock
from core.db import Database, changed
from core.errors import InvalidInput, ProviderRefused, ProviderUnclear
from core.outbox import notice
from core.parties import Party, touch

ASK_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 30, 120, 360, 1440))
# The payment company says that it will not do it; anything else that is refused may work another time.
FINAL = ("RC_CANCEL_SERVER_ERROR",)


@dataclass(frozen=True)
class Taken:
    """A leased refund, its receipt, and what that receipt shows as cancelled once the money has gone back."""

    refund: Refund
    receipt_id: str
    gone_after: int


async def plan_refund(session: AsyncSession, bill: Bill, amount_won: int, reason: str, now: datetime) -> Refund:
    """Plan to give back part or all of a paid bill; the caller has touched the party."""
    planned = await session.scalar(
        select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
            Refund.bill_id == bill.id, Refund.state != RefundState.FAILED, Refund.stray.is_(False)
        )
    )
    if bill.paid_attempt is None or not 0 < amount_won <= bill.total_won - int(planned or 0):
        raise InvalidInput(field="refund", rule="within_paid")
    return await _plan(session, bill, bill.paid_attempt, amount_won, reason, now, stray=False)


async def plan_stray_refund(session: AsyncSession, attempt_id: int, bill: Bill, amount_won: int, now: datetime) -> None:
    """Plan to give back money that nobody owed."""
    await _plan(session, bill, attempt_id, amount_won, "stray", now, stray=True)


async def _plan(
    session: AsyncSession, bill: Bill, attempt_id: int, amount_won: int, reason: str, now: datetime, *, stray: bool
) -> Refund:
    earlier = await session.scalar(select(func.count(Refund.id)).where(Refund.attempt_id == attempt_id))
    refund = Refund(
        bill_id=bill.id,
        attempt_id=attempt_id,
        amount_won=amount_won,
        reason=reason,
        stray=stray,
        refund_key=f"rf_{attempt_id}_{(earlier or 0) + 1}",
        state=RefundState.PLANNED,
        asks=0,
        ask_at=now,
        created_at=now,
    )
    session.add(refund)
    await session.flush()
    return refund


async def due_refunds(session: AsyncSession, now: datetime, most: int = 50) -> Sequence[int]:
    """Return refunds to be sent or asked about."""
    return (
        await session.scalars(
            select(Refund.id)
            .where(Refund.state.in_(_OPEN), Refund.way == RefundWay.CANCEL, Refund.ask_at <= now)
            .order_by(Refund.id)
            .limit(most)
        )
    ).all()


async def send_refund(db: Database, bootpay: Provider, clock: Clock, refund_id: int) -> RefundState | None:
    """Send one refund, or find out what became of it; None when another worker has it."""
    taken = await db.transact(_take, refund_id, clock.now())
    if taken is None:
        return None
    refused = None
    try:
        receipt = await bootpay.receipt(taken.receipt_id)
        if receipt.cancelled_won < taken.gone_after:
            refused = await _cancel(bootpay, taken, receipt)
            # Whatever the answer was, the receipt is the fact.
            receipt = await bootpay.receipt(taken.receipt_id)
    except (ProviderUnclear, ProviderRefused):
        # A receipt that is refused says nothing about the money: our keys or the way to Bootpay are wrong.
        return await db.transact(_unclear, taken.refund, clock.now())
    if receipt.cancelled_won >= taken.gone_after:
        return await db.transact(_done, taken.refund, clock.now())
    if refused in FINAL:
        return await db.transact(_failed, taken.refund, refused, clock.now())
    return await db.transact(_unclear, taken.refund, clock.now())


async def _cancel(bootpay: Provider, taken: Taken, receipt: Receipt) -> str | None:
    everything = receipt.cancelled_won == 0 and taken.refund.amount_won == receipt.price_won
    try:
        await bootpay.cancel(
            taken.receipt_id,
            cancel_id=taken.refund.refund_key,
            amount_won=None if everything else taken.refund.amount_won,
            by="TWO",
            reason=taken.refund.reason,
        )
    except ProviderRefused as error:
        return error.code
    except ProviderUnclear:
        return None
    return None


async def _take(session: AsyncSession, refund_id: int, now: datetime) -> Taken | None:
    """Lease a refund; cancels of one receipt go one after another, so that what went back can be told apart."""
    await session.get_one(Bill, (await session.get_one(Refund, refund_id)).bill_id, with_for_update=True)
    refund = await session.get_one(Refund, refund_id, populate_existing=True)
    attempt = await session.get_one(Attempt, refund.attempt_id)
    waits = await session.scalar(
        select(func.count(Refund.id)).where(
            Refund.attempt_id == refund.attempt_id,
            Refund.id != refund_id,
            Refund.way == RefundWay.CANCEL,
            or_(
                Refund.state.in_((RefundState.SENDING, RefundState.UNKNOWN)),
                (Refund.state == RefundState.PLANNED) & (Refund.id < refund_id),
            ),
        )
    )
    if waits or attempt.receipt_id is None:
        return None
    leased = await changed(
        session,
        update(Refund)
        .where(Refund.id == refund_id, Refund.state.in_(_OPEN), Refund.ask_at <= now)
        .values(state=RefundState.SENDING, asks=refund.asks + 1, ask_at=now + _wait(refund.asks)),
    )
    if not leased:
        return None
    gone = await session.scalar(
        select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
            Refund.attempt_id == refund.attempt_id,
            Refund.state == RefundState.DONE,
            Refund.way == RefundWay.CANCEL,
        )
    )
    await session.refresh(refund)
    return Taken(refund, attempt.receipt_id, int(gone or 0) + refund.amount_won)


def _wait(asks: int) -> timedelta:
    return ASK_AGAIN[min(asks, len(ASK_AGAIN) - 1)]


async def _done(session: AsyncSession, refund: Refund, now: datetime) -> RefundState | None:
    bill = await session.get_one(Bill, refund.bill_id)
    await touch(session, bill.party_id)
    if not await _close(session, refund, RefundState.DONE, now):
        return None
    await _book_cancel(session, refund, bill, now)
    if refund.stray:
        await changed(
            session,
            update(Attempt)
            .where(Attempt.id == refund.attempt_id, Attempt.state == AttemptState.PAID)
            .values(state=AttemptState.CANCELLED),
        )
    else:
        await _count_refunded(session, bill.id, refund.amount_won)
    notice(
        session,
        now,
        bill.person_id,
        "billing.refunded",
        {"bill": bill.id, "won": refund.amount_won, "reason": refund.reason},
    )
    return RefundState.DONE


async def _book_cancel(session: AsyncSession, refund: Refund, bill: Bill, now: datetime) -> None:
    """Book what went back over a receipt; the provider gives back its fee on it."""
    won = refund.amount_won
    if refund.stray:
        back = {Account.STRAY: won, Account.PROVIDER: -won}
        post(session, f"refund-{refund.id}", back, now, bill=bill)
        return
    attempt = await session.get_one(Attempt, refund.attempt_id)
    cancelled = await session.scalar(
        select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
            Refund.attempt_id == attempt.id, Refund.state == RefundState.DONE, Refund.way == RefundWay.CANCEL
        )
    )
    stays = (attempt.received_won or 0) - int(cancelled or 0)
    fee = provider_fee(stays + won, attempt.provider_fee_bp) - provider_fee(stays, attempt.provider_fee_bp)
    party = await session.get_one(Party, bill.party_id)
    lines = {**taken_back(bill, won), Account.PROVIDER: fee - won, Account.PROVIDER_FEE: -fee}
    post(session, f"refund-{refund.id}", lines, now, bill=bill, person_id=party.host_id)


async def _count_refunded(session: AsyncSession, bill_id: int, won: int) -> None:
    bill = await session.get_one(Bill, bill_id, populate_existing=True)
    refunded = bill.refunded_won + won
    after = BillState.REFUNDED if refunded == bill.total_won else BillState.PARTLY_REFUNDED
    await changed(
        session,
        update(Bill)
        .where(Bill.id == bill_id, Bill.refunded_won == bill.refunded_won)
        .values(state=after, refunded_won=refunded),
    )


async def _unclear(session: AsyncSession, refund: Refund, now: datetime) -> RefundState | None:
    moved = await _close(session, refund, RefundState.UNKNOWN, None)
    if moved and refund.asks == len(ASK_AGAIN):
        session.add(MoneyRecord(what="refund_unknown", bill_id=refund.bill_id, facts={"refund": refund.id}, at=now))
    return RefundState.UNKNOWN if moved else None


async def _failed(session: AsyncSession, refund: Refund, code: str, now: datetime) -> RefundState | None:
    if not await _close(session, refund, RefundState.FAILED, now, code):
        return None
    bill = await session.get_one(Bill, refund.bill_id)
    facts = {"refund": refund.id, "code": code[:40]}
    session.add(MoneyRecord(what="refund_failed", bill_id=refund.bill_id, facts=facts, at=now))
    notice(session, now, bill.person_id, "billing.refund_failed", {"bill": bill.id, "won": refund.amount_won})
    return RefundState.FAILED


async def _close(
    session: AsyncSession, refund: Refund, after: RefundState, now: datetime | None, word: str | None = None
) -> bool:
    guarded = update(Refund).where(Refund.id == refund.id, Refund.state == RefundState.SENDING)
    return await changed(session, guarded.values(state=after, done_at=now, provider_word=word and word[:80])) == 1


_OPEN = (RefundState.PLANNED, RefundState.SENDING, RefundState.UNKNOWN)
