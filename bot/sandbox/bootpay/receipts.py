"""A receipt of the stand-in and how Bootpay would write it down."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from enum import IntEnum
from typing import Any

from bot.sandbox.bootpay.payloads import CARD, PHONE, VIRTUAL_ACCOUNT, Number, PaymentWish

SEOUL = timezone(timedelta(hours=9))


class Status(IntEnum):
    """Bootpay's status numbers, as far as a card payment meets them."""

    OPENED = 0
    PAID = 1
    APPROVED = 2
    ISSUED = 5  # a virtual account that waits for its deposit
    CANCELLED = 20
    DECLINED = -2
    REQUEST_FAILED = -4
    LAPSED = -10  # seen in merchants' code only; Bootpay's own table is silent about lapsing
    CLOSED = -15


LOCALES = {
    Status.OPENED: "결제대기",
    Status.PAID: "결제완료",
    Status.APPROVED: "입금/승인대기",
    Status.ISSUED: "가상계좌 입금대기",
    Status.CANCELLED: "결제취소",
    Status.DECLINED: "승인실패",
    Status.REQUEST_FAILED: "결제요청실패",
    Status.LAPSED: "결제만료",
    Status.CLOSED: "결제창닫음",
}
SYMBOLS = {CARD: "card", PHONE: "phone", VIRTUAL_ACCOUNT: "vbank"}


@dataclass(frozen=True)
class Cancel:
    """One cancel that took effect."""

    cancel_id: str
    amount: Number
    by: str
    reason: str
    at: datetime


@dataclass
class Receipt:
    """One payment; `charges` counts how often the card was really charged, which must never pass one."""

    receipt_id: str
    wish: PaymentWish
    price: Number
    requested_at: datetime
    status: Status = Status.OPENED
    sandbox: bool = True
    card: str | None = None
    approved_at: datetime | None = None
    purchased_at: datetime | None = None
    charges: int = 0
    confirms_asked: int = 0
    cancels_asked: int = 0
    cancels: list[Cancel] = field(default_factory=list)
    feedback_url: str | None = None
    feedback_form: bool = False

    @property
    def order_id(self) -> str:
        return self.wish.order_id

    @property
    def cancelled(self) -> Number:
        return sum(cancel.amount for cancel in self.cancels)

    @property
    def left(self) -> Number:
        return self.price * self.charges - self.cancelled

    def lapses_at(self) -> datetime | None:
        """Return when this receipt lapses if nobody goes on with it; None once it has ended or is paid."""
        since = {Status.OPENED: self.requested_at, Status.APPROVED: self.approved_at}.get(self.status)
        return since + timedelta(minutes=self.wish.timeout_minutes) if since else None


def describe(receipt: Receipt, base_url: str) -> dict[str, Any]:
    """Return the receipt as Bootpay's API and webhooks tell it."""
    paid = receipt.charges > 0
    method = receipt.wish.method if receipt.card else None
    symbol = SYMBOLS.get(receipt.wish.method) if receipt.card else None
    body: dict[str, Any] = {
        "receipt_id": receipt.receipt_id,
        "order_id": receipt.order_id,
        "price": receipt.price,
        "tax_free": receipt.wish.tax_free,
        "cancelled_price": receipt.cancelled,
        "cancelled_tax_free": 0,
        "order_name": receipt.wish.order_name,
        "company_name": "모의 상점",
        "gateway_url": base_url,
        "metadata": dict(receipt.wish.metadata),
        "sandbox": receipt.sandbox,
        "pg": "모의PG",
        "method": method,
        "method_symbol": symbol,
        "method_origin": method,
        "method_origin_symbol": symbol,
        "currency": receipt.wish.currency,
        "requested_at": _written(receipt.requested_at),
        "purchased_at": _written(receipt.purchased_at),
        "cancelled_at": _written(receipt.cancels[-1].at if receipt.cancels else None),
        "receipt_url": f"{base_url}/receipt/{receipt.receipt_id}" if paid else None,
        "status_locale": LOCALES[receipt.status],
        "status": int(receipt.status),
    }
    if receipt.card and receipt.status >= Status.PAID:
        body["card_data"] = _card_data(receipt, paid)
    return body


def _card_data(receipt: Receipt, paid: bool) -> dict[str, str | None]:
    return {
        "tid": f"mock-{receipt.receipt_id}",
        "card_approve_no": f"{int(receipt.receipt_id, 16) % 10**8:08d}" if paid else None,
        "card_no": "0000********0000",
        "card_quota": "00",
        "card_company_code": "00",
        "card_company": receipt.card,
        "card_interest": "0",
        "cancel_tid": f"mock-cancel-{receipt.receipt_id}" if receipt.cancels else None,
    }


def _written(instant: datetime | None) -> str | None:
    return instant.astimezone(SEOUL).isoformat(timespec="seconds") if instant else None
