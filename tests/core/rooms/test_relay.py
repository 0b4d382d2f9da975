"""Messages are passed on to everybody else of the room, and to nobody outside it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import offer
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.errors import NotFound
from core.flows.cancel import cancel_party
from core.outbox import Outgoing, SendState
from core.parties import Party, Terms, open_party
from core.people import Person
from core.rooms import (
    Copy,
    RoomMessage,
    RoomPresence,
    enter,
    guests,
    leave_room,
    mirror_edit,
    passed_on,
    present_room,
    purge_messages,
    relay,
    room_of_copy,
)
from tests.core.rooms.building import LIMITS, Built, join, make_party, make_person, reconciled, send_all

Sent = tuple[int, str, dict[str, Any]]


@pytest.fixture
async def built(db: Database, clock: ManualClock) -> Built:
    made = await make_party(db, clock, "지수", "현우")
    await reconciled(db, clock, made)
    async with db.write() as session:
        for person in made.people:
            await enter(session, person.id, made.party_id, clock.now())
    await send_all(db)
    return made


def plain(text: str) -> Any:
    def calls(copy: Copy) -> Sequence[tuple[str, dict[str, Any]]]:
        return [("sendMessage", {"chat_id": copy.chat_id, "text": text, "answers": copy.replies_to})]

    return calls


def changed_to(text: str) -> Any:
    return lambda copy, message_id: (
        "editMessageText",
        {"chat_id": copy.chat_id, "message_id": message_id, "text": text},
    )


async def write(
    db: Database, clock: ManualClock, author: Person, number: int, text: str, *, replies_to: int | None = None
) -> int:
    async with db.write() as session:
        room = await present_room(session, author.id)
        assert room is not None
        return await relay(session, author, room, number, plain(text), clock.now(), replies_to=replies_to)


async def copy_in(db: Database, person: Person) -> int:
    """Return the newest copy in a person's chat."""
    async with db.read() as session:
        newest = select(RoomMessage.message_id).where(
            RoomMessage.person_id == person.id, RoomMessage.author_id != person.id
        )
        found = await session.scalar(newest.order_by(RoomMessage.id.desc()).limit(1))
    assert found is not None
    return found


def to(sent: list[Sent], person: Person) -> list[dict[str, Any]]:
    return [data for person_id, _, data in sent if person_id == person.id]


async def test_a_message_goes_to_everybody_else_and_keeps_its_order(
    db: Database, clock: ManualClock, built: Built
) -> None:
    assert await write(db, clock, built.host, 11, "하나") == 2
    assert await write(db, clock, built.host, 12, "둘") == 2

    sent = await send_all(db)

    assert to(sent, built.host) == []
    for member in built.members:
        assert [data["text"] for data in to(sent, member)] == ["하나", "둘"]


async def test_who_has_not_entered_still_receives(db: Database, clock: ManualClock, built: Built) -> None:
    async with db.write() as session:
        assert await leave_room(session, built.members[0].id)
        assert not await leave_room(session, built.members[0].id)

    assert await write(db, clock, built.host, 11, "안녕") == 2


async def test_an_answer_stands_under_its_counterpart_in_every_chat(
    db: Database, clock: ManualClock, built: Built
) -> None:
    jisu, hyeonu = built.members
    await write(db, clock, built.host, 11, "몇 시에 볼까요?")
    await send_all(db)
    at_jisu, at_hyeonu = await copy_in(db, jisu), await copy_in(db, hyeonu)

    await write(db, clock, jisu, 21, "아홉 시요", replies_to=at_jisu)
    sent = await send_all(db)

    assert [data["answers"] for data in to(sent, built.host)] == [11]
    assert [data["answers"] for data in to(sent, hyeonu)] == [at_hyeonu]


async def test_an_answer_to_an_answer_is_found_too(db: Database, clock: ManualClock, built: Built) -> None:
    jisu, hyeonu = built.members
    await write(db, clock, built.host, 11, "하나")
    await send_all(db)
    await write(db, clock, jisu, 21, "둘", replies_to=await copy_in(db, jisu))
    await send_all(db)

    await write(db, clock, hyeonu, 31, "셋", replies_to=await copy_in(db, hyeonu))
    sent = await send_all(db)

    assert [data["answers"] for data in to(sent, jisu)] == [21]


async def test_an_answer_to_something_else_is_a_plain_message(db: Database, clock: ManualClock, built: Built) -> None:
    await write(db, clock, built.host, 11, "하나", replies_to=999_999)

    sent = await send_all(db)

    assert [data["answers"] for data in to(sent, built.members[0])] == [None]


async def test_a_change_reaches_the_copies(db: Database, clock: ManualClock, built: Built) -> None:
    await write(db, clock, built.host, 11, "오탕")
    await send_all(db)

    async with db.write() as session:
        origin = await passed_on(session, built.host.id, 11)
        assert origin is not None
        assert await mirror_edit(session, built.host, origin, changed_to("오타"), clock.now()) == 2
    sent = await send_all(db)

    for member in built.members:
        assert to(sent, member) == [
            {"chat_id": member.telegram_id, "message_id": await copy_in(db, member), "text": "오타"}
        ]


async def test_a_change_before_the_copy_was_sent_changes_what_is_sent(
    db: Database, clock: ManualClock, built: Built
) -> None:
    await write(db, clock, built.host, 11, "오탕")

    async with db.write() as session:
        origin = await passed_on(session, built.host.id, 11)
        assert origin is not None
        assert await mirror_edit(session, built.host, origin, changed_to("오타"), clock.now()) == 2
    sent = await send_all(db)

    assert [data["text"] for data in to(sent, built.members[0])] == ["오타"]


async def test_somebody_elses_copy_cannot_be_changed(db: Database, clock: ManualClock, built: Built) -> None:
    await write(db, clock, built.host, 11, "하나")
    await send_all(db)

    async with db.read() as session:
        assert await passed_on(session, built.members[0].id, await copy_in(db, built.members[0])) is None
        assert await passed_on(session, built.members[0].id, 11) is None


async def test_who_blocked_the_bot_is_left_out(db: Database, clock: ManualClock, built: Built) -> None:
    async with db.write() as session:
        await session.execute(update(Person).where(Person.id == built.members[0].id).values(reachable=False))

    assert await write(db, clock, built.host, 11, "하나") == 1
    sent = await send_all(db)

    assert to(sent, built.members[0]) == []


async def test_a_stay_that_has_ended_ends_the_relay_at_once(db: Database, clock: ManualClock) -> None:
    made = await make_party(db, clock, "지수", "현우", starts_in_days=5)
    await reconciled(db, clock, made)
    async with db.write() as session:
        for person in made.people:
            await enter(session, person.id, made.party_id, clock.now())
        await cancel_party(session, made.party_id, made.host.id, clock.now(), LIMITS)

    async with db.read() as session:  # the room has not caught up yet
        for person in made.people:
            assert await present_room(session, person.id) is None


async def test_entering_another_room_leaves_the_first(db: Database, clock: ManualClock, built: Built) -> None:
    async with db.write() as session:
        other = await _second_party_of(session, clock, built)
    await reconciled(db, clock, other)

    async with db.write() as session:
        await enter(session, built.host.id, other.party_id, clock.now())
        room = await present_room(session, built.host.id)

        assert room is not None
        assert room.party_id == other.party_id
        rows = select(func.count()).where(RoomPresence.person_id == built.host.id)
        assert await session.scalar(rows) == 1
        first = await present_room(session, built.members[0].id)
        assert first is not None
        assert [one.inside for one in await guests(session, first)] == [False, True, True]


async def _second_party_of(session: AsyncSession, clock: ManualClock, built: Built) -> Built:
    today = seoul_date(clock.now())
    party = await session.get_one(Party, built.party_id)
    second = await open_party(
        session,
        built.host.id,
        await offer(session, party.plan_id, today),
        Terms(seats=party.seats, starts_on=today, anchor_day=23),
        today=today,
        now=clock.now(),
        recruit_days=LIMITS.recruit_days,
        terms_version="test",
    )
    made = Built(second.id, second.code, [built.host])
    await join(session, clock, made, "서연")
    return made


async def test_a_stranger_cannot_enter(db: Database, clock: ManualClock, built: Built) -> None:
    async with db.write() as session:
        stranger = await make_person(session, "낯선이", clock)

        with pytest.raises(NotFound):
            await enter(session, stranger.id, built.party_id, clock.now())
        assert await present_room(session, stranger.id) is None


async def test_the_room_of_a_copy_is_known_to_its_reader_only(db: Database, clock: ManualClock, built: Built) -> None:
    await write(db, clock, built.host, 11, "하나")
    await send_all(db)
    number = await copy_in(db, built.members[0])

    async with db.read() as session:
        assert await room_of_copy(session, built.members[0].id, number) is not None
        assert await room_of_copy(session, built.members[1].id, number) is None


async def test_no_row_keeps_what_was_said(db: Database, clock: ManualClock, built: Built) -> None:
    await write(db, clock, built.host, 11, "둘만 아는 이야기")
    await send_all(db)

    async with db.read() as session:
        copies = (await session.scalars(select(RoomMessage))).all()
        assert all("둘만" not in str(vars(row)) for row in copies)
        assert await session.scalar(select(func.count()).where(Outgoing.state == SendState.WAITING)) == 0


async def test_places_of_messages_are_forgotten_after_thirty_days(
    db: Database, clock: ManualClock, built: Built
) -> None:
    await write(db, clock, built.host, 11, "옛날 이야기")
    clock.move_to(clock.now() + timedelta(days=29))
    await write(db, clock, built.host, 12, "요즘 이야기")
    clock.move_to(clock.now() + timedelta(days=2))

    async with db.write() as session:
        assert await purge_messages(session, clock.now()) == 3
        assert await purge_messages(session, clock.now()) == 0
        assert await session.scalar(select(func.count(RoomMessage.id))) == 3
