"""Reads Bootpay's billing key: what a card on file is charged with, and what may be shown of the card."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from core.adapters.bootpay_receipt import optional_text, status_of, text_of
from core.errors import ProviderUnclear

COMPANY_LENGTH = 20
_LAST_FOUR = re.compile(r"[0-9]{4}$")


@dataclass(frozen=True, slots=True)
class BillingKey:
    """A registered card: whoever has `key` may charge it, so it is in no repr; `status` is 11 once it is issued."""

    receipt_id: str
    subscription_id: str
    status: int
    label: str
    key: str = field(repr=False)


def read_billing_key(body: object) -> BillingKey:
    """Return the billing key in a decoded body; raise ProviderUnclear when anything that we rely on is missing."""
    if not isinstance(body, dict):
        raise ProviderUnclear("a billing key is not an object")
    return BillingKey(
        receipt_id=text_of(body, "receipt_id"),
        subscription_id=text_of(body, "subscription_id"),
        status=status_of(body),
        label=_label(body.get("billing_data")),
        key=text_of(body, "billing_key"),
    )


def _label(card: object) -> str:
    """Return the company and the last four digits, as far as Bootpay tells them: never more of the number."""
    if not isinstance(card, dict):
        return ""
    company = (optional_text(card, "card_company") or "")[:COMPANY_LENGTH]
    last = _LAST_FOUR.search(optional_text(card, "card_no") or "")
    return " ".join(part for part in (company.strip(), last[0] if last else "") if part)
