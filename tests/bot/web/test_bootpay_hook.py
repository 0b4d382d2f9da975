"""Bootpay's notices: stored, answered with exactly what Bootpay expects, never believed."""

from __future__ import annotations

from typing import Any

import pytest

from core.billing import BillState
from core.clock import ManualClock
from core.db import Database
from tests.bot.web.counter import Counter, counter_open
from tests.builders import open_bill
from tests.till import till_open

HOOK = "/bootpay/webhook"
RECEIPT = "65f0c0de0000000000000001"


async def _posts(counter: Counter, **how: Any) -> tuple[int, Any]:
    async with counter.http.post(HOOK, **how) as response:
        return response.status, await response.json()


@pytest.mark.parametrize("form", [False, True])
async def test_a_notice_is_stored_and_answered_with_success(counter: Counter, form: bool) -> None:
    body = {"receipt_id": RECEIPT, "webhook_type": "PAYMENT_COMPLETED", "status": 1}

    answer = await _posts(counter, **({"data": body} if form else {"json": body}))

    assert answer == (200, {"success": True})
    assert await counter.till.hints() == 1
    assert len(counter.nudges) == 1


async def test_a_notice_that_claims_to_be_paid_changes_no_bill(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    payload = await counter.till.begins(bill.id)
    forged = {"receipt_id": RECEIPT, "order_id": payload["order_id"], "price": 4250, "status": 1, "cancelled_price": 0}

    await _posts(counter, json=forged)
    await counter.till.janitor()

    assert (await counter.till.bill(bill.id)).state is BillState.OPEN
    assert await counter.till.attempts() == ["created"]


async def test_bootpays_own_notice_settles_a_payment_whose_browser_was_closed(counter: Counter) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    payload = await counter.till.begins(bill.id)
    payload["extra"] |= {"separately_confirmed": False}
    counter.till.presses(payload)
    await counter.till.stand_in.webhooks.idle()

    await counter.till.janitor()

    (notice,) = counter.till.stand_in.webhooks.log
    assert notice.state == "delivered"
    assert (await counter.till.bill(bill.id)).state is BillState.PAID


@pytest.mark.parametrize("fault", ["webhook_duplicate", "webhook_form", "webhook_before_answer", "webhook_lost"])
async def test_whatever_happens_to_notices_a_bill_is_paid_once(counter: Counter, fault: str) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    counter.till.faults.add("*", fault)

    await counter.get(await counter.approve(bill.id))
    await counter.till.stand_in.webhooks.idle()
    await counter.till.janitor()

    assert (await counter.till.bill(bill.id)).state is BillState.PAID
    assert (counter.till.charges(), await counter.till.said("billing.paid")) == (1, 1)


UNUSABLE: list[dict[str, Any]] = [
    {"data": b""},
    {"data": b"not json", "headers": {"Content-Type": "application/json"}},
    {"data": b"\xff\xfe", "headers": {"Content-Type": "application/json"}},
    {"data": ("[" * 60_000).encode(), "headers": {"Content-Type": "application/json"}},
    {"json": []},
    {"json": None},
    {"json": {}},
    {"json": {"receipt_id": None}},
    {"json": {"receipt_id": 12345678}},
    {"json": {"receipt_id": ["65f0c0de0000000000000001"]}},
    {"json": {"receipt_id": "short"}},
    {"json": {"receipt_id": "../../v2/cancel"}},
    {"json": {"receipt_id": "a" * 65}},
    {"json": {"receipt_id": RECEIPT, "more": "x" * 70_000}},
    {"data": {"other": "field"}},
    {"data": b"receipt_id=%zz", "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
]


async def test_an_unusable_notice_is_refused_and_leaves_nothing(counter: Counter) -> None:
    for how in UNUSABLE:
        assert await _posts(counter, **how) == (400, {"success": False}), how

    assert await counter.till.hints() == 0
    assert counter.nudges == []


async def test_a_notice_comes_again_when_the_database_was_away(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(counter.till.db, "transact", away)
        status, said = await _posts(counter, json={"receipt_id": RECEIPT})

    assert (status, said) == (503, {"success": False})


async def test_a_flood_of_notices_is_told_to_come_later(db: Database, clock: ManualClock) -> None:
    async with till_open(db, clock) as till, counter_open(till, notices_a_minute=5) as counter:
        answers = [(await _posts(counter, json={"receipt_id": f"{RECEIPT}{n}"}))[0] for n in range(7)]

        assert answers == [200] * 5 + [429] * 2
        assert await till.hints() == 5
