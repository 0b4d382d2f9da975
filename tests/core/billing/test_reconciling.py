"""What Bootpay says of every payment, held against the books: a cancel in the PG's own admin tells nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from core import billing
from core.adapters.bootpay import Receipt
from core.billing import Bill, BillState, Compared, Outcome, RefundState, RefundWay, plan_refund
from core.billing.ledger import balance
from core.billing.tables import Account
from core.dates import seoul_date
from core.errors import ProviderRefused, ProviderUnclear
from core.parties import Party
from core.people import Person
from tests.builders import LIMITS, days_pass, joins, open_bill
from tests.counter import confirmed, exported, planned, proven, served
from tests.till import GivesUp, Till


async def paid(till: Till) -> tuple[Bill, str]:
    """Return a bill of 4,250 won with the receipt that paid it."""
    bill = await open_bill(till.db, till.clock)
    return bill, await till.pays(bill.id)


async def reconcile(till: Till, by: billing.Provider | None = None) -> list[str | None]:
    """Compare what is due; return the words of the differences."""
    return [found.difference for found in await billing.reconcile(till.db, by or till.bootpay, till.clock)]


async def a_day_later(till: Till, by: billing.Provider | None = None) -> list[str | None]:
    days_pass(till.clock, 2)
    return await reconcile(till, by)


async def books(till: Till, account: Account) -> int:
    async with till.db.read() as session:
        return await balance(session, account)


class MeanwhileGivesBack(GivesUp):
    """Bootpay that is asked for a receipt just before a refund of ours is done."""

    async def receipt(self, receipt_id: str) -> Receipt:
        before = await super().receipt(receipt_id)
        await self.till.janitor()
        return before


async def test_a_refund_that_is_done_while_a_payment_is_compared_is_no_difference(till: Till) -> None:
    bill, _ = await paid(till)
    days_pass(till.clock, 2)
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), 1250, "left", till.clock.now(), LIMITS)

    assert await reconcile(till, MeanwhileGivesBack(till)) == []

    assert (till.charged(), await till.held()) == (3000, 3000)
    assert await till.said("alerts.books_differ") == 0


async def test_a_refusal_is_no_receipt_that_is_gone(till: Till) -> None:
    await paid(till)

    assert await a_day_later(till, Refuses(till, ProviderRefused("APP_KEY_WRONG"))) == []

    assert await till.said("alerts.books_differ") == 0


async def transfer_instead(till: Till, bill: Bill) -> None:
    """Let Bootpay refuse a refund in full, so that it waits for the operator."""
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 4250, "left", till.clock.now(), LIMITS)
    till.faults.add("*", "cancel_refused")
    await till.janitor()


class Says(GivesUp):
    """Bootpay with another word about its receipts."""

    def __init__(self, till: Till, **otherwise: Any) -> None:
        super().__init__(till)
        self._otherwise = otherwise

    async def receipt(self, receipt_id: str) -> Receipt:
        return replace(await super().receipt(receipt_id), **self._otherwise)


class Refuses(GivesUp):
    """Bootpay that answers with an error."""

    def __init__(self, till: Till, error: Exception) -> None:
        super().__init__(till)
        self._error = error

    async def receipt(self, receipt_id: str) -> Receipt:
        raise self._error


@pytest.mark.parametrize(("won", "state"), [(None, BillState.REFUNDED), (1500, BillState.PARTLY_REFUNDED)])
async def test_a_cancel_in_the_pgs_admin_is_booked_told_and_recorded(
    till: Till, won: int | None, state: BillState
) -> None:
    bill, receipt_id = await paid(till)
    till.stand_in.cancel_in_admin(receipt_id, won)

    assert await a_day_later(till) == ["more_cancelled"]
    assert await a_day_later(till) == []

    (refund,) = await till.refunds()
    assert (refund.state, refund.way, refund.reason) == (RefundState.DONE, RefundWay.CANCEL, "outside")
    assert refund.amount_won == (won or 4250)
    assert (await till.bill(bill.id)).state is state
    assert await till.held() == till.charged() == 4250 - (won or 4250)
    assert [await till.said(name) for name in ("billing.refunded", "refunds.taken_from_host")] == [1, 1]
    assert await till.records() == ["reconciled_more_cancelled"]


async def test_a_cancel_elsewhere_after_the_release_is_the_hosts(till: Till) -> None:
    _, receipt_id = await paid(till)
    assert await served(till.db, till.clock) == 4250
    till.stand_in.cancel_in_admin(receipt_id, 1500)

    assert await reconcile(till) == ["more_cancelled"]

    assert (await till.held(), await books(till, Account.PAYABLE)) == (0, -2750)
    assert await till.said("refunds.taken_from_host") == 1


async def test_a_cancel_elsewhere_after_the_payout_is_the_hosts_debt_and_set_off(till: Till) -> None:
    bill, receipt_id = await paid(till)
    async with till.db.read() as session:
        party = await session.get_one(Party, bill.party_id)
        host = await session.get_one(Person, party.host_id)
    await served(till.db, till.clock)
    await proven(till.db, till.clock, host)
    assert await planned(till.db, till.clock) == [4250]
    await confirmed(till.db, till.clock, await exported(till.db, till.clock))
    till.stand_in.cancel_in_admin(receipt_id)

    assert await reconcile(till) == ["more_cancelled"]

    assert (await books(till, Account.PAYABLE), await books(till, Account.BANK)) == (4250, -4250)
    later = await joins(till.db, till.clock, party)
    await till.pays(later.id)
    await served(till.db, till.clock)
    assert await planned(till.db, till.clock) == []
    assert await books(till, Account.PAYABLE) == 4250 - later.amount_won


async def test_payments_that_agree_change_nothing_and_are_asked_about_once_a_day(till: Till) -> None:
    await paid(till)
    assert await reconcile(till) == []  # paid a moment ago
    asked: list[str] = []

    class Counts(GivesUp):
        async def receipt(self, receipt_id: str) -> Receipt:
            asked.append(receipt_id)
            return await super().receipt(receipt_id)

    days_pass(till.clock, 2)
    for _ in range(3):
        assert await reconcile(till, Counts(till)) == []
    assert len(asked) == 1
    days_pass(till.clock, 1)
    assert await reconcile(till, Counts(till)) == []
    assert len(asked) == 2
    assert (await till.records(), await till.refunds()) == ([], [])


async def test_an_old_payment_is_asked_about_once_a_month_and_at_once_when_somebody_says_that_it_changed(
    till: Till,
) -> None:
    _, receipt_id = await paid(till)
    days_pass(till.clock, 100)
    assert await reconcile(till) == []  # agrees, and is old from now on
    till.stand_in.cancel_in_admin(receipt_id, 1000)
    days_pass(till.clock, 29)
    assert await reconcile(till) == []
    days_pass(till.clock, 2)
    assert await reconcile(till, Refuses(till, ProviderUnclear("502"))) == []
    assert await reconcile(till) == []  # in an hour, as nobody answered
    till.clock.move_to(till.clock.now() + timedelta(hours=1))
    assert await reconcile(till) == ["more_cancelled"]

    till.clock.move_to(till.clock.now() + timedelta(hours=1))
    till.stand_in.cancel_in_admin(receipt_id, 500)
    assert await reconcile(till) == []
    await till.settles(receipt_id)
    assert await reconcile(till) == ["more_cancelled"]


async def test_a_notice_of_a_cancel_does_not_wait_for_tomorrow(till: Till) -> None:
    bill, receipt_id = await paid(till)
    till.stand_in.cancel_in_admin(receipt_id)

    await till.settles(receipt_id)

    assert await reconcile(till) == ["more_cancelled"]
    assert (await till.bill(bill.id)).state is BillState.REFUNDED


async def test_our_own_refunds_are_no_difference(till: Till) -> None:
    bill, _ = await paid(till)
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 1500, "left", till.clock.now(), LIMITS)
    assert await a_day_later(till) == []  # planned, not sent
    await till.janitor()

    assert await a_day_later(till) == []
    assert [refund.reason for refund in await till.refunds()] == ["left"]


@pytest.mark.parametrize(
    ("otherwise", "word"),
    [
        ({"price_won": 4251}, "other_price"),
        ({"order_id": "two_9_9_else"}, "other_order"),
        ({"status": -2}, "not_paid"),
    ],
)
async def test_a_receipt_that_says_something_else_is_the_operators_business(
    till: Till, otherwise: dict[str, object], word: str
) -> None:
    await paid(till)

    assert await a_day_later(till, Says(till, **otherwise)) == [word]

    assert await till.records() == [f"reconciled_{word}"]
    assert await till.held() == 4250


async def test_a_refund_that_bootpay_does_not_know_any_more_is_the_operators_business(till: Till) -> None:
    bill, _ = await paid(till)
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 1500, "left", till.clock.now(), LIMITS)
    await till.janitor()

    assert await a_day_later(till, Says(till, cancelled_won=0)) == ["less_cancelled"]
    assert await till.records() == ["reconciled_less_cancelled"]


async def test_a_receipt_that_is_gone_is_told_and_an_answer_that_is_unclear_is_asked_for_again(till: Till) -> None:
    await paid(till)

    assert await a_day_later(till, Refuses(till, ProviderUnclear("502"))) == []
    assert await till.records() == []
    till.clock.move_to(till.clock.now() + timedelta(hours=2))
    assert await reconcile(till, Refuses(till, ProviderRefused("RC_NOT_FOUND"))) == ["receipt_gone"]
    assert await till.records() == ["reconciled_receipt_gone"]


async def test_a_transfer_that_waits_is_spared_when_somebody_cancels_instead(till: Till) -> None:
    bill, receipt_id = await paid(till)
    await transfer_instead(till, bill)
    till.stand_in.cancel_in_admin(receipt_id, 3000)

    await a_day_later(till)

    refused, spared, rest, outside = await till.refunds()
    assert [refused.state, spared.state, spared.provider_word] == [RefundState.FAILED, RefundState.FAILED, "outside"]
    assert (rest.way, rest.state, rest.amount_won) == (RefundWay.OPERATOR, RefundState.PLANNED, 1250)
    assert (outside.reason, outside.amount_won) == ("outside", 3000)
    assert await till.held() == 1250


async def test_money_that_went_back_twice_is_owed_to_the_house(till: Till) -> None:
    bill, receipt_id = await paid(till)
    await transfer_instead(till, bill)
    async with till.db.read() as session:
        (waiting,) = await billing.waiting_transfers(session)
    await till.db.transact(billing.confirm_transfer, waiting.refund.id, "mina", till.clock.now())
    till.stand_in.cancel_in_admin(receipt_id)

    assert await a_day_later(till) == ["more_cancelled"]
    assert await a_day_later(till) == []

    assert (await till.bill(bill.id)).refunded_won == 4250
    assert [await books(till, account) for account in (Account.STRAY, Account.BANK, Account.PROVIDER)] == [
        4250,
        -4250,
        0,
    ]
    assert await till.said("billing.refunded") == 1


async def test_the_fee_that_the_provider_gives_back_with_money_that_went_back_twice_is_booked(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.till.LIMITS", replace(LIMITS, provider_fee_bp=330))
    bill, receipt_id = await paid(till)
    await transfer_instead(till, bill)
    async with till.db.read() as session:
        (waiting,) = await billing.waiting_transfers(session)
    await till.db.transact(billing.confirm_transfer, waiting.refund.id, "mina", till.clock.now())
    till.stand_in.cancel_in_admin(receipt_id)

    await a_day_later(till)

    # Nothing of this payment is left at Bootpay, so it keeps no fee of it.
    assert [await books(till, account) for account in (Account.PROVIDER, Account.PROVIDER_FEE)] == [0, 0]
    assert await books(till, Account.STRAY) == 4250


async def test_stray_money_that_went_back_twice_is_told_once_and_owed_to_the_house(till: Till) -> None:
    payload = await till.begins((await open_bill(till.db, till.clock)).id)
    payload["extra"] |= {"separately_confirmed": False}
    first, receipt_id = till.presses(payload), till.presses(payload)
    assert [await till.settles(each) for each in (first, receipt_id)] == [Outcome.PAID, Outcome.RETURNED]
    till.faults.add("*", "cancel_refused")
    await till.janitor()
    async with till.db.read() as session:
        (waiting,) = await billing.waiting_transfers(session)
    await till.db.transact(billing.confirm_transfer, waiting.refund.id, "mina", till.clock.now())
    told = await till.said("billing.refunded")
    till.stand_in.cancel_in_admin(receipt_id)

    assert await a_day_later(till) == ["more_cancelled"]

    assert (await till.refunds())[-1].reason == "twice"
    assert (await till.said("billing.refunded"), await books(till, Account.STRAY)) == (told, 4250)


async def test_what_was_cancelled_elsewhere_while_a_refund_moved_is_looked_at_within_the_hour(till: Till) -> None:
    bill, receipt_id = await paid(till)
    days_pass(till.clock, 100)
    assert await reconcile(till) == []  # agrees, and is old from now on
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 1500, "claim", till.clock.now(), LIMITS)
    till.stand_in.cancel_in_admin(receipt_id, 2000)
    await till.settles(receipt_id)  # its notice
    assert await reconcile(till) == []  # the refund moves
    await till.janitor()

    till.clock.move_to(till.clock.now() + timedelta(hours=1))

    assert await reconcile(till) == ["more_cancelled"]
    assert (await till.bill(bill.id)).refunded_won == 2000


async def test_a_part_that_was_cancelled_elsewhere_counts_towards_our_refund(till: Till) -> None:
    bill, receipt_id = await paid(till)
    async with till.db.write() as session:
        fresh = await session.get_one(Bill, bill.id)
        await plan_refund(session, fresh, 4250, "left", till.clock.now(), LIMITS)
    till.stand_in.cancel_in_admin(receipt_id, 1000)

    await till.janitor()
    await till.minutes_pass(1)

    assert [(each.amount_won, each.state) for each in await till.refunds()] == [
        (1000, RefundState.DONE),
        (3250, RefundState.DONE),
    ]
    assert (till.charged(), await till.held(), (await till.bill(bill.id)).state) == (0, 0, BillState.REFUNDED)
    assert await till.records() == ["refund_partly_elsewhere"]


async def test_a_day_is_compared_without_changing_anything(till: Till) -> None:
    bill, receipt_id = await paid(till)
    other, _ = await paid(till)
    till.stand_in.cancel_in_admin(receipt_id, 1500)

    today = seoul_date(till.clock.now())
    found = await billing.compare_day(till.db, till.bootpay, today)

    assert [(each.bill_id, each.difference) for each in found] == [(bill.id, "more_cancelled"), (other.id, None)]
    assert found[0] == Compared(found[0].attempt_id, bill.id, 4250, 0, 4250, 1500, "more_cancelled")
    assert (await till.refunds(), await till.records()) == ([], [])
    assert await billing.compare_day(till.db, till.bootpay, today - timedelta(days=1)) == []
