"""What spans wings, one function each."""

from core.flows.cancel import cancel_party
from core.flows.cards import PartyCard, Seat, party_card, tick_access
from core.flows.join import Invitation, Joined, due_holds, expire_holds, give_up_seat, invitation, join_party
from core.flows.leave import LeavePlan, close_leavings, due_leavings, leave_party, leave_preview, stay_after_all
from core.flows.start import recruiting_parties, start_or_cancel_due

__all__ = [
    "Invitation",
    "Joined",
    "LeavePlan",
    "PartyCard",
    "Seat",
    "cancel_party",
    "close_leavings",
    "due_holds",
    "due_leavings",
    "expire_holds",
    "give_up_seat",
    "invitation",
    "join_party",
    "leave_party",
    "leave_preview",
    "party_card",
    "recruiting_parties",
    "start_or_cancel_due",
    "stay_after_all",
    "tick_access",
]
