"""An evening of a room: who watches, what nobody is to see, what was picked, and who got how much of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core.db import changed
from core.errors import NotFound, Outdated
from core.outbox import notice, receiver
from core.parties.tables import Membership
from core.people import SHOW_TASTE, Person, agreed_to
from core.rooms.boards import while_seated
from core.rooms.presence import door_of, seats_of
from core.rooms.tables import Evening, EveningSeat, Room, RoomPresence, RoomSeat, Veto

# What was begun yesterday is about yesterday.
LASTS = timedelta(hours=12)
KEPT = timedelta(days=180)
# Of earlier evenings the last ones count, each less than the one after it.
REMEMBERED, FADE = 10, 0.7
SHOW, PICKED = "evenings.show", "evenings.picked"
EVENING = "rooms.evening"


@dataclass(frozen=True)
class Companion:
    """Somebody of the room: whether they let others see what they would like, and whether they watch tonight."""

    person: Person
    agreed: bool
    watches: bool


async def begin(session: AsyncSession, person_id: int, party_id: int, now: datetime) -> Evening:
    """Begin an evening in the party's room, or come to the one that is under way; raises as `door_of` does.

    Who begins it watches, and so does everybody who is in the room at this moment; others say so themselves.
    """
    door = await door_of(session, person_id, party_id)
    # The room's row is the turn: two who begin at once find one evening.
    await session.get_one(Room, door.room.id, with_for_update=True)
    evening = await session.scalar(select(Evening).where(Evening.room_id == door.room.id, Evening.under_way.is_(True)))
    if evening is not None and evening.begun_at + LASTS > now:
        await watch(session, evening, person_id, watches=True)
        return evening
    if evening is not None:
        await _end(session, evening, person_id=None, now=now)
    evening = Evening(room_id=door.room.id, under_way=True, version=1, begun_by=person_id, begun_at=now)
    session.add(evening)
    await session.flush()
    here = set(await session.scalars(select(RoomPresence.person_id).where(RoomPresence.room_id == door.room.id)))
    for seat, *_ in (await session.execute(seats_of(door.room.id))).all():
        watches = seat.person_id in here or seat.person_id == person_id
        session.add(EveningSeat(evening_id=evening.id, person_id=seat.person_id, watches=watches))
    await session.flush()
    return evening


async def evening_of(session: AsyncSession, evening_id: int, person_id: int) -> Evening:
    """Return an evening, locked, for somebody who is in its room; NotFound for anybody else."""
    evening = await session.get(Evening, evening_id, with_for_update=True, populate_existing=True)
    if evening is None or await _room_seat(session, evening.room_id, person_id) is None:
        raise NotFound(what="evening", id=evening_id)
    return evening


async def _room_seat(session: AsyncSession, room_id: int, person_id: int) -> RoomSeat | None:
    row = (await session.execute(seats_of(room_id).where(RoomSeat.person_id == person_id))).first()
    return None if row is None else row[0]


def is_open(evening: Evening, now: datetime) -> bool:
    """Tell whether an evening still looks for something to watch."""
    return bool(evening.under_way) and evening.begun_at + LASTS > now


def _require_open(evening: Evening, now: datetime) -> None:
    if not is_open(evening, now):
        raise Outdated(what="evening")


async def company(session: AsyncSession, evening: Evening) -> list[Companion]:
    """Return everybody of the evening's room, by seat; nobody watches who has not agreed to be seen by the others."""
    rows = await session.execute(
        seats_of(evening.room_id)
        .with_only_columns(Person, EveningSeat.watches)
        .join(Person, Person.id == RoomSeat.person_id)
        .join(
            EveningSeat,
            (EveningSeat.person_id == RoomSeat.person_id) & (EveningSeat.evening_id == evening.id),
            isouter=True,
        )
        .order_by(Membership.seat)
    )
    found = [(person, bool(watches)) for person, watches in rows]
    agreed = await agreed_to(session, [person.id for person, _ in found], SHOW_TASTE)
    return [Companion(person, person.id in agreed, watches and person.id in agreed) for person, watches in found]


async def seat_on(session: AsyncSession, evening: Evening, person_id: int) -> EveningSeat:
    """Return a person's seat of an evening; who came into the room later gets theirs now."""
    of_person = select(EveningSeat).where(EveningSeat.evening_id == evening.id, EveningSeat.person_id == person_id)
    seat = await session.scalar(of_person)
    if seat is None:
        seat = EveningSeat(evening_id=evening.id, person_id=person_id, watches=False)
        session.add(seat)
        await session.flush()
    return seat


async def watch(session: AsyncSession, evening: Evening, person_id: int, *, watches: bool) -> None:
    """Let somebody watch tonight, or not."""
    seat = await seat_on(session, evening, person_id)
    if seat.watches != watches:
        seat.watches = watches
        await _moved(session, evening)


async def leave_evenings(session: AsyncSession, person_id: int, now: datetime) -> None:
    """Take somebody out of every evening under way: nobody sees a line of theirs any more."""
    watched = (
        select(Evening.id)
        .join(EveningSeat, EveningSeat.evening_id == Evening.id)
        .where(EveningSeat.person_id == person_id, EveningSeat.watches.is_(True), Evening.under_way.is_(True))
        .order_by(Evening.id)
    )
    for evening_id in list(await session.scalars(watched)):
        evening = await session.get_one(Evening, evening_id, with_for_update=True, populate_existing=True)
        await watch(session, evening, person_id, watches=False)
        await show_others(session, evening, None, now)


async def forget_watchers(session: AsyncSession, room_id: int, people: Collection[int], now: datetime) -> None:
    """Take people who left a room out of its evening, and off the list that the others have before them."""
    evening = await session.scalar(
        select(Evening).where(Evening.room_id == room_id, Evening.under_way.is_(True)).with_for_update()
    )
    if evening is None or not is_open(evening, now):
        return
    theirs = EveningSeat.evening_id == evening.id, EveningSeat.person_id.in_(list(people)), EveningSeat.watches
    if await changed(session, update(EveningSeat).where(*theirs).values(watches=False)):
        await _moved(session, evening)
        await show_others(session, evening, None, now)


async def veto(session: AsyncSession, evening: Evening, person_id: int, title_id: int, now: datetime) -> bool:
    """Take a title off the evening's list; False when it is off already, Outdated when the evening is over."""
    _require_open(evening, now)
    try:
        async with session.begin_nested():
            session.add(Veto(evening_id=evening.id, person_id=person_id, title_id=title_id, at=now))
    except IntegrityError:
        return False
    await _moved(session, evening)
    return True


async def take_veto_back(session: AsyncSession, evening: Evening, person_id: int, now: datetime) -> bool:
    """Let the title that a person vetoed last onto the list again; False when they vetoed none."""
    _require_open(evening, now)
    mine = select(Veto).where(Veto.evening_id == evening.id, Veto.person_id == person_id)
    last = await session.scalar(mine.order_by(Veto.id.desc()).limit(1))
    if last is None:
        return False
    await session.delete(last)
    await _moved(session, evening)
    return True


async def vetoes(session: AsyncSession, evening: Evening) -> dict[int, list[int]]:
    """Return the titles that each person vetoed this evening."""
    found: dict[int, list[int]] = defaultdict(list)
    query = select(Veto.person_id, Veto.title_id).where(Veto.evening_id == evening.id).order_by(Veto.id)
    for person_id, title_id in await session.execute(query):
        found[person_id].append(title_id)
    return found


async def pick(
    session: AsyncSession, evening: Evening, person_id: int, title_id: int, worth: Mapping[int, float], now: datetime
) -> None:
    """End the evening with the title that is watched; `worth` (0 to 1) is how much it is to each who watches it.

    Outdated when the evening is over already.
    """
    _require_open(evening, now)
    for companion_id, share in worth.items():
        seat = await seat_on(session, evening, companion_id)
        seat.got = round(1000 * min(max(share, 0.0), 1.0))
    evening.title_id = title_id
    await _end(session, evening, person_id, now)


async def call_off(session: AsyncSession, evening: Evening, person_id: int, now: datetime) -> None:
    """End the evening without a title."""
    _require_open(evening, now)
    await _end(session, evening, person_id, now)


async def _end(session: AsyncSession, evening: Evening, person_id: int | None, now: datetime) -> None:
    evening.under_way, evening.ended_by, evening.ended_at = None, person_id, now
    await _moved(session, evening)


async def _moved(session: AsyncSession, evening: Evening) -> None:
    evening.version += 1
    await session.flush()


async def watched_before(session: AsyncSession, evening: Evening) -> set[int]:
    """Return the titles that the room picked on other evenings."""
    picked = select(Evening.title_id).where(
        Evening.room_id == evening.room_id, Evening.id != evening.id, Evening.title_id.is_not(None)
    )
    return {title_id for title_id in await session.scalars(picked) if title_id is not None}


async def had(session: AsyncSession, evening: Evening, people: Collection[int]) -> dict[int, float]:
    """Return how much more (or less) than the others each of these people got of this room's earlier evenings.

    Each evening counts only for those who watched: who was away has neither gained nor lost by it.
    """
    balance = dict.fromkeys(people, 0.0)
    earlier = (
        select(Evening.id)
        .where(Evening.room_id == evening.room_id, Evening.id != evening.id, Evening.title_id.is_not(None))
        .order_by(Evening.id.desc())
        .limit(REMEMBERED)
    )
    newest_first = list(await session.scalars(earlier))
    rows = await session.execute(
        select(EveningSeat.evening_id, EveningSeat.person_id, EveningSeat.got).where(
            EveningSeat.evening_id.in_(newest_first), EveningSeat.got.is_not(None)
        )
    )
    shares: dict[int, dict[int, float]] = defaultdict(dict)
    for evening_id, person_id, got in rows:
        shares[evening_id][person_id] = (got or 0) / 1000
    for age, evening_id in enumerate(newest_first):
        of_evening = shares[evening_id]
        mean = sum(of_evening.values()) / max(len(of_evening), 1)
        for person_id in balance.keys() & of_evening.keys():
            balance[person_id] += FADE**age * (of_evening[person_id] - mean)
    return balance


async def show_others(
    session: AsyncSession, evening: Evening, person_id: int | None, now: datetime, *, picked: bool = False
) -> None:
    """Have everybody of the room but one see how the evening stands, in the message that they have of it.

    With `picked` they are also told, in a new message, what it will be.
    """
    for room_seat, *_ in (await session.execute(seats_of(evening.room_id))).all():
        if room_seat.person_id == person_id:
            continue
        await _show(session, evening, await seat_on(session, evening, room_seat.person_id), room_seat, now)
        if picked:
            notice(
                session,
                now,
                room_seat.person_id,
                PICKED,
                _about(evening, room_seat.person_id),
                valid_while=while_seated(room_seat),
            )
    await session.flush()


async def _show(session: AsyncSession, evening: Evening, seat: EveningSeat, room_seat: RoomSeat, now: datetime) -> None:
    # A message that is on its way is worded when it is sent: `take_message` sees whether that was before or after.
    if seat.message_id is None and seat.told_version is not None:
        return
    notice(
        session,
        now,
        seat.person_id,
        SHOW,
        _about(evening, seat.person_id),
        valid_while=while_seated(room_seat),
        on_sent=tell(evening, seat),
        edits_message_id=seat.message_id,
    )


def _about(evening: Evening, reader_id: int) -> dict[str, Any]:
    return {"evening": evening.id, "reader": reader_id}


def tell(evening: Evening, seat: EveningSeat) -> dict[str, Any]:
    """Note that a person is told how the evening stands; return who is to hear which message tells it."""
    seat.told_version = evening.version
    return {"to": EVENING, "seat": seat.id, "version": evening.version}


@receiver(EVENING)
async def take_message(session: AsyncSession, sent: Mapping[str, Any], message_id: int | None) -> None:
    """Keep which message shows the evening; what changed while it was sent is shown at once.

    A message that is gone is forgotten, so that the next change sends a new one.
    """
    found = await session.get(EveningSeat, sent["seat"])
    if found is None:
        return
    # The evening before its seats: whoever taps takes them in this order.
    evening = await session.get_one(Evening, found.evening_id, with_for_update=True, populate_existing=True)
    seat = await session.get_one(EveningSeat, found.id, populate_existing=True)
    seat.message_id = message_id
    if message_id is None:
        seat.told_version = None
        return
    room_seat = await _room_seat(session, evening.room_id, seat.person_id)
    if room_seat is not None and evening.version != sent["version"] == seat.told_version:
        await _show(session, evening, seat, room_seat, sent["at"])
    await session.flush()


async def purge_evenings(session: AsyncSession, now: datetime) -> int:
    """Forget evenings that ended half a year ago; return how many."""
    old: Sequence[int] = list(await session.scalars(select(Evening.id).where(Evening.begun_at < now - KEPT)))
    for table in (Veto, EveningSeat):
        await session.execute(delete(table).where(table.evening_id.in_(old)))
    return await changed(session, delete(Evening).where(Evening.id.in_(old)))
