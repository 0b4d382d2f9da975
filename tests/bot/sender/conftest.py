"""What each test of the sender works with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from bot.demo import TOKEN
from bot.sandbox.chats import Chats
from bot.sandbox.telegram import TelegramStandIn
from bot.sender import Sender
from core.clock import ManualClock
from core.db import Database
from tests.bot.sender.posting import AT, HOLDS, RECEIVED, Post, bot_open, word


@pytest.fixture
async def post(db: Database, clock: ManualClock) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramStandIn(TOKEN))
        chats = await stack.enter_async_context(Chats(telegram.url))
        bot = await stack.enter_async_context(bot_open(telegram.url))
        yield Post(db, clock, telegram, chats, Sender(bot, db, clock, word))


@pytest.fixture(autouse=True)
def fresh() -> None:
    HOLDS["value"] = True
    RECEIVED.clear()
    AT.clear()
