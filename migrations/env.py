"""Alembic's entry: one metadata, one engine factory, SQLite and MySQL alike."""

from __future__ import annotations

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import Connection

from bot import dialog, edge
from core.db import STATE_LENGTH, Database, State
from core.tables import METADATA

tables_of_the_edge = (dialog.Dialog, edge.TelegramUpdate)


def render_item(kind: str, item: object, _: object) -> str | bool:
    """Write a state as the plain column that it is: a migration must not change when an enum does."""
    return f"sa.String(length={STATE_LENGTH})" if kind == "type" and isinstance(item, State) else False


def run(connection: Connection) -> None:
    """Migrate over a ready connection; each revision is a transaction where the database can."""
    options: dict[str, Any] = {
        "target_metadata": METADATA,
        "compare_type": True,
        "compare_server_default": True,
        "render_as_batch": True,
        "transaction_per_migration": True,
        "render_item": render_item,
        "user_module_prefix": "core.db.",
    }
    context.configure(connection=connection, **options)
    with context.begin_transaction():
        context.run_migrations()


async def run_async() -> None:
    """Migrate with an engine of our own."""
    url = context.config.get_main_option("sqlalchemy.url")
    if not url:
        raise SystemExit("migrations run through `two db ...`, which knows the database")
    db = Database(url)
    try:
        async with db.engine.connect() as connection:
            await connection.run_sync(run)
    finally:
        await db.close()


if context.is_offline_mode():
    raise SystemExit("offline migrations are not supported")
ready = context.config.attributes.get("connection")
if ready is not None:
    run(ready)
else:
    asyncio.run(run_async())
