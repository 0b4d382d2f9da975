"""Two windows of one bill, and money that nobody owes: one charge counts, the rest goes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.billing import BillState, Outcome
from core.errors import BillBusy, BillNotOpen
from core.flows import due_holds, expire_holds
from core.parties import MembershipState
from tests.builders import membership, open_bill
from tests.till import Till


@pytest.mark.parametrize("same_order", [True, False])
async def test_of_two_windows_of_one_bill_only_one_is_charged(till: Till, same_order: bool) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    first = till.presses(payload)
    second = till.presses(payload if same_order else await till.begins(bill.id))

    assert await till.settles(first, bill_id=bill.id) is Outcome.PAID
    assert await till.settles(second, bill_id=bill.id) is Outcome.LAPSED
    await till.minutes_pass(200)

    assert (till.charges(), await till.held()) == (1, 4250)
    assert await till.attempts() == ["paid", "lapsed"]


async def test_a_second_window_that_charged_by_itself_goes_back_in_full(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    payload["extra"] |= {"separately_confirmed": False}
    first, second = till.presses(payload), till.presses(payload)

    outcomes = [await till.settles(receipt_id) for receipt_id in (first, second)]
    await till.janitor()

    assert outcomes == [Outcome.PAID, Outcome.RETURNED]
    assert (till.charges(), till.charged(), await till.held()) == (2, 4250, 4250)
    assert await till.said("billing.refunded") == 1
    assert await till.records() == ["stray_payment"]
    assert await till.said("alerts.paid_mismatch") == 0


async def test_of_two_receipts_of_an_order_the_one_that_was_charged_is_settled_first(till: Till) -> None:
    # given a browser that never comes back, with an approval and a charge under one order
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    till.presses(payload)
    till.presses({**payload, "extra": {**payload["extra"], "separately_confirmed": False}})

    await till.minutes_pass(3)

    assert (till.charges(), till.charged(), await till.held()) == (1, 4250, 4250)
    assert await till.refunds() == []


async def test_the_second_window_waits_while_the_first_is_unclear_and_counts_if_that_fails(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    first, second = await till.approves(bill.id), await till.approves(bill.id)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(first) is Outcome.CHECKING

    assert await till.settles(second) is Outcome.BUSY
    till.faults.add("*", "decline_at_confirm")
    await till.minutes_pass(3)
    await till.minutes_pass(5)

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert await till.attempts() == ["failed", "paid"]
    assert till.charges() == 1


async def test_money_charged_beside_a_payment_under_way_waits_and_then_goes_back(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    payload["extra"] |= {"separately_confirmed": False}
    beside = await till.approves(bill.id)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(beside) is Outcome.CHECKING
    charged = till.presses(payload)

    assert await till.settles(charged) is Outcome.BUSY
    await till.minutes_pass(3)
    await till.minutes_pass(6)

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert (till.charged(), await till.held()) == (4250, 4250)


async def test_while_a_payment_is_unclear_no_other_can_begin(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_critical")

    assert await till.settles(receipt_id) is Outcome.CHECKING

    with pytest.raises(BillBusy):
        await till.begins(bill.id)


async def test_a_paid_bill_takes_no_further_attempt(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    await till.pays(bill.id)

    with pytest.raises(BillNotOpen):
        await till.begins(bill.id)


async def test_money_on_a_void_bill_goes_back(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    payload["extra"] |= {"separately_confirmed": False}
    await _hold_over(till)
    assert (await till.bill(bill.id)).state is BillState.VOID
    receipt_id = till.presses(payload)

    assert await till.settles(receipt_id) is Outcome.RETURNED
    await till.janitor()

    assert (till.charges(), till.charged(), await till.held()) == (1, 0, 0)
    assert (await till.bill(bill.id)).state is BillState.VOID


async def test_an_approval_for_a_void_bill_is_never_confirmed(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    await _hold_over(till)

    assert await till.settles(till.presses(payload)) is Outcome.LAPSED

    assert till.charges() == 0


async def test_a_seat_is_not_freed_while_its_payment_is_unclear(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(receipt_id) is Outcome.CHECKING

    await _hold_over(till)

    assert (await till.bill(bill.id)).state is BillState.OPEN
    assert (await membership(till.db, bill)).state is MembershipState.RESERVED


async def _hold_over(till: Till) -> None:
    till.clock.move_to(till.clock.now() + timedelta(minutes=31))
    async with till.db.read() as session:
        due = await due_holds(session, till.clock.now())
    for membership_id, party_id in due:
        await till.db.transact(expire_holds, membership_id, party_id, till.clock.now())
