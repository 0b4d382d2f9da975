"""`kill -9` at any moment: nothing that was taken is lost, nothing is booked twice, every receipt is sent."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot import database
from bot.edge import TelegramUpdate
from bot.sandbox.chats import Phone
from bot.sandbox.telegram import Entry
from core import audit
from core.billing import Bill, BillState
from core.billing.tables import Account, Attempt, AttemptState, Hint, LedgerEntry, Refund, RefundState
from core.db import Database
from core.outbox import Outgoing, SendState
from core.parties import SEATED, Membership, Party, Role
from core.people import Person
from tests.faults.serve import Process
from tests.faults.street import SENDING, Street, street_open
from tests.promises import Promise

SIDE_BY_SIDE = 5
MEMBERS = 2
SENDS_IN_FLIGHT = 4
# What a dead sender's lease, and a dead approval's hold, take to end.
LEASE = timedelta(seconds=16)
PATIENCE = timedelta(minutes=3)
RECEIPT = "결제가 끝났어요"


async def busy_people(street: Street, enough: asyncio.Event, lane: int) -> None:
    """Found one party after the other until it is enough; what was begun is finished."""
    number = lane
    while not enough.is_set():
        await street.founds_a_party(number, MEMBERS)
        number += SIDE_BY_SIDE


class Moments:
    """When to kill: right after the bot was handed an update, or asked Telegram for something, or at any time."""

    def __init__(self, street: Street, rng: random.Random) -> None:
        self._rng = rng
        self._left = {"update": 0, "request": 0}
        self._came = asyncio.Event()
        street.telegram.on_update(lambda _: self._count("update"))
        street.telegram.on_request(self._asked)

    def _asked(self, request: Entry) -> None:
        # What the bot asks while it starts is not its work.
        if request.method in (*SENDING, "editMessageText", "answerCallbackQuery"):
            self._count("request")

    def _count(self, what: str) -> None:
        self._left[what] -= 1
        if self._left[what] == 0:
            self._came.set()

    async def next(self) -> None:
        """Wait for the next moment."""
        what = self._rng.choice(("update", "update", "request", "request", "time"))
        if what != "time":
            self._came.clear()
            self._left[what] = self._rng.randint(2, 12)
            await self._came.wait()
        await asyncio.sleep(self._rng.uniform(0.0, 0.5 if what == "time" else 0.03))


async def killed_again_and_again(bot: Process, times: int, moments: Moments) -> None:
    """Kill the bot in the middle of its work, sometimes while it starts, and start it again."""
    for _ in range(times):
        await moments.next()
        bot.kill()
        bot.time_passes(LEASE)
        bot.start()


async def unsettled(db: Database) -> dict[str, int]:
    """Return what is still under way."""
    wanted: dict[str, Any] = {
        "attempts": select(func.count(Attempt.id)).where(
            Attempt.state.in_((AttemptState.APPROVING, AttemptState.UNKNOWN))
        ),
        "bills": select(func.count(Bill.id)).where(Bill.state == BillState.OPEN),
        "hints": select(func.count(Hint.id)).where(Hint.done_at.is_(None)),
        "refunds": select(func.count(Refund.id)).where(Refund.state.not_in((RefundState.DONE, RefundState.FAILED))),
        "messages": select(func.count(Outgoing.id)).where(Outgoing.state == SendState.WAITING),
    }
    async with db.read() as session:
        found = {name: int(await session.scalar(query) or 0) for name, query in wanted.items()}
    return {name: number for name, number in found.items() if number}


async def calm(db: Database, bot: Process, street: Street) -> dict[str, int]:
    """Wait until everything is settled, with time passing as often as an unanswered payment asks for it.

    Where only messages are left, they may be such as wait for the morning: then it becomes morning.
    """
    left: dict[str, int] = {}
    for _ in range(8):
        await bot.until_ready()
        for _ in range(100):
            left = await unsettled(db)
            if not left and not street.telegram.world.updates.waiting():
                return {}
            await asyncio.sleep(0.05)
        bot.kill()
        bot.time_passes(PATIENCE if left.keys() != {"messages"} else max(PATIENCE, await until_all_are_due(db, bot)))
        bot.start()
    return left


async def until_all_are_due(db: Database, bot: Process) -> timedelta:
    """Return how long it is, by the bot's clock, until every waiting message may be sent."""
    async with db.read() as session:
        last = await session.scalar(select(func.max(Outgoing.not_before)).where(Outgoing.state == SendState.WAITING))
    now = datetime.now(UTC) + bot.ahead
    return (last or now) - now


async def receipts_seen(phone: Phone) -> int:
    """Return how many receipts somebody got."""
    return sum(RECEIPT in message["text"] for message in await phone.reads() if message["from_bot"])


@pytest.mark.faults("crash: kill -9")
async def test_the_bot_is_killed_at_random_moments(lasting_url: str, tmp_path: Path, promise: Promise) -> None:
    kills = promise.size(small=10, full=50)
    await database.upgrade(lasting_url)
    async with street_open(lasting_url, sends_in_flight=SENDS_IN_FLIGHT) as street:
        bot, db, enough = Process(street.settings, tmp_path / "bot.log"), Database(lasting_url), asyncio.Event()
        bot.start()
        try:
            await bot.until_ready()
            people = [asyncio.create_task(busy_people(street, enough, lane)) for lane in range(SIDE_BY_SIDE)]
            await killed_again_and_again(bot, kills, Moments(street, promise.rng))
            enough.set()
            await asyncio.gather(*people)
            left = await calm(db, bot, street)
            taken = street.taken()
            repeated = street.repeated_messages()
            receipts = [await receipts_seen(member) for member in street.members]
            charged = [one for one in street.bootpay.receipts() if one["charges"]]
            facts = await facts_of(db)
        finally:
            bot.kill()
            await db.close()

    promise.tried = kills
    promise.lost = len(set(taken) - facts["done"]) + receipts.count(0)
    promise.doubled = sum(times - 1 for times in taken.values()) + sum(one["charges"] > 1 for one in charged)
    promise.wrong = len(facts["violations"]) + facts["dead"] + sum(left.values())
    promise.note = f"{sum(taken.values())} taps, {len(charged)} payments, {repeated} messages repeated"
    kept = sum(one["charged"] - one["cancelled"] for one in charged)
    assert left == {}
    assert promise.lost == 0, (set(taken) - facts["done"], receipts)
    assert facts["dead"] == 0
    # Each person, party and seat once, however often the tap that made it came.
    assert facts["people"] == len(street.hosts) + len(street.members)
    assert facts["parties"] == len(street.hosts)
    assert facts["seated"] == len(street.members) == facts["paid"]
    # Money: what Bootpay keeps is what the books hold, one charge a bill.
    assert facts["held"] == kept
    assert [one["charges"] for one in charged] == [1] * len(charged)
    assert facts["charged_bills"] == facts["paid"]
    assert facts["violations"] == []
    assert repeated <= SENDS_IN_FLIGHT * kills


async def facts_of(db: Database) -> dict[str, Any]:
    """Return what the database says in the end."""
    async with db.read() as session:

        async def number(query: Any) -> int:
            return int(await session.scalar(query) or 0)

        held = select(func.sum(LedgerEntry.amount_won)).where(LedgerEntry.account == Account.HELD)
        mine = Membership.role == Role.MEMBER, Membership.state.in_(SEATED)
        done = select(TelegramUpdate.update_id).where(TelegramUpdate.done_at.is_not(None))
        paid_once = select(func.count(func.distinct(Attempt.bill_id))).where(Attempt.state == AttemptState.PAID)
        return {
            "done": set(await session.scalars(done)),
            "dead": await number(select(func.count()).where(TelegramUpdate.dead_at.is_not(None))),
            "people": await number(select(func.count(Person.id))),
            "parties": await number(select(func.count(Party.id))),
            "seated": await number(select(func.count(Membership.id)).where(*mine)),
            "paid": await number(select(func.count(Bill.id)).where(Bill.state == BillState.PAID)),
            "charged_bills": await number(paid_once),
            "held": -await number(held),
            "violations": await audit.check(session),
        }


@pytest.mark.faults
async def test_answering_before_the_work_is_done_loses_updates(lasting_url: str, tmp_path: Path) -> None:
    """The control: a bot that says 200 first and works afterwards does not survive the same kill."""
    await database.upgrade(lasting_url)
    async with street_open(lasting_url) as street:
        bot, db, answered = Process(street.settings, tmp_path / "bot.log"), Database(lasting_url), asyncio.Event()
        people = [await street.chats.person(f"손님{number}") for number in range(10)]

        def look(_: object) -> None:
            if len(street.taken()) >= 20:
                answered.set()

        street.telegram.world.log.listeners.append(look)
        bot.careless = True
        bot.start()
        try:
            await bot.until_ready()
            for phone in people:
                for _ in range(5):
                    await phone.says("/help")
            await answered.wait()
            bot.kill()
            bot.careless = False
            bot.time_passes(LEASE)
            bot.start()
            left = await calm(db, bot, street)
            taken, facts = street.taken(), await facts_of(db)
        finally:
            bot.kill()
            await db.close()

    assert left == {}
    assert set(taken) - facts["done"] != set()
