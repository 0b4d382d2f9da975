"""New prices: proposed, answered, taken back; the town keeps by itself from which cycle on which price holds."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import date

from core import flows
from core.billing import Bill, Cycle
from core.clock import ManualClock
from core.db import Database
from core.parties import Membership, Party
from core.parties.tables import PriceChange, PriceChangeState
from tests.faults.town.base import Ground
from tests.till import Till


class Prices(Ground):
    """What a party costs, cycle by cycle."""

    def __init__(self, db: Database, clock: ManualClock, till: Till, closing: AsyncExitStack) -> None:
        super().__init__(db, clock, till, closing)
        self._first_won: dict[int, int] = {}
        self._priced: set[int] = set()

    async def proposes_price(self, party: Party, percent: int) -> None:
        """A host proposes another price, from the day on that the preview shows."""
        won, now = party.price_won * percent // 100, self.clock.now()
        shown = await self.tries(flows.price_preview, party.id, party.host_id, won, now, self.limits)
        if shown is not None:
            from_on = shown.period.starts_on
            await self.tries(flows.propose_price, party.id, party.host_id, won, from_on, now, self.limits)

    async def answers_price(self, change: PriceChange, stay: Membership, *, agreed: bool) -> None:
        """A member says what they think of a new price."""
        await self.tries(flows.answer_price, change.id, stay.person_id, self.clock.now(), agreed=agreed)

    async def takes_price_back(self, change: PriceChange) -> None:
        """A host asks no longer."""
        host_id = self.seen.parties[change.party_id].host_id
        await self.tries(flows.take_price_back, change.id, host_id, self.clock.now())

    def compare_prices(self) -> None:
        """Hold what a seat costs in each new bill against the price of its cycle."""
        for party in self.seen.parties.values():
            self._first_won.setdefault(party.id, party.price_won)
        cycles = {cycle.id: cycle for cycle in self.seen.all(Cycle)}
        for bill in self.seen.bills.values():
            if bill.id not in self._priced:
                self._priced.add(bill.id)
                self._compare_price(bill, cycles[bill.cycle_id])

    def _compare_price(self, bill: Bill, cycle: Cycle) -> None:
        won, seats = self._won_on(bill.party_id, cycle.starts_on), self.seen.parties[bill.party_id].seats
        assert cycle.price_won == won, f"the cycle of {cycle.starts_on} costs {cycle.price_won}, not {won}"
        assert bill.share_won in (won // seats, won // seats + 1), f"a share of {won} is {bill.share_won} in {bill.id}"

    def _won_on(self, party_id: int, starts_on: date) -> int:
        changes = [
            change
            for change in self.seen.all(PriceChange)
            if change.party_id == party_id
            and change.state is not PriceChangeState.WITHDRAWN
            and change.from_cycle_on <= starts_on
        ]
        newest = max(changes, key=lambda change: change.from_cycle_on, default=None)
        return self._first_won[party_id] if newest is None else newest.new_won
