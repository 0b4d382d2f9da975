"""Every invariant of the business: one query that must find nothing, one sentence that says what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

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
from core.parties.tables import INSIDE, SEATED, Membership, MembershipState, Party, PartyState, Role


@dataclass(frozen=True)
class Violation:
    """A broken invariant and the rows (their ids) that break it."""

    name: str
    sentence: str
    rows: tuple[object, ...]


PAID = (BillState.PAID, BillState.PARTLY_REFUNDED, BillState.REFUNDED)


def _paid_into() -> Select[str]:
    return select(LedgerEntry.event).group_by(LedgerEntry.event).having(func.sum(LedgerEntry.amount_won) != 0)


def _held_sum() -> Select[int]:
    held = (
        select(LedgerEntry.bill_id, func.sum(LedgerEntry.amount_won).label("won"))
        .where(LedgerEntry.account == Account.HELD)
        .group_by(LedgerEntry.bill_id)
        .subquery()
    )
    rest = case((Bill.released_at.is_(None), Bill.refunded_won - Bill.amount_won - Bill.credit_won), else_=0)
    return (
        select(Bill.id)
        .join(held, held.c.bill_id == Bill.id, isouter=True)
        .where(Bill.state.in_(PAID), func.coalesce(held.c.won, 0) != rest)
    )


def _held_without_payment() -> Select[int]:
    return (
        select(Bill.id)
        .join(LedgerEntry, LedgerEntry.bill_id == Bill.id)
        .where(LedgerEntry.account == Account.HELD, Bill.state.not_in(PAID))
        .distinct()
    )


def _refunded_sum() -> Select[int]:
    done = (
        select(Refund.bill_id, func.sum(Refund.amount_won).label("won"))
        .where(Refund.state == RefundState.DONE, Refund.stray.is_(False))
        .group_by(Refund.bill_id)
        .subquery()
    )
    return (
        select(Bill.id)
        .join(done, done.c.bill_id == Bill.id, isouter=True)
        .where(func.coalesce(done.c.won, 0) != Bill.refunded_won)
    )


def _refunds_over_attempt() -> Select[int]:
    return (
        select(Refund.attempt_id)
        .join(Attempt, Attempt.id == Refund.attempt_id)
        .where(Refund.state != RefundState.FAILED, Refund.way == RefundWay.CANCEL)
        .group_by(Refund.attempt_id, Attempt.received_won)
        .having(func.sum(Refund.amount_won) > func.coalesce(Attempt.received_won, 0))
    )


def _too_many_seated() -> Select[int]:
    return (
        select(Party.id)
        .join(Membership, Membership.party_id == Party.id)
        .where(Membership.state.in_(SEATED))
        .group_by(Party.id, Party.seats)
        .having(func.count(Membership.id) > Party.seats)
    )


CHECKS: dict[str, tuple[str, Select[Any]]] = {
    "ledger_balances": (
        "the lines of a money event do not sum to zero",
        _paid_into(),
    ),
    "held_equals_paid": (
        "what is held for a bill is not what was paid less what went back, or something is held after its release",
        _held_sum(),
    ),
    "held_needs_payment": ("money is held for a bill that is not paid", _held_without_payment()),
    "refunded_equals_done": ("a bill's refunded amount is not the sum of its finished refunds", _refunded_sum()),
    "refunds_within_attempt": ("more goes back over a payment than came in over it", _refunds_over_attempt()),
    "refunded_state": (
        "a bill's state does not match what was refunded",
        select(Bill.id).where(
            ((Bill.state == BillState.PAID) & (Bill.refunded_won != 0))
            | (
                (Bill.state == BillState.PARTLY_REFUNDED)
                & ((Bill.refunded_won == 0) | (Bill.refunded_won == Bill.amount_won + Bill.credit_won))
            )
            | ((Bill.state == BillState.REFUNDED) & (Bill.refunded_won != Bill.amount_won + Bill.credit_won))
            | (Bill.state.in_((BillState.OPEN, BillState.VOID)) & (Bill.refunded_won != 0))
        ),
    ),
    "paid_has_attempt": (
        "a bill is paid without a paid attempt of its own and of its amount",
        select(Bill.id)
        .join(Attempt, Attempt.id == Bill.paid_attempt, isouter=True)
        .where(
            Bill.state.in_(PAID),
            Attempt.id.is_(None)
            | (Attempt.bill_id != Bill.id)
            | (Attempt.received_won != Bill.amount_won)
            | Attempt.state.not_in((AttemptState.PAID, AttemptState.CANCELLED))
            | Attempt.receipt_id.is_(None),
        ),
    ),
    "hold_only_on_open": (
        "a closed bill is still held by a payment",
        select(Bill.id).where(Bill.state != BillState.OPEN, Bill.approving_attempt.is_not(None)),
    ),
    "hold_is_asked_about": (
        "a bill is held by a payment that nobody asks about",
        select(Bill.id)
        .join(Attempt, Attempt.id == Bill.approving_attempt, isouter=True)
        .where(
            Bill.approving_attempt.is_not(None),
            Attempt.id.is_(None)
            | Attempt.state.not_in((AttemptState.APPROVING, AttemptState.UNKNOWN))
            | Attempt.ask_at.is_(None),
        ),
    ),
    "stray_goes_back": (
        "a payment that no bill needed does not go back",
        select(Attempt.id)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(
            Attempt.state == AttemptState.PAID,
            Attempt.received_won > 0,
            Bill.paid_attempt.is_(None) | (Bill.paid_attempt != Attempt.id),
            ~select(Refund.id).where(Refund.attempt_id == Attempt.id).exists(),
        ),
    ),
    "open_bill_has_seat": (
        "somebody without a seat is asked to pay for it",
        select(Bill.id)
        .join(Membership, Membership.id == Bill.membership_id)
        .where(Bill.state == BillState.OPEN, Membership.state.not_in(SEATED)),
    ),
    "seats_within_party": ("more people sit in a party than it has seats", _too_many_seated()),
    "seat_number": (
        "a seat's number is none of the party's, or a seated person has none, or somebody gone still has one",
        select(Membership.id)
        .join(Party, Party.id == Membership.party_id)
        .where(
            (Membership.state.in_(SEATED) & (Membership.seat.is_(None) | Membership.present.is_(None)))
            | (Membership.seat >= Party.seats)
            | (Membership.seat < 0)
            | (Membership.state.not_in(SEATED) & Membership.seat.is_not(None))
        ),
    ),
    "reserved_has_end": (
        "a held seat has no end, or a seat that is not held has one",
        select(Membership.id).where(
            ((Membership.state == MembershipState.RESERVED) & Membership.held_until.is_(None))
            | ((Membership.state != MembershipState.RESERVED) & Membership.held_until.is_not(None))
        ),
    ),
    "active_member_paid": (
        "a member sits in a party without ever having paid a bill",
        select(Membership.id).where(
            Membership.role == Role.MEMBER,
            Membership.state.in_(INSIDE),
            ~select(Bill.id).where(Bill.membership_id == Membership.id, Bill.state.in_(PAID)).exists(),
        ),
    ),
    "over_party_is_empty": (
        "somebody still sits in a party that is over",
        select(Membership.id)
        .join(Party, Party.id == Membership.party_id)
        .where(Party.state.in_((PartyState.ENDED, PartyState.CANCELLED)), Membership.state.in_(SEATED)),
    ),
}


async def check(session: AsyncSession, *, most_rows: int = 20) -> list[Violation]:
    """Ask every question once; an empty list means that the books and the seats are right."""
    found = []
    for name, (sentence, query) in CHECKS.items():
        rows = (await session.scalars(query.limit(most_rows))).all()
        if rows:
            found.append(Violation(name, sentence, tuple(rows)))
    return found


__all__ = ["CHECKS", "Violation", "check"]
