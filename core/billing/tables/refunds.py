"""Money on its way back."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base, ExternalId, Id, State, UtcDateTime, Won


class RefundState(StrEnum):
    """Where money on its way back stands."""

    PLANNED = "planned"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"


# Refunds of which it is not known yet how they end.
UNFINISHED = (RefundState.PLANNED, RefundState.SENDING, RefundState.UNKNOWN)
REFUND_MOVES: dict[RefundState, set[RefundState]] = {
    # An operator's transfer is not sent by us: it is done when they say so, or needless after a cancel elsewhere.
    RefundState.PLANNED: {RefundState.SENDING, RefundState.DONE, RefundState.FAILED},
    RefundState.SENDING: {RefundState.DONE, RefundState.FAILED, RefundState.UNKNOWN},
    RefundState.UNKNOWN: {RefundState.SENDING, RefundState.DONE, RefundState.FAILED},
}


class RefundWay(StrEnum):
    """How money goes back: over its receipt, on the next bill, or by the operator's own transfer."""

    CANCEL = "cancel"
    CREDIT = "credit"
    OPERATOR = "operator"


class Refund(Base):
    """Money on its way back; `refund_key` is its key at the provider, or in the operator's list.

    `stray` money is none of its bill's: nobody owed it, or it had become the member's credit already.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_won > 0", name="amount_positive"),
        Index("ix_refund_state_ask_at", "state", "ask_at"),
        Base.__table_args__,
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=True)
    bill_id: Mapped[int] = mapped_column(ForeignKey("bill.id"), index=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    amount_won: Mapped[int] = mapped_column(Won)
    reason: Mapped[str] = mapped_column(String(24))
    way: Mapped[RefundWay] = mapped_column(State(RefundWay), default=RefundWay.CANCEL)
    stray: Mapped[bool] = mapped_column(default=False)
    refund_key: Mapped[str] = mapped_column(ExternalId(64), unique=True)
    state: Mapped[RefundState] = mapped_column(State(RefundState))
    asks: Mapped[int] = mapped_column(default=0)
    ask_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    provider_word: Mapped[str | None] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
