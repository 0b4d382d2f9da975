"""Training the recommender's model: in a process of its own, so that nobody waits for it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

import recommender
from bot.exporting import SparkRefused, export_ratings, extra_needed
from bot.recommending import described
from bot.settings import Settings
from core import leases
from core import titles as core
from core.clock import Clock
from core.db import Database
from recommender import Tier

log = structlog.get_logger(__name__)
LEASE = "training"
LONGEST, LONGEST_BY_SPARK = timedelta(minutes=30), timedelta(hours=6)
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


@dataclass(frozen=True)
class Spark:
    """Where Spark works, and on which Parquet file; without one the ratings are exported for the while.

    `folder` is for what is there for the while only; the workers of a cluster must see it too.
    """

    master: str
    ratings: str | None = None
    folder: Path | None = None

    def __post_init__(self) -> None:
        if not (self.master.startswith("local") or self.ratings or self.folder):
            raise SparkRefused(
                f"the workers of {self.master} do not see this machine's temporary files: set SPARK_FOLDER to a folder "
                "that they see, or export the ratings to where they do and name the file with --ratings"
            )


async def train(db: Database, clock: Clock, spark: Spark | None = None, *, tier: Tier = "full") -> Trained | None:
    """Train on everything that is known and store the model; None while somebody else is training.

    The tier is that of `recommender.train`; what Spark works out has its own.
    """
    holder = uuid4().hex
    longest = LONGEST if spark is None else LONGEST_BY_SPARK
    if not await db.transact(leases.take, LEASE, holder, clock.now(), longest):
        return None
    try:
        async with db.read() as session:
            titles = described(await core.all_titles(session))
        content, ratings = await (_fit(db, titles, tier) if spark is None else _fit_by_spark(db, titles, spark))
        snapshot = await db.transact(core.store_snapshot, content, ratings, clock.now())
    finally:
        await db.transact(leases.give_back, LEASE, holder, clock.now())
    by = "spark" if spark is not None else tier
    log.info("trained", by=by, snapshot=snapshot.id, ratings=ratings, titles=len(titles), size=len(content))
    return Trained(snapshot.id, ratings, len(titles), len(content))


async def _fit(db: Database, titles: recommender.Titles, tier: Tier) -> tuple[bytes, int]:
    """Return a snapshot, and of how many ratings."""
    async with db.read() as session:
        ratings = await core.everybodys_ratings(session)
    stars = [halves / 2 for halves in ratings.halves]

    def fitted() -> bytes:
        clean = recommender.Ratings(ratings.people, ratings.titles, stars)
        return recommender.train(clean, titles, tier=tier).dump()

    return await asyncio.to_thread(fitted), len(ratings)


async def _fit_by_spark(db: Database, titles: recommender.Titles, spark: Spark) -> tuple[bytes, int]:
    with extra_needed():
        from recommender.spark import SparkUnusable, train_by_spark
    with tempfile.TemporaryDirectory(prefix="two-ratings-", dir=spark.folder) as folder:
        ratings = spark.ratings
        if ratings is None:
            ratings = f"{folder}/ratings.parquet"
            await export_ratings(db, Path(ratings))
        try:
            found = await asyncio.to_thread(train_by_spark, ratings, titles, master=spark.master, folder=spark.folder)
        except SparkUnusable as error:
            raise SparkRefused(str(error)) from error
    return found.model.dump(), found.ratings


async def train_when_due(db: Database, settings: Settings, refused: Collection[int] = ()) -> None:
    """Train in a process of its own when enough has been rated since the last time: the full tier, as nobody waits.

    `refused` are the models that could not be taken up.
    """
    async with db.read() as session:
        due = await training_due(session, refused)
    if due and (code := await spawn_training(settings)) != 0:
        log.error("training_failed", code=code)


async def training_due(session: AsyncSession, refused: Collection[int] = ()) -> bool:
    """Tell whether enough has been rated since the newest model for another one to be worth it.

    A refused one, as after an upgrade that reads another kind of snapshot, counts as none.
    """
    newest = await core.newest_snapshot(session)
    given = await core.count_all_ratings(session)
    if newest is None or newest.id in refused:
        return given >= _FIRST
    return abs(given - newest.ratings) >= min(_ENOUGH, max(1, round(newest.ratings * _ENOUGH_SHARE)))


async def spawn_training(settings: Settings) -> int:
    """Run `two train` as a process of low priority and return its exit code; it is ended with us, or after too long."""
    longest = LONGEST_BY_SPARK if settings.spark_master else LONGEST
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot.cli", "train", env=settings.environment(), stdout=DEVNULL
    )
    try:
        with contextlib.suppress(ProcessLookupError):
            os.setpriority(os.PRIO_PROCESS, process.pid, _POLITE)
        return await asyncio.wait_for(process.wait(), longest.total_seconds())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
