"""Money on its way back: once, in full, whatever Bootpay answers."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.adapters.bootpay import Receipt
from core.billing import Bill, BillState, RefundState, RefundWay, plan_refund, refunds
from core.errors import InvalidInput
from tests.builders import LIMITS, open_bill
from tests.till import GivesUp, Till


async def _planned(till: Till, won: int | None = None, **about: object) -> int:
    bill = await open_bill(till.db, till.clock, **about)
    await till.pays(bill.id)
    return await _plan(till, bill.id, won or bill.amount_won)


async def _plan(till: Till, bill_id: int, won: int) -> int:
    async with till.db.write() as session:
        bill = await session.get_one(Bill, bill_id)
        return (await plan_refund(session, bill, won, "left", till.clock.now(), LIMITS))[0].id


async def test_refunds_of_one_receipt_are_sent_in_their_order(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    await till.pays(bill.id)
    first, second = await _plan(till, bill.id, 1000), await _plan(till, bill.id, 2000)

    assert await refunds.send_refund(till.db, till.bootpay, till.clock, second) is None
    assert till.charged() == 4250
    assert await refunds.send_refund(till.db, till.bootpay, till.clock, first) is RefundState.DONE
    assert till.charged() == 3250


async def test_a_full_refund_empties_what_was_held(till: Till) -> None:
    await _planned(till)

    await till.janitor()

    (refund,) = await till.refunds()
    assert refund.state is RefundState.DONE
    assert (await till.bill(refund.bill_id)).state is BillState.REFUNDED
    assert (till.charged(), await till.held(), await till.said("billing.refunded")) == (0, 0, 1)


async def test_keys_of_refunds_are_those_of_no_other_database(till: Till) -> None:
    await _planned(till, 1000)
    await _plan(till, (await till.refunds())[0].bill_id, 1250)

    (receipt,) = till.stand_in.receipts()
    # Rows are counted alike in every database; an order's id ends in random characters.
    assert [refund.refund_key for refund in await till.refunds()] == [
        f"rf_{receipt['order_id']}_{number}" for number in (1, 2)
    ]


async def test_parts_go_back_one_after_another_with_a_pause_between_them(till: Till) -> None:
    first = await _planned(till, 1000)
    bill_id = (await till.refunds())[0].bill_id
    await _plan(till, bill_id, 1250)

    till.faults.add("*", "cancels_need_a_pause", times=None)

    await till.janitor()
    assert (await till.bill(bill_id)).refunded_won == 1000
    await till.minutes_pass(1)

    assert [refund.state for refund in await till.refunds()] == [RefundState.DONE] * 2
    assert (till.charged(), await till.held()) == (2000, 2000)
    assert (await till.bill(bill_id)).refunded_won == 2250
    assert first == (await till.refunds())[0].id


async def test_no_more_goes_back_than_was_paid(till: Till) -> None:
    await _planned(till, 3000)
    bill_id = (await till.refunds())[0].bill_id

    with pytest.raises(InvalidInput):
        await _plan(till, bill_id, 1251)


async def test_an_open_bill_has_nothing_to_give_back(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)

    with pytest.raises(InvalidInput):
        await _plan(till, bill.id, bill.amount_won)


@pytest.mark.parametrize("fault", ["cancel_timeout_after_effect", "cancel_timeout_before"])
async def test_a_cancel_that_hangs_has_one_effect(till: Till, fault: str) -> None:
    await _planned(till)
    till.faults.add("*", fault)

    await till.janitor(GivesUp(till))
    await till.minutes_pass(3)

    assert [refund.state for refund in await till.refunds()] == [RefundState.DONE]
    assert (till.charged(), await till.held(), await till.said("billing.refunded")) == (0, 0, 1)
    (receipt,) = till.stand_in.receipts()
    assert receipt["cancels"] == 1


@pytest.mark.parametrize("fault", ["html_403", "html_502", "too_many_requests", "broken_json", "cancel_critical"])
async def test_a_refund_waits_for_a_bootpay_that_answers(till: Till, fault: str) -> None:
    await _planned(till)
    till.faults.add("*", fault, times=2)

    await till.janitor()
    for minutes in (3, 6, 11):
        await till.minutes_pass(minutes)

    assert [refund.state for refund in await till.refunds()] == [RefundState.DONE]
    assert (till.charged(), await till.said("billing.refunded"), await till.said("refunds.by_operator")) == (0, 1, 0)


async def test_a_refund_that_bootpay_will_not_make_becomes_the_operators(till: Till) -> None:
    await _planned(till)
    till.faults.add("*", "cancel_refused")

    await till.janitor()

    refused, transfer = await till.refunds()
    assert (refused.state, refused.provider_word) == (RefundState.FAILED, "RC_CANCEL_SERVER_ERROR")
    assert (transfer.state, transfer.way, transfer.amount_won) == (RefundState.PLANNED, RefundWay.OPERATOR, 4250)
    assert (till.charged(), await till.held(), await till.said("refunds.by_operator")) == (4250, 4250, 1)
    assert await till.records() == ["refund_failed"]
    with pytest.raises(InvalidInput):
        await _plan(till, refused.bill_id, 1)


async def test_money_that_an_operator_gave_back_elsewhere_is_not_sent_twice(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.pays(bill.id)
    await _plan(till, bill.id, bill.amount_won)
    await till.bootpay.cancel(receipt_id, cancel_id="by-hand", amount_won=None, by="operator", reason="asked")

    await till.janitor()

    assert (await till.bill(bill.id)).state is BillState.REFUNDED
    (receipt,) = till.stand_in.receipts()
    assert receipt["cancels"] == 1


async def test_a_receipt_that_is_read_too_old_sends_nothing_a_second_time(till: Till) -> None:
    await _planned(till, 1000)
    till.faults.add("*", "repeated_cancel_again", times=None)
    (receipt_id,) = [receipt["receipt_id"] for receipt in till.stand_in.receipts()]
    before = await till.bootpay.receipt(receipt_id)

    class Lagging(GivesUp):
        """Receipts as they were before the cancel, as a copy that lags behind tells them."""

        async def receipt(self, receipt_id: str) -> Receipt:
            return before

    for _ in range(3):
        await till.janitor(Lagging(till))
        till.clock.move_to(till.clock.now() + timedelta(minutes=6))

    (receipt,) = till.stand_in.receipts()
    assert (receipt["cancels"], till.charged(), await till.held()) == (1, 3250, 3250)


async def test_refunds_that_wait_for_another_one_take_nobodys_place(till: Till) -> None:
    bill_id = (await open_bill(till.db, till.clock)).id
    await till.pays(bill_id)
    for _ in range(3):
        await _plan(till, bill_id, 1000)
    till.faults.add("*", "cancel_timeout_before")

    await till.janitor(GivesUp(till))

    # The first one is unclear, and nothing is due before it is asked about again.
    async with till.db.read() as session:
        assert await refunds.due_refunds(session, till.clock.now()) == []
    for _ in range(4):
        await till.minutes_pass(3)
    assert [refund.state for refund in await till.refunds()] == [RefundState.DONE] * 3
    assert till.charged() == await till.held() == 1250


async def test_two_workers_send_a_refund_once(till: Till) -> None:
    refund_id = await _planned(till)
    late: list[RefundState | None] = []

    class Slow(GivesUp):
        """While one worker waits for its answer, another one comes."""

        async def receipt(self, receipt_id: str) -> Receipt:
            if not late:
                late.append(await refunds.send_refund(till.db, till.bootpay, till.clock, refund_id))
            return await super().receipt(receipt_id)

    state = await refunds.send_refund(till.db, Slow(till), till.clock, refund_id)

    assert (late, state) == ([None], RefundState.DONE)
    assert till.charged() == 0


async def test_a_worker_that_stood_still_sends_nothing_that_another_one_has_sent(till: Till) -> None:
    refund_id = await _planned(till, 1500)
    till.faults.add("*", "repeated_cancel_again", times=None)

    class StandsStill(GivesUp):
        async def receipt(self, receipt_id: str) -> Receipt:
            read = await super().receipt(receipt_id)
            if till.charged() == 4250:  # nothing has gone back yet
                await till.minutes_pass(3)
            return read

    await refunds.send_refund(till.db, StandsStill(till), till.clock, refund_id)

    assert [refund.state for refund in await till.refunds()] == [RefundState.DONE]
    assert (till.charged(), await till.held()) == (2750, 2750)
