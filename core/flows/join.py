"""Joining a party: see the exact price, hold a seat while paying, lose it when the time is over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Bill, Limits, Quote, open_first_bill, quote, void_open_bills
from core.catalogue import Plan, Service
from core.dates import seoul_date
from core.errors import AlreadyMember, BillBusy, Outdated, PartyClosed, PartyFull
from core.flows.asking_prices import agree_by_joining
from core.outbox import notice
from core.parties import (
    JOINABLE,
    Membership,
    MembershipState,
    Party,
    free_seat,
    hold_seat,
    lock_party,
    membership_of,
    party_by_code,
    present_stay,
    prices_of,
    seats_for_all,
    take_offer,
)
from core.people import TERMS_VERSION, Person, get_person


@dataclass(frozen=True)
class Invitation:
    """What somebody sees before they join."""

    party: Party
    plan: Plan
    service: Service
    host: Person
    seats_left: int
    quote: Quote


@dataclass(frozen=True)
class Joined:
    """A seat that is held, and the bill that makes it one's own."""

    membership: Membership
    bill: Bill


async def invitation(session: AsyncSession, code: str, person_id: int, now: datetime, limits: Limits) -> Invitation:
    """Return what the party behind a code offers this person today, to the won.

    NotFound, PartyClosed, PartyFull, or AlreadyMember for somebody who sits in it.
    """
    party = await party_by_code(session, code)
    return await _invitation(session, party, person_id, now, limits)


async def _invitation(session: AsyncSession, party: Party, person_id: int, now: datetime, limits: Limits) -> Invitation:
    stay = await present_stay(session, party.id, person_id)
    if stay is not None and stay.state is not MembershipState.OFFERED:
        raise AlreadyMember(party=party.id)
    if party.state not in JOINABLE:
        raise PartyClosed(party=party.id)
    free = await seats_for_all(session, party)
    if stay is not None and stay.seat is not None:
        free = [stay.seat, *free]
    if not free:
        raise PartyFull(party=party.id)
    plan = await session.get_one(Plan, party.plan_id)
    return Invitation(
        party=party,
        plan=plan,
        service=await session.get_one(Service, plan.service_id),
        host=await get_person(session, party.host_id),
        seats_left=len(free),
        quote=quote(party, free[0], seoul_date(now), limits, await prices_of(session, party)),
    )


async def join_party(
    session: AsyncSession,
    code: str,
    person: Person,
    agreed_won: int,
    now: datetime,
    limits: Limits,
    *,
    agreed_later_won: int | None = None,
) -> Joined:
    """Hold a seat for the person, the offered one if there is one, and open the bill they agreed to.

    With a coming price they agree to the amount after it as well. Outdated when an amount has changed since they
    saw it; PartyFull when somebody was quicker.
    """
    party = await lock_party(session, (await party_by_code(session, code)).id)
    seen = await _invitation(session, party, person.id, now, limits)
    membership = await _seat(session, party, person.id, now, limits)
    prices = await prices_of(session, party)
    offered = quote(party, membership.seat or 1, seoul_date(now), limits, prices)
    if offered.amount_won != agreed_won or (offered.later and offered.later.amount_won) != agreed_later_won:
        raise Outdated(what="amount", seen=agreed_won, now=seen.quote.amount_won)
    agree_by_joining(session, party, membership, prices, offered, now, limits)
    bill = await open_first_bill(session, party, membership, offered, now)
    return Joined(membership, bill)


async def _seat(session: AsyncSession, party: Party, person_id: int, now: datetime, limits: Limits) -> Membership:
    held_until = now + limits.hold
    stay = await present_stay(session, party.id, person_id)
    if stay is None:
        return await hold_seat(session, party, person_id, held_until=held_until, now=now, terms_version=TERMS_VERSION)
    if not await take_offer(session, stay, held_until=held_until, terms_version=TERMS_VERSION):
        raise AlreadyMember(party=party.id)
    return stay


async def give_up_seat(session: AsyncSession, party_id: int, person_id: int, now: datetime) -> None:
    """Give a held seat back before it is paid; BillBusy while its payment is being approved, which keeps the seat."""
    await lock_party(session, party_id)
    membership = await membership_of(session, party_id, person_id)
    if membership.state is not MembershipState.RESERVED:
        raise Outdated(what="seat")
    if not await void_open_bills(session, membership.id, now):
        raise BillBusy(party=party_id)
    await free_seat(session, membership.id, MembershipState.RESERVED, MembershipState.DECLINED, now)


async def due_holds(session: AsyncSession, now: datetime, most: int = 100) -> Sequence[tuple[int, int]]:
    """Return (membership, party) of held seats whose time is over."""
    rows = await session.execute(
        select(Membership.id, Membership.party_id)
        .where(Membership.state == MembershipState.RESERVED, Membership.held_until <= now)
        .limit(most)
    )
    return [(membership_id, party_id) for membership_id, party_id in rows]


async def expire_holds(session: AsyncSession, membership_id: int, party_id: int, now: datetime) -> bool:
    """Free a seat whose time is over, unless its payment is being approved at this moment."""
    await lock_party(session, party_id)
    membership = await session.get_one(Membership, membership_id, populate_existing=True)
    over = membership.held_until is not None and membership.held_until <= now
    if membership.state is not MembershipState.RESERVED or not over:
        return False
    if not await void_open_bills(session, membership_id, now):
        return False
    await free_seat(session, membership_id, MembershipState.RESERVED, MembershipState.EXPIRED, now)
    notice(session, now, membership.person_id, "parties.hold_over", {"party": party_id})
    return True
