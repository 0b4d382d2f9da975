"""Who is suspended reads the room and does not write, and only the host sees it by name."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from core.billing import Bill, BillState, open_due_cycles
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.errors import Suspended
from core.parties import lock_party, membership_of, suspend
from core.people import Person
from core.rooms import doors, enter, guests, present_room, relay, silenced_room
from tests.builders import days_pass
from tests.core.rooms.building import LIMITS, Built, make_party, names, reconciled, said, send_all
from tests.core.rooms.test_reconcile import open_room


async def with_somebody_suspended(db: Database, clock: ManualClock) -> tuple[Built, Person]:
    """Return a party whose member 지수 was in the room and is suspended now."""
    built = await make_party(db, clock, "지수", "현우")
    jisu = built.members[0]
    await reconciled(db, clock, built)
    await send_all(db)
    await db.transact(enter, jisu.id, built.party_id, clock.now())
    days_pass(clock, 24)
    await db.transact(open_due_cycles, built.party_id, seoul_date(clock.now()), LIMITS, clock.now())
    async with db.write() as session:
        await lock_party(session, built.party_id)
        theirs = select(Bill).where(Bill.person_id == jisu.id, Bill.state == BillState.OPEN)
        (await session.scalars(theirs)).one().warned_at = clock.now()
        await suspend(session, (await membership_of(session, built.party_id, jisu.id)).id, clock.now())
    return built, jisu


async def test_the_room_goes_on_to_them_and_says_nothing_of_it_to_the_others(db: Database, clock: ManualClock) -> None:
    built, _ = await with_somebody_suspended(db, clock)
    before = len(await said(db))

    await reconciled(db, clock, built)

    news = (await said(db))[before:]
    assert set(names(news)) == {"rooms.board"}
    boards = {row.person_id: row.data["suspended"] for row in news}
    assert boards[built.host.id] == ["지수"]
    assert {shown for person_id, shown in boards.items() if person_id != built.host.id} == {None}


async def test_they_read_and_do_not_write(db: Database, clock: ManualClock) -> None:
    built, jisu = await with_somebody_suspended(db, clock)
    hyeonu, room = built.members[1], await open_room(db, built)

    async with db.write() as session:
        assert await doors(session, jisu.id) == []
        assert await present_room(session, jisu.id) is None
        silenced = await silenced_room(session, jisu.id)
        assert silenced is not None
        assert silenced.id == room.id
        with pytest.raises(Suspended):
            await enter(session, jisu.id, built.party_id, clock.now())
        assert [(one.nickname, one.inside) for one in await guests(session, room)] == [
            ("민수", False), ("지수", False), ("현우", False),
        ]  # fmt: skip
        author = await session.get_one(Person, hyeonu.id)
        text = ("sendMessage", {"text": "안녕하세요"})
        assert await relay(session, author, room, 7, lambda _: [text], clock.now()) == 2
