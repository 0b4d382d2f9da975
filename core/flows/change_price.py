"""A new price: asked of every member a month ahead; who agrees stays, who says nothing leaves and is not charged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Select, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Cycle, Limits
from core.catalogue import PlanPrice
from core.dates import Period, period_of, seoul_date, seoul_instant
from core.db import changed
from core.errors import InvalidInput, NotFound, Outdated
from core.flows.asking_prices import ask, consent_of, shown
from core.flows.cards import PartyCard, party_card
from core.outbox import notice
from core.parties import (
    Membership,
    MembershipState,
    Party,
    PartyState,
    Role,
    hosted_party,
    lock_party,
    membership_of,
    move,
    prices_of,
    refused_price,
    seated,
    without_consent,
)
from core.parties.tables import PriceChange, PriceChangeState, PriceConsent

# The law lets consent be asked for within thirty days before; a week to answer is the least that is fair.
ASK_WITHIN = timedelta(days=30)
TIME_TO_ANSWER = timedelta(days=7)
REMIND_BEFORE = timedelta(days=2)
# A typing error must not ask people for ten times the price.
MOST_TIMES = 2


# Who is shown a new price; somebody who is offered a seat sees it when they take it.
_ASKED = (
    MembershipState.RESERVED,
    MembershipState.ACTIVE,
    MembershipState.SUSPENDED,
    MembershipState.LEAVING,
)
_STAYS = (Membership.role == Role.MEMBER, Membership.state == MembershipState.ACTIVE)


@dataclass(frozen=True)
class NewPrice:
    """A price that a party would have, and from which of its cycles on."""

    old_won: int
    new_won: int
    period: Period
    closes_at: datetime

    @property
    def is_rise(self) -> bool:
        """Tell whether it takes everybody's consent."""
        return self.new_won > self.old_won


@dataclass(frozen=True)
class PriceNews:
    """A change of price with its party, and what one member was shown; None for the host.

    Who is `leaving` is asked nothing: no month of the new price is theirs.
    """

    card: PartyCard
    change: PriceChange
    consent: PriceConsent | None
    leaving: bool = False


async def price_preview(
    session: AsyncSession, party_id: int, host_id: int, won: int, now: datetime, limits: Limits
) -> NewPrice:
    """Say from when on a price could hold, before anybody is asked; changes nothing.

    InvalidInput for a price that is out of bounds, the present one, proposed while another is being asked, or so early
    that members could not be asked yet; then it says from which day on they can.
    """
    party = await hosted_party(session, party_id, host_id)
    return await _proposed(session, party, won, now, limits)


async def propose_price(
    session: AsyncSession, party_id: int, host_id: int, won: int, from_on: date, now: datetime, limits: Limits
) -> PriceChange:
    """Ask every member for their consent to a higher price, as the host; a lower one is told and holds at once.

    Outdated when it could only hold from another day on than the host has seen.
    """
    party = await hosted_party(session, party_id, host_id)
    party = await lock_party(session, party.id)
    new = await _proposed(session, party, won, now, limits)
    if new.period.starts_on != from_on:
        raise Outdated(what="price")
    return await _open(session, party, new, now, limits, by_host=True)


async def _proposed(session: AsyncSession, party: Party, won: int, now: datetime, limits: Limits) -> NewPrice:
    if party.state is not PartyState.ACTIVE:
        raise Outdated(what="party", state=str(party.state))
    if (await prices_of(session, party)).asking() is not None:
        raise InvalidInput(field="price_asked", rule="once")
    least, most = party.seats * limits.smallest_bill_won, MOST_TIMES * party.price_won
    if not least <= won <= most or won == party.price_won:
        raise InvalidInput(field="price", rule="range", least=least, most=most, now=party.price_won)
    new = await _new_price(session, party, won, seoul_date(now), now, limits)
    ask_on = new.period.starts_on - ASK_WITHIN
    if new.is_rise and seoul_date(now) < ask_on:
        raise InvalidInput(field="price_early", rule="range", from_on=new.period.starts_on, ask_on=ask_on)
    return new


async def _new_price(
    session: AsyncSession, party: Party, won: int, since: date, now: datetime, limits: Limits
) -> NewPrice:
    """Return a price with the first cycle it can hold for: not opened, not decided yet, with time to answer."""
    taken = [
        await session.scalar(select(func.max(Cycle.starts_on)).where(Cycle.party_id == party.id)),
        *(change.from_cycle_on for change in (await prices_of(session, party)).changes),
    ]
    period = period_of(max(seoul_date(now), party.starts_on, since), party.anchor_day)
    answer_until = now + TIME_TO_ANSWER if won > party.price_won else now
    while (
        period.starts_on < since
        or any(day is not None and period.starts_on <= day for day in taken)
        or _closes_at(period, limits) < answer_until
    ):
        period = period_of(period.ends_on, party.anchor_day)
    return NewPrice(party.price_won, won, period, _closes_at(period, limits))


def _closes_at(period: Period, limits: Limits) -> datetime:
    """Return when a cycle's bills open: from then on its price is fixed."""
    return seoul_instant(period.starts_on - timedelta(days=limits.open_days_before))


async def _open(
    session: AsyncSession, party: Party, new: NewPrice, now: datetime, limits: Limits, *, by_host: bool
) -> PriceChange:
    change = PriceChange(
        party_id=party.id,
        old_won=new.old_won,
        new_won=new.new_won,
        from_cycle_on=new.period.starts_on,
        by_host=by_host,
        closes_at=new.closes_at,
        state=PriceChangeState.ASKING if new.is_rise else PriceChangeState.APPLIED,
        asked_at=now,
        closed_at=None if new.is_rise else now,
    )
    session.add(change)
    if not new.is_rise:
        party.price_won = new.new_won
    await session.flush()
    for member in await _members(session, party.id):
        session.add(shown(party, change, member, limits))
        if member.state is MembershipState.LEAVING:
            continue
        if new.is_rise:
            ask(session, change.id, member, now)
        else:
            notice(session, now, member.person_id, "prices.lower", {"change": change.id, "membership": member.id})
    if not by_host:
        name = "prices.host_asked" if new.is_rise else "prices.host_lower"
        notice(session, now, party.host_id, name, {"change": change.id})
    await session.flush()
    return change


async def _members(session: AsyncSession, party_id: int) -> list[Membership]:
    seats = await seated(session, party_id)
    return [member for member in seats if member.role is Role.MEMBER and member.state in _ASKED]


async def price_news(session: AsyncSession, change_id: int, person_id: int) -> PriceNews:
    """Return a change of price as its host or one of its party's members may see it; NotMember for others."""
    change = await session.get(PriceChange, change_id, populate_existing=True)
    if change is None:
        raise NotFound(what="price", id=change_id)
    membership = await membership_of(session, change.party_id, person_id)
    consent = None if membership.role is Role.HOST else await consent_of(session, change_id, membership.id)
    leaving = membership.state is MembershipState.LEAVING
    return PriceNews(await party_card(session, change.party_id), change, consent, leaving)


async def answers_to(session: AsyncSession, change_id: int) -> dict[int, bool | None]:
    """Return what the members said to a new price, by membership."""
    rows = await session.execute(
        select(PriceConsent.membership_id, PriceConsent.agreed).where(PriceConsent.change_id == change_id)
    )
    return dict(rows.all())


async def answer_price(
    session: AsyncSession, change_id: int, person_id: int, now: datetime, *, agreed: bool
) -> PriceNews:
    """Keep what a member says to a new price; they may change their mind until it closes, then it is Outdated.

    So it is for who is about to leave: they are asked again when they stay after all.
    """
    news = await price_news(session, change_id, person_id)
    await lock_party(session, news.change.party_id)
    news = await price_news(session, change_id, person_id)
    open_to_them = news.change.state is PriceChangeState.ASKING and not news.leaving
    if not open_to_them or news.change.closes_at <= now or news.consent is None:
        raise Outdated(what="price")
    if news.consent.agreed is not agreed:
        news.consent.agreed, news.consent.answered_at = agreed, now
        await session.flush()
    return news


async def take_price_back(session: AsyncSession, change_id: int, host_id: int, now: datetime) -> PriceChange:
    """Stop asking for a new price, as the host; Outdated once it is decided, or somebody has joined at it."""
    news = await price_news(session, change_id, host_id)
    party = await lock_party(session, (await hosted_party(session, news.change.party_id, host_id)).id)
    opened = exists().where(Cycle.party_id == party.id, Cycle.starts_on >= news.change.from_cycle_on)
    if await session.scalar(select(opened)) or not await _withdraw(session, change_id, now):
        raise Outdated(what="price")
    for member in await _members(session, party.id):
        if member.state is not MembershipState.LEAVING:
            notice(session, now, member.person_id, "prices.withdrawn", {"change": change_id})
    return news.change


async def _withdraw(session: AsyncSession, change_id: int, now: datetime) -> bool:
    asking = update(PriceChange).where(PriceChange.id == change_id, PriceChange.state == PriceChangeState.ASKING)
    gone = asking.values(state=PriceChangeState.WITHDRAWN, standing=None, closed_at=now)
    return await changed(session, gone) == 1


async def price_work(session: AsyncSession, now: datetime, limits: Limits) -> Sequence[int]:
    """Return the parties about whose price something is to be done: asked, reminded, closed, or somebody let go."""
    asking = PriceChange.state == PriceChangeState.ASKING
    to_remind = PriceChange.reminded_at.is_(None) & (PriceChange.closes_at <= now + REMIND_BEFORE)
    due = or_(PriceChange.closes_at <= now, to_remind, Party.state != PartyState.ACTIVE)
    found = set(
        await session.scalars(
            select(PriceChange.party_id).join(Party, Party.id == PriceChange.party_id).where(asking, due)
        )
    )
    found |= set(await session.scalars(select(Membership.party_id).where(*_STAYS, without_consent())))
    today = seoul_date(now)
    for party in await session.scalars(_differing(today).where(PlanPrice.valid_from <= today + ASK_WITHIN)):
        if await _catalogue_price(session, party, now, limits) is not None:
            found.add(party.id)
    return sorted(found)


async def coming_price_reminders(session: AsyncSession) -> Sequence[datetime]:
    """Return when members are reminded that a new price waits for their answer."""
    waiting = PriceChange.state == PriceChangeState.ASKING, PriceChange.reminded_at.is_(None)
    return [at - REMIND_BEFORE for at in await session.scalars(select(PriceChange.closes_at).where(*waiting))]


async def price_is_coming(session: AsyncSession, now: datetime) -> bool:
    """Tell whether any party is asked, or will be asked on some day, about a price that the catalogue knows."""
    return await session.scalar(_differing(seoul_date(now)).limit(1)) is not None


async def keep_price(session: AsyncSession, party_id: int, now: datetime, limits: Limits) -> None:
    """Do what is to be done about a party's price; may run at any time, late, and any number of times."""
    party = await lock_party(session, party_id)
    asking = (await prices_of(session, party)).asking()
    if asking is not None and party.state is not PartyState.ACTIVE:
        await _withdraw(session, asking.id, now)
    elif asking is not None and asking.closes_at <= now:
        await _close(session, party, asking, now)
    elif asking is not None and asking.reminded_at is None and asking.closes_at <= now + REMIND_BEFORE:
        await _remind(session, asking, now)
    await _let_go(session, party, now)
    new = await _catalogue_price(session, party, now, limits)
    if new is not None:
        await _open(session, party, new, now, limits, by_host=False)


def _differing(today: date) -> Select[Party]:
    """Return running parties whose plan has, or will have, a price that they have not decided about."""
    decided = exists().where(PriceChange.party_id == Party.id, PriceChange.from_cycle_on >= PlanPrice.valid_from)
    return (
        select(Party)
        .join(PlanPrice, PlanPrice.plan_id == Party.plan_id)
        .where(
            Party.state == PartyState.ACTIVE,
            PlanPrice.price_won != Party.price_won,
            or_(PlanPrice.valid_to.is_(None), PlanPrice.valid_to > today),
            ~decided,
        )
        .distinct()
    )


async def _catalogue_price(session: AsyncSession, party: Party, now: datetime, limits: Limits) -> NewPrice | None:
    """Return the catalogue's price that a party is to be asked about today; what was decided once is not asked anew."""
    prices = await prices_of(session, party)
    if party.state is not PartyState.ACTIVE or prices.asking() is not None:
        return None
    decided = await session.scalar(select(func.max(PriceChange.from_cycle_on)).where(PriceChange.party_id == party.id))
    versions = select(PlanPrice).where(PlanPrice.plan_id == party.plan_id, PlanPrice.price_won != party.price_won)
    for version in await session.scalars(versions.order_by(PlanPrice.valid_from)):
        if decided is not None and decided >= version.valid_from:
            continue
        new = await _new_price(session, party, version.price_won, version.valid_from, now, limits)
        over = version.valid_to is not None and version.valid_to <= new.period.starts_on
        if not over and new.period.starts_on <= seoul_date(now) + ASK_WITHIN:
            return new
    return None


async def _remind(session: AsyncSession, change: PriceChange, now: datetime) -> None:
    change.reminded_at = now
    for member in await _members(session, change.party_id):
        data = {"change": change.id, "membership": member.id}
        consent = await consent_of(session, change.id, member.id)
        if member.state is not MembershipState.LEAVING and consent is not None and consent.agreed is None:
            waits = {"check": "price_unanswered", **data}
            notice(session, now, member.person_id, "prices.reminder", data, valid_while=waits)


async def _close(session: AsyncSession, party: Party, change: PriceChange, now: datetime) -> None:
    asking = update(PriceChange).where(PriceChange.id == change.id, PriceChange.state == PriceChangeState.ASKING)
    if not await changed(session, asking.values(state=PriceChangeState.APPLIED, closed_at=now)):
        return
    party.price_won = change.new_won
    await session.flush()
    notice(session, now, party.host_id, "prices.applied", {"change": change.id})


async def _let_go(session: AsyncSession, party: Party, now: datetime) -> None:
    """Let everybody leave, with what they have paid for, who has not agreed to a price that holds."""
    unwilling = select(Membership).where(Membership.party_id == party.id, *_STAYS, without_consent())
    for member in (await session.scalars(unwilling)).all():
        change = await refused_price(session, member.id)
        if change is None:
            continue
        leaving = {"leaves_on": change.from_cycle_on}
        if await move(session, member.id, MembershipState.ACTIVE, MembershipState.LEAVING, **leaving):
            data = {"change": change.id, "membership": member.id}
            notice(session, now, member.person_id, "prices.leaving", data)
