"""The payment page in Chromium on a phone: from the bill's link through Bootpay's window to paid."""

from __future__ import annotations

import asyncio

import pytest
from playwright.async_api import Route, expect

from bot.views.pay import LOOKS
from core.billing import BillState
from tests.bot.web.counter import Counter
from tests.browser import FITS_THE_WIDTH, IS_WHOLLY_ON_THE_SCREEN, PHONE, OpenPage, keep
from tests.builders import days_pass, joins, open_bill, party, person
from tests.e2e.test_page_contrast import CONTRASTS

pytestmark = pytest.mark.browser

# The console says so itself when a page answers with an error.
REFUSALS = r"status of (409|410|404)"


@pytest.fixture
def db_kind() -> str:
    """One database is enough: the page is the subject."""
    return "sqlite"


@pytest.mark.parametrize("dark", [False, True])
async def test_from_the_link_through_the_window_to_paid(counter: Counter, open_page: OpenPage, dark: bool) -> None:
    till = counter.till
    opened = await party(till.db, till.clock, plan="tving-premium-extra-3")
    days_pass(till.clock, 9)
    bill = await joins(till.db, till.clock, opened)
    look = "dark" if dark else "light"

    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE, dark=dark)
    button = page.get_by_role("button", name="5,600원 결제하기")
    await expect(button).to_be_enabled()
    assert await button.evaluate(IS_WHOLLY_ON_THE_SCREEN)
    assert await page.evaluate(FITS_THE_WIDTH)
    assert await page.evaluate(CONTRASTS) == []
    await keep(page, f"pay-open-{look}")

    await button.click()
    await page.wait_for_url("**/gw/*")
    await keep(page, f"pay-window-{look}")
    await page.click("#approve")

    await expect(page.get_by_role("heading", name="결제가 끝났어요")).to_be_visible()
    assert await page.evaluate(FITS_THE_WIDTH)
    assert await page.evaluate(CONTRASTS) == []
    await keep(page, f"pay-paid-{look}")
    assert (await till.bill(bill.id)).state is BillState.PAID
    assert till.charges() == 1


async def test_it_works_by_keyboard_and_in_english(counter: Counter, open_page: OpenPage) -> None:
    till = counter.till
    someone = await person(till.db, till.clock, "Sky", "en")
    bill = await joins(till.db, till.clock, await party(till.db, till.clock), someone)

    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE)
    await expect(page.get_by_role("button", name="Pay ₩4,250")).to_be_enabled()
    await keep(page, "pay-open-english")
    for _ in range(2):
        await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Pay ₩4,250")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.wait_for_url("**/gw/*")
    await page.locator("#approve:focus").wait_for()
    await page.keyboard.press("Enter")

    await expect(page.get_by_role("heading", name="Paid, thank you")).to_be_visible()
    await keep(page, "pay-paid-english")


async def test_closing_the_window_leads_back_to_a_button_that_works(counter: Counter, open_page: OpenPage) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE)
    await page.click("#pay")
    await page.wait_for_url("**/gw/*")
    await page.click("#close")
    await expect(page.get_by_role("status")).to_contain_text("결제창을 닫으셨어요")
    await keep(page, "pay-closed")
    await page.click("#pay")
    await page.wait_for_url("**/gw/*")
    await page.click("#approve")

    await expect(page.get_by_role("heading", name="결제가 끝났어요")).to_be_visible()


async def test_the_arrow_back_from_the_window_shows_a_button_that_works(counter: Counter, open_page: OpenPage) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)

    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE)
    await page.click("#pay")
    await page.wait_for_url("**/gw/*")
    await page.go_back()

    await expect(page.locator("#pay")).to_be_enabled()
    await page.click("#pay")
    await page.wait_for_url("**/gw/*")


async def test_paying_in_a_second_tab_turns_the_first_one_into_the_receipt(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE, may_complain=REFUSALS)
    await expect(page.locator("#pay")).to_be_enabled()
    await counter.till.pays(bill.id)

    await page.click("#pay")

    await expect(page.get_by_role("alert")).to_contain_text("이미 처리된 결제예요")
    await expect(page.get_by_role("heading", name="결제가 끝났어요")).to_be_visible()


async def test_a_payment_being_checked_becomes_the_receipt_by_itself(counter: Counter, open_page: OpenPage) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    counter.till.faults.add("*", "confirm_critical")

    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE)
    await page.click("#pay")
    await page.wait_for_url("**/gw/*")
    await page.click("#approve")
    await expect(page.get_by_role("heading", name="결제를 확인하고 있어요")).to_be_visible()
    await keep(page, "pay-checking")
    await counter.till.minutes_pass(3)

    await expect(page.get_by_role("heading", name="결제가 끝났어요")).to_be_visible()


async def test_without_bootpays_script_the_button_says_that_it_did_not_work(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE)
    await page.evaluate("delete window.Bootpay")

    await page.click("#pay")

    await expect(page.get_by_role("alert")).to_contain_text("결제창을 열지 못했어요")
    await expect(page.locator("#pay")).to_be_enabled()


async def test_bootpays_script_may_draw_its_window_and_nobody_else_may_write_a_script(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    page = await open_page(
        counter.settings.public_url + counter.path(bill.id), size=PHONE, may_complain="Content Security Policy"
    )
    await page.evaluate("() => { window.fetch = () => new Promise(() => {}); window.Bootpay.requestPayment({}); }")
    window = page.locator(".bootpay-payment-background")

    assert await window.evaluate("drawn => getComputedStyle(drawn).position") == "fixed"
    await page.locator(".bootpay-close-btn").evaluate("button => button.click()")
    await expect(window).to_have_count(0)

    await page.evaluate(
        """() => {
          const drawn = document.createElement("div");
          drawn.innerHTML = '<button id="other" onclick="window.stolen = true"></button>';
          document.body.append(drawn);
          document.getElementById("other").click();
        }"""
    )
    assert await page.evaluate("window.stolen") is None


async def test_a_script_of_bootpays_that_is_slow_to_come_keeps_the_button_alive(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    may_come = asyncio.Event()

    async def late(route: Route) -> None:
        await may_come.wait()
        await route.continue_()

    page = await open_page("about:blank", size=PHONE)
    await page.route(counter.settings.bootpay_script, late)
    await page.goto(counter.settings.public_url + counter.path(bill.id), wait_until="commit")
    await expect(page.locator("#pay")).to_be_enabled()
    await page.click("#pay", no_wait_after=True)
    await expect(page.locator("#pay")).to_have_text("결제창을 여는 중이에요…")
    assert await counter.till.attempts() == []
    may_come.set()

    await page.wait_for_url("**/gw/*")
    assert await counter.till.attempts() == ["created"]


async def test_a_script_of_bootpays_that_never_comes_is_told_and_begins_nothing(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    page = await open_page("about:blank", size=PHONE, may_complain="ERR_FAILED")
    await page.route(counter.settings.bootpay_script, lambda route: route.abort())
    await page.goto(counter.settings.public_url + counter.path(bill.id))

    await page.click("#pay")

    await expect(page.get_by_role("alert")).to_contain_text("결제창을 열지 못했어요")
    await expect(page.locator("#pay")).to_be_enabled()
    assert await counter.till.attempts() == []


async def test_a_window_that_does_not_lead_back_by_itself_is_brought_back(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    page = await open_page(counter.settings.public_url + counter.path(bill.id), size=PHONE)
    await page.expose_function("approve", counter.till.presses)
    await page.evaluate(
        """window.Bootpay = {
          requestPayment: async payload => ({ event: "confirm", receipt_id: await window.approve(payload) }),
        }"""
    )

    await page.click("#pay")

    await expect(page.get_by_role("heading", name="결제가 끝났어요")).to_be_visible()
    assert counter.till.charges() == 1


async def test_on_the_smallest_phone_and_with_large_letters_nothing_is_cut_off(
    counter: Counter, open_page: OpenPage
) -> None:
    bill = await open_bill(counter.till.db, counter.till.clock)
    for news in ("deposit", "still", "unfinished"):
        query = {"still": f"checking&looks={LOOKS}"}.get(news, news)
        page = await open_page(f"{counter.settings.public_url}{counter.path(bill.id)}?news={query}", size=(280, 560))
        await expect(page.get_by_role("status")).to_be_visible()
        assert await page.evaluate(FITS_THE_WIDTH)
        await page.evaluate("document.body.style.zoom = 1.6")
        assert await page.evaluate(FITS_THE_WIDTH)
        await page.locator("#pay").scroll_into_view_if_needed()
        assert await page.locator("#pay").evaluate(IS_WHOLLY_ON_THE_SCREEN)
        await keep(page, f"pay-small-{news}")


async def test_a_forged_link_shows_a_sentence(counter: Counter, open_page: OpenPage) -> None:
    page = await open_page(
        f"{counter.settings.public_url}/pay/forged", size=PHONE, may_complain=REFUSALS, locale="ko-KR"
    )

    await expect(page.get_by_role("heading", name="쓸 수 없는 링크예요")).to_be_visible()
    assert await page.get_by_role("link", name="채팅으로 돌아가기").get_attribute("href") == "https://t.me/two_test_bot"
    await keep(page, "pay-forged")
