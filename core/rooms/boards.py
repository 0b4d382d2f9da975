"""The board in each person's chat: sent once, edited in place, never twice for the same content."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed
from core.outbox import Kind, Outgoing, SendState, notice, receiver, validity
from core.people.tables import Person
from core.rooms.board import Insider, Standing, board_for, fingerprint
from core.rooms.tables import Room, RoomSeat

BOARD = "rooms.board"


async def show_board(
    session: AsyncSession, seat: RoomSeat, reader: Insider, standing: Standing, today: date, now: datetime
) -> bool:
    """Have the reader's board show how the party stands; False when it does already."""
    content = board_for(standing, reader, today)
    shows = fingerprint(content, reader.language)
    if seat.board_shows == shows:
        return False
    if not reader.reachable:
        # Nobody can be shown anything now; None makes the room due again once they are back.
        stale, seat.board_shows = seat.board_shows is not None, None
        return stale
    on_sent = {"to": BOARD, "seat": seat.id, "shows": shows}
    if not await _replace_waiting(session, seat, content, on_sent):
        await session.refresh(seat)
        notice(
            session,
            now,
            seat.person_id,
            BOARD,
            content,
            valid_while=while_seated(seat),
            on_sent=on_sent,
            edits_message_id=seat.board_message_id,
        )
    seat.board_shows = shows
    await session.flush()
    return True


async def _replace_waiting(
    session: AsyncSession, seat: RoomSeat, content: Mapping[str, Any], on_sent: Mapping[str, Any]
) -> bool:
    """Change a board that waits to be sent; the sender may be about to send the old one: `take_board` notices."""
    waiting = await session.scalars(
        select(Outgoing).where(
            Outgoing.person_id == seat.person_id,
            Outgoing.kind == Kind.NOTICE,
            Outgoing.name == BOARD,
            Outgoing.state == SendState.WAITING,
        )
    )
    for row in waiting:
        if row.on_sent is not None and row.on_sent["seat"] == seat.id:
            unsent = update(Outgoing).where(Outgoing.id == row.id, Outgoing.state == SendState.WAITING)
            return await changed(session, unsent.values(data=dict(content), on_sent=dict(on_sent))) == 1
    return False


@receiver(BOARD)
async def take_board(session: AsyncSession, on_sent: Mapping[str, Any], message_id: int | None) -> None:
    """Keep where the board stands; one that could not be shown is forgotten, so that a new one is sent."""
    seat = await session.get(RoomSeat, on_sent["seat"], with_for_update=True, populate_existing=True)
    if seat is None:
        return
    if message_id is not None:
        seat.board_message_id = message_id
        if seat.board_shows != on_sent["shows"]:
            seat.board_shows = None
        return
    person = await session.get_one(Person, seat.person_id)
    # A fresh board that somebody reachable cannot get would fail the same way for ever: it waits for its next change.
    if seat.board_message_id is not None or not person.reachable:
        seat.board_message_id = seat.board_shows = None


def while_seated(seat: RoomSeat) -> dict[str, Any]:
    """Return the condition that a notice is only sent while the seat is in the room."""
    return {"check": "rooms.seated", "seat": seat.id}


@validity("rooms.seated")
async def _seated(session: AsyncSession, condition: Mapping[str, Any]) -> bool:
    found = select(RoomSeat.id).join(Room, Room.id == RoomSeat.room_id)
    return await session.scalar(found.where(RoomSeat.id == condition["seat"], Room.closed_at.is_(None))) is not None
