"""The test's own door under /sandbox: faults, a payment without a browser, and what really happened."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.sandbox.bootpay import cards as card_windows
from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.cards import CardDesk, CardWindow
from bot.sandbox.bootpay.faults import ANY_ORDER, KINDS, Fault, Faults
from bot.sandbox.bootpay.gateway import ACTIONS, Gateway
from bot.sandbox.bootpay.receipts import Receipt
from bot.sandbox.bootpay.refusals import Refusal
from bot.sandbox.bootpay.rest import read_wish
from bot.sandbox.bootpay.webhooks import Notice, WebhookSender


class Switchboard:
    """Answers tests and the demo; nothing here exists at the real Bootpay."""

    def __init__(self, books: Books, gateway: Gateway, desk: CardDesk, faults: Faults, webhooks: WebhookSender) -> None:
        self._books = books
        self._gateway = gateway
        self._desk = desk
        self._faults = faults
        self._webhooks = webhooks

    def routes(self) -> list[web.RouteDef]:
        """Return the switches."""
        return [
            web.get("/sandbox/faults", self.faults),
            web.post("/sandbox/faults", self.add_fault),
            web.delete("/sandbox/faults", self.clear_faults),
            web.post("/sandbox/pay", self.pay),
            web.post("/sandbox/card", self.card),
            web.get("/sandbox/cards", self.cards),
            web.get("/sandbox/receipts", self.receipts),
            web.post("/sandbox/cancel", self.cancel),
            web.get("/sandbox/webhooks", self.webhooks),
            web.post("/sandbox/webhooks/release", self.release),
            web.post("/sandbox/webhooks/forge", self.forge),
        ]

    async def faults(self, request: web.Request) -> web.StreamResponse:
        """Tell which faults are on and which exist."""
        return web.json_response({"on": [_fault(each) for each in self._faults.on()], "kinds": sorted(KINDS)})

    async def add_fault(self, request: web.Request) -> web.StreamResponse:
        """Switch a fault on: {order_id | "*", kind, times | null, value}."""
        wish = await read_wish(request)
        times, value = wish.get("times", 1), wish.get("value")
        if not (times is None or type(times) is int) or not (value is None or type(value) in (int, float)):
            return _wrong("times and value are numbers")
        try:
            fault = self._faults.add(str(wish.get("order_id") or ANY_ORDER), str(wish.get("kind")), times, value)
        except ValueError as error:
            return _wrong(str(error))
        return web.json_response(_fault(fault))

    async def clear_faults(self, request: web.Request) -> web.StreamResponse:
        """Switch every fault off."""
        self._faults.clear()
        return web.json_response({"on": []})

    async def pay(self, request: web.Request) -> web.StreamResponse:
        """Go through the window without a browser: {payload, action} -> the address the browser would be sent to."""
        wish = await read_wish(request)
        action = wish.get("action", "approve")
        if action not in ACTIONS:
            return _wrong(f"action is one of {', '.join(ACTIONS)}")
        try:
            receipt = self._gateway.open(wish.get("payload"))
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.http_status)
        address = self._gateway.act(receipt, action)
        return web.json_response({"receipt_id": receipt.receipt_id, "redirect_url": address})

    async def card(self, request: web.Request) -> web.StreamResponse:
        """Register a card without a browser: {payload, action} -> the address the browser would be sent to."""
        wish = await read_wish(request)
        action = wish.get("action", "approve")
        if action not in card_windows.ACTIONS:
            return _wrong(f"action is one of {', '.join(card_windows.ACTIONS)}")
        try:
            window = self._desk.open(wish.get("payload"))
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.http_status)
        address = self._desk.act(window, action)
        return web.json_response({"receipt_id": window.receipt_id, "redirect_url": address})

    async def cards(self, request: web.Request) -> web.StreamResponse:
        """Tell every card window and what became of it."""
        return web.json_response([registered(window) for window in self._desk.all()])

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Cancel in the PG's own admin: {receipt_id, amount | null}; the shop is not notified."""
        wish = await read_wish(request)
        amount = wish.get("amount")
        if amount is not None and type(amount) not in (int, float):
            return _wrong("amount is a number or null")
        try:
            receipt = self._books.find(wish.get("receipt_id"))
            self._books.cancel_in_admin(receipt, amount)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.http_status)
        return web.json_response(counted(receipt))

    async def receipts(self, request: web.Request) -> web.StreamResponse:
        """Tell every receipt with how often it was charged and cancelled."""
        return web.json_response([counted(receipt) for receipt in self._books.all()])

    async def webhooks(self, request: web.Request) -> web.StreamResponse:
        """Tell every notice and what the shop answered to it."""
        return web.json_response([_notice(each) for each in self._webhooks.log])

    async def release(self, request: web.Request) -> web.StreamResponse:
        """Send what was held back."""
        return web.json_response({"released": self._webhooks.release()})

    async def forge(self, request: web.Request) -> web.StreamResponse:
        """Send a made-up notice: {body, form}."""
        wish = await read_wish(request)
        body = wish.get("body")
        if self._webhooks.url is None or not isinstance(body, dict):
            return _wrong("forging takes a body and a webhook address")
        status, text = await self._webhooks.forge(body, form=wish.get("form") is True)
        return web.json_response({"status": status, "text": text})


def counted(receipt: Receipt) -> dict[str, Any]:
    """Return what really happened to this receipt's money."""
    return {
        "receipt_id": receipt.receipt_id,
        "order_id": receipt.order_id,
        "price": receipt.price,
        "status": int(receipt.status),
        "charges": receipt.charges,
        "charged": receipt.charges * receipt.price,
        "cancels": len(receipt.cancels),
        "cancelled": receipt.cancelled,
        "cancel_ids": [cancel.cancel_id for cancel in receipt.cancels],
        "confirms_asked": receipt.confirms_asked,
        "cancels_asked": receipt.cancels_asked,
    }


def registered(window: CardWindow) -> dict[str, Any]:
    """Return what became of a card window."""
    return {
        "receipt_id": window.receipt_id,
        "subscription_id": window.subscription_id,
        "status": int(window.status),
        "deleted": window.deleted,
        "deletes_asked": window.deletes_asked,
    }


def _fault(fault: Fault) -> dict[str, Any]:
    return {"order_id": fault.order_id, "kind": fault.kind, "left": fault.left, "value": fault.value}


def _notice(notice: Notice) -> dict[str, Any]:
    return {
        "webhook_type": notice.webhook_type,
        "order_id": notice.order_id,
        "receipt_id": notice.body["receipt_id"],
        "state": notice.state,
        "answers": notice.answers,
    }


def _wrong(message: str) -> web.Response:
    return web.json_response({"error": message}, status=400)
