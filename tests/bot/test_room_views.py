"""The room in words: board, notices, keyboard, and what a passed-on message looks like."""

from __future__ import annotations

from typing import Any

import pytest

from bot.screen import CALLBACK_BYTES, CAPTION_UNITS, TEXT_UNITS
from bot.texts import SPEECH
from bot.views import notices, rooms
from bot.views.relayed import Form, Heard, units
from core.rooms import Copy, Door, Guest, Room, RoomKind, Subject

KO, EN = SPEECH["ko"], SPEECH["en"]
SUBJECT = Subject(7, "🎬", "티빙", "TVING", "프리미엄", "Premium")
BOARD: dict[str, Any] = {
    **SUBJECT.words(),
    "recruiting": False,
    "from": "2026-11-05",
    "until": "2026-12-04",
    "people": 4,
    "seats": 4,
    "now": {"paid": 2, "bills": 3, "unpaid": None},
    "next_on": "2026-12-05",
    "next": None,
    "host": False,
    "last_day": None,
    "own": {"state": "paid", "won": 4250, "due_on": "2026-11-05"},
    "own_next": None,
}


def test_a_members_board_in_korean() -> None:
    assert rooms.board(KO, BOARD).text == (
        "<b>🎬 티빙 프리미엄</b> 파티\n"
        "📅 11월 5일 (목) ~ 12월 4일 (금)\n"
        "👥 4자리 중 4자리 찼어요\n"
        "✅ 이번 달 2/3명 결제 완료\n"
        "\n"
        "🙂 이번 달 결제를 마쳤어요\n"
        "➡️ 다음 결제일: 12월 5일 (토)"
    )


def test_a_members_board_in_english() -> None:
    text = rooms.board(EN, BOARD).text

    assert "Party <b>🎬 TVING Premium</b>" in text
    assert "✅ This month: 2 of 3 paid" in text


def test_the_hosts_board_names_who_has_not_paid() -> None:
    data = BOARD | {"host": True, "own": None, "now": {"paid": 2, "bills": 3, "unpaid": ["현우 <3"]}}

    text = rooms.board(KO, data).text

    assert "⏳ 아직 결제 전: 현우 &lt;3 (호스트에게만 보여요)" in text
    assert "👑 내가 호스트예요" in text


def test_an_open_next_bill_is_shown_with_its_day_and_amount() -> None:
    data = BOARD | {
        "next": {"paid": 1, "bills": 3, "unpaid": None},
        "own_next": {"state": "open", "won": 4250, "due_on": "2026-12-05"},
    }

    text = rooms.board(KO, data).text

    assert "🗓 다음 달 1/3명 결제 완료" in text
    assert "➡️ 다음 결제: 12월 5일 (토) · 4,250원" in text


@pytest.mark.parametrize("state", ["open", "late", "paid"])
@pytest.mark.parametrize("which", ["own", "own_next"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_state_of_an_own_bill_has_words(language: str, which: str, state: str) -> None:
    data = BOARD | {which: {"state": state, "won": 4250, "due_on": "2026-12-05"}}

    assert rooms.board(SPEECH[language], data).text


def test_who_leaves_reads_the_last_day() -> None:
    assert "👋 12월 4일 (금)까지 함께해요" in rooms.board(KO, BOARD | {"last_day": "2026-12-04"}).text


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("name", sorted(name for name in notices.NOTICES if name.startswith("rooms.")))
def test_every_notice_of_a_room_has_words(name: str, language: str) -> None:
    data = BOARD | {"people": ["지수", None], "was_inside": True} if name != "rooms.board" else BOARD

    screen = notices.word(SPEECH[language], name, data)

    assert "TVING" in screen.text or "티빙" in screen.text
    buttons = [button for row in screen.rows for button in row]
    assert all(len((button.data or "").encode()) <= CALLBACK_BYTES for button in buttons)


def test_a_closed_room_takes_its_keyboard_along_only_from_who_was_inside() -> None:
    assert rooms.closed(KO, BOARD | {"was_inside": True}).reply_markup() == {"remove_keyboard": True}
    assert rooms.closed(KO, BOARD | {"was_inside": False}).reply_markup() is None


def test_the_keyboard_of_a_room_leads_out_of_it_and_says_where_words_go() -> None:
    screen = rooms.entered(KO, SUBJECT, [Guest("민수", is_host=True, inside=False)])

    markup = screen.reply_markup()

    assert markup is not None
    labels = [button["text"] for row in markup["keyboard"] for button in row]
    assert labels == ["🚪 대화방 나가기", "👥 누가 있나요"]
    assert labels[0] in rooms.leave_labels()
    assert labels[1] in rooms.who_labels()
    assert markup["input_field_placeholder"] == "대화방에 보낼 말 · 🎬 티빙 프리미엄"


def test_labels_are_known_in_every_language() -> None:
    assert len(rooms.leave_labels()) == len(rooms.who_labels()) == 2


def test_who_is_here() -> None:
    people = [Guest("민수", is_host=True, inside=True), Guest("지<수", is_host=False, inside=False)]

    text = rooms.who(KO, SUBJECT, people).text

    assert text.splitlines()[1:] == ["👑 민수 · 지금 대화 중", "🙂 지&lt;수"]
    assert "There is 1 person" in rooms.who(EN, SUBJECT, people[:1]).text


def test_several_rooms_are_offered() -> None:
    def door(party_id: int, *, inside: bool) -> Door:
        room = Room(id=party_id, party_id=party_id, kind=RoomKind.RELAY)
        return Door(room, Subject(party_id, "🎬", "티빙", "TVING", "프리미엄", "Premium"), inside)

    screen = rooms.choose(KO, [door(1, inside=True), door(2, inside=False)])

    assert [row[0].data for row in screen.rows] == ["room:1", "room:2"]
    assert "지금 여기" in screen.rows[0][0].text


def heard(form: Form, words: str, nickname: str = "민수") -> Heard:
    return Heard(form, nickname, words, chat_id=111, message_id=11)


def test_text_is_passed_on_with_its_authors_name_and_without_markup_of_its_own() -> None:
    [(method, data)] = heard(Form.TEXT, "<b>굵게</b> & {0}").calls(Copy(222, "ko", replies_to=5))

    assert method == "sendMessage"
    assert data["text"] == "<b>민수</b>: &lt;b&gt;굵게&lt;/b&gt; &amp; {0}"
    assert data["reply_to_message_id"] == 5
    assert data["allow_sending_without_reply"] is True


def test_a_photo_is_copied_with_the_name_in_its_caption() -> None:
    [(method, data)] = heard(Form.CAPTIONED, "").calls(Copy(222, "ko"))

    assert method == "copyMessage"
    assert (data["chat_id"], data["from_chat_id"], data["message_id"]) == (222, 111, 11)
    assert data["caption"] == "<b>민수</b>:"


def test_a_sticker_comes_behind_a_line_with_the_name() -> None:
    calls = heard(Form.BARE, "").calls(Copy(222, "ko", replies_to=5))

    assert [method for method, _ in calls] == ["sendMessage", "copyMessage"]
    assert "reply_to_message_id" not in calls[0][1]
    assert calls[1][1]["reply_to_message_id"] == 5


@pytest.mark.parametrize(("form", "limit"), [(Form.TEXT, TEXT_UNITS), (Form.CAPTIONED, CAPTION_UNITS)])
def test_words_fit_to_the_last_unit_and_not_beyond(form: Form, limit: int) -> None:
    room = limit - units("민수: ")

    assert not heard(form, "가" * room).too_long()
    assert heard(form, "가" * (room + 1)).too_long()
    assert heard(form, "😀" * (room // 2 + 1)).too_long()


def test_a_change_edits_text_or_caption() -> None:
    assert heard(Form.TEXT, "고침").change(Copy(222, "ko"), 9)[0] == "editMessageText"
    method, data = heard(Form.CAPTIONED, "고침").change(Copy(222, "ko"), 9)

    assert method == "editMessageCaption"
    assert (data["message_id"], data["caption"]) == (9, "<b>민수</b>: 고침")
