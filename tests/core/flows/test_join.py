"""Joining: the exact price first, a seat held while paying, free again when the time is over."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import flows
from core.billing import BillState, Outcome
from core.errors import AlreadyMember, BillBusy, NotFound, Outdated, PartyClosed, PartyFull
from core.flows import due_holds, expire_holds, give_up_seat, invitation, join_party
from core.parties import MembershipState
from tests.builders import LIMITS, joins, membership, party, person
from tests.till import Till


async def _expire(till: Till) -> int:
    async with till.db.read() as session:
        due = await due_holds(session, till.clock.now())
    return sum([await till.db.transact(expire_holds, *one, till.clock.now()) for one in due])


async def test_what_the_invitation_says_is_what_the_bill_asks(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=3, starts_in=5, anchor_day=1)
    someone = await person(till.db, till.clock)
    async with till.db.read() as session:
        seen = await invitation(session, opened.code, someone.id, till.clock.now(), LIMITS)

    bill = await joins(till.db, till.clock, opened, someone)

    assert (bill.amount_won, bill.days, bill.share_won) == (
        seen.quote.amount_won,
        seen.quote.days,
        seen.quote.share_won,
    )
    assert (seen.seats_left, seen.host.nickname) == (2, "민수")


async def test_who_pays_before_the_first_day_is_served_from_that_day_on(till: Till) -> None:
    opened = await party(till.db, till.clock, starts_in=5)
    bill = await joins(till.db, till.clock, opened)

    await till.pays(bill.id)

    assert (await membership(till.db, bill)).serves_from == opened.starts_on


async def test_another_amount_than_agreed_is_not_joined(till: Till) -> None:
    opened = await party(till.db, till.clock)
    someone = await person(till.db, till.clock)

    with pytest.raises(Outdated):
        await till.db.transact(join_party, opened.code, someone, 4249, till.clock.now(), LIMITS)

    async with till.db.read() as session:
        assert (await invitation(session, opened.code, someone.id, till.clock.now(), LIMITS)).seats_left == 3


async def test_a_full_party_says_so(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=2)
    await joins(till.db, till.clock, opened)

    with pytest.raises(PartyFull):
        await joins(till.db, till.clock, opened, await person(till.db, till.clock, "바다"))


async def test_nobody_sits_in_a_party_twice(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host)
    someone = await person(till.db, till.clock)
    await joins(till.db, till.clock, opened, someone)

    for again in (someone, host):
        with pytest.raises(AlreadyMember):
            await joins(till.db, till.clock, opened, again)


async def test_a_code_of_nothing_leads_nowhere(till: Till) -> None:
    someone = await person(till.db, till.clock)

    for code in ("nothinghere1", "", "한글코드", "x" * 500):
        with pytest.raises(NotFound):
            await till.db.transact(join_party, code, someone, 4250, till.clock.now(), LIMITS)


async def test_a_cancelled_party_takes_nobody(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host, starts_in=3)
    await till.db.transact(flows.cancel_party, opened.id, host.id, till.clock.now(), LIMITS)

    with pytest.raises(PartyClosed):
        await joins(till.db, till.clock, opened)


async def test_a_seat_nobody_paid_for_is_free_when_the_time_is_over(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=2)
    bill = await joins(till.db, till.clock, opened)

    till.clock.move_to(till.clock.now() + LIMITS.hold - timedelta(seconds=1))
    assert await _expire(till) == 0
    till.clock.move_to(till.clock.now() + timedelta(seconds=1))
    assert await _expire(till) == 1
    assert await _expire(till) == 0

    assert (await till.bill(bill.id)).state is BillState.VOID
    assert (await membership(till.db, bill)).state is MembershipState.EXPIRED
    assert await till.said("parties.hold_over") == 1
    await joins(till.db, till.clock, opened, await person(till.db, till.clock, "바다"))


async def test_a_hold_that_was_paid_in_the_meantime_does_not_expire(till: Till) -> None:
    opened = await party(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened)
    till.clock.move_to(till.clock.now() + LIMITS.hold)
    async with till.db.read() as session:
        ((membership_id, party_id),) = await due_holds(session, till.clock.now())
    await till.pays(bill.id)

    assert not await till.db.transact(expire_holds, membership_id, party_id, till.clock.now())

    assert (await membership(till.db, bill)).state is MembershipState.ACTIVE


async def test_who_gives_a_held_seat_back_may_join_again(till: Till) -> None:
    opened = await party(till.db, till.clock, seats=2)
    someone = await person(till.db, till.clock)
    first = await joins(till.db, till.clock, opened, someone)

    await till.db.transact(give_up_seat, opened.id, someone.id, till.clock.now())

    assert (await till.bill(first.id)).state is BillState.VOID
    again = await joins(till.db, till.clock, opened, someone)
    await till.pays(again.id)
    assert (await membership(till.db, again)).state is MembershipState.ACTIVE


async def test_a_seat_whose_payment_is_being_approved_is_not_given_up(till: Till) -> None:
    opened = await party(till.db, till.clock)
    someone = await person(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened, someone)
    till.faults.add("*", "confirm_critical")
    receipt_id = await till.approves(bill.id)
    assert await till.settles(receipt_id, bill_id=bill.id) is Outcome.CHECKING

    with pytest.raises(BillBusy):
        await till.db.transact(give_up_seat, opened.id, someone.id, till.clock.now())

    await till.minutes_pass(3)
    assert (await membership(till.db, bill)).state is MembershipState.ACTIVE


async def test_a_paid_seat_is_not_given_up_but_left(till: Till) -> None:
    opened = await party(till.db, till.clock)
    someone = await person(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened, someone)).id)

    with pytest.raises(Outdated):
        await till.db.transact(give_up_seat, opened.id, someone.id, till.clock.now())
