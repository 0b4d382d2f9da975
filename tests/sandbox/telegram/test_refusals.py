"""What Telegram refuses, with its codes and words."""

import aiohttp
import pytest

from bot.sandbox.chats import Chats, Phone
from bot.sandbox.telegram import TelegramStandIn
from bot.sandbox.telegram.files import draw_portrait

from .conftest import TOKEN, BareBot, MovableClock


def inline(**button: object) -> dict[str, object]:
    return {"inline_keyboard": [[{"text": "단추", **button}]]}


async def test_a_wrong_token_is_unauthorized(server: TelegramStandIn, bot: BareBot) -> None:
    async with bot.session.get(f"{server.url}/bot1000001:WRONG/getMe") as response:
        assert response.status == 401
        assert await response.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_an_unknown_method_is_not_found(bot: BareBot) -> None:
    assert await bot.refusal("sendTelepathy") == (404, "Not Found: method not found")


async def test_method_names_do_not_mind_case(bot: BareBot) -> None:
    assert (await bot.result("GETME"))["username"] == "TwoDemoBot"


UNCLOSED = "can't parse entities: Can't find end tag corresponding to start tag \"u\""


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "가" * 4097}, "message is too long"),
        ({"text": "😀" * 2049}, "message is too long"),
        ({"text": "<u>x", "parse_mode": "HTML"}, UNCLOSED),
        ({"text": "x", "reply_markup": "{broken"}, "can't parse reply keyboard markup JSON object"),
        ({"text": "x", "reply_markup": []}, "object expected as reply markup"),
        ({"text": "x", "reply_parameters": {"message_id": 1}}, "message to be replied not found"),
        ({"text": "x", "reply_parameters": {}}, "can't parse reply parameters: Can't find field \"message_id\""),
        ({"text": "x", "entities": "bold"}, "can't parse entities JSON object"),
        ({"text": "x", "parse_mode": "Wikitext"}, "unsupported parse_mode"),
    ],
)
async def test_a_malformed_message_is_refused(
    host: Phone, bot: BareBot, params: dict[str, object], complaint: str
) -> None:
    answer = await bot.refusal("sendMessage", chat_id=host.id, **params)

    assert answer == (400, f"Bad Request: {complaint}")
    assert [message for message in await host.reads() if message["from_bot"]] == []


async def test_length_counts_after_the_tags_are_taken_out(host: Phone, bot: BareBot) -> None:
    sent = await bot.result("sendMessage", chat_id=host.id, text=f"<b>{'가' * 4096}</b>", parse_mode="HTML")

    assert len(sent["text"]) == 4096


async def test_what_is_protected_or_a_service_message_cannot_be_copied(host: Phone, bot: BareBot) -> None:
    secret = await bot.result("sendMessage", chat_id=host.id, text="비밀", protect_content=True)
    place = {"chat_id": host.id, "message_id": secret["message_id"]}
    await bot.result("pinChatMessage", **place)
    notice = (await bot.result("getUpdates"))[-1]["message"]["message_id"]

    copies = [
        await bot.refusal("copyMessage", chat_id=host.id, from_chat_id=host.id, message_id=number)
        for number in (secret["message_id"], notice)
    ]

    assert copies == [(400, "Bad Request: message can't be copied")] * 2


async def test_nobody_is_written_to_before_start_nor_while_blocking(chats: Chats, bot: BareBot) -> None:
    person = await chats.person("하늘")

    before = await bot.refusal("sendMessage", chat_id=person.id, text="안녕하세요")
    await person.starts()
    after = await bot.reply("sendMessage", chat_id=person.id, text="안녕하세요")
    await person.blocks()
    blocked = await bot.refusal("sendMessage", chat_id=person.id, text="안녕하세요")
    await person.starts()
    again = await bot.reply("sendMessage", chat_id=person.id, text="돌아오셨네요")

    assert before == (403, "Forbidden: bot can't initiate conversation with a user")
    assert after["ok"]
    assert blocked == (403, "Forbidden: bot was blocked by the user")
    assert again["ok"]


async def test_an_unknown_chat_is_not_found(bot: BareBot) -> None:
    assert await bot.refusal("sendMessage", chat_id=42, text="x") == (400, "Bad Request: chat not found")
    assert await bot.refusal("sendMessage", text="x") == (400, "Bad Request: chat_id is empty")


async def test_an_edit_that_changes_nothing_is_refused(host: Phone, bot: BareBot) -> None:
    markup = inline(callback_data="a")
    sent = await bot.result("sendMessage", chat_id=host.id, text="<b>판</b>", parse_mode="HTML", reply_markup=markup)
    place = {"chat_id": host.id, "message_id": sent["message_id"]}

    same = await bot.refusal("editMessageText", **place, text="<b>판</b> ", parse_mode="HTML", reply_markup=markup)
    plain = await bot.reply("editMessageText", **place, text="판", reply_markup=markup)
    same_markup = await bot.refusal("editMessageReplyMarkup", **place, reply_markup=markup)

    assert same == (
        400,
        "Bad Request: message is not modified: specified new message content and reply markup "
        "are exactly the same as a current content and reply markup of the message",
    )
    assert plain["ok"]
    assert same_markup == same


async def test_an_edit_without_markup_takes_the_buttons_away(host: Phone, bot: BareBot) -> None:
    sent = await bot.result("sendMessage", chat_id=host.id, text="전", reply_markup=inline(callback_data="a"))

    edited = await bot.result("editMessageText", chat_id=host.id, message_id=sent["message_id"], text="후")

    assert "reply_markup" not in edited
    assert (await host.sees("후"))["inline_keyboard"] == []


async def test_only_fitting_messages_of_its_own_can_be_edited(host: Phone, bot: BareBot) -> None:
    theirs = await host.says("제 말이에요")
    keyboard = {"keyboard": [["방 들어가기"]]}
    with_keyboard = await bot.result("sendMessage", chat_id=host.id, text="x", reply_markup=keyboard)
    text = await bot.result("sendMessage", chat_id=host.id, text="x")
    photo = (await bot.upload("sendPhoto", "photo", draw_portrait(1, 32), chat_id=str(host.id)))["result"]

    async def refused(method: str, message_id: int, **params: object) -> str:
        code, description = await bot.refusal(method, chat_id=host.id, message_id=message_id, **params)
        assert code == 400
        return description.removeprefix("Bad Request: ")

    assert await refused("editMessageText", 1, text="y") == "message to edit not found"
    assert await refused("editMessageText", theirs, text="y") == "message can't be edited"
    assert await refused("editMessageText", with_keyboard["message_id"], text="y") == "message can't be edited"
    assert await refused("editMessageText", photo["message_id"], text="y") == "there is no text in the message to edit"
    assert (
        await refused("editMessageCaption", text["message_id"], caption="y")
        == "there is no caption in the message to edit"
    )


async def test_deleting_has_a_limit_in_time_and_needs_a_message(host: Phone, bot: BareBot, clock: MovableClock) -> None:
    sent = await bot.result("sendMessage", chat_id=host.id, text="옛날")
    clock.move(hours=48)

    old = await bot.refusal("deleteMessage", chat_id=host.id, message_id=sent["message_id"])
    missing = await bot.refusal("deleteMessage", chat_id=host.id, message_id=1)

    assert old == (400, "Bad Request: message can't be deleted for everyone")
    assert missing == (400, "Bad Request: message to delete not found")


TOO_OLD = (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")


async def test_a_tap_is_answered_once_and_in_time(host: Phone, bot: BareBot, clock: MovableClock) -> None:
    await bot.result("sendMessage", chat_id=host.id, text="눌러요", reply_markup=inline(callback_data="a"))
    first, second = await host.taps("단추", anywhere=True), await host.taps("단추", anywhere=True)

    await bot.result("answerCallbackQuery", callback_query_id=first, text="네")
    twice = await bot.refusal("answerCallbackQuery", callback_query_id=first)
    clock.move(seconds=150)
    late = await bot.refusal("answerCallbackQuery", callback_query_id=second)
    forged = await bot.refusal("answerCallbackQuery", callback_query_id="99")

    assert twice == late == forged == TOO_OLD


async def test_an_answer_has_at_most_200_characters_and_leads_only_to_the_bot(host: Phone, bot: BareBot) -> None:
    await bot.result("sendMessage", chat_id=host.id, text="눌러요", reply_markup=inline(callback_data="a"))
    tap = await host.taps("단추")

    long = await bot.refusal("answerCallbackQuery", callback_query_id=tap, text="가" * 201)
    elsewhere = await bot.refusal("answerCallbackQuery", callback_query_id=tap, url="https://two.example/pay")
    home = await bot.reply("answerCallbackQuery", callback_query_id=tap, url="https://t.me/TwoDemoBot?start=pay")

    assert long == (400, "Bad Request: MESSAGE_TOO_LONG")
    assert elsewhere == (400, "Bad Request: URL_INVALID")
    assert home["ok"]


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"commands": [{"command": "New Party", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "a" * 33, "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ({"commands": [{"command": "a", "description": ""}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": [{"command": "a", "description": "x" * 257}]}, "BOT_COMMAND_DESCRIPTION_INVALID"),
        ({"commands": [{"command": f"c{n}", "description": "x"} for n in range(101)]}, "BOT_COMMANDS_TOO_MUCH"),
        ({"commands": [{"command": "a", "description": "x"}] * 2}, "BOT_COMMAND_DUPLICATE"),
        ({"commands": "a"}, "can't parse commands JSON object"),
        ({"commands": [], "scope": {"type": "chat", "chat_id": 42}}, "chat not found"),
        ({"commands": [], "language_code": "korean"}, "invalid language code specified"),
        (
            {"commands": [], "scope": {"type": "everywhere"}},
            "can't parse BotCommandScope: unsupported type specified",
        ),
    ],
)
async def test_malformed_commands_are_refused(bot: BareBot, params: dict[str, object], complaint: str) -> None:
    assert await bot.refusal("setMyCommands", **params) == (400, f"Bad Request: {complaint}")


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"url": "http://two.example/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://two.example:9000/hook"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "https://two.example/", "secret_token": "비밀"}, "secret token contains unallowed characters"),
        ({"url": "no address"}, "invalid webhook URL specified"),
        ({"url": "https://two.example:port/"}, "bad webhook: Wrong HTTP URL"),
        ({"url": "https://two.example/", "allowed_updates": 5}, "expected an Array of Strings as allowed updates"),
    ],
)
async def test_a_bad_webhook_is_refused(bot: BareBot, params: dict[str, object], complaint: str) -> None:
    assert await bot.refusal("setWebhook", **params) == (400, f"Bad Request: {complaint}")


async def test_other_small_refusals(host: Phone, bot: BareBot) -> None:
    message = await host.says("안녕")
    place = {"chat_id": host.id, "message_id": message}

    answers = [
        await bot.refusal("sendChatAction", chat_id=host.id, action="dancing"),
        await bot.refusal("getFile", file_id="nothing"),
        await bot.refusal("pinChatMessage", chat_id=host.id, message_id=1),
        await bot.refusal("unpinChatMessage", chat_id=host.id),
        await bot.refusal("copyMessage", chat_id=host.id, from_chat_id=host.id, message_id=1),
        await bot.refusal("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "🧀"}]),
        await bot.refusal("setMyName", name="가" * 65),
        await bot.refusal("deleteMessages", chat_id=host.id, message_ids=list(range(101))),
        await bot.refusal("getUserProfilePhotos", user_id=42),
        await bot.refusal("setMessageReaction", chat_id=host.id, message_id=1),
        await bot.refusal("setMessageReaction", **place, reaction=[{"type": "emoji", "emoji": "👍"}] * 2),
        await bot.refusal("setMessageReaction", **place, reaction=["👍"]),
        await bot.refusal("deleteMessages", chat_id=host.id, message_ids=[]),
        await bot.refusal("editMessageMedia", **place, media={"type": "poll"}),
        await bot.refusal("setChatMenuButton", menu_button={"type": "fireworks"}),
        await bot.refusal("setChatMenuButton", menu_button={"type": "web_app", "text": "x", "web_app": {"url": "x"}}),
    ]

    assert {code for code, _ in answers} == {400}
    assert [description.removeprefix("Bad Request: ") for _, description in answers] == [
        "wrong parameter action in request",
        "wrong file_id or the file is temporarily unavailable",
        "message to pin not found",
        "message to unpin not found",
        "message to copy not found",
        "REACTION_INVALID",
        "bot name is too long",
        "too many message identifiers specified",
        "user not found",
        "message to react not found",
        "REACTIONS_TOO_MANY",
        "can't parse reaction types JSON object",
        "message identifiers are not specified",
        "can't parse InputMedia: type must be photo or document",
        "can't parse menu button: Unsupported type specified",
        "menu button Web App URL is invalid: Only HTTPS links are allowed",
    ]


async def test_a_body_that_is_not_json_is_refused(server: TelegramStandIn, bot: BareBot) -> None:
    headers = {"Content-Type": "application/json"}
    async with bot.session.post(f"{server.url}/bot{TOKEN}/sendMessage", data=b"{", headers=headers) as response:
        assert response.status == 400

    async with aiohttp.ClientSession() as stranger, stranger.get(f"{server.url}/bot{TOKEN}/getMe") as response:
        assert response.status == 200
