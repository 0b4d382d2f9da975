"""Questions about cards on file and their charges."""

from __future__ import annotations

from sqlalchemy import Select, func, select

from core.audit.asking import question
from core.billing.tables import Attempt, AttemptState, Bill, Card, CardState

CHARGEABLE = Card.state == CardState.ACTIVE


@question()
def revoked_card_has_no_key() -> Select[int]:
    """A card that is stopped for good still has its sealed key."""
    return select(Card.id).where(Card.state == CardState.REVOKED, Card.key_sealed.is_not(None))


@question()
def current_card_is_chargeable() -> Select[int]:
    """A card counts as its person's although it cannot be charged, or one that is charged lacks receipt or key."""
    whole = Card.receipt_id.is_not(None) & Card.key_sealed.is_not(None) & Card.current.is_(True)
    return select(Card.id).where((CHARGEABLE & ~whole) | (~CHARGEABLE & Card.current.is_not(None)))


@question()
def unfinished_card_is_asked_about() -> Select[int]:
    """A stopped card's key, or a card that somebody brought back from its window, is never asked about at Bootpay."""
    brought_back = (Card.state == CardState.ASKED) & Card.receipt_id.is_not(None)
    return select(Card.id).where((Card.state == CardState.REVOKING) | brought_back, Card.ask_at.is_(None))


@question(of=Bill.party_id)
def card_charge_is_its_persons() -> Select[int]:
    """A bill was charged to somebody else's card."""
    return (
        select(Attempt.id)
        .join(Card, Card.id == Attempt.card_id)
        .join(Bill, Bill.id == Attempt.bill_id)
        .where(Card.person_id != Bill.person_id)
    )


@question(of=Bill.party_id)
def one_charge_at_a_time() -> Select[int]:
    """Two charges of a card are under way for one bill."""
    return (
        select(Bill.id)
        .join(Attempt, Attempt.bill_id == Bill.id)
        .where(Attempt.card_id.is_not(None), Attempt.state == AttemptState.APPROVING)
        .group_by(Bill.id)
        .having(func.count(Attempt.id) > 1)
    )
