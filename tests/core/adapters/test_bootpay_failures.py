"""The Bootpay client against a server that says exactly what a test wants: keys, odd answers and kept secrets."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from core.adapters.bootpay import TOKEN_GOOD_FOR_S, Bootpay, Receipt
from core.errors import ProviderError, ProviderRefused, ProviderUnclear
from tests.sandbox.bootpay.conftest import BASIC, CLIENT_KEY, SECRET_KEY

ID = "65f0c0de0000000000000001"

RECEIPT: dict[str, Any] = {
    "receipt_id": ID,
    "order_id": "bill42a1",
    "price": 4250,
    "cancelled_price": 0,
    "sandbox": True,
    "status": 1,
    "method": "카드",
    "receipt_url": None,
    "purchased_at": "2026-11-22T12:00:09+09:00",
}
UNAUTHORISED = (401, {"error_code": "TOKEN_KEY_INVALID", "message": "만료"})


def _token(letter: str) -> tuple[int, dict[str, object]]:
    return 200, {"access_token": letter * 64, "expire_in": 1800}


@dataclass
class Script:
    """Gives its replies in turn and keeps what was asked."""

    url: str = ""
    replies: list[tuple[int, object]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    wishes: list[Any] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append((request.method, request.path_qs))
        self.keys.append(request.headers.get("Authorization", ""))
        self.wishes.append(await request.json() if request.can_read_body else None)
        status, body = self.replies.pop(0)
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        return web.Response(status=status, body=raw, content_type="application/json", headers=self.headers)


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    script = Script()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    script.url = "http://{}:{}".format(*runner.addresses[0][:2])
    yield script
    await runner.cleanup()


@dataclass
class Uptime:
    """A monotonic clock that moves only when told."""

    seconds: float = 0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def uptime() -> Uptime:
    return Uptime()


@pytest.fixture
async def bootpay(script: Script, uptime: Uptime) -> AsyncIterator[Bootpay]:
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=script.url + "/", monotonic=uptime)
    yield client
    await client.close()


async def test_basic_comes_first_with_the_headers_of_bootpays_own_client(bootpay: Bootpay, script: Script) -> None:
    script.replies = [(200, RECEIPT)]

    await bootpay.receipt(ID)

    assert script.asked == [("GET", f"/receipt/{ID}?lookup_user_data=false")]
    assert script.keys == [BASIC]


async def test_a_401_falls_back_to_a_token_that_is_kept_for_25_minutes(
    bootpay: Bootpay, script: Script, uptime: Uptime
) -> None:
    script.replies = [UNAUTHORISED, _token("a"), (200, RECEIPT), (200, RECEIPT), (200, RECEIPT)]

    await bootpay.receipt(ID)
    uptime.seconds = TOKEN_GOOD_FOR_S - 1
    await bootpay.receipt(ID)
    uptime.seconds = TOKEN_GOOD_FOR_S
    await bootpay.receipt(ID)

    assert script.keys == [BASIC, "", "Bearer " + "a" * 64, "Bearer " + "a" * 64, BASIC]
    assert script.wishes[1] == {"application_id": CLIENT_KEY, "private_key": SECRET_KEY}


async def test_an_expired_token_is_issued_anew_once(bootpay: Bootpay, script: Script) -> None:
    script.replies = [
        UNAUTHORISED, _token("a"), (200, RECEIPT),
        UNAUTHORISED, _token("b"), (200, RECEIPT),
    ]  # fmt: skip

    await bootpay.receipt(ID)
    await bootpay.confirm(ID)

    assert script.keys[3:] == ["Bearer " + "a" * 64, "", "Bearer " + "b" * 64]


async def test_a_key_that_stays_refused_is_a_refusal_after_one_new_token(bootpay: Bootpay, script: Script) -> None:
    script.replies = [UNAUTHORISED, _token("a"), UNAUTHORISED, (200, RECEIPT)]

    with pytest.raises(ProviderRefused) as refused:
        await bootpay.confirm(ID)
    await bootpay.receipt(ID)

    assert refused.value.code == "TOKEN_KEY_INVALID"
    assert script.keys[3] == BASIC


@pytest.mark.parametrize("code", ["APP_KEY_NOT_REST", "APP_SK_NOT_MATCHED", "APP_KEY_NOT_FOUND"])
async def test_wrong_keys_are_named_by_the_token_call(bootpay: Bootpay, script: Script, code: str) -> None:
    script.replies = [UNAUTHORISED, (401, {"error_code": code, "message": ""})]

    with pytest.raises(ProviderRefused) as refused:
        await bootpay.receipt(ID)

    assert refused.value.code == code


@pytest.mark.parametrize("body", [{}, [], {"access_token": ""}, {"access_token": "a\r\nb"}, {"access_token": 7}, b"<"])
async def test_a_token_that_cannot_be_used_is_unclear(bootpay: Bootpay, script: Script, body: object) -> None:
    script.replies = [UNAUTHORISED, (200, body)]

    with pytest.raises(ProviderUnclear):
        await bootpay.receipt(ID)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {"error_code": "SERVER_ERROR", "message": ""}),
        (502, b"<html>502 Bad Gateway</html>"),
        (503, b""),
        (408, {}),
        (425, {}),
        (429, {"error_code": "TOO_MANY", "message": ""}),
        (400, {"error_code": "RC_CONFIRM_CRITICAL_FAILED", "message": ""}),
        (200, {"error_code": "RC_CANCEL_CRITICAL_ERROR", "message": ""}),
        (200, b"<html>welcome</html>"),
        (200, b""),
        (200, b"null"),
        (200, b'{"receipt_id": '),
        (200, b"\xff\xfe"),
        (200, b"[" * 100_000),
        (200, [RECEIPT]),
        (200, {}),
        (204, b""),
        (302, b""),
        (304, b""),
    ],
)
async def test_an_answer_that_does_not_tell_what_happened_is_unclear(
    bootpay: Bootpay, script: Script, status: int, body: object
) -> None:
    script.replies = [(status, body)]

    with pytest.raises(ProviderUnclear):
        await bootpay.confirm(ID)


async def test_a_redirect_is_not_followed(bootpay: Bootpay, script: Script) -> None:
    script.headers = {"Location": "/elsewhere"}
    script.replies = [(307, b""), (200, RECEIPT)]

    with pytest.raises(ProviderUnclear, match="307"):
        await bootpay.confirm(ID)

    assert script.asked == [("POST", "/confirm")]


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error_code": "RC_CONFIRM_FAILED", "message": "한도 초과"}, "RC_CONFIRM_FAILED"),
        (200, {"error_code": "RC_NOT_CONFIRM_READY"}, "RC_NOT_CONFIRM_READY"),
        (400, {"error_code": -2410, "message": None}, "-2410"),
        (403, b"<html>blocked</html>", "HTTP_403"),
        (404, [], "HTTP_404"),
    ],
)
async def test_a_clear_no_is_a_refusal_with_its_code(
    bootpay: Bootpay, script: Script, status: int, body: object, code: str
) -> None:
    script.replies = [(status, body)]

    with pytest.raises(ProviderRefused) as refused:
        await bootpay.confirm(ID)

    assert refused.value.code == code


async def test_a_long_message_is_cut(bootpay: Bootpay, script: Script) -> None:
    script.replies = [(400, {"error_code": "RC_CONFIRM_FAILED", "message": "가" * 5000})]

    with pytest.raises(ProviderRefused) as refused:
        await bootpay.confirm(ID)

    assert len(refused.value.message) == 200


@pytest.mark.parametrize(
    "odd",
    [
        {"receipt_id": None},
        {"receipt_id": "65f0c0de0000000000000009"},
        {"order_id": ""},
        {"order_id": 42},
        {"price": None},
        {"price": "4250"},
        {"price": True},
        {"price": -1},
        {"price": 4250.5},
        {"price": 1e300},
        {"price": float("nan")},
        {"cancelled_price": None},
        {"cancelled_price": 0.01},
        {"status": None},
        {"status": "1"},
        {"status": True},
        {"status": 1.5},
        {"sandbox": None},
        {"sandbox": 1},
        {"currency": 410},
    ],
)
async def test_a_receipt_with_an_odd_field_is_unclear(bootpay: Bootpay, script: Script, odd: dict[str, object]) -> None:
    script.replies = [(200, {**RECEIPT, **odd})]

    with pytest.raises(ProviderUnclear):
        await bootpay.receipt(ID)


@pytest.mark.parametrize("field", ["receipt_id", "order_id", "price", "cancelled_price", "status", "sandbox"])
async def test_a_receipt_with_a_missing_field_is_unclear(bootpay: Bootpay, script: Script, field: str) -> None:
    script.replies = [(200, {name: value for name, value in RECEIPT.items() if name != field})]

    with pytest.raises(ProviderUnclear):
        await bootpay.receipt(ID)


@pytest.mark.parametrize(
    "odd",
    [
        {"method": ["카드"]},
        {"receipt_url": {"url": "https://door.bootpay.co.kr/receipt/1"}},
        {"purchased_at": "yesterday"},
        {"purchased_at": "2026-11-22T12:00:09"},
        {"cancelled_at": 1764000000},
    ],
)
async def test_what_is_only_shown_never_keeps_a_payment_from_being_read(
    bootpay: Bootpay, script: Script, odd: dict[str, object]
) -> None:
    script.replies = [(200, {**RECEIPT, **odd})]

    receipt = await bootpay.receipt(ID)

    assert (receipt.price_won, receipt.status) == (RECEIPT["price"], RECEIPT["status"])
    assert [getattr(receipt, field) for field in odd] == [None]


async def test_a_slip_that_is_told_with_the_card_alone_is_shown(bootpay: Bootpay, script: Script) -> None:
    address = "https://door.bootpay.co.kr/receipt/of-the-card"
    card = {"tid": "T1", "receipt_url": address}
    script.replies = [
        (200, {**RECEIPT, "receipt_url": None, "metadata": {"receipt_url": "https://evil.kr"}, "card_data": card})
    ]

    assert (await bootpay.receipt(ID)).receipt_url == address


async def test_dollars_and_cents_are_another_currency_and_no_riddle(bootpay: Bootpay, script: Script) -> None:
    script.replies = [(200, {**RECEIPT, "currency": "USD", "price": 4.25})]

    receipt = await bootpay.receipt(ID)

    assert (receipt.currency, receipt.price_won) == ("USD", 4)


async def test_whole_won_written_with_a_point_and_a_left_out_currency_are_fine(
    bootpay: Bootpay, script: Script
) -> None:
    script.replies = [(200, json.dumps(RECEIPT).replace("4250", "4250.0").encode())]

    receipt = await bootpay.receipt(ID)

    assert isinstance(receipt, Receipt)
    assert (receipt.price_won, type(receipt.price_won), receipt.currency) == (4250, int, "KRW")


@pytest.mark.parametrize(
    "body", [{}, {"list": []}, [{}], ["receipt"], [{**RECEIPT, "order_id": "of somebody else"}], b"x"]
)
async def test_an_order_that_is_not_a_list_of_its_receipts_is_unclear(
    bootpay: Bootpay, script: Script, body: object
) -> None:
    script.replies = [(200, body)]

    with pytest.raises(ProviderUnclear):
        await bootpay.receipts_of_order("bill42a1")


async def test_an_order_may_be_an_empty_list_or_refused_for_another_reason(bootpay: Bootpay, script: Script) -> None:
    script.replies = [(200, []), (400, {"error_code": "API_PARAM_INVALID", "message": ""})]

    empty = await bootpay.receipts_of_order("bill42a1")
    with pytest.raises(ProviderRefused) as refused:
        await bootpay.receipts_of_order("bill42a1")

    assert empty == []
    assert refused.value.code == "API_PARAM_INVALID"


@pytest.mark.parametrize(
    "receipt_id", ["", "..", "../cancel", "a/b", "a?b", "a#b", "a%2fb", "a b", "영수증", "a" * 65, "a\n"]
)
async def test_an_id_that_could_change_the_call_is_refused_without_asking(
    bootpay: Bootpay, script: Script, receipt_id: str
) -> None:
    for call in (
        bootpay.receipt(receipt_id),
        bootpay.confirm(receipt_id),
        bootpay.cancel(receipt_id, cancel_id="rf1", amount_won=None, by="TWO", reason="환불"),
    ):
        with pytest.raises(ProviderRefused) as refused:
            await call
        assert refused.value.code == "RC_NOT_FOUND"

    assert await bootpay.receipts_of_order(receipt_id) == []
    assert script.asked == []


@pytest.mark.parametrize("amount_won", [0, -1])
async def test_a_cancel_of_nothing_is_a_bug(bootpay: Bootpay, script: Script, amount_won: int) -> None:
    with pytest.raises(ValueError, match="positive"):
        await bootpay.cancel(ID, cancel_id="rf1", amount_won=amount_won, by="TWO", reason="환불")

    assert script.asked == []


async def test_a_server_that_is_not_there_is_unclear() -> None:
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url="http://127.0.0.1:9")

    with pytest.raises(ProviderUnclear, match="GET receipt"):
        await client.receipt(ID)

    await client.close()


async def test_no_message_repr_or_log_line_shows_the_secret(
    bootpay: Bootpay, script: Script, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    away = Bootpay(CLIENT_KEY, SECRET_KEY, base_url="http://127.0.0.1:9")
    script.replies = [UNAUTHORISED, _token("a"), UNAUTHORISED, (502, b"<html>"), (200, b"<html>")]
    shown = [repr(bootpay), str(bootpay)]

    for client in (bootpay, bootpay, bootpay, away):
        with pytest.raises(ProviderError) as raised:
            await client.confirm(ID)
        shown += [repr(raised.value), *traceback.format_exception(raised.value)]
        assert raised.value.__cause__ is None

    for secret in (SECRET_KEY, base64.b64encode(f"{CLIENT_KEY}:{SECRET_KEY}".encode()).decode(), "a" * 64):
        assert secret not in "\n".join([*shown, caplog.text])
    await away.close()


async def test_a_session_that_was_handed_in_is_left_open(script: Script) -> None:
    async with aiohttp.ClientSession() as session:
        client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=script.url, session=session)
        script.replies = [(200, RECEIPT), (200, RECEIPT)]

        await client.receipt(ID)
        await client.close()
        await client.receipt(ID)

        assert not session.closed


async def test_a_client_may_be_closed_twice_and_used_again(bootpay: Bootpay, script: Script) -> None:
    script.replies = [(200, RECEIPT), (200, RECEIPT)]

    await bootpay.receipt(ID)
    await bootpay.close()
    await bootpay.close()

    assert (await bootpay.receipt(ID)).price_won == 4250
