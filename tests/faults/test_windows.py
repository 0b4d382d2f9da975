"""Two windows of one bill, return pages lost or late, a process that dies between any two steps: one charge each."""

from __future__ import annotations

import asyncio
from enum import Enum, auto
from random import Random

import pytest

from core import billing
from core.billing import Bill, BillState, Provider
from core.db import Database
from tests.builders import LIMITS
from tests.core.billing.crashes import Fuse, killed_at
from tests.faults.crowd import open_bills
from tests.promises import Promise
from tests.till import Till

SIDE_BY_SIDE = 8
# A settling has seven boundaries (tests/core/billing/test_crashes.py names them), one more when an answer is unclear;
# with a longer fuse it comes through.
FUSES = 10
UNCLEAR = ("confirm_critical", "confirm_critical_then_paid", "confirm_dropped_after_charging")
MINUTES = (3, 6, 11, 21, 36, 61)


class Back(Enum):
    """How the return page of a window comes."""

    IN_TIME = auto()
    TWICE = auto()
    LATE = auto()
    LOST = auto()


async def come_back(till: Till, receipt_id: str, bill_id: int, boundaries: int) -> bool:
    """Settle as the return page does, in a process that dies at a boundary; tell whether it died."""

    async def settle(db: Database, bootpay: Provider) -> None:
        await billing.settle(db, bootpay, till.clock, LIMITS, receipt_id, bill_id=bill_id)

    return bool(await killed_at(Fuse(boundaries), settle, till.db, till.bootpay))


class Windows:
    """The two windows of one bill, both approved; what becomes of their way back."""

    def __init__(self, till: Till, bill: Bill, number: int, rng: Random) -> None:
        self._till = till
        self._bill = bill
        # Every pair of boundaries comes up as the numbers go on.
        self._fuses = (number % FUSES, number // FUSES % FUSES)
        self._backs = rng.choices(list(Back), weights=(4, 2, 2, 2), k=2)
        self._receipts: list[str] = []
        self._unclear = rng.choice(UNCLEAR) if rng.random() < 0.2 else None

    async def open(self) -> None:
        """Begin two payments and approve both."""
        payloads = [await self._till.begins(self._bill.id) for _ in range(2)]
        self._receipts = [self._till.presses(payload) for payload in payloads]
        if self._unclear:
            self._till.faults.add(payloads[0]["order_id"], self._unclear)

    async def come_back(self, *how: Back) -> int:
        """Let both return pages come that come so; return how often the process died."""
        coming = [
            come_back(self._till, receipt_id, self._bill.id, fuse)
            for receipt_id, fuse, back in zip(self._receipts, self._fuses, self._backs, strict=True)
            for _ in range(2 if back is Back.TWICE else 1)
            if back in how
        ]
        return sum(await asyncio.gather(*coming))


@pytest.mark.faults("two windows, lost redirects")
async def test_two_windows_of_a_bill_are_charged_once(till: Till, promise: Promise) -> None:
    bills = await open_bills(till, promise.size(small=16, full=500))
    windows = [Windows(till, bill, number, promise.rng) for number, bill in enumerate(bills)]
    turn = asyncio.Semaphore(SIDE_BY_SIDE)

    async def pay(both: Windows) -> int:
        async with turn:
            await both.open()
            return await both.come_back(Back.IN_TIME, Back.TWICE)

    async def come_late(both: Windows) -> int:
        async with turn:
            return await both.come_back(Back.LATE)

    died = sum(await asyncio.gather(*(pay(both) for both in windows)))
    await till.minutes_pass(MINUTES[0])
    died += sum(await asyncio.gather(*(come_late(both) for both in windows)))
    for minutes in MINUTES[1:]:
        await till.minutes_pass(minutes)

    promise.tried = len(bills)
    for bill in bills:
        charges, ended = till.charges_of(bill.id), await till.bill(bill.id)
        promise.lost += charges == 0 or ended.state is not BillState.PAID
        promise.doubled += max(0, charges - 1)
        promise.wrong += ended.approving_attempt is not None
    promise.wrong += abs(till.charged() - await till.held())
    promise.wrong += len(set(await till.attempts()) - {"paid", "lapsed"})
    promise.note = f"{died} deaths between two steps"
