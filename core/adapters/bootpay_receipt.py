"""Reads Bootpay's receipt: strictly what money hangs on, where a missing or odd field makes the whole answer unclear.

What is only shown is left out where it is odd: a slip's address must not keep a payment from being booked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.errors import ProviderUnclear

# Far above any bill, and small enough that a number like 1e999999 is never written out.
MOST_WON = 10**12
WON = "KRW"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What Bootpay says of one payment; `status` is Bootpay's own number (1 paid, 2 approved but not confirmed).

    Amounts of another `currency` than won are its whole units: told, never booked.
    """

    receipt_id: str
    order_id: str
    price_won: int
    cancelled_won: int
    currency: str
    status: int
    sandbox: bool
    method: str | None
    receipt_url: str | None
    purchased_at: datetime | None
    cancelled_at: datetime | None


def read_receipt(body: object) -> Receipt:
    """Return the receipt in a decoded body; raise ProviderUnclear when anything that we rely on is missing."""
    if not isinstance(body, dict):
        raise ProviderUnclear("a receipt is not an object")
    currency = optional_text(body, "currency") or WON  # Bootpay leaves it out for won
    return Receipt(
        receipt_id=text_of(body, "receipt_id"),
        order_id=text_of(body, "order_id"),
        price_won=_won(body, "price", currency),
        cancelled_won=_won(body, "cancelled_price", currency),
        currency=currency,
        status=status_of(body),
        sandbox=_flag(body, "sandbox"),
        method=_shown(body, "method"),
        receipt_url=_shown(body, "receipt_url") or _slip_of_method(body),
        purchased_at=_shown_instant(body, "purchased_at"),
        cancelled_at=_shown_instant(body, "cancelled_at"),
    )


def _unusable(key: str) -> ProviderUnclear:
    return ProviderUnclear(f"an answer without a usable {key}")


def text_of(body: dict[str, object], key: str) -> str:
    """Return a text that must be there; ProviderUnclear without it."""
    value = body.get(key)
    if not isinstance(value, str) or not value:
        raise _unusable(key)
    return value


def optional_text(body: dict[str, object], key: str) -> str | None:
    """Return a text that may be missing."""
    return text_of(body, key) if body.get(key) else None


def _won(body: dict[str, object], key: str, currency: str) -> int:
    value = body.get(key)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | Decimal)
        or not 0 <= value <= MOST_WON
        or (value != int(value) and currency == WON)
    ):
        raise _unusable(key)
    return int(value)


def status_of(body: dict[str, object]) -> int:
    """Return Bootpay's own number of a state; ProviderUnclear without it."""
    value = body.get("status")
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unusable("status")
    return value


def _flag(body: dict[str, object], key: str) -> bool:
    value = body.get(key)
    if not isinstance(value, bool):
        raise _unusable(key)
    return value


def _shown(body: dict[str, object], key: str) -> str | None:
    value = body.get(key)
    return value if isinstance(value, str) and value else None


def _slip_of_method(body: dict[str, object]) -> str | None:
    """Return the slip's address that stands with the card, the account or the points that paid."""
    told = (
        _shown(part, "receipt_url") for name, part in body.items() if isinstance(part, dict) and name.endswith("_data")
    )
    return next((address for address in told if address), None)


def _shown_instant(body: dict[str, object], key: str) -> datetime | None:
    try:
        instant = datetime.fromisoformat(_shown(body, key) or "")
    except ValueError:
        return None
    return None if instant.tzinfo is None else instant
