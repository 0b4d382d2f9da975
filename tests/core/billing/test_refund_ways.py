"""The way by which money goes back: over its receipt, off the next bill, or by the operator's transfer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import billing
from core.billing import Bill, BillState, Refund, RefundState, RefundWay, plan_refund
from core.billing.ledger import balance
from core.billing.tables import Account
from core.dates import seoul_date
from core.errors import InvalidInput, NotFound, Outdated
from core.parties import MembershipState, free_seat
from tests.builders import LIMITS, days_pass, open_bill
from tests.till import Till


async def paid_bill(till: Till) -> Bill:
    """Return a bill of 4,250 won that is paid."""
    bill = await open_bill(till.db, till.clock)
    await till.pays(bill.id)
    return bill


async def give_back(till: Till, bill_id: int, won: int, *, stays: bool = False) -> list[tuple[RefundWay, int]]:
    """Plan a refund; return its ways with their won."""
    async with till.db.write() as session:
        bill = await session.get_one(Bill, bill_id)
        planned = await plan_refund(session, bill, won, "claim", till.clock.now(), LIMITS, stays=stays)
    return [(refund.way, refund.amount_won) for refund in planned]


async def books(till: Till, account: Account) -> int:
    async with till.db.read() as session:
        return await balance(session, account)


async def next_bill(till: Till, bill: Bill) -> Bill:
    """Let the next bill of a member open, and return it."""
    days_pass(till.clock, 25)
    await till.db.transact(
        billing.open_due_cycles, bill.party_id, seoul_date(till.clock.now()), LIMITS, till.clock.now()
    )
    async with till.db.read() as session:
        (opened,) = await billing.open_bills_of(session, bill.person_id)
    return opened.bill


async def end_stay(till: Till, bill: Bill) -> None:
    """Let the member be gone, as flows do it, and the tick look after the credit."""
    async with till.db.write() as session:
        await free_seat(session, bill.membership_id, MembershipState.ACTIVE, MembershipState.REMOVED, till.clock.now())
    async with till.db.read() as session:
        ended = await billing.ended_stays_with_credit(session)
    for membership_id in ended:
        await till.db.transact(billing.transfer_credit_left, membership_id, till.clock.now())


@pytest.mark.parametrize(
    ("won", "ways"),
    [
        (4250, [(RefundWay.CANCEL, 4250)]),
        (1000, [(RefundWay.CANCEL, 1000)]),
        (999, [(RefundWay.OPERATOR, 999)]),
    ],
)
async def test_a_part_too_small_for_the_receipt_is_the_operators(
    till: Till, won: int, ways: list[tuple[RefundWay, int]]
) -> None:
    bill = await paid_bill(till)

    assert await give_back(till, bill.id, won) == ways


async def test_what_is_left_of_a_receipt_goes_back_over_it_only_when_it_is_large_enough(till: Till) -> None:
    bill = await paid_bill(till)

    assert await give_back(till, bill.id, 3500) == [(RefundWay.CANCEL, 3500)]
    assert await give_back(till, bill.id, 750) == [(RefundWay.OPERATOR, 750)]
    with pytest.raises(InvalidInput):
        await give_back(till, bill.id, 1)


async def test_a_whole_receipt_goes_back_however_small_it_is(till: Till) -> None:
    bill = await open_bill(till.db, till.clock, starts_in=0, anchor_day=28)  # five days of a month
    await till.pays(bill.id)

    assert bill.amount_won < LIMITS.smallest_partial_cancel_won
    assert await give_back(till, bill.id, bill.amount_won, stays=True) == [(RefundWay.CANCEL, bill.amount_won)]


async def test_who_stays_gets_a_small_refund_off_the_next_bill(till: Till) -> None:
    bill = await paid_bill(till)

    assert await give_back(till, bill.id, 700, stays=True) == [(RefundWay.CREDIT, 700)]
    assert (await books(till, Account.CREDIT), await till.held()) == (-700, 3550)
    assert (await till.bill(bill.id)).state is BillState.PARTLY_REFUNDED

    following = await next_bill(till, bill)
    assert (following.credit_won, following.amount_won, following.total_won) == (700, 3550, 4250)
    await till.pays(following.id)
    assert await books(till, Account.CREDIT) == 0
    assert (till.charged(), await till.held()) == (4250 + 3550, 3550 + 4250)


async def test_a_credit_leaves_bootpay_its_smallest_bill_and_waits_with_the_rest(till: Till) -> None:
    first = await paid_bill(till)
    for won in (900, 900, 900, 900, 650):
        await give_back(till, first.id, won, stays=True)

    second = await next_bill(till, first)

    assert (second.credit_won, second.amount_won) == (4150, LIMITS.smallest_bill_won)
    await till.pays(second.id)
    assert await books(till, Account.CREDIT) == -100
    # Refunded in full, the receipt gives what it took, and the credit that it used becomes credit again.
    assert await give_back(till, second.id, 4250, stays=True) == [(RefundWay.CANCEL, 100), (RefundWay.CREDIT, 4150)]
    assert await books(till, Account.CREDIT) == -4250


async def test_a_void_bill_gives_its_credit_back_to_the_stay(till: Till) -> None:
    bill = await paid_bill(till)
    await give_back(till, bill.id, 700, stays=True)
    following = await next_bill(till, bill)
    async with till.db.write() as session:
        assert await billing.credits.credit_left(session, bill.membership_id) == 0
        await billing.void_open_bills(session, bill.membership_id, till.clock.now())
        assert await billing.credits.credit_left(session, bill.membership_id) == 700
        await billing.reopen_bills(session, bill.membership_id, following.serves_from, till.clock.now())
        assert await billing.credits.credit_left(session, bill.membership_id) == 0


async def test_the_credit_that_a_stay_leaves_is_transferred_by_the_operator(till: Till) -> None:
    bill = await paid_bill(till)
    await give_back(till, bill.id, 700, stays=True)

    for _ in range(2):
        await end_stay(till, bill)

    credit, transfer = await till.refunds()
    assert (transfer.way, transfer.state, transfer.amount_won) == (RefundWay.OPERATOR, RefundState.PLANNED, 700)
    assert credit.refund_key != transfer.refund_key
    await till.db.transact(billing.confirm_transfer, transfer.id, "mina", till.clock.now())
    assert (await books(till, Account.CREDIT), await books(till, Account.BANK)) == (0, -700)
    assert (await till.bill(bill.id)).refunded_won == 700


async def test_credit_is_transferred_once_and_only_when_the_stay_is_over(till: Till) -> None:
    bill = await paid_bill(till)
    await give_back(till, bill.id, 700, stays=True)
    now = till.clock.now()
    assert await till.db.transact(billing.transfer_credit_left, bill.membership_id, now) is None

    async with till.db.write() as session:
        await free_seat(session, bill.membership_id, MembershipState.ACTIVE, MembershipState.REMOVED, now)
    # by two workers, both of which have just seen that there is something to transfer
    planned = [await till.db.transact(billing.transfer_credit_left, bill.membership_id, now) for _ in range(2)]

    assert [transfer and transfer.amount_won for transfer in planned] == [700, None]


async def test_an_operator_says_once_that_they_have_transferred(till: Till) -> None:
    bill = await paid_bill(till)
    await give_back(till, bill.id, 999)
    async with till.db.read() as session:
        (waiting,) = await billing.waiting_transfers(session)
    assert (waiting.refund.amount_won, waiting.nickname) == (999, "하늘")
    assert await till.held() == 4250

    await till.db.transact(billing.confirm_transfer, waiting.refund.id, "mina", till.clock.now())
    with pytest.raises(Outdated):
        await till.db.transact(billing.confirm_transfer, waiting.refund.id, "jun", till.clock.now())

    assert (await till.held(), await books(till, Account.BANK), till.charged()) == (3251, -999, 4250)
    assert await till.said("billing.refunded") == 1
    async with till.db.read() as session:
        assert await billing.waiting_transfers(session) == []


async def test_only_a_transfer_can_be_said_to_be_made(till: Till) -> None:
    bill = await paid_bill(till)
    await give_back(till, bill.id, 4250)
    (refund,) = await till.refunds()

    for wrong in (refund.id, 999):
        with pytest.raises(NotFound):
            await till.db.transact(billing.confirm_transfer, wrong, "mina", till.clock.now())
    await till.janitor()


async def test_keys_of_refunds_are_their_own(till: Till) -> None:
    bill = await paid_bill(till)
    for won in (1000, 999, 1200, 500):
        await give_back(till, bill.id, won)

    keys = [refund.refund_key for refund in await till.refunds()]

    (receipt,) = till.stand_in.receipts()
    assert keys == [f"rf_{receipt['order_id']}_{number}" for number in (1, 2, 3, 4)]


async def test_a_phone_bill_of_last_month_goes_back_by_the_operator(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    payload = await till.begins(bill.id) | {"method": "휴대폰"}
    assert await till.settles(till.presses(payload)) is billing.Outcome.PAID
    till.clock.move_to(till.clock.now() + timedelta(days=9))  # December

    await give_back(till, bill.id, 4250)
    await till.janitor()

    _refused_and_transferred(await till.refunds())


async def test_a_deposit_goes_back_by_the_operator(till: Till) -> None:
    bill = await open_bill(till.db, till.clock)
    receipt_id = till.presses(await till.begins(bill.id) | {"method": "가상계좌"})
    assert await till.settles(receipt_id) is billing.Outcome.DEPOSIT
    till.stand_in.deposit(receipt_id)
    assert await till.settles(receipt_id) is billing.Outcome.PAID

    await give_back(till, bill.id, 4250)
    await till.janitor()

    _refused_and_transferred(await till.refunds())


def _refused_and_transferred(refunds: list[Refund]) -> None:
    assert [(each.way, each.state) for each in refunds] == [
        (RefundWay.CANCEL, RefundState.FAILED),
        (RefundWay.OPERATOR, RefundState.PLANNED),
    ]
    assert [each.amount_won for each in refunds] == [4250, 4250]
