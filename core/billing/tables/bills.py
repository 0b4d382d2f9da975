"""Cycles, the bills of a cycle, and reminders of them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, State, UtcDateTime, Won


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


class ReminderState(StrEnum):
    """Where a reminder stands."""

    WAITING = "waiting"
    SENT = "sent"
    SKIPPED = "skipped"


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
    """What one member owes for one cycle; `approving_attempt` is the hold of the payment being approved.

    The share of the days and the operator's fee, less the credit that was used, is `amount_won`: what Bootpay takes.
    `warned_at` and `final_warned_at` are when the warning before suspension and before losing the seat were *sent*;
    `waits_until` is until when the host waits with the suspension, given once.
    """

    __tablename__ = "bill"
    __table_args__ = (
        UniqueConstraint("cycle_id", "membership_id"),
        CheckConstraint("amount_won > 0", name="amount_positive"),
        CheckConstraint("refunded_won >= 0 and refunded_won <= amount_won + credit_won", name="refunded_at_most_paid"),
        Index("ix_bill_state_due_on", "state", "due_on"),
        Index("ix_bill_released_at_serves_until", "released_at", "serves_until"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    cycle_id: Mapped[int] = mapped_column(ForeignKey("cycle.id"))
    membership_id: Mapped[int] = mapped_column(ForeignKey("membership.id"), index=True)
    party_id: Mapped[int] = mapped_column(ForeignKey("party.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    amount_won: Mapped[int] = mapped_column(Won)
    share_won: Mapped[int] = mapped_column(Won)
    fee_won: Mapped[int] = mapped_column(Won, default=0)
    credit_won: Mapped[int] = mapped_column(Won, default=0)
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
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    final_warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    waits_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def total_won(self) -> int:
        """Return what the bill is worth: what was taken by Bootpay and what a credit covered."""
        return self.amount_won + self.credit_won


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
