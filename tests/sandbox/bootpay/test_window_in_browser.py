"""The script and the payment window in a real browser, phone-sized, by mouse and by keyboard."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from playwright.async_api import Page, async_playwright

from bot.sandbox.bootpay import BootpayStandIn
from tests.browser import IS_WHOLLY_ON_THE_SCREEN
from tests.sandbox.bootpay.conftest import payload

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium installed"),
]

SHOP_PAGE = """<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><script src="{script}"></script>
<button id="pay" onclick='Bootpay.requestPayment({payload}).catch(e => {{ window.refused = e; }})'>결제</button>"""


@pytest.fixture
async def shop_url(stand_in: BootpayStandIn) -> AsyncIterator[str]:
    """A shop on another port: /pay carries the button, /return is where the buyer comes back to."""

    async def pay(request: web.Request) -> web.Response:
        wish = payload(extra={"redirect_url": str(request.url.with_path("/return").with_query(None))})
        wish.update(json.loads(request.query.get("changes", "{}")))
        text = SHOP_PAGE.format(script=stand_in.script_url, payload=json.dumps(wish, ensure_ascii=True))
        return web.Response(text=text, content_type="text/html")

    async def back(request: web.Request) -> web.Response:
        return web.Response(text="<!doctype html><title>돌아왔어요</title>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/pay", pay)
    app.router.add_get("/return", back)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield "http://{}:{}".format(*runner.addresses[0][:2])
    await runner.cleanup()


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = await browser.new_page(viewport={"width": 375, "height": 667}, locale="ko-KR")
        yield page
        await browser.close()


def _told(page: Page) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


async def _open_window(page: Page, shop_url: str) -> None:
    await page.goto(f"{shop_url}/pay")
    await page.click("#pay")
    await page.wait_for_url("**/gw/*")


async def test_a_click_leads_from_the_shop_through_the_window_and_back(
    page: Page, shop_url: str, stand_in: BootpayStandIn
) -> None:
    events = []
    for button in ("approve", "decline", "close"):
        await _open_window(page, shop_url)
        assert "4,250원" in await page.inner_text("main")
        for each in ("approve", "decline", "close"):
            assert await page.locator(f"#{each}").evaluate(IS_WHOLLY_ON_THE_SCREEN), each

        await page.click(f"#{button}")
        await page.wait_for_url("**/return?*")
        events.append(_told(page)["event"])

    assert events == ["confirm", "error", "cancel"]
    assert [receipt["status"] for receipt in stand_in.receipts()] == [2, -2, -15]


async def test_the_window_works_by_keyboard_alone(page: Page, shop_url: str) -> None:
    events = []
    for key in ("Enter", "Escape"):
        await _open_window(page, shop_url)
        await page.locator("#approve:focus").wait_for()

        await page.keyboard.press(key)
        await page.wait_for_url("**/return?*")
        events.append(_told(page)["event"])

    assert events == ["confirm", "cancel"]


async def test_a_payment_that_cannot_start_rejects_the_promise_and_stays(
    page: Page, shop_url: str, stand_in: BootpayStandIn
) -> None:
    await page.goto(shop_url + '/pay?changes={"price":0}')
    await page.click("#pay")
    await page.wait_for_function("window.refused")
    refused = await page.evaluate("window.refused")

    await page.goto(f"{shop_url}/pay")
    await stand_in.close()
    await page.click("#pay")
    await page.wait_for_function("window.refused")
    away = await page.evaluate("window.refused")

    assert (refused["event"], refused["error_code"]) == ("error", "INVALID_REQUEST_PARAMS")
    assert refused["message"]
    assert away["error_code"] == "NETWORK_ERROR"
    assert urlsplit(page.url).path == "/pay"


async def test_going_back_to_an_ended_window_offers_the_way_to_the_shop(page: Page, shop_url: str) -> None:
    await _open_window(page, shop_url)
    window = page.url
    await page.click("#approve")
    await page.wait_for_url("**/return?*")

    await page.goto(window)
    await page.click("#back")
    await page.wait_for_url("**/return?*")

    assert _told(page)["event"] == "confirm"
