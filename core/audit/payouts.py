"""Questions about what is released to hosts and paid out to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Date, Select, func, or_, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from core.audit.asking import question
from core.billing.ledger import PERSONAL
from core.billing.tables import (
    Account,
    AccountState,
    Bill,
    LedgerEntry,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutState,
)
from core.parties.tables import Party
from core.people.tables import Person

UNDER_WAY = (PayoutState.PLANNED, PayoutState.EXPORTED)
HOUSE = [account for account in Account if account not in PERSONAL]
OF_PAYOUTS = LedgerEntry.event.startswith("payout-")


class _SeoulDate(FunctionElement[Any]):
    """The date in Seoul of a column's instant."""

    type = Date()
    inherit_cache = True


@compiles(_SeoulDate)
def _of_mysql(element: _SeoulDate, compiler: Any, **how: Any) -> str:
    return f"DATE(DATE_ADD({compiler.process(element.clauses, **how)}, INTERVAL 9 HOUR))"


@compiles(_SeoulDate, "sqlite")
def _of_sqlite(element: _SeoulDate, compiler: Any, **how: Any) -> str:
    return f"DATE({compiler.process(element.clauses, **how)}, '+9 hours')"


@question(of=Bill.party_id)
def released_bill_is_served() -> Select[int]:
    """A bill was released before its period was over, or before it was paid."""
    too_early = _SeoulDate(Bill.released_at) < Bill.serves_until
    return select(Bill.id).where(Bill.released_at.is_not(None), or_(too_early, Bill.paid_at.is_(None)))


@question()
def payouts_are_booked() -> Select[int]:
    """What was taken from a host's money for payouts, or is on its way to them, is not what their payouts say."""

    def booked(account: Account, *of: Any) -> Any:
        won = func.coalesce(func.sum(LedgerEntry.amount_won), 0)
        lines = select(won).where(LedgerEntry.account == account, LedgerEntry.person_id == Person.id, *of)
        return lines.scalar_subquery()

    def planned(*states: PayoutState) -> Any:
        won = func.coalesce(func.sum(Payout.amount_won), 0)
        return select(won).where(Payout.person_id == Person.id, Payout.state.in_(states)).scalar_subquery()

    concerned = or_(
        Person.id.in_(select(Payout.person_id)),
        Person.id.in_(select(LedgerEntry.person_id).where(LedgerEntry.account == Account.TRANSFER)),
    )
    return select(Person.id).where(
        concerned,
        or_(
            booked(Account.TRANSFER) != -planned(*UNDER_WAY),
            booked(Account.PAYABLE, OF_PAYOUTS) != planned(*UNDER_WAY, PayoutState.CONFIRMED),
        ),
    )


@question()
def payout_within_owed() -> Select[int]:
    """More was paid out to a host than was owed to them at that moment; the row is the ledger's line."""
    # Added up once from line to line: summed anew for each payout it would grow with the square of a host's months.
    owed_afterwards = (
        func.sum(LedgerEntry.amount_won)
        .over(partition_by=LedgerEntry.person_id, order_by=LedgerEntry.id)
        .label("owed_afterwards")
    )
    payable = (
        select(LedgerEntry.id, LedgerEntry.amount_won, owed_afterwards)
        .where(LedgerEntry.account == Account.PAYABLE)
        .subquery()
    )
    return (
        select(LedgerEntry.id)
        .join(payable, payable.c.id == LedgerEntry.id)
        .where(OF_PAYOUTS, payable.c.amount_won > 0, payable.c.owed_afterwards > 0)
    )


@question()
def payout_goes_through_a_batch() -> Select[int]:
    """A payout was exported outside a batch, or its state is not that of its batch."""
    confirmed = PayoutBatch.confirmed_at.is_not(None)
    closed = Payout.state.in_((PayoutState.CONFIRMED, PayoutState.RETURNED))
    return (
        select(Payout.id)
        .join(PayoutBatch, PayoutBatch.id == Payout.batch_id, isouter=True)
        .where(
            or_(
                (Payout.state == PayoutState.PLANNED) & Payout.batch_id.is_not(None),
                (Payout.state != PayoutState.PLANNED) & PayoutBatch.id.is_(None),
                (Payout.state == PayoutState.EXPORTED) & confirmed,
                closed & ~confirmed,
                closed & Payout.under_way.is_not(None),
                Payout.state.in_(UNDER_WAY) & Payout.under_way.is_(None),
            )
        )
    )


@question()
def batch_has_two_operators() -> Select[int]:
    """A batch was confirmed by the operator who exported it, or by nobody."""
    return select(PayoutBatch.id).where(
        or_(
            PayoutBatch.confirmed_by == PayoutBatch.exported_by,
            PayoutBatch.confirmed_at.is_not(None) & PayoutBatch.confirmed_by.is_(None),
            PayoutBatch.confirmed_at.is_(None) & PayoutBatch.confirmed_by.is_not(None),
        )
    )


@question()
def payout_to_proven_account() -> Select[int]:
    """A payout was exported to an account that its host never proved, or to somebody else's."""
    return (
        select(Payout.id)
        .join(PayoutAccount, PayoutAccount.id == Payout.account_id)
        .where(
            or_(
                Payout.person_id != PayoutAccount.person_id,
                (Payout.state != PayoutState.PLANNED) & PayoutAccount.verified_at.is_(None),
            )
        )
    )


@question()
def payout_account_is_whole() -> Select[int]:
    """An account counts as its host's although it was replaced or cannot be opened, or as proven although it is not."""
    return select(PayoutAccount.id).where(
        or_(
            PayoutAccount.current.is_(True)
            & (
                PayoutAccount.number_sealed.is_(None)
                | PayoutAccount.holder_sealed.is_(None)
                | (PayoutAccount.state == AccountState.REPLACED)
            ),
            PayoutAccount.current.is_(None) & (PayoutAccount.state != AccountState.REPLACED),
            (PayoutAccount.state == AccountState.VERIFIED) & PayoutAccount.verified_at.is_(None),
        )
    )


@question()
def personal_lines_name_a_person() -> Select[int]:
    """A line of somebody's own account names nobody, or a line of the house's names a person."""
    return select(LedgerEntry.id).where(
        or_(
            LedgerEntry.account.in_(PERSONAL) & LedgerEntry.person_id.is_(None),
            LedgerEntry.account.in_(HOUSE) & LedgerEntry.person_id.is_not(None),
        )
    )


@question(of=LedgerEntry.party_id)
def payable_is_its_hosts() -> Select[int]:
    """What a party's bills brought is owed to somebody else than its host."""
    return (
        select(LedgerEntry.id)
        .join(Party, Party.id == LedgerEntry.party_id)
        .where(LedgerEntry.account == Account.PAYABLE, LedgerEntry.person_id != Party.host_id)
    )
