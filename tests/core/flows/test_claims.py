"""Claims: while one is open nothing is released; upheld, the days without access come back."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from core.acts import OperatorAct
from core.billing import RefundWay, release_due
from core.dates import seoul_date
from core.errors import InvalidInput, NotFound, NotYours, Outdated
from core.flows import (
    answer_claim,
    claim_preview,
    leave_party,
    open_claim,
    remove_member,
    resolve_claim,
    withdraw_claim,
)
from core.parties import Claim, ClaimState, Membership, claim_under_way, get_claim
from tests.builders import LIMITS, days_pass, person
from tests.core.flows.members import member, next_bill
from tests.till import Till


async def claimed(till: Till, *, broken: int = 3, now: int = 10) -> tuple[Claim, int]:
    """Return a claim made on a day of the stay about an earlier one, and its party's host."""
    opened, someone, _ = await member(till)
    broken_since = seoul_date(till.clock.now()) + timedelta(days=broken)
    days_pass(till.clock, now)
    claim = await till.db.transact(open_claim, opened.id, someone.id, broken_since, till.clock.now())
    return claim, opened.host_id


async def resolve(till: Till, claim: Claim, *, upheld: bool, works_since: date | None = None) -> int:
    plan = await till.db.transact(
        resolve_claim, claim.id, "mina", till.clock.now(), LIMITS, upheld=upheld, works_since=works_since
    )
    await till.janitor()
    return plan.back_won


async def stands(till: Till, claim: Claim) -> tuple[ClaimState, bool]:
    """Return a claim's state, and whether it still keeps money from being released."""
    async with till.db.read() as session:
        return (await get_claim(session, claim.id)).state, await claim_under_way(
            session, claim.membership_id
        ) is not None


async def test_a_claim_goes_to_the_host_and_back_and_an_operator_decides(till: Till) -> None:
    claim, host_id = await claimed(till)
    assert await stands(till, claim) == (ClaimState.OPEN, True)
    await till.db.transact(answer_claim, claim.id, host_id, till.clock.now())
    assert await stands(till, claim) == (ClaimState.ANSWERED, True)
    async with till.db.read() as session:
        seen = await claim_preview(session, claim.id, till.clock.now())

    assert await resolve(till, claim, upheld=True) == seen.back_won == 3825

    assert await stands(till, claim) == (ClaimState.UPHELD, False)
    assert till.charged() == await till.held() == 425
    names = ("claims.opened", "claims.answered", "claims.upheld", "billing.refunded")
    assert [await till.said(name) for name in names] == [1, 1, 2, 1]
    async with till.db.read() as session:
        (act,) = (await session.scalars(select(OperatorAct))).all()
    assert (act.who, act.what, act.facts) == ("mina", "claim_upheld", {"claim": claim.id, "won": 3825})


async def test_only_the_days_until_it_worked_again_come_back(till: Till) -> None:
    claim, _ = await claimed(till)

    assert await resolve(till, claim, upheld=True, works_since=claim.broken_since + timedelta(days=7)) == 992

    # Too small for the receipt, and the member stays: it comes off the next bill.
    assert [(refund.way, refund.amount_won) for refund in await till.refunds()] == [(RefundWay.CREDIT, 992)]


async def test_days_that_came_back_are_not_paid_back_again(till: Till) -> None:
    opened, _, bill = await member(till)
    today = seoul_date(till.clock.now())
    days_pass(till.clock, 12)
    claim = await till.db.transact(open_claim, opened.id, bill.person_id, today, till.clock.now())
    assert await resolve(till, claim, upheld=True, works_since=today + timedelta(days=12)) == 1700

    await till.db.transact(remove_member, bill.membership_id, opened.host_id, till.clock.now(), LIMITS)
    await till.janitor()
    await till.minutes_pass(1)

    # Twelve days did not work, one was served, the seventeen after it come back.
    assert till.charged() == await till.held() == 4250 * 1 // 30


async def test_a_claim_that_is_decided_after_a_removal_gives_the_days_before_it_back(till: Till) -> None:
    opened, someone, bill = await member(till)
    today = seoul_date(till.clock.now())
    days_pass(till.clock, 9)
    claim = await till.db.transact(open_claim, opened.id, someone.id, today, till.clock.now())
    await till.db.transact(remove_member, bill.membership_id, opened.host_id, till.clock.now(), LIMITS)
    await till.janitor()
    assert till.charged() == 4250 * 10 // 30
    days_pass(till.clock, 1)

    assert await resolve(till, claim, upheld=True, works_since=today + timedelta(days=5)) == 1416 - 4250 * 5 // 30

    # Too small for the receipt, and nobody stays: the operator transfers it.
    assert [(each.way, each.amount_won) for each in await till.refunds()] == [
        (RefundWay.CANCEL, 2834),
        (RefundWay.OPERATOR, 708),
    ]


async def test_a_claim_over_two_months_gives_days_of_both(till: Till) -> None:
    opened, someone, first = await member(till)
    second = await next_bill(till, first)
    await till.pays(second.id)
    days_pass(till.clock, 7)
    claim = await till.db.transact(open_claim, opened.id, someone.id, date(2026, 12, 13), till.clock.now())

    assert await resolve(till, claim, upheld=True, works_since=date(2026, 12, 25)) == 1417 + 275

    assert [(refund.way, refund.amount_won) for refund in await till.refunds()] == [
        (RefundWay.CANCEL, 1417),
        (RefundWay.CREDIT, 275),
    ]


async def test_a_rejected_claim_gives_nothing_back_and_lets_the_money_go(till: Till) -> None:
    claim, _ = await claimed(till)

    assert await resolve(till, claim, upheld=False) == 0

    assert await stands(till, claim) == (ClaimState.REJECTED, False)
    assert await till.refunds() == []
    for upheld in (True, False):
        with pytest.raises(Outdated):
            await resolve(till, claim, upheld=upheld)


async def test_a_member_takes_a_claim_back_and_may_make_another(till: Till) -> None:
    claim, _ = await claimed(till)
    opened_by = await _member_of(till, claim)
    await till.db.transact(withdraw_claim, claim.id, opened_by, till.clock.now())

    assert await stands(till, claim) == (ClaimState.WITHDRAWN, False)
    today = seoul_date(till.clock.now())
    again = await till.db.transact(open_claim, claim.party_id, opened_by, today, till.clock.now())
    assert await stands(till, again) == (ClaimState.OPEN, True)


async def test_days_about_which_a_claim_was_rejected_are_decided(till: Till) -> None:
    claim, _ = await claimed(till)
    opened_by = await _member_of(till, claim)
    await resolve(till, claim, upheld=False)
    decided_on = seoul_date(till.clock.now())

    with pytest.raises(InvalidInput):
        await till.db.transact(open_claim, claim.party_id, opened_by, decided_on - timedelta(days=1), till.clock.now())
    await till.db.transact(open_claim, claim.party_id, opened_by, decided_on, till.clock.now())


async def test_one_claim_at_a_time_about_days_of_the_stay(till: Till) -> None:
    opened, someone, _ = await member(till)
    today = seoul_date(till.clock.now())
    for wrong in (today - timedelta(days=1), today + timedelta(days=1)):
        with pytest.raises(InvalidInput):
            await till.db.transact(open_claim, opened.id, someone.id, wrong, till.clock.now())
    await till.db.transact(open_claim, opened.id, someone.id, today, till.clock.now())

    with pytest.raises(Outdated):
        await till.db.transact(open_claim, opened.id, someone.id, today, till.clock.now())


async def test_a_leaver_gets_a_small_refund_by_transfer_and_not_as_credit(till: Till) -> None:
    claim, _ = await claimed(till)
    await till.db.transact(leave_party, claim.party_id, await _member_of(till, claim), till.clock.now(), LIMITS)

    await resolve(till, claim, upheld=True, works_since=claim.broken_since + timedelta(days=2))

    assert [(refund.way, refund.amount_won) for refund in await till.refunds()] == [(RefundWay.OPERATOR, 284)]


async def test_only_those_whom_it_concerns_act_on_a_claim(till: Till) -> None:
    claim, host_id = await claimed(till)
    stranger = await person(till.db, till.clock)

    for flow, by in ((answer_claim, stranger.id), (withdraw_claim, host_id), (withdraw_claim, stranger.id)):
        with pytest.raises(NotYours):
            await till.db.transact(flow, claim.id, by, till.clock.now())
    with pytest.raises(NotFound):
        await till.db.transact(answer_claim, 999, host_id, till.clock.now())
    with pytest.raises(InvalidInput):
        await resolve(till, claim, upheld=True, works_since=claim.broken_since)
    with pytest.raises(Outdated):
        await till.db.transact(open_claim, claim.party_id, host_id, claim.broken_since, till.clock.now())


async def _member_of(till: Till, claim: Claim) -> int:

    async with till.db.read() as session:
        return (await session.get_one(Membership, claim.membership_id)).person_id


async def test_a_claim_that_waits_for_a_release_comes_after_it(till: Till) -> None:
    opened, someone, bill = await member(till)
    days_pass(till.clock, 31)
    tapped_at, broken_since = till.clock.now(), bill.serves_until - timedelta(days=2)
    released_at = tapped_at + timedelta(milliseconds=20)
    assert await till.db.transact(release_due, opened.id, LIMITS, released_at)

    claim = await till.db.transact(open_claim, opened.id, someone.id, broken_since, tapped_at)

    assert claim.opened_at == released_at  # and the audit, which runs after every test, finds nothing
