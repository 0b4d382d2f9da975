"""`two`: the command line of the product."""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import structlog
import typer
from rich.console import Console
from rich.markup import escape

from bot import database
from bot.settings import Settings, SettingsInvalid, load_settings
from core.catalogue import CatalogueInvalid
from core.sealing import KEY_BYTES

if TYPE_CHECKING:
    from bot.app import Two
    from bot.desk import Desk
    from core.billing import Compared
    from core.db import Database

T = TypeVar("T")
app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="TWO: share an OTT subscription, from a Telegram chat."
)
db_app = typer.Typer(no_args_is_help=True, help="The database's schema.")
app.add_typer(db_app, name="db")
keys_app = typer.Typer(no_args_is_help=True, help="Keys for what is sealed.")
app.add_typer(keys_app, name="keys")
payouts_app = typer.Typer(no_args_is_help=True, help="Money to hosts: two operators export and confirm it.")
app.add_typer(payouts_app, name="payouts")
bills_app = typer.Typer(no_args_is_help=True, help="Bills and what hinders them.")
app.add_typer(bills_app, name="bills")
console = Console(highlight=False)
refunds_app = typer.Typer(no_args_is_help=True, help="Refunds that an operator transfers.")
app.add_typer(refunds_app, name="refunds")
claims_app = typer.Typer(no_args_is_help=True, help="Members who say that it does not work.")
app.add_typer(claims_app, name="claims")
Refund = Annotated[int, typer.Argument(help="The refund's number, as the list shows it.")]
Claim = Annotated[int, typer.Argument(help="The claim's number, as the list shows it.")]
By = Annotated[str, typer.Option("--by", help="Who you are, as OPERATORS lists you.")]


def main() -> None:
    """Run the command line."""
    app()


def set_up_logging(level: str) -> None:
    """Log structured lines; what would print tokens or addresses of people stays silent."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that waits its turn is no news
    for loud in ("httpx", "httpcore", "telegram", "aiosqlite", "alembic.runtime.migration"):
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


def _settings() -> Settings:
    try:
        settings = load_settings()
    except SettingsInvalid as error:
        console.print(f"[red]The settings are not complete:[/red]\n{error}")
        raise typer.Exit(2) from None
    set_up_logging(settings.log_level)
    return settings


def _run(work: Coroutine[Any, Any, None]) -> None:
    try:
        asyncio.run(work)
    except (SettingsInvalid, database.SchemaOutdated, CatalogueInvalid) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from None


async def _until_stopped(two: Two) -> None:
    """Wait for Ctrl+C, SIGTERM, or for a part of the product to break."""
    stop = two.broken
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()


@app.command()
def run(
    polling: Annotated[bool, typer.Option(help="Fetch updates instead of being called; for a laptop.")] = False,
) -> None:
    """Serve the bot."""
    settings = _settings()

    async def serve() -> None:
        from bot.app import running

        async with running(settings, polling=polling) as two:
            await _until_stopped(two)
        if two.failed:
            raise typer.Exit(1)

    _run(serve())


@app.command()
def tick() -> None:
    """Run every tick once; for cron or a serverless timer."""
    settings = _settings()

    async def once() -> None:
        from bot.app import prepared

        async with prepared(settings) as two:
            await two.ticks.run_all()
            while await two.sender.send_waiting():
                pass

    _run(once())


@app.command()
def check() -> None:
    """Ask every invariant of money and seats; exit 1 when one is broken."""
    settings = _settings()
    broken: list[str] = []

    async def ask() -> None:
        from core import audit
        from core.db import Database

        db = Database(settings.database_url)
        await database.require_current(db)
        async with db.read() as session:
            violations = await audit.check(session)
        broken.extend(f"{one.name}: {one.sentence}: {', '.join(map(str, one.rows))}" for one in violations)
        await db.close()

    _run(ask())
    for line in broken:
        console.print(f"[red]{line}[/red]")
    if broken:
        raise typer.Exit(1)
    console.print("every invariant holds")


@app.command()
def train() -> None:
    """Train the recommender on the present ratings and store the model."""
    settings = _settings()

    async def learn() -> None:
        from bot.training import train as train_model
        from core.clock import SystemClock
        from core.db import Database

        db = Database(settings.database_url)
        await database.require_current(db)
        console.print(str(await train_model(db, SystemClock())))
        await db.close()

    _run(learn())


@app.command()
def evaluate(
    ratings: Annotated[Path | None, typer.Option(help="u.data, a :: file, or CSV with a header.")] = None,
    titles: Annotated[Path | None, typer.Option(help="u.item, movies.csv, a :: file, or CSV with a header.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(min=0, help="Decides folds, splits and samples.")] = 0,
    train_file: Annotated[Path | None, typer.Option("--train", help="Train on this file, with --test.")] = None,
    test_file: Annotated[Path | None, typer.Option("--test", help="Predict the rows of this file.")] = None,
    scale: Annotated[
        str | None, typer.Option(help="The scale of the ratings, e.g. 1:10, where it is not clear.")
    ] = None,
    rank: Annotated[bool, typer.Option("--rank", help="Lists: each user's rows split 80/20.")] = False,
    cold: Annotated[str, typer.Option(help="People with so few ratings, e.g. 0,1,5,10.")] = "",
    groups: Annotated[bool, typer.Option("--groups", help="Lists for groups of 2 to 6.")] = False,
    ties: Annotated[bool, typer.Option("--ties", help="Equal scores in a young database.")] = False,
    peers: Annotated[bool, typer.Option("--peers", help="Surprise, popularity and implicit in the same run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw a picture (PNG) there.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of numpy's linear algebra.")] = 1,
) -> None:
    """Measure the recommender on a file of ratings."""
    # Read when numpy is loaded, which is below.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), str(threads))
    from bot import evaluating
    from recommender.files import FileRefused, parse_scale
    from recommender.report import Questions

    source = train_file or ratings
    if source is None or (test_file is None) != (train_file is None):
        console.print("[red]Give --ratings FILE, or --train FILE with --test FILE.[/red]")
        raise typer.Exit(2)
    try:
        asked = Questions(
            folds=folds,
            seed=seed,
            rank=rank,
            cold=[int(size) for size in cold.split(",") if size],
            groups=groups,
            ties=ties,
            peers=peers,
        )
        on = parse_scale(scale) if scale else None
        found = evaluating.evaluate(source, titles, test_file, on, asked, Console(stderr=True))
    except (FileRefused, FileNotFoundError, ValueError) as error:
        console.print(f"[red]{error}[/red]")
        raise typer.Exit(2) from None
    if plot is not None:
        evaluating.draw(found, plot)
    if as_json:
        print(evaluating.as_json(found))
        return
    for table in evaluating.as_tables(found):
        console.print(table)


@app.command()
def bench(
    what: Annotated[
        Literal["product", "recommend"], typer.Argument(help="The product, or the recommender.")
    ] = "product",
    taps: Annotated[int, typer.Option(min=1, help="How many taps of all kinds.")] = 600,
    ledger_rows: Annotated[int, typer.Option(min=1, help="How large the audited books are.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    database_url: Annotated[str | None, typer.Option(envvar="DATABASE_URL", help="An empty database, too.")] = None,
    ratings: Annotated[int, typer.Option(min=1000, help="recommend: how many ratings to grow to.")] = 1_000_000,
    titles: Annotated[int, typer.Option(min=100, help="recommend: the titles of the largest catalogue.")] = 100_000,
) -> None:
    """Measure taps, recommendations and the audit, on databases of its own; or the recommender by itself."""
    set_up_logging("WARNING")
    if what == "recommend":
        _bench_recommending(ratings, titles, as_json=as_json)
        return

    async def measure() -> None:
        from bot import bench as speed

        rows = await speed.bench(speed.Sizes(taps=taps, ledger_rows=ledger_rows), database_url)
        console.print(speed.as_json(rows) if as_json else speed.as_table(rows), soft_wrap=as_json)

    _run(measure())


def _bench_recommending(ratings: int, titles: int, *, as_json: bool) -> None:
    from bot.bench import recommending

    folding = [recommending.measure_folding(size, 300) for size in sorted({min(10_000, titles), titles})]
    growth = [recommending.measure_growth(3_000, 10_000, 300_000, both_heads=True)]
    growth += [
        recommending.measure_growth(max(10, size * 7 // 1000), max(100, int(10.7 * (size / 10) ** 0.5)), size)
        for size in (100_000, 1_000_000, 10_000_000)
        if size <= ratings
    ]
    if as_json:
        print(recommending.as_json(folding, growth))
        return
    for table in recommending.as_tables(folding, growth):
        console.print(table)


@keys_app.command("new")
def keys_new(
    name: Annotated[str, typer.Argument(help="The key's name; an old ring is appended after a comma.")],
) -> None:
    """Print a new key for SEALING_KEYS."""
    console.print(f"{name}:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}", soft_wrap=True)


@payouts_app.command("export")
def payouts_export(
    by: By,
    out: Annotated[Path, typer.Option(help="The file to write; it must not exist.")],
    batch: Annotated[int | None, typer.Option(min=1, help="Write this batch once more.")] = None,
) -> None:
    """Write a CSV file of transfers to make: what hosts are owed, and one won to accounts that are to be verified."""
    _at_desk(by, lambda desk: desk.export(out, batch))


@payouts_app.command("confirm")
def payouts_confirm(
    file: Annotated[Path, typer.Argument(help="The exported file, its column `result` filled in: done or returned.")],
    by: By,
) -> None:
    """Book what the bank said of a whole batch; by another operator than the one who exported it."""
    _at_desk(by, lambda desk: desk.confirm(file))


@payouts_app.command("list")
def payouts_list() -> None:
    """Say what waits to be exported, and which batches wait to be confirmed."""
    from bot import desk

    console.print(_on_database(desk.listed), soft_wrap=True)


@bills_app.command("stuck")
def bills_stuck() -> None:
    """Say what around money waits longer than it should; exit 1 when something does."""
    from bot import desk
    from core.clock import SystemClock

    found = _on_database(lambda db: desk.stuck(db, SystemClock()))
    console.print("\n".join(found) or "nothing is stuck", soft_wrap=True)
    if found:
        raise typer.Exit(1)


@refunds_app.command("list")
def refunds_list() -> None:
    """Say which refunds wait for a transfer, and whom to ask for the account."""
    from bot import refund_desk

    console.print(_on_database(refund_desk.transfers), soft_wrap=True, markup=False)


@refunds_app.command("paid")
def refunds_paid(refund: Refund, by: By) -> None:
    """Book that you have transferred a refund."""
    from bot import refund_desk

    _at_desk(by, lambda desk: refund_desk.transferred(desk, refund))


@claims_app.command("list")
def claims_list() -> None:
    """Say which claims wait to be decided."""
    from bot import refund_desk

    console.print(_on_database(refund_desk.claims), soft_wrap=True)


@claims_app.command("uphold")
def claims_uphold(
    claim: Claim,
    by: By,
    works_since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which it worked again, if it did.")
    ] = None,
) -> None:
    """Agree that it did not work: the days without access go back."""
    from bot import refund_desk

    since = works_since.date() if works_since else None
    _at_desk(by, lambda desk: refund_desk.decide(desk, claim, upheld=True, works_since=since))


@claims_app.command("reject")
def claims_reject(claim: Claim, by: By) -> None:
    """Close a claim without a refund."""
    from bot import refund_desk

    _at_desk(by, lambda desk: refund_desk.decide(desk, claim, upheld=False))


@app.command()
def reconcile(
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day in Seoul on which people paid.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Hold a day's payments against Bootpay's receipts, changing nothing; exit 1 when they differ."""
    from bot import refund_desk
    from bot.app import bootpay_client
    from bot.desk import DeskRefused

    settings = _settings()

    async def compared(db: Database) -> Sequence[Compared]:
        bootpay = bootpay_client(settings)
        try:
            return await refund_desk.compare(db, bootpay, day.date())
        finally:
            await bootpay.close()

    try:
        found = _on_database(compared, settings)
    except DeskRefused as refused:
        console.print(f"[red]{escape(str(refused))}[/red]", soft_wrap=True)
        raise typer.Exit(refused.code) from None
    if as_json:
        console.print(refund_desk.as_json(day.date(), found), soft_wrap=True, markup=False)
    else:
        console.print(refund_desk.as_table(day.date(), found))
    if any(one.difference for one in found):
        raise typer.Exit(1)


@app.command()
def statement(
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], help="The month in Seoul.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show a month of the books: totals by account, which sum to zero, and what belongs to each party."""
    from bot import books
    from core.billing.statements import Month

    wanted = Month(month.date())
    house, parties = _on_database(lambda db: books.read_month(db, wanted))
    if as_json:
        console.print(books.as_json(wanted, house, parties), soft_wrap=True, markup=False)
        return
    for table in books.as_tables(wanted, house, parties):
        console.print(table)


def _at_desk(by: str, work: Callable[[Desk], Awaitable[str]]) -> None:
    """Let a listed operator do something and say what became of it."""
    from bot.desk import Desk, DeskRefused
    from core.clock import SystemClock

    settings = _settings()
    try:
        console.print(_on_database(lambda db: work(Desk(db, SystemClock(), settings, by)), settings), soft_wrap=True)
    except DeskRefused as refused:
        console.print(f"[red]{escape(str(refused))}[/red]", soft_wrap=True)
        raise typer.Exit(refused.code) from None


def _on_database(work: Callable[[Database], Awaitable[T]], settings: Settings | None = None) -> T:
    """Return what some work on the up-to-date database came to."""
    from core.db import Database

    settings = settings or _settings()
    results: list[T] = []

    async def on_it() -> None:
        db = Database(settings.database_url)
        try:
            await database.require_current(db)
            results.append(await work(db))
        finally:
            await db.close()

    _run(on_it())
    return results[0]


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema and the plan catalogue up to date."""
    settings = _settings()
    _run(database.upgrade(settings.database_url))
    console.print("the database is up to date")


@app.command()
def demo(
    check: Annotated[bool, typer.Option("--check", help="Play the main job over HTTP and end.")] = False,
    port: Annotated[int, typer.Option(help="The page's port; 0 takes a free one.")] = 8020,
    webhook: Annotated[bool, typer.Option(help="Deliver updates by webhook instead of polling.")] = False,
) -> None:
    """Show the whole product with stand-ins for Telegram and Bootpay."""
    set_up_logging("WARNING")

    async def show() -> None:
        from bot.demo import demo_running, invite_people
        from bot.sandbox.chats import Chats

        with console.status("TWO is getting ready ..."):
            stack = demo_running(port=port, webhook=webhook)
            running = await stack.__aenter__()
        try:
            async with Chats(running.telegram.url) as chats:
                await invite_people(running, chats)
            console.print(f"TWO demo: {running.telegram.url}\nCtrl+C ends it.")
            await _until_stopped(running.two)
        finally:
            await stack.__aexit__(None, None, None)

    if not check:
        _run(show())
        return
    from bot.walk import walk

    if not asyncio.run(walk(console.print, webhook=webhook)):
        raise typer.Exit(1)


if __name__ == "__main__":
    main()
