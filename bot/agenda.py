"""What is coming: the instants at which somebody will notice something, for whoever moves the demo's clock."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core import flows
from core.billing import Bill, BillState, Cycle, Limits, coming_charges, coming_repeats
from core.billing.reminders import AT
from core.billing.tables import (
    SILENT,
    UNFINISHED,
    Attempt,
    Card,
    CardState,
    Hint,
    Refund,
    RefundWay,
    Reminder,
    ReminderState,
)
from core.dates import seoul_date, seoul_instant
from core.outbox import Outgoing, SendState
from core.parties import Membership, MembershipState, Party, PartyState, Role, lines_to_serve
from core.parties.tables import PriceChange, PriceChangeState
from core.people import CAN_WAIT

# A day's work begins a minute after midnight.
DAYBREAK = time(0, 1)
# What the next run of a tick would do at once.
MOMENT = timedelta(minutes=1)
# States of a bill of which something may be held.
HELD = (BillState.PAID, BillState.PARTLY_REFUNDED)
Event = tuple[datetime, str]


async def coming(session: AsyncSession, now: datetime, limits: Limits) -> list[Event]:
    """Return when what happens next, soonest first.

    Kinds: hold_over, offer_over, party_starts, recruiting_ends, next_bill, reminder, card_charged, suspension,
    seat_freed, quiet_over, release, member_leaves, party_ends, price_closes.
    """
    suspensions, frees = await flows.coming_steps(session)
    found = [
        *await _moments(session, "hold_over", Membership.held_until, Membership.state == MembershipState.RESERVED),
        *await _moments(session, "offer_over", Membership.held_until, Membership.state == MembershipState.OFFERED),
        *await _days(session, "party_starts", Party.starts_on, Party.state == PartyState.RECRUITING),
        *_after(await _days(session, "recruiting_ends", Party.recruits_until, Party.state == PartyState.RECRUITING), 1),
        *await _next_bills(session, limits),
        *await _reminders(session),
        *[(at, "card_charged") for at in await coming_charges(session, now)],
        *await _days(session, "party_ends", Party.ends_on, Party.state == PartyState.ENDING),
        *await _days(session, "release", Bill.serves_until, Bill.state.in_(HELD) & Bill.released_at.is_(None)),
        *((at, "suspension") for at in suspensions),
        *((at, "seat_freed") for at in frees),
        *await _after_quiet_hours(session),
        *await _moments(session, "price_closes", PriceChange.closes_at, PriceChange.state == PriceChangeState.ASKING),
        *await _days(session, "member_leaves", Membership.leaves_on, Membership.state == MembershipState.LEAVING),
    ]
    return sorted({event for event in found if event[0] > now})


async def next_stop(session: AsyncSession, now: datetime, limits: Limits) -> datetime | None:
    """Return when the ticks have something to do next; None when nothing lies ahead.

    A day with an event has a stop at its daybreak too: what goes by the date is done then. Days without any are passed
    over, unless something is looked after day by day.
    """
    planned = select(func.min(Outgoing.not_before)).where(
        Outgoing.state == SendState.WAITING, Outgoing.not_before > now
    )
    ahead = [at for at, _ in (await coming(session, now, limits))[:1]]
    ahead += [at for at in [await session.scalar(planned)] if at is not None]
    ahead += [at for at in await coming_repeats(session) if at > now]
    ahead += [at for at in await flows.coming_price_reminders(session) if at > now]
    if await lines_to_serve(session):
        ahead.append(now + MOMENT)  # a seat was freed after its tick had run: it is not offered hours later
    tomorrow = seoul_instant(seoul_date(now) + timedelta(days=1), DAYBREAK)
    if await _looked_after_daily(session, now):
        ahead.append(tomorrow)
    if not ahead:
        return None
    soonest = min(ahead)
    daybreak = seoul_instant(seoul_date(soonest), DAYBREAK)
    return min(soonest, daybreak) if daybreak > now else soonest


async def _looked_after_daily(session: AsyncSession, now: datetime) -> bool:
    """Tell whether something moves without an instant of its own: asked about again and again, or a coming price."""
    asked_about = (
        select(Attempt.id).where(Attempt.state.in_(SILENT)),
        select(Refund.id).where(Refund.state.in_(UNFINISHED), Refund.way == RefundWay.CANCEL),
        select(Hint.id).where(Hint.done_at.is_(None)),
        select(Card.id).where(Card.state.in_((CardState.ASKED, CardState.REVOKING))),
    )
    if await session.scalar(select(or_(*(rows.exists() for rows in asked_about)))):
        return True
    return await flows.price_is_coming(session, now)


async def _moments(
    session: AsyncSession,
    kind: str,
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    met: ColumnElement[bool],
) -> list[Event]:
    instants: Iterable[datetime | None] = await session.scalars(select(column).where(met).distinct())
    return [(at, kind) for at in instants if at is not None]


async def _days(
    session: AsyncSession,
    kind: str,
    column: InstrumentedAttribute[date] | InstrumentedAttribute[date | None],
    met: ColumnElement[bool],
) -> list[Event]:
    days: Iterable[date | None] = await session.scalars(select(column).where(met).distinct())
    return [(seoul_instant(day, DAYBREAK), kind) for day in days if day is not None]


def _after(events: list[Event], days: int) -> list[Event]:
    return [(at + timedelta(days=days), kind) for at, kind in events]


async def _next_bills(session: AsyncSession, limits: Limits) -> list[Event]:
    staying = select(Membership.party_id).where(
        Membership.role == Role.MEMBER, Membership.state == MembershipState.ACTIVE
    )
    ends = await session.scalars(
        select(func.max(Cycle.ends_on))
        .join(Party, Party.id == Cycle.party_id)
        .where(Party.state == PartyState.ACTIVE, Party.id.in_(staying))
        .group_by(Cycle.party_id)
    )
    return [(seoul_instant(day - timedelta(days=limits.open_days_before), AT), "next_bill") for day in ends]


async def _reminders(session: AsyncSession) -> list[Event]:
    waiting = (
        select(Reminder.due_at)
        .join(Bill, Bill.id == Reminder.bill_id)
        .where(Reminder.state == ReminderState.WAITING, Bill.state == BillState.OPEN)
    )
    return [(at, "reminder") for at in await session.scalars(waiting.distinct())]


async def _after_quiet_hours(session: AsyncSession) -> list[Event]:
    # The news of a bill is planned for a morning anyway, which is an event of its own.
    put_off = select(Outgoing.not_before).where(
        Outgoing.state == SendState.WAITING, Outgoing.name.in_(CAN_WAIT - {"billing.opened"})
    )
    return [(at, "quiet_over") for at in await session.scalars(put_off.distinct())]
