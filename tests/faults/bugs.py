"""Bugs that are easily written: each is a small change of the real code, and the state machine must find it.

A bug takes a MonkeyPatch, which takes it back.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from importlib import import_module

import pytest
from sqlalchemy import ColumnElement, Select, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from core.billing import (
    AttemptState,
    Bill,
    BillState,
    Limits,
    PayoutState,
    Provider,
    Refund,
    RefundState,
    booking,
    charging,
    holding,
    payouts,
    refund_ways,
)
from core.billing.attempts import close_attempt, release_hold
from core.billing.ledger import post
from core.billing.noting import Hold, Settled
from core.billing.tables import PAYOUT_MOVES, UNFINISHED, Account, Payout
from core.clock import Clock
from core.dates import seoul_date
from core.db import Database, changed
from core.errors import ProviderError
from core.flows import giving_back, join, late, leave, remove
from core.flows import line as flows_line
from core.parties import Membership, MembershipState, Party, Prices, seats
from core.parties import line as parties_line

Bug = Callable[[pytest.MonkeyPatch], None]
_real_without_receipt = charging._without_receipt


def seat_is_freed_while_its_payment_is_approved(patch: pytest.MonkeyPatch) -> None:
    """Whoever takes too long loses the seat, without a look at whether their payment is under way."""

    async def void(session: AsyncSession, membership_id: int, now: datetime) -> bool:
        theirs = update(Bill).where(Bill.membership_id == membership_id, Bill.state == BillState.OPEN)
        await changed(session, theirs.values(state=BillState.VOID, closed_at=now))
        return True

    patch.setattr(join, "void_open_bills", void)


def bill_stays_open_when_its_seat_ends(patch: pytest.MonkeyPatch) -> None:
    """Who leaves or is removed is asked for the next month all the same."""

    async def void_nothing(session: AsyncSession, membership_id: int, now: datetime) -> bool:
        return True

    patch.setattr(leave, "void_open_bills", void_nothing)
    patch.setattr(remove, "void_open_bills", void_nothing)


def refund_forgets_what_is_on_its_way(patch: pytest.MonkeyPatch) -> None:
    """Only what has arrived counts as given back, so two refunds in a row may pass what was paid."""

    async def done_won(session: AsyncSession, bill_id: int) -> int:
        done = Refund.bill_id == bill_id, Refund.state == RefundState.DONE, Refund.stray.is_(False)
        return int(await session.scalar(select(func.coalesce(func.sum(Refund.amount_won), 0)).where(*done)) or 0)

    patch.setattr(refund_ways, "planned_won", done_won)
    patch.setattr(giving_back, "planned_won", done_won)


def claim_does_not_hold_the_money(patch: pytest.MonkeyPatch) -> None:
    """A served month is released to its host although somebody says that it did not work."""

    def due(now: datetime) -> tuple[ColumnElement[bool], ...]:
        moving = select(Refund.id).where(Refund.bill_id == Bill.id, Refund.state.in_(UNFINISHED))
        served = Bill.serves_until <= seoul_date(now)
        return Bill.state.in_(holding.PAID_FOR), Bill.released_at.is_(None), served, ~moving.exists()

    patch.setattr(holding, "_due", due)


def payout_is_exported_again_while_the_bank_is_silent(patch: pytest.MonkeyPatch) -> None:
    """What no file has confirmed yet goes into the next file as well."""
    real = payouts._ready

    def ready() -> Select[Payout]:
        silent = select(Payout).where(Payout.state == PayoutState.EXPORTED)
        planned = real()
        return select(Payout).where(
            or_(Payout.id.in_(planned.with_only_columns(Payout.id)), Payout.id.in_(silent.with_only_columns(Payout.id)))
        )

    again = {PayoutState.EXPORTED, *PAYOUT_MOVES[PayoutState.EXPORTED]}
    patch.setitem(PAYOUT_MOVES, PayoutState.EXPORTED, again)
    patch.setattr(payouts, "_ready", ready)


def money_of_a_second_window_is_kept(patch: pytest.MonkeyPatch) -> None:
    """What comes in for a bill that is paid is booked, and nobody sends it back."""

    async def keep(session: AsyncSession, attempt_id: int, bill: Bill, won: int, now: datetime) -> None:
        await release_hold(session, attempt_id, bill.id)
        if won > 0:
            post(session, f"stray-{attempt_id}", {Account.PROVIDER: won, Account.STRAY: -won}, now, bill=bill)

    patch.setattr(booking, "_give_back", keep)


def offered_seat_counts_as_free(patch: pytest.MonkeyPatch) -> None:
    """A seat that the first in line may take is shown to everybody."""

    async def free_numbers(session: AsyncSession, party: Party) -> list[int]:
        held = select(Membership.seat).where(
            Membership.party_id == party.id,
            Membership.seat.is_not(None),
            Membership.state != MembershipState.OFFERED,
        )
        used = set(await session.scalars(held))
        return [seat for seat in range(1, party.seats) if seat not in used]

    for module in (seats, parties_line, flows_line):
        patch.setattr(module, "free_numbers", free_numbers)


def suspension_comes_by_the_calendar(patch: pytest.MonkeyPatch) -> None:
    """Who is some days late is suspended, whether the warning has been sent or not."""

    def to_suspend(now: datetime) -> Select[Bill]:
        waited = or_(Bill.waits_until.is_(None), Bill.waits_until <= now)
        grace = timedelta(days=Limits().grace_days + 1)
        return late._late(MembershipState.ACTIVE, now).where(Bill.due_on <= seoul_date(now) - grace, waited)

    patch.setattr(late, "_to_suspend", to_suspend)


def charge_is_repeated_when_nobody_answers(patch: pytest.MonkeyPatch) -> None:
    """A card whose charge was not answered is charged once more, without a look at whether that one came through."""

    async def once_more(
        db: Database, bootpay: Provider, clock: Clock, limits: Limits, charge: charging.Charge, refused: str | None
    ) -> Settled:
        if refused is None:
            with suppress(ProviderError):
                await bootpay.pay_with_key(
                    charge.key, order_id=charge.order_id, order_name="TWO", amount_won=charge.amount_won
                )
        return await _real_without_receipt(db, bootpay, clock, limits, charge, refused)

    patch.setattr(charging, "_without_receipt", once_more)


def price_is_todays(patch: pytest.MonkeyPatch) -> None:
    """A seat costs what was agreed last, whichever cycle is paid."""
    patch.setattr(Prices, "on", lambda self, starts_on: self.won)


def time_out_counts_as_a_decline(patch: pytest.MonkeyPatch) -> None:
    """An approval that nobody answered has failed, and nobody asks about it any more."""

    async def decline(session: AsyncSession, hold: Hold, now: datetime) -> None:
        await close_attempt(session, hold.attempt_id, hold.bill_id, AttemptState.FAILED, now, "timeout")

    patch.setattr(import_module("core.billing.settle"), "note_unclear", decline)  # the package's name is its function
