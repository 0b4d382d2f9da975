"""The waiting list: a seat that becomes free is offered to the first in line and held for a day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Outdated, PartyClosed
from core.outbox import notice, receiver, validity
from core.parties import (
    JOINABLE,
    Membership,
    MembershipState,
    first_in_line,
    free_numbers,
    free_seat,
    lock_party,
    membership_of,
    offer_seat,
    party_by_code,
    place_in_line,
    queue_up,
    seats_for_all,
    take_offer_back,
    waiting_in,
)
from core.people import TERMS_VERSION, Person, may_be_told

OFFER = timedelta(hours=24)


async def wait_in_line(session: AsyncSession, code: str, person: Person, now: datetime) -> int:
    """Wait for a seat of a full party; returns the place in line.

    Outdated when there is a seat to be had at once, PartyClosed, or AlreadyMember.
    """
    party = await lock_party(session, (await party_by_code(session, code)).id)
    if party.state not in JOINABLE:
        raise PartyClosed(party=party.id)
    if await seats_for_all(session, party):
        raise Outdated(what="line")
    await queue_up(session, party, person.id, now, TERMS_VERSION)
    return await place_in_line(session, await membership_of(session, party.id, person.id))


async def leave_line(session: AsyncSession, party_id: int, person_id: int, now: datetime) -> None:
    """Wait no longer; Outdated for somebody who does not wait."""
    await _end(session, party_id, person_id, MembershipState.WAITING, now)


async def pass_offer(session: AsyncSession, party_id: int, person_id: int, now: datetime) -> None:
    """Leave an offered seat to the next in line; Outdated when none is offered."""
    await _end(session, party_id, person_id, MembershipState.OFFERED, now)


async def _end(session: AsyncSession, party_id: int, person_id: int, expected: MembershipState, now: datetime) -> None:
    await lock_party(session, party_id)
    membership = await membership_of(session, party_id, person_id)
    if not await free_seat(session, membership.id, expected, MembershipState.DECLINED, now):
        raise Outdated(what="line")


async def serve_line(session: AsyncSession, party_id: int, now: datetime) -> int:
    """Offer the free seats to the first in line, or close the line of a party that takes nobody; returns how many."""
    party = await lock_party(session, party_id)
    if party.state not in JOINABLE:
        return await _close(session, party_id, now)
    offers = 0
    for seat in await free_numbers(session, party):
        first = await first_in_line(session, party_id)
        if first is None:
            break
        membership, person = first
        # Whoever sleeps has a day from the morning on.
        until = may_be_told(person, "waiting.offered", now) + OFFER
        if await offer_seat(session, membership, seat, until):
            asked = {"party": party_id, "membership": membership.id}
            notice(
                session, now, person.id, "waiting.offered", asked,
                valid_while=asked | {"check": "waiting.offered"}, on_sent=asked | {"to": "waiting.offered"},
            )  # fmt: skip
            offers += 1
    return offers


async def _close(session: AsyncSession, party_id: int, now: datetime) -> int:
    waiting = await waiting_in(session, party_id)
    for membership in waiting:
        await free_seat(session, membership.id, MembershipState.WAITING, MembershipState.DECLINED, now)
        notice(session, now, membership.person_id, "waiting.closed", {"party": party_id})
    return len(waiting)


@validity("waiting.offered")
async def _still_offered(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    state = await session.scalar(select(Membership.state).where(Membership.id == facts["membership"]))
    return state is MembershipState.OFFERED


@receiver("waiting.offered")
async def take_offered(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    """Take an offer back at once that could not reach its person: they keep the place, the next in line is asked."""
    if message_id is not None:
        return
    await lock_party(session, on_sent["party"])
    membership = await session.get_one(Membership, on_sent["membership"], populate_existing=True)
    person = await session.get_one(Person, membership.person_id, populate_existing=True)
    # Who can be reached would be offered the seat again at once, and the message that failed written anew for ever.
    if membership.state is MembershipState.OFFERED and not (person.reachable and person.telegram_id):
        await take_offer_back(session, membership.id)


async def due_offers(session: AsyncSession, now: datetime) -> Sequence[tuple[int, int]]:
    """Return (membership, party) of offered seats whose time is over."""
    rows = await session.execute(
        select(Membership.id, Membership.party_id).where(
            Membership.state == MembershipState.OFFERED, Membership.held_until <= now
        )
    )
    return [(membership_id, party_id) for membership_id, party_id in rows]


async def expire_offer(session: AsyncSession, membership_id: int, party_id: int, now: datetime) -> bool:
    """Take an offered seat back whose time is over; the next in line is asked."""
    await lock_party(session, party_id)
    membership = await session.get_one(Membership, membership_id, populate_existing=True)
    if membership.held_until is None or membership.held_until > now:
        return False
    if not await free_seat(session, membership_id, MembershipState.OFFERED, MembershipState.EXPIRED, now):
        return False
    notice(session, now, membership.person_id, "waiting.offer_over", {"party": party_id})
    return True
