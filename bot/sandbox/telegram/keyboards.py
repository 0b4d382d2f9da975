"""Reply markup: what may hang under a message or below the input line. Sentences follow TDLib's ReplyMarkup.cpp."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .links import checked_link
from .refusals import Json, Refusal, bad_request

MAX_BUTTONS = 100
MAX_ROW = 8
MAX_CALLBACK_BYTES = 64
MAX_COPY_TEXT = 256
MAX_PLACEHOLDER = 64
STYLES = frozenset({"danger", "success", "primary"})
Rows = list[list[Json]]
_ACTIONS = (
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
)
_REQUESTS = ("request_contact", "request_location", "request_poll", "request_users", "request_chat", "web_app")


@dataclass(frozen=True)
class Markup:
    """One accepted reply markup: an inline keyboard, a reply keyboard, its removal, or a forced reply."""

    inline: Rows | None = None
    reply: Rows | None = None
    remove: bool = False
    force_reply: bool = False
    placeholder: str | None = None
    one_time: bool = False

    @property
    def changes_input(self) -> bool:
        """Say whether it belongs to the input line; Telegram never lets a message sent with such a markup be edited."""
        return self.reply is not None or self.remove or self.force_reply


def read_markup(value: Any) -> Markup:
    """Return the checked markup; raises Refusal in Telegram's words."""
    if value is None or value == "":
        return Markup()
    if not isinstance(value, dict):
        raise bad_request("Object expected as reply markup")
    if "inline_keyboard" in value:
        return Markup(inline=_rows(value["inline_keyboard"], "inline_keyboard", "InlineKeyboardMarkup") or None)
    placeholder = value.get("input_field_placeholder")
    if placeholder is not None and not (isinstance(placeholder, str) and 1 <= len(placeholder) <= MAX_PLACEHOLDER):
        raise bad_request("input field placeholder must be 1-64 characters long")
    if "keyboard" in value:
        rows = _rows(value["keyboard"], "keyboard", "ReplyKeyboardMarkup")
        return Markup(reply=rows or None, placeholder=placeholder, one_time=bool(value.get("one_time_keyboard")))
    if value.get("remove_keyboard"):
        return Markup(remove=True)
    if value.get("force_reply"):
        return Markup(force_reply=True, placeholder=placeholder)
    return Markup()


def _rows(value: Any, field: str, owner: str) -> Rows:
    if not isinstance(value, list):
        raise bad_request(f'Field "{field}" of the {owner} must be an Array')
    inline = field == "inline_keyboard"
    rows: Rows = []
    for row in value:
        if not isinstance(row, list):
            raise bad_request(f'Field "{field}" of the {owner} must be an Array of Arrays')
        if row:
            rows.append([_inline_button(button) if inline else _reply_button(button) for button in row])
    # Clients show at most eight in a row; telegram.org says nothing, client libraries warn of it.
    if sum(map(len, rows)) > (MAX_BUTTONS if inline else 3 * MAX_BUTTONS) or any(len(row) > MAX_ROW for row in rows):
        raise bad_request("reply markup is too long")
    return rows


def _inline_button(button: Any) -> Json:
    def refuse(what: str) -> Refusal:
        return bad_request(f"Can't parse inline keyboard button: {what}")

    if not isinstance(button, dict):
        raise refuse("InlineKeyboardButton must be an Object")
    _check_look(button, refuse, "Inline keyboard button")
    actions = [name for name in _ACTIONS if name in button]
    if not actions:
        raise refuse("Text buttons are unallowed in the inline keyboard")
    if len(actions) > 1:
        # Telegram takes the first and drops the others without a word, which hides a mistake; the reference forbids it.
        raise refuse("exactly one of the optional fields must be used")
    name, value = actions[0], button[actions[0]]
    if name in ("url", "callback_data") and not isinstance(value, str):
        raise refuse(f'Field "{name}" must be of type String')
    if name in ("web_app", "login_url", "copy_text") and not isinstance(value, dict):
        raise refuse(f'Field "{name}" must be of type Object')
    if name == "callback_data" and not 1 <= len(value.encode()) <= MAX_CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if name == "copy_text" and not 1 <= len(str(value.get("text", ""))) <= MAX_COPY_TEXT:
        raise bad_request("BUTTON_COPY_TEXT_INVALID")
    if name == "url":
        return {**button, "url": _button_url(value, "Inline keyboard button")}
    if name in ("web_app", "login_url"):
        _secure_url(value, "Inline keyboard button Web App" if name == "web_app" else "Inline keyboard button login")
    return dict(button)


def _reply_button(button: Any) -> Json:
    def refuse(what: str) -> Refusal:
        return bad_request(f"Can't parse keyboard button: {what}")

    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise refuse("KeyboardButton must be a String or an Object")
    _check_look(button, refuse, "Keyboard button")
    if sum(name in button for name in _REQUESTS) > 1:
        raise refuse("at most one of the optional fields must be used")
    if "web_app" in button:
        _secure_url(button["web_app"], "Keyboard button Web App")
    return dict(button)


def _check_look(button: Json, refuse: Any, owner: str) -> None:
    if "text" not in button:
        raise refuse('Can\'t find field "text"')
    if not isinstance(button["text"], str):
        raise refuse('Field "text" must be of type String')
    if not button["text"].strip():
        raise bad_request(f"{owner} text must be non-empty")
    if "style" in button and button["style"] not in STYLES:
        raise refuse("invalid button style specified")


def _button_url(url: str, owner: str) -> str:
    if url.startswith("tg://user?id="):
        return url
    try:
        return checked_link(url)
    except ValueError as error:
        raise bad_request(f"{owner} {error}") from None


def _secure_url(value: Any, owner: str) -> None:
    url = str(value.get("url", "")) if isinstance(value, dict) else ""
    if not _button_url(url, owner).startswith("https://"):
        raise bad_request(f"{owner} URL '{url}' is invalid: Only HTTPS links are allowed")
