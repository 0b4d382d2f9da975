"""Where tests pay: Bootpay's stand-in, the real client, and what the return page, hook and janitor would do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import func, select

from bot.sandbox.bootpay import BootpayStandIn
from core import billing
from core.adapters.bootpay import BillingKey, Bootpay, Receipt
from core.billing import Attempt, Bill, Outcome, Provider, Refund
from core.billing.tables import Account, Hint, LedgerEntry, MoneyRecord
from core.clock import ManualClock
from core.db import Database
from core.errors import ProviderUnclear
from core.outbox import Outgoing, SendState, deliver_result, still_valid
from core.people import Person, may_be_told
from tests.builders import LIMITS

Answer = TypeVar("Answer")
CLIENT_KEY = "client-key-of-the-till"  # pragma: allowlist secret
SECRET_KEY = "secret-key-of-the-till"  # pragma: allowlist secret


class Till:
    """One shop: pays bills and tells what became of the money."""

    def __init__(self, db: Database, clock: ManualClock, stand_in: BootpayStandIn, bootpay: Bootpay) -> None:
        self.db = db
        self.clock = clock
        self.stand_in = stand_in
        self.bootpay = bootpay
        self.faults = stand_in.faults

    async def begins(self, bill_id: int) -> dict[str, Any]:
        """Begin an attempt; return what the browser would hand to Bootpay's script."""
        attempt = await self.db.transact(billing.begin_attempt, bill_id, self.clock.now())
        return {
            "client_key": CLIENT_KEY,
            "price": attempt.amount_won,
            "order_name": "넷플릭스 프리미엄 11월",
            "order_id": attempt.order_id,
            "extra": {
                "open_type": "redirect",
                "separately_confirmed": True,
                "redirect_url": "http://127.0.0.1/return",
                "timeout": 30,
            },
        }

    def presses(self, payload: dict[str, Any], action: str = "approve") -> str:
        """Go through the payment window; return the receipt id that the browser brings back."""
        return parse_qs(urlsplit(self.stand_in.pay(payload, action)).query)["receipt_id"][0]

    async def approves(self, bill_id: int) -> str:
        """Begin and approve a payment; return its receipt, which is not confirmed yet."""
        return self.presses(await self.begins(bill_id))

    async def settles(self, receipt_id: str, *, bill_id: int | None = None, by: Provider | None = None) -> Outcome:
        """Settle a receipt as the return page does."""
        settled = await billing.settle(self.db, by or self.bootpay, self.clock, LIMITS, receipt_id, bill_id=bill_id)
        return settled.outcome

    async def pays(self, bill_id: int) -> str:
        """Pay a bill; return the receipt."""
        receipt_id = await self.approves(bill_id)
        assert await self.settles(receipt_id, bill_id=bill_id) is Outcome.PAID
        return receipt_id

    async def janitor(self, by: Provider | None = None) -> None:
        """Run what the ticks run, until nothing is due."""
        bootpay = by or self.bootpay
        while True:
            done = await billing.look_into_hints(self.db, bootpay, self.clock, LIMITS)
            done += await billing.ask_about_attempts(self.db, bootpay, self.clock, LIMITS)
            sent = await billing.send_refunds(self.db, bootpay, self.clock)
            if not done + sent:
                return

    async def sends(self, *, dead: Sequence[int] = (), lost: Sequence[str] = ()) -> list[tuple[int | None, str]]:
        """Play the sender for what is due; return (person, name) in order.

        Rows for the people in `dead` cannot be delivered; of those named in `lost` nobody knows whether they were.
        """
        said = []
        now = self.clock.now()
        async with self.db.write() as session:
            due = select(Outgoing).where(Outgoing.state == SendState.WAITING, Outgoing.not_before <= now)
            for row in (await session.scalars(due.order_by(Outgoing.id))).all():
                person = None if row.person_id is None else await session.get(Person, row.person_id)
                if person is not None and (later := may_be_told(person, row.name, now)) > now:
                    row.not_before = later
                elif row.name in lost:
                    row.state = SendState.UNKNOWN
                elif not await still_valid(session, row):
                    row.state = SendState.DROPPED
                    await deliver_result(session, row, None, now)
                elif person is not None and person.id in dead:
                    row.state, person.reachable = SendState.DEAD, False
                    await deliver_result(session, row, None, now)
                else:
                    row.state, row.sent_at, row.message_id = SendState.SENT, now, row.id
                    await deliver_result(session, row, row.id, now)
                    said.append((row.person_id, row.name))
        return said

    async def minutes_pass(self, minutes: int) -> None:
        """Move the clock, let approvals lapse at Bootpay, and run the janitor."""
        self.clock.move_to(self.clock.now() + timedelta(minutes=minutes))
        self.stand_in.lapse_due()
        await self.janitor()

    def charged(self) -> int:
        """Return how many won Bootpay has taken, less what went back."""
        return sum(receipt["charged"] - receipt["cancelled"] for receipt in self.stand_in.receipts())

    def charges(self) -> int:
        """Return how often Bootpay has charged a card."""
        return sum(receipt["charges"] for receipt in self.stand_in.receipts())

    def charges_of(self, bill_id: int) -> int:
        """Return how often a card was charged for a bill."""
        mine = f"two_{bill_id}_"
        return sum(receipt["charges"] for receipt in self.stand_in.receipts() if receipt["order_id"].startswith(mine))

    async def held(self) -> int:
        """Return how many won the books hold for others."""
        async with self.db.read() as session:
            held = select(func.sum(LedgerEntry.amount_won)).where(LedgerEntry.account == Account.HELD)
            return -int(await session.scalar(held) or 0)

    async def bill(self, bill_id: int) -> Bill:
        """Return a bill as it is now."""
        async with self.db.read() as session:
            return await session.get_one(Bill, bill_id)

    async def attempts(self) -> list[str]:
        """Return the states of all attempts, oldest first."""
        async with self.db.read() as session:
            return [str(state) for state in await session.scalars(select(Attempt.state).order_by(Attempt.id))]

    async def refunds(self) -> list[Refund]:
        """Return all refunds, oldest first."""
        async with self.db.read() as session:
            return list(await session.scalars(select(Refund).order_by(Refund.id)))

    async def records(self) -> list[str]:
        """Return what was recorded around money, oldest first."""
        async with self.db.read() as session:
            return list(await session.scalars(select(MoneyRecord.what).order_by(MoneyRecord.id)))

    async def hints(self) -> int:
        """Return how many hints are stored."""
        async with self.db.read() as session:
            return int(await session.scalar(select(func.count(Hint.id))) or 0)

    async def said(self, name: str) -> int:
        """Return how many notices of a name were written."""
        async with self.db.read() as session:
            return int(await session.scalar(select(func.count(Outgoing.id)).where(Outgoing.name == name)) or 0)


class GivesUp:
    """The client with a time-out that comes exactly when a call hangs at the stand-in, its effect settled."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self._bootpay = till.bootpay
        self._stand_in = till.stand_in

    async def receipt(self, receipt_id: str) -> Receipt:
        return await self._bootpay.receipt(receipt_id)

    async def receipts_of_order(self, order_id: str) -> list[Receipt]:
        return await self._bootpay.receipts_of_order(order_id)

    async def confirm(self, receipt_id: str) -> Receipt:
        return await self._unless_it_hangs(asyncio.ensure_future(self._bootpay.confirm(receipt_id)))

    async def cancel(self, receipt_id: str, *, cancel_id: str, amount_won: int | None, by: str, reason: str) -> Receipt:
        return await self._unless_it_hangs(
            asyncio.ensure_future(
                self._bootpay.cancel(receipt_id, cancel_id=cancel_id, amount_won=amount_won, by=by, reason=reason)
            )
        )

    async def billing_key(self, receipt_id: str) -> BillingKey:
        return await self._bootpay.billing_key(receipt_id)

    async def pay_with_key(self, key: str, *, order_id: str, order_name: str, amount_won: int) -> Receipt:
        return await self._unless_it_hangs(
            asyncio.ensure_future(
                self._bootpay.pay_with_key(key, order_id=order_id, order_name=order_name, amount_won=amount_won)
            )
        )

    async def delete_key(self, key: str) -> None:
        await self._unless_it_hangs(asyncio.ensure_future(self._bootpay.delete_key(key)))

    async def _unless_it_hangs(self, call: asyncio.Future[Answer]) -> Answer:
        hanging = asyncio.ensure_future(self._stand_in.until_hanging())
        both: set[asyncio.Future[Any]] = {call, hanging}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        hanging.cancel()
        if call.done():
            return call.result()
        call.cancel()
        raise ProviderUnclear("no answer in time")


@asynccontextmanager
async def till_open(db: Database, clock: ManualClock) -> AsyncIterator[Till]:
    """Open a till over a fresh stand-in."""
    stand_in = BootpayStandIn(CLIENT_KEY, SECRET_KEY, now=clock.now, retry_scale=0)
    await stand_in.start()
    bootpay = Bootpay(CLIENT_KEY, SECRET_KEY, base_url=stand_in.api_url)
    try:
        yield Till(db, clock, stand_in, bootpay)
    finally:
        await bootpay.close()
        await stand_in.close()
