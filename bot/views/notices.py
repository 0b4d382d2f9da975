"""Notices of core by name: the sender asks here how each is worded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from bot.screen import Screen
from bot.texts import Speech
from bot.views import alerts, rooms

View = Callable[[Speech, Mapping[str, Any]], Screen]
NOTICES: dict[str, View] = {
    "rooms.opened": rooms.opened,
    "rooms.joined": rooms.joined,
    "rooms.left": rooms.gone,
    "rooms.closed_for_you": rooms.closed_for_you,
    "rooms.closed": rooms.closed,
    "rooms.board": rooms.board,
    "rooms.board_closed": rooms.board_closed,
    "alerts.audit_violation": alerts.audit_violation,
    "alerts.payout_returned": alerts.payout_returned,
    "alerts.refund_failed": alerts.refund_failed,
    "alerts.refund_unknown": alerts.refund_unknown,
    "alerts.asked_in_vain": alerts.asked_in_vain,
    "alerts.paid_mismatch": alerts.paid_mismatch,
    "alerts.card_unclear": alerts.card_unclear,
    "alerts.provider_refuses": alerts.provider_refuses,
    "alerts.books_differ": alerts.books_differ,
    "alerts.chore_failed": alerts.chore_failed,
    "alerts.dead_update": alerts.dead_update,
    "alerts.clock_jumped": alerts.clock_jumped,
}


def word(say: Speech, name: str, data: Mapping[str, Any]) -> Screen:
    """Return the screen of a notice; KeyError for a name that no view knows."""
    return NOTICES[name](say, data)
