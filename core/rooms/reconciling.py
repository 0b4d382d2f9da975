"""Rooms catch up with their parties: what should be is compared with what is, and only the difference is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.clock import Clock
from core.dates import seoul_date
from core.db import Database, database_away
from core.outbox import notice
from core.parties.tables import INSIDE, Membership, Party, PartyState, Role
from core.people.tables import Person
from core.rooms.board import Standing, nicknames
from core.rooms.boards import show_board, while_seated
from core.rooms.evenings import forget_watchers
from core.rooms.standing import OPEN_STATES, standing_of
from core.rooms.tables import Room, RoomKind, RoomPresence, RoomSeat


async def reconcile(session: AsyncSession, party_id: int, now: datetime) -> bool:
    """Bring a party's room to what it should be; False when it was so already.

    Whatever got lost (a seat, a presence, a board's message) is restored; running it again changes nothing.
    """
    party = await session.get(Party, party_id, with_for_update=True, populate_existing=True)
    if party is None:
        return False
    today = seoul_date(now)
    standing = await standing_of(session, party, today)
    room = await session.scalar(select(Room).where(Room.party_id == party_id))
    if room is None:
        if not standing.open:
            return False
        room = Room(party_id=party_id, kind=RoomKind.RELAY, opened_at=now, closed_at=now)
        session.add(room)
        await session.flush()
    if standing.open:
        difference = room.closed_at is not None
        room.closed_at = None
        difference |= await _fill(session, room, standing, today, now)
    else:
        difference = room.closed_at is None
        room.closed_at = room.closed_at or now
        difference |= await _clear(session, room, standing, now)
    room.reconciled_version = party.version
    room.reconciled_on = today
    await session.flush()
    return difference


async def _fill(session: AsyncSession, room: Room, standing: Standing, today: date, now: datetime) -> bool:
    seats = {seat.person_id: seat for seat in await _seats(session, room)}
    insiders = {one.person_id: one for one in standing.insiders}
    gone = [seat for person_id, seat in seats.items() if person_id not in insiders]
    left = await _let_go(session, room, gone, "rooms.closed_for_you", standing, now)
    left |= await _end_presence_of_others(session, room, insiders)
    if gone:
        await forget_watchers(session, room.id, [seat.person_id for seat in gone], now)
    staying = [seat for person_id, seat in seats.items() if person_id in insiders]
    newcomers = [one for one in standing.insiders if one.person_id not in seats]
    for one in newcomers:
        seats[one.person_id] = RoomSeat(room_id=room.id, person_id=one.person_id, joined_at=now)
        session.add(seats[one.person_id])
    await session.flush()
    for one in newcomers:
        _tell(session, seats[one.person_id], "rooms.opened", standing, now, people=nicknames(standing.insiders))
    # The host has heard of a newcomer already, together with what there is to do for them.
    for seat in (seat for seat in staying if newcomers and not insiders[seat.person_id].is_host):
        _tell(session, seat, "rooms.joined", standing, now, people=nicknames(newcomers))
    for seat in staying if gone else ():
        people = list(await session.scalars(select(Person.nickname).where(Person.id.in_(s.person_id for s in gone))))
        _tell(session, seat, "rooms.left", standing, now, people=people)
    shown = [
        await show_board(session, seats[person_id], reader, standing, today, now)
        for person_id, reader in insiders.items()
    ]
    return left or bool(newcomers) or any(shown)


async def _clear(session: AsyncSession, room: Room, standing: Standing, now: datetime) -> bool:
    told = await _let_go(session, room, await _seats(session, room), "rooms.closed", standing, now)
    return await _end_presence_of_others(session, room, ()) or told


async def _let_go(
    session: AsyncSession, room: Room, seats: Sequence[RoomSeat], news: str, standing: Standing, now: datetime
) -> bool:
    """Take people out of the room; each is told, and their board says that it is closed."""
    inside = set(await session.scalars(select(RoomPresence.person_id).where(RoomPresence.room_id == room.id)))
    for seat in seats:
        about = standing.subject.words()
        if seat.board_message_id is not None:
            notice(session, now, seat.person_id, "rooms.board_closed", about, edits_message_id=seat.board_message_id)
        notice(session, now, seat.person_id, news, about | {"was_inside": seat.person_id in inside})
        await session.delete(seat)
    await session.flush()
    return bool(seats)


async def _end_presence_of_others(session: AsyncSession, room: Room, insiders: Collection[int]) -> bool:
    strangers = RoomPresence.room_id == room.id, RoomPresence.person_id.not_in(list(insiders))
    found = await session.scalar(select(RoomPresence.person_id).where(*strangers).limit(1))
    if found is not None:
        await session.execute(delete(RoomPresence).where(*strangers))
    return found is not None


def _tell(session: AsyncSession, seat: RoomSeat, news: str, standing: Standing, now: datetime, **data: Any) -> None:
    words: Mapping[str, Any] = standing.subject.words() | data
    notice(session, now, seat.person_id, news, words, valid_while=while_seated(seat))


async def _seats(session: AsyncSession, room: Room) -> Sequence[RoomSeat]:
    found = select(RoomSeat).where(RoomSeat.room_id == room.id).order_by(RoomSeat.id)
    return (await session.scalars(found.execution_options(populate_existing=True))).all()


async def due(session: AsyncSession, now: datetime) -> Sequence[int]:
    """Return the parties whose rooms have something to catch up with, oldest first.

    That is a party that moved, a day that passed, or a board that a person who can be reached does not see.
    """
    unseen = (
        select(RoomSeat.id)
        .join(Person, Person.id == RoomSeat.person_id)
        .where(RoomSeat.room_id == Room.id, RoomSeat.board_shows.is_(None), _reachable())
        .exists()
    )
    another_day = or_(Room.reconciled_on.is_(None), Room.reconciled_on < seoul_date(now))
    lags = or_(
        and_(Room.id.is_(None), _should_be_open()),
        Room.reconciled_version != Party.version,
        and_(Room.id.is_not(None), Room.closed_at.is_(None), or_(another_day, unseen)),
    )
    rows = select(Party.id).join(Room, Room.party_id == Party.id, isouter=True).where(lags).order_by(Party.id)
    return (await session.scalars(rows)).all()


def _should_be_open() -> ColumnElement[bool]:
    members = select(Membership.id).where(
        Membership.party_id == Party.id, Membership.role == Role.MEMBER, Membership.state.in_(INSIDE)
    )
    return or_(Party.state.in_(OPEN_STATES), and_(Party.state == PartyState.RECRUITING, members.exists()))


def _reachable() -> ColumnElement[bool]:
    return and_(Person.reachable.is_(True), Person.telegram_id.is_not(None))


async def reconcile_due(db: Database, clock: Clock) -> int:
    """Bring every room that lags up to date, each in its own transaction; return how many had a difference.

    A room that fails does not hold back the others; the first failure is raised at the end.
    """
    async with db.read() as session:
        parties = await due(session, clock.now())
    differences, failures = 0, []
    for party_id in parties:
        try:
            differences += await db.transact(reconcile, party_id, clock.now())
        except Exception as error:
            if database_away(error):
                raise
            failures.append(error)
    if failures:
        raise failures[0]
    return differences
