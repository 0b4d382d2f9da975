"""After a new key everything sealed is sealed anew under it, whoever stops in the middle, and nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select, update

from core import billing
from core.acts import OperatorAct
from core.billing import cards, reseal, resealing
from core.billing.payout_accounts import code_of, details_of
from core.billing.tables import Card, CardState, PayoutAccount
from core.clock import ManualClock
from core.db import Database
from core.sealing import KEY_BYTES, Seal
from tests.builders import person
from tests.counter import CODE, DETAILS

# Names that differ in case alone, and one with a sign that LIKE would take for any letter.
OLD, NEW = os.urandom(KEY_BYTES), os.urandom(KEY_BYTES)
BEFORE, AFTER, NEWEST_ONLY = Seal({"k_a": OLD}), Seal({"K_A": NEW, "k_a": OLD}), Seal({"K_A": NEW})
KEY = "billing-key-of-a-card"  # pragma: allowlist secret


async def _filled(db: Database, clock: ManualClock, hosts: int) -> None:
    """Register accounts, and put a card on file, all under the old key."""
    for number in range(hosts):
        host = await person(db, clock, f"호스트{number}")
        await db.transact(billing.register_account, BEFORE, host.id, DETAILS, clock.now(), code=lambda: CODE)
    asked = await db.transact(billing.ask_for_card, host.id, billing.AUTOPAY_VERSION, clock.now())
    sealed = BEFORE.close(KEY, cards.cell(asked.id))
    async with db.write() as session:
        kept = {"state": CardState.ACTIVE, "current": True, "receipt_id": f"receipt-{asked.id}", "key_sealed": sealed}
        await session.execute(update(Card).where(Card.id == asked.id).values(kept))


async def _accounts(db: Database) -> Sequence[PayoutAccount]:
    async with db.read() as session:
        return (await session.scalars(select(PayoutAccount).order_by(PayoutAccount.id))).all()


async def test_accounts_and_cards_open_with_the_new_key_alone(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "MOST", 2)
    await _filled(db, clock, 5)

    first = await reseal(db, AFTER, "mina", clock)
    second = await reseal(db, AFTER, "mina", clock)

    assert (first.cells, first.broken, second.cells) == (16, [], 0)
    for account in await _accounts(db):
        assert details_of(NEWEST_ONLY, account).number == "123456789012"
        assert code_of(NEWEST_ONLY, account) == CODE
    async with db.read() as session:
        card = (await session.scalars(select(Card))).one()
        acts = (await session.scalars(select(OperatorAct))).all()
    assert NEWEST_ONLY.open(card.key_sealed or "", cards.cell(card.id)) == KEY
    assert {act.who for act in acts} == {"mina"}
    assert sum(act.facts["cells"] for act in acts) == 16


async def test_who_was_stopped_in_the_middle_goes_on(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resealing, "MOST", 2)
    await _filled(db, clock, 3)
    work, batches = resealing._reseal_rows, 0

    async def stopped(*args: Any) -> object:
        nonlocal batches
        batches += 1
        if batches == 3:
            raise KeyboardInterrupt
        return await work(*args)

    monkeypatch.setattr(resealing, "_reseal_rows", stopped)
    with pytest.raises(KeyboardInterrupt):
        await reseal(db, AFTER, "mina", clock)
    monkeypatch.setattr(resealing, "_reseal_rows", work)

    assert (await reseal(db, AFTER, "mina", clock)).cells == 10 - 3
    assert all(details_of(NEWEST_ONLY, account) for account in await _accounts(db))


async def test_what_no_key_opens_is_named_and_left_as_it_is(db: Database, clock: ManualClock) -> None:
    await _filled(db, clock, 2)
    (one, _) = await _accounts(db)
    async with db.write() as session:
        spoiled = update(PayoutAccount).where(PayoutAccount.id == one.id).values(number_sealed="s1.gone.AAAA")
        await session.execute(spoiled)

    found = await reseal(db, AFTER, "mina", clock)

    assert (found.cells, found.broken) == (6, [f"payout_account:{one.id}:number"])
    assert (await _accounts(db))[0].number_sealed == "s1.gone.AAAA"


async def test_an_account_that_is_blanked_meanwhile_stays_blank(
    db: Database, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _filled(db, clock, 1)
    former = resealing._former

    async def then_blanked(*args: Any) -> object:
        rows = await former(*args)
        async with db.write() as session:
            await session.execute(update(PayoutAccount).values(number_sealed=None, current=None, state="replaced"))
        return rows

    monkeypatch.setattr(resealing, "_former", then_blanked)
    await reseal(db, AFTER, "mina", clock)

    assert (await _accounts(db))[0].number_sealed is None
