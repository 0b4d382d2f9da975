"""An outbox with one sender, and the phones that it reaches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Bot
from telegram.request import HTTPXRequest

from bot.demo import TOKEN
from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import TelegramStandIn
from bot.screen import Screen
from bot.sender import Sender
from bot.texts import Speech
from core import outbox
from core.clock import ManualClock
from core.db import Database
from core.outbox import Outgoing, SendState, call, notice
from core.people import AgeBand, Person, agree

READ_TIMEOUT_S = 0.3


@dataclass
class Post:
    """An outbox with one sender, and the phones that it reaches."""

    db: Database
    clock: ManualClock
    telegram: TelegramStandIn
    chats: Chats
    sender: Sender

    async def person(self, name: str = "민수") -> tuple[Phone, Person]:
        """Give somebody a phone and consent."""
        phone = await self.chats.person(name)
        await phone.starts()
        async with self.db.write() as session:
            return phone, await agree(session, phone.id, "ko", AgeBand.ADULT, self.clock.now())

    async def queue(self, chat_id: int, *texts: str, **how: Any) -> list[int]:
        """Queue messages to a chat in this order; return the rows' ids."""
        async with self.db.write() as session:
            rows = []
            for text in texts:
                data = {"chat_id": chat_id, "text": text}
                rows.append(call(session, self.clock.now(), chat_id, "sendMessage", data, **how))
                await session.flush()
        return [row.id for row in rows]

    async def queue_call(self, chat_id: int, method: str, data: Mapping[str, Any], **how: Any) -> int:
        """Queue any method."""
        async with self.db.write() as session:
            row = call(session, self.clock.now(), chat_id, method, data, **how)
        return row.id

    async def tell(self, person: Person, name: str, data: Mapping[str, Any], **how: Any) -> int:
        """Queue a notice."""
        async with self.db.write() as session:
            row = notice(session, self.clock.now(), person.id, name, data, **how)
        return row.id

    async def send_all(self) -> None:
        """Send until nothing is due."""
        while await self.sender.send_waiting():
            pass

    async def row(self, row_id: int) -> Outgoing:
        """Return a row as it is now."""
        async with self.db.read() as session:
            return await session.get_one(Outgoing, row_id)

    async def states(self) -> list[SendState]:
        """Return the states of all rows, oldest first."""
        async with self.db.read() as session:
            return list(await session.scalars(select(Outgoing.state).order_by(Outgoing.id)))

    def asked(self, method: str = "sendMessage") -> list[str]:
        """Return the texts of every request of a method, answered or not."""
        entries = self.telegram.world.log.after(0)
        return [str(e.params.get("text", "")) for e in entries if e.kind == "request" and e.method == method]

    async def passes(self, seconds: float) -> None:
        """Move the clock."""
        self.clock.move_to(self.clock.now() + timedelta(seconds=seconds))


async def word(session: AsyncSession, now: datetime, say: Speech, name: str, data: Mapping[str, Any]) -> Screen:
    """Word a notice by its data; some notices cannot be worded."""
    if name == "test.unwordable":
        raise KeyError(name)
    return Screen(str(data["text"]))


async def shown(phone: Phone) -> list[str]:
    """Return what the bot said in a chat, in order."""
    return [message["text"] for message in await phone.reads() if message["from_bot"]]


@asynccontextmanager
async def bot_open(url: str) -> AsyncIterator[Bot]:
    """Open a client that does not wait long for an answer."""
    request = HTTPXRequest(connection_pool_size=32, read_timeout=READ_TIMEOUT_S)
    async with Bot(TOKEN, base_url=f"{url}/bot", request=request) as bot:
        yield bot


HOLDS = {"value": True}


@outbox.validity("test.holds")
async def _holds(session: AsyncSession, condition: Mapping[str, Any]) -> bool:
    return HOLDS["value"]


RECEIVED: list[tuple[str, int | None]] = []
AT: list[datetime] = []


@outbox.receiver("test.receiver")
async def _receive(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    RECEIVED.append((on_sent["who"], message_id))
    AT.append(on_sent["at"])


@outbox.receiver("test.stumbles")
async def _stumble(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    raise RuntimeError("a bug in a receiver")


async def run_for(senders: list[Sender], until: asyncio.Event) -> None:
    """Let senders run side by side until the event."""
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    await until.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
