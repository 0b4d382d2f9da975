"""Cycles, bills, attempts, refunds, payouts, the ledger, reminders; states and their allowed moves side by side."""

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


# Attempts about which Bootpay is asked on a schedule.
SILENT = (AttemptState.CREATED, AttemptState.APPROVING, AttemptState.UNKNOWN, AttemptState.DEPOSIT_WAITING)


class RefundState(StrEnum):
    """Where money on its way back stands."""

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


# Refunds of which it is not known yet how they end.
UNFINISHED = (RefundState.PLANNED, RefundState.SENDING, RefundState.UNKNOWN)
REFUND_MOVES: dict[RefundState, set[RefundState]] = {
    # An operator's transfer is not sent by us: it is done when they say so, or needless after a cancel elsewhere.
    RefundState.PLANNED: {RefundState.SENDING, RefundState.DONE, RefundState.FAILED},
    RefundState.SENDING: {RefundState.DONE, RefundState.FAILED, RefundState.UNKNOWN},
    RefundState.UNKNOWN: {RefundState.SENDING, RefundState.DONE, RefundState.FAILED},
}


class RefundWay(StrEnum):
    """How money goes back: over its receipt, on the next bill, or by the operator's own transfer."""

    CANCEL = "cancel"
    CREDIT = "credit"
    OPERATOR = "operator"


class PayoutState(StrEnum):
    """Where a payout to a host stands; `exported` is an instruction that somebody may be carrying out."""

    PLANNED = "planned"
    EXPORTED = "exported"
    CONFIRMED = "confirmed"
    RETURNED = "returned"


PAYOUT_MOVES: dict[PayoutState, set[PayoutState]] = {
    PayoutState.PLANNED: {PayoutState.EXPORTED},
    PayoutState.EXPORTED: {PayoutState.CONFIRMED, PayoutState.RETURNED},
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


class ReminderState(StrEnum):
    """Where a reminder stands."""

    WAITING = "waiting"
    SENT = "sent"
    SKIPPED = "skipped"


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


class Refund(Base):
    """Money on its way back; `refund_key` is its key at the provider, or in the operator's list.

    `stray` money is none of its bill's: nobody owed it, or it had become the member's credit already.
    """

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
    way: Mapped[RefundWay] = mapped_column(State(RefundWay), default=RefundWay.CANCEL)
    stray: Mapped[bool] = mapped_column(default=False)
    refund_key: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    state: Mapped[RefundState] = mapped_column(State(RefundState))
    asks: Mapped[int] = mapped_column(default=0)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    provider_word: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


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
