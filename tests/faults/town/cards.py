"""Cards on file: registered through Bootpay's window, charged by the ticks, stopped."""

from __future__ import annotations

from contextlib import AsyncExitStack
from datetime import datetime, time, timedelta
from urllib.parse import parse_qs, urlsplit

from bot.texts import SPEECH
from bot.views.pay import order_name
from core import billing
from core.billing import Bill, BillCard, Card
from core.clock import ManualClock
from core.dates import seoul_instant
from core.db import Database
from core.parties import Membership
from core.people import Person
from tests.faults.town.payments import Payments
from tests.till import CLIENT_KEY, Till

NOON = time(12)
LONGEST_HANGING = timedelta(days=1)
# From a bill's opening to the opening of the next one.
MOST_WEEKS = 5


class Cards(Payments):
    """Automatic payment; `_stopped` is since when a card must not be charged."""

    def __init__(self, db: Database, clock: ManualClock, till: Till, closing: AsyncExitStack) -> None:
        super().__init__(db, clock, till, closing)
        self._stopped: dict[int, datetime] = {}

    async def registers_card(self, someone: Person, action: str = "approve", times: int = 1) -> None:
        """Somebody agrees to automatic payment and goes through the window, as often as they come back to it."""
        version, now = billing.AUTOPAY_VERSION, self.clock.now()
        card = await self.db.transact(billing.ask_for_card, someone.id, version, now)
        for _ in range(times):
            payload = {
                "client_key": CLIENT_KEY, "order_name": "TWO 자동결제", "subscription_id": billing.new_window(card),
                "price": 0, "method": "카드자동",
                "extra": {"open_type": "redirect", "redirect_url": "http://127.0.0.1/return"},
            }  # fmt: skip
            back = urlsplit(self.till.stand_in.register_card(payload, action))
            receipt_id = parse_qs(back.query)["receipt_id"][0]
            await billing.register_card(self.db, self.bootpay, self.clock, self.seal, card.id, receipt_id)

    async def stops_card(self, card: Card) -> None:
        """Somebody stops automatic payment: what is not under way is never charged."""
        now = self.clock.now()
        if await self.tries(billing.stop_autopay, card.person_id, card.id, now) is not None:
            self._stopped[card.id] = now

    async def is_told_of_a_charge(self, stay: Membership) -> Bill | None:
        """Time passes to the day before a member's next bill is due: they are told that their card is charged."""
        for _ in range(MOST_WEEKS):
            await self.looks()
            bill = next((one for one in self.seen.of_cards if one.membership_id == stay.id), None)
            if bill is not None:
                eve = seoul_instant(bill.due_on - timedelta(days=1), NOON)
                await self.time_passes(max(eve - self.clock.now(), timedelta(days=1)))
                return bill
            await self.time_passes(timedelta(days=7))
        return None

    async def cards_are_charged_twice(self, meanwhile_paid: int | None) -> None:
        """Two workers charge the cards that are due, one in the middle of the other's work, or a person pays then."""

        async def meanwhile() -> None:
            if meanwhile_paid is None:
                await self.ticks()
            else:
                await self.pays(meanwhile_paid)

        slow = self.overtaken("pay_with_key", meanwhile)
        await billing.charge_cards(self.db, slow, self.clock, self.limits, self.seal, _name_order)

    async def time_passes(self, by: timedelta) -> None:
        """The clock goes on; what hangs at Bootpay does not hang for days: nobody would look for it any more."""
        if by >= LONGEST_HANGING:
            await self.late_charges_arrive()
        await super().time_passes(by)

    async def late_charges_arrive(self) -> None:
        """Charges of which nobody knew come in after all; their bill may have been paid meanwhile."""
        before = {one["receipt_id"] for one in self.till.stand_in.receipts()}
        self.till.stand_in.finish_late()
        self.unasked |= {one["order_id"] for one in self.till.stand_in.receipts() if one["receipt_id"] not in before}

    def compare_cards(self) -> None:
        """Nothing may be charged to a card after it was stopped."""
        for attempt in self.seen.attempts:
            stopped = self._stopped.get(attempt.card_id or 0)
            assert stopped is None or attempt.created_at <= stopped, f"attempt {attempt.id} charges a stopped card"


def _name_order(card: BillCard, language: str) -> str:
    return order_name(SPEECH[language], card)
