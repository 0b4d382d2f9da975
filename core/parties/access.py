"""Getting in once paid: the plan's invite checklist, ticked by the host and the member."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.catalogue import InviteMethod, Plan
from core.errors import InvalidInput, NotFound, NotYours, Suspended
from core.parties.party import get_party
from core.parties.seats import touch
from core.parties.tables import INSIDE, AccessStep, Membership, MembershipState, Role


@dataclass(frozen=True)
class Line:
    """One line of the checklist and who ticks it."""

    step: str
    by: Role


INVITE_LINES = (Line("invited", Role.HOST), Line("accepted", Role.MEMBER), Line("watching", Role.MEMBER))
CHECKLISTS: dict[InviteMethod, tuple[Line, ...]] = {
    InviteMethod.EXTRA_MEMBER_INVITE: INVITE_LINES,
    InviteMethod.FAMILY_GROUP: INVITE_LINES,
    # Passwords are not handed over yet; all that can be ticked is that it works.
    InviteMethod.CREDENTIALS: (Line("watching", Role.MEMBER),),
    InviteMethod.NONE: (Line("watching", Role.MEMBER),),
}


@dataclass(frozen=True)
class Checklist:
    """A member's way in: its lines, those that are done, and the next one."""

    membership: Membership
    method: InviteMethod
    lines: tuple[Line, ...]
    done: frozenset[str]

    @property
    def next(self) -> Line | None:
        """Return the line whose turn it is; None when the member is in."""
        return next((line for line in self.lines if line.step not in self.done), None)


def require_access(membership: Membership) -> None:
    """Raise Suspended or NotFound unless the stay gives access now."""
    if membership.state is MembershipState.SUSPENDED:
        raise Suspended(party=membership.party_id)
    if membership.state not in INSIDE:
        raise NotFound(what="access", id=membership.id)


async def checklist(session: AsyncSession, membership: Membership) -> Checklist:
    """Return a member's checklist as it stands."""
    party = await get_party(session, membership.party_id)
    plan = await session.get_one(Plan, party.plan_id)
    done = await session.scalars(select(AccessStep.step).where(AccessStep.membership_id == membership.id))
    return Checklist(membership, plan.invite_method, CHECKLISTS[plan.invite_method], frozenset(done))


async def checklists(session: AsyncSession, party_id: int) -> Sequence[Checklist]:
    """Return the checklists of every paid member of a party, by seat."""
    members = await session.scalars(
        select(Membership)
        .where(Membership.party_id == party_id, Membership.role == Role.MEMBER, Membership.state.in_(INSIDE))
        .order_by(Membership.seat)
    )
    return [await checklist(session, member) for member in members]


async def tick(session: AsyncSession, membership_id: int, step: str, person_id: int, now: datetime) -> Checklist:
    """Tick a line as the person whose turn it is; a line that is done already stays as it is."""
    membership = await session.get(Membership, membership_id)
    if membership is None:
        raise NotFound(what="access", id=membership_id)
    require_access(membership)
    party = await get_party(session, membership.party_id)
    before = await checklist(session, membership)
    line = next((line for line in before.lines if line.step == step), None)
    if line is None:
        raise InvalidInput(field="button", rule="step")
    if person_id != (party.host_id if line.by is Role.HOST else membership.person_id):
        raise NotYours(what="access", id=membership_id)
    if step in before.done:
        return before
    if line != before.next:
        raise InvalidInput(field="access", rule="order")
    await touch(session, party.id)
    await session.refresh(membership)
    require_access(membership)  # who was suspended before the lock was ours ticks nothing
    try:
        async with session.begin_nested():
            session.add(AccessStep(membership_id=membership_id, step=step, done_by=person_id, done_at=now))
    except IntegrityError:
        pass  # ticked twice at once: it is ticked
    return await checklist(session, membership)
