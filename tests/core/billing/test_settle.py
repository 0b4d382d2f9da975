"""Settling a payment against Bootpay's stand-in: paid once, or nothing taken."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from core.adapters.bootpay import Receipt
from core.billing import Attempt, AttemptState, BillState, Outcome, give_up_payment, stuck
from core.parties import MembershipState
from tests.builders import joins, membership, open_bill, party, person
from tests.till import GivesUp, Till


async def test_a_confirmed_payment_pays_the_bill_and_takes_the_seat(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)

    outcome = await till.settles(receipt_id, bill_id=bill.id)

    assert outcome is Outcome.PAID
    paid = await till.bill(bill.id)
    assert (paid.state, paid.approving_attempt, paid.paid_at) == (BillState.PAID, None, till.clock.now())
    assert (await membership(till.db, bill)).state is MembershipState.ACTIVE
    assert till.charged() == await till.held() == 4250
    assert [await till.said(name) for name in ("billing.paid", "parties.member_joined")] == [1, 1]


async def test_settling_a_paid_receipt_again_changes_nothing(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.pays(bill.id)

    outcomes = [await till.settles(receipt_id, bill_id=bill.id) for _ in range(3)]
    await till.minutes_pass(200)

    assert outcomes == [Outcome.PAID] * 3
    assert (till.charges(), await till.held(), await till.said("billing.paid")) == (1, 4250, 1)


async def test_nothing_is_charged_before_the_receipt_is_settled(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)

    await till.approves(bill.id)

    assert till.charges() == 0
    assert (await till.bill(bill.id)).state is BillState.OPEN


@pytest.mark.parametrize(
    ("action", "outcome", "state"),
    [
        ("decline", Outcome.FAILED, AttemptState.FAILED),
        ("fail", Outcome.FAILED, AttemptState.FAILED),
        ("close", Outcome.CLOSED, AttemptState.FAILED),
    ],
)
async def test_a_payment_that_ends_in_the_window_leaves_the_bill_open(
    till: Till, action: str, outcome: Outcome, state: AttemptState
) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = till.presses(await till.begins(bill.id), action)

    assert await till.settles(receipt_id, bill_id=bill.id) is outcome

    assert (await till.attempts(), await till.records()) == ([state], [f"attempt_{state}"])
    assert (await till.bill(bill.id)).state is BillState.OPEN
    await till.pays(bill.id)


async def test_a_card_declined_at_the_confirm_frees_the_bill_for_another_card(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "decline_at_confirm")

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.FAILED

    assert (await till.bill(bill.id)).approving_attempt is None
    await till.pays(bill.id)
    assert (await till.attempts(), await till.records()) == (["failed", "paid"], ["attempt_failed"])
    assert till.charges() == 1


async def test_an_approval_that_lapsed_is_not_paid(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.clock.move_to(till.clock.now() + timedelta(minutes=31))

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.LAPSED

    assert (await till.attempts(), await till.records()) == (["lapsed"], ["attempt_lapsed"])
    assert till.charges() == 0


async def test_a_price_changed_in_the_browser_is_never_confirmed(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    till.faults.add("*", "tampered_price", value=100)
    receipt_id = await till.approves(bill.id)

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.MISMATCH

    assert till.charges() == 0
    assert await till.records() == ["attempt_failed"]
    assert (await till.bill(bill.id)).state is BillState.OPEN


async def test_a_price_changed_and_charged_at_once_goes_back(till: Till) -> None:
    # given somebody who rewrote the page: another price, and no separate confirm
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    receipt_id = till.presses({**payload, "price": 100, "extra": {**payload["extra"], "separately_confirmed": False}})

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.RETURNED
    await till.janitor()

    assert (till.charges(), till.charged(), await till.held()) == (1, 0, 0)
    assert (await till.bill(bill.id)).state is BillState.OPEN
    assert await till.records() == ["stray_payment", "paid_mismatch"]

    # when its notice comes again and again, then the operators have been told once
    till.clock.move_to(till.clock.now() + timedelta(hours=2))
    await till.settles(receipt_id, bill_id=bill.id)
    assert await till.said("alerts.paid_mismatch") == 1


async def test_money_of_another_currency_is_told_to_the_operators_once(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    at_once = {**payload["extra"], "separately_confirmed": False}
    receipt_id = till.presses({**payload, "currency": "USD", "extra": at_once})

    for _ in range(2):
        assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.MISMATCH
        till.clock.move_to(till.clock.now() + timedelta(hours=2))

    assert await till.records() == ["attempt_failed", "paid_mismatch"]
    assert await till.said("alerts.paid_mismatch") == 1
    assert (await till.bill(bill.id)).state is BillState.OPEN


async def test_a_real_receipt_where_only_play_money_is_taken_is_refused(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "live_receipt")

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.MISMATCH

    assert till.charges() == 0
    assert await till.records() == ["attempt_failed"]


async def test_a_receipt_of_another_bill_pays_nothing(till: Till) -> None:
    opened = await party(till.db, till.clock)
    mine = await joins(till.db, till.clock, opened)
    theirs = await joins(till.db, till.clock, opened, await person(till.db, till.clock, "바다"))
    receipt_id = await till.approves(mine.id)

    assert await till.settles(receipt_id, bill_id=theirs.id) is Outcome.NOT_OURS

    assert till.charges() == 0
    assert (await till.bill(theirs.id)).state is BillState.OPEN


async def test_a_receipt_for_an_order_of_nobody_is_not_touched(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = till.presses({**await till.begins(bill.id), "order_id": "somebody-elses"})

    assert await till.settles(receipt_id) is Outcome.NOT_OURS

    assert till.charges() == 0
    assert await till.records() == []


@pytest.mark.parametrize("fault", ["confirm_critical_then_paid", "confirm_dropped_after_charging"])
async def test_a_confirm_without_a_usable_answer_is_read_from_the_receipt(till: Till, fault: str) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", fault)

    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.PAID

    assert (till.charges(), await till.held()) == (1, 4250)


async def test_a_confirm_that_hangs_after_charging_is_booked(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_timeout_after_charging")

    assert await till.settles(receipt_id, bill_id=bill.id, by=GivesUp(till)) is Outcome.PAID

    assert (till.charges(), await till.held()) == (1, 4250)


async def test_a_confirm_that_hangs_before_charging_is_asked_for_again(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_timeout_before")

    assert await till.settles(receipt_id, bill_id=bill.id, by=GivesUp(till)) is Outcome.CHECKING
    assert till.charges() == 0
    await till.minutes_pass(3)

    assert (await till.bill(bill.id)).state is BillState.PAID
    assert (till.charges(), await till.held()) == (1, 4250)


class FallsSilent(GivesUp):
    """Charges, and then no call is answered any more."""

    async def confirm(self, receipt_id: str) -> Receipt:
        receipt = await super().confirm(receipt_id)
        self.till.faults.add("*", "too_many_requests", times=None)
        return receipt


async def test_an_unclear_payment_never_ends_by_time_alone(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)

    assert await till.settles(receipt_id, by=FallsSilent(till)) is Outcome.CHECKING
    for _ in range(20):
        await till.minutes_pass(120)

    assert (await till.bill(bill.id)).approving_attempt is not None
    assert await till.attempts() == ["unknown"]
    assert await till.records() == ["unclear", "asked_in_vain"]
    assert await till.said("billing.unclear") == 1
    till.faults.clear()
    await till.minutes_pass(120)
    assert (await till.bill(bill.id)).state is BillState.PAID


async def test_a_confirm_that_is_unclear_for_hours_is_told_and_may_be_ended_by_an_operator(till: Till) -> None:
    # given an approval that does not lapse, and a confirm that never says whether it charged
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id)
    receipt_id = till.presses({**payload, "extra": {**payload["extra"], "timeout": 100_000}})
    till.faults.add("*", "confirm_critical", times=None)

    assert await till.settles(receipt_id) is Outcome.CHECKING
    for _ in range(10):
        await till.minutes_pass(121)

    assert (await till.records()).count("asked_in_vain") == 1
    assert await till.said("billing.unclear") == 1
    async with till.db.read() as session:
        waiting = [(each.what, each.bill_id) for each in await stuck(session, till.clock.now())]
        attempt_id = (await session.scalars(select(Attempt.id).where(Attempt.bill_id == bill.id))).one()
    assert ("attempt_unknown", bill.id) in waiting
    await till.db.transact(give_up_payment, attempt_id, "minsu", till.clock.now())
    assert (await till.bill(bill.id)).approving_attempt is None
