"""The database goes away and comes back: nothing is answered before it is done, nothing is lost, nothing leaks."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass

import aiohttp
import pymysql
import pytest
from sqlalchemy import QueuePool, func, select

from bot import database, journeys
from bot.app import Two, running
from bot.edge import TelegramUpdate
from bot.sandbox.chats import Phone
from bot.settings import load_settings
from core import audit
from core.outbox import Outgoing, SendState
from tests.faults.street import Street, street_open
from tests.mariadb import PrivateMariaDB
from tests.promises import Promise

pytestmark = pytest.mark.mariadb
PEOPLE, WORDS = 8, 10
READY_WITHIN_S = 10.0
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


async def check(ground: Ground, promise: Promise, said: int) -> None:
    """Compare what was said with what was answered, and look for leaks and bugs."""
    answers = await ground.answers()
    promise.database = "mariadb"
    promise.lost = sum(max(0, said - number) for number in answers)
    promise.doubled = sum(max(0, number - said) for number in answers)
    while await ground.unwritten():  # noqa: ASYNC110 - what was seen may still wait to be written down
        await asyncio.sleep(0.05)
    async with ground.two.db.read() as session:
        failed = await session.scalar(select(func.count()).where(TelegramUpdate.attempts > 0))
        unsent = await session.scalar(select(func.count()).where(Outgoing.state != SendState.SENT))
        violations = await audit.check(session)
    promise.wrong = int(failed or 0) + int(unsent or 0) + len(violations)
    assert answers == [said] * PEOPLE
    assert (failed, unsent, violations) == (0, 0, [])
    pool = ground.two.db.engine.pool
    assert isinstance(pool, QueuePool)
    while pool.checkedout():  # noqa: ASYNC110 - a tick may be at work; a leak never ends
        await asyncio.sleep(0.05)


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


@pytest.mark.faults("database away: connections killed")
async def test_connections_that_die_under_load_lose_and_double_nothing(ground: Ground, promise: Promise) -> None:
    promise.tried = promise.size(small=100, full=300)
    killing = asyncio.create_task(connections_die(ground.server, promise.rng, promise.tried))
    said = 0
    while not killing.done():
        await ground.talk(1)
        said += 1
    await killing
    await ground.talk(1)

    promise.note = f"{(said + 1) * PEOPLE} taps"
    await check(ground, promise, said + 1)


How = Callable[[PrivateMariaDB], None]
SERVERS_END = [
    pytest.param(PrivateMariaDB.kill, marks=pytest.mark.faults("database away: server killed"), id="killed"),
    pytest.param(PrivateMariaDB.stop, marks=pytest.mark.faults("database away: server restarted"), id="stopped"),
]


@pytest.mark.parametrize("how", SERVERS_END)
async def test_a_server_that_goes_and_comes_back_loses_and_doubles_nothing(
    ground: Ground, how: How, promise: Promise
) -> None:
    promise.tried = promise.size(small=1, full=3)
    statuses, ready_after = [await ground.ready()], []
    for _ in range(promise.tried):
        talking = asyncio.create_task(ground.talk(WORDS))
        await asyncio.sleep(0.2)
        await asyncio.to_thread(how, ground.server)
        await ground.until_ready_says(503)
        async with aiohttp.ClientSession() as session:
            address = f"{ground.street.settings['public_url']}/healthz"
            async with session.get(address) as response:
                statuses.append(response.status)
        await asyncio.to_thread(ground.server.start)
        back = time.monotonic()
        await ground.until_ready_says(200)
        ready_after.append(time.monotonic() - back)
        await talking

    promise.note = f"ready again after {max(ready_after):.2f} s at most"
    assert statuses == [200] * (promise.tried + 1)
    assert max(ready_after) <= READY_WITHIN_S
    await check(ground, promise, WORDS * promise.tried)


@pytest.mark.faults("database away: questions cancelled")
async def test_cancelled_questions_leave_no_connection_behind(ground: Ground, promise: Promise) -> None:
    promise.database, promise.tried, db = "mariadb", promise.size(small=100, full=1000), ground.two.db

    async def ask(number: int) -> int:
        async with db.read() as session:
            return int(await session.scalar(select(number + func.sleep(0.01))) or 0)

    for number in range(promise.tried):
        with suppress(TimeoutError):
            await asyncio.wait_for(ask(number), promise.rng.uniform(0.0, 0.02))
    answers = [await ask(number) for number in range(10)]

    assert answers == list(range(10))
    assert isinstance(db.engine.pool, QueuePool)
    assert db.engine.pool.checkedout() == 0
