"""Made-up books of any size in which every invariant holds: parties of four whose members have paid month by month."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.tables import Account, Attempt, AttemptState, Bill, BillState, Cycle, LedgerEntry
from core.catalogue import Plan
from core.dates import Period, period_of
from core.db import Base
from core.parties.tables import Membership, MembershipState, Party, PartyState, Role
from core.people import AgeBand, Person

SEATS, MONTHS, PRICE_WON = 4, 12, 17_000
SHARE_WON = PRICE_WON // SEATS
FIRST_DAY = date(2026, 1, 5)
ROWS_AT_ONCE = 1_000

Row = dict[str, Any]
Tables = dict[type[Base], list[Row]]


async def write_books(session: AsyncSession, ledger_rows: int, now: datetime) -> int:
    """Write whole parties with a year of paid bills until there are so many ledger rows; return how many there are."""
    plan_id = await session.scalar(select(Plan.id).order_by(Plan.id).limit(1))
    people = [Person(language="ko", age_band=AgeBand.ADULT, created_at=now) for _ in range(SEATS)]
    session.add_all(people)
    await session.flush()
    parties = -(-ledger_rows // (2 * (SEATS - 1) * MONTHS))
    tables: Tables = {table: [] for table in (Party, Membership, Cycle, Bill, Attempt, LedgerEntry)}
    for party_id in range(1, parties + 1):
        tables[Party].append(_party(party_id, people[0].id, plan_id, now))
        _write_year(tables, party_id, [person.id for person in people], now)
    for table, rows in tables.items():
        for begin in range(0, len(rows), ROWS_AT_ONCE):
            await session.execute(insert(table), rows[begin : begin + ROWS_AT_ONCE])
    return len(tables[LedgerEntry])


def _party(party_id: int, host_id: int, plan_id: int | None, now: datetime) -> Row:
    return {
        "id": party_id, "code": f"bench{party_id}", "host_id": host_id, "plan_id": plan_id, "seats": SEATS,
        "min_members": 1, "price_won": PRICE_WON, "starts_on": FIRST_DAY, "recruits_until": FIRST_DAY,
        "anchor_day": FIRST_DAY.day, "state": PartyState.ACTIVE, "version": 1, "created_at": now, "started_at": now,
    }  # fmt: skip


def _write_year(tables: Tables, party_id: int, people: list[int], now: datetime) -> None:
    members = [len(tables[Membership]) + seat + 1 for seat in range(SEATS)]
    for seat, (membership_id, person_id) in enumerate(zip(members, people, strict=True)):
        tables[Membership].append({
            "id": membership_id, "party_id": party_id, "person_id": person_id, "seat": seat, "present": True,
            "role": Role.MEMBER if seat else Role.HOST, "state": MembershipState.ACTIVE, "serves_from": FIRST_DAY,
            "terms_version": "bench", "created_at": now, "activated_at": now,
        })  # fmt: skip
    for number, period in enumerate(_year()):
        cycle_id = len(tables[Cycle]) + 1
        tables[Cycle].append({
            "id": cycle_id, "party_id": party_id, "number": number, "starts_on": period.starts_on,
            "ends_on": period.ends_on, "price_won": PRICE_WON, "opened_at": now,
        })  # fmt: skip
        for membership_id, person_id in zip(members[1:], people[1:], strict=True):
            whose = {"party_id": party_id, "cycle_id": cycle_id, "membership_id": membership_id, "person_id": person_id}
            _write_paid_bill(tables, whose, period, now)


def _year() -> Iterator[Period]:
    period = period_of(FIRST_DAY, FIRST_DAY.day)
    for _ in range(MONTHS):
        yield period
        period = period_of(period.ends_on, FIRST_DAY.day)


def _write_paid_bill(tables: Tables, whose: Row, period: Period, now: datetime) -> None:
    number = len(tables[Bill]) + 1
    tables[Bill].append({
        "id": number, **whose, "amount_won": SHARE_WON, "share_won": SHARE_WON, "days": period.days,
        "days_in_cycle": period.days, "serves_from": period.starts_on, "serves_until": period.ends_on,
        "due_on": period.starts_on, "state": BillState.PAID, "paid_at": now, "paid_attempt": number,
        "fee_won": 0, "credit_won": 0, "refunded_won": 0, "created_at": now,
    })  # fmt: skip
    tables[Attempt].append({
        "id": number, "bill_id": number, "order_id": f"bench_{number}", "receipt_id": f"receipt_{number}",
        "amount_won": SHARE_WON, "received_won": SHARE_WON, "state": AttemptState.PAID, "asks": 0, "provider_fee_bp": 0,
        "created_at": now, "closed_at": now,
    })  # fmt: skip
    tables[LedgerEntry].extend({
        "event": f"pay-{number}", "line": line, "account": account, "amount_won": won, "party_id": whose["party_id"],
        "bill_id": number, "at": now,
    } for line, account, won in ((1, Account.PROVIDER, SHARE_WON), (2, Account.HELD, -SHARE_WON)))  # fmt: skip
