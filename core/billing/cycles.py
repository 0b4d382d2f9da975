"""Cycles and their bills: one cycle a party and month, one bill a member and cycle, each opened once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import reminders
from core.billing.credits import use_credit
from core.billing.limits import Limits
from core.billing.tables import Bill, BillState, Cycle
from core.dates import Period, period_of, seoul_instant
from core.db import changed
from core.money import pro_rata, split
from core.outbox import notice
from core.parties import (
    Membership,
    MembershipState,
    Party,
    PartyState,
    Prices,
    Role,
    lock_party,
    prices_of,
    without_consent,
)


@dataclass(frozen=True)
class Later:
    """What a seat costs in the first cycle of a coming price."""

    price_won: int
    from_on: date
    amount_won: int


@dataclass(frozen=True)
class Quote:
    """What a seat costs from a day on, and how that came about; `monthly_won` is a whole share with its fee."""

    period: Period
    serves_from: date
    share_won: int
    days: int
    fee_won: int
    amount_won: int
    due_on: date
    price_won: int
    monthly_won: int
    later: Later | None


def cycle_number(party: Party, period: Period) -> int:
    """Return how many cycles after the party's first one a period comes."""
    first = period_of(party.starts_on, party.anchor_day).starts_on
    return (period.starts_on.year - first.year) * 12 + period.starts_on.month - first.month


def quote(party: Party, seat: int, today: date, limits: Limits, prices: Prices) -> Quote:
    """Return the first bill of somebody who joins today: the days left of the cycle, or the next cycle when so few
    days are left that their price is below the smallest bill (those days are then the party's gift)."""

    def share_in(cycle: Period) -> int:
        return share_of(party, seat, cycle, prices.on(cycle.starts_on))

    starts = max(today, party.starts_on)
    period = period_of(starts, party.anchor_day)
    days = period.days_from(starts)
    share = share_in(period)
    amount = pro_rata(share, days, period.days)
    if amount < limits.smallest_bill_won:
        period = period_of(period.ends_on, party.anchor_day)
        starts, days = period.starts_on, period.days
        share = amount = share_in(period)
    fee = operator_fee(party, amount, limits)
    later = next(iter(prices.after(period.starts_on)), None)
    coming = None
    if later is not None:
        next_share = share_in(period_of(later.from_cycle_on, party.anchor_day))
        coming = Later(later.new_won, later.from_cycle_on, next_share + operator_fee(party, next_share, limits))
    return Quote(
        period=period,
        serves_from=starts,
        share_won=share,
        days=days,
        fee_won=fee,
        amount_won=amount + fee,
        due_on=today,
        price_won=prices.on(period.starts_on),
        monthly_won=share + operator_fee(party, share, limits),
        later=coming,
    )


def operator_fee(party: Party, share_won: int, limits: Limits) -> int:
    """Return the operator's fee on a share, rounded down; private parties are free of it."""
    return share_won * limits.operator_fee_bp // 10_000 if party.listed else 0


def share_of(party: Party, seat: int, period: Period, price_won: int | None = None) -> int:
    """Return a seat's share of a full cycle; the odd won moves on from cycle to cycle."""
    price = party.price_won if price_won is None else price_won
    return split(price, party.seats, turn=max(0, cycle_number(party, period)))[seat]


async def cycle_of(session: AsyncSession, party: Party, period: Period, now: datetime) -> Cycle:
    """Return the party's cycle for a period, opening it when it is not there yet."""
    known = select(Cycle).where(Cycle.party_id == party.id, Cycle.starts_on == period.starts_on)
    cycle = await session.scalar(known)
    if cycle is not None:
        return cycle
    cycle = Cycle(
        party_id=party.id,
        number=cycle_number(party, period),
        starts_on=period.starts_on,
        ends_on=period.ends_on,
        price_won=(await prices_of(session, party)).on(period.starts_on),
        opened_at=now,
    )
    try:
        async with session.begin_nested():
            session.add(cycle)
    except IntegrityError:
        return (await session.scalars(known)).one()
    return cycle


async def open_first_bill(
    session: AsyncSession, party: Party, membership: Membership, offered: Quote, now: datetime
) -> Bill:
    """Open the bill with which a member takes the seat that is held for them."""
    cycle = await cycle_of(session, party, offered.period, now)
    bill = _bill(
        cycle, membership, now, serves_from=offered.serves_from, share=offered.share_won, due_on=offered.due_on
    )
    bill.fee_won, bill.amount_won = offered.fee_won, offered.amount_won
    session.add(bill)
    await session.flush()
    return bill


def _bill(cycle: Cycle, member: Membership, now: datetime, *, serves_from: date, share: int, due_on: date) -> Bill:
    return Bill(
        cycle_id=cycle.id,
        membership_id=member.id,
        party_id=member.party_id,
        person_id=member.person_id,
        amount_won=share,
        share_won=share,
        days=(cycle.ends_on - serves_from).days,
        days_in_cycle=(cycle.ends_on - cycle.starts_on).days,
        serves_from=serves_from,
        serves_until=cycle.ends_on,
        due_on=due_on,
        state=BillState.OPEN,
        refunded_won=0,
        created_at=now,
    )


async def parties_to_bill(session: AsyncSession, today: date, limits: Limits) -> Sequence[int]:
    """Return every running party of which `open_due_cycles` may open a bill today; hardly any other one is among them.

    Who has no bill of the newest cycle that may be open by now lacks one. Whether a price or a consent stands in the
    way is decided behind the party's lock.
    """
    horizon = today + timedelta(days=limits.open_days_before)
    theirs = select(Bill.id).join(Cycle, Cycle.id == Bill.cycle_id).where(Bill.membership_id == Membership.id)
    # No month is shorter than 28 days: most members are passed over by this alone.
    fresh = theirs.where(Cycle.starts_on > horizon - timedelta(days=28))
    newest = theirs.with_only_columns(func.max(Cycle.starts_on)).scalar_subquery()
    members = (
        select(Party.id, Party.anchor_day, Membership.serves_from, newest)
        .join(Membership, Membership.party_id == Party.id)
        .where(
            Party.state == PartyState.ACTIVE,
            Membership.role == Role.MEMBER,
            Membership.state == MembershipState.ACTIVE,
            Membership.serves_from.is_not(None),
            ~fresh.exists(),
        )
    )
    found = set()
    for party_id, anchor_day, serves_from, newest_on in await session.execute(members):
        last = period_of(horizon, anchor_day)
        if serves_from is not None and serves_from < last.ends_on and (newest_on is None or newest_on < last.starts_on):
            found.add(party_id)
    return sorted(found)


async def open_due_cycles(session: AsyncSession, party_id: int, today: date, limits: Limits, now: datetime) -> int:
    """Open every cycle of a party that begins within the opening days, late ones too, with a bill for each member.

    May run at any time and any number of times; returns how many bills it opened.
    """
    party = await session.get(Party, party_id)
    if party is None or party.state is not PartyState.ACTIVE:
        return 0
    newest = await session.scalar(select(func.max(Cycle.starts_on)).where(Cycle.party_id == party_id))
    horizon = today + timedelta(days=limits.open_days_before)
    # Not only from the newest cycle on: who joined after it opened may lack a bill of an earlier one.
    period = period_of(min(newest or party.starts_on, max(today, party.starts_on)), party.anchor_day)
    opened = 0
    while period.starts_on <= horizon:
        missing = await _without_bill(session, party, period)
        if missing:
            party = await lock_party(session, party_id)
            if party.state is not PartyState.ACTIVE:
                break  # its host has just ended it
            asking = (await prices_of(session, party)).asking()
            if asking is not None and asking.from_cycle_on <= period.starts_on:
                break  # nobody is billed for a price that others may still refuse: it closes first
            for member in await _without_bill(session, party, period):
                opened += await _open_bill(session, party, member, period, limits, now)
        period = period_of(period.ends_on, party.anchor_day)
    return opened


async def _without_bill(session: AsyncSession, party: Party, period: Period) -> Sequence[Membership]:
    billed = (
        select(Bill.id)
        .join(Cycle, Cycle.id == Bill.cycle_id)
        .where(Bill.membership_id == Membership.id, Cycle.starts_on >= period.starts_on)
    )
    return (
        await session.scalars(
            select(Membership).where(
                Membership.party_id == party.id,
                Membership.role == Role.MEMBER,
                Membership.state == MembershipState.ACTIVE,
                Membership.serves_from < period.ends_on,
                ~billed.exists(),
                ~without_consent(period.starts_on),
            )
        )
    ).all()


async def _open_bill(
    session: AsyncSession, party: Party, member: Membership, period: Period, limits: Limits, now: datetime
) -> int:
    if member.seat is None:
        raise ValueError(f"membership {member.id} is active without a seat")
    cycle = await cycle_of(session, party, period, now)
    share = share_of(party, member.seat, period, cycle.price_won)
    bill = _bill(cycle, member, now, serves_from=cycle.starts_on, share=share, due_on=cycle.starts_on)
    bill.fee_won = operator_fee(party, share, limits)
    bill.amount_won = share + bill.fee_won
    await use_credit(session, bill, limits)
    try:
        async with session.begin_nested():
            session.add(bill)
    except IntegrityError:
        return 0
    reminders.plan(session, bill, cycle, limits.grace_days, now)
    morning = seoul_instant(cycle.starts_on - timedelta(days=limits.open_days_before), reminders.AT)
    _tell_opened(session, bill, now, not_before=max(now, morning))
    return 1


def _tell_opened(session: AsyncSession, bill: Bill, now: datetime, *, not_before: datetime) -> None:
    valid_while = {"check": "bill_open", "bill": bill.id}
    data = {"bill": bill.id}
    notice(session, now, bill.person_id, "billing.opened", data, valid_while=valid_while, not_before=not_before)


async def void_open_bills(
    session: AsyncSession, membership_id: int, now: datetime, *, since: date | None = None
) -> bool:
    """Void a member's unpaid bills, with `since` only those of periods that begin then or later.

    False when one of them is being paid at this moment, and then none is void.
    """
    theirs = [Bill.membership_id == membership_id, Bill.state == BillState.OPEN]
    if since is not None:
        theirs.append(Bill.serves_from >= since)
    # Locked, so that no payment takes a bill between the question and the answer.
    still_open = select(Bill).where(*theirs).with_for_update()
    bills = (await session.scalars(still_open.execution_options(populate_existing=True))).all()
    if any(bill.approving_attempt is not None for bill in bills):
        return False
    voiding = update(Bill).where(*theirs, Bill.approving_attempt.is_(None))
    await changed(session, voiding.values(state=BillState.VOID, closed_at=now))
    return True


async def reopen_bills(session: AsyncSession, membership_id: int, since: date, now: datetime) -> None:
    """Open a member's void bills of the days from `since` on again: they stay after all, and nobody rides for free."""
    bills = (
        await session.scalars(
            select(Bill)
            .where(Bill.membership_id == membership_id, Bill.state == BillState.VOID, Bill.serves_from >= since)
            .with_for_update()
        )
    ).all()
    for bill in bills:
        await changed(
            session,
            update(Bill)
            .where(Bill.id == bill.id, Bill.state == BillState.VOID)
            .values(state=BillState.OPEN, closed_at=None),
        )
        _tell_opened(session, bill, now, not_before=now)
