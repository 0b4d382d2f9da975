"""Money goes out once, whatever becomes of the provider's answers and of the workers who wait for them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from itertools import chain, repeat
from random import Random

import pytest

from core.adapters.bootpay import Bootpay
from core.billing import Bill, RefundState, plan_refund, send_refunds
from core.billing.refunds import due_refunds
from core.errors import ProviderUnclear
from tests.builders import LIMITS
from tests.faults.crowd import paid_bills
from tests.faults.workers import Crew, Desk
from tests.promises import Promise
from tests.till import CLIENT_KEY, SECRET_KEY, Till

PROCESSES = 4
PATIENCE_S = 0.5
REFUNDS_A_BILL = 2
TIMED_OUT, ERRED = 0.3, 0.1
ERRORS = ("html_502", "html_403", "too_many_requests", "broken_json", "cancel_critical", "cancel_dropped_after_effect")
# How long the next round waits; the last one again and again, until nothing is left.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (3, 6, 11, 31, 121, 361, 1441))


async def send_what_is_due(desk: Desk) -> None:
    """Send refunds until a pass leaves as many as it found."""
    seen: Sequence[int] | None = None
    while True:
        async with desk.db.read() as session:
            due = await due_refunds(session, desk.clock.now())
        if due == seen:
            return
        seen = due
        await send_refunds(desk.db, desk.bootpay, desk.clock)


async def plan_refunds(till: Till, bill_ids: Sequence[int], rng: Random) -> None:
    """Plan two partial refunds of each bill; some give everything back."""

    async def plan(bill_id: int) -> None:
        async with till.db.write() as session:
            bill = await session.get_one(Bill, bill_id)
            first = rng.randint(1000, bill.amount_won - 1000)
            for won in (first, rng.choice((1000, bill.amount_won - first))):
                await plan_refund(session, bill, won, "left", till.clock.now(), LIMITS)

    for bill_id in bill_ids:
        await plan(bill_id)


def go_wrong(till: Till, rng: Random) -> None:
    """Let the provider lose its answers, err, and not know a cancel when it comes again."""
    till.faults.add("*", "repeated_cancel_again", times=None)
    for receipt in till.stand_in.receipts():
        for _ in range(REFUNDS_A_BILL):
            luck = rng.random()
            if luck < TIMED_OUT:
                till.faults.add(receipt["order_id"], "cancel_timeout_after_effect")
            elif luck < TIMED_OUT + ERRED:
                till.faults.add(receipt["order_id"], rng.choice(ERRORS))


async def kill_all(crew: Crew, rng: Random) -> int:
    """Kill one worker after the other in the middle of their work; return how many died of it."""
    killed = 0
    for number in range(PROCESSES):
        await asyncio.sleep(rng.uniform(0.1, 0.8))
        killed += crew.kill(number)
    return killed


@pytest.mark.faults("outgoing once: refunds")
async def test_every_refund_has_one_effect(till: Till, promise: Promise) -> None:
    refunds, crew = promise.size(small=12, full=1000), Crew(till, PROCESSES, patience_s=PATIENCE_S)
    paid = await paid_bills(till, refunds // REFUNDS_A_BILL)
    await plan_refunds(till, list(paid), promise.rng)
    go_wrong(till, promise.rng)

    kills, rounds_of_death = 0, promise.size(small=1, full=10)
    for number, pause in enumerate(chain(repeat(PAUSES[0], rounds_of_death), PAUSES, repeat(PAUSES[-1]))):
        crew.start(send_what_is_due)
        if number < rounds_of_death:
            kills += await kill_all(crew, promise.rng)
        await crew.end(killed=number < rounds_of_death)
        promise.wrong += sum(receipt["cancelled"] > receipt["charged"] for receipt in till.stand_in.receipts())
        till.clock.move_to(till.clock.now() + pause)
        if all(refund.state in (RefundState.DONE, RefundState.FAILED) for refund in await till.refunds()):
            break

    effects = Counter(chain.from_iterable(receipt["cancel_ids"] for receipt in till.stand_in.receipts()))
    planned = await till.refunds()
    promise.tried = len(planned)
    promise.lost = sum(refund.state is not RefundState.DONE or not effects[refund.refund_key] for refund in planned)
    promise.doubled = effects.total() - len(effects)
    promise.wrong += abs(till.charged() - await till.held())
    promise.note = f"{kills} workers killed, {len(till.faults.on()) - 1} faults unused"
    assert promise.tried == refunds


@pytest.mark.faults
async def test_repeating_a_cancel_that_was_not_answered_gives_money_back_twice(till: Till) -> None:
    """The control: who asks again without looking first."""
    receipts = (await paid_bills(till, 3)).values()
    till.faults.add("*", "repeated_cancel_again", times=None)
    impatient = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=till.stand_in.api_url, timeout_s=PATIENCE_S)

    async def cancel(receipt_id: str) -> None:
        await impatient.cancel(receipt_id, cancel_id=f"rf-{receipt_id}", amount_won=1000, by="TWO", reason="left")

    for receipt_id in receipts:
        till.faults.add("*", "cancel_timeout_after_effect")
        with pytest.raises(ProviderUnclear):
            await cancel(receipt_id)
        await cancel(receipt_id)
    await impatient.close()

    assert [receipt["cancels"] for receipt in till.stand_in.receipts()] == [2] * 3
