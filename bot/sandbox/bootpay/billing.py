"""Billing keys under /v2: a card is registered once and charged by key."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.payloads import PaymentWish, is_price
from bot.sandbox.bootpay.receipts import SEOUL, Status
from bot.sandbox.bootpay.refusals import Refusal
from bot.sandbox.bootpay.rest import Rest, read_wish

CARD = "모의카드"


@dataclass
class BillingKey:
    """One registered card."""

    billing_key: str
    receipt_id: str
    wish: dict[str, Any]
    issued_at: datetime
    deleted: bool = False


class Billing:
    """Answers rows 6, 9, 10, 12 and 13 of the call table."""

    def __init__(self, rest: Rest, books: Books, now: Callable[[], datetime], base_url: Callable[[], str]) -> None:
        self._rest = rest
        self._books = books
        self._now = now
        self._base_url = base_url
        self._keys: dict[str, BillingKey] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the billing calls."""
        return [
            web.post("/request/subscribe", self.register),
            web.get("/subscribe/billing_key/{receipt_id}", self.by_receipt),
            web.get("/billing_key/{billing_key}", self.by_key),
            web.delete("/subscribe/billing_key/{billing_key}", self.delete),
            web.post("/subscribe/payment", self.pay),
        ]

    async def register(self, request: web.Request) -> web.StreamResponse:
        """Register a card by its number."""
        wish = await read_wish(request)
        for name in ("order_name", "subscription_id", "card_no", "card_expire_year", "card_expire_month"):
            if not isinstance(wish.get(name), str) or not wish[name]:
                raise Refusal("NEED_MORE_PARAMS", f"{name} 값이 필요합니다.")
        month = wish["card_expire_month"]
        if not month.isdecimal() or not 1 <= int(month) <= 12:
            raise Refusal("RC_INVALID_EXP_MONTH")
        key = BillingKey(secrets.token_hex(12), secrets.token_hex(12), wish, self._now())
        self._keys[key.billing_key] = key
        return web.json_response(self._describe(key))

    async def by_receipt(self, request: web.Request) -> web.StreamResponse:
        """Tell the key that was issued with this receipt."""
        receipt_id = request.match_info["receipt_id"]
        for key in self._keys.values():
            if key.receipt_id == receipt_id:
                return web.json_response(self._describe(key))
        raise Refusal("RC_NOT_FOUND" if self._books.order_of(receipt_id) is None else "RC_NOT_SUBSCRIBE")

    async def by_key(self, request: web.Request) -> web.StreamResponse:
        """Tell what this key stands for."""
        return web.json_response(self._describe(self._live(request.match_info["billing_key"])))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Make this key useless for good."""
        key = self._live(request.match_info["billing_key"])
        key.deleted = True
        return web.json_response({"billing_key": key.billing_key})

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """Charge a registered card once, without a window."""
        wish = await read_wish(request)
        self._live(wish.get("billing_key"))
        for name in ("order_name", "order_id"):
            if not isinstance(wish.get(name), str) or not wish[name]:
                raise Refusal("NEED_MORE_PARAMS", f"{name} 값이 필요합니다.")
        if not is_price(wish.get("price")):
            raise Refusal("INVALID_REQUEST_PARAMS", "price는 0보다 큰 숫자여야 합니다.")
        receipt = self._books.open(_as_payment(wish), wish["price"])
        receipt.card = CARD
        receipt.status = Status.APPROVED
        receipt.approved_at = self._now()
        receipt.feedback_url = wish.get("feedback_url") or None
        receipt.feedback_form = wish.get("content_type") == "application/x-www-form-urlencoded"
        return await self._rest.charge(request, receipt)

    def _live(self, billing_key: object) -> BillingKey:
        key = self._keys.get(billing_key) if isinstance(billing_key, str) else None
        if key is None:
            raise Refusal("RC_NOT_FOUND")
        if key.deleted:
            raise Refusal("SUBSCRIBE_BK_EXPIRED")
        return key

    def _describe(self, key: BillingKey) -> dict[str, Any]:
        issued = key.issued_at.astimezone(SEOUL).isoformat(timespec="seconds")
        expires = (key.issued_at + timedelta(days=5 * 365)).astimezone(SEOUL).isoformat(timespec="seconds")
        return {
            "billing_key": key.billing_key,
            "billing_data": {
                "card_no": f"{key.wish['card_no'][:4]}********{key.wish['card_no'][-4:]}",
                "card_company": CARD,
                "card_company_code": "00",
                "card_type": "0",
            },
            "receipt_id": key.receipt_id,
            "subscription_id": key.wish["subscription_id"],
            "gateway_url": self._base_url(),
            "metadata": key.wish.get("metadata") or {},
            "pg": "모의PG",
            "method": "카드자동",
            "method_symbol": "card_rebill",
            "method_origin": "카드자동",
            "method_origin_symbol": "card_rebill",
            "published_at": issued,
            "requested_at": issued,
            "receipt_data": None,
            "billing_expire_at": expires,
            "status": 11,
            "status_locale": "빌링키발급완료",
        }


def _as_payment(wish: dict[str, Any]) -> PaymentWish:
    return PaymentWish(
        order_id=wish["order_id"],
        order_name=wish["order_name"],
        price=wish["price"],
        tax_free=wish.get("tax_free") or 0,
        currency="KRW",
        metadata=wish.get("metadata") or {},
        redirect_url="",
        separately_confirmed=False,
        timeout_minutes=30,
        common_event_webhook=False,
        enable_error_webhook=False,
        webhook_delay_s=0,
    )
