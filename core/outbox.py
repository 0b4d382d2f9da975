"""What is to be said: rows written in the business's transaction, sent after it by the one sender.

A *notice* names a person (nobody: it is for the operators, see core/alerts.py), what happened and the data; the edge
words it when it is sent. A *call* is a ready method of
the messenger, the answer to a tap. What has been sent keeps its row but loses its content.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, String
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, Id, State, UtcDateTime


class Kind(StrEnum):
    """What a row holds."""

    NOTICE = "notice"
    CALL = "call"


class SendState(StrEnum):
    """Where a row stands; `unknown` means that it may have arrived."""

    WAITING = "waiting"
    SENT = "sent"
    UNKNOWN = "unknown"
    DROPPED = "dropped"
    DEAD = "dead"


MOVES: dict[SendState, set[SendState]] = {
    SendState.WAITING: {SendState.SENT, SendState.UNKNOWN, SendState.DROPPED, SendState.DEAD},
}


class Outgoing(Base):
    """One thing to be said to one chat; rows of a chat are sent in the order of their ids."""

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_state_not_before", "state", "not_before"), Base.__table_args__)

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    kind: Mapped[Kind] = mapped_column(State(Kind))
    person_id: Mapped[int | None] = mapped_column(Id, index=True)
    chat_id: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(64))
    data: Mapped[dict[str, Any]] = mapped_column(JSON)
    valid_while: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    on_sent: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    leaves_no_trace: Mapped[bool] = mapped_column(default=False)
    state: Mapped[SendState] = mapped_column(State(SendState), default=SendState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    edits_message_id: Mapped[int | None] = mapped_column(BigInteger)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None] = mapped_column(String(200))


def notice(
    session: AsyncSession,
    now: datetime,
    person_id: int,
    name: str,
    data: Mapping[str, Any] | None = None,
    *,
    valid_while: Mapping[str, Any] | None = None,
    on_sent: Mapping[str, Any] | None = None,
    edits_message_id: int | None = None,
    not_before: datetime | None = None,
) -> Outgoing:
    """Tell a person that `name` happened; dropped unsent when `valid_while` no longer holds at sending.

    With `edits_message_id` the news replaces an earlier message in place.
    """
    row = Outgoing(
        kind=Kind.NOTICE,
        person_id=person_id,
        name=name,
        data=dict(data or {}),
        valid_while=None if valid_while is None else dict(valid_while),
        on_sent=None if on_sent is None else dict(on_sent),
        edits_message_id=edits_message_id,
        not_before=not_before or now,
        created_at=now,
    )
    session.add(row)
    return row


def call(
    session: AsyncSession,
    now: datetime,
    chat_id: int | None,
    method: str,
    data: Mapping[str, Any],
    *,
    person_id: int | None = None,
    on_sent: Mapping[str, Any] | None = None,
    not_before: datetime | None = None,
    leaves_no_trace: bool = False,
) -> Outgoing:
    """Queue a ready method of the messenger for a chat."""
    row = Outgoing(
        kind=Kind.CALL,
        person_id=person_id,
        chat_id=chat_id,
        name=method,
        data=dict(data),
        on_sent=None if on_sent is None else dict(on_sent),
        not_before=not_before or now,
        created_at=now,
        leaves_no_trace=leaves_no_trace,
    )
    session.add(row)
    return row


Check = Callable[[AsyncSession, Mapping[str, Any]], Awaitable[bool]]
Receiver = Callable[[AsyncSession, Mapping[str, Any], int | None], Awaitable[None]]
_CHECKS: dict[str, Check] = {}
_RECEIVERS: dict[str, Receiver] = {}


def validity(name: str) -> Callable[[Check], Check]:
    """Register the question that `valid_while={"check": name, ...}` asks right before sending."""

    def register(check: Check) -> Check:
        _CHECKS[name] = check
        return check

    return register


def receiver(name: str) -> Callable[[Receiver], Receiver]:
    """Register who is told the message id of a row with `on_sent={"to": name, ...}`, or None when it is dead."""

    def register(receive: Receiver) -> Receiver:
        _RECEIVERS[name] = receive
        return receive

    return register


async def still_valid(session: AsyncSession, row: Outgoing) -> bool:
    """Tell whether what the row says is still true."""
    return row.valid_while is None or await _CHECKS[row.valid_while["check"]](session, row.valid_while)


async def deliver_result(session: AsyncSession, row: Outgoing, message_id: int | None, now: datetime) -> None:
    """Hand a sent message's id (None: it will never be sent) to whoever asked for it, with the instant as `at`."""
    if row.on_sent is not None:
        await _RECEIVERS[row.on_sent["to"]](session, row.on_sent | {"at": now}, message_id)
