"""A month's money: a person's events add up to what they gave and got; the house's accounts sum to zero."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest

from bot import books
from bot.texts import SPEECH
from bot.views import statement as views
from core import billing
from core.billing import Bill, plan_refund
from core.billing.statements import Month, What, house_statement, months_of, statement
from core.billing.tables import Account
from core.errors import InvalidInput
from core.parties import MembershipState, free_seat
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.counter import served
from tests.till import Till

NOVEMBER, DECEMBER = Month(date(2026, 11, 1)), Month(date(2026, 12, 1))


async def _paid_and_partly_back(till: Till) -> Bill:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock), await person(till.db, till.clock))
    await till.pays(bill.id)
    days_pass(till.clock, 10)
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 1_500, "left", till.clock.now(), LIMITS)
    await till.janitor()
    return bill


async def test_each_event_stands_in_its_month_once_with_its_receipt(till: Till) -> None:
    bill = await _paid_and_partly_back(till)

    async with till.db.read() as session:
        november = await statement(session, bill.person_id, NOVEMBER)
        december = await statement(session, bill.person_id, DECEMBER)
        months = await months_of(session, bill.person_id)

    assert [(event.what, event.won) for event in november] == [(What.PAID, -4_250)]
    assert (november[0].receipt_url or "").startswith("http")
    assert [(event.what, event.won) for event in december] == [(What.CANCEL, 1_500)]
    assert [str(month) for month in months] == ["2026-12", "2026-11"]


async def test_the_house_sums_to_zero_and_its_parties_to_the_house(till: Till) -> None:
    for _ in range(2):
        await _paid_and_partly_back(till)

    async with till.db.read() as session:
        house, parties = await house_statement(session, DECEMBER)
        empty, none = await house_statement(session, Month(date(2027, 6, 1)))

    assert sum(house.accounts.values()) == 0
    assert all(sum(one.accounts.values()) == 0 for one in parties)
    assert (house.refunded, sum(one.refunded for one in parties)) == (3_000, 3_000)
    assert house.accounts[Account.HELD] == sum(one.accounts[Account.HELD] for one in parties)
    assert (set(empty.accounts.values()), none) == ({0}, [])
    told = json.loads(books.as_json(DECEMBER, house, parties))
    assert (told["month"], told["house"]["sum"], len(told["parties"])) == ("2026-12", 0, 2)


async def test_what_a_stay_cost_counts_the_credit_that_is_transferred_at_its_end_once(till: Till) -> None:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock), await person(till.db, till.clock))
    await till.pays(bill.id)
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 700, "claim", till.clock.now(), LIMITS, stays=True)
    days_pass(till.clock, 10)
    async with till.db.write() as session:
        await free_seat(session, bill.membership_id, MembershipState.ACTIVE, MembershipState.REMOVED, till.clock.now())
    transfer = await till.db.transact(billing.transfer_credit_left, bill.membership_id, till.clock.now())
    assert transfer is not None
    await till.db.transact(billing.confirm_transfer, transfer.id, "mina", till.clock.now())

    async with till.db.read() as session:
        months = [await statement(session, bill.person_id, month) for month in (NOVEMBER, DECEMBER)]

    assert [[(event.what, event.won) for event in month] for month in months] == [
        [(What.PAID, -4_250), (What.CREDIT, 700)],
        [(What.CREDIT_USED, -700), (What.OPERATOR, 700)],
    ]
    assert sum(event.won for month in months for event in month) == 700 - till.charged()


async def test_what_went_back_is_told_whole_when_its_host_had_borne_the_fee(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(LIMITS, provider_fee_bp=330, host_bears_provider_fee=True)
    monkeypatch.setattr("tests.till.LIMITS", limits)
    bill = await joins(till.db, till.clock, await party(till.db, till.clock), await person(till.db, till.clock))
    await till.pays(bill.id)
    await served(till.db, till.clock, limits)
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 2000, "left", till.clock.now(), LIMITS)
    await till.janitor()

    async with till.db.read() as session:
        house, parties = await house_statement(session, DECEMBER)

    assert (house.refunded, [one.refunded for one in parties]) == (2000, [2000])
    assert (sum(house.accounts.values()), till.charged()) == (0, 2250)


@pytest.mark.parametrize(("language", "header"), [("ko", "날짜"), ("en", "Date")])
async def test_the_file_opens_in_a_spreadsheet_in_the_readers_language(till: Till, language: str, header: str) -> None:
    bill = await _paid_and_partly_back(till)
    async with till.db.read() as session:
        events = await statement(session, bill.person_id, NOVEMBER)

    screen = views.ready(SPEECH[language], NOVEMBER, events)

    assert screen.document is not None
    name, content = screen.document
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert (name, content[:3]) == ("TWO-2026-11.csv", b"\xef\xbb\xbf")
    assert rows[0][0] == header
    assert rows[1][0] == "2026-11-23 12:00"
    assert rows[1][2] == "2026-11-23 ~ 2026-12-22"
    assert rows[1][4] == "-4250"


@pytest.mark.parametrize("name", ["2026-13", "2026-1", "26-01", "1999-12", "2026-12-01", "", "ä026-12"])
def test_what_is_no_month_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        Month.named(name)


def test_a_month_begins_and_ends_in_seoul() -> None:
    assert Month.named("2026-12").next == Month(date(2027, 1, 1))
    assert Month(date(2027, 1, 1)).next == Month(date(2027, 2, 1))
