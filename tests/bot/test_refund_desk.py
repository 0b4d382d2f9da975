"""The operators' command line for money that goes back: transfers, claims, a day held against Bootpay."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from threading import Thread
from typing import Any

import pytest

from bot import books, refund_desk
from bot.cli import calling
from bot.sandbox.bootpay import BootpayStandIn
from bot.settings import Settings, load_settings
from core import flows
from core.adapters.bootpay import Bootpay
from core.billing import Bill, Compared, Refund, RefundState, plan_refund
from core.billing.refunds import ASK_AGAIN
from core.billing.statements import Month, Totals
from core.dates import seoul_date
from core.db import Database
from core.parties import Claim, ClaimState
from tests.bot.test_desk import Office, office
from tests.builders import LIMITS, joins, party, person
from tests.till import CLIENT_KEY, SECRET_KEY, Till, till_open

__all__ = ["office"]

KEYS = {"BOOTPAY_CLIENT_KEY": CLIENT_KEY, "BOOTPAY_SECRET_KEY": SECRET_KEY}


def at_the_till(office: Office, work: Callable[[Till], Awaitable[Any]]) -> Any:
    """Do something where people pay, on the office's database."""

    async def on_it(db: Database) -> Any:
        async with till_open(db, office.clock) as till:
            return await work(till)

    return office.does(on_it)


async def paid_bill(till: Till) -> Bill:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock), await person(till.db, till.clock))
    await till.pays(bill.id)
    return await till.bill(bill.id)


async def waiting_refund(till: Till) -> int:
    """Return a refund too small for its receipt, which waits for the operator."""
    bill = await paid_bill(till)
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        (refund,) = await plan_refund(session, fresh, 999, "removed", till.clock.now(), LIMITS)
    return refund.id


async def unknown_refund(till: Till) -> int:
    """Return a refund about which Bootpay was asked in vain."""
    bill = await paid_bill(till)
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        (refund,) = await plan_refund(session, fresh, 2000, "removed", till.clock.now(), LIMITS)
        refund.state, refund.asks = RefundState.UNKNOWN, len(ASK_AGAIN)
    return refund.id


async def open_claim(till: Till) -> int:
    bill = await paid_bill(till)
    since, now = seoul_date(till.clock.now()), till.clock.now()
    return (await till.db.transact(flows.open_claim, bill.party_id, bill.person_id, since, now)).id


def row(office: Office, table: type[Any], row_id: int) -> Any:
    """Return a row as it is now."""

    async def read(db: Database) -> Any:
        async with db.read() as session:
            return await session.get_one(table, row_id)

    return office.does(read)


def test_a_transfer_is_listed_until_an_operator_has_made_it(office: Office) -> None:
    assert "no refund waits" in office.two("refunds", "list").stdout
    refund_id = at_the_till(office, waiting_refund)

    listed = office.two("refunds", "list")
    assert f"refund {refund_id}: 999 won (removed" in listed.stdout
    assert "하늘, tg://user?id=9" in listed.stdout
    said = office.two("refunds", "paid", str(refund_id), "--by", "mina")
    again = office.two("refunds", "paid", str(refund_id), "--by", "jun")

    assert (said.exit_code, said.stdout) == (0, f"refund {refund_id}: 999 won transferred\n")
    assert (again.exit_code, "nothing changes" in again.stdout) == (1, True)
    assert row(office, Refund, refund_id).state is RefundState.DONE
    assert "no refund waits" in office.two("refunds", "list").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("refunds", "paid", "999", "--by", "mina"), "no refund 999 waits"),
        (("refunds", "paid", "1", "--by", "nobody"), "nobody is not listed in OPERATORS"),
        (("claims", "uphold", "999", "--by", "mina"), "there is no claim 999"),
        (("claims", "reject", "999", "--by", "jun"), "there is no claim 999"),
        (("claims", "reject", "1", "--by", "nobody"), "nobody is not listed in OPERATORS"),
    ],
)
def test_a_call_that_cannot_work_is_told_why(office: Office, words: tuple[str, ...], sentence: str) -> None:
    answer = office.two(*words)

    assert (answer.exit_code, sentence in answer.stdout) == (2, True)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("statement", "--month", "9999-12"), "there are books of the years"),
        (("statement", "--month", "0001-01"), "there are books of the years"),
        (("statement", "--month", "2026-13"), "2026-13"),
        (("reconcile", "--day", "9999-12-31"), "there are books of the years"),
        (("reconcile", "--day", "0001-01-01"), "there are books of the years"),
        (("refunds", "paid", "9" * 24, "--by", "mina"), "no row has such a number"),
        (("refunds", "drop", "0", "--by", "mina"), "no row has such a number"),
        (("claims", "uphold", "9" * 24, "--by", "mina"), "no row has such a number"),
        (("bills", "drop", "9" * 24, "--by", "mina"), "no row has such a number"),
        (("payouts", "export", "--by", "mina", "--out", "x.csv", "--batch", "9" * 24), "no row has such a number"),
    ],
)
def test_what_nobody_can_mean_is_refused_with_a_sentence(office: Office, words: tuple[str, ...], sentence: str) -> None:
    refused = office.two(*words, TERMINAL_WIDTH="200")

    assert (refused.exit_code, refused.exception.__class__) == (2, SystemExit)
    assert sentence in refused.output


@pytest.mark.parametrize("words", [("check",), ("payouts", "list"), ("refunds", "paid", "1", "--by", "mina")])
def test_a_database_that_is_away_is_not_told_as_something_found(office: Office, words: tuple[str, ...]) -> None:
    refused = office.two(*words, DATABASE_URL="mysql+aiomysql://two@127.0.0.1:1/two?charset=utf8mb4")

    assert (refused.exit_code, "The database does not answer" in refused.output) == (2, True)


def test_no_number_of_a_table_is_cut_off(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    house = Totals(None, paid=123_456_789_012, refunded=12_345_678, released=9_876_543_210, paid_out=1_234_567)
    day = date(2026, 12, 1)
    month = Month(day)
    compared = Compared(1_234_567, 7_654_321, 1_234_567_890, 9_876_543, 1_234_567_891, 98_765_432, "more_cancelled")

    for table in (*books.as_tables(month, house, [house]), refund_desk.as_table(day, [compared])):
        calling.print_table(table)

    told = capsys.readouterr().out
    assert "…" not in told
    for won in (house.paid, house.refunded, house.released, house.paid_out, 1_234_567_891, 98_765_432):
        assert f" {won:,} " in told


def test_a_claim_is_upheld_with_its_lines(office: Office) -> None:
    claim_id = at_the_till(office, open_claim)
    office.clock.move_to(office.clock.now() + timedelta(days=1))
    assert f"claim {claim_id}: party" in office.two("claims", "list").stdout

    looked = office.two("claims", "uphold", str(claim_id), "--by", "mina", "--look")
    assert (looked.exit_code, "4,250 won would go back, nothing is decided" in looked.stdout) == (0, True)
    assert row(office, Claim, claim_id).state is ClaimState.OPEN
    assert office.two("claims", "uphold", "999999", "--by", "mina", "--look").exit_code == 2

    early = office.two("claims", "uphold", str(claim_id), "--by", "mina", "--works-since", "2020-01-01")
    upheld = office.two("claims", "uphold", str(claim_id), "--by", "mina")
    again = office.two("claims", "reject", str(claim_id), "--by", "jun")

    assert (early.exit_code, "only after it broke" in early.stdout) == (2, True)
    assert upheld.exit_code == 0
    assert f"claim {claim_id}: upheld, 4,250 won go back" in upheld.stdout
    assert (again.exit_code, "nothing changes" in again.stdout) == (1, True)
    claim = row(office, Claim, claim_id)
    assert (claim.state, claim.closed_by) == (ClaimState.UPHELD, "mina")
    assert "no claim waits" in office.two("claims", "list").stdout


def test_a_claim_is_rejected(office: Office) -> None:
    claim_id = at_the_till(office, open_claim)

    assert "rejected" in office.two("claims", "reject", str(claim_id), "--by", "jun").stdout

    assert row(office, Claim, claim_id).state is ClaimState.REJECTED


@pytest.fixture
def bootpay(office: Office, monkeypatch: pytest.MonkeyPatch) -> Iterator[BootpayStandIn]:
    """Serve Bootpay's stand-in in a thread of its own, where the command line finds it."""
    stand_in = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=office.clock.now, retry_scale=0)
    loop = asyncio.new_event_loop()
    thread = Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(stand_in.start(), loop).result()

    def settings() -> Settings:
        return load_settings(bootpay_api=stand_in.api_url)

    monkeypatch.setattr(calling, "load_settings", settings)
    yield stand_in
    asyncio.run_coroutine_threadsafe(stand_in.close(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def two_pay(office: Office, bootpay: BootpayStandIn) -> list[Bill]:
    """Let two people pay."""

    async def pay(db: Database) -> list[Bill]:
        client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=bootpay.api_url)
        till = Till(db, office.clock, bootpay, client)
        bills = [await paid_bill(till), await paid_bill(till)]
        await client.close()
        return bills

    return list(office.does(pay))


def test_a_day_that_agrees(office: Office, bootpay: BootpayStandIn) -> None:
    two_pay(office, bootpay)
    day = str(seoul_date(office.clock.now()))

    agreed = office.two("reconcile", "--day", day, "--json", **KEYS)

    assert agreed.exit_code == 0
    told = json.loads(agreed.stdout)
    assert [one["difference"] for one in told["payments"]] == [None, None]
    assert (told["day"], told["paid_won"], told["their_paid_won"], told["their_cancelled_won"]) == (day, 8500, 8500, 0)
    assert json.loads(office.two("reconcile", "--day", "2020-02-29", "--json", **KEYS).stdout)["payments"] == []


def test_a_day_that_differs_ends_with_one(office: Office, bootpay: BootpayStandIn) -> None:
    first, _ = two_pay(office, bootpay)
    theirs = next(one for one in bootpay.receipts() if one["order_id"].startswith(f"two_{first.id}_"))
    bootpay.cancel_in_admin(theirs["receipt_id"], 1500)
    day = str(seoul_date(office.clock.now()))

    for _ in range(2):  # it only looks
        differs = office.two("reconcile", "--day", day, **KEYS)
        assert differs.exit_code == 1
        assert "more_cancelled" in differs.stdout
        assert "8,500" in differs.stdout


def test_a_bootpay_that_does_not_answer_is_no_agreement(office: Office, bootpay: BootpayStandIn) -> None:
    two_pay(office, bootpay)
    bootpay.faults.add("*", "html_502", times=None)

    silent = office.two("reconcile", "--day", str(seoul_date(office.clock.now())), **KEYS)

    assert (silent.exit_code, "nothing was compared" in silent.stdout) == (2, True)


def test_a_refund_that_nobody_answers_for_becomes_a_transfer(office: Office) -> None:
    refund = at_the_till(office, unknown_refund)

    given_up = office.two("refunds", "drop", str(refund), "--by", "mina")

    assert given_up.exit_code == 0
    assert "of 2,000 won waits for your transfer" in given_up.output
    assert "2,000 won (removed" in office.two("refunds", "list").output
    again = office.two("refunds", "drop", str(refund), "--by", "mina")
    assert (again.exit_code, again.output) == (1, f"refund {refund} is not stuck: nothing changes\n")


def test_a_payment_that_is_not_stuck_is_not_given_up(office: Office) -> None:
    attempt = at_the_till(office, paid_bill).paid_attempt

    refused = office.two("bills", "drop", str(attempt), "--by", "mina")
    unknown = office.two("bills", "drop", "999999", "--by", "mina")

    assert (refused.exit_code, refused.output) == (1, f"attempt {attempt} is not stuck: nothing changes\n")
    assert (unknown.exit_code, unknown.output) == (2, "there is no attempt 999999\n")


def test_a_claim_that_nobody_decides_is_stuck_because_it_holds_money_back(office: Office) -> None:
    claim = at_the_till(office, open_claim)

    stuck = office.two("bills", "stuck")

    assert stuck.exit_code == 1
    assert f"claim {claim} keeps a host's money back" in stuck.output
