"""What the bot writes into its log, at its most talkative: no key, no address with a key, nothing that people wrote."""

from __future__ import annotations

import base64
from pathlib import Path

from bot import database, journeys
from bot.demo import BOOTPAY_KEYS, TOKEN
from bot.settings import load_settings
from tests.faults.serve import Process
from tests.faults.street import street_open

NICKNAME = "카나리아새"
WORDS = "아무도 못 볼 카나리아 이야기"


async def test_not_even_a_debug_log_knows_a_secret(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'two.sqlite3'}"
    await database.upgrade(url)
    async with street_open(url, log_level="DEBUG") as street:
        bot = Process(street.settings, tmp_path / "bot.log")
        bot.start()
        try:
            await bot.until_ready()
            host = await journeys.arrive(street.chats, "민수")
            await host.says(NICKNAME)
            await host.sees(NICKNAME)
            code = await journeys.open_party(host)
            member = await street.chats.person("하늘")
            link = await journeys.follow_invitation(member, code)
            await street.pays(link)
            await member.sees("결제가 끝났어요", anywhere=True)
            await member.says(WORDS)
            # A bug in the middle of things is logged with its traceback.
            broken = {"update_id": 1, "message": {"chat": WORDS, "from": NICKNAME}}
            await street.chats.request("POST", "/sandbox/updates", json=broken)
            await member.says("/start")
            await member.sees("무엇을 해 볼까요")
        finally:
            bot.kill()
        said = bot.log.read_text()

    settings = load_settings(**street.settings)
    basic = base64.b64encode(":".join(BOOTPAY_KEYS).encode()).decode()
    secrets = {
        "token": TOKEN,
        "half of the token": TOKEN.split(":")[1],
        "client key": BOOTPAY_KEYS[0],
        "server key": BOOTPAY_KEYS[1],
        "keys as sent": basic,
        "webhook secret": settings.webhook_secret,
        "payment link": link.rsplit("/", 1)[1],
        "nickname": NICKNAME,
        "words": WORDS,
    }
    assert "tap_failed" in said
    assert [name for name, secret in secrets.items() if secret in said] == []
