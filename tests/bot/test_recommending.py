"""Recommending over a real database: folding in, filters, reasons, age, a young database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from bot.recommending import Companion, Recommending, Together
from bot.training import train
from core.clock import ManualClock
from core.db import Database
from core.people import AgeBand
from core.titles import (
    Filters,
    Mark,
    Title,
    TitleKind,
    get_title,
    get_titles,
    rate,
    ratings_of,
    set_aside,
    take_back,
)
from tests.bot.recommended import CATALOGUE, ask, fill_with_a_crowd, ids
from tests.core.titles.shelf import SHELF, fill, somebody


async def test_a_fresh_database_recommends_by_what_titles_are_and_never_scores_all_alike(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    picks = await ask(db, Recommending(), person)

    assert len(picks) == 10
    assert len({round(pick.stars, 6) for pick in picks}) == 10
    assert all(0.5 <= pick.stars <= 5 for pick in picks)


async def test_an_empty_catalogue_recommends_nothing_and_titles_that_come_later_count(
    db: Database, clock: ManualClock
) -> None:
    person = await somebody(db, clock.now())
    recommending = Recommending()

    before = await ask(db, recommending, person)
    await fill(db, clock.now())
    after = await ask(db, recommending, person)

    assert before == []
    assert len({round(pick.stars, 6) for pick in after}) == 10


async def test_one_rating_changes_the_list_at_once_and_its_title_is_gone_from_it(
    db: Database, clock: ManualClock
) -> None:
    await fill_with_a_crowd(db, clock)
    await train(db, clock)
    person = await somebody(db, clock.now())
    recommending = Recommending()
    before = await ask(db, recommending, person)

    async with db.write() as session:
        await rate(session, person.id, before[0].title.id, 10, clock.now())
    after = await ask(db, recommending, person)

    assert before[0].title.id not in ids(after)
    assert [round(pick.stars, 4) for pick in after[:9]] != [round(pick.stars, 4) for pick in before[1:]]
    assert len(after) == 10


async def test_what_was_rated_is_never_recommended_down_to_the_last_title(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    recommending = Recommending()
    seen: list[int] = []

    while picks := await ask(db, recommending, person, n=1):
        seen += ids(picks)
        async with db.write() as session:
            await rate(session, person.id, picks[0].title.id, 1 + len(seen) % 10, clock.now())

    assert sorted(seen) == sorted(row["id"] for row in SHELF)


async def test_reasons_name_only_titles_that_the_person_rated_well(db: Database, clock: ManualClock) -> None:
    await fill_with_a_crowd(db, clock)
    await train(db, clock)
    person = await somebody(db, clock.now())
    async with db.write() as session:
        for number, title in enumerate(CATALOGUE[:12]):
            await rate(session, person.id, title.id, 10 if number % 2 else 2, clock.now())

    picks = await ask(db, Recommending(), person)

    async with db.read() as session:
        given = await ratings_of(session, person.id)
    named = [title.id for pick in picks for title in pick.because]
    assert named
    assert all(given[title_id] >= 7 for title_id in named)
    assert all(pick.gave == tuple(given[title.id] for title in pick.because) for pick in picks)


async def test_a_teenager_is_never_offered_what_is_for_adults(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    teen = await somebody(db, clock.now(), age=AgeBand.TEEN)

    picks = await ask(db, Recommending(), teen, n=50)

    assert {pick.title.certificate for pick in picks} <= {"all", "12", "15"}
    assert len(picks) == sum(row["certificate"] not in {"18", "19"} for row in SHELF)


async def test_pages_follow_one_another_without_repeats(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    recommending = Recommending()
    shown: list[int] = []
    pages = []

    for _ in range(4):
        pages.append(ids(await ask(db, recommending, person, n=5, exclude=shown)))
        shown += pages[-1]

    assert [len(page) for page in pages] == [5, 5, 2, 0]
    assert len(set(shown)) == 12
    async with db.read() as session:
        again = await recommending.recommend(session, person, only=pages[0])
    assert sorted(ids(again)) == sorted(pages[0])


async def test_what_was_set_aside_is_never_recommended_until_it_is_taken_back(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    recommending = Recommending()
    first, second, *_ = ids(await ask(db, recommending, person))

    async with db.write() as session:
        await set_aside(session, person.id, first, Mark.NOT_INTERESTED, clock.now())
        await set_aside(session, person.id, second, Mark.SEEN, clock.now())
    without = ids(await ask(db, recommending, person, n=50))
    async with db.write() as session:
        await take_back(session, person.id, first)
    after = ids(await ask(db, recommending, person, n=50))

    assert len(without) == len(SHELF) - 2
    assert not {first, second} & set(without)
    assert set(after) == set(without) | {first}


async def test_filters_keep_out_whatever_they_name_and_nothing_else(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now(), [row | {"services": ["tving"] if row["id"] % 2 else ["netflix"]} for row in SHELF])
    person = await somebody(db, clock.now())
    recommending = Recommending()

    def expected(wanted: Callable[[dict[str, Any]], bool]) -> list[int]:
        return sorted(row["id"] for row in SHELF if wanted(row))

    async def found(**filters: Any) -> list[int]:
        return sorted(ids(await ask(db, recommending, person, n=50, filters=Filters(**filters))))

    assert await found(kind=TitleKind.SERIES) == expected(lambda row: row["kind"] == "series")
    assert await found(genre="drama") == expected(lambda row: "drama" in row["genres"])
    assert await found(mood="chilling") == expected(lambda row: "horror" in row["genres"])
    assert await found(services=("tving",)) == expected(lambda row: row["id"] % 2)
    assert await found(services=("tving", "netflix")) == expected(lambda row: True)
    both = await found(genre="thriller", services=("tving",))
    assert both == expected(lambda row: "thriller" in row["genres"] and row["id"] % 2)


async def test_the_numbers_behind_a_pick_add_up_to_what_the_list_shows(db: Database, clock: ManualClock) -> None:
    await fill_with_a_crowd(db, clock)
    await train(db, clock)
    person = await somebody(db, clock.now())
    async with db.write() as session:
        for number, title in enumerate(CATALOGUE[:6]):
            await rate(session, person.id, title.id, 9 if number % 2 else 3, clock.now())
    recommending = Recommending()
    first = (await ask(db, recommending, person))[0]

    async with db.read() as session:
        told = await recommending.explain(session, person, first.title)
        unknown = await recommending.explain(session, person, Title(id=99_999))

    assert told is not None
    assert unknown is None
    assert told.numbers.stars == pytest.approx(first.stars, abs=1e-6)
    assert sum(told.numbers.star_terms.values()) == pytest.approx(first.stars, abs=1e-3)
    assert sum(told.numbers.score_terms.values()) == pytest.approx(told.numbers.score, abs=0.1)
    assert {moved.title_id for moved in told.numbers.ratings} <= {title.id for title in CATALOGUE[:6]}
    assert set(told.named) == {moved.title_id for moved in told.numbers.ratings}
    assert told.rated_by > 0


async def test_similar_titles_leave_out_what_was_set_aside_and_what_is_for_adults(
    db: Database, clock: ManualClock
) -> None:
    await fill(db, clock.now())
    grown_up, teen = await somebody(db, clock.now()), await somebody(db, clock.now(), 701, AgeBand.TEEN)
    recommending = Recommending()
    async with db.write() as session:
        await set_aside(session, grown_up.id, 4, Mark.NOT_INTERESTED, clock.now())
        memories = await get_title(session, 1, adult=True)
        for_grown_up = [title.id for title, _ in await recommending.similar(session, grown_up, memories, 12)]
        for_teen = [title.id for title, _ in await recommending.similar(session, teen, memories, 12)]

    assert for_grown_up[0] == 2  # the same director, the same genres
    assert 4 not in for_grown_up
    assert not {2, 3, 7} & set(for_teen)
    assert 4 in for_teen


async def test_how_much_each_filter_holds_back_is_counted(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    nothing = Filters(kind=TitleKind.SERIES, genre="horror")

    async with db.write() as session:
        await rate(session, person.id, 7, 8, clock.now())
    async with db.read() as session:
        left = await Recommending().left_without(session, person, nothing, exclude=[12])

    assert left == {
        "kind": sum("horror" in row["genres"] for row in SHELF) - 1,  # 12 is on the list already
        "genre": sum(row["kind"] == "series" for row in SHELF) - 1,  # 7 is rated
        "all": len(SHELF) - 2,
    }


async def test_five_people_with_five_ratings_each_do_not_tie_the_list(db: Database, clock: ManualClock) -> None:
    await fill_with_a_crowd(db, clock, people=1)
    people = [await somebody(db, clock.now(), 1000 + number) for number in range(5)]
    async with db.write() as session:
        for place, one in enumerate(people):
            for number in range(5):
                title = CATALOGUE[(place * 3 + number) % 20]
                await rate(session, one.id, title.id, 4 + (place + number) % 7, clock.now())
    await train(db, clock)

    picks = await ask(db, Recommending(), people[0], n=150)

    times = Counter(round(pick.stars, 6) for pick in picks)
    assert sum(count for count in times.values() if count > 1) / len(picks) < 0.2


async def test_a_room_of_one_a_room_that_vetoes_everything_and_an_empty_catalogue_have_their_answers(
    db: Database, clock: ManualClock
) -> None:
    one, other = [await somebody(db, clock.now(), 1000 + number) for number in range(2)]
    recommending = Recommending()

    async def chosen(*people: Companion) -> Together:
        async with db.read() as session:
            return await recommending.together(session, people, n=5)

    empty = await chosen(Companion(one), Companion(other))
    await fill(db, clock.now())
    alone = await chosen(Companion(one))
    half = {row["id"] for row in SHELF[::2]}
    vetoed = await chosen(Companion(one, half), Companion(other, {row["id"] for row in SHELF} - half))

    assert (list(empty.picks), empty.counted_more) == ([], (0.0, 0.0))
    assert len(alone.picks) == 5
    assert {len(pick.stars) for pick in alone.picks} == {1}
    assert (list(vetoed.picks), vetoed.counted_more) == ([], (0.0, 0.0))


async def test_a_suggestion_carries_the_row_of_its_title(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    picks = await ask(db, Recommending(), person)

    async with db.read() as session:
        rows = await get_titles(session, ids(picks))
        assert {title_id: row.name_ko for title_id, row in rows.items()} == {p.title.id: p.title.name_ko for p in picks}
