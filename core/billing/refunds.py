"""Money on its way back over its receipt: sent after the transaction that planned it, at most once.

Before each call the receipt tells whether the money has gone back already; a time-out is `unknown` and asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.alerts import alert
from core.billing.bills import locked_bill
from core.billing.provider import Provider
from core.billing.refund_books import OUTSIDE, book_refund, cancelled_won
from core.billing.refund_ways import plan_transfer, plan_way
from core.billing.tables import UNFINISHED, Attempt, Bill, MoneyRecord, Refund, RefundState, RefundWay
from core.clock import Clock
from core.db import Database, Instant, changed
from core.errors import ProviderRefused, ProviderUnclear

ASK_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 30, 120, 360, 1440))
# Bootpay's v1 refused a further cancel of the same receipt within ten seconds; v2 does not say. Clocks differ a little.
PAUSE = timedelta(seconds=15)
# How long after it was leased a refund may be sent: well before another worker may lease it.
SEND_WITHIN = timedelta(seconds=60)
# The payment company says that it will not do it; anything else that is refused may work another time.
FINAL = ("RC_CANCEL_SERVER_ERROR",)
PARTLY_ELSEWHERE = "refund_partly_elsewhere"


@dataclass(frozen=True)
class Taken:
    """A leased refund, its receipt, what that receipt shows as cancelled once the money has gone back, and until when
    it may be sent."""

    refund: Refund
    receipt_id: str
    gone_after: int
    send_until: datetime


async def due_refunds(session: AsyncSession, now: datetime, most: int = 50) -> Sequence[int]:
    """Return refunds to be sent or asked about."""
    due = select(Refund.id).where(refund_is_due(now))
    return (await session.scalars(due.order_by(Refund.ask_at, Refund.id).limit(most))).all()


def refund_is_due(now: Instant) -> ColumnElement[bool]:
    """Tell of a Refund whether it is to be sent or asked about."""
    return Refund.state.in_(UNFINISHED) & (Refund.way == RefundWay.CANCEL) & (Refund.ask_at <= now)


async def send_refund(db: Database, bootpay: Provider, clock: Clock, refund_id: int) -> RefundState | None:
    """Send one refund, or find out what became of it; None when another worker has it."""
    taken = await db.transact(_take, refund_id, clock.now())
    if taken is None:
        return None
    refused = None
    try:
        receipt = await bootpay.receipt(taken.receipt_id)
        # A worker that was stopped meanwhile has an old receipt, and somebody else may have sent the refund since.
        waits = receipt.cancelled_won == taken.gone_after - taken.refund.amount_won
        if waits and clock.now() <= taken.send_until:
            answered, refused = await _cancel(bootpay, taken, receipt)
            # An answer that shows the money gone is the newest receipt there is: one that is read now may be older.
            # Whatever any other answer was, the receipt is the fact.
            if answered is None or answered.cancelled_won < taken.gone_after:
                answered = await bootpay.receipt(taken.receipt_id)
            receipt = answered
    except (ProviderUnclear, ProviderRefused):
        # A receipt that is refused says nothing about the money: our keys or the way to Bootpay are wrong.
        return await db.transact(_unclear, taken.refund, clock.now())
    if receipt.cancelled_won >= taken.gone_after:
        return await db.transact(_done, taken.refund, clock.now())
    if receipt.cancelled_won > taken.gone_after - taken.refund.amount_won:
        return await db.transact(_partly_done, taken, receipt.cancelled_won, clock.now())
    if refused in FINAL:
        return await db.transact(_failed, taken.refund, refused, clock.now())
    return await db.transact(_unclear, taken.refund, clock.now())


async def _cancel(bootpay: Provider, taken: Taken, receipt: Receipt) -> tuple[Receipt | None, str | None]:
    """Ask for the money to go back; returns the receipt that was answered, or the code of a refusal."""
    everything = receipt.cancelled_won == 0 and taken.refund.amount_won == receipt.price_won
    try:
        answered = await bootpay.cancel(
            taken.receipt_id,
            cancel_id=taken.refund.refund_key,
            amount_won=None if everything else taken.refund.amount_won,
            by="TWO",
            reason=taken.refund.reason,
        )
    except ProviderRefused as error:
        return None, error.code
    except ProviderUnclear:
        return None, None
    return answered, None


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
    if waits:
        await _put_off(session, refund, now, now + ASK_AGAIN[0])
    if waits or attempt.receipt_id is None or await _too_soon(session, refund, now):
        return None
    leased = await changed(
        session,
        update(Refund)
        .where(Refund.id == refund_id, Refund.state.in_(UNFINISHED), Refund.ask_at <= now)
        .values(state=RefundState.SENDING, asks=refund.asks + 1, ask_at=now + _wait(refund.asks)),
    )
    if not leased:
        return None
    gone = await cancelled_won(session, refund.attempt_id)
    await session.refresh(refund)
    return Taken(refund, attempt.receipt_id, gone + refund.amount_won, now + SEND_WITHIN)


async def _too_soon(session: AsyncSession, refund: Refund, now: datetime) -> bool:
    """Put a refund off for the rest of the pause after the last cancel of its receipt; False when there is none."""
    last = await session.scalar(
        select(func.max(Refund.done_at)).where(
            Refund.attempt_id == refund.attempt_id, Refund.id != refund.id, Refund.way == RefundWay.CANCEL
        )
    )
    if last is None or now >= last + PAUSE:
        return False
    await _put_off(session, refund, now, last + PAUSE)
    return True


async def _put_off(session: AsyncSession, refund: Refund, now: datetime, until: datetime) -> None:
    """Look after a refund that cannot be sent now later on; the places of a pass are for those that can."""
    mine = update(Refund).where(Refund.id == refund.id, Refund.state.in_(UNFINISHED), Refund.ask_at <= now)
    await changed(session, mine.values(ask_at=until))


def _wait(asks: int) -> timedelta:
    return ASK_AGAIN[min(asks, len(ASK_AGAIN) - 1)]


async def _done(session: AsyncSession, refund: Refund, now: datetime) -> RefundState | None:
    bill = await locked_bill(session, refund.bill_id)
    if not await _close(session, refund, RefundState.DONE, now):
        return None
    await book_refund(session, refund, bill, now)
    return RefundState.DONE


async def _partly_done(session: AsyncSession, taken: Taken, cancelled_won: int, now: datetime) -> RefundState | None:
    """Somebody gave a part back in Bootpay's own admin: that part is done, and the rest is a refund of its own."""
    bill = await locked_bill(session, taken.refund.bill_id)
    refund = await session.get_one(Refund, taken.refund.id, with_for_update=True)
    gone = refund.amount_won - (taken.gone_after - cancelled_won)
    rest = refund.amount_won - gone
    if not await _close(session, refund, RefundState.DONE, now, OUTSIDE, amount_won=gone):
        return None
    await session.refresh(refund)
    session.add(MoneyRecord(what=PARTLY_ELSEWHERE, bill_id=bill.id, facts={"refund": refund.id, "won": gone}, at=now))
    await book_refund(session, refund, bill, now)
    await plan_way(session, bill, refund.attempt_id, rest, refund.reason, now, RefundWay.CANCEL, stray=refund.stray)
    return RefundState.DONE


async def _unclear(session: AsyncSession, refund: Refund, now: datetime) -> RefundState | None:
    moved = await _close(session, refund, RefundState.UNKNOWN, None)
    if moved and refund.asks == len(ASK_AGAIN):
        session.add(MoneyRecord(what="refund_unknown", bill_id=refund.bill_id, facts={"refund": refund.id}, at=now))
        await alert(session, now, "refund_unknown", refund.id, refund=refund.id)
    return RefundState.UNKNOWN if moved else None


async def _failed(session: AsyncSession, refund: Refund, code: str, now: datetime) -> RefundState | None:
    """Keep that Bootpay will not do it; the operator transfers the money instead, so that nothing is lost."""
    bill = await locked_bill(session, refund.bill_id)
    if not await _close(session, refund, RefundState.FAILED, now, code):
        return None
    facts = {"refund": refund.id, "code": code[:40]}
    session.add(MoneyRecord(what="refund_failed", bill_id=refund.bill_id, facts=facts, at=now))
    await alert(session, now, "refund_failed", refund.id, **facts)
    await plan_transfer(session, bill, refund.attempt_id, refund.amount_won, refund.reason, now, stray=refund.stray)
    return RefundState.FAILED


async def _close(
    session: AsyncSession,
    refund: Refund,
    after: RefundState,
    now: datetime | None,
    word: str | None = None,
    **values: object,
) -> bool:
    guarded = update(Refund).where(Refund.id == refund.id, Refund.state == RefundState.SENDING)
    closing = guarded.values(state=after, done_at=now, provider_word=word and word[:80], **values)
    return await changed(session, closing) == 1
