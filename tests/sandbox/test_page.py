"""The demo page over plain HTTP: its files, its headers and its clock."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.sandbox import page
from bot.sandbox.page import Due, PageLink, add_page

Client = TestClient[web.Request, web.Application]

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)


class SteppingClock:
    """A demo clock that arrives when the test lets it."""

    def __init__(self) -> None:
        self.at = NOON
        self.dues: list[Due] = []
        self.may_arrive = asyncio.Event()
        self.may_arrive.set()
        self.left = asyncio.Event()
        self.breaks = False

    def now(self) -> datetime:
        return self.at

    def due(self) -> list[Due]:
        return self.dues

    async def move_to(self, instant: datetime) -> None:
        self.left.set()
        await self.may_arrive.wait()
        if self.breaks:
            raise RuntimeError("the demo's wiring broke")
        self.at = instant


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def people() -> list[int]:
    return [7_100_000_019, 7_100_001_028]


async def other(request: web.Request) -> web.Response:
    return web.Response(text="not the page's")


@pytest_asyncio.fixture
async def client(clock: SteppingClock, people: list[int]) -> AsyncIterator[Client]:
    app = web.Application()
    app.router.add_get("/other", other)
    add_page(app, people=people, clock=clock, links=[PageLink("http://127.0.0.1:9/receipts", "결제 내역", "Receipts")])
    async with TestClient(TestServer(app)) as client:
        yield client


async def moved(client: Client, body: object) -> tuple[int, dict[str, object]]:
    async with client.post("/demo/clock", json=body) as response:
        return response.status, await response.json()


async def test_page_allows_no_foreign_and_no_inline_code(client: Client) -> None:
    async with client.get("/") as response:
        html = await response.text()
        policy = response.headers["Content-Security-Policy"]

    assert response.status == 200
    assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son\w+=", html)


async def test_page_guards_only_its_own_addresses(client: Client) -> None:
    async with client.get("/other") as response:
        assert "Content-Security-Policy" not in response.headers


async def test_every_file_that_the_page_names_is_served(client: Client) -> None:
    static = Path(page.__file__).parent / "static"
    named = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', (static / "page.html").read_text()))
    for script in static.glob("*.js"):
        named |= {f"/static/{name}" for name in re.findall(r'from "\./([^"]+)"', script.read_text())}

    answers = {}
    for path in sorted(named):
        async with client.get(path) as response:
            answers[path] = (response.status, "Content-Security-Policy" in response.headers)

    assert len(named) > 10
    assert set(answers.values()) == {(200, True)}, answers


async def test_page_asks_nothing_of_other_hosts() -> None:
    static = Path(page.__file__).parent / "static"

    files = [path.read_text() for path in static.iterdir() if path.suffix in {".js", ".css", ".html"}]
    foreign = [found for text in files for found in re.findall(r"(?:https?:)?//[\w.-]+\.\w+", text)]

    assert [found for found in foreign if found != "http://www.w3.org"] == []


async def test_both_languages_have_the_same_sentences() -> None:
    words = (Path(page.__file__).parent / "static" / "words.js").read_text()
    korean, english = words.split("\n  en: {")
    english = english.split("\n};")[0]

    def keys(part: str) -> list[str]:
        return re.findall(r"^    (\w+):", part, re.MULTILINE)

    assert len(keys(korean)) > 40
    assert keys(korean) == keys(english)


async def test_scene_lists_the_people_as_they_are_now(client: Client, people: list[int]) -> None:
    people.append(7_100_002_037)

    async with client.get("/demo/scene") as response:
        scene = await response.json()

    assert scene["people"] == people
    assert scene["links"] == [{"url": "http://127.0.0.1:9/receipts", "ko": "결제 내역", "en": "Receipts"}]


async def test_clock_tells_the_time_and_only_what_is_still_to_come(client: Client, clock: SteppingClock) -> None:
    later, sooner = NOON + timedelta(days=7), NOON + timedelta(hours=2)
    clock.dues = [(later, "결제일 알림"), (NOON, "지난 일정"), (sooner, "자리 만료")]

    async with client.get("/demo/clock") as response:
        state = await response.json()

    assert datetime.fromisoformat(state["now"]) == NOON
    assert state["moving_to"] is None
    assert [(datetime.fromisoformat(due["at"]), due["label"]) for due in state["due"]] == [
        (sooner, "자리 만료"),
        (later, "결제일 알림"),
    ]


@pytest.mark.parametrize(
    ("body", "arrives"),
    [
        ({"hours": 1}, NOON + timedelta(hours=1)),
        ({"days": 1}, NOON + timedelta(days=1)),
        ({"next": True}, NOON + timedelta(days=7)),
        ({"to": "2026-12-01T09:00:00+09:00"}, datetime(2026, 12, 1, tzinfo=UTC)),
    ],
)
async def test_clock_moves_forward(
    client: Client, clock: SteppingClock, body: dict[str, object], arrives: datetime
) -> None:
    clock.dues = [(NOON + timedelta(days=7), "결제일 알림")]

    status, state = await moved(client, body)

    assert status == 200
    assert clock.at == arrives
    assert state["now"] == arrives.isoformat()


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"hours": -1}, 400, "unclear"),
        ({"hours": 1e9}, 400, "unclear"),
        ({"days": 401}, 400, "unclear"),
        ({"hours": "1"}, 400, "unclear"),
        ({"next": True}, 409, "nothing_due"),
        ({"to": "2026-11-22T09:00:00+09:00"}, 400, "not_forward"),
        ({"to": "2026-12-01T09:00:00"}, 400, "unclear"),
        ({"to": "2036-12-01T09:00:00+09:00"}, 400, "too_far"),
        ({"to": "tomorrow"}, 400, "unclear"),
        ({}, 400, "unclear"),
        ([1], 400, "unclear"),
    ],
)
async def test_clock_stays_where_it_is_when_the_move_is_no_good(
    client: Client, clock: SteppingClock, body: object, status: int, error: str
) -> None:
    assert await moved(client, body) == (status, {"error": error})
    assert clock.at == NOON


async def test_clock_takes_no_form_because_another_site_could_post_one(client: Client, clock: SteppingClock) -> None:
    async with client.post("/demo/clock", data={"days": "1"}) as response:
        assert response.status == 415

    async with client.post("/demo/clock", data=b"\xff{", headers={"Content-Type": "application/json"}) as response:
        assert response.status == 400

    assert clock.at == NOON


async def test_second_move_waits_for_the_first_to_arrive(client: Client, clock: SteppingClock) -> None:
    clock.may_arrive.clear()
    first = asyncio.create_task(moved(client, {"days": 1}))
    await clock.left.wait()

    async with client.get("/demo/clock") as response:
        on_the_way = await response.json()
    second = await moved(client, {"days": 1})
    clock.may_arrive.set()

    assert on_the_way["moving_to"] == (NOON + timedelta(days=1)).isoformat()
    assert second == (409, {"error": "moving"})
    assert (await first)[0] == 200
    assert clock.at == NOON + timedelta(days=1)


async def test_clock_that_breaks_on_the_way_says_so_and_can_be_moved_again(
    client: Client, clock: SteppingClock
) -> None:
    clock.breaks = True

    broken = await moved(client, {"days": 1})
    clock.breaks = False
    again = await moved(client, {"days": 1})

    assert broken == (500, {"error": "stopped"})
    assert again[0] == 200


async def test_due_list_may_come_from_a_database() -> None:
    class AskingClock(SteppingClock):
        async def due(self) -> list[Due]:  # type: ignore[override]  # a page asks a clock that answers later, too
            return [(NOON + timedelta(days=1), "결제일 알림")]

    app = web.Application()
    add_page(app, people=[], clock=AskingClock())

    async with TestClient(TestServer(app)) as client, client.get("/demo/clock") as response:
        assert [due["label"] for due in (await response.json())["due"]] == ["결제일 알림"]
