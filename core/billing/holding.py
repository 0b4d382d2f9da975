"""Whose a bill's money is: held for its period, then the host's, less what the operator and the provider keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.ledger import balance, post
from core.billing.limits import Limits
from core.billing.tables import UNFINISHED, Account, Bill, BillState, Refund
from core.dates import seoul_date
from core.db import changed
from core.outbox import notice
from core.parties import Party, lock_party
from core.parties.tables import Claim

PAID_FOR = (BillState.PAID, BillState.PARTLY_REFUNDED, BillState.REFUNDED)


def taken_back(bill: Bill, won: int) -> dict[Account, int]:
    """Return the debits of giving back `won` of a paid bill: from what is held, or once released from host and fee.

    The operator's fee goes back in the proportion of the refund, over all refunds of a bill exact to the won.
    """
    if bill.released_at is None:
        return {Account.HELD: won}
    fee = fee_back(bill, bill.refunded_won + won) - fee_back(bill, bill.refunded_won)
    return {Account.PAYABLE: won - fee, Account.FEE: fee}


def fee_back(bill: Bill, refunded_won: int) -> int:
    """Return how much of the operator's fee has gone back when so much of the bill has."""
    return bill.fee_won * refunded_won // bill.total_won


def released(bill: Bill, provider_fee_won: int) -> Mapping[Account, int]:
    """Return the lines by which what is left of a bill becomes its host's; `provider_fee_won` is what the host bears.

    The host is never charged for it more than the bill leaves.
    """
    left = bill.total_won - bill.refunded_won
    fee = bill.fee_won - fee_back(bill, bill.refunded_won)
    borne = min(provider_fee_won, left - fee)
    return {
        Account.HELD: left,
        Account.PAYABLE: -(left - fee - borne),
        Account.FEE: -fee,
        Account.PROVIDER_FEE: -borne,
    }


async def host_part(session: AsyncSession, bill: Bill, limits: Limits) -> int:
    """Return what a bill's release brings its host."""
    return -released(bill, await _borne(session, bill, limits))[Account.PAYABLE]


async def due_releases(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Return the parties with bills that are to be released."""
    return (await session.scalars(select(Bill.party_id).where(*_due(now)).distinct().order_by(Bill.party_id))).all()


async def release_due(session: AsyncSession, party_id: int, limits: Limits, now: datetime) -> int:
    """Release a party's bills whose period is served and about which nothing is open; returns the host's won."""
    party = await lock_party(session, party_id)
    due = select(Bill).where(Bill.party_id == party_id, *_due(now)).order_by(Bill.id).with_for_update()
    won = 0
    for bill in (await session.scalars(due)).all():
        won += await _release(session, party, bill, limits, now)
    if won:
        notice(session, now, party.host_id, "payouts.released", {"party": party_id, "won": won})
    return won


async def last_release(session: AsyncSession, membership_id: int) -> datetime | None:
    """Return when a bill of a stay was released last; behind the party's lock when something hangs on it."""
    return await session.scalar(select(func.max(Bill.released_at)).where(Bill.membership_id == membership_id))


async def _release(session: AsyncSession, party: Party, bill: Bill, limits: Limits, now: datetime) -> int:
    lines = released(bill, await _borne(session, bill, limits))
    once = update(Bill).where(Bill.id == bill.id, Bill.released_at.is_(None))
    if not await changed(session, once.values(released_at=now)) or not lines[Account.HELD]:
        return 0
    post(session, f"release-{bill.id}", lines, now, bill=bill, person_id=party.host_id)
    return -lines[Account.PAYABLE]


async def _borne(session: AsyncSession, bill: Bill, limits: Limits) -> int:
    if not limits.host_bears_provider_fee:
        return 0
    return await balance(session, Account.PROVIDER_FEE, bill_id=bill.id)


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Return what a bill must be to be released: paid, served, without a claim or a refund under way."""
    return (
        Bill.state.in_(PAID_FOR),
        Bill.released_at.is_(None),
        Bill.serves_until <= seoul_date(now),
        ~select(Claim.id).where(Claim.membership_id == Bill.membership_id, Claim.under_way.is_(True)).exists(),
        ~select(Refund.id)
        .where(Refund.bill_id == Bill.id, Refund.stray.is_(False), Refund.state.in_(UNFINISHED))
        .exists(),
    )
