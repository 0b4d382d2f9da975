"""What one member is shown of a new price, and the ways in which somebody comes to be asked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import Limits, Quote, operator_fee, share_of
from core.dates import period_of, seoul_date
from core.outbox import notice, validity
from core.parties import Membership, Party, Prices
from core.parties.tables import PriceChange, PriceChangeState, PriceConsent


def shown(party: Party, change: PriceChange, membership: Membership, limits: Limits) -> PriceConsent:
    """Return what a member pays in the first cycle of a new price, before and after, with the operator's fee."""
    period = period_of(change.from_cycle_on, party.anchor_day)
    old_won, new_won = [
        share + operator_fee(party, share, limits)
        for share in (share_of(party, membership.seat or 0, period, won) for won in (change.old_won, change.new_won))
    ]
    return PriceConsent(change_id=change.id, membership_id=membership.id, old_won=old_won, new_won=new_won, agreed=None)


def agree_by_joining(
    session: AsyncSession,
    party: Party,
    membership: Membership,
    prices: Prices,
    seen: Quote,
    now: datetime,
    limits: Limits,
) -> None:
    """Keep that somebody who joins was shown the next price to come, and agreed; of a later one they are asked."""
    for change in prices.after(seoul_date(now)):
        consent = shown(party, change, membership, limits)
        session.add(consent)
        if seen.later is None or change.from_cycle_on <= seen.later.from_on:
            consent.agreed, consent.answered_at = True, now
        elif change.state is PriceChangeState.ASKING:
            ask(session, change.id, membership, now)


async def consent_of(session: AsyncSession, change_id: int, membership_id: int) -> PriceConsent | None:
    """Return what a member was shown of a new price, and what they said to it."""
    mine = select(PriceConsent).where(PriceConsent.change_id == change_id, PriceConsent.membership_id == membership_id)
    return await session.scalar(mine.execution_options(populate_existing=True))


async def ask_again(session: AsyncSession, membership: Membership, now: datetime) -> None:
    """Ask a member who was about to leave, and stays after all, for their consent to a price that is being asked."""
    unanswered = (
        select(PriceConsent.change_id)
        .join(PriceChange, PriceChange.id == PriceConsent.change_id)
        .where(
            PriceConsent.membership_id == membership.id,
            PriceConsent.agreed.is_(None),
            PriceChange.state == PriceChangeState.ASKING,
        )
    )
    for change_id in await session.scalars(unanswered):
        ask(session, change_id, membership, now)


def ask(session: AsyncSession, change_id: int, membership: Membership, now: datetime) -> None:
    """Ask one member for their consent."""
    data = {"change": change_id, "membership": membership.id}
    waits = {"check": "price_unanswered", **data}
    notice(session, now, membership.person_id, "prices.asked", data, valid_while=waits)


@validity("price_unanswered")
async def price_is_unanswered(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    """Tell whether a new price is still being asked about and a member has not answered."""
    state = await session.scalar(select(PriceChange.state).where(PriceChange.id == facts["change"]))
    consent = await consent_of(session, facts["change"], facts["membership"])
    return state is PriceChangeState.ASKING and consent is not None and consent.agreed is None
