"""The audit's tick: the changed parties every ten minutes, everything once a night, and again what is broken."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from bot.chores import Chores
from core.billing.tables import Bill
from core.clock import ManualClock
from core.db import Database
from tests.builders import LIMITS, open_bill
from tests.till import till_open

Tell = Callable[[], Awaitable[list[str]]]


@pytest.fixture
async def tick(db: Database, clock: ManualClock) -> AsyncIterator[Tell]:
    """Return the audit's tick, which tells the violations that it logged."""
    async with till_open(db, clock) as till:
        chores = Chores(db, clock, till.bootpay, LIMITS)

        async def tell() -> list[str]:
            with capture_logs() as logs:
                await chores.audit()
            return [str(line["name"]) for line in logs if line["event"] == "audit_violation"]

        yield tell


async def hold(db: Database, bill: Bill, attempt: int | None) -> None:
    async with db.write() as session:
        await session.execute(update(Bill).where(Bill.id == bill.id).values(approving_attempt=attempt))


async def test_what_changed_behind_the_partys_back_is_found_at_night(
    db: Database, clock: ManualClock, tick: Tell
) -> None:
    bill = await open_bill(db, clock)
    assert await tick() == []  # the first one asks everything, until the night

    await hold(db, bill, 999)
    told = []
    for _ in range(24):
        clock.move_to(clock.now() + timedelta(hours=1))
        told.append(await tick())

    # It is noon in Seoul: four in the morning comes after sixteen hours, and from then on it is told at every tick.
    assert told == [[]] * 15 + [["hold_is_asked_about"]] * 9
    await hold(db, bill, None)
    assert await tick() == []
