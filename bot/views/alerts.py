"""What an operator must look at, one sentence each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.screen import Screen
from bot.texts import Speech


def audit_violation(say: Speech, data: Mapping[str, Any]) -> Screen:
    """An invariant is broken."""
    return Screen(say("alerts.audit_violation", sentence=data["sentence"], rows=data["rows"]))


def payout_returned(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Money came back from a host's account."""
    return Screen(say("alerts.payout_returned", payout=data["payout"], won=say.won(data["won"])))


def refund_failed(say: Speech, data: Mapping[str, Any]) -> Screen:
    """The provider will not give a payment back."""
    return Screen(say("alerts.refund_failed", refund=data["refund"], code=data["code"]))


def refund_unknown(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Nobody says what became of a refund."""
    return Screen(say("alerts.refund_unknown", refund=data["refund"]))


def asked_in_vain(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Nobody says what became of a payment."""
    return Screen(say("alerts.asked_in_vain", attempt=data["attempt"]))


def paid_mismatch(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Money came in that is not what was asked for."""
    wrong = say(f"alerts.mismatch_{data['wrong']}")
    return Screen(say("alerts.paid_mismatch", attempt=data["attempt"], receipt=data["receipt"], wrong=wrong))


def card_unclear(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Nobody says whether a card's key is issued, or deleted."""
    return Screen(say("alerts.card_unclear", card=data["card"]))


def provider_refuses(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Bootpay does not accept our keys, or the address we come from."""
    return Screen(say("alerts.provider_refuses", code=data["code"]))


def books_differ(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Bootpay tells a payment otherwise than we booked it."""
    difference = say(f"alerts.differs_{data['difference']}")
    return Screen(say("alerts.books_differ", attempt=data["attempt"], difference=difference))


def chore_failed(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Something that was due could not be done for one row."""
    return Screen(say("alerts.chore_failed", chore=data["chore"], row=data["row"], error=data["error"]))


def dead_update(say: Speech, data: Mapping[str, Any]) -> Screen:
    """A message or a tap was given up."""
    return Screen(say("alerts.dead_update", update=data["update"], error=data["error"]))


def clock_jumped(say: Speech, data: Mapping[str, Any]) -> Screen:
    """The clock cannot be trusted, and nothing goes by it any more."""
    return Screen(say("alerts.clock_jumped", reason=data["reason"]))
