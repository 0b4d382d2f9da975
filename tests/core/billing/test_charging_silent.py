"""Charges by card without an answer: found by their order, looked for, and never made twice."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import billing
from core.billing import BillState, Outcome
from core.billing.attempts import ASK_AFTER
from core.errors import BillBusy
from tests import cards
from tests.builders import LIMITS
from tests.till import GivesUp, Till


@pytest.mark.parametrize(
    "fault",
    [
        "confirm_timeout_after_charging",
        "confirm_critical_then_paid",
        "html_502_after_effect",
        "confirm_dropped_after_charging",
    ],
)
async def test_a_charge_without_an_answer_is_found_by_its_order(till: Till, fault: str) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", fault)

    await cards.charges(till, GivesUp(till))
    await till.minutes_pass(3)

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert (till.charges_of(bill.id), await till.said("billing.paid")) == (1, 2)


async def test_a_charge_that_bootpay_cannot_even_tell_of_stays_held_until_it_can(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "confirm_critical_then_paid")
    till.faults.add("*", "html_502_after_effect", times=2)

    settled = await cards.charges_bill(till, bill.id)

    assert settled is not None and settled.outcome is Outcome.CHECKING
    assert (await till.bill(bill.id)).approving_attempt is not None
    with pytest.raises(BillBusy):
        await till.begins(bill.id)
    await till.minutes_pass(3)
    assert ((await till.bill(bill.id)).state, till.charges_of(bill.id)) == (BillState.PAID, 1)


async def test_a_charge_that_never_arrived_is_over_after_the_whole_schedule_and_tried_the_next_day(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_never_arrives")
    await cards.charges(till, GivesUp(till))

    for wait in ASK_AFTER[:-1]:
        await till.minutes_pass(wait // timedelta(minutes=1))
        assert (await till.bill(bill.id)).approving_attempt is not None
        assert await cards.charges(till) == 0
    await till.minutes_pass(ASK_AFTER[-1] // timedelta(minutes=1))

    assert (await till.bill(bill.id)).approving_attempt is None
    assert [attempt.state for attempt in await cards.tries(till, bill.id)] == ["lapsed"]
    assert (await till.said("cards.failed"), await till.said("billing.unclear")) == (1, 0)
    assert await cards.charges(till) == 0
    cards.at_ten(till, bill, 1)
    assert await cards.charges(till) == 1
    assert ((await till.bill(bill.id)).state, till.charges_of(bill.id)) == (BillState.PAID, 1)


async def test_a_charge_that_arrives_long_after_it_was_given_up_counts_and_is_not_tried_again(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_late")
    await cards.charges(till, GivesUp(till))
    await _schedule_ends(till)
    assert (await till.bill(bill.id)).approving_attempt is None

    till.stand_in.finish_late()
    cards.at_ten(till, bill, 1)
    await cards.charges(till)

    assert ((await till.bill(bill.id)).state, till.charges_of(bill.id)) == (BillState.PAID, 1)


async def test_a_late_charge_beside_the_next_try_goes_back_by_itself(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_late")
    await cards.charges(till, GivesUp(till))
    await _schedule_ends(till)
    cards.at_ten(till, bill, 1)
    await cards.charges(till)

    till.stand_in.finish_late()
    late = till.stand_in.receipts()[-1]["receipt_id"]
    assert await till.settles(late) is Outcome.RETURNED
    await till.janitor()

    assert till.charged() == 2 * bill.amount_won  # the first month's and this one's
    assert await till.said("billing.refunded") == 1


async def test_a_late_charge_of_which_no_notice_came_is_found_by_looking_once_a_day(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_late")
    await cards.charges(till, GivesUp(till))
    await _schedule_ends(till)
    await till.pays(bill.id)
    till.stand_in.finish_late()
    about = till.db, till.bootpay, till.clock, LIMITS

    assert await billing.look_for_silent_charges(*about) == 0
    await till.minutes_pass(24 * 60)
    assert [await billing.look_for_silent_charges(*about) for _ in range(2)] == [1, 0]
    await till.janitor()

    assert till.charged() == 2 * bill.amount_won  # the first month's and this one's
    assert await till.said("billing.refunded") == 1


async def test_what_never_arrived_is_looked_for_for_two_weeks(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_never_arrives")
    await cards.charges(till, GivesUp(till))
    await _schedule_ends(till)
    await till.pays(bill.id)

    looks = 0
    for _ in range(20):
        await till.minutes_pass(24 * 60)
        looks += await billing.look_for_silent_charges(till.db, till.bootpay, till.clock, LIMITS)

    assert 12 <= looks <= 14


async def test_while_bootpay_does_not_answer_no_second_try_begins(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_late")
    await cards.charges(till, GivesUp(till))
    await _schedule_ends(till)
    cards.at_ten(till, bill, 1)
    till.faults.add("*", "html_502")

    await cards.charges(till)
    assert len(await cards.tries(till, bill.id)) == 1
    await cards.charges(till)

    assert len(await cards.tries(till, bill.id)) == 2


async def test_a_silent_charge_is_not_given_up_while_bootpay_gives_no_answer(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_never_arrives")
    await cards.charges(till, GivesUp(till))
    till.faults.add("*", "html_502", times=None)

    await _schedule_ends(till)
    assert (await till.bill(bill.id)).approving_attempt is not None
    await till.minutes_pass(2 * 60)
    assert await till.said("billing.unclear") == 1
    till.faults.clear()
    await till.minutes_pass(2 * 60)

    assert (await till.bill(bill.id)).approving_attempt is None


async def _schedule_ends(till: Till) -> None:
    for wait in ASK_AFTER:
        await till.minutes_pass(wait // timedelta(minutes=1))
