"""Questions about parties and memberships."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from core.audit.asking import question
from core.audit.payments import PAID
from core.billing.tables import Bill, BillState
from core.parties.tables import (
    INSIDE,
    QUEUED,
    SEATED,
    AccessStep,
    Membership,
    MembershipState,
    Party,
    PartyState,
    Role,
)


@question(of=Party.id)
def seats_within_party() -> Select[int]:
    """More people sit in a party than it has seats."""
    return (
        select(Party.id)
        .join(Membership, Membership.party_id == Party.id)
        .where(Membership.state.in_(SEATED))
        .group_by(Party.id, Party.seats)
        .having(func.count(Membership.id) > Party.seats)
    )


@question(of=Membership.party_id)
def seat_number() -> Select[int]:
    """A seat's number is none of the party's, or a seated person has none, or somebody gone still has one."""
    return (
        select(Membership.id)
        .join(Party, Party.id == Membership.party_id)
        .where(
            (Membership.state.in_(SEATED) & (Membership.seat.is_(None) | Membership.present.is_(None)))
            | (Membership.seat >= Party.seats)
            | (Membership.seat < 0)
            | (Membership.state.not_in(SEATED) & Membership.seat.is_not(None))
        )
    )


@question(of=Membership.party_id)
def reserved_has_end() -> Select[int]:
    """A seat that is held or offered has no end, or one that is not has one."""
    held = (MembershipState.OFFERED, MembershipState.RESERVED)
    return select(Membership.id).where(
        (Membership.state.in_(held) & Membership.held_until.is_(None))
        | (Membership.state.not_in(held) & Membership.held_until.is_not(None))
    )


@question(of=Membership.party_id)
def active_member_paid() -> Select[int]:
    """A member sits in a party without ever having paid a bill."""
    return select(Membership.id).where(
        Membership.role == Role.MEMBER,
        Membership.state.in_(INSIDE),
        ~select(Bill.id).where(Bill.membership_id == Membership.id, Bill.state.in_(PAID)).exists(),
    )


@question(of=Membership.party_id)
def over_party_is_empty() -> Select[int]:
    """Somebody still sits in a party that is over."""
    return (
        select(Membership.id)
        .join(Party, Party.id == Membership.party_id)
        .where(Party.state.in_((PartyState.ENDED, PartyState.CANCELLED)), Membership.state.in_(SEATED))
    )


@question(of=Membership.party_id)
def suspended_was_warned() -> Select[int]:
    """Somebody is suspended without an open bill whose warning was sent before."""
    warned = select(Bill.id).where(
        Bill.membership_id == Membership.id,
        Bill.state == BillState.OPEN,
        Bill.warned_at <= Membership.suspended_at,
    )
    return select(Membership.id).where(Membership.state == MembershipState.SUSPENDED, ~warned.exists())


@question(of=Membership.party_id)
def suspended_has_no_access() -> Select[int]:
    """A step of the way in was ticked for somebody who was suspended then."""
    ticked = select(AccessStep.id).where(
        AccessStep.membership_id == Membership.id, AccessStep.done_at > Membership.suspended_at
    )
    return select(Membership.id).where(Membership.state == MembershipState.SUSPENDED, ticked.exists())


@question(of=Membership.party_id)
def queued_owes_nothing() -> Select[int]:
    """Somebody in line for a seat has a bill that is open or paid."""
    billed = select(Bill.id).where(Bill.membership_id == Membership.id, Bill.state.in_((BillState.OPEN, *PAID)))
    return select(Membership.id).where(Membership.state.in_(QUEUED), billed.exists())
