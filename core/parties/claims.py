"""Claims: a member says that access does not work; while one is open, their money stays held."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.dates import Period
from core.db import changed
from core.errors import NotFound, Outdated
from core.parties.tables import CLAIM_MOVES, Claim, ClaimState, Membership


async def claim_under_way(session: AsyncSession, membership_id: int) -> Claim | None:
    """Return the claim of a stay that nobody has decided yet: nothing of its money is released meanwhile."""
    return await session.scalar(select(Claim).where(Claim.membership_id == membership_id, Claim.under_way.is_(True)))


async def claims_under_way(session: AsyncSession) -> Sequence[Claim]:
    """Return every claim that nobody has decided yet, oldest first."""
    return (await session.scalars(select(Claim).where(Claim.under_way.is_(True)).order_by(Claim.id))).all()


async def get_claim(session: AsyncSession, claim_id: int) -> Claim:
    """Return a claim; NotFound when there is none of this id."""
    claim = await session.get(Claim, claim_id, populate_existing=True)
    if claim is None:
        raise NotFound(what="claim", id=claim_id)
    return claim


async def new_claim(session: AsyncSession, membership: Membership, broken_since: date, now: datetime) -> Claim:
    """Write a claim down; Outdated when one of this stay is under way."""
    claim = Claim(
        party_id=membership.party_id,
        membership_id=membership.id,
        state=ClaimState.OPEN,
        broken_since=broken_since,
        opened_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(claim)
    except IntegrityError:
        raise Outdated(what="claim", membership=membership.id) from None
    return claim


async def move_claim(session: AsyncSession, claim_id: int, after: ClaimState, **values: object) -> None:
    """Move a claim to a state; Outdated when it may not go there from where it is."""
    before = [state for state, afters in CLAIM_MOVES.items() if after in afters]
    guarded = update(Claim).where(Claim.id == claim_id, Claim.state.in_(before))
    if not await changed(session, guarded.values(state=after, **values)):
        raise Outdated(what="claim", id=claim_id)


async def rejected_at(session: AsyncSession, membership_id: int) -> datetime | None:
    """Return when a claim of this stay was rejected last: what lies before that has been decided."""
    return await session.scalar(
        select(func.max(Claim.closed_at)).where(
            Claim.membership_id == membership_id, Claim.state == ClaimState.REJECTED
        )
    )


async def broken_periods(session: AsyncSession, membership_id: int) -> Sequence[Period]:
    """Return the days of a stay on which, as upheld claims say, it did not work."""
    rows = await session.execute(
        select(Claim.broken_since, Claim.broken_until).where(
            Claim.membership_id == membership_id, Claim.state == ClaimState.UPHELD
        )
    )
    return [Period(since, until) for since, until in rows if until is not None]
