"""Leases: a name is one holder's at a time, and only the holder gives it back."""

from __future__ import annotations

from datetime import timedelta

from core.clock import ManualClock
from core.db import Database
from core.leases import give_back, take

LENGTH = timedelta(seconds=15)


async def test_only_its_holder_gives_a_lease_back(db: Database, clock: ManualClock) -> None:
    now = clock.now()
    assert await db.transact(take, "sender", "one", now, LENGTH)

    await db.transact(give_back, "sender", "two", now)
    assert not await db.transact(take, "sender", "two", now, LENGTH)
    await db.transact(give_back, "sender", "one", now)

    assert await db.transact(take, "sender", "two", now, LENGTH)
