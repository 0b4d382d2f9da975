"""What spans wings, one function each."""

from core.flows.asking_prices import consent_of
from core.flows.cancel import cancel_party
from core.flows.cards import PartyCard, Seat, party_card, tick_access
from core.flows.change_price import (
    NewPrice,
    PriceNews,
    answer_price,
    answers_to,
    keep_price,
    price_news,
    price_preview,
    price_work,
    propose_price,
    take_price_back,
)
from core.flows.claims import answer_claim, claim_preview, open_claim, resolve_claim, withdraw_claim
from core.flows.end import EndPlan, due_endings, end_party, end_preview, finish_party
from core.flows.giving_back import BackPlan
from core.flows.join import Invitation, Joined, due_holds, expire_holds, give_up_seat, invitation, join_party
from core.flows.late import (
    Late,
    Outlook,
    coming_steps,
    due_suspensions,
    due_to_be_freed,
    free_by_host,
    free_late,
    late_bill,
    nudge_late,
    outlook,
    suspend_late,
    suspended_bill,
    wait_longer,
)
from core.flows.leave import LeavePlan, close_leavings, due_leavings, leave_party, leave_preview, stay_after_all
from core.flows.line import due_offers, expire_offer, leave_line, pass_offer, serve_line, wait_in_line
from core.flows.remove import remove_member, remove_preview
from core.flows.start import recruiting_parties, start_or_cancel_due
from core.flows.withdraw import withdraw, withdraw_preview

__all__ = [
    "BackPlan",
    "EndPlan",
    "Invitation",
    "Joined",
    "Late",
    "LeavePlan",
    "NewPrice",
    "Outlook",
    "PartyCard",
    "PriceNews",
    "Seat",
    "answer_claim",
    "answer_price",
    "answers_to",
    "cancel_party",
    "claim_preview",
    "close_leavings",
    "coming_steps",
    "consent_of",
    "due_endings",
    "due_holds",
    "due_leavings",
    "due_offers",
    "due_suspensions",
    "due_to_be_freed",
    "end_party",
    "end_preview",
    "expire_holds",
    "expire_offer",
    "finish_party",
    "free_by_host",
    "free_late",
    "give_up_seat",
    "invitation",
    "join_party",
    "keep_price",
    "late_bill",
    "leave_line",
    "leave_party",
    "leave_preview",
    "nudge_late",
    "open_claim",
    "outlook",
    "party_card",
    "pass_offer",
    "price_news",
    "price_preview",
    "price_work",
    "propose_price",
    "recruiting_parties",
    "remove_member",
    "remove_preview",
    "resolve_claim",
    "serve_line",
    "start_or_cancel_due",
    "stay_after_all",
    "suspend_late",
    "suspended_bill",
    "take_price_back",
    "tick_access",
    "wait_in_line",
    "wait_longer",
    "withdraw",
    "withdraw_claim",
    "withdraw_preview",
]
