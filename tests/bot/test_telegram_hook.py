"""Telegram's door: who may knock, what is answered, and that 200 means done."""

from __future__ import annotations

import asyncio
import json
import random
import string
from collections.abc import AsyncIterator
from io import BytesIO
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from sqlalchemy import QueuePool

from bot.demo import TOKEN, free_port
from bot.edge import TelegramUpdate
from bot.sandbox.telegram import TelegramStandIn
from bot.screen import Replies, Screen
from bot.tap import Tap
from bot.web import health
from bot.web.health import add_health
from bot.web.telegram_hook import BODY_BYTES, HEADER, add_telegram_hook
from core.clock import ManualClock
from core.db import Database
from tests.bot.edging import SERVER_GONE, Desk, commits_fail, desk_open, message

SECRET = "7f" * 32
SEED = 20261123


class Door:
    """The web app with Telegram's door, and a caller."""

    def __init__(self, url: str, session: aiohttp.ClientSession, desk: Desk, heard: list[str]) -> None:
        self.url = url
        self.session = session
        self.desk = desk
        self.heard = heard

    async def knocks(self, body: Any, *, secret: str | None = SECRET, **how: Any) -> aiohttp.ClientResponse:
        """Post a body as Telegram would, unless told otherwise."""
        headers = {"Content-Type": "application/json"} | how.pop("headers", {})
        if secret is not None:
            headers[HEADER] = secret
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with self.session.post(f"{self.url}/telegram/webhook", data=BytesIO(data), headers=headers) as response:
            await response.read()
            return response


@pytest.fixture
async def door(db: Database, clock: ManualClock) -> AsyncIterator[Door]:
    heard: list[str] = []

    async def listen(tap: Tap) -> Replies:
        heard.append(tap.text)
        return Screen("들었어요")

    async with (
        TelegramStandIn(TOKEN) as telegram,
        desk_open(db, clock, telegram, {"help": listen}) as desk,
        aiohttp.ClientSession() as session,
    ):
        app = web.Application(client_max_size=BODY_BYTES)
        add_telegram_hook(app, desk.edge, SECRET)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield Door(f"http://127.0.0.1:{runner.addresses[0][1]}", session, desk, heard)
        await runner.cleanup()


def wrong_secrets(rng: random.Random) -> list[str | None]:
    """Return a hundred secrets that are almost right, or nowhere near."""
    near: list[str | None] = [None, "", SECRET[:-1], SECRET[1:], f"{SECRET}0", SECRET.upper(), SECRET * 100, "ünïcode"]
    while len(near) < 100:
        place = rng.randrange(len(SECRET))
        other = SECRET[:place] + rng.choice(string.hexdigits) + SECRET[place + 1 :]
        near += [other] if other != SECRET else []
    return near


async def test_a_hundred_wrong_secrets_are_refused_and_nobody_is_called(door: Door) -> None:
    secrets = wrong_secrets(random.Random(SEED))

    answers = [await door.knocks(message(number, "/help"), secret=one) for number, one in enumerate(secrets)]

    assert [answer.status for answer in answers] == [403] * len(secrets)
    assert door.heard == []
    assert await door.desk.rows(TelegramUpdate) == 0


async def test_the_secret_is_checked_before_anything_is_read(door: Door) -> None:
    answer = await door.knocks(b"not json at all", secret="wrong", headers={"Content-Type": "text/plain"})

    assert answer.status == 403


async def test_the_right_secret_is_heard_once_however_often_it_comes(door: Door) -> None:
    answers = await asyncio.gather(*(door.knocks(message(1, "/help")) for _ in range(10)))

    assert {answer.status for answer in answers} == {200}
    assert len(await door.desk.outbox()) == 1


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe", 400),
        (b"[1, 2]", 400),
        (b'"update"', 400),
        (b"{}", 400),
        (b'{"update_id": "1"}', 400),
        (b'{"update_id": true}', 400),
        (b"[" * 100_000, 400),
        (b'{"update_id": 1, "x": "' + b"a" * BODY_BYTES + b'"}', 413),
    ],
    ids=["empty", "broken", "no text", "list", "string", "no id", "id as text", "id as bool", "deep", "too long"],
)
async def test_a_body_that_is_no_update_is_refused(door: Door, body: bytes, status: int) -> None:
    answer = await door.knocks(body)

    assert answer.status == status
    assert await door.desk.rows(TelegramUpdate) == 0


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_only_json_is_taken(door: Door, content_type: str) -> None:
    answer = await door.knocks(message(1, "/help"), headers={"Content-Type": content_type})

    assert answer.status == 415
    assert door.heard == []


async def test_get_is_not_served(door: Door) -> None:
    async with door.session.get(f"{door.url}/telegram/webhook", headers={HEADER: SECRET}) as response:
        assert response.status == 405


async def test_while_the_database_is_away_telegram_is_asked_to_come_again(door: Door) -> None:
    with commits_fail(door.desk.db, SERVER_GONE, times=None):
        away = await door.knocks(message(1, "/help"))
    back = await door.knocks(message(1, "/help"))
    again = await door.knocks(message(1, "/help"))

    assert (away.status, away.headers["Retry-After"]) == (503, "5")
    assert (back.status, again.status) == (200, 200)
    assert len(await door.desk.outbox()) == 1


async def test_a_bug_is_answered_500_until_it_is_a_dead_letter(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a filter that breaks")

    monkeypatch.setattr("telegram.ext.CommandHandler.check_update", broken)

    answers = [(await door.knocks(message(1, "/help"))).status for _ in range(6)]

    assert answers == [500, 500, 500, 500, 200, 200]


@pytest.fixture
async def unreachable() -> AsyncIterator[Database]:
    """A database server that is not there."""
    database = Database(f"mysql+aiomysql://nobody@127.0.0.1:{free_port()}/two")
    yield database
    await database.close()


async def test_a_server_that_is_not_there_is_503_and_keeps_nothing_busy(
    unreachable: Database, clock: ManualClock
) -> None:
    async with TelegramStandIn(TOKEN) as telegram, desk_open(unreachable, clock, telegram, {}) as desk:
        outcomes = await asyncio.gather(*(desk.edge.take(message(number, "/help")) for number in range(12)))

    assert set(outcomes) == {"away"}
    assert isinstance(unreachable.engine.pool, QueuePool)
    assert unreachable.engine.pool.checkedout() == 0


async def asked(app: web.Application, *paths: str) -> list[tuple[int, Any]]:
    """Serve an app for a moment and ask for some paths."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    answers = []
    async with aiohttp.ClientSession() as session:
        for path in paths:
            async with session.get(f"{url}{path}") as response:
                answers.append((response.status, await response.json()))
    await runner.cleanup()
    return answers


async def test_readiness_follows_the_database_and_liveness_does_not() -> None:
    there = [True]

    async def ready() -> bool:
        if not there[0]:
            raise ConnectionError("gone")
        return True

    app = web.Application()
    add_health(app, ready)
    with_database = await asked(app, "/healthz", "/readyz")
    there[0] = False
    app = web.Application()
    add_health(app, ready)
    without = await asked(app, "/healthz", "/readyz")

    assert with_database == [(200, {"ok": True}), (200, {"ok": True})]
    assert without == [(200, {"ok": True}), (503, {"ok": False})]


async def test_a_database_that_keeps_silent_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "PATIENCE_S", 0.05)

    async def silent() -> bool:
        await asyncio.Event().wait()
        return True

    app = web.Application()
    add_health(app, silent)

    assert await asked(app, "/readyz") == [(503, {"ok": False})]


def test_readiness_gives_up_within_five_seconds() -> None:
    assert health.PATIENCE_S < 5
