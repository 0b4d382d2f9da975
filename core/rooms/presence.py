"""Entering and leaving a room: it decides only where a person's own words go."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed
from core.errors import NotFound, Suspended
from core.parties.tables import INSIDE, READING, Membership, MembershipState, Party, Role
from core.people.tables import Person
from core.rooms.board import Subject
from core.rooms.standing import subject_of
from core.rooms.tables import Room, RoomPresence, RoomSeat

SUSPENDED = (MembershipState.SUSPENDED,)


@dataclass(frozen=True)
class Door:
    """A room that a person may enter, and whether they are in it."""

    room: Room
    subject: Subject
    inside: bool


@dataclass(frozen=True)
class Guest:
    """Somebody of a room; `inside` when their words go there at this moment."""

    nickname: str | None
    is_host: bool
    inside: bool


def seats_of(
    room_id: int | None = None, states: Collection[MembershipState] = INSIDE
) -> Select[RoomSeat, Room, Membership]:
    """Select the seats that count: in an open room, of people who are still in the party.

    A stay that has ended counts no more at once, even before the room has caught up with it.
    """
    seats = (
        select(RoomSeat, Room, Membership)
        .join(Room, Room.id == RoomSeat.room_id)
        .join(
            Membership,
            (Membership.party_id == Room.party_id)
            & (Membership.person_id == RoomSeat.person_id)
            & Membership.present.is_(True),
        )
        .where(Room.closed_at.is_(None), Membership.state.in_(states))
    )
    return seats if room_id is None else seats.where(RoomSeat.room_id == room_id)


async def doors(session: AsyncSession, person_id: int) -> list[Door]:
    """Return the rooms that are open to a person, newest first."""
    present = await present_room(session, person_id)
    rows = await session.execute(
        seats_of().add_columns(Party).join(Party, Party.id == Room.party_id)
        .where(RoomSeat.person_id == person_id).order_by(Room.id.desc())
    )  # fmt: skip
    return [
        Door(room, await subject_of(session, party), inside=present is not None and present.id == room.id)
        for _, room, _, party in rows.all()
    ]


async def door_of(session: AsyncSession, person_id: int, party_id: int) -> Door:
    """Return the door of a party's room; NotFound for who may not enter, Suspended for who may only read."""
    door = next((one for one in await doors(session, person_id) if one.room.party_id == party_id), None)
    if door is None:
        suspended = seats_of(states=SUSPENDED).where(RoomSeat.person_id == person_id, Room.party_id == party_id)
        if (await session.execute(suspended)).first() is not None:
            raise Suspended(party=party_id)
        raise NotFound(what="room", party=party_id)
    return door


async def enter(session: AsyncSession, person_id: int, party_id: int, now: datetime) -> Door:
    """Let the person's words go to the party's room from now on and to no other; NotFound when it is not theirs.

    Suspended for who only reads there until they have paid.
    """
    door = await door_of(session, person_id, party_id)
    moved = update(RoomPresence).where(RoomPresence.person_id == person_id)
    moved = moved.values(room_id=door.room.id, entered_at=now)
    if await changed(session, moved) == 0:
        try:
            async with session.begin_nested():
                session.add(RoomPresence(person_id=person_id, room_id=door.room.id, entered_at=now))
        except IntegrityError:
            await changed(session, moved)
    return Door(door.room, door.subject, inside=True)


async def leave_room(session: AsyncSession, person_id: int) -> bool:
    """Let the person's words go to no room; False when they went to none."""
    return await changed(session, delete(RoomPresence).where(RoomPresence.person_id == person_id)) == 1


async def present_room(session: AsyncSession, person_id: int) -> Room | None:
    """Return the room that a person has entered and may still write to."""
    return await _entered(session, person_id, INSIDE)


async def silenced_room(session: AsyncSession, person_id: int) -> Room | None:
    """Return the room that a person has entered and may only read, as they are suspended."""
    return await _entered(session, person_id, SUSPENDED)


async def _entered(session: AsyncSession, person_id: int, states: Collection[MembershipState]) -> Room | None:
    row = (
        await session.execute(
            seats_of(states=states)
            .join(RoomPresence, (RoomPresence.room_id == Room.id) & (RoomPresence.person_id == RoomSeat.person_id))
            .where(RoomPresence.person_id == person_id)
        )
    ).first()
    return None if row is None else row[1]


async def guests(session: AsyncSession, room: Room) -> Sequence[Guest]:
    """Return who is in a room, the host first."""
    rows = await session.execute(
        seats_of(room.id, READING)
        .add_columns(Person, RoomPresence.room_id)
        .join(Person, Person.id == RoomSeat.person_id)
        .join(RoomPresence, RoomPresence.person_id == RoomSeat.person_id, isouter=True)
        .order_by(Membership.seat)
    )
    return [
        Guest(
            person.nickname,
            is_host=membership.role is Role.HOST,
            inside=present_in == room.id and membership.state in INSIDE,
        )
        for _, _, membership, person, present_in in rows
    ]
