"""Looking after payments that fell silent: hints, attempts without an answer, refunds on their way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, or_, select

from core.billing.attempts import attempt_is_due, due_attempts
from core.billing.cards import ASKED_FOR, card_is_due, card_is_forgotten
from core.billing.hints import ASK_AGAIN, close_hint, due_hints, hint_is_due, lease_hint
from core.billing.limits import Limits
from core.billing.noting import Outcome
from core.billing.provider import Provider
from core.billing.refunds import due_refunds, refund_is_due, send_refund
from core.billing.settle import settle, settle_order
from core.billing.tables import Attempt, Card, Hint, Refund
from core.clock import Clock
from core.db import NOW, Database, UtcDateTime

# The same question may get another answer soon.
UNDECIDED = (Outcome.CHECKING, Outcome.BUSY)
# Asked after every tap, of which hardly any moves money: one statement, built once.
_WAITING = select(
    or_(
        select(Hint.id).where(hint_is_due(NOW)).exists(),
        select(Attempt.id).where(attempt_is_due(NOW)).exists(),
        select(Refund.id).where(refund_is_due(NOW)).exists(),
        select(Card.id).where(card_is_due(NOW)).exists(),
        select(Card.id).where(card_is_forgotten(bindparam("asked_before", type_=UtcDateTime()))).exists(),
    )
)


async def payments_wait(db: Database, now: datetime) -> bool:
    """Tell whether any hint, attempt, refund or card is due, by the very rules of what looks after them."""
    async with db.read() as session:
        return bool(await session.scalar(_WAITING, {"now": now, "asked_before": now - ASKED_FOR}))


async def look_into_hints(db: Database, bootpay: Provider, clock: Clock, limits: Limits) -> int:
    """Ask Bootpay about the receipts of which somebody said that they changed; return how many were looked at."""
    async with db.read() as session:
        due = await due_hints(session, clock.now())
    for hint in due:
        if not await db.transact(lease_hint, hint, clock.now()):
            continue
        settled = await settle(db, bootpay, clock, limits, hint.receipt_id)
        if settled.outcome not in UNDECIDED or hint.asks + 1 >= len(ASK_AGAIN):
            await db.transact(close_hint, hint, clock.now())
    return len(due)


async def ask_about_attempts(db: Database, bootpay: Provider, clock: Clock, limits: Limits, most: int = 50) -> int:
    """Ask Bootpay about attempts that fell silent: a lost redirect sends no notice."""
    async with db.read() as session:
        due = await due_attempts(session, clock.now(), most)
    for attempt_id in due:
        await settle_order(db, bootpay, clock, limits, attempt_id)
    return len(due)


async def send_refunds(db: Database, bootpay: Provider, clock: Clock) -> int:
    """Send the refunds that are due; return how many were tried."""
    async with db.read() as session:
        due = await due_refunds(session, clock.now())
    for refund_id in due:
        await send_refund(db, bootpay, clock, refund_id)
    return len(due)
