"""At the edges of settling: too late to confirm, answers that contradict the receipt, refusals that say nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import Any

import pytest

from core.adapters.bootpay import Receipt
from core.billing import AttemptState, BillState, Outcome
from core.billing.noting import CONFIRM_WITHIN, take_note
from core.billing.settle import DECLINED, NOT_FOUND
from core.errors import ProviderRefused
from tests.builders import LIMITS, open_bill
from tests.till import GivesUp, Till


async def test_a_confirm_that_would_come_too_late_is_not_made(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)
    note = take_note

    async def slowly(*args: Any, **kwargs: Any) -> object:
        seen = await note(*args, **kwargs)
        till.clock.move_to(till.clock.now() + CONFIRM_WITHIN + timedelta(seconds=1))
        return seen

    with monkeypatch.context() as patch:
        patch.setattr(import_module("core.billing.settle"), "take_note", slowly)
        assert await till.settles(receipt_id) is Outcome.CHECKING

    assert till.charges() == 0
    assert (await till.bill(bill.id)).approving_attempt is not None
    await till.minutes_pass(3)
    assert (till.charges(), (await till.bill(bill.id)).state) == (1, BillState.PAID)


@pytest.mark.parametrize(("seconds", "again"), [(60, False), (61, True)])
async def test_a_held_bill_is_taken_again_only_when_its_confirm_cannot_begin_any_more(
    till: Till, seconds: int, again: bool
) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt = await till.bootpay.receipt(await till.approves(bill.id))
    now = till.clock.now()
    assert (await till.db.transact(take_note, receipt, bill.id, LIMITS, now)).hold is not None

    seen = await till.db.transact(take_note, receipt, bill.id, LIMITS, now + timedelta(seconds=seconds))

    assert (seen.hold is not None) is again


class Contradicts(GivesUp):
    """Charges at the confirm, and says that the card was declined."""

    async def confirm(self, receipt_id: str) -> Receipt:
        await super().confirm(receipt_id)
        raise ProviderRefused(DECLINED)


async def test_of_a_decline_and_a_receipt_that_was_charged_the_receipt_counts(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)

    assert await till.settles(receipt_id, by=Contradicts(till)) is Outcome.PAID

    assert (till.charges(), await till.held()) == (1, 4250)
    assert await till.attempts() == ["paid"]


class Refuses(GivesUp):
    """Refuses to tell of any receipt, with a word of its own."""

    def __init__(self, till: Till, code: str) -> None:
        super().__init__(till)
        self._code = code

    async def receipt(self, receipt_id: str) -> Receipt:
        raise ProviderRefused(self._code)


@pytest.mark.parametrize(("code", "outcome"), [(NOT_FOUND, Outcome.NOT_OURS), ("APP_KEY_WRONG", Outcome.CHECKING)])
async def test_only_a_receipt_that_bootpay_does_not_know_is_none_of_ours(
    till: Till, code: str, outcome: Outcome
) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = await till.approves(bill.id)

    assert await till.settles(receipt_id, bill_id=bill.id, by=Refuses(till, code)) is outcome

    assert await till.records() == ["receipt_refused"]


async def test_an_approval_that_was_taken_back_is_not_confirmed(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt = replace(await till.bootpay.receipt(await till.approves(bill.id)), cancelled_won=4250)

    seen = await till.db.transact(take_note, receipt, bill.id, LIMITS, till.clock.now())

    assert (seen.settled.outcome, seen.hold) == (Outcome.CANCELLED, None)
    assert await till.attempts() == [AttemptState.CANCELLED]


async def test_money_that_is_not_what_was_approved_lets_go_of_its_bill(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt = await till.bootpay.receipt(await till.approves(bill.id))
    assert (await till.db.transact(take_note, receipt, bill.id, LIMITS, till.clock.now())).hold is not None
    charged = replace(receipt, status=1, price_won=9999)

    seen = await till.db.transact(take_note, charged, bill.id, LIMITS, till.clock.now(), may_hold=False)

    after = await till.bill(bill.id)
    assert seen.settled.outcome is Outcome.RETURNED
    assert (after.state, after.approving_attempt) == (BillState.OPEN, None)
