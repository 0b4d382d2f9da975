"""Training the recommender's model: in a process of its own, so that nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from asyncio.subprocess import DEVNULL
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

import recommender
from bot.recommending import described
from bot.settings import Settings
from core import leases
from core import titles as core
from core.clock import Clock
from core.db import Database

log = structlog.get_logger(__name__)
LEASE = "training"
LONGEST = timedelta(minutes=30)
_POLITE = 10
# Worth a training: this many ratings more or fewer than last time, or this share of them.
_FIRST, _ENOUGH, _ENOUGH_SHARE = 20, 50, 0.02


@dataclass(frozen=True)
class Trained:
    """A stored model, and of how much it was made."""

    snapshot_id: int
    ratings: int
    titles: int
    size: int


async def train(db: Database, clock: Clock) -> Trained | None:
    """Train on everything that is known and store the model; None while somebody else is training."""
    holder = uuid4().hex
    if not await db.transact(leases.take, LEASE, holder, clock.now(), LONGEST):
        return None
    try:
        async with db.read() as session:
            ratings = await core.everybodys_ratings(session)
            titles = described(await core.all_titles(session))
        content = await asyncio.to_thread(_fit, ratings, titles)
        snapshot = await db.transact(core.store_snapshot, content, len(ratings), clock.now())
    finally:
        await db.transact(leases.give_back, LEASE, holder, clock.now())
    log.info("trained", snapshot=snapshot.id, ratings=len(ratings), titles=len(titles), size=len(content))
    return Trained(snapshot.id, len(ratings), len(titles), len(content))


def _fit(ratings: core.Columns, titles: recommender.Titles) -> bytes:
    stars = [halves / 2 for halves in ratings.halves]
    return recommender.train(recommender.Ratings(ratings.people, ratings.titles, stars), titles).dump()


async def train_when_due(db: Database, settings: Settings) -> None:
    """Train in a process of its own when enough has been rated since the last time."""
    async with db.read() as session:
        due = await training_due(session)
    if due and (code := await spawn_training(settings)) != 0:
        log.error("training_failed", code=code)


async def training_due(session: AsyncSession) -> bool:
    """Tell whether enough has been rated since the newest model for another one to be worth it."""
    newest = await core.newest_snapshot(session)
    given = await core.count_all_ratings(session)
    if newest is None:
        return given >= _FIRST
    return abs(given - newest.ratings) >= min(_ENOUGH, max(1, round(newest.ratings * _ENOUGH_SHARE)))


async def spawn_training(settings: Settings) -> int:
    """Run `two train` as a process of low priority and return its exit code; it is ended with us, or after LONGEST."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "train", env=settings.environment(), stdout=DEVNULL
    )
    try:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _POLITE)
        return await asyncio.wait_for(process.wait(), LONGEST.total_seconds())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
