"""A party's first day: it starts, or it is called off when too few people came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Limits
from core.dates import seoul_date
from core.errors import BillBusy
from core.flows.cancel import call_off
from core.outbox import notice
from core.parties import Party, PartyState, enough_members, lock_party, start_party


async def recruiting_parties(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Return the parties whose first day has come and that have not started."""
    today = seoul_date(now)
    query = select(Party.id).where(Party.state == PartyState.RECRUITING, Party.starts_on <= today)
    return (await session.scalars(query.order_by(Party.id))).all()


async def start_or_cancel_due(session: AsyncSession, party_id: int, now: datetime, limits: Limits) -> PartyState | None:
    """Start a party whose day has come, or call it off when its time to find members is over; None: it waits on."""
    party = await session.get_one(Party, party_id)
    if party.state is not PartyState.RECRUITING or party.starts_on > seoul_date(now):
        return None
    if seoul_date(now) <= party.recruits_until and not await enough_members(session, party):
        return None  # nothing to do yet: the lock would move the version, and every board look after it
    party = await lock_party(session, party_id)
    if party.state is not PartyState.RECRUITING:
        return None  # a payment has just started it, or its host has called it off
    if await start_party(session, party, now):
        return PartyState.ACTIVE
    if seoul_date(now) <= party.recruits_until:
        return None
    try:
        async with session.begin_nested():
            await call_off(session, party, "too_few", now, limits)
    except BillBusy:
        return None
    notice(session, now, party.host_id, "parties.called_off", {"party": party_id})
    return PartyState.CANCELLED
