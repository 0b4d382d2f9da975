"""The demo page in a real browser, with the Telegram stand-in and a tiny bot behind it."""

import io
import re
from datetime import UTC, datetime

import pytest
from PIL import Image
from playwright.async_api import expect

from tests.browser import PHONE, OpenPage
from tests.e2e.page_demo import Demo, started

pytestmark = pytest.mark.browser


async def test_person_starts_writes_and_presses_the_quick_reply(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")

    await started(chat)
    await chat.get_by_test_id("input").fill("넷플릭스 같이 볼 사람")
    await chat.get_by_test_id("input").press("Enter")
    await expect(chat.locator(".theirs b", has_text="넷플릭스 같이 볼 사람")).to_be_visible()
    await chat.get_by_role("button", name="추천 받기").click()
    await expect(chat.locator(".mine", has_text="추천 받기")).to_be_visible()
    await chat.get_by_role("button", name="/newparty").last.click()
    await expect(chat.locator(".mine", has_text="/newparty")).to_be_visible()
    await chat.get_by_test_id("input").fill("보내기 단추로")
    await chat.get_by_test_id("send").click()

    await expect(chat.locator(".mine", has_text="보내기 단추로")).to_be_visible()
    await expect(chat.locator(".theirs b", has_text="보내기 단추로")).to_be_visible()
    await expect(chat.locator(".pinned")).to_contain_text("안녕하세요! TWO예요.")
    await expect(chat.locator(".mine time").first).to_have_text("12:00")
    await expect(page_demo.chat(page, "하늘").locator(".message")).to_have_count(0)


async def test_answers_to_taps_show_as_a_toast_an_alert_and_an_edit(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)

    await chat.get_by_role("button", name="한 줄 답").click()
    await expect(chat.get_by_test_id("toast")).to_have_text("한 줄로 답했어요")
    await chat.get_by_role("button", name="알림 답").click()
    await expect(chat.get_by_role("alertdialog")).to_contain_text("꼭 읽어 주세요")
    await expect(chat.get_by_role("button", name="확인")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(chat.get_by_role("alertdialog")).to_have_count(0)
    await chat.get_by_role("button", name="고쳐 쓰기").click()

    await expect(chat.get_by_text("고쳐 쓴 글이에요").first).to_be_visible()
    await expect(chat.locator(".theirs .meta", has_text="수정됨")).to_be_visible()
    await expect(chat.get_by_role("button", name="고쳐 쓰기")).to_have_count(0)


async def test_tapped_button_shimmers_until_the_bot_has_answered(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)
    waiting = chat.get_by_role("button", name="기다리기")

    await waiting.click()
    await expect(waiting).to_have_attribute("aria-busy", "true")
    await page.reload()
    await expect(waiting).to_have_attribute("aria-busy", "true")
    page_demo.bot.may_answer.set()

    await expect(waiting).not_to_have_attribute("aria-busy", "true")


async def test_hosts_invitation_opens_as_a_member_from_the_menu_by_dragging_and_in_ones_own_chat(
    page_demo: Demo, open_page: OpenPage
) -> None:
    page = await open_page(page_demo.url)
    host = page_demo.chat(page, "민수")
    await started(host)

    await host.get_by_role("button", name="초대하기: 링크 메뉴").click()
    await page.get_by_role("menuitem", name="하늘로 열기").click()
    await host.get_by_role("button", name="초대하기", exact=True).drag_to(page_demo.chat(page, "바다"))
    await host.get_by_role("button", name="초대하기", exact=True).click()

    for name in ("하늘", "바다", "민수"):
        await expect(
            page_demo.chat(page, name).locator(".theirs", has_text="초대를 받았어요: p_8fK2xQ")
        ).to_be_visible()
    await expect(page_demo.chat(page, "지은").locator(".message")).to_have_count(0)


async def test_links_and_account_numbers_can_be_copied(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url, permissions=["clipboard-read", "clipboard-write"])
    chat = page_demo.chat(page, "민수")
    await started(chat)

    await chat.get_by_role("button", name="초대하기: 링크 메뉴").click()
    await page.get_by_role("menuitem", name="링크 복사").click()
    await expect(chat.get_by_test_id("toast")).to_have_text("복사했어요")
    link = await page.evaluate("navigator.clipboard.readText()")
    await chat.get_by_role("button", name="계좌 복사").click()
    await page.wait_for_function("async () => (await navigator.clipboard.readText()) === '110-123-456789'")

    assert link == "https://t.me/TwoDemoBot?start=p_8fK2xQ"


async def test_other_links_open_in_a_window_of_a_phones_size(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)

    async with page.context.expect_page() as opening:
        await chat.get_by_role("button", name="결제하기").click()
    window = await opening.value

    await expect(window).to_have_title("결제")
    async with window.expect_event("close"):
        await window.evaluate("window.close()")


async def test_photo_goes_to_the_bot_and_shows_in_the_chat(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)
    picture = io.BytesIO()
    Image.new("RGB", (320, 200), "#3451d1").save(picture, "PNG")

    await chat.get_by_test_id("photo").set_input_files(
        files={"name": "영수증.png", "mimeType": "image/png", "buffer": picture.getvalue()}
    )

    await expect(chat.get_by_text("사진 잘 받았어요")).to_be_visible()
    shown = chat.locator(".mine img")
    await expect(shown).to_be_visible()
    assert await shown.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0


async def test_a_long_placeholder_stays_on_one_line(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "하늘")
    await started(chat)
    field = chat.get_by_test_id("input")
    one_line = await field.evaluate("field => field.scrollHeight")

    words = "대화방에 보낼 말 · 티빙 프리미엄 + 추가 회원 3명"
    keyboard = {"keyboard": [[{"text": "나가기"}]], "input_field_placeholder": words}
    await page_demo.bot.say(page_demo.id_of("하늘"), "들어왔어요", reply_markup=keyboard)

    await expect(field).to_have_attribute("placeholder", words)
    assert await field.evaluate("field => field.scrollHeight") == one_line


async def test_command_menu_sends_the_chosen_command(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)

    await chat.get_by_test_id("commands").click()
    await page.get_by_role("menuitem", name="/newparty 파티 만들기").click()

    await expect(chat.locator(".mine", has_text="/newparty")).to_be_visible()


async def test_person_blocks_the_bot_and_takes_it_back(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)

    await chat.get_by_role("button", name="민수의 대화 메뉴").click()
    await page.get_by_role("menuitem", name="봇 차단하기").click()
    await expect(chat.get_by_text("봇을 차단했어요")).to_be_visible()
    await expect(chat.get_by_test_id("input")).to_be_hidden()
    await chat.get_by_test_id("unblock").click()

    await expect(chat.get_by_test_id("input")).to_be_visible()


async def test_clock_moves_with_progress_and_the_next_messages_carry_the_new_day(
    page_demo: Demo, open_page: OpenPage
) -> None:
    page = await open_page(page_demo.url)
    now, chat = page.get_by_test_id("clock-now"), page_demo.chat(page, "민수")
    await started(chat)
    await expect(now).to_have_text("2026년 11월 23일 (월) 12:00")
    await expect(page.get_by_test_id("clock-due")).to_have_text("다음 11월 30일 (월) 09:00 · 결제일 알림")

    await page.get_by_role("button", name="다음 일정으로").click()
    for name in ("+1시간", "+1일", "다음 일정으로", "날짜 선택"):
        await expect(page.get_by_role("button", name=name)).to_be_disabled()
    await expect(page.get_by_test_id("clock-due")).to_have_text("11월 30일 (월) 09:00까지 가는 중…")
    page_demo.clock.may_arrive.set()
    await expect(now).to_have_text("2026년 11월 30일 (월) 09:00")
    await page.get_by_test_id("clock-hour").click()
    await expect(now).to_have_text("2026년 11월 30일 (월) 10:00")
    await page.get_by_test_id("clock-day").click()
    await expect(now).to_have_text("2026년 12월 1일 (화) 10:00")
    await page.get_by_test_id("clock-pick").click()
    await page.get_by_test_id("clock-field").fill("2027-01-31T08:30")
    await page.get_by_role("button", name="이 시각으로").click()
    await expect(now).to_have_text("2027년 1월 31일 (일) 08:30")
    await page_demo.bot.say(page_demo.id_of("민수"), "새해 결제일이에요")

    await expect(chat.locator(".day").last).to_have_text("1월 31일 일요일")
    await expect(page.get_by_test_id("clock-due")).to_have_text("예정된 일정이 없어요")
    await expect(page.get_by_test_id("clock-next")).to_be_disabled()
    assert page_demo.clock.at == datetime(2027, 1, 30, 23, 30, tzinfo=UTC)


async def test_reader_who_scrolled_up_is_left_there(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    chat = page_demo.chat(page, "민수")
    await started(chat)
    for number in range(20):
        await page_demo.bot.say(page_demo.id_of("민수"), f"지난 소식 {number}\n둘째 줄")
    await expect(chat.get_by_text("지난 소식 19")).to_be_in_viewport()

    await chat.locator(".log").hover()
    await page.mouse.wheel(0, -600)
    jump = chat.get_by_role("button", name="최신 메시지로")
    await expect(jump).to_be_visible()
    before = await chat.locator(".log").evaluate("log => log.scrollTop")
    await page_demo.bot.say(page_demo.id_of("민수"), "방금 온 소식")
    jump = chat.get_by_role("button", name="새 메시지 1개")
    await expect(jump).to_be_visible()
    after = await chat.locator(".log").evaluate("log => log.scrollTop")
    await jump.click()

    assert after == before
    await expect(chat.get_by_text("방금 온 소식")).to_be_in_viewport()
    await expect(jump).to_be_hidden()


async def test_page_catches_up_after_its_stream_was_cut(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url, may_complain="/user/events")
    chat = page_demo.chat(page, "민수")
    await started(chat)
    await expect(chat.get_by_text("연결됨")).to_be_visible()

    page_demo.streams.cut()
    await expect(chat.get_by_text("다시 연결하는 중")).to_be_visible()
    await page_demo.bot.say(page_demo.id_of("민수"), "끊긴 사이에 온 소식")

    await expect(chat.get_by_text("끊긴 사이에 온 소식")).to_be_visible(timeout=20_000)
    await expect(chat.get_by_text("연결됨")).to_be_visible()


async def test_page_starts_over_when_the_demo_was_started_anew(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url, may_complain="/user/events")
    await started(page_demo.chat(page, "민수"))
    await page.evaluate("window.old = true")
    scene = {"run": "another", "people": page_demo.people, "links": []}

    await page.route("**/demo/scene", lambda route: route.fulfill(json=scene))
    page_demo.streams.cut()

    await page.wait_for_function("() => window.old === undefined")
    await expect(page_demo.chat(page, "민수").get_by_text("무엇을 볼까요?")).to_be_visible()


async def test_narrow_screen_shows_one_chat_and_counts_what_came_in_the_others(
    page_demo: Demo, open_page: OpenPage
) -> None:
    page = await open_page(page_demo.url, size=PHONE)
    await started(page_demo.chat(page, "민수"))
    await expect(page_demo.chat(page, "하늘")).to_be_hidden()

    await page_demo.chat(page, "민수").get_by_role("button", name="초대하기: 링크 메뉴").click()
    await page.get_by_role("menuitem", name="하늘로 열기").click()
    await expect(page_demo.chat(page, "하늘").get_by_text("초대를 받았어요")).to_be_visible()
    await expect(page_demo.chat(page, "민수")).to_be_hidden()
    await page_demo.bot.say(page_demo.id_of("민수"), "하늘님이 들어왔어요")
    await expect(page_demo.tab(page, "민수")).to_contain_text("1")
    await page_demo.tab(page, "민수").click()

    await expect(page_demo.chat(page, "민수").get_by_text("하늘님이 들어왔어요")).to_be_in_viewport()
    await expect(page_demo.tab(page, "민수")).to_have_text(re.compile("민수$"))
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")


async def test_page_speaks_english_when_asked_and_remembers_it(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    await expect(page.get_by_text("모의 결제예요. 실제 돈은 움직이지 않아요.")).to_be_visible()

    await page.get_by_test_id("language").click()
    await page.reload()

    await expect(page.get_by_text("Payments here are mock. No real money moves.")).to_be_visible()
    await expect(page.get_by_test_id("clock-now")).to_have_text("23 November 2026 (Mon) 12:00")
    await expect(page_demo.chat(page, "민수").get_by_role("button", name="Start")).to_be_visible()
    assert await page.locator("html").get_attribute("lang") == "en"


async def test_first_walk_can_be_closed_and_opened_again(page_demo: Demo, open_page: OpenPage) -> None:
    page = await open_page(page_demo.url)
    walk = page.get_by_role("heading", name="이렇게 둘러보세요")
    await expect(walk).to_be_visible()

    await page.get_by_role("button", name="닫기").click()
    await page.reload()
    await expect(page_demo.chat(page, "민수")).to_be_visible()
    await expect(walk).to_be_hidden()
    await page.get_by_role("button", name="처음이라면").click()

    await expect(walk).to_be_visible()
