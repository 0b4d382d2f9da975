"""Passing messages on between the private chats of a room; only where copies stand is kept, never what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed
from core.outbox import Outgoing, SendState, call, receiver
from core.parties.tables import READING
from core.people.tables import Person
from core.rooms.presence import seats_of
from core.rooms.tables import Room, RoomMessage, RoomSeat

KEPT = timedelta(days=30)
COPY = "rooms.copy"


@dataclass(frozen=True)
class Copy:
    """Where a copy goes: whose chat, in which language, and which message there it answers."""

    chat_id: int
    language: str
    replies_to: int | None = None


Call = tuple[str, Mapping[str, Any]]
# The ready calls that show a message in a chat; the last one makes the copy itself.
Wording = Callable[[Copy], Sequence[Call]]
# The ready call that changes the copy with this message id.
Rewording = Callable[[Copy, int], Call]


async def relay(
    session: AsyncSession,
    author: Person,
    room: Room,
    origin_message_id: int,
    content: Wording,
    now: datetime,
    *,
    replies_to: int | None = None,
) -> int:
    """Pass a message on to everybody else of the room; return how many will get it.

    `replies_to` is the message in the author's chat that they answered; each copy then answers its own counterpart.
    """
    answered = await _counterparts(session, room, author, replies_to)
    recipients = await _recipients(session, room, author)
    own = RoomMessage(
        room_id=room.id,
        # The messenger's ids count in one chat only, so a message goes by the id of its own row; until that is known,
        # by a number that no row has.
        origin_id=-origin_message_id,
        author_id=author.id,
        person_id=author.id,
        message_id=origin_message_id,
        at=now,
    )
    session.add(own)
    await session.flush()
    own.origin_id = own.id
    copies = [
        RoomMessage(room_id=room.id, origin_id=own.id, author_id=author.id, person_id=person.id, at=now)
        for person, _ in recipients
    ]
    session.add_all(copies)
    await session.flush()
    for row, (person, chat_id) in zip(copies, recipients, strict=True):
        *before, (method, data) = content(Copy(chat_id, person.language, answered.get(person.id)))
        for name, arguments in before:
            call(session, now, chat_id, name, arguments, person_id=person.id)
        call(session, now, chat_id, method, data, person_id=person.id, on_sent={"to": COPY, "row": row.id})
    await session.flush()
    return len(copies)


async def _recipients(session: AsyncSession, room: Room, author: Person) -> list[tuple[Person, int]]:
    people = await session.scalars(
        seats_of(room.id, READING)
        .with_only_columns(Person)
        .join(Person, Person.id == RoomSeat.person_id)
        .where(Person.id != author.id, Person.reachable.is_(True))
        .order_by(RoomSeat.id)
    )
    return [(person, person.telegram_id) for person in people if person.telegram_id is not None]


async def _counterparts(
    session: AsyncSession, room: Room, person: Person, message_id: int | None
) -> dict[int, int | None]:
    if message_id is None:
        return {}
    origin = select(RoomMessage.origin_id).where(
        RoomMessage.room_id == room.id, RoomMessage.person_id == person.id, RoomMessage.message_id == message_id
    )
    rows = await session.scalars(
        select(RoomMessage).where(RoomMessage.room_id == room.id, RoomMessage.origin_id.in_(origin))
    )
    return {row.person_id: row.message_id for row in rows}


async def room_of_copy(session: AsyncSession, person_id: int, message_id: int) -> Room | None:
    """Return the room from which a message in a person's chat came, if they may still be in it."""
    return await session.scalar(
        seats_of()
        .with_only_columns(Room)
        .join(RoomMessage, (RoomMessage.room_id == Room.id) & (RoomMessage.person_id == RoomSeat.person_id))
        .where(RoomSeat.person_id == person_id, RoomMessage.message_id == message_id)
        .limit(1)
    )


async def passed_on(session: AsyncSession, author_id: int, message_id: int) -> RoomMessage | None:
    """Return the row of an author's message that was passed on to a room that they may still be in."""
    return await session.scalar(
        seats_of()
        .with_only_columns(RoomMessage)
        .join(RoomMessage, (RoomMessage.room_id == Room.id) & (RoomMessage.person_id == RoomSeat.person_id))
        .where(
            RoomSeat.person_id == author_id,
            RoomMessage.author_id == author_id,
            RoomMessage.message_id == message_id,
        )
        .limit(1)
    )


async def mirror_edit(
    session: AsyncSession, author: Person, origin: RoomMessage, content: Rewording, now: datetime
) -> int:
    """Change the copies of a message whose author changed it; return how many."""
    rows = await session.execute(
        select(RoomMessage, Person)
        .join(Person, Person.id == RoomMessage.person_id)
        .where(
            RoomMessage.room_id == origin.room_id,
            RoomMessage.origin_id == origin.origin_id,
            RoomMessage.person_id != author.id,
            Person.reachable.is_(True),
        )
        .order_by(RoomMessage.id)
    )
    mirrored = 0
    for row, person in rows.all():
        if person.telegram_id is None:
            continue
        copy = Copy(person.telegram_id, person.language)
        if row.message_id is None:
            mirrored += await _change_waiting(session, row, content(copy, 0))
            continue
        method, data = content(copy, row.message_id)
        call(session, now, person.telegram_id, method, data, person_id=person.id)
        mirrored += 1
    await session.flush()
    return mirrored


async def _change_waiting(session: AsyncSession, row: RoomMessage, change: Call) -> bool:
    """Change a copy that still waits to be sent."""
    waiting = await session.scalars(
        select(Outgoing).where(Outgoing.person_id == row.person_id, Outgoing.state == SendState.WAITING)
    )
    for one in waiting:
        if one.on_sent is not None and one.on_sent.get("to") == COPY and one.on_sent["row"] == row.id:
            words = {key: value for key, value in change[1].items() if key in {"text", "caption"}}
            unsent = update(Outgoing).where(Outgoing.id == one.id, Outgoing.state == SendState.WAITING)
            return await changed(session, unsent.values(data=one.data | words)) == 1
    return False


@receiver(COPY)
async def take_copy(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    """Keep where a copy stands, so that answers and edits find it."""
    if message_id is not None:
        await changed(
            session, update(RoomMessage).where(RoomMessage.id == on_sent["row"]).values(message_id=message_id)
        )


async def purge_messages(session: AsyncSession, now: datetime) -> int:
    """Forget where messages stand that were passed on more than 30 days ago; return how many rows went."""
    return await changed(session, delete(RoomMessage).where(RoomMessage.at < now - KEPT))
