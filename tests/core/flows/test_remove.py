"""Removing a member: out at once, the days from tomorrow on come back."""

from __future__ import annotations

import pytest

from core.billing import BillState, Outcome, RefundWay
from core.errors import BillBusy, NotFound, NotYours, Outdated
from core.flows import leave_party, remove_member, remove_preview
from core.parties import MembershipState, membership_of
from tests.builders import LIMITS, days_pass, joins, membership, party, person
from tests.core.flows.members import member, next_bill
from tests.till import Till


async def test_the_preview_says_what_removing_then_gives_back(till: Till) -> None:
    opened, _, bill = await member(till)
    days_pass(till.clock, 9)
    async with till.db.read() as session:
        seen = await remove_preview(session, bill.membership_id, opened.host_id, till.clock.now())

    plan = await till.db.transact(remove_member, bill.membership_id, opened.host_id, till.clock.now(), LIMITS)
    await till.janitor()

    assert plan == seen
    assert [(line.days, line.won) for line in plan.lines] == [(20, 2834)]
    assert (await membership(till.db, bill)).state is MembershipState.REMOVED
    assert till.charged() == await till.held() == 4250 - 2834
    assert await till.said("parties.removed") == 1


async def test_a_month_that_was_paid_ahead_comes_back_whole_and_an_open_bill_is_void(till: Till) -> None:
    opened, _, first = await member(till)
    second = await next_bill(till, first)
    await till.pays(second.id)

    await till.db.transact(remove_member, first.membership_id, opened.host_id, till.clock.now(), LIMITS)
    await till.janitor()

    assert (await till.bill(second.id)).state is BillState.REFUNDED
    # Five days of the first month, too small for its receipt, wait for the operator.
    assert [(refund.way, refund.amount_won) for refund in await till.refunds()] == [
        (RefundWay.OPERATOR, 567),
        (RefundWay.CANCEL, 4250),
    ]
    assert till.charged() == await till.held() == 4250


async def test_who_leaves_at_the_end_of_the_month_can_be_removed_before(till: Till) -> None:
    opened, someone, bill = await member(till)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)

    await till.db.transact(remove_member, bill.membership_id, opened.host_id, till.clock.now(), LIMITS)

    assert (await membership(till.db, bill)).state is MembershipState.REMOVED
    with pytest.raises(Outdated):
        await till.db.transact(remove_member, bill.membership_id, opened.host_id, till.clock.now(), LIMITS)


async def test_nobody_is_removed_while_they_pay(till: Till) -> None:
    opened, _, first = await member(till)
    second = await next_bill(till, first)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(await till.approves(second.id)) is Outcome.CHECKING

    with pytest.raises(BillBusy):
        await till.db.transact(remove_member, first.membership_id, opened.host_id, till.clock.now(), LIMITS)

    await till.minutes_pass(3)


async def test_only_the_host_removes_and_only_who_has_paid(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host)
    _, someone, bill = await member(till, opened)
    holding = await joins(till.db, till.clock, opened)
    async with till.db.read() as session:
        own = await membership_of(session, opened.id, host.id)

    for membership_id, by, error in (
        (bill.membership_id, someone.id, NotYours),
        (holding.membership_id, host.id, Outdated),
        (own.id, host.id, NotFound),
        (999, host.id, NotFound),
    ):
        with pytest.raises(error):
            await till.db.transact(remove_member, membership_id, by, till.clock.now(), LIMITS)

    assert await till.refunds() == []
