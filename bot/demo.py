"""The whole product on one machine with stand-ins for Telegram and Bootpay: no token, no account, no internet."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import random
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import func, select

from bot import agenda, database
from bot.app import Two, running
from bot.sandbox.bootpay import BootpayStandIn
from bot.sandbox.catalogue import crowd, load_titles
from bot.sandbox.chats import Chats
from bot.sandbox.page import PageLink, add_page
from bot.sandbox.telegram import TelegramStandIn
from bot.settings import Settings, SettingsInvalid, load_settings, real_keys_present
from bot.training import train
from core import titles
from core.clock import ManualClock
from core.db import Database
from core.outbox import Outgoing, SendState
from core.people import AgeBand, Person
from core.sealing import KEY_BYTES

# Keys that only the stand-ins take; the real services would refuse them.
TOKEN = f"{10**9}:" + "demo" * 9
BOOTPAY_KEYS = ("demo-client-key", "demo-server-key")
CROWD_SEED = 7
OPERATORS = ("mina", "jun")
HOST, MEMBERS = "민수", ("하늘", "바다", "지우")
WAIT_FOR_SILENCE_S = 20.0


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on at this moment; OSError when none of a hundred is free."""
    # Below those that systems give to outgoing connections: one of theirs could be gone again before it is bound.
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((host, port))
            return port
    raise OSError(f"no free port on {host}")


@dataclass
class Demo:
    """A running demo: the product, its stand-ins, and the clock that moves all three."""

    two: Two
    telegram: TelegramStandIn
    bootpay: BootpayStandIn
    clock: ManualClock
    people: list[int] = field(default_factory=list)

    def now(self) -> datetime:
        """Return the demo's present instant."""
        return self.clock.now()

    async def move_to(self, instant: datetime) -> None:
        """Move the clock due time by due time, doing on the way whatever falls due."""
        while (now := self.clock.now()) < instant:
            async with self.two.db.read() as session:
                stop = await agenda.next_stop(session, now, self.two.settings.limits)
            step = max(min(stop or instant, instant), now + timedelta(milliseconds=1))
            await self.two.ticks.move_clock(partial(self._move, step))
            self.bootpay.lapse_due()
            await self.settle_down()

    def _move(self, instant: datetime) -> None:
        self.clock.move_on(instant)

    async def settle_down(self) -> None:
        """Run every tick and wait until everything that is due has been sent."""
        await self.two.ticks.run_all()
        loop = asyncio.get_running_loop()
        end = loop.time() + WAIT_FOR_SILENCE_S
        while await self._unsent() and loop.time() < end:
            self.two.sender.nudge()
            await asyncio.sleep(0.02)

    async def _unsent(self) -> int:
        async with self.two.db.read() as session:
            waiting = select(func.count(Outgoing.id)).where(
                Outgoing.state == SendState.WAITING, Outgoing.not_before <= self.clock.now()
            )
            return await session.scalar(waiting) or 0

    async def due(self) -> Sequence[tuple[datetime, str]]:
        """Return the next instants at which somebody will notice something, each with its kind."""
        async with self.two.db.read() as session:
            return await agenda.coming(session, self.now(), self.two.settings.limits)


@asynccontextmanager
async def demo_running(
    *,
    port: int = 0,
    start: datetime | None = None,
    webhook: bool = False,
    db: Database | None = None,
    crowded: bool = True,
) -> AsyncIterator[Demo]:
    """Run the demo until the block ends; `db` is an empty database, an SQLite file of its own without one;
    `crowded` fills it with titles and ratings."""
    if found := real_keys_present():
        raise SettingsInvalid(f"the demo does not start with real keys: unset {', '.join(found)}")
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="two-demo-")))
        clock = ManualClock(start)
        web_port = free_port()
        public_url = f"http://127.0.0.1:{web_port}"
        telegram = TelegramStandIn(TOKEN, now=clock.now)
        bootpay = BootpayStandIn(*BOOTPAY_KEYS, now=clock.now, webhook_url=f"{public_url}/bootpay/webhook")
        await bootpay.start()
        stack.push_async_callback(bootpay.close)
        page = _Page(telegram, bootpay)
        await telegram.start(port=port)
        stack.push_async_callback(telegram.close)
        db = db or Database(f"sqlite+aiosqlite:///{folder / 'two.sqlite3'}")
        stack.push_async_callback(db.close)
        await database.upgraded(db)
        if crowded:
            await seed(db, clock)
        address = db.url.render_as_string(hide_password=False)
        settings = demo_settings(address, public_url, web_port, telegram, bootpay)
        two = await stack.enter_async_context(running(settings, clock=clock, polling=not webhook, db=db))
        demo = Demo(two, telegram, bootpay, clock)
        page.open(demo)
        yield demo


class _Page:
    """The page's clock and people before the demo behind them runs: the page's server starts first."""

    def __init__(self, telegram: TelegramStandIn, bootpay: BootpayStandIn) -> None:
        self._demo: Demo | None = None
        self._people: list[int] = []
        link = PageLink(f"{bootpay.url}/sandbox/receipts", ko="결제 기록", en="Payments")
        add_page(telegram.app, people=self._people, clock=self, links=[link])

    def open(self, demo: Demo) -> None:
        """Connect the page with the running demo."""
        self._demo = demo
        demo.people = self._people

    @property
    def _running(self) -> Demo:
        if self._demo is None:
            raise RuntimeError("the demo is still starting")
        return self._demo

    def now(self) -> datetime:
        """See ClockControl."""
        return self._running.now()

    async def move_to(self, instant: datetime) -> None:
        """See ClockControl."""
        await self._running.move_to(instant)

    async def due(self) -> Sequence[tuple[datetime, str]]:
        """See ClockControl."""
        return await self._running.due()


def demo_settings(
    database_url: str, public_url: str, web_port: int, telegram: TelegramStandIn, bootpay: BootpayStandIn
) -> Settings:
    """Return settings that point at the stand-ins."""
    return load_settings(
        telegram_token=TOKEN,
        bootpay_client_key=BOOTPAY_KEYS[0],
        bootpay_secret_key=BOOTPAY_KEYS[1],
        public_url=public_url,
        database_url=database_url,
        host="127.0.0.1",
        port=web_port,
        bootpay_sandbox=True,
        sealing_keys=f"demo:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}",
        operators=",".join(OPERATORS),
        telegram_api=telegram.url,
        bootpay_api=bootpay.api_url,
        bootpay_script=bootpay.script_url,
        bootpay_hosts=bootpay.url,
    )


async def seed(db: Database, clock: ManualClock) -> None:
    """Fill the demo's database: titles, and a crowd that has rated them."""
    catalogue = load_titles()
    voices = crowd(CROWD_SEED, titles=catalogue)
    now = clock.now()
    async with db.write() as session:
        await titles.import_titles(session, [asdict(title) for title in catalogue], now)
        people = {
            number: Person(language="ko", age_band=AgeBand.ADULT, created_at=now)
            for number in sorted({voice.person for voice in voices})
        }
        session.add_all(people.values())
        await session.flush()
        rows = [(people[voice.person].id, voice.title_id, round(voice.stars * 2)) for voice in voices]
        await titles.add_ratings(session, rows, now)
    await train(db, clock, tier="instant")


async def invite_people(demo: Demo, chats: Chats) -> None:
    """Give the four people of the page their phones."""
    for name in (HOST, *MEMBERS):
        demo.people.append((await chats.person(name, "ko")).id)
