"""Charging cards on file: told the day before, charged once on the due day, tried again on the two days after it.

The same protocol as settling: the bill is taken before the call, one call, and the receipt decides whatever the answer
was. Nothing can be confirmed again here, so a charge of which Bootpay knows nothing is over only after the whole
schedule of questions, and is looked for once more before the next try (docs/decisions.md, "A charge that fell silent").
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core import outbox
from core.billing.attempts import GIVEN_UP, ask_soon, begin_attempt, close_attempt, record
from core.billing.bills import BillCard, bill_card
from core.billing.card_news import TRIES, told_of, with_card
from core.billing.cards import KEY_EXPIRED, NOT_FOUND, card_of, cell, retire_card
from core.billing.limits import Limits
from core.billing.noting import CONFIRM_WITHIN, Hold, Outcome, Settled, note_unclear, take_bill
from core.billing.provider import Provider
from core.billing.reminders import AT
from core.billing.settle import settle, settle_receipts_of
from core.billing.tables import Attempt, AttemptState, Bill, Card, Reminder
from core.clock import Clock
from core.dates import seoul_date, seoul_instant
from core.db import Database, changed, database_away
from core.errors import BillBusy, BillNotOpen, ProviderRefused, ProviderUnclear
from core.people import get_person
from core.sealing import Seal, SealBroken

# How long a charge that left no trace is looked for once a day.
A_DAY, LOOKED_FOR = timedelta(days=1), timedelta(days=14)
# Bootpay's own words for "nothing was charged"; after any other refusal the order's receipts decide.
NOT_CHARGED = (KEY_EXPIRED, NOT_FOUND, "RC_CONFIRM_FAILED")

NameOrder = Callable[[BillCard, str], str]


@dataclass(frozen=True)
class Charge:
    """A bill that is taken by a charge, and what Bootpay is asked for."""

    hold: Hold
    order_id: str
    amount_won: int
    key: str = field(repr=False)


def _to_charge(now: datetime) -> Select[int]:
    today = seoul_date(now)
    by_card = Attempt.bill_id == Bill.id, Attempt.card_id.is_not(None)
    tries = select(func.count(Attempt.id)).where(*by_card).correlate(Bill).scalar_subquery()
    today_already = select(Attempt.id).where(*by_card, Attempt.created_at >= seoul_instant(today)).exists()
    return with_card().where(
        Bill.approving_attempt.is_(None),
        Bill.due_on <= today,
        Bill.due_on > today - timedelta(days=TRIES),
        told_of(Reminder.closed_at < seoul_instant(today)),
        tries < TRIES,
        ~today_already,
    )


async def bills_to_charge(session: AsyncSession, now: datetime, most: int = 100) -> Sequence[int]:
    """Return bills whose card is to be charged now."""
    if now < seoul_instant(seoul_date(now), AT):
        return []
    return (await session.scalars(_to_charge(now).order_by(Bill.id).limit(most))).all()


async def coming_charges(session: AsyncSession, now: datetime) -> Sequence[datetime]:
    """Return when the cards of open bills are next charged, as far as nothing changes until then."""
    days = await session.scalars(select(Bill.due_on).where(Bill.id.in_(with_card())).distinct())
    at = [[seoul_instant(due_on + timedelta(days=late), AT) for late in range(TRIES)] for due_on in days]
    return sorted({min(coming) for each in at if (coming := [instant for instant in each if instant > now])})


async def charge_cards(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, seal: Seal, name_order: NameOrder
) -> int:
    """Charge every card that is to be charged now; return how many bills were looked at.

    One that fails holds up none of the others; what failed is raised together at the end.
    """
    async with db.read() as session:
        due = await bills_to_charge(session, clock.now())
    failures = []
    for bill_id in due:
        try:
            await charge_bill(db, bootpay, clock, limits, seal, name_order, bill_id)
        except Exception as error:
            if database_away(error):
                raise
            failures.append(error)
    if failures:
        raise ExceptionGroup("not every card could be charged", failures)
    return len(due)


async def charge_bill(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, seal: Seal, name_order: NameOrder, bill_id: int
) -> Settled | None:
    """Charge a bill's card once; None when it is not to be charged now, or another worker does it."""
    if not await _settle_silent_tries(db, bootpay, clock, limits, bill_id):
        return None
    async with db.read() as session:
        card = await bill_card(session, bill_id)
        name = name_order(card, (await get_person(session, card.bill.person_id)).language)
    charge = await db.transact(_take, bill_id, seal, clock.now())
    if charge is None:
        return None
    if clock.now() - charge.hold.since > CONFIRM_WITHIN:
        # Not asked for in time, so not asked for at all: the questions' schedule counts from the hold.
        hold = charge.hold
        await db.transact(close_attempt, hold.attempt_id, hold.bill_id, AttemptState.LAPSED, clock.now(), "not_sent")
        return Settled(Outcome.LAPSED, bill_id)
    refused = None
    try:
        answered = await bootpay.pay_with_key(
            charge.key, order_id=charge.order_id, order_name=name, amount_won=charge.amount_won
        )
    except ProviderRefused as error:
        refused = error.code
    except ProviderUnclear:
        pass
    else:
        settled = await settle(db, bootpay, clock, limits, answered.receipt_id, bill_id=bill_id)
        if settled.outcome is Outcome.CHECKING:
            await db.transact(note_unclear, charge.hold, clock.now())
        return settled
    return await _without_receipt(db, bootpay, clock, limits, charge, refused)


async def _settle_silent_tries(db: Database, bootpay: Provider, clock: Clock, limits: Limits, bill_id: int) -> bool:
    """Look once more for earlier charges of a bill that left no receipt; False while Bootpay does not answer."""
    async with db.read() as session:
        silent = await session.scalars(
            select(Attempt).where(
                Attempt.bill_id == bill_id, Attempt.card_id.is_not(None), Attempt.receipt_id.is_(None)
            )
        )
        earlier = silent.all()
    outcomes = [await settle_receipts_of(db, bootpay, clock, limits, attempt) for attempt in earlier]
    return all(settled.outcome is not Outcome.CHECKING for settled in outcomes)


async def look_for_silent_charges(db: Database, bootpay: Provider, clock: Clock, limits: Limits) -> int:
    """Look once a day for charges that left no trace, and for payments that an operator ended, for some days after
    they were given up; return how many.

    One that turns up all the same counts, or goes back: also when its bill has been paid since and no notice came.
    """
    async with db.read() as session:
        due = await _silent_charges(session, clock.now())
    for attempt in due:
        if (await settle_receipts_of(db, bootpay, clock, limits, attempt)).outcome is not Outcome.CHECKING:
            await db.transact(_looked_for, attempt.id, clock.now())
    return len(due)


async def _silent_charges(session: AsyncSession, now: datetime, most: int = 20) -> Sequence[Attempt]:
    traceless = Attempt.card_id.is_not(None) & Attempt.receipt_id.is_(None) & (Attempt.state == AttemptState.LAPSED)
    ended = (Attempt.provider_word == GIVEN_UP) & Attempt.state.in_((AttemptState.LAPSED, AttemptState.FAILED))
    recent = Attempt.closed_at > now - LOOKED_FOR, Attempt.closed_at <= now - A_DAY
    yesterday = Attempt.reconciled_at.is_(None) | (Attempt.reconciled_at <= now - A_DAY)
    due = select(Attempt).where(traceless | ended, *recent, yesterday)
    return (await session.scalars(due.order_by(Attempt.id).limit(most))).all()


async def _looked_for(session: AsyncSession, attempt_id: int, now: datetime) -> None:
    await changed(session, update(Attempt).where(Attempt.id == attempt_id).values(reconciled_at=now))


async def _take(session: AsyncSession, bill_id: int, seal: Seal, now: datetime) -> Charge | None:
    """Take a bill for a charge of its card, with everything asked again under its lock."""
    bill = await session.get_one(Bill, bill_id, with_for_update=True)
    # Whoever stops automatic payment waits for this row, or has it first: from then on nothing is charged.
    current = select(Card).where(Card.person_id == bill.person_id, Card.current.is_(True)).with_for_update()
    card = await session.scalar(current)
    if card is None or await session.scalar(_to_charge(now).where(Bill.id == bill_id)) is None:
        return None
    try:
        key = seal.open(card.key_sealed or "", cell(card.id))
    except SealBroken:
        record(session, now, "card_unreadable", bill_id, card=card.id)
        await retire_card(session, card.id, now)
        outbox.notice(session, now, bill.person_id, "cards.lost", {"bill": bill_id})
        return None
    try:
        attempt = await begin_attempt(session, bill_id, now)
    except (BillBusy, BillNotOpen):
        return None
    attempt.card_id = card.id
    await session.flush()
    if not await take_bill(session, attempt.id, bill_id, now):
        raise RuntimeError(f"bill {bill_id} was taken although it is locked")
    await ask_soon(session, attempt.id, AttemptState.APPROVING, now)
    return Charge(Hold(attempt.id, bill_id, now), attempt.order_id, attempt.amount_won, key)


async def _without_receipt(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, charge: Charge, refused: str | None
) -> Settled:
    async with db.read() as session:
        attempt = await session.get_one(Attempt, charge.hold.attempt_id)
    settled = await settle_receipts_of(db, bootpay, clock, limits, attempt)
    if settled.outcome not in (Outcome.CHECKING, Outcome.WAITING):
        return settled
    if refused in NOT_CHARGED and await db.transact(_refused, charge.hold, refused, clock.now()):
        return Settled(Outcome.FAILED, charge.hold.bill_id)
    await db.transact(note_unclear, charge.hold, clock.now())
    return Settled(Outcome.CHECKING, charge.hold.bill_id)


async def _refused(session: AsyncSession, hold: Hold, code: str, now: datetime) -> bool:
    """Note a plain no; False when Bootpay shows a receipt all the same, which then decides."""
    await session.get_one(Bill, hold.bill_id, with_for_update=True)
    attempt = await session.get_one(Attempt, hold.attempt_id)
    if attempt.receipt_id is not None:
        return False
    if code == KEY_EXPIRED and attempt.card_id is not None:
        await retire_card(session, attempt.card_id, now)
    await close_attempt(session, hold.attempt_id, hold.bill_id, AttemptState.FAILED, now, code)
    return True


async def next_charge(session: AsyncSession, bill: Bill, now: datetime) -> bool:
    """Tell whether a bill's card is tried again on a later day."""
    tries = await session.scalar(
        select(func.count(Attempt.id)).where(Attempt.bill_id == bill.id, Attempt.card_id.is_not(None))
    )
    days_left = (bill.due_on + timedelta(days=TRIES - 1) - seoul_date(now)).days
    return days_left > 0 and (tries or 0) < TRIES and await card_of(session, bill.person_id) is not None
