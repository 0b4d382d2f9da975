"""An edge over a real database and the Telegram stand-in, with commands that a test makes up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import pymysql
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError
from telegram.ext import Application, ApplicationBuilder

from bot import routes
from bot.edge import Edge, Outcome, TelegramUpdate
from bot.recommending import Recommending
from bot.sandbox.telegram import TelegramStandIn
from bot.screen import Replies
from bot.settings import load_settings
from bot.tap import Surroundings, Tap
from bot.web.links import CARD_PURPOSE, PURPOSE, CardLinks, PayLinks
from core import people
from core.clock import ManualClock
from core.db import Database
from core.outbox import Outgoing
from core.people import AgeBand, Person

MINSU = 5_000_000_001
Handle = Callable[[Tap], Awaitable[Replies]]


def message(update_id: int, text: str, user_id: int = MINSU, **more: Any) -> dict[str, Any]:
    """Return an update with words of a person in their private chat."""
    command = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}] if text.startswith("/") else []
    words = {
        "message_id": update_id,
        "date": 1_795_000_000,
        "chat": {"id": user_id, "type": "private", "first_name": "민수"},
        "from": {"id": user_id, "is_bot": False, "first_name": "민수", "language_code": "ko"},
        "text": text,
        "entities": command,
    }
    return {"update_id": update_id, "message": words | more}


def press(update_id: int, data: str, user_id: int = MINSU) -> dict[str, Any]:
    """Return an update with a press of a button under a message of the bot."""
    shown = message(update_id, "버튼", user_id)["message"] | {
        "from": {"id": 1, "is_bot": True, "first_name": "TWO"},
    }
    person = message(update_id, "", user_id)["message"]["from"] if user_id else None
    query = {"id": f"q{update_id}", "from": person, "message": shown, "chat_instance": "1", "data": data}
    return {"update_id": update_id, "callback_query": query}


@dataclass
class Desk:
    """One replica's edge, and a look at what it did."""

    edge: Edge
    db: Database
    clock: ManualClock
    nudges: list[None] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(700_000_001))

    async def says(self, text: str, user_id: int = MINSU) -> Outcome:
        """Take a message with an id of its own."""
        return await self.edge.take(message(next(self._ids), text, user_id))

    async def outbox(self) -> list[Outgoing]:
        """Return everything that is to be said, oldest first."""
        async with self.db.read() as session:
            return list(await session.scalars(select(Outgoing).order_by(Outgoing.id)))

    async def nickname(self, user_id: int = MINSU) -> str | None:
        """Return what a person is called."""
        async with self.db.read() as session:
            return await session.scalar(select(Person.nickname).where(Person.telegram_id == user_id))

    async def noted(self, update_id: int) -> TelegramUpdate | None:
        """Return what is remembered of an update."""
        async with self.db.read() as session:
            return await session.get(TelegramUpdate, update_id)

    async def rows(self, table: Any) -> int:
        """Return how many rows a table has."""
        async with self.db.read() as session:
            return int(await session.scalar(select(func.count()).select_from(table)) or 0)

    async def agrees(self, user_id: int = MINSU, nickname: str = "민수") -> Person:
        """Let a person agree to the terms."""
        async with self.db.write() as session:
            person = await people.agree(session, user_id, "ko", AgeBand.ADULT, self.clock.now())
            await people.set_nickname(session, person, nickname)
        return person


@asynccontextmanager
async def telegram_application(
    telegram: TelegramStandIn, commands: dict[str, Handle]
) -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    """Start a router with the product's routes and a test's own commands before them."""
    application = (
        ApplicationBuilder()
        .token(telegram.world.token)
        .base_url(f"{telegram.url}/bot")
        .updater(None)
        .job_queue(None)
        .build()
    )
    before = dict(routes.COMMANDS)
    routes.COMMANDS.update(commands)
    try:
        routes.add_routes(application)
    finally:
        routes.COMMANDS.clear()
        routes.COMMANDS.update(before)
    async with application:
        yield application


@asynccontextmanager
async def desk_open(
    db: Database, clock: ManualClock, telegram: TelegramStandIn, commands: dict[str, Handle]
) -> AsyncIterator[Desk]:
    """Open one replica's edge."""
    settings = load_settings(
        telegram_token=telegram.world.token,
        bootpay_client_key="client-key",
        bootpay_secret_key="secret-key",
        public_url="http://127.0.0.1",
    )
    async with telegram_application(telegram, commands) as application:
        links = PayLinks(settings.public_url, [settings.derived_key(PURPOSE)])
        cards = CardLinks(settings.public_url, [settings.derived_key(CARD_PURPOSE)])
        around = Surroundings(settings, "TwoDemoBot", links, cards, Recommending())
        nudges: list[None] = []
        edge = Edge(application, db, clock, around, lambda: nudges.append(None))
        yield Desk(edge, db, clock, nudges)


def mysql_error(code: int, words: str) -> OperationalError:
    """Return what SQLAlchemy raises for an error of the server."""
    return OperationalError("COMMIT", {}, pymysql.err.OperationalError(code, words))


DEADLOCK = mysql_error(1213, "Deadlock found when trying to get lock; try restarting transaction")
LOCK_TIMEOUT = mysql_error(1205, "Lock wait timeout exceeded; try restarting transaction")
SERVER_GONE = mysql_error(2006, "MySQL server has gone away")


@contextmanager
def commits_fail(
    db: Database, error: Exception, times: int | None = 1, meanwhile: Callable[[], object] = lambda: None
) -> Iterator[list[int]]:
    """Let the next commits of the database fail (None: all of them); yields a list with one entry per failure.

    `meanwhile` is what happens during each of them.
    """
    failed: list[int] = []

    def fail(_: object) -> None:
        if times is None or len(failed) < times:
            failed.append(1)
            meanwhile()
            raise error

    event.listen(db.engine.sync_engine, "commit", fail)
    try:
        yield failed
    finally:
        event.remove(db.engine.sync_engine, "commit", fail)
