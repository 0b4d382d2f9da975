"""Webhook delivery: secret, order in a queue, side by side across queues, retries, lifetimes."""

import asyncio

from aiohttp import web

from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import Entry, TelegramStandIn

from .conftest import BareBot, Hook, MovableClock


class Tries:
    """The outcomes of deliveries, as they are logged."""

    def __init__(self, server: TelegramStandIn) -> None:
        self.entries: list[Entry] = []
        self._came = asyncio.Event()
        server.world.log.listeners.append(self._hear)

    def _hear(self, entry: Entry) -> None:
        if entry.kind == "delivery":
            self.entries.append(entry)
            self._came.set()

    async def ended(self, count: int) -> list[Entry]:
        while len(self.entries) < count:
            self._came.clear()
            await self._came.wait()
        return self.entries


async def test_each_update_brings_the_secret(host: Phone, bot: BareBot, hook: Hook) -> None:
    await bot.result("setWebhook", url=hook.url, secret_token="S3cret-token_of_a_test")

    (update,) = await hook.came(1)

    assert update["message"]["text"] == "/start"
    assert hook.headers[0]["X-Telegram-Bot-Api-Secret-Token"] == "S3cret-token_of_a_test"
    assert hook.headers[0]["Content-Type"] == "application/json"


async def test_messages_of_a_chat_keep_their_order_through_failures(host: Phone, bot: BareBot, hook: Hook) -> None:
    hook.answers = [web.Response(status=500), web.Response(status=500)]
    await host.says("하나")
    await host.says("둘")

    await bot.result("setWebhook", url=hook.url)
    updates = await hook.came(5)

    assert [update["message"]["text"] for update in updates] == ["/start", "/start", "/start", "하나", "둘"]


async def test_a_tap_does_not_wait_for_the_messages_of_its_chat(host: Phone, bot: BareBot, hook: Hook) -> None:
    keyboard = {"inline_keyboard": [[{"text": "참여하기", "callback_data": "join"}]]}
    await bot.result("sendMessage", chat_id=host.id, text="파티", reply_markup=keyboard)
    await host.taps("참여하기")
    hook.gate.clear()

    await bot.result("setWebhook", url=hook.url)
    updates = await hook.came(2)
    hook.gate.set()

    assert {key for update in updates for key in update} == {"update_id", "message", "callback_query"}
    assert hook.most_open == 2


async def test_at_most_max_connections_are_open(chats: Chats, bot: BareBot, hook: Hook) -> None:
    for name in ("하늘", "바다", "노을", "구름"):
        await (await chats.person(name)).starts()
    hook.gate.clear()

    await bot.result("setWebhook", url=hook.url, max_connections=2)
    await hook.came(2)
    hook.gate.set()
    await hook.came(4)

    assert hook.most_open == 2


async def test_the_first_retry_is_immediate_and_later_ones_double(
    host: Phone, server: TelegramStandIn, bot: BareBot, hook: Hook
) -> None:
    tries = Tries(server)
    hook.answers = [web.Response(status=503) for _ in range(9)]

    await bot.result("setWebhook", url=hook.url)
    ended = await tries.ended(10)

    waits = [entry.retry_in or 0 for entry in ended[:9]]
    assert waits[:6] == [0, 2, 4, 8, 16, 32]
    assert 60 <= waits[-1] <= 120
    assert waits[-1] == waits[-2]
    assert ended[9].status == 200
    assert (await bot.result("getWebhookInfo"))["last_error_message"] == (
        "Wrong response from the webhook: 503 Service Unavailable"
    )


async def test_retry_after_is_honoured(host: Phone, server: TelegramStandIn, bot: BareBot, hook: Hook) -> None:
    tries = Tries(server)
    hook.answers = [web.Response(status=503, headers={"Retry-After": "7"})]

    await bot.result("setWebhook", url=hook.url)
    ended = await tries.ended(2)

    assert [entry.retry_in for entry in ended] == [7, None]


async def test_an_update_is_given_up_when_its_life_ends_before_the_next_try(
    host: Phone, server: TelegramStandIn, bot: BareBot, hook: Hook, clock: MovableClock
) -> None:
    tries = Tries(server)
    keyboard = {"inline_keyboard": [[{"text": "참여하기", "callback_data": "join"}]]}
    await bot.result("sendMessage", chat_id=host.id, text="파티", reply_markup=keyboard)
    await host.taps("참여하기")
    await bot.result("getUpdates", offset=(await bot.result("getUpdates"))[-1]["update_id"])
    clock.move(seconds=100)
    hook.answers = [web.Response(status=503, headers={"Retry-After": "60"})]

    await bot.result("setWebhook", url=hook.url)
    await tries.ended(1)
    await host.says("아직 있어요?")
    updates = await hook.came(2)

    assert [next(key for key in update if key != "update_id") for update in updates] == ["callback_query", "message"]


async def test_an_unreachable_address_is_noted_and_tried_again(
    host: Phone, server: TelegramStandIn, bot: BareBot
) -> None:
    tries = Tries(server)

    await bot.result("setWebhook", url="http://127.0.0.1:9/hook")
    await tries.ended(2)
    info = await bot.result("getWebhookInfo")

    assert info["last_error_message"] == "Connection refused"
    assert info["pending_update_count"] == 1
    await bot.result("deleteWebhook")
    assert len(await bot.result("getUpdates")) == 1


async def test_a_method_in_the_answer_is_carried_out(host: Phone, bot: BareBot, hook: Hook) -> None:
    hook.answers = [web.json_response({"method": "sendMessage", "chat_id": host.id, "text": "반가워요"})]

    await bot.result("setWebhook", url=hook.url)

    await host.sees("반가워요")


async def test_updates_injected_from_outside_arrive_as_they_are(bot: BareBot, hook: Hook) -> None:
    await bot.result("setWebhook", url=hook.url)
    forged = {"update_id": 7, "message": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}

    await bot.inject(forged)
    await bot.inject(forged)

    assert await hook.came(2) == [forged, forged]
