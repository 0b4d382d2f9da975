"""A headless Chromium for tests; a folder gets the fixtures by importing `chromium`, `browser` and `open_page`."""

import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright, expect

ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-popup-blocking",
    "--disable-renderer-backgrounding",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
]
WIDE = (1600, 1000)
PHONE = (390, 844)

# What a page must answer with `true`.
IS_WHOLLY_ON_THE_SCREEN = """element => {
  const box = element.getBoundingClientRect();
  return box.left >= 0 && box.top >= 0 && box.right <= window.innerWidth && box.bottom <= window.innerHeight;
}"""
FITS_THE_WIDTH = "document.documentElement.scrollWidth <= window.innerWidth"

expect.set_options(timeout=20_000)  # a busy machine is slow, not wrong

OpenPage = Callable[..., Awaitable[Page]]


async def keep(page: Page, name: str) -> None:
    """Keep a picture for whoever wants to look: SCREENSHOTS=<folder>."""
    if folder := os.environ.get("SCREENSHOTS"):
        await page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def chromium_path() -> str:
    """Find the browser, or skip the test; in CI a missing browser is a failure."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path:
        return path
    if os.environ.get("CI") == "true":
        pytest.fail("CI needs a browser: install the Debian package chromium")
    pytest.skip("no Chromium on this machine")


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start one Chromium for the whole run, whatever event loops the tests use; its debugging address."""
    command = [chromium_path(), *ARGUMENTS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}", "about:blank"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        assert process.stderr is not None
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.search(r"DevTools listening on (ws://\S+)", line):
                break
        else:
            pytest.fail(f"Chromium did not start: {''.join(said)}")
        # It stops when nobody reads what it prints.
        reader = Thread(target=process.stderr.read, daemon=True)
        reader.start()
        yield found[1]
        process.terminate()
        process.wait()
        reader.join(timeout=10)


@pytest_asyncio.fixture
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """Give the run's Chromium to this test's event loop."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.connect_over_cdp(chromium)
        yield browser
        await browser.close()


@pytest_asyncio.fixture
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """Open an address in a fresh browser profile; the test fails if a page complains on its console.

    `open_page(url, size=PHONE, dark=True, may_complain="regular expression of complaints that the test provokes")`
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_page(
        url: str, *, size: tuple[int, int] = WIDE, dark: bool = False, may_complain: str | None = None, **options: Any
    ) -> Page:
        context = await browser.new_context(
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light", **options
        )
        contexts.append(context)

        def listen(page: Page) -> None:
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", hear)

        def hear(message: ConsoleMessage) -> None:
            said = f"{message.text} {message.location.get('url', '')}"
            if message.type in ("error", "warning") and not (may_complain and re.search(may_complain, said)):
                complaints.append(said)

        context.on("page", listen)
        page = await context.new_page()
        await page.goto(url)
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []
