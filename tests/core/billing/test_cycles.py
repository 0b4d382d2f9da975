"""Cycles and bills: opened once, seven days before, to the won."""

from __future__ import annotations

import asyncio
from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select

from core import flows, parties
from core.billing import Bill, BillState, Cycle, Limits, open_due_cycles, parties_to_bill, quote, share_of
from core.dates import period_of, seoul_date, seoul_instant
from core.parties import Party, Prices
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.till import Till


async def _calendar(till: Till) -> None:
    today = seoul_date(till.clock.now())
    async with till.db.read() as session:
        recruiting = await flows.recruiting_parties(session, till.clock.now())
    for party_id in recruiting:
        await till.db.transact(flows.start_or_cancel_due, party_id, till.clock.now(), LIMITS)
    async with till.db.read() as session:
        running = await parties_to_bill(session, today, LIMITS)
    for party_id in running:
        await till.db.transact(open_due_cycles, party_id, today, LIMITS, till.clock.now())


async def _bills(till: Till) -> list[Bill]:
    async with till.db.read() as session:
        return list(await session.scalars(select(Bill).order_by(Bill.id)))


async def _member(till: Till, opened: Party, nickname: str = "하늘") -> Bill:
    bill = await joins(till.db, till.clock, opened, await person(till.db, till.clock, nickname))
    await till.pays(bill.id)
    return bill


async def test_the_first_bill_of_the_first_day_is_a_whole_share(till: Till) -> None:
    opened = await party(till.db, till.clock)

    bill = await joins(till.db, till.clock, opened)

    assert (bill.amount_won, bill.share_won, bill.days, bill.days_in_cycle) == (4250, 4250, 30, 30)
    assert (bill.serves_from, bill.serves_until) == (date(2026, 11, 23), date(2026, 12, 23))


async def test_joining_inside_a_cycle_pays_the_days_that_are_left(till: Till) -> None:
    opened = await party(till.db, till.clock)
    days_pass(till.clock, 10)

    bill = await joins(till.db, till.clock, opened)

    assert (bill.days, bill.days_in_cycle, bill.amount_won) == (20, 30, 4250 * 20 // 30)
    assert bill.serves_from == date(2026, 12, 3)


async def test_a_first_cycle_that_begins_before_the_anchor_is_pro_rata_too(till: Till) -> None:
    opened = await party(till.db, till.clock, anchor_day=1)

    bill = await joins(till.db, till.clock, opened)

    assert (bill.serves_from, bill.serves_until) == (date(2026, 11, 23), date(2026, 12, 1))
    assert bill.amount_won == 4250 * 8 // 30


async def test_days_that_cost_exactly_the_smallest_bill_are_charged(till: Till) -> None:
    opened = await party(till.db, till.clock)
    async with till.db.read() as session:
        opened = await session.get_one(Party, opened.id)
    last_day, prices = date(2026, 12, 22), Prices(opened.price_won)

    charged, gift = (quote(opened, 1, last_day, Limits(smallest_bill_won=won), prices) for won in (141, 142))

    assert (charged.amount_won, charged.days) == (141, 1)
    assert (gift.amount_won, gift.days) == (4250, 31)


async def test_days_too_cheap_to_charge_are_a_gift_and_the_next_month_is_paid(till: Till) -> None:
    opened = await party(till.db, till.clock)
    async with till.db.read() as session:
        opened = await session.get_one(Party, opened.id)
    few_days = quote(opened, 1, date(2026, 12, 22), LIMITS, Prices(opened.price_won))
    dear = quote(opened, 1, date(2026, 12, 22), type(LIMITS)(smallest_bill_won=1000), Prices(opened.price_won))

    assert (few_days.days, few_days.amount_won, few_days.serves_from) == (1, 141, date(2026, 12, 22))
    assert (dear.amount_won, dear.serves_from, dear.days) == (4250, date(2026, 12, 23), 31)


async def test_full_shares_and_the_hosts_own_sum_to_the_price_every_month(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=3)
    period = period_of(opened.starts_on, opened.anchor_day)
    borne = [0, 0, 0]
    for _ in range(12):
        shares = [share_of(opened, seat, period) for seat in range(3)]
        assert sum(shares) == 17000
        borne = [before + share for before, share in zip(borne, shares, strict=True)]
        period = period_of(period.ends_on, opened.anchor_day)

    assert borne == [17000 * 4] * 3


async def test_the_next_bill_opens_seven_days_before_and_not_earlier(till: Till) -> None:
    opened = await party(till.db, till.clock)
    await _member(till, opened)

    days_pass(till.clock, 22)
    await _calendar(till)
    assert len(await _bills(till)) == 1
    days_pass(till.clock, 1)
    await _calendar(till)

    second = (await _bills(till))[1]
    assert (second.serves_from, second.serves_until, second.due_on) == (
        date(2026, 12, 23),
        date(2027, 1, 23),
        date(2026, 12, 23),
    )
    assert second.state is BillState.OPEN
    assert await till.said("billing.opened") == 1


async def test_ticking_again_and_on_all_replicas_at_once_opens_nothing_twice(till: Till) -> None:
    opened = await party(till.db, till.clock)
    for n in range(3):
        await _member(till, opened, f"손님{n}")
    days_pass(till.clock, 25)

    await asyncio.gather(*(_calendar(till) for _ in range(8)))
    await _calendar(till)

    assert len(await _bills(till)) == 6
    assert await till.said("billing.opened") == 3


async def test_after_three_months_of_silence_every_missed_cycle_opens_once(till: Till) -> None:
    opened = await party(till.db, till.clock)
    await _member(till, opened)
    days_pass(till.clock, 90)

    await _calendar(till)

    assert [bill.serves_from for bill in await _bills(till)] == [
        date(2026, 11, 23),
        date(2026, 12, 23),
        date(2027, 1, 23),
        date(2027, 2, 23),
    ]
    async with till.db.read() as session:
        assert list(await session.scalars(select(Cycle.number).order_by(Cycle.number))) == [0, 1, 2, 3]


async def test_cycles_follow_the_31st_through_short_months(till: Till) -> None:
    opened = await party(till.db, till.clock, anchor_day=31)
    await _member(till, opened)
    for _ in range(5):
        days_pass(till.clock, 30)
        await _calendar(till)

    days = [bill.serves_from for bill in await _bills(till)]
    assert days[1:] == [date(2026, 11, 30), date(2026, 12, 31), date(2027, 1, 31), date(2027, 2, 28), date(2027, 3, 31)]


async def test_who_joins_after_the_next_cycle_opened_gets_its_bill_as_well(till: Till) -> None:
    opened = await party(till.db, till.clock)
    await _member(till, opened, "하늘")
    days_pass(till.clock, 24)
    await _calendar(till)

    late = await _member(till, opened, "바다")
    await _calendar(till)

    async with till.db.read() as session:
        mine = select(Bill.serves_from).where(Bill.membership_id == late.membership_id).order_by(Bill.id)
        assert list(await session.scalars(mine)) == [date(2026, 12, 17), date(2026, 12, 23)]


async def test_a_held_seat_gets_no_further_bill(till: Till) -> None:
    opened = await party(till.db, till.clock)
    await _member(till, opened, "하늘")
    held = await joins(till.db, till.clock, opened, await person(till.db, till.clock, "바다"))
    days_pass(till.clock, 25)

    await _calendar(till)

    async with till.db.read() as session:
        assert await session.scalar(select(func.count(Bill.id)).where(Bill.membership_id == held.membership_id)) == 1


async def test_a_party_that_does_not_run_opens_nothing(till: Till) -> None:
    opened = await party(till.db, till.clock, starts_in=20)
    await _member(till, opened)
    days_pass(till.clock, 14)

    assert (
        await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now()) == 0
    )


async def test_a_party_is_named_on_exactly_the_days_on_which_it_has_a_bill_to_open(till: Till) -> None:
    till.clock.move_to(seoul_instant(date(2027, 1, 20), time(12)))
    parties_ = [await party(till.db, till.clock, anchor_day=day) for day in (1, 20, 31)]
    for opened in parties_:
        await _member(till, opened)
    opened_on: dict[int, list[date]] = {opened.id: [] for opened in parties_}

    for day in range(45):
        if day == 25:  # after the bills of the month that begins on the 20th have opened
            await _member(till, parties_[1], "바다")
        days_pass(till.clock, 1)
        today = seoul_date(till.clock.now())
        async with till.db.read() as session:
            named = await parties_to_bill(session, today, LIMITS)
        # Each is asked, named or not: what looks at every party is the measure.
        about = today, LIMITS, till.clock.now()
        done = {each: await till.db.transact(open_due_cycles, each, *about) for each in opened_on}
        assert set(named) == {each for each, bills in done.items() if bills}
        for each in named:
            opened_on[each].append(today)

    assert [[f"{day:%m-%d}" for day in days] for days in opened_on.values()] == [
        ["01-25", "02-22"],
        ["02-13", "02-15"],
        ["01-24", "02-21"],
    ]


async def test_the_odd_won_of_a_seat_moves_on_with_the_months(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=3)
    await _member(till, opened)
    for _ in range(2):
        days_pass(till.clock, 30)
        await _calendar(till)

    assert [bill.amount_won for bill in await _bills(till)] == [5667, 5666, 5667]


@pytest.mark.parametrize("days", [0, 1, 29])
async def test_a_party_starts_on_its_day_with_one_paid_member(till: Till, days: int) -> None:
    opened = await party(till.db, till.clock, starts_in=days)
    await _member(till, opened)
    days_pass(till.clock, days)

    await _calendar(till)

    async with till.db.read() as session:
        started = await parties.get_party(session, opened.id)
        assert started.state is parties.PartyState.ACTIVE
    assert (await _bills(till))[0].serves_from == date(2026, 11, 23) + timedelta(days=days)
