"""The state machine: Hypothesis lets people, time and Bootpay do anything in any order, and looks after each step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from core.billing import Bill, BillState
from core.parties import Membership, MembershipState, Party, PartyState, Role
from tests.faults.fresh import Fresh
from tests.faults.town import Town, pick

T = TypeVar("T")
MOST_PEOPLE, MOST_PARTIES = 6, 3
WHICH = st.integers(0, 59)
MEANWHILE = ("the same", "another window", "the ticks", "gives up", "leaves", "called off", "no answers")
TROUBLES = (
    "confirm_timeout_after_charging", "confirm_timeout_before", "confirm_dropped_after_charging",
    "confirm_critical_then_paid", "confirm_critical", "decline_at_confirm", "cancel_timeout_after_effect",
    "cancel_timeout_before", "cancel_dropped_after_effect", "cancel_critical_after_effect", "cancel_critical",
    "cancel_refused", "html_502", "html_502_after_effect", "broken_json", "too_many_requests", "unauthorized_once",
    "tampered_price", "missing_price", "unpaid_left_out", "lapse", "partial_cancel_status_20", "repeated_cancel_same",
)  # fmt: skip


class Machine(RuleBasedStateMachine):
    """Steps that people, clocks and Bootpay may take; `found` is set for a run by `run_machine`."""

    found: Callable[[], Coroutine[Any, Any, Town]]
    runner: asyncio.Runner
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.broken = False
        self.late: list[str] = []
        self.town = self.does(self.found())

    def does(self, work: Coroutine[Any, Any, T]) -> T:
        """Let something happen to its end."""
        try:
            return self.runner.run(work)
        except BaseException:
            self.broken = True
            raise

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.does(self.town.comes_to_rest())
        finally:
            self.does(self.town.close())

    @invariant()
    def everybody_agrees(self) -> None:
        type(self).steps += 1
        self.does(self.town.compare())

    @property
    def parties(self) -> list[Party]:
        return list(self.town.seen.parties.values())

    def stays(self, *states: MembershipState) -> list[Membership]:
        return [one for one in self.town.seen.stays.values() if one.role is Role.MEMBER and one.state in states]

    @property
    def open_bills(self) -> list[Bill]:
        return [bill for bill in self.town.seen.bills.values() if bill.state is BillState.OPEN]

    @initialize(seats=st.integers(2, 4), starts_in=st.integers(0, 3), listed=st.booleans())
    def a_party_with_a_member(self, seats: int, starts_in: int, listed: bool) -> None:
        for _ in range(3):
            self.does(self.town.comes())
        self.does(self.town.opens(self.town.people[0], seats=seats, starts_in=starts_in, listed=listed))
        self.does(self.town.compare())
        self.joins_and_pays(1, 0)

    @rule()
    @precondition(lambda self: len(self.town.people) < MOST_PEOPLE)
    def comes(self) -> None:
        self.does(self.town.comes())

    @rule(who=WHICH, seats=st.integers(2, 4), starts_in=st.integers(0, 9), listed=st.booleans())
    @precondition(lambda self: self.town.people and len(self.parties) < MOST_PARTIES)
    def opens(self, who: int, seats: int, starts_in: int, listed: bool) -> None:
        self.does(self.town.opens(pick(self.town.people, who), seats=seats, starts_in=starts_in, listed=listed))

    @rule(who=WHICH, where=WHICH)
    @precondition(lambda self: self.parties)
    def joins(self, who: int, where: int) -> None:
        self.does(self.town.joins(pick(self.town.people, who), pick(self.parties, where)))

    @rule(who=WHICH, where=WHICH)
    @precondition(lambda self: self.parties)
    def joins_and_pays(self, who: int, where: int) -> None:
        bill = self.does(self.town.joins(pick(self.town.people, who), pick(self.parties, where)))
        if bill is not None:
            self._pays(bill.id)

    @rule(which=WHICH)
    @precondition(lambda self: self.open_bills)
    def pays(self, which: int) -> None:
        self._pays(pick(self.open_bills, which).id)

    def _pays(self, bill_id: int) -> None:
        receipt_id = self.does(self.town.opens_window(bill_id))
        if receipt_id is not None:
            self.town.presses(receipt_id, "approve")
            self.does(self.town.returns(receipt_id))

    @rule(which=WHICH, pays=st.booleans())
    @precondition(lambda self: self.open_bills)
    def money_comes_that_nobody_asked_for(self, which: int, pays: bool) -> None:
        bill_id = pick(self.open_bills, which).id
        receipt_id = self.does(self.town.opens_window(bill_id, charges_at_once=True))
        if pays:
            self._pays(bill_id)
        if receipt_id is not None:
            self.late.append(receipt_id)

    @rule(which=WHICH)
    @precondition(lambda self: self.late)
    def late_money_comes(self, which: int) -> None:
        receipt_id = self.late.pop(which % len(self.late))
        self.town.presses(receipt_id, "approve")

    @rule(which=WHICH, action=st.sampled_from(["approve", "approve", "decline", "close", "fail"]))
    @precondition(lambda self: self.open_bills)
    def goes_through_a_window_and_gets_lost(self, which: int, action: str) -> None:
        receipt_id = self.does(self.town.opens_window(pick(self.open_bills, which).id))
        if receipt_id is not None:
            self.town.presses(receipt_id, action)

    @rule(which=WHICH, doubled=st.booleans())
    @precondition(lambda self: self.town.bill_of)
    def comes_back_to_the_return_page(self, which: int, doubled: bool) -> None:
        receipt_id = pick(list(self.town.bill_of), which)
        for _ in range(1 + doubled):
            self.does(self.town.returns(receipt_id))

    @rule(which=WHICH, at=st.sampled_from(["receipt", "confirm"]), act=st.sampled_from(MEANWHILE), other=WHICH)
    @precondition(lambda self: self.town.bill_of)
    def something_happens_while_a_payment_is_settled(self, which: int, at: str, act: str, other: int) -> None:
        receipts = list(self.town.bill_of)
        receipt_id = pick(receipts, which)
        self.does(self.town.is_overtaken(receipt_id, at, lambda: self._meanwhile(act, receipt_id, other)))

    async def _meanwhile(self, act: str, receipt_id: str, other: int) -> None:
        bill = self.town.seen.bills.get(self.town.bill_of[receipt_id])
        if act == "the same":
            await self.town.returns(receipt_id)
        elif act == "another window":
            await self.town.returns(pick(list(self.town.bill_of), other))
        elif act == "the ticks":
            await self.town.ticks()
        elif act == "no answers":
            self.town.trouble("html_502_after_effect", times=2)
        elif bill is not None and act == "gives up":
            await self.town.gives_up(self.town.seen.stays[bill.membership_id])
        elif bill is not None and act == "leaves":
            await self.town.leaves(self.town.seen.stays[bill.membership_id])
        elif bill is not None and act == "called off":
            await self.town.calls_off(self.town.seen.parties[bill.party_id])

    @rule(which=WHICH, at=st.sampled_from(["receipt", "confirm"]), trouble=st.sampled_from([None, *TROUBLES]))
    @precondition(lambda self: self.open_bills)
    def pays_in_two_windows(self, which: int, at: str, trouble: str | None) -> None:
        bill_id = pick(self.open_bills, which).id
        windows = [self.does(self.town.opens_window(bill_id)) for _ in range(2)]
        first, second = windows
        if first is None or second is None:
            return
        self.town.presses(first, "approve")
        self.town.presses(second, "approve")
        if trouble is not None:
            self.town.trouble(trouble)
        self.does(self.town.is_overtaken(first, at, lambda: self.town.returns(second)))
        self.does(self.town.returns(second))

    @rule(at=st.sampled_from(["receipt", "cancel"]))
    @precondition(lambda self: self.town.seen.refunds)
    def refunds_are_sent_by_two_workers(self, at: str) -> None:
        self.does(self.town.refunds_are_sent_twice(at))

    @rule(which=WHICH, doubled=st.booleans())
    @precondition(lambda self: self.town.bill_of)
    def a_notice_comes(self, which: int, doubled: bool) -> None:
        for _ in range(1 + doubled):
            self.does(self.town.hints(pick(list(self.town.bill_of), which)))

    @rule(which=WHICH)
    @precondition(lambda self: self.stays(MembershipState.RESERVED))
    def gives_up(self, which: int) -> None:
        self.does(self.town.gives_up(pick(self.stays(MembershipState.RESERVED), which)))

    @rule(which=WHICH)
    @precondition(lambda self: self.stays(MembershipState.ACTIVE, MembershipState.LEAVING))
    def leaves(self, which: int) -> None:
        self.does(self.town.leaves(pick(self.stays(MembershipState.ACTIVE, MembershipState.LEAVING), which)))

    @rule(which=WHICH)
    @precondition(lambda self: self.stays(MembershipState.LEAVING))
    def stays_after_all(self, which: int) -> None:
        self.does(self.town.stays_after_all(pick(self.stays(MembershipState.LEAVING), which)))

    @rule(which=WHICH)
    @precondition(lambda self: any(party.state is PartyState.RECRUITING for party in self.parties))
    def calls_off(self, which: int) -> None:
        recruiting = [party for party in self.parties if party.state is PartyState.RECRUITING]
        self.does(self.town.calls_off(pick(recruiting, which)))

    @rule(which=WHICH)
    @precondition(lambda self: self.stays(MembershipState.ACTIVE, MembershipState.LEAVING))
    def withdraws(self, which: int) -> None:
        self.does(self.town.withdraws(pick(self.stays(MembershipState.ACTIVE, MembershipState.LEAVING), which)))

    @rule(which=WHICH)
    @precondition(lambda self: self.stays(MembershipState.ACTIVE, MembershipState.LEAVING))
    def is_removed(self, which: int) -> None:
        self.does(self.town.removes(pick(self.stays(MembershipState.ACTIVE, MembershipState.LEAVING), which)))

    @rule(which=WHICH, at_once=st.booleans())
    @precondition(lambda self: any(party.state is PartyState.ACTIVE for party in self.parties))
    def a_host_ends_the_party(self, which: int, at_once: bool) -> None:
        self.does(self.town.ends(pick(self.parties, which), at_once=at_once))

    @rule(which=WHICH, days=st.integers(0, 9))
    @precondition(lambda self: self.stays(MembershipState.ACTIVE, MembershipState.LEAVING))
    def claims(self, which: int, days: int) -> None:
        stay = pick(self.stays(MembershipState.ACTIVE, MembershipState.LEAVING), which)
        self.does(self.town.claims(stay, days=days))

    @rule(upheld=st.booleans())
    def a_claim_is_decided(self, upheld: bool) -> None:
        self.does(self.town.a_claim_is_decided(upheld=upheld))

    @rule()
    @precondition(lambda self: self.town.seen.refunds)
    def an_operator_transfers_refunds(self) -> None:
        self.does(self.town.transfers_refunds())

    @rule(which=WHICH)
    @precondition(lambda self: self.parties)
    def a_host_can_be_paid(self, which: int) -> None:
        host_id = pick(self.parties, which).host_id
        self.does(self.town.host_can_be_paid(next(one for one in self.town.people if one.id == host_id)))

    @rule(returned=st.sampled_from([False, False, True]))
    def hosts_are_paid(self, returned: bool) -> None:
        self.does(self.town.pays_out(returned=returned))

    @rule(kind=st.sampled_from(TROUBLES))
    def bootpay_has_trouble(self, kind: str) -> None:
        self.town.trouble(kind)

    @rule(minutes=st.sampled_from([1, 3, 10, 45, 300]))
    def minutes_pass(self, minutes: int) -> None:
        self.does(self.town.time_passes(timedelta(minutes=minutes)))

    @rule(days=st.sampled_from([1, 1, 2, 3, 7]))
    def days_pass(self, days: int) -> None:
        for _ in range(days):
            self.does(self.town.time_passes(timedelta(days=1)))

    @rule()
    def the_service_is_down_for_a_month(self) -> None:
        self.does(self.town.time_passes(timedelta(days=31)))

    @rule()
    def the_ticks_run(self) -> None:
        self.does(self.town.ticks())


def run_machine(fresh: Fresh, *, examples: int, steps: int, first: int, shrink: bool = True) -> int:
    """Run the machine so many times, each on an empty database, from the seed `first`; return the steps taken."""
    rules = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with asyncio.Runner() as looping:

        async def found_anew() -> Town:
            return await Town.found(await fresh.anew())

        class Run(Machine):
            runner = looping
            found = staticmethod(found_anew)

        try:
            run_state_machine_as_test(seed(first)(Run), settings=rules)
        finally:
            looping.run(fresh.db.close())
    return Run.steps
