"""Payments of which nobody heard in time: silence, virtual accounts, lost redirects, hints."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from core.billing import BillState, Outcome, take_hint
from core.billing.noting import take_note
from tests.builders import LIMITS, open_bill
from tests.till import Till


async def test_a_virtual_account_is_waited_for_and_counts_days_later(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = till.presses(await till.begins(bill.id) | {"method": "가상계좌"})

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.DEPOSIT
    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.DEPOSIT
    for _ in range(3):
        await till.minutes_pass(24 * 60)
    assert (await till.attempts(), await till.records()) == (["deposit_waiting"], ["deposit_waiting"])
    till.stand_in.deposit(receipt_id)
    await till.minutes_pass(6 * 60 + 1)

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert await till.said("billing.paid") == 1


async def test_a_virtual_account_that_is_opened_after_its_attempt_lapsed_is_asked_about(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    for _ in range(9):
        await till.minutes_pass(120)
    assert await till.attempts() == ["lapsed"]
    receipt_id = till.presses(payload | {"method": "가상계좌"})

    assert await till.settles(receipt_id) is Outcome.DEPOSIT
    till.stand_in.deposit(receipt_id)
    await till.stand_in.webhooks.idle()  # and none of its notices arrives
    await till.minutes_pass(6 * 60 + 1)

    assert (await till.bill(bill.id)).state is BillState.PAID


async def test_a_virtual_account_that_is_refused_after_all_ends(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = till.presses(await till.begins(bill.id) | {"method": "가상계좌"})
    assert await till.settles(receipt_id) is Outcome.DEPOSIT

    refused = replace(await till.bootpay.receipt(receipt_id), status=-4)
    await till.db.transact(take_note, refused, None, LIMITS, till.clock.now())

    assert (await till.attempts(), await till.records()) == (["failed"], ["deposit_waiting", "attempt_failed"])


@pytest.mark.parametrize("ended", ["lapsed", "failed", "deposit_waiting"])
async def test_wrong_money_on_an_attempt_that_seemed_over_is_told_to_the_operators_once(till: Till, ended: str) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id) | {"currency": "USD"}
    at_once = {**payload, "extra": {**payload["extra"], "separately_confirmed": False}}
    if ended == "lapsed":
        for _ in range(9):
            await till.minutes_pass(120)
        receipt_id = till.presses(at_once)
    elif ended == "failed":
        # never confirmed by us, and then by somebody in the browser
        receipt_id = till.presses(payload)
        assert await till.settles(receipt_id) is Outcome.MISMATCH
        await till.bootpay.confirm(receipt_id)
    else:
        receipt_id = till.presses(payload | {"method": "가상계좌"})
        assert await till.settles(receipt_id) is Outcome.DEPOSIT
        till.stand_in.deposit(receipt_id)

    for _ in range(2):
        assert await till.settles(receipt_id) is Outcome.MISMATCH
        till.clock.move_to(till.clock.now() + timedelta(hours=2))

    assert (await till.records()).count("paid_mismatch") == 1
    assert await till.said("alerts.paid_mismatch") == 1
    assert (await till.bill(bill.id)).state is BillState.OPEN


async def test_a_lost_redirect_is_found_by_the_order(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    await till.approves(bill.id)

    await till.minutes_pass(3)

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert (till.charges(), await till.held()) == (1, 4250)


async def test_an_attempt_of_which_bootpay_knows_nothing_lapses_when_its_schedule_is_over(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    await till.begins(bill.id)

    for _ in range(7):
        assert await till.attempts() == ["created"]
        await till.minutes_pass(120)

    assert await till.attempts() == ["lapsed"]
    await till.pays(bill.id)


async def test_operators_are_told_once_an_hour_that_bootpay_does_not_let_us_in(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    await till.begins(bill.id)
    till.faults.add("*", "html_403", times=None)

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.CHECKING
    await till.minutes_pass(3)
    assert await till.said("alerts.provider_refuses") == 1
    await till.minutes_pass(61)

    assert await till.said("alerts.provider_refuses") == 2


async def test_no_attempt_lapses_while_bootpay_does_not_answer(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    await till.begins(bill.id)
    till.faults.add("*", "html_403", times=None)

    for _ in range(12):
        await till.minutes_pass(120)

    assert await till.attempts() == ["created"]


async def test_a_payment_that_was_given_up_is_still_confirmed_under_a_hold(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    for _ in range(9):
        await till.minutes_pass(120)
    assert await till.attempts() == ["lapsed"]
    receipt_id = till.presses(payload)
    till.faults.add("*", "confirm_critical")

    assert await till.settles(receipt_id) is Outcome.CHECKING
    assert await till.attempts() == ["unknown"]
    await till.minutes_pass(3)

    assert (await till.bill(bill.id)).state is BillState.PAID


async def test_a_forged_hint_leads_to_one_question_and_no_change(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    for forged in ("65f0c0de0000000000000001", "x" * 64, "..-.._--"):
        await till.db.transact(take_hint, forged, till.clock.now())

    await till.janitor()

    assert (await till.bill(bill.id)).state is BillState.OPEN
    assert (await till.records(), await till.attempts()) == ([], [])


async def test_a_hint_settles_a_payment_whose_browser_never_came_back(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    await till.db.transact(take_hint, receipt_id, till.clock.now())

    await till.janitor()

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert await till.said("billing.paid") == 1


async def test_a_repeated_hint_is_one_row_and_asks_again(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    for _ in range(5):
        await till.db.transact(take_hint, receipt_id, till.clock.now())
        await till.janitor()

    assert (await till.hints(), await till.said("billing.paid")) == (1, 1)
