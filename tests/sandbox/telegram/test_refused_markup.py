"""Keyboards that Telegram refuses."""

import pytest

from bot.sandbox.chats import Phone

from .conftest import BareBot

BUTTON = "can't parse inline keyboard button: "
LINK = "inline keyboard button URL "
ARRAY = 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
GOOD = {"text": "a", "callback_data": "a"}


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([[{"text": "a"}]], BUTTON + "Text buttons are unallowed in the inline keyboard"),
        ([[{"callback_data": "a"}]], BUTTON + 'Can\'t find field "text"'),
        ([[{"text": "a", "url": None}]], BUTTON + 'Field "url" must be of type String'),
        ([[GOOD | {"url": "https://two.example"}]], BUTTON + "exactly one of the optional fields must be used"),
        ([[GOOD | {"style": "gold"}]], BUTTON + "invalid button style specified"),
        ([[GOOD | {"text": " "}]], "inline keyboard button text must be non-empty"),
        ([[GOOD | {"callback_data": "가" * 21 + "xx"}]], "BUTTON_DATA_INVALID"),
        ([[GOOD | {"callback_data": ""}]], "BUTTON_DATA_INVALID"),
        ([[{"text": "a", "copy_text": {"text": "1" * 257}}]], "BUTTON_COPY_TEXT_INVALID"),
        ([[{"text": "a", "copy_text": {"text": ""}}]], "BUTTON_COPY_TEXT_INVALID"),
        ([[{"text": "a", "url": "http://localhost/pay"}]], LINK + "'http://localhost/pay' is invalid: Wrong HTTP URL"),
        ([[{"text": "a", "url": "ftp://two.kr/"}]], LINK + "'ftp://two.kr/' is invalid: Unsupported URL protocol"),
        (
            [[{"text": "a", "web_app": {"url": "http://two.kr"}}]],
            "inline keyboard button Web App URL 'http://two.kr' is invalid: Only HTTPS links are allowed",
        ),
        ([[{"text": "a", "copy_text": "110-234"}]], BUTTON + 'Field "copy_text" must be of type Object'),
        ([[{"text": 1, "callback_data": "a"}]], BUTTON + 'Field "text" must be of type String'),
        ([["a"]], BUTTON + "InlineKeyboardButton must be an Object"),
        ([GOOD], ARRAY),
        ({"a": 1}, 'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array'),
        ([[GOOD] * 9], "reply markup is too long"),
        ([[GOOD] * 4] * 26, "reply markup is too long"),
    ],
)
async def test_a_malformed_inline_keyboard_is_refused(
    host: Phone, bot: BareBot, rows: list[object], complaint: str
) -> None:
    answer = await bot.refusal("sendMessage", chat_id=host.id, text="x", reply_markup={"inline_keyboard": rows})

    assert answer == (400, f"Bad Request: {complaint}")


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ({"keyboard": [[7]]}, "can't parse keyboard button: KeyboardButton must be a String or an Object"),
        ({"keyboard": [[""]]}, "keyboard button text must be non-empty"),
        ({"keyboard": "a"}, 'field "keyboard" of the ReplyKeyboardMarkup must be an Array'),
        (
            {"keyboard": [[{"text": "a", "request_contact": True, "request_location": True}]]},
            "can't parse keyboard button: at most one of the optional fields must be used",
        ),
        (
            {"keyboard": [[{"text": "a", "web_app": {"url": "http://two.kr/"}}]]},
            "keyboard button Web App URL 'http://two.kr/' is invalid: Only HTTPS links are allowed",
        ),
        (
            {"keyboard": [["a"]], "input_field_placeholder": "가" * 65},
            "input field placeholder must be 1-64 characters long",
        ),
    ],
)
async def test_a_malformed_reply_keyboard_is_refused(host: Phone, bot: BareBot, markup: object, complaint: str) -> None:
    answer = await bot.refusal("sendMessage", chat_id=host.id, text="x", reply_markup=markup)

    assert answer == (400, f"Bad Request: {complaint}")


async def test_64_bytes_of_callback_data_and_100_buttons_are_fine(host: Phone, bot: BareBot) -> None:
    rows = [[{"text": "가", "callback_data": "가" * 21 + "x"}] * 5] * 20

    sent = await bot.result("sendMessage", chat_id=host.id, text="많다", reply_markup={"inline_keyboard": rows})

    assert sum(map(len, sent["reply_markup"]["inline_keyboard"])) == 100
