"""The payment page, the card page and Bootpay's hook on a server of their own, without the rest of the bot."""

from __future__ import annotations

import base64
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from sqlalchemy import func, select

from bot.settings import Settings
from bot.web.bootpay_hook import add_bootpay_hook
from bot.web.card_page import add_card_page
from bot.web.linked import Shop
from bot.web.links import CARD_PURPOSE, PURPOSE, CardLinks, PayLinks
from bot.web.pay_page import add_pay_page
from core.sealing import KEY_BYTES, Seal
from core.tables import METADATA
from tests.till import CLIENT_KEY, SECRET_KEY, Till

TELEGRAM_TOKEN = "1234567:" + "x" * 30


@dataclass
class Counter:
    """A running payment page, its links, and how often it nudged the rest of the product."""

    till: Till
    settings: Settings
    links: PayLinks
    card_links: CardLinks
    http: aiohttp.ClientSession
    nudges: list[None] = field(default_factory=list)

    def path(self, bill_id: int) -> str:
        """Return the path of a bill's payment page."""
        return f"/pay/{self.links.token(bill_id, self.till.clock.now())}"

    def card_path(self, card_id: int) -> str:
        """Return the path of a card's page."""
        return f"/card/{self.card_links.token(card_id, self.till.clock.now())}"

    @property
    def seal(self) -> Seal:
        """Return what seals the cards of this counter."""
        assert self.settings.seal is not None
        return self.settings.seal

    async def get(self, path: str, **how: Any) -> tuple[int, str]:
        """Return status and body of a page."""
        async with self.http.get(path, **how) as response:
            return response.status, await response.text()

    async def attempt(self, bill_id: int, **how: Any) -> tuple[int, dict[str, Any]]:
        """Press the button; return status and what Bootpay's script would be handed."""
        async with self.http.post(f"{self.path(bill_id)}/attempt", **how) as response:
            return response.status, await response.json()

    async def approve(self, bill_id: int, action: str = "approve") -> str:
        """Press the button and go through the window; return the path and query to which the browser comes back."""
        status, payload = await self.attempt(bill_id)
        assert status == 200, payload
        back = urlsplit(self.till.stand_in.pay(payload, action))
        return f"{back.path}?{back.query}"

    async def rows(self) -> dict[str, int]:
        """Return how many rows each table has."""
        async with self.till.db.read() as session:
            return {
                table.name: int(await session.scalar(select(func.count()).select_from(table)) or 0)
                for table in METADATA.sorted_tables
            }


@asynccontextmanager
async def counter_open(till: Till, **changes: Any) -> AsyncIterator[Counter]:
    """Serve the payment page of a till."""
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    settings = Settings(
        telegram_token=TELEGRAM_TOKEN,
        bootpay_client_key=CLIENT_KEY,
        bootpay_secret_key=SECRET_KEY,
        public_url=address,
        bootpay_api=till.stand_in.api_url,
        bootpay_script=till.stand_in.script_url,
        bootpay_hosts=till.stand_in.url,
        bootpay_sandbox=True,
        sealing_keys=f"test:{base64.urlsafe_b64encode(b'k' * KEY_BYTES).decode()}",
        business_notice="상호: 투게더 <주> · 대표: 홍길동",
    )
    links = PayLinks(settings.public_url, [settings.derived_key(PURPOSE)])
    card_links = CardLinks(settings.public_url, [settings.derived_key(CARD_PURPOSE)])
    app = web.Application()
    async with aiohttp.ClientSession(address) as http:
        counter = Counter(till, settings, links, card_links, http)

        def nudge() -> None:
            counter.nudges.append(None)

        add_bootpay_hook(app, db=till.db, clock=till.clock, nudge=nudge, **changes)
        shop = Shop(till.db, till.clock, settings, till.bootpay, nudge, bot_username="two_test_bot")
        add_pay_page(app, shop, links)
        add_card_page(app, shop, card_links)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        till.stand_in.webhook_url = f"{address}/bootpay/webhook"
        yield counter
        await till.stand_in.webhooks.idle()
        await runner.cleanup()
