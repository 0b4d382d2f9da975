"""What the database holds after a step: every row that matters for money, seats and consent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import (
    Attempt,
    AttemptState,
    Bill,
    BillState,
    Card,
    CardState,
    Cycle,
    PayoutAccount,
    Refund,
    RefundState,
    RefundWay,
)
from core.billing.tables import SILENT, Account, Hint, LedgerEntry, Payout, PayoutBatch, Reminder
from core.parties import Claim, Membership, MembershipState, Party, Role
from core.parties.tables import SEATED, AccessStep, PriceChange, PriceChangeState, PriceConsent
from core.people import Person

Row = TypeVar("Row")
TABLES: tuple[type[Any], ...] = (
    Party, Membership, AccessStep, Person, Cycle, Bill, Attempt, Refund, Card, Claim, PriceChange, PriceConsent,
    Payout, PayoutAccount, PayoutBatch, Hint, Reminder,
)  # fmt: skip
# A party's version moves with every lock, whether anything follows from it or not.
_ASIDE = {"version", "audited_version"}


@dataclass
class Seen:
    """Every row that matters, as it was after a step, and what the books say that the provider holds for each bill."""

    rows: dict[type[Any], Sequence[Any]] = field(default_factory=dict)
    booked: dict[int, int] = field(default_factory=dict)

    def all(self, table: type[Row]) -> Sequence[Row]:
        """Return the rows of a table, oldest first."""
        return self.rows.get(table, ())

    @cached_property
    def bills(self) -> dict[int, Bill]:
        return {bill.id: bill for bill in self.all(Bill)}

    @cached_property
    def stays(self) -> dict[int, Membership]:
        return {stay.id: stay for stay in self.all(Membership)}

    @cached_property
    def parties(self) -> dict[int, Party]:
        return {party.id: party for party in self.all(Party)}

    @property
    def attempts(self) -> Sequence[Attempt]:
        return self.all(Attempt)

    @property
    def refunds(self) -> Sequence[Refund]:
        return self.all(Refund)

    @property
    def open_bills(self) -> list[Bill]:
        return [bill for bill in self.bills.values() if bill.state is BillState.OPEN]

    def late_bills(self, today: date) -> list[Bill]:
        """Return the overdue bills of whoever still has a seat."""
        return [bill for bill in self.open_bills if bill.due_on < today and self.stays[bill.membership_id].present]

    def members(self, *states: MembershipState) -> list[Membership]:
        """Return the stays of members in some states."""
        return [stay for stay in self.all(Membership) if stay.role is Role.MEMBER and stay.state in states]

    def seated(self, party_id: int) -> int:
        """Return how many hold or use a seat of a party."""
        return sum(stay.party_id == party_id and stay.state in SEATED for stay in self.all(Membership))

    @property
    def on_their_way_back(self) -> list[Refund]:
        """Return the refunds that go over a receipt and have not arrived."""
        return [one for one in self.refunds if one.way is RefundWay.CANCEL and one.state in ON_ITS_WAY]

    @property
    def to_be_transferred(self) -> list[Refund]:
        """Return the refunds that wait for the operator."""
        return [one for one in self.refunds if one.way is RefundWay.OPERATOR and one.state in ON_ITS_WAY]

    @property
    def to_export(self) -> bool:
        """Tell whether an operator has something to export, or the bank has not answered about an earlier file."""
        unproven = any(one.code_batch_id is None and one.state == "pending" for one in self.all(PayoutAccount))
        return unproven or any(one.under_way for one in self.all(Payout))

    @property
    def pay_by_card(self) -> list[Membership]:
        """Return the stays of members whose card pays by itself."""
        paying = {card.person_id for card in self.cards}
        return [stay for stay in self.members(MembershipState.ACTIVE) if stay.person_id in paying]

    @property
    def of_cards(self) -> list[Bill]:
        """Return the open bills of people whose card pays by itself."""
        paying = {card.person_id for card in self.cards}
        return [bill for bill in self.open_bills if bill.person_id in paying]

    @property
    def cards(self) -> list[Card]:
        """Return the cards that pay by themselves."""
        return [card for card in self.all(Card) if card.state is CardState.ACTIVE]

    @property
    def asking(self) -> list[PriceChange]:
        """Return the new prices that members are being asked about."""
        return [change for change in self.all(PriceChange) if change.state is PriceChangeState.ASKING]

    @property
    def claims(self) -> list[Claim]:
        """Return the claims that nobody has decided."""
        return [claim for claim in self.all(Claim) if claim.under_way]

    @property
    def silent(self) -> list[Attempt]:
        """Return the attempts without an answer that have a time to be asked about."""
        return [attempt for attempt in self.attempts if attempt.state in SILENT and attempt.ask_at is not None]

    def fingerprint(self) -> int:
        """Return a number that moves with every row."""
        return hash(
            tuple(
                repr(getattr(row, column))
                for table, rows in self.rows.items()
                for row in rows
                for column in [each.key for each in table.__mapper__.column_attrs]
                if column not in _ASIDE
            )
        )


BOOKED = (AttemptState.PAID, AttemptState.CANCELLED)
ON_ITS_WAY = (RefundState.PLANNED, RefundState.SENDING, RefundState.UNKNOWN)
PAID = (BillState.PAID, BillState.PARTLY_REFUNDED, BillState.REFUNDED)


async def look(session: AsyncSession) -> Seen:
    """Read everything that matters."""
    rows = {table: (await session.scalars(select(table).order_by(table.id))).all() for table in TABLES}
    booked = await session.execute(
        select(LedgerEntry.bill_id, func.sum(LedgerEntry.amount_won))
        .where(LedgerEntry.account.in_((Account.PROVIDER, Account.PROVIDER_FEE)))
        .group_by(LedgerEntry.bill_id)
    )
    return Seen(rows, {bill_id: int(won) for bill_id, won in booked if bill_id is not None})


async def won_in_books(session: AsyncSession) -> int:
    """Return the sum of all accounts."""
    return int(await session.scalar(select(func.coalesce(func.sum(LedgerEntry.amount_won), 0))) or 0)
