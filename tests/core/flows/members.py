"""Members of a party for the tests of flows, and what becomes of their money."""

from __future__ import annotations

from typing import Any

from core import billing
from core.billing import Bill
from core.dates import seoul_date
from core.parties import AccessStep, Party
from core.people import Person
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.till import Till


async def member(till: Till, into: Party | None = None, **about: Any) -> tuple[Party, Person, Bill]:
    """Return a party with a member and the bill that they have paid."""
    opened = into or await party(till.db, till.clock, **about)
    someone = await person(till.db, till.clock)
    bill = await joins(till.db, till.clock, opened, someone)
    await till.pays(bill.id)
    return opened, someone, bill


async def let_in(till: Till, bill: Bill) -> None:
    """Let the host have invited the member of a bill."""
    async with till.db.write() as session:
        step = AccessStep(
            membership_id=bill.membership_id, step="invited", done_by=bill.person_id, done_at=till.clock.now()
        )
        session.add(step)


async def next_bill(till: Till, first: Bill) -> Bill:
    """Go to the day on which the next bill is open, and return it."""
    days_pass(till.clock, 25)
    return await bill_that_opens(till, first)


async def bill_that_opens(till: Till, first: Bill) -> Bill:
    """Let the next bill of a member open today, and return it."""
    today, now = seoul_date(till.clock.now()), till.clock.now()
    await till.db.transact(billing.open_due_cycles, first.party_id, today, LIMITS, now)
    async with till.db.read() as session:
        (card,) = await billing.open_bills_of(session, first.person_id)
    return card.bill
