"""Registering a card in the browser: `requestSubscription`, its window, and the way back to the shop."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from html import escape
from typing import Any

from aiohttp import web

from bot.sandbox.bootpay.payloads import read_redirect_url
from bot.sandbox.bootpay.receipts import SEOUL
from bot.sandbox.bootpay.refusals import Refusal
from bot.sandbox.bootpay.windows import CARDS, Windows, card_choices, draw_page, go_back, missing_page, way_back

NUMBERS = dict(zip(CARDS, ("0000111122221234", "0000111122225678", "0000111122229012"), strict=True))
ACTIONS = ("approve", "decline", "close")
METHOD = "카드자동"


class CardStatus(IntEnum):
    """Bootpay's status numbers of a card that is being registered."""

    PREPARED = 40
    ISSUED = 11
    CANCELLED = -11
    FAILED = -40


LOCALES = {
    CardStatus.PREPARED: "빌링키발급준비",
    CardStatus.ISSUED: "빌링키발급완료",
    CardStatus.CANCELLED: "빌링키발급취소",
    CardStatus.FAILED: "빌링키발급실패",
}
# status -> event, error_code, message of the redirect
TOLD = {
    CardStatus.ISSUED: ("done", None, "빌링키 발급이 완료됐어요."),
    CardStatus.CANCELLED: ("cancel", "RC_CLOSE_WINDOW", "카드 등록창을 닫았어요."),
    CardStatus.FAILED: ("error", "SUBSCRIBE_PUBLISH_FAILED", "카드사에서 카드 등록을 거절했어요."),
    CardStatus.PREPARED: ("error", "RC_CONFIRM_READY_NOT_YET", "카드 등록이 끝나지 않았어요."),
}


@dataclass
class CardWindow:
    """A card being registered; once it is issued, `billing_key` charges it until it is deleted."""

    receipt_id: str
    billing_key: str
    subscription_id: str
    order_name: str
    redirect_url: str
    metadata: Mapping[str, Any]
    opened_at: datetime
    status: CardStatus = CardStatus.PREPARED
    company: str = CARDS[0]
    number: str = NUMBERS[CARDS[0]]
    deleted: bool = False
    deletes_asked: int = 0

    def describe(self, base_url: str) -> dict[str, Any]:
        """Return the billing key as Bootpay's API tells it."""
        issued = self.opened_at.astimezone(SEOUL).isoformat(timespec="seconds")
        expires = (self.opened_at + timedelta(days=5 * 365)).astimezone(SEOUL).isoformat(timespec="seconds")
        return {
            "billing_key": self.billing_key,
            "billing_data": {
                "card_no": f"{self.number[:4]}********{self.number[-4:]}",
                "card_company": self.company,
                "card_company_code": "00",
                "card_type": "0",
            },
            "receipt_id": self.receipt_id,
            "subscription_id": self.subscription_id,
            "gateway_url": base_url,
            "metadata": dict(self.metadata),
            "pg": "모의PG",
            "method": METHOD,
            "method_symbol": "card_rebill",
            "method_origin": METHOD,
            "method_origin_symbol": "card_rebill",
            "published_at": issued,
            "requested_at": issued,
            "receipt_data": None,
            "billing_expire_at": expires,
            "status": int(self.status),
            "status_locale": LOCALES[self.status],
        }


class CardDesk(Windows):
    """Keeps the registered cards and serves the window in which they are registered."""

    path = "card"

    def __init__(self, now: Callable[[], datetime], client_key: str) -> None:
        self._now = now
        self._client_key = client_key
        self._windows: dict[str, CardWindow] = {}

    def routes(self) -> list[web.RouteDef]:
        """Return the buyer's pages and the call of the script."""
        return [
            web.post("/request/subscription", self.open_window),
            web.options("/request/subscription", self.preflight),
            web.get("/card/{receipt_id}", self.window),
            web.post("/card/{receipt_id}/{action}", self.press),
        ]

    def keep(self, wish: Mapping[str, Any]) -> CardWindow:
        """Keep a card that was registered by its number, without a window."""
        window = self._open(wish["subscription_id"], wish["order_name"], "", wish.get("metadata") or {})
        window.number, window.status = wish["card_no"], CardStatus.ISSUED
        return window

    def open(self, payload: object) -> CardWindow:
        """Open a window for this payload, or refuse it as Bootpay's script would."""
        if not isinstance(payload, dict):
            raise Refusal("INVALID_REQUEST_PARAMS")
        key = payload.get("client_key") or payload.get("application_id")
        if not key:
            raise Refusal("NEED_CLIENT_KEY")
        for name in ("order_name", "subscription_id"):
            if not isinstance(payload.get(name), str) or not payload[name]:
                raise Refusal("NEED_MORE_PARAMS", f"{name} 값이 필요합니다.")
        if payload.get("price") != 0 or payload.get("method") != METHOD:
            raise Refusal("INVALID_REQUEST_PARAMS", f"모의 등록창은 price 0, method '{METHOD}'만 지원합니다.")
        extra = payload.get("extra") or {}
        if not isinstance(extra, dict) or extra.get("open_type") != "redirect":
            raise Refusal("INVALID_REQUEST_PARAMS", "모의 등록창은 open_type 'redirect'만 지원합니다.")
        if key != self._client_key:
            raise Refusal("APP_KEY_NOT_FOUND")
        redirect_url = read_redirect_url(extra.get("redirect_url") or payload.get("redirect_url"))
        return self._open(
            payload["subscription_id"], payload["order_name"], redirect_url, payload.get("metadata") or {}
        )

    def _open(
        self, subscription_id: str, order_name: str, redirect_url: str, metadata: Mapping[str, Any]
    ) -> CardWindow:
        window = CardWindow(
            receipt_id=secrets.token_hex(12),
            billing_key=secrets.token_hex(12),
            subscription_id=subscription_id,
            order_name=order_name,
            redirect_url=redirect_url,
            metadata=metadata,
            opened_at=self._now(),
        )
        self._windows[window.receipt_id] = window
        return window

    def act(self, window: CardWindow, action: str, card: str = CARDS[0]) -> str:
        """Do what the buyer pressed, once, and return the address back at the shop."""
        if window.status is CardStatus.PREPARED:
            if action == "approve":
                window.status = CardStatus.ISSUED
                window.company = card if card in CARDS else CARDS[0]
                window.number = NUMBERS[window.company]
            else:
                window.status = CardStatus.CANCELLED if action == "close" else CardStatus.FAILED
        return self._back(window)

    def all(self) -> list[CardWindow]:
        """Return every window, oldest first."""
        return list(self._windows.values())

    def by_receipt(self, receipt_id: str) -> CardWindow | None:
        """Return the window of a receipt."""
        return self._windows.get(receipt_id)

    def live(self, billing_key: object) -> CardWindow:
        """Return the card that this key charges; refuse a key that is unknown or deleted."""
        for window in self._windows.values():
            if window.billing_key == billing_key and window.status is CardStatus.ISSUED:
                if window.deleted:
                    raise Refusal("SUBSCRIBE_BK_EXPIRED")
                return window
        raise Refusal("RC_NOT_FOUND")

    def opened(self, payload: object) -> str:
        """Open a window and return its receipt."""
        return self.open(payload).receipt_id

    async def window(self, request: web.Request) -> web.StreamResponse:
        """Show the window, or how it ended."""
        window = self._windows.get(request.match_info["receipt_id"])
        if window is None:
            return missing_page()
        facts = {"order_name": escape(window.order_name), "receipt_id": window.receipt_id}
        if window.status is CardStatus.PREPARED:
            return draw_page("카드 등록", "card.html", 200, **facts, cards=card_choices(NUMBERS))
        back = escape(self._back(window), quote=True)
        return draw_page(
            "카드 등록",
            "ended.html",
            200,
            **facts,
            price="자동결제 카드 등록",
            back=back,
            status=LOCALES[window.status],
        )

    async def press(self, request: web.Request) -> web.StreamResponse:
        """Do what was pressed and send the browser back to the shop."""
        window = self._windows.get(request.match_info["receipt_id"])
        action = request.match_info["action"]
        if window is None or action not in ACTIONS or not window.redirect_url:
            return missing_page()
        form = await request.post()
        return go_back(self.act(window, action, str(form.get("card", CARDS[0]))))

    def _back(self, window: CardWindow) -> str:
        event, error_code, message = TOLD[window.status]
        return way_back(
            window.redirect_url,
            window.status,
            LOCALES[window.status],
            error_code,
            event=event,
            receipt_id=window.receipt_id,
            subscription_id=window.subscription_id,
            message=message,
            application_id=self._client_key,
        )
