"""Decisions that were made before the lock: somebody else is quicker between the first look and the lock."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest
from sqlalchemy import select

from core import billing, flows, parties
from core.billing import Attempt, Bill, BillState, Instruction, payouts
from core.billing.attempts import ASK_AFTER, close_attempt, lapse_if_silent
from core.billing.noting import take_note
from core.dates import seoul_date
from core.db import changed
from core.errors import Suspended
from core.parties import AccessStep, MembershipState, PartyState
from tests.builders import LIMITS, days_pass, joins, membership, party, person
from tests.core.flows.members import bill_that_opens, member
from tests.counter import SEAL, exported, planned, proven, registered, served
from tests.till import Till

pytestmark = pytest.mark.faults
# As long as the quicker one may take; on SQLite, and wherever a lock keeps it out, it only waits for its turn.
A_MOMENT = 0.2


class Meanwhile:
    """Lets somebody else do their work right before the first call of a function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._other: asyncio.Task[Any] | None = None
        self.came_first = False

    def before(self, function: Callable[..., Awaitable[Any]], used_in: str, work: Coroutine[Any, Any, Any]) -> None:
        """Do `work` before the first call of `function` in the module that uses it."""

        async def late(*args: Any, **kwargs: Any) -> Any:
            if self._other is None:
                self._other = asyncio.create_task(work)
                done, _ = await asyncio.wait([self._other], timeout=A_MOMENT)
                self.came_first = bool(done)
            return await function(*args, **kwargs)

        self._monkeypatch.setattr(sys.modules[used_in], function.__name__, late)

    async def over(self) -> Any:
        """Wait for the other one's end and return what came of it."""
        assert self._other is not None
        return await self._other


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Meanwhile:
    return Meanwhile(monkeypatch)


async def test_a_party_whose_first_member_pays_at_the_last_moment_runs_or_is_called_off_and_never_both(
    till: Till, meanwhile: Meanwhile
) -> None:
    opened = await party(till.db, till.clock)
    days_pass(till.clock, LIMITS.recruit_days + 1)
    bill = await joins(till.db, till.clock, opened)
    receipt_id = await till.approves(bill.id)
    meanwhile.before(parties.lock_party, "core.flows.start", till.settles(receipt_id, bill_id=bill.id))

    await till.db.transact(flows.start_or_cancel_due, opened.id, till.clock.now(), LIMITS)
    await meanwhile.over()

    async with till.db.read() as session:
        state = (await parties.get_party(session, opened.id)).state
    ended = (state, (await till.bill(bill.id)).state, (await membership(till.db, bill)).state, till.charges())
    assert ended in {
        (PartyState.ACTIVE, BillState.PAID, MembershipState.ACTIVE, 1),
        (PartyState.CANCELLED, BillState.VOID, MembershipState.DECLINED, 0),
    }
    assert await till.refunds() == []


async def test_no_month_is_billed_that_comes_after_an_end_that_was_just_decided(
    till: Till, meanwhile: Meanwhile
) -> None:
    opened, _, _ = await member(till)
    days_pass(till.clock, 25)
    now = till.clock.now()
    ends = till.db.transact(flows.end_party, opened.id, opened.host_id, 0, now, LIMITS, at_once=False)
    meanwhile.before(parties.lock_party, "core.billing.cycles", ends)

    await till.db.transact(billing.open_due_cycles, opened.id, seoul_date(now), LIMITS, now)
    plan = await meanwhile.over()

    async with till.db.read() as session:
        later = select(Bill.state).where(Bill.party_id == opened.id, Bill.serves_from >= plan.ends_on)
        assert set(await session.scalars(later)) <= {BillState.VOID}


async def test_who_stays_after_all_on_the_last_day_keeps_the_bill_of_the_new_month(till: Till) -> None:
    opened, someone, first = await member(till)
    days_pass(till.clock, 25)
    coming = await bill_that_opens(till, first)
    await till.db.transact(flows.leave_party, opened.id, someone.id, till.clock.now(), LIMITS)
    days_pass(till.clock, 6)
    async with till.db.read() as session:
        ((leaving, its_party),) = await flows.due_leavings(session, till.clock.now())
    await till.db.transact(flows.stay_after_all, opened.id, someone.id, till.clock.now())

    closed = await till.db.transact(flows.close_leavings, leaving, its_party, till.clock.now())

    assert (closed, (await membership(till.db, coming)).state) == (False, MembershipState.ACTIVE)
    assert (await till.bill(coming.id)).state is BillState.OPEN


async def test_an_export_can_be_written_although_its_host_registers_another_account_meanwhile(
    till: Till, meanwhile: Meanwhile
) -> None:
    host = await person(till.db, till.clock, "민수")
    await member(till, await party(till.db, till.clock, host))
    await proven(till.db, till.clock, host)
    await served(till.db, till.clock)
    await planned(till.db, till.clock)
    meanwhile.before(payouts._move, "core.billing.payouts", registered(till.db, till.clock, host))

    batch_id = await exported(till.db, till.clock)
    await meanwhile.over()

    assert [each.number for each in await instructions(till, batch_id)] == ["123456789012"]


async def test_a_code_can_be_sent_although_its_host_registers_another_account_meanwhile(
    till: Till, meanwhile: Meanwhile
) -> None:
    host = await person(till.db, till.clock, "민수")
    await registered(till.db, till.clock, host)
    meanwhile.before(changed, "core.billing.payouts", registered(till.db, till.clock, host))

    batch_id = await exported(till.db, till.clock)
    await meanwhile.over()

    assert [each.number for each in await instructions(till, batch_id)] == ["123456789012"]


async def instructions(till: Till, batch_id: int) -> Sequence[Instruction]:
    async with till.db.read() as session:
        return await billing.instructions(session, SEAL, batch_id)


async def test_a_window_that_is_given_up_lets_go_of_no_bill_that_is_being_confirmed(
    till: Till, meanwhile: Meanwhile
) -> None:
    bill = await joins(till.db, till.clock, await party(till.db, till.clock))
    receipt = await till.bootpay.receipt(await till.approves(bill.id))
    async with till.db.write() as session:
        attempt = (await session.scalars(select(Attempt).where(Attempt.bill_id == bill.id))).one()
        attempt.asks = len(ASK_AFTER)
    noted = till.db.transact(take_note, receipt, bill.id, LIMITS, till.clock.now())
    meanwhile.before(close_attempt, "core.billing.attempts", noted)

    await till.db.transact(lapse_if_silent, attempt.id, till.clock.now())
    seen = await meanwhile.over()

    assert seen.hold is not None
    assert (await till.bill(bill.id)).approving_attempt == attempt.id


async def test_nothing_is_ticked_for_somebody_who_was_suspended_meanwhile(till: Till, meanwhile: Meanwhile) -> None:
    _, someone, bill = await member(till)
    meanwhile.before(parties.touch, "core.parties.access", suspends(till, bill))

    with contextlib.suppress(Suspended):
        await till.db.transact(parties.tick, bill.membership_id, "watching", someone.id, till.clock.now())
    await meanwhile.over()

    async with till.db.write() as session:
        ticked = await session.scalar(select(AccessStep.id))
        await parties.end_suspension(session, bill.membership_id)  # nobody had warned them
    assert (ticked is None) is meanwhile.came_first


async def suspends(till: Till, bill: Bill) -> None:
    """Suspend a member, behind the party's lock as the tick does."""
    async with till.db.write() as session:
        await parties.lock_party(session, bill.party_id)
        await parties.suspend(session, bill.membership_id, till.clock.now())
