"""How a message looks that is passed on to a room: with its author's name, as the same kind of message."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from bot.screen import CAPTION_UNITS, TEXT_UNITS
from bot.texts import SPEECH
from core.rooms import Copy

Call = tuple[str, dict[str, Any]]


class Form(StrEnum):
    """What a copy is made of: text, a thing that can carry words, a thing that cannot."""

    TEXT = "text"
    CAPTIONED = "captioned"
    BARE = "bare"


@dataclass(frozen=True)
class Heard:
    """A message that somebody of a room wrote."""

    form: Form
    nickname: str
    words: str
    chat_id: int
    message_id: int

    def longest(self) -> int:
        """Return how many characters of the author's own fit, counted as Telegram counts them."""
        limit = TEXT_UNITS if self.form is Form.TEXT else CAPTION_UNITS
        return limit - units(f"{self.nickname}: ")

    def too_long(self) -> bool:
        """Tell whether the words no longer fit beside the name."""
        return units(self.words) > self.longest()

    def calls(self, copy: Copy) -> list[Call]:
        """Return the calls that show the message in a chat; the last one makes the copy."""
        where: dict[str, Any] = {"chat_id": copy.chat_id}
        if copy.replies_to is not None:
            where |= {"reply_to_message_id": copy.replies_to, "allow_sending_without_reply": True}
        if self.form is Form.TEXT:
            return [("sendMessage", where | {"text": self._shown(copy), "parse_mode": "HTML"})]
        thing = where | {"from_chat_id": self.chat_id, "message_id": self.message_id}
        if self.form is Form.CAPTIONED:
            return [("copyMessage", thing | {"caption": self._shown(copy), "parse_mode": "HTML"})]
        name = {"chat_id": copy.chat_id, "text": self._shown(copy), "parse_mode": "HTML", "disable_notification": True}
        return [("sendMessage", name), ("copyMessage", thing)]

    def change(self, copy: Copy, message_id: int) -> Call:
        """Return the call that changes a copy into what its author made of it."""
        where = {"chat_id": copy.chat_id, "message_id": message_id, "parse_mode": "HTML"}
        if self.form is Form.TEXT:
            return "editMessageText", where | {"text": self._shown(copy)}
        return "editMessageCaption", where | {"caption": self._shown(copy)}

    def _shown(self, copy: Copy) -> str:
        say = SPEECH[copy.language]
        if not self.words:
            return say("rooms.sent", nickname=self.nickname)
        return say("rooms.said", nickname=self.nickname, text=self.words)


def units(text: str) -> int:
    """Return a text's length in UTF-16 units, as Telegram measures it."""
    return len(text.encode("utf-16-le")) // 2
