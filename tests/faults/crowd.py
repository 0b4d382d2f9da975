"""Many bills at once, made by the product's own use cases."""

from __future__ import annotations

import asyncio

from core.billing import Bill
from core.parties import Party
from tests.builders import joins, party, person
from tests.till import Till

SEATS = 4
SIDE_BY_SIDE = 8


async def open_bills(till: Till, count: int) -> list[Bill]:
    """Return so many first bills: three people who join party after party of one host."""
    host = await person(till.db, till.clock, "민수")
    members = [await person(till.db, till.clock, f"멤버{number}") for number in range(SEATS - 1)]
    parties = [await party(till.db, till.clock, host) for _ in range(-(-count // len(members)))]
    turn = asyncio.Semaphore(SIDE_BY_SIDE)

    async def join(into: Party) -> list[Bill]:
        # One after the other: on a slow machine the wait for a party's lock may be longer than the database's patience.
        async with turn:
            return [await joins(till.db, till.clock, into, someone) for someone in members]

    filled = await asyncio.gather(*(join(into) for into in parties))
    return [bill for bills in filled for bill in bills][:count]


async def paid_bills(till: Till, count: int) -> dict[int, str]:
    """Return so many bills that are paid, each with its receipt."""
    turn = asyncio.Semaphore(SIDE_BY_SIDE)

    async def pay(bill: Bill) -> str:
        async with turn:
            return await till.pays(bill.id)

    bills = await open_bills(till, count)
    receipts = await asyncio.gather(*(pay(bill) for bill in bills))
    return {bill.id: receipt_id for bill, receipt_id in zip(bills, receipts, strict=True)}
