"""A transaction that loses a deadlock is run again from its start, also when it lost it inside a savepoint."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import ManualClock
from core.db import Database, changed
from core.people import Person
from tests.builders import person

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("nested", [False, True], ids=["plain", "savepoint"])
async def test_who_loses_a_deadlock_begins_again(db: Database, clock: ManualClock, nested: bool) -> None:
    first, second = await person(db, clock), await person(db, clock)
    both_began = asyncio.Barrier(2)
    tries = 0

    async def touches(session: AsyncSession, one: int, other: int) -> None:
        nonlocal tries
        tries += 1
        await bumps(session, one)
        if tries <= 2 and not db.embedded:
            await both_began.wait()  # each holds its row, and now wants the other's
        if nested:
            async with session.begin_nested():
                await bumps(session, other)
        else:
            await bumps(session, other)

    await asyncio.gather(db.transact(touches, first.id, second.id), db.transact(touches, second.id, first.id))

    assert tries == (2 if db.embedded else 3)
    async with db.read() as session:
        assert {(await session.get_one(Person, one.id)).quiet_from for one in (first, second)} == {2}


async def bumps(session: AsyncSession, person_id: int) -> None:
    await changed(session, update(Person).where(Person.id == person_id).values(quiet_from=(Person.quiet_from + 1) % 21))
