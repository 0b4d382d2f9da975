"""Questions about parties and memberships."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from core.audit.asking import question
from core.audit.payments import PAID
from core.billing.tables import Bill
from core.parties.tables import INSIDE, SEATED, Membership, MembershipState, Party, PartyState, Role


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
    """A held seat has no end, or a seat that is not held has one."""
    return select(Membership.id).where(
        ((Membership.state == MembershipState.RESERVED) & Membership.held_until.is_(None))
        | ((Membership.state != MembershipState.RESERVED) & Membership.held_until.is_not(None))
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
