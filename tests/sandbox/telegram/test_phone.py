"""The phone in a person's hand: what it sends, what it shows, what it would not do."""

import asyncio
import json

import aiohttp
import pytest

from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.telegram.files import draw_portrait, picture_size

from .conftest import TOKEN, BareBot, MovableClock


async def test_start_carries_the_payload_of_a_deep_link(chats: Chats, bot: BareBot) -> None:
    person = await chats.person("하늘", "en", username="haneul_l")

    await person.starts("j_8fK2")

    message = (await bot.result("getUpdates"))[-1]["message"]
    assert message["text"] == "/start j_8fK2"
    assert message["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]
    assert message["from"] == {
        "id": person.id,
        "is_bot": False,
        "first_name": "하늘",
        "username": "haneul_l",
        "language_code": "en",
    }
    assert person.id > 2**32


async def test_an_edit_of_an_own_message_is_told_to_the_bot(host: Phone, bot: BareBot) -> None:
    number = await host.says("내일 낼게요")

    await host.edits(number, "오늘 낼게요")

    edited = (await bot.result("getUpdates"))[-1]["edited_message"]
    assert (edited["message_id"], edited["text"]) == (number, "오늘 낼게요")
    assert edited["edit_date"]


async def test_a_reply_carries_what_it_answers(host: Phone, bot: BareBot) -> None:
    sent = await bot.result("sendMessage", chat_id=host.id, text="닉네임은요?")

    await host.says("구름", reply_to=sent["message_id"])

    assert (await bot.result("getUpdates"))[-1]["message"]["reply_to_message"]["text"] == "닉네임은요?"


async def test_a_photo_goes_both_ways_and_can_be_fetched(host: Phone, bot: BareBot) -> None:
    picture = draw_portrait(7, 64)

    await host.sends_photo(picture, caption="제 사진")
    message = (await bot.result("getUpdates"))[-1]["message"]
    file = await bot.result("getFile", file_id=message["photo"][-1]["file_id"])
    async with bot.session.get(f"{bot.url}/file/bot{TOKEN}/{file['file_path']}") as response:
        fetched = await response.read()
    await bot.result("sendPhoto", chat_id=host.id, photo=message["photo"][-1]["file_id"], caption="<i>멋져요</i>")
    shown = await host.sees("멋져요")
    async with bot.session.get(f"{bot.url}{shown['photo_url']}") as response:
        assert response.content_type == "image/png"
        seen = await response.read()

    assert message["caption"] == "제 사진"
    assert (message["photo"][-1]["width"], message["photo"][-1]["height"]) == (64, 64)
    assert picture == fetched == seen


async def test_a_document_is_shown_for_download_only(host: Phone, bot: BareBot) -> None:
    await bot.upload("sendDocument", "document", b"<script>", "export.html", chat_id=str(host.id), caption="내 자료")

    shown = await host.sees("내 자료")
    async with bot.session.get(f"{bot.url}{shown['document_url']}") as response:
        assert response.headers["Content-Disposition"] == "attachment"
        assert response.content_type == "application/octet-stream"
    assert shown["document_name"] == "export.html"


async def test_a_person_may_have_a_profile_photo(chats: Chats, bot: BareBot) -> None:
    with_photo = await chats.person("바다", photo=True)
    without = await chats.person("노을")
    await with_photo.starts()
    await without.starts()

    photos = await bot.result("getUserProfilePhotos", user_id=with_photo.id)
    none = await bot.result("getUserProfilePhotos", user_id=without.id)

    assert photos["total_count"] == 1
    assert photos["photos"][0][0]["width"] == 320
    assert none == {"total_count": 0, "photos": []}


async def test_a_tap_waits_until_it_is_answered_with_a_toast(host: Phone, bot: BareBot, clock: MovableClock) -> None:
    buttons = [[{"text": "참여하기", "callback_data": "join:1"}, {"text": "안내", "url": "https://two.example"}]]
    await bot.result("sendMessage", chat_id=host.id, text="파티", reply_markup={"inline_keyboard": buttons})

    query_id = await host.taps("참여")
    view = await host.chats.request("GET", f"/user/{host.id}/chat")
    query = (await bot.result("getUpdates"))[-1]["callback_query"]
    await bot.result("answerCallbackQuery", callback_query_id=query_id, text="자리를 잡았어요", show_alert=True)
    toast = await host.toast("자리")
    after = await host.chats.request("GET", f"/user/{host.id}/chat")

    assert [tap["callback_query_id"] for tap in view["pending_taps"]] == [query_id] == [query["id"]]
    assert (query["data"], query["message"]["text"]) == ("join:1", "파티")
    assert toast == "자리를 잡았어요"
    assert after["toasts"][-1]["show_alert"] is True
    assert after["pending_taps"] == []
    assert await host.link("안내", anywhere=True) == "https://two.example/"


async def test_a_button_that_is_not_shown_cannot_be_tapped(host: Phone, bot: BareBot) -> None:
    buttons = [[{"text": "결제", "callback_data": "pay"}, {"text": "복사", "copy_text": {"text": "123-45"}}]]
    sent = await bot.result("sendMessage", chat_id=host.id, text="x", reply_markup={"inline_keyboard": buttons})

    async def tap(**what: object) -> tuple[int, dict[str, object]]:
        async with bot.session.post(f"{bot.url}/user/{host.id}/taps", json=what) as response:
            return response.status, await response.json()

    assert (await tap(text="없는 단추"))[0] == 404
    assert (await tap(message_id=sent["message_id"], data="other"))[0] == 404
    assert (await tap(message_id=1, data="pay"))[0] == 404
    assert (await tap(text="결제"))[0] == 200
    assert (await tap(text="복사")) == (200, {"copy_text": {"text": "123-45"}})


async def test_the_reply_keyboard_stays_until_it_is_removed(host: Phone, bot: BareBot) -> None:
    keyboard = {"keyboard": [["방 들어가기", {"text": "도움말"}]], "input_field_placeholder": "말을 남겨 보세요"}

    async def shown() -> tuple[object, object]:
        view = await host.chats.request("GET", f"/user/{host.id}/chat")
        return view["reply_keyboard"], view["placeholder"]

    await bot.result("sendMessage", chat_id=host.id, text="방", reply_markup=keyboard)
    await bot.result("sendMessage", chat_id=host.id, text="또")
    with_keyboard = await shown()
    await bot.result("sendMessage", chat_id=host.id, text="끝", reply_markup={"remove_keyboard": True})

    assert with_keyboard == ([[{"text": "방 들어가기"}, {"text": "도움말"}]], "말을 남겨 보세요")
    assert await shown() == (None, None)


async def test_a_pin_shows_on_the_phone_and_the_bot_hears_of_its_service_message(host: Phone, bot: BareBot) -> None:
    board = await bot.result("sendMessage", chat_id=host.id, text="우리 파티")
    place = {"chat_id": host.id, "message_id": board["message_id"]}

    async def pinned() -> object:
        return (await host.chats.request("GET", f"/user/{host.id}/chat"))["pinned_message_id"]

    await bot.result("pinChatMessage", **place, disable_notification=True)
    notice = (await bot.result("getUpdates"))[-1]["message"]
    on_phone, in_chat = await pinned(), (await bot.result("getChat", chat_id=host.id))["pinned_message"]
    await bot.result("unpinChatMessage", **place)
    unpinned = await pinned()
    await bot.result("pinChatMessage", **place)
    await bot.result("deleteMessages", chat_id=host.id, message_ids=[board["message_id"], 1])

    assert notice["pinned_message"]["message_id"] == on_phone == in_chat["message_id"] == board["message_id"]
    assert notice["from"]["is_bot"] is True
    assert unpinned is None
    assert await pinned() is None
    assert [message["text"] for message in await host.reads()] == ["/start"]


async def test_the_narrowest_commands_in_the_own_language_are_shown(host: Phone, chats: Chats, bot: BareBot) -> None:
    stranger = await chats.person("Alex", "en")

    def menu(description: str) -> list[dict[str, str]]:
        return [{"command": "my", "description": description}]

    await bot.result("setMyCommands", commands=menu("My parties"))
    await bot.result("setMyCommands", commands=menu("내 파티"), language_code="ko")
    private = {"type": "all_private_chats"}
    await bot.result("setMyCommands", commands=menu("내 파티 보기"), scope=private, language_code="ko")

    async def shown(person: Phone) -> str:
        view = await chats.request("GET", f"/user/{person.id}/chat")
        return str(view["commands"][0]["description"])

    assert await shown(host) == "내 파티 보기"
    assert await shown(stranger) == "My parties"
    await bot.result("setMyCommands", commands=menu("방장 메뉴"), scope={"type": "chat", "chat_id": host.id})
    assert await shown(host) == "방장 메뉴"
    await bot.result("deleteMyCommands", scope={"type": "chat", "chat_id": host.id})
    assert await shown(host) == "내 파티 보기"
    assert await bot.result("getMyCommands", language_code="ko") == menu("내 파티")


async def test_html_for_the_page_is_safe(host: Phone, bot: BareBot) -> None:
    await host.says("<script>alert(1)</script>")
    link = '<b>안녕</b> &lt;img&gt; <a href="https://two.example/?a=1&amp;b=2">여기</a>'
    await bot.result("sendMessage", chat_id=host.id, text=link, parse_mode="HTML")

    mine, theirs = (await host.reads())[-2:]

    assert mine["html"] == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert theirs["html"] == (
        "<b>안녕</b> &lt;img&gt; "
        '<a href="https://two.example/?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">여기</a>'
    )


async def test_copies_lose_their_keyboard_and_origin(host: Phone, chats: Chats, bot: BareBot) -> None:
    friend = await chats.person("하늘")
    await friend.starts()
    number = await host.says("다들 안녕하세요 @two_friend")

    copied = await bot.result("copyMessage", chat_id=friend.id, from_chat_id=host.id, message_id=number)

    shown = await friend.sees("다들 안녕하세요")
    assert copied == {"message_id": shown["message_id"]}
    assert shown["entities"] == [{"type": "mention", "offset": 9, "length": 11}]


async def test_media_of_a_message_can_be_replaced(host: Phone, bot: BareBot) -> None:
    sent = (await bot.upload("sendPhoto", "photo", draw_portrait(1, 32), chat_id=str(host.id)))["result"]
    media = {"type": "photo", "media": "attach://new", "caption": "새 카드"}

    edited = await bot.upload(
        "editMessageMedia",
        "new",
        draw_portrait(2, 48),
        chat_id=str(host.id),
        message_id=sent["message_id"],
        media=media,
    )

    assert edited["result"]["photo"][0]["width"] == 48
    assert (await host.sees("새 카드"))["edit_date"]


async def test_events_tell_the_page_of_each_change(host: Phone, bot: BareBot, server: TelegramStandIn) -> None:
    async with bot.session.get(f"{server.url}/user/events") as stream:
        await stream.content.readuntil(b"\n\n")
        await bot.result("sendMessage", chat_id=host.id, text="새 소식")
        event = json.loads((await stream.content.readuntil(b"\n\n")).removeprefix(b"data: "))

    view = await host.chats.request("GET", f"/user/{host.id}/chat")
    assert event == {"uid": host.id, "seq": view["seq"]}


async def test_looking_at_a_chat_can_wait_for_the_next_change(host: Phone, bot: BareBot) -> None:
    before = await host.chats.request("GET", f"/user/{host.id}/chat")
    look = host.chats.request("GET", f"/user/{host.id}/chat", params={"after": before["seq"], "wait": 30})
    waiting = asyncio.create_task(look)

    await bot.result("sendMessage", chat_id=host.id, text="기다렸죠?")

    assert (await waiting)["messages"][-1]["text"] == "기다렸죠?"


async def test_the_phone_does_not_do_the_impossible(host: Phone, bot: BareBot) -> None:
    async def status(person: int, path: str, **body: object) -> int:
        async with bot.session.post(f"{bot.url}/user/{person}/{path}", json=body) as response:
            return response.status

    assert await status(42, "start") == 404
    assert await status(host.id, "messages", text="  ") == 409
    assert await status(host.id, "messages", text="가" * 4097) == 409
    assert await status(host.id, "messages", text="x", reply_to=1) == 404
    assert await status(host.id, "edits", message_id=1, text="x") == 404
    await host.blocks()
    assert await status(host.id, "messages", text="차단했는데요") == 409


async def test_the_log_shows_requests_with_replies_and_updates(
    host: Phone, bot: BareBot, server: TelegramStandIn
) -> None:
    await bot.result("getUpdates")
    await bot.result("sendMessage", chat_id=host.id, text="기록")

    async with bot.session.get(f"{server.url}/sandbox/log", params={"after": 0}) as response:
        entries = await response.json()

    assert [entry["kind"] for entry in entries] == ["update", "request", "request"]
    assert entries[0]["update"]["message"]["text"] == "/start"
    assert entries[2]["params"] == {"chat_id": host.id, "text": "기록"}
    assert entries[2]["reply"]["result"]["text"] == "기록"


async def test_a_wait_in_vain_prints_the_whole_chat(server: TelegramStandIn, bot: BareBot) -> None:
    async with Chats(server.url, patience=0.05) as chats:
        host = await chats.person("민수")
        await host.starts()
        keyboard = {"inline_keyboard": [[{"text": "참여하기", "callback_data": "join"}]]}
        await bot.result("sendMessage", chat_id=host.id, text="파티가 있어요", reply_markup=keyboard)

        with pytest.raises(AssertionError) as complaint:
            await host.sees("4,250원")
        with pytest.raises(AssertionError, match="should not read '파티'"):
            await host.sees_no("파티")

    assert "민수 waited in vain for the words '4,250원'\n> /start" in str(complaint.value)
    assert "< 파티가 있어요" in str(complaint.value)
    assert "[참여하기]" in str(complaint.value)


async def test_only_news_since_the_own_last_action_counts(host: Phone, bot: BareBot) -> None:
    sent = await bot.result("sendMessage", chat_id=host.id, text="1명 참여")
    await host.sees("1명 참여")
    await host.says("/my")

    await host.sees_no("1명 참여")
    await host.sees("1명 참여", anywhere=True)
    await bot.result("editMessageText", chat_id=host.id, message_id=sent["message_id"], text="2명 참여")

    await host.sees("2명 참여")


async def test_closing_ends_whoever_waits(clock: MovableClock) -> None:
    server = TelegramStandIn(TOKEN, now=clock)
    with pytest.raises(RuntimeError):
        _ = server.url
    await server.start()

    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/user/events") as stream:
        await stream.content.readuntil(b"\n\n")
        await server.close()

        assert await stream.content.read() == b""


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (draw_portrait(3, 40), ("image/png", 40, 40)),
        (b"GIF89a\x05\x00\x06\x00", ("image/gif", 5, 6)),
        (b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc0\x00\x11\x08\x00\x07\x00\x09\x03", ("image/jpeg", 9, 7)),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\x09\0\0\x04\0\0", ("image/webp", 10, 5)),
        (b"%PDF-1.7 and so on", None),
        (b"", None),
    ],
)
def test_the_size_of_a_picture_is_read_from_its_header(data: bytes, size: tuple[str, int, int] | None) -> None:
    assert picture_size(data) == size
