"""How a command runs: settings read or refused in words, work on the up-to-date database, an operator's acts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from bot import database
from bot.settings import Settings, SettingsInvalid, load_settings
from core.catalogue import CatalogueInvalid

if TYPE_CHECKING:
    from bot.desk import Desk
    from core.db import Database

T = TypeVar("T")
By = Annotated[str, typer.Option("--by", help="Who you are, as OPERATORS lists you.")]
console = Console(highlight=False)


def set_up_logging(level: str) -> None:
    """Log structured lines; what would print tokens or addresses of people stays silent."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that waits its turn is no news
    for loud in ("httpx", "httpcore", "telegram", "aiosqlite", "py4j", "alembic.runtime.migration"):
        logging.getLogger(loud).setLevel(logging.WARNING)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )


def read_settings() -> Settings:
    """Return the settings, with logging set up; exit 2 and name what is missing or unusable."""
    try:
        settings = load_settings()
    except SettingsInvalid as error:
        console.print(f"[red]The settings are not complete:[/red]\n{error}")
        raise typer.Exit(2) from None
    set_up_logging(settings.log_level)
    return settings


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Run some work; exit 2 when settings, schema or catalogue do not allow it."""
    try:
        asyncio.run(work)
    except (SettingsInvalid, database.SchemaOutdated, CatalogueInvalid) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from None


def at_desk(by: str, work: Callable[[Desk], Awaitable[str]]) -> None:
    """Let a listed operator do something and say what became of it."""
    from bot.desk import Desk, DeskRefused
    from core.clock import SystemClock

    settings = read_settings()
    try:
        console.print(on_database(lambda db: work(Desk(db, SystemClock(), settings, by)), settings), soft_wrap=True)
    except DeskRefused as refused:
        console.print(f"[red]{escape(str(refused))}[/red]", soft_wrap=True)
        raise typer.Exit(refused.code) from None


def on_database(work: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Return what some work on the up-to-date database came to."""
    from core.db import Database

    settings = settings or read_settings()
    results: list[T] = []

    async def on_it() -> None:
        db = Database(settings.database_url)
        try:
            await database.require_current(db)
            results.append(await work(db))
        finally:
            await db.close()

    run_async(on_it())
    return results[0]
