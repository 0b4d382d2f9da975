"""What the stand-in can be told to do wrong, per order and a number of times."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

After = Literal["hang", "drop", "critical", "refuse"]


@dataclass(frozen=True)
class Trouble:
    """Whether the wished thing happens all the same, and how the answer goes wrong."""

    effect: bool
    after: After


CONFIRM_TROUBLES = {
    "confirm_timeout_after_charging": Trouble(effect=True, after="hang"),
    "confirm_timeout_before": Trouble(effect=False, after="hang"),
    "confirm_dropped_after_charging": Trouble(effect=True, after="drop"),
    "confirm_critical_then_paid": Trouble(effect=True, after="critical"),
    "confirm_critical": Trouble(effect=False, after="critical"),
    "decline_at_confirm": Trouble(effect=False, after="refuse"),
}
CANCEL_TROUBLES = {
    "cancel_timeout_after_effect": Trouble(effect=True, after="hang"),
    "cancel_timeout_before": Trouble(effect=False, after="hang"),
    "cancel_dropped_after_effect": Trouble(effect=True, after="drop"),
    "cancel_critical_after_effect": Trouble(effect=True, after="critical"),
    "cancel_critical": Trouble(effect=False, after="critical"),
    "cancel_refused": Trouble(effect=False, after="refuse"),
}
# A charge by billing key knows CONFIRM_TROUBLES, too; these leave no receipt that anybody could find.
CHARGE_TROUBLES = {
    "charge_never_arrives": Trouble(effect=False, after="hang"),
    "charge_late": Trouble(effect=True, after="hang"),
}
DELETE_TROUBLES = {
    "delete_timeout_after_effect": Trouble(effect=True, after="hang"),
    "delete_timeout_before": Trouble(effect=False, after="hang"),
    "delete_critical": Trouble(effect=False, after="critical"),
}
TRANSPORT = {
    "html_502": "an HTML 502 instead of doing anything",
    "html_502_after_effect": "the wished thing happens, the answer is an HTML 502",
    "html_403": "an HTML page of a firewall instead of doing anything",
    "broken_json": "the wished thing happens, the answer ends in the middle",
    "too_many_requests": "429 instead of doing anything",
    "unauthorized_once": "401 TOKEN_KEY_INVALID although the key is right",
}
CONTENT = {
    "tampered_price": "the window is opened with another price (`value`, else 100)",
    "live_receipt": "the receipt says sandbox: false",
    "fraction_price": "the receipt tells half a won too much",
    "missing_price": "the receipt comes without its price",
    "unpaid_left_out": "lookup/order does not list receipts that are not paid",
    "lapse": "an approval lapses at once",
    "partial_cancel_status_20": "a partial cancel makes the status 20",
    "partial_cancel_status_1": "a partial cancel leaves the status at 1",
    "repeated_cancel_same": "a repeated cancel_id gives the receipt as it is",
    "repeated_cancel_error": "a repeated cancel_id is refused",
    "repeated_cancel_again": "a repeated cancel_id gives money back once more, as if Bootpay did not know it",
    "cancels_need_a_pause": "a further cancel of a receipt within ten seconds of the last is refused, as in v1",
    "card_expired": "a charge by billing key is refused because its card has expired",
}
WEBHOOKS = {
    "webhook_duplicate": "the notice comes `value` times (else twice)",
    "webhook_lost": "the notice is never sent",
    "webhook_delayed": "the notice comes `value` seconds late, or when /sandbox/webhooks/release is called",
    "webhook_out_of_order": "the notice comes after the next one of its order",
    "webhook_before_answer": "the notice is delivered before the confirm or cancel is answered",
    "webhook_form": "the notice comes as a form",
}
KINDS = frozenset().union(
    CONFIRM_TROUBLES, CANCEL_TROUBLES, CHARGE_TROUBLES, DELETE_TROUBLES, TRANSPORT, CONTENT, WEBHOOKS
)

ANY_ORDER = "*"


@dataclass
class Fault:
    """One switch that is on; `left` counts down, None means until it is cleared."""

    order_id: str
    kind: str
    left: int | None
    value: float | None = None


class Faults:
    """The switches that are on, oldest first."""

    def __init__(self) -> None:
        self._on: list[Fault] = []

    def add(self, order_id: str, kind: str, times: int | None = 1, value: float | None = None) -> Fault:
        """Switch on one kind for an order, or for all with "*"."""
        if kind not in KINDS:
            raise ValueError(f"unknown kind {kind}: one of {', '.join(sorted(KINDS))}")
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or null for always")
        fault = Fault(order_id, kind, times, value)
        self._on.append(fault)
        return fault

    def take(self, kind: str, order_id: str | None) -> Fault | None:
        """Return and use up one fault of this kind that concerns this order."""
        for fault in self._on:
            if fault.kind == kind and fault.order_id in (ANY_ORDER, order_id):
                if fault.left is not None:
                    fault.left -= 1
                    if fault.left == 0:
                        self._on.remove(fault)
                return fault
        return None

    def take_trouble(self, troubles: dict[str, Trouble], order_id: str) -> Trouble | None:
        """Return and use up the first of these troubles that concerns this order."""
        for kind, trouble in troubles.items():
            if self.take(kind, order_id):
                return trouble
        return None

    def on(self) -> list[Fault]:
        """Return what is still to come."""
        return list(self._on)

    def clear(self) -> None:
        """Switch everything off."""
        self._on.clear()
