"""Which hosts are paid out now, and how much: all that is owed, once it is enough or nothing more will come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.billing.attempts import new_suffix
from core.billing.ledger import balance, post
from core.billing.tables import (
    Account,
    AccountState,
    Bill,
    BillState,
    LedgerEntry,
    Payout,
    PayoutAccount,
    PayoutState,
)
from core.parties import Party, PartyState, touch


async def due_payouts(session: AsyncSession, minimum_won: int) -> Sequence[int]:
    """Return the hosts to whom enough is owed, whose account is proven, and for whom nothing is under way.

    Enough is `minimum_won` while more will come, and then whatever is left.
    """
    owed = (
        select(LedgerEntry.person_id)
        .where(LedgerEntry.account == Account.PAYABLE)
        .group_by(LedgerEntry.person_id)
        .having(func.sum(LedgerEntry.amount_won) <= case((_more_comes(LedgerEntry.person_id), -minimum_won), else_=-1))
    )
    ready = select(PayoutAccount.person_id).where(
        PayoutAccount.current.is_(True), PayoutAccount.state == AccountState.VERIFIED
    )
    under_way = select(Payout.id).where(Payout.person_id == PayoutAccount.person_id, Payout.under_way.is_(True))
    due = ready.where(PayoutAccount.person_id.in_(owed), ~under_way.exists())
    return (await session.scalars(due.order_by(PayoutAccount.person_id))).all()


def _more_comes(person_id: int | InstrumentedAttribute[int | None]) -> ColumnElement[bool]:
    """Tell of a host whether a party of theirs is not over, or money of one is still held."""
    lasting = select(Party.id).where(
        Party.host_id == person_id, Party.state.not_in((PartyState.ENDED, PartyState.CANCELLED))
    )
    held = select(Bill.id).join(Party, Party.id == Bill.party_id)
    held = held.where(
        Party.host_id == person_id,
        Bill.released_at.is_(None),
        Bill.state.in_((BillState.PAID, BillState.PARTLY_REFUNDED)),
    )
    return lasting.exists() | held.exists()


async def plan_payout(
    session: AsyncSession,
    person_id: int,
    minimum_won: int,
    now: datetime,
    *,
    suffix: Callable[[], str] = new_suffix,
) -> Payout | None:
    """Plan to pay a host all that is owed to them; None when it is too little, or somebody else has just done it."""
    await lock_parties(session, person_id)
    owed = -await balance(session, Account.PAYABLE, person_id=person_id)
    account = await session.scalar(
        select(PayoutAccount)
        .where(PayoutAccount.person_id == person_id, PayoutAccount.current.is_(True))
        .with_for_update()
    )
    least = minimum_won if await session.scalar(select(_more_comes(person_id))) else 1
    if account is None or account.state is not AccountState.VERIFIED or owed < least:
        return None
    payout = Payout(
        person_id=person_id,
        account_id=account.id,
        amount_won=owed,
        payout_key=f"po_{person_id}_{suffix()}",
        state=PayoutState.PLANNED,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(payout)
    except IntegrityError:
        return None
    lines = {Account.PAYABLE: owed, Account.TRANSFER: -owed}
    post(session, f"payout-{payout.id}", lines, now, person_id=person_id)
    return payout


async def lock_parties(session: AsyncSession, person_id: int) -> None:
    """Lock every party of a host: no refund may take from a sum that is being counted."""
    hosted = select(Party.id).where(Party.host_id == person_id).order_by(Party.id)
    for party_id in (await session.scalars(hosted)).all():
        await touch(session, party_id)
