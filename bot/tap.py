"""One tap: everything a handler may know and touch."""

from __future__ import annotations

import re
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncSession
from telegram import Update

from bot.screen import Replies
from bot.settings import Settings
from bot.texts import Speech
from core.errors import ConsentMissing, InvalidInput
from core.people import Person

# How the deep link of a party begins; its invite code follows.
INVITE = "p_"
# What fits into every database's integers.
NUMBER = re.compile(r"-?[0-9]{1,17}")

if TYPE_CHECKING:
    from bot.recommending import Recommending
    from bot.web.links import CardLinks, PayLinks


@dataclass(frozen=True)
class Surroundings:
    """What outlives a tap and does not change: settings, the bot's name, the signer of links, the recommender."""

    settings: Settings
    bot_username: str
    pay_links: PayLinks
    card_links: CardLinks
    recommending: Recommending

    def deep_link(self, payload: str) -> str:
        """Return the link that opens the bot with a payload."""
        return f"https://t.me/{self.bot_username}?start={payload}"


@dataclass
class Tap:
    """A message, a command or a button of one person, inside its transaction."""

    session: AsyncSession
    now: datetime
    around: Surroundings
    say: Speech
    user_id: int
    chat_id: int
    message_id: int | None
    person_or_none: Person | None
    text: str = ""
    args: list[str] = field(default_factory=list)
    callback_query_id: str | None = None
    photo_file_id: str | None = None
    is_plain_text: bool = False
    update: Update | None = None
    replies: Replies = None
    handled: bool = False
    error: BaseException | None = None

    @property
    def person(self) -> Person:
        """Return the person; ConsentMissing before they agreed to the terms."""
        if self.person_or_none is None:
            raise ConsentMissing(payload="")
        return self.person_or_none

    @property
    def settings(self) -> Settings:
        """Return the operator's settings."""
        return self.around.settings

    def arg(self, position: int) -> str:
        """Return one argument of the button; InvalidInput for a forged or shortened one."""
        if position >= len(self.args):
            raise InvalidInput(field="button", rule="arguments")
        return self.args[position]

    def number(self, position: int) -> int:
        """Return one argument of the button as a number; InvalidInput for a forged one."""
        text = self.arg(position)
        if not NUMBER.fullmatch(text):
            raise InvalidInput(field="button", rule="number")
        return int(text)


current_tap: ContextVar[Tap] = ContextVar("current_tap")
