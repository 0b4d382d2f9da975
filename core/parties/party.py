"""Opening a party, finding it, moving it through its states."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import Offer, Plan, Service
from core.dates import seoul_date
from core.db import changed
from core.errors import AlreadyOpened, InvalidInput, NotFound, NotMember, NotYours
from core.parties.seats import touch
from core.parties.tables import (
    INSIDE,
    PARTY_MOVES,
    QUEUED,
    SEATED,
    Membership,
    MembershipState,
    Party,
    PartyState,
    Role,
)

# No vowels and no look-alikes: a code that can be read aloud and never spells a word.
_ALPHABET = "23456789bcdfghjkmnpqrstvwxz"
CODE_LENGTH = 12
START_WITHIN = timedelta(days=31)


def new_code() -> str:
    """Return an invite code of 57 random bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(CODE_LENGTH))


@dataclass(frozen=True)
class Terms:
    """What a host decides: seats (their own included), first day, billing day."""

    seats: int
    starts_on: date
    anchor_day: int


def check_terms(offer: Offer, terms: Terms, today: date) -> None:
    """Raise InvalidInput for seats that the plan does not have, an impossible day, a start too early or too late."""
    if not offer.plan.seats_min <= terms.seats <= offer.plan.seats_max:
        raise InvalidInput(field="seats", rule="range", least=offer.plan.seats_min, most=offer.plan.seats_max)
    if not 1 <= terms.anchor_day <= 31:
        raise InvalidInput(field="anchor_day", rule="range")
    if not today <= terms.starts_on <= today + START_WITHIN:
        raise InvalidInput(field="starts_on", rule="range")


async def open_party(
    session: AsyncSession,
    host_id: int,
    offer: Offer,
    terms: Terms,
    *,
    today: date,
    now: datetime,
    recruit_days: int,
    terms_version: str,
    opened_from: int | None = None,
    code: Callable[[], str] = new_code,
) -> Party:
    """Open a party on a plan; the host takes seat 0 and pays the service themself.

    AlreadyOpened when the message `opened_from` has opened one before.
    """
    check_terms(offer, terms, today)
    party = Party(
        code=code(),
        host_id=host_id,
        plan_id=offer.plan.id,
        seats=terms.seats,
        min_members=1,
        price_won=offer.price_won,
        starts_on=terms.starts_on,
        recruits_until=terms.starts_on + timedelta(days=recruit_days),
        anchor_day=terms.anchor_day,
        state=PartyState.RECRUITING,
        version=1,
        opened_from=opened_from,
        created_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(party)
    except IntegrityError:
        opened = select(Party.id).where(Party.host_id == host_id, Party.opened_from == opened_from)
        if await session.scalar(opened) is None:
            raise
        raise AlreadyOpened(message=opened_from) from None
    session.add(
        Membership(
            party_id=party.id,
            person_id=host_id,
            role=Role.HOST,
            state=MembershipState.ACTIVE,
            seat=0,
            present=True,
            serves_from=terms.starts_on,
            terms_version=terms_version,
            created_at=now,
            activated_at=now,
        )
    )
    await session.flush()
    return party


async def party_by_code(session: AsyncSession, code: str) -> Party:
    """Return the party behind an invite code; NotFound for anything else."""
    party = await session.scalar(select(Party).where(Party.code == code)) if code.isascii() else None
    if party is None:
        raise NotFound(what="invitation", code=code[:24])
    return party


async def get_party(session: AsyncSession, party_id: int) -> Party:
    """Return a party by our id."""
    party = await session.get(Party, party_id)
    if party is None:
        raise NotFound(what="party", id=party_id)
    return party


async def lock_party(session: AsyncSession, party_id: int) -> Party:
    """Touch the party and return it as it is behind the lock."""
    await touch(session, party_id)
    party = await session.get(Party, party_id, populate_existing=True)
    if party is None:
        raise NotFound(what="party", id=party_id)
    return party


async def hosted_party(session: AsyncSession, party_id: int, person_id: int) -> Party:
    """Return a party for its host; NotYours for anybody else."""
    party = await get_party(session, party_id)
    if party.host_id != person_id:
        raise NotYours(what="party", id=party_id)
    return party


async def present_stay(session: AsyncSession, party_id: int, person_id: int) -> Membership | None:
    """Return a person's present stay in a party or its line, if there is one."""
    return await session.scalar(
        select(Membership).where(
            Membership.party_id == party_id, Membership.person_id == person_id, Membership.present.is_(True)
        )
    )


async def membership_of(session: AsyncSession, party_id: int, person_id: int) -> Membership:
    """Return a person's present stay in a party or its line; NotMember when there is none."""
    membership = await present_stay(session, party_id, person_id)
    if membership is None:
        raise NotMember(party=party_id)
    return membership


async def seated(session: AsyncSession, party_id: int) -> Sequence[Membership]:
    """Return everybody who holds or uses a seat, by seat."""
    return (
        await session.scalars(
            select(Membership)
            .where(Membership.party_id == party_id, Membership.state.in_(SEATED))
            .order_by(Membership.seat)
        )
    ).all()


async def parties_of(session: AsyncSession, person_id: int) -> Sequence[tuple[Party, Membership]]:
    """Return the parties in which a person sits, newest first."""
    rows = await session.execute(
        select(Party, Membership)
        .join(Membership, Membership.party_id == Party.id)
        .where(Membership.person_id == person_id, Membership.present.is_(True), Membership.state.not_in(QUEUED))
        .order_by(Party.id.desc())
    )
    return [(party, membership) for party, membership in rows]


async def shared_services(session: AsyncSession, person_id: int) -> list[str]:
    """Return the services (their slugs) that a person may use through a party, in the catalogue's order.

    A bundle is the services that it is made of: those whose providers are some of its own.
    """
    mine = (
        select(Plan.service_id)
        .join(Party, Party.plan_id == Plan.id)
        .join(Membership, Membership.party_id == Party.id)
        .where(Membership.person_id == person_id, Membership.present.is_(True), Membership.state.in_(INSIDE))
    )
    used = set(await session.scalars(mine))
    known = (await session.scalars(select(Service).order_by(Service.position))).all()
    slugs: set[str] = set()
    for service in known:
        if service.id in used:
            whole = set(service.tmdb_provider_ids)
            parts = {part.slug for part in known if part.tmdb_provider_ids and set(part.tmdb_provider_ids) < whole}
            slugs |= parts or {service.slug}
    return [service.slug for service in known if service.slug in slugs]


async def move_party(
    session: AsyncSession, party_id: int, before: PartyState, after: PartyState, **values: object
) -> bool:
    """Move a party from one state to another; False when it was not in the first one."""
    if after not in PARTY_MOVES.get(before, set()):
        raise ValueError(f"a party does not move from {before} to {after}")
    guarded = update(Party).where(Party.id == party_id, Party.state == before)
    return await changed(session, guarded.values(state=after, **values)) == 1


async def enough_members(session: AsyncSession, party: Party) -> bool:
    """Tell whether the minimum of members has paid."""
    paid = await session.scalar(
        select(func.count(Membership.id)).where(
            Membership.party_id == party.id, Membership.role == Role.MEMBER, Membership.state == MembershipState.ACTIVE
        )
    )
    return (paid or 0) >= party.min_members


async def start_party(session: AsyncSession, party: Party, now: datetime) -> bool:
    """Let a recruiting party run once its day has come and its minimum of members has paid."""
    if party.starts_on > seoul_date(now) or not await enough_members(session, party):
        return False
    return await move_party(session, party.id, PartyState.RECRUITING, PartyState.ACTIVE, started_at=now)
