"""A chat is told everything in order, whatever else waits, and no second sees too much."""

from __future__ import annotations

import asyncio

import pytest

from bot import sender as sender_module
from bot.sandbox.telegram import Fault
from bot.sender import Budget, Sender
from core.outbox import SendState
from tests.bot.sender.posting import Post, bot_open, shown, word


async def test_a_chat_is_told_everything_in_order(post: Post) -> None:
    (minsu, _), (haneul, _) = await post.person("민수"), await post.person("하늘")
    words = [str(number) for number in range(12)]
    for text in words:
        await post.queue(minsu.id, text)
        await post.queue(haneul.id, text)

    await post.send_all()

    assert await shown(minsu) == words
    assert await shown(haneul) == words
    assert set(await post.states()) == {SendState.SENT}


async def test_notices_and_calls_of_one_chat_share_one_order(post: Post) -> None:
    minsu, person = await post.person()
    await post.queue(minsu.id, "하나")
    await post.tell(person, "test.news", {"text": "둘"})
    await post.queue(minsu.id, "셋")

    await post.send_all()

    assert await shown(minsu) == ["하나", "둘", "셋"]


async def test_a_long_queue_of_one_chat_does_not_hold_back_the_others(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender_module, "HEADS", 3)
    (minsu, _), (haneul, _) = await post.person("민수"), await post.person("하늘")
    await post.queue(minsu.id, *[f"긴 줄 {number}" for number in range(sender_module.HEADS + 5)])
    await post.queue(haneul.id, "안녕하세요")
    post.telegram.faults.order(Fault("sendMessage", "500"))
    await post.sender.send_waiting()  # the long queue's head now waits for its next try

    await post.send_all()

    assert await shown(haneul) == ["안녕하세요"]


async def test_a_flood_wait_stops_everything_and_then_each_is_sent_once(post: Post) -> None:
    phones = [await post.person(f"사람 {number}") for number in range(8)]
    for phone, _ in phones:
        await post.queue(phone.id, "하나", "둘")
    post.telegram.faults.order(Fault("sendMessage", "429", retry_after=7))

    await post.send_all()
    at_once = len(post.asked())
    await post.passes(6.5)
    await post.send_all()
    before = len(post.asked())
    await post.passes(0.5)
    await post.send_all()

    # Those that were on their way with the refused one may arrive; nobody begins after it.
    assert at_once <= 4
    assert before == at_once
    for phone, _ in phones:
        assert await shown(phone) == ["하나", "둘"]


async def test_a_flood_wait_is_kept_by_the_next_sender(post: Post) -> None:
    minsu, _ = await post.person()
    await post.queue(minsu.id, "하나", "둘")
    post.telegram.faults.order(Fault("sendMessage", "429", retry_after=60))
    await post.send_all()
    await post.passes(20)  # the lease is over, the wait is not

    async with bot_open(post.telegram.url) as bot:
        after_restart = Sender(bot, post.db, post.clock, word)
        sent_early = await after_restart.send_waiting()
        await post.passes(41)
        while await after_restart.send_waiting():
            pass

    assert not sent_early
    assert await shown(minsu) == ["하나", "둘"]


async def test_no_second_sees_more_than_thirty_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    at, spent = [1000.0], []
    monkeypatch.setattr(loop, "time", lambda: at[0])

    async def sleep(seconds: float) -> None:
        at[0] += seconds

    monkeypatch.setattr("bot.sender.asyncio.sleep", sleep)
    budget = Budget(30)

    for number in range(200):
        await budget.spend()
        spent.append(at[0])
        at[0] += 0.5 if number == 50 else 0.0

    monkeypatch.undo()
    windows = [sum(1 for one in spent if start <= one < start + 1) for start in spent]
    assert max(windows) == 30
    assert spent[-1] - spent[0] < 200 / 30 + 1
