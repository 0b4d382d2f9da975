"""What happened with a bill, for an operator who has to say: as tables, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from rich.table import Column, Table
from rich.text import Text

from bot.desk import UNUSABLE, DeskRefused
from core.billing.history import Entry, Fact, History, Of, bill_history
from core.dates import SEOUL
from core.db import Database
from core.errors import NotFound


async def read_story(db: Database, bill_id: int) -> History:
    """Read everything that is known of a bill."""
    try:
        async with db.read() as session:
            return await bill_history(session, bill_id)
    except NotFound:
        raise DeskRefused(f"there is no bill {bill_id}", UNUSABLE) from None


def as_tables(story: History) -> Sequence[Table]:
    """Return the bill, how its amount came about, where its money stands, and what happened, the oldest first."""
    about = Table("bill", str(story.explained.card.bill.id))
    for name, value in _about(story).items():
        about.add_row(name, Text(f"{value:,}" if isinstance(value, int) and name.endswith("_won") else str(value)))
    lines = Table("how it came about", Column("won", justify="right"))
    for step in story.explained.lines:
        lines.add_row(str(step.step), f"{step.won:,}")
    lines.add_row("to pay", f"{story.explained.card.bill.amount_won:,}", style="bold")
    money = Table("in the books (a payout is its host's)", Column("won", justify="right"))
    for account, won in story.balances.items():
        money.add_row(str(account), f"{won:,}")
    fixed = (Column(name, no_wrap=True) for name in ("Seoul", "about", "what"))
    happened = Table(*fixed, Column("won", justify="right", no_wrap=True), "more", title="what happened")
    for entry in story.entries:
        row, more = Text(f"{entry.of} {entry.row}"), Text(", ".join(_facts(entry)))
        amount = "" if entry.won is None else f"{entry.won:,}"
        happened.add_row(_moment(entry.at), row, Text(entry.what), amount, more)
    return about, lines, money, happened


def as_json(story: History) -> str:
    """Return the same as one JSON document; instants are in UTC."""
    told = {
        **_about(story),
        "lines": [{"step": str(line.step), "won": line.won} for line in story.explained.lines],
        "balances": {str(account): won for account, won in story.balances.items()},
        "happened": [_entry(entry) for entry in story.entries],
    }
    return json.dumps({"bill": story.explained.card.bill.id, **told}, ensure_ascii=False, indent=2)


def _about(story: History) -> Mapping[str, str | int]:
    card = story.explained.card
    bill = card.bill
    return {
        "state": str(bill.state),
        "party": card.party.id,
        "plan": card.plan.slug,
        "membership": card.membership.id,
        "membership_state": str(card.membership.state),
        "person": bill.person_id,
        "nickname": story.payer.nickname or "",
        "host": card.party.host_id,
        "serves_from": bill.serves_from.isoformat(),
        "serves_until": bill.serves_until.isoformat(),
        "days": bill.days,
        "due_on": bill.due_on.isoformat(),
        "amount_won": bill.amount_won,
        "credit_won": bill.credit_won,
        "refunded_won": bill.refunded_won,
    }


def _facts(entry: Entry) -> Sequence[str]:
    if entry.of is Of.LEDGER:
        return [f"{account} {won:+,}" for account, won in entry.facts.items()]
    return [f"{name} {_told(fact)}" for name, fact in entry.facts.items()]


def _told(fact: Fact) -> str:
    return _moment(fact) if isinstance(fact, datetime) else str(fact)


def _moment(at: datetime) -> str:
    return at.astimezone(SEOUL).replace(tzinfo=None).isoformat(" ", "seconds")


def _entry(entry: Entry) -> Mapping[str, object]:
    facts = {name: fact.isoformat() if isinstance(fact, datetime) else fact for name, fact in entry.facts.items()}
    return {
        "at": entry.at.isoformat(),
        "about": str(entry.of),
        "row": entry.row,
        "what": entry.what,
        "won": entry.won,
        "facts": facts,
    }
