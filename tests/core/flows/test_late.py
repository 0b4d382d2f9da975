"""A bill that stays unpaid: reminded, warned, suspended, freed; no step without a warning that was sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, time, timedelta

import pytest
from sqlalchemy import select, update

from bot.chores import Chores
from core import billing, flows
from core.billing import Bill, BillState
from core.billing.stuck import stuck
from core.billing.tables import Reminder
from core.billing.unpaid import take_warned
from core.clock import ManualClock
from core.dates import seoul_date, seoul_instant
from core.db import Database
from core.errors import BillBusy, BillNotOpen, NotYours, Outdated, Suspended
from core.flows import free_by_host, late_bill, leave_party, nudge_late, wait_longer
from core.outbox import Outgoing
from core.parties import MembershipState, Party, membership_of, require_access
from core.people import Person, mute, set_quiet_hours
from tests import builders
from tests.builders import LIMITS, joins, party, person
from tests.till import Till, till_open

HOURS = (time(8), time(10), time(10, 1), time(21))


class House:
    """A running party with one member who pays and one who does not, and the clock that goes on."""

    def __init__(self, till: Till, opened: Party, late: Person, other: Person, bill: Bill) -> None:
        self.till, self.party, self.late, self.other, self.bill = till, opened, late, other, bill
        self.chores = Chores(till.db, till.clock, till.bootpay, LIMITS)
        self.said: list[tuple[datetime, int | None, str]] = []
        self.dead: list[int] = []
        self.lost: list[str] = []

    @property
    def now(self) -> datetime:
        return self.till.clock.now()

    async def works(self, *, sending: bool = True) -> None:
        """Run the ticks and send what is due."""
        await self.chores.calendar()
        await self.chores.unpaid()
        if sending:
            sent = await self.till.sends(dead=self.dead, lost=self.lost)
            self.said += [(self.now, *one) for one in sent]

    async def lives_until(self, day: int, at: time = time(10, 1)) -> None:
        """Live on until an hour of a day, counted from the due day, with the ticks at work."""
        end = self.instant(day, at)
        while self.now < end:
            today = seoul_date(self.now)
            hours = [seoul_instant(today + timedelta(days=n), hour) for n in (0, 1) for hour in HOURS]
            self.till.clock.move_to(min(end, *(hour for hour in hours if hour > self.now)))
            await self.works()

    def instant(self, day: int, at: time) -> datetime:
        """Return an hour of a day, counted from the due day."""
        return seoul_instant(self.bill.due_on + timedelta(days=day), at)

    async def sleeps_until(self, day: int, at: time = time(12)) -> None:
        """Be down until an hour of a day, then run the ticks."""
        self.till.clock.move_to(self.instant(day, at))
        await self.works()

    async def state(self) -> MembershipState:
        """Return where the late member stands."""
        return (await builders.membership(self.till.db, self.bill)).state

    async def paper(self) -> Bill:
        """Return the late bill as it is now."""
        return await builders.bill(self.till.db, self.bill.id)

    def told(self, whom: Person | int) -> list[str]:
        """Return what somebody was told about bills, in order."""
        wanted = whom if isinstance(whom, int) else whom.id
        about_bills = ("billing.", "late.")
        return [name for _, person_id, name in self.said if person_id == wanted and name.startswith(about_bills)]


@pytest.fixture
async def house(db: Database, clock: ManualClock) -> AsyncIterator[House]:
    async with till_open(db, clock) as till:
        yield await furnished(till)


async def furnished(till: Till) -> House:
    """Let two people join a party, and a month pass up to the opening of the next bills; one of them pays."""
    opened = await party(till.db, till.clock)
    late, other = await person(till.db, till.clock, "하늘"), await person(till.db, till.clock, "바다")
    for someone in (late, other):
        await till.pays((await joins(till.db, till.clock, opened, someone)).id)
    await till.sends()
    builders.days_pass(till.clock, 24)
    await till.db.transact(billing.open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())
    async with till.db.read() as session:
        bills = {
            bill.person_id: bill for bill in await session.scalars(select(Bill).where(Bill.state == BillState.OPEN))
        }
    await till.pays(bills[other.id].id)
    house = House(till, opened, late, other, bills[late.id])
    await house.works()
    house.said.clear()
    return house


async def test_each_step_follows_a_warning_that_was_sent_a_day_before(house: House) -> None:
    await house.lives_until(4, time(9))
    warned = await house.paper()
    assert warned.warned_at == house.instant(3, time(10))
    assert await house.state() is MembershipState.ACTIVE

    await house.lives_until(4)
    assert await house.state() is MembershipState.SUSPENDED
    await house.lives_until(8, time(9))
    assert (await house.paper()).final_warned_at == house.instant(7, time(10))
    assert await house.state() is MembershipState.SUSPENDED

    await house.lives_until(8)
    assert await house.state() is MembershipState.REMOVED
    assert (await house.paper()).state is BillState.VOID
    assert house.told(house.late) == [
        "billing.reminder", "billing.reminder", "billing.reminder", "billing.reminder", "late.warning",
        "late.suspended", "late.warning", "late.freed",
    ]  # fmt: skip
    assert house.told(house.party.host_id) == ["late.for_host"] * 3 + ["late.freed_for_host"]
    assert house.told(house.other) == []


async def test_the_steps_go_over_midnight_and_the_year_as_over_any_other_day(db: Database, clock: ManualClock) -> None:
    clock.move_to(datetime(2026, 11, 30, 3, 0, tzinfo=UTC))
    async with till_open(db, clock) as till:
        house = await furnished(till)
        await house.lives_until(-3, time(10))
        await house.sleeps_until(3, time(23, 59))

        await house.lives_until(5)

        warned_at = (await house.paper()).warned_at
        assert warned_at == datetime(2027, 1, 2, 23, 0, tzinfo=UTC)  # eight in the morning of the third in Seoul
        stay = await builders.membership(db, house.bill)
        assert (stay.state, stay.suspended_at) == (MembershipState.SUSPENDED, warned_at + timedelta(days=1))


async def test_nothing_happens_to_who_pays_on_the_last_evening(house: House) -> None:
    await house.lives_until(3, time(21))
    await house.till.pays(house.bill.id)

    await house.lives_until(9)

    assert await house.state() is MembershipState.ACTIVE
    assert house.told(house.late)[-1] == "billing.paid"


async def test_paying_while_suspended_brings_access_back_at_once(house: House) -> None:
    await house.lives_until(5)
    async with house.till.db.read() as session:
        suspended = await membership_of(session, house.party.id, house.late.id)
    with pytest.raises(Suspended):
        require_access(suspended)

    await house.till.pays(house.bill.id)

    member = await builders.membership(house.till.db, house.bill)
    assert (member.state, member.suspended_at) == (MembershipState.ACTIVE, None)
    require_access(member)
    await house.lives_until(9)
    assert await house.state() is MembershipState.ACTIVE


async def test_a_warning_that_was_never_sent_suspends_nobody(house: House) -> None:
    await house.lives_until(3, time(8))
    house.till.clock.move_to(house.instant(3, time(10)))
    await house.works(sending=False)

    for hours in range(1, 60):
        house.till.clock.move_to(house.instant(3, time(10)) + timedelta(hours=hours))
        await house.works(sending=False)

    assert await house.state() is MembershipState.ACTIVE
    assert (await house.paper()).warned_at is None


async def test_a_warning_nobody_knows_the_fate_of_is_sent_again_a_day_later(house: House) -> None:
    house.lost = ["late.warning"]
    await house.lives_until(4, time(9))
    assert (await house.paper()).warned_at is None
    house.lost = []

    await house.lives_until(4)

    assert (await house.paper()).warned_at == house.instant(4, time(10))
    assert await house.state() is MembershipState.ACTIVE
    await house.lives_until(5)
    assert await house.state() is MembershipState.SUSPENDED


async def test_who_blocked_the_bot_is_warned_through_host_and_room_without_a_name(house: House) -> None:
    house.dead = [house.late.id]

    await house.lives_until(4, time(9))

    assert house.told(house.late) == []
    assert "late.unreached" in house.told(house.party.host_id)
    assert house.told(house.other) == ["late.someone"]
    assert (await house.paper()).warned_at is not None
    assert await _names_in(house, "late.someone") == set()
    await house.lives_until(4)
    assert await house.state() is MembershipState.SUSPENDED
    await house.lives_until(8)
    assert await house.state() is MembershipState.REMOVED


async def test_a_warning_that_reaches_nobody_at_all_suspends_nobody_and_is_told_with_what_is_stuck(
    house: House,
) -> None:
    house.dead = [house.late.id, house.other.id, house.party.host_id]
    await house.lives_until(5)
    async with house.till.db.read() as session:
        assert "warning_in_vain" not in {each.what for each in await stuck(session, house.now)}

    await house.lives_until(7)

    assert await house.state() is MembershipState.ACTIVE
    async with house.till.db.read() as session:
        (told,) = [each for each in await stuck(session, house.now) if each.what == "warning_in_vain"]
    assert (told.bill_id, told.since) == (house.bill.id, house.instant(3, time(10)))


async def _names_in(house: House, name: str) -> set[str]:
    async with house.till.db.read() as session:
        rows = (await session.scalars(select(Outgoing).where(Outgoing.name == name))).all()
    return {key for row in rows for key in row.data} - {"party"}


async def test_a_payment_that_is_being_approved_stops_both_steps(house: House) -> None:
    await house.lives_until(4, time(9))
    await _being_approved(house)
    await house.lives_until(5)
    assert await house.state() is MembershipState.ACTIVE

    await _given_up(house)
    await house.works()
    assert await house.state() is MembershipState.SUSPENDED
    await house.lives_until(8, time(10, 0))
    await _being_approved(house)
    await house.lives_until(11)
    assert await house.state() is MembershipState.SUSPENDED
    with pytest.raises(BillBusy):
        await house.till.db.transact(free_by_host, house.bill.id, house.party.host_id, house.now)
    await _given_up(house)


async def _being_approved(house: House) -> None:
    attempt = await house.till.db.transact(billing.begin_attempt, house.bill.id, house.now)
    async with house.till.db.write() as session:
        taken = {"approving_attempt": attempt.id, "approving_since": house.now}
        await session.execute(update(Bill).where(Bill.id == house.bill.id).values(**taken))
        attempt.state = billing.AttemptState.APPROVING
        attempt.ask_at = house.now + timedelta(days=30)
        await session.merge(attempt)


async def _given_up(house: House) -> None:
    async with house.till.db.write() as session:
        bill = await session.get_one(Bill, house.bill.id)
        attempt = await session.get_one(billing.Attempt, bill.approving_attempt)
        attempt.state, attempt.ask_at = billing.AttemptState.FAILED, None
        bill.approving_attempt = bill.approving_since = None


@pytest.mark.parametrize(("day", "hour"), [(4, 12), (4, 23), (14, 3), (14, 12)])
async def test_after_downtime_one_reminder_comes_in_waking_hours_and_no_step_without_its_day(
    house: House, day: int, hour: int
) -> None:
    await house.sleeps_until(day, time(hour))
    waking = [name for name in house.told(house.late) if name in {"billing.reminder", "late.warning"}]
    assert waking == (["late.warning"] if 8 <= hour < 21 else [])
    assert await house.state() is MembershipState.ACTIVE

    await house.lives_until(day + 12)

    asked = [(at, name) for at, whom, name in house.said if whom == house.late.id]
    assert [name for _, name in asked] == ["late.warning", "late.suspended", "late.warning", "late.freed"]
    assert all(8 <= (at + timedelta(hours=9)).hour < 21 for at, _ in asked)
    bill = await house.paper()
    assert bill.warned_at is not None and bill.final_warned_at is not None
    suspended_at = next(at for at, name in asked if name == "late.suspended")
    assert suspended_at - bill.warned_at >= timedelta(hours=24)
    assert asked[-1][0] - bill.final_warned_at >= timedelta(hours=24)


async def test_a_day_of_downtime_sends_each_reminder_at_most_once(house: House) -> None:
    await house.lives_until(-1, time(8))

    await house.sleeps_until(0, time(22))
    await house.lives_until(2)

    # The evening's reminder gives way to the next morning's: twice within two hours would be once too often.
    assert [(at, name) for at, whom, name in house.said if whom == house.late.id] == [
        (house.instant(-3, time(10)), "billing.reminder"),
        (house.instant(1, time(10)), "billing.reminder"),
    ]


async def test_a_mute_drops_reminders_but_not_the_warning(house: House) -> None:
    async with house.till.db.write() as session:
        await mute(session, await session.get_one(Person, house.late.id), house.instant(-2, time(12)))

    await house.lives_until(4)

    assert house.told(house.late) == ["late.warning", "late.suspended"]
    assert house.told(house.party.host_id)[0] == "late.for_host"


async def test_somebody_without_quiet_hours_is_warned_in_the_night_after_downtime(house: House) -> None:
    async with house.till.db.write() as session:
        await set_quiet_hours(session, await session.get_one(Person, house.late.id), 0, 0)

    await house.sleeps_until(5, time(3))

    assert house.told(house.late) == ["late.warning"]


async def test_the_host_waits_three_days_longer_once(house: House) -> None:
    await house.lives_until(2)

    until = await house.till.db.transact(wait_longer, house.bill.id, house.party.host_id, house.now, LIMITS)

    assert until == house.instant(7, time(10))
    with pytest.raises(Outdated):
        await house.till.db.transact(wait_longer, house.bill.id, house.party.host_id, house.now, LIMITS)
    await house.lives_until(7, time(9))
    assert await house.state() is MembershipState.ACTIVE
    assert "late.more_time" in house.told(house.late)
    await house.lives_until(7)
    assert await house.state() is MembershipState.SUSPENDED


async def test_a_host_who_waits_after_an_outage_waits_three_days_from_now(house: House) -> None:
    await house.lives_until(3)
    house.till.clock.move_to(house.instant(6, time(12)))

    until = await house.till.db.transact(wait_longer, house.bill.id, house.party.host_id, house.now, LIMITS)

    assert until == house.instant(9, time(12))
    assert (await _ahead(house)).suspended_at == until


async def test_the_host_reminds_once_a_day_and_not_in_quiet_hours(house: House) -> None:
    await house.lives_until(1, time(21))
    house.till.clock.move_to(house.instant(1, time(23)))
    host = house.party.host_id

    at = await house.till.db.transact(nudge_late, house.bill.id, host, house.now)
    with pytest.raises(Outdated):
        await house.till.db.transact(nudge_late, house.bill.id, host, house.now)

    assert at == house.instant(2, time(8))
    before = house.told(house.late).count("billing.reminder")
    await house.lives_until(2, time(9))
    assert house.told(house.late).count("billing.reminder") == before + 1
    await house.till.db.transact(nudge_late, house.bill.id, host, house.now)


async def test_the_host_is_told_on_the_day_after_though_the_member_put_the_reminder_off_until_then(
    house: House,
) -> None:
    await house.lives_until(0)
    async with house.till.db.write() as session:
        late = await session.get_one(Person, house.late.id)
        await billing.snooze(session, house.bill.id, late, 1, "am", house.now)

    await house.lives_until(1)

    assert house.told(house.party.host_id) == ["late.for_host"]
    assert house.told(house.late) == ["billing.reminder"] * 4


async def test_a_host_cannot_remind_somebody_whom_no_message_reaches_or_whose_payment_is_checked(
    house: House,
) -> None:
    await house.lives_until(1)
    host = house.party.host_id

    await _being_approved(house)
    with pytest.raises(BillBusy):
        await house.till.db.transact(nudge_late, house.bill.id, host, house.now)
    await _given_up(house)
    async with house.till.db.write() as session:
        (await session.get_one(Person, house.late.id)).reachable = False

    assert await house.till.db.transact(nudge_late, house.bill.id, host, house.now) is None


async def test_nobody_is_warned_while_their_payment_is_being_checked(house: House) -> None:
    await house.lives_until(3, time(9))
    await _being_approved(house)

    await house.lives_until(4, time(9))
    assert (await house.paper()).warned_at is None
    assert "late.warning" not in house.told(house.late)
    await _given_up(house)
    await house.lives_until(4, time(10, 1))

    assert "late.warning" in house.told(house.late)


async def test_what_comes_next_is_never_a_time_gone_by(house: House) -> None:
    house.lost = ["late.warning"]
    await house.lives_until(5, time(12))
    ahead = await _ahead(house)
    assert ahead.suspended_at == house.now + timedelta(hours=24)

    house.lost = []
    await house.lives_until(7)
    assert await house.state() is MembershipState.SUSPENDED
    house.lost = ["late.warning"]
    await house.lives_until(12, time(12))

    assert (await _ahead(house)).freed_on == seoul_date(house.now) + timedelta(days=1)


async def _ahead(house: House) -> flows.Outlook:
    stay = await builders.membership(house.till.db, house.bill)
    return flows.outlook(await house.paper(), stay, LIMITS, house.now)


async def test_a_reminder_that_the_host_asked_for_goes_through_a_mute(house: House) -> None:
    async with house.till.db.write() as session:
        await mute(session, await session.get_one(Person, house.late.id), house.now)
    await house.lives_until(2)
    assert "billing.reminder" not in house.told(house.late)

    await house.till.db.transact(nudge_late, house.bill.id, house.party.host_id, house.now)
    await house.works()

    assert "billing.reminder" in house.told(house.late)


async def test_the_first_time_that_a_warning_was_sent_counts(house: House) -> None:
    sent_at, later = house.instant(3, time(10)), house.instant(3, time(15))
    for at in (sent_at, later):
        on_sent = {"bill": house.bill.id, "kind": "warning", "directly": False, "at": at}
        await house.till.db.transact(take_warned, on_sent, 5)

    assert (await house.paper()).warned_at == sent_at


async def test_only_the_host_acts_on_a_late_bill_and_only_while_it_is_late(house: House) -> None:
    with pytest.raises(Outdated):
        await house.till.db.transact(late_bill, house.bill.id, house.party.host_id, house.now)
    await house.lives_until(2)
    with pytest.raises(NotYours):
        await house.till.db.transact(nudge_late, house.bill.id, house.other.id, house.now)
    with pytest.raises(Outdated):
        await house.till.db.transact(free_by_host, house.bill.id, house.party.host_id, house.now)

    await house.till.pays(house.bill.id)

    with pytest.raises(BillNotOpen):
        await house.till.db.transact(nudge_late, house.bill.id, house.party.host_id, house.now)


async def test_the_host_frees_the_seat_of_a_suspended_member(house: House) -> None:
    await house.lives_until(5)

    await house.till.db.transact(free_by_host, house.bill.id, house.party.host_id, house.now)

    assert await house.state() is MembershipState.REMOVED
    assert (await house.paper()).state is BillState.VOID
    await house.works()
    assert house.told(house.late)[-1] == "late.freed"


async def test_a_suspended_member_leaves_at_once_and_owes_nothing(house: House) -> None:
    await house.lives_until(5)

    plan = await house.till.db.transact(leave_party, house.party.id, house.late.id, house.now, LIMITS)

    assert (plan.at_once, plan.back_won) == (True, 0)
    assert await house.state() is MembershipState.LEFT
    assert (await house.paper()).state is BillState.VOID


async def test_whoever_has_paid_this_month_is_not_suspended_for_an_older_one(house: House) -> None:
    await house.sleeps_until(25)
    async with house.till.db.read() as session:
        newer = (
            await session.scalars(select(Bill).where(Bill.person_id == house.late.id).order_by(Bill.id.desc()).limit(1))
        ).one()
    assert newer.id != house.bill.id
    await house.till.pays(newer.id)

    await house.lives_until(45)

    assert await house.state() is MembershipState.ACTIVE


async def test_all_replicas_at_once_take_each_step_once(house: House) -> None:
    await house.lives_until(4, time(9))
    house.till.clock.move_to(house.instant(4, time(10, 1)))

    await asyncio.gather(*(house.chores.unpaid() for _ in range(4)))
    await house.works()

    assert house.told(house.late).count("late.suspended") == 1
    await house.lives_until(8, time(9))
    house.till.clock.move_to(house.instant(8, time(10, 1)))
    await asyncio.gather(*(house.chores.unpaid() for _ in range(4)))
    await house.works()
    assert house.told(house.late).count("late.freed") == 1


async def test_a_bill_that_opens_late_has_its_days_of_grace_from_then_on(db: Database, clock: ManualClock) -> None:
    async with till_open(db, clock) as till:
        opened = await party(db, clock)
        await till.pays((await joins(db, clock, opened)).id)
        builders.days_pass(clock, 40)
        await db.transact(billing.open_due_cycles, opened.id, seoul_date(clock.now()), LIMITS, clock.now())

        async with db.read() as session:
            rows = await session.scalars(
                select(Reminder).join(Bill, Bill.id == Reminder.bill_id).where(Bill.due_on < seoul_date(clock.now()))
            )
            planned = {row.kind: (seoul_date(row.due_at) - seoul_date(clock.now())).days for row in rows}

    assert planned == {"d+1": 1, "warning": 3}


async def test_coming_steps_say_when_access_stops_and_the_seat_is_freed(house: House) -> None:
    await house.lives_until(3, time(18))
    async with house.till.db.read() as session:
        assert await flows.coming_steps(session) == ([house.instant(4, time(10))], [])
    await house.lives_until(7, time(18))
    async with house.till.db.read() as session:
        assert await flows.coming_steps(session) == ([], [house.instant(8, time(10))])
