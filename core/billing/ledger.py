"""The books: every money event is two or more lines that sum to zero; lines are added and never changed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.tables import Account, Bill, LedgerEntry


def book(
    session: AsyncSession, event: str, bill: Bill, amount_won: int, *, debit: Account, credit: Account, now: datetime
) -> None:
    """Book an amount from one account to another; the event's name is its key, so that it is booked once."""
    if amount_won <= 0:
        raise ValueError(f"{event}: an event moves a positive amount, not {amount_won}")
    for line, (account, signed) in enumerate(((debit, amount_won), (credit, -amount_won)), start=1):
        session.add(
            LedgerEntry(
                event=event,
                line=line,
                account=account,
                amount_won=signed,
                party_id=bill.party_id,
                bill_id=bill.id,
                at=now,
            )
        )


async def balance(session: AsyncSession, account: Account, *, party_id: int | None = None) -> int:
    """Return an account's balance in won, of one party or of all; what we hold for others is negative."""
    query = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(LedgerEntry.account == account)
    if party_id is not None:
        query = query.where(LedgerEntry.party_id == party_id)
    return int(await session.scalar(query) or 0)
