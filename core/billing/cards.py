"""Cards on file: asked for with consent, registered at Bootpay, kept sealed, stopped by their person at any time.

A card is believed only as Bootpay tells it, and forgotten only when Bootpay has deleted its key.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from core import outbox
from core.adapters.bootpay import BillingKey
from core.alerts import alert
from core.billing.attempts import new_suffix, record
from core.billing.provider import Provider
from core.billing.tables import CARD_MOVES, Attempt, Bill, BillState, Card, CardState
from core.clock import Clock
from core.db import Database, Instant, changed
from core.errors import NotFound, Outdated, ProviderRefused, ProviderUnclear
from core.people import AgeBand, Person
from core.sealing import Seal, SealBroken

AUTOPAY_VERSION = "2026-11"
# How long a consent may be used to open the window, and when one that led to no card is over.
LINK_LIVES = timedelta(hours=1)
ASKED_FOR = timedelta(hours=3)
ASK_AGAIN = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 360, 1440))
ISSUED = 11
KEY_EXPIRED, NOT_FOUND = "SUBSCRIBE_BK_EXPIRED", "RC_NOT_FOUND"
NOT_ISSUED = (NOT_FOUND, "RC_NOT_SUBSCRIBE", "SUBSCRIBE_PUBLISH_NOT_READY")


class CardOutcome(StrEnum):
    """What is now known of a card that was to be registered."""

    READY = "ready"
    CHECKING = "checking"
    NOT_ISSUED = "not_issued"
    NOT_OURS = "not_ours"


@outbox.validity("card_active")
async def card_is_active(session: AsyncSession, facts: Mapping[str, Any]) -> bool:
    """Tell whether a card may still be charged."""
    return await session.scalar(select(Card.state).where(Card.id == facts["card"])) is CardState.ACTIVE


async def card_of(session: AsyncSession, person_id: int) -> Card | None:
    """Return the card that pays a person's bills by itself, if there is one."""
    current = select(Card).where(Card.person_id == person_id, Card.current.is_(True), Card.state == CardState.ACTIVE)
    return await session.scalar(current)


async def lacks_card(session: AsyncSession, person: Person) -> bool:
    """Tell whether automatic payment may be offered to a person: an adult without a card on file."""
    return person.age_band is AgeBand.ADULT and await card_of(session, person.id) is None


async def get_card(session: AsyncSession, card_id: int) -> Card:
    """Return a card by its id; NotFound otherwise."""
    card = await session.get(Card, card_id)
    if card is None:
        raise NotFound(what="card", id=card_id)
    return card


async def ask_for_card(session: AsyncSession, person_id: int, version: str, now: datetime) -> Card:
    """Keep that a person agreed to automatic payment in the words of `version`; the card comes with its window.

    Outdated when they read other words than today's. A repeated tap finds the same row.
    """
    if version != AUTOPAY_VERSION:
        raise Outdated(what="consent")
    await _lock_person(session, person_id)
    fresh = select(Card).where(
        Card.person_id == person_id,
        Card.state == CardState.ASKED,
        Card.receipt_id.is_(None),
        Card.created_at > now - LINK_LIVES,
    )
    known = await session.scalar(fresh.order_by(Card.id.desc()).limit(1))
    if known is not None:
        return known
    card = Card(
        person_id=person_id,
        current=None,
        subscription_id=f"two_card_{person_id}_{new_suffix()}",
        state=CardState.ASKED,
        consent_version=version,
        consented_at=now,
        asks=0,
        created_at=now,
    )
    session.add(card)
    await session.flush()
    return card


def new_window(card: Card, *, suffix: Callable[[], str] = lambda: secrets.token_hex(3)) -> str:
    """Return the subscription id of one more window for a card: each window has its own, none needs a row."""
    return f"{card.subscription_id}_{suffix()}"


async def register_card(
    db: Database, bootpay: Provider, clock: Clock, seal: Seal, card_id: int, receipt_id: str
) -> CardOutcome:
    """Find out at Bootpay whether a receipt is a card that was registered for this row, and keep it.

    Commits by itself; the return page and the janitor come here at the same time and any number of times.
    """
    # Before the question: who dies in the middle of it leaves a row that the janitor asks about.
    await db.transact(_claim, card_id, receipt_id, clock.now())
    try:
        key = await bootpay.billing_key(receipt_id)
    except ProviderUnclear:
        return CardOutcome.CHECKING
    except ProviderRefused as error:
        if error.code not in NOT_ISSUED:
            # Our keys or the way to Bootpay are wrong: that says nothing about the card.
            return CardOutcome.CHECKING
        await db.transact(_forget_claim, card_id, receipt_id)
        return CardOutcome.NOT_ISSUED
    return await db.transact(_keep, card_id, key, seal, clock.now())


async def _keep(session: AsyncSession, card_id: int, key: BillingKey, seal: Seal, now: datetime) -> CardOutcome:
    card = await get_card(session, card_id)
    await _lock_person(session, card.person_id)
    await session.refresh(card)
    known = await session.scalar(select(Card).where(Card.receipt_id == key.receipt_id, Card.state != CardState.ASKED))
    if not key.subscription_id.startswith(f"{card.subscription_id}_"):
        await _forget_claim(session, card_id, key.receipt_id)
        return CardOutcome.NOT_OURS
    if known is not None:
        return CardOutcome.READY
    if key.status != ISSUED:
        await _forget_claim(session, card_id, key.receipt_id)
        return CardOutcome.NOT_ISSUED
    if card.state is not CardState.ASKED:
        await _give_up_spare(session, card, key, seal, now)
        return CardOutcome.READY
    others = update(Card).where(Card.receipt_id == key.receipt_id, Card.state == CardState.ASKED, Card.id != card.id)
    await changed(session, others.values(receipt_id=None, ask_at=None))
    await _retire(session, Card.person_id == card.person_id, now)
    await _move(
        session,
        card.id,
        CardState.ASKED,
        CardState.ACTIVE,
        current=True,
        receipt_id=key.receipt_id,
        key_sealed=seal.close(key.key, cell(card.id)),
        label=key.label or None,
        asks=0,
        ask_at=None,
    )
    still = {"check": "card_active", "card": card.id}
    outbox.notice(session, now, card.person_id, "cards.ready", {"card": card.id}, valid_while=still)
    return CardOutcome.READY


async def _give_up_spare(session: AsyncSession, card: Card, key: BillingKey, seal: Seal, now: datetime) -> None:
    """A second window of one consent, or one finished too late: its key is never charged and is deleted at once."""
    spare = Card(
        person_id=card.person_id,
        current=None,
        subscription_id=key.subscription_id,
        receipt_id=key.receipt_id,
        label=key.label or None,
        state=CardState.REVOKING,
        consent_version=card.consent_version,
        consented_at=card.consented_at,
        asks=0,
        ask_at=now,
        created_at=now,
    )
    session.add(spare)
    await session.flush()
    spare.key_sealed = seal.close(key.key, cell(spare.id))


def cell(card_id: int) -> str:
    """Return the one cell in which a card's sealed key opens."""
    return f"card:{card_id}:key"


async def _claim(session: AsyncSession, card_id: int, receipt_id: str, now: datetime) -> None:
    """Remember a receipt that somebody brought back and that nobody has asked Bootpay about yet."""
    asked = update(Card).where(Card.id == card_id, Card.state == CardState.ASKED, Card.receipt_id.is_(None))
    try:
        async with session.begin_nested():
            await changed(session, asked.values(receipt_id=receipt_id, asks=0, ask_at=now + ASK_AGAIN[0]))
    except IntegrityError:
        return  # another row has it


async def _forget_claim(session: AsyncSession, card_id: int, receipt_id: str) -> None:
    claimed = update(Card).where(Card.id == card_id, Card.state == CardState.ASKED, Card.receipt_id == receipt_id)
    await changed(session, claimed.values(receipt_id=None, ask_at=None))


async def stop_autopay(session: AsyncSession, person_id: int, card_id: int, now: datetime) -> int:
    """Stop automatic payment from this moment on; returns how many charges were under way already.

    Outdated when this card is not the one that pays (any more).
    """
    await _lock_person(session, person_id)
    if not await _retire(session, (Card.id == card_id) & (Card.person_id == person_id), now):
        raise Outdated(what="card")
    under_way = (
        select(Bill.id)
        .join(Attempt, Attempt.id == Bill.approving_attempt)
        .where(Attempt.card_id == card_id, Bill.state == BillState.OPEN)
    )
    return len((await session.scalars(under_way)).all())


async def retire_card(session: AsyncSession, card_id: int, now: datetime) -> bool:
    """Charge a card never again: its key is deleted at Bootpay by the next tick."""
    return await _retire(session, Card.id == card_id, now)


async def _retire(session: AsyncSession, which: Any, now: datetime) -> bool:
    active = update(Card).where(which, Card.state == CardState.ACTIVE)
    return await changed(session, active.values(state=CardState.REVOKING, current=None, asks=0, ask_at=now)) > 0


async def _move(session: AsyncSession, card_id: int, before: CardState, after: CardState, **values: object) -> bool:
    if after not in CARD_MOVES.get(before, set()):
        raise ValueError(f"a card does not move from {before} to {after}")
    guarded = update(Card).where(Card.id == card_id, Card.state == before)
    return await changed(session, guarded.values(state=after, **values)) == 1


async def _lock_person(session: AsyncSession, person_id: int) -> None:
    """One change of a person's cards at a time: which one is current must not be decided twice at once."""
    await session.get_one(Person, person_id, with_for_update=True)


async def look_after_cards(db: Database, bootpay: Provider, clock: Clock, seal: Seal | None) -> int:
    """Ask about cards that Bootpay was silent on, delete the keys of those that are stopped; return how many."""
    async with db.read() as session:
        due = await _due_cards(session, clock.now())
    for card_id in due:
        card = await db.transact(_lease, card_id, clock.now())
        if card is None:
            continue
        if card.state is CardState.REVOKING:
            await _delete_key(db, bootpay, clock, seal, card)
        elif card.receipt_id is not None and seal is not None:
            await register_card(db, bootpay, clock, seal, card.id, card.receipt_id)
    await db.transact(_close_forgotten, clock.now())
    return len(due)


async def _due_cards(session: AsyncSession, now: datetime, most: int = 50) -> Sequence[int]:
    return (await session.scalars(select(Card.id).where(card_is_due(now)).order_by(Card.ask_at).limit(most))).all()


def card_is_due(now: Instant) -> ColumnElement[bool]:
    """Tell of a Card whether it is to be asked about, or its key to be deleted."""
    return Card.state.in_((CardState.ASKED, CardState.REVOKING)) & (Card.ask_at <= now)


def card_is_forgotten(created_before: Instant) -> ColumnElement[bool]:
    """Tell of a Card whether it is a consent of before an instant that led to no card."""
    unanswered = or_(Card.receipt_id.is_(None), Card.asks > len(ASK_AGAIN))
    return (Card.state == CardState.ASKED) & (Card.created_at < created_before) & unanswered


async def _lease(session: AsyncSession, card_id: int, now: datetime) -> Card | None:
    card = await get_card(session, card_id)
    asks = card.asks + 1
    mine = update(Card).where(Card.id == card_id, Card.state == card.state, Card.ask_at <= now, Card.asks == card.asks)
    wait = ASK_AGAIN[min(asks, len(ASK_AGAIN) - 1)]
    if not await changed(session, mine.values(asks=asks, ask_at=now + wait)):
        return None
    if asks == len(ASK_AGAIN):
        record(session, now, "card_unclear", None, card=card_id, state=str(card.state))
        await alert(session, now, "card_unclear", card_id, card=card_id)
    await session.refresh(card)
    return card


async def _delete_key(db: Database, bootpay: Provider, clock: Clock, seal: Seal | None, card: Card) -> None:
    try:
        await bootpay.delete_key(await _key_of(bootpay, seal, card))
    except ProviderUnclear:
        return  # asked again on the schedule
    except ProviderRefused as error:
        if error.code not in (KEY_EXPIRED, *NOT_ISSUED):
            return
    await db.transact(_forget_key, card.id, clock.now())


async def _key_of(bootpay: Provider, seal: Seal | None, card: Card) -> str:
    """Return a card's key; where it does not open (any more), Bootpay tells it once again."""
    if seal is not None and card.key_sealed is not None:
        try:
            return seal.open(card.key_sealed, cell(card.id))
        except SealBroken:
            pass
    return (await bootpay.billing_key(card.receipt_id or "")).key


async def _forget_key(session: AsyncSession, card_id: int, now: datetime) -> None:
    await _move(
        session, card_id, CardState.REVOKING, CardState.REVOKED, key_sealed=None, label=None, ask_at=None, closed_at=now
    )


async def _close_forgotten(session: AsyncSession, now: datetime) -> None:
    """End consents that led to no card."""
    over = update(Card).where(card_is_forgotten(now - ASKED_FOR))
    await changed(session, over.values(state=CardState.REVOKED, ask_at=None, closed_at=now))
