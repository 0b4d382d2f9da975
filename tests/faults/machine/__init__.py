"""The state machine: Hypothesis lets people, time and Bootpay do anything in any order, and looks after each step."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from typing import ClassVar

from hypothesis import HealthCheck, Phase, assume, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test

from tests.faults.fresh import Fresh, without_threads
from tests.faults.machine.clock import Clock
from tests.faults.machine.money import Money
from tests.faults.machine.payments import Payments
from tests.faults.machine.seats import Seats
from tests.faults.machine.stage import STEPS
from tests.faults.town import Town


class Machine(Clock, Payments, Seats, Money):
    """Steps that people, clocks and Bootpay may take; the first run of a seed takes the first of everything."""

    @initialize(
        seats=st.sampled_from([3, 4, 2]),
        starts_in=st.sampled_from([0, 0, 0, 1, 3]),
        listed=st.booleans(),
        by_card=st.sampled_from([True, True, False]),
        payable=st.sampled_from([True, True, False]),
        luck=st.integers(0, 99),
    )
    def a_party_with_members(
        self, seats: int, starts_in: int, listed: bool, by_card: bool, payable: bool, luck: int
    ) -> None:
        """A party with members, the first of them by card, and somebody who waits for a seat when it is full."""
        assume(luck or not self.searches)
        type(self).runs += 1
        self.does(self._begins(seats, starts_in, listed, by_card, payable))

    async def _begins(self, seats: int, starts_in: int, listed: bool, by_card: bool, payable: bool) -> None:
        for _ in range(5):
            await self.town.comes()
        host, *others = self.town.people
        party = await self.town.opens(host, seats=seats, starts_in=starts_in, listed=listed)
        for someone in others[: min(2, seats - 1)]:
            bill = await self.town.joins(someone, party)
            assert bill is not None
            await self.town.pays(bill.id)
        if by_card:
            await self.town.registers_card(others[0])
        if payable:
            await self.town.host_can_be_paid(host)
        if seats <= 3:  # the host and two members fill it
            await self.town.waits(others[-1], party)


class Broke(BaseException):
    """A machine broke, and nobody wants to see it once more: Hypothesis lets go of everything but its exceptions."""


class Search(Machine):
    """The same machine; it stops where it breaks, and leaves out the run in which the first of everything is taken."""

    searches = True

    def breaks(self, error: BaseException) -> BaseException:
        return Broke(error)


@dataclass(frozen=True)
class Story:
    """What a machine went through: runs, steps, how often each kind ran and how often it changed something."""

    runs: int
    steps: int
    ran: Counter[str]
    changed: Counter[str]
    broke: BaseException | None = None

    @property
    def idle(self) -> list[str]:
        """Return the kinds of steps that never changed anything."""
        return sorted(name for name in STEPS if not self.changed[name])

    def table(self) -> list[str]:
        """Return a line for each kind of step: its name, how often it ran, how often it changed something."""
        return [f"{name:50} {self.ran[name]:6} {self.changed[name]:6}" for name in sorted(STEPS)]


def run_machine(fresh: Fresh, *, examples: int, steps: int, first: int) -> Story:
    """Run the machine so many times, each on an empty database, from the seed `first`; what breaks it is shrunk."""
    return _run(fresh, _rules(examples, steps, Phase.generate, Phase.shrink), first, Machine)


def search_with_machine(fresh: Fresh, *, examples: int, steps: int, first: int) -> Story:
    """Run the machine so many times from the seed `first`, or till it breaks; nothing is shrunk."""
    return _run(fresh, _rules(examples, steps, Phase.generate), first, Search)


def _rules(examples: int, steps: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        phases=phases,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )


def _run(fresh: Fresh, rules: settings, first: int, kind: type[Machine]) -> Story:
    broke: BaseException | None = None
    with asyncio.Runner() as looping, without_threads():

        async def found_anew() -> Town:
            return await Town.found(await fresh.anew())

        class Run(kind):  # type: ignore[misc, valid-type]  # which kind is known at run time
            runner = looping
            found = staticmethod(found_anew)
            ran: ClassVar[Counter[str]] = Counter()
            changed: ClassVar[Counter[str]] = Counter()

        try:
            run_state_machine_as_test(seed(first)(Run), settings=rules)
        except Broke as error:
            broke = error.args[0]
        except Exception as error:
            broke = error
        finally:
            looping.run(fresh.db.close())
    return Story(Run.runs, Run.steps, Run.ran, Run.changed, broke)
