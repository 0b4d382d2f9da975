"""Trained models in the database: stored in pieces, whole or not at all, checked before use."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256

from sqlalchemy import ColumnElement, delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.titles.tables import Snapshot, SnapshotChunk

CHUNK_BYTES = 512 * 1024
KEPT = 2


class SnapshotDamaged(Exception):
    """The pieces of a snapshot are not what was stored."""


async def store_snapshot(session: AsyncSession, content: bytes, ratings: int, now: datetime) -> Snapshot:
    """Store a trained model; others see all of it or nothing, and the oldest beyond KEPT goes."""
    snapshot = Snapshot(
        checksum=sha256(content).hexdigest(), size=len(content), ratings=ratings, complete=False, created_at=now
    )
    session.add(snapshot)
    await session.flush()
    for number, begin in enumerate(range(0, len(content), CHUNK_BYTES)):
        piece = bytes_value(session, content[begin : begin + CHUNK_BYTES])
        # One statement a piece: together they could be more than the server takes.
        await session.execute(insert(SnapshotChunk).values(snapshot_id=snapshot.id, number=number, content=piece))
    snapshot.complete = True
    await session.flush()
    await purge_snapshots(session)
    return snapshot


def bytes_value(session: AsyncSession, content: bytes) -> bytes | ColumnElement[bytes]:
    """Return bytes in the way in which this session's database takes them."""
    # aiomysql 0.3.2 cannot escape bytes since PyMySQL 1.2, so there they travel as text.
    return content if session.get_bind().dialect.name == "sqlite" else func.unhex(content.hex())


async def usable_snapshots(session: AsyncSession) -> list[int]:
    """Return the ids of the complete snapshots, the newest first."""
    return list(await session.scalars(select(Snapshot.id).where(Snapshot.complete).order_by(Snapshot.id.desc())))


async def newest_snapshot(session: AsyncSession) -> Snapshot | None:
    """Return the row of the newest complete snapshot."""
    return await session.scalar(select(Snapshot).where(Snapshot.complete).order_by(Snapshot.id.desc()).limit(1))


async def load_snapshot(session: AsyncSession, snapshot_id: int) -> bytes:
    """Return a stored model; SnapshotDamaged when a piece is missing or a byte differs."""
    snapshot = await session.get(Snapshot, snapshot_id)
    if snapshot is None:
        raise SnapshotDamaged(f"snapshot {snapshot_id} is gone")
    pieces = await session.scalars(
        select(SnapshotChunk.content).where(SnapshotChunk.snapshot_id == snapshot_id).order_by(SnapshotChunk.number)
    )
    content = b"".join(pieces)
    if not snapshot.complete or len(content) != snapshot.size or sha256(content).hexdigest() != snapshot.checksum:
        raise SnapshotDamaged(f"snapshot {snapshot_id}: {len(content)} bytes that are not the ones stored")
    return content


async def purge_snapshots(session: AsyncSession, kept: int = KEPT) -> int:
    """Delete all but the newest `kept` complete snapshots; return how many went."""
    gone = (await usable_snapshots(session))[kept:]
    await session.execute(delete(SnapshotChunk).where(SnapshotChunk.snapshot_id.in_(gone)))
    await session.execute(delete(Snapshot).where(Snapshot.id.in_(gone)))
    return len(gone)
