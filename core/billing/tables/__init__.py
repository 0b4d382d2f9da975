"""The tables of billing, by subject; states and their allowed moves stand side by side."""

from __future__ import annotations

from core.billing.tables.bills import BILL_MOVES, Bill, BillState, Cycle, Reminder, ReminderState
from core.billing.tables.books import Account, LedgerEntry, MoneyRecord
from core.billing.tables.payments import ATTEMPT_MOVES, CARD_MOVES, SILENT, Attempt, AttemptState, Card, CardState, Hint
from core.billing.tables.payouts import (
    ACCOUNT_MOVES,
    PAYOUT_MOVES,
    AccountState,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutState,
)
from core.billing.tables.refunds import REFUND_MOVES, UNFINISHED, Refund, RefundState, RefundWay

__all__ = [
    "ACCOUNT_MOVES",
    "ATTEMPT_MOVES",
    "BILL_MOVES",
    "CARD_MOVES",
    "PAYOUT_MOVES",
    "REFUND_MOVES",
    "SILENT",
    "UNFINISHED",
    "Account",
    "AccountState",
    "Attempt",
    "AttemptState",
    "Bill",
    "BillState",
    "Card",
    "CardState",
    "Cycle",
    "Hint",
    "LedgerEntry",
    "MoneyRecord",
    "Payout",
    "PayoutAccount",
    "PayoutBatch",
    "PayoutState",
    "Refund",
    "RefundState",
    "RefundWay",
    "Reminder",
    "ReminderState",
]
