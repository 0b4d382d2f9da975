"""People, parties and bills for tests, made by the product's own use cases."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import select

from core import flows, parties, people
from core.billing import Bill, Limits
from core.catalogue import Plan, offer, sync_plans
from core.catalogue.plans import catalogue_data
from core.clock import ManualClock
from core.dates import seoul_date, seoul_instant
from core.db import Database
from core.parties import Membership, Party, Terms
from core.people import AgeBand, Person

# The stand-in marks its receipts as play money, as a Bootpay project in sandbox mode does.
LIMITS = Limits(provider_sandbox=True)
_telegram_ids = count(9_000_000_001)


async def person(db: Database, clock: ManualClock, nickname: str = "하늘", language: str = "ko") -> Person:
    """Let somebody new agree to the terms."""
    async with db.write() as session:
        someone = await people.agree(session, next(_telegram_ids), language, AgeBand.ADULT, clock.now())
        await people.set_nickname(session, someone, nickname)
    return someone


async def party(
    db: Database,
    clock: ManualClock,
    host: Person | None = None,
    *,
    plan: str = "netflix-premium",
    seats: int = 4,
    starts_in: int = 0,
    anchor_day: int | None = None,
) -> Party:
    """Open a party that starts in so many days; its months begin on the day of the start unless told otherwise."""
    host = host or await person(db, clock, "민수")
    today = seoul_date(clock.now())
    starts_on = today + timedelta(days=starts_in)
    async with db.write() as session:
        if await session.scalar(select(Plan.id).where(Plan.slug == plan)) is None:
            whole = catalogue_data()
            few = [each for each in whole["services"] if plan in {offered["slug"] for offered in each["plans"]}]
            await sync_plans(session, whole | {"services": few})
        plan_id = await session.scalar(select(Plan.id).where(Plan.slug == plan))
        return await parties.open_party(
            session,
            host.id,
            await offer(session, plan_id or 0, today),
            Terms(seats, starts_on, anchor_day or starts_on.day),
            today=today,
            now=clock.now(),
            recruit_days=LIMITS.recruit_days,
            terms_version="test",
        )


async def joins(db: Database, clock: ManualClock, into: Party, someone: Person | None = None) -> Bill:
    """Let somebody hold a seat; return the bill that they have to pay for it."""
    someone = someone or await person(db, clock)
    async with db.write() as session:
        seen = await flows.invitation(session, into.code, someone.id, clock.now(), LIMITS)
        later = seen.quote.later.amount_won if seen.quote.later else None
        joined = await flows.join_party(
            session, into.code, someone, seen.quote.amount_won, clock.now(), LIMITS, agreed_later_won=later
        )
    return joined.bill


async def open_bill(db: Database, clock: ManualClock, **about: Any) -> Bill:
    """Return the first bill of a new member of a new party."""
    return await joins(db, clock, await party(db, clock, **about))


async def bill(db: Database, bill_id: int) -> Bill:
    """Return a bill as it is now."""
    async with db.read() as session:
        return await session.get_one(Bill, bill_id)


async def membership(db: Database, of: Bill) -> Membership:
    """Return the stay that a bill belongs to, as it is now."""
    async with db.read() as session:
        return await session.get_one(Membership, of.membership_id)


def days_pass(clock: ManualClock, days: int) -> None:
    """Move the clock to noon in Seoul, so many days on."""
    clock.move_to(seoul_instant(seoul_date(clock.now()) + timedelta(days=days)) + timedelta(hours=12))
