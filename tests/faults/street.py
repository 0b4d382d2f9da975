"""A street in which the bot can break down: stand-ins that go on without it, and people who do not give up."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp

from bot import journeys
from bot.demo import BOOTPAY_KEYS, TOKEN, free_port
from bot.sandbox.bootpay import BootpayStandIn
from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import TelegramStandIn

RETRY_SCALE = 0.02
SENDING = ("sendMessage", "sendPhoto", "copyMessage")
PATIENCE_S = 90.0


@dataclass
class Street:
    """Telegram and Bootpay, the settings that lead the bot to them, and the people."""

    telegram: TelegramStandIn
    bootpay: BootpayStandIn
    chats: Chats
    settings: dict[str, Any]
    hosts: list[Phone] = field(default_factory=list)
    members: list[Phone] = field(default_factory=list)

    def taken(self) -> Counter[int]:
        """Return how often each update was answered with 200."""
        entries = self.telegram.world.log.after(0)
        taken = [e.update["update_id"] for e in entries if e.kind == "delivery" and e.status == 200 and e.update]
        return Counter(taken)

    def repeated_messages(self) -> int:
        """Return how many messages somebody got more than once."""
        sent: Counter[tuple[str, str]] = Counter()
        for entry in self.telegram.world.log.after(0):
            if entry.kind == "request" and entry.method in SENDING and entry.status == 200:
                words = entry.params.get("text") or entry.params.get("caption") or ""
                sent[str(entry.params["chat_id"]), str(words)] += 1
        return sum(times - 1 for times in sent.values())

    async def founds_a_party(self, number: int, members: int) -> None:
        """Let a host open a party, and members join and pay, whatever happens to the bot meanwhile."""
        host = await journeys.arrive(self.chats, f"호스트{number}")
        code = await journeys.open_party(host)
        self.hosts.append(host)
        await asyncio.gather(*(self._joins(f"멤버{number}-{one}", code) for one in range(members)))

    async def _joins(self, name: str, code: str) -> None:
        phone = await self.chats.person(name)
        link = await journeys.follow_invitation(phone, code)
        await self.pays(link)
        self.members.append(phone)

    async def pays(self, link: str) -> None:
        """Pay as somebody does who reloads a page that does not come, and presses again."""
        while True:
            try:
                await journeys.pay(link, self.bootpay.url)
            except (aiohttp.ClientError, ValueError):
                await asyncio.sleep(0.05)
            else:
                return


@asynccontextmanager
async def street_open(database_url: str, **more: Any) -> AsyncIterator[Street]:
    """Open the stand-ins, with an address for a bot that may come and go; `more` are settings."""
    port = free_port()
    public_url = f"http://127.0.0.1:{port}"

    def now() -> datetime:
        return datetime.now(UTC)

    async with AsyncExitStack() as stack:
        bootpay = BootpayStandIn(
            *BOOTPAY_KEYS, now=now, webhook_url=f"{public_url}/bootpay/webhook", retry_scale=RETRY_SCALE
        )
        await bootpay.start()
        stack.push_async_callback(bootpay.close)
        telegram = await stack.enter_async_context(TelegramStandIn(TOKEN, retry_scale=RETRY_SCALE))
        chats = await stack.enter_async_context(Chats(telegram.url, patience=PATIENCE_S))
        settings = {
            "telegram_token": TOKEN,
            "bootpay_client_key": BOOTPAY_KEYS[0],
            "bootpay_secret_key": BOOTPAY_KEYS[1],
            "public_url": public_url,
            "database_url": database_url,
            "host": "127.0.0.1",
            "port": port,
            "bootpay_sandbox": True,
            "telegram_api": telegram.url,
            "bootpay_api": bootpay.api_url,
            "bootpay_script": bootpay.script_url,
            "bootpay_hosts": bootpay.url,
            "hold_minutes": 600,
            "log_level": "WARNING",
        }
        yield Street(telegram, bootpay, chats, settings | more)
