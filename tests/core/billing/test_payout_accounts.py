"""A payout account is sealed, proven by the code that came with one won, and forgotten when it was replaced."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import select, text

from core import billing
from core.billing import Details, Proof, Result, prove_account
from core.billing.payout_accounts import MOST_TRIES, clean_holder, clean_number, new_code
from core.billing.tables import AccountState, PayoutAccount
from core.clock import ManualClock
from core.db import Database
from core.errors import InvalidInput, Outdated
from tests.builders import joins, party, person
from tests.counter import CODE, DETAILS, SEAL, confirmed, exported, paid_out, planned, proven, registered, served
from tests.till import till_open


async def _accounts(db: Database) -> list[PayoutAccount]:
    async with db.read() as session:
        return list(await session.scalars(select(PayoutAccount).order_by(PayoutAccount.id)))


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("123-456-789012", "123456789012"), (" 1002 345 678901 ", "1002345678901"), ("1234567890", "1234567890")],
)
def test_a_number_is_taken_as_people_write_it(typed: str, kept: str) -> None:
    assert clean_number(typed) == kept


@pytest.mark.parametrize(
    "typed", ["", "123", "1" * 17, "1234567890x", "１２３４５６７８９０", "=1234567890", "12345\n67890"]
)
def test_what_is_no_number_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        clean_number(typed)


@pytest.mark.parametrize("typed", ["", "김", "=cmd()", "김민수1", "x" * 31, "<b>김민수</b>", "··", "김\u200b민수"])
def test_what_is_no_name_is_refused(typed: str) -> None:
    with pytest.raises(InvalidInput):
        clean_holder(typed)


@pytest.mark.parametrize("typed", ["김민수", "John O. Kim", "주식회사 투", "(주)투"])
def test_names_of_people_and_firms_are_taken(typed: str) -> None:
    assert clean_holder(f"  {typed} ") == typed


def test_a_code_has_four_digits() -> None:
    assert all(len(code) == 4 and code.isdigit() for code in (new_code() for _ in range(200)))


async def test_nothing_of_an_account_stands_in_the_database_in_clear(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")

    await registered(db, clock, host)

    async with db.read() as session:
        rows = repr((await session.execute(text("SELECT * FROM payout_account"))).all())
        rows += repr((await session.execute(text("SELECT * FROM outbox"))).all())
    assert "123456789012" not in rows
    assert "김민수" not in rows
    assert CODE not in rows
    assert "9012" in rows
    assert "김민수" not in repr(DETAILS)


async def test_the_right_code_proves_the_account(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")
    await registered(db, clock, host)
    with pytest.raises(Outdated):  # it has not gone out yet
        await db.transact(prove_account, SEAL, host.id, CODE, clock.now())
    await exported(db, clock)

    assert await db.transact(prove_account, SEAL, host.id, "9999", clock.now()) is Proof.WRONG
    assert await db.transact(prove_account, SEAL, host.id, f" TWO{CODE} ", clock.now()) is Proof.VERIFIED

    (account,) = await _accounts(db)
    assert (account.state, account.verified_at, account.tries) == (AccountState.VERIFIED, clock.now(), 2)
    with pytest.raises(Outdated):
        await db.transact(prove_account, SEAL, host.id, CODE, clock.now())


async def test_fifty_guesses_at_once_are_five_tries(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")
    await registered(db, clock, host)
    await exported(db, clock)

    guesses = await asyncio.gather(
        *(db.transact(prove_account, SEAL, host.id, f"9{guess:03}", clock.now()) for guess in range(50)),
        return_exceptions=True,
    )

    assert [guess for guess in guesses if isinstance(guess, Proof)].count(Proof.WRONG) == MOST_TRIES - 1
    assert guesses.count(Proof.USED_UP) == 1
    assert sum(isinstance(guess, Outdated) for guess in guesses) == 45
    (account,) = await _accounts(db)
    assert (account.state, account.tries) == (AccountState.REFUSED, MOST_TRIES)


@pytest.mark.parametrize("typed", ["", "42", "00420", "٠٠٤٢", "００４２", "abcd"])
async def test_only_the_very_digits_prove_it(db: Database, clock: ManualClock, typed: str) -> None:
    host = await person(db, clock, "민수")
    await registered(db, clock, host)
    await exported(db, clock)

    assert await db.transact(prove_account, SEAL, host.id, typed, clock.now()) is Proof.WRONG


async def test_a_replaced_account_is_forgotten_once_no_instruction_names_it(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")
    async with till_open(db, clock) as till:
        await till.pays((await joins(db, clock, await party(db, clock, host))).id)
        await proven(db, clock, host)
        await served(db, clock)
        await planned(db, clock)
        batch_id = await exported(db, clock)

        await registered(db, clock, host, replace(DETAILS, number="110-222-333444"))
        former, present = await _accounts(db)
        assert (former.state, former.current, former.number_sealed is None) == (AccountState.REPLACED, None, False)
        assert (present.state, present.current) == (AccountState.PENDING, True)
        await confirmed(db, clock, batch_id)

    former, present = await _accounts(db)
    assert (former.number_sealed, former.holder_sealed, former.code_sealed) == (None, None, None)
    assert present.number_sealed is not None


async def test_an_account_that_nobody_instructed_is_forgotten_at_once(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")
    await registered(db, clock, host)

    await registered(db, clock, host)

    former, _ = await _accounts(db)
    assert former.number_sealed is None


async def test_ten_registrations_at_once_leave_one_current_account(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")

    await asyncio.gather(*(registered(db, clock, host) for _ in range(10)), return_exceptions=True)

    assert [account.current for account in await _accounts(db)].count(True) == 1


async def test_one_won_that_comes_back_asks_for_another_account(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")
    await registered(db, clock, host)

    await confirmed(db, clock, await exported(db, clock), Result.RETURNED)

    (account,) = await _accounts(db)
    assert account.state is AccountState.REFUSED
    with pytest.raises(Outdated):
        await db.transact(prove_account, SEAL, host.id, CODE, clock.now())


async def test_a_planned_payout_follows_its_host_to_the_new_account(db: Database, clock: ManualClock) -> None:
    host = await person(db, clock, "민수")
    async with till_open(db, clock) as till:
        await till.pays((await joins(db, clock, await party(db, clock, host))).id)
        await proven(db, clock, host)
        await served(db, clock)
        assert await planned(db, clock) == [4250]
        await registered(db, clock, host, Details("090", "3333-01-1234567", "김민수"))
        batch_id = await exported(db, clock)
        async with db.read() as session:
            assert [one.won for one in await billing.instructions(session, SEAL, batch_id)] == [1]
        await db.transact(prove_account, SEAL, host.id, CODE, clock.now())

        assert await paid_out(db, clock) == 0
        async with db.read() as session:
            paid = await session.scalar(select(billing.tables.Payout))
    assert paid is not None
    assert paid.account_id == (await _accounts(db))[-1].id
