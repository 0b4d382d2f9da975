"""Filters stay, what was set aside stays aside, a round shows nothing twice; each person's are their own."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import Service, sync_plans
from core.catalogue.plans import catalogue_data
from core.clock import ManualClock
from core.db import Database
from core.errors import InvalidInput, NotFound, Outdated
from core.parties import shared_services
from core.people import GENRES
from core.titles import (
    MOODS,
    Filters,
    Mark,
    SetAside,
    TitleKind,
    aside_page,
    begin_round,
    filters_of,
    go_on,
    keep_filters,
    marks_of,
    note_shown,
    set_aside,
    take_back,
)
from tests import builders
from tests.core.titles.shelf import SHELF, fill, somebody


async def test_filters_stay_until_they_are_changed_and_are_ones_own(db: Database, clock: ManualClock) -> None:
    async with db.write() as session:
        await sync_plans(session, catalogue_data())
    mine, other = await somebody(db, clock.now()), await somebody(db, clock.now(), telegram_id=701)
    wanted = Filters(("netflix", "tving"), TitleKind.FILM, "drama", "tense")

    async with db.write() as session:
        await keep_filters(session, mine.id, wanted)
        await begin_round(session, mine.id)
    async with db.write() as session:
        kept, untouched = await filters_of(session, mine.id), await filters_of(session, other.id)
        await keep_filters(session, mine.id, kept.without("genre"))
        looser = await filters_of(session, mine.id)

    assert kept == wanted
    assert untouched == Filters()
    assert looser == Filters(("netflix", "tving"), TitleKind.FILM, None, "tense")
    assert looser.without("all") == Filters()


@pytest.mark.parametrize("wrong", [Filters(genre="nonsense"), Filters(mood="bored"), Filters(services=("vhs",))])
async def test_a_filter_that_is_not_offered_is_refused(db: Database, clock: ManualClock, wrong: Filters) -> None:
    person = await somebody(db, clock.now())

    with pytest.raises(InvalidInput):
        async with db.write() as session:
            await keep_filters(session, person.id, wrong)


def test_moods_are_made_of_genres_that_exist_and_none_contradicts_itself() -> None:
    for name, mood in MOODS.items():
        assert mood.some | mood.every | mood.without <= set(GENRES), name
        assert mood.some, name
        assert not (mood.some | mood.every) & mood.without, name
        assert mood.suits(mood.some | mood.every), name
        assert not mood.suits([]), name


def test_services_are_looked_up_as_they_are_offered() -> None:
    filters = Filters(services=("netflix",))

    assert filters.keeps("film", ["drama"], ["tving", "netflix"])
    assert not filters.keeps("film", ["drama"], ["tving"])
    assert not filters.keeps("film", ["drama"], [])


async def test_a_round_shows_its_pages_again_and_a_new_one_outdates_it(db: Database, clock: ManualClock) -> None:
    person = await somebody(db, clock.now())
    async with db.write() as session:
        first = await begin_round(session, person.id)
        await note_shown(session, first, [3])
        await note_shown(session, first, [1, 2])
        number = first.round
    async with db.write() as session:
        again = await go_on(session, person.id, number, 3)
        assert again.shown == [3, 1, 2]
        for beyond in (-1, 4):
            with pytest.raises(Outdated):
                await go_on(session, person.id, number, beyond)

    async with db.write() as session:
        second = await begin_round(session, person.id)
        assert (second.round, second.shown) == (number + 1, [])
        with pytest.raises(Outdated):
            await go_on(session, person.id, number, 0)


async def test_two_first_lists_at_once_are_two_rounds(db: Database, clock: ManualClock) -> None:
    person = await somebody(db, clock.now())

    async def begin() -> int:
        async def work(session: AsyncSession) -> int:
            return (await begin_round(session, person.id)).round

        return await db.transact(work)

    assert sorted(await asyncio.gather(begin(), begin())) == [1, 2]


async def test_set_aside_once_however_often_and_taken_back_once(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    async def tap(mark: Mark) -> None:
        await db.transact(lambda session: set_aside(session, person.id, 1, mark, clock.now()))

    await asyncio.gather(*(tap(Mark.SEEN if number % 2 else Mark.NOT_INTERESTED) for number in range(8)))

    async with db.write() as session:
        assert len((await session.scalars(select(SetAside.id))).all()) == 1
        assert await take_back(session, person.id, 1)
        assert not await take_back(session, person.id, 1)
        assert await marks_of(session, person.id) == {}
        with pytest.raises(NotFound):
            await set_aside(session, person.id, 99_999, Mark.SEEN, clock.now())


async def test_the_list_of_what_was_set_aside_turns_its_pages_newest_first(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    async with db.write() as session:
        for row in SHELF[:5]:
            await set_aside(session, person.id, row["id"], Mark.SEEN, clock.now())
    async with db.read() as session:
        first = await aside_page(session, person.id, begin=0, limit=2, adult=True)
        last = await aside_page(session, person.id, begin=99, limit=2, adult=True)
        of_teen = await aside_page(session, person.id, begin=0, limit=9, adult=False)
        assert [title.id for title, _ in first.titles] == [5, 4]
        assert ([title.id for title, _ in last.titles], last.begin, last.total) == ([1], 4, 5)
        assert [title.id for title, _ in of_teen.titles] == [5, 4, 1]


async def test_every_service_of_the_catalogue_can_be_a_filter(db: Database, clock: ManualClock) -> None:
    async with db.write() as session:
        await sync_plans(session, catalogue_data())
        slugs = tuple(await session.scalars(select(Service.slug)))
    person = await somebody(db, clock.now())

    async with db.write() as session:
        await keep_filters(session, person.id, Filters(slugs))

        assert set((await filters_of(session, person.id)).services) == set(slugs)


async def test_the_services_of_ones_parties_are_known_and_a_bundle_is_its_parts(
    db: Database, clock: ManualClock
) -> None:
    host = await builders.person(db, clock)
    async with db.write() as session:
        await sync_plans(session, catalogue_data())
    for plan in ("disney-plus-premium", "tving-wavve-premium-extra-1"):
        await builders.party(db, clock, host, plan=plan, seats=2)
    waiting = await builders.joins(db, clock, await builders.party(db, clock, host, seats=2))

    async with db.read() as session:
        hosted = await shared_services(session, host.id)
        unpaid = await shared_services(session, waiting.person_id)

    assert hosted == ["netflix", "tving", "disney-plus", "wavve"]
    assert unpaid == []
