"""What people think of titles: once each, changeable, theirs alone."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from core.clock import ManualClock
from core.db import Database
from core.errors import InvalidInput, NotFound
from core.titles import (
    Rating,
    add_ratings,
    count_ratings,
    everybodys_ratings,
    rate,
    rating_of,
    ratings_of,
    unrate,
)
from tests.core.titles.shelf import fill, somebody


async def test_a_rating_can_be_given_changed_and_taken_back(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    async with db.write() as session:
        await rate(session, person.id, 1, 9, clock.now())
        await rate(session, person.id, 4, 3, clock.now())
        await rate(session, person.id, 1, 7, clock.now())
        changed = await ratings_of(session, person.id)
    async with db.write() as session:
        first = await unrate(session, person.id, 1)
        second = await unrate(session, person.id, 1)
        left = await ratings_of(session, person.id)
        none = await rating_of(session, person.id, 1)

    assert changed == {1: 7, 4: 3}
    assert (first, second) == (True, False)
    assert (left, none) == ({4: 3}, None)


async def test_twenty_taps_at_once_leave_one_rating_with_the_value_of_one_of_them(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    async def tap(halves: int) -> None:
        await db.transact(lambda session: rate(session, person.id, 1, halves, clock.now()))

    await asyncio.gather(*(tap(1 + number % 10) for number in range(20)))

    async with db.read() as session:
        given = (await session.scalars(select(Rating.halves))).all()
    assert len(given) == 1
    assert 1 <= given[0] <= 10


async def test_looking_first_and_writing_then_would_lose_taps(db: Database, clock: ManualClock) -> None:
    """The control of the test above: what it proves is not true of every way to do it."""
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    looked = asyncio.Barrier(5)

    async def tap() -> None:
        async with db.read() as session:
            known = await rating_of(session, person.id, 1)
        await looked.wait()
        async with db.write() as session:
            if known is None:
                session.add(Rating(person_id=person.id, title_id=1, halves=5, rated_at=clock.now()))

    results = await asyncio.gather(*(tap() for _ in range(5)), return_exceptions=True)

    assert sum(isinstance(result, Exception) for result in results) == 4


@pytest.mark.parametrize("halves", [0, 11, -3, 100])
async def test_stars_outside_the_scale_are_refused(db: Database, clock: ManualClock, halves: int) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    with pytest.raises(InvalidInput):
        async with db.write() as session:
            await rate(session, person.id, 1, halves, clock.now())

    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(Rating)) == 0


async def test_a_title_that_does_not_exist_cannot_be_rated(db: Database, clock: ManualClock) -> None:
    person = await somebody(db, clock.now())

    with pytest.raises(NotFound):
        async with db.write() as session:
            await rate(session, person.id, 404, 5, clock.now())


async def test_ratings_of_different_people_do_not_meet(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    one = await somebody(db, clock.now(), 1)
    other = await somebody(db, clock.now(), 2)

    async with db.write() as session:
        await rate(session, one.id, 1, 9, clock.now())
        await add_ratings(session, [(other.id, 1, 2), (other.id, 3, 8)], clock.now())
        await unrate(session, one.id, 3)

    async with db.read() as session:
        columns = await everybodys_ratings(session)
        assert await count_ratings(session, one.id) == 1
        assert await count_ratings(session, other.id) == 2
    assert list(zip(columns.people, columns.titles, columns.halves, strict=True)) == [
        (one.id, 1, 9),
        (other.id, 1, 2),
        (other.id, 3, 8),
    ]
