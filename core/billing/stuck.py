"""Money that does not move although it should: what an operator goes through by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing.attempts import ASK_AFTER
from core.billing.refunds import ASK_AGAIN
from core.billing.tables import (
    Attempt,
    AttemptState,
    Bill,
    Payout,
    PayoutState,
    Refund,
    RefundState,
    RefundWay,
)
from core.billing.unpaid import warnings_in_vain
from core.outbox import Outgoing, SendState
from core.parties import Claim

HELD_FOR = timedelta(hours=1)
UNCONFIRMED_FOR = timedelta(days=3)
UNDECIDED_FOR = timedelta(days=3)
UNHEARD_FOR = timedelta(days=3)
ABOUT_MONEY = ("billing.", "payouts.", "refunds.")


@dataclass(frozen=True)
class Stuck:
    """One thing that waits: what it is, its row, since when, and of which bill."""

    what: str
    row_id: int
    since: datetime | None
    bill_id: int | None = None


async def stuck(session: AsyncSession, now: datetime) -> Sequence[Stuck]:
    """Return everything around money that waits longer than it should."""
    return [
        *await _held_bills(session, now),
        *await _silent_attempts(session),
        *await _silent_refunds(session),
        *await _transfers_to_make(session),
        *await _unconfirmed_payouts(session, now),
        *await _undecided_claims(session, now),
        *await _warnings_in_vain(session, now),
        *await _dead_notices(session),
    ]


async def _held_bills(session: AsyncSession, now: datetime) -> list[Stuck]:
    held = select(Bill.id, Bill.approving_since).where(
        Bill.approving_attempt.is_not(None), Bill.approving_since < now - HELD_FOR
    )
    return [Stuck("bill_held", bill, since, bill) for bill, since in await session.execute(held.order_by(Bill.id))]


async def _silent_attempts(session: AsyncSession) -> list[Stuck]:
    silent = select(Attempt.id, Attempt.created_at, Attempt.bill_id).where(
        Attempt.state.in_((AttemptState.APPROVING, AttemptState.UNKNOWN)), Attempt.asks >= len(ASK_AFTER)
    )
    rows = await session.execute(silent.order_by(Attempt.id))
    return [Stuck("attempt_unknown", attempt, since, bill) for attempt, since, bill in rows]


async def _silent_refunds(session: AsyncSession) -> list[Stuck]:
    silent = select(Refund.id, Refund.created_at, Refund.bill_id).where(
        Refund.state == RefundState.UNKNOWN, Refund.asks >= len(ASK_AGAIN)
    )
    rows = await session.execute(silent.order_by(Refund.id))
    return [Stuck("refund_unknown", refund, since, bill) for refund, since, bill in rows]


async def _transfers_to_make(session: AsyncSession) -> list[Stuck]:
    waiting = select(Refund.id, Refund.created_at, Refund.bill_id).where(
        Refund.state == RefundState.PLANNED, Refund.way == RefundWay.OPERATOR
    )
    rows = await session.execute(waiting.order_by(Refund.id))
    return [Stuck("refund_waits_for_operator", refund, since, bill) for refund, since, bill in rows]


async def _unconfirmed_payouts(session: AsyncSession, now: datetime) -> list[Stuck]:
    exported = select(Payout.id, Payout.exported_at).where(
        Payout.state == PayoutState.EXPORTED, Payout.exported_at < now - UNCONFIRMED_FOR
    )
    rows = await session.execute(exported.order_by(Payout.id))
    return [Stuck("payout_unconfirmed", payout, since) for payout, since in rows]


async def _undecided_claims(session: AsyncSession, now: datetime) -> list[Stuck]:
    undecided = select(Claim.id, Claim.opened_at).where(
        Claim.under_way.is_(True), Claim.opened_at < now - UNDECIDED_FOR
    )
    rows = await session.execute(undecided.order_by(Claim.id))
    return [Stuck("claim_undecided", claim, since) for claim, since in rows]


async def _warnings_in_vain(session: AsyncSession, now: datetime) -> list[Stuck]:
    # Nobody is suspended unwarned: where neither member nor host nor anybody else can be reached, a person must look.
    in_vain = await warnings_in_vain(session, now - UNHEARD_FOR)
    return [Stuck("warning_in_vain", reminder, since, bill) for reminder, since, bill in in_vain]


async def _dead_notices(session: AsyncSession) -> list[Stuck]:
    about_money = or_(*(Outgoing.name.startswith(area) for area in ABOUT_MONEY))
    dead = select(Outgoing.id, Outgoing.created_at).where(Outgoing.state == SendState.DEAD, about_money)
    return [Stuck("notice_dead", row, since) for row, since in await session.execute(dead.order_by(Outgoing.id))]
