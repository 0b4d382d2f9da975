"""Each question about money on its way back finds what it is meant for."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from core import billing, flows
from core.acts import OperatorAct
from core.billing import Bill, Refund, plan_refund
from core.billing.tables import Account, LedgerEntry, MoneyRecord
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.core.audit.broken import found_after
from tests.counter import released, served
from tests.till import Till, till_open


@pytest.fixture
async def till(db: Database, clock: ManualClock) -> AsyncIterator[Till]:
    async with till_open(db, clock) as till:
        yield till


async def member(till: Till) -> Bill:
    """Return the paid first bill of a member who stays."""
    bill = await joins(till.db, till.clock, await party(till.db, till.clock))
    await till.pays(bill.id)
    return bill


async def gives_back(till: Till, bill: Bill, won: int, *, stays: bool = False) -> Refund:
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        (refund,) = await plan_refund(session, fresh, won, "claim", till.clock.now(), LIMITS, stays=stays)
    return refund


async def test_refunds_of_a_bill_beyond_its_worth(till: Till) -> None:
    bill = await member(till)
    refund = await gives_back(till, bill, 999)

    worse = update(Refund).where(Refund.id == refund.id).values(amount_won=4251)

    assert await found_after(till.db, worse) == {"refunds_within_bill"}


async def test_credit_that_nobody_gave_or_used(till: Till) -> None:
    bill = await member(till)
    await gives_back(till, bill, 700, stays=True)
    of_credit = LedgerEntry.account == Account.CREDIT

    assert await found_after(
        till.db, update(LedgerEntry).where(of_credit).values(account=Account.BANK, person_id=None)
    ) == {"credit_equals_given", "refunds_are_booked"}
    assert await found_after(till.db, update(LedgerEntry).where(of_credit).values(person_id=None)) >= {
        "credit_is_the_payers"
    }


async def test_a_bill_that_uses_more_credit_than_there_is(till: Till) -> None:
    bill = await member(till)
    await gives_back(till, bill, 700, stays=True)
    days_pass(till.clock, 25)
    today, now = seoul_date(till.clock.now()), till.clock.now()
    await till.db.transact(billing.open_due_cycles, bill.party_id, today, LIMITS, now)

    more = update(Bill).where(Bill.credit_won == 700).values(credit_won=701, amount_won=3549)

    assert await found_after(till.db, more) == {"credit_not_overdrawn"}


async def test_a_transfer_that_no_operator_made(till: Till) -> None:
    refund = await gives_back(till, await member(till), 999)
    await till.db.transact(billing.confirm_transfer, refund.id, "mina", till.clock.now())

    assert await found_after(till.db) == set()
    assert await found_after(till.db, delete(OperatorAct)) == {"transfer_has_act"}
    assert await found_after(till.db, update(OperatorAct).values(facts={"refund": refund.id + 1})) == {
        "transfer_has_act"
    }


async def test_what_went_back_after_the_release_and_was_never_booked(till: Till) -> None:
    bill = await member(till)
    assert await served(till.db, till.clock) == 4250
    refund = await gives_back(till, bill, 999)
    await till.db.transact(billing.confirm_transfer, refund.id, "mina", till.clock.now())
    its_lines = LedgerEntry.event == f"refund-{refund.id}"

    assert await found_after(till.db) == set()
    assert await found_after(till.db, delete(LedgerEntry).where(its_lines)) == {"refunds_are_booked"}
    more = [
        update(LedgerEntry).where(its_lines, LedgerEntry.account == account).values(amount_won=won)
        for account, won in ((Account.BANK, -9_990), (Account.PAYABLE, 9_990))
    ]
    assert await found_after(till.db, *more) == {"refunds_are_booked"}


async def test_a_cancel_elsewhere_without_a_record(till: Till) -> None:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock))
    till.stand_in.cancel_in_admin(await till.pays(bill.id), 1500)
    days_pass(till.clock, 2)
    await billing.reconcile(till.db, till.bootpay, till.clock)

    assert await found_after(till.db) == set()
    assert await found_after(till.db, delete(MoneyRecord)) == {"outside_has_record"}


async def test_a_new_claim_at_the_instant_of_a_release_accuses_nobody(till: Till) -> None:
    opened, someone = await party(till.db, till.clock), await person(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened, someone)).id)
    since = seoul_date(till.clock.now())
    claim = await till.db.transact(flows.open_claim, opened.id, someone.id, since, till.clock.now())
    assert await served(till.db, till.clock) == 0

    await till.db.transact(flows.resolve_claim, claim.id, "mina", till.clock.now(), LIMITS, upheld=False)
    assert await released(till.db, till.clock) == 4250
    today = seoul_date(till.clock.now())
    await till.db.transact(flows.open_claim, opened.id, someone.id, today, till.clock.now())

    assert await found_after(till.db) == set()


async def test_a_release_under_an_open_claim(till: Till) -> None:
    opened, someone = await party(till.db, till.clock), await person(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened, someone)
    await till.pays(bill.id)
    today, now = seoul_date(till.clock.now()), till.clock.now()
    await till.db.transact(flows.open_claim, opened.id, someone.id, today, now)
    later = now + timedelta(days=31)

    release = update(Bill).where(Bill.id == bill.id).values(released_at=later)
    lines = [
        {"event": "release", "line": line, "account": account, "amount_won": won, "bill_id": bill.id, "at": later}
        for line, account, won in ((1, Account.HELD, 4250), (2, Account.PAYABLE, -4250))
    ]
    lines_of_it = [
        insert(LedgerEntry).values(party_id=opened.id, person_id=None if line["line"] == 1 else opened.host_id, **line)
        for line in lines
    ]

    assert "claim_holds_release" in await found_after(till.db, release, *lines_of_it)
