"""Notices in any order, repeated or missing: the books end where the provider's own word is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import cast

import pytest
from sqlalchemy import func, select

from core.adapters.bootpay import Receipt
from core.billing import Bill, BillState, Provider, begin_attempt, look_into_hints, reconcile, take_hint
from core.billing.tables import Account, Attempt, AttemptState, LedgerEntry
from tests.builders import LIMITS
from tests.faults.crowd import open_bills
from tests.promises import SCALE, Promise
from tests.till import Till

ISSUED, PAID, PARTLY_CANCELLED, CANCELLED = range(4)
PART_WON = 1000
MOST_NOTICES = 5
# Bootpay's own numbers of a virtual account that waits, a payment, and one that was given back.
STATUS = {ISSUED: 5, PAID: 1, PARTLY_CANCELLED: 1, CANCELLED: 20}

Sequences = list[tuple[int, ...]]
EVERY_SEQUENCE: Sequences = [each for length in range(1, MOST_NOTICES + 1) for each in product(range(4), repeat=length)]


class Truth:
    """A provider with one receipt a bill, each as far as its story has come."""

    def __init__(self) -> None:
        self.receipts: dict[str, Receipt] = {}

    def opens(self, attempt: Attempt) -> str:
        """Open the receipt of an attempt; return its id."""
        receipt_id = f"receipt-{attempt.order_id}"
        self.receipts[receipt_id] = Receipt(
            receipt_id=receipt_id,
            order_id=attempt.order_id,
            price_won=attempt.amount_won,
            cancelled_won=0,
            currency="KRW",
            status=STATUS[ISSUED],
            sandbox=LIMITS.provider_sandbox,
            method="가상계좌",
            receipt_url=None,
            purchased_at=None,
            cancelled_at=None,
        )
        return receipt_id

    def comes_to(self, receipt_id: str, kind: int) -> None:
        """Let a receipt's story go on to what a notice of this kind tells; it never goes back."""
        receipt = self.receipts[receipt_id]
        gone = {PARTLY_CANCELLED: PART_WON, CANCELLED: receipt.price_won}.get(kind, 0)
        self.receipts[receipt_id] = replace(receipt, status=STATUS[kind], cancelled_won=gone)

    async def receipt(self, receipt_id: str) -> Receipt:
        return self.receipts[receipt_id]


async def tell(till: Till, truth: Truth, receipt_id: str, notices: Sequence[int], *, all_late: bool) -> None:
    """Let notices come in this order; `all_late` ones come when the whole story is over."""
    for number in range(1, len(notices) + 1):
        truth.comes_to(receipt_id, max(notices if all_late else notices[:number]))
        await till.db.transact(take_hint, receipt_id, till.clock.now())
        await look_into_hints(till.db, cast(Provider, truth), till.clock, LIMITS)


State = tuple[BillState, AttemptState, int]


async def state_of(till: Till, attempt: Attempt) -> State:
    """Return where a payment ended: its bill, itself, and how many won the books say are with the provider."""
    async with till.db.read() as session:
        bill, attempt = await session.get_one(Bill, attempt.bill_id), await session.get_one(Attempt, attempt.id)
        booked = select(func.sum(LedgerEntry.amount_won)).where(
            LedgerEntry.bill_id == bill.id, LedgerEntry.account == Account.PROVIDER
        )
        return bill.state, attempt.state, int(await session.scalar(booked) or 0)


def as_told(last: int, price: int) -> set[State]:
    """Return where a payment may end of which the provider says in the end that it came so far."""
    match last:
        case 0:
            return {(BillState.OPEN, AttemptState.DEPOSIT_WAITING, 0)}
        case 1:
            return {(BillState.PAID, AttemptState.PAID, price)}
        case 2:
            return {(BillState.PARTLY_REFUNDED, AttemptState.PAID, price - PART_WON)}
        case _:
            # Booked and given back; or gone again before anybody looked, and then it was never paid.
            return {(BillState.REFUNDED, AttemptState.PAID, 0), (BillState.OPEN, AttemptState.CANCELLED, 0)}


@pytest.mark.faults("order does not matter")
async def test_every_order_of_notices_ends_where_the_provider_is(till: Till, promise: Promise) -> None:
    sequences = EVERY_SEQUENCE * SCALE if SCALE else promise.rng.sample(EVERY_SEQUENCE, 20)
    bills, truth = await open_bills(till, len(sequences)), Truth()
    attempts = [await till.db.transact(begin_attempt, bill.id, till.clock.now()) for bill in bills]
    for attempt, notices in zip(attempts, sequences, strict=True):
        await tell(till, truth, truth.opens(attempt), notices, all_late=promise.rng.random() < 0.5)
    while await reconcile(till.db, cast(Provider, truth), till.clock):
        pass

    promise.tried = len(sequences)
    ended = [
        (notices, attempt, await state_of(till, attempt)) for notices, attempt in zip(sequences, attempts, strict=True)
    ]
    astray = [
        (notices, state) for notices, attempt, state in ended if state not in as_told(max(notices), attempt.amount_won)
    ]
    promise.wrong = len(astray)
    assert astray == []
    assert len(EVERY_SEQUENCE) == 1364
