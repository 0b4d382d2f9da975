"""The books: every money event is two or more lines that sum to zero; lines are added and never changed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.tables import Account, Bill, LedgerEntry

# Accounts that are somebody's: their lines name the person.
PERSONAL = (Account.PAYABLE, Account.TRANSFER, Account.CREDIT)


def post(
    session: AsyncSession,
    event: str,
    lines: Mapping[Account, int],
    now: datetime,
    *,
    bill: Bill | None = None,
    person_id: int | Mapping[Account, int] | None = None,
) -> None:
    """Book an event: signed won by account (a debit is positive), which sum to zero; zeros are left out.

    The event's name is its key, so that it is booked once. `person_id` is whose the personal accounts' lines are: one
    person's, or each account's own.
    """
    moved = {account: won for account, won in lines.items() if won}
    if not moved or sum(moved.values()) != 0:
        raise ValueError(f"{event}: the lines of an event sum to zero, not {dict(lines)}")
    whose = person_id if isinstance(person_id, Mapping) else dict.fromkeys(PERSONAL, person_id)
    if any(whose.get(account) is None for account in moved if account in PERSONAL):
        raise ValueError(f"{event}: nobody is named whose account it is")
    for line, (account, won) in enumerate(moved.items(), start=1):
        session.add(
            LedgerEntry(
                event=event,
                line=line,
                account=account,
                amount_won=won,
                party_id=bill and bill.party_id,
                bill_id=bill and bill.id,
                person_id=whose[account] if account in PERSONAL else None,
                at=now,
            )
        )


async def balance(
    session: AsyncSession,
    account: Account,
    *,
    party_id: int | None = None,
    person_id: int | None = None,
    bill_id: int | None = None,
) -> int:
    """Return an account's balance in won, of one party, person or bill or of all; what we owe is negative."""
    query = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(LedgerEntry.account == account)
    for column, wanted in (
        (LedgerEntry.party_id, party_id),
        (LedgerEntry.person_id, person_id),
        (LedgerEntry.bill_id, bill_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return int(await session.scalar(query) or 0)


def provider_fee(net_won: int, basis_points: int) -> int:
    """Return what Bootpay keeps of a payment of which `net_won` stayed, rounded down to the won."""
    return net_won * basis_points // 10_000
