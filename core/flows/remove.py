"""Removing a member: they are out at once, and the days they have paid for from tomorrow on come back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Limits, void_open_bills
from core.billing.refund_rules import removal
from core.dates import seoul_date
from core.errors import BillBusy, NotFound, Outdated
from core.flows.giving_back import BackPlan, give_back, paid_bills
from core.outbox import notice
from core.parties import (
    MEMBERSHIP_MOVES,
    Membership,
    MembershipState,
    Role,
    free_seat,
    hosted_party,
    lock_party,
)


async def remove_preview(session: AsyncSession, membership_id: int, host_id: int, now: datetime) -> BackPlan:
    """Say what removing a member would give back to them; changes nothing."""
    return await _plan(session, await _member(session, membership_id, host_id), now)


async def remove_member(
    session: AsyncSession, membership_id: int, host_id: int, now: datetime, limits: Limits
) -> BackPlan:
    """Remove a paid member as their host; BillBusy while a payment of theirs is being approved."""
    await lock_party(session, (await _member(session, membership_id, host_id)).party_id)
    membership = await _member(session, membership_id, host_id)
    plan = await _plan(session, membership, now)
    if not await void_open_bills(session, membership_id, now):
        raise BillBusy(party=membership.party_id)
    await give_back(session, plan.lines, "removed", now, limits)
    await free_seat(session, membership_id, membership.state, MembershipState.REMOVED, now)
    news = {"party": membership.party_id, "won": plan.back_won}
    notice(session, now, membership.person_id, "parties.removed", news)
    return plan


async def _member(session: AsyncSession, membership_id: int, host_id: int) -> Membership:
    membership = await session.get(Membership, membership_id, populate_existing=True)
    if membership is None or membership.role is Role.HOST:
        raise NotFound(what="member", id=membership_id)
    await hosted_party(session, membership.party_id, host_id)
    if MembershipState.REMOVED not in MEMBERSHIP_MOVES.get(membership.state, set()):
        raise Outdated(what="member", state=str(membership.state))
    return membership


async def _plan(session: AsyncSession, membership: Membership, now: datetime) -> BackPlan:
    return BackPlan(removal(await paid_bills(session, membership.id), seoul_date(now)))
