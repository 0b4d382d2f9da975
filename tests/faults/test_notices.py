"""A notice counts once, however many copies of it reach however many replicas."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from sqlalchemy import func, select

from core.billing import BillState, look_into_hints, settle, take_hint
from core.billing.tables import MoneyRecord
from tests.builders import LIMITS
from tests.faults.crowd import open_bills
from tests.faults.workers import Crew, Desk
from tests.promises import Promise
from tests.till import Till

COPIES, PROCESSES = 50, 5
AT_A_DESK = COPIES // PROCESSES


async def take_copies(desk: Desk, receipts: list[str]) -> None:
    """Take copies of each notice, all at once, as hook and hint worker do; one browser comes back as well."""

    async def copy(receipt_id: str) -> None:
        await desk.db.transact(take_hint, receipt_id, desk.clock.now())
        await look_into_hints(desk.db, desk.bootpay, desk.clock, LIMITS)

    for receipt_id in receipts:
        await desk.together()
        back = settle(desk.db, desk.bootpay, desk.clock, LIMITS, receipt_id)
        await asyncio.gather(back, *(copy(receipt_id) for _ in range(AT_A_DESK)))


@pytest.mark.faults("a notice counts once")
async def test_fifty_copies_of_a_notice_at_five_replicas_count_once(till: Till, promise: Promise) -> None:
    payments = promise.size(small=2, full=20)
    bills = await open_bills(till, payments)
    receipts = [await till.approves(bill.id) for bill in bills]
    replicas = Crew(till, PROCESSES)

    await replicas.work(take_copies, receipts)
    restarted = await replicas.work(take_copies, receipts)
    await till.minutes_pass(3)

    promise.tried = payments * COPIES * 2
    promise.lost = sum([(await till.bill(bill.id)).state is not BillState.PAID for bill in bills])
    promise.doubled = max(0, till.charges() - payments) + max(0, await till.said("billing.paid") - payments)
    promise.wrong = abs(await till.held() - sum(bill.amount_won for bill in bills))
    assert len(restarted) == PROCESSES


async def take_copies_carelessly(desk: Desk, receipts: list[str]) -> None:
    """Look whether a notice is known in one transaction, and write it down in another one."""

    async def copy(receipt_id: str) -> None:
        async with desk.db.read() as session:
            known = await session.scalar(select(func.count()).where(MoneyRecord.what == receipt_id))
        if not known:
            async with desk.db.write() as session:
                session.add(MoneyRecord(what=receipt_id, facts={}, at=desk.clock.now()))

    for receipt_id in receipts:
        await desk.together()
        await asyncio.gather(*(copy(receipt_id) for _ in range(AT_A_DESK)))


@pytest.mark.faults
async def test_checking_in_one_transaction_and_acting_in_another_doubles(till: Till) -> None:
    """The control: the same replicas and copies, and the naive way."""
    receipts = [f"receipt-{number}" for number in range(4)]

    await Crew(till, PROCESSES).work(take_copies_carelessly, receipts)

    written = Counter(await till.records())
    assert set(written) == set(receipts)
    assert written.total() > len(receipts)
