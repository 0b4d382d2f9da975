"""Cards on file: consent, Bootpay's word, one at a time, and nothing left of them after they are stopped."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from core import billing
from core.billing import CardOutcome, CardState
from core.billing.cards import ASKED_FOR, cell
from core.errors import Outdated
from core.sealing import Seal
from tests import cards
from tests.builders import person
from tests.till import GivesUp, Till

ACTIVE, ASKED, REVOKING, REVOKED = CardState.ACTIVE, CardState.ASKED, CardState.REVOKING, CardState.REVOKED


async def test_a_card_that_bootpay_issued_is_kept_sealed_with_its_consent(till: Till) -> None:
    someone = await person(till.db, till.clock)

    card = await cards.registers(till, someone.id)

    assert (card.state, card.current, card.label) == (ACTIVE, True, "하늘카드 1234")
    assert (card.consent_version, card.consented_at) == (billing.AUTOPAY_VERSION, till.clock.now())
    key = await till.bootpay.billing_key(card.receipt_id or "")
    assert key.key not in (card.key_sealed or "")
    assert cards.SEAL.open(card.key_sealed or "", cell(card.id)) == key.key
    assert await till.said("cards.ready") == 1


async def test_the_return_page_reloaded_keeps_one_card(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.asked(till, someone.id)
    receipt_id = await cards.window(till, card)

    outcomes = await asyncio.gather(*(cards.comes_back(till, card, receipt_id) for _ in range(10)))

    assert set(outcomes) == {CardOutcome.READY}
    assert await cards.card_states(till) == [ACTIVE]
    assert await till.said("cards.ready") == 1


@pytest.mark.parametrize("action", ["decline", "close"])
async def test_a_window_that_was_declined_or_closed_registers_nothing_and_may_be_opened_again(
    till: Till, action: str
) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.asked(till, someone.id)

    outcome = await cards.comes_back(till, card, await cards.window(till, card, action))

    assert outcome is CardOutcome.NOT_ISSUED
    assert await cards.card_states(till) == [ASKED]
    assert await cards.comes_back(till, card, await cards.window(till, card)) is CardOutcome.READY


async def test_somebody_elses_card_is_not_taken(till: Till) -> None:
    mine, theirs = [await cards.asked(till, (await person(till.db, till.clock)).id) for _ in range(2)]

    outcome = await cards.comes_back(till, mine, await cards.window(till, theirs))

    assert outcome is CardOutcome.NOT_OURS
    assert await cards.card_states(till) == [ASKED, ASKED]


async def test_a_payments_receipt_is_no_card(till: Till) -> None:
    bill = await cards.member_with_card(till)
    card = await cards.asked(till, bill.person_id)

    outcome = await cards.comes_back(till, card, await till.approves(bill.id))

    assert outcome is CardOutcome.NOT_ISSUED


async def test_a_new_card_replaces_the_old_one_whose_key_is_deleted(till: Till) -> None:
    someone = await person(till.db, till.clock)
    await cards.registers(till, someone.id)

    await cards.registers(till, someone.id)
    assert await cards.card_states(till) == [REVOKING, ACTIVE]
    await cards.looks_after(till)

    assert await cards.card_states(till) == [REVOKED, ACTIVE]
    assert [card["deleted"] for card in till.stand_in.cards()] == [True, False]


async def test_two_cards_registered_at_once_leave_one(till: Till) -> None:
    someone = await person(till.db, till.clock)
    first = await cards.asked(till, someone.id)
    till.clock.move_to(till.clock.now() + billing.LINK_LIVES)
    second = await cards.asked(till, someone.id)
    receipts = [await cards.window(till, card) for card in (first, second)]

    await asyncio.gather(
        *(cards.comes_back(till, card, receipt) for card, receipt in zip((first, second), receipts, strict=True))
    )

    assert sorted(await cards.card_states(till)) == [ACTIVE, REVOKING]


async def test_a_second_window_of_one_consent_is_not_kept(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.asked(till, someone.id)
    receipts = [await cards.window(till, card) for _ in range(2)]

    for receipt_id in (*receipts, *receipts):
        await cards.comes_back(till, card, receipt_id)
    await cards.looks_after(till)

    assert await cards.card_states(till) == [ACTIVE, REVOKED]
    assert [card["deleted"] for card in till.stand_in.cards()] == [False, True]


async def test_a_card_that_bootpay_could_not_tell_of_is_asked_about_again(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.asked(till, someone.id)
    receipt_id = await cards.window(till, card)
    till.faults.add("*", "html_502", times=2)

    assert await cards.comes_back(till, card, receipt_id) is CardOutcome.CHECKING
    for minutes in (2, 6):
        till.clock.move_to(till.clock.now() + timedelta(minutes=minutes))
        await cards.looks_after(till)

    assert await cards.card_states(till) == [ACTIVE]


async def test_a_card_that_bootpay_does_not_know_after_all_is_forgotten(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.asked(till, someone.id)
    till.faults.add("*", "html_502")
    await cards.comes_back(till, card, "0123456789abcdef01234567")  # pragma: allowlist secret

    till.clock.move_to(till.clock.now() + timedelta(minutes=2))
    await cards.looks_after(till)

    assert (await cards.now(till, card.id)).receipt_id is None


async def test_two_taps_of_consent_are_one_row_and_other_words_are_none(till: Till) -> None:
    someone = await person(till.db, till.clock)

    rows = {(await cards.asked(till, someone.id)).id for _ in range(2)}

    assert len(rows) == 1
    with pytest.raises(Outdated):
        await till.db.transact(billing.ask_for_card, someone.id, "2025-01", till.clock.now())


async def test_a_consent_that_led_to_no_card_ends(till: Till) -> None:
    someone = await person(till.db, till.clock)
    await cards.asked(till, someone.id)

    till.clock.move_to(till.clock.now() + ASKED_FOR + timedelta(minutes=1))
    await cards.looks_after(till)

    assert await cards.card_states(till) == [REVOKED]


async def test_a_window_finished_too_late_is_deleted_again(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.asked(till, someone.id)
    till.clock.move_to(till.clock.now() + ASKED_FOR + timedelta(minutes=1))
    await cards.looks_after(till)

    await cards.comes_back(till, card, await cards.window(till, card))
    await cards.looks_after(till)

    assert await cards.card_states(till) == [REVOKED, REVOKED]
    assert [card["deleted"] for card in till.stand_in.cards()] == [True]


@pytest.mark.parametrize("fault", [None, "delete_timeout_after_effect", "delete_timeout_before", "delete_critical"])
async def test_a_stopped_card_keeps_nothing_once_bootpay_has_deleted_its_key(till: Till, fault: str | None) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    if fault:
        till.faults.add("*", fault)

    assert await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now()) == 0
    assert await cards.card_states(till) == [REVOKING]
    await cards.looks_after(till, GivesUp(till))
    assert await cards.card_states(till) == [REVOKING if fault else REVOKED]
    till.clock.move_to(till.clock.now() + timedelta(minutes=6))
    await cards.looks_after(till)

    stopped = await cards.now(till, card.id)
    assert stopped.state is REVOKED
    assert (stopped.key_sealed, stopped.label, stopped.current) == (None, None, None)
    assert till.stand_in.cards()[0]["deleted"] is True


async def test_stopping_twice_or_as_somebody_else_is_outdated(till: Till) -> None:
    someone, stranger = [await person(till.db, till.clock) for _ in range(2)]
    card = await cards.registers(till, someone.id)

    with pytest.raises(Outdated):
        await till.db.transact(billing.stop_autopay, stranger.id, card.id, till.clock.now())
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())
    with pytest.raises(Outdated):
        await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())


async def test_a_key_that_no_longer_opens_is_deleted_all_the_same(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())

    await billing.look_after_cards(till.db, till.bootpay, till.clock, Seal({"other": b"x" * 32}))

    assert await cards.card_states(till) == [REVOKED]
    assert till.stand_in.cards()[0]["deleted"] is True


async def test_an_operator_is_told_of_a_key_that_bootpay_does_not_delete(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())
    till.faults.add("*", "delete_critical", times=None)

    for _ in range(8):
        await cards.looks_after(till)
        till.clock.move_to(till.clock.now() + timedelta(days=1))

    assert (await till.records(), await till.said("alerts.card_unclear")) == (["card_unclear"], 1)
    assert (await cards.now(till, card.id)).key_sealed is not None
    till.faults.clear()
    await cards.looks_after(till)
    assert await cards.card_states(till) == [REVOKED]


async def test_two_workers_at_once_delete_a_key_once(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())

    await asyncio.gather(*(cards.looks_after(till) for _ in range(5)))

    assert till.stand_in.cards()[0]["deletes_asked"] == 1
