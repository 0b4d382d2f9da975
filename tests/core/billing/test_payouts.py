"""What is owed goes out once: planned, exported, confirmed by somebody else; debts set themselves off."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from core import billing
from core.billing import Bill, Line, Result, confirm_batch, export_batch, payout_card, plan_payout, plan_refund
from core.billing.tables import Account, PayoutState
from core.errors import InvalidInput, NotFound, Outdated
from core.flows import end_party
from core.people import Person
from tests.builders import LIMITS, joins, party, person
from tests.counter import (
    CONFIRMER,
    DETAILS,
    EXPORTER,
    SEAL,
    balance_of,
    confirmed,
    exported,
    file_of,
    paid_out,
    payouts,
    planned,
    proven,
    registered,
    served,
)
from tests.till import Till


async def _owed(till: Till, members: int = 1) -> tuple[Person, list[Bill]]:
    """Return a host with a proven account to whom a served month of each member is owed, and the members' bills."""
    host = await person(till.db, till.clock, "민수")
    opened = await party(till.db, till.clock, host)
    bills = [await joins(till.db, till.clock, opened, await person(till.db, till.clock)) for _ in range(members)]
    for bill in bills:
        await till.pays(bill.id)
    await proven(till.db, till.clock, host)
    await served(till.db, till.clock)
    return host, bills


async def _gives_back(till: Till, bill: Bill, won: int) -> None:
    async with till.db.write() as session:
        await plan_refund(session, await session.get_one(Bill, bill.id), won, "left", till.clock.now(), LIMITS)
    await till.janitor()


async def _books(till: Till, host: Person) -> tuple[int, int, int]:
    return (
        await balance_of(till.db, Account.PAYABLE, host),
        await balance_of(till.db, Account.TRANSFER, host),
        await balance_of(till.db, Account.BANK),
    )


async def test_what_is_owed_goes_out_and_is_booked_at_each_step(till: Till) -> None:
    host, _ = await _owed(till, members=3)
    assert await _books(till, host) == (-12750, 0, 0)

    assert await planned(till.db, till.clock) == [12750]
    assert await _books(till, host) == (0, -12750, 0)
    batch_id = await exported(till.db, till.clock)
    assert await _books(till, host) == (0, -12750, 0)
    await confirmed(till.db, till.clock, batch_id)

    assert await _books(till, host) == (0, 0, -12750)
    assert [payout.state for payout in await payouts(till.db)] == [PayoutState.CONFIRMED]
    assert [await till.said(f"payouts.{name}") for name in ("on_its_way", "paid")] == [1, 1]


async def test_a_host_without_a_proven_account_is_owed_and_not_paid(till: Till) -> None:
    host = await person(till.db, till.clock, "민수")
    await till.pays((await joins(till.db, till.clock, await party(till.db, till.clock, host))).id)
    await registered(till.db, till.clock, host)
    await served(till.db, till.clock)

    assert await planned(till.db, till.clock) == []
    assert await balance_of(till.db, Account.PAYABLE, host) == -4250


async def test_too_little_waits_for_more(till: Till) -> None:
    await _owed(till)

    assert await planned(till.db, till.clock, replace(LIMITS, payout_minimum_won=4251)) == []
    assert await planned(till.db, till.clock, replace(LIMITS, payout_minimum_won=4250)) == [4250]


async def test_the_last_won_go_out_however_few_when_nothing_more_will_come(till: Till) -> None:
    host, bills = await _owed(till)
    much = replace(LIMITS, payout_minimum_won=10_000)
    assert await planned(till.db, till.clock, much) == []

    now = till.clock.now()
    await till.db.transact(end_party, bills[0].party_id, host.id, 0, now, LIMITS, at_once=True)

    assert await planned(till.db, till.clock, much) == [4250]


async def test_eight_planners_at_once_plan_one_payout(till: Till) -> None:
    host, _ = await _owed(till)

    plans = await asyncio.gather(*(till.db.transact(plan_payout, host.id, 1000, till.clock.now()) for _ in range(8)))

    assert sum(plan is not None for plan in plans) == 1
    assert await _books(till, host) == (0, -4250, 0)


async def test_two_exporters_at_once_export_each_payout_once(till: Till) -> None:
    await _owed(till)
    await planned(till.db, till.clock)

    batches = await asyncio.gather(
        *(till.db.transact(export_batch, by, till.clock.now()) for by in (EXPORTER, CONFIRMER)),
        return_exceptions=True,
    )

    assert sorted(type(batch).__name__ for batch in batches) == ["NotFound", "PayoutBatch"]
    assert [payout.state for payout in await payouts(till.db)] == [PayoutState.EXPORTED]


async def test_a_file_that_was_lost_is_written_again_word_for_word(till: Till) -> None:
    await _owed(till)
    await registered(till.db, till.clock, await person(till.db, till.clock, "지우"))
    await planned(till.db, till.clock)
    batch_id = await exported(till.db, till.clock)

    async with till.db.read() as session:
        first = await billing.instructions(session, SEAL, batch_id)
        again = await billing.instructions(session, SEAL, batch_id)

    assert first == again
    assert [(one.kind, one.number, one.holder, one.won) for one in first] == [
        ("payout", "123456789012", DETAILS.holder, 4250),
        ("verify", "123456789012", DETAILS.holder, 1),
    ]
    await confirmed(till.db, till.clock, batch_id)
    with pytest.raises(Outdated):
        await file_of(till.db, batch_id)


async def test_nothing_to_export_leaves_no_batch(till: Till) -> None:
    with pytest.raises(NotFound):
        await exported(till.db, till.clock)
    with pytest.raises(NotFound):
        await file_of(till.db, 1)


async def test_confirming_a_file_again_changes_nothing(till: Till) -> None:
    host, _ = await _owed(till)
    await planned(till.db, till.clock)
    batch_id = await exported(till.db, till.clock)
    lines = await file_of(till.db, batch_id)
    await till.db.transact(confirm_batch, CONFIRMER, lines, till.clock.now())

    again = await till.db.transact(confirm_batch, CONFIRMER, lines, till.clock.now())

    assert (again.done, again.before) == (0, CONFIRMER)
    assert await _books(till, host) == (0, 0, -4250)
    contradicting = [replace(line, result=Result.RETURNED) for line in lines]
    with pytest.raises(InvalidInput):
        await till.db.transact(confirm_batch, CONFIRMER, contradicting, till.clock.now())


async def test_ten_confirmations_at_once_book_once(till: Till) -> None:
    host, _ = await _owed(till)
    await planned(till.db, till.clock)
    lines = await file_of(till.db, await exported(till.db, till.clock))

    told = await asyncio.gather(
        *(till.db.transact(confirm_batch, CONFIRMER, lines, till.clock.now()) for _ in range(10))
    )

    assert sorted(one.done for one in told) == [0] * 9 + [1]
    assert await _books(till, host) == (0, 0, -4250)


@pytest.mark.parametrize("rule", ["won", "key", "batch", "doubled", "missing", "same_operator", "empty"])
async def test_a_file_that_is_not_the_exported_one_changes_nothing(till: Till, rule: str) -> None:
    host, _ = await _owed(till)
    other = await person(till.db, till.clock, "지우")
    await registered(till.db, till.clock, other)
    await planned(till.db, till.clock)
    lines = list(await file_of(till.db, await exported(till.db, till.clock)))
    wrong: dict[str, tuple[list[Line], int]] = {
        "won": ([replace(lines[0], won=42500), lines[1]], 2),
        "key": ([lines[0], replace(lines[1], key="po_1_forged")], 3),
        "batch": ([lines[0], replace(lines[1], batch_id=99)], 3),
        "doubled": ([*lines, lines[0]], 2),
        "missing": (lines[:1], 3),
        "same_operator": (lines, 2),
        "empty": ([], 1),
    }
    given, at = wrong[rule]

    by = EXPORTER if rule == "same_operator" else CONFIRMER

    with pytest.raises(InvalidInput) as refused:
        await till.db.transact(confirm_batch, by, given, till.clock.now())

    assert (refused.value.facts["rule"], refused.value.facts["line"]) == (rule, at)
    assert await _books(till, host) == (0, -4250, 0)
    assert [payout.state for payout in await payouts(till.db)] == [PayoutState.EXPORTED]


async def test_a_returned_payout_is_owed_again_and_waits_for_another_account(till: Till) -> None:
    host, _ = await _owed(till)
    await planned(till.db, till.clock)

    await confirmed(till.db, till.clock, await exported(till.db, till.clock), Result.RETURNED)

    assert await _books(till, host) == (-4250, 0, 0)
    assert [await till.said(f"{name}") for name in ("payouts.returned", "alerts.payout_returned")] == [1, 1]
    assert await planned(till.db, till.clock) == []
    await proven(till.db, till.clock, host)
    assert await paid_out(till.db, till.clock) == 4250
    assert await _books(till, host) == (0, 0, -4250)


async def test_a_refund_between_release_and_payout_makes_the_payout_smaller(till: Till) -> None:
    host, bills = await _owed(till, members=2)

    await _gives_back(till, bills[0], 1250)

    assert await paid_out(till.db, till.clock) == 7250
    assert await _books(till, host) == (0, 0, -7250)


async def test_what_goes_back_between_plan_and_export_is_not_paid_out(till: Till) -> None:
    host, bills = await _owed(till, members=2)
    assert await planned(till.db, till.clock) == [8500]
    await _gives_back(till, bills[0], 1250)

    await confirmed(till.db, till.clock, await exported(till.db, till.clock))

    assert await _books(till, host) == (0, 0, -7250)
    opened = await party(till.db, till.clock, host)
    await till.pays((await joins(till.db, till.clock, opened, await person(till.db, till.clock))).id)
    await served(till.db, till.clock)
    assert await paid_out(till.db, till.clock) == 4250
    async with till.db.read() as session:
        cards = [await payout_card(session, one.id) for one in await payouts(till.db)]
    assert [(card.payout.amount_won, card.set_off_won) for card in cards] == [(7250, 1250), (4250, 0)]


async def test_a_payout_whose_money_has_all_gone_back_waits(till: Till) -> None:
    host, bills = await _owed(till)
    assert await planned(till.db, till.clock) == [4250]
    await _gives_back(till, bills[0], 4250)

    with pytest.raises(NotFound):
        await exported(till.db, till.clock)

    assert await _books(till, host) == (4250, -4250, 0)
    opened = await party(till.db, till.clock, host)
    await till.pays((await joins(till.db, till.clock, opened, await person(till.db, till.clock))).id)
    await served(till.db, till.clock)
    await confirmed(till.db, till.clock, await exported(till.db, till.clock))
    assert await _books(till, host) == (0, 0, -4250)


async def test_a_refund_after_the_payout_is_a_debt_that_the_next_one_sets_off(till: Till) -> None:
    host, bills = await _owed(till)
    assert await paid_out(till.db, till.clock) == 4250
    await _gives_back(till, bills[0], 4250)
    assert await _books(till, host) == (4250, 0, -4250)
    assert await planned(till.db, till.clock) == []

    opened = await party(till.db, till.clock, host)
    for _ in range(2):
        await till.pays((await joins(till.db, till.clock, opened, await person(till.db, till.clock))).id)
    await served(till.db, till.clock)

    assert await paid_out(till.db, till.clock) == 4250
    assert await _books(till, host) == (0, 0, -8500)
    async with till.db.read() as session:
        first, second = [await payout_card(session, one.id) for one in await payouts(till.db)]
    assert (first.set_off_won, second.set_off_won) == (0, 4250)


async def test_one_payout_of_a_host_is_under_way_at_a_time(till: Till) -> None:
    host, _ = await _owed(till)
    await planned(till.db, till.clock)
    opened = await party(till.db, till.clock, host)
    await till.pays((await joins(till.db, till.clock, opened, await person(till.db, till.clock))).id)
    await served(till.db, till.clock)

    assert await planned(till.db, till.clock) == []
    await confirmed(till.db, till.clock, await exported(till.db, till.clock))

    assert await planned(till.db, till.clock) == [4250]
