"""Withdrawing: within seven days of the first payment a member may change their mind and is out at once."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Limits, void_open_bills
from core.billing.refund_rules import may_withdraw, withdrawal
from core.dates import seoul_date
from core.errors import BillBusy, Outdated
from core.flows.giving_back import BackPlan, access_given, first_paid_on, give_back, paid_bills
from core.outbox import notice
from core.parties import INSIDE, Membership, MembershipState, Role, free_seat, lock_party, membership_of


async def withdraw_preview(session: AsyncSession, party_id: int, person_id: int, now: datetime) -> BackPlan | None:
    """Say what withdrawing now would bring back; None when it is too late, or nothing would come."""
    return await _plan(session, await membership_of(session, party_id, person_id), now)


async def withdraw(
    session: AsyncSession, party_id: int, person_id: int, agreed_won: int, now: datetime, limits: Limits
) -> BackPlan:
    """Leave at once with the refund that was shown; Outdated when it has changed since, or when it is too late."""
    party = await lock_party(session, party_id)
    membership = await membership_of(session, party_id, person_id)
    plan = await _plan(session, membership, now)
    if plan is None or plan.back_won != agreed_won:
        raise Outdated(what="withdrawal", seen=agreed_won)
    if not await void_open_bills(session, membership.id, now):
        raise BillBusy(party=party_id)
    await give_back(session, plan.lines, "withdrawn", now, limits)
    await free_seat(session, membership.id, membership.state, MembershipState.LEFT, now)
    news = {"person": person_id, "party": party_id, "on": seoul_date(now).isoformat(), "at_once": True}
    notice(session, now, party.host_id, "parties.member_leaves", news)
    return plan


async def _plan(session: AsyncSession, membership: Membership, now: datetime) -> BackPlan | None:
    today, paid_on = seoul_date(now), await first_paid_on(session, membership.id)
    if membership.role is Role.HOST or membership.state not in INSIDE or paid_on is None:
        return None
    if not may_withdraw(paid_on, today):
        return None
    given = await access_given(session, membership.id)
    lines = withdrawal(await paid_bills(session, membership.id), today, access_given=given)
    return BackPlan(lines) if lines else None
