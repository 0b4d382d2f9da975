"""The database goes away and comes back: nothing is answered before it is done, nothing is lost, nothing leaks."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import aiohttp
import pymysql
import pytest
from sqlalchemy import func, select

from bot import database, journeys
from bot.app import Two, running
from bot.edge import TelegramUpdate
from bot.sandbox.chats import Phone
from bot.settings import load_settings
from core import audit
from core.outbox import Outgoing, SendState
from tests.faults.conftest import ReportRow, Row
from tests.faults.street import Street, street_open
from tests.mariadb import PrivateMariaDB

pytestmark = [pytest.mark.faults, pytest.mark.mariadb, pytest.mark.timeout(900)]
PEOPLE, WORDS, KILLS = 8, 10, 150
ANSWER = "무엇을 해 볼까요"


@dataclass
class Ground:
    """A running bot on a server that can be taken away."""

    two: Two
    street: Street
    server: PrivateMariaDB
    people: list[Phone]
    answers_before: list[int]

    async def talk(self, times: int) -> None:
        """Let everybody say something and wait for the answer, again and again."""
        await asyncio.gather(*(self._talks(phone, times) for phone in self.people))

    async def _talks(self, phone: Phone, times: int) -> None:
        for _ in range(times):
            await phone.says("/start")
            await phone.sees(ANSWER)

    async def ready(self) -> int:
        """Return the status of /readyz."""
        address = f"{self.street.settings['public_url']}/readyz"
        async with aiohttp.ClientSession() as session, session.get(address) as response:
            return response.status

    async def until_ready_says(self, status: int) -> None:
        """Wait until /readyz answers with a status."""
        while await self.ready() != status:  # noqa: ASYNC110 - there is nothing but the answer to wait for
            await asyncio.sleep(0.05)

    async def unwritten(self) -> int:
        """Return how many messages wait to be sent, or to be written down as sent."""
        async with self.two.db.read() as session:
            return int(await session.scalar(select(func.count()).where(Outgoing.state == SendState.WAITING)) or 0)

    async def answers(self) -> list[int]:
        """Return how many answers each person got since the beginning."""
        now = [await answers_of(phone) for phone in self.people]
        return [after - before for after, before in zip(now, self.answers_before, strict=True)]


async def answers_of(phone: Phone) -> int:
    """Return how many answers somebody has got so far."""
    return sum(ANSWER in message["text"] for message in await phone.reads() if message["from_bot"])


@pytest.fixture
async def ground(server: PrivateMariaDB) -> AsyncIterator[Ground]:
    url = server.create_database("two")
    await database.upgrade(url)
    async with AsyncExitStack() as stack:
        street = await stack.enter_async_context(street_open(url))
        two = await stack.enter_async_context(running(load_settings(**street.settings)))
        people = [await journeys.arrive(street.chats, f"손님{number}") for number in range(PEOPLE)]
        yield Ground(two, street, server, people, [await answers_of(phone) for phone in people])


async def check(ground: Ground, row: Row, said: int) -> None:
    """Compare what was said with what was answered, and look for leaks and bugs."""
    answers = await ground.answers()
    row.tried = said * PEOPLE
    row.lost = sum(max(0, said - number) for number in answers)
    row.doubled = sum(max(0, number - said) for number in answers)
    while await ground.unwritten():  # noqa: ASYNC110 - what was seen may still wait to be written down
        await asyncio.sleep(0.05)
    async with ground.two.db.read() as session:
        failed = await session.scalar(select(func.count()).where(TelegramUpdate.attempts > 0))
        unsent = await session.scalar(select(func.count()).where(Outgoing.state != SendState.SENT))
        violations = await audit.check(session)
    row.wrong = int(failed or 0) + int(unsent or 0) + len(violations)
    assert answers == [said] * PEOPLE
    assert (failed, unsent, violations) == (0, 0, [])
    assert ground.two.db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def connections_die(server: PrivateMariaDB, rng: random.Random, times: int) -> int:
    """Kill connections of the bot at random, one every few milliseconds; return how many were killed."""

    def kill_one() -> int:
        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT id FROM information_schema.processlist WHERE db = 'two'")
            ids = [row[0] for row in cursor.fetchall()]
            if not ids:
                return 0
            with suppress(pymysql.err.OperationalError):  # it has just gone by itself
                cursor.execute(f"KILL {rng.choice(ids)}")
            return 1

    killed = 0
    while killed < times:
        killed += await asyncio.to_thread(kill_one)
        await asyncio.sleep(rng.uniform(0.0, 0.03))
    return killed


async def test_connections_that_die_under_load_lose_and_double_nothing(
    ground: Ground, scale: int, seed: int, report_row: ReportRow
) -> None:
    row = report_row(Row(f"{KILLS * scale} connections killed", seed=seed))
    killing = asyncio.create_task(connections_die(ground.server, random.Random(seed), KILLS * scale))
    said = 0
    while not killing.done():
        await ground.talk(1)
        said += 1
    await killing
    await ground.talk(1)

    await check(ground, row, said + 1)


How = Callable[[PrivateMariaDB], None]


@pytest.mark.parametrize("how", [PrivateMariaDB.kill, PrivateMariaDB.stop], ids=["killed", "stopped"])
async def test_a_server_that_goes_and_comes_back_loses_and_doubles_nothing(
    ground: Ground, scale: int, how: How, report_row: ReportRow
) -> None:
    row = report_row(Row(f"database server taken away ({how.__name__}), {scale} times"))
    statuses = [await ground.ready()]
    for _ in range(scale):
        talking = asyncio.create_task(ground.talk(WORDS))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(how, ground.server)
        await ground.until_ready_says(503)
        async with aiohttp.ClientSession() as session:
            address = f"{ground.street.settings['public_url']}/healthz"
            async with session.get(address) as response:
                statuses.append(response.status)
        await asyncio.to_thread(ground.server.start)
        await ground.until_ready_says(200)
        await talking

    assert statuses == [200] * (scale + 1)
    await check(ground, row, WORDS * scale)


async def test_cancelled_questions_leave_no_connection_behind(ground: Ground, scale: int, seed: int) -> None:
    rng, db = random.Random(seed), ground.two.db

    async def ask(number: int) -> int:
        async with db.read() as session:
            return int(await session.scalar(select(number + func.sleep(0.01))) or 0)

    for number in range(100 * scale):
        with suppress(TimeoutError):
            await asyncio.wait_for(ask(number), rng.uniform(0.0, 0.02))
    answers = [await ask(number) for number in range(10)]

    assert answers == list(range(10))
    assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]
