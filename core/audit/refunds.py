"""Questions about money on its way back."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, Subquery, case, func, select

from core.acts import OperatorAct
from core.audit.asking import question
from core.billing.reconciling import OUTSIDE_RECORDS
from core.billing.refund_books import CREDIT_LEFT, OUTSIDE, TWICE
from core.billing.tables import (
    Account,
    Attempt,
    Bill,
    BillState,
    LedgerEntry,
    MoneyRecord,
    Refund,
    RefundState,
    RefundWay,
)
from core.billing.transfers import PAID_ACT
from core.parties.tables import Claim, Membership

PAID = (BillState.PAID, BillState.PARTLY_REFUNDED, BillState.REFUNDED)


@question(of=Bill.party_id)
def refunded_equals_done() -> Select[int]:
    """A bill's refunded amount is not the sum of its finished refunds."""
    done = (
        select(func.coalesce(func.sum(Refund.amount_won), 0))
        .where(Refund.bill_id == Bill.id, Refund.state == RefundState.DONE, Refund.stray.is_(False))
        .scalar_subquery()
    )
    return select(Bill.id).where(done != Bill.refunded_won)


@question(of=Bill.party_id)
def refunds_within_attempt() -> Select[int]:
    """More goes back over a payment than came in over it."""
    return (
        select(Refund.attempt_id)
        .join(Attempt, Attempt.id == Refund.attempt_id)
        .join(Bill, Bill.id == Refund.bill_id)
        .where(Refund.state != RefundState.FAILED, Refund.way == RefundWay.CANCEL)
        .group_by(Refund.attempt_id, Attempt.received_won)
        .having(func.sum(Refund.amount_won) > func.coalesce(Attempt.received_won, 0))
    )


@question(of=Bill.party_id)
def refunded_state() -> Select[int]:
    """A bill's state does not match what was refunded."""
    total_won = Bill.amount_won + Bill.credit_won
    return select(Bill.id).where(
        ((Bill.state == BillState.PAID) & (Bill.refunded_won != 0))
        | ((Bill.state == BillState.PARTLY_REFUNDED) & ((Bill.refunded_won == 0) | (Bill.refunded_won == total_won)))
        | ((Bill.state == BillState.REFUNDED) & (Bill.refunded_won != total_won))
        | (Bill.state.in_((BillState.OPEN, BillState.VOID)) & (Bill.refunded_won != 0))
    )


@question(of=Bill.party_id)
def refunds_within_bill() -> Select[int]:
    """More of a bill has gone back or is on its way than it was worth."""
    planned = (
        select(func.coalesce(func.sum(Refund.amount_won), 0))
        .where(Refund.bill_id == Bill.id, Refund.state != RefundState.FAILED, Refund.stray.is_(False))
        .scalar_subquery()
    )
    return select(Bill.id).where(planned > Bill.amount_won + Bill.credit_won)


@question(of=Bill.party_id)
def refunds_are_booked() -> Select[int]:
    """A finished refund of a bill was never booked, or the ledger has one, or a transfer, that nobody made."""
    by_hand = case((Refund.way == RefundWay.OPERATOR, Refund.amount_won), else_=0)
    done = (
        select(Refund.bill_id, func.count(Refund.id).label("events"), func.sum(by_hand).label("by_hand"))
        .where(Refund.state == RefundState.DONE)
        .group_by(Refund.bill_id)
        .subquery()
    )
    of_bank = case((LedgerEntry.account == Account.BANK, -LedgerEntry.amount_won), else_=0)
    booked = (
        select(
            LedgerEntry.bill_id,
            func.count(LedgerEntry.event.distinct()).label("events"),
            func.sum(of_bank).label("by_hand"),
        )
        .where(LedgerEntry.event.startswith("refund-"))
        .group_by(LedgerEntry.bill_id)
        .subquery()
    )
    return (
        select(Bill.id)
        .join(done, done.c.bill_id == Bill.id, isouter=True)
        .join(booked, booked.c.bill_id == Bill.id, isouter=True)
        .where(
            (func.coalesce(done.c.events, 0) != func.coalesce(booked.c.events, 0))
            | (func.coalesce(done.c.by_hand, 0) != func.coalesce(booked.c.by_hand, 0))
        )
    )


# Sums of few rows, grouped before they are joined: asked stay by stay they would be counted anew for each of them.
def _credit_booked() -> Subquery:
    """Return the credit that the ledger holds for each stay."""
    return (
        select(Bill.membership_id, (-func.sum(LedgerEntry.amount_won)).label("won"))
        .join(LedgerEntry, LedgerEntry.bill_id == Bill.id)
        .where(LedgerEntry.account == Account.CREDIT)
        .group_by(Bill.membership_id)
        .subquery()
    )


def _credit_of_bills(*states: BillState) -> Subquery:
    """Return the credit that each stay's bills in some states use."""
    return (
        select(Bill.membership_id, func.sum(Bill.credit_won).label("won"))
        .where(Bill.credit_won > 0, Bill.state.in_(states))
        .group_by(Bill.membership_id)
        .subquery()
    )


def _done(which: ColumnElement[bool]) -> Subquery:
    """Return what some of each stay's finished refunds gave."""
    return (
        select(Bill.membership_id, func.sum(Refund.amount_won).label("won"))
        .join(Refund, Refund.bill_id == Bill.id)
        .where(Refund.state == RefundState.DONE, which)
        .group_by(Bill.membership_id)
        .subquery()
    )


def _stays_with(*sums: Subquery) -> Select[int]:
    stays = select(Membership.id)
    for each in sums:
        stays = stays.join(each, each.c.membership_id == Membership.id, isouter=True)
    return stays


def _won(of: Subquery) -> ColumnElement[int]:
    return func.coalesce(of.c.won, 0)


@question(of=Membership.party_id)
def credit_equals_given() -> Select[int]:
    """A stay's credit is not what it was given less what its paid bills used and what was transferred at its end."""
    booked, used = _credit_booked(), _credit_of_bills(*PAID)
    given, transferred = _done(Refund.way == RefundWay.CREDIT), _done(Refund.reason == CREDIT_LEFT)
    stays = _stays_with(booked, given, used, transferred)
    return stays.where(_won(booked) != _won(given) - _won(used) - _won(transferred))


@question(of=Membership.party_id)
def credit_not_overdrawn() -> Select[int]:
    """A stay's bills use more credit than it has."""
    booked, used = _credit_booked(), _credit_of_bills(BillState.OPEN)
    return _stays_with(booked, used).where(_won(booked) < _won(used))


@question(of=Bill.party_id)
def credit_is_the_payers() -> Select[int]:
    """Credit of a bill is booked as somebody else's than its payer's."""
    return (
        select(LedgerEntry.id)
        .join(Bill, Bill.id == LedgerEntry.bill_id)
        .where(
            LedgerEntry.account == Account.CREDIT,
            LedgerEntry.person_id.is_(None) | (LedgerEntry.person_id != Bill.person_id),
        )
    )


@question(of=Bill.party_id)
def transfer_has_act() -> Select[int]:
    """A refund counts as transferred, but no operator has said that they did it."""
    refund = OperatorAct.facts["refund"].as_integer()
    said = select(refund).where(OperatorAct.what == PAID_ACT, refund.is_not(None))
    return (
        select(Refund.id)
        .join(Bill, Bill.id == Refund.bill_id)
        .where(Refund.way == RefundWay.OPERATOR, Refund.state == RefundState.DONE, Refund.id.not_in(said))
    )


@question(of=Bill.party_id)
def outside_has_record() -> Select[int]:
    """Money was cancelled at Bootpay without us, and no record for the operator says so."""
    kept = select(MoneyRecord.id).where(MoneyRecord.bill_id == Bill.id, MoneyRecord.what.in_(OUTSIDE_RECORDS))
    return (
        select(Refund.id)
        .join(Bill, Bill.id == Refund.bill_id)
        .where(Refund.reason.in_((OUTSIDE, TWICE)) | (Refund.provider_word == OUTSIDE), ~kept.exists())
    )


@question(of=Claim.party_id)
def claim_holds_release() -> Select[int]:
    """Money was released to a host while a claim about its days was open."""
    return (
        select(Claim.id)
        .join(Bill, Bill.membership_id == Claim.membership_id)
        .where(
            Claim.under_way.is_(True),
            # What was released at the very instant may have been released before: a claim had just been rejected.
            Bill.released_at > Claim.opened_at,
            Bill.serves_until > Claim.broken_since,
        )
    )
