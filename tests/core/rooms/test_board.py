"""What the board says to whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from core.billing import Bill, BillState
from core.billing.cycles import open_due_cycles
from core.clock import ManualClock
from core.dates import Period, seoul_date
from core.db import Database
from core.flows.leave import leave_party
from core.people import Person
from core.rooms.board import Insider, Owed, Standing, Subject, board_for, fingerprint
from tests.core.rooms.building import LIMITS, Built, make_party, pay, reconciled, said, send_all

TODAY = date(2026, 11, 23)
SUBJECT = Subject(7, "🎬", "티빙", "TVING", "프리미엄", "Premium")


def insider(number: int, nickname: str, *, host: bool = False, last_day: date | None = None) -> Insider:
    return Insider(number, nickname, "ko", reachable=True, is_host=host, last_day=last_day)


HOST, JISU, HYEONU = insider(1, "민수", host=True), insider(2, "지수"), insider(3, "현우")
STANDING = Standing(
    subject=SUBJECT,
    open=True,
    recruiting=False,
    starts_on=date(2026, 11, 5),
    seats=4,
    period=Period(date(2026, 11, 5), date(2026, 12, 5)),
    insiders=(HOST, JISU, HYEONU),
    bills={2: Owed(4250, date(2026, 11, 5), paid=True), 3: Owed(4250, date(2026, 11, 5), paid=False)},
    next_bills={},
)


def test_only_the_host_reads_who_has_not_paid() -> None:
    for_host = board_for(STANDING, HOST, TODAY)
    for_member = board_for(STANDING, JISU, TODAY)

    assert for_host["now"] == {"paid": 1, "bills": 2, "unpaid": ["현우"]}
    assert for_member["now"] == {"paid": 1, "bills": 2, "unpaid": None}
    assert "현우" not in str(for_member)


def test_a_member_reads_their_own_bill() -> None:
    assert board_for(STANDING, JISU, TODAY)["own"] == {"state": "paid", "won": 4250, "due_on": "2026-11-05"}
    assert board_for(STANDING, HYEONU, TODAY)["own"]["state"] == "late"
    assert board_for(STANDING, HYEONU, date(2026, 11, 5))["own"]["state"] == "open"
    assert board_for(STANDING, HOST, TODAY)["own"] is None


def test_the_first_period_begins_with_the_party() -> None:
    started_inside = replace(STANDING, starts_on=date(2026, 11, 20))

    shown = board_for(started_inside, JISU, TODAY)

    assert (shown["from"], shown["until"], shown["next_on"]) == ("2026-11-20", "2026-12-04", "2026-12-05")


def test_the_fingerprint_moves_with_content_and_language_only() -> None:
    first = board_for(STANDING, JISU, TODAY)

    assert fingerprint(first, "ko") == fingerprint(board_for(STANDING, JISU, TODAY + timedelta(days=1)), "ko")
    assert fingerprint(first, "ko") != fingerprint(first, "en")
    assert fingerprint(first, "ko") != fingerprint(board_for(replace(STANDING, seats=5), JISU, TODAY), "ko")
    assert len(fingerprint(first, "ko")) == 64


async def board_of(db: Database, clock: ManualClock, built: Built, person: Person) -> dict[str, Any]:
    await reconciled(db, clock, built)
    boards = [row for row in await said(db, person, waiting=True) if row.name == "rooms.board"]
    await send_all(db)
    return dict(boards[-1].data)


async def test_the_next_bill_is_shown_once_it_is_open(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", "현우", anchor_day=5)
    jisu, hyeonu = built.members
    before = await board_of(db, clock, built, jisu)
    assert before["own_next"] is None
    assert before["next"] is None

    async with db.write() as session:
        await open_due_cycles(session, built.party_id, seoul_date(clock.now()) + timedelta(days=7), LIMITS, clock.now())
    clock.move_to(clock.now() + timedelta(days=7))
    shown = await board_of(db, clock, built, jisu)

    assert shown["next"] == {"paid": 0, "bills": 2, "unpaid": None}
    assert shown["own_next"]["state"] == "open"
    assert shown["own_next"]["due_on"] == "2026-12-05"

    async with db.write() as session:
        bill = await session.scalar(select(Bill).where(Bill.person_id == hyeonu.id, Bill.state == BillState.OPEN))
        assert bill is not None
        await pay(session, bill, clock)
    shown = await board_of(db, clock, built, built.host)

    assert shown["next"] == {"paid": 1, "bills": 2, "unpaid": ["지수"]}


async def test_the_new_period_is_shown_on_its_first_day(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", anchor_day=5)
    before = await board_of(db, clock, built, built.host)

    clock.move_to(clock.now() + timedelta(days=12))
    after = await board_of(db, clock, built, built.host)

    assert (before["from"], before["next_on"]) == ("2026-11-23", "2026-12-05")
    assert (after["from"], after["next_on"]) == ("2026-12-05", "2027-01-05")


async def test_who_is_leaving_reads_their_last_day_and_no_next_payment(db: Database, clock: ManualClock) -> None:
    built = await make_party(db, clock, "지수", anchor_day=5)
    await board_of(db, clock, built, built.host)
    clock.move_to(clock.now() + timedelta(days=1))

    async with db.write() as session:
        await leave_party(session, built.party_id, built.members[0].id, clock.now(), LIMITS)
    shown = await board_of(db, clock, built, built.members[0])

    assert shown["last_day"] == "2026-12-04"
    assert shown["own_next"] is None
