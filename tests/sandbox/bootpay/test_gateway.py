"""The payment window without a browser: what is refused, what the buttons do, how the buyer gets back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.sandbox.bootpay import BootpayStandIn
from bot.sandbox.bootpay.refusals import Refusal
from tests.sandbox.bootpay.conftest import Api, Clock, Shop, payload


async def _open(api: Api, wish: object) -> tuple[int, dict[str, Any]]:
    async with api.http.post(f"{api.stand_in.url}/request/payment", json=wish) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        return response.status, await response.json()


async def _page(api: Api, path: str) -> tuple[int, str]:
    async with api.http.get(f"{api.stand_in.url}{path}") as response:
        return response.status, await response.text()


async def _press(api: Api, window: str, action: str, method: str = "POST") -> dict[str, str]:
    async with api.http.request(method, f"{api.stand_in.url}{window}/{action}", allow_redirects=False) as response:
        assert response.status == 302
        return _told(response.headers["Location"])


def _told(address: str) -> dict[str, str]:
    assert address.startswith("http://shop.test/pay/t0ken/return?lang=ko&")
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"client_key": None}, "NEED_CLIENT_KEY"),
        ({"client_key": "somebody"}, "APP_KEY_NOT_FOUND"),  # pragma: allowlist secret
        ({"price": None}, "NEED_MORE_PARAMS"),
        ({"order_id": ""}, "NEED_MORE_PARAMS"),
        ({"order_name": ""}, "NEED_MORE_PARAMS"),
        ({"price": 0}, "INVALID_REQUEST_PARAMS"),
        ({"price": -4250}, "INVALID_REQUEST_PARAMS"),
        ({"price": "4250"}, "INVALID_REQUEST_PARAMS"),
        ({"price": True}, "INVALID_REQUEST_PARAMS"),
        ({"order_id": 7}, "INVALID_REQUEST_PARAMS"),
        ({"items": "all"}, "INVALID_REQUEST_PARAMS"),
        ({"items": [{"name": "1/4", "qty": 1, "price": 4250}]}, "NEED_ITEM_ID"),
        ({"items": [{"id": "a", "qty": 1, "price": 4250}]}, "NEED_ITEM_NAME"),
        ({"items": [{"id": "a", "name": "1/4", "price": 4250}]}, "NEED_ITEM_QTY"),
        ({"items": [{"id": "a", "name": "1/4", "qty": 1}]}, "NEED_ITEM_PRICE"),
        ({"items": [{"id": "a", "name": "1/4", "qty": "one", "price": 4250}]}, "INVALID_REQUEST_PARAMS"),
        ({"items": [{"id": "a", "name": "1/4", "qty": 2, "price": 4250}]}, "NEED_ITEM_TOTAL_PRICE_NOT_MATCH"),
        ({"extra": {"redirect_url": None}}, "NEED_MORE_PARAMS"),
        ({"extra": {"redirect_url": "javascript:alert(1)"}}, "INVALID_REQUEST_PARAMS"),
        ({"extra": {"redirect_url": 7}}, "INVALID_REQUEST_PARAMS"),
        ({"extra": {"open_type": "popup"}}, "INVALID_REQUEST_PARAMS"),
        ({"extra": {"timeout": "soon"}}, "INVALID_REQUEST_PARAMS"),
    ],
)
async def test_an_unusable_payload_is_refused_and_opens_nothing(api: Api, changes: dict[str, Any], code: str) -> None:
    status, said = await _open(api, payload(**changes))

    assert (status >= 400, said["error_code"]) == (True, code)
    assert (await api.sandbox("GET", "receipts"))[1] == []


@pytest.mark.parametrize("wish", [None, [], "pay", {**payload(), "extra": "none"}])
async def test_a_payload_of_another_shape_is_refused(api: Api, wish: object) -> None:
    status, said = await _open(api, wish)

    assert (status, said["error_code"]) == (400, "INVALID_REQUEST_PARAMS")


async def test_items_that_sum_to_the_price_and_an_application_id_will_do(api: Api) -> None:
    wish = payload(items=[{"id": "a", "name": "1/4", "qty": 1, "price": 4250}])
    wish["application_id"] = wish.pop("client_key")

    status, said = await _open(api, wish)

    assert status == 200
    assert said["window"] == f"/gw/{said['receipt_id']}"


async def test_the_shops_page_may_call_from_another_origin(api: Api) -> None:
    async with api.http.options(f"{api.stand_in.url}/request/payment") as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Headers"] == "Content-Type"
    async with api.http.get(api.stand_in.script_url) as response:
        assert response.content_type == "text/javascript"
        assert "window.Bootpay" in await response.text()


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    ("action", "event", "status", "error_code"),
    [
        ("approve", "confirm", "2", None),
        ("close", "cancel", "-15", "RC_CLOSE_WINDOW"),
        ("decline", "error", "-2", "RC_CONFIRM_FAILED"),
        ("fail", "error", "-4", "RC_REQUEST_FAILED"),
    ],
)
async def test_each_button_sends_the_buyer_back_with_its_event(
    api: Api, method: str, action: str, event: str, status: str, error_code: str | None
) -> None:
    _, opened = await _open(api, payload())

    told = await _press(api, opened["window"], action, method)

    assert (told["event"], told["status"], told.get("error_code")) == (event, status, error_code)
    assert (told["receipt_id"], told["order_id"]) == (opened["receipt_id"], "bill42a1")
    assert told["status_locale"]
    assert told["message"]
    assert told["application_id"] == payload()["client_key"]
    assert (await api.counted(opened["receipt_id"]))["charges"] == 0


async def test_without_separate_confirm_the_approval_charges_at_once(api: Api) -> None:
    _, opened = await _open(api, payload(extra={"separately_confirmed": False}))

    told = await _press(api, opened["window"], "approve")

    assert (told["event"], told["status"]) == ("done", "1")
    assert (await api.counted(opened["receipt_id"]))["charges"] == 1


async def test_a_button_pressed_twice_changes_nothing(api: Api) -> None:
    _, opened = await _open(api, payload(extra={"separately_confirmed": False}))
    first = await _press(api, opened["window"], "approve")

    second = await _press(api, opened["window"], "approve")
    third = await _press(api, opened["window"], "close")

    assert first == second == third
    assert (await api.counted(opened["receipt_id"]))["charges"] == 1


async def test_a_window_left_open_too_long_cannot_be_approved(api: Api, clock: Clock) -> None:
    _, opened = await _open(api, payload(extra={"timeout": 5}))
    clock.forward(minutes=5)

    told = await _press(api, opened["window"], "approve")

    assert (told["event"], told["status"], told["error_code"]) == ("error", "-10", "RC_EXPIRED")


async def test_a_null_time_out_means_half_an_hour(api: Api, clock: Clock) -> None:
    receipt_id = await api.pay(extra={"timeout": None})

    clock.forward(minutes=29)
    waiting = (await api.counted(receipt_id))["status"]
    clock.forward(minutes=1)

    assert (waiting, (await api.counted(receipt_id))["status"]) == (2, -10)


async def test_the_chosen_card_is_on_the_receipt(api: Api) -> None:
    _, opened = await _open(api, payload(extra={"separately_confirmed": False}))

    url = f"{api.stand_in.url}{opened['window']}/approve"
    async with api.http.post(url, data={"card": "숲카드"}, allow_redirects=False) as response:
        assert response.status == 302

    _, receipt = await api.ask("GET", f"receipt/{opened['receipt_id']}")
    assert (receipt["method"], receipt["card_data"]["card_company"]) == ("카드", "숲카드")


async def test_a_card_that_is_not_on_the_page_becomes_the_first(api: Api) -> None:
    _, opened = await _open(api, payload())

    url = f"{api.stand_in.url}{opened['window']}/approve?card=gold"
    async with api.http.get(url, allow_redirects=False) as response:
        assert response.status == 302

    _, receipt = await api.ask("GET", f"receipt/{opened['receipt_id']}")
    assert receipt["card_data"]["card_company"] == "하늘카드"


async def test_the_window_shows_what_is_paid_and_escapes_it(api: Api) -> None:
    _, opened = await _open(api, payload(order_name="<b>$price</b> & 파티", price=12345))

    status, page = await _page(api, opened["window"])

    assert status == 200
    assert "&lt;b&gt;$price&lt;/b&gt; &amp; 파티" in page
    assert "12,345원" in page
    assert "모의 결제" in page
    for button in ("approve", "decline", "close"):
        assert f'id="{button}"' in page


async def test_an_ended_payment_offers_only_the_way_back(api: Api) -> None:
    receipt_id = await api.pay(action="close")

    status, page = await _page(api, f"/gw/{receipt_id}")

    assert status == 200
    assert "이미 끝난 결제예요" in page
    assert "event=cancel" in page
    assert 'id="approve"' not in page


@pytest.mark.parametrize("path", ["/gw/nothing", "/gw/nothing/approve", "/receipt/nothing"])
async def test_an_unknown_payment_says_so(api: Api, path: str) -> None:
    status, page = await _page(api, path)

    assert status == 404
    assert "결제를 찾을 수 없어요" in page


async def test_an_unknown_button_does_nothing(api: Api) -> None:
    _, opened = await _open(api, payload())

    status, _ = await _page(api, f"{opened['window']}/steal")

    assert status == 404
    assert (await api.counted(opened["receipt_id"]))["status"] == 0


async def test_the_slip_exists_only_for_what_was_charged(api: Api) -> None:
    approved, paid = await api.pay(), await api.paid(order_id="another")
    _, receipt = await api.ask("GET", f"receipt/{paid}")

    early, _ = await _page(api, f"/receipt/{approved}")
    status, page = await _page(api, urlsplit(receipt["receipt_url"]).path)

    assert (early, status) == (404, 200)
    assert "4,250원" in page
    assert "another" in page


async def test_foreign_money_is_not_written_as_won(api: Api) -> None:
    _, opened = await _open(api, payload(currency="USD", price=3.5))

    _, page = await _page(api, opened["window"])

    assert "3.5 USD" in page


async def test_paying_without_a_browser_refuses_what_the_script_refuses(api: Api, stand_in: BootpayStandIn) -> None:
    refused = await api.sandbox("POST", "pay", {"payload": payload(price=0)})
    unknown = await api.sandbox("POST", "pay", {"payload": payload(), "action": "steal"})

    assert (refused[0], refused[1]["error_code"]) == (400, "INVALID_REQUEST_PARAMS")
    assert unknown[0] == 400
    with pytest.raises(Refusal, match="NEED_CLIENT_KEY"):
        stand_in.pay(payload(client_key=None))
    assert stand_in.receipts() == []
    assert _told(stand_in.pay(payload()))["event"] == "confirm"


@pytest.mark.parametrize(("action", "status"), [("decline", -2), ("fail", -4)])
async def test_a_decline_is_announced_only_when_asked_for(
    api: Api, stand_in: BootpayStandIn, shop: Shop, action: str, status: int
) -> None:
    await api.pay(action=action)
    await api.pay(action=action, extra={"enable_error_webhook": True})

    await stand_in.webhooks.idle()

    assert [(notice["webhook_type"], notice["status"]) for notice in shop.heard] == [("PAYMENT_REQUEST_FAILED", status)]
