"""Made-up books of any size in which every invariant holds: parties of four whose members have paid month by month.

Some months were paid back in part (over the receipt, as credit for the next month, by the operator's transfer), what is
served has been released, and hosts have been paid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import OperatorAct
from core.billing.ledger import PERSONAL
from core.billing.tables import (
    Account,
    AccountState,
    Attempt,
    AttemptState,
    Bill,
    BillState,
    Cycle,
    LedgerEntry,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutState,
    Refund,
    RefundState,
    RefundWay,
)
from core.billing.transfers import PAID_ACT
from core.catalogue import Plan
from core.dates import Period, period_of, seoul_date, seoul_instant
from core.db import Base
from core.parties.tables import Membership, MembershipState, Party, PartyState, Role
from core.people import AgeBand, Person

SEATS, MONTHS, PRICE_WON = 4, 12, 17_000
SHARE_WON = PRICE_WON // SEATS
FIRST_DAY = date(2026, 1, 5)
ROWS_AT_ONCE = 1_000
# Every so manieth bill was paid back in part, by so much.
BACK = {RefundWay.CANCEL: (7, 1_250), RefundWay.CREDIT: (11, 300), RefundWay.OPERATOR: (13, 500)}

Row = dict[str, Any]
Tables = dict[type[Base], list[Row]]
TABLES = (
    Person, PayoutBatch, PayoutAccount, Party, Membership, Cycle, Bill, Attempt, Refund, OperatorAct, Payout,
    LedgerEntry,
)  # fmt: skip


async def write_books(session: AsyncSession, ledger_rows: int, now: datetime) -> int:
    """Write whole parties with a year of paid bills until there are so many ledger rows; return how many there are."""
    plan_id = await session.scalar(select(Plan.id).order_by(Plan.id).limit(1))
    first_person = await session.scalar(select(Person.id).order_by(Person.id.desc()).limit(1)) or 0
    books = _Books(plan_id, first_person, now)
    while len(books.tables[LedgerEntry]) < ledger_rows:
        books.add_party()
    for table, rows in books.tables.items():
        for begin in range(0, len(rows), ROWS_AT_ONCE):
            some = rows[begin : begin + ROWS_AT_ONCE]
            await session.execute(insert(table), some, execution_options={"render_nulls": True})
    return len(books.tables[LedgerEntry])


class _Books:
    """Rows that wait to be written; each one's id is its place in its table."""

    def __init__(self, plan_id: int | None, people_before: int, now: datetime) -> None:
        self.tables: Tables = {table: [] for table in TABLES}
        self._plan_id = plan_id
        self._people_before = people_before
        self._now = now
        self._credit: dict[int, int] = {}
        for _ in _year():
            self._add(PayoutBatch, exported_at=now, exported_by="mina", confirmed_at=now, confirmed_by="jun")

    def add_party(self) -> None:
        """Let four people share a plan for a year."""
        people = [self._person() for _ in range(SEATS)]
        party_id = len(self.tables[Party]) + 1
        self._add(
            Party, code=f"bench{party_id}", host_id=people[0], plan_id=self._plan_id, seats=SEATS, min_members=1,
            price_won=PRICE_WON, starts_on=FIRST_DAY, recruits_until=FIRST_DAY, anchor_day=FIRST_DAY.day,
            state=PartyState.ACTIVE, version=1, created_at=self._now, started_at=self._now,
        )  # fmt: skip
        account_id = self._add(
            PayoutAccount, person_id=people[0], current=True, bank="004", holder_sealed="sealed",
            number_sealed="sealed", last4="6789", state=AccountState.VERIFIED, tries=1, created_at=self._now,
            verified_at=self._now,
        )  # fmt: skip
        stays = [self._stay(party_id, seat, person_id) for seat, person_id in enumerate(people)]
        for number, period in enumerate(_year()):
            cycle_id = self._add(
                Cycle, party_id=party_id, number=number, starts_on=period.starts_on, ends_on=period.ends_on,
                price_won=PRICE_WON, opened_at=self._now,
            )  # fmt: skip
            released = 0
            for membership_id, person_id in zip(stays[1:], people[1:], strict=True):
                whose = {"party_id": party_id, "membership_id": membership_id, "person_id": person_id}
                released += self._month(whose, cycle_id, period, people[0])
            if released:
                self._payout(people[0], account_id, number + 1, released)

    def _person(self) -> int:
        number = self._people_before + len(self.tables[Person]) + 1
        self._add(Person, id=number, language="ko", age_band=AgeBand.ADULT, genres=[], created_at=self._now)
        return number

    def _stay(self, party_id: int, seat: int, person_id: int) -> int:
        return self._add(
            Membership, party_id=party_id, person_id=person_id, seat=seat, present=True,
            role=Role.MEMBER if seat else Role.HOST, state=MembershipState.ACTIVE, serves_from=FIRST_DAY,
            terms_version="bench", created_at=self._now, activated_at=self._now,
        )  # fmt: skip

    def _month(self, whose: Mapping[str, int], cycle_id: int, period: Period, host_id: int) -> int:
        """Bill a month, pay it, give some of it back, release the rest if it is served; returns what was released."""
        number, person_id = len(self.tables[Bill]) + 1, whose["person_id"]
        used = self._credit.pop(whose["membership_id"], 0)
        amount = SHARE_WON - used
        way = next((way for way, (every, _) in BACK.items() if number % every == 0), None)
        back = BACK[way][1] if way is not None else 0
        served = period.ends_on <= seoul_date(self._now)
        self._add(
            Bill, **whose, cycle_id=cycle_id, amount_won=amount, share_won=SHARE_WON, fee_won=0, credit_won=used,
            days=period.days, days_in_cycle=period.days, serves_from=period.starts_on, serves_until=period.ends_on,
            due_on=period.starts_on, state=BillState.PARTLY_REFUNDED if back else BillState.PAID, paid_at=self._now,
            paid_attempt=number, refunded_won=back, created_at=self._now,
            released_at=seoul_instant(period.ends_on, time(0, 1)) if served else None,
        )  # fmt: skip
        self._add(
            Attempt, bill_id=number, order_id=f"bench_{number}", receipt_id=f"receipt_{number}", amount_won=amount,
            received_won=amount, state=AttemptState.PAID, asks=0, provider_fee_bp=0, created_at=self._now,
            closed_at=self._now,
        )  # fmt: skip
        lines = {Account.PROVIDER: amount, Account.CREDIT: used, Account.HELD: -SHARE_WON}
        self._post(f"pay-{number}", lines, person_id, whose["party_id"], number)
        if way is not None:
            self._give_back(whose, number, way, back)
        if not served:
            return 0
        left = SHARE_WON - back
        lines = {Account.HELD: left, Account.PAYABLE: -left}
        self._post(f"release-{number}", lines, host_id, whose["party_id"], number)
        return left

    def _give_back(self, whose: Mapping[str, int], bill_id: int, way: RefundWay, won: int) -> None:
        refund_id = self._add(
            Refund, bill_id=bill_id, attempt_id=bill_id, amount_won=won, reason="claim", way=way, stray=False,
            refund_key=f"rf_{bill_id}", state=RefundState.DONE, asks=1, created_at=self._now, done_at=self._now,
        )  # fmt: skip
        to = {RefundWay.CANCEL: Account.PROVIDER, RefundWay.CREDIT: Account.CREDIT, RefundWay.OPERATOR: Account.BANK}
        lines = {Account.HELD: won, to[way]: -won}
        self._post(f"refund-{refund_id}", lines, whose["person_id"], whose["party_id"], bill_id)
        if way is RefundWay.CREDIT:
            self._credit[whose["membership_id"]] = won
        elif way is RefundWay.OPERATOR:
            facts = {"refund": refund_id, "won": won}
            self._add(OperatorAct, who="mina", what=PAID_ACT, facts=facts, at=self._now)

    def _payout(self, host_id: int, account_id: int, batch_id: int, won: int) -> None:
        payout_id = len(self.tables[Payout]) + 1
        self._add(
            Payout, person_id=host_id, under_way=None, account_id=account_id, batch_id=batch_id, amount_won=won,
            payout_key=f"po_{payout_id}", state=PayoutState.CONFIRMED, created_at=self._now, exported_at=self._now,
            closed_at=self._now,
        )  # fmt: skip
        self._post(f"payout-{payout_id}", {Account.PAYABLE: won, Account.TRANSFER: -won}, host_id)
        self._post(f"payout-done-{payout_id}", {Account.TRANSFER: won, Account.BANK: -won}, host_id)

    def _post(
        self,
        event: str,
        lines: Mapping[Account, int],
        person_id: int,
        party_id: int | None = None,
        bill_id: int | None = None,
    ) -> None:
        moved = [(account, won) for account, won in lines.items() if won]
        for line, (account, won) in enumerate(moved, start=1):
            self._add(
                LedgerEntry, event=event, line=line, account=account, amount_won=won, party_id=party_id,
                bill_id=bill_id, person_id=person_id if account in PERSONAL else None, at=self._now,
            )  # fmt: skip

    def _add(self, table: type[Base], **row: Any) -> int:
        rows = self.tables[table]
        rows.append({"id": len(rows) + 1} | row)
        return len(rows)


def _year() -> Iterator[Period]:
    period = period_of(FIRST_DAY, FIRST_DAY.day)
    for _ in range(MONTHS):
        yield period
        period = period_of(period.ends_on, FIRST_DAY.day)
