"""Changing one's mind within seven days: out at once, with the days from tomorrow on, or everything."""

from __future__ import annotations

import pytest

from core.billing import BillState, Outcome, RefundWay
from core.errors import BillBusy, NotMember, Outdated
from core.flows import BackPlan, leave_party, withdraw, withdraw_preview
from core.parties import MembershipState
from core.people import Person
from tests.builders import LIMITS, days_pass, membership, person
from tests.core.flows.members import bill_that_opens, let_in, member, next_bill
from tests.till import Till


async def preview(till: Till, party_id: int, someone: Person) -> BackPlan | None:
    async with till.db.read() as session:
        return await withdraw_preview(session, party_id, someone.id, till.clock.now())


async def test_who_has_no_access_yet_gets_everything_back(till: Till) -> None:
    opened, someone, bill = await member(till)
    days_pass(till.clock, 7)
    seen = await preview(till, opened.id, someone)
    assert seen is not None

    plan = await till.db.transact(withdraw, opened.id, someone.id, seen.back_won, till.clock.now(), LIMITS)
    await till.janitor()

    assert plan == seen
    assert [(line.days, line.won) for line in plan.lines] == [(30, 4250)]
    assert (await membership(till.db, bill)).state is MembershipState.LEFT
    assert (await till.bill(bill.id)).state is BillState.REFUNDED
    assert (till.charged(), await till.held()) == (0, 0)
    assert [await till.said(name) for name in ("parties.member_leaves", "billing.refunded")] == [1, 1]


async def test_who_was_let_in_pays_for_the_days_up_to_today(till: Till) -> None:
    opened, someone, bill = await member(till)
    await let_in(till, bill)
    days_pass(till.clock, 2)

    plan = await till.db.transact(withdraw, opened.id, someone.id, 3825, till.clock.now(), LIMITS)
    await till.janitor()

    assert [(line.days, line.won) for line in plan.lines] == [(27, 3825)]
    assert (await till.bill(bill.id)).state is BillState.PARTLY_REFUNDED
    assert till.charged() == await till.held() == 425


async def test_after_seven_days_it_is_too_late(till: Till) -> None:
    opened, someone, bill = await member(till)
    days_pass(till.clock, 8)

    assert await preview(till, opened.id, someone) is None
    with pytest.raises(Outdated):
        await till.db.transact(withdraw, opened.id, someone.id, 4250, till.clock.now(), LIMITS)

    assert (await membership(till.db, bill)).state is MembershipState.ACTIVE


async def test_another_amount_than_was_shown_is_not_taken(till: Till) -> None:
    opened, someone, bill = await member(till)
    seen = await preview(till, opened.id, someone)
    assert seen is not None
    await let_in(till, bill)

    with pytest.raises(Outdated):
        await till.db.transact(withdraw, opened.id, someone.id, seen.back_won, till.clock.now(), LIMITS)

    assert await till.refunds() == []


async def test_the_second_payment_does_not_open_the_seven_days_again(till: Till) -> None:
    opened, someone, first = await member(till)
    second = await next_bill(till, first)
    await till.pays(second.id)

    assert await preview(till, opened.id, someone) is None


async def test_who_joined_shortly_before_the_next_cycle_gets_both_months_back(till: Till) -> None:
    opened, someone, first = await member(till, anchor_day=28)
    days_pass(till.clock, 1)
    second = await bill_that_opens(till, first)
    await till.pays(second.id)
    await let_in(till, first)

    seen = await preview(till, opened.id, someone)

    assert seen is not None
    assert [(line.days, line.period.days) for line in seen.lines] == [(3, 5), (30, 30)]
    await till.db.transact(withdraw, opened.id, someone.id, seen.back_won, till.clock.now(), LIMITS)
    await till.janitor()
    ways = [(refund.way, refund.amount_won) for refund in await till.refunds()]
    assert ways == [(RefundWay.OPERATOR, 411), (RefundWay.CANCEL, 4250)]  # three days are too small for the receipt
    assert (till.charged(), await till.held()) == (685, 685)


async def test_who_leaves_at_the_end_of_the_month_may_still_withdraw(till: Till) -> None:
    opened, someone, bill = await member(till)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    await till.db.transact(withdraw, opened.id, someone.id, 4250, till.clock.now(), LIMITS)

    assert (await membership(till.db, bill)).state is MembershipState.LEFT
    with pytest.raises(NotMember):
        await till.db.transact(withdraw, opened.id, someone.id, 4250, till.clock.now(), LIMITS)


async def test_nobody_withdraws_while_a_payment_is_being_checked(till: Till) -> None:
    opened, someone, first = await member(till, anchor_day=28)
    second = await bill_that_opens(till, first)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(await till.approves(second.id)) is Outcome.CHECKING

    with pytest.raises(BillBusy):
        await till.db.transact(withdraw, opened.id, someone.id, first.amount_won, till.clock.now(), LIMITS)

    await till.minutes_pass(3)


async def test_hosts_and_strangers_have_nothing_to_withdraw_from(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened, _, _ = await member(till, host=host)

    assert await preview(till, opened.id, host) is None
    with pytest.raises(NotMember):
        await preview(till, opened.id, await person(till.db, till.clock))
