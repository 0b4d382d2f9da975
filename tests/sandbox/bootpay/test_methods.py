"""What depends on how somebody pays, and what somebody does in the PG's own admin."""

from __future__ import annotations

import pytest

from bot.sandbox.bootpay import BootpayStandIn
from tests.sandbox.bootpay.conftest import Api, Clock, Shop


async def test_a_cancel_in_the_pgs_admin_counts_and_tells_nobody(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    receipt_id = await api.paid()
    await stand_in.webhooks.idle()
    heard = len(shop.heard)

    part = await api.sandbox("POST", "cancel", {"receipt_id": receipt_id, "amount": 1500})
    rest = await api.sandbox("POST", "cancel", {"receipt_id": receipt_id, "amount": None})
    more = await api.sandbox("POST", "cancel", {"receipt_id": receipt_id, "amount": 1})

    assert (part[0], part[1]["cancelled"], rest[1]["cancelled"], rest[1]["status"]) == (200, 1500, 4250, 20)
    assert more[0] == 400
    await stand_in.webhooks.idle()
    assert len(shop.heard) == heard
    _, receipt = await api.ask("GET", f"receipt/{receipt_id}")
    assert receipt["cancelled_price"] == 4250


@pytest.mark.parametrize(("days", "status"), [(8, 200), (9, 400)])  # November 30th and December 1st in Seoul
async def test_a_phone_bill_can_be_cancelled_in_its_month_only(api: Api, clock: Clock, days: int, status: int) -> None:
    receipt_id = await api.paid(method="휴대폰")
    clock.forward(days=days)

    answered, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id})

    assert answered == status
    assert status == 200 or said["error_code"] == "RC_CANCEL_SERVER_ERROR"


async def test_a_virtual_account_waits_for_its_deposit_and_cannot_be_cancelled(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    receipt_id = await api.pay(method="가상계좌")
    _, issued = await api.ask("GET", f"receipt/{receipt_id}")
    confirmed, _ = await api.ask("POST", "confirm", {"receipt_id": receipt_id})
    assert (issued["status"], issued["method"], confirmed) == (5, "가상계좌", 400)

    stand_in.deposit(receipt_id)
    _, paid = await api.ask("GET", f"receipt/{receipt_id}")
    refused, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id})

    assert (paid["status"], refused, said["error_code"]) == (1, 400, "RC_CANCEL_SERVER_ERROR")
    await stand_in.webhooks.idle()
    told = [kind for kind in shop.types() if kind != "PAYMENT_CANCEL_FAILED"]
    assert told == ["PAYMENT_VIRTUAL_ACCOUNT_ISSUED", "PAYMENT_COMPLETED"]
    assert (await api.counted(receipt_id))["charges"] == 1


async def test_of_several_ways_to_pay_the_receipt_names_the_one_that_was_used(api: Api) -> None:
    receipt_id = await api.paid(method=["카드", "간편"])

    _, receipt = await api.ask("GET", f"receipt/{receipt_id}")

    assert (receipt["method"], receipt["method_symbol"]) == ("카드", "card")
