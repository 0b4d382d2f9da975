"""The main job on the demo's page, as a person would do it: for the browser test and the README's pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Locator, Page, expect

from bot.demo import HOST, MEMBERS, Demo, demo_running, invite_people
from bot.sandbox.chats import Chats
from tests.browser import PHONE
from tests.conftest import START


@asynccontextmanager
async def crowded_demo() -> AsyncIterator[Demo]:
    """Run the demo as `two demo` does: titles, a crowd of ratings, four people who have pressed nothing."""
    async with demo_running(start=START) as demo, Chats(demo.telegram.url) as chats:
        await invite_people(demo, chats)
        yield demo


@dataclass
class Chat:
    """One person's chat on the page."""

    node: Locator

    async def starts(self) -> None:
        """Press Start."""
        await self.node.get_by_role("button", name="시작", exact=True).click()

    async def says(self, text: str) -> None:
        """Write something."""
        await self.node.get_by_test_id("input").fill(text)
        await self.node.get_by_test_id("input").press("Enter")

    async def taps(self, label: str, *, exact: bool = False) -> None:
        """Press the newest button with these words."""
        await self.node.locator(".inline-keyboard").get_by_role("button", name=label, exact=exact).last.click()

    async def sees(self, text: str) -> None:
        """Wait until the bot has said this."""
        await expect(self.node.locator(".theirs", has_text=text).last).to_be_visible()

    async def toast(self, text: str) -> None:
        """Wait for a line above the chat."""
        await expect(self.node.get_by_test_id("toast")).to_contain_text(text)


@dataclass
class MainJob:
    """The page with its four chats."""

    page: Page
    demo: Demo

    def chat(self, name: str) -> Chat:
        """Return somebody's chat."""
        uid = self.demo.people[(HOST, *MEMBERS).index(name)]
        return Chat(self.page.get_by_test_id(f"chat-{uid}"))

    async def gets_acquainted(self) -> None:
        """Let the host agree, keep name and picture, and choose genres."""
        host = self.chat(HOST)
        await host.starts()
        await host.taps("만 19세 이상이에요")
        await host.taps("그대로 쓸게요")
        await host.taps("이 그림으로 할게요")
        for genre in ("드라마", "스릴러", "코미디"):
            await host.taps(genre, exact=True)
            await expect(host.node.get_by_role("button", name=f"✓ {genre}")).to_be_visible()
        await host.taps("다 골랐어요")
        await host.sees("준비 끝!")

    async def opens_a_party(self) -> None:
        """Let the host open a party and get its card."""
        host = self.chat(HOST)
        await host.says("/newparty")
        for label in ("🟥 티빙", "프리미엄 + 추가 회원 3명", "4명", "오늘 바로", "시작일과 같은", "파티 열기"):
            await host.taps(label)
        await host.sees("같이 볼 사람 구해요")

    async def passes_the_link_to(self, name: str) -> None:
        """Open the host's invitation as somebody else."""
        await self.chat(HOST).node.get_by_role("button", name="친구에게 보내기: 링크 메뉴").last.click()
        await self.page.get_by_role("menuitem", name=f"{name}로 열기").click()

    async def joins(self, name: str) -> None:
        """Agree, see the exact share, hold the seat."""
        member = self.chat(name)
        await member.taps("만 19세 이상이에요")
        await member.sees("지금 낼 금액")
        await member.taps("참여하기")
        await member.sees("자리를 맡아 뒀어요")

    async def payment_window(self, name: str) -> Page:
        """Open the payment page from the chat, in its window."""
        async with self.page.context.expect_page() as opening:
            await self.chat(name).taps("결제하기")
        window = await opening.value
        await window.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        await expect(window.get_by_role("button", name="결제하기")).to_be_enabled()
        return window

    async def pays(self, name: str) -> None:
        """Pay in the window, go back to the chat, find the receipt there."""
        window = await self.payment_window(name)
        await window.get_by_role("button", name="결제하기").click()
        await window.wait_for_url("**/gw/*")
        await window.click("#approve")
        await expect(window.get_by_role("heading", name="결제가 끝났어요")).to_be_visible()
        async with window.expect_event("close"):
            # A click from outside would wait for an answer of the window that it closes.
            back = window.get_by_role("link", name="채팅으로 돌아가기")
            await back.evaluate("link => setTimeout(() => link.click())")
        await self.chat(name).sees("결제가 끝났어요")

    async def gets_access(self, name: str) -> None:
        """Host and member tick the invite checklist."""
        await self.chat(HOST).taps(f"{name}님께 초대 보냈어요")
        await self.chat(name).taps("초대를 수락했어요")
        await self.chat(name).taps("이제 볼 수 있어요")
        await self.chat(name).sees("준비가 끝났어요")

    async def talks(self, name: str, words: str) -> None:
        """Enter the room and say something."""
        await self.chat(name).says("/room")
        await self.chat(name).sees("대화방에 들어왔어요")
        await self.chat(name).says(words)

    async def moves_the_clock_on(self, event: str, shown: str) -> None:
        """Let the clock go to the next event, and wait until the demo has arrived there."""
        await expect(self.page.get_by_test_id("clock-due")).to_contain_text(event)
        await self.page.get_by_role("button", name="다음 일정으로").click()
        await expect(self.page.get_by_test_id("clock-now")).to_have_text(shown, timeout=60_000)

    async def rates(self, name: str, *stars: str) -> None:
        """Rate one title after another."""
        await self.chat(name).says("/rate")
        for one in stars:
            heading = self.chat(name).node.locator(".theirs", has_text="안 봤어요").last
            before = await heading.text_content()
            await self.chat(name).taps(one)
            await expect(heading).not_to_have_text(before or "")

    async def begins_an_evening(self, name: str) -> None:
        """Ask in the room what to watch together, and agree to be seen by the others."""
        await self.chat(name).says("/recommend")
        await self.chat(name).taps("좋아요, 같이 고를게요")
        await self.chat(name).sees("오늘 같이 볼 작품")

    async def comes_to_the_evening(self, name: str) -> None:
        """Join those who choose together."""
        await self.chat(name).taps(f"{name} (아직)")
        await self.chat(name).taps("좋아요, 같이 고를게요")
        await self.chat(name).sees("같이 보는 사람")
