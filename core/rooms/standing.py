"""How a party stands, asked of the tables: who may be in its room, and what its board is about."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.tables import Bill, BillState, Cycle
from core.catalogue.tables import Plan, Service
from core.dates import period_of
from core.parties.tables import READING, Membership, MembershipState, Party, PartyState, Role
from core.people.tables import Person
from core.rooms.board import Insider, Owed, Standing, Subject

# A recruiting party's room opens with the first member who has paid.
OPEN_STATES = (PartyState.ACTIVE, PartyState.PAUSED, PartyState.ENDING)
_OWED = (BillState.OPEN, BillState.PAID, BillState.PARTLY_REFUNDED)


async def standing_of(session: AsyncSession, party: Party, today: date) -> Standing:
    """Return how the party stands today."""
    seated = (
        await session.execute(
            select(Membership, Person)
            .join(Person, Person.id == Membership.person_id)
            .where(Membership.party_id == party.id, Membership.state.in_(READING))
            .order_by(Membership.seat, Membership.id)
        )
    ).all()
    period = period_of(max(today, party.starts_on), party.anchor_day)
    members = any(membership.role is Role.MEMBER for membership, _ in seated)
    stays = [membership.id for membership, _ in seated]
    # What a leaving member has paid ahead is on its way back, though its bill still says paid.
    next_stays = [stay.id for stay, _ in seated if stay.leaves_on is None or stay.leaves_on > period.ends_on]
    return Standing(
        subject=await subject_of(session, party),
        open=party.state in OPEN_STATES or (party.state is PartyState.RECRUITING and members),
        recruiting=party.state is PartyState.RECRUITING,
        starts_on=party.starts_on,
        seats=party.seats,
        period=period,
        insiders=_insiders(seated),
        bills=await _owed(session, party.id, period.starts_on, stays),
        next_bills=await _owed(session, party.id, period.ends_on, next_stays),
    )


async def subject_of(session: AsyncSession, party: Party) -> Subject:
    """Return what a party shares."""
    plan, service = (
        await session.execute(
            select(Plan, Service).join(Service, Service.id == Plan.service_id).where(Plan.id == party.plan_id)
        )
    ).one()
    return Subject(party.id, service.emoji, service.name_ko, service.name_en, plan.name_ko, plan.name_en)


def _insiders(seated: Sequence[Row[Membership, Person]]) -> tuple[Insider, ...]:
    return tuple(
        Insider(
            person_id=person.id,
            nickname=person.nickname,
            language=person.language,
            reachable=person.reachable and person.telegram_id is not None,
            is_host=membership.role is Role.HOST,
            last_day=membership.leaves_on and membership.leaves_on - timedelta(days=1),
            suspended=membership.state is MembershipState.SUSPENDED,
        )
        for membership, person in seated
    )


async def _owed(session: AsyncSession, party_id: int, starts_on: date, stays: Collection[int]) -> dict[int, Owed]:
    bills = await session.scalars(
        select(Bill)
        .join(Cycle, Cycle.id == Bill.cycle_id)
        .where(
            Cycle.party_id == party_id,
            Cycle.starts_on == starts_on,
            Bill.membership_id.in_(stays),
            Bill.state.in_(_OWED),
        )
    )
    return {
        bill.person_id: Owed(amount_won=bill.amount_won, due_on=bill.due_on, paid=bill.state is not BillState.OPEN)
        for bill in bills
    }
