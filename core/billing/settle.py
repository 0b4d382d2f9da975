"""Settling a payment: the one use case that commits by itself, because it asks Bootpay between its transactions.

Return page, hint worker and janitor all come here, at the same time and any number of times. See DESIGN, "A payment".
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.alerts import alert
from core.billing.attempts import lapse_if_silent, lease_attempt, record
from core.billing.limits import Limits
from core.billing.noting import (
    APPROVABLE,
    CANCELLED,
    CONFIRM_WITHIN,
    DEPOSIT_WAITING,
    PAID,
    Hold,
    Outcome,
    Settled,
    note_decline,
    note_unclear,
    take_note,
)
from core.billing.provider import Provider
from core.billing.tables import Attempt
from core.clock import Clock
from core.db import Database
from core.errors import ProviderRefused, ProviderUnclear

NOT_FOUND, DECLINED = "RC_NOT_FOUND", "RC_CONFIRM_FAILED"
# Bootpay's words, and HTTP's, for keys or an address that it does not accept.
KEYS_REFUSED = (
    "TOKEN_KEY_INVALID", "APP_KEY_NOT_FOUND", "APP_KEY_NOT_REST", "APP_SK_NOT_MATCHED", "HTTP_401", "HTTP_403"
)  # fmt: skip
URGENCY = {PAID: 0, APPROVABLE: 1, CANCELLED: 2, DEPOSIT_WAITING: 3}


async def settle_order(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, attempt_id: int
) -> Settled | None:
    """Settle an attempt that fell silent, by its receipt or by its order; None when another worker does."""
    attempt = await db.transact(lease_attempt, attempt_id, clock.now())
    if attempt is None:
        return None
    if attempt.receipt_id is not None:
        settled = await settle(db, bootpay, clock, limits, attempt.receipt_id)
    else:
        settled = await settle_receipts_of(db, bootpay, clock, limits, attempt)
    if settled.outcome is Outcome.WAITING and await db.transact(lapse_if_silent, attempt_id, clock.now()):
        return Settled(Outcome.LAPSED, attempt.bill_id)
    return settled


async def settle_receipts_of(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, attempt: Attempt
) -> Settled:
    """Settle every receipt that Bootpay knows of an attempt's order; CHECKING without an answer, WAITING for none."""
    try:
        receipts = await bootpay.receipts_of_order(attempt.order_id)
    except ProviderUnclear:
        return Settled(Outcome.CHECKING, attempt.bill_id)
    except ProviderRefused as error:
        # Refused is not "no receipts": our keys or the way to Bootpay are wrong. No answer, so nothing lapses.
        await db.transact(_tell_of_wrong_keys, error.code, clock.now())
        return Settled(Outcome.CHECKING, attempt.bill_id)
    settled = [
        await settle(db, bootpay, clock, limits, receipt.receipt_id)
        for receipt in sorted(receipts, key=lambda receipt: URGENCY.get(receipt.status, 9))
    ]
    return settled[0] if settled else Settled(Outcome.WAITING, attempt.bill_id)


async def settle(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, receipt_id: str, *, bill_id: int | None = None
) -> Settled:
    """Find out how a receipt stands and do what follows; `bill_id` is the bill it is expected to belong to."""
    try:
        receipt = await bootpay.receipt(receipt_id)
    except ProviderUnclear:
        return Settled(Outcome.CHECKING, bill_id)
    except ProviderRefused as error:
        await db.transact(_note_refusal, receipt_id, bill_id, error.code, clock.now())
        return Settled(Outcome.NOT_OURS if error.code == NOT_FOUND else Outcome.CHECKING, bill_id)
    seen = await db.transact(take_note, receipt, bill_id, limits, clock.now())
    if seen.hold is None or clock.now() - seen.hold.since > CONFIRM_WITHIN:
        return seen.settled
    return await _confirm(db, bootpay, clock, limits, receipt, seen.hold)


async def _confirm(
    db: Database, bootpay: Provider, clock: Clock, limits: Limits, receipt: Receipt, hold: Hold
) -> Settled:
    refused = None
    try:
        await bootpay.confirm(receipt.receipt_id)
    except ProviderRefused as error:
        refused = error.code
    except ProviderUnclear:
        await db.transact(note_unclear, hold, clock.now())
    # Whatever the answer was, the receipt is the fact.
    try:
        receipt = await bootpay.receipt(receipt.receipt_id)
    except (ProviderUnclear, ProviderRefused):
        await db.transact(note_unclear, hold, clock.now())
        return Settled(Outcome.CHECKING, hold.bill_id)
    if refused == DECLINED and receipt.status == APPROVABLE:
        await db.transact(note_decline, hold, refused, clock.now())
        return Settled(Outcome.FAILED, hold.bill_id)
    seen = await db.transact(take_note, receipt, hold.bill_id, limits, clock.now(), may_hold=False)
    return seen.settled


async def _note_refusal(session: AsyncSession, receipt_id: str, bill_id: int | None, code: str, now: datetime) -> None:
    """Keep a refusal that concerns a payment of ours; a stranger's hint leaves no trace."""
    ours = await session.scalar(select(Attempt.bill_id).where(Attempt.receipt_id == receipt_id))
    if ours is not None or bill_id is not None:
        record(session, now, "receipt_refused", ours or bill_id, receipt=receipt_id[:64], code=code[:40])
    await _tell_of_wrong_keys(session, code, now)


async def _tell_of_wrong_keys(session: AsyncSession, code: str, now: datetime) -> None:
    """Tell the operators that Bootpay does not let us in: until it does, nobody can pay."""
    if code in KEYS_REFUSED:
        await alert(session, now, "provider_refuses", code=code)
