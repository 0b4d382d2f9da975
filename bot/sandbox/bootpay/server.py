"""Puts the stand-in together and serves it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from bot.sandbox.bootpay.billing import Billing
from bot.sandbox.bootpay.books import Books
from bot.sandbox.bootpay.cards import CardDesk
from bot.sandbox.bootpay.faults import Faults
from bot.sandbox.bootpay.gateway import Gateway
from bot.sandbox.bootpay.keys import Keys
from bot.sandbox.bootpay.receipts import Receipt, describe
from bot.sandbox.bootpay.rest import Rest
from bot.sandbox.bootpay.switchboard import Switchboard, counted, registered
from bot.sandbox.bootpay.webhooks import WebhookSender


class BootpayStandIn:
    """One merchant's Bootpay on a port of its own; it forgets everything when it is closed.

    `now` decides when approvals and tokens lapse; `retry_scale` stretches every pause between webhooks.
    """

    def __init__(
        self,
        client_key: str,
        secret_key: str,
        *,
        now: Callable[[], datetime],
        webhook_url: str | None = None,
        retry_scale: float = 1.0,
        smallest_partial_cancel: int = 1000,
    ) -> None:
        self.faults = Faults()
        self.keys = Keys(client_key, secret_key, now)
        self.webhooks = WebhookSender(self.faults, self._describe, url=webhook_url, retry_scale=retry_scale)
        self._books = Books(now, self.webhooks.announce, smallest_partial_cancel)
        self._gateway = Gateway(self._books, self.faults, client_key)
        self._closing = asyncio.Event()
        self._rest = Rest(self._books, self.keys, self.faults, self.webhooks, self._describe, self._closing)
        self._desk = CardDesk(now, client_key)
        self._billing = Billing(self._rest, self._books, self._desk, self.faults, now, lambda: self.url)
        self._runner: web.AppRunner | None = None
        self._address: tuple[str, int] | None = None

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; port 0 takes a free one."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, host, port).start()
        self._address = self._runner.addresses[0][:2]

    async def close(self) -> None:
        """Let go of every hanging call, stop sending and stop listening."""
        self._closing.set()
        await self.webhooks.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """Return the address of the payment windows."""
        if self._address is None:
            raise RuntimeError("the stand-in is not started")
        host, port = self._address
        return f"http://{host}:{port}"

    @property
    def api_url(self) -> str:
        """Return what a client takes as its base URL."""
        return f"{self.url}/v2"

    @property
    def script_url(self) -> str:
        """Return the address of the browser script."""
        return f"{self.url}/js/bootpay.js"

    @property
    def webhook_url(self) -> str | None:
        """The shop's address for notices."""
        return self.webhooks.url

    @webhook_url.setter
    def webhook_url(self, url: str | None) -> None:
        self.webhooks.url = url

    def receipts(self) -> list[dict[str, Any]]:
        """Return every receipt with how often it was charged and cancelled."""
        return [counted(receipt) for receipt in self._books.all()]

    def open_window(self, payload: object) -> str:
        """Open a payment window as the browser script does; return its address."""
        return f"{self.url}/gw/{self._gateway.open(payload).receipt_id}"

    def pay(self, payload: object, action: str = "approve") -> str:
        """Go through the window without a browser; return where the browser would be sent."""
        return self._gateway.act(self._gateway.open(payload), action)

    def press(self, receipt_id: str, action: str) -> str:
        """Press a button of an open window without a browser; return where the browser would be sent."""
        return self._gateway.act(self._books.find(receipt_id), action)

    def register_card(self, payload: object, action: str = "approve") -> str:
        """Go through the window of a card without a browser; return where the browser would be sent."""
        return self._desk.act(self._desk.open(payload), action)

    def cards(self) -> list[dict[str, Any]]:
        """Return every card window with what became of it; the keys are told to nobody."""
        return [registered(window) for window in self._desk.all()]

    def finish_late(self) -> int:
        """Let the charges by key that are still under way arrive; return how many."""
        return self._billing.finish_late()

    def cancel_in_admin(self, receipt_id: str, amount: int | None = None) -> None:
        """Give all or a part back as somebody does in the PG's own admin: no notice tells the shop."""
        self._books.cancel_in_admin(self._books.find(receipt_id), amount)

    def deposit(self, receipt_id: str) -> None:
        """Pay into the virtual account of a receipt."""
        self._books.deposit(self._books.find(receipt_id))

    def lapse_due(self) -> None:
        """Lapse what is due now, so that its notices go out without anybody looking."""
        self._books.lapse_due()

    async def until_hanging(self) -> None:
        """Return when a call hangs that a fault lets hang, its effect done or not done for good."""
        await self._rest.hanging.wait()
        self._rest.hanging.clear()

    def _describe(self, receipt: Receipt) -> dict[str, Any]:
        return describe(receipt, self.url)

    def _app(self) -> web.Application:
        v2 = web.Application(middlewares=[self._rest.guard])
        v2.add_routes([*self._rest.routes(), *self._billing.routes()])
        app = web.Application()
        app.add_subapp("/v2", v2)
        app.add_routes([*self._gateway.routes(), *self._desk.routes()])
        app.add_routes(Switchboard(self._books, self._gateway, self._desk, self.faults, self.webhooks).routes())
        return app
