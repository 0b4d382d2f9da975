"""Commands for those who look after the money: whether the books are right, payouts, refunds, claims, statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from bot.cli.calling import By, at_desk, console, on_database, print_table, read_settings, row_number, say_no

if TYPE_CHECKING:
    from core.billing import Compared
    from core.db import Database

payouts_app = typer.Typer(no_args_is_help=True, help="Money to hosts: two operators export and confirm it.")
bills_app = typer.Typer(no_args_is_help=True, help="Bills and what hinders them.")
refunds_app = typer.Typer(no_args_is_help=True, help="Refunds that an operator transfers.")
claims_app = typer.Typer(no_args_is_help=True, help="Members who say that it does not work.")
Refund = Annotated[int, typer.Argument(callback=row_number, help="The refund's number, as the list shows it.")]
Claim = Annotated[int, typer.Argument(callback=row_number, help="The claim's number, as the list shows it.")]
FIRST_YEAR, LAST_YEAR = 2020, 2099


def _of_our_time(day: datetime | None) -> datetime | None:
    """Return a day or month of which there can be books; a usage error for another one."""
    if day is not None and not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise typer.BadParameter(f"there are books of the years {FIRST_YEAR} to {LAST_YEAR}")
    return day


def check() -> None:
    """Ask every invariant of money and seats; exit 1 when one is broken."""
    from core import audit

    async def asked(db: Database) -> Sequence[audit.Violation]:
        async with db.read() as session:
            return await audit.check(session)

    violations = on_database(asked)
    for one in violations:
        rows = ", ".join(map(str, one.rows))
        console.print(f"[red]{escape(f'{one.name}: {one.sentence}: {rows}')}[/red]", soft_wrap=True)
    if violations:
        raise typer.Exit(1)
    console.print("every invariant holds")


def reconcile(
    day: Annotated[
        datetime,
        typer.Option(formats=["%Y-%m-%d"], callback=_of_our_time, help="The day in Seoul on which people paid."),
    ],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Hold a day's payments against Bootpay's receipts, changing nothing; exit 1 when they differ."""
    from bot import refund_desk
    from bot.app import bootpay_client
    from bot.desk import DeskRefused

    settings = read_settings()

    async def compared(db: Database) -> Sequence[Compared]:
        bootpay = bootpay_client(settings)
        try:
            return await refund_desk.compare(db, bootpay, day.date())
        finally:
            await bootpay.close()

    try:
        found = on_database(compared, settings)
    except DeskRefused as refused:
        say_no(refused)
    if as_json:
        console.print(refund_desk.as_json(day.date(), found), soft_wrap=True, markup=False)
    else:
        print_table(refund_desk.as_table(day.date(), found))
    if any(one.difference for one in found):
        raise typer.Exit(1)


def statement(
    month: Annotated[datetime, typer.Option(formats=["%Y-%m"], callback=_of_our_time, help="The month in Seoul.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Show a month of the books: totals by account, which sum to zero, and what belongs to each party."""
    from bot import books
    from core.billing.statements import Month

    wanted = Month(month.date())
    house, parties = on_database(lambda db: books.read_month(db, wanted))
    if as_json:
        console.print(books.as_json(wanted, house, parties), soft_wrap=True, markup=False)
        return
    for table in books.as_tables(wanted, house, parties):
        print_table(table)


@payouts_app.command("export")
def payouts_export(
    by: By,
    out: Annotated[Path, typer.Option(help="The file to write; it must not exist.")],
    batch: Annotated[int | None, typer.Option(callback=row_number, help="Write this batch once more.")] = None,
) -> None:
    """Write a CSV file of transfers to make: what hosts are owed, and one won to accounts that are to be verified."""
    at_desk(by, lambda desk: desk.export(out, batch))


@payouts_app.command("confirm")
def payouts_confirm(
    file: Annotated[Path, typer.Argument(help="The exported file, its column `result` filled in: done or returned.")],
    by: By,
) -> None:
    """Book what the bank said of a whole batch; by another operator than the one who exported it."""
    at_desk(by, lambda desk: desk.confirm(file))


@payouts_app.command("returned")
def payouts_returned(
    key: Annotated[str, typer.Argument(help="The transfer's key, as its file had it.")], by: By
) -> None:
    """Book that the bank sent a payout back after it was confirmed as done; it is owed to its host again."""
    at_desk(by, lambda desk: desk.returned(key))


@payouts_app.command("list")
def payouts_list() -> None:
    """Say what waits to be exported, and which batches wait to be confirmed."""
    from bot import desk

    console.print(on_database(desk.listed), soft_wrap=True, markup=False)


@bills_app.command("stuck")
def bills_stuck() -> None:
    """Say what around money waits longer than it should; exit 1 when something does."""
    from bot import desk
    from core.clock import SystemClock

    found = on_database(lambda db: desk.stuck(db, SystemClock()))
    console.print("\n".join(found) or "nothing is stuck", soft_wrap=True, markup=False)
    if found:
        raise typer.Exit(1)


@bills_app.command("show")
def bills_show(
    bill: Annotated[int, typer.Argument(callback=row_number, help="The bill's number.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
) -> None:
    """Say what happened with a bill: its lines, payments, refunds, release, payout and bookings in order of time."""
    from bot import bill_story
    from bot.desk import DeskRefused

    try:
        story = on_database(lambda db: bill_story.read_story(db, bill))
    except DeskRefused as refused:
        say_no(refused)
    if as_json:
        console.print(bill_story.as_json(story), soft_wrap=True, markup=False)
        return
    for table in bill_story.as_tables(story):
        print_table(table)


@bills_app.command("drop")
def bills_drop(
    attempt: Annotated[
        int, typer.Argument(callback=row_number, help="The attempt's number, as `two bills stuck` shows it.")
    ],
    by: By,
) -> None:
    """End a payment of which Bootpay tells nothing any more, after you have looked in its console."""
    from bot import refund_desk

    at_desk(by, lambda desk: refund_desk.payment_given_up(desk, attempt))


@refunds_app.command("list")
def refunds_list() -> None:
    """Say which refunds wait for a transfer, and whom to ask for the account."""
    from bot import refund_desk

    console.print(on_database(refund_desk.transfers), soft_wrap=True, markup=False)


@refunds_app.command("paid")
def refunds_paid(refund: Refund, by: By) -> None:
    """Book that you have transferred a refund."""
    from bot import refund_desk

    at_desk(by, lambda desk: refund_desk.transferred(desk, refund))


@refunds_app.command("drop")
def refunds_drop(
    refund: Annotated[
        int, typer.Argument(callback=row_number, help="The refund's number, as `two bills stuck` shows it.")
    ],
    by: By,
) -> None:
    """Transfer by hand a refund of which Bootpay tells nothing any more, after you have looked in its console."""
    from bot import refund_desk

    at_desk(by, lambda desk: refund_desk.refund_given_up(desk, refund))


@claims_app.command("list")
def claims_list() -> None:
    """Say which claims wait to be decided."""
    from bot import refund_desk

    console.print(on_database(refund_desk.claims), soft_wrap=True, markup=False)


@claims_app.command("uphold")
def claims_uphold(
    claim: Claim,
    by: By,
    works_since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day on which it worked again, if it did.")
    ] = None,
    only_look: Annotated[bool, typer.Option("--look", help="Only say what would go back; decide nothing.")] = False,
) -> None:
    """Agree that it did not work: the days without access go back."""
    from bot import refund_desk

    since = works_since.date() if works_since else None
    if only_look:
        at_desk(by, lambda desk: refund_desk.look(desk, claim, works_since=since))
        return
    at_desk(by, lambda desk: refund_desk.decide(desk, claim, upheld=True, works_since=since))


@claims_app.command("reject")
def claims_reject(claim: Claim, by: By) -> None:
    """Close a claim without a refund."""
    from bot import refund_desk

    at_desk(by, lambda desk: refund_desk.decide(desk, claim, upheld=False))
