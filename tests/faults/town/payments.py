"""Paying by hand: windows that open, are gone through, get lost, come doubled or late, and cancels by somebody else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from core import billing
from core.billing import Outcome
from core.billing.reconciling import YOUNG
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.errors import BusinessError
from tests.faults.town.base import Ground
from tests.till import Till

# How long a window that asks nobody before it takes the money is good for.
DAYS_TO_PAY = 3


class Payments(Ground):
    """Windows and receipts; `unasked` are the orders that ask nobody before they take money, so that a bill may be
    paid twice, and `outside` is what was cancelled without us, by receipt."""

    def __init__(self, db: Database, clock: ManualClock, till: Till, closing: AsyncExitStack) -> None:
        super().__init__(db, clock, till, closing)
        self.bill_of: dict[str, int] = {}
        self.unasked: set[str] = set()
        self.outside: Counter[str] = Counter()

    async def opens_window(
        self, bill_id: int, *, charges_at_once: bool = False, virtual_account: bool = False
    ) -> str | None:
        """Somebody presses the button on the payment page: an attempt begins, its window opens.

        One that `charges_at_once`, or issues a `virtual_account`, asks nobody before it takes the money.
        """
        try:
            payload = await self.till.begins(bill_id)
        except BusinessError:
            return None
        if charges_at_once or virtual_account:
            payload["extra"] |= {"separately_confirmed": False, "timeout": DAYS_TO_PAY * 24 * 60}
            self.unasked.add(str(payload["order_id"]))
        if virtual_account:
            payload["method"] = "가상계좌"
        receipt_id = self.till.stand_in.open_window(payload).rsplit("/", 1)[1]
        self.bill_of[receipt_id] = bill_id
        return receipt_id

    async def pays(self, bill_id: int) -> None:
        """Somebody pays a bill and comes back to the shop."""
        receipt_id = await self.opens_window(bill_id)
        if receipt_id is not None:
            self.presses(receipt_id, "approve")
            await self.returns(receipt_id)

    async def everybody_pays(self) -> None:
        """Every open bill is paid, but those that a card will pay."""
        await self.looks()
        today, by_card = seoul_date(self.clock.now()), self.seen.of_cards
        for bill in self.seen.open_bills:
            if bill not in by_card or bill.due_on < today:
                await self.pays(bill.id)

    def presses(self, receipt_id: str, action: str) -> None:
        """Somebody approves, is declined, or closes the window."""
        self.till.stand_in.press(receipt_id, action)

    def deposits(self, receipt_id: str) -> None:
        """Somebody pays into a virtual account, whatever has become of its bill."""
        self.till.stand_in.deposit(receipt_id)

    async def returns(self, receipt_id: str) -> Outcome:
        """The browser comes back: the return page settles."""
        bill_id = self.bill_of[receipt_id]
        settled = await billing.settle(self.db, self.bootpay, self.clock, self.limits, receipt_id, bill_id=bill_id)
        return settled.outcome

    async def is_overtaken(self, receipt_id: str, at: str, meanwhile: Callable[[], Awaitable[object]]) -> None:
        """The return page settles, and while it does something else happens."""
        slow, bill_id = self.overtaken(at, meanwhile), self.bill_of[receipt_id]
        await billing.settle(self.db, slow, self.clock, self.limits, receipt_id, bill_id=bill_id)

    async def refunds_are_sent_twice(self, at: str) -> None:
        """Two workers send the refunds that are due, one of them in the middle of the other's work."""
        await billing.send_refunds(self.db, self.overtaken(at, self.ticks), self.clock)

    async def hints(self, receipt_id: str) -> None:
        """A notice about a receipt arrives."""
        await self.db.transact(billing.take_hint, receipt_id, self.clock.now())

    def charged(self) -> list[str]:
        """Return the receipts over which money can go back, as long as somebody looks at them every day."""
        old = {one.receipt_id for one in self.seen.attempts if one.created_at < self.clock.now() - YOUNG / 2}
        left = [one for one in self.till.stand_in.receipts() if one["charged"] > one["cancelled"]]
        return [one["receipt_id"] for one in left if one["receipt_id"] not in old]

    def cancels_outside(self, receipt_id: str, part: int | None) -> None:
        """Somebody gives money back in the PG's own admin: all that is left, or one of so many parts of it."""
        receipt = next(one for one in self.till.stand_in.receipts() if one["receipt_id"] == receipt_id)
        left = receipt["charged"] - receipt["cancelled"]
        won = left if part is None else max(1, left // part)
        self.till.stand_in.cancel_in_admin(receipt_id, won)
        self.outside[receipt_id] += won
