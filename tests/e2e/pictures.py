"""Takes the README's pictures anew: `.venv/bin/python -m tests.e2e.pictures` writes them into docs/pictures."""

from __future__ import annotations

import asyncio
import shutil
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from bot.demo import HOST
from tests.browser import ARGUMENTS, WIDE
from tests.e2e.main_job import MainJob, crowded_demo

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES = 300_000


async def take(folder: Path) -> None:
    """Play the main job and keep what a reader of the README should see of it."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        raise SystemExit("No Chromium on this machine.")
    async with crowded_demo() as demo, async_playwright() as playwright:
        args = [argument for argument in ARGUMENTS if "debugging-port" not in argument]
        browser = await playwright.chromium.launch(executable_path=path, args=args)
        job = MainJob(await opened(browser, demo.telegram.url), demo)
        await play(job, folder)
        await browser.close()


async def opened(browser: Browser, url: str) -> Page:
    """Open the demo's page without its card for newcomers."""
    context = await browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, color_scheme="light")
    page = await context.new_page()
    await page.goto(url)
    await page.get_by_role("button", name="닫기").click()
    return page


async def play(job: MainJob, folder: Path) -> None:
    """Go from Start to recommendations and stop at each picture."""
    await job.gets_acquainted()
    await job.opens_a_party()
    for name in ("하늘", "바다"):
        await job.passes_the_link_to(name)
        await job.joins(name)
    window = await job.payment_window("하늘")
    await keep(window, folder / "pay.png")
    await window.close()
    for name in ("하늘", "바다"):
        await job.pays(name)
    await job.chat(HOST).sees("바다님이 결제를 마치고")
    await job.passes_the_link_to("지우")
    await job.chat("지우").taps("만 19세 이상이에요")
    await job.chat("지우").sees("지금 낼 금액")
    await job.talks("바다", "오늘 밤 9시에 같이 볼까요? 🍿")
    await job.talks("하늘", "좋아요! 뭐 볼까요?")
    await job.talks(HOST, "추천 받아서 골라 볼게요")
    for name in ("하늘", "바다"):
        await job.chat(name).sees(f"{HOST}: 추천 받아서")
    await keep(job.page, folder / "demo.png")

    await job.moves_the_clock_on("다음 달 요금이 나와요", "2026년 12월 16일 (수) 10:00")
    for name, stars in (
        (HOST, ("★ 5.0", "★ 4.5", "★ 2.0", "★ 4.0")),
        ("하늘", ("★ 4.5", "★ 2.5", "★ 5.0")),
        ("바다", ("★ 1.5", "★ 5.0", "★ 4.5")),
    ):
        await job.rates(name, *stars)
    await job.chat(HOST).says("🚪 대화방 나가기")
    await job.chat(HOST).says("/recommend")
    await job.chat(HOST).sees("예상 ★")
    await job.begins_an_evening("바다")
    await job.comes_to_the_evening("하늘")
    await job.chat("바다").sees("같이 보는 사람: 하늘, 바다")
    picks = job.chat(HOST).node.locator(".theirs", has_text="예상 ★").last
    await keep(job.page, folder / "recommend.png", from_the_top=picks)


async def keep(page: Page, path: Path, from_the_top: Locator | None = None) -> None:
    """Keep the newest of every chat; of one chat rather the beginning of a long message."""
    await page.bring_to_front()
    await page.evaluate("document.fonts.ready")
    for log in await page.locator(".log").all():
        await log.evaluate("log => log.scrollTo(0, log.scrollHeight)")
    await expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if from_the_top is not None:
        await from_the_top.evaluate("message => message.scrollIntoView({ block: 'start' })")
    store(await page.screenshot(animations="disabled", caret="hide"), path)


def store(picture: bytes, path: Path) -> None:
    """Write a PNG of few colours, which is small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.open(BytesIO(picture)).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path.name} has {path.stat().st_size} bytes")


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
