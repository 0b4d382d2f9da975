"""Taps through the edge, from the repeat check to the commit; what they queue is not sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count, cycle, islice
from typing import Any

from sqlalchemy import select
from telegram.error import NetworkError
from telegram.ext import Application, ApplicationBuilder
from telegram.request import BaseRequest

from bot.bench.measuring import Measured, Sizes, measured
from bot.demo import BOOTPAY_KEYS, TOKEN
from bot.edge import Edge, Outcome
from bot.recommending import Recommending
from bot.routes import add_routes
from bot.settings import load_settings
from bot.tap import Surroundings
from bot.web.links import CARD_PURPOSE, PURPOSE, CardLinks, PayLinks
from core.clock import Clock
from core.db import Database
from core.titles import Title

BOT = {"id": int(TOKEN.split(":")[0]), "is_bot": True, "first_name": "TWO", "username": "two_bench_bot"}
FIRST_PERSON = 700_000_001
PEOPLE = 20


async def measure_taps(db: Database, clock: Clock, sizes: Sizes) -> list[Measured]:
    """Time taps of several kinds, one at a time and then all mixed with many at once."""
    async with db.read() as session:
        titles = list(await session.scalars(select(Title.id).order_by(Title.votes.desc(), Title.id).limit(50)))
    around = _surroundings(db)
    await around.recommending.warm(db)
    updates = Updates(clock, titles)
    async with _telegram() as application:
        edge = Edge(application, db, clock, around, nudge=lambda: None)

        async def take(update: dict[str, Any]) -> None:
            if (outcome := await edge.take(update)) is not Outcome.DONE:
                raise RuntimeError(f"an update of the bench ended as {outcome}")

        for person in range(PEOPLE):
            await take(updates.button(person, "agree:adult"))
        each = -(-sizes.taps // len(updates.kinds))
        rows = [
            await measured(db, f"tap: {kind}", [make(number) for number in range(each)], take)
            for kind, make in updates.kinds.items()
        ]
        mixed = [make(number) for number, make in enumerate(islice(cycle(updates.kinds.values()), sizes.taps))]
        return [*rows, await measured(db, f"taps, {sizes.at_once} at once", mixed, take, hands=sizes.at_once)]


class Updates:
    """Makes Telegram's updates, each with an id of its own, from twenty people in turn."""

    def __init__(self, clock: Clock, titles: Sequence[int]) -> None:
        self._date = int(clock.now().timestamp())
        self._ids = count(1)
        self.kinds: dict[str, Callable[[int], dict[str, Any]]] = {
            "/my": lambda number: self.message(number, "/my"),
            "/find": lambda number: self.message(number, "/find 기생충"),
            "a rating": lambda number: self.button(number, f"trate:{titles[number % len(titles)]}:{1 + number % 10}"),
            "/recommend": lambda number: self.message(number, "/recommend"),
            "free words": lambda number: self.message(number, "오늘 뭐 볼까요?"),
        }

    def message(self, person: int, text: str) -> dict[str, Any]:
        """Return what Telegram sends when somebody writes."""
        user, chat = self._who(person)
        word = text.split()[0]
        entities = [{"type": "bot_command", "offset": 0, "length": len(word)}] if word.startswith("/") else []
        body = {"message_id": 1, "date": self._date, "from": user, "chat": chat, "text": text, "entities": entities}
        return {"update_id": next(self._ids), "message": body}

    def button(self, person: int, data: str) -> dict[str, Any]:
        """Return what Telegram sends when somebody taps a button."""
        user, chat = self._who(person)
        update_id = next(self._ids)
        under = {"message_id": 2, "date": self._date, "from": BOT, "chat": chat, "text": "?"}
        query = {"id": str(update_id), "from": user, "chat_instance": "1", "data": data, "message": under}
        return {"update_id": update_id, "callback_query": query}

    @staticmethod
    def _who(person: int) -> tuple[dict[str, Any], dict[str, Any]]:
        name = {"id": FIRST_PERSON + person % PEOPLE, "first_name": f"손님 {1 + person % PEOPLE}"}
        return {**name, "is_bot": False, "language_code": "ko"}, {**name, "type": "private"}


class NoTelegram(BaseRequest):
    """A transport that says who the bot is and reaches nobody."""

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(self, url: str, method: str, *_: Any, **__: Any) -> tuple[int, bytes]:
        if not url.endswith("/getMe"):
            raise NetworkError("the bench sends nothing")
        return 200, json.dumps({"ok": True, "result": BOT}).encode()


@asynccontextmanager
async def _telegram() -> AsyncIterator[Application[Any, Any, Any, Any, Any, Any]]:
    builder = ApplicationBuilder().token(TOKEN).request(NoTelegram()).get_updates_request(NoTelegram())
    application: Application[Any, Any, Any, Any, Any, Any] = builder.updater(None).job_queue(None).build()
    add_routes(application)
    async with application:
        yield application


def _surroundings(db: Database) -> Surroundings:
    settings = load_settings(
        telegram_token=TOKEN,
        bootpay_client_key=BOOTPAY_KEYS[0],
        bootpay_secret_key=BOOTPAY_KEYS[1],
        public_url="http://127.0.0.1",
        database_url=db.url.render_as_string(hide_password=False),
    )
    return Surroundings(
        settings=settings,
        bot_username=str(BOT["username"]),
        pay_links=PayLinks(settings.public_url, [settings.derived_key(PURPOSE)]),
        card_links=CardLinks(settings.public_url, [settings.derived_key(CARD_PURPOSE)]),
        recommending=Recommending(),
    )
