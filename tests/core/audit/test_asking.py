"""The audit asks of everything, or of what has changed since it was found right."""

from __future__ import annotations

import pytest
from sqlalchemy import Select, select, update

from core import audit
from core.audit.asking import question
from core.billing.tables import Bill
from core.clock import ManualClock
from core.db import Database
from core.parties import touch
from tests.builders import open_bill


async def break_and_mend(db: Database, bill_id: int, *, hold: int | None, touching: int | None = None) -> None:
    async with db.write() as session:
        await session.execute(update(Bill).where(Bill.id == bill_id).values(approving_attempt=hold))
        if touching is not None:
            await touch(session, touching)


async def test_a_party_is_asked_about_when_it_has_changed_and_until_it_is_right(
    db: Database, clock: ManualClock
) -> None:
    bill = await open_bill(db, clock)
    assert await audit.check_changed(db) == []

    await break_and_mend(db, bill.id, hold=999)
    assert await audit.check_changed(db) == []  # nobody touched the party: this is for the night
    async with db.read() as session:
        assert [one.name for one in await audit.check(session)] == ["hold_is_asked_about"]

    await break_and_mend(db, bill.id, hold=999, touching=bill.party_id)
    for _ in range(2):
        assert [(one.name, one.rows) for one in await audit.check_changed(db)] == [("hold_is_asked_about", (bill.id,))]

    await break_and_mend(db, bill.id, hold=None)
    assert await audit.check_changed(db) == []
    await break_and_mend(db, bill.id, hold=999)
    assert await audit.check_changed(db) == []
    await break_and_mend(db, bill.id, hold=None)


async def test_another_partys_trouble_does_not_make_a_changed_party_guilty(db: Database, clock: ManualClock) -> None:
    broken, changed = await open_bill(db, clock), await open_bill(db, clock)
    await audit.check_changed(db)
    await break_and_mend(db, broken.id, hold=999)
    async with db.write() as session:
        await touch(session, changed.party_id)

    assert await audit.check_changed(db) == []

    await break_and_mend(db, broken.id, hold=None)


async def test_every_question_says_what_it_means_and_can_be_asked_of_some_parties(db: Database) -> None:
    async with db.read() as session:
        assert await audit.check(session, of=[]) == []
        assert await audit.check(session, of=[1, 2]) == []
    assert all(one.sentence and not one.sentence.endswith(".") for one in audit.CHECKS.values())


def test_a_question_without_a_sentence_or_with_a_taken_name_is_refused() -> None:
    def silent() -> Select[int]:
        return select(Bill.id)

    def ledger_balances() -> Select[int]:
        """Somebody else has this name."""
        return select(Bill.id)

    for wrong in (silent, ledger_balances):
        with pytest.raises(ValueError, match=wrong.__name__):
            question()(wrong)
