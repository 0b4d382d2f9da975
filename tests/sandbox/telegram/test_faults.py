"""Faults on order, and whether the effect happened all the same."""

import asyncio

import aiohttp
import pytest

from bot.sandbox.chats import Phone
from bot.sandbox.telegram import TelegramStandIn

from .conftest import TOKEN, BareBot


async def test_429_says_when_to_come_back_and_does_nothing(host: Phone, bot: BareBot) -> None:
    await bot.fault("sendMessage", "429", retry_after=3)

    refused = await bot.reply("sendMessage", chat_id=host.id, text="늦게")
    await host.sees_no("늦게")
    accepted = await bot.reply("sendMessage", chat_id=host.id, text="늦게")

    assert refused == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 3",
        "parameters": {"retry_after": 3},
    }
    assert accepted["ok"]


async def test_500_is_json_and_502_is_the_page_of_a_proxy(host: Phone, bot: BareBot) -> None:
    await bot.fault("*", "500", times=2)

    codes = [(await bot.refusal("sendMessage", chat_id=host.id, text="x"))[0] for _ in range(2)]
    await bot.fault("*", "502_html")
    async with bot.session.get(f"{bot.url}/bot{TOKEN}/getMe") as response:
        page = await response.text()

    assert codes == [500, 500]
    assert response.status == 502
    assert "Bad Gateway" in page


@pytest.mark.parametrize(("kind", "happened"), [("timeout_before", False), ("timeout_after", True)])
async def test_a_silence_hides_whether_it_happened(host: Phone, bot: BareBot, kind: str, happened: bool) -> None:
    await bot.fault("sendMessage", kind)
    timeout = aiohttp.ClientTimeout(total=0.2)

    with pytest.raises(asyncio.TimeoutError):
        await bot.session.post(
            f"{bot.url}/bot{TOKEN}/sendMessage", json={"chat_id": host.id, "text": "갔을까"}, timeout=timeout
        )

    if happened:
        await host.sees("갔을까")
    await bot.result("sendMessage", chat_id=host.id, text="다음")
    shown = [message["text"] for message in await host.reads() if message["from_bot"]]
    assert shown == (["갔을까", "다음"] if happened else ["다음"])


async def test_a_dropped_connection_hides_that_it_happened(host: Phone, bot: BareBot, server: TelegramStandIn) -> None:
    await bot.fault("sendMessage", "drop_after")

    with pytest.raises(aiohttp.ClientConnectionError):
        await bot.result("sendMessage", chat_id=host.id, text="갔어요")

    await host.sees("갔어요")
    swallowed = [entry for entry in server.world.log.after(0) if entry.fault]
    assert [(entry.method, entry.fault, entry.reply) for entry in swallowed] == [("sendMessage", "drop_after", None)]


async def test_a_wildcard_leaves_polls_alone_and_unknown_kinds_are_refused(bot: BareBot) -> None:
    await bot.fault("*", "500")

    assert (await bot.reply("getUpdates"))["ok"]
    assert (await bot.refusal("getMe"))[0] == 500
    async with bot.session.post(f"{bot.url}/sandbox/faults", json={"method": "*", "kind": "gremlins"}) as response:
        assert response.status == 400
