"""Bringing a database up to date, and refusing to work on one that is not."""

from __future__ import annotations

import asyncio

from alembic import command
from alembic.runtime.migration import MigrationContext

import migrations
from core.catalogue import sync_plans
from core.db import Database


class SchemaOutdated(Exception):
    """The database stands at another revision than this code; the message says what to run."""


async def upgrade(url: str) -> None:
    """Migrate to the newest revision and bring the plan catalogue up to date."""
    db = Database(url)
    try:
        await upgraded(db)
    finally:
        await db.close()


async def upgraded(db: Database) -> None:
    """Do the same over a database that is open already."""
    url = db.url.render_as_string(hide_password=False)
    await asyncio.to_thread(command.upgrade, migrations.config(url), "head")
    await db.transact(sync_plans)


async def require_current(db: Database) -> None:
    """Raise SchemaOutdated unless the database stands at this code's revision."""
    async with db.engine.connect() as connection:
        revision = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    if revision != migrations.head():
        raise SchemaOutdated(
            f"the database is at revision {revision or 'none'}, this version needs {migrations.head()}:"
            " run `two db upgrade`"
        )
