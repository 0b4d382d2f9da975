"""Registering a card at the stand-in: the script's call, the window's buttons, and what the key is good for."""

from __future__ import annotations

import asyncio
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from bot.sandbox.bootpay import BootpayStandIn
from core.adapters.bootpay import Bootpay
from core.errors import ProviderUnclear
from tests.sandbox.bootpay.conftest import CLIENT_KEY, SECRET_KEY, Api


def wish(**changes: Any) -> dict[str, Any]:
    """Return what a shop's page hands to requestSubscription."""
    return {
        "client_key": CLIENT_KEY,
        "order_name": "자동결제 카드 등록",
        "subscription_id": "sub7",
        "price": 0,
        "method": "카드자동",
        "extra": {"open_type": "redirect", "redirect_url": "http://shop.test/card/t0ken/return?lang=ko"},
        **changes,
    }


def back(stand_in: BootpayStandIn, action: str) -> dict[str, str]:
    """Go through the window; return what the browser brings back."""
    return dict(parse_qsl(urlsplit(stand_in.register_card(wish(), action)).query))


@pytest.mark.parametrize(
    ("action", "event", "status"), [("approve", "done", "11"), ("decline", "error", "-40"), ("close", "cancel", "-11")]
)
async def test_the_browser_comes_back_with_what_was_pressed(
    stand_in: BootpayStandIn, action: str, event: str, status: str
) -> None:
    told = back(stand_in, action)

    assert (told["lang"], told["event"], told["status"], told["subscription_id"]) == ("ko", event, status, "sub7")
    assert "billing_key" not in told


async def test_an_issued_card_is_told_by_its_receipt_and_charged_by_its_key(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = back(stand_in, "approve")["receipt_id"]

    status, key = await api.ask("GET", f"subscribe/billing_key/{receipt_id}")
    bill = {"order_name": "12월", "order_id": "bill1a1", "price": 4250}
    paid = await api.ask("POST", "subscribe/payment", {**bill, "billing_key": key["billing_key"]})

    assert (status, key["status"], key["billing_data"]["card_company"]) == (200, 11, "하늘카드")
    assert (paid[0], paid[1]["status"]) == (200, 1)


@pytest.mark.parametrize("action", ["decline", "close"])
async def test_a_card_that_was_not_issued_has_no_key(api: Api, stand_in: BootpayStandIn, action: str) -> None:
    status, said = await api.ask("GET", f"subscribe/billing_key/{back(stand_in, action)['receipt_id']}")

    assert (status, said["error_code"]) == (400, "SUBSCRIBE_PUBLISH_NOT_READY")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_key": None}, "NEED_CLIENT_KEY"),
        ({"client_key": "another"}, "APP_KEY_NOT_FOUND"),
        ({"subscription_id": ""}, "NEED_MORE_PARAMS"),
        ({"price": 1000}, "INVALID_REQUEST_PARAMS"),
        ({"method": "카드"}, "INVALID_REQUEST_PARAMS"),
        ({"extra": {"open_type": "iframe"}}, "INVALID_REQUEST_PARAMS"),
        ({"extra": {"open_type": "redirect"}}, "NEED_MORE_PARAMS"),
    ],
)
async def test_a_wish_that_bootpay_refuses_is_refused(api: Api, changes: dict[str, Any], code: str) -> None:
    async with api.http.post(f"{api.stand_in.url}/request/subscription", json=wish(**changes)) as response:
        assert (await response.json())["error_code"] == code


async def test_the_window_shows_its_buttons_and_then_how_it_ended(api: Api, stand_in: BootpayStandIn) -> None:
    async with api.http.post(f"{stand_in.url}/request/subscription", json=wish()) as response:
        window = stand_in.url + (await response.json())["window"]

    async with api.http.get(window) as response:
        assert "이 카드 등록하기" in await response.text()
    async with api.http.post(f"{window}/approve", data={"card": "바다카드"}, allow_redirects=False) as response:
        assert response.status == 302
    async with api.http.get(window) as response:
        assert "빌링키발급완료" in await response.text()


async def test_the_switchboard_registers_and_counts_without_telling_keys(api: Api) -> None:
    status, said = await api.sandbox("POST", "card", {"payload": wish(), "action": "approve"})
    _, cards = await api.sandbox("GET", "cards")
    wrong, _ = await api.sandbox("POST", "card", {"payload": wish(), "action": "nonsense"})

    assert (status, wrong) == (200, 400)
    assert cards == [
        {
            "receipt_id": said["receipt_id"],
            "subscription_id": "sub7",
            "status": 11,
            "deleted": False,
            "deletes_asked": 0,
        }
    ]


async def _key(stand_in: BootpayStandIn, bootpay: Bootpay) -> str:
    return (await bootpay.billing_key(back(stand_in, "approve")["receipt_id"])).key


@pytest.mark.parametrize(("kind", "arrived"), [("charge_never_arrives", 0), ("charge_late", 1)])
async def test_a_charge_can_be_lost_or_come_long_after_its_time_out(
    stand_in: BootpayStandIn, kind: str, arrived: int
) -> None:
    bootpay = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=stand_in.api_url)
    key = await _key(stand_in, bootpay)
    stand_in.faults.add("*", kind)
    call = asyncio.ensure_future(bootpay.pay_with_key(key, order_id="o1", order_name="12월", amount_won=4250))
    await stand_in.until_hanging()
    call.cancel()

    assert await bootpay.receipts_of_order("o1") == []
    assert stand_in.finish_late() == arrived
    assert len(await bootpay.receipts_of_order("o1")) == arrived
    await bootpay.close()


@pytest.mark.parametrize(("kind", "deleted"), [("delete_critical", False), ("delete_timeout_after_effect", True)])
async def test_deleting_can_go_wrong_before_and_after_its_effect(
    stand_in: BootpayStandIn, kind: str, deleted: bool
) -> None:
    bootpay = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=stand_in.api_url, timeout_s=0.5)
    key = await _key(stand_in, bootpay)
    stand_in.faults.add("*", kind)

    with pytest.raises(ProviderUnclear):
        await bootpay.delete_key(key)

    assert stand_in.cards()[0]["deleted"] is deleted
    await bootpay.close()
