"""A row of the outbox: dropped, put off, written down once, and forgotten."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from bot import sender as sender_module
from bot.calls import Sent
from core.outbox import Outgoing, SendState
from core.people import Person, set_quiet_hours
from tests.bot.edging import SERVER_GONE, commits_fail
from tests.bot.sender.posting import AT, HOLDS, RECEIVED, Post, run_for, shown


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
