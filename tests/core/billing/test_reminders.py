"""Reminders: before the due day, on it and after it; each once, and never to somebody who has paid."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from core.billing import Attempt, AttemptState, Bill, begin_attempt, due_bills, open_due_cycles, remind, snooze
from core.billing.reminders import plan_final, snoozed_until
from core.billing.tables import Reminder, ReminderState
from core.dates import SEOUL, seoul_date
from core.errors import BillNotOpen, NotFound, Outdated
from core.outbox import Outgoing, still_valid
from core.people import Person, mute
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.till import Till


async def _next_bill(till: Till) -> Bill:
    """Return the second bill of a member, opened a week before its due day."""
    opened = await party(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened)).id)
    days_pass(till.clock, 23)
    await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())
    async with till.db.read() as session:
        return (await session.scalars(select(Bill).order_by(Bill.id.desc()).limit(1))).one()


async def _morning(till: Till) -> int:
    async with till.db.read() as session:
        due = await due_bills(session, till.clock.now())
    return sum([await till.db.transact(remind, bill_id, till.clock.now()) for bill_id in due])


async def _kinds(till: Till) -> list[str]:
    async with till.db.read() as session:
        asks = Outgoing.name.in_(("billing.reminder", "late.warning"))
        rows = await session.scalars(select(Outgoing).where(asks).order_by(Outgoing.id))
        return [row.data["kind"] for row in rows]


async def _states(till: Till) -> dict[str, ReminderState]:
    async with till.db.read() as session:
        return {each.kind: each.state for each in await session.scalars(select(Reminder))}


async def test_an_unpaid_bill_is_reminded_of_five_times(till: Till) -> None:
    await _next_bill(till)

    for _ in range(30):
        days_pass(till.clock, 1)
        await _morning(till)
        await _morning(till)

    assert await _kinds(till) == ["d-3", "d-1", "d0", "d+1", "warning"]


async def test_nobody_who_has_paid_is_reminded(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)

    await till.pays(bill.id)
    for _ in range(10):
        days_pass(till.clock, 1)
        assert await _morning(till) == 0

    assert await _kinds(till) == ["d-3"]


async def test_a_reminder_that_waits_to_be_sent_is_void_once_the_bill_is_paid(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)
    await till.pays(bill.id)

    asks_to_pay = select(Outgoing).where(Outgoing.name.in_(("billing.opened", "billing.reminder")))
    async with till.db.read() as session:
        rows = (await session.scalars(asks_to_pay)).all()
        valid = [row.name for row in rows if await still_valid(session, row)]

    assert len(rows) == 2
    assert valid == []


async def test_after_a_week_of_silence_only_the_newest_reminder_goes_out(till: Till) -> None:
    await _next_bill(till)
    days_pass(till.clock, 7)

    assert await _morning(till) == 1

    assert await _kinds(till) == ["d0"]
    assert await _states(till) == {
        "d-3": ReminderState.SKIPPED,
        "d-1": ReminderState.SKIPPED,
        "d0": ReminderState.SENT,
        "d+1": ReminderState.WAITING,
        "warning": ReminderState.WAITING,
    }


async def test_a_bill_that_opens_late_is_reminded_of_once(till: Till) -> None:
    opened = await party(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened)).id)
    days_pass(till.clock, 60)
    await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())

    await _morning(till)
    await _morning(till)

    assert len(await _kinds(till)) == len(set(await _kinds(till))) <= 2


async def test_all_replicas_at_once_remind_once(till: Till) -> None:
    await _next_bill(till)
    days_pass(till.clock, 4)

    sent = await asyncio.gather(*(_morning(till) for _ in range(8)))

    assert sum(sent) == 1
    assert await _kinds(till) == ["d-3"]


async def test_reminders_come_at_ten_in_the_morning_in_seoul(till: Till) -> None:
    await _next_bill(till)

    async with till.db.read() as session:
        dues = list(await session.scalars(select(Reminder.due_at)))

    assert {due.hour for due in dues} == {1}


async def _person(till: Till, bill: Bill) -> Person:
    async with till.db.read() as session:
        return await session.get_one(Person, bill.person_id)


async def test_a_snooze_brings_exactly_one_more_reminder(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)

    until = await till.db.transact(snooze, bill.id, await _person(till, bill), 1, "3h", till.clock.now())

    assert until == till.clock.now() + timedelta(hours=3)
    assert await _morning(till) == 0
    till.clock.move_to(until)
    assert [await _morning(till), await _morning(till)] == [1, 0]
    assert await _kinds(till) == ["d-3", "snooze1"]


async def test_a_bill_is_put_off_at_most_twice_and_an_old_button_says_so(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    someone = await _person(till, bill)

    for number in (1, 2):
        with pytest.raises(Outdated):
            await till.db.transact(snooze, bill.id, someone, number + 1, "3h", till.clock.now())
        await till.db.transact(snooze, bill.id, someone, number, "3h", till.clock.now())
        with pytest.raises(Outdated):
            await till.db.transact(snooze, bill.id, someone, number, "3h", till.clock.now())
    with pytest.raises(Outdated):
        await till.db.transact(snooze, bill.id, someone, 3, "3h", till.clock.now())


async def test_two_taps_at_once_put_a_reminder_off_once(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    someone = await _person(till, bill)

    taps = [till.db.transact(snooze, bill.id, someone, 1, choice, till.clock.now()) for choice in ("3h", "am") * 3]
    results = await asyncio.gather(*taps, return_exceptions=True)

    assert sum(not isinstance(result, Outdated) for result in results) == 1


async def test_nothing_is_put_off_after_paying_or_by_somebody_else(till: Till) -> None:
    bill = await _next_bill(till)
    stranger = await person(till.db, till.clock)
    with pytest.raises(NotFound):
        await till.db.transact(snooze, bill.id, stranger, 1, "3h", till.clock.now())

    await till.pays(bill.id)

    with pytest.raises(BillNotOpen):
        await till.db.transact(snooze, bill.id, await _person(till, bill), 1, "3h", till.clock.now())


@pytest.mark.parametrize(
    ("now", "choice", "until"),
    [
        ("2026-12-30 10:00", "3h", "2026-12-30 13:00"),
        ("2026-12-30 17:59", "3h", "2026-12-30 20:59"),
        ("2026-12-31 18:00", "3h", "2027-01-01 08:00"),
        ("2026-12-31 23:30", "am", "2027-01-01 10:00"),
        ("2027-01-01 00:30", "am", "2027-01-01 10:00"),
        ("2027-01-01 04:59", "am", "2027-01-01 10:00"),
        ("2027-01-01 05:00", "am", "2027-01-02 10:00"),
        ("2026-12-31 09:00", "am", "2027-01-01 10:00"),
    ],
)
def test_three_hours_and_tomorrow_morning_respect_the_night_and_the_year(now: str, choice: str, until: str) -> None:
    someone = Person(quiet_from=21, quiet_until=8)

    put_off = snoozed_until(choice, someone, datetime.fromisoformat(now).replace(tzinfo=SEOUL))

    assert f"{put_off.astimezone(SEOUL):%Y-%m-%d %H:%M}" == until


async def test_who_is_suspended_for_a_bill_again_is_warned_again(till: Till) -> None:
    bill = await _next_bill(till)
    async with till.db.write() as session:
        theirs = await session.get_one(Bill, bill.id)
        await plan_final(session, theirs, 4, till.clock.now())
        theirs.final_warned_at = till.clock.now()
    days_pass(till.clock, 40)

    async with till.db.write() as session:
        await plan_final(session, await session.get_one(Bill, bill.id), 4, till.clock.now())

    assert (await till.bill(bill.id)).final_warned_at is None
    assert (await _states(till))["final"] is ReminderState.WAITING


async def test_reminders_that_pile_up_while_telegram_is_away_become_one(till: Till) -> None:
    await _next_bill(till)
    for day in (4, 2, 1):  # three days before, the day before, the day itself
        days_pass(till.clock, day)
        assert await _morning(till) == 1

    said = [name for _, name in await till.sends() if name == "billing.reminder"]

    assert said == ["billing.reminder"]


async def test_a_bill_whose_payment_is_being_checked_is_reminded_of_when_it_turns_out_unpaid(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _held(till, bill, at=till.clock.now())

    assert await _morning(till) == 0
    assert await _kinds(till) == []
    await _held(till, bill, at=None)
    till.clock.move_to(till.clock.now() + timedelta(hours=1))

    assert await _morning(till) == 1
    assert await _kinds(till) == ["d-3"]


async def test_a_reminder_does_not_go_out_once_a_payment_is_being_checked(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)

    await _held(till, bill, at=till.clock.now())

    assert "billing.reminder" not in [name for _, name in await till.sends()]


async def _held(till: Till, bill: Bill, at: datetime | None) -> None:
    """Let a payment of a bill be approved since an instant; None: it came to nothing."""
    async with till.db.write() as session:
        row = await session.get_one(Bill, bill.id)
        attempt = await begin_attempt(session, bill.id, till.clock.now()) if at else None
        if attempt is not None:
            attempt.state = AttemptState.APPROVING
            attempt.ask_at = till.clock.now() + timedelta(days=30)
        else:
            was = await session.get_one(Attempt, row.approving_attempt)
            was.state, was.ask_at = AttemptState.FAILED, None
        row.approving_attempt, row.approving_since = attempt.id if attempt else None, at


async def test_who_mutes_reminders_hears_nothing_of_what_they_had_put_off(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)
    someone = await _person(till, bill)
    await till.db.transact(snooze, bill.id, someone, 1, "am", till.clock.now())

    async with till.db.write() as session:
        await mute(session, await session.get_one(Person, someone.id), till.clock.now())
    days_pass(till.clock, 1)

    assert await _morning(till) == 0
    assert await _kinds(till) == ["d-3"]


async def test_nobody_is_promised_a_reminder_in_the_days_for_which_they_muted_them(till: Till) -> None:
    bill = await _next_bill(till)
    days_pass(till.clock, 4)
    await _morning(till)
    async with till.db.write() as session:
        someone = await session.get_one(Person, bill.person_id)
        await mute(session, someone, till.clock.now())

    with pytest.raises(Outdated):
        await till.db.transact(snooze, bill.id, someone, 1, "am", till.clock.now())
