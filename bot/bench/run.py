"""The bench from beginning to end: fill a database, measure, leave it as it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from alembic import command
from sqlalchemy import inspect, select

import migrations
from bot import database
from bot.bench.books import write_books
from bot.bench.measuring import Measured, Sizes, measured
from bot.bench.taps import measure_taps
from bot.demo import seed
from bot.recommending import Recommending
from bot.settings import SettingsInvalid
from core import audit
from core.clock import Clock, ManualClock
from core.db import Database
from core.people import Person
from core.titles import Rating

LIST_LENGTH = 10


async def bench(sizes: Sizes, outside_url: str | None = None) -> list[Measured]:
    """Measure on a fresh SQLite file, then on the empty database at `outside_url`, which is left empty again."""
    if outside_url:
        await _require_empty(outside_url)
    with TemporaryDirectory(prefix="two-bench-") as folder:
        urls = [f"sqlite+aiosqlite:///{Path(folder) / 'two.sqlite3'}", *([outside_url] if outside_url else [])]
        return [row for url in urls for row in await _bench_on(url, sizes)]


async def _bench_on(url: str, sizes: Sizes) -> list[Measured]:
    clock = ManualClock()
    async with _filled(url, clock) as db:
        return await measure(db, clock, sizes)


async def measure(db: Database, clock: Clock, sizes: Sizes) -> list[Measured]:
    """Measure taps, lists and the audit on a database with titles and a crowd."""
    return [
        *await measure_taps(db, clock, sizes),
        await measure_lists(db, sizes),
        await measure_audit(db, clock, sizes),
    ]


@asynccontextmanager
async def _filled(url: str, clock: ManualClock) -> AsyncIterator[Database]:
    db = Database(url)
    try:
        await database.upgraded(db)
        await seed(db, clock)
        yield db
    finally:
        await db.close()
        await asyncio.to_thread(command.downgrade, migrations.config(url), "base")


async def _require_empty(url: str) -> None:
    db = Database(url)
    try:
        async with db.engine.connect() as connection:
            tables = await connection.run_sync(lambda sync: inspect(sync).get_table_names())
    finally:
        await db.close()
    if set(tables) - {"alembic_version"}:
        raise SettingsInvalid("DATABASE_URL: the bench needs an empty database, and this one has tables")


async def measure_lists(db: Database, sizes: Sizes) -> Measured:
    """Recommend to people of the crowd, by a model that is loaded already."""
    recommending = Recommending()
    await recommending.warm(db)
    async with db.read() as session:
        rated = select(Rating.person_id).where(Rating.person_id == Person.id).exists()
        people = (await session.scalars(select(Person).where(rated).order_by(Person.id).limit(sizes.lists))).all()

    async def recommend(person: Person) -> None:
        async with db.read() as session:
            picks = await recommending.recommend(session, person, n=LIST_LENGTH)
        if len(picks) != LIST_LENGTH:
            raise RuntimeError(f"{len(picks)} titles for person {person.id}")

    return await measured(db, "ten picks", list(islice(cycle(people), sizes.lists)), recommend)


async def measure_audit(db: Database, clock: Clock, sizes: Sizes) -> Measured:
    """Ask every invariant over made-up books of at least the given size."""
    written = await db.transact(write_books, sizes.ledger_rows, clock.now())

    async def ask(_: int) -> None:
        async with db.read() as session:
            violations = await audit.check(session)
        if violations:
            raise RuntimeError(f"the made-up books do not hold: {violations}")

    return await measured(db, f"audit, {written:,} rows", range(sizes.audits), ask)
