"""A month's money as a file, and the choice of the month."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.csv_files import as_csv
from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from core.billing.statements import Event, Month
from core.dates import SEOUL

COLUMNS = ("date", "party", "period", "what", "won", "receipt")


def choose(say: Speech, months: Sequence[Month]) -> Screen:
    """Ask for the month; only those with something to tell."""
    if not months:
        return Screen(say("statement.nothing"))
    buttons = [Button(say.plain("statement.month", month=_name(say, month)), data=f"month:{month}") for month in months]
    return Screen(say("statement.choose"), rows=[buttons[i : i + 3] for i in range(0, len(buttons), 3)])


def _name(say: Speech, month: Month) -> str:
    return say.plain("statement.name", year=month.first.year, month=month.first.month)


def ready(say: Speech, month: Month, events: Sequence[Event]) -> Screen:
    """The file of a month."""
    columns = [say.plain(f"statement.column_{name}") for name in COLUMNS]
    content = as_csv(columns, [_row(say, event) for event in events])
    total = sum(event.won for event in events)
    text = say("statement.ready", month=_name(say, month), n=len(events), total=say.won(total))
    return Screen(text, document=(f"TWO-{month}.csv", content))


def _row(say: Speech, event: Event) -> Sequence[object]:
    card = event.card
    period = ""
    if card is not None:
        bill = card.bill
        period = f"{bill.serves_from.isoformat()} ~ {(bill.serves_until - timedelta(days=1)).isoformat()}"
    return (
        f"{event.at.astimezone(SEOUL):%Y-%m-%d %H:%M}",
        full_name(say, card.service, card.plan) if card else "",
        period,
        say.plain(f"statement.what_{event.what}"),
        event.won,
        event.receipt_url or "",
    )
