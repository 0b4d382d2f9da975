"""What the bot says, before it becomes Telegram's JSON: a screen, its buttons, and where it appears."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

CALLBACK_BYTES = 64
TEXT_UNITS = 4096
CAPTION_UNITS = 1024
TOAST_CHARACTERS = 200


@dataclass(frozen=True)
class Button:
    """One inline button: exactly one of `data`, `url`, `copy`."""

    text: str
    data: str | None = None
    url: str | None = None
    copy: str | None = None

    def __post_init__(self) -> None:
        if (self.data is not None) + (self.url is not None) + (self.copy is not None) != 1:
            raise ValueError(f"button {self.text!r} needs exactly one of data, url, copy")
        if self.data is not None and not 1 <= len(self.data.encode()) <= CALLBACK_BYTES:
            raise ValueError(f"button {self.text!r}: callback data of {len(self.data.encode())} bytes")

    def to_api(self) -> dict[str, Any]:
        """Return Telegram's InlineKeyboardButton."""
        if self.data is not None:
            return {"text": self.text, "callback_data": self.data}
        if self.url is not None:
            return {"text": self.text, "url": self.url}
        return {"text": self.text, "copy_text": {"text": self.copy}}


Rows = Sequence[Sequence[Button]]


@dataclass(frozen=True)
class Screen:
    """A text with its buttons, maybe with a picture or a file (its name and content).

    `photo` is a Telegram file id, or `draw:<seed>` for a portrait that is drawn when it is sent. `reply_keyboard` rows
    of labels replace the person's keyboard; an empty one removes it; None leaves it.
    """

    text: str
    rows: Rows = ()
    photo: str | None = None
    document: tuple[str, bytes] | None = None
    reply_keyboard: Sequence[Sequence[str]] | None = None
    placeholder: str | None = None

    def reply_markup(self) -> dict[str, Any] | None:
        """Return Telegram's reply_markup, None where there is none."""
        if self.rows:
            return {"inline_keyboard": [[button.to_api() for button in row] for row in self.rows]}
        if self.reply_keyboard:
            markup: dict[str, Any] = {
                "keyboard": [[{"text": label} for label in row] for row in self.reply_keyboard],
                "resize_keyboard": True,
                "is_persistent": True,
            }
            if self.placeholder:
                markup["input_field_placeholder"] = self.placeholder[:64]
            return markup
        return {"remove_keyboard": True} if self.reply_keyboard is not None else None

    def method(self, chat_id: int, edits_message_id: int | None = None) -> tuple[str, dict[str, Any]]:
        """Return the Bot API method and its parameters that show this screen in a chat."""
        data: dict[str, Any] = {"chat_id": chat_id, "parse_mode": "HTML"}
        if edits_message_id is not None:
            data |= {"message_id": edits_message_id}
        name = "editMessageText" if edits_message_id is not None else "sendMessage"
        if self.photo is not None and edits_message_id is None:
            name = "sendPhoto"
            data |= {"photo": self.photo, "caption": self.text}
        elif self.document is not None:
            name = "sendDocument"
            data |= {"filename": self.document[0], "document": self.document[1], "caption": self.text}
        else:
            data |= {"text": self.text, "link_preview_options": {"is_disabled": True}}
        markup = self.reply_markup()
        if markup is not None and (edits_message_id is None or "inline_keyboard" in markup):
            data["reply_markup"] = markup
        return name, data


def screens_of(blocks: Sequence[str], between: str, rows: Rows = ()) -> list[Screen]:
    """Return blocks of text as few screens as Telegram takes, the buttons below the last of them."""
    texts: list[str] = []
    for block in blocks:
        longer = f"{texts[-1]}{between}{block}" if texts else ""
        if texts and len(longer.encode("utf-16-le")) // 2 <= TEXT_UNITS:
            texts[-1] = longer
        else:
            texts.append(block)
    return [*(Screen(text) for text in texts[:-1]), *(Screen(text, rows=rows) for text in texts[-1:])]


@dataclass(frozen=True)
class Say:
    """Send a new message; `on_sent` as in the outbox."""

    screen: Screen
    on_sent: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Edit:
    """Replace the message whose button was tapped; a new message where there was no tap."""

    screen: Screen


@dataclass(frozen=True)
class Toast:
    """Answer a tap with a short line above the chat; `alert` waits to be closed."""

    text: str
    alert: bool = False


@dataclass(frozen=True)
class Delete:
    """Take the message that is being answered out of the chat: it held what should not stay there."""


Reply = Say | Edit | Toast | Screen | Delete
Replies = Reply | Sequence[Reply] | None
