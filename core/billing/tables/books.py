"""The ledger, and what an operator may have to explain."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime, Won


class Account(StrEnum):
    """The ledger's accounts; a positive amount is a debit.

    What we have: `provider` (with Bootpay), `bank` (what the operator transferred is negative). What we owe: `held`
    (a bill's money until its period is served), `payable` (released to a host; positive: the host owes), `transfer`
    (payouts on their way), `credit` (a member's, for the next bill), `stray` (money nobody owed). What it brings and
    costs: `fee` (the operator's), `provider_fee` (Bootpay's).
    """

    PROVIDER = "provider"
    BANK = "bank"
    HELD = "held"
    PAYABLE = "payable"
    TRANSFER = "transfer"
    CREDIT = "credit"
    STRAY = "stray"
    FEE = "fee"
    PROVIDER_FEE = "provider_fee"


class LedgerEntry(Base):
    """One line of the books, never changed; the lines of an event sum to zero.

    `person_id` says whose money it is where that is not the bill's payer: the host of `payable` and `transfer`.
    """

    __tablename__ = "ledger_entry"
    __table_args__ = (
        UniqueConstraint("event", "line"),
        CheckConstraint("amount_won <> 0", name="amount_not_zero"),
        Index("ix_ledger_entry_account_person_id", "account", "person_id", "amount_won"),
        Index("ix_ledger_entry_bill_id_account", "bill_id", "account", "amount_won"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    event: Mapped[str] = mapped_column(ExternalId(48))
    line: Mapped[int]
    account: Mapped[Account] = mapped_column(State(Account))
    amount_won: Mapped[int] = mapped_column(Won)
    party_id: Mapped[int | None] = mapped_column(ForeignKey("party.id"), index=True)
    bill_id: Mapped[int | None] = mapped_column(ForeignKey("bill.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class MoneyRecord(Base):
    """What happened around money that an operator may have to explain: refused, mismatched, late, stray."""

    __tablename__ = "money_record"

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    what: Mapped[str] = mapped_column(String(40), index=True)
    bill_id: Mapped[int | None] = mapped_column(ForeignKey("bill.id"))
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
