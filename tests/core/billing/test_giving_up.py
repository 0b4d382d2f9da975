"""Bootpay tells nothing any more: an operator ends what would be held for ever, and nothing is lost by it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import billing, flows
from core.adapters.bootpay import Receipt
from core.billing import BillState, Outcome, RefundState, RefundWay
from core.billing.attempts import ASK_AFTER
from core.errors import BillBusy, NotFound, Outdated, ProviderUnclear
from tests.builders import LIMITS, open_bill
from tests.core.flows.members import member
from tests.till import GivesUp, Till


async def goes_silent(till: Till) -> None:
    """Let Bootpay answer nothing for two days."""
    till.faults.add("*", "html_502", times=None)
    for wait in (*ASK_AFTER, timedelta(days=1), timedelta(days=1)):
        await till.minutes_pass(wait // timedelta(minutes=1))


class FallsSilent(GivesUp):
    """The client of a Bootpay that tells of a receipt once and then no more."""

    told = False

    async def receipt(self, receipt_id: str) -> Receipt:
        if self.told:
            raise ProviderUnclear("no answer")
        self.told = True
        return await super().receipt(receipt_id)


async def held_attempt(till: Till, *, charged: bool) -> tuple[billing.Bill, int]:
    """Return a bill that is held by a payment, charged or not, of which Bootpay tells nothing, and that payment."""
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_critical_then_paid" if charged else "confirm_critical")
    assert await till.settles(receipt_id, bill_id=bill.id, by=FallsSilent(till)) is Outcome.CHECKING
    held = (await till.bill(bill.id)).approving_attempt
    assert held is not None
    return bill, held


async def test_a_payment_without_an_answer_is_ended_by_an_operator_and_its_bill_paid_anew(till: Till) -> None:
    bill, attempt = await held_attempt(till, charged=False)
    with pytest.raises(Outdated):
        await till.db.transact(billing.give_up_payment, attempt, "mina", till.clock.now())
    await goes_silent(till)
    with pytest.raises(BillBusy):
        await till.begins(bill.id)

    await till.db.transact(billing.give_up_payment, attempt, "mina", till.clock.now())

    till.faults.clear()
    await till.pays(bill.id)
    assert (till.charges(), await till.held()) == (1, 4250)
    with pytest.raises(Outdated):
        await till.db.transact(billing.give_up_payment, attempt, "mina", till.clock.now())
    with pytest.raises(NotFound):
        await till.db.transact(billing.give_up_payment, attempt + 999, "mina", till.clock.now())


@pytest.mark.parametrize("paid_anew", [True, False])
async def test_money_of_a_payment_that_was_given_up_counts_or_goes_back(till: Till, paid_anew: bool) -> None:
    bill, attempt = await held_attempt(till, charged=True)
    await goes_silent(till)
    await till.db.transact(billing.give_up_payment, attempt, "mina", till.clock.now())
    till.faults.clear()
    if paid_anew:
        await till.pays(bill.id)

    await till.minutes_pass(24 * 60)
    looked = await billing.look_for_silent_charges(till.db, till.bootpay, till.clock, LIMITS)
    await till.janitor()

    assert (looked, (await till.bill(bill.id)).state) == (1, BillState.PAID)
    assert (till.charged(), await till.held()) == (4250, 4250)


async def test_a_refund_without_an_answer_becomes_a_transfer_and_is_not_made_twice(till: Till) -> None:
    opened, someone, bill = await member(till, starts_in=3)
    await till.db.transact(flows.leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    (refund,) = await till.refunds()
    with pytest.raises(Outdated):
        await till.db.transact(billing.give_up_refund, refund.id, "mina", till.clock.now())
    await goes_silent(till)

    transfer = await till.db.transact(billing.give_up_refund, refund.id, "mina", till.clock.now())

    assert (transfer.way, transfer.state, transfer.amount_won) == (RefundWay.OPERATOR, RefundState.PLANNED, 4250)
    till.faults.clear()
    await till.db.transact(billing.confirm_transfer, transfer.id, "mina", till.clock.now())
    await till.janitor()
    assert ((await till.bill(bill.id)).state, await till.held()) == (BillState.REFUNDED, 0)
    assert till.charged() == 4250
