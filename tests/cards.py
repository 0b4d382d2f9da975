"""Cards on file in tests: registered through the stand-in's window, told of, charged, stopped."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import select

from core import billing
from core.billing import Attempt, Bill, BillCard, Card, CardOutcome, CardState, Provider, Settled, charging
from core.billing.cycles import open_due_cycles
from core.billing.reminders import AT
from core.dates import seoul_date, seoul_instant
from core.sealing import Seal
from tests.builders import LIMITS, days_pass, joins, party, person
from tests.till import CLIENT_KEY, Till

SEAL = Seal({"test": b"k" * 32})
ORDER_NAME = "넷플릭스 프리미엄 12월"


def name_order(card: BillCard, language: str) -> str:
    """Return what a charge is called on the card's slip."""
    return ORDER_NAME


async def window(till: Till, card: Card, action: str = "approve") -> str:
    """Go through Bootpay's window for a card; return the receipt that the browser brings back."""
    payload = {
        "client_key": CLIENT_KEY,
        "order_name": "TWO 자동결제",
        "subscription_id": billing.new_window(card),
        "price": 0,
        "method": "카드자동",
        "extra": {"open_type": "redirect", "redirect_url": "http://127.0.0.1/return"},
    }
    return parse_qs(urlsplit(till.stand_in.register_card(payload, action)).query)["receipt_id"][0]


async def asked(till: Till, person_id: int) -> Card:
    """Let a person agree to automatic payment."""
    return await till.db.transact(billing.ask_for_card, person_id, billing.AUTOPAY_VERSION, till.clock.now())


async def comes_back(till: Till, card: Card, receipt_id: str, by: Provider | None = None) -> CardOutcome:
    """Come back from the window as the return page does."""
    return await billing.register_card(till.db, by or till.bootpay, till.clock, SEAL, card.id, receipt_id)


async def registers(till: Till, person_id: int) -> Card:
    """Put a card on file."""
    card = await asked(till, person_id)
    assert await comes_back(till, card, await window(till, card)) is CardOutcome.READY
    return await now(till, card.id)


async def now(till: Till, card_id: int) -> Card:
    """Return a card as it is now."""
    async with till.db.read() as session:
        return await session.get_one(Card, card_id)


async def next_bill(till: Till, of: Bill) -> Bill:
    """Open the next month of a running party; return this member's bill."""
    days_pass(till.clock, 24)
    today = seoul_date(till.clock.now())
    await till.db.transact(open_due_cycles, of.party_id, today, LIMITS, till.clock.now())
    async with till.db.read() as session:
        newest = select(Bill).where(Bill.membership_id == of.membership_id).order_by(Bill.id.desc()).limit(1)
        return (await session.scalars(newest)).one()


async def member_with_card(till: Till) -> Bill:
    """Return the open bill of the second month of a member whose card pays from now on."""
    someone = await person(till.db, till.clock)
    first = await joins(till.db, till.clock, await party(till.db, till.clock), someone)
    await till.pays(first.id)
    await registers(till, someone.id)
    return await next_bill(till, first)


def at_ten(till: Till, bill: Bill, days: int) -> None:
    """Move the clock to ten in the morning, so many days after a bill is due."""
    till.clock.move_to(seoul_instant(bill.due_on + timedelta(days=days), AT))


async def tells(till: Till) -> int:
    """Tell everybody whose card is charged tomorrow, as tick and sender do; return how many."""
    told = await writes(till)
    await till.sends()
    return told


async def writes(till: Till) -> int:
    """Write the news of tomorrow's charges, which nobody sends; return how many."""
    async with till.db.read() as session:
        due = await billing.bills_to_announce(session, till.clock.now())
    return sum([await till.db.transact(billing.announce_charge, bill_id, till.clock.now()) for bill_id in due])


async def charges(till: Till, by: Provider | None = None) -> int:
    """Charge every card that is due, as the tick does."""
    return await billing.charge_cards(till.db, by or till.bootpay, till.clock, LIMITS, SEAL, name_order)


async def charges_bill(till: Till, bill_id: int, by: Provider | None = None) -> Settled | None:
    """Charge the card of one bill."""
    return await charging.charge_bill(till.db, by or till.bootpay, till.clock, LIMITS, SEAL, name_order, bill_id)


async def due_bill(till: Till) -> Bill:
    """Return a bill whose card is charged now: its person was told yesterday at ten."""
    bill = await member_with_card(till)
    at_ten(till, bill, -1)
    assert await tells(till) == 1
    at_ten(till, bill, 0)
    return bill


async def looks_after(till: Till, by: Provider | None = None) -> int:
    """Do what the tick does for cards that wait for Bootpay."""
    return await billing.look_after_cards(till.db, by or till.bootpay, till.clock, SEAL)


async def card_states(till: Till) -> list[CardState]:
    """Return the states of all cards, oldest first."""
    async with till.db.read() as session:
        return list(await session.scalars(select(Card.state).order_by(Card.id)))


async def tries(till: Till, bill_id: int) -> list[Attempt]:
    """Return the tries at a bill, oldest first."""
    async with till.db.read() as session:
        return list(await session.scalars(select(Attempt).where(Attempt.bill_id == bill_id).order_by(Attempt.id)))
