"""Wrong links, commands, words and pictures, before consent, outside a room and in it (docs/bad-input.md)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from bot import journeys
from bot.dialog import Dialog
from bot.pictures import draw_portrait
from bot.sandbox.chats import Phone
from core import billing
from core.billing import PayoutAccount
from tests.bad_input import Row, bad_input
from tests.e2e.stage import Stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

STICKER = {
    "sticker": {
        "file_id": "sticker-1", "file_unique_id": "s1", "type": "regular", "width": 512, "height": 512,
        "is_animated": False, "is_video": False,
    }
}  # fmt: skip
VOICE = {"voice": {"file_id": "voice-1", "file_unique_id": "v1", "duration": 3}}
CONTACT = {"contact": {"phone_number": "000-0000", "first_name": "아무개"}}
LOCATION = {"location": {"latitude": 37.5, "longitude": 127.0}}
POLL = {
    "poll": {
        "id": "1", "question": "뭐 볼까요?", "options": [], "total_voter_count": 0, "is_closed": False,
        "is_anonymous": True, "type": "regular", "allows_multiple_answers": False, "allows_revoting": False,
        "members_only": False,
    }
}  # fmt: skip
Content = str | Mapping[str, Any]


async def put(phone: Phone, content: Content) -> None:
    """Send words, or whatever else a message can be."""
    if isinstance(content, str):
        await phone.says(content)
    else:
        await phone.sends(**content)


@bad_input({"consent-command": "/my", "consent-words": "안녕하세요", "consent-sticker": STICKER})
async def test_whatever_a_stranger_writes_consent_comes_first(stage: Stage, row: Row, act: Content) -> None:
    stranger = await stage.world.person("낯선이")
    await stranger.starts()
    await stranger.sees(row.words)

    async with stage.nothing_changes():
        await put(stranger, act)

        await stranger.sees(row.words)


@bad_input(
    {
        "consent-button": "party:{running}",
        "consent-band": "agree:child:",
        "consent-shortened": "agree",
        "consent-language": "lang:xx:-",
        "consent-too-young": "young",
    }
)
async def test_no_button_passes_by_the_consent(stage: Stage, row: Row, act: str) -> None:
    stranger = await stage.world.person("낯선이")
    await stranger.starts()
    await stranger.sees("TWO")

    async with stage.nothing_changes():
        await stranger.forges(act.format(**stage.facts))

        await (stranger.toast(row.words) if "버튼" in row.words else stranger.sees(row.words))


@bad_input(["consent-long-link"])
async def test_a_damaged_link_is_told_after_the_consent_that_it_opened(stage: Stage, row: Row) -> None:
    stranger = await stage.world.person("낯선이")
    await stranger.starts("p_" + "x" * 62)

    async with stage.nothing_changes("person", "consent"):
        await stranger.taps("만 19세 이상이에요")

        await stranger.sees(row.words)


@bad_input(["consent-other-age"])
async def test_a_second_consent_changes_no_age(stage: Stage, row: Row) -> None:
    async with stage.nothing_changes():
        await stage["지우"].forges("agree:teen:")

        await stage["지우"].sees(row.words)


@bad_input(
    {
        "link-unknown": ("지우", "p_zzzzzzzzzzzz"),
        "link-empty": ("지우", "p_"),
        "link-long": ("지우", "p_" + "x" * 62),
        "link-other-script": ("지우", "p_한글코드"),
        "link-other-case": ("지우", "p_{running_code_in_capitals}"),
        "link-garbage": ("지우", "hello"),
        "link-cancelled": ("지우", "p_{cancelled_code}"),
        "link-full": ("지우", "p_{full_code}"),
        "link-own": ("민수", "p_{early_code}"),
        "link-member": ("하늘", "p_{running_code}"),
    }
)
async def test_a_link_that_leads_to_no_free_seat_says_why(stage: Stage, row: Row, act: tuple[str, str]) -> None:
    who, payload = act
    capitals = stage.facts["running_code"].upper()

    async with stage.nothing_changes():
        await stage[who].starts(payload.format(**stage.facts, running_code_in_capitals=capitals))

        await stage[who].sees(row.words)


@bad_input(
    {
        "command-unknown": "/nonsense",
        "command-elsewhere": "/my@OtherBot",
        "command-arguments": "/my 999 -- <b>x</b>",
        "command-bills-arguments": "/bills 1",
        "command-newparty-arguments": "/newparty '; DROP TABLE party; --",
        "command-room-none": "/room",
        "command-leave-room": "/leave_room",
        "words-alone": "아무 말이나 해 볼게요",
        "words-html": "</b><script>x</script>",
        "words-4096": "가" * 4096,
        "sticker-alone": STICKER,
        "voice-alone": VOICE,
        "contact-alone": CONTACT,
        "location-alone": LOCATION,
    }
)
async def test_what_is_not_understood_is_said_so(stage: Stage, row: Row, act: Content) -> None:
    await no_question(stage, "지우")

    async with stage.nothing_changes():
        await put(stage["지우"], act)

        await stage["지우"].sees(row.words)


@bad_input(["photo-alone"])
async def test_a_photo_that_nobody_asked_for_is_not_kept(stage: Stage, row: Row) -> None:
    await no_question(stage, "지우")

    async with stage.nothing_changes():
        await stage["지우"].sends_photo(draw_portrait("alone"))

        await stage["지우"].sees(row.words)


@bad_input(
    {
        "find-long": "가" * 300,
        "find-spaces": "    ",
        "find-emoji": "🍿🍿",
        "find-sql": "'; DROP TABLE person; --",
        "find-html": "<b>굵게</b>",
        "find-wildcards": "%_%",
    }
)
async def test_odd_words_find_nothing_and_break_nothing(stage: Stage, row: Row, act: str) -> None:
    async with stage.nothing_changes():
        await stage["지우"].says(f"/find {act}")

        await stage["지우"].sees(row.words)


@bad_input(
    {
        "nickname-long": "가" * 21,
        "nickname-invisible": "ㅤ\u200bㅤ\u200d",
        "nickname-mark": "\u0301",
        "nickname-sticker": STICKER,
        "nickname-command": "/nonsense",
    }
)
async def test_a_nickname_that_cannot_be_is_asked_for_again(stage: Stage, row: Row, act: Content) -> None:
    await stage["지우"].forges("nick")
    await stage["지우"].sees("어떻게 불러 드릴까요")

    async with stage.nothing_changes():
        await put(stage["지우"], act)

        await stage["지우"].sees(row.words)
        assert await stage.count(Dialog, Dialog.question == "nickname", await by(stage, "지우")) == 1


@bad_input(
    {
        "nickname-html": ("<b>왕</b>", "<b>왕</b>"),
        "nickname-newline": ("첫\n둘", "첫 둘"),
        "nickname-control": ("가\a\x00나", "가나"),
        "nickname-rtl": ("a\u202eb\u202cc", "abc"),
    }
)
async def test_a_nickname_is_kept_as_harmless_text(stage: Stage, row: Row, act: tuple[str, str]) -> None:
    written, kept = act
    await stage["바다"].forges("nick")
    await stage["바다"].sees("어떻게 불러 드릴까요")

    async with stage.nothing_changes("person"):
        await stage["바다"].says(written)

        await stage["바다"].sees(row.words)
        assert (await stage.person("바다")).nickname == kept


@bad_input({"picture-text": "사진 대신 글", "picture-sticker": STICKER})
async def test_only_a_photo_becomes_the_picture(stage: Stage, row: Row, act: Content) -> None:
    await stage["지우"].forges("pic")
    await stage["지우"].sees("프로필 사진")

    async with stage.nothing_changes():
        await put(stage["지우"], act)

        await stage["지우"].sees(row.words)
        assert await stage.count(Dialog, Dialog.question == "picture", await by(stage, "지우")) == 1


@bad_input(["nickname-late"])
async def test_an_answer_that_comes_too_late_is_no_nickname(stage: Stage, row: Row) -> None:
    await stage["지우"].forges("nick")
    await stage["지우"].sees("어떻게 불러 드릴까요")
    await the_time_is_over(stage, "지우")

    async with stage.nothing_changes():
        await stage["지우"].says("늦은이름")

        await stage["지우"].sees(row.words)


@bad_input({"holder-formula": "=1+1", "holder-digits": "김민수1", "holder-sticker": STICKER})
async def test_a_holder_that_cannot_be_is_asked_for_again(stage: Stage, row: Row, act: Content) -> None:
    await stage["지우"].forges("pbank:004")
    await stage["지우"].sees("예금주 이름을 보내 주세요")

    async with stage.nothing_changes():
        await put(stage["지우"], act)

        await stage["지우"].sees(row.words)
        assert await stage.count(Dialog, Dialog.question == "payout_holder", await by(stage, "지우")) == 1


@bad_input(
    {"account-short": "123-456-789", "account-letters": "12345o7890", "account-other-digits": "１２３４５６７８９０"}
)
async def test_an_account_number_that_cannot_be_is_asked_for_again(stage: Stage, row: Row, act: str) -> None:
    await asked_for_an_account(stage, "지우")

    async with stage.nothing_changes():
        await stage["지우"].says(act)

        await stage["지우"].sees(row.words)
        assert await stage.count(Dialog, Dialog.question == "payout_number", await by(stage, "지우")) == 1
        await stage.world.settled()
    assert act not in str(await stage["지우"].reads())


@bad_input(["account-late"])
async def test_an_account_number_that_comes_too_late_leaves_the_chat(stage: Stage, row: Row) -> None:
    await asked_for_an_account(stage, "지우")
    await the_time_is_over(stage, "지우")

    async with stage.nothing_changes():
        await stage["지우"].says("987-654-321098")

        await stage["지우"].sees(row.words)
        await stage.world.settled()
    assert "987-654-321098" not in str(await stage["지우"].reads())


@bad_input(["code-wrong"])
async def test_wrong_digits_cost_a_try(stage: Stage, row: Row) -> None:
    host, two = stage["민수"], stage.world.demo.two
    await journeys.register_account(host)
    await two.db.transact(billing.export_batch, "mina", stage.world.demo.now())
    await stage.world.settled()
    await host.taps("숫자 4개 입력하기", anywhere=True)
    await host.sees("숫자 4개를 보내 주세요")

    async with stage.nothing_changes("payout_account"):
        await host.says("12345")

        await host.sees(row.words)
    assert await stage.count(PayoutAccount, PayoutAccount.tries == 1) == 1


@bad_input(
    {
        "room-4096": "가" * 4096,
        "room-password": "비번은 qwer1234!",
        "room-account": "me@mail.com / qwer1234",
        "room-contact": CONTACT,
        "room-location": LOCATION,
        "room-poll": POLL,
        "room-command": "/nonsense",
    }
)
async def test_what_does_not_belong_into_a_room_reaches_nobody(stage: Stage, row: Row, act: Content) -> None:
    await stage["하늘"].says("/room")
    await stage["하늘"].sees("대화방에 들어왔어요")
    read = len(await stage["민수"].reads())

    async with stage.nothing_changes():
        await put(stage["하늘"], act)

        await stage["하늘"].sees(row.words)
        await stage.world.settled()
    assert len(await stage["민수"].reads()) == read


@bad_input(["room-late"])
async def test_an_answer_that_comes_too_late_is_no_talk(stage: Stage, row: Row) -> None:
    await stage["하늘"].says("/room")
    await stage["하늘"].sees("대화방에 들어왔어요")
    await stage["하늘"].forges("nick")
    await stage["하늘"].sees("어떻게 불러 드릴까요")
    await the_time_is_over(stage, "하늘")
    read = len(await stage["민수"].reads())

    async with stage.nothing_changes():
        await stage["하늘"].says("늦은 답")

        await stage["하늘"].sees(row.words)
        await stage.world.settled()
    assert len(await stage["민수"].reads()) == read


async def asked_for_an_account(stage: Stage, name: str) -> None:
    """Bring somebody to the question for their account number."""
    await stage[name].forges("pbank:004")
    await stage[name].sees("예금주 이름을 보내 주세요")
    await stage[name].says("김지우")
    await stage[name].sees("계좌번호를 보내 주세요")


async def by(stage: Stage, name: str) -> Any:
    """Return the condition that a question waits for this person."""
    return Dialog.person_id == (await stage.person(name)).id


async def no_question(stage: Stage, name: str) -> None:
    """Let no question wait for this person."""
    async with stage.world.demo.two.db.write() as session:
        await session.execute(delete(Dialog).where(await by(stage, name)))


async def the_time_is_over(stage: Stage, name: str) -> None:
    """Let the question that waits for this person expire."""
    past = stage.world.demo.now() - timedelta(minutes=1)
    async with stage.world.demo.two.db.write() as session:
        await session.execute(update(Dialog).where(await by(stage, name)).values(expires_at=past))
