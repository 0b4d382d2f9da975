"""A process that dies between any two steps leaves money where the next one finds it: paid once, or free."""

from __future__ import annotations

from itertools import count

import pytest

from core import billing
from core.billing import BillState, Outcome, Provider, plan_refund
from core.billing.tables import Bill
from core.db import Database
from tests.builders import LIMITS, open_bill
from tests.core.billing.crashes import Fuse, killed_at
from tests.till import Till

BOUNDARIES_OF_A_PAYMENT = [
    "after receipt",
    "before the commit of take_note",
    "after the commit of take_note",
    "after confirm",
    "after receipt",
    "before the commit of take_note",
    "after the commit of take_note",
]
FAULTS = [None, "confirm_critical", "decline_at_confirm"]


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_payment_killed_at_any_boundary_ends_paid_once_or_free(till: Till, fault: str | None) -> None:
    deaths: list[str] = []
    for boundaries in count():
        bill = await open_bill(till.db, till.clock)
        receipt_id = await till.approves(bill.id)
        if fault:
            till.faults.add("*", fault)

        async def settle(db: Database, bootpay: Provider, receipt_id: str = receipt_id) -> None:
            await billing.settle(db, bootpay, till.clock, LIMITS, receipt_id)

        death = await killed_at(Fuse(boundaries), settle, till.db, till.bootpay)
        await _ends_paid_once_or_free(till, bill.id)
        till.faults.clear()
        if not death:
            break
        deaths.append(death)

    if fault is None:
        assert deaths == BOUNDARIES_OF_A_PAYMENT
    assert len(deaths) >= len(BOUNDARIES_OF_A_PAYMENT)


async def test_the_janitor_killed_at_any_boundary_ends_paid_once(till: Till) -> None:
    deaths: list[str] = []
    for boundaries in count():
        bill = await open_bill(till.db, till.clock)
        await till.approves(bill.id)
        till.clock.move_to(till.clock.now() + billing.attempts.ASK_AFTER[0])

        async def ask(db: Database, bootpay: Provider) -> None:
            await billing.ask_about_attempts(db, bootpay, till.clock, LIMITS)

        death = await killed_at(Fuse(boundaries), ask, till.db, till.bootpay)
        await _ends_paid_once_or_free(till, bill.id)
        assert (await till.bill(bill.id)).state is BillState.PAID
        if not death:
            break
        deaths.append(death)

    assert len(deaths) == len(BOUNDARIES_OF_A_PAYMENT) + 3


async def test_a_payment_killed_and_left_until_it_lapsed_frees_the_bill(till: Till) -> None:
    for boundaries in count():
        bill = await open_bill(till.db, till.clock)
        receipt_id = await till.approves(bill.id)

        async def settle(db: Database, bootpay: Provider, receipt_id: str = receipt_id) -> None:
            await billing.settle(db, bootpay, till.clock, LIMITS, receipt_id)

        death = await killed_at(Fuse(boundaries), settle, till.db, till.bootpay)
        for _ in range(4):
            await till.minutes_pass(60)

        left = await till.bill(bill.id)
        assert left.approving_attempt is None
        assert (left.state is BillState.PAID) == (till.charges_of(bill.id) == 1)
        if not death:
            break


@pytest.mark.parametrize("fault", [None, "cancel_critical", "cancel_critical_after_effect"])
async def test_a_refund_killed_at_any_boundary_has_one_effect(till: Till, fault: str | None) -> None:
    deaths: list[str] = []
    for boundaries in count():
        bill = await open_bill(till.db, till.clock)
        await till.pays(bill.id)
        before = till.charged()
        async with till.db.write() as session:
            paid = await session.get_one(Bill, bill.id)
            (refund,) = await plan_refund(session, paid, bill.amount_won, "left", till.clock.now(), LIMITS)
        if fault:
            till.faults.add("*", fault)

        async def send(db: Database, bootpay: Provider, refund_id: int = refund.id) -> None:
            await billing.refunds.send_refund(db, bootpay, till.clock, refund_id)

        death = await killed_at(Fuse(boundaries), send, till.db, till.bootpay)
        for minutes in (3, 6, 11):
            await till.minutes_pass(minutes)
            if (await till.bill(bill.id)).state is BillState.REFUNDED:
                break
        till.faults.clear()

        assert (await till.bill(bill.id)).state is BillState.REFUNDED
        assert till.charged() == before - bill.amount_won
        if not death:
            break
        deaths.append(death)

    assert len(deaths) >= (7 if fault else 6)
    assert await till.said("billing.refunded") == len(deaths) + 1


async def _ends_paid_once_or_free(till: Till, bill_id: int) -> None:
    for minutes in (3, 6, 11, 21, 36):
        await till.minutes_pass(minutes)
        bill = await till.bill(bill_id)
        if bill.state is BillState.PAID:
            break
    assert bill.approving_attempt is None
    assert till.charges_of(bill_id) == (1 if bill.state is BillState.PAID else 0)
    if bill.state is BillState.OPEN:
        assert await till.settles(await till.approves(bill_id)) is Outcome.PAID
