"""The whole product with its stand-ins, for tests that read like chats."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot import journeys
from bot.demo import Demo, demo_running
from bot.sandbox.chats import Chats, Phone
from core import audit
from tests.conftest import START, empty, shared_database
from tests.judge import Judge


class World:
    """A running demo, its people, and a look into its database."""

    def __init__(self, demo: Demo, chats: Chats) -> None:
        self.demo = demo
        self.chats = chats

    async def person(self, name: str, language: str = "ko", **about: Any) -> Phone:
        """Give somebody a phone."""
        return await self.chats.person(name, language, **about)

    async def grown_up(self, name: str, language: str = "ko") -> Phone:
        """Give somebody a phone, consent and nothing else."""
        return await journeys.arrive(self.chats, name, language)

    async def joins(self, name: str, code: str) -> Phone:
        """Let a stranger follow an invitation up to the held seat."""
        phone = await self.person(name)
        await journeys.follow_invitation(phone, code)
        return phone

    async def pays(self, phone: Phone, action: str = "approve") -> str:
        """Pay what the newest payment button asks for; return the page that comes back."""
        return await journeys.pay(await phone.link("결제하기", anywhere=True), self.demo.bootpay.url, action)

    async def member(self, name: str, code: str) -> Phone:
        """Let a stranger join and pay."""
        phone = await self.joins(name, code)
        await self.pays(phone)
        await phone.sees("결제가 끝났어요", anywhere=True)
        return phone

    async def settled(self) -> None:
        """Wait until everything that is due is done and said."""
        await self.demo.settle_down()

    async def days_pass(self, days: float) -> None:
        """Move the clock, due time by due time."""
        await self.demo.move_to(self.demo.now() + timedelta(days=days))

    async def newest(self, table: str) -> int:
        """Return the id of the newest row: a shared database does not count from 1."""
        return int(await self.scalar(f"SELECT max(id) FROM {table}"))

    async def scalar(self, query: str) -> Any:
        """Return the one value that a query asks for."""
        async with self.demo.two.db.read() as session:
            return (await session.execute(text(query))).scalar_one()

    async def count(self, table: str) -> int:
        """Return how many rows a table has, once everything has been said."""
        await self.settled()
        async with self.demo.two.db.read() as session:
            return int(await session.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


# Both databases and both deliveries; the other two pairs add nothing that these do not run.
PAIRS = ("sqlite-polling", "mariadb-webhook")


@pytest.fixture(params=PAIRS)
def pair(request: pytest.FixtureRequest) -> str:
    """Name the database, and the way in which updates reach the bot."""
    return str(request.param)


@pytest.fixture
def db_kind(pair: str) -> str:
    """Return the database of the pair."""
    return pair.split("-")[0]


@pytest.fixture
async def world(db_url: str, pair: str) -> AsyncIterator[World]:
    """Run the product; strangers judge all that passes."""
    async with world_running(db_url, pair) as world:
        yield world


@asynccontextmanager
async def world_running(db_url: str, pair: str) -> AsyncIterator[World]:
    """Run the product on an empty database; at the end the books must be right and the strangers content."""
    judge = Judge()
    db = shared_database(db_url)
    async with AsyncExitStack() as stack:
        demo = await stack.enter_async_context(
            demo_running(start=START, webhook=pair.endswith("webhook"), db=db, crowded=False)
        )
        judge.watch(demo.telegram)
        chats = await stack.enter_async_context(Chats(demo.telegram.url))
        yield World(demo, chats)
        await demo.settle_down()
    async with db.read() as session:
        violations = await audit.check(session)
    if not db.embedded:
        await empty(db)
    await db.close()
    assert violations == []
    judge.assert_clean()
