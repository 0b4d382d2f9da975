"""Leaving: at the end of what is paid; before the first day everything comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Bill, Limits, Refund, reopen_bills, void_open_bills
from core.billing.refund_rules import Line, everything, won_of
from core.dates import seoul_date
from core.errors import BillBusy, InvalidInput, Outdated, PartyClosed
from core.flows.asking_prices import ask_again
from core.flows.giving_back import give_back, paid_bills
from core.outbox import notice
from core.parties import (
    Membership,
    MembershipState,
    Party,
    PartyState,
    Role,
    free_seat,
    lock_party,
    membership_of,
    move,
    refused_price,
)


@dataclass(frozen=True)
class LeavePlan:
    """What leaving now would mean: the first day without a seat, and what comes back."""

    leaves_on: date
    at_once: bool
    lines: Sequence[Line]

    @property
    def back_won(self) -> int:
        """Return the sum of the lines."""
        return won_of(self.lines)


async def leave_preview(session: AsyncSession, party_id: int, person_id: int, now: datetime) -> LeavePlan:
    """Say what leaving means before it is confirmed; changes nothing."""
    membership = await _member(session, party_id, person_id)
    return await _plan(session, membership, now)


async def leave_party(
    session: AsyncSession,
    party_id: int,
    person_id: int,
    now: datetime,
    limits: Limits,
    *,
    agreed_won: int | None = None,
) -> LeavePlan:
    """Leave: open bills become void, months that have not begun are paid back, the seat stays until the paid end.

    Outdated when not `agreed_won`, which the member was shown, would come back: a month has begun since.
    """
    party = await lock_party(session, party_id)
    membership = await _member(session, party_id, person_id)
    plan = await _plan(session, membership, now)
    if agreed_won not in (None, plan.back_won):
        raise Outdated(what="amount", seen=agreed_won, now=plan.back_won)
    if not await void_open_bills(session, membership.id, now):
        raise BillBusy(party=party_id)
    await give_back(session, plan.lines, "left", now, limits)
    await move(session, membership.id, membership.state, MembershipState.LEAVING, leaves_on=plan.leaves_on)
    if plan.at_once:
        await free_seat(session, membership.id, MembershipState.LEAVING, MembershipState.LEFT, now)
    news = {"person": person_id, "party": party_id, "on": plan.leaves_on.isoformat(), "at_once": plan.at_once}
    notice(session, now, party.host_id, "parties.member_leaves", news)
    return plan


async def stay_after_all(session: AsyncSession, party_id: int, person_id: int, now: datetime) -> None:
    """Take a leave back while the seat is still one's own; a bill that it made void is open again.

    Outdated when the coming month is on its way back already: that stay ends, and the seat can be joined anew.
    """
    party = await lock_party(session, party_id)
    if party.state is PartyState.ENDING:
        raise PartyClosed(party=party_id, why="ending")
    membership = await membership_of(session, party_id, person_id)
    if membership.state is not MembershipState.LEAVING or membership.leaves_on is None:
        raise Outdated(what="leave")
    if await refused_price(session, membership.id) is not None:
        raise Outdated(what="price_refused")
    coming = select(Bill.id).where(Bill.membership_id == membership.id, Bill.serves_from >= membership.leaves_on)
    if await session.scalar(select(Refund.id).where(Refund.bill_id.in_(coming)).limit(1)) is not None:
        raise Outdated(what="stay")
    await reopen_bills(session, membership.id, membership.leaves_on, now)
    await move(session, membership.id, MembershipState.LEAVING, MembershipState.ACTIVE, leaves_on=None)
    await ask_again(session, membership, now)


async def due_leavings(session: AsyncSession, now: datetime) -> Sequence[tuple[int, int]]:
    """Return (membership, party) of members whose paid time is over."""
    rows = await session.execute(
        select(Membership.id, Membership.party_id).where(
            Membership.state == MembershipState.LEAVING, Membership.leaves_on <= seoul_date(now)
        )
    )
    return [(membership_id, party_id) for membership_id, party_id in rows]


async def close_leavings(session: AsyncSession, membership_id: int, party_id: int, now: datetime) -> bool:
    """Free the seat of a member whose paid time is over; what they never paid is void with it."""
    await lock_party(session, party_id)
    membership = await session.get_one(Membership, membership_id, populate_existing=True)
    over = membership.leaves_on is not None and membership.leaves_on <= seoul_date(now)
    if membership.state is not MembershipState.LEAVING or not over:
        return False  # they stay after all
    if not await void_open_bills(session, membership_id, now):
        return False
    await free_seat(session, membership_id, MembershipState.LEAVING, MembershipState.LEFT, now)
    notice(session, now, membership.person_id, "parties.left", {"party": party_id})
    return True


async def _member(session: AsyncSession, party_id: int, person_id: int) -> Membership:
    membership = await membership_of(session, party_id, person_id)
    if membership.role is Role.HOST:
        raise InvalidInput(field="leave", rule="host")
    if membership.state not in (MembershipState.ACTIVE, MembershipState.SUSPENDED):
        raise Outdated(what="leave")
    return membership


async def _plan(session: AsyncSession, membership: Membership, now: datetime) -> LeavePlan:
    today = seoul_date(now)
    party = await session.get_one(Party, membership.party_id)
    paid = await paid_bills(session, membership.id)
    not_begun = today < party.starts_on or party.state is PartyState.RECRUITING
    begun = [] if not_begun else [bill for bill in paid if bill.period.starts_on <= today]
    leaves_on = max([today, *(bill.period.ends_on for bill in begun)])
    return LeavePlan(leaves_on, leaves_on <= today, everything(bill for bill in paid if bill not in begun))
