"""Cards on file at Bootpay: what is read of them, what counts as an answer, and a key that nobody gets to see."""

from __future__ import annotations

import logging
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.adapters.bootpay import BillingKey, Bootpay
from core.errors import ProviderError, ProviderRefused, ProviderUnclear
from tests.core.adapters.test_bootpay_failures import RECEIPT, Script, script

__all__ = ["script"]

ID, KEY = "65f0c0de0000000000000001", "66542dfb4d18d5fc7b43e1b6"  # pragma: allowlist secret
ANSWER: dict[str, Any] = {
    "billing_key": KEY,
    "receipt_id": ID,
    "subscription_id": "two_card_1_ab_cd",
    "status": 11,
    "billing_data": {"card_no": "5365********1234", "card_company": "신한카드", "card_company_code": "03"},
}


@pytest.fixture
async def client(script: Script) -> AsyncIterator[Bootpay]:
    bootpay = Bootpay("client", "secret", base_url=script.url)
    yield bootpay
    await bootpay.close()


async def test_a_card_is_read_with_its_company_and_its_last_digits(script: Script, client: Bootpay) -> None:
    script.replies = [(200, ANSWER)]

    card = await client.billing_key(ID)

    assert card == BillingKey(ID, "two_card_1_ab_cd", 11, "신한카드 1234", KEY)
    assert script.asked == [("GET", f"/subscribe/billing_key/{ID}")]
    assert KEY not in repr(card)


@pytest.mark.parametrize(
    ("card", "label"),
    [
        (None, ""),
        ({}, ""),
        ({"card_company": "국민카드"}, "국민카드"),
        ({"card_company": "국" * 50, "card_no": "****"}, "국" * 20),
        ({"card_no": "5365123412345678"}, "5678"),
    ],
)
async def test_a_label_never_holds_more_than_four_digits(
    script: Script, client: Bootpay, card: object, label: str
) -> None:
    script.replies = [(200, {**ANSWER, "billing_data": card})]

    assert (await client.billing_key(ID)).label == label


@pytest.mark.parametrize(
    "broken",
    [
        [],
        {key: value for key, value in ANSWER.items() if key != "billing_key"},
        {**ANSWER, "receipt_id": "65f0c0de0000000000000002"},
        {**ANSWER, "billing_key": "../receipt/1"},
        {**ANSWER, "status": "11"},
    ],
)
async def test_an_odd_answer_is_no_card(script: Script, client: Bootpay, broken: object) -> None:
    script.replies = [(200, broken)]

    with pytest.raises(ProviderUnclear):
        await client.billing_key(ID)


async def test_a_charge_sends_the_bill_and_takes_its_own_receipt_only(script: Script, client: Bootpay) -> None:
    script.replies = [(200, RECEIPT), (200, RECEIPT)]

    paid = await client.pay_with_key(KEY, order_id="bill42a1", order_name="12월", amount_won=4250)
    with pytest.raises(ProviderUnclear):
        await client.pay_with_key(KEY, order_id="bill43a1", order_name="12월", amount_won=4250)

    assert paid.status == 1
    assert script.wishes[0] == {
        "billing_key": KEY,
        "order_id": "bill42a1",
        "order_name": "12월",
        "price": 4250,
        "tax_free": 0,
    }


@pytest.mark.parametrize(
    "reply",
    [
        (500, {"error_code": "SERVER_ERROR", "message": KEY}),
        (400, {"error_code": "SUBSCRIBE_BK_EXPIRED", "message": f"만료된 {KEY}"}),
        (502, b"<html>"),
        (200, b"{"),
    ],
)
@pytest.mark.parametrize("call", ["pay", "delete"])
async def test_no_error_and_no_log_line_holds_the_key(
    script: Script, client: Bootpay, caplog: pytest.LogCaptureFixture, reply: tuple[int, object], call: str
) -> None:
    caplog.set_level(logging.DEBUG)
    script.replies = [reply]

    charge = client.pay_with_key(KEY, order_id="bill42a1", order_name="12월", amount_won=4250)

    with pytest.raises(ProviderError) as caught:
        await (charge if call == "pay" else client.delete_key(KEY))
    charge.close()

    said = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + repr(client)
    assert KEY not in said
    ours = [record for record in caplog.records if record.name != "aiohttp.access"]  # the scripted server's
    assert not [record for record in ours if KEY in record.getMessage()]


async def test_an_unreachable_bootpay_does_not_give_the_key_away(client: Bootpay) -> None:
    nowhere = Bootpay("client", "secret", base_url="http://127.0.0.1:9")

    with pytest.raises(ProviderUnclear) as caught:
        await nowhere.delete_key(KEY)
    await nowhere.close()

    assert KEY not in "".join(traceback.format_exception(caught.value))


async def test_a_no_keeps_bootpays_code(script: Script, client: Bootpay) -> None:
    script.replies = [(400, {"error_code": "SUBSCRIBE_BK_EXPIRED", "message": "만료"})]

    with pytest.raises(ProviderRefused) as caught:
        await client.pay_with_key(KEY, order_id="bill42a1", order_name="12월", amount_won=4250)

    assert caught.value.code == "SUBSCRIBE_BK_EXPIRED"
