"""The queue of updates: what waits for the bot, for how long, and what may overtake what.

Lifetimes and queues follow tdlib/telegram-bot-api, Client.cpp and WebhookActor.cpp.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from .refusals import Json

DAY = timedelta(hours=24)
LIFETIMES = {
    "callback_query": timedelta(seconds=150),
    "pre_checkout_query": timedelta(seconds=150),
    "shipping_query": timedelta(seconds=150),
    "inline_query": timedelta(seconds=30),
    "chosen_inline_result": timedelta(seconds=600),
}
OFF_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
KINDS = frozenset(
    {
        "message",
        "edited_message",
        "channel_post",
        "edited_channel_post",
        "callback_query",
        "inline_query",
        "chosen_inline_result",
        "shipping_query",
        "pre_checkout_query",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "message_reaction",
        "message_reaction_count",
    }
)
_BY_CHAT = frozenset({"message", "edited_message", "channel_post", "edited_channel_post", "my_chat_member"})
_SHARED = {"edited_message": "message", "chat_join_request": "chat_member"}


@dataclass(frozen=True)
class Waiting:
    """One update in the queue."""

    update_id: int
    kind: str
    body: Json
    queue: str
    expires_at: datetime
    repeated: bool = False
    injected: bool = False


class UpdateQueue:
    """Everything the bot has not yet confirmed, oldest first."""

    def __init__(self, now: Callable[[], datetime], ring: Callable[[], None]) -> None:
        self._now = now
        self._ring = ring
        self._next_id = 700_100_001
        self._waiting: list[Waiting] = []
        self.allowed: list[str] | None = None

    def add(self, kind: str, content: Json) -> int | None:
        """Queue a new update, unless the bot did not ask for this kind; return its id."""
        if not self.is_wanted(kind):
            return None
        return self._put({kind: content}, kind, self._take_id())

    def inject(self, body: Json) -> int:
        """Queue a raw update as it is; one that brings its own update_id is a repeat, delivered whatever the offset."""
        repeated = isinstance(body.get("update_id"), int)
        update_id = body["update_id"] if repeated else self._take_id()
        content = {key: value for key, value in body.items() if key != "update_id"}
        return self._put(content, next(iter(content), ""), update_id, repeated=repeated, injected=True)

    def _take_id(self) -> int:
        self._next_id += 1
        return self._next_id - 1

    def _put(self, content: Json, kind: str, update_id: int, *, repeated: bool = False, injected: bool = False) -> int:
        expires_at = self._now() + LIFETIMES.get(kind, DAY)
        body = {"update_id": update_id, **content}
        queue = _queue_of(kind, content.get(kind))
        self._waiting.append(Waiting(update_id, kind, body, queue, expires_at, repeated=repeated, injected=injected))
        self._ring()
        return update_id

    def is_wanted(self, kind: str) -> bool:
        """Say whether the bot asked for this kind; a few kinds are off unless named."""
        return kind in self.allowed if self.allowed else kind not in OFF_BY_DEFAULT

    def waiting(self) -> list[Waiting]:
        """Return what still lives, repeats first so that a polling bot's offset never runs backwards."""
        now = self._now()
        self._waiting = [update for update in self._waiting if update.expires_at > now]
        return sorted(self._waiting, key=lambda update: not update.repeated)

    def confirm(self, offset: int) -> None:
        """Forget what a polling bot has seen: everything below the offset; a negative one keeps that many newest."""
        if offset < 0:
            self._waiting = self._waiting[offset:]
        elif offset > 0:
            self._waiting = [one for one in self._waiting if one.repeated or one.update_id >= offset]

    def poll(self, offset: int, limit: int) -> list[Waiting]:
        """Return the next updates for a polling bot; they stay until confirmed."""
        self.confirm(offset)
        batch = self.waiting()[:limit]
        self._waiting = [one for one in self._waiting if not (one.repeated and one in batch)]
        return batch

    def done(self, update: Waiting) -> None:
        """Forget one update: delivered, or not worth another try."""
        self._waiting = [one for one in self._waiting if one is not update]

    def drop_all(self) -> None:
        """Forget everything, as `drop_pending_updates` asks."""
        self._waiting.clear()


def _queue_of(kind: str, content: object) -> str:
    if not isinstance(content, dict):
        return kind
    name = _SHARED.get(kind, kind)
    if kind in _BY_CHAT:
        chat = content.get("chat")
        return f"{name}:{chat.get('id') if isinstance(chat, dict) else None}"
    person = content.get("from") or content.get("user")
    return f"{name}:{person.get('id') if isinstance(person, dict) else None}"
