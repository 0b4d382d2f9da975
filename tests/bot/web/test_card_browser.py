"""The page of a card in Chromium on a phone: approve, decline, close, and the return reloaded."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from core.billing import CardState
from tests import cards
from tests.bot.web.counter import Counter
from tests.browser import FITS_THE_WIDTH, IS_WHOLLY_ON_THE_SCREEN, PHONE, OpenPage, keep
from tests.builders import person
from tests.e2e.test_page_contrast import CONTRASTS

pytestmark = pytest.mark.browser


@pytest.fixture
def db_kind() -> str:
    """One database is enough: the page is the subject."""
    return "sqlite"


async def card_page(counter: Counter, open_page: OpenPage, *, dark: bool = False, language: str = "ko") -> Page:
    """Open the page of a card that somebody has just agreed to."""
    someone = await person(counter.till.db, counter.till.clock, "하늘", language)
    card = await cards.asked(counter.till, someone.id)
    return await open_page(counter.settings.public_url + counter.card_path(card.id), size=PHONE, dark=dark)


@pytest.mark.parametrize("dark", [False, True])
async def test_from_the_link_through_the_window_to_a_card_on_file(
    counter: Counter, open_page: OpenPage, dark: bool
) -> None:
    look = "dark" if dark else "light"
    page = await card_page(counter, open_page, dark=dark)
    button = page.get_by_role("button", name="카드 등록하기")
    await expect(button).to_be_enabled()
    assert await button.evaluate(IS_WHOLLY_ON_THE_SCREEN)
    assert await page.evaluate(FITS_THE_WIDTH)
    assert await page.evaluate(CONTRASTS) == []
    await keep(page, f"card-open-{look}")

    await button.click()
    await page.wait_for_url("**/card/*")
    await page.locator("#approve").wait_for()
    await keep(page, f"card-window-{look}")
    await page.click("#approve")
    await expect(page.get_by_role("heading", name="카드를 등록했어요")).to_be_visible()
    assert await page.evaluate(CONTRASTS) == []
    await keep(page, f"card-ready-{look}")
    await page.reload()

    await expect(page.get_by_text("하늘카드 1234")).to_be_visible()
    assert await cards.card_states(counter.till) == [CardState.ACTIVE]


@pytest.mark.parametrize(
    ("press", "words"), [("#close", "카드 등록창을 닫으셨어요"), ("#decline", "카드가 등록되지 않았어요")]
)
async def test_without_a_card_it_leads_back_to_a_button_that_works(
    counter: Counter, open_page: OpenPage, press: str, words: str
) -> None:
    page = await card_page(counter, open_page)
    await page.click("#pay")
    await page.locator(press).click()
    await expect(page.get_by_role("status")).to_contain_text(words)
    await keep(page, f"card-{press.removeprefix('#')}")

    await page.click("#pay")
    await page.locator("#approve").click()

    await expect(page.get_by_role("heading", name="카드를 등록했어요")).to_be_visible()
    assert await cards.card_states(counter.till) == [CardState.ACTIVE]


async def test_the_return_page_reloaded_keeps_one_card(counter: Counter, open_page: OpenPage) -> None:
    page = await card_page(counter, open_page)
    await page.click("#pay")
    await page.locator("#approve").wait_for()
    receipt_id = counter.till.stand_in.cards()[-1]["receipt_id"]
    await page.click("#approve")
    await expect(page.get_by_role("heading", name="카드를 등록했어요")).to_be_visible()

    for _ in range(3):
        await page.goto(f"{page.url.partition('?')[0]}/return?event=done&receipt_id={receipt_id}")

    await expect(page.get_by_role("heading", name="카드를 등록했어요")).to_be_visible()
    assert await cards.card_states(counter.till) == [CardState.ACTIVE]


async def test_in_english_by_keyboard(counter: Counter, open_page: OpenPage) -> None:
    page = await card_page(counter, open_page, language="en")
    button = page.get_by_role("button", name="Register a card")
    await expect(button).to_be_enabled()
    await keep(page, "card-open-english")
    await button.focus()
    await page.keyboard.press("Enter")
    await page.locator("#approve:focus").wait_for()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Your card is registered")).to_be_visible()
