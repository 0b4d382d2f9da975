"""Billing keys under /v2: a card is registered once and charged by key."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.cards import CardDesk, CardStatus, CardWindow
from bot.sandbox.bootpay.faults import CHARGE_TROUBLES, DELETE_TROUBLES, Faults
from bot.sandbox.bootpay.payloads import PaymentWish, is_price
from bot.sandbox.bootpay.receipts import Receipt, Status
from bot.sandbox.bootpay.refusals import Refusal
from bot.sandbox.bootpay.rest import Rest, read_wish


class Billing:
    """Answers rows 6, 9, 10, 12 and 13 of the call table."""

    def __init__(
        self,
        rest: Rest,
        books: Books,
        desk: CardDesk,
        faults: Faults,
        now: Callable[[], datetime],
        base_url: Callable[[], str],
    ) -> None:
        self._rest = rest
        self._books = books
        self._desk = desk
        self._faults = faults
        self._now = now
        self._base_url = base_url
        self._late: list[tuple[dict[str, Any], CardWindow]] = []

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
        return self._told(self._desk.keep(wish))

    async def by_receipt(self, request: web.Request) -> web.StreamResponse:
        """Tell the key that was issued with this receipt."""
        receipt_id = request.match_info["receipt_id"]
        window = self._desk.by_receipt(receipt_id)
        if window is None:
            raise Refusal("RC_NOT_FOUND" if self._books.order_of(receipt_id) is None else "RC_NOT_SUBSCRIBE")
        if window.status is not CardStatus.ISSUED:
            raise Refusal("SUBSCRIBE_PUBLISH_NOT_READY")
        return self._told(window)

    async def by_key(self, request: web.Request) -> web.StreamResponse:
        """Tell what this key stands for."""
        return self._told(self._desk.live(request.match_info["billing_key"]))

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """Make this key useless for good."""
        window = self._desk.live(request.match_info["billing_key"])
        window.deletes_asked += 1
        trouble = self._faults.take_trouble(DELETE_TROUBLES, window.subscription_id)
        window.deleted = trouble is None or trouble.effect
        if trouble is not None:
            return await self._rest.gone_wrong(request, trouble, "SERVER_ERROR")
        return web.json_response({"billing_key": window.billing_key})

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """Charge a registered card once, without a window."""
        wish = await read_wish(request)
        window = self._desk.live(wish.get("billing_key"))
        for name in ("order_name", "order_id"):
            if not isinstance(wish.get(name), str) or not wish[name]:
                raise Refusal("NEED_MORE_PARAMS", f"{name} 값이 필요합니다.")
        if not is_price(wish.get("price")):
            raise Refusal("INVALID_REQUEST_PARAMS", "price는 0보다 큰 숫자여야 합니다.")
        if self._faults.take("card_expired", wish["order_id"]):
            raise Refusal("SUBSCRIBE_BK_EXPIRED")
        if trouble := self._faults.take_trouble(CHARGE_TROUBLES, wish["order_id"]):
            if trouble.effect:
                self._late.append((wish, window))
            return await self._rest.gone_wrong(request, trouble, "RC_CONFIRM_CRITICAL_FAILED")
        return await self._rest.charge(request, self._open(wish, window))

    def finish_late(self) -> int:
        """Charge what came in while nobody could see it; return how much that was."""
        late, self._late = self._late, []
        for wish, window in late:
            self._books.charge(self._open(wish, window))
        return len(late)

    def _open(self, wish: dict[str, Any], window: CardWindow) -> Receipt:
        receipt = self._books.open(_as_payment(wish), wish["price"])
        receipt.card = window.company
        receipt.status = Status.APPROVED
        receipt.approved_at = self._now()
        receipt.feedback_url = wish.get("feedback_url") or None
        receipt.feedback_form = wish.get("content_type") == "application/x-www-form-urlencoded"
        return receipt

    def _told(self, window: CardWindow) -> web.Response:
        return web.json_response(window.describe(self._base_url()))


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
