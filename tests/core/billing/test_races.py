"""Many at once: return page, hook, janitor, seats that expire and hosts who call off."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core.billing import BillState, Outcome, begin_attempt, take_hint
from core.billing.noting import take_note
from core.errors import BillBusy
from core.flows import cancel_party, expire_holds
from core.parties import MembershipState, PartyState, get_party
from tests.builders import LIMITS, joins, membership, open_bill, party, person
from tests.till import Till

pytestmark = pytest.mark.faults


async def test_fifty_at_once_settle_a_receipt_once(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)

    async def hint() -> None:
        await till.db.transact(take_hint, receipt_id, till.clock.now())
        await till.janitor()

    outcomes = await asyncio.gather(
        *(till.settles(receipt_id, bill_id=bill.id) for _ in range(50)), *(hint() for _ in range(10))
    )
    await till.minutes_pass(3)

    assert set(outcomes) <= {None, Outcome.PAID, Outcome.BUSY, Outcome.CHECKING}
    assert Outcome.PAID in outcomes
    assert (till.charges(), await till.held(), await till.said("billing.paid")) == (1, 4250, 1)


async def test_a_receipt_read_before_somebody_else_confirmed_it_still_says_paid(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    read_too_early = await till.bootpay.receipt(receipt_id)
    await till.settles(receipt_id, bill_id=bill.id)

    seen = await till.db.transact(take_note, read_too_early, bill.id, LIMITS, till.clock.now())

    assert seen.settled.outcome is Outcome.PAID
    assert (till.charges(), await till.attempts()) == (1, ["paid"])


async def test_of_twenty_windows_settled_at_once_one_is_charged(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payloads = [await till.begins(bill.id) for _ in range(5)]
    receipts = [till.presses(payload) for payload in payloads for _ in range(4)]

    outcomes = await asyncio.gather(*(till.settles(receipt_id, bill_id=bill.id) for receipt_id in receipts))
    for _ in range(3):
        await till.minutes_pass(40)

    assert outcomes.count(Outcome.PAID) == 1
    assert (till.charges(), await till.held()) == (1, 4250)
    assert sorted(await till.attempts()) == ["lapsed"] * 19 + ["paid"]


async def test_ten_buttons_at_once_begin_attempts_of_their_own(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)

    attempts = await asyncio.gather(*(till.db.transact(begin_attempt, bill.id, till.clock.now()) for _ in range(10)))

    assert len({attempt.order_id for attempt in attempts}) == 10


async def test_paying_at_the_very_end_of_the_hold_ends_with_seat_and_money_or_with_neither(till: Till) -> None:
    opened = await party(till.db, till.clock, plan="tving-premium")
    bills = [await joins(till.db, till.clock, opened, await person(till.db, till.clock, f"손님{n}")) for n in range(3)]
    receipts = [await till.approves(bill.id) for bill in bills]
    till.clock.move_to(till.clock.now() + LIMITS.hold - timedelta(seconds=1))
    till.clock.move_to(till.clock.now() + timedelta(seconds=1))
    # an approval lapses after the same half hour, so it is renewed here
    receipts = [await till.approves(bill.id) for bill in bills]

    await asyncio.gather(
        *(till.settles(receipt_id) for receipt_id in receipts),
        *(till.db.transact(expire_holds, bill.membership_id, opened.id, till.clock.now()) for bill in bills),
    )
    await till.minutes_pass(3)

    for bill in bills:
        state, seat = (await till.bill(bill.id)).state, (await membership(till.db, bill)).state
        assert (state, seat, till.charges_of(bill.id)) in {
            (BillState.PAID, MembershipState.ACTIVE, 1),
            (BillState.VOID, MembershipState.EXPIRED, 0),
        }


async def test_calling_off_while_members_pay_leaves_nobody_without_money_or_seat(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host, starts_in=3)
    bills = [await joins(till.db, till.clock, opened, await person(till.db, till.clock, f"손님{n}")) for n in range(3)]
    receipts = [await till.approves(bill.id) for bill in bills]

    async def call_off() -> None:
        while True:
            try:
                await till.db.transact(cancel_party, opened.id, host.id, till.clock.now(), LIMITS)
            except BillBusy:
                continue
            return

    await asyncio.gather(call_off(), *(till.settles(receipt_id) for receipt_id in receipts))
    await till.minutes_pass(3)

    async with till.db.read() as session:
        assert (await get_party(session, opened.id)).state is PartyState.CANCELLED
    assert {(await till.bill(bill.id)).state for bill in bills} <= {BillState.REFUNDED, BillState.VOID}
    assert (till.charged(), await till.held()) == (0, 0)
