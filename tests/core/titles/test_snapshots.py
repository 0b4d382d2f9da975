"""Trained models in the database: whole or not at all."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import delete, func, select, update

from core.clock import ManualClock
from core.db import Database
from core.titles import Snapshot, SnapshotDamaged, load_snapshot, purge_snapshots, store_snapshot, usable_snapshots
from core.titles.snapshots import CHUNK_BYTES, bytes_value
from core.titles.tables import SnapshotChunk

CONTENT = random.Random(7).randbytes(2 * CHUNK_BYTES + 12345)


async def store(db: Database, clock: ManualClock, content: bytes = CONTENT) -> int:
    async with db.write() as session:
        return (await store_snapshot(session, content, ratings=10, now=clock.now())).id


async def load(db: Database, snapshot_id: int) -> bytes:
    async with db.read() as session:
        return await load_snapshot(session, snapshot_id)


async def usable(db: Database) -> list[int]:
    async with db.read() as session:
        return await usable_snapshots(session)


async def test_what_was_stored_comes_back_in_pieces_no_larger_than_agreed(db: Database, clock: ManualClock) -> None:
    snapshot_id = await store(db, clock)

    assert await load(db, snapshot_id) == CONTENT
    async with db.read() as session:
        sizes = (await session.scalars(select(func.length(SnapshotChunk.content)))).all()
    assert sorted(sizes) == [12345, CHUNK_BYTES, CHUNK_BYTES]


@pytest.mark.parametrize("piece", [0, 1, 2])
async def test_a_flipped_byte_is_refused(db: Database, clock: ManualClock, piece: int) -> None:
    snapshot_id = await store(db, clock)
    async with db.write() as session:
        chunk = (await session.scalars(select(SnapshotChunk).where(SnapshotChunk.number == piece))).one()
        damaged = bytes_value(session, bytes([chunk.content[0] ^ 1]) + chunk.content[1:])
        await session.execute(update(SnapshotChunk).where(SnapshotChunk.id == chunk.id).values(content=damaged))

    with pytest.raises(SnapshotDamaged):
        await load(db, snapshot_id)


async def test_a_missing_piece_is_refused(db: Database, clock: ManualClock) -> None:
    snapshot_id = await store(db, clock)
    async with db.write() as session:
        await session.execute(delete(SnapshotChunk).where(SnapshotChunk.number == 1))

    with pytest.raises(SnapshotDamaged):
        await load(db, snapshot_id)


async def test_one_that_is_not_complete_is_neither_listed_nor_loaded(db: Database, clock: ManualClock) -> None:
    snapshot_id = await store(db, clock)
    async with db.write() as session:
        await session.execute(update(Snapshot).values(complete=False))

    assert await usable(db) == []
    with pytest.raises(SnapshotDamaged):
        await load(db, snapshot_id)


async def test_a_transaction_that_fails_while_storing_leaves_nothing(db: Database, clock: ManualClock) -> None:
    async def work() -> None:
        async with db.write() as session:
            await store_snapshot(session, CONTENT, ratings=10, now=clock.now())
            raise RuntimeError("the power went")

    with pytest.raises(RuntimeError):
        await work()

    assert await usable(db) == []
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(SnapshotChunk)) == 0


async def test_the_newest_and_the_one_before_are_kept(db: Database, clock: ManualClock) -> None:
    ids = [await store(db, clock, f"model {number}".encode()) for number in range(4)]

    assert await usable(db) == [ids[3], ids[2]]
    assert await load(db, ids[2]) == b"model 2"
    with pytest.raises(SnapshotDamaged):
        await load(db, ids[0])
    async with db.read() as session:
        assert await session.scalar(select(func.count()).select_from(SnapshotChunk)) == 2


async def test_purging_twice_changes_nothing(db: Database, clock: ManualClock) -> None:
    for number in range(3):
        await store(db, clock, f"model {number}".encode())

    async with db.write() as session:
        assert await purge_snapshots(session) == 0
    assert len(await usable(db)) == 2


async def test_an_empty_model_is_a_model(db: Database, clock: ManualClock) -> None:
    assert await load(db, await store(db, clock, b"")) == b""
