"""Leaving: the paid time is one's own, what has not begun comes back."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from core.billing import Bill, BillState, Outcome, open_due_cycles
from core.dates import seoul_date
from core.errors import BillBusy, InvalidInput, NotMember, Outdated
from core.flows import close_leavings, due_leavings, leave_party, leave_preview, stay_after_all
from core.parties import MembershipState, Party
from core.people import Person
from tests.builders import LIMITS, days_pass, joins, membership, party, person
from tests.core.flows.members import next_bill
from tests.till import Till


async def _member(till: Till, **about: Any) -> tuple[Party, Person, Bill]:
    opened = await party(till.db, till.clock, **about)
    someone = await person(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened, someone)
    await till.pays(bill.id)
    return opened, someone, bill


async def _next_bill(till: Till, opened: Party, first: Bill) -> Bill:
    days_pass(till.clock, 25)
    await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())
    return await till.bill(first.id + 1)


async def _close(till: Till) -> int:
    async with till.db.read() as session:
        due = await due_leavings(session, till.clock.now())
    return sum([await till.db.transact(close_leavings, *one, till.clock.now()) for one in due])


async def test_the_preview_says_what_leaving_then_does(till: Till) -> None:
    opened, someone, bill = await _member(till)
    days_pass(till.clock, 10)
    async with till.db.read() as session:
        preview = await leave_preview(session, opened.id, someone.id, till.clock.now())

    plan = await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    assert plan == preview
    assert (plan.leaves_on, plan.back_won, plan.at_once) == (date(2026, 12, 23), 0, False)
    assert (await membership(till.db, bill)).state is MembershipState.LEAVING
    assert await till.said("parties.member_leaves") == 1


async def test_a_month_that_begins_between_preview_and_leave_is_not_lost_unseen(till: Till) -> None:
    opened, someone, first = await _member(till)
    await till.pays((await next_bill(till, first)).id)
    async with till.db.read() as session:
        preview = await leave_preview(session, opened.id, someone.id, till.clock.now())
    days_pass(till.clock, 6)

    leaves = till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS, agreed_won=preview.back_won)

    with pytest.raises(Outdated):
        await leaves
    assert (preview.back_won, await till.refunds()) == (4250, [])
    assert (await membership(till.db, first)).state is MembershipState.ACTIVE


async def test_the_seat_is_kept_to_the_last_paid_day(till: Till) -> None:
    opened, someone, bill = await _member(till)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    days_pass(till.clock, 29)
    assert await _close(till) == 0
    days_pass(till.clock, 1)
    assert await _close(till) == 1
    assert await _close(till) == 0

    assert (await membership(till.db, bill)).state is MembershipState.LEFT
    assert (await till.bill(bill.id)).state is BillState.PAID
    assert await till.held() == 4250


async def test_before_the_first_day_everything_comes_back_at_once(till: Till) -> None:
    opened, someone, bill = await _member(till, starts_in=5)

    plan = await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    await till.janitor()

    assert (plan.back_won, plan.at_once) == (4250, True)
    assert (await membership(till.db, bill)).state is MembershipState.LEFT
    assert (await till.bill(bill.id)).state is BillState.REFUNDED
    assert (till.charged(), await till.held()) == (0, 0)


async def test_an_open_next_bill_is_void_and_nothing_is_owed(till: Till) -> None:
    opened, someone, first = await _member(till)
    second = await _next_bill(till, opened, first)

    plan = await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    assert (plan.leaves_on, plan.back_won) == (date(2026, 12, 23), 0)
    assert (await till.bill(second.id)).state is BillState.VOID


async def test_a_paid_next_month_comes_back_and_this_month_stays(till: Till) -> None:
    opened, someone, first = await _member(till)
    second = await _next_bill(till, opened, first)
    await till.pays(second.id)

    plan = await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    await till.janitor()

    assert (plan.leaves_on, plan.back_won, plan.at_once) == (date(2026, 12, 23), second.amount_won, False)
    assert [(await till.bill(each.id)).state for each in (first, second)] == [BillState.PAID, BillState.REFUNDED]
    assert (till.charged(), await till.held()) == (4250, 4250)


async def test_nobody_leaves_while_their_payment_is_being_checked(till: Till) -> None:
    opened, someone, first = await _member(till)
    second = await _next_bill(till, opened, first)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(await till.approves(second.id)) is Outcome.CHECKING

    with pytest.raises(BillBusy):
        await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    assert (await membership(till.db, first)).state is MembershipState.ACTIVE
    await till.minutes_pass(3)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)


async def test_who_stays_after_all_gets_the_next_bill_again(till: Till) -> None:
    opened, someone, first = await _member(till)
    second = await _next_bill(till, opened, first)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    await till.db.transact(stay_after_all, opened.id, someone.id, till.clock.now())

    stays = await membership(till.db, first)
    assert (stays.state, stays.leaves_on) == (MembershipState.ACTIVE, None)
    assert (await till.bill(second.id)).state is BillState.OPEN
    assert await till.said("billing.opened") == 2
    await till.pays(second.id)


async def test_who_stays_before_the_next_bill_opened_gets_it_on_its_day(till: Till) -> None:
    opened, someone, first = await _member(till)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    await till.db.transact(stay_after_all, opened.id, someone.id, till.clock.now())

    second = await _next_bill(till, opened, first)

    assert (second.state, second.serves_from) == (BillState.OPEN, date(2026, 12, 23))


async def test_nobody_stays_on_a_month_that_was_paid_back(till: Till) -> None:
    opened, someone, first = await _member(till)
    second = await _next_bill(till, opened, first)
    await till.pays(second.id)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    for _ in range(2):
        with pytest.raises(Outdated):
            await till.db.transact(stay_after_all, opened.id, someone.id, till.clock.now())
        await till.janitor()

    assert (await membership(till.db, first)).state is MembershipState.LEAVING


async def test_leaving_twice_is_told_to_be_outdated(till: Till) -> None:
    opened, someone, _ = await _member(till)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    with pytest.raises(Outdated):
        await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)


async def test_hosts_and_strangers_do_not_leave(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened, _, _ = await _member(till, host=host)

    with pytest.raises(InvalidInput):
        await till.db.transact(leave_party, opened.id, host.id, till.clock.now(), LIMITS)
    with pytest.raises(NotMember):
        await till.db.transact(leave_party, opened.id, (await person(till.db, till.clock)).id, till.clock.now(), LIMITS)


async def test_a_seat_that_was_left_can_be_taken_and_the_leaver_may_come_back(till: Till) -> None:
    opened, someone, _ = await _member(till, seats=2, starts_in=3)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    again = await joins(till.db, till.clock, opened, someone)
    await till.pays(again.id)

    assert (await membership(till.db, again)).state is MembershipState.ACTIVE
