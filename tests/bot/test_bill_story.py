"""`two bills show`: what happened with a bill, from the first tap to the last line of the books."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import func, select

from core import billing, flows
from core.billing import Bill, plan_refund
from core.billing.tables import Account, LedgerEntry
from core.dates import seoul_date
from tests.bot.test_desk import Office, office
from tests.bot.test_refund_desk import at_the_till, paid_bill
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.counter import confirmed, exported, planned, proven, released
from tests.till import Till

__all__ = ["office"]


async def eventful(till: Till) -> int:
    """Return a bill that was declined, paid, claimed about, partly given back each way, released and paid out, and of
    which a part was cancelled elsewhere afterwards."""
    host = await person(till.db, till.clock, "민수")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock, host))
    till.presses(await till.begins(bill.id), "decline")
    receipt_id = await till.pays(bill.id)
    since, now = seoul_date(till.clock.now()), till.clock.now()
    claim = await till.db.transact(flows.open_claim, bill.party_id, bill.person_id, since, now)
    days_pass(till.clock, 2)
    limits, works = LIMITS, seoul_date(till.clock.now())
    await till.db.transact(
        flows.resolve_claim, claim.id, "mina", till.clock.now(), limits, upheld=True, works_since=works
    )
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 1200, "removed", till.clock.now(), LIMITS)
        (transfer,) = await plan_refund(session, fresh, 500, "removed", till.clock.now(), LIMITS)
    await till.db.transact(billing.confirm_transfer, transfer.id, "jun", till.clock.now())
    await till.minutes_pass(1)
    days_pass(till.clock, 35)
    await released(till.db, till.clock)
    await proven(till.db, till.clock, host)
    await planned(till.db, till.clock)
    await confirmed(till.db, till.clock, await exported(till.db, till.clock))
    till.stand_in.cancel_in_admin(receipt_id, 300)
    await billing.reconcile(till.db, till.bootpay, till.clock)
    return bill.id


def story(office: Office, bill_id: int) -> dict[str, Any]:
    shown = office.two("bills", "show", str(bill_id), "--json")
    assert shown.exit_code == 0
    told: dict[str, Any] = json.loads(shown.stdout)
    return told


def test_everything_that_happened_is_told_in_order_of_time(office: Office) -> None:
    bill_id = at_the_till(office, eventful)

    told = story(office, bill_id)

    happened = [(each["about"], each["what"]) for each in told["happened"]]
    for one in (
        ("bill", "opened"), ("attempt", "begun"), ("attempt", "paid"), ("bill", "paid"), ("claim", "opened"),
        ("claim", "upheld"), ("refund", "planned"), ("refund", "done"), ("act", "refund_paid"), ("act", "claim_upheld"),
        ("bill", "released"), ("payout", "planned"), ("payout", "exported"), ("payout", "confirmed"),
        ("act", "payouts_exported"), ("act", "payouts_confirmed"), ("record", "reconciled_more_cancelled"),
    ):  # fmt: skip
        assert one in happened, one
    instants = [datetime.fromisoformat(each["at"]) for each in told["happened"]]
    assert instants == sorted(instants)
    assert happened[0] == ("bill", "opened")
    broken = 4250 - 4250 * (told["days"] - 2) // told["days"]
    assert (told["state"], told["refunded_won"]) == ("partly_refunded", broken + 1200 + 500 + 300)
    by = {each["facts"].get("who") for each in told["happened"] if each["about"] == "act"}
    assert by == {"mina", "jun"}


def test_the_story_holds_every_line_that_the_books_have_of_a_bill(office: Office) -> None:
    bill_id = at_the_till(office, eventful)

    told = story(office, bill_id)

    lines = [won for each in told["happened"] if each["about"] == "ledger" for won in each["facts"].values()]
    mine = LedgerEntry.bill_id == bill_id
    assert (len(lines), sum(lines)) == (office.one(select(func.count(LedgerEntry.id)).where(mine)), 0)
    for account in Account:
        won = office.one(select(func.sum(LedgerEntry.amount_won)).where(mine, LedgerEntry.account == account)) or 0
        assert told["balances"].get(str(account), 0) == won
    assert sum(line["won"] for line in told["lines"]) == told["amount_won"] == 4250


def test_the_tables_say_the_same_and_cut_nothing_off(office: Office) -> None:
    bill_id = at_the_till(office, eventful)

    shown = office.two("bills", "show", str(bill_id))

    assert shown.exit_code == 0
    assert "…" not in shown.stdout
    for words in (
        "4,250",
        "partly_refunded",
        "reconciled_more_cancelled",
        f"release-{bill_id}",
        "payable +300",
        "하늘",
    ):
        assert words in shown.stdout, words


def test_a_bill_that_is_being_asked_about_says_so(office: Office) -> None:
    async def unclear(till: Till) -> int:
        bill = await joins(till.db, till.clock, await party(till.db, till.clock))
        till.faults.add("*", "confirm_critical")
        await till.settles(await till.approves(bill.id))
        return bill.id

    told = story(office, at_the_till(office, unclear))

    (begun,) = [each for each in told["happened"] if each["about"] == "attempt"]
    assert begun["facts"]["state"] in ("approving", "unknown")
    assert ("bill", "held") in [(each["about"], each["what"]) for each in told["happened"]]
    assert (told["state"], told["balances"]) == ("open", {})


@pytest.mark.parametrize("number", ["999999", "0", "9" * 24, "x"])
def test_a_bill_that_is_none_is_refused(office: Office, number: str) -> None:
    refused = office.two("bills", "show", number)

    assert (refused.exit_code, refused.exception.__class__) == (2, SystemExit)


def test_another_bills_events_are_not_told(office: Office) -> None:
    async def two_bills(till: Till) -> tuple[Bill, Bill]:
        return await paid_bill(till), await paid_bill(till)

    first, second = at_the_till(office, two_bills)

    told = story(office, first.id)

    attempts = {each["row"] for each in told["happened"] if each["about"] == "attempt"}
    assert attempts == {first.paid_attempt}
    assert f"pay-{second.paid_attempt}" not in {each["row"] for each in told["happened"]}


def test_a_payout_that_came_back_is_told_as_paid_and_as_returned(office: Office) -> None:
    bill_id = at_the_till(office, eventful)
    paid = [each for each in story(office, bill_id)["happened"] if each["about"] == "payout"]

    assert office.two("payouts", "returned", paid[0]["facts"]["key"], "--by", "mina").exit_code == 0

    told = [(each["about"], each["what"]) for each in story(office, bill_id)["happened"]]
    assert [what for about, what in told if about == "payout"] == ["planned", "exported", "confirmed", "returned"]
    assert ("act", "payout_returned") in told
