"""Recommending over a real database: folding in, no snapshot, broken snapshots, age, a young database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bot.demo import BOOTPAY_KEYS, TOKEN
from bot.recommending import Recommending, Suggestion
from bot.sandbox.catalogue import crowd, load_titles
from bot.settings import Settings, load_settings
from bot.training import spawn_training, train, train_when_due, training_due
from core import leases
from core.clock import ManualClock
from core.db import Database
from core.people import AgeBand, Person
from core.titles import (
    Filters,
    Mark,
    Title,
    TitleKind,
    add_ratings,
    get_title,
    get_titles,
    import_titles,
    load_snapshot,
    rate,
    ratings_of,
    set_aside,
    store_snapshot,
    take_back,
    usable_snapshots,
)
from core.titles.snapshots import bytes_value
from core.titles.tables import Snapshot, SnapshotChunk
from recommender import Model, Tier
from tests.core.titles.shelf import SHELF, fill, somebody, title_row

CATALOGUE = load_titles()[:200]
HOUR = timedelta(hours=1)


def demo_settings(database_url: str) -> Settings:
    """Return settings that need only a database to be good for something."""
    return load_settings(
        telegram_token=TOKEN,
        bootpay_client_key=BOOTPAY_KEYS[0],
        bootpay_secret_key=BOOTPAY_KEYS[1],
        public_url="http://127.0.0.1:1",
        database_url=database_url,
    )


async def fill_with_a_crowd(db: Database, clock: ManualClock, people: int = 60) -> None:
    """Put real titles on the shelf and let a crowd rate them."""
    voices = crowd(5, people=people, titles=CATALOGUE)
    async with db.write() as session:
        await import_titles(session, [asdict(title) for title in CATALOGUE], clock.now())
        rows = {
            number: Person(language="ko", age_band=AgeBand.ADULT, created_at=clock.now())
            for number in sorted({voice.person for voice in voices})
        }
        session.add_all(rows.values())
        await session.flush()
        given = [(rows[voice.person].id, voice.title_id, round(voice.stars * 2)) for voice in voices]
        await add_ratings(session, given, clock.now())


async def ask(
    db: Database,
    recommending: Recommending,
    person: Person,
    *,
    n: int = 10,
    exclude: Sequence[int] = (),
    filters: Filters | None = None,
) -> list[Suggestion]:
    async with db.read() as session:
        picks = await recommending.recommend(session, person, n=n, exclude=exclude, filters=filters or Filters())
        session.expunge_all()
    return picks


def ids(picks: list[Suggestion]) -> list[int]:
    return [pick.title.id for pick in picks]


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


async def test_a_new_snapshot_is_taken_up_at_the_next_request(db: Database, clock: ManualClock) -> None:
    await fill_with_a_crowd(db, clock)
    person = await somebody(db, clock.now())
    recommending = Recommending()
    untaught = await ask(db, recommending, person)

    trained = await train(db, clock)
    taught = await ask(db, recommending, person)

    assert trained is not None
    assert trained.ratings > 500
    assert trained.titles == len(CATALOGUE)
    assert [pick.stars for pick in taught] != [pick.stars for pick in untaught]


async def test_a_title_newer_than_the_snapshot_can_be_recommended(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    await train(db, clock)
    person = await somebody(db, clock.now())
    recommending = Recommending()
    await ask(db, recommending, person)

    async with db.write() as session:
        await import_titles(session, [title_row(99, "새 작품", vote=9.9, votes=90000)], clock.now())

    assert 99 in ids(await ask(db, recommending, person, n=13))


@pytest.mark.parametrize("how", ["flipped", "no model at all"])
async def test_a_broken_snapshot_is_refused_and_the_one_before_serves_on(
    db: Database, clock: ManualClock, how: str
) -> None:
    await fill_with_a_crowd(db, clock)
    await train(db, clock)
    person = await somebody(db, clock.now())
    running, good = Recommending(), await ask(db, Recommending(), person)
    await ask(db, running, person)

    async with db.write() as session:
        if how == "flipped":
            broken = await store_snapshot(session, b"once a model", ratings=1, now=clock.now())
            damaged = bytes_value(session, b"now a riddle")
            chunks = update(SnapshotChunk).where(SnapshotChunk.snapshot_id == broken.id)
            await session.execute(chunks.values(content=damaged))
        else:
            await store_snapshot(session, b"never a model", ratings=1, now=clock.now())

    for recommending in (running, Recommending()):  # one that was running, and one that starts now
        for _ in range(2):
            assert ids(await ask(db, recommending, person)) == ids(good)


async def test_with_nothing_but_broken_snapshots_people_still_get_a_list(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    async with db.write() as session:
        await store_snapshot(session, b"never a model", ratings=1, now=clock.now())

    assert len(await ask(db, Recommending(), person)) == 10


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


async def test_somebody_elses_training_is_waited_out(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    async with db.write() as session:
        await leases.take(session, "training", "another process", clock.now(), HOUR)

    assert await train(db, clock) is None
    clock.move_to(clock.now() + 2 * HOUR)
    assert await train(db, clock) is not None


async def test_training_is_due_when_enough_was_rated_since(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now(), [title_row(number) for number in range(1, 30)])
    person = await somebody(db, clock.now())

    async def due() -> bool:
        async with db.read() as session:
            return await training_due(session)

    async def everybody_rates(first: int, last: int) -> None:
        async with db.write() as session:
            rows = [(person.id, title_id, 8) for title_id in range(first, last + 1)]
            await add_ratings(session, rows, clock.now())

    asked = [await due()]
    for first, last in ((1, 19), (20, 20)):
        await everybody_rates(first, last)
        asked.append(await due())
    await train(db, clock)
    asked.append(await due())
    await everybody_rates(21, 21)
    asked.append(await due())

    assert asked == [False, False, True, False, True]


async def test_only_two_trained_models_are_kept(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())

    trained = [one.snapshot_id for one in [await train(db, clock) for _ in range(3)] if one]

    async with db.read() as session:
        kept = await usable_snapshots(session)
        rows = await session.get(Snapshot, kept[0])
        assert rows is not None
        assert rows.size > 1000
    assert kept == [trained[2], trained[1]]


async def test_a_suggestion_carries_the_row_of_its_title(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())

    picks = await ask(db, Recommending(), person)

    async with db.read() as session:
        rows = await get_titles(session, ids(picks))
        assert {title_id: row.name_ko for title_id, row in rows.items()} == {p.title.id: p.title.name_ko for p in picks}


async def test_training_runs_as_a_process_of_its_own_with_the_settings_of_ours(
    db: Database, db_url: str, clock: ManualClock
) -> None:
    await fill_with_a_crowd(db, clock)
    settings = demo_settings(db_url)

    await train_when_due(db, settings)
    await train_when_due(db, settings)  # nothing new: not due

    async with db.read() as session:
        (newest,) = await usable_snapshots(session)
        model = Model.load(await load_snapshot(session, newest))
    assert model.tier == "full"


@pytest.mark.parametrize("tier", ["instant", "full"])
async def test_a_tier_may_be_chosen(db: Database, clock: ManualClock, tier: Tier) -> None:
    await fill_with_a_crowd(db, clock)

    trained = await train(db, clock, tier=tier)

    assert trained is not None
    async with db.read() as session:
        assert Model.load(await load_snapshot(session, trained.snapshot_id)).tier == tier


async def test_a_training_that_fails_says_so_and_leaves_the_model_alone(
    db: Database, db_url: str, clock: ManualClock, tmp_path: Path
) -> None:
    await fill_with_a_crowd(db, clock)

    code = await spawn_training(demo_settings(f"sqlite+aiosqlite:///{tmp_path / 'no such folder' / 'two.sqlite3'}"))

    assert code != 0
    async with db.read() as session:
        assert await usable_snapshots(session) == []
