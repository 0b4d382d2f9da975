"""Charges of cards on file: told the day before, once on the due day; the receipt decides, whatever the answer was."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core import billing, flows
from core.adapters.bootpay import Receipt
from core.billing import BillState, CardState, Outcome
from core.billing.reminders import due_bills, remind, told_in_vain
from core.errors import BillBusy, ProviderRefused
from core.sealing import Seal
from tests import cards
from tests.builders import LIMITS, joins, party, person
from tests.till import GivesUp, Till


async def test_a_card_pays_on_the_due_day_what_was_told_the_day_before(till: Till) -> None:
    bill = await cards.member_with_card(till)
    cards.at_ten(till, bill, -2)
    assert (await cards.tells(till), await cards.charges(till)) == (0, 0)
    cards.at_ten(till, bill, -1)
    assert (await cards.tells(till), await cards.tells(till), await cards.charges(till)) == (1, 0, 0)

    cards.at_ten(till, bill, 0)
    assert await cards.charges(till) == 1

    paid = await till.bill(bill.id)
    assert (paid.state, till.charges_of(bill.id)) == (BillState.PAID, 1)
    assert await till.said("cards.tomorrow") == 1
    assert await cards.charges(till) == 0


async def test_nobody_is_charged_before_ten_or_without_a_days_notice(till: Till) -> None:
    bill = await cards.member_with_card(till)
    cards.at_ten(till, bill, 0)
    assert await cards.charges(till) == 0

    assert await cards.tells(till) == 1
    assert await cards.charges(till) == 0
    till.clock.move_to(till.clock.now() + timedelta(days=1, minutes=-1))
    assert await cards.charges(till) == 0
    till.clock.move_to(till.clock.now() + timedelta(minutes=1))

    assert await cards.charges(till) == 1
    assert (await till.bill(bill.id)).state is BillState.PAID


async def test_nobody_is_charged_whom_the_news_did_not_reach_in_time(till: Till) -> None:
    bill = await cards.member_with_card(till)
    cards.at_ten(till, bill, -1)
    assert await cards.writes(till) == 1

    cards.at_ten(till, bill, 0)
    assert await cards.charges(till) == 0
    assert await till.db.transact(remind, bill.id, till.clock.now()) is True
    assert await till.db.transact(told_in_vain, bill.id, till.clock.now())
    await till.sends()
    assert not await till.db.transact(told_in_vain, bill.id, till.clock.now())
    assert await cards.charges(till) == 0
    cards.at_ten(till, bill, 1)

    assert await cards.charges(till) == 1
    assert (await till.bill(bill.id)).state is BillState.PAID


@pytest.mark.parametrize("lost", [True, False])
async def test_nobody_is_charged_of_whom_nobody_knows_whether_they_were_told(till: Till, lost: bool) -> None:
    bill = await cards.member_with_card(till)
    cards.at_ten(till, bill, -1)
    await cards.writes(till)
    await till.sends(**({"lost": ["cards.tomorrow"]} if lost else {"dead": [bill.person_id]}))

    for days in range(4):
        cards.at_ten(till, bill, days)
        assert (await cards.tells(till), await cards.charges(till)) == (0, 0)

    assert (await till.bill(bill.id)).state is BillState.OPEN


async def test_late_in_the_evening_nobody_is_told(till: Till) -> None:
    bill = await cards.member_with_card(till)
    cards.at_ten(till, bill, -1)

    till.clock.move_to(till.clock.now() + timedelta(hours=11))

    assert await cards.tells(till) == 0


async def test_after_days_of_downtime_the_usual_reminders_take_over(till: Till) -> None:
    bill = await cards.member_with_card(till)

    cards.at_ten(till, bill, 2)

    assert (await cards.tells(till), await cards.charges(till)) == (0, 0)


@pytest.mark.parametrize(("days", "tried"), [(2, 1), (3, 0)])
async def test_a_card_is_tried_on_the_second_day_after_the_due_day_for_the_last_time(
    till: Till, days: int, tried: int
) -> None:
    bill = await cards.member_with_card(till)
    cards.at_ten(till, bill, -1)
    assert await cards.tells(till) == 1

    async def comes_again() -> bool:
        async with till.db.read() as session:
            return await billing.next_charge(session, bill, till.clock.now())

    cards.at_ten(till, bill, 1)
    assert await comes_again()
    cards.at_ten(till, bill, days)

    assert not await comes_again()
    assert (await cards.charges(till), till.charges_of(bill.id)) == (tried, tried)


class RefusesCharges(GivesUp):
    """Refuses each charge with a word that says more about our keys than about the card."""

    async def pay_with_key(self, key: str, *, order_id: str, order_name: str, amount_won: int) -> Receipt:
        raise ProviderRefused("APP_KEY_WRONG")


async def test_a_refusal_that_does_not_say_that_nothing_was_charged_is_unclear(till: Till) -> None:
    bill = await cards.due_bill(till)

    settled = await cards.charges_bill(till, bill.id, by=RefusesCharges(till))

    assert settled is not None
    assert settled.outcome is Outcome.CHECKING
    assert (await till.bill(bill.id)).approving_attempt is not None
    assert (await till.attempts())[-1] == "unknown"


async def test_a_seat_that_is_only_held_is_paid_by_its_person(till: Till) -> None:
    someone = await person(till.db, till.clock)
    await cards.registers(till, someone.id)
    bill = await joins(till.db, till.clock, await party(till.db, till.clock), someone)

    assert await cards.tells(till) == 0
    assert await cards.charges_bill(till, bill.id) is None


@pytest.mark.parametrize("workers", [2, 8])
async def test_workers_at_once_charge_once(till: Till, workers: int) -> None:
    bill = await cards.due_bill(till)

    await asyncio.gather(*(cards.charges(till) for _ in range(workers)))
    await till.minutes_pass(3)

    assert (till.charges_of(bill.id), (await till.bill(bill.id)).state) == (1, BillState.PAID)


async def test_a_declined_card_is_tried_on_three_days_and_no_more(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "decline_at_confirm", times=None)

    for days in range(5):
        cards.at_ten(till, bill, days)
        for _ in range(2):
            await cards.charges(till)

    assert [attempt.state for attempt in await cards.tries(till, bill.id)] == ["failed"] * 3
    assert (await till.said("cards.failed"), till.charges_of(bill.id)) == (3, 0)
    left = await till.bill(bill.id)
    assert (left.state, left.approving_attempt) == (BillState.OPEN, None)
    till.faults.clear()
    await till.pays(bill.id)


async def test_a_decline_without_a_receipt_is_over_at_once(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "decline_at_confirm")
    till.faults.add("*", "unpaid_left_out")

    await cards.charges(till)

    assert [attempt.provider_word for attempt in await cards.tries(till, bill.id)] == ["RC_CONFIRM_FAILED"]
    assert (await till.bill(bill.id)).approving_attempt is None


async def test_an_expired_card_is_revoked_and_its_person_told(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "card_expired")

    await cards.charges(till)
    await cards.looks_after(till)

    assert await cards.card_states(till) == [CardState.REVOKED]
    assert (await till.said("cards.failed"), (await till.bill(bill.id)).approving_attempt) == (1, None)
    cards.at_ten(till, bill, 1)
    assert await cards.charges(till) == 0


async def test_a_key_that_no_longer_opens_charges_nothing_and_is_given_up(till: Till) -> None:
    bill = await cards.due_bill(till)
    other = Seal({"other": b"x" * 32})

    await billing.charge_cards(till.db, till.bootpay, till.clock, LIMITS, other, cards.name_order)

    assert await cards.card_states(till) == [CardState.REVOKING]
    assert (await till.said("cards.lost"), till.charges_of(bill.id)) == (1, 0)


async def test_a_call_that_would_come_too_late_is_not_made(till: Till) -> None:
    bill = await cards.due_bill(till)
    takes = billing.charging._take

    async def slow(*args: Any) -> object:
        charge = await takes(*args)
        till.clock.move_to(till.clock.now() + timedelta(minutes=2))
        return charge

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(billing.charging, "_take", slow)
        await cards.charges(till)

    assert till.charges_of(bill.id) == 0
    assert [attempt.provider_word for attempt in await cards.tries(till, bill.id)] == ["not_sent"]
    assert (await till.bill(bill.id)).approving_attempt is None


async def test_from_the_moment_it_is_stopped_a_card_is_not_charged(till: Till) -> None:
    bill = await cards.due_bill(till)
    async with till.db.read() as session:
        card = await billing.card_of(session, bill.person_id)
    assert card is not None

    await till.db.transact(billing.stop_autopay, bill.person_id, card.id, till.clock.now())

    assert await cards.charges(till) == 0
    assert await cards.charges_bill(till, bill.id) is None
    assert till.charges_of(bill.id) == 0


async def test_stopping_while_cards_are_charged_says_what_was_under_way_already(till: Till) -> None:
    bill = await cards.due_bill(till)
    async with till.db.read() as session:
        card = await billing.card_of(session, bill.person_id)
    assert card is not None

    under_way, _ = await asyncio.gather(
        till.db.transact(billing.stop_autopay, bill.person_id, card.id, till.clock.now()), cards.charges(till)
    )
    await till.minutes_pass(3)

    paid = (await till.bill(bill.id)).state is BillState.PAID
    assert till.charges_of(bill.id) == (1 if paid else 0)
    assert under_way <= till.charges_of(bill.id)


async def test_a_link_and_a_card_at_once_charge_once(till: Till) -> None:
    bill = await cards.due_bill(till)
    receipt_id = await till.approves(bill.id)

    await asyncio.gather(till.settles(receipt_id, bill_id=bill.id), cards.charges(till))
    await till.minutes_pass(3)
    await till.minutes_pass(40)

    assert ((await till.bill(bill.id)).state, till.charges_of(bill.id)) == (BillState.PAID, 1)


async def test_while_a_link_is_being_approved_the_card_waits(till: Till) -> None:
    bill = await cards.due_bill(till)
    receipt_id = await till.approves(bill.id)
    till.faults.add("*", "confirm_critical")
    assert await till.settles(receipt_id) is Outcome.CHECKING

    assert await cards.charges(till) == 0
    await till.minutes_pass(3)

    assert ((await till.bill(bill.id)).state, till.charges_of(bill.id)) == (BillState.PAID, 1)


async def test_who_left_is_not_charged(till: Till) -> None:
    bill = await cards.due_bill(till)

    await till.db.transact(flows.leave_party, bill.party_id, bill.person_id, till.clock.now(), LIMITS)

    assert (await till.bill(bill.id)).state is BillState.VOID
    assert await cards.charges_bill(till, bill.id) is None


async def test_leaving_waits_while_the_card_is_being_charged(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "charge_never_arrives")
    await cards.charges(till, GivesUp(till))

    with pytest.raises(BillBusy):
        await till.db.transact(flows.leave_party, bill.party_id, bill.person_id, till.clock.now(), LIMITS)


async def test_an_approval_of_a_charge_by_card_is_confirmed_by_nobody(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "confirm_critical")
    await cards.charges(till)

    await till.minutes_pass(3)
    assert (till.charges_of(bill.id), (await till.bill(bill.id)).state) == (0, BillState.OPEN)
    for _ in range(3):
        await till.minutes_pass(20)

    assert [attempt.state for attempt in await cards.tries(till, bill.id)] == ["lapsed"]
    assert (await till.bill(bill.id)).approving_attempt is None


async def test_who_was_told_of_the_charge_is_not_reminded_of_the_due_day(till: Till) -> None:
    bill = await cards.due_bill(till)
    till.faults.add("*", "decline_at_confirm")
    await cards.charges(till)

    async with till.db.read() as session:
        due = await due_bills(session, till.clock.now())
    assert list(due) == [bill.id]
    assert await till.db.transact(remind, bill.id, till.clock.now()) is False
    assert await till.said("billing.reminder") == 0
