"""The main job in a real browser on the real demo: from Start to paid, into the room, to the next month, to picks."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.demo import HOST
from core import audit
from tests.browser import OpenPage
from tests.e2e.main_job import MainJob, crowded_demo

pytestmark = pytest.mark.browser


async def keep(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look: SCREENSHOTS=<folder>."""
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"job-{name}.png")


async def test_from_start_to_paid_to_the_room_to_recommendations(open_page: OpenPage) -> None:
    async with crowded_demo() as demo:
        page = await open_page(demo.telegram.url)
        job = MainJob(page, demo)
        await keep(page, "0-start")

        await job.gets_acquainted()
        await job.opens_a_party()
        await keep(page, "1-party")
        await job.passes_the_link_to("하늘")
        await job.joins("하늘")
        await job.passes_the_link_to("바다")
        await job.joins("바다")
        await keep(page, "2-joined")
        await job.pays("하늘")
        await job.pays("바다")
        await job.chat(HOST).sees("바다님이 결제를 마치고")
        await job.gets_access("하늘")
        await keep(page, "3-paid")

        await job.talks("바다", "오늘 밤 9시에 같이 볼까요?")
        for name in (HOST, "하늘"):
            await job.chat(name).sees("바다: 오늘 밤 9시에 같이 볼까요?")
        await keep(page, "4-room")

        await job.moves_the_clock_on("12월 16일 (수) 10:00 · 다음 달 요금이 나와요", "2026년 12월 16일 (수) 10:00")
        for name in ("하늘", "바다"):
            await job.chat(name).sees("다음 달")
        await keep(page, "5-next-month")

        await job.rates(HOST, "★ 5.0", "★ 4.5", "★ 2.0")
        await job.chat(HOST).says("/recommend")
        await job.chat(HOST).sees("예상 ★")
        await keep(page, "6-recommend")

        await expect(job.chat("지우").node.locator(".message")).to_have_count(0)
        async with demo.two.db.read() as session:
            assert await audit.check(session) == []
