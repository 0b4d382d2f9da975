"""The REST API under /v2: tokens, receipts, orders, confirm and cancel, with Bootpay's answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.faults import CANCEL_TROUBLES, CONFIRM_TROUBLES, Faults, Trouble
from bot.sandbox.bootpay.keys import Keys
from bot.sandbox.bootpay.receipts import Receipt, Status
from bot.sandbox.bootpay.refusals import Refusal
from bot.sandbox.bootpay.webhooks import WebhookSender

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BAD_GATEWAY = "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
FORBIDDEN = "<html><head><title>403 Forbidden</title></head><body><h1>Request blocked</h1></body></html>"


class Rest:
    """Answers the shop's server."""

    def __init__(
        self,
        books: Books,
        keys: Keys,
        faults: Faults,
        webhooks: WebhookSender,
        describe: Callable[[Receipt], dict[str, Any]],
        closing: asyncio.Event,
    ) -> None:
        self._books = books
        self._keys = keys
        self._faults = faults
        self._webhooks = webhooks
        self._describe = describe
        self._closing = closing
        self.hanging = asyncio.Event()

    def routes(self) -> list[web.RouteDef]:
        """Return the calls of facts table rows 1 to 5."""
        return [
            web.post("/request/token", self.token),
            web.get("/receipt/{receipt_id}", self.receipt),
            web.get("/lookup/order/{order_id}", self.order),
            web.post("/confirm", self.confirm),
            web.post("/cancel", self.cancel),
        ]

    async def token(self, request: web.Request) -> web.StreamResponse:
        """Give a token for the right keys."""
        wish = await read_wish(request)
        return web.json_response(self._keys.issue(wish.get("application_id"), wish.get("private_key")))

    async def receipt(self, request: web.Request) -> web.StreamResponse:
        """Tell one receipt."""
        return self._told(self._visit(request.match_info["receipt_id"]))

    async def order(self, request: web.Request) -> web.StreamResponse:
        """Tell every receipt of one order, as an array."""
        order_id = request.match_info["order_id"]
        ids = [receipt.receipt_id for receipt in self._books.all() if receipt.order_id == order_id]
        if not ids:
            raise Refusal("RC_NOT_FOUND")
        receipts = [self._visit(receipt_id) for receipt_id in ids]
        if self._faults.take("unpaid_left_out", order_id):
            receipts = [receipt for receipt in receipts if receipt.charges]
        return web.json_response([self._describe(receipt) for receipt in receipts])

    async def confirm(self, request: web.Request) -> web.StreamResponse:
        """Charge an approved receipt."""
        wish = await read_wish(request)
        receipt = self._visit(wish.get("receipt_id"))
        receipt.confirms_asked += 1
        if receipt.status is not Status.APPROVED:
            raise Refusal("RC_NOT_CONFIRM_READY")
        return await self.charge(request, receipt)

    async def charge(self, request: web.Request, receipt: Receipt) -> web.Response:
        """Charge an approved receipt and answer, or let go wrong what was asked to."""
        trouble = self._faults.take_trouble(CONFIRM_TROUBLES, receipt.order_id)
        if trouble is None or trouble.effect:
            self._books.charge(receipt)
        if trouble is None:
            return await self._done(receipt)
        if trouble.after == "refuse":
            self._books.fail_confirm(receipt)
            raise Refusal("RC_CONFIRM_FAILED")
        return await self.gone_wrong(request, trouble, "RC_CONFIRM_CRITICAL_FAILED")

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """Give back all that is left, or a part of it."""
        wish = await read_wish(request)
        receipt = self._visit(wish.get("receipt_id"))
        receipt.cancels_asked += 1
        cancel_id = str(wish.get("cancel_id") or "")
        repeated = cancel_id and any(cancel.cancel_id == cancel_id for cancel in receipt.cancels)
        if repeated and not self._faults.take("repeated_cancel_again", receipt.order_id):
            return self._repeated(receipt)
        if self._books.just_cancelled(receipt) and self._faults.take("cancels_need_a_pause", receipt.order_id):
            raise Refusal("RC_CANCEL_SERVER_ERROR", "잠시 후 다시 취소해 주세요.")
        try:
            amount = self._books.check_cancel(receipt, wish.get("cancel_price"))
        except Refusal as refusal:
            if refusal.code == "RC_CANCEL_SERVER_ERROR":
                self._books.fail_cancel(receipt)
            raise
        trouble = self._faults.take_trouble(CANCEL_TROUBLES, receipt.order_id)
        if trouble is None or trouble.effect:
            self._books.cancel(
                receipt,
                amount,
                cancel_id=cancel_id,
                by=str(wish.get("cancel_username") or ""),
                reason=str(wish.get("cancel_message") or ""),
                partial_status=self._partial_status(receipt),
            )
        if trouble is None:
            return await self._done(receipt)
        if trouble.after == "refuse":
            self._books.fail_cancel(receipt)
            raise Refusal("RC_CANCEL_SERVER_ERROR")
        return await self.gone_wrong(request, trouble, "RC_CANCEL_CRITICAL_ERROR")

    @web.middleware
    async def guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Check the key and word refusals; play the faults that concern the whole call."""
        order_id = await self._order_of(request)
        if self._faults.take("html_502", order_id):
            return _page(502, BAD_GATEWAY)
        if self._faults.take("html_403", order_id):
            return _page(403, FORBIDDEN)
        if self._faults.take("too_many_requests", order_id):
            return web.json_response({"message": "too many requests"}, status=429)
        try:
            if not request.path.endswith("/request/token"):
                if self._faults.take("unauthorized_once", order_id):
                    raise Refusal("TOKEN_KEY_INVALID")
                self._keys.check(request.headers.get("Authorization", ""))
            response = await handler(request)
        except Refusal as refusal:
            response = web.json_response(refusal.body(), status=refusal.http_status)
        if self._faults.take("html_502_after_effect", order_id):
            return _page(502, BAD_GATEWAY)
        if isinstance(response, web.Response) and self._faults.take("broken_json", order_id):
            return web.Response(text=(response.text or "")[:40], content_type="application/json")
        return response

    async def _order_of(self, request: web.Request) -> str | None:
        wish = await read_wish(request) if request.can_read_body else {}
        order_id = request.match_info.get("order_id") or wish.get("order_id")
        receipt_id = request.match_info.get("receipt_id") or wish.get("receipt_id")
        return order_id if isinstance(order_id, str) else self._books.order_of(receipt_id)

    def _visit(self, receipt_id: object) -> Receipt:
        receipt = self._books.find(receipt_id)
        if receipt.status is Status.APPROVED and self._faults.take("lapse", receipt.order_id):
            self._books.lapse(receipt)
        if self._faults.take("live_receipt", receipt.order_id):
            receipt.sandbox = False
        return receipt

    def _told(self, receipt: Receipt) -> web.Response:
        body = self._describe(receipt)
        if self._faults.take("fraction_price", receipt.order_id):
            body["price"] += 0.5
        if self._faults.take("missing_price", receipt.order_id):
            del body["price"]
        return web.json_response(body)

    async def _done(self, receipt: Receipt) -> web.Response:
        told = self._told(receipt)
        if self._faults.take("webhook_before_answer", receipt.order_id):
            await self._webhooks.idle()
        return told

    def _repeated(self, receipt: Receipt) -> web.Response:
        if self._faults.take("repeated_cancel_same", receipt.order_id):
            return self._told(receipt)
        self._faults.take("repeated_cancel_error", receipt.order_id)
        if receipt.left == 0:
            raise Refusal("RC_ALREADY_CANCELLED")
        raise Refusal("RC_CANCEL_SERVER_ERROR", "이미 사용한 cancel_id입니다.")

    def _partial_status(self, receipt: Receipt) -> Status:
        # Bootpay's own pages contradict each other; staying at 1 is the newer one's word.
        if self._faults.take("partial_cancel_status_20", receipt.order_id):
            return Status.CANCELLED
        self._faults.take("partial_cancel_status_1", receipt.order_id)
        return Status.PAID

    async def gone_wrong(self, request: web.Request, trouble: Trouble, critical_code: str) -> web.Response:
        """Answer as the trouble has it: an error that says nothing, a broken line, or never."""
        if trouble.after == "critical":
            raise Refusal(critical_code)
        if trouble.after == "drop":
            if request.transport is not None:
                request.transport.abort()
        else:
            self.hanging.set()
            await self._closing.wait()
        return _page(502, BAD_GATEWAY)


async def read_wish(request: web.Request) -> dict[str, Any]:
    """Return the JSON object of this request; anything else counts as empty, as Bootpay then misses its fields."""
    try:
        wish = json.loads(await request.text())
    except ValueError:
        return {}
    return wish if isinstance(wish, dict) else {}


def _page(status: int, text: str) -> web.Response:
    return web.Response(status=status, text=text, content_type="text/html")
