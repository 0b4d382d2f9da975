"""Ticks that mostly have nothing to do ask so at little cost, and never pass over what is due."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from bot.chores import Chores
from core import billing
from core.billing import Bill, Card, CardState, plan_refund
from core.billing.attempts import due_attempts
from core.billing.cards import ASK_AGAIN, ASKED_FOR, card_is_due, card_is_forgotten
from core.billing.hints import due_hints
from core.billing.refunds import due_refunds
from core.billing.tables import Hint
from core.clock import ManualClock
from core.db import Database
from tests import cards
from tests.builders import LIMITS, days_pass, joins, open_bill, party, person
from tests.till import Till, till_open

Done = Callable[[], Awaitable[bool]]
A_MOMENT = timedelta(seconds=1)


@pytest.fixture
async def till(db: Database, clock: ManualClock) -> AsyncIterator[Till]:
    async with till_open(db, clock) as till:
        yield till


def chores(till: Till, db: Database) -> Chores:
    """Return the work of a replica."""
    return Chores(db, till.clock, till.bootpay, LIMITS, seal=cards.SEAL)


async def hint(till: Till) -> tuple[timedelta, Done]:
    """Somebody says that a payment changed, which is settled already."""
    receipt_id = await till.pays((await open_bill(till.db, till.clock)).id)
    await till.db.transact(billing.take_hint, receipt_id, till.clock.now())

    async def closed() -> bool:
        async with till.db.read() as session:
            return await session.scalar(select(func.count(Hint.id)).where(Hint.done_at.is_(None))) == 0

    return timedelta(), closed


async def attempt(till: Till) -> tuple[timedelta, Done]:
    """Somebody approves a payment, and their browser never comes back."""
    bill = await open_bill(till.db, till.clock)
    await till.approves(bill.id)

    async def charged_once() -> bool:
        return till.charges() == 1

    return timedelta(minutes=2), charged_once


async def refund(till: Till) -> tuple[timedelta, Done]:
    """Money is to go back."""
    bill = await open_bill(till.db, till.clock)
    await till.pays(bill.id)
    async with till.db.write() as session:
        paid = await session.get_one(Bill, bill.id)
        await plan_refund(session, paid, paid.amount_won, "left", till.clock.now(), LIMITS)

    async def gone_back() -> bool:
        return till.charged() == 0

    return timedelta(), gone_back


async def _card_is(till: Till, card: Card, state: CardState) -> bool:
    return (await cards.now(till, card.id)).state is state


async def silent_card(till: Till) -> tuple[timedelta, Done]:
    """A card was registered, and Bootpay did not answer what it is."""
    card = await cards.asked(till, (await person(till.db, till.clock)).id)
    receipt_id = await cards.window(till, card)
    till.faults.add("*", "html_502")
    await cards.comes_back(till, card, receipt_id)
    return ASK_AGAIN[0], lambda: _card_is(till, card, CardState.ACTIVE)


async def stopped_card(till: Till) -> tuple[timedelta, Done]:
    """A card was stopped; its key lies at Bootpay."""
    someone = await person(till.db, till.clock)
    card = await cards.registers(till, someone.id)
    await till.db.transact(billing.stop_autopay, someone.id, card.id, till.clock.now())

    async def deleted() -> bool:
        return till.stand_in.cards()[0]["deletes_asked"] == 1 and await _card_is(till, card, CardState.REVOKED)

    return timedelta(), deleted


async def forgotten_card(till: Till) -> tuple[timedelta, Done]:
    """Somebody agreed to automatic payment and never went through the window."""
    card = await cards.asked(till, (await person(till.db, till.clock)).id)
    return ASKED_FOR + A_MOMENT, lambda: _card_is(till, card, CardState.REVOKED)


KINDS = (hint, attempt, refund, silent_card, stopped_card, forgotten_card)


async def due_kinds(till: Till) -> set[str]:
    """Return what the workers themselves would find, each by its own question."""
    now = till.clock.now()
    async with till.db.read() as session:
        found = {
            "hint": await due_hints(session, now),
            "attempt": await due_attempts(session, now, 50),
            "refund": await due_refunds(session, now),
            "card": (await session.scalars(select(Card.id).where(card_is_due(now)))).all(),
            "forgotten": (await session.scalars(select(Card.id).where(card_is_forgotten(now - ASKED_FOR)))).all(),
        }
    return {kind for kind, rows in found.items() if rows}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_whatever_waits_alone_is_found_by_replicas_that_have_just_started(
    till: Till, db_url: str, kind: Callable[[Till], Awaitable[tuple[timedelta, Done]]]
) -> None:
    due_in, done = await kind(till)
    if due_in:
        till.clock.move_to(till.clock.now() + due_in - A_MOMENT)
        assert (await due_kinds(till), await billing.payments_wait(till.db, till.clock.now())) == (set(), False)
        till.clock.move_to(till.clock.now() + A_MOMENT)
    assert len(await due_kinds(till)) == 1
    assert await billing.payments_wait(till.db, till.clock.now())
    replicas = [Database(db_url), Database(db_url)]

    try:
        await asyncio.gather(*(chores(till, each).payments() for each in replicas))
    finally:
        for each in replicas:
            await each.close()

    assert await done()
    assert (await due_kinds(till), await billing.payments_wait(till.db, till.clock.now())) == (set(), False)


async def test_after_a_tap_that_moved_no_money_one_question_is_asked(till: Till) -> None:
    await till.pays((await open_bill(till.db, till.clock)).id)
    engine = till.db._reader.sync_engine
    asked: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        await chores(till, till.db).payments()
    finally:
        event.remove(engine, "before_cursor_execute", note)

    assert len([statement for statement in asked if statement.startswith("SELECT")]) == 1


async def test_a_quiet_day_opens_no_transaction_that_could_write(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(2):
        await till.pays((await joins(till.db, till.clock, await party(till.db, till.clock))).id)
    await chores(till, till.db).calendar()
    opened: list[str] = []
    transact = till.db.transact

    async def note(work: Callable[..., Awaitable[Any]], *about: Any) -> Any:
        opened.append(work.__name__)
        return await transact(work, *about)

    monkeypatch.setattr(till.db, "transact", note)

    days_pass(till.clock, 5)
    await chores(till, till.db).calendar()
    await chores(till, till.db).seats()
    await chores(till, till.db).unpaid()
    quiet, opened[:] = list(opened), []
    days_pass(till.clock, 20)
    await chores(till, till.db).calendar()

    assert (quiet, opened.count("open_due_cycles")) == ([], 2)
