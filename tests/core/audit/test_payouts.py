"""Each question about payouts finds what breaks it, and no other one does."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from core.billing import Bill
from core.billing.tables import Account, AccountState, LedgerEntry, Payout, PayoutAccount, PayoutBatch, PayoutState
from core.db import Base
from core.people import Person
from tests.builders import joins, party, person
from tests.core.audit.broken import found_after
from tests.counter import confirmed, exported, planned, proven, served
from tests.till import Till


async def _owed(till: Till) -> Person:
    """Return a host to whom a served month is owed, with a proven account."""
    host = await person(till.db, till.clock, "민수")
    await till.pays((await joins(till.db, till.clock, await party(till.db, till.clock, host))).id)
    await proven(till.db, till.clock, host)
    await served(till.db, till.clock)
    return host


async def _exported(till: Till) -> int:
    await _owed(till)
    await planned(till.db, till.clock)
    return await exported(till.db, till.clock)


async def _found(till: Till, table: type[Base], row_id: int, **values: Any) -> set[str]:
    """Return the questions that notice when a row is broken by hand."""
    return await found_after(till.db, update(table).where(table.__table__.c.id == row_id).values(**values))


async def _line(till: Till, event: str, account: Account) -> int:
    async with till.db.read() as session:
        found = await session.scalar(
            select(LedgerEntry.id).where(LedgerEntry.event.startswith(event), LedgerEntry.account == account)
        )
    assert found is not None
    return found


async def _newest(till: Till, table: type[Base]) -> Any:
    async with till.db.read() as session:
        return (await session.scalars(select(table).order_by(table.__table__.c.id.desc()).limit(1))).one()


async def test_a_release_before_the_period_is_over_is_found(till: Till) -> None:
    await _owed(till)
    bill = await _newest(till, Bill)

    assert await _found(till, Bill, bill.id, serves_until=bill.serves_until + timedelta(days=9)) == {
        "released_bill_is_served"
    }


async def test_a_payout_of_another_amount_than_was_booked_is_found(till: Till) -> None:
    await _exported(till)
    payout = await _newest(till, Payout)

    assert await _found(till, Payout, payout.id, amount_won=4251) == {"payouts_are_booked"}


async def test_a_payout_above_what_was_owed_is_found(till: Till) -> None:
    await _exported(till)
    line = await _line(till, "release-", Account.PAYABLE)
    other = await _line(till, "release-", Account.HELD)

    # The release brought a won less than the payout took; its lines still sum to zero.
    found = await found_after(
        till.db,
        update(LedgerEntry).where(LedgerEntry.id == other).values(amount_won=4249),
        update(LedgerEntry).where(LedgerEntry.id == line).values(amount_won=-4249),
    )

    assert found == {"payout_within_owed", "held_equals_paid"}


@pytest.mark.parametrize(
    "wrong",
    [{"batch_id": None}, {"state": PayoutState.PLANNED}, {"under_way": None}],
    ids=["no batch", "planned in a batch", "not under way"],
)
async def test_a_payout_outside_its_batch_is_found(till: Till, wrong: dict[str, Any]) -> None:
    await _exported(till)
    payout = await _newest(till, Payout)

    assert await _found(till, Payout, payout.id, **wrong) == {"payout_goes_through_a_batch"}


async def test_an_exported_payout_of_a_confirmed_batch_is_found(till: Till) -> None:
    batch_id = await _exported(till)
    now = till.clock.now()

    assert await _found(till, PayoutBatch, batch_id, confirmed_at=now, confirmed_by="jun") == {
        "payout_goes_through_a_batch"
    }


async def test_a_batch_of_one_operator_is_found(till: Till) -> None:
    batch_id = await _exported(till)
    await confirmed(till.db, till.clock, batch_id)

    assert await _found(till, PayoutBatch, batch_id, confirmed_by="mina") == {"batch_has_two_operators"}
    assert await _found(till, PayoutBatch, batch_id, confirmed_by=None) == {"batch_has_two_operators"}


async def test_a_payout_to_an_account_that_nobody_proved_is_found(till: Till) -> None:
    await _exported(till)
    account = await _newest(till, PayoutAccount)
    other = await person(till.db, till.clock, "지우")

    unproven = await _found(till, PayoutAccount, account.id, verified_at=None, state=AccountState.PENDING)
    assert unproven == {"payout_to_proven_account"}
    assert await _found(till, PayoutAccount, account.id, person_id=other.id) == {"payout_to_proven_account"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"number_sealed": None},
        {"state": AccountState.REPLACED},
        {"current": None},
        {"verified_at": None},
    ],
    ids=["forgotten", "replaced", "not current", "not proven"],
)
async def test_an_account_that_is_not_whole_is_found(till: Till, wrong: dict[str, Any]) -> None:
    await _owed(till)
    account = await _newest(till, PayoutAccount)

    assert await _found(till, PayoutAccount, account.id, **wrong) == {"payout_account_is_whole"}


async def test_a_line_of_nobody_or_of_somebody_else_is_found(till: Till) -> None:
    await _owed(till)
    other = await person(till.db, till.clock, "지우")
    payable = await _line(till, "release-", Account.PAYABLE)
    held = await _line(till, "release-", Account.HELD)

    assert await _found(till, LedgerEntry, payable, person_id=None) == {"personal_lines_name_a_person"}
    assert await _found(till, LedgerEntry, held, person_id=other.id) == {"personal_lines_name_a_person"}
    assert await _found(till, LedgerEntry, payable, person_id=other.id) == {"payable_is_its_hosts"}
