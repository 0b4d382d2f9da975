"""A party's room, over the stand-in's HTTP: what one person writes, the others read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import select

from bot.pictures import draw_portrait
from bot.sandbox.chats import Phone
from core.people import Person
from core.rooms import RoomPresence
from tests.core.rooms.building import Built, let_join, make_party, make_person
from tests.e2e.world import World

ENTER, LEAVE, WHO = "💬 대화방 들어가기", "🚪 대화방 나가기", "👥 누가 있나요"


@pytest.fixture
def delivery(db_kind: str) -> str:
    """Pair each database with one way of delivery: a room does not care how its updates came."""
    return {"sqlite": "polling", "mariadb": "webhook"}[db_kind]


@dataclass
class Together:
    """A host and two members (the second one reads English) with an open room."""

    world: World
    built: Built
    minsu: Phone
    jisu: Phone
    kim: Phone

    async def enter(self, *phones: Phone) -> None:
        """Let people enter the room."""
        for phone in phones:
            await phone.says("/room")
            await phone.sees("You are in the room" if phone is self.kim else "대화방에 들어왔어요")


async def consenting(world: World, name: str, language: str = "ko") -> tuple[Phone, Person]:
    """Give somebody a phone who has pressed Start and agreed to the terms."""
    phone = await world.person(name, language)
    await phone.starts()
    async with world.demo.two.db.write() as session:
        person = await make_person(session, name, world.demo.clock, language, telegram_id=phone.id)
    return phone, person


@pytest.fixture
async def together(world: World) -> Together:
    minsu, host = await consenting(world, "민수")
    jisu, first = await consenting(world, "지수")
    kim, second = await consenting(world, "Kim", "en")
    built = await make_party(world.demo.two.db, world.demo.clock, first, second, host=host)
    await world.settled()
    return Together(world, built, minsu, jisu, kim)


async def keyboard_of(phone: Phone) -> Any:
    return (await phone.chats.request("GET", f"/user/{phone.id}/chat"))["reply_keyboard"]


async def test_the_room_opens_by_itself_with_a_board_for_each(together: Together) -> None:
    for phone in (together.minsu, together.jisu):
        await phone.sees("대화방이 열렸어요", anywhere=True)
        await phone.sees("이번 달 2/2명 결제 완료", anywhere=True)
    await together.kim.sees("This month: 2 of 2 paid", anywhere=True)


async def test_the_board_is_edited_in_place_when_somebody_joins(together: Together) -> None:
    before = await together.minsu.sees("4자리 중 3자리", anywhere=True)

    await let_join(together.world.demo.two.db, together.world.demo.clock, together.built, "서연")
    await together.world.settled()

    after = await together.minsu.sees("4자리 중 4자리", anywhere=True)
    assert after["message_id"] == before["message_id"]
    await together.minsu.sees("서연님이", anywhere=True)


async def test_words_go_to_everybody_else_while_their_author_is_in_the_room(together: Together) -> None:
    minsu, jisu, kim = together.minsu, together.jisu, together.kim
    await minsu.taps(ENTER, anywhere=True)
    await minsu.sees("대화방에 들어왔어요")
    assert await keyboard_of(minsu) is not None

    await minsu.says("오늘 <밤> 9시에 & 볼까요?")

    await jisu.sees("민수: 오늘 <밤> 9시에 & 볼까요?", anywhere=True)
    await kim.sees("민수: 오늘 <밤> 9시에 & 볼까요?", anywhere=True)
    await minsu.sees_no("오늘")

    await minsu.says(LEAVE)
    await minsu.sees("대화방에서 나왔어요")
    await minsu.says("혼잣말이에요")
    await minsu.sees("무슨 뜻인지")
    await together.world.settled()
    await jisu.sees_no("혼잣말", anywhere=True)
    assert not await keyboard_of(minsu)


async def test_an_answer_quotes_and_a_change_is_mirrored(together: Together) -> None:
    minsu, jisu, kim = together.minsu, together.jisu, together.kim
    await together.enter(minsu, jisu)
    asked = await minsu.says("몇 시요?")
    at_jisu = await jisu.sees("민수: 몇 시요?", anywhere=True)

    said = await jisu.says("아홉 시요", reply_to=at_jisu["message_id"])
    answer = await minsu.sees("지수: 아홉 시요", anywhere=True)

    assert _quoted(answer) == asked
    await jisu.edits(said, "열 시요")
    await minsu.sees("지수: 열 시요", anywhere=True)
    await kim.sees("지수: 열 시요", anywhere=True)
    await minsu.sees_no("아홉 시요", anywhere=True)


def _quoted(message: dict[str, Any]) -> int | None:
    quoted = message.get("reply_to")
    return quoted.get("message_id") if isinstance(quoted, dict) else quoted


async def test_a_picture_arrives_with_its_authors_name(together: Together) -> None:
    await together.enter(together.minsu)

    await together.minsu.sends_photo(draw_portrait("room"), "표지예요")

    copy = await together.jisu.sees("민수: 표지예요", anywhere=True)
    assert copy["photo_url"]


async def test_commands_in_a_room_are_commands(together: Together) -> None:
    await together.enter(together.minsu)

    await together.minsu.says("/help")
    await together.minsu.sees("이렇게 쓰면 돼요")
    await together.minsu.says("/nonsense")
    await together.minsu.sees("/nonsense")
    await together.minsu.says(WHO)
    await together.minsu.sees("3명이 있어요")

    await together.world.settled()
    await together.jisu.sees_no("민수:", anywhere=True)


async def test_a_pending_question_wins_over_the_room(together: Together) -> None:
    await together.enter(together.minsu)
    await together.minsu.says("/settings")
    await together.minsu.taps("닉네임 바꾸기")
    await together.minsu.sees("어떻게 불러 드릴까요")

    await together.minsu.says("영화왕")
    await together.minsu.sees("영화왕")

    await together.world.settled()
    await together.jisu.sees_no("영화왕", anywhere=True)
    await together.minsu.says("이제 다시 대화방")
    await together.jisu.sees("영화왕: 이제 다시 대화방", anywhere=True)


async def test_an_answer_that_comes_too_late_goes_to_nobody(together: Together) -> None:
    await together.enter(together.minsu)
    await together.minsu.says("/settings")
    await together.minsu.taps("닉네임 바꾸기")
    await together.minsu.sees("어떻게 불러 드릴까요")
    await together.world.days_pass(1 / 24)

    await together.minsu.says("늦은 답")
    await together.minsu.sees("시간이 지나서")

    await together.world.settled()
    await together.jisu.sees_no("늦은 답", anywhere=True)


async def test_a_password_is_held_back(together: Together) -> None:
    await together.enter(together.minsu)

    said = await together.minsu.says("비번: qwer1234!")
    await together.minsu.sees("비밀번호는 대화방에 적지")
    good = await together.minsu.says("안녕하세요")
    await together.jisu.sees("민수: 안녕하세요", anywhere=True)
    await together.minsu.edits(good, "비번: qwer1234!")
    await together.minsu.sees("대화방에는 반영하지 않았어요")

    await together.world.settled()
    await together.jisu.sees_no("qwer1234", anywhere=True)
    assert said < good


async def test_what_does_not_fit_is_refused_with_the_limit(together: Together) -> None:
    await together.enter(together.minsu)

    await together.minsu.says("가" * 4096)

    await together.minsu.sees("4092자 안으로")
    await together.world.settled()
    await together.jisu.sees_no("가가가", anywhere=True)


async def test_who_can_reach_nobody_is_told(together: Together) -> None:
    await together.enter(together.minsu)
    for phone in (together.jisu, together.kim):
        await phone.blocks()
    await together.world.settled()

    await together.minsu.says("거기 누구 있어요?")

    await together.minsu.sees("아무에게도 전달하지 못했어요")


async def test_an_answer_from_outside_the_room_is_not_passed_on_but_shown_the_door(together: Together) -> None:
    await together.enter(together.minsu)
    await together.minsu.says("다들 봤어요?")
    copy = await together.jisu.sees("민수: 다들 봤어요?", anywhere=True)

    await together.jisu.says("네!", reply_to=copy["message_id"])
    await together.jisu.sees("아직 대화방에 들어오지 않아서")
    await together.jisu.taps(ENTER)
    await together.jisu.sees("대화방에 들어왔어요")

    await together.world.settled()
    await together.minsu.sees_no("지수: 네!", anywhere=True)


async def test_a_stranger_gets_no_room(world: World) -> None:
    stranger, _ = await consenting(world, "낯선이")

    await stranger.says("/room")

    await stranger.sees("아직 들어갈 수 있는 대화방이 없어요")


async def test_a_room_button_of_another_party_opens_nothing(together: Together) -> None:
    stranger, person = await consenting(together.world, "낯선이")
    update = {
        "update_id": 900_000_001,
        "callback_query": {
            "id": "777",
            "from": {"id": stranger.id, "is_bot": False, "first_name": "낯선이", "language_code": "ko"},
            "chat_instance": "1",
            "data": f"room:{together.built.party_id}",
            "message": {
                "message_id": 1,
                "date": 1,
                "chat": {"id": stranger.id, "type": "private", "first_name": "낯선이"},
                "text": "x",
            },
        },
    }

    await together.world.demo.two.edge.take(update)

    async with together.world.demo.two.db.read() as session:
        assert await session.scalar(select(RoomPresence).where(RoomPresence.person_id == person.id)) is None
