"""What an operator ends by hand who has looked in Bootpay's console: payments and refunds of which it tells nobody.

A hold and a refund on its way end by an answer and never by time alone. Where no answer comes any more (a receipt that
is gone, another project's keys), a person has to say so, or bill, party and host would wait for ever.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.acts import record_act
from core.billing.attempts import ASK_AFTER, GIVEN_UP, close_attempt
from core.billing.bills import locked_bill
from core.billing.refund_ways import plan_transfer
from core.billing.refunds import ASK_AGAIN
from core.billing.tables import Attempt, AttemptState, Refund, RefundState
from core.db import changed
from core.errors import NotFound, Outdated


async def give_up_payment(session: AsyncSession, attempt_id: int, by: str, now: datetime) -> Attempt:
    """End a payment that was asked about in vain and let go of its bill; NotFound, or Outdated when it is none.

    It is looked for on for two weeks: money that turns up all the same counts, or goes back.
    """
    attempt = await session.get(Attempt, attempt_id)
    if attempt is None:
        raise NotFound(what="attempt", id=attempt_id)
    await locked_bill(session, attempt.bill_id)
    await session.refresh(attempt)
    waits = attempt.state in (AttemptState.APPROVING, AttemptState.UNKNOWN)
    if not waits or attempt.asks < len(ASK_AFTER):
        raise Outdated(what="attempt", id=attempt_id)
    after = AttemptState.LAPSED if attempt.receipt_id is None else AttemptState.FAILED
    await close_attempt(session, attempt_id, attempt.bill_id, after, now, GIVEN_UP)
    record_act(session, now, by, "payment_given_up", attempt=attempt_id)
    return attempt


async def give_up_refund(session: AsyncSession, refund_id: int, by: str, now: datetime) -> Refund:
    """Transfer by hand what was asked about in vain; returns the transfer, NotFound, or Outdated when it is none.

    If Bootpay gave it back after all, the daily comparison takes the transfer off the list.
    """
    refund = await session.get(Refund, refund_id)
    if refund is None:
        raise NotFound(what="refund", id=refund_id)
    bill = await locked_bill(session, refund.bill_id)
    in_vain = update(Refund).where(
        Refund.id == refund_id, Refund.state == RefundState.UNKNOWN, Refund.asks >= len(ASK_AGAIN)
    )
    if not await changed(session, in_vain.values(state=RefundState.FAILED, done_at=now, provider_word=GIVEN_UP)):
        raise Outdated(what="refund", id=refund_id)
    record_act(session, now, by, "refund_given_up", refund=refund_id)
    return await plan_transfer(
        session, bill, refund.attempt_id, refund.amount_won, refund.reason, now, stray=refund.stray
    )
