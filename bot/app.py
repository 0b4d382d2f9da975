"""The composition root: settings become engine, adapters, Telegram application, web app, sender and ticks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import structlog
from aiohttp import web
from sqlalchemy import text
from telegram import BotCommand, BotCommandScopeAllPrivateChats
from telegram.ext import Application, ApplicationBuilder

from bot.chores import Chores
from bot.database import require_current
from bot.edge import Edge
from bot.polling import ALLOWED_UPDATES, Polling
from bot.recommending import Recommending
from bot.routes import MENU, add_routes
from bot.sender import Sender
from bot.settings import Settings
from bot.tap import Surroundings
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, SPEECH
from bot.ticks import Tick, Ticks
from bot.training import train_when_due
from bot.web.bootpay_hook import add_bootpay_hook
from bot.web.card_page import add_card_page
from bot.web.health import add_health
from bot.web.linked import Shop
from bot.web.links import CARD_PURPOSE, PURPOSE, CardLinks, PayLinks
from bot.web.pay_page import add_pay_page
from bot.web.telegram_hook import BODY_BYTES, add_telegram_hook
from bot.wording import Wording
from core import leases
from core.adapters.bootpay import Bootpay
from core.clock import Clock, SystemClock
from core.db import Database

# Telegram refuses setWebhook more than once a second.
ANNOUNCE_EVERY = timedelta(seconds=10)

log = structlog.get_logger(__name__)


class Two:
    """The running product; every part of it is made and wired here and nowhere else."""

    def __init__(
        self, settings: Settings, db: Database, clock: Clock, telegram: Application[Any, Any, Any, Any, Any, Any]
    ):
        self.settings = settings
        self.db = db
        self.clock = clock
        self.telegram = telegram
        self.pay_links = PayLinks(settings.public_url, [settings.derived_key(PURPOSE)])
        self.card_links = CardLinks(settings.public_url, [settings.derived_key(CARD_PURPOSE)])
        self.bootpay = bootpay_client(settings)
        self.recommending = Recommending()
        around = Surroundings(
            settings=settings,
            bot_username=telegram.bot.username,
            pay_links=self.pay_links,
            card_links=self.card_links,
            recommending=self.recommending,
        )
        self.sender = Sender(
            telegram.bot,
            db,
            clock,
            Wording(around),
            in_flight=settings.sends_in_flight,
            alert_chat=settings.alert_chat_id,
        )
        self.chores = Chores(db, clock, self.bootpay, settings.limits, seal=settings.seal)
        learning = [
            Tick("training", 1800, partial(train_when_due, db, settings, self.recommending.refused)),
            Tick("recommending", 60, partial(self.recommending.warm, db)),
        ]
        self.ticks = Ticks(clock, [*self.chores.ticks(), *learning], self.chores.tell_of_clock)
        self.edge = Edge(telegram, db, clock, around, self.nudge)
        self.web = self._web()
        self.broken = asyncio.Event()
        self.failed = False
        self._tasks: set[asyncio.Task[None]] = set()

    def nudge(self) -> None:
        """Something was committed: send it, and let the rooms catch up."""
        self.sender.nudge()
        self.ticks.nudge()

    def _web(self) -> web.Application:
        app = web.Application(client_max_size=BODY_BYTES)
        add_health(app, self.ready)
        add_telegram_hook(app, self.edge, self.settings.webhook_secret)
        add_bootpay_hook(app, db=self.db, clock=self.clock, nudge=self.nudge)
        shop = Shop(
            self.db, self.clock, self.settings, self.bootpay, self.nudge, bot_username=self.telegram.bot.username
        )
        add_pay_page(app, shop, self.pay_links)
        add_card_page(app, shop, self.card_links)
        return app

    async def ready(self) -> bool:
        """Tell whether the database answers."""
        async with self.db.read() as session:
            await session.execute(text("SELECT 1"))
        return True

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run `work` until the product stops; work that ends by itself breaks the product."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.critical("part_ended", part=task.get_name(), error=repr(task.exception()))
            self.failed = True
            self.broken.set()

    async def stop(self) -> None:
        """End every running part."""
        await self.ticks.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self.bootpay.close()


def bootpay_client(settings: Settings) -> Bootpay:
    """Return a client of the merchant's Bootpay; whoever takes it closes it."""
    client_key, secret_key = settings.bootpay_client_key, settings.bootpay_secret_key
    return Bootpay(client_key.get_secret_value(), secret_key.get_secret_value(), base_url=settings.bootpay_api)


@asynccontextmanager
async def prepared(settings: Settings, *, clock: Clock | None = None, db: Database | None = None) -> AsyncIterator[Two]:
    """Wire the product on an up-to-date database (`db`, else a new one), without serving, sending or ticking."""
    async with contextlib.AsyncExitStack() as stack:
        db = db or Database(settings.database_url)
        stack.push_async_callback(db.close)
        await require_current(db)
        telegram = _telegram(settings)
        add_routes(telegram)
        await stack.enter_async_context(telegram)
        two = Two(settings, db, clock or SystemClock(), telegram)
        stack.push_async_callback(two.stop)
        yield two


@asynccontextmanager
async def running(
    settings: Settings, *, clock: Clock | None = None, polling: bool = False, db: Database | None = None
) -> AsyncIterator[Two]:
    """Run the product and stop it in order at the end: the door first, the sender last."""
    async with prepared(settings, clock=clock, db=db) as two:
        await announce(two, webhook=not polling)
        two.start(two.sender.run(), "sender")
        two.ticks.start()
        runner = web.AppRunner(two.web, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.host, settings.port).start()
            if polling:
                two.start(Polling(two.telegram.bot, two.edge).run(), "polling")
            yield two
        finally:
            await runner.cleanup()


def _telegram(settings: Settings) -> Application[Any, Any, Any, Any, Any, Any]:
    return (
        ApplicationBuilder()
        .token(settings.telegram_token.get_secret_value())
        .base_url(f"{settings.telegram_api}/bot")
        .base_file_url(f"{settings.telegram_api}/file/bot")
        .updater(None)
        .job_queue(None)
        .connection_pool_size(32)
        .pool_timeout(10)
        .connect_timeout(5)
        .read_timeout(20)
        .write_timeout(20)
        .build()
    )


async def announce(two: Two, *, webhook: bool) -> None:
    """Tell Telegram our commands in each language and where updates go; of replicas that start together one does."""
    now = two.clock.now()
    if not await two.db.transact(leases.take, "announce", f"announce-{uuid4().hex[:12]}", now, ANNOUNCE_EVERY):
        return
    bot = two.telegram.bot
    for language in LANGUAGES:
        commands = [BotCommand(name, SPEECH[language].plain(f"commands.{name}")) for name in MENU]
        code = None if language == DEFAULT_LANGUAGE else language
        await bot.set_my_commands(commands, scope=BotCommandScopeAllPrivateChats(), language_code=code)
    if webhook:
        await bot.set_webhook(
            f"{two.settings.public_url}/telegram/webhook",
            secret_token=two.settings.webhook_secret,
            allowed_updates=list(ALLOWED_UPDATES),
        )
    else:
        await bot.delete_webhook()
