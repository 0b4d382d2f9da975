"""Cycles, bills, attempts, hints, refunds, the ledger, reminders; states and their allowed moves side by side."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime, Won


class BillState(StrEnum):
    """Where a bill stands."""

    OPEN = "open"
    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    VOID = "void"


BILL_MOVES: dict[BillState, set[BillState]] = {
    BillState.OPEN: {BillState.PAID, BillState.VOID},
    BillState.PAID: {BillState.PARTLY_REFUNDED, BillState.REFUNDED},
    BillState.PARTLY_REFUNDED: {BillState.REFUNDED},
    BillState.VOID: {BillState.OPEN},  # its member took the leave back
}


class AttemptState(StrEnum):
    """Where one try at paying a bill stands; `unknown` is asked again on a schedule."""

    CREATED = "created"
    APPROVING = "approving"
    DEPOSIT_WAITING = "deposit_waiting"
    PAID = "paid"
    FAILED = "failed"
    LAPSED = "lapsed"
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"


ATTEMPT_MOVES: dict[AttemptState, set[AttemptState]] = {
    AttemptState.CREATED: {
        AttemptState.APPROVING, AttemptState.DEPOSIT_WAITING, AttemptState.PAID, AttemptState.FAILED,
        AttemptState.LAPSED, AttemptState.UNKNOWN, AttemptState.CANCELLED,
    },
    AttemptState.APPROVING: {
        AttemptState.PAID, AttemptState.FAILED, AttemptState.LAPSED, AttemptState.UNKNOWN, AttemptState.CANCELLED,
    },
    AttemptState.UNKNOWN: {
        AttemptState.APPROVING, AttemptState.PAID, AttemptState.FAILED, AttemptState.LAPSED, AttemptState.CANCELLED,
    },
    AttemptState.DEPOSIT_WAITING: {AttemptState.PAID, AttemptState.LAPSED, AttemptState.CANCELLED},
    # What we gave up may turn out to have been approved or charged all the same.
    AttemptState.FAILED: {AttemptState.PAID, AttemptState.UNKNOWN, AttemptState.CANCELLED},
    AttemptState.LAPSED: {AttemptState.APPROVING, AttemptState.PAID, AttemptState.UNKNOWN, AttemptState.CANCELLED},
    AttemptState.PAID: {AttemptState.CANCELLED},
}  # fmt: skip


class RefundState(StrEnum):
    """Where money on its way back stands."""

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


REFUND_MOVES: dict[RefundState, set[RefundState]] = {
    RefundState.PLANNED: {RefundState.SENDING},
    RefundState.SENDING: {RefundState.DONE, RefundState.FAILED, RefundState.UNKNOWN},
    RefundState.UNKNOWN: {RefundState.SENDING, RefundState.DONE, RefundState.FAILED},
}


class ReminderState(StrEnum):
    """Where a reminder stands."""

    WAITING = "waiting"
    SENT = "sent"
    SKIPPED = "skipped"


class Account(StrEnum):
    """The ledger's accounts; a positive amount is a debit."""

    PROVIDER = "provider"
    HELD = "held"
    STRAY = "stray"


class Cycle(Base):
    """One party's month from one anchor day to the next."""

    __tablename__ = "cycle"
    __table_args__ = (
        UniqueConstraint("party_id", "number"),
        UniqueConstraint("party_id", "starts_on"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    number: Mapped[int]
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    price_won: Mapped[int] = mapped_column(Won)
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Bill(Base):
    """What one member owes for one cycle; `approving_attempt` is the hold of the payment being approved."""

    __tablename__ = "bill"
    __table_args__ = (
        UniqueConstraint("cycle_id", "membership_id"),
        CheckConstraint("amount_won > 0", name="amount_positive"),
        CheckConstraint("refunded_won >= 0 and refunded_won <= amount_won", name="refunded_at_most_paid"),
        Index("ix_bill_state_due_on", "state", "due_on"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    amount_won: Mapped[int] = mapped_column(Won)
    share_won: Mapped[int] = mapped_column(Won)
    days: Mapped[int]
    days_in_cycle: Mapped[int]
    serves_from: Mapped[date] = mapped_column(Date)
    serves_until: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    state: Mapped[BillState] = mapped_column(State(BillState))
    approving_attempt: Mapped[int | None] = mapped_column(Id)
    approving_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paid_attempt: Mapped[int | None] = mapped_column(Id)
    refunded_won: Mapped[int] = mapped_column(Won, default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Attempt(Base):
    """One try at paying a bill; its `order_id` is ours, its `receipt_id` Bootpay's."""

    __tablename__ = "attempt"
    __table_args__ = (Index("ix_attempt_state_ask_at", "state", "ask_at"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"), index=True)
    order_id: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    receipt_id: Mapped[str | None] = mapped_column(ExternalId(64), unique=True)
    amount_won: Mapped[int] = mapped_column(Won)
    received_won: Mapped[int | None] = mapped_column(Won)
    state: Mapped[AttemptState] = mapped_column(State(AttemptState))
    asks: Mapped[int] = mapped_column(default=0)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    receipt_url: Mapped[str | None] = mapped_column(String(300))
    method: Mapped[str | None] = mapped_column(String(40))
    provider_word: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Hint(Base):
    """Somebody said that a receipt changed; only a reason to look, never a fact."""

    __tablename__ = "hint"
    __table_args__ = (Index("ix_hint_done_at_ask_at", "done_at", "ask_at"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    receipt_id: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    asks: Mapped[int] = mapped_column(default=0)
    ask_at: Mapped[datetime] = mapped_column(UtcDateTime)
    received_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Refund(Base):
    """Money on its way back over the receipt it came with; `refund_key` is its key at the provider."""

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_won > 0", name="amount_positive"),
        Index("ix_refund_state_ask_at", "state", "ask_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"), index=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    amount_won: Mapped[int] = mapped_column(Won)
    reason: Mapped[str] = mapped_column(String(24))
    stray: Mapped[bool] = mapped_column(default=False)
    refund_key: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    state: Mapped[RefundState] = mapped_column(State(RefundState))
    asks: Mapped[int] = mapped_column(default=0)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    provider_word: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class LedgerEntry(Base):
    """One line of the books, never changed; the lines of an event sum to zero."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("event", "line"),
        CheckConstraint("amount_won <> 0", name="amount_not_zero"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    event: Mapped[str] = mapped_column(ExternalId(48))
    line: Mapped[int]
    account: Mapped[Account] = mapped_column(State(Account))
    amount_won: Mapped[int] = mapped_column(Won)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"))
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"), index=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Reminder(Base):
    """One planned reminder; it exists once."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("cycle_id", "membership_id", "kind"),
        Index("ix_reminder_state_due_at", "state", "due_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"))
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"), index=True)
    kind: Mapped[str] = mapped_column(String(12))
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[ReminderState] = mapped_column(State(ReminderState))
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MoneyRecord(Base):
    """What happened around money that an operator may have to explain: refused, mismatched, late, stray."""

    __tablename__ = "money_record"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    what: Mapped[str] = mapped_column(String(40), index=True)
    bill_id: Mapped[int | None] = mapped_column(ForeignKey("bill.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
