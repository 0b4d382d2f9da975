"""A month of the books for operators, as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.table import Column, Table

from core.billing.statements import Month, Totals, house_statement
from core.billing.tables import Account
from core.db import Database

_NAMED = ("paid", "refunded", "released", "paid_out")


async def read_month(db: Database, month: Month) -> tuple[Totals, Sequence[Totals]]:
    """Read a month of the books."""
    async with db.read() as session:
        return await house_statement(session, month)


def as_json(month: Month, house: Totals, parties: Sequence[Totals]) -> str:
    """Return a month as one JSON document, in won."""
    told = {"month": str(month), "house": _plain(house), "parties": [_plain(one) for one in parties]}
    return json.dumps(told, ensure_ascii=False, indent=2)


def _plain(totals: Totals) -> dict[str, object]:
    named = {name: getattr(totals, name) for name in _NAMED}
    accounts = {str(account): won for account, won in totals.accounts.items()}
    whose = {} if totals.party_id is None else {"party": totals.party_id}
    return {**whose, **named, "accounts": accounts, "sum": sum(totals.accounts.values())}


def as_tables(month: Month, house: Totals, parties: Sequence[Totals]) -> Sequence[Table]:
    """Return the accounts of a month with their sum, and a line for each party."""
    accounts = Table("account", Column("won", justify="right"), title=f"{month}: what moved")
    for account, won in house.accounts.items():
        accounts.add_row(str(account), f"{won:,}")
    accounts.add_row("sum", f"{sum(house.accounts.values()):,}", style="bold")
    named = ("party", "paid", "refunded", "released", "paid out", "held", "fee", "provider's fee")
    by_party = Table(*(Column(name, justify="right", no_wrap=True) for name in named))
    for one in [*parties, house]:
        fees = [-one.accounts[Account.FEE], one.accounts[Account.PROVIDER_FEE]]
        cells = [one.paid, one.refunded, one.released, one.paid_out, -one.accounts[Account.HELD], *fees]
        name = "all" if one.party_id is None else str(one.party_id)
        by_party.add_row(name, *(f"{won:,}" for won in cells))
    return accounts, by_party
