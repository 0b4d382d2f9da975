"""How a command runs: settings read or refused in words, work on the up-to-date database, an operator's acts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import structlog
import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy.exc import OperationalError

from bot import database
from bot.settings import Settings, SettingsInvalid, load_settings
from core.catalogue import CatalogueInvalid

if TYPE_CHECKING:
    from rich.table import Table

    from bot.desk import Desk, DeskRefused
    from core.db import Database

T = TypeVar("T")
By = Annotated[str, typer.Option("--by", help="Who you are, as OPERATORS lists you.")]
# What a database of either kind takes for a row's number.
MOST_ROWS = 2**63 - 1
# No line of a table needs to be wider.
WIDEST = 1_000
console = Console(highlight=False)


def row_number(number: int | None) -> int | None:
    """Return the number of a row as it was typed; a usage error for what cannot be one."""
    if number is not None and not 1 <= number <= MOST_ROWS:
        raise typer.BadParameter("no row has such a number")
    return number


def print_table(table: Table) -> None:
    """Print a table as wide as its numbers need: a sum that is cut off or broken over lines misleads.

    Words are broken over lines for who reads it in a terminal, and not in a file.
    """
    needs = console.measure(table, options=console.options.update(width=WIDEST))
    width = needs.minimum if console.is_terminal else needs.maximum
    Console(highlight=False, width=max(width, console.width)).print(table)


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
        console.print("[red]The settings are not complete:[/red]")
        console.print(str(error), markup=False)
        raise typer.Exit(2) from None
    set_up_logging(settings.log_level)
    return settings


def run_async(work: Coroutine[Any, Any, None]) -> None:
    """Run some work; exit 2 when settings, schema or catalogue do not allow it, or the database does not answer."""
    try:
        asyncio.run(work)
    except (SettingsInvalid, database.SchemaOutdated, CatalogueInvalid) as error:
        console.print(f"[red]{escape(str(error))}[/red]")
        raise typer.Exit(2) from None
    except OperationalError as error:
        # 1 would say that something was found: broken books, say.
        console.print(f"[red]The database does not answer: {escape(str(error.orig))}[/red]", soft_wrap=True)
        raise typer.Exit(2) from None


def say_no(refused: DeskRefused) -> NoReturn:
    """Say why the desk refused, and end with its exit code."""
    console.print(f"[red]{escape(str(refused))}[/red]", soft_wrap=True)
    raise typer.Exit(refused.code) from None


def at_desk(by: str, work: Callable[[Desk], Awaitable[str]]) -> None:
    """Let a listed operator do something and say what became of it."""
    from bot.desk import Desk, DeskRefused
    from core.clock import SystemClock

    settings = read_settings()
    try:
        told = on_database(lambda db: work(Desk(db, SystemClock(), settings, by)), settings)
        console.print(told, soft_wrap=True, markup=False)
    except DeskRefused as refused:
        say_no(refused)


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
