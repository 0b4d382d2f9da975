"""Billing: cycles, bills, attempts, settling, refunds, ledger, reminders."""

from core.billing.attempts import begin_attempt
from core.billing.banks import BANKS
from core.billing.bills import BillCard, bill_card, bills_of, open_bills_of
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
from core.billing.holding import due_releases, host_part, release_due
from core.billing.hosting import (
    Coming,
    CyclePayments,
    PayoutBoard,
    PayoutCard,
    payments_of,
    payout_board,
    payout_card,
)
from core.billing.janitor import ask_about_attempts, look_into_hints, send_refunds
from core.billing.limits import Limits
from core.billing.noting import Outcome, Settled
from core.billing.payout_accounts import (
    Details,
    Proof,
    account_of,
    clean_holder,
    known_bank,
    prove_account,
    register_account,
    tries_left,
    waits_for_code,
)
from core.billing.payouts import (
    Confirmed,
    Instruction,
    Line,
    Result,
    confirm_batch,
    due_payouts,
    export_batch,
    instructions,
    plan_payout,
)
from core.billing.provider import Provider
from core.billing.refund_books import refunds_of, won_of_host
from core.billing.refund_ways import plan_refund, planned_won
from core.billing.reminders import due_bills, remind
from core.billing.settle import settle, settle_order
from core.billing.tables import (
    AccountState,
    Attempt,
    AttemptState,
    Bill,
    BillState,
    Cycle,
    PayoutAccount,
    PayoutState,
    Refund,
    RefundState,
    RefundWay,
)

__all__ = [
    "BANKS",
    "AccountState",
    "Attempt",
    "AttemptState",
    "Bill",
    "BillCard",
    "BillState",
    "Coming",
    "Confirmed",
    "Cycle",
    "CyclePayments",
    "Details",
    "Instruction",
    "Limits",
    "Line",
    "Outcome",
    "PayoutAccount",
    "PayoutBoard",
    "PayoutCard",
    "PayoutState",
    "Proof",
    "Provider",
    "Quote",
    "Refund",
    "RefundState",
    "RefundWay",
    "Result",
    "Settled",
    "account_of",
    "ask_about_attempts",
    "begin_attempt",
    "bill_card",
    "bills_of",
    "clean_holder",
    "confirm_batch",
    "due_bills",
    "due_payouts",
    "due_releases",
    "ended_stays_with_credit",
    "export_batch",
    "host_part",
    "instructions",
    "known_bank",
    "look_into_hints",
    "open_bills_of",
    "open_due_cycles",
    "open_first_bill",
    "payments_of",
    "payout_board",
    "payout_card",
    "plan_payout",
    "plan_refund",
    "planned_won",
    "prove_account",
    "purge_hints",
    "quote",
    "refunds_of",
    "register_account",
    "release_due",
    "remind",
    "reopen_bills",
    "running_parties",
    "send_refunds",
    "settle",
    "settle_order",
    "share_of",
    "take_hint",
    "transfer_credit_left",
    "tries_left",
    "void_open_bills",
    "waits_for_code",
    "won_of_host",
]
