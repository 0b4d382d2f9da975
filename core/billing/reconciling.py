"""Holding what we booked against what Bootpay says, once a day: a cancel in the PG's own admin tells nobody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.alerts import alert
from core.billing.attempts import RECONCILE_EVERY, RECONCILE_OLD_EVERY, record
from core.billing.bills import locked_bill
from core.billing.noting import CANCELLED, PAID
from core.billing.provider import Provider
from core.billing.refund_books import CREDIT_LEFT, OUTSIDE, TWICE, book_refund, cancelled_won
from core.billing.refund_ways import plan_transfer, plan_way, planned_won
from core.billing.refunds import PARTLY_ELSEWHERE
from core.billing.settle import NOT_FOUND
from core.billing.tables import UNFINISHED, Attempt, AttemptState, Bill, Refund, RefundState, RefundWay
from core.clock import Clock
from core.dates import seoul_instant
from core.db import Database, changed
from core.errors import ProviderRefused, ProviderUnclear

AGAIN, YOUNG = timedelta(hours=1), timedelta(days=90)
RECONCILED = "reconciled_"
# What says that money was cancelled without us: found here, or by a refund of ours on its way.
OUTSIDE_RECORDS = (f"{RECONCILED}more_cancelled", PARTLY_ELSEWHERE)
_RECEIVED = (
    Attempt.state.in_((AttemptState.PAID, AttemptState.CANCELLED))
    & (Attempt.received_won > 0)
    & Attempt.receipt_id.is_not(None)
)


@dataclass(frozen=True)
class Compared:
    """A payment as we booked it and as Bootpay tells it; `difference` is a word where they do not agree."""

    attempt_id: int
    bill_id: int
    paid_won: int
    refunded_won: int
    their_price_won: int | None
    their_cancelled_won: int | None
    difference: str | None


async def reconcile(db: Database, bootpay: Provider, clock: Clock, most: int = 30) -> list[Compared]:
    """Compare the payments that are due, those of the last 90 days first; return those that differed.

    A payment is due a day after it was compared last, one that is older than 90 days a month after.

    What was cancelled elsewhere is booked; everything else that differs is recorded for the operator.
    """
    async with db.read() as session:
        due = await _due(session, clock.now(), most)
    differing = []
    for attempt_id in due:
        found = await _reconcile_one(db, bootpay, clock, attempt_id)
        if found is not None and found.difference:
            differing.append(found)
    return differing


async def _reconcile_one(db: Database, bootpay: Provider, clock: Clock, attempt_id: int) -> Compared | None:
    asked_at = clock.now()
    receipt_id = await db.transact(_lease, attempt_id, asked_at)
    if receipt_id is None:
        return None
    try:
        receipt = await _receipt_or_none(bootpay, receipt_id)
    except (ProviderUnclear, ProviderRefused):
        await db.transact(_postpone, attempt_id, asked_at)
        return None
    found = await db.transact(_note, attempt_id, receipt, asked_at, clock.now())
    if found is None:
        await db.transact(_postpone, attempt_id, asked_at)
    return found


async def compare_day(db: Database, bootpay: Provider, day: date) -> list[Compared]:
    """Compare the payments of one day in Seoul with Bootpay's receipts, changing nothing; ProviderUnclear or
    ProviderRefused when Bootpay does not answer."""
    since, until = seoul_instant(day), seoul_instant(day + timedelta(days=1))
    async with db.read() as session:
        attempts = (
            await session.scalars(
                select(Attempt)
                .where(_RECEIVED, Attempt.closed_at >= since, Attempt.closed_at < until)
                .order_by(Attempt.id)
            )
        ).all()
        refunded = {attempt.id: await cancelled_won(session, attempt.id) for attempt in attempts}
    return [
        _compared(attempt, refunded[attempt.id], await _receipt_or_none(bootpay, attempt.receipt_id or ""))
        for attempt in attempts
    ]


async def _due(session: AsyncSession, now: datetime, most: int) -> Sequence[int]:
    old = Attempt.closed_at <= now - YOUNG
    compared_at = func.coalesce(Attempt.reconciled_at, Attempt.closed_at)
    due = select(Attempt.id).where(_RECEIVED, _is_due(now)).order_by(old, compared_at, Attempt.id)
    return (await session.scalars(due.limit(most))).all()


def _is_due(now: datetime) -> ColumnElement[bool]:
    compared_at = func.coalesce(Attempt.reconciled_at, Attempt.closed_at)
    young = Attempt.closed_at > now - YOUNG
    return (compared_at <= now - RECONCILE_OLD_EVERY) | (young & (compared_at <= now - RECONCILE_EVERY))


async def _lease(session: AsyncSession, attempt_id: int, now: datetime) -> str | None:
    attempt = await session.get_one(Attempt, attempt_id)
    mine = update(Attempt).where(Attempt.id == attempt_id, _is_due(now))
    return attempt.receipt_id if await changed(session, mine.values(reconciled_at=now)) else None


async def _postpone(session: AsyncSession, attempt_id: int, asked_at: datetime) -> None:
    attempt = await session.get_one(Attempt, attempt_id)
    young = attempt.closed_at is not None and attempt.closed_at > asked_at - YOUNG
    every = RECONCILE_EVERY if young else RECONCILE_OLD_EVERY
    mine = update(Attempt).where(Attempt.id == attempt_id, Attempt.reconciled_at == asked_at)
    await changed(session, mine.values(reconciled_at=asked_at - every + AGAIN))


async def _receipt_or_none(bootpay: Provider, receipt_id: str) -> Receipt | None:
    try:
        return await bootpay.receipt(receipt_id)
    except ProviderRefused as refused:
        if refused.code == NOT_FOUND:
            return None
        raise


def _compared(attempt: Attempt, refunded: int, receipt: Receipt | None) -> Compared:
    paid = attempt.received_won or 0
    return Compared(
        attempt_id=attempt.id,
        bill_id=attempt.bill_id,
        paid_won=paid,
        refunded_won=refunded,
        their_price_won=receipt.price_won if receipt else None,
        their_cancelled_won=receipt.cancelled_won if receipt else None,
        difference=_difference(attempt, paid, refunded, receipt),
    )


def _difference(attempt: Attempt, paid: int, refunded: int, receipt: Receipt | None) -> str | None:
    if receipt is None:
        return "receipt_gone"
    if receipt.order_id != attempt.order_id.partition("_r")[0]:
        return "other_order"
    if receipt.price_won != paid:
        return "other_price"
    if receipt.status not in (PAID, CANCELLED):
        return "not_paid"
    if receipt.cancelled_won != refunded:
        return "more_cancelled" if receipt.cancelled_won > refunded else "less_cancelled"
    return None


async def _note(
    session: AsyncSession, attempt_id: int, receipt: Receipt | None, asked_at: datetime, now: datetime
) -> Compared | None:
    """Write down what the comparison showed; None while a refund moves, which looks like a difference and is none."""
    attempt = await session.get_one(Attempt, attempt_id)
    bill = await locked_bill(session, attempt.bill_id)
    await session.refresh(attempt)
    if await _cancels_moving(session, attempt_id, asked_at):
        return None
    found = _compared(attempt, await cancelled_won(session, attempt_id), receipt)
    if found.difference == "more_cancelled" and receipt is not None:
        await _book_outside(session, attempt, bill, receipt.cancelled_won - found.refunded_won, now)
    if found.difference:
        facts = {"attempt": attempt_id, "paid": found.paid_won, "refunded": found.refunded_won}
        theirs = {"their_price": found.their_price_won, "their_cancelled": found.their_cancelled_won}
        record(session, now, f"{RECONCILED}{found.difference}", bill.id, **facts, **theirs)
        await alert(session, now, "books_differ", attempt_id, attempt=attempt_id, difference=found.difference)
    return found


async def _cancels_moving(session: AsyncSession, attempt_id: int, asked_at: datetime) -> bool:
    moving = select(Refund.id).where(
        Refund.attempt_id == attempt_id,
        Refund.way == RefundWay.CANCEL,
        Refund.state.in_(UNFINISHED) | (Refund.done_at >= asked_at),
    )
    return await session.scalar(moving.limit(1)) is not None


async def _book_outside(session: AsyncSession, attempt: Attempt, bill: Bill, won: int, now: datetime) -> None:
    """Book what was cancelled without us: instead of the operator's transfers that wait, then from what the bill has
    left; what goes beyond has gone back twice, and somebody owes it to the house."""
    stray = attempt.id != bill.paid_attempt
    await _spare_transfers(session, attempt.id, bill, won, now)
    left = await _stray_left(session, attempt) if stray else bill.total_won - await planned_won(session, bill.id)
    room = min(won, left)
    for part, reason, astray in ((room, OUTSIDE, stray), (won - room, TWICE, True)):
        if part:
            refund = await plan_way(
                session, bill, attempt.id, part, reason, now, RefundWay.CANCEL, stray=astray, done=True
            )
            await book_refund(session, refund, bill, now)


async def _stray_left(session: AsyncSession, attempt: Attempt) -> int:
    """Return how much of money that nobody owed has neither gone back nor is on its way."""
    planned = select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
        Refund.attempt_id == attempt.id, Refund.state != RefundState.FAILED
    )
    return (attempt.received_won or 0) - int(await session.scalar(planned) or 0)


async def _spare_transfers(session: AsyncSession, attempt_id: int, bill: Bill, won: int, now: datetime) -> None:
    """Take waiting transfers off the operator's list as far as the cancel elsewhere has made them needless."""
    waiting = await session.scalars(
        select(Refund)
        .where(
            Refund.attempt_id == attempt_id,
            Refund.way == RefundWay.OPERATOR,
            Refund.state == RefundState.PLANNED,
            Refund.reason != CREDIT_LEFT,
        )
        .order_by(Refund.id)
        .with_for_update()
    )
    for transfer in waiting.all():
        if won <= 0:
            return
        planned = update(Refund).where(Refund.id == transfer.id, Refund.state == RefundState.PLANNED)
        spared = planned.values(state=RefundState.FAILED, done_at=now, provider_word=OUTSIDE)
        if not await changed(session, spared):
            continue
        rest = transfer.amount_won - won
        won -= transfer.amount_won
        if rest > 0:
            await plan_transfer(session, bill, attempt_id, rest, transfer.reason, now, stray=transfer.stray)
