"""What a receipt means for its attempt and its bill, written down in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.alerts import alert
from core.billing.attempts import (
    ask_soon,
    close_attempt,
    locked_attempt_of,
    move_attempt,
    reconcile_soon,
    record,
)
from core.billing.booking import book_payment
from core.billing.limits import Limits
from core.billing.tables import Attempt, AttemptState, Bill, BillState
from core.db import changed

# How long after it took the bill a confirm may begin; only then may anybody else take it for the same attempt.
CONFIRM_WITHIN = timedelta(seconds=60)
CURRENCY = "KRW"
# Bootpay's status codes (its official v2 table; -10 is told by merchants only)
PAID, APPROVABLE, DEPOSIT_WAITING, CANCELLED = 1, 2, 5, 20
CLOSED, NEVER_CHARGED = -15, (-10, -3)
DEPOSIT_ASK = timedelta(hours=6)
# A payment whose attempt we gave up because nobody spoke of it may still be approved.
MAY_APPROVE = (AttemptState.CREATED, AttemptState.APPROVING, AttemptState.UNKNOWN, AttemptState.LAPSED)


class Outcome(StrEnum):
    """What is now known of a payment."""

    PAID = "paid"
    RETURNED = "returned"
    BUSY = "busy"
    CHECKING = "checking"
    WAITING = "waiting"
    DEPOSIT = "deposit"
    FAILED = "failed"
    CLOSED = "closed"
    LAPSED = "lapsed"
    MISMATCH = "mismatch"
    CANCELLED = "cancelled"
    NOT_OURS = "not_ours"


@dataclass(frozen=True)
class Settled:
    """What settling found out, and about which bill."""

    outcome: Outcome
    bill_id: int | None = None


@dataclass(frozen=True)
class Hold:
    """A bill that is taken by one attempt while it is being approved."""

    attempt_id: int
    bill_id: int
    since: datetime


@dataclass(frozen=True)
class Seen:
    """What a receipt meant; with a hold, it may be confirmed now."""

    settled: Settled
    hold: Hold | None = None


async def take_note(
    session: AsyncSession,
    receipt: Receipt,
    expected_bill: int | None,
    limits: Limits,
    now: datetime,
    *,
    may_hold: bool = True,
) -> Seen:
    """Write down what a receipt means; at status 2 take its bill, unless `may_hold` is False."""
    paid = _was_paid(receipt)
    attempt = await locked_attempt_of(session, receipt, now, moves_party=paid)
    if attempt is None or expected_bill not in (None, attempt.bill_id):
        if expected_bill is not None:
            record(session, now, "receipt_not_ours", expected_bill, receipt=receipt.receipt_id)
        return Seen(Settled(Outcome.NOT_OURS, expected_bill))
    if receipt.status == APPROVABLE and receipt.cancelled_won == 0:
        return await _approvable(session, attempt, receipt, limits, now, may_hold=may_hold)
    if paid:
        outcome = await _paid(session, attempt, receipt, limits, now)
    elif receipt.status == CANCELLED or receipt.cancelled_won > 0:
        outcome = await _cancelled(session, attempt, receipt, now)
    elif receipt.status == DEPOSIT_WAITING:
        if await move_attempt(
            session, attempt.id, AttemptState.DEPOSIT_WAITING, ask_at=now + DEPOSIT_ASK, closed_at=None
        ):
            record(session, now, "deposit_waiting", attempt.bill_id, attempt=attempt.id)
        outcome = Outcome.DEPOSIT
    elif receipt.status < 0:
        outcome = await _over(session, attempt, receipt.status, now)
    else:
        outcome = Outcome.WAITING
    return Seen(Settled(outcome, attempt.bill_id))


def _was_paid(receipt: Receipt) -> bool:
    """Tell whether money came in over a receipt and some of it is still there: what went back was paid before."""
    if receipt.cancelled_won == 0:
        return receipt.status == PAID
    return receipt.status in (PAID, CANCELLED) and receipt.cancelled_won < receipt.price_won


async def _paid(session: AsyncSession, attempt: Attempt, receipt: Receipt, limits: Limits, now: datetime) -> Outcome:
    if receipt.cancelled_won > 0:
        await reconcile_soon(session, attempt.id, now)
    if attempt.state is AttemptState.PAID:
        return _ended(attempt, await session.get_one(Bill, attempt.bill_id))
    wrong = _mismatch(receipt, attempt, limits)
    if wrong in (None, "price"):
        outcome = Outcome(await book_payment(session, attempt, receipt, limits, now))
        if wrong and outcome is Outcome.RETURNED:
            await _tell_operators(session, attempt, receipt, wrong, now)
        return outcome
    # Play money in production, or dollars: nothing that our books could hold. An operator looks at it, once, also when
    # the attempt had ended before the money came.
    word = f"paid_{wrong}"
    if attempt.provider_word != word:
        await close_attempt(session, attempt.id, attempt.bill_id, AttemptState.FAILED, now, word)
        attempt.provider_word = word
        await _tell_operators(session, attempt, receipt, str(wrong), now)
    return Outcome.MISMATCH


async def _tell_operators(session: AsyncSession, attempt: Attempt, receipt: Receipt, wrong: str, now: datetime) -> None:
    """Money came in that is not what was asked for: kept, and told in the operators' chat."""
    record(session, now, "paid_mismatch", attempt.bill_id, receipt=receipt.receipt_id, wrong=wrong)
    facts = {"attempt": attempt.id, "receipt": receipt.receipt_id, "wrong": wrong}
    await alert(session, now, "paid_mismatch", attempt.id, **facts)


async def _cancelled(session: AsyncSession, attempt: Attempt, receipt: Receipt, now: datetime) -> Outcome:
    if attempt.state is AttemptState.PAID:
        await reconcile_soon(session, attempt.id, now)
        return Outcome.PAID
    if await close_attempt(session, attempt.id, attempt.bill_id, AttemptState.CANCELLED, now, "cancelled"):
        left = receipt.price_won - receipt.cancelled_won
        record(session, now, "cancelled_before_booking", attempt.bill_id, receipt=receipt.receipt_id, left_won=left)
    return Outcome.CANCELLED


async def _over(session: AsyncSession, attempt: Attempt, status: int, now: datetime) -> Outcome:
    after = AttemptState.LAPSED if status in NEVER_CHARGED else AttemptState.FAILED
    await close_attempt(session, attempt.id, attempt.bill_id, after, now, str(status))
    if after is AttemptState.LAPSED:
        return Outcome.LAPSED
    return Outcome.CLOSED if status == CLOSED else Outcome.FAILED


async def _approvable(
    session: AsyncSession, attempt: Attempt, receipt: Receipt, limits: Limits, now: datetime, *, may_hold: bool
) -> Seen:
    bill = await session.get_one(Bill, attempt.bill_id)
    wrong = _mismatch(receipt, attempt, limits)
    if wrong:
        # Never confirmed, so never charged.
        await close_attempt(session, attempt.id, bill.id, AttemptState.FAILED, now, wrong)
        return Seen(Settled(Outcome.MISMATCH, bill.id))
    if attempt.state not in MAY_APPROVE:
        # The receipt was read before somebody else confirmed it: what has been booked since is the newer truth.
        return Seen(Settled(_ended(attempt, bill), bill.id))
    if bill.state is not BillState.OPEN:
        # Nothing was charged: an approval that nobody confirms lapses at the provider.
        await close_attempt(session, attempt.id, bill.id, AttemptState.LAPSED, now, f"bill_{bill.state}")
        return Seen(Settled(Outcome.LAPSED, bill.id))
    if attempt.card_id is not None:
        # A charge by card was asked for once and is confirmed by nobody: it lapses, and is tried on another day.
        return Seen(Settled(Outcome.WAITING, bill.id))
    if not may_hold:
        return Seen(Settled(Outcome.CHECKING, bill.id))
    if not await take_bill(session, attempt.id, bill.id, now):
        return Seen(Settled(Outcome.BUSY, bill.id))
    await ask_soon(session, attempt.id, AttemptState.APPROVING, now)
    return Seen(Settled(Outcome.CHECKING, bill.id), Hold(attempt.id, bill.id, now))


def _ended(attempt: Attempt, bill: Bill) -> Outcome:
    if attempt.state is AttemptState.PAID:
        return Outcome.PAID if bill.paid_attempt == attempt.id else Outcome.RETURNED
    return Outcome.CANCELLED if attempt.state is AttemptState.CANCELLED else Outcome.FAILED


async def take_bill(session: AsyncSession, attempt_id: int, bill_id: int, now: datetime) -> bool:
    """Take a bill for an attempt; for the one that holds it, only when nobody can be confirming any more."""
    mine_again = (Bill.approving_attempt == attempt_id) & (Bill.approving_since < now - CONFIRM_WITHIN)
    free = update(Bill).where(
        Bill.id == bill_id, Bill.state == BillState.OPEN, Bill.approving_attempt.is_(None) | mine_again
    )
    return await changed(session, free.values(approving_attempt=attempt_id, approving_since=now)) == 1


def _mismatch(receipt: Receipt, attempt: Attempt, limits: Limits) -> str | None:
    if receipt.currency != CURRENCY:
        return "currency"
    if receipt.sandbox != limits.provider_sandbox:
        return "sandbox"
    return None if receipt.price_won == attempt.amount_won else "price"


async def note_decline(session: AsyncSession, hold: Hold, word: str, now: datetime) -> None:
    """The card company said no at the confirm: the attempt is over, the bill is free."""
    await close_attempt(session, hold.attempt_id, hold.bill_id, AttemptState.FAILED, now, word)


async def note_unclear(session: AsyncSession, hold: Hold, now: datetime) -> None:
    """Nobody knows whether the confirm charged: the bill stays taken, and Bootpay is asked again."""
    if await ask_soon(session, hold.attempt_id, AttemptState.UNKNOWN, now):
        record(session, now, "unclear", hold.bill_id, attempt=hold.attempt_id)
