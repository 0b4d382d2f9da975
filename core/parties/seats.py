"""Seats: held while somebody pays, confirmed when they have paid, free again when not."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed
from core.errors import AlreadyMember, PartyFull
from core.parties.tables import MEMBERSHIP_MOVES, SEATED, Membership, MembershipState, Party, Role


async def touch(session: AsyncSession, party_id: int) -> None:
    """Bump the party's version and lock its row: every move of a seat or a bill begins here."""
    await changed(session, update(Party).where(Party.id == party_id).values(version=Party.version + 1))


async def seats_taken(session: AsyncSession, party_id: int) -> int:
    """Return how many seats are held or used, the host's included."""
    taken = await session.scalar(
        select(func.count(Membership.id)).where(Membership.party_id == party_id, Membership.state.in_(SEATED))
    )
    return taken or 0


async def free_numbers(session: AsyncSession, party: Party) -> list[int]:
    """Return the members' seats that nobody holds, lowest first."""
    held = select(Membership.seat).where(Membership.party_id == party.id, Membership.seat.is_not(None))
    used = set(await session.scalars(held))
    return [seat for seat in range(1, party.seats) if seat not in used]


async def take_offer(
    session: AsyncSession, membership: Membership, *, held_until: datetime, terms_version: str
) -> bool:
    """Let somebody who was offered a seat pay for it; False when the offer is over."""
    return await move(
        session, membership.id, MembershipState.OFFERED, MembershipState.RESERVED,
        held_until=held_until, terms_version=terms_version,
    )  # fmt: skip


async def hold_seat(
    session: AsyncSession, party: Party, person_id: int, *, held_until: datetime, now: datetime, terms_version: str
) -> Membership:
    """Hold the lowest free seat for a person who is about to pay; PartyFull or AlreadyMember when there is none.

    The caller has touched the party; the unique keys decide all the same, whoever calls.
    """
    present = await session.scalar(
        select(Membership.id).where(
            Membership.party_id == party.id, Membership.person_id == person_id, Membership.present.is_(True)
        )
    )
    if present is not None:
        raise AlreadyMember(party=party.id)
    for seat in await free_numbers(session, party):
        membership = Membership(
            party_id=party.id,
            person_id=person_id,
            role=Role.MEMBER,
            state=MembershipState.RESERVED,
            seat=seat,
            present=True,
            held_until=held_until,
            terms_version=terms_version,
            created_at=now,
        )
        try:
            async with session.begin_nested():
                session.add(membership)
        except IntegrityError:
            continue
        return membership
    raise PartyFull(party=party.id)


async def confirm_seat(session: AsyncSession, membership_id: int, serves_from: date, now: datetime) -> bool:
    """Give the held seat to its person for good; False when it is not held (any more)."""
    return await move(
        session,
        membership_id,
        MembershipState.RESERVED,
        MembershipState.ACTIVE,
        held_until=None,
        serves_from=serves_from,
        activated_at=now,
    )


async def suspend(session: AsyncSession, membership_id: int, now: datetime) -> bool:
    """Take access from a member whose bill stays unpaid; the seat stays theirs."""
    return await move(session, membership_id, MembershipState.ACTIVE, MembershipState.SUSPENDED, suspended_at=now)


async def end_suspension(session: AsyncSession, membership_id: int) -> bool:
    """Give a suspended member access again; False when they had it."""
    return await move(session, membership_id, MembershipState.SUSPENDED, MembershipState.ACTIVE, suspended_at=None)


async def free_seat(
    session: AsyncSession, membership_id: int, before: MembershipState, after: MembershipState, now: datetime
) -> bool:
    """End a stay and give its seat back."""
    return await move(session, membership_id, before, after, seat=None, present=None, held_until=None, ended_at=now)


async def move(
    session: AsyncSession, membership_id: int, before: MembershipState, after: MembershipState, **values: object
) -> bool:
    """Move a membership from one state to another; False when it was not in the first one."""
    if after not in MEMBERSHIP_MOVES.get(before, set()):
        raise ValueError(f"a membership does not move from {before} to {after}")
    guarded = update(Membership).where(Membership.id == membership_id, Membership.state == before)
    return await changed(session, guarded.values(state=after, **values)) == 1
