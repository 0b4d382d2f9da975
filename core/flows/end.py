"""Ending a running party: when its period ends, or at once with the days from today on given back to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Limits, void_open_bills
from core.billing.refund_rules import days_from
from core.dates import period_of, seoul_date
from core.errors import BillBusy, Outdated, PartyClosed
from core.flows.giving_back import BackPlan, give_back, paid_bills
from core.outbox import notice
from core.parties import (
    MEMBERSHIP_MOVES,
    Membership,
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

# How a stay ends with its party: whoever never paid is declined.
_ENDS_AS = (MembershipState.REMOVED, MembershipState.DECLINED)


@dataclass(frozen=True)
class EndPlan:
    """What ending a party means: the first day without it, and what each member gets back."""

    ends_on: date
    at_once: bool
    backs: Sequence[tuple[Membership, BackPlan]]

    @property
    def back_won(self) -> int:
        """Return what goes back to everybody together."""
        return sum(back.back_won for _, back in self.backs)


async def end_preview(session: AsyncSession, party_id: int, host_id: int, now: datetime, *, at_once: bool) -> EndPlan:
    """Say what ending the party would mean; changes nothing."""
    return await _plan(session, await hosted_party(session, party_id, host_id), now, at_once=at_once)


async def end_party(
    session: AsyncSession, party_id: int, host_id: int, agreed_won: int, now: datetime, limits: Limits, *, at_once: bool
) -> EndPlan:
    """End a running party as its host, with the refunds that were shown; Outdated when they have changed since.

    From now on nobody joins and nobody is billed; the line is closed by its tick. BillBusy while somebody's payment is
    being approved.
    """
    await hosted_party(session, party_id, host_id)
    party = await lock_party(session, party_id)
    plan = await _plan(session, party, now, at_once=at_once)
    if plan.back_won != agreed_won:
        raise Outdated(what="amount", seen=agreed_won, now=plan.back_won)
    if party.state is PartyState.ACTIVE:
        await move_party(session, party_id, PartyState.ACTIVE, PartyState.ENDING, ends_on=plan.ends_on)
    for member, back in plan.backs:
        paid = _has_paid(member)
        if not await void_open_bills(session, member.id, now, since=plan.ends_on if paid and not at_once else None):
            raise BillBusy(party=party_id)
        await give_back(session, back.lines, "party_ended", now, limits)
        if paid:
            news = {"party": party_id, "on": plan.ends_on.isoformat(), "at_once": at_once, "won": back.back_won}
            notice(session, now, member.person_id, "parties.ending", news)
        else:
            await _end_stay(session, member, now)
            notice(session, now, member.person_id, "parties.seat_gone", {"party": party_id})
    if at_once:
        await _close(session, party, now, ended_on=plan.ends_on)
    return plan


async def due_endings(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Return the parties whose last day is over."""
    ending = select(Party.id).where(Party.state == PartyState.ENDING, Party.ends_on <= seoul_date(now))
    return (await session.scalars(ending.order_by(Party.id))).all()


async def finish_party(session: AsyncSession, party_id: int, now: datetime) -> bool:
    """End a party whose last day is over, with every stay in it; False while a payment is being approved."""
    party = await lock_party(session, party_id)
    if party.state is not PartyState.ENDING or party.ends_on is None or party.ends_on > seoul_date(now):
        return False
    members = await _members(session, party_id)
    for member in members:
        if not await void_open_bills(session, member.id, now):
            return False
    for member in members:
        notice(session, now, member.person_id, "parties.ended", {"party": party_id})
    notice(session, now, party.host_id, "parties.ended", {"party": party_id})
    await _close(session, party, now, ended_on=party.ends_on)
    return True


async def _close(session: AsyncSession, party: Party, now: datetime, *, ended_on: date) -> None:
    for stay in await seated(session, party.id):
        await _end_stay(session, stay, now)
    await move_party(session, party.id, PartyState.ENDING, PartyState.ENDED, ends_on=ended_on, ended_at=now)


async def _end_stay(session: AsyncSession, stay: Membership, now: datetime) -> None:
    allowed = MEMBERSHIP_MOVES[stay.state]
    ends_as = next(state for state in _ENDS_AS if state in allowed)
    await free_seat(session, stay.id, stay.state, ends_as, now)


def _has_paid(member: Membership) -> bool:
    return member.activated_at is not None


async def _members(session: AsyncSession, party_id: int) -> Sequence[Membership]:
    return [each for each in await seated(session, party_id) if each.role is Role.MEMBER]


async def _plan(session: AsyncSession, party: Party, now: datetime, *, at_once: bool) -> EndPlan:
    if party.state in (PartyState.ENDED, PartyState.CANCELLED):
        raise PartyClosed(party=party.id, why="ended")
    if party.state is not PartyState.ACTIVE and not (at_once and party.state is PartyState.ENDING):
        raise Outdated(what="party", state=str(party.state))
    today = seoul_date(now)
    ends_on = today if at_once else period_of(max(today, party.starts_on), party.anchor_day).ends_on
    members = await _members(session, party.id)
    backs = [(member, BackPlan(days_from(await paid_bills(session, member.id), ends_on))) for member in members]
    return EndPlan(ends_on, at_once, backs)
