"""Hints: somebody says that a receipt changed. Kept, answered, looked into later; never believed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.tables import Hint
from core.db import Instant, changed

ASK_AGAIN = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 1800, 7200))
KEEP = timedelta(days=7)


async def take_hint(session: AsyncSession, receipt_id: str, now: datetime) -> None:
    """Remember to look at a receipt; a repeated hint asks for another look."""
    again = update(Hint).where(Hint.receipt_id == receipt_id)
    if await changed(session, again.values(ask_at=now, done_at=None, asks=0)):
        return
    try:
        async with session.begin_nested():
            session.add(Hint(receipt_id=receipt_id, asks=0, ask_at=now, received_at=now))
    except IntegrityError:
        await changed(session, again.values(ask_at=now, done_at=None, asks=0))


async def due_hints(session: AsyncSession, now: datetime, most: int = 5) -> Sequence[Hint]:
    """Return hints to look into now; few at a time, so that forged ones cannot make us flood the provider."""
    return (await session.scalars(select(Hint).where(hint_is_due(now)).order_by(Hint.ask_at).limit(most))).all()


def hint_is_due(now: Instant) -> ColumnElement[bool]:
    """Tell of a Hint whether it is to be looked into."""
    return Hint.done_at.is_(None) & (Hint.ask_at <= now)


async def lease_hint(session: AsyncSession, hint: Hint, now: datetime) -> bool:
    """Take a hint for this worker until its next ask; False when another one was quicker."""
    wait = ASK_AGAIN[min(hint.asks, len(ASK_AGAIN) - 1)]
    mine = update(Hint).where(Hint.id == hint.id, Hint.ask_at == hint.ask_at, Hint.done_at.is_(None))
    return await changed(session, mine.values(ask_at=now + wait, asks=hint.asks + 1)) == 1


async def close_hint(session: AsyncSession, hint: Hint, now: datetime) -> None:
    """The look-up gave an answer; a hint that came in the meantime keeps the row open."""
    mine = update(Hint).where(Hint.id == hint.id, Hint.asks == hint.asks + 1)
    await changed(session, mine.values(done_at=now))


async def purge_hints(session: AsyncSession, now: datetime) -> None:
    """Forget hints that nobody needs any more."""
    await session.execute(delete(Hint).where(Hint.received_at < now - KEEP, Hint.done_at.is_not(None)))
