"""A database with a bit of everything: joins, refunds of each way, a stray payment, a release, a payout, a hold."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from core.billing import Bill
from core.db import Database
from tests.faults.town import Town


@dataclass(frozen=True)
class Story:
    """The ids of the rows that a corruption is done to."""

    paid: int
    partly_refunded: int
    void: int
    held: int
    stray_attempt: int
    released: int


async def tell(town: Town) -> Story:
    """Let two parties live for two months, by use cases and ticks only."""
    for _ in range(8):
        await town.comes()
    mina, jun, *members = town.people
    await town.opens(mina, seats=4, starts_in=0, listed=True)
    await town.opens(jun, seats=4, starts_in=0, listed=False)
    await town.compare()
    first, second = town.seen.parties.values()
    await town.host_can_be_paid(mina)

    stays_on = await _pays(town, await town.joins(members[0], first))
    removed = await _pays(town, await town.joins(members[1], first))
    await _pays(town, await town.joins(members[2], second))
    stray = await _pays_in_two_windows(town, await town.joins(members[3], second))
    changes_mind = await town.joins(members[4], second)
    assert changes_mind is not None
    await town.compare()
    await town.gives_up(town.seen.stays[changes_mind.membership_id])

    await town.time_passes(timedelta(days=3))
    await town.compare()
    await town.removes(town.seen.stays[removed.membership_id])
    await town.claims(town.seen.stays[stays_on.membership_id], days=1)
    await town.compare()
    await town.a_claim_is_decided(upheld=True)
    for _ in range(8):
        await town.time_passes(timedelta(days=4))
        await town.compare()
        for bill in [one for one in town.seen.bills.values() if one.state == "open"]:
            await _pays(town, bill)
    await town.pays_out(returned=False)
    await town.transfers_refunds()
    await town.time_passes(timedelta(hours=1))

    town.trouble("confirm_timeout_before")
    held = await town.joins(members[5], second)
    assert held is not None
    await _pays(town, held)
    await town.compare()
    paid = max(bill.id for bill in town.seen.bills.values() if bill.state == "paid" and bill.released_at is None)
    return Story(paid, removed.id, changes_mind.id, held.id, stray, stays_on.id)


async def _pays(town: Town, bill: Bill | None) -> Bill:
    assert bill is not None
    receipt_id = await town.opens_window(bill.id)
    assert receipt_id is not None
    town.presses(receipt_id, "approve")
    await town.returns(receipt_id)
    return bill


async def _pays_in_two_windows(town: Town, bill: Bill | None) -> int:
    """Pay by a window that charges at once, after a payment that was asked for; return the attempt that is too many."""
    assert bill is not None
    charging = await town.opens_window(bill.id, charges_at_once=True)
    assert charging is not None
    await _pays(town, bill)
    town.presses(charging, "approve")
    await town.returns(charging)
    await town.ticks()
    await town.compare()
    return next(one.id for one in town.seen.attempts if one.receipt_id == charging)


async def filled(db: Database) -> Story:
    """Fill an empty database."""
    town = await Town.found(db)
    try:
        return await tell(town)
    finally:
        await town.close()
