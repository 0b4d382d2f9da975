"""Questions about the ledger, bills, attempts and the hold of a bill."""

from __future__ import annotations

from sqlalchemy import Select, String, case, cast, func, literal, select

from core.audit.asking import question
from core.billing.tables import (
    SILENT,
    Account,
    Attempt,
    AttemptState,
    Bill,
    BillState,
    LedgerEntry,
    Refund,
    RefundState,
)
from core.parties.tables import SEATED, Membership

PAID = (BillState.PAID, BillState.PARTLY_REFUNDED, BillState.REFUNDED)


@question(of=LedgerEntry.party_id)
def ledger_balances() -> Select[str]:
    """The lines of a money event do not sum to zero."""
    return select(LedgerEntry.event).group_by(LedgerEntry.event).having(func.sum(LedgerEntry.amount_won) != 0)


@question(of=Bill.party_id)
def held_equals_paid() -> Select[int]:
    """What is held for a bill is not what was paid less what went back, or something is held after its release."""
    held = (
        select(func.coalesce(func.sum(LedgerEntry.amount_won), 0))
        .where(LedgerEntry.bill_id == Bill.id, LedgerEntry.account == Account.HELD)
        .scalar_subquery()
    )
    rest = case((Bill.released_at.is_(None), Bill.refunded_won - Bill.amount_won - Bill.credit_won), else_=0)
    # Of a released bill nothing is held, and nothing either of one that was never booked.
    taken = (
        select(func.coalesce(func.sum(-LedgerEntry.amount_won), 0))
        .where(LedgerEntry.bill_id == Bill.id, LedgerEntry.account == Account.HELD, LedgerEntry.amount_won < 0)
        .scalar_subquery()
    )
    return select(Bill.id).where(Bill.state.in_(PAID), (held != rest) | (taken != Bill.amount_won + Bill.credit_won))


@question(of=Bill.party_id)
def held_needs_payment() -> Select[int]:
    """Money is held for a bill that is not paid."""
    held = select(LedgerEntry.id).where(LedgerEntry.bill_id == Bill.id, LedgerEntry.account == Account.HELD)
    return select(Bill.id).where(Bill.state.not_in(PAID), held.exists())


@question(of=Bill.party_id)
def paid_has_attempt() -> Select[int]:
    """A bill is paid without a paid attempt of its own and of its amount."""
    return (
        select(Bill.id)
        .join(Attempt, Attempt.id == Bill.paid_attempt, isouter=True)
        .where(
            Bill.state.in_(PAID),
            Attempt.id.is_(None)
            | (Attempt.bill_id != Bill.id)
            | (Attempt.received_won != Bill.amount_won)
            | Attempt.state.not_in((AttemptState.PAID, AttemptState.CANCELLED))
            | Attempt.receipt_id.is_(None),
        )
    )


@question(of=Bill.party_id)
def hold_only_on_open() -> Select[int]:
    """A closed bill is still held by a payment."""
    return select(Bill.id).where(Bill.state != BillState.OPEN, Bill.approving_attempt.is_not(None))


@question(of=Bill.party_id)
def hold_is_asked_about() -> Select[int]:
    """A bill is held by a payment that nobody asks about, that is another bill's, or nobody knows since when."""
    return (
        select(Bill.id)
        .join(Attempt, Attempt.id == Bill.approving_attempt, isouter=True)
        .where(
            Bill.approving_attempt.is_not(None),
            Attempt.id.is_(None)
            | Attempt.state.not_in((AttemptState.APPROVING, AttemptState.UNKNOWN))
            | Attempt.ask_at.is_(None)
            | (Attempt.bill_id != Bill.id)
            | Bill.approving_since.is_(None),
        )
    )


@question(of=Bill.party_id)
def approval_holds_its_bill() -> Select[int]:
    """A payment is being approved without holding its bill, so that another one could be approved beside it."""
    return (
        select(Attempt.id)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(
            Attempt.state == AttemptState.APPROVING,
            Bill.approving_attempt.is_(None) | (Bill.approving_attempt != Attempt.id),
        )
    )


@question(of=Bill.party_id)
def silence_is_asked_about() -> Select[int]:
    """A payment that may still come holds no bill, and nobody asks about it."""
    return (
        select(Attempt.id)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(
            Attempt.state.in_(SILENT),
            Attempt.ask_at.is_(None),
            Bill.approving_attempt.is_(None) | (Bill.approving_attempt != Attempt.id),
        )
    )


@question(of=Bill.party_id)
def stray_is_booked() -> Select[int]:
    """Money came in that no bill needed and no book knows of."""
    booked = select(LedgerEntry.id).where(
        LedgerEntry.bill_id == Attempt.bill_id,
        LedgerEntry.account == Account.STRAY,
        LedgerEntry.event == literal("stray-") + cast(Attempt.id, String),
    )
    return (
        select(Attempt.id)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(
            Attempt.received_won > 0,
            Attempt.state.in_((AttemptState.PAID, AttemptState.CANCELLED)),
            Bill.paid_attempt.is_(None) | (Bill.paid_attempt != Attempt.id),
            ~booked.exists(),
        )
    )


@question(of=Bill.party_id)
def stray_goes_back() -> Select[int]:
    """A payment that no bill needed does not go back, or not all of it."""
    going_back = (
        select(func.coalesce(func.sum(Refund.amount_won), 0))
        .where(Refund.attempt_id == Attempt.id, Refund.state != RefundState.FAILED)
        .scalar_subquery()
    )
    return (
        select(Attempt.id)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(
            Attempt.state == AttemptState.PAID,
            Attempt.received_won > 0,
            Bill.paid_attempt.is_(None) | (Bill.paid_attempt != Attempt.id),
            going_back < Attempt.received_won,
        )
    )


@question(of=Bill.party_id)
def open_bill_has_seat() -> Select[int]:
    """Somebody without a seat is asked to pay for it."""
    return (
        select(Bill.id)
        .join(Membership, Membership.id == Bill.membership_id)
        .where(Bill.state == BillState.OPEN, Membership.state.not_in(SEATED))
    )
