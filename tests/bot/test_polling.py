"""Long polling: an update is confirmed only when it is done, and a bad moment of the network ends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from telegram import Bot
from telegram.error import Conflict

from bot import polling as module
from bot.demo import TOKEN
from bot.edge import MOST_ATTEMPTS
from bot.polling import Polling
from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import Fault, TelegramStandIn
from bot.screen import Replies, Screen
from bot.tap import Tap
from core.clock import ManualClock
from core.db import Database
from tests.bot.edging import SERVER_GONE, Desk, commits_fail, desk_open


@dataclass
class Poll:
    """A poller over the stand-in, and one person who writes."""

    telegram: TelegramStandIn
    desk: Desk
    bot: Bot
    minsu: Phone
    heard: list[str]
    kept: list[int]
    troubles: list[Exception]
    news: asyncio.Event

    async def until_heard(self, number: int) -> None:
        """Poll until so many messages were heard and all are confirmed, then stop."""
        polling = asyncio.create_task(Polling(self.bot, self.desk.edge).run())
        while len(self.heard) < number:
            self.news.clear()
            waiting = asyncio.create_task(self.news.wait())
            await asyncio.wait([polling, waiting], return_when=asyncio.FIRST_COMPLETED)
            waiting.cancel()
            if polling.done():
                polling.result()
        while self.unconfirmed():  # noqa: ASYNC110 - the stand-in rings no bell for a confirmation
            await asyncio.sleep(0.01)
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)

    def unconfirmed(self) -> int:
        """Return how many updates Telegram still keeps."""
        return len(self.telegram.world.updates.waiting())


@pytest.fixture
async def poll(db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Poll]:
    monkeypatch.setattr(module, "PAUSE_S", 0.02)
    heard: list[str] = []
    kept: list[int] = []
    troubles: list[Exception] = []
    news = asyncio.Event()

    async def listen(tap: Tap) -> Replies:
        heard.append(tap.text)
        kept.append(len(telegram.world.updates.waiting()))
        news.set()
        if troubles:
            raise troubles.pop(0)
        return Screen("들었어요")

    async with (
        TelegramStandIn(TOKEN) as telegram,
        desk_open(db, clock, telegram, {"help": listen}) as desk,
        Chats(telegram.url) as chats,
        Bot(TOKEN, base_url=f"{telegram.url}/bot") as bot,
    ):
        yield Poll(telegram, desk, bot, await chats.person("민수"), heard, kept, troubles, news)


async def test_updates_are_taken_in_order_and_then_confirmed(poll: Poll) -> None:
    words = [f"/help {number}" for number in range(5)]
    for text in words:
        await poll.minsu.says(text)

    await poll.until_heard(5)

    assert poll.heard == words
    assert poll.unconfirmed() == 0
    assert len(await poll.desk.outbox()) == 5


async def test_what_could_not_be_committed_is_asked_for_again_before_anything_later(poll: Poll) -> None:
    await poll.minsu.says("/help 1")
    await poll.minsu.says("/help 2")

    with commits_fail(poll.desk.db, SERVER_GONE, times=2):
        await poll.until_heard(4)

    assert poll.heard == ["/help 1", "/help 1", "/help 1", "/help 2"]
    assert poll.kept[:3] == [2, 2, 2]
    assert poll.unconfirmed() == 0
    assert len(await poll.desk.outbox()) == 2


async def test_being_stopped_while_the_database_is_away_ends_it(poll: Poll) -> None:
    await poll.minsu.says("/help 1")
    polling = asyncio.create_task(Polling(poll.bot, poll.desk.edge).run())

    with commits_fail(poll.desk.db, SERVER_GONE, times=None, meanwhile=polling.cancel):
        await asyncio.wait([polling])

    assert polling.cancelled()
    assert poll.unconfirmed() == 1


async def test_a_bug_holds_others_back_only_until_it_is_a_dead_letter(poll: Poll) -> None:
    poll.troubles[:] = [RuntimeError("a bug")] * MOST_ATTEMPTS
    await poll.minsu.says("/help 1")
    await poll.minsu.says("/help 2")

    await poll.until_heard(MOST_ATTEMPTS + 1)

    assert poll.heard == ["/help 1"] * MOST_ATTEMPTS + ["/help 2"]
    assert poll.unconfirmed() == 0


@pytest.mark.parametrize("kind", ["500", "502_html", "drop_after"])
async def test_a_poll_that_fails_is_asked_again(poll: Poll, kind: str) -> None:
    poll.telegram.faults.order(Fault("getUpdates", kind, times=3))
    await poll.minsu.says("/help 1")

    await poll.until_heard(1)

    assert poll.heard == ["/help 1"]


async def test_a_flood_wait_is_waited_for(poll: Poll, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    sleep_really = asyncio.sleep

    async def sleep(seconds: float) -> None:
        waited.extend([seconds] if seconds >= 1 else [])
        await sleep_really(0)

    monkeypatch.setattr("bot.polling.asyncio.sleep", sleep)
    poll.telegram.faults.order(Fault("getUpdates", "429", retry_after=7))
    await poll.minsu.says("/help 1")

    await poll.until_heard(1)

    assert waited == [7]


async def test_another_poller_or_a_webhook_ends_it(poll: Poll) -> None:
    await poll.bot.set_webhook("http://127.0.0.1:1/hook")

    with pytest.raises(Conflict):
        await Polling(poll.bot, poll.desk.edge).run()
