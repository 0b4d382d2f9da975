"""One call of the Bot API, and what its answer, or its silence, means for the row behind it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import structlog
from telegram import (
    Bot,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    MessageId,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from bot.pictures import draw_portrait
from core.outbox import SendState

log = structlog.get_logger(__name__)

# Repeating these changes nothing, so an unclear answer is simply asked again.
REPEATABLE = {
    "answerCallbackQuery", "editMessageText", "editMessageCaption", "editMessageReplyMarkup", "deleteMessage",
    "pinChatMessage", "unpinChatMessage",
}  # fmt: skip
HARMLESS = ("message is not modified", "query is too old", "message to delete not found", "message can't be deleted")
LONGEST_WAIT_S = 60
# An answer that is an error (about an hour of them) may mean this very message; silence (a day) never does.
MOST_REFUSALS = 60
MOST_SILENCES = 1440
REFUSED_TOKEN = timedelta(minutes=1)

_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Sent:
    """What sending a row led to; `pauses` means that nothing at all may be sent until `again_in` is over.

    `put_off` is no try that failed: the person may not be disturbed before `again_in` is over.
    """

    state: SendState
    message_id: int | None = None
    error: str | None = None
    again_in: timedelta | None = None
    pauses: bool = False
    put_off: bool = False
    unreachable: bool = False


async def deliver(bot: Bot, method: str, data: Mapping[str, Any], attempts: int) -> Sent:
    """Call a method once and judge the outcome; `attempts` is how often it was tried before."""
    try:
        return Sent(SendState.SENT, await perform(bot, method, data))
    except TelegramError as error:
        return _judge(error, method, data, attempts)
    except Exception as error:
        # A row that cannot even be put into a request must not stop the rows behind it.
        log.exception("outbox_row_broken", method=method)
        return Sent(SendState.DEAD, error=type(error).__name__)


def _judge(error: TelegramError, method: str, data: Mapping[str, Any], attempts: int) -> Sent:
    match error:
        case RetryAfter(retry_after=wait):
            # Telegram counts per bot: while it says wait, everything waits.
            pause = wait if isinstance(wait, timedelta) else timedelta(seconds=wait)
            return Sent(SendState.WAITING, error="429", again_in=pause, pauses=True)
        case InvalidToken():
            # A revoked token says nothing about the messages: they wait for the new one.
            log.critical("telegram_refuses_the_token")
            return Sent(SendState.WAITING, error="token refused", again_in=REFUSED_TOKEN, pauses=True)
        case Forbidden():
            return Sent(SendState.DEAD, error=error.message, unreachable=True)
        case BadRequest():
            words = error.message.lower()
            if any(text in words for text in HARMLESS):
                return Sent(SendState.SENT, data.get("message_id"), error=error.message)
            return Sent(SendState.DEAD, error=error.message, unreachable="chat not found" in words)
        case NetworkError():
            return _unheard(error, method, attempts)
        case _:
            return Sent(SendState.DEAD, error=error.message)


def _unheard(error: NetworkError, method: str, attempts: int) -> Sent:
    cause = error.__cause__
    answered = not isinstance(cause, httpx.HTTPError)
    if not answered and not isinstance(cause, _NOT_SENT) and method not in REPEATABLE:
        return Sent(SendState.UNKNOWN, error=error.message)
    if attempts + 1 >= (MOST_REFUSALS if answered else MOST_SILENCES):
        return Sent(SendState.DEAD, error=error.message)
    wait = timedelta(seconds=min(2 ** min(attempts, 10), LONGEST_WAIT_S))
    return Sent(SendState.WAITING, error=error.message or type(error).__name__, again_in=wait)


async def perform(bot: Bot, method: str, data: Mapping[str, Any]) -> int | None:
    """Call one Bot API method with plain data; return the id of the message it made or changed."""
    arguments = dict(data)
    if "reply_markup" in arguments:
        arguments["reply_markup"] = _markup(arguments["reply_markup"])
    if "link_preview_options" in arguments:
        arguments["link_preview_options"] = LinkPreviewOptions(**arguments["link_preview_options"])
    if isinstance(arguments.get("photo"), str) and arguments["photo"].startswith("draw:"):
        arguments["photo"] = draw_portrait(arguments["photo"].removeprefix("draw:"))
    result = await _METHODS[method](bot)(**arguments)
    if isinstance(result, Message | MessageId):
        return result.message_id
    return arguments.get("message_id")


def _markup(data: Mapping[str, Any] | None) -> Any:
    if data is None:
        return None
    if "inline_keyboard" in data:
        return InlineKeyboardMarkup.de_json(dict(data), None)
    if "keyboard" in data:
        return ReplyKeyboardMarkup(
            data["keyboard"],
            resize_keyboard=data.get("resize_keyboard"),
            is_persistent=data.get("is_persistent"),
            input_field_placeholder=data.get("input_field_placeholder"),
        )
    return ReplyKeyboardRemove()


_METHODS: dict[str, Callable[[Bot], Callable[..., Awaitable[Any]]]] = {
    "sendMessage": lambda bot: bot.send_message,
    "sendPhoto": lambda bot: bot.send_photo,
    "sendDocument": lambda bot: bot.send_document,
    "copyMessage": lambda bot: bot.copy_message,
    "editMessageText": lambda bot: bot.edit_message_text,
    "editMessageCaption": lambda bot: bot.edit_message_caption,
    "editMessageReplyMarkup": lambda bot: bot.edit_message_reply_markup,
    "deleteMessage": lambda bot: bot.delete_message,
    "pinChatMessage": lambda bot: bot.pin_chat_message,
    "unpinChatMessage": lambda bot: bot.unpin_chat_message,
    "answerCallbackQuery": lambda bot: bot.answer_callback_query,
}
