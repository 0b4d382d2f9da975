"""What a host sees of the money: what is held and until when, what is owed, what is on its way, who has paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.holding import PAID_FOR, host_part
from core.billing.ledger import balance
from core.billing.limits import Limits
from core.billing.payout_accounts import account_of
from core.billing.payouts import set_off_event
from core.billing.tables import Account, Bill, BillState, Cycle, LedgerEntry, Payout, PayoutAccount
from core.parties import Membership, Party
from core.people import Person


@dataclass(frozen=True)
class Coming:
    """What one party's served period will bring its host, and on which day."""

    releases_on: date
    party_id: int
    won: int


@dataclass(frozen=True)
class PayoutCard:
    """A payout, where it goes, and how much of earlier refunds it set off."""

    payout: Payout
    account: PayoutAccount
    set_off_won: int


@dataclass(frozen=True)
class PayoutBoard:
    """A host's money: held by day and party, owed (negative: the host owes), on its way, paid; and the account."""

    account: PayoutAccount | None
    coming: Sequence[Coming]
    owed_won: int
    under_way: PayoutCard | None
    paid_won: int


@dataclass(frozen=True)
class CyclePayments:
    """The bills of one cycle of a party with those who pay them, by seat."""

    cycle: Cycle
    bills: Sequence[tuple[Bill, Person]]

    @property
    def paid(self) -> int:
        """Return how many have paid."""
        return sum(bill.state in PAID_FOR for bill, _ in self.bills)


async def payout_board(session: AsyncSession, person_id: int, limits: Limits) -> PayoutBoard:
    """Return everything that a host's payout screen shows."""
    under_way = await session.scalar(select(Payout.id).where(Payout.person_id == person_id, Payout.under_way.is_(True)))
    return PayoutBoard(
        account=await account_of(session, person_id),
        coming=await _coming(session, person_id, limits),
        owed_won=-await balance(session, Account.PAYABLE, person_id=person_id),
        under_way=None if under_way is None else await payout_card(session, under_way),
        paid_won=await _paid_out(session, person_id),
    )


async def _coming(session: AsyncSession, person_id: int, limits: Limits) -> Sequence[Coming]:
    held = await session.scalars(
        select(Bill)
        .join(Party, Party.id == Bill.party_id)
        .where(
            Party.host_id == person_id,
            Bill.state.in_((BillState.PAID, BillState.PARTLY_REFUNDED)),
            Bill.released_at.is_(None),
        )
        .order_by(Bill.serves_until, Bill.party_id)
    )
    return [
        Coming(day, party_id, sum([await host_part(session, bill, limits) for bill in bills]))
        for (day, party_id), bills in groupby(held.all(), key=lambda bill: (bill.serves_until, bill.party_id))
    ]


async def _paid_out(session: AsyncSession, person_id: int) -> int:
    lines = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(
        LedgerEntry.account == Account.TRANSFER,
        LedgerEntry.person_id == person_id,
        LedgerEntry.event.startswith("payout-done-") | LedgerEntry.event.startswith("payout-undone-"),
    )
    return int(await session.scalar(lines) or 0)


async def payout_card(session: AsyncSession, payout_id: int) -> PayoutCard:
    """Return a payout as its host sees it."""
    payout = await session.get_one(Payout, payout_id)
    account = await session.get_one(PayoutAccount, payout.account_id)
    return PayoutCard(payout, account, await _set_off(session, payout))


async def _set_off(session: AsyncSession, payout: Payout) -> int:
    """Return what was taken from the host, by refunds after a release, since the payout before this one left."""
    mine = LedgerEntry.account == Account.PAYABLE, LedgerEntry.person_id == payout.person_id
    here = select(LedgerEntry.id).where(*mine, LedgerEntry.event == f"payout-{payout.id}").scalar_subquery()
    planned = LedgerEntry.event.in_(
        f"payout-{earlier}"
        for earlier in await session.scalars(
            select(Payout.id).where(Payout.person_id == payout.person_id, Payout.id < payout.id)
        )
    )
    before = await session.scalar(select(func.max(LedgerEntry.id)).where(*mine, planned))
    lessened = LedgerEntry.event.startswith("payout-less-")
    taken = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(
        *mine, (LedgerEntry.amount_won > 0) | lessened, LedgerEntry.id > (before or 0), LedgerEntry.id < here
    )
    since = select(func.coalesce(-func.sum(LedgerEntry.amount_won), 0)).where(
        *mine, LedgerEntry.event == set_off_event(payout.id)
    )
    return int(await session.scalar(taken) or 0) + int(await session.scalar(since) or 0)


async def payments_of(session: AsyncSession, party_id: int, today: date) -> Sequence[CyclePayments]:
    """Return who has paid and who has not, for the running cycle of a party and those that are open already."""
    rows = await session.execute(
        select(Cycle, Bill, Person)
        .join(Bill, Bill.cycle_id == Cycle.id)
        .join(Membership, Membership.id == Bill.membership_id)
        .join(Person, Person.id == Bill.person_id)
        .where(Cycle.party_id == party_id, Cycle.ends_on > today, Bill.state != BillState.VOID)
        .order_by(Cycle.starts_on, Membership.seat, Bill.id)
    )
    return [
        CyclePayments(cycle, [(bill, person) for _, bill, person in listed])
        for cycle, listed in groupby(rows.all(), key=lambda row: row[0])
    ]
