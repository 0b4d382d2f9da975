"""Calling a party off: by its host, or for want of members; whatever was paid goes back."""

from __future__ import annotations

import pytest

from core.billing import BillState, Outcome
from core.errors import BillBusy, NotYours, Outdated
from core.flows import cancel_party, recruiting_parties, start_or_cancel_due
from core.parties import MembershipState, Party, PartyState, get_party
from tests.builders import LIMITS, days_pass, joins, membership, party, person
from tests.till import Till


async def _state(till: Till, opened: Party) -> PartyState:
    async with till.db.read() as session:
        return (await get_party(session, opened.id)).state


async def _due(till: Till) -> list[PartyState | None]:
    async with till.db.read() as session:
        due = await recruiting_parties(session, till.clock.now())
    return [await till.db.transact(start_or_cancel_due, party_id, till.clock.now(), LIMITS) for party_id in due]


async def test_cancelling_gives_everybody_everything_back(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host, starts_in=5)
    paid = [await joins(till.db, till.clock, opened, await person(till.db, till.clock, f"손님{n}")) for n in range(2)]
    held = await joins(till.db, till.clock, opened, await person(till.db, till.clock, "망설임"))
    for bill in paid:
        await till.pays(bill.id)

    back = await till.db.transact(cancel_party, opened.id, host.id, till.clock.now(), LIMITS)
    await till.janitor()

    assert back == 8500
    assert await _state(till, opened) is PartyState.CANCELLED
    assert [(await till.bill(bill.id)).state for bill in (*paid, held)] == [
        BillState.REFUNDED,
        BillState.REFUNDED,
        BillState.VOID,
    ]
    assert (await membership(till.db, held)).state is MembershipState.DECLINED
    assert (till.charged(), await till.held()) == (0, 0)
    assert [await till.said(name) for name in ("parties.cancelled", "billing.refunded")] == [3, 2]


async def test_cancelling_waits_for_a_payment_that_is_being_checked(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host, starts_in=5)
    bill = await joins(till.db, till.clock, opened)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(await till.approves(bill.id)) is Outcome.CHECKING

    with pytest.raises(BillBusy):
        await till.db.transact(cancel_party, opened.id, host.id, till.clock.now(), LIMITS)
    assert await _state(till, opened) is PartyState.RECRUITING
    await till.minutes_pass(3)
    await till.db.transact(cancel_party, opened.id, host.id, till.clock.now(), LIMITS)
    await till.janitor()

    assert (till.charged(), await till.held()) == (0, 0)


async def test_only_the_host_cancels_and_only_before_the_start(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host)
    someone = await person(till.db, till.clock)
    await till.pays((await joins(till.db, till.clock, opened, someone)).id)

    with pytest.raises(NotYours):
        await till.db.transact(cancel_party, opened.id, someone.id, till.clock.now(), LIMITS)
    with pytest.raises(Outdated):
        await till.db.transact(cancel_party, opened.id, host.id, till.clock.now(), LIMITS)

    assert await _state(till, opened) is PartyState.ACTIVE


async def test_a_party_that_nobody_joined_waits_and_is_then_called_off(till: Till) -> None:
    opened = await party(till.db, till.clock)
    held = await joins(till.db, till.clock, opened)

    days_pass(till.clock, LIMITS.recruit_days)
    assert await _due(till) == [None]
    days_pass(till.clock, 1)
    assert await _due(till) == [PartyState.CANCELLED]
    assert await _due(till) == []

    assert (await till.bill(held.id)).state is BillState.VOID
    assert await till.said("parties.called_off") == 1


async def test_calling_off_waits_for_a_payment_that_is_being_checked(till: Till) -> None:
    opened = await party(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_critical", times=None)
    assert await till.settles(receipt_id) is Outcome.CHECKING
    days_pass(till.clock, LIMITS.recruit_days + 1)

    assert await _due(till) == [None]

    assert await _state(till, opened) is PartyState.RECRUITING
    await till.minutes_pass(3)
    assert await _due(till) == [PartyState.CANCELLED]
    assert till.charges() == 0


async def test_a_party_that_starts_later_than_its_member_paid_starts_on_its_day(till: Till) -> None:
    opened = await party(till.db, till.clock, starts_in=3)
    await till.pays((await joins(till.db, till.clock, opened)).id)

    assert await _due(till) == []
    days_pass(till.clock, 3)

    assert await _due(till) == [PartyState.ACTIVE]
