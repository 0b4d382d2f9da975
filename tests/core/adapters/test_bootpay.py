"""The contract of the Bootpay client, once against the stand-in and once against written-down answers.

The answers in `answers/` follow the types and samples that Bootpay publishes; none was recorded from a live account.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest
from aiohttp import web

from bot.sandbox.bootpay import BootpayStandIn
from core.adapters.bootpay import Bootpay
from core.errors import ProviderRefused, ProviderUnclear
from tests.sandbox.bootpay.conftest import CLIENT_KEY, SECRET_KEY, payload

NOW = datetime(2026, 11, 22, 3, 0, 9, tzinfo=UTC)
ANSWERS = Path(__file__).parent / "answers"
UNKNOWN = "000000000000000000000000"


class Provider(Protocol):
    """Something that speaks Bootpay and holds a receipt in the wished state."""

    url: str

    def receipt_in(self, state: str) -> str: ...


@dataclass
class Acted:
    """The stand-in, brought into the wished state."""

    stand_in: BootpayStandIn
    url: str

    def receipt_in(self, state: str) -> str:
        if state == "opened":
            self.stand_in.open_window(payload())
        else:
            self.stand_in.pay(
                payload(extra={"separately_confirmed": state in ("approved", "declining", "confirm unclear")})
            )
        troubles = {
            "declining": "decline_at_confirm",
            "confirm unclear": "confirm_critical_then_paid",
            "cancel unclear": "cancel_critical_after_effect",
        }
        if state in troubles:
            self.stand_in.faults.add("bill42a1", troubles[state])
        receipt_id: str = self.stand_in.receipts()[-1]["receipt_id"]
        return receipt_id


@dataclass
class Written:
    """The written-down answers, found by the exact call."""

    url: str

    def receipt_in(self, state: str) -> str:
        states = ["opened", "approved", "paid", "cancelled", "declining", "confirm unclear", "cancel unclear"]
        return f"65f0c0de000000000000000{states.index(state)}"


async def _replay(request: web.Request) -> web.Response:
    asked: dict[str, Any] = {"method": request.method, "path": request.match_info["path"]}
    if request.can_read_body:
        asked["wish"] = await request.json()
    for file in sorted(ANSWERS.glob("*.json")):
        answer = json.loads(file.read_text(encoding="utf-8"))
        if answer["asked"] == asked:
            return web.json_response(answer["body"], status=answer["status"])
    raise AssertionError(f"no answer is written down for {asked}")


@pytest.fixture
async def acted() -> AsyncIterator[Acted]:
    stand_in = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=lambda: NOW)
    await stand_in.start()
    yield Acted(stand_in, stand_in.api_url)
    await stand_in.close()


@pytest.fixture
async def written() -> AsyncIterator[Written]:
    app = web.Application()
    app.router.add_route("*", "/v2/{path:.+}", _replay)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Written("http://{}:{}/v2".format(*runner.addresses[0][:2]))
    await runner.cleanup()


@pytest.fixture(params=["stand-in", "written answers"])
def provider(request: pytest.FixtureRequest, acted: Acted, written: Written) -> Provider:
    return acted if request.param == "stand-in" else written


@pytest.fixture
async def bootpay(provider: Provider) -> AsyncIterator[Bootpay]:
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=provider.url)
    yield client
    await client.close()


async def test_an_opened_receipt_has_no_method_yet(bootpay: Bootpay, provider: Provider) -> None:
    receipt = await bootpay.receipt(provider.receipt_in("opened"))

    assert (receipt.status, receipt.method, receipt.purchased_at, receipt.receipt_url) == (0, None, None, None)


async def test_an_approved_receipt_is_read_without_being_charged(bootpay: Bootpay, provider: Provider) -> None:
    receipt_id = provider.receipt_in("approved")

    receipt = await bootpay.receipt(receipt_id)

    assert receipt.receipt_id == receipt_id
    assert (receipt.status, receipt.order_id, receipt.price_won, receipt.cancelled_won) == (2, "bill42a1", 4250, 0)
    assert (receipt.currency, receipt.sandbox, receipt.method) == ("KRW", True, "카드")
    assert (receipt.purchased_at, receipt.cancelled_at, receipt.receipt_url) == (None, None, None)


async def test_a_paid_receipt_tells_when_and_where_its_slip_is(bootpay: Bootpay, provider: Provider) -> None:
    receipt = await bootpay.receipt(provider.receipt_in("paid"))

    assert receipt.status == 1
    assert receipt.purchased_at == NOW
    assert receipt.receipt_url is not None
    assert receipt.receipt_url.endswith(receipt.receipt_id)


async def test_an_order_tells_its_receipts(bootpay: Bootpay, provider: Provider) -> None:
    receipt_id = provider.receipt_in("paid")

    receipts = await bootpay.receipts_of_order("bill42a1")

    assert [(receipt.receipt_id, receipt.status) for receipt in receipts] == [(receipt_id, 1)]


async def test_an_order_nobody_paid_has_no_receipts(bootpay: Bootpay) -> None:
    assert await bootpay.receipts_of_order("nothing") == []


async def test_an_unknown_receipt_is_refused(bootpay: Bootpay) -> None:
    with pytest.raises(ProviderRefused) as refused:
        await bootpay.receipt(UNKNOWN)

    assert refused.value.code == "RC_NOT_FOUND"
    assert refused.value.message == "영수증 정보를 찾을 수 없습니다."


async def test_confirm_turns_an_approval_into_a_payment(bootpay: Bootpay, provider: Provider) -> None:
    receipt = await bootpay.confirm(provider.receipt_in("approved"))

    assert (receipt.status, receipt.price_won, receipt.purchased_at) == (1, 4250, NOW)


@pytest.mark.parametrize(("state", "code"), [("paid", "RC_NOT_CONFIRM_READY"), ("declining", "RC_CONFIRM_FAILED")])
async def test_a_confirm_that_is_refused_names_the_code(
    bootpay: Bootpay, provider: Provider, state: str, code: str
) -> None:
    with pytest.raises(ProviderRefused) as refused:
        await bootpay.confirm(provider.receipt_in(state))

    assert refused.value.code == code


async def test_a_confirm_that_bootpay_is_unsure_of_is_unclear(bootpay: Bootpay, provider: Provider) -> None:
    with pytest.raises(ProviderUnclear):
        await bootpay.confirm(provider.receipt_in("confirm unclear"))


async def test_a_whole_cancel_gives_everything_back(bootpay: Bootpay, provider: Provider) -> None:
    receipt_id = provider.receipt_in("paid")

    receipt = await bootpay.cancel(receipt_id, cancel_id="rf1", amount_won=None, by="TWO", reason="파티 취소")

    assert (receipt.status, receipt.price_won, receipt.cancelled_won) == (20, 4250, 4250)
    assert receipt.cancelled_at is not None


async def test_a_part_is_told_by_the_amount_not_by_the_status(bootpay: Bootpay, provider: Provider) -> None:
    receipt_id = provider.receipt_in("paid")

    receipt = await bootpay.cancel(receipt_id, cancel_id="rf1", amount_won=2000, by="TWO", reason="파티 취소")

    assert (receipt.price_won, receipt.cancelled_won) == (4250, 2000)


async def test_more_than_was_paid_is_refused(bootpay: Bootpay, provider: Provider) -> None:
    receipt_id = provider.receipt_in("paid")

    with pytest.raises(ProviderRefused) as refused:
        await bootpay.cancel(receipt_id, cancel_id="rf1", amount_won=4251, by="TWO", reason="파티 취소")

    assert refused.value.code == "RC_CANCEL_SERVER_ERROR"


async def test_a_cancel_that_bootpay_is_unsure_of_is_unclear(bootpay: Bootpay, provider: Provider) -> None:
    receipt_id = provider.receipt_in("cancel unclear")

    with pytest.raises(ProviderUnclear):
        await bootpay.cancel(receipt_id, cancel_id="rf1", amount_won=None, by="TWO", reason="파티 취소")


async def test_what_is_cancelled_already_is_refused(bootpay: Bootpay, provider: Provider) -> None:
    if isinstance(provider, Acted):
        receipt_id = provider.receipt_in("paid")
        await bootpay.cancel(receipt_id, cancel_id="rf0", amount_won=None, by="TWO", reason="파티 취소")
    else:
        receipt_id = provider.receipt_in("cancelled")

    with pytest.raises(ProviderRefused) as refused:
        await bootpay.cancel(receipt_id, cancel_id="rf1", amount_won=None, by="TWO", reason="파티 취소")

    assert refused.value.code == "RC_ALREADY_CANCELLED"


@pytest.mark.parametrize(
    ("kind", "charges"),
    [
        ("html_502", 0),
        ("html_502_after_effect", 1),
        ("too_many_requests", 0),
        ("broken_json", 1),
        ("confirm_critical", 0),
        ("confirm_dropped_after_charging", 1),
    ],
)
async def test_a_confirm_whose_answer_tells_nothing_is_unclear_whatever_happened(
    acted: Acted, kind: str, charges: int
) -> None:
    receipt_id = acted.receipt_in("approved")
    acted.stand_in.faults.add("bill42a1", kind)
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url)

    with pytest.raises(ProviderUnclear):
        await client.confirm(receipt_id)

    assert acted.stand_in.receipts()[0]["charges"] == charges
    assert (await client.receipt(receipt_id)).status == (1 if charges else 2)
    await client.close()


@pytest.mark.parametrize(("kind", "status"), [("confirm_timeout_after_charging", 1), ("confirm_timeout_before", 2)])
async def test_a_confirm_that_hangs_is_unclear_after_the_time_out(
    acted: Acted, monkeypatch: pytest.MonkeyPatch, kind: str, status: int
) -> None:
    receipt_id = acted.receipt_in("approved")
    acted.stand_in.faults.add("bill42a1", kind)
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url, timeout_s=15)
    call = asyncio.create_task(client.confirm(receipt_id))
    await acted.stand_in.until_hanging()

    loop = asyncio.get_running_loop()
    hung_at = loop.time()
    monkeypatch.setattr(loop, "time", lambda: hung_at + 15)
    with pytest.raises(ProviderUnclear, match="no answer in 15 s"):
        await call
    monkeypatch.undo()

    assert (await client.receipt(receipt_id)).status == status
    await client.close()


async def test_a_firewalls_page_is_a_refusal_without_a_code_of_bootpays(acted: Acted) -> None:
    receipt_id = acted.receipt_in("approved")
    acted.stand_in.faults.add("bill42a1", "html_403")
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url)

    with pytest.raises(ProviderRefused) as refused:
        await client.confirm(receipt_id)

    assert refused.value.code == "HTTP_403"
    await client.close()


async def test_a_single_401_costs_nothing_and_charges_once(acted: Acted) -> None:
    receipt_id = acted.receipt_in("approved")
    acted.stand_in.faults.add("bill42a1", "unauthorized_once")
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url)

    receipt = await client.confirm(receipt_id)

    assert receipt.status == 1
    assert acted.stand_in.receipts()[0]["charges"] == 1
    await client.close()


async def test_a_tampered_price_is_seen_before_the_confirm(acted: Acted) -> None:
    acted.stand_in.faults.add("bill42a1", "tampered_price", value=10)
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url)

    receipt = await client.receipt(acted.receipt_in("approved"))

    assert (receipt.status, receipt.price_won) == (2, 10)
    await client.close()


@pytest.mark.parametrize("kind", ["fraction_price", "missing_price"])
async def test_a_receipt_without_a_whole_price_is_unclear(acted: Acted, kind: str) -> None:
    receipt_id = acted.receipt_in("approved")
    acted.stand_in.faults.add("bill42a1", kind)
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url)

    with pytest.raises(ProviderUnclear, match="price"):
        await client.receipt(receipt_id)

    await client.close()


@pytest.mark.parametrize("state", ["opened", "approved", "paid"])
async def test_the_stand_in_tells_every_field_of_the_written_receipt(acted: Acted, state: str) -> None:
    written = json.loads((ANSWERS / f"receipt_{state}.json").read_text(encoding="utf-8"))["body"]
    receipt_id = acted.receipt_in(state)
    client = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=acted.url)

    told = await client._call("GET", f"receipt/{receipt_id}")

    assert isinstance(told, dict)
    assert {name: type(value) for name, value in told.items()} == {name: type(value) for name, value in written.items()}
    assert set(written.get("card_data", {})) <= set(told.get("card_data", {}))
    await client.close()
