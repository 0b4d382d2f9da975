"""Each question about suspended members and people in line finds the row that breaks it, and nothing else does."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, select, update

from core.billing import Bill, BillState, open_due_cycles
from core.dates import seoul_date
from core.flows import suspend_late, wait_in_line
from core.parties import AccessStep, Membership, MembershipState
from tests import builders
from tests.builders import LIMITS, joins, party, person
from tests.core.audit.broken import found_after
from tests.till import Till


async def suspended(till: Till) -> Bill:
    """Return the unpaid bill of a member who was warned and suspended."""
    opened = await party(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened)).id)
    builders.days_pass(till.clock, 24)
    await till.db.transact(open_due_cycles, opened.id, seoul_date(till.clock.now()), LIMITS, till.clock.now())
    builders.days_pass(till.clock, 12)
    async with till.db.write() as session:
        bill = (await session.scalars(select(Bill).where(Bill.state == BillState.OPEN))).one()
        bill.warned_at = till.clock.now() - timedelta(days=1)
    assert await till.db.transact(suspend_late, bill.id, till.clock.now(), LIMITS)
    return await till.bill(bill.id)


async def test_somebody_suspended_without_a_sent_warning_is_found(till: Till) -> None:
    bill = await suspended(till)
    this = update(Bill).where(Bill.id == bill.id)
    stay = update(Membership).where(Membership.id == bill.membership_id)

    assert await found_after(till.db) == set()
    assert await found_after(till.db, this.values(warned_at=None)) == {"suspended_was_warned"}
    assert await found_after(till.db, this.values(state=BillState.VOID)) == {"suspended_was_warned"}
    assert await found_after(till.db, stay.values(suspended_at=None)) == {"suspended_was_warned"}


async def test_a_step_that_was_ticked_for_somebody_suspended_is_found(till: Till) -> None:
    bill = await suspended(till)
    ticked = {"membership_id": bill.membership_id, "step": "watching", "done_by": bill.person_id}
    later, before = (till.clock.now() + timedelta(hours=hours) for hours in (1, -1))

    assert await found_after(till.db, insert(AccessStep).values(**ticked, done_at=before)) == set()
    assert await found_after(till.db, insert(AccessStep).values(**ticked, done_at=later)) == {"suspended_has_no_access"}


async def in_line(till: Till) -> tuple[Membership, Bill]:
    """Return the place of somebody who waits in a full party, and its member's bill."""
    opened = await party(till.db, till.clock, seats=2)
    bill = await joins(till.db, till.clock, opened)
    await till.pays(bill.id)
    someone = await person(till.db, till.clock)
    await till.db.transact(wait_in_line, opened.code, someone, till.clock.now())
    async with till.db.read() as session:
        stay = (await session.scalars(select(Membership).where(Membership.person_id == someone.id))).one()
    return stay, bill


async def test_somebody_in_line_with_a_seat_or_a_bill_is_found(till: Till) -> None:
    stay, bill = await in_line(till)
    this = update(Membership).where(Membership.id == stay.id)
    of_theirs = update(Bill).where(Bill.id == bill.id).values(membership_id=stay.id)

    assert "queued_owes_nothing" in await found_after(till.db, of_theirs)
    assert await found_after(till.db, this.values(seat=5)) == {"seat_number"}


async def test_an_offer_without_an_end_or_a_seat_is_found(till: Till) -> None:
    stay, bill = await in_line(till)
    gone = {"state": MembershipState.REMOVED, "seat": None, "present": None}
    frees = update(Membership).where(Membership.id == bill.membership_id).values(**gone)
    offer = update(Membership).where(Membership.id == stay.id)
    until = till.clock.now() + timedelta(hours=1)

    right = offer.values(state=MembershipState.OFFERED, seat=1, held_until=until)
    assert await found_after(till.db, frees, right) == set()
    endless = offer.values(state=MembershipState.OFFERED, seat=1)
    assert await found_after(till.db, frees, endless) == {"reserved_has_end"}
    seatless = offer.values(state=MembershipState.OFFERED, held_until=until)
    assert await found_after(till.db, frees, seatless) == {"seat_number"}
    assert await found_after(till.db, offer.values(held_until=until)) == {"reserved_has_end"}
