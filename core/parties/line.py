"""The waiting list of a party: first come, first asked; who cannot be reached keeps their place and is passed over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import AlreadyMember
from core.parties.party import present_stay
from core.parties.seats import free_numbers, move
from core.parties.tables import JOINABLE, QUEUED, SEATED, Membership, MembershipState, Party, Role
from core.people import Person

_WAITS = Membership.state == MembershipState.WAITING
_CAN_BE_ASKED = Person.reachable.is_(True) & Person.telegram_id.is_not(None)


async def waiting_count(session: AsyncSession, party_id: int) -> int:
    """Return how many people wait for a seat and can be asked."""
    waiting = (
        select(func.count(Membership.id))
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.party_id == party_id, _WAITS, _CAN_BE_ASKED)
    )
    return await session.scalar(waiting) or 0


async def seats_for_all(session: AsyncSession, party: Party) -> list[int]:
    """Return the free seats that nobody waits for: whoever comes by the link skips nobody."""
    free = await free_numbers(session, party)
    return free[: max(0, len(free) - await waiting_count(session, party.id))]


async def queue_up(session: AsyncSession, party: Party, person_id: int, now: datetime, terms_version: str) -> None:
    """Put a person at the end of the line; AlreadyMember when they are in it or in the party."""
    if await present_stay(session, party.id, person_id) is not None:
        raise AlreadyMember(party=party.id)
    waiting = Membership(
        party_id=party.id,
        person_id=person_id,
        role=Role.MEMBER,
        state=MembershipState.WAITING,
        present=True,
        terms_version=terms_version,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(waiting)
    except IntegrityError:
        raise AlreadyMember(party=party.id) from None


async def place_in_line(session: AsyncSession, membership: Membership) -> int:
    """Return which one somebody is who waits, counted from 1."""
    before = select(func.count(Membership.id)).where(
        Membership.party_id == membership.party_id, _WAITS, Membership.id <= membership.id
    )
    return await session.scalar(before) or 0


async def queues_of(session: AsyncSession, person_id: int) -> Sequence[tuple[Party, Membership]]:
    """Return the parties in which a person waits or is being offered a seat, newest first."""
    rows = await session.execute(
        select(Party, Membership)
        .join(Membership, Membership.party_id == Party.id)
        .where(Membership.person_id == person_id, Membership.state.in_(QUEUED))
        .order_by(Party.id.desc())
    )
    return [(party, membership) for party, membership in rows]


async def waiting_in(session: AsyncSession, party_id: int) -> Sequence[Membership]:
    """Return everybody who waits, first come first."""
    waiting = select(Membership).where(Membership.party_id == party_id, _WAITS).order_by(Membership.id)
    return (await session.scalars(waiting.execution_options(populate_existing=True))).all()


async def first_in_line(session: AsyncSession, party_id: int) -> tuple[Membership, Person] | None:
    """Return who is asked next."""
    row = (
        await session.execute(
            select(Membership, Person)
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.party_id == party_id, _WAITS, _CAN_BE_ASKED)
            .order_by(Membership.id)
            .limit(1)
        )
    ).first()
    return None if row is None else (row[0], row[1])


async def offer_seat(session: AsyncSession, membership: Membership, seat: int, until: datetime) -> bool:
    """Hold a seat for somebody who waited; False when they wait no longer."""
    return await move(
        session, membership.id, MembershipState.WAITING, MembershipState.OFFERED, seat=seat, held_until=until
    )


async def take_offer_back(session: AsyncSession, membership_id: int) -> bool:
    """Let somebody wait on, at their old place, whose offer never reached them; False when none stands any more."""
    return await move(
        session, membership_id, MembershipState.OFFERED, MembershipState.WAITING, seat=None, held_until=None
    )


async def lines_to_serve(session: AsyncSession) -> Sequence[int]:
    """Return the parties in which somebody waits though a seat is free, or though nobody is taken any more."""
    taken = select(func.count(Membership.id)).where(Membership.party_id == Party.id, Membership.state.in_(SEATED))
    can_be_asked = (
        select(Membership.id)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.party_id == Party.id, _WAITS, _CAN_BE_ASKED)
    )
    open_seat = can_be_asked.exists() & (taken.scalar_subquery() < Party.seats)
    has_line = Party.id.in_(select(Membership.party_id).where(_WAITS))
    due = select(Party.id).where(has_line, or_(open_seat, Party.state.not_in(JOINABLE)))
    return (await session.scalars(due.order_by(Party.id))).all()
