"""Held until the period is served, then the host's: once, to the won, and not while anything is open."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.billing import Bill, BillState, Cycle, Outcome, RefundState, open_due_cycles, plan_refund, release_due
from core.billing.holding import released as split
from core.billing.holding import taken_back
from core.billing.tables import Account
from core.dates import seoul_date, seoul_instant
from core.parties.tables import Claim, ClaimState
from tests.builders import LIMITS, joins, party, person
from tests.counter import balance_of, paid_out, proven, released, served, with_fee
from tests.till import Till


async def test_a_served_month_becomes_the_hosts_on_the_day_after_its_last(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock, host))
    await till.pays(bill.id)

    till.clock.move_to(seoul_instant(bill.serves_until) - timedelta(seconds=1))
    assert await released(till.db, till.clock) == 0
    till.clock.move_to(seoul_instant(bill.serves_until))

    assert await released(till.db, till.clock) == 4250
    assert (await till.held(), await balance_of(till.db, Account.PAYABLE, host)) == (0, -4250)
    assert (await till.bill(bill.id)).released_at == till.clock.now()


async def test_releasing_again_and_eight_times_at_once_changes_nothing(till: Till) -> None:
    opened = await party(till.db, till.clock)
    for name in ("하늘", "바다"):
        await till.pays((await joins(till.db, till.clock, opened, await person(till.db, till.clock, name))).id)
    till.clock.move_to(till.clock.now() + timedelta(days=40))

    won = await asyncio.gather(*(till.db.transact(release_due, opened.id, LIMITS, till.clock.now()) for _ in range(8)))

    assert sorted(won) == [0] * 7 + [8500]
    assert await till.said("payouts.released") == 1


async def test_nothing_is_released_while_a_claim_is_open(till: Till) -> None:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock))
    await till.pays(bill.id)
    async with till.db.write() as session:
        claim = Claim(
            party_id=bill.party_id,
            membership_id=bill.membership_id,
            state=ClaimState.OPEN,
            broken_since=seoul_date(till.clock.now()),
            opened_at=till.clock.now(),
        )
        session.add(claim)

    assert await served(till.db, till.clock) == 0
    async with till.db.write() as session:
        closed = await session.get_one(Claim, claim.id)
        closed.under_way, closed.state = None, ClaimState.REJECTED

    assert await released(till.db, till.clock) == 4250


async def test_money_that_goes_back_beside_a_bill_does_not_keep_its_host_waiting(till: Till) -> None:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock))
    payload = await till.begins(bill.id)
    at_once = {**payload, "extra": {**payload["extra"], "separately_confirmed": False}}
    outcomes = [await till.settles(till.presses(at_once)) for _ in range(2)]

    assert outcomes == [Outcome.PAID, Outcome.RETURNED]
    assert [refund.state for refund in await till.refunds()] == [RefundState.PLANNED]
    assert await served(till.db, till.clock) == 4250


@given(fee=st.integers(0, 1000), share=st.integers(100, 30_000), cuts=st.lists(st.integers(1, 30_000), max_size=4))
def test_over_all_refunds_after_the_release_exactly_the_fee_goes_back(fee: int, share: int, cuts: list[int]) -> None:
    total = share + fee
    bill = Bill(amount_won=total, credit_won=0, fee_won=fee, refunded_won=0, released_at=datetime.now(UTC))
    ends = sorted({min(cut, total) for cut in cuts} | {total})

    fees = 0
    for end in ends:
        back = taken_back(bill, end - bill.refunded_won)
        fees += back[Account.FEE]
        bill.refunded_won = end

    assert fees == fee


async def test_nothing_is_released_while_a_refund_is_under_way_and_only_what_is_left_afterwards(till: Till) -> None:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock))
    await till.pays(bill.id)
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 1250, "left", till.clock.now(), LIMITS)

    assert await served(till.db, till.clock) == 0
    await till.janitor()

    assert await released(till.db, till.clock) == 3000


async def test_a_bill_that_went_back_whole_is_closed_without_a_line(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock, host))
    await till.pays(bill.id)
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 4250, "left", till.clock.now(), LIMITS)
    await till.janitor()

    assert await served(till.db, till.clock) == 0
    assert (await till.bill(bill.id)).released_at is not None
    assert (await balance_of(till.db, Account.PAYABLE, host), await till.said("payouts.released")) == (0, 0)


@pytest.mark.parametrize("host_bears", [False, True])
async def test_fees_are_kept_by_whom_they_are_due(
    till: Till, host_bears: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(LIMITS, provider_fee_bp=330, host_bears_provider_fee=host_bears)
    monkeypatch.setattr("tests.till.LIMITS", limits)
    host = await person(till.db, till.clock, "민수")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock, host))
    await with_fee(till.db, bill.id, 213)
    await till.pays(bill.id)

    won = await served(till.db, till.clock, limits)

    taken = 4463 * 330 // 10_000
    assert won == 4250 - (taken if host_bears else 0)
    assert await balance_of(till.db, Account.FEE) == -213
    assert await balance_of(till.db, Account.PROVIDER_FEE) == (0 if host_bears else taken)


async def test_what_goes_back_after_the_release_is_taken_from_host_and_fee(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock, host))
    await with_fee(till.db, bill.id, 213)
    await till.pays(bill.id)
    await served(till.db, till.clock)

    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 2000, "left", till.clock.now(), LIMITS)
    await till.janitor()

    kept = 213 - 213 * 2000 // 4463
    assert await balance_of(till.db, Account.FEE) == -kept
    assert await balance_of(till.db, Account.PAYABLE, host) == -(2463 - kept)


async def test_the_fee_that_the_provider_gives_back_is_the_hosts_who_bore_it(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(LIMITS, provider_fee_bp=330, host_bears_provider_fee=True)
    monkeypatch.setattr("tests.till.LIMITS", limits)
    host = await person(till.db, till.clock, "민수")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock, host))
    await till.pays(bill.id)
    await served(till.db, till.clock, limits)

    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 2000, "left", till.clock.now(), LIMITS)
    await till.janitor()

    assert await balance_of(till.db, Account.PAYABLE, host) == -(2250 - 2250 * 330 // 10_000)
    assert await balance_of(till.db, Account.PROVIDER_FEE) == 0


async def test_a_year_of_odd_won_and_fees_ends_with_every_won_where_it_belongs(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = replace(LIMITS, provider_fee_bp=330)
    monkeypatch.setattr("tests.till.LIMITS", limits)
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host, seats=3)
    members = [await person(till.db, till.clock, name) for name in ("하늘", "바다")]
    bills = [await joins(till.db, till.clock, opened, member) for member in members]
    await proven(till.db, till.clock, host)
    paid = fees = out = 0

    for _ in range(12):
        for bill in bills:
            await with_fee(till.db, bill.id, 283)
            await till.pays(bill.id)
            paid += (await till.bill(bill.id)).amount_won
            fees += (await till.bill(bill.id)).amount_won * 330 // 10_000
        bills = await _next_bills(till, opened.id)
        await released(till.db, till.clock, limits)
        out += await paid_out(till.db, till.clock)

    assert out == paid - 24 * 283
    assert await balance_of(till.db, Account.FEE) == -24 * 283
    assert await balance_of(till.db, Account.PROVIDER) == paid - fees
    assert await balance_of(till.db, Account.PROVIDER_FEE) == fees
    assert await balance_of(till.db, Account.BANK) == -out
    assert [await balance_of(till.db, account) for account in (Account.HELD, Account.PAYABLE, Account.TRANSFER)] == [
        0
    ] * 3


async def _next_bills(till: Till, party_id: int) -> list[Bill]:
    """Move on to the day on which the running month is served; return the next one's bills."""
    async with till.db.read() as session:
        ends_on = (await session.scalars(select(func.max(Cycle.ends_on)).where(Cycle.party_id == party_id))).one()
    till.clock.move_to(seoul_instant(ends_on, time(12)))
    await till.db.transact(open_due_cycles, party_id, ends_on, LIMITS, till.clock.now())
    async with till.db.read() as session:
        unpaid = select(Bill).where(Bill.party_id == party_id, Bill.state == BillState.OPEN).order_by(Bill.id)
        return list(await session.scalars(unpaid))


@given(
    share=st.integers(100, 50_000),
    fee_bp=st.integers(0, 3000),
    back=st.integers(0, 65_000),
    borne=st.integers(0, 20_000),
)
def test_a_release_shares_out_exactly_what_is_left(share: int, fee_bp: int, back: int, borne: int) -> None:
    fee = share * fee_bp // 10_000
    bill = Bill(amount_won=share + fee, credit_won=0, fee_won=fee, refunded_won=min(back, share + fee))

    lines = split(bill, borne)

    assert sum(lines.values()) == 0
    assert lines[Account.HELD] == share + fee - bill.refunded_won
    assert lines[Account.PAYABLE] <= 0
    assert lines[Account.FEE] <= 0
