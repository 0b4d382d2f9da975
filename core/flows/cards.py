"""A party with everything that a screen about it shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import Plan, Service
from core.dates import period_of
from core.outbox import notice
from core.parties import (
    Checklist,
    Membership,
    MembershipState,
    Party,
    Prices,
    Role,
    get_party,
    prices_of,
    tick,
    waiting_count,
)
from core.parties.tables import SEATED, PriceChange, PriceChangeState
from core.people import Person, get_person


@dataclass(frozen=True)
class Seat:
    """A taken seat and who sits there."""

    membership: Membership
    person: Person


@dataclass(frozen=True)
class PartyCard:
    """A party, its plan, its host, its taken seats, and how many people wait for one."""

    party: Party
    plan: Plan
    service: Service
    host: Person
    seats: Sequence[Seat]
    prices: Prices
    waiting: int = 0

    def prices_on(self, day: date) -> tuple[int, PriceChange | None]:
        """Return the monthly price of the cycle that runs on a day, and the next one that is decided already."""
        runs = period_of(max(day, self.party.starts_on), self.party.anchor_day)
        decided = (change for change in self.prices.after(runs.starts_on) if change.state is PriceChangeState.APPLIED)
        return self.prices.on(runs.starts_on), next(decided, None)

    @property
    def paid_members(self) -> int:
        """Return how many members have taken their seat for good."""
        return sum(
            seat.membership.role is Role.MEMBER
            and seat.membership.state not in (MembershipState.OFFERED, MembershipState.RESERVED)
            for seat in self.seats
        )


async def party_card(session: AsyncSession, party_id: int) -> PartyCard:
    """Return a party with what a screen shows of it."""
    party = await get_party(session, party_id)
    plan = await session.get_one(Plan, party.plan_id)
    rows = await session.execute(
        select(Membership, Person)
        .join(Person, Person.id == Membership.person_id)
        .where(Membership.party_id == party_id, Membership.state.in_(SEATED))
        .order_by(Membership.seat)
    )
    return PartyCard(
        party=party,
        plan=plan,
        service=await session.get_one(Service, plan.service_id),
        host=await get_person(session, party.host_id),
        seats=[Seat(membership, person) for membership, person in rows],
        prices=await prices_of(session, party),
        waiting=await waiting_count(session, party_id),
    )


async def tick_access(session: AsyncSession, membership_id: int, step: str, person_id: int, now: datetime) -> Checklist:
    """Tick a line of a member's checklist and tell the one whose turn comes next."""
    ticked = await tick(session, membership_id, step, person_id, now)
    party = await get_party(session, ticked.membership.party_id)
    coming = ticked.next
    if coming is None and person_id == ticked.membership.person_id:
        notice(session, now, party.host_id, "parties.access_done", {"membership": membership_id})
    elif coming is not None and coming.by is Role.MEMBER and person_id == party.host_id:
        notice(session, now, ticked.membership.person_id, "parties.access_turn", {"membership": membership_id})
    return ticked
