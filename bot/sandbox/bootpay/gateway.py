"""What the buyer's browser meets: the script, the payment window and the way back to the shop."""

from __future__ import annotations

from html import escape

from aiohttp import web

from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.faults import Faults
from bot.sandbox.bootpay.payloads import Number, read_payload
from bot.sandbox.bootpay.receipts import LOCALES, SEOUL, Receipt, Status
from bot.sandbox.bootpay.refusals import Refusal
from bot.sandbox.bootpay.windows import (
    CARDS,
    CORS,
    PAGES,
    Windows,
    card_choices,
    draw_page,
    go_back,
    missing_page,
    way_back,
)

ACTIONS = ("approve", "decline", "fail", "close")

EVENTS = {
    Status.APPROVED: "confirm",
    Status.PAID: "done",
    Status.ISSUED: "issued",
    Status.CANCELLED: "done",
    Status.CLOSED: "cancel",
}
# status -> error_code, message of the redirect
COMPLAINTS = {
    Status.CLOSED: ("RC_CLOSE_WINDOW", "결제창을 닫았어요."),
    Status.DECLINED: ("RC_CONFIRM_FAILED", "카드사에서 결제를 거절했어요."),
    Status.REQUEST_FAILED: ("RC_REQUEST_FAILED", "결제를 요청하지 못했어요."),
    Status.LAPSED: ("RC_EXPIRED", "결제 시간이 지났어요."),
}


class Gateway(Windows):
    """Serves the buyer."""

    path = "gw"

    def __init__(self, books: Books, faults: Faults, client_key: str) -> None:
        self._books = books
        self._faults = faults
        self._client_key = client_key

    def routes(self) -> list[web.RouteDef]:
        """Return the buyer's pages and the call of the script."""
        return [
            web.get("/js/bootpay.js", self.script),
            web.post("/request/payment", self.open_window),
            web.options("/request/payment", self.preflight),
            web.get("/gw/{receipt_id}", self.window),
            web.get("/gw/{receipt_id}/{action}", self.press),
            web.post("/gw/{receipt_id}/{action}", self.press),
            web.get("/receipt/{receipt_id}", self.slip),
        ]

    def open(self, payload: object) -> Receipt:
        """Open a payment for this payload, or refuse it as Bootpay's script would."""
        wish = read_payload(payload, self._client_key)
        tampered = self._faults.take("tampered_price", wish.order_id)
        price: Number = wish.price if tampered is None else int(tampered.value or 100)
        return self._books.open(wish, price)

    def act(self, receipt: Receipt, action: str, card: str = CARDS[0]) -> str:
        """Do what the buyer pressed, once, and return the address back at the shop."""
        if receipt.status is Status.OPENED:
            if action == "approve":
                self._books.approve(receipt, card if card in CARDS else CARDS[0])
            elif action == "close":
                self._books.close(receipt)
            else:
                self._books.decline(receipt, Status.DECLINED if action == "decline" else Status.REQUEST_FAILED)
        return self._back(receipt)

    async def script(self, request: web.Request) -> web.StreamResponse:
        """Serve the stand-in of Bootpay's browser script."""
        text = (PAGES / "bootpay.js").read_text(encoding="utf-8")
        return web.Response(text=text, content_type="text/javascript", headers={"Cache-Control": "no-store", **CORS})

    def opened(self, payload: object) -> str:
        """Open a payment and return its receipt."""
        return self.open(payload).receipt_id

    async def window(self, request: web.Request) -> web.StreamResponse:
        """Show the payment window, or how the payment ended."""
        receipt = self._found(request)
        if receipt is None:
            return missing_page()
        facts = {
            "order_name": escape(receipt.wish.order_name),
            "order_id": escape(receipt.order_id),
            "price": escape(written_price(receipt.price, receipt.wish.currency)),
            "receipt_id": receipt.receipt_id,
        }
        if receipt.status is Status.OPENED:
            cards = card_choices(dict.fromkeys(CARDS, "0" * 16))
            return draw_page("결제하기", "window.html", 200, **facts, cards=cards)
        back = escape(self._back(receipt), quote=True)
        return draw_page("결제창", "ended.html", 200, **facts, back=back, status=LOCALES[receipt.status])

    async def press(self, request: web.Request) -> web.StreamResponse:
        """Do what was pressed and send the browser back to the shop."""
        receipt = self._found(request)
        action = request.match_info["action"]
        if receipt is None or action not in ACTIONS or not receipt.wish.redirect_url:
            return missing_page()
        form = await request.post() if request.method == "POST" else request.query
        return go_back(self.act(receipt, action, str(form.get("card", CARDS[0]))))

    async def slip(self, request: web.Request) -> web.StreamResponse:
        """Show the sales slip of a paid receipt."""
        receipt = self._found(request)
        if receipt is None or receipt.purchased_at is None:
            return missing_page()
        return draw_page(
            "매출전표",
            "slip.html",
            200,
            order_name=escape(receipt.wish.order_name),
            order_id=escape(receipt.order_id),
            price=escape(written_price(receipt.price, receipt.wish.currency)),
            cancelled=escape(written_price(receipt.cancelled, receipt.wish.currency)),
            card=escape(receipt.card or ""),
            at=f"{receipt.purchased_at.astimezone(SEOUL):%Y-%m-%d %H:%M}",
            status=LOCALES[receipt.status],
        )

    def _found(self, request: web.Request) -> Receipt | None:
        try:
            return self._books.find(request.match_info["receipt_id"])
        except Refusal:
            return None

    def _back(self, receipt: Receipt) -> str:
        error_code, message = COMPLAINTS.get(receipt.status, (None, LOCALES[receipt.status]))
        return way_back(
            receipt.wish.redirect_url,
            receipt.status,
            LOCALES[receipt.status],
            error_code,
            event=EVENTS.get(receipt.status, "error"),
            receipt_id=receipt.receipt_id,
            order_id=receipt.order_id,
            message=message,
            application_id=self._client_key,
        )


def written_price(price: Number, currency: str) -> str:
    """Return a price as a Korean shop writes it."""
    return f"{price:,}원" if currency == "KRW" else f"{price:,} {currency}"
