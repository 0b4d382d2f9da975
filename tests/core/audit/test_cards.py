"""Each question about cards finds the row that breaks it, and nothing else does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import insert, select, update

from core import audit, billing
from core.billing import Attempt, AttemptState, Card, CardState
from tests import cards
from tests.builders import person
from tests.till import Till


@asynccontextmanager
async def broken(till: Till, table: type[Card] | type[Attempt], row_id: int, **values: Any) -> AsyncIterator[list[str]]:
    """Break a row by hand for the time of the block; give the names of the questions that notice."""
    async with till.db.write() as session:
        columns = [getattr(table, name) for name in values]
        before = (await session.execute(select(*columns).where(table.id == row_id))).one()
        await session.execute(update(table).where(table.id == row_id).values(**values))
    async with till.db.read() as session:
        yield [found.name for found in await audit.check(session)]
    async with till.db.write() as session:
        await session.execute(update(table).where(table.id == row_id).values(**dict(zip(values, before, strict=True))))


async def test_a_stopped_card_with_a_key_left_is_found(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())
    await cards.looks_after(till)

    async with broken(till, Card, card.id, key_sealed="s1.test.left") as found:
        assert found == ["revoked_card_has_no_key"]


async def test_a_card_that_cannot_be_charged_but_counts_is_found(till: Till) -> None:
    card = await cards.registers(till, (await person(till.db, till.clock)).id)

    asked = {"state": CardState.ASKED, "ask_at": till.clock.now()}
    for wrong in ({"key_sealed": None}, {"current": None}, asked, {"receipt_id": None}):
        async with broken(till, Card, card.id, **wrong) as found:
            assert found == ["current_card_is_chargeable"], wrong


async def test_a_card_that_nobody_asks_about_is_found(till: Till) -> None:
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())

    for state in (CardState.REVOKING, CardState.ASKED):
        async with broken(till, Card, card.id, state=state, ask_at=None) as found:
            assert found == ["unfinished_card_is_asked_about"], state


async def test_a_charge_to_somebody_elses_card_is_found(till: Till) -> None:
    bill = await cards.due_bill(till)
    await cards.charges(till)
    stranger = await cards.registers(till, (await person(till.db, till.clock)).id)
    charge = (await cards.tries(till, bill.id))[-1]

    async with broken(till, Attempt, charge.id, card_id=stranger.id) as found:
        assert found == ["card_charge_is_its_persons"]


async def test_two_charges_under_way_for_one_bill_are_found(till: Till) -> None:
    bill = await cards.due_bill(till)
    await cards.charges(till)
    charge = (await cards.tries(till, bill.id))[-1]
    approving = {"state": AttemptState.APPROVING, "ask_at": till.clock.now(), "card_id": charge.card_id, "asks": 0}
    seconds = [
        {"bill_id": bill.id, "order_id": f"two_{n}", "amount_won": 1, "created_at": till.clock.now(), **approving}
        for n in range(2)
    ]
    async with till.db.write() as session:
        await session.execute(insert(Attempt), seconds)

    async with till.db.read() as session:
        names = {found.name for found in await audit.check(session)}
    assert names == {"one_charge_at_a_time", "approval_holds_its_bill"}

    async with till.db.write() as session:
        by_hand = Attempt.order_id.in_(("two_0", "two_1"))
        await session.execute(update(Attempt).where(by_hand).values(state=AttemptState.LAPSED))
