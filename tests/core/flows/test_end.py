"""Ending a party: with its period, or at once; what was paid for later days comes back to everybody."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import func, select

from core.billing import Bill, BillState, Outcome, open_due_cycles, parties_to_bill
from core.dates import seoul_date
from core.errors import BillBusy, NotYours, Outdated, PartyClosed
from core.flows import (
    EndPlan,
    due_endings,
    end_party,
    end_preview,
    finish_party,
    leave_party,
    serve_line,
    stay_after_all,
    wait_in_line,
    withdraw,
)
from core.parties import Membership, MembershipState, Party, PartyState, get_party, move
from tests.builders import LIMITS, days_pass, joins, membership, party, person
from tests.core.flows.members import member, next_bill
from tests.till import Till


async def end(till: Till, opened: Party, *, at_once: bool) -> EndPlan:
    """End a party as its host sees it."""
    async with till.db.read() as session:
        seen = await end_preview(session, opened.id, opened.host_id, till.clock.now(), at_once=at_once)
    now = till.clock.now()
    plan = await till.db.transact(end_party, opened.id, opened.host_id, seen.back_won, now, LIMITS, at_once=at_once)
    await till.janitor()
    assert [back for _, back in plan.backs] == [back for _, back in seen.backs]
    return plan


async def finish(till: Till) -> list[bool]:
    """Run what the tick runs."""
    async with till.db.read() as session:
        due = await due_endings(session, till.clock.now())
    return [await till.db.transact(finish_party, party_id, till.clock.now()) for party_id in due]


async def state(till: Till, opened: Party) -> PartyState:
    async with till.db.read() as session:
        return (await get_party(session, opened.id)).state


async def open_bills(till: Till, opened: Party) -> int:
    today, now = seoul_date(till.clock.now()), till.clock.now()
    return await till.db.transact(open_due_cycles, opened.id, today, LIMITS, now)


async def test_the_unpaid_bill_of_the_running_period_stays_open_while_its_days_are_served(till: Till) -> None:
    opened, _, first = await member(till)
    running = await next_bill(till, first)
    days_pass(till.clock, 8)

    plan = await end(till, opened, at_once=False)

    assert plan.ends_on == running.serves_until
    assert (await till.bill(running.id)).state is BillState.OPEN
    await till.pays(running.id)
    assert (await till.bill(running.id)).state is BillState.PAID


async def two_members(till: Till) -> tuple[Party, Bill, Bill]:
    opened, _, first = await member(till)
    _, _, second = await member(till, opened)
    return opened, first, second


async def test_ending_with_the_period_keeps_what_is_paid_and_bills_nobody(till: Till) -> None:
    opened, first, second = await two_members(till)
    days_pass(till.clock, 10)

    plan = await end(till, opened, at_once=False)

    assert (plan.ends_on, plan.back_won) == (date(2026, 12, 23), 0)
    assert await state(till, opened) is PartyState.ENDING
    assert await till.said("parties.ending") == 2
    days_pass(till.clock, 19)
    async with till.db.read() as session:
        assert await parties_to_bill(session, seoul_date(till.clock.now()), LIMITS) == []
    assert await open_bills(till, opened) == 0
    assert await finish(till) == []
    days_pass(till.clock, 1)
    assert await finish(till) == [True]
    assert await finish(till) == []
    assert await state(till, opened) is PartyState.ENDED
    assert [(await membership(till.db, bill)).state for bill in (first, second)] == [MembershipState.REMOVED] * 2
    assert await till.held() == 8500
    assert await till.said("parties.ended") == 3


async def test_a_month_that_was_paid_ahead_comes_back_and_open_bills_of_it_are_void(till: Till) -> None:
    opened, first, second = await two_members(till)
    ahead = await next_bill(till, first)
    await till.pays(ahead.id)
    async with till.db.read() as session:
        unpaid = await session.get_one(Bill, ahead.id + 1)
    assert unpaid.membership_id == second.membership_id

    plan = await end(till, opened, at_once=False)

    assert plan.back_won == ahead.amount_won
    assert (await till.bill(ahead.id)).state is BillState.REFUNDED
    assert (await till.bill(unpaid.id)).state is BillState.VOID
    assert till.charged() == await till.held() == 8500


async def test_ending_at_once_gives_the_days_from_today_to_everybody(till: Till) -> None:
    opened, first, second = await two_members(till)
    holding = await joins(till.db, till.clock, opened)
    days_pass(till.clock, 10)

    plan = await end(till, opened, at_once=True)

    assert [[(line.days, line.won) for line in back.lines] for _, back in plan.backs] == [
        [(20, 2834)],
        [(20, 2834)],
        [],
    ]
    assert await state(till, opened) is PartyState.ENDED
    assert [(await membership(till.db, bill)).state for bill in (first, second, holding)] == [
        MembershipState.REMOVED,
        MembershipState.REMOVED,
        MembershipState.DECLINED,
    ]
    assert (await till.bill(holding.id)).state is BillState.VOID
    assert till.charged() == await till.held() == 2 * (4250 - 2834)


async def test_who_was_offered_a_seat_or_waits_for_one_is_told_and_pays_nothing(till: Till) -> None:
    opened, someone, _ = await member(till, seats=2, starts_in=0)
    first, second = await person(till.db, till.clock), await person(till.db, till.clock)
    for each in (first, second):
        await till.db.transact(wait_in_line, opened.code, each, till.clock.now())
    await till.db.transact(withdraw, opened.id, someone.id, 8500, till.clock.now(), LIMITS)
    await till.db.transact(serve_line, opened.id, till.clock.now())

    await end(till, opened, at_once=True)
    await till.db.transact(serve_line, opened.id, till.clock.now())

    assert [await till.said(name) for name in ("parties.seat_gone", "waiting.closed", "parties.ending")] == [1, 1, 0]
    async with till.db.read() as session:
        present = select(func.count(Membership.id)).where(Membership.present.is_(True))
        assert await session.scalar(present) == 0


async def test_who_is_suspended_when_the_party_ends_is_gone_with_it(till: Till) -> None:
    opened, _, first = await member(till)
    await next_bill(till, first)
    async with till.db.write() as session:
        await move(session, first.membership_id, MembershipState.ACTIVE, MembershipState.SUSPENDED)

    await end(till, opened, at_once=True)

    assert (await membership(till.db, first)).state is MembershipState.REMOVED


async def test_a_party_that_ends_can_still_be_ended_at_once(till: Till) -> None:
    opened, _, _ = await member(till)
    await end(till, opened, at_once=False)
    days_pass(till.clock, 10)

    await end(till, opened, at_once=True)

    assert await state(till, opened) is PartyState.ENDED
    with pytest.raises(PartyClosed):
        await end(till, opened, at_once=True)


async def test_nobody_joins_or_comes_back_to_a_party_that_ends(till: Till) -> None:
    opened, someone, _ = await member(till)
    await till.db.transact(leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    await end(till, opened, at_once=False)

    with pytest.raises(PartyClosed):
        await joins(till.db, till.clock, opened)
    with pytest.raises(PartyClosed):
        await till.db.transact(stay_after_all, opened.id, someone.id, till.clock.now())


async def test_a_payment_that_is_being_checked_comes_first(till: Till) -> None:
    opened, _, first = await member(till)
    second = await next_bill(till, first)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(await till.approves(second.id)) is Outcome.CHECKING

    for at_once in (False, True):
        with pytest.raises(BillBusy):
            await end(till, opened, at_once=at_once)

    assert await state(till, opened) is PartyState.ACTIVE
    await till.minutes_pass(3)
    await end(till, opened, at_once=False)
    assert (await till.bill(second.id)).state in (BillState.VOID, BillState.REFUNDED)


async def test_other_amounts_than_were_shown_end_nothing(till: Till) -> None:
    opened, _, _ = await member(till)

    with pytest.raises(Outdated):
        await till.db.transact(end_party, opened.id, opened.host_id, 1, till.clock.now(), LIMITS, at_once=True)

    assert await state(till, opened) is PartyState.ACTIVE


async def test_only_the_host_ends_and_only_a_party_that_runs(till: Till) -> None:
    opened, someone, _ = await member(till)
    recruiting = await party(till.db, till.clock, await person(till.db, till.clock, "민수"), starts_in=5)

    with pytest.raises(NotYours):
        await till.db.transact(end_party, opened.id, someone.id, 0, till.clock.now(), LIMITS, at_once=False)
    with pytest.raises(Outdated):
        await end(till, recruiting, at_once=False)
