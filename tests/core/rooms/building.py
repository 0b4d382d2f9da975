"""Parties for tests of the room, built with the product's own use cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay_receipt import Receipt
from core.billing import Bill, Limits, begin_attempt
from core.billing.booking import book_payment
from core.billing.tables import Attempt
from core.catalogue import Plan, offer, sync_plans
from core.catalogue.plans import catalogue_data
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.flows.join import invitation, join_party
from core.outbox import Kind, Outgoing, SendState, deliver_result
from core.parties import Party, Terms, open_party
from core.people import AgeBand, Person
from core.rooms import RoomSeat, reconcile

LIMITS = Limits()
_telegram_ids = count(7_000_000_001)
_message_ids = count(5_001)


@dataclass
class Built:
    """A party and its people; the host is the first."""

    party_id: int
    code: str
    people: list[Person] = field(default_factory=list)

    @property
    def host(self) -> Person:
        return self.people[0]

    @property
    def members(self) -> list[Person]:
        return self.people[1:]


async def make_person(
    session: AsyncSession, nickname: str, clock: ManualClock, language: str = "ko", *, telegram_id: int | None = None
) -> Person:
    """Store somebody who agreed to the terms."""
    person = Person(
        telegram_id=telegram_id or next(_telegram_ids),
        nickname=nickname,
        language=language,
        age_band=AgeBand.ADULT,
        reachable=True,
        created_at=clock.now(),
    )
    session.add(person)
    await session.flush()
    return person


async def make_party(
    db: Database,
    clock: ManualClock,
    *members: str | Person,
    host: Person | None = None,
    seats: int = 4,
    starts_in_days: int = 0,
    anchor_day: int = 23,
) -> Built:
    """Open a party on the first plan with enough seats, let the members join and pay; who is only named is new."""
    async with db.write() as session:
        whole = catalogue_data()
        await sync_plans(session, whole | {"services": [one for one in whole["services"] if one["slug"] == "tving"]})
        plans = await session.scalars(select(Plan).where(Plan.seats_max >= seats).order_by(Plan.id))
        chosen = await offer(session, next(one.id for one in plans if one.shareable), seoul_date(clock.now()))
        host = host or await make_person(session, "민수", clock)
        starts_on = seoul_date(clock.now()) + timedelta(days=starts_in_days)
        party = await open_party(
            session,
            host.id,
            chosen,
            Terms(seats=seats, starts_on=starts_on, anchor_day=anchor_day),
            today=seoul_date(clock.now()),
            now=clock.now(),
            recruit_days=14,
            terms_version="test",
        )
        built = Built(party.id, party.code, [host])
        for member in members:
            await join(session, clock, built, member)
    return built


async def join(session: AsyncSession, clock: ManualClock, built: Built, member: str | Person) -> Person:
    """Let somebody join the party and pay, inside the caller's transaction."""
    person = member if isinstance(member, Person) else await make_person(session, member, clock)
    seen = await invitation(session, built.code, person.id, clock.now(), LIMITS)
    joined = await join_party(session, built.code, person, seen.quote.amount_won, clock.now(), LIMITS)
    await pay(session, joined.bill, clock)
    built.people.append(person)
    return person


async def let_join(db: Database, clock: ManualClock, built: Built, nickname: str) -> Person:
    """Let somebody new join the party and pay."""
    async with db.write() as session:
        return await join(session, clock, built, nickname)


async def pay(session: AsyncSession, bill: Bill, clock: ManualClock) -> None:
    """Book what Bootpay would have confirmed."""
    attempt = await begin_attempt(session, bill.id, clock.now())
    receipt_id = f"receipt-{attempt.id}"
    await session.execute(update(Attempt).where(Attempt.id == attempt.id).values(receipt_id=receipt_id))
    receipt = Receipt(
        receipt_id=receipt_id,
        order_id=attempt.order_id,
        price_won=attempt.amount_won,
        cancelled_won=0,
        currency="KRW",
        status=1,
        sandbox=False,
        method="카드",
        receipt_url=None,
        purchased_at=clock.now(),
        cancelled_at=None,
    )
    assert await book_payment(session, attempt, receipt, Limits(), clock.now()) == "paid"


async def reconciled(db: Database, clock: ManualClock, built: Built) -> bool:
    """Let the party's room catch up."""
    return await db.transact(lambda session: reconcile(session, built.party_id, clock.now()))


async def said(db: Database, person: Person | None = None, *, waiting: bool = False) -> list[Outgoing]:
    """Return what the room has to say (to one person), in order, sent or not."""
    async with db.read() as session:
        query = select(Outgoing).where(Outgoing.name.like("rooms.%")).order_by(Outgoing.id)
        rows = (await session.scalars(query)).all()
        session.expunge_all()
    return [
        row
        for row in rows
        if (person is None or row.person_id == person.id) and (not waiting or row.state is SendState.WAITING)
    ]


def names(rows: Sequence[Outgoing]) -> list[str]:
    """Return the notices' names."""
    return [row.name for row in rows]


async def send_all(db: Database, *, dead: Sequence[Person] = ()) -> list[tuple[int, str, dict[str, Any]]]:
    """Play the sender: everything that waits arrives, or dies for `dead`; return (person, name, data) in order."""
    sent = []
    async with db.write() as session:
        waiting = select(Outgoing).where(Outgoing.state == SendState.WAITING).order_by(Outgoing.id)
        for row in (await session.scalars(waiting)).all():
            assert row.person_id is not None
            sent.append((row.person_id, row.name, dict(row.data)))
            died = row.person_id in {person.id for person in dead}
            row.state = SendState.DEAD if died else SendState.SENT
            if not died:
                row.message_id = row.edits_message_id or next(_message_ids)
            if row.kind is Kind.NOTICE or row.on_sent is not None:
                await deliver_result(session, row, row.message_id, row.created_at)
            row.data = {}
    return sent


async def seats_of(db: Database, room_id: int) -> dict[int, RoomSeat]:
    """Return the seats of a room by person."""
    async with db.read() as session:
        rows = await session.scalars(select(RoomSeat).where(RoomSeat.room_id == room_id))
        seats = {row.person_id: row for row in rows}
        session.expunge_all()
    return seats


async def version_of(db: Database, built: Built) -> int:
    """Return the party's version."""
    async with db.read() as session:
        return (await session.get_one(Party, built.party_id)).version
