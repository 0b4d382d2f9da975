"""What the demo's clock can go to: everything that somebody will notice, and nothing else."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from bot.agenda import coming
from core import flows
from core.billing import Bill, BillState, open_due_cycles
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.outbox import notice
from tests import cards
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.till import Till, till_open


async def events(db: Database, clock: ManualClock) -> list[tuple[str, str]]:
    """Return the days (in Seoul) and kinds of what is coming."""
    async with db.read() as session:
        found = await coming(session, clock.now(), LIMITS)
    return [(f"{seoul_date(at):%m-%d}", kind) for at, kind in found]


async def test_an_empty_house_has_nothing_coming(db: Database, clock: ManualClock) -> None:
    assert await events(db, clock) == []


async def test_a_recruiting_party_starts_or_is_called_off(db: Database, clock: ManualClock) -> None:
    await party(db, clock, starts_in=7)

    assert await events(db, clock) == [("11-30", "party_starts"), ("12-15", "recruiting_ends")]


async def test_a_held_seat_is_freed_and_a_paid_one_brings_the_next_bill_and_its_reminders(
    db: Database, clock: ManualClock
) -> None:
    opened = await party(db, clock)
    async with till_open(db, clock) as till:
        bill = await joins(db, clock, opened)
        assert ("11-23", "hold_over") in await events(db, clock)

        await till.pays(bill.id)
        assert await events(db, clock) == [("12-16", "next_bill"), ("12-23", "release")]
        await _a_month_later(till, opened.id)

    assert ("12-20", "reminder") in await events(db, clock)
    assert ("01-16", "next_bill") in await events(db, clock)


async def test_a_member_who_leaves_frees_the_seat_on_a_day(db: Database, clock: ManualClock) -> None:
    opened, member = await party(db, clock), await person(db, clock)
    async with till_open(db, clock) as till:
        await till.pays((await joins(db, clock, opened, member)).id)

    await db.transact(flows.leave_party, opened.id, member.id, clock.now(), LIMITS)

    assert await events(db, clock) == [("12-23", "member_leaves"), ("12-23", "release")]


async def test_a_card_on_file_is_charged_on_the_due_day(db: Database, clock: ManualClock) -> None:
    async with till_open(db, clock) as till:
        bill = await cards.member_with_card(till)

        assert ("12-23", "card_charged") in await events(db, clock)
        cards.at_ten(till, bill, 0)
        assert ("12-24", "card_charged") in await events(db, clock)


async def test_a_party_that_was_ended_ends_on_a_day(db: Database, clock: ManualClock) -> None:
    opened = await party(db, clock)
    async with till_open(db, clock) as till:
        await till.pays((await joins(db, clock, opened)).id)

    await db.transact(flows.end_party, opened.id, opened.host_id, 0, clock.now(), LIMITS, at_once=False)

    assert ("12-23", "party_ends") in await events(db, clock)
    assert not {kind for _, kind in await events(db, clock)} & {"next_bill", "member_leaves"}


async def _a_month_later(till: Till, party_id: int) -> None:
    days_pass(till.clock, 24)
    await till.db.transact(open_due_cycles, party_id, seoul_date(till.clock.now()), LIMITS, till.clock.now())


async def test_a_late_member_is_suspended_and_what_can_wait_comes_later(db: Database, clock: ManualClock) -> None:
    opened = await party(db, clock)
    async with till_open(db, clock) as till:
        await till.pays((await joins(db, clock, opened)).id)
        await _a_month_later(till, opened.id)
        async with db.write() as session:
            late = (await session.scalars(select(Bill).where(Bill.state == BillState.OPEN))).one()
            late.warned_at = clock.now()
            notice(
                session, clock.now(), opened.host_id, "late.for_host", {"bill": late.id}, not_before=_tomorrow(clock)
            )

    found = await events(db, clock)

    assert ("12-18", "suspension") in found
    assert ("12-18", "quiet_over") in found


async def test_an_offered_seat_goes_to_the_next_one_on_a_day(db: Database, clock: ManualClock) -> None:
    opened, first = await party(db, clock, seats=2), await person(db, clock)
    bill = await joins(db, clock, opened)
    await db.transact(flows.wait_in_line, opened.code, first, clock.now())
    await db.transact(flows.give_up_seat, opened.id, bill.person_id, clock.now())
    await db.transact(flows.serve_line, opened.id, clock.now())

    assert ("11-24", "offer_over") in await events(db, clock)


def _tomorrow(clock: ManualClock) -> datetime:
    return clock.now() + timedelta(days=1)
