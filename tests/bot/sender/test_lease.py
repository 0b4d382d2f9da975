"""One sender at a time: two send nothing twice, and who loses the lease begins nothing more."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from bot import sender as sender_module
from bot.sender import Sender
from core.db import Database
from core.outbox import SendState
from tests.bot.edging import SERVER_GONE, commits_fail
from tests.bot.sender.posting import Post, bot_open, run_for, word


async def two_senders(post: Post, stack: AsyncExitStack, db_url: str, messages: int) -> tuple[list[str], list[str]]:
    """Let two replicas work on one outbox; return the texts queued and the texts sent."""
    minsu, _ = await post.person()
    other_db = Database(db_url)
    stack.push_async_callback(other_db.close)
    bot = await stack.enter_async_context(bot_open(post.telegram.url))
    other = Sender(bot, other_db, post.clock, word)
    texts = [f"소식 {number}" for number in range(messages)]
    await post.queue(minsu.id, *texts)
    done = asyncio.Event()

    def look(_: object) -> None:
        asked = post.asked()
        # At the first double it is over: two who send at once soon pass Telegram's limit, and this clock ends no pause.
        if len(set(asked)) == messages or len(asked) > len(set(asked)):
            done.set()

    post.telegram.on_request(look)
    await run_for([post.sender, other], done)
    return texts, post.asked()


async def test_two_senders_on_one_database_send_nothing_twice(post: Post, db_url: str) -> None:
    async with AsyncExitStack() as stack:
        queued, sent = await two_senders(post, stack, db_url, 25)

    assert sent == queued


async def test_without_the_lease_two_senders_do_send_twice(
    post: Post, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def always(*_: object) -> bool:
        return True

    monkeypatch.setattr("core.leases.take", always)

    async with AsyncExitStack() as stack:
        _, sent = await two_senders(post, stack, db_url, 25)

    assert len(sent) > len(set(sent))


async def test_the_lease_is_renewed_while_it_is_needed_and_given_back_at_the_end(
    post: Post, db_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "RENEW_EVERY_S", 0.0)
    monkeypatch.setattr(sender_module, "IDLE_S", 0.02)
    async with bot_open(post.telegram.url) as bot:
        other = Sender(bot, post.db, post.clock, word)
        running = asyncio.create_task(post.sender.run())
        phone, _ = await post.person()
        await post.queue(phone.id, "시작")
        await phone.sees("시작")

        taken = []
        for _ in range(5):  # each time all but a second of a lease passes
            await post.passes(14)
            await post.queue(phone.id, "계속")
            await phone.sees("계속")
            renewed = asyncio.Event()
            asyncio.get_running_loop().call_later(0.1, renewed.set)
            await renewed.wait()
            taken.append(await other._has_lease())
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

        assert taken == [False] * 5
        assert await other._has_lease()


async def test_a_sender_that_lost_its_lease_begins_nothing_more(post: Post) -> None:
    minsu, _ = await post.person()
    await post.queue(minsu.id, "하나")
    async with bot_open(post.telegram.url) as bot:
        other = Sender(bot, post.db, post.clock, word)
        assert await post.sender._has_lease()
        await post.passes(16)
        assert await other._has_lease()
        post.sender._renewed -= sender_module.LEASE.total_seconds()

        sent = await post.sender.send_waiting()

        assert not sent
        assert post.asked() == []


async def test_stopping_lets_what_is_on_its_way_be_written_down(post: Post) -> None:
    minsu, _ = await post.person()
    (first, second) = await post.queue(minsu.id, "가는 중", "다음 사람이")
    on_its_way = asyncio.Event()
    post.telegram.on_request(lambda _: on_its_way.set())

    await run_for([post.sender], on_its_way)

    assert [(await post.row(one)).state for one in (first, second)] == [SendState.SENT, SendState.WAITING]


async def test_being_stopped_while_the_database_is_away_ends_the_sender(post: Post) -> None:
    running = asyncio.create_task(post.sender.run())

    with commits_fail(post.db, SERVER_GONE, times=None, meanwhile=running.cancel):
        await asyncio.wait([running])

    assert running.cancelled()
