"""The stand-in's notices: which are sent, what counts as heard, and every way in which they go astray."""

from __future__ import annotations

import pytest

from bot.sandbox.bootpay import BootpayStandIn
from bot.sandbox.bootpay.webhooks import RETRIES, as_form
from tests.sandbox.bootpay.conftest import CLIENT_KEY, SECRET_KEY, Api, Clock, Shop


async def test_an_approval_that_waits_for_the_confirm_sends_nothing(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    await api.pay()
    await api.pay(action="close")

    await stand_in.webhooks.idle()

    assert shop.heard == []


async def test_a_charge_and_its_cancels_are_announced_as_they_were_then(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    receipt_id = await api.paid(price=5000)
    await stand_in.webhooks.idle()
    await api.ask("POST", "cancel", {"receipt_id": receipt_id, "cancel_price": 2000})
    await stand_in.webhooks.idle()
    await api.ask("POST", "cancel", {"receipt_id": receipt_id})
    await stand_in.webhooks.idle()

    told = [(each["webhook_type"], each["status"], each["cancelled_price"]) for each in shop.heard]
    assert told == [
        ("PAYMENT_COMPLETED", 1, 0),
        ("PAYMENT_PARTIAL_CANCELLED", 1, 2000),
        ("PAYMENT_CANCELLED", 20, 5000),
    ]
    assert {each["order_id"] for each in shop.heard} == {"bill42a1"}


async def test_failures_are_announced(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    declined, paid = await api.pay(order_id="first"), await api.paid(order_id="second")
    stand_in.faults.add("first", "decline_at_confirm")
    stand_in.faults.add("second", "cancel_refused")

    await api.ask("POST", "confirm", {"receipt_id": declined})
    await api.ask("POST", "cancel", {"receipt_id": paid})
    await api.ask("POST", "cancel", {"receipt_id": paid, "cancel_price": 9999})
    await stand_in.webhooks.idle()

    assert sorted(shop.types()) == [
        "PAYMENT_CANCEL_FAILED",
        "PAYMENT_CANCEL_FAILED",
        "PAYMENT_COMPLETED",
        "PAYMENT_CONFIRM_FAILED",
    ]


async def test_a_lapse_is_announced_only_with_common_events(
    api: Api, stand_in: BootpayStandIn, shop: Shop, clock: Clock
) -> None:
    await api.pay(order_id="silent")
    await api.pay(order_id="told", extra={"common_event_webhook": True})
    clock.forward(minutes=30)

    stand_in.lapse_due()
    stand_in.lapse_due()
    await stand_in.webhooks.idle()

    assert [(each["webhook_type"], each["order_id"]) for each in shop.heard] == [("PAYMENT_EXPIRED", "told")]


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (200, "OK"),
        (200, '{"status": 200}'),
        (200, '{"success": "true"}'),
        (200, "[]"),
        (201, '{"success": true}'),
        (500, '{"success": true}'),
        (302, '{"success": true}'),
    ],
)
async def test_any_answer_but_200_with_success_brings_the_notice_again(
    api: Api, stand_in: BootpayStandIn, shop: Shop, status: int, text: str
) -> None:
    shop.replies = [(status, text)]

    await api.paid()
    await stand_in.webhooks.idle()

    assert shop.types() == ["PAYMENT_COMPLETED", "PAYMENT_COMPLETED"]
    _, log = await api.sandbox("GET", "webhooks")
    assert (log[0]["state"], len(log[0]["answers"])) == ("delivered", 2)


async def test_a_shop_that_never_says_success_hears_it_eleven_times(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    shop.replies = [(200, "OK")] * 50

    await api.paid()
    await stand_in.webhooks.idle()

    assert len(shop.heard) == 1 + RETRIES
    assert stand_in.webhooks.log[0].state == "given up"


async def test_a_shop_that_is_not_there_is_given_up(api: Api, stand_in: BootpayStandIn) -> None:
    stand_in.webhook_url = f"{stand_in.url}/nowhere"
    await api.paid()
    stand_in.webhook_url = "http://127.0.0.1:9/bootpay/webhook"
    await api.paid(order_id="another")

    await stand_in.webhooks.idle()

    assert [notice.state for notice in stand_in.webhooks.log] == ["given up", "given up"]


async def test_a_shop_that_does_not_answer_in_time_hears_it_again(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    stand_in.webhooks.answer_within_s = 0.5
    shop.silent_times = 1

    await api.paid()
    await stand_in.webhooks.idle()

    assert stand_in.webhooks.log[0].answers[0] == "TimeoutError"
    assert stand_in.webhooks.log[0].state == "delivered"


async def test_without_an_address_nothing_is_sent(api: Api, stand_in: BootpayStandIn) -> None:
    await api.paid()

    assert stand_in.webhook_url is None
    assert [notice.state for notice in stand_in.webhooks.log] == ["no address"]
    assert (await api.sandbox("POST", "webhooks/forge", {"body": {}}))[0] == 400
    with pytest.raises(ValueError, match="no webhook address"):
        await stand_in.webhooks.forge({})


async def test_a_notice_can_come_several_times(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    stand_in.faults.add("bill42a1", "webhook_duplicate", value=3)

    await api.paid()
    await stand_in.webhooks.idle()

    assert shop.types() == ["PAYMENT_COMPLETED"] * 3


async def test_a_notice_can_get_lost(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    stand_in.faults.add("bill42a1", "webhook_lost")

    await api.paid()
    await stand_in.webhooks.idle()

    assert shop.heard == []
    assert stand_in.webhooks.log[0].state == "lost"


async def test_a_notice_can_be_held_until_it_is_released(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    stand_in.faults.add("bill42a1", "webhook_delayed")
    await api.paid()
    await stand_in.webhooks.idle()
    before = list(shop.heard)

    _, released = await api.sandbox("POST", "webhooks/release")
    await stand_in.webhooks.idle()

    assert before == []
    assert released == {"released": 1}
    assert shop.types() == ["PAYMENT_COMPLETED"]


async def test_a_delay_in_seconds_and_the_shops_own_follow_the_scale(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    stand_in.faults.add("first", "webhook_delayed", value=3600)

    await api.paid(order_id="first")
    await api.paid(order_id="second", extra={"webhook_delay_duration": 600})
    await stand_in.webhooks.idle()

    assert shop.types() == ["PAYMENT_COMPLETED"] * 2


async def test_a_notice_can_be_overtaken_by_the_next(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    stand_in.faults.add("bill42a1", "webhook_out_of_order")

    receipt_id = await api.paid()
    await api.ask("POST", "cancel", {"receipt_id": receipt_id})
    await stand_in.webhooks.idle()

    assert shop.types() == ["PAYMENT_CANCELLED", "PAYMENT_COMPLETED"]


async def test_a_notice_that_nothing_overtakes_is_released(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    stand_in.faults.add("bill42a1", "webhook_out_of_order")
    await api.paid()

    released = stand_in.webhooks.release()
    await stand_in.webhooks.idle()

    assert released == 1
    assert shop.types() == ["PAYMENT_COMPLETED"]


async def test_a_notice_can_arrive_before_the_confirm_is_answered(
    api: Api, stand_in: BootpayStandIn, shop: Shop
) -> None:
    stand_in.faults.add("bill42a1", "webhook_before_answer")

    await api.paid()

    assert shop.types() == ["PAYMENT_COMPLETED"]


async def test_a_notice_can_come_as_a_form(api: Api, stand_in: BootpayStandIn, shop: Shop) -> None:
    stand_in.faults.add("bill42a1", "webhook_form")

    await api.paid()
    await stand_in.webhooks.idle()

    assert shop.content_types == ["application/x-www-form-urlencoded"]
    heard = shop.heard[0]
    assert (heard["webhook_type"], heard["price"], heard["sandbox"]) == ("PAYMENT_COMPLETED", "4250", "true")
    assert (heard["metadata[bill]"], heard["card_data[card_quota]"]) == ("42", "00")


async def test_a_stranger_can_forge_a_notice(api: Api, shop: Shop) -> None:
    body = {"webhook_type": "PAYMENT_COMPLETED", "receipt_id": "made up", "status": 1}

    status, said = await api.sandbox("POST", "webhooks/forge", {"body": body})
    await api.sandbox("POST", "webhooks/forge", {"body": body, "form": True})

    assert (status, said) == (200, {"status": 200, "text": '{"success": true}'})
    assert shop.heard == [body, {**body, "status": "1"}]


async def test_closing_stops_what_is_still_to_be_sent(clock: Clock, shop: Shop) -> None:
    patient = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=clock, webhook_url=shop.url, retry_scale=1e6)
    await patient.start()
    shop.replies = [(500, "")] * 20
    patient.pay(
        {
            "client_key": CLIENT_KEY,
            "price": 100,
            "order_name": "연습",
            "order_id": "a1",
            "extra": {"open_type": "redirect", "redirect_url": "http://shop.test/"},
        }
    )

    await patient.close()

    assert patient.webhooks.log[0].state == "waiting"


def test_lists_and_empty_values_have_their_form_too() -> None:
    form = as_form({"items": [{"qty": 1}, {"qty": 2}], "paid": False, "at": None})

    assert form == [("items[][qty]", "1"), ("items[][qty]", "2"), ("paid", "false"), ("at", "")]
