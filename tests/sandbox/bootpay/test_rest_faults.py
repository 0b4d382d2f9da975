"""What Bootpay's stand-in does wrong when it is told to."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.sandbox.bootpay import BootpayStandIn
from tests.sandbox.bootpay.conftest import BASIC, CLIENT_KEY, SECRET_KEY, Api, Clock


@pytest.mark.parametrize(
    ("kind", "http_status", "status", "charges"),
    [
        ("confirm_critical_then_paid", 500, 1, 1),
        ("confirm_critical", 500, 2, 0),
        ("decline_at_confirm", 400, -2, 0),
        ("html_502", 502, 2, 0),
        ("html_502_after_effect", 502, 1, 1),
        ("html_403", 403, 2, 0),
        ("too_many_requests", 429, 2, 0),
        ("unauthorized_once", 401, 2, 0),
        ("broken_json", 200, 1, 1),
    ],
)
async def test_a_confirm_can_go_wrong_with_and_without_charging(
    api: Api, stand_in: BootpayStandIn, kind: str, http_status: int, status: int, charges: int
) -> None:
    receipt_id = await api.pay()
    stand_in.faults.add("bill42a1", kind)

    async with api.http.post(
        f"{stand_in.api_url}/confirm", json={"receipt_id": receipt_id}, headers={"Authorization": BASIC}
    ) as response:
        said = response.status

    counted = await api.counted(receipt_id)
    assert (said, counted["status"], counted["charges"]) == (http_status, status, charges)
    assert stand_in.faults.on() == []


@pytest.mark.parametrize(
    ("kind", "status", "charges"),
    [("confirm_timeout_after_charging", 1, 1), ("confirm_timeout_before", 2, 0)],
)
async def test_a_confirm_can_hang_until_the_caller_gives_up(
    api: Api, stand_in: BootpayStandIn, kind: str, status: int, charges: int
) -> None:
    receipt_id = await api.pay()
    stand_in.faults.add("bill42a1", kind)
    call = asyncio.create_task(api.ask("POST", "confirm", {"receipt_id": receipt_id}))
    await stand_in.until_hanging()

    counted = await api.counted(receipt_id)

    assert not call.done()
    assert (counted["status"], counted["charges"]) == (status, charges)
    call.cancel()


async def test_a_connection_can_break_after_charging(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = await api.pay()
    stand_in.faults.add("bill42a1", "confirm_dropped_after_charging")

    with pytest.raises(aiohttp.ClientError):
        await api.ask("POST", "confirm", {"receipt_id": receipt_id})

    assert (await api.counted(receipt_id))["charges"] == 1


@pytest.mark.parametrize(
    ("kind", "code", "cancelled"),
    [
        ("cancel_refused", "RC_CANCEL_SERVER_ERROR", 0),
        ("cancel_critical", "RC_CANCEL_CRITICAL_ERROR", 0),
        ("cancel_critical_after_effect", "RC_CANCEL_CRITICAL_ERROR", 4250),
    ],
)
async def test_a_cancel_can_go_wrong_with_and_without_effect(
    api: Api, stand_in: BootpayStandIn, kind: str, code: str, cancelled: int
) -> None:
    receipt_id = await api.paid()
    stand_in.faults.add("*", kind)

    _, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf1"})

    assert said["error_code"] == code
    assert (await api.counted(receipt_id))["cancelled"] == cancelled


@pytest.mark.parametrize(("kind", "cancelled"), [("cancel_timeout_after_effect", 4250), ("cancel_timeout_before", 0)])
async def test_a_cancel_can_hang_until_the_caller_gives_up(
    api: Api, stand_in: BootpayStandIn, kind: str, cancelled: int
) -> None:
    receipt_id = await api.paid()
    stand_in.faults.add("bill42a1", kind)
    call = asyncio.create_task(api.ask("POST", "cancel", {"receipt_id": receipt_id}))
    await stand_in.until_hanging()

    assert (await api.counted(receipt_id))["cancelled"] == cancelled
    assert not call.done()
    call.cancel()


async def test_a_dropped_cancel_took_effect(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = await api.paid()
    stand_in.faults.add("bill42a1", "cancel_dropped_after_effect")

    with pytest.raises(aiohttp.ClientError):
        await api.ask("POST", "cancel", {"receipt_id": receipt_id})

    assert (await api.counted(receipt_id))["cancelled"] == 4250


async def test_a_tampered_price_is_what_gets_charged(api: Api, stand_in: BootpayStandIn) -> None:
    stand_in.faults.add("bill42a1", "tampered_price", value=10)

    receipt_id = await api.paid()

    counted = await api.counted(receipt_id)
    assert (counted["price"], counted["charged"]) == (10, 10)


async def test_the_receipt_can_tell_odd_things(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = await api.pay()
    for kind in ("live_receipt", "fraction_price"):
        stand_in.faults.add("bill42a1", kind)

    _, odd = await api.ask("GET", f"receipt/{receipt_id}")
    stand_in.faults.add("bill42a1", "missing_price")
    _, poor = await api.ask("GET", f"receipt/{receipt_id}")

    assert (odd["sandbox"], odd["price"]) == (False, 4250.5)
    assert "price" not in poor


async def test_an_order_can_leave_out_what_is_not_paid(api: Api, stand_in: BootpayStandIn) -> None:
    await api.pay()
    paid = await api.paid()
    stand_in.faults.add("bill42a1", "unpaid_left_out")

    _, receipts = await api.ask("GET", "lookup/order/bill42a1")

    assert [receipt["receipt_id"] for receipt in receipts] == [paid]


async def test_faults_concern_only_their_order_and_count_down(api: Api, stand_in: BootpayStandIn) -> None:
    mine, other = await api.pay(), await api.pay(order_id="another")
    await api.sandbox("POST", "faults", {"order_id": "bill42a1", "kind": "html_502", "times": 2})

    statuses = []
    for receipt_id in (other, mine, mine, mine):
        async with api.http.get(
            f"{stand_in.api_url}/receipt/{receipt_id}", headers={"Authorization": BASIC}
        ) as response:
            statuses.append(response.status)

    assert statuses == [200, 502, 502, 200]


@pytest.mark.parametrize(
    "wish", [{"kind": "nonsense"}, {"kind": "html_502", "times": 0}, {"kind": "html_502", "times": "2"}, {}, []]
)
async def test_an_unusable_fault_is_refused(api: Api, stand_in: BootpayStandIn, wish: object) -> None:
    status, said = await api.sandbox("POST", "faults", wish)

    assert status == 400
    assert said["error"]
    assert stand_in.faults.on() == []


async def test_faults_can_be_listed_and_cleared(api: Api) -> None:
    await api.sandbox("POST", "faults", {"kind": "html_502", "times": None})

    _, listed = await api.sandbox("GET", "faults")
    _, cleared = await api.sandbox("DELETE", "faults")

    assert listed["on"] == [{"order_id": "*", "kind": "html_502", "left": None, "value": None}]
    assert "lapse" in listed["kinds"]
    assert cleared == {"on": []}


async def test_a_closed_stand_in_lets_hanging_callers_go(clock: Clock) -> None:
    stand_in = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=clock)
    await stand_in.start()
    async with aiohttp.ClientSession() as http:
        api = Api(stand_in, http)
        receipt_id = await api.pay()
        stand_in.faults.add("*", "confirm_timeout_before")
        url = f"{stand_in.api_url}/confirm"
        call = asyncio.create_task(http.post(url, json={"receipt_id": receipt_id}, headers={"Authorization": BASIC}))
        await stand_in.until_hanging()

        await stand_in.close()

        async with await call as response:
            assert response.status == 502


async def test_a_stand_in_that_is_not_started_has_no_address(clock: Clock) -> None:
    stand_in = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=clock)

    with pytest.raises(RuntimeError):
        _ = stand_in.url
