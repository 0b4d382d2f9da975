"""Calling a party off before it starts: every seat free, every bill void, everything paid goes back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Limits, void_open_bills
from core.billing.refund_rules import everything, won_of
from core.errors import BillBusy, Outdated, PartyClosed
from core.flows.giving_back import give_back, paid_bills
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


async def cancel_party(session: AsyncSession, party_id: int, host_id: int, now: datetime, limits: Limits) -> int:
    """Cancel a recruiting party as its host; returns the won that go back. PartyClosed when that has happened before.

    BillBusy while somebody's payment is being approved: a minute later it is either paid, and goes back, or not.
    """
    party = await hosted_party(session, party_id, host_id)
    party = await lock_party(session, party.id)
    if party.state is PartyState.CANCELLED:
        raise PartyClosed(party=party.id, why="cancelled")
    if party.state is not PartyState.RECRUITING:
        raise Outdated(what="party", state=str(party.state))
    return await call_off(session, party, "host_cancelled", now, limits)


async def call_off(session: AsyncSession, party: Party, reason: str, now: datetime, limits: Limits) -> int:
    """Cancel a party that has not started; the caller holds its lock."""
    members = await seated(session, party.id)
    for member in members:
        if not await void_open_bills(session, member.id, now):
            raise BillBusy(party=party.id)
    back = 0
    for member in members:
        lines = everything(await paid_bills(session, member.id))
        await give_back(session, lines, reason, now, limits)
        back += won_of(lines)
        never_paid = member.state in (MembershipState.OFFERED, MembershipState.RESERVED)
        ended = MembershipState.DECLINED if never_paid else MembershipState.REMOVED
        await free_seat(session, member.id, member.state, ended, now)
        if member.role is not Role.HOST:
            news = {"party": party.id, "won": won_of(lines), "reason": reason}
            notice(session, now, member.person_id, "parties.cancelled", news)
    await move_party(session, party.id, PartyState.RECRUITING, PartyState.CANCELLED, ended_at=now)
    return back
