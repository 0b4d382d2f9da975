"""Where hosts' money goes: accounts, payouts, and the batches in which operators export them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime, Won


class PayoutState(StrEnum):
    """Where a payout to a host stands; `exported` is an instruction that somebody may be carrying out."""

    PLANNED = "planned"
    EXPORTED = "exported"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


PAYOUT_MOVES: dict[PayoutState, set[PayoutState]] = {
    PayoutState.PLANNED: {PayoutState.EXPORTED},
    PayoutState.EXPORTED: {PayoutState.CONFIRMED, PayoutState.RETURNED},
    PayoutState.CONFIRMED: {PayoutState.RETURNED},  # the bank sent it back days later
}


class AccountState(StrEnum):
    """Where a host's payout account stands: nothing is paid out to one that is not verified.

    `refused`: money came back from it, or its host could not prove it; another one must be registered.
    """

    PENDING = "pending"
    VERIFIED = "verified"
    REFUSED = "refused"
    REPLACED = "replaced"


ACCOUNT_MOVES: dict[AccountState, set[AccountState]] = {
    AccountState.PENDING: {AccountState.VERIFIED, AccountState.REFUSED, AccountState.REPLACED},
    AccountState.VERIFIED: {AccountState.REFUSED, AccountState.REPLACED},
    AccountState.REFUSED: {AccountState.REPLACED},
}


class PayoutAccount(Base):
    """Where a host's money goes: sealed, shown by its last four digits; one account of a person is `current`.

    `code_sealed` is the word that comes with the one-won transfer by which the host proves the account.
    """

    __tablename__ = "payout_account"
    __table_args__ = (UniqueConstraint("person_id", "current"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    current: Mapped[bool | None] = mapped_column(default=True)
    bank: Mapped[str] = mapped_column(String(3))
    holder_sealed: Mapped[str | None] = mapped_column(ExternalId(400))
    number_sealed: Mapped[str | None] = mapped_column(ExternalId(400))
    last4: Mapped[str] = mapped_column(String(4))
    state: Mapped[AccountState] = mapped_column(State(AccountState))
    code_sealed: Mapped[str | None] = mapped_column(ExternalId(400))
    code_batch_id: Mapped[int | None] = mapped_column(ForeignKey("payout_batch.id"))
    tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    verified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PayoutBatch(Base):
    """One exported file of instructions: who wrote it, who confirmed it; never the same person."""

    __tablename__ = "payout_batch"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    exported_at: Mapped[datetime] = mapped_column(UtcDateTime)
    exported_by: Mapped[str] = mapped_column(String(40))
    confirmed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    confirmed_by: Mapped[str | None] = mapped_column(String(40))


class Payout(Base):
    """Money on its way to a host; one is under way for a person at a time (`under_way` is emptied at its end)."""

    __tablename__ = "payout"
    __table_args__ = (
        UniqueConstraint("person_id", "under_way"),
        CheckConstraint("amount_won > 0", name="amount_positive"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    under_way: Mapped[bool | None] = mapped_column(default=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("payout_account.id"))
    batch_id: Mapped[int | None] = mapped_column(ForeignKey("payout_batch.id"), index=True)
    amount_won: Mapped[int] = mapped_column(Won)
    payout_key: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    state: Mapped[PayoutState] = mapped_column(State(PayoutState), index=True)
    word: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    exported_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
