"""Each question about prices finds the row that breaks it, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

from sqlalchemy import delete, insert, select, update

from core import audit
from core.billing import Bill, Cycle, open_due_cycles
from core.db import Base
from core.flows import answer_price, keep_price, propose_price
from core.parties import Party
from core.parties.tables import PriceChange, PriceChangeState, PriceConsent
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.till import Till


@asynccontextmanager
async def broken(till: Till, table: type[Base], **values: object) -> AsyncIterator[list[str]]:
    """Break the only row of a table by hand for the time of the block; give the names of the questions that notice."""
    rows = select(*(getattr(table, name) for name in values))
    async with till.db.write() as session:
        before = (await session.execute(rows)).one()
        await session.execute(update(table).values(**values))
    async with till.db.read() as session:
        yield [found.name for found in await audit.check(session)]
    async with till.db.write() as session:
        await session.execute(update(table).values(**dict(zip(values, before, strict=True))))


async def _first_bill(till: Till) -> Bill:
    opened = await party(till.db, till.clock)
    return await joins(till.db, till.clock, opened, await person(till.db, till.clock))


async def _asked(till: Till) -> tuple[Bill, PriceChange]:
    bill = await _first_bill(till)
    await till.pays(bill.id)
    async with till.db.write() as session:
        opened = await session.get_one(Party, bill.party_id)
        first = date(2026, 12, 23)
        change = await propose_price(session, opened.id, opened.host_id, 19_000, first, till.clock.now(), LIMITS)
    return bill, change


async def _billed(till: Till) -> Bill:
    """Let the only member agree, and the month of the new price open."""
    bill, change = await _asked(till)
    await till.db.transact(answer_price, change.id, bill.person_id, till.clock.now(), agreed=True)
    days_pass(till.clock, 24)
    await till.db.transact(keep_price, bill.party_id, till.clock.now(), LIMITS)
    assert await till.db.transact(open_due_cycles, bill.party_id, date(2026, 12, 17), LIMITS, till.clock.now()) == 1
    return bill


async def test_a_price_from_nowhere_is_found(till: Till) -> None:
    await _first_bill(till)

    async with broken(till, Cycle, price_won=16_999) as found:
        assert found == ["price_is_known"]


async def test_a_month_that_opened_before_the_answers_is_found(till: Till) -> None:
    await _asked(till)

    async with broken(till, PriceChange, from_cycle_on=date(2026, 11, 23)) as found:
        assert found == ["price_waits_for_answers"]


async def test_a_member_who_was_never_asked_is_found(till: Till) -> None:
    bill, change = await _asked(till)

    async with till.db.write() as session:
        await session.execute(delete(PriceConsent))
    async with till.db.read() as session:
        # What was asked at the same instant as the seat was taken could have come first.
        assert [found.name for found in await audit.check(session)] == []
    async with broken(till, PriceChange, asked_at=change.asked_at.replace(hour=5)) as found:
        assert found == ["price_asked_of_everybody"]
    async with till.db.write() as session:
        shown = {"change_id": change.id, "membership_id": bill.membership_id, "old_won": 4_250, "new_won": 4_750}
        await session.execute(insert(PriceConsent).values(**shown))


async def test_a_bill_at_a_price_that_nobody_agreed_to_is_found(till: Till) -> None:
    await _billed(till)

    for said in (False, None):
        async with broken(till, PriceConsent, agreed=said) as found:
            assert found == ["price_was_agreed"]
    async with broken(till, PriceChange, state=PriceChangeState.WITHDRAWN) as found:
        assert found == []
