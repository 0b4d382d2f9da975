"""The stand-in's REST API: keys, receipts, confirm and cancel."""

from __future__ import annotations

import asyncio

import aiohttp
import pytest

from bot.sandbox.bootpay import BootpayStandIn
from tests.sandbox.bootpay.conftest import BASIC, CLIENT_KEY, SECRET_KEY, Api, Clock


async def test_basic_keys_open_every_call(api: Api) -> None:
    receipt_id = await api.pay()

    status, receipt = await api.ask("GET", f"receipt/{receipt_id}?lookup_user_data=false")

    assert (status, receipt["receipt_id"], receipt["order_id"]) == (200, receipt_id, "bill42a1")


@pytest.mark.parametrize(
    ("client_key", "secret_key", "code"),
    [("somebody else", SECRET_KEY, "APP_KEY_NOT_FOUND"), (CLIENT_KEY, "wrong", "APP_SK_NOT_MATCHED")],
)
async def test_wrong_keys_are_told_apart(api: Api, client_key: str, secret_key: str, code: str) -> None:
    basic = await api.ask("GET", "receipt/x", authorization=aiohttp.encode_basic_auth(client_key, secret_key))
    token = await api.ask(
        "POST", "request/token", {"application_id": client_key, "private_key": secret_key}, authorization=""
    )

    assert (basic[0], basic[1]["error_code"]) == (401, code)
    assert (token[0], token[1]["error_code"]) == (401, code)


@pytest.mark.parametrize("header", ["", "Basic ???", "Bearer " + "0" * 64, "Digest abc"])
async def test_a_call_without_a_usable_key_is_refused(api: Api, header: str) -> None:
    status, said = await api.ask("GET", "receipt/x", authorization=header)

    assert (status, said["error_code"]) == (401, "TOKEN_KEY_INVALID")


async def test_a_token_stays_the_same_for_25_minutes_and_dies_after_30(api: Api, clock: Clock) -> None:
    keys = {"application_id": CLIENT_KEY, "private_key": SECRET_KEY}
    _, first = await api.ask("POST", "request/token", keys, authorization="")
    bearer = f"Bearer {first['access_token']}"

    clock.forward(minutes=24)
    _, same = await api.ask("POST", "request/token", keys, authorization="")
    clock.forward(minutes=2)
    _, other = await api.ask("POST", "request/token", keys, authorization="")
    alive, _ = await api.ask("GET", "receipt/unknown", authorization=bearer)
    clock.forward(minutes=5)
    dead, _ = await api.ask("GET", "receipt/unknown", authorization=bearer)

    assert first["expire_in"] == 1800
    assert len(first["access_token"]) == 64
    assert same == first
    assert other != first
    assert (alive, dead) == (404, 401)


async def test_basic_can_be_switched_off_and_tokens_can_be_revoked(api: Api, stand_in: BootpayStandIn) -> None:
    _, token = await api.ask("POST", "request/token", {"application_id": CLIENT_KEY, "private_key": SECRET_KEY})
    stand_in.keys.accepts_basic = False

    basic = await api.ask("GET", "receipt/unknown")
    bearer, _ = await api.ask("GET", "receipt/unknown", authorization=f"Bearer {token['access_token']}")
    stand_in.keys.revoke_tokens()
    revoked, _ = await api.ask("GET", "receipt/unknown", authorization=f"Bearer {token['access_token']}")

    assert (basic[0], basic[1]["error_code"]) == (401, "TOKEN_KEY_INVALID")
    assert (bearer, revoked) == (404, 401)


async def test_an_unknown_receipt_or_order_is_not_found(api: Api) -> None:
    for method, path, body in [
        ("GET", "receipt/000000000000000000000000", None),
        ("GET", "lookup/order/nothing", None),
        ("POST", "confirm", {"receipt_id": "000000000000000000000000"}),
        ("POST", "confirm", {}),
        ("POST", "confirm", [1]),
        ("POST", "cancel", {"receipt_id": 7}),
    ]:
        status, said = await api.ask(method, path, body)

        assert (status, said["error_code"]) == (404, "RC_NOT_FOUND"), path


@pytest.mark.parametrize("raw", [b"", b"{", b"receipt_id=1", b"\xff"])
async def test_a_body_that_is_no_json_finds_nothing(api: Api, stand_in: BootpayStandIn, raw: bytes) -> None:
    headers = {"Authorization": BASIC, "Content-Type": "application/json"}

    async with api.http.post(f"{stand_in.api_url}/confirm", data=raw, headers=headers) as response:
        said = await response.json()

    assert (response.status, said["error_code"]) == (404, "RC_NOT_FOUND")


async def test_an_order_tells_all_its_receipts(api: Api) -> None:
    ids = [await api.pay(), await api.pay(action="close"), await api.pay()]
    await api.pay(order_id="another")

    status, receipts = await api.ask("GET", "lookup/order/bill42a1")

    assert status == 200
    assert [(receipt["receipt_id"], receipt["status"]) for receipt in receipts] == list(
        zip(ids, [2, -15, 2], strict=True)
    )


async def test_confirm_charges_an_approved_receipt_once(api: Api) -> None:
    receipt_id = await api.pay()

    first = await api.ask("POST", "confirm", {"receipt_id": receipt_id})
    second = await api.ask("POST", "confirm", {"receipt_id": receipt_id})

    assert (first[0], first[1]["status"], first[1]["price"]) == (200, 1, 4250)
    assert first[1]["purchased_at"] == "2026-11-22T12:00:00+09:00"
    assert first[1]["card_data"]["card_company"] == "하늘카드"
    assert (second[0], second[1]["error_code"]) == (400, "RC_NOT_CONFIRM_READY")
    assert (await api.counted(receipt_id))["charges"] == 1


async def test_twenty_confirms_at_once_charge_once(api: Api) -> None:
    receipt_id = await api.pay()

    answers = await asyncio.gather(*(api.ask("POST", "confirm", {"receipt_id": receipt_id}) for _ in range(20)))

    assert sorted(status for status, _ in answers) == [200] + [400] * 19
    counted = await api.counted(receipt_id)
    assert (counted["charges"], counted["charged"], counted["confirms_asked"]) == (1, 4250, 20)


async def test_cancels_add_up_and_never_give_back_more_than_was_paid(api: Api) -> None:
    receipt_id = await api.paid(price=5000)

    part = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf1", "cancel_price": 2000})
    too_much = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf2", "cancel_price": 3001})
    rest = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf3"})
    again = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf4"})

    assert (part[1]["status"], part[1]["cancelled_price"]) == (1, 2000)
    assert (too_much[0], too_much[1]["error_code"]) == (400, "RC_CANCEL_SERVER_ERROR")
    assert (rest[1]["status"], rest[1]["cancelled_price"]) == (20, 5000)
    assert rest[1]["cancelled_at"] is not None
    assert (again[0], again[1]["error_code"]) == (400, "RC_ALREADY_CANCELLED")
    counted = await api.counted(receipt_id)
    assert (counted["cancels"], counted["cancelled"], counted["cancel_ids"]) == (2, 5000, ["rf1", "rf3"])


@pytest.mark.parametrize("amount", [0, -1, "2000", True, 999])
async def test_an_odd_or_too_small_part_is_refused(api: Api, amount: object) -> None:
    receipt_id = await api.paid()

    status, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_price": amount})

    assert (status, said["error_code"]) == (400, "RC_CANCEL_SERVER_ERROR")
    assert (await api.counted(receipt_id))["cancelled"] == 0


async def test_the_last_part_may_be_small(api: Api) -> None:
    receipt_id = await api.paid(price=1500)
    await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_price": 1000})

    status, receipt = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_price": 500})

    assert (status, receipt["status"], receipt["cancelled_price"]) == (200, 20, 1500)


async def test_what_was_never_charged_cannot_be_cancelled(api: Api) -> None:
    receipt_id = await api.pay()

    status, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id})

    assert (status, said["error_code"]) == (400, "RC_CANCEL_SERVER_ERROR")


async def test_a_repeated_cancel_id_gives_nothing_back_in_either_mode(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = await api.paid(price=5000)
    wish = {"receipt_id": receipt_id, "cancel_id": "rf1", "cancel_price": 2000}
    await api.ask("POST", "cancel", wish)

    refused = await api.ask("POST", "cancel", wish)
    stand_in.faults.add("*", "repeated_cancel_same")
    same = await api.ask("POST", "cancel", wish)

    assert (refused[0], refused[1]["error_code"]) == (400, "RC_CANCEL_SERVER_ERROR")
    assert (same[0], same[1]["cancelled_price"]) == (200, 2000)
    assert (await api.counted(receipt_id))["cancels"] == 1


async def test_a_further_cancel_at_once_is_refused_when_told_to(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = await api.paid(price=5000)
    stand_in.faults.add("*", "cancels_need_a_pause")
    await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf1", "cancel_price": 2000})

    status, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf2", "cancel_price": 2000})

    assert (status, said["error_code"]) == (400, "RC_CANCEL_SERVER_ERROR")
    assert (await api.counted(receipt_id))["cancels"] == 1


async def test_a_repeated_id_of_a_whole_cancel_says_already_cancelled(api: Api, stand_in: BootpayStandIn) -> None:
    receipt_id = await api.paid()
    stand_in.faults.add("bill42a1", "repeated_cancel_error")
    await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf1"})

    status, said = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_id": "rf1"})

    assert (status, said["error_code"]) == (400, "RC_ALREADY_CANCELLED")
    assert stand_in.faults.on() == []


@pytest.mark.parametrize(("kind", "told"), [("partial_cancel_status_20", 20), ("partial_cancel_status_1", 1)])
async def test_a_partial_cancel_can_tell_either_status(
    api: Api, stand_in: BootpayStandIn, kind: str, told: int
) -> None:
    receipt_id = await api.paid(price=5000)
    stand_in.faults.add("bill42a1", kind)

    _, part = await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_price": 2000})
    _, rest = await api.ask("POST", "cancel", {"receipt_id": receipt_id})

    assert (part["status"], part["cancelled_price"]) == (told, 2000)
    assert (rest["status"], rest["cancelled_price"]) == (20, 5000)
    assert stand_in.faults.on() == []


async def test_an_approval_lapses_when_its_time_is_over(api: Api, clock: Clock) -> None:
    receipt_id = await api.pay(extra={"timeout": 10})

    clock.forward(minutes=9, seconds=59)
    _, before = await api.ask("GET", f"receipt/{receipt_id}")
    clock.forward(seconds=1)
    _, after = await api.ask("GET", f"receipt/{receipt_id}")
    status, said = await api.ask("POST", "confirm", {"receipt_id": receipt_id})

    assert (before["status"], after["status"]) == (2, -10)
    assert (status, said["error_code"]) == (400, "RC_NOT_CONFIRM_READY")
    assert (await api.counted(receipt_id))["charges"] == 0


async def test_a_paid_receipt_never_lapses(api: Api, clock: Clock) -> None:
    receipt_id = await api.paid()

    clock.forward(days=400)

    assert (await api.ask("GET", f"receipt/{receipt_id}"))[1]["status"] == 1


async def test_the_lapse_switch_waits_for_an_approval(api: Api, stand_in: BootpayStandIn) -> None:
    stand_in.faults.add("bill42a1", "lapse")
    paid_elsewhere = await api.paid(order_id="another")
    receipt_id = await api.pay()

    _, receipt = await api.ask("GET", f"receipt/{receipt_id}")

    assert receipt["status"] == -10
    assert (await api.counted(paid_elsewhere))["status"] == 1
