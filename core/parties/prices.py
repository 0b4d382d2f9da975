"""What a party costs a month, cycle by cycle, and who has agreed to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.parties.tables import Membership, Party, PriceChange, PriceChangeState, PriceConsent


@dataclass(frozen=True)
class Prices:
    """A party's newest price, and the changes that say for which cycles it was or will be another one.

    A change that is still being asked counts for its cycles: who joins into one of them agrees to it by joining.
    """

    won: int
    changes: Sequence[PriceChange] = ()

    def on(self, starts_on: date) -> int:
        """Return the monthly price of the cycle that begins on a day."""
        price = self.won
        for change in reversed(self.changes):
            if change.state is PriceChangeState.APPLIED and starts_on < change.from_cycle_on:
                price = change.old_won
            elif change.state is PriceChangeState.ASKING and starts_on >= change.from_cycle_on:
                price = change.new_won
        return price

    def after(self, starts_on: date) -> Sequence[PriceChange]:
        """Return the changes for later cycles than the one that begins on a day, the next one first."""
        return [change for change in self.changes if change.from_cycle_on > starts_on]

    def asking(self) -> PriceChange | None:
        """Return the change that members are being asked about."""
        return next((change for change in self.changes if change.state is PriceChangeState.ASKING), None)


async def prices_of(session: AsyncSession, party: Party) -> Prices:
    """Return a party's prices; behind its lock when a decision hangs on them."""
    standing = select(PriceChange).where(PriceChange.party_id == party.id, PriceChange.standing.is_(True))
    changes = await session.scalars(
        standing.order_by(PriceChange.from_cycle_on).execution_options(populate_existing=True)
    )
    return Prices(party.price_won, changes.all())


def without_consent(by: date | InstrumentedAttribute[date] | None = None) -> ColumnElement[bool]:
    """Tell of a Membership whether it has not agreed to a higher price; `by`: of cycles that begin by then.

    Who came when the price was there already agreed to it by joining.
    """
    in_time = [] if by is None else [PriceChange.from_cycle_on <= by]
    refused = exists().where(PriceChange.party_id == Membership.party_id, *_refused(), *in_time)
    return refused.correlate_except(PriceChange, PriceConsent)


async def refused_price(session: AsyncSession, membership_id: int) -> PriceChange | None:
    """Return the first higher price that a member has not agreed to, None when there is none."""
    theirs = select(PriceChange).join(Membership, Membership.party_id == PriceChange.party_id)
    refused = theirs.where(Membership.id == membership_id, *_refused()).order_by(PriceChange.from_cycle_on)
    return await session.scalar(refused.limit(1))


def _refused() -> tuple[ColumnElement[bool], ...]:
    agreed = (
        exists()
        .where(
            PriceConsent.change_id == PriceChange.id,
            PriceConsent.membership_id == Membership.id,
            PriceConsent.agreed.is_(True),
        )
        .correlate(PriceChange, Membership)
    )
    return (
        PriceChange.state == PriceChangeState.APPLIED,
        PriceChange.new_won > PriceChange.old_won,
        PriceChange.from_cycle_on > Membership.serves_from,
        ~agreed,
    )
