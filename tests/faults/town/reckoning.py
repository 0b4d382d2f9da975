"""A whole town, held against Bootpay, the books and its own model after each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from core import audit
from core.billing import Attempt, AttemptState, BillState, CardState, Refund, RefundState, RefundWay
from core.billing.charging import LOOKED_FOR
from core.billing.tables import Card
from core.parties import PartyState
from tests.faults.town.cards import Cards
from tests.faults.town.payouts import Payouts
from tests.faults.town.prices import Prices
from tests.faults.town.seats import Seats
from tests.faults.town.seen import BOOKED, ON_ITS_WAY, PAID, look, won_in_books

TO_REST_IN = 16


class Town(Cards, Seats, Prices, Payouts):
    """What people do, and whether the books, the provider and the model agree on it."""

    _called_off: frozenset[int] = frozenset()

    async def compare(self) -> None:
        """Hold provider, books and model against each other, and ask the audit."""
        async with self.db.read() as session:
            self.seen = await look(session)
            found, won = await audit.check(session), await won_in_books(session)
        assert not found, f"the audit: {', '.join(one.name for one in found)}: {found}"
        assert won == 0, f"the books sum to {won}"
        self._note_called_off()
        self.compare_prices()
        self.compare_cards()
        self.compare_payouts()
        self._compare_with_provider()
        self._compare_with_promises()

    def _note_called_off(self) -> None:
        """A party that never started owes everything back."""
        for party in self.seen.parties.values():
            if party.state is PartyState.CANCELLED and party.id not in self._called_off:
                self._called_off |= {party.id}
                paid: Counter[int] = Counter()
                for bill in self.seen.bills.values():
                    if bill.party_id == party.id and bill.state in PAID:
                        paid[bill.person_id] += bill.total_won
                self.promised |= Counter({(party.id, person_id): won for person_id, won in paid.items()})

    def _compare_with_provider(self) -> None:
        attempts = {attempt.receipt_id: attempt for attempt in self.seen.attempts}
        orders = {attempt.order_id: attempt for attempt in self.seen.attempts}
        net: Counter[int] = Counter()
        charged: Counter[int] = Counter()
        for receipt in self.till.stand_in.receipts():
            attempt = attempts.get(receipt["receipt_id"]) or orders.get(receipt["order_id"])
            assert attempt is not None, f"nobody asked for {receipt}"
            known = attempt.receipt_id == receipt["receipt_id"]
            if receipt["order_id"] not in self.unasked and not self._gone_unbooked(attempt, receipt):
                charged[attempt.bill_id] += receipt["charges"]
            if receipt["charges"] and not (known and attempt.state in BOOKED):
                assert self._is_looked_for(attempt), f"nobody knows of the charge {receipt}"
            elif known and attempt.state in BOOKED and attempt.received_won is not None:
                assert receipt["charged"] == attempt.received_won, f"booked and never charged: {receipt}"
                net[attempt.bill_id] += receipt["charged"] - self._cancelled(attempt, receipt)
        for bill_id, bill in self.seen.bills.items():
            assert charged[bill_id] <= 1, f"bill {bill_id} was charged {charged[bill_id]} times"
            assert net[bill_id] == self.seen.booked.get(bill_id, 0), f"the books of bill {bill_id} are not Bootpay's"
            if bill.state is BillState.PAID:
                stay = self.seen.stays[bill.membership_id]
                assert stay.activated_at is not None, f"somebody has paid bill {bill.id} and never sat"

    def _is_looked_for(self, attempt: Attempt) -> bool:
        """Tell whether somebody will find a charge that is not booked yet: it is asked about, or looked for daily."""
        daily = attempt.card_id is not None and attempt.state in (AttemptState.LAPSED, AttemptState.FAILED)
        recent = self.clock.now() - attempt.created_at < LOOKED_FOR
        return attempt in self.seen.silent or (daily and recent)

    def _gone_unbooked(self, attempt: Attempt, receipt: Mapping[str, Any]) -> bool:
        """Tell whether a charge was undone by somebody else before we knew of it: its bill may be paid again."""
        return attempt.received_won is None and receipt["cancelled"] == receipt["charged"] > 0

    def _cancelled(self, attempt: Attempt, receipt: Mapping[str, Any]) -> int:
        """Return what we believe to have gone back over a receipt.

        That may lag behind while a refund is unclear, and until we are told or look at what others cancelled.
        """
        mine = [one for one in self.seen.refunds if one.attempt_id == attempt.id and one.way is RefundWay.CANCEL]
        done = sum(one.amount_won for one in mine if one.state is RefundState.DONE)
        under_way = sum(one.amount_won for one in mine if one.state in (RefundState.SENDING, RefundState.UNKNOWN))
        really, outside = receipt["cancelled"], self.outside[receipt["receipt_id"]]
        exactly = really in (done, done + under_way)
        assert exactly or (outside and done <= really <= done + under_way + outside), (
            f"{really} won went back over {attempt.receipt_id}, not {done}"
        )
        return done

    def _compare_with_promises(self) -> None:
        """What goes back is what was promised, and what somebody else cancelled comes on top of it at most."""
        back: Counter[tuple[int, int]] = Counter()
        for refund in self.seen.refunds:
            bill = self.seen.bills[refund.bill_id]
            if not refund.stray and refund.state is not RefundState.FAILED:
                back[bill.party_id, bill.person_id] += refund.amount_won
        most: Counter[tuple[int, int]] = Counter(self.promised)
        for attempt in self.seen.attempts:
            bill = self.seen.bills[attempt.bill_id]
            most[bill.party_id, bill.person_id] += self.outside[attempt.receipt_id or ""]
        assert self.promised <= back <= most, f"{dict(back)} goes back, {dict(self.promised)} was promised"

    async def comes_to_rest(self) -> None:
        """Whatever went wrong, a few days later every payment is decided and everything promised has gone back."""
        self.till.faults.clear()
        await self.late_charges_arrive()
        for _ in range(TO_REST_IN):
            await self.time_passes(timedelta(hours=25))
            await self.transfers_refunds()
            await self.compare()
            if not self._unfinished():
                break
        assert not self._unfinished(), f"never decided: {self._unfinished()}"

    def _unfinished(self) -> list[str]:
        seen = self.seen
        held = [f"bill {bill.id} is held" for bill in seen.bills.values() if bill.approving_attempt is not None]
        # A virtual account into which nobody pays is asked about for as long as it is good.
        asked = [one for one in seen.silent if one.state is not AttemptState.DEPOSIT_WAITING]
        silent = [f"attempt {one.id} is {one.state}" for one in asked]
        refunds = [f"refund {one.id} is {one.state}" for one in seen.refunds if one.state in ON_ITS_WAY]
        cards = [f"card {one.id} is {one.state}" for one in seen.all(Card) if one.state is CardState.REVOKING]
        return [*held, *silent, *refunds, *cards, *self._unbooked()]

    def _unbooked(self) -> list[str]:
        """Return the receipts of which Bootpay says something else than the books."""
        attempts = {attempt.receipt_id: attempt for attempt in self.seen.attempts}
        unbooked = []
        for receipt in self.till.stand_in.receipts():
            attempt = attempts.get(receipt["receipt_id"])
            if not receipt["charges"]:
                continue
            if attempt is None or attempt.state not in BOOKED:
                unbooked.append(f"receipt {receipt['receipt_id']} is booked by nobody")
            elif attempt.received_won is not None and receipt["cancelled"] != _done(self.seen.refunds, attempt):
                unbooked.append(f"of receipt {receipt['receipt_id']} {receipt['cancelled']} won have gone back")
        return unbooked


def _done(refunds: Sequence[Refund], attempt: Attempt) -> int:
    mine = [one for one in refunds if one.attempt_id == attempt.id and one.way is RefundWay.CANCEL]
    return sum(one.amount_won for one in mine if one.state is RefundState.DONE)
