"""What a finished refund means for the books, its bill, and the people whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.holding import taken_back
from core.billing.ledger import balance, post, provider_fee
from core.billing.tables import (
    Account,
    Attempt,
    AttemptState,
    Bill,
    BillState,
    LedgerEntry,
    Refund,
    RefundState,
    RefundWay,
)
from core.db import changed
from core.outbox import notice
from core.parties import Party

STRAY, CREDIT_LEFT, OUTSIDE, TWICE = "stray", "credit_left", "outside", "twice"


async def book_refund(session: AsyncSession, refund: Refund, bill: Bill, now: datetime) -> None:
    """Book a refund that has just become done, once; the caller holds the party's lock and has read the bill behind it.

    The bill counts what went back, its payer is told, and its host when it was theirs already or nobody asked them.
    """
    party = await session.get_one(Party, bill.party_id)
    taken, gone = _taken(refund, bill), await _gone(session, refund, bill)
    lines = {account: taken.get(account, 0) + gone.get(account, 0) for account in {**taken, **gone}}
    whose = {Account.PAYABLE: party.host_id, Account.CREDIT: bill.person_id}
    post(session, f"refund-{refund.id}", lines, now, bill=bill, person_id=whose)
    if refund.stray:
        await _end_stray_attempt(session, refund.attempt_id, bill)
    else:
        await _count_refunded(session, bill.id, refund.amount_won)
    _tell(session, refund, bill, party, now)


def _taken(refund: Refund, bill: Bill) -> dict[Account, int]:
    """Return the debits: whose money it was."""
    if refund.reason == CREDIT_LEFT:
        return {Account.CREDIT: refund.amount_won}
    if refund.stray:
        return {Account.STRAY: refund.amount_won}
    return taken_back(bill, refund.amount_won)


async def _gone(session: AsyncSession, refund: Refund, bill: Bill) -> dict[Account, int]:
    """Return the credits: where it went."""
    won = refund.amount_won
    if refund.way is RefundWay.CREDIT:
        return {Account.CREDIT: -won}
    if refund.way is RefundWay.OPERATOR:
        return {Account.BANK: -won}
    # A payment that nobody owed was booked without a fee.
    fee = await _provider_fee_back(session, refund) if refund.attempt_id == bill.paid_attempt else 0
    # What of the fee the operator does not bear (any more), its host has borne at the release.
    operators = min(fee, await balance(session, Account.PROVIDER_FEE, bill_id=refund.bill_id))
    return {Account.PROVIDER: fee - won, Account.PROVIDER_FEE: -operators, Account.PAYABLE: operators - fee}


async def _provider_fee_back(session: AsyncSession, refund: Refund) -> int:
    """Return what the provider gives back of its fee on a cancel."""
    attempt = await session.get_one(Attempt, refund.attempt_id)
    stays = (attempt.received_won or 0) - await cancelled_won(session, attempt.id)
    before = provider_fee(stays + refund.amount_won, attempt.provider_fee_bp)
    return before - provider_fee(stays, attempt.provider_fee_bp)


async def cancelled_won(session: AsyncSession, attempt_id: int) -> int:
    """Return how much has gone back over a receipt."""
    done = select(func.coalesce(func.sum(Refund.amount_won), 0)).where(
        Refund.attempt_id == attempt_id, Refund.state == RefundState.DONE, Refund.way == RefundWay.CANCEL
    )
    return int(await session.scalar(done) or 0)


async def _end_stray_attempt(session: AsyncSession, attempt_id: int, bill: Bill) -> None:
    if attempt_id == bill.paid_attempt:
        return
    gone = await cancelled_won(session, attempt_id)
    whole = update(Attempt).where(Attempt.id == attempt_id, Attempt.state == AttemptState.PAID)
    await changed(session, whole.where(Attempt.received_won == gone).values(state=AttemptState.CANCELLED))


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


def _tell(session: AsyncSession, refund: Refund, bill: Bill, party: Party, now: datetime) -> None:
    if refund.reason == TWICE:
        return  # it was told when it went the first time
    news = {"bill": bill.id, "refund": refund.id}
    notice(session, now, bill.person_id, "billing.refunded", news)
    if not refund.stray and (bill.released_at is not None or refund.reason == OUTSIDE):
        notice(session, now, party.host_id, "refunds.taken_from_host", news)


async def refunds_of(session: AsyncSession, bill_id: int) -> Sequence[Refund]:
    """Return the refunds of a bill, oldest first."""
    return (await session.scalars(select(Refund).where(Refund.bill_id == bill_id).order_by(Refund.id))).all()


async def won_of_host(session: AsyncSession, refund: Refund) -> int:
    """Return how much of a finished refund had been released to its host."""
    theirs = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(
        LedgerEntry.event == f"refund-{refund.id}", LedgerEntry.account == Account.PAYABLE
    )
    return int(await session.scalar(theirs) or 0)
