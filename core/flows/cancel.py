"""Calling a party off before it starts: every seat free, every bill void, everything paid goes back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Bill, BillState, plan_refund, void_open_bills
from core.errors import BillBusy, Outdated, PartyClosed
from core.outbox import notice
from core.parties import (
    MembershipState,
    Party,
    PartyState,
    Role,
    free_seat,
    hosted_party,
    lock_party,
    move_party,
    seated,
)


async def cancel_party(session: AsyncSession, party_id: int, host_id: int, now: datetime) -> int:
    """Cancel a recruiting party as its host; returns the won that go back. PartyClosed when that has happened before.

    BillBusy while somebody's payment is being approved: a minute later it is either paid, and goes back, or not.
    """
    party = await hosted_party(session, party_id, host_id)
    party = await lock_party(session, party.id)
    if party.state is PartyState.CANCELLED:
        raise PartyClosed(party=party.id, why="cancelled")
    if party.state is not PartyState.RECRUITING:
        raise Outdated(what="party", state=str(party.state))
    return await call_off(session, party, "host_cancelled", now)


async def call_off(session: AsyncSession, party: Party, reason: str, now: datetime) -> int:
    """Cancel a party that has not started; the caller holds its lock."""
    members = await seated(session, party.id)
    for member in members:
        if not await void_open_bills(session, member.id, now):
            raise BillBusy(party=party.id)
    back = 0
    for member in members:
        back_to_member = await give_everything_back(session, member.id, reason, now)
        back += back_to_member
        ended = MembershipState.DECLINED if member.state is MembershipState.RESERVED else MembershipState.REMOVED
        await free_seat(session, member.id, member.state, ended, now)
        if member.role is not Role.HOST:
            news = {"party": party.id, "won": back_to_member, "reason": reason}
            notice(session, now, member.person_id, "parties.cancelled", news)
    await move_party(session, party.id, PartyState.RECRUITING, PartyState.CANCELLED, ended_at=now)
    return back


async def give_everything_back(session: AsyncSession, membership_id: int, reason: str, now: datetime) -> int:
    """Plan the refund of every paid bill of a member in full; returns the sum in won."""
    paid = await session.scalars(select(Bill).where(Bill.membership_id == membership_id, Bill.state == BillState.PAID))
    back = 0
    for bill in paid.all():
        await plan_refund(session, bill, bill.amount_won, reason, now)
        back += bill.amount_won
    return back
