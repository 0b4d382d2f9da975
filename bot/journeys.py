"""What people do with TWO, step by step over the stand-ins' HTTP; the demo's check and the tests walk these ways."""

from __future__ import annotations

import json
import re
from html import unescape
from typing import Any

import aiohttp

from bot.sandbox.chats import Chats, Phone

ADULT = {"ko": "만 19세 이상이에요", "en": "I'm 19 or older"}
FIRST_QUESTION = {"ko": "어떻게 불러 드릴까요", "en": "What should we call you"}


async def arrive(chats: Chats, name: str, language: str = "ko") -> Phone:
    """Let somebody start the bot and agree to the terms."""
    phone = await chats.person(name, language)
    await begin(phone, language)
    return phone


async def begin(phone: Phone, language: str = "ko") -> None:
    """Press Start and agree to the terms."""
    await phone.starts()
    await phone.taps(ADULT[language])
    await phone.sees(FIRST_QUESTION[language])


async def open_party(
    host: Phone,
    *,
    service: str = "넷플릭스",
    plan: str = "프리미엄 · 17,000원",
    seats: int = 4,
    start: str = "오늘 바로",
    day: str = "시작일과 같은",
) -> str:
    """Open a party in six taps; return its invite code."""
    await host.says("/newparty")
    for label in (service, plan, f"{seats}명", start, day, "파티 열기"):
        await host.taps(label)
    card = await host.sees("같이 볼 사람 구해요")
    return str(card["text"]).split("?start=p_")[1].split()[0]


async def follow_invitation(phone: Phone, code: str, *, newcomer: bool = True) -> str:
    """Follow an invitation up to the held seat; return the payment link."""
    await phone.starts(f"p_{code}")
    if newcomer:
        await phone.taps(ADULT["ko"])
    await phone.taps("참여하기")
    await phone.sees("자리를 맡아 뒀어요")
    return await phone.link("결제하기")


async def register_account(host: Phone, number: str = "123-456-789012") -> None:
    """Register a payout account in the chat."""
    await host.says("/payout")
    await host.taps("계좌 등록하기")
    await host.taps("국민")
    await host.sees("예금주 이름을 보내 주세요")
    await host.says("김민수")
    await host.sees("계좌번호를 보내 주세요")
    await host.says(number)
    await host.sees("계좌를 등록했어요")


async def prove_account(host: Phone, code: str) -> None:
    """Type in the digits that came with one won."""
    await host.taps("숫자 4개 입력하기", anywhere=True)
    await host.sees("숫자 4개를 보내 주세요")
    await host.says(code)
    await host.sees("계좌를 확인했어요")


async def pay(link: str, bootpay_url: str, action: str = "approve") -> str:
    """Open a payment link, press the button, act in the provider's window, come back; return the last page's text."""
    return await _through_window(link, f"{bootpay_url}/sandbox/pay", action)


async def register_card(link: str, bootpay_url: str, action: str = "approve") -> str:
    """Open the link of a card, press the button, act in the provider's window, come back; return the last page."""
    return await _through_window(link, f"{bootpay_url}/sandbox/card", action)


async def _through_window(link: str, window_url: str, action: str) -> str:
    origin = re.match(r"https?://[^/]+", link)
    headers = {"Origin": origin.group(0) if origin else "", "Sec-Fetch-Site": "same-origin"}
    async with aiohttp.ClientSession() as browser:
        async with browser.get(link) as page:
            page.raise_for_status()
        async with browser.post(f"{link}/attempt", headers=headers) as answer:
            wish: dict[str, Any] = await answer.json()
            if answer.status != 200:
                return json.dumps(wish, ensure_ascii=False)
        async with browser.post(window_url, json={"payload": wish, "action": action}) as window:
            back = str((await window.json())["redirect_url"])
        async with browser.get(back) as result:
            return unescape(await result.text())
