"""Booking what Bootpay says was paid: bill, ledger, seat and news in one transaction; money nobody owes goes back."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from core.adapters.bootpay import Receipt
from core.billing.attempts import ask_soon, move_attempt, record, release_hold
from core.billing.ledger import post, provider_fee
from core.billing.limits import Limits
from core.billing.refund_ways import plan_stray_refund
from core.billing.tables import Account, Attempt, AttemptState, Bill, BillState
from core.dates import seoul_date
from core.db import changed
from core.outbox import notice
from core.parties import (
    Membership,
    MembershipState,
    Party,
    PartyState,
    confirm_seat,
    end_suspension,
    lock_party,
    seats_taken,
    start_party,
)


async def book_payment(session: AsyncSession, attempt: Attempt, receipt: Receipt, limits: Limits, now: datetime) -> str:
    """Book a paid receipt once; returns `paid`, `returned` (it goes back) or `busy` (another one is being approved)."""
    bill = await session.get_one(Bill, attempt.bill_id)
    party = await lock_party(session, bill.party_id)
    bill = await session.get_one(Bill, attempt.bill_id, with_for_update=True)
    await session.refresh(attempt)
    if attempt.state is AttemptState.PAID:
        return "paid" if bill.paid_attempt == attempt.id else "returned"
    if attempt.state is AttemptState.CANCELLED:
        return "returned"
    if bill.state is BillState.OPEN and bill.approving_attempt not in (None, attempt.id):
        # Who is being approved may still fail, and then this payment is the one that counts: look again.
        await ask_soon(session, attempt.id, AttemptState.UNKNOWN, now)
        return "busy"
    await move_attempt(
        session,
        attempt.id,
        AttemptState.PAID,
        received_won=receipt.price_won,
        receipt_url=(receipt.receipt_url or "")[:300] or None,
        method=(receipt.method or "")[:40] or None,
        provider_fee_bp=limits.provider_fee_bp,
        ask_at=None,
        closed_at=now,
    )
    if bill.state is not BillState.OPEN or receipt.price_won != bill.amount_won:
        await _give_back(session, attempt.id, bill, receipt.price_won, now)
        return "returned"
    await changed(
        session,
        update(Bill)
        .where(Bill.id == bill.id, Bill.state == BillState.OPEN)
        .values(
            state=BillState.PAID, paid_at=now, paid_attempt=attempt.id, approving_attempt=None, approving_since=None
        ),
    )
    _book_paid(session, attempt.id, bill, limits, now)
    await _take_seat(session, party, bill, now)
    return "paid"


def _book_paid(session: AsyncSession, attempt_id: int, bill: Bill, limits: Limits, now: datetime) -> None:
    fee = provider_fee(bill.amount_won, limits.provider_fee_bp)
    lines = {
        Account.PROVIDER: bill.amount_won - fee,
        Account.PROVIDER_FEE: fee,
        Account.CREDIT: bill.credit_won,
        Account.HELD: -bill.total_won,
    }
    post(session, f"pay-{attempt_id}", lines, now, bill=bill, person_id=bill.person_id)


async def _give_back(session: AsyncSession, attempt_id: int, bill: Bill, won: int, now: datetime) -> None:
    await release_hold(session, attempt_id, bill.id)
    record(session, now, "stray_payment", bill.id, attempt=attempt_id, won=won, bill_state=str(bill.state))
    if won > 0:
        post(session, f"stray-{attempt_id}", {Account.PROVIDER: won, Account.STRAY: -won}, now, bill=bill)
        await plan_stray_refund(session, attempt_id, bill, won, now)


async def _take_seat(session: AsyncSession, party: Party, bill: Bill, now: datetime) -> None:
    today = seoul_date(now)
    joined = await confirm_seat(session, bill.membership_id, max(today, party.starts_on), now)
    back = await end_suspension(session, bill.membership_id)
    member = await session.get_one(Membership, bill.membership_id, populate_existing=True)
    notice(session, now, bill.person_id, "billing.paid", {"bill": bill.id, "joined": joined, "back": back})
    if joined:
        taken = await seats_taken(session, party.id)
        notice(session, now, party.host_id, "parties.member_joined", {"membership": member.id, "taken": taken})
        if party.state is PartyState.RECRUITING:
            await start_party(session, party, now)
    elif member.state is MembershipState.ACTIVE:
        notice(session, now, party.host_id, "billing.member_paid", {"bill": bill.id})
