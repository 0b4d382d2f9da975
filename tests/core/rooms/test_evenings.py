"""An evening of a room: one at a time, only for who agreed, vetoes, the pick, and who counts more next time."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core import rooms
from core.clock import ManualClock
from core.db import Database
from core.errors import NotFound, Outdated, Suspended
from core.flows.leave import close_leavings, leave_party
from core.outbox import Outgoing
from core.parties import MembershipState
from core.parties.tables import Membership
from core.people import SHOW_TASTE, Person, agree_to, withdraw
from core.rooms import Evening, EveningSeat, Veto
from tests.builders import LIMITS
from tests.core.rooms.building import Built, make_party, make_person, reconciled, send_all
from tests.core.titles.shelf import fill


class Room:
    """A party of three whose room is open, and its evenings."""

    def __init__(self, db: Database, clock: ManualClock, built: Built) -> None:
        self.db, self.clock, self.built = db, clock, built

    @property
    def people(self) -> list[Person]:
        return self.built.people

    async def agree(self, *people: Person) -> None:
        async with self.db.write() as session:
            for person in people:
                await agree_to(session, person.id, SHOW_TASTE, self.clock.now())

    async def begins(self, person: Person) -> int:
        async def work(session: Any) -> int:
            evening = await rooms.begin(session, person.id, self.built.party_id, self.clock.now())
            await rooms.show_others(session, evening, person.id, self.clock.now())
            return evening.id

        return await self.db.transact(work)

    async def does(self, evening_id: int, person: Person, what: Any) -> Any:
        """Let a person do something to an evening, and everybody else see it."""

        async def work(session: Any) -> Any:
            evening = await rooms.evening_of(session, evening_id, person.id)
            result = await what(session, evening)
            await rooms.show_others(session, evening, person.id, self.clock.now())
            return result

        return await self.db.transact(work)

    async def watching(self, evening_id: int) -> list[str | None]:
        async with self.db.read() as session:
            company = await rooms.company(session, await session.get_one(Evening, evening_id))
            return [one.person.nickname for one in company if one.watches]

    async def picks(self, evening_id: int, title_id: int, *worth: float) -> None:
        shares = {person.id: share for person, share in zip(self.people, worth, strict=False)}
        host, now = self.people[0], self.clock.now()
        await self.does(evening_id, host, lambda s, e: rooms.pick(s, e, host.id, title_id, shares, now))

    async def had(self, evening_id: int) -> list[float]:
        async with self.db.read() as session:
            evening = await session.get_one(Evening, evening_id)
            balance = await rooms.had(session, evening, [person.id for person in self.people])
        return [round(balance[person.id], 3) for person in self.people]


@pytest.fixture
async def room(db: Database, clock: ManualClock) -> Room:
    await fill(db, clock.now())
    built = await make_party(db, clock, "하늘", "바다")
    await reconciled(db, clock, built)
    await send_all(db)
    return Room(db, clock, built)


async def test_who_begins_watches_and_others_only_when_they_are_there_and_have_agreed(room: Room) -> None:
    host, sky, sea = room.people
    async with room.db.write() as session:
        await rooms.enter(session, sky.id, room.built.party_id, room.clock.now())
        await rooms.enter(session, sea.id, room.built.party_id, room.clock.now())
    await room.agree(host, sky)

    evening = await room.begins(host)

    assert await room.watching(evening) == ["민수", "하늘"]
    await room.agree(sea)
    assert await room.watching(evening) == ["민수", "하늘", "바다"]


async def test_who_withdraws_is_in_no_evening_any_more_and_everybody_is_shown_that(room: Room) -> None:
    host, sky, sea = room.people
    await room.agree(*room.people)
    evening = await room.begins(host)
    await room.does(evening, sky, lambda s, e: rooms.watch(s, e, sky.id, watches=True))
    while await send_all(room.db):
        pass

    async with room.db.write() as session:
        await withdraw(session, sky.id, SHOW_TASTE)
        await rooms.leave_evenings(session, sky.id, room.clock.now())

    assert await room.watching(evening) == ["민수"]
    told = {person for person, name, _ in await send_all(room.db) if name == "evenings.show"}
    assert told == {host.id, sky.id, sea.id}


async def test_who_leaves_the_party_in_the_middle_is_gone_from_the_list_that_the_others_have(room: Room) -> None:
    host, sky, sea = room.people
    await room.agree(*room.people)
    async with room.db.write() as session:
        await leave_party(session, room.built.party_id, sky.id, room.clock.now(), LIMITS)
    room.clock.move_to(room.clock.now() + timedelta(days=31))
    evening = await room.begins(host)
    for one in (sky, sea):
        await room.does(evening, one, lambda s, e, who=one.id: rooms.watch(s, e, who, watches=True))
    assert await room.watching(evening) == ["민수", "하늘", "바다"]
    while await send_all(room.db):
        pass

    async with room.db.write() as session:
        stay = await session.scalar(select(Membership).where(Membership.person_id == sky.id))
        assert stay is not None
        assert await close_leavings(session, stay.id, room.built.party_id, room.clock.now())
    await reconciled(room.db, room.clock, room.built)

    assert await room.watching(evening) == ["민수", "바다"]
    told = {person for person, name, _ in await send_all(room.db) if name == "evenings.show"}
    assert told == {host.id, sea.id}
    with pytest.raises(NotFound):
        await room.does(evening, sky, lambda s, e: rooms.veto_title(s, e, sky.id, 1, room.clock.now()))


async def test_two_who_begin_at_once_find_one_evening(room: Room) -> None:
    host, sky, _ = room.people
    await room.agree(host, sky)

    first, second = await asyncio.gather(room.begins(host), room.begins(sky))

    assert first == second
    assert await room.watching(first) == ["민수", "하늘"]


async def test_strangers_and_who_is_suspended_have_no_evening(room: Room) -> None:
    host, sky, _ = room.people
    evening = await room.begins(host)
    async with room.db.write() as session:
        stranger = await make_person(session, "낯선이", room.clock)
        stay = await session.scalar(select(Membership).where(Membership.person_id == sky.id))
        assert stay is not None
        stay.state = MembershipState.SUSPENDED

    for someone in (stranger, sky):
        with pytest.raises(NotFound):
            await room.does(evening, someone, lambda s, e: rooms.vetoes(s, e))
    with pytest.raises(NotFound):
        await room.begins(stranger)
    with pytest.raises(Suspended):
        await room.begins(sky)

    async with room.db.write() as session:
        back = await session.get_one(Membership, stay.id)
        back.state = MembershipState.ACTIVE


async def test_a_title_is_vetoed_once_and_the_last_veto_can_be_taken_back_by_who_gave_it(room: Room) -> None:
    host, sky, _ = room.people
    evening, now = await room.begins(host), room.clock.now()

    def veto(person: Person, title_id: int) -> Any:
        return room.does(evening, person, lambda s, e: rooms.veto_title(s, e, person.id, title_id, now))

    assert sorted(await asyncio.gather(veto(host, 1), veto(sky, 1))) == [False, True]
    assert await veto(sky, 4)
    back = await room.does(evening, sky, lambda s, e: rooms.take_veto_back(s, e, sky.id, now))
    left = await room.does(evening, sky, rooms.vetoes)

    assert back
    assert [title for titles in left.values() for title in titles] == [1]


async def test_an_evening_ends_once_and_then_takes_nothing(room: Room) -> None:
    host, sky, _ = room.people
    evening, now = await room.begins(host), room.clock.now()

    async def pick(person: Person, title_id: int) -> bool:
        try:
            await room.does(evening, person, lambda s, e: rooms.pick(s, e, person.id, title_id, {person.id: 1}, now))
        except Outdated:
            return False
        return True

    assert sorted(await asyncio.gather(pick(host, 1), pick(sky, 4))) == [False, True]
    with pytest.raises(Outdated):
        await room.does(evening, host, lambda s, e: rooms.veto_title(s, e, host.id, 6, now))
    assert await room.begins(sky) != evening


async def test_yesterdays_evening_is_over_and_a_new_one_begins(room: Room) -> None:
    host = room.people[0]
    yesterday = await room.begins(host)

    room.clock.move_to(room.clock.now() + timedelta(hours=13))

    with pytest.raises(Outdated):
        await room.does(yesterday, host, lambda s, e: rooms.veto_title(s, e, host.id, 1, room.clock.now()))
    assert await room.begins(host) != yesterday


async def test_who_got_less_than_the_others_has_less_the_older_the_less(room: Room) -> None:
    first = await room.begins(room.people[0])
    await room.picks(first, 1, 1.0, 0.2, 0.6)
    second = await room.begins(room.people[0])
    assert await room.had(second) == [0.4, -0.4, 0.0]

    await room.picks(second, 4, 0.5, 0.9)
    third = await room.begins(room.people[0])
    async with room.db.read() as session:
        assert await rooms.watched_before(session, await session.get_one(Evening, third)) == {1, 4}

    # 0.7 of the first evening and the second; 바다 was away the second time and has neither gained nor lost by it
    assert await room.had(third) == [0.08, -0.08, 0.0]


async def test_an_evening_without_a_pick_gives_nobody_anything(room: Room) -> None:
    host, now = room.people[0], room.clock.now()
    first = await room.begins(host)
    await room.does(first, host, lambda s, e: rooms.call_off(s, e, host.id, now))

    assert await room.had(await room.begins(host)) == [0.0, 0.0, 0.0]


async def test_everybody_gets_one_message_that_is_edited_however_much_happens_before_it_is_sent(room: Room) -> None:
    host, sky, sea = room.people
    evening, now = await room.begins(host), room.clock.now()
    for title_id in (1, 4, 6):
        await room.does(evening, host, lambda s, e, of=title_id: rooms.veto_title(s, e, host.id, of, now))

    first = [(person, name) for person, name, _ in await send_all(room.db)]
    await room.does(evening, host, lambda s, e: rooms.take_veto_back(s, e, host.id, now))

    assert first == [(sky.id, "evenings.show"), (sea.id, "evenings.show")]
    async with room.db.read() as session:
        waiting = (await session.scalars(select(Outgoing).where(Outgoing.state == "waiting"))).all()
        seats = (await session.scalars(select(EveningSeat).where(EveningSeat.message_id.is_not(None)))).all()
        shown = {seat.person_id: seat.message_id for seat in seats}
    # what changed while the message was on its way, and the veto that was taken back since
    assert {row.person_id: row.edits_message_id for row in waiting} == shown
    assert set(shown) == {sky.id, sea.id}


async def test_the_pick_is_told_to_everybody_else(room: Room) -> None:
    host, sky, sea = room.people
    evening, now = await room.begins(host), room.clock.now()
    await send_all(room.db)

    async with room.db.write() as session:
        under_way = await rooms.evening_of(session, evening, host.id)
        await rooms.pick(session, under_way, host.id, 1, {host.id: 1.0}, now)
        await rooms.show_others(session, under_way, host.id, now, picked=True)

    sent = [(person, name) for person, name, _ in await send_all(room.db)]
    assert sorted(sent) == sorted(
        (person.id, name) for person in (sky, sea) for name in ("evenings.show", "evenings.picked")
    )


async def test_evenings_are_forgotten_after_half_a_year(room: Room) -> None:
    host, now = room.people[0], room.clock.now()
    evening = await room.begins(host)
    await room.does(evening, host, lambda s, e: rooms.veto_title(s, e, host.id, 1, now))

    async with room.db.write() as session:
        kept = await rooms.purge_evenings(session, now + timedelta(days=179))
        gone = await rooms.purge_evenings(session, now + timedelta(days=181))
        left = [await session.scalar(select(func.count()).select_from(table)) for table in (Evening, EveningSeat, Veto)]

    assert (kept, gone, left) == (0, 1, [0, 0, 0])
