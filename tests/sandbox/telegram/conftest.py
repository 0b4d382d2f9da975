"""A stand-in on a free port, a clock to move, a bare client for the bot's side, and people with phones."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import TelegramStandIn
from tests.judge import reply_breaches, update_breaches

TOKEN = "1000001:TEST"


class MovableClock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


class BareBot:
    """Calls methods with nothing in between."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.session = session
        self.url = url

    async def reply(self, method: str, **params: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.url}/bot{TOKEN}/{method}", json=params) as response:
            body: dict[str, Any] = await response.json()
            assert response.status == (200 if body["ok"] else body["error_code"])
            return body

    async def result(self, method: str, **params: Any) -> Any:
        body = await self.reply(method, **params)
        assert body["ok"], body
        return body["result"]

    async def refusal(self, method: str, **params: Any) -> tuple[int, str]:
        body = await self.reply(method, **params)
        assert not body["ok"], body
        return body["error_code"], body["description"]

    async def upload(self, method: str, field: str, data: bytes, name: str = "file.png", **params: Any) -> Any:
        form = aiohttp.FormData()
        form.add_field(field, io.BytesIO(data), filename=name, content_type="application/octet-stream")
        for key, value in params.items():
            form.add_field(key, value if isinstance(value, str) else json.dumps(value))
        async with self.session.post(f"{self.url}/bot{TOKEN}/{method}", data=form) as response:
            return await response.json()

    async def fault(self, method: str, kind: str, **more: Any) -> None:
        order = {"method": method, "kind": kind, **more}
        async with self.session.post(f"{self.url}/sandbox/faults", json=order) as response:
            assert response.status == 200

    async def inject(self, update: dict[str, Any]) -> int:
        async with self.session.post(f"{self.url}/sandbox/updates", json=update) as response:
            return int((await response.json())["update_id"])


class Hook:
    """A bot's webhook that answers as it is told and remembers what came, in order."""

    def __init__(self) -> None:
        self.url = ""
        self.answers: list[web.Response] = []
        self.updates: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.open_now = 0
        self.most_open = 0
        self._came = asyncio.Event()

    async def take(self, request: web.Request) -> web.Response:
        self.updates.append(await request.json())
        self.headers.append(request.headers)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        self._came.set()
        await self.gate.wait()
        self.open_now -= 1
        return self.answers.pop(0) if self.answers else web.Response()

    async def came(self, count: int) -> list[dict[str, Any]]:
        while len(self.updates) < count:
            self._came.clear()
            await self._came.wait()
        return self.updates


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
async def server(clock: MovableClock) -> AsyncIterator[TelegramStandIn]:
    """A stand-in; whatever a test sends to it, aiogram looks at all that it says."""
    async with TelegramStandIn(TOKEN, now=clock, retry_scale=0.001) as server:
        yield server
    for entry in server.world.log.after(0):
        if entry.kind == "update" and not entry.injected:
            assert update_breaches(entry.update or {}) == []
        if entry.kind == "request" and isinstance(entry.reply, dict):
            assert reply_breaches(entry.method or "", entry.reply) == []


@pytest.fixture
async def bot(server: TelegramStandIn) -> AsyncIterator[BareBot]:
    async with aiohttp.ClientSession() as session:
        yield BareBot(session, server.url)


@pytest.fixture
async def chats(server: TelegramStandIn) -> AsyncIterator[Chats]:
    async with Chats(server.url) as chats:
        yield chats


@pytest.fixture
async def host(chats: Chats) -> Phone:
    """Somebody who has pressed Start."""
    host = await chats.person("민수", "ko", username="minsu_kim")
    await host.starts()
    return host


@pytest.fixture
async def hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = web.Application()
    app.router.add_post("/hook", hook.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield hook
    hook.gate.set()
    await runner.cleanup()
