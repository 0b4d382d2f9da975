"""Ticks: a clock that cannot be trusted, nudges, failures, closing, and two replicas that tick at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute
from structlog.testing import capture_logs

from bot import ticks as module
from bot.chores import Chores
from bot.texts import SPEECH
from bot.ticks import Tick, Ticks
from bot.views import notices
from core import billing
from core.billing import Bill, Cycle
from core.billing.tables import Reminder, ReminderState
from core.clock import ManualClock
from core.db import Database
from core.outbox import Outgoing
from core.parties import Membership, MembershipState
from tests.bot.edging import SERVER_GONE
from tests.builders import LIMITS, days_pass, joins, party
from tests.conftest import START
from tests.till import Till, till_open


class Wayward:
    """A clock that goes where it is told, backwards too."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        return self.at

    def goes(self, **by: float) -> None:
        self.at += timedelta(**by)


class Work:
    """Counts how often it was done; may be held up, or fail."""

    def __init__(self) -> None:
        self.done = 0
        self.trouble: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.begun = asyncio.Event()

    async def __call__(self) -> None:
        self.begun.set()
        await self.gate.wait()
        if self.trouble is not None:
            raise self.trouble
        self.done += 1


async def silence(ticks: Ticks) -> None:
    """Wait until nothing is under way."""
    while ticks._running:
        await asyncio.wait(set(ticks._running))


@pytest.mark.parametrize(
    ("by", "trusted"),
    [
        ({"seconds": 30}, True),
        ({"minutes": 59}, True),
        ({"seconds": -3}, True),
        ({"seconds": -6}, False),
        ({"days": -1}, False),
        ({"minutes": 63}, False),
        ({"days": 30}, False),
    ],
    ids=str,
)
async def test_a_clock_that_jumps_stops_every_tick_loudly(by: dict[str, float], trusted: bool) -> None:
    clock, first, second = Wayward(), Work(), Work()
    ticks = Ticks(clock, [Tick("first", 60, first), Tick("second", 60, second)])
    await ticks.run_all()

    with capture_logs() as logs:
        clock.goes(**by)
        await ticks.run_all()
        clock.goes(seconds=1)
        await ticks.run_all()

    loud = [line for line in logs if line["log_level"] == "critical"]
    assert ticks.distrusted is not trusted
    assert (first.done, second.done) == ((3, 3) if trusted else (1, 1))
    assert [line["event"] for line in loud] == ([] if trusted else ["clock_jumped"])


async def test_operators_are_told_once_that_the_ticks_have_stopped(till: Till) -> None:
    clock = Wayward()
    chores = Chores(till.db, clock, till.bootpay, LIMITS)
    ticks = Ticks(clock, [Tick("first", 60, Work()), Tick("second", 60, Work())], chores.tell_of_clock)
    await ticks.run_all()

    clock.goes(days=1)
    await ticks.run_all()

    async with till.db.read() as session:
        (row,) = await session.scalars(select(Outgoing).where(Outgoing.name == "alerts.clock_jumped"))
    assert row.person_id is None
    assert "ahead by 1 day" in row.data["reason"]
    assert "다시 시작해 주세요" in notices.word(SPEECH["ko"], row.name, row.data).text


async def test_a_clock_that_jumped_stops_the_ticks_though_nobody_can_be_told() -> None:
    clock, work = Wayward(), Work()

    async def tell(reason: str) -> None:
        raise ConnectionError(reason)

    ticks = Ticks(clock, [Tick("work", 60, work)], tell)
    await ticks.run_all()
    clock.goes(days=1)

    await ticks.run_all()

    assert (ticks.distrusted, work.done) == (True, 1)


async def test_work_that_takes_over_an_hour_is_no_jump_of_the_clock() -> None:
    clock, other = Wayward(), Work()

    async def slow() -> None:
        clock.goes(minutes=75)  # a provider that answers nothing, asked about a hundred payments

    ticks = Ticks(clock, [Tick("slow", 60, slow)])
    await ticks.run_all()
    ticks.ticks = [*ticks.ticks, Tick("other", 60, other)]

    await ticks.run_all()

    assert (ticks.distrusted, other.done) == (False, 1)


async def test_a_clock_that_is_moved_on_purpose_stops_nothing() -> None:
    clock, work = ManualClock(START, running=False), Work()
    ticks = Ticks(clock, [Tick("work", 60, work)])
    await ticks.run_all()

    await ticks.move_clock(lambda: clock.move_to(START + timedelta(days=30)))
    await ticks.run_all()

    assert (ticks.distrusted, work.done) == (False, 2)


async def test_the_clock_is_not_moved_under_a_running_tick() -> None:
    clock, work = ManualClock(START, running=False), Work()
    ticks = Ticks(clock, [Tick("work", 60, work, prompt=True)])
    work.gate.clear()
    ticks.nudge()
    await work.begun.wait()

    moving = asyncio.create_task(ticks.move_clock(lambda: clock.move_to(START + timedelta(days=1))))
    done, _ = await asyncio.wait([moving], timeout=0.05)
    under_way = clock.now()
    work.gate.set()
    await moving

    assert (done, under_way) == (set(), START)
    assert clock.now() == START + timedelta(days=1)


async def test_many_nudges_run_a_prompt_tick_once_more_and_others_not_at_all() -> None:
    prompt, slow = Work(), Work()
    ticks = Ticks(Wayward(), [Tick("prompt", 60, prompt, prompt=True), Tick("slow", 60, slow)])

    for _ in range(50):
        ticks.nudge()
    await silence(ticks)
    at_once = prompt.done
    prompt.gate.clear()
    prompt.begun.clear()
    ticks.nudge()
    await prompt.begun.wait()
    for _ in range(50):  # while it runs: what was committed meanwhile needs another look, but only one
        ticks.nudge()
    prompt.gate.set()
    await silence(ticks)

    assert (at_once, prompt.done, slow.done) == (1, 3, 0)


@pytest.mark.parametrize("trouble", [RuntimeError("a bug"), SERVER_GONE, TimeoutError()], ids=repr)
async def test_a_tick_that_fails_stops_neither_the_others_nor_itself(trouble: Exception) -> None:
    failing, other = Work(), Work()
    failing.trouble = trouble
    ticks = Ticks(Wayward(), [Tick("failing", 60, failing), Tick("other", 60, other)])

    await ticks.run_all()
    failing.trouble = None
    await ticks.run_all()

    assert (failing.done, other.done) == (1, 2)


async def test_the_scheduler_runs_ticks_by_itself() -> None:
    work = Work()
    ticks = Ticks(Wayward(), [Tick("work", 1, work)])

    ticks.start()
    await work.begun.wait()
    await ticks.close()

    assert work.done == 1


async def test_closing_lets_a_tick_finish_and_begins_no_other() -> None:
    work = Work()
    ticks = Ticks(Wayward(), [Tick("work", 60, work, prompt=True)])
    work.gate.clear()
    ticks.nudge()
    await work.begun.wait()
    ticks.nudge()

    closing = asyncio.create_task(ticks.close())
    await asyncio.sleep(0)
    work.gate.set()
    await closing
    ticks.nudge()
    await ticks.run_all()

    assert (work.done, ticks._running) == (1, set())


async def test_closing_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "GRACE_S", 0.01)
    work = Work()
    ticks = Ticks(Wayward(), [Tick("work", 60, work, prompt=True)])
    work.gate.clear()
    ticks.nudge()
    await work.begun.wait()

    await ticks.close()

    assert (work.done, ticks._running) == (0, set())


@pytest.fixture
async def till(db: Database, clock: ManualClock) -> AsyncIterator[Till]:
    async with till_open(db, clock) as till:
        yield till


async def count(db: Database, column: InstrumentedAttribute[Any], *where: ColumnElement[bool]) -> int:
    """Return how many rows there are."""
    async with db.read() as session:
        return int(await session.scalar(select(func.count(column)).where(*where)) or 0)


async def by_both(till: Till, db_url: str, chore: Callable[[Chores], Awaitable[None]]) -> None:
    """Let two replicas, each with connections of its own, do a chore at the same time, and then once more."""
    other = Database(db_url)
    try:
        replicas = [Chores(db, till.clock, till.bootpay, LIMITS) for db in (till.db, other)]
        for _ in range(2):
            await asyncio.gather(*(chore(replica) for replica in replicas * 2))
    finally:
        await other.close()


async def test_two_replicas_free_a_seat_once(till: Till, db_url: str) -> None:
    into = await party(till.db, till.clock)
    for _ in range(3):
        await joins(till.db, till.clock, into)
    days_pass(till.clock, 1)

    await by_both(till, db_url, Chores.seats)

    assert await count(till.db, Membership.id, Membership.state == MembershipState.EXPIRED) == 3
    assert await count(till.db, Outgoing.id, Outgoing.name == "parties.hold_over") == 3


async def test_two_replicas_open_the_next_month_and_remind_once(till: Till, db_url: str) -> None:
    into = await party(till.db, till.clock)
    bills = [await joins(till.db, till.clock, into) for _ in range(3)]
    for bill in bills:
        await till.pays(bill.id)

    days_pass(till.clock, 22)
    for _ in range(14):
        days_pass(till.clock, 1)
        await by_both(till, db_url, Chores.calendar)

    assert await count(till.db, Cycle.id) == 2
    assert await count(till.db, Bill.id) == 6
    sent = await count(till.db, Reminder.id, Reminder.state == ReminderState.SENT)
    asked = Outgoing.name.in_(("billing.reminder", "late.warning"))
    assert sent == await count(till.db, Outgoing.id, asked) > 0


async def test_two_replicas_look_into_a_payment_once(till: Till, db_url: str) -> None:
    into = await party(till.db, till.clock)
    bill = await joins(till.db, till.clock, into)
    receipt_id = await till.approves(bill.id)
    await till.db.transact(billing.take_hint, receipt_id, till.clock.now())

    await by_both(till, db_url, Chores.payments)

    assert (till.charges(), await till.said("billing.paid")) == (1, 1)


async def test_a_party_whose_work_fails_holds_up_no_other_one(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = [await joins(till.db, till.clock, await party(till.db, till.clock)) for _ in range(2)]
    for bill in (first, second):
        await till.pays(bill.id)
    days_pass(till.clock, 40)
    opens, failing = billing.open_due_cycles, True

    async def fails(session: AsyncSession, party_id: int, *about: Any) -> int:
        if failing and party_id == first.party_id:
            raise ValueError("a row that nobody understands")
        return await opens(session, party_id, *about)

    monkeypatch.setattr(billing, "open_due_cycles", fails)
    chores = Chores(till.db, till.clock, till.bootpay, LIMITS)

    with pytest.raises(ExceptionGroup) as failed:
        await chores.calendar()

    assert [type(error) for error in failed.value.exceptions] == [ValueError]
    assert await count(till.db, Bill.id, Bill.party_id == second.party_id) > 1
    assert await count(till.db, Bill.id, Bill.released_at.is_not(None)) == 2
    assert await count(till.db, Outgoing.id, Outgoing.name == "alerts.chore_failed") == 1
    failing = False
    await chores.calendar()
    assert await count(till.db, Bill.id, Bill.party_id == first.party_id) > 1
