"""Tries at paying a bill: begun, bound to a receipt, moved, asked about on a schedule."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.alerts import alert
from core.billing.tables import ATTEMPT_MOVES, SILENT, Attempt, AttemptState, Bill, BillState, MoneyRecord
from core.db import Instant, changed
from core.errors import BillBusy, BillNotOpen, NotFound
from core.outbox import notice
from core.parties import lock_party

# When the janitor asks about an attempt that fell silent; after the last one a mere beginning lapses, and what may
# have been charged is asked about again and again at the last interval.
ASK_AFTER = tuple(timedelta(minutes=minutes) for minutes in (2, 5, 10, 20, 35, 60, 120))
# How often a payment is held against its receipt; once it is old it hardly changes, and there are ever more of those.
RECONCILE_EVERY, RECONCILE_OLD_EVERY = timedelta(days=1), timedelta(days=30)
# Of these nobody knows (yet) whether they took money.
UNDECIDED = (AttemptState.APPROVING, AttemptState.UNKNOWN)
# The word of an attempt that an operator has ended.
GIVEN_UP = "given_up"


def new_suffix() -> str:
    """Return what makes an outside key our own: nobody guesses it, and no other database of the merchant has it."""
    return secrets.token_hex(4)


async def begin_attempt(
    session: AsyncSession, bill_id: int, now: datetime, *, suffix: Callable[[], str] = new_suffix
) -> Attempt:
    """Begin one try at paying a bill, with an order id of its own; the amount comes from the database.

    BillNotOpen when there is nothing to pay, BillBusy while another payment of it is being approved.
    """
    bill = await session.get(Bill, bill_id, with_for_update=True)
    if bill is None:
        raise NotFound(what="bill", id=bill_id)
    if bill.state is not BillState.OPEN:
        raise BillNotOpen(bill=bill_id, why=str(bill.state))
    if bill.approving_attempt is not None:
        raise BillBusy(bill=bill_id)
    tries = await session.scalar(select(func.count(Attempt.id)).where(Attempt.bill_id == bill_id)) or 0
    attempt = _new(bill_id, f"two_{bill_id}_{tries + 1}_{suffix()}", bill.amount_won, now)
    session.add(attempt)
    await session.flush()
    return attempt


def _new(bill_id: int, order_id: str, amount_won: int, now: datetime, receipt_id: str | None = None) -> Attempt:
    return Attempt(
        bill_id=bill_id,
        order_id=order_id,
        receipt_id=receipt_id,
        amount_won=amount_won,
        state=AttemptState.CREATED,
        asks=0,
        ask_at=now + ASK_AFTER[0],
        created_at=now,
    )


async def locked_attempt_of(
    session: AsyncSession, receipt: Receipt, now: datetime, *, moves_party: bool
) -> Attempt | None:
    """Return the attempt that a receipt belongs to, bound to it, with its bill locked; None for a stranger's receipt.

    A second receipt of one order gets an attempt of its own. `moves_party` locks the party, too, which comes first;
    what is booked already moves nothing, however often anybody speaks of it.
    """
    theirs = or_(Attempt.receipt_id == receipt.receipt_id, Attempt.order_id == receipt.order_id)
    row = (
        await session.execute(
            select(Bill.id, Bill.party_id).join(Attempt, Attempt.bill_id == Bill.id).where(theirs).limit(1)
        )
    ).first()
    if row is None:
        return None
    bill_id, party_id = row
    if moves_party and not await is_booked(session, receipt.receipt_id):
        await lock_party(session, party_id)
    await session.get_one(Bill, bill_id, with_for_update=True)
    return await _bound(session, receipt, now)


async def is_booked(session: AsyncSession, receipt_id: str) -> bool:
    """Tell whether a receipt was booked as paid: its attempt has ended."""
    ended = Attempt.receipt_id == receipt_id, Attempt.state == AttemptState.PAID
    return await session.scalar(select(Attempt.id).where(*ended)) is not None


async def _bound(session: AsyncSession, receipt: Receipt, now: datetime) -> Attempt | None:
    second = f"{receipt.order_id}_r"
    bound = await session.scalar(select(Attempt).where(Attempt.receipt_id == receipt.receipt_id))
    if bound is not None:
        return bound if bound.order_id == receipt.order_id or bound.order_id.startswith(second) else None
    attempt = await session.scalar(select(Attempt).where(Attempt.order_id == receipt.order_id))
    if attempt is None:
        return None
    if attempt.receipt_id is None:
        attempt.receipt_id = receipt.receipt_id
    else:
        seconds = select(func.count(Attempt.id)).where(Attempt.order_id.startswith(second, autoescape=True))
        number = (await session.scalar(seconds) or 0) + 2
        attempt = _new(attempt.bill_id, f"{second}{number}", attempt.amount_won, now, receipt.receipt_id)
        session.add(attempt)
    await session.flush()
    return attempt


async def move_attempt(
    session: AsyncSession,
    attempt_id: int,
    after: AttemptState,
    *,
    among: Collection[AttemptState] = tuple(AttemptState),
    **values: object,
) -> bool:
    """Move an attempt to a state; False when it may not go there from where it is, or is in none of `among`."""
    before = [state for state, afters in ATTEMPT_MOVES.items() if after in afters and state in among]
    guarded = update(Attempt).where(Attempt.id == attempt_id, Attempt.state.in_(before))
    return await changed(session, guarded.values(state=after, **values)) == 1


async def ask_soon(session: AsyncSession, attempt_id: int, after: AttemptState, now: datetime) -> bool:
    """Move an attempt to a state in which it must be asked about; its schedule begins with the first of them.

    Asked about already, it keeps its place: who is unclear again and again is told, and may be ended, like any other.
    """
    others = [state for state in AttemptState if state not in UNDECIDED]
    anew = {"asks": 0, "ask_at": now + ASK_AFTER[0], "closed_at": None}
    begun = await move_attempt(session, attempt_id, after, among=others, **anew)
    return begun or await move_attempt(session, attempt_id, after, among=UNDECIDED)


async def close_attempt(
    session: AsyncSession, attempt_id: int, bill_id: int, after: AttemptState, now: datetime, word: str
) -> bool:
    """End an attempt and let go of its bill; False when it had ended already."""
    moved = await move_attempt(session, attempt_id, after, ask_at=None, closed_at=now, provider_word=word[:80])
    await release_hold(session, attempt_id, bill_id)
    if moved:
        record(session, now, f"attempt_{after}", bill_id, attempt=attempt_id, word=word[:80])
        await _tell_if_by_card(session, attempt_id, now)
    return moved


async def _tell_if_by_card(session: AsyncSession, attempt_id: int, now: datetime) -> None:
    """Nobody watches a charge by card: whatever ends it without a payment is told."""
    attempt = await session.get_one(Attempt, attempt_id)
    if attempt.card_id is None:
        return
    bill = await session.get_one(Bill, attempt.bill_id)
    still_open = {"check": "bill_open", "bill": bill.id}
    notice(session, now, bill.person_id, "cards.failed", {"attempt": attempt_id}, valid_while=still_open)


async def release_hold(session: AsyncSession, attempt_id: int, bill_id: int) -> None:
    """Let go of the bill, if this attempt holds it."""
    held = update(Bill).where(Bill.id == bill_id, Bill.approving_attempt == attempt_id)
    await changed(session, held.values(approving_attempt=None, approving_since=None))


async def reconcile_soon(session: AsyncSession, attempt_id: int, now: datetime) -> None:
    """Let a paid attempt be held against its receipt at the next tick: somebody says that it changed."""
    mine = update(Attempt).where(Attempt.id == attempt_id)
    await changed(session, mine.values(reconciled_at=now - RECONCILE_OLD_EVERY))


async def due_attempts(session: AsyncSession, now: datetime, most: int) -> Sequence[int]:
    """Return attempts to ask about now, the longest due first."""
    due = select(Attempt.id).where(attempt_is_due(now))
    return (await session.scalars(due.order_by(Attempt.ask_at).limit(most))).all()


def attempt_is_due(now: Instant) -> ColumnElement[bool]:
    """Tell of an Attempt whether it is to be asked about."""
    return Attempt.state.in_(SILENT) & (Attempt.ask_at <= now)


async def lease_attempt(session: AsyncSession, attempt_id: int, now: datetime) -> Attempt | None:
    """Take an attempt for this worker until it is to be asked about again; None when another one has it."""
    attempt = await session.get_one(Attempt, attempt_id)
    asks = attempt.asks + 1
    mine = update(Attempt).where(
        Attempt.id == attempt_id, Attempt.state.in_(SILENT), Attempt.ask_at <= now, Attempt.asks == attempt.asks
    )
    if not await changed(session, mine.values(asks=asks, ask_at=now + ASK_AFTER[min(asks, len(ASK_AFTER) - 1)])):
        return None
    await session.refresh(attempt)
    # A charge by card of which there is no trace is over with the last question, so its vain asking begins after it.
    patience = len(ASK_AFTER) + (attempt.card_id is not None)
    if asks == patience and attempt.state in UNDECIDED:
        record(session, now, "asked_in_vain", attempt.bill_id, attempt=attempt_id, state=str(attempt.state))
        await alert(session, now, "asked_in_vain", attempt_id, attempt=attempt_id)
        bill = await session.get_one(Bill, attempt.bill_id)
        still_open = {"check": "bill_open", "bill": bill.id}
        notice(session, now, bill.person_id, "billing.unclear", {"bill": bill.id}, valid_while=still_open)
    return attempt


async def ask_now(session: AsyncSession, bill_id: int, now: datetime) -> int:
    """Have the janitor ask at once about a bill's attempts without an answer; returns how many there are.

    A question that a person asks for is none of the schedule's: it brings no attempt nearer to its end.
    """
    silent = update(Attempt).where(Attempt.bill_id == bill_id, Attempt.state.in_(SILENT))
    uncounted = case((Attempt.asks.between(1, len(ASK_AFTER) - 1), Attempt.asks - 1), else_=Attempt.asks)
    await changed(session, silent.where(Attempt.ask_at > now).values(ask_at=now, asks=uncounted))
    asked = select(func.count(Attempt.id)).where(Attempt.bill_id == bill_id, Attempt.state.in_(SILENT))
    return await session.scalar(asked) or 0


async def lapse_if_silent(session: AsyncSession, attempt_id: int, now: datetime) -> bool:
    """End an attempt of which Bootpay knows no payment after the whole schedule; False while there is time.

    That is a window in which nothing happened, or a charge by card that left no receipt.
    """
    attempt = await session.get_one(Attempt, attempt_id)
    # Locked before the decision: whoever notes an approval meanwhile takes the bill, and keeps it.
    await session.get_one(Bill, attempt.bill_id, with_for_update=True)
    await session.refresh(attempt)
    if attempt.card_id is not None:
        # By the clock, however often anybody asked: Bootpay may have been at work on it all the while.
        over = attempt.receipt_id is None and now >= attempt.created_at + sum(ASK_AFTER, timedelta())
    else:
        over = attempt.state is AttemptState.CREATED and attempt.asks >= len(ASK_AFTER)
    if not over:
        return False
    return await close_attempt(session, attempt_id, attempt.bill_id, AttemptState.LAPSED, now, "silent")


def record(session: AsyncSession, now: datetime, what: str, bill_id: int | None, **facts: object) -> None:
    """Keep what happened around money for whoever has to explain it."""
    session.add(MoneyRecord(what=what, bill_id=bill_id, facts=facts, at=now))
