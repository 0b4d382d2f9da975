"""Steps of paying by hand: windows, returns, notices, money that comes late or twice, cancels by somebody else."""

from __future__ import annotations

from functools import partial
from itertools import pairwise

from hypothesis import strategies as st

from core.parties import MembershipState
from tests.faults.machine.stage import TROUBLES, WHICH, Stage, pick, step

MEANWHILE = ("gives it up", "it is too late", "no answers", "the same", "another window", "the ticks", "called off")


class Payments(Stage):
    """Somebody pays."""

    def __init__(self) -> None:
        super().__init__()
        self.late: list[str] = []
        self.accounts: list[str] = []

    def can_pay(self) -> bool:
        """Tell whether there is a bill to be paid, or a seat to be taken and paid for."""
        return bool(self.town.seen.open_bills or self.ways_in(full=False))

    def opens_window(self, which: int, times: int = 1, **how: bool) -> list[str]:
        """Open windows for an open bill, of somebody who joins now where there is no other; return their receipts."""
        if not self.town.seen.open_bills:
            self.does(self.town.joins(*pick(self.ways_in(full=False), which)))
            self.does(self.town.looks())
        if not self.town.seen.open_bills:
            return []
        bill_id = pick(self.town.seen.open_bills, which).id
        windows = [self.does(self.town.opens_window(bill_id, **how)) for _ in range(times)]
        return [receipt_id for receipt_id in windows if receipt_id is not None]

    @step(lambda self: self.town.seen.open_bills, which=WHICH)
    def pays(self, which: int) -> None:
        self.does(self.town.pays(pick(self.town.seen.open_bills, which).id))

    @step(lambda self: self.can_pay(), which=WHICH, pays=st.booleans())
    def opens_a_window_that_asks_nobody(self, which: int, pays: bool) -> None:
        for receipt_id in self.opens_window(which, charges_at_once=True):
            self.late.append(receipt_id)
            if pays:
                self.does(self.town.pays(self.town.bill_of[receipt_id]))

    @step(lambda self: self.late, weight=4, which=WHICH)
    def late_money_comes(self, which: int) -> None:
        self.town.presses(self.late.pop(which % len(self.late)), "approve")

    @step(lambda self: self.can_pay(), which=WHICH, returns=st.booleans())
    def takes_a_virtual_account(self, which: int, returns: bool) -> None:
        for receipt_id in self.opens_window(which, virtual_account=True):
            self.town.presses(receipt_id, "approve")
            self.accounts.append(receipt_id)
            if returns:
                self.does(self.town.returns(receipt_id))

    @step(lambda self: self.accounts, weight=3, which=WHICH, notice=st.booleans())
    def money_comes_into_a_virtual_account(self, which: int, notice: bool) -> None:
        receipt_id = self.accounts.pop(which % len(self.accounts))
        self.town.deposits(receipt_id)
        if notice:
            self.does(self.town.hints(receipt_id))

    @step(
        lambda self: self.can_pay(),
        which=WHICH,
        action=st.sampled_from(["approve", "approve", "decline", "close", "fail"]),
    )
    def goes_through_a_window_and_gets_lost(self, which: int, action: str) -> None:
        for receipt_id in self.opens_window(which):
            self.town.presses(receipt_id, action)

    @step(lambda self: self.town.bill_of, which=WHICH, doubled=st.booleans())
    def comes_back_to_the_return_page(self, which: int, doubled: bool) -> None:
        receipt_id = pick(list(self.town.bill_of), which)
        for _ in range(1 + doubled):
            self.does(self.town.returns(receipt_id))

    @step(
        lambda self: self.can_pay(),
        weight=9,
        which=WHICH,
        at=st.sampled_from(["confirm", "confirm", "receipt"]),
        act=st.sampled_from(MEANWHILE),
        other=WHICH,
    )
    def something_happens_while_a_payment_is_settled(self, which: int, at: str, act: str, other: int) -> None:
        for receipt_id in self.opens_window(which):
            self.town.presses(receipt_id, "approve")
            self.does(self.town.is_overtaken(receipt_id, at, partial(self._meanwhile, act, receipt_id, other)))

    async def _meanwhile(self, act: str, receipt_id: str, other: int) -> None:
        bill = self.town.seen.bills[self.town.bill_of[receipt_id]]
        stay = self.town.seen.stays[bill.membership_id]
        if act == "the same":
            await self.town.returns(receipt_id)
        elif act == "another window":
            await self.town.returns(pick(list(self.town.bill_of), other))
        elif act == "the ticks":
            await self.town.ticks()
        elif act == "it is too late":
            await self.town.time_passes(self.town.limits.hold)
        elif act == "no answers":
            self.town.trouble("html_502_after_effect", times=2)
        elif act == "gives it up":
            await (self.town.gives_up(stay) if stay.state is MembershipState.RESERVED else self.town.leaves(stay))
        elif act == "called off":
            await self.town.calls_off(self.town.seen.parties[bill.party_id])

    @step(
        lambda self: self.can_pay(),
        weight=3,
        which=WHICH,
        at=st.sampled_from(["receipt", "confirm"]),
        trouble=st.sampled_from([None, *TROUBLES]),
    )
    def pays_in_two_windows(self, which: int, at: str, trouble: str | None) -> None:
        windows = self.opens_window(which, times=2)
        for receipt_id in windows:
            self.town.presses(receipt_id, "approve")
        if trouble is not None:
            self.town.trouble(trouble)
        for first, second in pairwise(windows):
            self.does(self.town.is_overtaken(first, at, partial(self.town.returns, second)))
            self.does(self.town.returns(second))

    @step(lambda self: self.town.bill_of, which=WHICH, doubled=st.booleans())
    def a_notice_comes(self, which: int, doubled: bool) -> None:
        for _ in range(1 + doubled):
            self.does(self.town.hints(pick(list(self.town.bill_of), which)))

    @step(lambda self: self.town.charged(), which=WHICH, part=st.sampled_from([None, 2, 3, 40]), told=st.booleans())
    def money_is_cancelled_in_the_admin_of_the_pg(self, which: int, part: int | None, told: bool) -> None:
        receipt_id = pick(self.town.charged(), which)
        self.town.cancels_outside(receipt_id, part)
        if told:
            self.does(self.town.hints(receipt_id))

    @step(lambda self: self.town.seen.on_their_way_back, weight=5, at=st.sampled_from(["receipt", "cancel"]))
    def refunds_are_sent_by_two_workers(self, at: str) -> None:
        self.does(self.town.refunds_are_sent_twice(at))

    @step(lambda self: self.town.seen.to_be_transferred)
    def an_operator_transfers_refunds(self) -> None:
        self.does(self.town.transfers_refunds())
