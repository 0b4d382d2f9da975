"""A bill that stays unpaid: access stops, the seat is freed; each step a day after its warning was sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from core import billing
from core.billing import Bill, BillState, Limits
from core.billing.reminders import AT, plan_final
from core.billing.unpaid import NOTICE, suspends_at
from core.dates import seoul_date, seoul_instant
from core.errors import BillBusy, BillNotOpen, NotFound, NotYours, Outdated
from core.outbox import notice
from core.parties import Membership, MembershipState, Party, PartyState, free_seat, lock_party, suspend

MORE_TIME = timedelta(days=3)
# Made once: an alias takes longer to make than its statement to run.
_Paid = aliased(Bill)


@dataclass(frozen=True)
class Late:
    """A bill that is late, whose it is, and where they stand."""

    bill: Bill
    party: Party
    membership: Membership


@dataclass(frozen=True)
class Outlook:
    """What an unpaid bill leads to: when access stops or, for a suspended member, the day that ends the stay."""

    suspended_at: datetime | None = None
    freed_on: date | None = None


def _late(state: MembershipState, now: datetime) -> Select[Bill]:
    """Select the overdue bills of members in a state, unless one is being paid or this or a later month is paid."""
    covered = select(_Paid.id).where(
        _Paid.membership_id == Bill.membership_id,
        _Paid.state.in_((BillState.PAID, BillState.PARTLY_REFUNDED)),
        _Paid.serves_until > seoul_date(now),
    )
    return (
        select(Bill)
        .join(Membership, Membership.id == Bill.membership_id)
        .join(Party, Party.id == Bill.party_id)
        .where(
            Bill.state == BillState.OPEN,
            Bill.approving_attempt.is_(None),
            Bill.due_on < seoul_date(now),
            Membership.state == state,
            Party.state.in_((PartyState.ACTIVE, PartyState.ENDING)),
            ~covered.exists(),
        )
    )


def _to_suspend(now: datetime) -> Select[Bill]:
    waited = or_(Bill.waits_until.is_(None), Bill.waits_until <= now)
    return _late(MembershipState.ACTIVE, now).where(Bill.warned_at <= now - NOTICE, waited)


def _to_free(now: datetime) -> Select[Bill]:
    return _late(MembershipState.SUSPENDED, now).where(Bill.final_warned_at <= now - NOTICE)


async def due_suspensions(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Return the unpaid bills whose members lose access now."""
    return (await session.scalars(_to_suspend(now).with_only_columns(Bill.id).order_by(Bill.id))).all()


async def due_to_be_freed(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Return the unpaid bills whose members lose the seat now."""
    return (await session.scalars(_to_free(now).with_only_columns(Bill.id).order_by(Bill.id))).all()


async def suspend_late(session: AsyncSession, bill_id: int, now: datetime, limits: Limits) -> bool:
    """Suspend the member of an unpaid bill a day after the warning was sent; False when that is not so (any more)."""
    bill = await _locked(session, bill_id)
    if await session.scalar(_to_suspend(now).where(Bill.id == bill_id)) is None:
        return False
    if not await suspend(session, bill.membership_id, now):
        return False
    await plan_final(session, bill, limits.days_to_free, now)
    party = await session.get_one(Party, bill.party_id)
    facts = {"bill": bill.id}
    valid_while = facts | {"check": "bill_open"}
    notice(session, now, bill.person_id, "late.suspended", facts, valid_while=valid_while)
    notice(session, now, party.host_id, "late.for_host", facts, valid_while=valid_while)
    return True


async def free_late(session: AsyncSession, bill_id: int, now: datetime) -> bool:
    """Free the seat of a suspended member a day after the last warning was sent."""
    bill = await _locked(session, bill_id)
    if await session.scalar(_to_free(now).where(Bill.id == bill_id)) is None:
        return False
    if not await _free(session, bill, now):
        return False
    party = await session.get_one(Party, bill.party_id)
    notice(session, now, party.host_id, "late.freed_for_host", {"bill": bill.id})
    return True


async def _locked(session: AsyncSession, bill_id: int) -> Bill:
    """Lock party and bill, in this order, so that no payment takes the bill before the step is done."""
    bill = await session.get_one(Bill, bill_id)
    await lock_party(session, bill.party_id)
    return await session.get_one(Bill, bill_id, with_for_update=True, populate_existing=True)


async def _free(session: AsyncSession, bill: Bill, now: datetime) -> bool:
    if not await billing.void_open_bills(session, bill.membership_id, now):
        return False
    await free_seat(session, bill.membership_id, MembershipState.SUSPENDED, MembershipState.REMOVED, now)
    notice(session, now, bill.person_id, "late.freed", {"bill": bill.id})
    return True


def outlook(bill: Bill, membership: Membership, limits: Limits, now: datetime) -> Outlook:
    """Return what comes next for a late bill; before its warning is sent, when it can come at the earliest.

    That is never a time gone by: a step waits a day for its warning, however late that one was sent.
    """
    earliest = now + NOTICE
    if membership.suspended_at is not None:
        planned = seoul_date(membership.suspended_at) + timedelta(days=limits.days_to_free)
        warned = bill.final_warned_at
        return Outlook(freed_on=max(planned, seoul_date(earliest)) if warned is None else seoul_date(warned + NOTICE))
    counted_from = max(bill.due_on, seoul_date(bill.created_at))
    warning_due = max(now, seoul_instant(counted_from + timedelta(days=limits.grace_days), AT))
    return Outlook(suspended_at=suspends_at(bill, bill.warned_at or warning_due))


async def late_bill(session: AsyncSession, bill_id: int, host_id: int, now: datetime) -> Late:
    """Return a late bill for the host of its party; NotYours, BillNotOpen, or Outdated when it is not late."""
    bill = await session.get(Bill, bill_id)
    if bill is None:
        raise NotFound(what="bill", id=bill_id)
    party = await session.get_one(Party, bill.party_id)
    if party.host_id != host_id:
        raise NotYours(what="bill", id=bill_id)
    if bill.state is not BillState.OPEN:
        raise BillNotOpen(bill=bill_id)
    membership = await session.get_one(Membership, bill.membership_id, populate_existing=True)
    if membership.state not in (MembershipState.ACTIVE, MembershipState.SUSPENDED) or bill.due_on >= seoul_date(now):
        raise Outdated(what="late")
    return Late(bill, party, membership)


async def wait_longer(session: AsyncSession, bill_id: int, host_id: int, now: datetime, limits: Limits) -> datetime:
    """Wait three days more with the suspension, as the host; once a bill. Returns until when."""
    await late_bill(session, bill_id, host_id, now)
    bill = await _locked(session, bill_id)
    late = await late_bill(session, bill_id, host_id, now)
    if late.membership.state is not MembershipState.ACTIVE or bill.waits_until is not None:
        raise Outdated(what="wait")
    planned = outlook(bill, late.membership, limits, now).suspended_at or now
    bill.waits_until = max(planned, now) + MORE_TIME
    await session.flush()
    facts = {"bill": bill.id}
    notice(session, now, bill.person_id, "late.more_time", facts, valid_while=facts | {"check": "bill_open"})
    return bill.waits_until


async def nudge_late(session: AsyncSession, bill_id: int, host_id: int, now: datetime) -> datetime | None:
    """Remind the member of a late bill now, as the host; once a day. Returns when it is sent, None when it cannot be.

    BillBusy while a payment of it is being checked.
    """
    late = await late_bill(session, bill_id, host_id, now)
    return await billing.nudge(session, late.bill, now)


async def suspended_bill(session: AsyncSession, bill_id: int, host_id: int, now: datetime) -> Late:
    """Return a late bill whose member is suspended, for the host; Outdated before that."""
    late = await late_bill(session, bill_id, host_id, now)
    if late.membership.state is not MembershipState.SUSPENDED:
        raise Outdated(what="free")
    return late


async def free_by_host(session: AsyncSession, bill_id: int, host_id: int, now: datetime) -> None:
    """Free the seat of a suspended member, as the host; BillBusy while they pay."""
    await suspended_bill(session, bill_id, host_id, now)
    bill = await _locked(session, bill_id)
    await suspended_bill(session, bill_id, host_id, now)
    if not await _free(session, bill, now):
        raise BillBusy(bill=bill_id)


async def coming_steps(session: AsyncSession) -> tuple[list[datetime], list[datetime]]:
    """Return the instants at which warned members are suspended, and those at which seats are freed."""
    warned = (
        select(Bill, Membership.state)
        .join(Membership, Membership.id == Bill.membership_id)
        .where(
            Bill.state == BillState.OPEN,
            Membership.state.in_((MembershipState.ACTIVE, MembershipState.SUSPENDED)),
            Bill.warned_at.is_not(None),
        )
    )
    suspensions, frees = [], []
    for bill, state in await session.execute(warned):
        if state is MembershipState.ACTIVE and bill.warned_at is not None:
            suspensions.append(suspends_at(bill, bill.warned_at))
        elif bill.final_warned_at is not None:
            frees.append(bill.final_warned_at + NOTICE)
    return suspensions, frees
