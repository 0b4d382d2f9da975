"""Why a bill is what it is: lines of won that sum to what is to be paid, and what became of the money afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.bills import BillCard, bill_card
from core.billing.ledger import provider_fee
from core.billing.refund_books import refunds_of
from core.billing.tables import Bill, Refund
from core.catalogue import price_since
from core.errors import NotFound
from core.parties.tables import PriceChange, PriceChangeState


class Step(StrEnum):
    """One step from the plan's price to the amount of a bill."""

    SHARE = "share"
    ODD = "odd"
    DAYS = "days"
    FEE = "fee"
    CREDIT = "credit"


@dataclass(frozen=True)
class Part:
    """A step and what it adds, in won; what it takes off is negative."""

    step: Step
    won: int


@dataclass(frozen=True)
class Explained:
    """A bill, the lines that sum to its amount, and what became of its money."""

    card: BillCard
    lines: Sequence[Part]
    price_since: date | None
    odd_won: int
    provider_fee_won: int
    refunds: Sequence[Refund]

    @property
    def released_at(self) -> datetime | None:
        """Return when the money went on to the host, None while it is held."""
        return self.card.bill.released_at


def lines_of(bill: Bill, price_won: int, seats: int) -> list[Part]:
    """Return the steps from the plan's price to the bill's amount; their won sum to it."""
    even = price_won // seats
    days_off = bill.total_won - bill.fee_won - bill.share_won
    steps = {
        Step.SHARE: even,
        Step.ODD: bill.share_won - even,
        Step.DAYS: days_off,
        Step.FEE: bill.fee_won,
        Step.CREDIT: -bill.credit_won,
    }
    return [Part(step, won) for step, won in steps.items() if won or step is Step.SHARE]


async def own_bill(session: AsyncSession, bill_id: int, person_id: int) -> BillCard:
    """Return a bill to whom it belongs; NotFound for everybody else."""
    card = await bill_card(session, bill_id)
    if card.bill.person_id != person_id:
        raise NotFound(what="bill", id=bill_id)
    return card


async def explain(session: AsyncSession, card: BillCard) -> Explained:
    """Return why a bill is what it is."""
    bill, price = card.bill, card.cycle.price_won
    basis_points = card.paid_with.provider_fee_bp if card.paid_with else 0
    return Explained(
        card=card,
        lines=lines_of(bill, price, card.party.seats),
        price_since=await _price_since(session, card),
        odd_won=price % card.party.seats,
        provider_fee_won=provider_fee(bill.amount_won, basis_points),
        refunds=await refunds_of(session, bill.id),
    )


async def _price_since(session: AsyncSession, card: BillCard) -> date | None:
    """Return since when the party has had the price of the bill's cycle: agreed on, or the plan's own."""
    price, day = card.cycle.price_won, card.cycle.starts_on
    agreed = select(func.max(PriceChange.from_cycle_on)).where(
        PriceChange.party_id == card.party.id,
        PriceChange.state == PriceChangeState.APPLIED,
        PriceChange.new_won == price,
        PriceChange.from_cycle_on <= day,
    )
    return await session.scalar(agreed) or await price_since(session, card.plan.id, price, day)
