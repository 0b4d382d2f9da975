"""The counter at which hosts are paid: served months, proven accounts, files that go out and come back."""

from __future__ import annotations

import os
from collections.abc import Sequence

from sqlalchemy import select, update

from core import billing
from core.billing import Bill, Limits, Line, Result
from core.billing.ledger import balance
from core.billing.tables import Account, Payout, PayoutAccount
from core.clock import ManualClock
from core.db import Database
from core.people import Person
from core.sealing import KEY_BYTES, Seal
from tests.builders import LIMITS, days_pass

SEAL = Seal({"test": os.urandom(KEY_BYTES)})
CODE = "0042"
EXPORTER, CONFIRMER = "mina", "jun"
DETAILS = billing.Details("004", "123-456-789012", "김민수")


async def released(db: Database, clock: ManualClock, limits: Limits = LIMITS) -> int:
    """Release whatever is due; return the hosts' won."""
    async with db.read() as session:
        due = await billing.due_releases(session, clock.now())
    return sum([await db.transact(billing.release_due, party_id, limits, clock.now()) for party_id in due])


async def served(db: Database, clock: ManualClock, limits: Limits = LIMITS) -> int:
    """Let a month and a day pass and release what was served."""
    days_pass(clock, 32)
    return await released(db, clock, limits)


async def registered(
    db: Database, clock: ManualClock, host: Person, details: billing.Details = DETAILS
) -> PayoutAccount:
    """Let a host register an account."""
    return await db.transact(billing.register_account, SEAL, host.id, details, clock.now(), code=lambda: CODE)


async def proven(db: Database, clock: ManualClock, host: Person) -> PayoutAccount:
    """Let a host register an account and type in the code that came with one won."""
    account = await registered(db, clock, host)
    batch_id = await exported(db, clock)
    assert await db.transact(billing.prove_account, SEAL, host.id, CODE, clock.now()) is billing.Proof.VERIFIED
    await confirmed(db, clock, batch_id)
    return account


async def planned(db: Database, clock: ManualClock, limits: Limits = LIMITS) -> list[int]:
    """Plan what is owed; return the sums in won."""
    async with db.read() as session:
        due = await billing.due_payouts(session, limits.payout_minimum_won)
    plans = [await db.transact(billing.plan_payout, one, limits.payout_minimum_won, clock.now()) for one in due]
    return [plan.amount_won for plan in plans if plan is not None]


async def exported(db: Database, clock: ManualClock) -> int:
    """Export whatever is planned; return the batch."""
    return (await db.transact(billing.export_batch, EXPORTER, clock.now())).id


async def file_of(db: Database, batch_id: int, result: Result = Result.DONE) -> Sequence[Line]:
    """Return a batch's file as it comes back, every transfer with one result."""
    async with db.read() as session:
        listed = await billing.instructions(session, SEAL, batch_id)
    return [Line(at, one.batch_id, one.key, one.won, result) for at, one in enumerate(listed, start=2)]


async def confirmed(db: Database, clock: ManualClock, batch_id: int, result: Result = Result.DONE) -> billing.Confirmed:
    """Confirm a whole batch with one result."""
    lines = await file_of(db, batch_id, result)
    return await db.transact(billing.confirm_batch, CONFIRMER, lines, clock.now())


async def paid_out(db: Database, clock: ManualClock) -> int:
    """Plan, export and confirm; return the won."""
    won = sum(await planned(db, clock))
    await confirmed(db, clock, await exported(db, clock))
    return won


async def balance_of(db: Database, account: Account, person: Person | None = None) -> int:
    """Return an account's balance in won."""
    async with db.read() as session:
        return await balance(session, account, person_id=person.id if person else None)


async def payouts(db: Database) -> list[Payout]:
    """Return all payouts, oldest first."""
    async with db.read() as session:
        return list(await session.scalars(select(Payout).order_by(Payout.id)))


async def with_fee(db: Database, bill_id: int, fee_won: int) -> None:
    """Put the operator's fee on a bill that is not paid yet, as a listed party has it."""
    async with db.write() as session:
        await session.execute(
            update(Bill).where(Bill.id == bill_id).values(fee_won=fee_won, amount_won=Bill.amount_won + fee_won)
        )
