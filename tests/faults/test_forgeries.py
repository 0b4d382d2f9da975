"""What anybody may send us moves no money: forged notices, return queries and links leave every row as it was."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from itertools import cycle, islice
from random import Random
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from bot.sandbox.bootpay.webhooks import as_form
from core.adapters.bootpay import Receipt
from core.adapters.bootpay_receipt import read_receipt
from core.billing import BillState, Provider
from core.billing.attempts import ASK_AFTER
from core.billing.tables import Hint, MoneyRecord
from core.db import Database
from core.tables import METADATA
from tests.bot.web.counter import Counter, counter_open
from tests.builders import open_bill
from tests.promises import Promise
from tests.till import Till

HOOK = "/bootpay/webhook"
# A few at a time: what anybody may send in a minute is limited, and an attack that is not let in shows nothing.
A_MINUTE = 20
MEBIBYTES_10 = 10 * 2**20
# What a stranger may leave behind: a wish to look, and a line for whoever has to explain it.
TRACES = {Hint.__tablename__, MoneyRecord.__tablename__}
CLAIMS: dict[str, tuple[Any, ...]] = {
    "status": (-15, -10, -4, -2, 0, 1, 2, 5, 20, 99, "1", None, True, [1]),
    "price": (4249, 4251, 0, -4250, 0.5, "4250", 10**12, None),
    "cancelled_price": (1, 4250, 10**9, -1),
    "order_id": ("", None, "two_1_1", "somebody-elses", "x" * 10_000, 7),
    "receipt_id": ("65f0c0de0000000000000001", "0" * 64, "A" * 65, "short", "../../v2/cancel", "", None, 7, ["a"], {}),
    "sandbox": (False, None),
    "currency": ("USD", None),
    "webhook_type": ("PAYMENT_COMPLETED", "PAYMENT_CANCELLED", "PAYMENT_PARTIAL_CANCELLED", "PAYMENT_VIRTUAL_ISSUED"),
    "metadata": ({"bill": 1, "attempt": 1}, None),
    "cancel_id": ("rf_1_1",),
}
EVENTS = ("done", "confirm", "cancel", "close", "error", "issued", "\0", "")


@dataclass(frozen=True)
class Attack:
    """One request that nobody should have sent."""

    method: str
    path: str
    how: dict[str, Any] = field(default_factory=dict)


@dataclass
class Shop:
    """A counter with three bills: paid, given up in the window, not tried; and what a stranger may know of them."""

    counter: Counter
    bills: list[int]
    bodies: list[dict[str, Any]]

    def attacks(self, rng: Random) -> Iterator[Attack]:
        """Return every attack once."""
        yield from self._notices()
        yield from self._damaged_notices(rng)
        yield from self._returns()
        yield from self._links(rng)

    def _notices(self) -> Iterator[Attack]:
        for body in self.bodies:
            lies = [{**body, name: value} for name, values in CLAIMS.items() for value in values]
            lies += [{name: value for name, value in body.items() if name != left_out} for left_out in body]
            for lie in lies:
                yield Attack("POST", HOOK, {"json": lie})
                yield Attack("POST", HOOK, {"data": as_form(lie)})

    def _damaged_notices(self, rng: Random) -> Iterator[Attack]:
        headers = {"Content-Type": "application/json"}
        for body in self.bodies:
            whole = json.dumps(body).encode()
            for _ in range(20):
                place = rng.randrange(len(whole))
                flipped = whole[:place] + bytes([whole[place] ^ 1 << rng.randrange(8)]) + whole[place + 1 :]
                yield Attack("POST", HOOK, {"data": flipped, "headers": headers})
                yield Attack("POST", HOOK, {"data": whole[:place], "headers": headers})
        yield Attack("POST", HOOK, {"data": b"[" * 60_000, "headers": headers})
        yield Attack("POST", HOOK, {"data": b"x" * MEBIBYTES_10, "headers": headers})

    def _returns(self) -> Iterator[Attack]:
        for bill_id in self.bills:
            back = f"{self.counter.path(bill_id)}/return"
            for body in self.bodies:
                # Each receipt at the door of a bill that is not its own, or has long been told.
                for event in EVENTS:
                    said = {"event": event, "status": "1", "receipt_id": body["receipt_id"], "price": "1"}
                    yield Attack("GET", f"{back}?{urlencode(said)}")
                    yield Attack("POST", back, {"data": said})
            for receipt_id in CLAIMS["receipt_id"]:
                yield Attack("GET", f"{back}?{urlencode({'event': 'confirm', 'receipt_id': receipt_id})}")
            yield Attack(
                "POST", f"{self.counter.path(bill_id)}/attempt", {"headers": {"Origin": "https://evil.example"}}
            )

    def _links(self, rng: Random) -> Iterator[Attack]:
        for bill_id in self.bills:
            token = self.counter.path(bill_id).removeprefix("/pay/")
            for _ in range(20):
                place = rng.randrange(len(token))
                other = rng.choice([each for each in "abcXYZ019_-." if each != token[place]])
                path = f"/pay/{token[:place]}{other}{token[place + 1 :]}"
                yield Attack("GET", path)
                yield Attack("POST", f"{path}/attempt")
                yield Attack("GET", f"{path}/return?{urlencode({'receipt_id': self.bodies[0]['receipt_id']})}")


async def shop_open(counter: Counter) -> Shop:
    """Fill the counter, and let everything that happened to its bills be known."""
    till = counter.till
    bills = [(await open_bill(till.db, till.clock)).id for _ in range(3)]
    await counter.get(await counter.approve(bills[0]))
    await counter.get(await counter.approve(bills[1], "close"))
    # The money of the same merchant's other shop: a real receipt, paid, of an order that is none of ours.
    foreign = {**await till.begins(bills[1]), "order_id": "somebody-elses"}
    till.presses({**foreign, "extra": {**foreign["extra"], "separately_confirmed": False}})
    await till.stand_in.webhooks.idle()
    # The attempt that was only begun falls silent and lapses.
    for _ in ASK_AFTER:
        await till.minutes_pass(121)
    known = {receipt["receipt_id"]: receipt for receipt in till.stand_in.receipts()}
    bodies = [notice.body for notice in till.stand_in.webhooks.log if notice.body["receipt_id"] in known]
    bodies += [{**bodies[0], **receipt} for receipt in known.values()]
    return Shop(counter, bills, [body | {"currency": "KRW", "sandbox": True} for body in bodies])


async def every_row(db: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Return everything that is written anywhere, but for the traces of an attack."""
    async with db.read() as session:
        return {
            table.name: [tuple(row) for row in await session.execute(select(table).order_by(*table.primary_key))]
            for table in METADATA.sorted_tables
            if table.name not in TRACES
        }


async def attack(shop: Shop, each: Attack) -> int:
    """Send an attack; return the status of the answer."""
    how = each.how | {name: BytesIO(body) for name, body in each.how.items() if isinstance(body, bytes)}
    async with shop.counter.http.request(each.method, each.path, **how) as answer:
        await answer.read()
        return answer.status


@pytest.mark.faults("the body is never believed")
async def test_no_forged_notice_return_or_link_changes_a_row(till: Till, promise: Promise) -> None:
    async with counter_open(till) as counter:
        shop = await shop_open(counter)
        before, money = await every_row(till.db), (till.charges(), till.charged())
        attacks = list(shop.attacks(promise.rng))
        promise.rng.shuffle(attacks)

        for number, each in enumerate(islice(cycle(attacks), promise.size(small=60, full=len(attacks)))):
            if number % A_MINUTE == 0:
                till.clock.move_to(till.clock.now() + timedelta(minutes=1))
                await till.janitor()
            promise.tried += 1
            promise.wrong += await attack(shop, each) >= 500
        await till.minutes_pass(3)

        after = await every_row(till.db)
        promise.wrong += sum(before[name] != rows for name, rows in after.items())
        assert {name: rows for name, rows in after.items() if before[name] != rows} == {}
        assert (till.charges(), till.charged()) == money
        assert len(attacks) >= 200


class Gullible:
    """A provider that knows nothing but what the last notice said."""

    def __init__(self, body: dict[str, Any]) -> None:
        self._body = body

    async def receipt(self, receipt_id: str) -> Receipt:
        return read_receipt(self._body)


@pytest.mark.faults
async def test_a_body_that_is_believed_is_seen(till: Till) -> None:
    """The control: one forged notice, and what would come of it if it were the fact."""
    async with counter_open(till) as counter:
        shop = await shop_open(counter)
        before = await every_row(till.db)
        given_up = next(body for body in shop.bodies if body["order_id"].startswith(f"two_{shop.bills[1]}_1_"))
        forged = given_up | {"status": 1}
        await attack(shop, Attack("POST", HOOK, {"json": forged}))

        await till.janitor(cast(Provider, Gullible(forged)))

        assert await every_row(till.db) != before
        assert (await till.bill(shop.bills[1])).state is BillState.PAID
