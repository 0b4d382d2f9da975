"""getUpdates: waiting, confirming by offset, excluding, and the lifetimes of updates."""

import asyncio
from typing import Any

from bot.sandbox.chats import Phone
from bot.sandbox.telegram import TelegramStandIn

from .conftest import BareBot, Hook, MovableClock


def texts(updates: list[dict[str, Any]]) -> list[str]:
    return [update["message"]["text"] for update in updates]


async def test_updates_stay_until_their_offset_is_passed(host: Phone, bot: BareBot) -> None:
    await host.says("하나")
    await host.says("둘")

    first = await bot.result("getUpdates", limit=2)
    again = await bot.result("getUpdates", limit=2)
    rest = await bot.result("getUpdates", offset=first[-1]["update_id"] + 1)
    nothing = await bot.result("getUpdates", offset=rest[-1]["update_id"] + 1)

    assert texts(first) == texts(again) == ["/start", "하나"]
    assert texts(rest) == ["둘"]
    assert nothing == []


async def test_a_negative_offset_forgets_all_but_the_newest(host: Phone, bot: BareBot) -> None:
    await host.says("하나")

    newest = await bot.result("getUpdates", offset=-1)

    assert texts(newest) == texts(await bot.result("getUpdates")) == ["하나"]


async def test_a_long_poll_ends_when_something_happens(host: Phone, bot: BareBot) -> None:
    seen = await bot.result("getUpdates")
    poll = asyncio.create_task(bot.result("getUpdates", offset=seen[-1]["update_id"] + 1, timeout=50))

    await host.says("여기요")

    assert texts(await poll) == ["여기요"]


async def test_of_two_polls_the_later_one_goes_on(bot: BareBot, host: Phone) -> None:
    offset = (await bot.result("getUpdates"))[-1]["update_id"] + 1
    polls = {asyncio.create_task(bot.reply("getUpdates", offset=offset, timeout=50)) for _ in range(2)}

    (ended,), (going_on,) = await asyncio.wait(polls, return_when=asyncio.FIRST_COMPLETED)
    await host.says("둘 중 누구")

    assert (await ended)["error_code"] == 409
    assert (await ended)["description"].startswith("Conflict: terminated by other getUpdates request")
    assert texts((await going_on)["result"]) == ["둘 중 누구"]


async def test_no_polling_while_a_webhook_is_set(bot: BareBot, hook: Hook) -> None:
    waiting = asyncio.create_task(bot.refusal("getUpdates", timeout=50))
    await asyncio.sleep(0)
    await bot.result("setWebhook", url=hook.url)

    during = await bot.refusal("getUpdates")
    await bot.result("deleteWebhook")

    assert during[0] == 409
    assert "can't use getUpdates method while webhook is active" in during[1]
    assert (await waiting)[0] == 409
    assert await bot.result("getUpdates") == []


async def test_messages_live_a_day_and_taps_150_seconds(host: Phone, bot: BareBot, clock: MovableClock) -> None:
    keyboard = {"inline_keyboard": [[{"text": "참여하기", "callback_data": "join"}]]}
    await bot.result("sendMessage", chat_id=host.id, text="파티", reply_markup=keyboard)
    await host.taps("참여하기")
    await bot.inject({"inline_query": {"id": "1", "from": {"id": host.id, "is_bot": False, "first_name": "민수"}}})

    async def kinds() -> list[str]:
        return [next(key for key in update if key != "update_id") for update in await bot.result("getUpdates")]

    at_once = await kinds()
    clock.move(seconds=30)
    after_30_seconds = await kinds()
    clock.move(seconds=120)
    after_150_seconds = await kinds()
    clock.move(hours=24)
    after_a_day = await kinds()

    assert at_once == ["message", "callback_query", "inline_query"]
    assert after_30_seconds == ["message", "callback_query"]
    assert after_150_seconds == ["message"]
    assert after_a_day == []


async def test_only_wanted_kinds_are_queued(host: Phone, bot: BareBot) -> None:
    await bot.result("getUpdates", offset=-1, allowed_updates=["message"])
    before = len(await bot.result("getUpdates"))

    await host.blocks()

    assert len(await bot.result("getUpdates")) == before


async def test_a_block_is_a_change_of_the_bots_own_membership(host: Phone, bot: BareBot) -> None:
    await host.blocks()

    change = (await bot.result("getUpdates"))[-1]["my_chat_member"]

    assert (change["old_chat_member"]["status"], change["new_chat_member"]["status"]) == ("member", "kicked")


async def test_a_repeated_update_comes_once_more_whatever_the_offset(host: Phone, bot: BareBot) -> None:
    seen = (await bot.result("getUpdates"))[-1]
    offset = seen["update_id"] + 1
    await bot.result("getUpdates", offset=offset)

    await bot.inject(seen)
    repeated = await bot.result("getUpdates", offset=offset)
    afterwards = await bot.result("getUpdates", offset=offset)

    assert repeated == [seen]
    assert afterwards == []


async def test_pending_updates_can_be_dropped(host: Phone, bot: BareBot, server: TelegramStandIn) -> None:
    await bot.result("deleteWebhook", drop_pending_updates=True)

    assert await bot.result("getUpdates") == []
    assert (await bot.result("getWebhookInfo"))["pending_update_count"] == 0
