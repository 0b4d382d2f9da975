"""Tries at paying a bill, hints about receipts, and cards on file."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime, Won


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
    AttemptState.DEPOSIT_WAITING: {
        AttemptState.PAID, AttemptState.FAILED, AttemptState.LAPSED, AttemptState.UNKNOWN, AttemptState.CANCELLED,
    },
    # What we gave up may turn out to have been approved or charged all the same, or to be no money of ours.
    AttemptState.FAILED: {AttemptState.PAID, AttemptState.UNKNOWN, AttemptState.CANCELLED},
    AttemptState.LAPSED: {
        AttemptState.APPROVING, AttemptState.DEPOSIT_WAITING, AttemptState.PAID, AttemptState.FAILED,
        AttemptState.UNKNOWN, AttemptState.CANCELLED,
    },
    AttemptState.PAID: {AttemptState.CANCELLED},
}  # fmt: skip


# Attempts about which Bootpay is asked on a schedule.
SILENT = (AttemptState.CREATED, AttemptState.APPROVING, AttemptState.UNKNOWN, AttemptState.DEPOSIT_WAITING)


class CardState(StrEnum):
    """Where a card on file stands; `asked` waits for its window, `revoking` for Bootpay's answer."""

    ASKED = "asked"
    ACTIVE = "active"
    REVOKING = "revoking"
    REVOKED = "revoked"


CARD_MOVES: dict[CardState, set[CardState]] = {
    CardState.ASKED: {CardState.ACTIVE, CardState.REVOKED},
    CardState.ACTIVE: {CardState.REVOKING},
    CardState.REVOKING: {CardState.REVOKED},
}


class Attempt(Base):
    """One try at paying a bill; its `order_id` is ours, its `receipt_id` Bootpay's.

    `provider_fee_bp` is what Bootpay keeps of it, in hundredths of a percent; `card_id` the card on file it charges;
    `reconciled_at` when the paid row was last held against Bootpay's receipt.
    """

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
    provider_fee_bp: Mapped[int] = mapped_column(default=0)
    card_id: Mapped[int | None] = mapped_column(ForeignKey("card.id"))
    reconciled_at: Mapped[datetime | None] = mapped_column(UtcDateTime, index=True)
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


class Card(Base):
    """A person's card on file for automatic payment: Bootpay's billing key, sealed; one of a person is `current`."""

    __tablename__ = "card"
    __table_args__ = (
        UniqueConstraint("person_id", "current"),
        Index("ix_card_state_ask_at", "state", "ask_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    current: Mapped[bool | None]
    subscription_id: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    receipt_id: Mapped[str | None] = mapped_column(ExternalId(64), unique=True)
    key_sealed: Mapped[str | None] = mapped_column(ExternalId(400))
    label: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[CardState] = mapped_column(State(CardState))
    consent_version: Mapped[str] = mapped_column(String(24))
    consented_at: Mapped[datetime] = mapped_column(UtcDateTime)
    asks: Mapped[int] = mapped_column(default=0)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
