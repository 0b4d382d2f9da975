"""What the stand-in remembers: people, chats, messages, taps and the bot's own profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .bell import Bell
from .files import FileStore, StoredFile
from .keyboards import Rows
from .log import Log
from .refusals import Json, bad_request, forbidden
from .updates import UpdateQueue

TAP_LIFETIME = timedelta(seconds=150)
FIRST_PERSON = 7_100_000_019


@dataclass
class Person:
    """Somebody with Telegram on the phone."""

    id: int
    first_name: str
    language_code: str | None = None
    last_name: str | None = None
    username: str | None = None
    photos: list[StoredFile] = field(default_factory=list)

    def user(self) -> Json:
        """Return the Telegram User object."""
        optional = {"last_name": self.last_name, "username": self.username, "language_code": self.language_code}
        return {"id": self.id, "is_bot": False, "first_name": self.first_name} | _present(optional)


@dataclass
class Message:
    """One message; `text` is its caption when it carries a photo or a document."""

    message_id: int
    chat_id: int
    sender_id: int
    date: int
    text: str = ""
    entities: list[Json] = field(default_factory=list)
    photo: StoredFile | None = None
    document: StoredFile | None = None
    inline_keyboard: Rows | None = None
    had_input_markup: bool = False
    reply_to: int | None = None
    edit_date: int | None = None
    options: Json = field(default_factory=dict)
    reactions: list[Json] = field(default_factory=list)
    pinned_message: int | None = None

    @property
    def has_media(self) -> bool:
        return self.photo is not None or self.document is not None


@dataclass
class Toast:
    """The answer to a tap, as the phone shows it."""

    seq: int
    text: str
    show_alert: bool
    callback_query_id: str
    url: str | None = None


@dataclass
class Tap:
    """A pressed button that waits for its answer."""

    id: str
    person_id: int
    chat_id: int
    message_id: int
    data: str
    at: datetime
    answered: bool = False


@dataclass
class Chat:
    """One chat of the bot; private ones share their id with the person."""

    id: int
    started: bool = False
    blocked: bool = False
    seq: int = 0
    messages: dict[int, Message] = field(default_factory=dict)
    pinned: list[int] = field(default_factory=list)
    reply_keyboard: Rows | None = None
    one_time: bool = False
    placeholder: str | None = None
    toasts: list[Toast] = field(default_factory=list)
    pending_taps: list[Tap] = field(default_factory=list)


@dataclass
class BotProfile:
    """What the bot says of itself, by language, and the commands it offers, by scope and language."""

    texts: dict[tuple[str, str], str] = field(default_factory=dict)
    commands: dict[tuple[str, str], list[Json]] = field(default_factory=dict)
    menu_buttons: dict[int | None, Json] = field(default_factory=dict)


@dataclass
class Webhook:
    """Where updates go instead of waiting for a poll."""

    url: str = ""
    generation: int = 0
    secret_token: str = ""
    max_connections: int = 40
    ip_address: str | None = None
    last_error_date: int | None = None
    last_error_message: str | None = None


class World:
    """The whole state behind one bot token."""

    def __init__(self, token: str, username: str, now: Callable[[], datetime]) -> None:
        self.token = token
        self.username = username
        self.now = now
        self.bot_id = int(token.split(":")[0])
        self.people: dict[int, Person] = {}
        self.chats: dict[int, Chat] = {}
        self.taps: dict[str, Tap] = {}
        self.files = FileStore()
        self.profile = BotProfile()
        self.webhook = Webhook()
        self.bell = Bell()
        self.log = Log()
        self.updates = UpdateQueue(now, self.bell.ring)
        self.seq = 0
        self._next_message = 100
        self._next_tap = 4_200_000_000_000_000_001

    def timestamp(self) -> int:
        return int(self.now().timestamp())

    def bot_user(self) -> Json:
        """Return the bot as it appears in messages."""
        name = self.profile.texts.get(("name", ""), "TWO")
        return {"id": self.bot_id, "is_bot": True, "first_name": name, "username": self.username}

    def take_message_id(self) -> int:
        """Return the next id; a bot's private chats share one sequence, as in Telegram."""
        self._next_message += 1
        return self._next_message

    def take_tap_id(self) -> str:
        self._next_tap += 7
        return str(self._next_tap)

    def add_person(
        self,
        first_name: str,
        language_code: str | None = None,
        *,
        last_name: str | None = None,
        username: str | None = None,
    ) -> Person:
        """Give somebody a phone; ids do not fit into 32 bits, like real ones."""
        person = Person(
            FIRST_PERSON + 1_009 * len(self.people),
            first_name,
            language_code,
            last_name=last_name,
            username=username,
        )
        self.people[person.id] = person
        self.chats[person.id] = Chat(person.id)
        self.touch(self.chats[person.id])
        return person

    def chat(self, chat_id: Any) -> Chat:
        """Return the chat a bot names; raises Refusal when it does not exist."""
        if chat_id in (None, ""):
            raise bad_request("chat_id is empty")
        try:
            return self.chats[int(str(chat_id))]
        except (KeyError, ValueError):
            raise bad_request("chat not found") from None

    def writable_chat(self, chat_id: Any) -> Chat:
        """Return a chat the bot may write to; raises Refusal when the person never began, or has blocked it."""
        chat = self.chat(chat_id)
        if chat.blocked:
            raise forbidden("bot was blocked by the user")
        if not chat.started:
            raise forbidden("bot can't initiate conversation with a user")
        return chat

    def touch(self, chat: Chat) -> None:
        """Note that a chat looks different now and wake whoever watches it."""
        self.seq += 1
        chat.seq = self.seq
        self.bell.ring()

    def chat_json(self, chat: Chat) -> Json:
        """Return the Telegram Chat object."""
        person = self.people[chat.id]
        optional = {"last_name": person.last_name, "username": person.username}
        return {"id": chat.id, "type": "private", "first_name": person.first_name} | _present(optional)

    def message_json(self, message: Message, *, with_reply: bool = True) -> Json:
        """Return the Telegram Message object as it stands now."""
        chat = self.chats[message.chat_id]
        sender = self.bot_user() if message.sender_id == self.bot_id else self.people[message.sender_id].user()
        body: Json = {
            "message_id": message.message_id,
            "from": sender,
            "chat": self.chat_json(chat),
            "date": message.date,
        }
        if message.edit_date is not None:
            body["edit_date"] = message.edit_date
        body |= message.options
        if message.photo:
            body["photo"] = [message.photo.photo_size()]
        if message.document:
            body["document"] = message.document.document()
        if message.text:
            body["caption" if message.has_media else "text"] = message.text
        if message.entities:
            name = "caption_entities" if message.has_media else "entities"
            body[name] = [self.entity_json(entity) for entity in message.entities]
        if message.inline_keyboard:
            body["reply_markup"] = {"inline_keyboard": message.inline_keyboard}
        self._add_related(body, message, chat, with_reply)
        return body

    def _add_related(self, body: Json, message: Message, chat: Chat, with_reply: bool) -> None:
        replied = chat.messages.get(message.reply_to or 0)
        if with_reply and replied:
            body["reply_to_message"] = self.message_json(replied, with_reply=False)
        pinned = chat.messages.get(message.pinned_message or 0)
        if with_reply and pinned:
            body["pinned_message"] = self.message_json(pinned, with_reply=False)

    def entity_json(self, entity: Json) -> Json:
        """Return an entity with the person it mentions, if any."""
        if "user_id" not in entity:
            return entity
        person = self.people.get(entity["user_id"])
        kept = {key: value for key, value in entity.items() if key != "user_id"}
        return {**kept, "user": person.user() if person else {"id": 0, "is_bot": False, "first_name": ""}}

    def live_tap(self, tap_id: str) -> Tap | None:
        """Return a tap that can still be answered."""
        tap = self.taps.get(tap_id)
        if tap is None or tap.answered or self.now() - tap.at >= TAP_LIFETIME:
            return None
        return tap


def _present(optional: dict[str, Any]) -> Json:
    return {key: value for key, value in optional.items() if value}
