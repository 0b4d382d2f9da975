"""Billing keys at the stand-in: registered, looked up, charged, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.bootpay import BootpayStandIn
from tests.sandbox.bootpay.conftest import Api, Shop

CARD = {
    "pg": "모의PG",
    "order_name": "정기결제",
    "subscription_id": "sub1",
    "card_no": "0000111122223333",
    "card_pw": "00",
    "card_identity_no": "900101",
    "card_expire_year": "30",
    "card_expire_month": "12",
}
BILL = {"order_name": "넷플릭스 12월 1/4", "order_id": "bill43a1", "price": 4250}


async def _registered(api: Api) -> dict[str, Any]:
    status, key = await api.ask("POST", "request/subscribe", CARD)
    assert status == 200, key
    return dict(key)


async def test_a_registered_card_is_found_by_receipt_and_by_key(api: Api) -> None:
    key = await _registered(api)

    by_receipt = await api.ask("GET", f"subscribe/billing_key/{key['receipt_id']}")
    by_key = await api.ask("GET", f"billing_key/{key['billing_key']}")

    assert by_receipt == by_key == (200, key)
    assert (key["status"], key["subscription_id"]) == (11, "sub1")
    assert key["billing_data"]["card_no"] == "0000********3333"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"card_expire_month": "13"}, "RC_INVALID_EXP_MONTH"),
        ({"card_expire_month": "xx"}, "RC_INVALID_EXP_MONTH"),
        ({"card_no": None}, "NEED_MORE_PARAMS"),
        ({"subscription_id": 7}, "NEED_MORE_PARAMS"),
    ],
)
async def test_an_unusable_card_is_refused(api: Api, changes: dict[str, object], code: str) -> None:
    status, said = await api.ask("POST", "request/subscribe", {**CARD, **changes})

    assert (status, said["error_code"]) == (400, code)


async def test_a_key_is_charged_without_a_window(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    key = await _registered(api)
    own_address = shop.url + "?own=1"
    stand_in.webhook_url = "http://127.0.0.1:9/"
    wish = {
        **BILL,
        "billing_key": key["billing_key"],
        "feedback_url": own_address,
        "content_type": "application/x-www-form-urlencoded",
    }

    status, receipt = await api.ask("POST", "subscribe/payment", wish)
    await stand_in.webhooks.idle()

    assert (status, receipt["status"], receipt["price"], receipt["order_id"]) == (200, 1, 4250, "bill43a1")
    assert (await api.counted(receipt["receipt_id"]))["charges"] == 1
    assert shop.content_types == ["application/x-www-form-urlencoded"]
    assert (await api.ask("GET", "lookup/order/bill43a1"))[1][0]["receipt_id"] == receipt["receipt_id"]


async def test_a_charge_by_key_can_be_declined_or_stay_unclear(api: Api, stand_in: BootpayStandIn) -> None:
    key = await _registered(api)
    stand_in.faults.add("declined", "decline_at_confirm")
    stand_in.faults.add("unclear", "confirm_critical_then_paid")

    declined = await api.ask(
        "POST", "subscribe/payment", {**BILL, "order_id": "declined", "billing_key": key["billing_key"]}
    )
    unclear = await api.ask(
        "POST", "subscribe/payment", {**BILL, "order_id": "unclear", "billing_key": key["billing_key"]}
    )

    assert (declined[0], declined[1]["error_code"]) == (400, "RC_CONFIRM_FAILED")
    assert (unclear[0], unclear[1]["error_code"]) == (500, "RC_CONFIRM_CRITICAL_FAILED")
    assert [(each["status"], each["charges"]) for each in stand_in.receipts()] == [(-2, 0), (1, 1)]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"order_id": None}, "NEED_MORE_PARAMS"), ({"price": 0}, "INVALID_REQUEST_PARAMS")],
)
async def test_an_unusable_bill_is_refused(api: Api, changes: dict[str, object], code: str) -> None:
    key = await _registered(api)

    status, said = await api.ask("POST", "subscribe/payment", {**BILL, "billing_key": key["billing_key"], **changes})

    assert (status, said["error_code"]) == (400, code)


async def test_a_deleted_key_is_of_no_use(api: Api) -> None:
    key = await _registered(api)

    deleted = await api.ask("DELETE", f"subscribe/billing_key/{key['billing_key']}")
    status, said = await api.ask("POST", "subscribe/payment", {**BILL, "billing_key": key["billing_key"]})

    assert deleted == (200, {"billing_key": key["billing_key"]})
    assert (status, said["error_code"]) == (400, "SUBSCRIBE_BK_EXPIRED")


async def test_what_is_no_billing_key_says_so(api: Api) -> None:
    payment = await api.paid()

    unknown_key = await api.ask("GET", "billing_key/nothing")
    unknown_receipt = await api.ask("GET", "subscribe/billing_key/nothing")
    a_payment = await api.ask("GET", f"subscribe/billing_key/{payment}")

    assert unknown_key[1]["error_code"] == unknown_receipt[1]["error_code"] == "RC_NOT_FOUND"
    assert a_payment[1]["error_code"] == "RC_NOT_SUBSCRIBE"


async def test_a_charge_by_key_has_no_window_to_press(api: Api) -> None:
    key = await _registered(api)
    _, receipt = await api.ask("POST", "subscribe/payment", {**BILL, "billing_key": key["billing_key"]})

    async with api.http.get(f"{api.stand_in.url}/gw/{receipt['receipt_id']}/close") as response:
        assert response.status == 404
