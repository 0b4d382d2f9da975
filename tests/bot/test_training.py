"""Models: trained beside the bot, taken up at the next request, refused when they are broken."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from bot.recommending import Recommending
from bot.training import spawn_training, train, train_when_due, training_due
from core import leases
from core.clock import ManualClock
from core.db import Database
from core.titles import (
    add_ratings,
    import_titles,
    load_snapshot,
    store_snapshot,
    usable_snapshots,
)
from core.titles.snapshots import bytes_value
from core.titles.tables import Snapshot, SnapshotChunk
from recommender import Model, Tier
from tests.bot.recommended import CATALOGUE, ask, demo_settings, fill_with_a_crowd, ids
from tests.core.titles.shelf import fill, somebody, title_row

HOUR = timedelta(hours=1)


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


async def test_the_database_away_during_the_swap_leaves_a_replica_its_model_until_it_is_back(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill_with_a_crowd(db, clock)
    person = await somebody(db, clock.now())
    here, there = Recommending(), Recommending()

    async def said(replica: Recommending) -> list[tuple[int, float]]:
        return [(pick.title.id, pick.stars) for pick in await ask(db, replica, person)]

    untaught = await said(here)
    assert await said(there) == untaught
    await train(db, clock, tier="instant")

    async def away(*_: object) -> bytes:
        raise OperationalError("SELECT", {}, Exception("the server is gone"))

    with monkeypatch.context() as patch:
        patch.setattr("core.titles.load_snapshot", away)
        for _ in range(2):
            with pytest.raises(OperationalError):
                await ask(db, here, person)
    taught = await said(there)

    assert taught != untaught
    assert await said(here) == taught
    assert not here.refused


async def test_with_nothing_but_broken_snapshots_people_still_get_a_list(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    person = await somebody(db, clock.now())
    async with db.write() as session:
        await store_snapshot(session, b"never a model", ratings=1, now=clock.now())

    assert len(await ask(db, Recommending(), person)) == 10


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


async def test_a_model_that_cannot_be_taken_up_is_trained_anew(db: Database, clock: ManualClock) -> None:
    await fill_with_a_crowd(db, clock)
    person = await somebody(db, clock.now())
    trained = await train(db, clock)
    assert trained is not None
    async with db.write() as session:
        await store_snapshot(session, b"of another version", ratings=trained.ratings, now=clock.now())
    recommending = Recommending()

    async def due() -> bool:
        async with db.read() as session:
            return await training_due(session, recommending.refused)

    asked = [await due()]
    await ask(db, recommending, person)
    asked.append(await due())
    await train(db, clock)
    await ask(db, recommending, person)
    asked.append(await due())

    assert asked == [False, True, False]


async def test_only_two_trained_models_are_kept(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())

    trained = [one.snapshot_id for one in [await train(db, clock) for _ in range(3)] if one]

    async with db.read() as session:
        kept = await usable_snapshots(session)
        rows = await session.get(Snapshot, kept[0])
        assert rows is not None
        assert rows.size > 1000
    assert kept == [trained[2], trained[1]]


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
