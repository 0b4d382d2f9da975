"""Every won of a bill is explained: the lines always sum to the amount."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.billing import Bill, Limits, Part, Step, explain, lines_of, own_bill, plan_refund, quote
from core.dates import seoul_date
from core.parties import Party, Prices
from tests.builders import LIMITS, joins, party, person
from tests.till import Till

FIRST_DAY = date(2026, 11, 23)


@given(
    price=st.integers(1_000, 200_000),
    seats=st.integers(2, 8),
    anchor_day=st.integers(1, 31),
    days_later=st.integers(0, 800),
    fee_bp=st.integers(0, 3_000),
    data=st.data(),
)
def test_the_lines_of_any_bill_sum_to_its_amount(
    price: int, seats: int, anchor_day: int, days_later: int, fee_bp: int, data: st.DataObject
) -> None:
    seat = data.draw(st.integers(1, seats - 1))
    of = Party(price_won=price, seats=seats, anchor_day=anchor_day, starts_on=FIRST_DAY, listed=True)
    today = FIRST_DAY + timedelta(days=days_later)
    offered = quote(of, seat, today, Limits(operator_fee_bp=fee_bp), Prices(price))
    credit = data.draw(st.integers(0, offered.amount_won - 1))
    bill = Bill(
        share_won=offered.share_won,
        fee_won=offered.fee_won,
        credit_won=credit,
        amount_won=offered.amount_won - credit,
        days=offered.days,
        days_in_cycle=offered.period.days,
    )

    lines = lines_of(bill, price, seats)

    told = {line.step: line.won for line in lines}
    assert sum(told.values()) == bill.amount_won
    assert told[Step.SHARE] == price // seats
    assert told.get(Step.ODD, 0) in (0, 1)
    assert (Step.DAYS in told) == (offered.days < offered.period.days and bill.share_won > 0)
    assert told.get(Step.DAYS, -1) < 0
    assert told.get(Step.FEE, 0) == offered.fee_won


async def test_a_paid_bill_tells_price_days_refunds_and_who_holds_the_money(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=3)
    till.clock.move_to(till.clock.now() + timedelta(days=10))
    someone = await person(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened, someone)
    await till.pays(bill.id)
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 1000, "left", till.clock.now(), LIMITS)

    async with till.db.read() as session:
        explained = await explain(session, await own_bill(session, bill.id, someone.id))

    assert list(explained.lines) == [Part(Step.SHARE, 5666), Part(Step.ODD, 1), Part(Step.DAYS, 3778 - 5667)]
    assert (explained.price_since, explained.odd_won) == (date(2021, 11, 18), 2)
    assert [(refund.amount_won, refund.reason) for refund in explained.refunds] == [(1000, "left")]
    assert explained.released_at is None
    assert seoul_date(till.clock.now()) < explained.card.bill.serves_until
