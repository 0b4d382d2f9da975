"""The room follows its party, says only the difference, and heals."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import ManualClock
from core.db import Database
from core.flows.cancel import cancel_party
from core.flows.leave import close_leavings, leave_party
from core.outbox import Outgoing
from core.parties import Membership, touch
from core.people import Person
from core.rooms import Room, RoomPresence, RoomSeat, due, enter, reconcile_due, reconciling
from core.rooms.boards import take_board
from tests.builders import LIMITS
from tests.core.rooms.building import (
    Built,
    let_join,
    make_party,
    make_person,
    names,
    reconciled,
    said,
    seats_of,
    send_all,
    version_of,
)


async def room_of(db: Database, built: Built) -> Room | None:
    async with db.read() as session:
        room = await session.scalar(select(Room).where(Room.party_id == built.party_id))
        session.expunge_all()
    return room


async def open_room(db: Database, built: Built) -> Room:
    room = await room_of(db, built)
    assert room is not None
    return room


async def is_due(db: Database, clock: ManualClock, built: Built) -> bool:
    async with db.read() as session:
        return built.party_id in await due(session, clock.now())


async def test_a_party_without_members_has_no_room(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock)

    assert not await is_due(db, clock, built)
    assert await reconciled(db, clock, built) is False
    assert await room_of(db, built) is None


async def test_the_room_opens_when_the_first_member_has_paid(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", starts_in_days=5)

    assert await is_due(db, clock, built)
    assert await reconciled(db, clock, built) is True

    for person in built.people:
        assert names(await said(db, person)) == ["rooms.opened", "rooms.board"]
    room = await open_room(db, built)
    assert room.reconciled_version == await version_of(db, built)
    assert not await is_due(db, clock, built)


async def test_reconciling_again_says_nothing(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", "현우")
    await reconciled(db, clock, built)
    before = len(await said(db))

    assert await reconciled(db, clock, built) is False
    await send_all(db)
    assert await reconciled(db, clock, built) is False

    assert len(await said(db)) == before


async def test_several_at_once_say_everything_once(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", "현우")

    differences = await asyncio.gather(*(reconciled(db, clock, built) for _ in range(4)))

    assert sorted(differences) == [False, False, False, True]
    for person in built.people:
        assert names(await said(db, person)) == ["rooms.opened", "rooms.board"]


async def test_a_room_that_fails_does_not_hold_back_the_others(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await make_party(db, clock, "지수")
    second = await make_party(db, clock, "현우")
    real = reconciling.reconcile

    async def fails_for_the_first(session: AsyncSession, party_id: int, now: datetime) -> bool:
        if party_id == first.party_id:
            raise RuntimeError("broken")
        return await real(session, party_id, now)

    monkeypatch.setattr(reconciling, "reconcile", fails_for_the_first)
    with pytest.raises(RuntimeError, match="broken"):
        await reconcile_due(db, clock)

    assert await room_of(db, first) is None
    assert await room_of(db, second) is not None


async def test_a_newcomer_is_welcomed_and_the_others_see_only_the_difference(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)
    await send_all(db)

    newcomer = await let_join(db, clock, built, "현우")
    await reconciled(db, clock, built)

    assert names(await said(db, newcomer)) == ["rooms.opened", "rooms.board"]
    host, member = built.people[:2]
    for_host = await said(db, host, waiting=True)
    for_member = await said(db, member, waiting=True)
    assert names(for_host) == ["rooms.board"]  # who joined, the host hears with what there is to do for them
    assert names(for_member) == ["rooms.joined", "rooms.board"]
    assert for_member[0].data["people"] == ["현우"]
    assert for_host[0].edits_message_id is not None
    assert for_member[1].edits_message_id is not None


async def test_a_move_that_the_board_does_not_show_is_not_said(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)
    await send_all(db)
    async with db.write() as session:
        await touch(session, built.party_id)

    assert await is_due(db, clock, built)
    assert await reconciled(db, clock, built) is False

    assert await said(db, waiting=True) == []
    assert not await is_due(db, clock, built)


async def test_two_changes_before_the_first_board_is_sent_make_one_board(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)

    await let_join(db, clock, built, "현우")
    await reconciled(db, clock, built)

    boards = [row for row in await said(db, built.host) if row.name == "rooms.board"]
    assert len(boards) == 1
    assert boards[0].data["people"] == 3


async def test_a_board_that_was_being_sent_while_it_changed_is_edited_afterwards(
    db: Database, clock: ManualClock
) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)
    board = next(row for row in await said(db, built.host) if row.name == "rooms.board")
    on_sent = dict(board.on_sent or {})
    await let_join(db, clock, built, "현우")
    await reconciled(db, clock, built)

    async with db.write() as session:
        await take_board(session, on_sent, 4321)  # the old content arrived
        await session.execute(delete(Outgoing).where(Outgoing.id == board.id))

    assert await is_due(db, clock, built)
    await reconciled(db, clock, built)
    again = [row for row in await said(db, built.host, waiting=True) if row.name == "rooms.board"]
    assert [(row.edits_message_id, row.data["people"]) for row in again] == [(4321, 3)]


async def test_who_leaves_the_party_loses_seat_and_presence_and_the_others_are_told(
    db: Database, clock: ManualClock
) -> None:
    built = await make_party(db, clock, "지수", "현우")
    await reconciled(db, clock, built)
    await send_all(db)
    leaver = built.members[0]
    async with db.write() as session:
        await enter(session, leaver.id, built.party_id, clock.now())
        plan = await leave_party(session, built.party_id, leaver.id, clock.now(), LIMITS)
    await reconciled(db, clock, built)
    await send_all(db)
    assert leaver.id in await seats_of(db, (await open_room(db, built)).id)  # paid until the end of the period

    clock.move_to(clock.now() + timedelta(days=31))
    async with db.write() as session:
        membership = await session.scalar(select(Membership).where(Membership.person_id == leaver.id))
        assert membership is not None
        assert membership.leaves_on == plan.leaves_on
        assert await close_leavings(session, membership.id, built.party_id, clock.now())
    await reconciled(db, clock, built)

    news = await said(db, leaver, waiting=True)
    assert names(news) == ["rooms.board_closed", "rooms.closed_for_you"]
    assert news[1].data["was_inside"] is True
    assert "rooms.left" in names(await said(db, built.host, waiting=True))
    async with db.read() as session:
        assert await session.get(RoomPresence, leaver.id) is None
    assert leaver.id not in await seats_of(db, (await open_room(db, built)).id)


async def test_a_party_that_is_called_off_closes_its_room_for_everybody(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", starts_in_days=5)
    await reconciled(db, clock, built)
    await send_all(db)

    async with db.write() as session:
        await cancel_party(session, built.party_id, built.host.id, clock.now(), LIMITS)
    assert await reconciled(db, clock, built) is True
    assert await reconciled(db, clock, built) is False

    for person in built.people:
        assert names(await said(db, person, waiting=True)) == ["rooms.board_closed", "rooms.closed"]
    room = await open_room(db, built)
    assert room.closed_at == clock.now()
    assert await seats_of(db, room.id) == {}
    assert not await is_due(db, clock, built)


async def test_a_board_that_was_deleted_comes_back_as_a_new_message(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)
    await send_all(db)
    await let_join(db, clock, built, "현우")
    await reconciled(db, clock, built)

    await send_all(db, dead=[built.host])  # the edit found no message

    assert await is_due(db, clock, built)
    await reconciled(db, clock, built)
    boards = [row for row in await said(db, built.host, waiting=True) if row.name == "rooms.board"]
    assert [row.edits_message_id for row in boards] == [None]


async def test_a_fresh_board_that_cannot_be_sent_is_not_tried_for_ever(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)

    await send_all(db, dead=built.people)

    assert not await is_due(db, clock, built)


async def test_who_blocked_the_bot_gets_a_board_when_they_are_back(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    await reconciled(db, clock, built)
    await send_all(db)
    async with db.write() as session:
        await session.execute(update(Person).where(Person.id == built.host.id).values(reachable=False))
    await let_join(db, clock, built, "현우")
    await reconciled(db, clock, built)
    assert "rooms.board" not in names(await said(db, built.host, waiting=True))
    assert not await is_due(db, clock, built)

    async with db.write() as session:
        await session.execute(update(Person).where(Person.id == built.host.id).values(reachable=True))

    assert await is_due(db, clock, built)
    await reconciled(db, clock, built)
    assert "rooms.board" in names(await said(db, built.host, waiting=True))


async def test_a_new_day_is_looked_at_once(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수")
    assert await reconcile_due(db, clock) == 1
    await send_all(db)

    clock.move_to(clock.now() + timedelta(days=1))

    assert await is_due(db, clock, built)
    assert await reconcile_due(db, clock) == 0
    assert not await is_due(db, clock, built)


@pytest.mark.parametrize("seed", range(3))
async def test_from_any_half_state_one_pass_leads_to_the_same_room(db: Database, clock: ManualClock, seed: int) -> None:
    chance = random.Random(seed)
    built = await make_party(db, clock, "지수", "현우")
    async with db.write() as session:
        stranger = await make_person(session, "낯선이", clock)
    await reconciled(db, clock, built)
    await send_all(db)
    should_show = {person_id: seat.board_shows for person_id, seat in (await _seats(db, built)).items()}

    for _ in range(12):
        await damage(db, clock, built, stranger, chance)

        await reconciled(db, clock, built)
        first = await said(db)
        await send_all(db)
        assert await reconciled(db, clock, built) is False

        assert len(await said(db)) == len(first)
        seats = await _seats(db, built)
        assert {person_id: seat.board_shows for person_id, seat in seats.items()} == should_show
        assert all(seat.board_message_id is not None for seat in seats.values())
        async with db.read() as session:
            inside = set(await session.scalars(select(RoomPresence.person_id)))
        assert inside <= set(seats)
        assert not await is_due(db, clock, built)


async def _seats(db: Database, built: Built) -> dict[int, RoomSeat]:
    return await seats_of(db, (await open_room(db, built)).id)


async def damage(db: Database, clock: ManualClock, built: Built, stranger: Person, chance: random.Random) -> None:
    """Lose or forge some rows of the room."""
    room = await open_room(db, built)
    async with db.write() as session:
        for person in built.people:
            mine = RoomSeat.room_id == room.id, RoomSeat.person_id == person.id
            match chance.randrange(5):
                case 0:
                    await session.execute(delete(RoomSeat).where(*mine))
                case 1:
                    lost = {"board_message_id": None, "board_shows": None}
                    await session.execute(update(RoomSeat).where(*mine).values(lost))
                case 2:
                    await session.execute(update(RoomSeat).where(*mine).values(board_shows="something else"))
                case 3:
                    await session.merge(RoomPresence(person_id=person.id, room_id=room.id, entered_at=clock.now()))
                case _:
                    pass
        if chance.random() < 0.4:
            session.add(RoomSeat(room_id=room.id, person_id=stranger.id, joined_at=clock.now()))
        if chance.random() < 0.4:
            await session.merge(RoomPresence(person_id=stranger.id, room_id=room.id, entered_at=clock.now()))
        if chance.random() < 0.3:
            await session.execute(update(Room).where(Room.id == room.id).values(reconciled_version=0))
        if chance.random() < 0.2:
            await session.execute(update(Room).where(Room.id == room.id).values(closed_at=clock.now()))
        await session.flush()
        if chance.random() < 0.15:
            for table in (RoomPresence, RoomSeat, Room):
                await session.execute(delete(table))
