"""A stand-in with a clock that can be set, a shop that hears its notices, and a plain HTTP client."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.bootpay import BootpayStandIn

CLIENT_KEY = "client-key-of-the-test"  # pragma: allowlist secret
SECRET_KEY = "secret-key-of-the-test"  # pragma: allowlist secret
BASIC = aiohttp.encode_basic_auth(CLIENT_KEY, SECRET_KEY)
START = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


@dataclass
class Clock:
    """A clock that moves only when told."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Shop:
    """Hears notices; `replies` are given in turn, then success for ever."""

    url: str = ""
    heard: list[dict[str, Any]] = field(default_factory=list)
    content_types: list[str] = field(default_factory=list)
    replies: list[tuple[int, str]] = field(default_factory=list)
    silent_times: int = 0
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    async def hear(self, request: web.Request) -> web.Response:
        self.content_types.append(request.content_type)
        is_form = request.content_type == "application/x-www-form-urlencoded"
        self.heard.append(dict(await request.post()) if is_form else await request.json())
        if self.silent_times:
            self.silent_times -= 1
            await self.closing.wait()
        status, text = self.replies.pop(0) if self.replies else (200, '{"success": true}')
        return web.Response(status=status, text=text)

    def types(self) -> list[str]:
        return [notice["webhook_type"] for notice in self.heard]


@dataclass
class Api:
    """Talks to the stand-in as any HTTP client would."""

    stand_in: BootpayStandIn
    http: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: object = None, authorization: str = BASIC) -> tuple[int, Any]:
        """Return the status and JSON of a call under /v2."""
        headers = {"Authorization": authorization}
        async with self.http.request(method, f"{self.stand_in.api_url}/{path}", json=body, headers=headers) as response:
            return response.status, await response.json(content_type=None)

    async def sandbox(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return the status and JSON of a call under /sandbox."""
        async with self.http.request(method, f"{self.stand_in.url}/sandbox/{path}", json=body) as response:
            return response.status, await response.json()

    async def pay(self, action: str = "approve", **changes: Any) -> str:
        """Go through the window and return the receipt id."""
        status, said = await self.sandbox("POST", "pay", {"payload": payload(**changes), "action": action})
        assert status == 200, said
        return str(said["receipt_id"])

    async def paid(self, **changes: Any) -> str:
        """Return the id of a confirmed receipt."""
        receipt_id = await self.pay(**changes)
        status, said = await self.ask("POST", "confirm", {"receipt_id": receipt_id})
        assert status == 200, said
        return receipt_id

    async def counted(self, receipt_id: str) -> dict[str, Any]:
        """Return what really happened to this receipt."""
        _, receipts = await self.sandbox("GET", "receipts")
        return next(each for each in receipts if each["receipt_id"] == receipt_id)


def payload(*, extra: dict[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
    """Return what a payment page hands to requestPayment."""
    return {
        "client_key": CLIENT_KEY,
        "price": 4250,
        "order_name": "넷플릭스 11월 1/4",
        "order_id": "bill42a1",
        "metadata": {"bill": "42"},
        "extra": {
            "open_type": "redirect",
            "separately_confirmed": True,
            "redirect_url": "http://shop.test/pay/t0ken/return?lang=ko",
            "timeout": 30,
            **(extra or {}),
        },
        **changes,
    }


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def stand_in(clock: Clock) -> AsyncIterator[BootpayStandIn]:
    bootpay = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=clock, retry_scale=0)
    await bootpay.start()
    yield bootpay
    await bootpay.close()


@pytest.fixture
async def api(stand_in: BootpayStandIn) -> AsyncIterator[Api]:
    async with aiohttp.ClientSession() as http:
        yield Api(stand_in, http)


@pytest.fixture
async def shop(stand_in: BootpayStandIn) -> AsyncIterator[Shop]:
    shop = Shop()
    app = web.Application()
    app.router.add_post("/bootpay/webhook", shop.hear)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    shop.url = "http://{}:{}/bootpay/webhook".format(*runner.addresses[0][:2])
    stand_in.webhook_url = shop.url
    yield shop
    shop.closing.set()
    await runner.cleanup()
