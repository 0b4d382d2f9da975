"""What leaves the outbox: order, flood waits, what is repeated and what is not, one sender at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from structlog.testing import capture_logs
from telegram import Bot
from telegram.request import HTTPXRequest

from bot import sender as sender_module
from bot.calls import Sent
from bot.demo import TOKEN, free_port
from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import Fault, TelegramStandIn
from bot.screen import Screen
from bot.sender import Budget, Sender
from bot.texts import Speech
from core import outbox
from core.alerts import alert, purge_alerts
from core.clock import ManualClock
from core.db import Database
from core.leases import Lease
from core.outbox import Outgoing, SendState, call, notice
from core.people import AgeBand, Person, agree, set_quiet_hours
from tests.bot.edging import SERVER_GONE, commits_fail

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


@pytest.fixture
async def post(db: Database, clock: ManualClock) -> AsyncIterator[Post]:
    async with AsyncExitStack() as stack:
        telegram = await stack.enter_async_context(TelegramStandIn(TOKEN))
        chats = await stack.enter_async_context(Chats(telegram.url))
        bot = await stack.enter_async_context(bot_open(telegram.url))
        yield Post(db, clock, telegram, chats, Sender(bot, db, clock, word))


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


async def test_what_operators_must_see_reaches_their_chat_once_an_hour(post: Post) -> None:
    chat, _ = await post.person("당직")
    sender = Sender(post.sender._bot, post.db, post.clock, word, alert_chat=chat.id)
    told: list[bool] = []
    for minutes in (0, 10, 49, 2):
        await post.passes(60 * minutes)
        async with post.db.write() as session:
            told.append(await alert(session, post.clock.now(), "odd", 7, text=f"고장 {len(told)}"))
    async with post.db.write() as session:
        assert await alert(session, post.clock.now(), "odd", 8, text="다른 고장")

    while await sender.send_waiting():
        pass

    assert told == [True, False, False, True]
    assert await shown(chat) == ["고장 0", "고장 3", "다른 고장"]
    assert await post.states() == [SendState.SENT] * 3


async def test_without_an_alert_chat_the_log_says_it(post: Post) -> None:
    async with post.db.write() as session:
        await alert(session, post.clock.now(), "odd", text="고장")

    with capture_logs() as logged:
        await post.send_all()

    assert [(line["log_level"], line["name"], line["text"]) for line in logged if line["event"] == "alert"] == [
        ("critical", "alerts.odd", "고장")
    ]
    assert await post.states() == [SendState.DROPPED]


async def test_an_alert_that_cannot_be_delivered_is_logged(post: Post) -> None:
    sender = Sender(post.sender._bot, post.db, post.clock, word, alert_chat=-100_999)
    async with post.db.write() as session:
        await alert(session, post.clock.now(), "odd", text="고장")

    with capture_logs() as logged:
        while await sender.send_waiting():
            pass

    (line,) = [line for line in logged if line["event"] == "alert"]
    assert (line["name"], line["text"]) == ("alerts.odd", "고장")
    assert await post.states() == [SendState.DEAD]


async def test_what_may_be_told_again_is_forgotten(post: Post) -> None:
    async with post.db.write() as session:
        await alert(session, post.clock.now(), "odd", text="고장")
    await post.passes(3601)

    await post.db.transact(purge_alerts, post.clock.now())

    async with post.db.read() as session:
        assert await session.scalar(select(Lease.name).where(Lease.name.startswith("alert-"))) is None


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


@pytest.fixture(autouse=True)
def fresh() -> None:
    HOLDS["value"] = True
    RECEIVED.clear()
    AT.clear()


async def test_a_notice_that_no_longer_holds_is_dropped_unsent(post: Post) -> None:
    minsu, person = await post.person()
    asks = {"valid_while": {"check": "test.holds"}, "on_sent": {"to": "test.receiver", "who": "dropped"}}
    dropped = await post.tell(person, "test.news", {"text": "아직 안 내셨어요"}, **asks)
    HOLDS["value"] = False

    await post.send_all()

    row = await post.row(dropped)
    assert (row.state, row.data, await shown(minsu)) == (SendState.DROPPED, {}, [])
    assert RECEIVED == [("dropped", None)]


async def test_what_is_planned_for_later_waits_and_holds_back_nobody(post: Post) -> None:
    minsu, person = await post.person()
    later = post.clock.now() + timedelta(minutes=5)
    await post.tell(person, "test.news", {"text": "나중"}, not_before=later)
    await post.queue(minsu.id, "지금")

    await post.send_all()
    now = await shown(minsu)
    await post.passes(300)
    await post.send_all()

    assert now == ["지금"]
    assert await shown(minsu) == ["지금", "나중"]


async def test_what_can_wait_comes_after_the_quiet_hours_and_holds_back_nobody(post: Post) -> None:
    minsu, person = await post.person()
    post.clock.move_to(datetime(2026, 12, 31, 13, 0, tzinfo=UTC))  # ten in the evening in Seoul
    reminder = await post.tell(person, "billing.reminder", {"text": "내일은 결제일이에요"})
    await post.tell(person, "billing.paid", {"text": "결제가 끝났어요"})

    await post.send_all()
    at_night = await shown(minsu)
    row = await post.row(reminder)
    post.clock.move_to(row.not_before)
    await post.send_all()

    assert at_night == ["결제가 끝났어요"]
    assert (row.attempts, row.error, row.not_before) == (0, None, datetime(2026, 12, 31, 23, 0, tzinfo=UTC))
    assert await shown(minsu) == ["결제가 끝났어요", "내일은 결제일이에요"]


async def test_hours_that_were_changed_meanwhile_count(post: Post) -> None:
    minsu, person = await post.person()
    post.clock.move_to(datetime(2026, 12, 31, 21, 30, tzinfo=UTC))  # half past six in the morning in Seoul
    await post.tell(person, "billing.reminder", {"text": "오늘은 결제일이에요"})
    await post.send_all()
    async with post.db.write() as session:
        session.add(person)
        await set_quiet_hours(session, person, 23, 9)

    post.clock.move_to(datetime(2026, 12, 31, 23, 30, tzinfo=UTC))
    await post.send_all()
    early = await shown(minsu)
    post.clock.move_to(datetime(2027, 1, 1, 0, 0, 1, tzinfo=UTC))
    await post.send_all()

    assert early == []
    assert await shown(minsu) == ["오늘은 결제일이에요"]


async def test_what_was_sent_keeps_its_row_and_loses_its_content(post: Post) -> None:
    minsu, person = await post.person()
    ids = [*await post.queue(minsu.id, "비밀"), await post.tell(person, "test.news", {"text": "비밀"})]

    await post.send_all()

    rows = [await post.row(one) for one in ids]
    assert [(row.state, row.data) for row in rows] == [(SendState.SENT, {}), (SendState.SENT, {})]
    assert all(row.sent_at == post.clock.now() and row.message_id for row in rows)


async def test_what_leaves_no_trace_vanishes_whether_sent_or_dead(post: Post) -> None:
    minsu, _ = await post.person()
    await post.queue(minsu.id, "동의하실래요?", leaves_no_trace=True)
    await post.queue(4_040_404, "아무도 없어요", leaves_no_trace=True)

    await post.send_all()

    assert await shown(minsu) == ["동의하실래요?"]
    assert await post.states() == []


async def test_a_message_id_goes_back_to_who_asked_for_it(post: Post) -> None:
    minsu, _ = await post.person()
    (sent,) = await post.queue(minsu.id, "하나", on_sent={"to": "test.receiver", "who": "sent"})
    await post.queue(4_040_404, "x", on_sent={"to": "test.receiver", "who": "dead"})

    await post.send_all()

    assert sorted(RECEIVED, key=str) == [("dead", None), ("sent", (await post.row(sent)).message_id)]
    assert set(AT) == {post.clock.now()}


async def test_a_receiver_that_stumbles_does_not_have_the_message_sent_again(post: Post) -> None:
    minsu, _ = await post.person()
    (sent,) = await post.queue(minsu.id, "한 번만", on_sent={"to": "test.stumbles"})

    await post.send_all()
    await post.send_all()

    assert (await post.row(sent)).state is SendState.SENT
    assert post.asked() == ["한 번만"]


async def test_what_was_sent_while_the_database_went_away_is_written_down_later_and_not_sent_again(post: Post) -> None:
    minsu, _ = await post.person()
    (sent,) = await post.queue(minsu.id, "한 번만")
    await post.sender._has_lease()

    with commits_fail(post.db, SERVER_GONE, times=None):
        await post.sender.send_waiting()
        unwritten = (await post.row(sent)).state
        with suppress(type(SERVER_GONE)):
            await post.sender.send_waiting()
    await post.send_all()

    assert unwritten is SendState.WAITING
    assert (await post.row(sent)).state is SendState.SENT
    assert post.asked() == ["한 번만"]


async def test_what_fails_to_be_written_down_while_another_is_written_down_is_not_sent_again(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    (minsu, _), (haneul, _) = await post.person("민수"), await post.person("하늘")
    (first,), (second,) = await post.queue(minsu.id, "하나"), await post.queue(haneul.id, "둘")
    record, tries = post.sender._record, dict.fromkeys((first, second), 0)
    written_again, failed, done = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def stumbling(row: Outgoing, sent: Sent) -> None:
        tries[row.id] += 1
        if row.id == second and tries[second] == 1:
            await written_again.wait()
            failed.set()
            raise SERVER_GONE
        if row.id == first and tries[first] == 1:
            raise SERVER_GONE
        if row.id == first and tries[first] == 2:
            written_again.set()
            await failed.wait()
            await asyncio.sleep(0)  # the other one's lane is free again
        await record(row, sent)
        if min(tries.values()) > 1:
            done.set()

    monkeypatch.setattr(post.sender, "_record", stumbling)
    await run_for([post.sender], done)

    assert sorted(post.asked()) == ["둘", "하나"]
    assert await post.states() == [SendState.SENT, SendState.SENT]


async def run_for(senders: list[Sender], until: asyncio.Event) -> None:
    """Let senders run side by side until the event."""
    tasks = [asyncio.create_task(sender.run()) for sender in senders]
    await until.wait()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


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


async def test_outgoing_rows_are_only_ever_recorded_once(post: Post) -> None:
    minsu, _ = await post.person()
    (sent,) = await post.queue(minsu.id, "하나", on_sent={"to": "test.receiver", "who": "one"})
    await post.send_all()
    row = await post.row(sent)

    async with post.db.write() as session:
        await sender_module.record(session, row, Sent(SendState.DEAD, error="late"), post.clock.now())

    assert (await post.row(sent)).state is SendState.SENT
    assert len(RECEIVED) == 1


async def test_nobody_is_told_who_is_gone(post: Post) -> None:
    minsu, person = await post.person()
    told = await post.tell(person, "test.news", {"text": "소식"})
    async with post.db.write() as session:
        await session.execute(update(Person).where(Person.id == person.id).values(telegram_id=None))

    await post.send_all()

    assert (await post.row(told)).state is SendState.DROPPED
    assert await shown(minsu) == []
