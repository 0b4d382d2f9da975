"""Fifty people, ten parties, three seats each: three get in, and everybody else reads why not."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import delete, func, select

from core.clock import ManualClock
from core.db import Database
from core.errors import BusinessError
from core.flows import invitation, join_party
from core.parties import SEATED, Membership, MembershipState, Party, Role
from core.people import Person
from tests.builders import LIMITS, party, person

pytestmark = pytest.mark.faults
PEOPLE, PARTIES, SEATS = 50, 10, 3
CONNECTIONS = 12


async def test_fifty_people_who_press_join_at_once_fill_each_party_exactly(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "호스트")
    crowd = [await person(db, clock, f"손님{n}") for n in range(PEOPLE)]
    opened = [await party(db, clock, host) for _ in range(PARTIES)]
    # As many at once as there are connections: more would only race for the pool, and on a slow machine time out.
    connections = asyncio.Semaphore(CONNECTIONS)

    async def press(into: Party, someone: Person) -> str:
        async with connections:
            return await _joins(db, clock, into, someone)

    results = await asyncio.gather(*(press(into, someone) for into in opened for someone in crowd))

    assert Counter(results) == {"in": PARTIES * SEATS, "PartyFull": (PEOPLE - SEATS) * PARTIES}
    assert await _seated(db) == {into.id: SEATS for into in opened}


async def test_one_person_who_presses_ten_times_at_once_holds_one_seat(db: Database, clock: ManualClock) -> None:
    opened = await party(db, clock)
    someone = await person(db, clock)

    results = await asyncio.gather(*(_joins(db, clock, opened, someone) for _ in range(10)))

    assert Counter(results) == {"in": 1, "AlreadyMember": 9}


async def test_looking_in_one_transaction_and_sitting_down_in_another_oversells(
    db: Database, clock: ManualClock
) -> None:
    """The control: without lock and unique seat numbers the same crowd takes more seats than there are."""
    opened = await party(db, clock)
    crowd = [await person(db, clock, f"손님{n}") for n in range(10)]
    everybody_looked = asyncio.Barrier(len(crowd))

    async def naively(someone: Person) -> bool:
        async with db.read() as session:
            taken = await session.scalar(
                select(func.count(Membership.id)).where(
                    Membership.party_id == opened.id, Membership.role == Role.MEMBER, Membership.state.in_(SEATED)
                )
            )
        await everybody_looked.wait()
        if (taken or 0) >= SEATS:
            return False
        async with db.write() as session:
            session.add(
                Membership(
                    party_id=opened.id,
                    person_id=someone.id,
                    role=Role.MEMBER,
                    state=MembershipState.RESERVED,
                    seat=None,
                    present=True,
                    held_until=clock.now(),
                    terms_version="test",
                    created_at=clock.now(),
                )
            )
        return True

    took = await asyncio.gather(*(naively(someone) for someone in crowd))

    assert sum(took) > SEATS
    async with db.write() as session:
        await session.execute(delete(Membership).where(Membership.role == Role.MEMBER))


async def _joins(db: Database, clock: ManualClock, into: Party, someone: Person) -> str:
    async with db.read() as session:
        try:
            seen = await invitation(session, into.code, someone.id, clock.now(), LIMITS)
        except BusinessError as error:
            return type(error).__name__
    try:
        await db.transact(join_party, into.code, someone, seen.quote.amount_won, clock.now(), LIMITS)
    except BusinessError as error:
        return type(error).__name__
    return "in"


async def _seated(db: Database) -> dict[int, int]:
    seats = (
        select(Membership.party_id, func.count(Membership.id).label("number"))
        .where(Membership.role == Role.MEMBER, Membership.state.in_(SEATED))
        .group_by(Membership.party_id)
    )
    async with db.read() as session:
        return {row.party_id: row.number for row in await session.execute(seats)}
