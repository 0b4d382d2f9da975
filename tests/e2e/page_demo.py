"""The demo page on a Telegram stand-in of its own, with the echo bot instead of the product."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest_asyncio
from aiohttp import web
from playwright.async_api import Locator, Page, expect

from bot.sandbox.page import Due, add_page
from bot.sandbox.telegram import TelegramStandIn
from tests.e2e.echo_bot import EchoBot

TOKEN = "123456:test"
MONDAY = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # noon in Seoul
NAMES = ["민수", "하늘", "바다", "지은"]


@dataclass
class SteppingClock:
    """A demo clock that arrives when the test lets it."""

    at: datetime = MONDAY
    dues: list[Due] = field(default_factory=lambda: [(MONDAY + timedelta(days=7, hours=-3), "결제일 알림")])
    may_arrive: asyncio.Event = field(default_factory=asyncio.Event)

    def now(self) -> datetime:
        return self.at

    def due(self) -> Sequence[Due]:
        return self.dues

    async def move_to(self, instant: datetime) -> None:
        await self.may_arrive.wait()
        self.at = instant


@dataclass
class Streams:
    """The pages' open event streams, which a test can cut."""

    open: list[web.Request] = field(default_factory=list)

    async def watch(self, request: web.Request, response: web.StreamResponse) -> None:
        if request.path == "/user/events":
            self.open.append(request)

    def cut(self) -> None:
        for request in self.open:
            if request.transport:
                request.transport.close()


@dataclass
class Demo:
    """The page's address and what stands behind it."""

    url: str
    people: list[int]
    clock: SteppingClock
    bot: EchoBot
    streams: Streams

    def chat(self, page: Page, name: str) -> Locator:
        return page.get_by_test_id(f"chat-{self.people[NAMES.index(name)]}")

    def tab(self, page: Page, name: str) -> Locator:
        return page.get_by_test_id(f"tab-{self.people[NAMES.index(name)]}")

    def id_of(self, name: str) -> int:
        return self.people[NAMES.index(name)]


@pytest_asyncio.fixture
async def page_demo() -> AsyncIterator[Demo]:
    clock, streams = SteppingClock(), Streams()
    people: list[int] = []
    telegram = TelegramStandIn(TOKEN, now=clock.now)
    telegram.app.on_response_prepare.append(streams.watch)
    telegram.app.router.add_get("/pay-page", pay_page)
    add_page(telegram.app, people=people, clock=clock)
    await telegram.start()
    async with aiohttp.ClientSession(telegram.url) as http:
        for name in NAMES:
            async with http.post("/user/people", json={"first_name": name, "language_code": "ko"}) as response:
                people.append((await response.json())["id"])
    bot = EchoBot(f"{telegram.url}/bot{TOKEN}", username="TwoDemoBot", page_url=f"{telegram.url}/pay-page")
    async with bot:
        yield Demo(telegram.url, people, clock, bot, streams)
    await telegram.close()


async def pay_page(request: web.Request) -> web.Response:
    return web.Response(text="<!doctype html><title>결제</title><link rel=icon href=data:,>", content_type="text/html")


async def started(chat: Locator) -> None:
    """Press Start and wait for the greeting."""
    await chat.get_by_role("button", name="시작").click()
    await expect(chat.get_by_text("무엇을 볼까요?")).to_be_visible()
