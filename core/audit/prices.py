"""Questions about prices and the consent to them."""

from __future__ import annotations

from sqlalchemy import Select, exists, or_, select

from core.audit.asking import question
from core.billing.tables import Bill, BillState, Cycle
from core.catalogue import PlanPrice
from core.parties.prices import without_consent
from core.parties.tables import (
    Membership,
    MembershipState,
    Party,
    PriceChange,
    PriceChangeState,
    PriceConsent,
    Role,
)


@question(of=Bill.party_id)
def price_is_known() -> Select[int]:
    """An open bill's price is neither the party's, nor one of its changes', nor one of the plan's."""
    changed = exists().where(
        PriceChange.party_id == Bill.party_id,
        or_(PriceChange.old_won == Cycle.price_won, PriceChange.new_won == Cycle.price_won),
    )
    told = exists().where(PlanPrice.plan_id == Party.plan_id, PlanPrice.price_won == Cycle.price_won)
    return (
        select(Bill.id)
        .join(Cycle, Cycle.id == Bill.cycle_id)
        .join(Party, Party.id == Bill.party_id)
        .where(
            Bill.state == BillState.OPEN,
            Cycle.price_won != Party.price_won,
            ~changed.correlate(Bill, Cycle),
            ~told.correlate(Party, Cycle),
        )
    )


@question(of=PriceChange.party_id)
def price_waits_for_answers() -> Select[int]:
    """A cycle has opened at another price than the one that members are still being asked about."""
    return (
        select(PriceChange.id)
        .join(Cycle, Cycle.party_id == PriceChange.party_id)
        .where(
            PriceChange.state == PriceChangeState.ASKING,
            Cycle.starts_on >= PriceChange.from_cycle_on,
            Cycle.price_won != PriceChange.new_won,
        )
        .distinct()
    )


@question(of=Membership.party_id)
def price_asked_of_everybody() -> Select[int]:
    """A member was never asked about a higher price that came after them."""
    asked = exists().where(PriceConsent.change_id == PriceChange.id, PriceConsent.membership_id == Membership.id)
    return (
        select(Membership.id)
        .join(PriceChange, PriceChange.party_id == Membership.party_id)
        .where(
            Membership.role == Role.MEMBER,
            Membership.state.in_((MembershipState.ACTIVE, MembershipState.SUSPENDED)),
            Membership.activated_at < PriceChange.asked_at,
            PriceChange.standing.is_(True),
            PriceChange.new_won > PriceChange.old_won,
            ~asked.correlate(PriceChange, Membership),
        )
        .distinct()
    )


@question(of=Bill.party_id)
def price_was_agreed() -> Select[int]:
    """Somebody is billed at a higher price without having agreed to it."""
    return (
        select(Bill.id)
        .join(Cycle, Cycle.id == Bill.cycle_id)
        .join(Membership, Membership.id == Bill.membership_id)
        .where(Bill.state != BillState.VOID, without_consent(Cycle.starts_on))
    )
