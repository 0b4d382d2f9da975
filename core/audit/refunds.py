"""Questions about money on its way back."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from core.audit.asking import question
from core.billing.tables import Attempt, Bill, BillState, Refund, RefundState, RefundWay


@question(of=Bill.party_id)
def refunded_equals_done() -> Select[int]:
    """A bill's refunded amount is not the sum of its finished refunds."""
    done = (
        select(func.coalesce(func.sum(Refund.amount_won), 0))
        .where(Refund.bill_id == Bill.id, Refund.state == RefundState.DONE, Refund.stray.is_(False))
        .scalar_subquery()
    )
    return select(Bill.id).where(done != Bill.refunded_won)


@question(of=Bill.party_id)
def refunds_within_attempt() -> Select[int]:
    """More goes back over a payment than came in over it."""
    return (
        select(Refund.attempt_id)
        .join(Attempt, Attempt.id == Refund.attempt_id)
        .join(Bill, Bill.id == Refund.bill_id)
        .where(Refund.state != RefundState.FAILED, Refund.way == RefundWay.CANCEL)
        .group_by(Refund.attempt_id, Attempt.received_won)
        .having(func.sum(Refund.amount_won) > func.coalesce(Attempt.received_won, 0))
    )


@question(of=Bill.party_id)
def refunded_state() -> Select[int]:
    """A bill's state does not match what was refunded."""
    total_won = Bill.amount_won + Bill.credit_won
    return select(Bill.id).where(
        ((Bill.state == BillState.PAID) & (Bill.refunded_won != 0))
        | ((Bill.state == BillState.PARTLY_REFUNDED) & ((Bill.refunded_won == 0) | (Bill.refunded_won == total_won)))
        | ((Bill.state == BillState.REFUNDED) & (Bill.refunded_won != total_won))
        | (Bill.state.in_((BillState.OPEN, BillState.VOID)) & (Bill.refunded_won != 0))
    )
