"""Billing: cycles, bills, attempts, settling, refunds, ledger, reminders."""

from core.billing.attempts import begin_attempt
from core.billing.bills import BillCard, bill_card, bills_of, open_bills_of
from core.billing.cards import (
    AUTOPAY_VERSION,
    LINK_LIVES,
    CardOutcome,
    ask_for_card,
    card_of,
    get_card,
    look_after_cards,
    new_window,
    register_card,
    stop_autopay,
)
from core.billing.charging import announce_charge, bills_to_announce, charge_cards, next_charge
from core.billing.credits import ended_stays_with_credit, transfer_credit_left
from core.billing.cycles import (
    Quote,
    open_due_cycles,
    open_first_bill,
    quote,
    reopen_bills,
    running_parties,
    share_of,
    void_open_bills,
)
from core.billing.hints import purge_hints, take_hint
from core.billing.janitor import ask_about_attempts, look_into_hints, send_refunds
from core.billing.limits import Limits
from core.billing.noting import Outcome, Settled
from core.billing.provider import Provider
from core.billing.refund_books import refunds_of, won_of_host
from core.billing.refund_ways import plan_refund, planned_won
from core.billing.reminders import due_bills, remind
from core.billing.settle import settle, settle_order
from core.billing.tables import (
    Attempt,
    AttemptState,
    Bill,
    BillState,
    Card,
    CardState,
    Cycle,
    Refund,
    RefundState,
    RefundWay,
)

__all__ = [
    "AUTOPAY_VERSION",
    "LINK_LIVES",
    "Attempt",
    "AttemptState",
    "Bill",
    "BillCard",
    "BillState",
    "Card",
    "CardOutcome",
    "CardState",
    "Cycle",
    "Limits",
    "Outcome",
    "Provider",
    "Quote",
    "Refund",
    "RefundState",
    "RefundWay",
    "Settled",
    "announce_charge",
    "ask_about_attempts",
    "ask_for_card",
    "begin_attempt",
    "bill_card",
    "bills_of",
    "bills_to_announce",
    "card_of",
    "charge_cards",
    "due_bills",
    "ended_stays_with_credit",
    "get_card",
    "look_after_cards",
    "look_into_hints",
    "new_window",
    "next_charge",
    "open_bills_of",
    "open_due_cycles",
    "open_first_bill",
    "plan_refund",
    "planned_won",
    "purge_hints",
    "quote",
    "refunds_of",
    "register_card",
    "remind",
    "reopen_bills",
    "running_parties",
    "send_refunds",
    "settle",
    "settle_order",
    "share_of",
    "stop_autopay",
    "take_hint",
    "transfer_credit_left",
    "void_open_bills",
    "won_of_host",
]
