"""A month's money: of one person, event by event; of the whole house, by account and by party, from the books."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from core.billing.bills import BillCard, bill_card
from core.billing.refund_books import CREDIT_LEFT
from core.billing.tables import (
    Account,
    Attempt,
    AttemptState,
    Bill,
    LedgerEntry,
    Refund,
    RefundState,
    RefundWay,
)
from core.dates import seoul_date, seoul_instant
from core.errors import InvalidInput


class What(StrEnum):
    """What happened to somebody's money."""

    PAID = "paid"
    CREDIT_USED = "credit_used"
    CANCEL = "cancel"
    CREDIT = "credit"
    OPERATOR = "operator"
    PAYOUT = "payout"


@dataclass(frozen=True)
class Event:
    """One event of a person's money; what they gave is negative, what they got positive."""

    at: datetime
    what: What
    won: int
    card: BillCard | None = None
    receipt_url: str | None = None


@dataclass(frozen=True)
class Month:
    """A month as people in Korea live it, by its first day."""

    first: date

    @classmethod
    def named(cls, name: str) -> Month:
        """Return the month of a name like 2026-12; InvalidInput for anything else."""
        try:
            first = date.fromisoformat(f"{name}-01") if len(name) == 7 else None
        except ValueError:
            first = None
        if first is None or not 2020 <= first.year < 2100:
            raise InvalidInput(field="month", rule="name")
        return cls(first)

    @property
    def next(self) -> Month:
        """Return the month after it."""
        year, month = divmod(self.first.year * 12 + self.first.month, 12)
        return Month(date(year, month + 1, 1))

    def __str__(self) -> str:
        return f"{self.first:%Y-%m}"

    def holds(
        self, column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None]
    ) -> ColumnElement[bool]:
        """Tell of an instant whether it lies in the month."""
        return (column >= seoul_instant(self.first)) & (column < seoul_instant(self.next.first))


_PAID_OUT = LedgerEntry.event.startswith("payout-done-") | LedgerEntry.event.startswith("payout-undone-")
_CAME_IN = (AttemptState.PAID, AttemptState.CANCELLED)


async def months_of(session: AsyncSession, person_id: int, *, most: int = 12) -> Sequence[Month]:
    """Return the months in which a person's money moved, the newest first."""
    mine = Bill.person_id == person_id
    instants = [
        select(Attempt.closed_at)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(mine, Attempt.state.in_(_CAME_IN), Attempt.received_won > 0),
        select(Refund.done_at).join(Bill, Bill.id == Refund.bill_id).where(mine, Refund.state == RefundState.DONE),
        select(LedgerEntry.at).where(*_paid_out_to(person_id)),
    ]
    days = {seoul_date(at) for query in instants for at in await session.scalars(query) if at is not None}
    return [Month(first) for first in sorted({day.replace(day=1) for day in days}, reverse=True)][:most]


async def statement(session: AsyncSession, person_id: int, month: Month) -> Sequence[Event]:
    """Return what happened to a person's money in a month, in order."""
    events = [
        *await _payments(session, person_id, month),
        *await _refunds(session, person_id, month),
        *await _payouts(session, person_id, month),
    ]
    return sorted(events, key=lambda event: event.at)


async def _payments(session: AsyncSession, person_id: int, month: Month) -> list[Event]:
    came_in = (
        select(Attempt)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(
            Bill.person_id == person_id,
            Attempt.state.in_(_CAME_IN),
            Attempt.received_won > 0,
            month.holds(Attempt.closed_at),
        )
    )
    events = []
    for attempt in (await session.scalars(came_in)).all():
        card, at = await bill_card(session, attempt.bill_id), attempt.closed_at
        if at is None:
            continue
        events.append(Event(at, What.PAID, -(attempt.received_won or 0), card, attempt.receipt_url))
        if card.bill.paid_attempt == attempt.id and card.bill.credit_won:
            events.append(Event(at, What.CREDIT_USED, -card.bill.credit_won, card))
    return events


_BACK = {RefundWay.CANCEL: What.CANCEL, RefundWay.CREDIT: What.CREDIT, RefundWay.OPERATOR: What.OPERATOR}


async def _refunds(session: AsyncSession, person_id: int, month: Month) -> list[Event]:
    done = (
        select(Refund)
        .join(Bill, Bill.id == Refund.bill_id)
        .where(Bill.person_id == person_id, Refund.state == RefundState.DONE, month.holds(Refund.done_at))
    )
    events = []
    for refund in (await session.scalars(done)).all():
        card, at = await bill_card(session, refund.bill_id), refund.done_at
        if at is None:
            continue
        if refund.reason == CREDIT_LEFT:
            # It was theirs as credit already: what is transferred is no credit any more.
            events.append(Event(at, What.CREDIT_USED, -refund.amount_won, card))
        events.append(Event(at, _BACK[refund.way], refund.amount_won, card))
    return events


async def _payouts(session: AsyncSession, person_id: int, month: Month) -> list[Event]:
    moved = select(LedgerEntry.at, LedgerEntry.amount_won).where(*_paid_out_to(person_id), month.holds(LedgerEntry.at))
    return [Event(at, What.PAYOUT, won) for at, won in await session.execute(moved.order_by(LedgerEntry.id))]


def _paid_out_to(person_id: int) -> tuple[ColumnElement[bool], ...]:
    """Return what marks the lines of a host's payouts: what arrived, and, negative, what its bank sent back later."""
    return LedgerEntry.account == Account.TRANSFER, LedgerEntry.person_id == person_id, _PAID_OUT


@dataclass
class Totals:
    """What the books say of a month, in won: of one party, or of the house (`party_id` is None)."""

    party_id: int | None
    paid: int = 0
    refunded: int = 0
    released: int = 0
    paid_out: int = 0
    accounts: dict[Account, int] = field(default_factory=lambda: dict.fromkeys(Account, 0))

    def add(self, kind: str, account: Account, won: int) -> None:
        """Count lines of one kind of event on one account."""
        self.accounts[account] += won
        outside = account in (Account.PROVIDER, Account.PROVIDER_FEE, Account.BANK)
        if kind == "came_in" and outside:
            self.paid += won
        elif kind == "release" and account is Account.PAYABLE:
            self.released -= won
        elif kind == "paid_out" and outside:
            self.paid_out -= won


async def house_statement(session: AsyncSession, month: Month) -> tuple[Totals, Sequence[Totals]]:
    """Return a month of the books: all of it, whose accounts sum to zero, and what belongs to each party."""
    kind = case(
        (LedgerEntry.event.startswith("pay-") | LedgerEntry.event.startswith("stray-"), "came_in"),
        (LedgerEntry.event.startswith("release-"), "release"),
        (_PAID_OUT, "paid_out"),
        else_="other",
    ).label("kind")
    moved = (
        select(LedgerEntry.party_id, kind, LedgerEntry.account, func.sum(LedgerEntry.amount_won))
        .where(month.holds(LedgerEntry.at))
        .group_by(LedgerEntry.party_id, kind, LedgerEntry.account)
    )
    house, parties = Totals(None), dict[int, Totals]()
    for party_id, what, account, won in await session.execute(moved):
        house.add(what, account, int(won))
        if party_id is not None:
            parties.setdefault(party_id, Totals(party_id)).add(what, account, int(won))
    for party_id, won in await session.execute(_refunded(month)):
        house.refunded += int(won)
        parties.setdefault(party_id, Totals(party_id)).refunded += int(won)
    return house, [parties[party_id] for party_id in sorted(parties)]


def _refunded(month: Month) -> Select[int, int]:
    """Return what went back to the members of each party.

    From the refunds, which are booked at the same instant: their lines hold the provider's fee as well, which a host
    who bore it gets back.
    """
    done = Refund.state == RefundState.DONE, Refund.way != RefundWay.CREDIT, month.holds(Refund.done_at)
    return (
        select(Bill.party_id, func.sum(Refund.amount_won))
        .join(Bill, Bill.id == Refund.bill_id)
        .where(*done)
        .group_by(Bill.party_id)
    )
