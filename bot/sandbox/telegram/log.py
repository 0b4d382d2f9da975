"""The record of every request, update and webhook delivery, for whoever judges them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from .refusals import Json

KEPT = 20_000


@dataclass(frozen=True)
class Entry:
    """One line of the record.

    `kind` is `request` (a method, its params, the reply and its status; no reply when a fault swallowed it),
    `update` (an update handed to the bot `via` poll or webhook; `injected` if it came from a test and not from a
    phone) or `delivery` (the outcome of one webhook try).
    """

    seq: int
    kind: str
    method: str | None = None
    params: Json = field(default_factory=dict)
    files: Json = field(default_factory=dict)
    status: int | None = None
    reply: Any = None
    fault: str | None = None
    update: Json | None = None
    via: str | None = None
    injected: bool | None = None
    retry_in: float | None = None

    def json(self) -> Json:
        """Return the entry without its empty fields."""
        return {key: value for key, value in asdict(self).items() if value is not None and value != {}}


Listener = Callable[[Entry], None]


class Log:
    """The newest entries, and callbacks told of each one as it is written."""

    def __init__(self) -> None:
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._seq = 0
        self.listeners: list[Listener] = []

    def write(self, kind: str, **fields: Any) -> Entry:
        """Append an entry and tell the listeners."""
        self._seq += 1
        entry = Entry(self._seq, kind, **fields)
        self._entries.append(entry)
        for listener in list(self.listeners):
            listener(entry)
        return entry

    def after(self, seq: int) -> list[Entry]:
        """Return the kept entries newer than `seq`, oldest first."""
        return [entry for entry in self._entries if entry.seq > seq]
