"""What is repeated after a failure and what is not."""

from __future__ import annotations

from contextlib import AsyncExitStack

import pytest

from bot.demo import TOKEN, free_port
from bot.sandbox.chats import Chats
from bot.sandbox.telegram import Fault, TelegramStandIn
from bot.sender import Sender
from core.clock import ManualClock
from core.db import Database
from core.outbox import SendState
from core.people import Person
from tests.bot.sender.posting import Post, bot_open, shown, word


async def test_somebody_who_blocked_the_bot_is_marked_until_they_come_back(post: Post) -> None:
    minsu, person = await post.person()
    await minsu.blocks()
    told = await post.tell(person, "test.news", {"text": "소식"})

    await post.send_all()

    assert (await post.row(told)).state is SendState.DEAD
    async with post.db.read() as session:
        assert (await session.get_one(Person, person.id)).reachable is False


async def test_silence_after_a_message_is_unknown_and_never_repeated(post: Post) -> None:
    minsu, _ = await post.person()
    first, _ = await post.queue(minsu.id, "결제가 끝났어요", "다음")
    post.telegram.faults.order(Fault("sendMessage", "timeout_after"))

    await post.send_all()
    await post.passes(3600)
    await post.send_all()

    row = await post.row(first)
    assert (row.state, row.data) == (SendState.UNKNOWN, {})
    assert await shown(minsu) == ["결제가 끝났어요", "다음"]


@pytest.mark.parametrize("kind", ["timeout_after", "drop_after", "timeout_before"])
async def test_an_edit_without_an_answer_is_repeated(post: Post, kind: str) -> None:
    minsu, _ = await post.person()
    (sent,) = await post.queue(minsu.id, "처음")
    await post.send_all()
    message_id = (await post.row(sent)).message_id
    edit = {"chat_id": minsu.id, "message_id": message_id, "text": "고침"}
    edited = await post.queue_call(minsu.id, "editMessageText", edit)
    await post.queue(minsu.id, "그다음")
    post.telegram.faults.order(Fault("editMessageText", kind))

    await post.send_all()
    held_back = await shown(minsu)
    await post.passes(1)
    await post.send_all()

    assert "그다음" not in held_back
    assert await shown(minsu) == ["고침", "그다음"]
    # The second try of an edit that had its effect is told "not modified": that is success.
    row = await post.row(edited)
    assert (row.state, row.message_id) == (SendState.SENT, message_id)


async def test_an_answer_to_a_tap_is_repeated_and_an_expired_one_is_no_failure(post: Post) -> None:
    minsu, _ = await post.person()
    markup = {"inline_keyboard": [[{"text": "눌러요", "callback_data": "x"}]]}
    await post.queue_call(minsu.id, "sendMessage", {"chat_id": minsu.id, "text": "버튼", "reply_markup": markup})
    await post.send_all()
    query = await minsu.taps("눌러요", anywhere=True)
    ids = [
        await post.queue_call(minsu.id, "answerCallbackQuery", {"callback_query_id": one, "text": "네"})
        for one in (query, "12345")
    ]
    post.telegram.faults.order(Fault("answerCallbackQuery", "timeout_before"))

    await post.send_all()
    await post.passes(1)
    await post.send_all()

    assert await minsu.toast("네")
    assert [(await post.row(one)).state for one in ids] == [SendState.SENT, SendState.SENT]


@pytest.mark.parametrize("kind", ["500", "502_html"])
async def test_an_error_of_telegram_is_tried_again_later_and_the_order_kept(post: Post, kind: str) -> None:
    minsu, _ = await post.person()
    first, *_ = await post.queue(minsu.id, "하나", "둘", "셋")
    post.telegram.faults.order(Fault("sendMessage", kind, times=3))

    waits = []
    for _ in range(3):
        await post.send_all()
        waits.append(((await post.row(first)).not_before - post.clock.now()).total_seconds())
        await post.passes(waits[-1])
    await post.send_all()

    assert waits == [1, 2, 4]
    assert await shown(minsu) == ["하나", "둘", "셋"]


async def test_messages_outlive_an_hour_without_telegram(db: Database, clock: ManualClock) -> None:
    telegram = TelegramStandIn(TOKEN)
    port = free_port()
    await telegram.start(port=port)
    async with AsyncExitStack() as stack:
        chats = await stack.enter_async_context(Chats(telegram.url))
        bot = await stack.enter_async_context(bot_open(telegram.url))
        post = Post(db, clock, telegram, chats, Sender(bot, db, clock, word))
        minsu, _ = await post.person()
        await post.queue(minsu.id, "하나", "둘")
        await telegram.close()

        for _ in range(70):
            await post.send_all()
            await post.passes(60)
        waiting = await post.states()
        telegram.world.bell.closed = False
        await telegram.start(port=port)
        stack.push_async_callback(telegram.close)
        await post.send_all()

        assert waiting == [SendState.WAITING, SendState.WAITING]
        assert await shown(minsu) == ["하나", "둘"]


async def test_a_message_that_telegram_never_takes_dies_at_last(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.calls.MOST_REFUSALS", 3)
    minsu, _ = await post.person()
    first, _ = await post.queue(minsu.id, "독이 든 말", "다음")
    post.telegram.faults.order(Fault("sendMessage", "500", times=3))

    for _ in range(4):
        await post.send_all()
        await post.passes(60)

    assert (await post.row(first)).state is SendState.DEAD
    assert await shown(minsu) == ["다음"]


async def test_a_refused_token_costs_no_message(post: Post) -> None:
    minsu, _ = await post.person()
    await post.queue(minsu.id, "하나", "둘")
    token, post.telegram.world.token = post.telegram.world.token, "1:revoked"

    for _ in range(3):
        await post.send_all()
        await post.passes(61)
    post.telegram.world.token = token
    await post.send_all()

    assert await shown(minsu) == ["하나", "둘"]


async def test_a_bad_request_is_dead_and_the_next_one_is_sent(post: Post) -> None:
    minsu, _ = await post.person()
    data = {"chat_id": minsu.id, "text": "<b>열린", "parse_mode": "HTML"}
    broken = await post.queue_call(minsu.id, "sendMessage", data)
    unknown = await post.queue_call(minsu.id, "sendMessage", {"chat_id": minsu.id, "text": "x", "no_such_field": 1})
    nobody = await post.queue_call(4_040_404, "sendMessage", {"chat_id": 4_040_404, "text": "x"})
    await post.queue(minsu.id, "다음")

    await post.send_all()

    assert [(await post.row(one)).state for one in (broken, unknown, nobody)] == [SendState.DEAD] * 3
    assert await shown(minsu) == ["다음"]


async def test_a_notice_that_cannot_be_worded_stops_nobody(post: Post) -> None:
    minsu, person = await post.person()
    lost = await post.tell(person, "test.unwordable", {})
    await post.tell(person, "test.news", {"text": "다음"})

    await post.send_all()

    assert (await post.row(lost)).state is SendState.DEAD
    assert await shown(minsu) == ["다음"]
