"""Cards on file are charged once, whatever becomes of Bootpay's answers and of the workers who wait for them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core import billing
from core.adapters.bootpay import Bootpay
from core.billing import Bill, BillState
from core.billing.attempts import ASK_AFTER
from core.billing.cycles import open_due_cycles, parties_to_bill
from core.dates import seoul_date
from core.errors import ProviderUnclear
from tests import cards
from tests.builders import LIMITS, days_pass
from tests.faults.crowd import paid_bills
from tests.faults.workers import Crew, Desk
from tests.promises import Promise
from tests.till import CLIENT_KEY, SECRET_KEY, Till

PROCESSES = 4
PATIENCE_S = 0.5
# Of the charges: how many time out after their effect, how many never arrive, how many come hours after their time-out.
TIMED_OUT, NEVER_ARRIVE, LATE = 0.3, 0.3, 0.05


async def bills_with_cards(till: Till, count: int) -> Sequence[int]:
    """Return so many bills of a second month, whose people have a card and were told that it is charged today."""
    paid = await paid_bills(till, count)
    async with till.db.read() as session:
        people = set(await session.scalars(select(Bill.person_id).where(Bill.id.in_(paid))))
    for person_id in people:
        await cards.registers(till, person_id)
    days_pass(till.clock, 24)
    async with till.db.read() as session:
        parties = await parties_to_bill(session, seoul_date(till.clock.now()), LIMITS)
    for party_id in parties:
        today = seoul_date(till.clock.now())
        await till.db.transact(open_due_cycles, party_id, today, LIMITS, till.clock.now())
    async with till.db.read() as session:
        of_the_second = Bill.state == BillState.OPEN, Bill.due_on > seoul_date(till.clock.now())
        bills = (await session.scalars(select(Bill).where(*of_the_second))).all()
    cards.at_ten(till, bills[0], -1)
    told = 0
    while told < len(bills):
        told += await cards.tells(till)
    cards.at_ten(till, bills[0], 0)
    return [bill.id for bill in bills]


async def charge_what_is_due(desk: Desk) -> None:
    """Charge cards as a replica does, until none is due."""
    while await billing.charge_cards(desk.db, desk.bootpay, desk.clock, LIMITS, cards.SEAL, cards.name_order):
        pass


async def a_day_of_questions(till: Till) -> None:
    """Let the janitor ask about what fell silent, on its whole schedule."""
    for wait in ASK_AFTER:
        await till.minutes_pass(wait // timedelta(minutes=1))


@pytest.mark.faults("charges by billing key")
async def test_every_card_is_charged_once(till: Till, promise: Promise) -> None:
    wanted, crew = promise.size(small=6, full=500), Crew(till, PROCESSES, patience_s=PATIENCE_S)
    bills = await bills_with_cards(till, wanted)
    first = await till.bill(bills[0])
    till.faults.add("*", "confirm_timeout_after_charging", times=max(1, round(wanted * TIMED_OUT)))
    till.faults.add("*", "charge_never_arrives", times=max(1, round(wanted * NEVER_ARRIVE)))
    till.faults.add("*", "charge_late", times=max(1, round(wanted * LATE)))

    killed = 0
    for day in range(3):
        cards.at_ten(till, first, day)
        crew.start(charge_what_is_due)
        if day == 0:
            for number in range(1, PROCESSES):
                await asyncio.sleep(promise.rng.uniform(0.3, 1.0))
                killed += crew.kill(number)
        await crew.end(killed=day == 0)
        await a_day_of_questions(till)
        till.stand_in.finish_late()

    open_holds = 0
    for bill_id in bills:
        bill, charged = await till.bill(bill_id), till.charges_of(bill_id)
        promise.tried += 1
        promise.lost += charged == 0 or bill.state is not BillState.PAID
        promise.doubled += charged > 1
        open_holds += bill.approving_attempt is not None
    promise.wrong += open_holds + abs(till.charged() - await till.held())
    promise.note = f"{killed} workers killed, {len(till.faults.on())} faults unused"
    assert promise.tried == wanted


@pytest.mark.faults
async def test_charging_again_because_nobody_answered_takes_the_money_twice(till: Till) -> None:
    """The control: who repeats a charge without asking for its order first."""
    bill = await cards.due_bill(till)
    async with till.db.read() as session:
        card = await billing.card_of(session, bill.person_id)
    assert card is not None
    key = (await till.bootpay.billing_key(card.receipt_id or "")).key
    impatient = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=till.stand_in.api_url, timeout_s=PATIENCE_S)
    till.faults.add("*", "confirm_timeout_after_charging")

    wish: dict[str, Any] = {"order_id": "two_naive_1", "order_name": "넷플릭스", "amount_won": 4250}
    with pytest.raises(ProviderUnclear):
        await impatient.pay_with_key(key, **wish)
    await impatient.pay_with_key(key, **wish)
    await impatient.close()

    naive = [receipt for receipt in till.stand_in.receipts() if receipt["order_id"] == "two_naive_1"]
    assert sum(receipt["charges"] for receipt in naive) == 2
