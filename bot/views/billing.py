"""Receipts, bills and reminders, as they are sent."""

from __future__ import annotations

from datetime import timedelta

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from bot.views.parties import pay_button
from core.billing import BillCard


def period(say: Speech, card: BillCard) -> str:
    """Return the days that a bill pays for."""
    return say.days(card.bill.serves_from, card.bill.serves_until - timedelta(days=1))


def why_button(say: Speech, card: BillCard) -> Button:
    """The button that explains a bill's amount."""
    return Button(say.plain("why.button"), data=f"why:{card.bill.id}")


def slip_button(say: Speech, card: BillCard) -> list[list[Button]]:
    """The row with Bootpay's receipt of a paid bill; none where there is no address that can be opened."""
    address = card.paid_with.receipt_url if card.paid_with else None
    if address is None or not address.startswith(("https://", "http://")):
        return []
    return [[Button(say.plain("billing.provider_receipt"), url=address)]]


def receipt(say: Speech, card: BillCard, *, joined: bool, back: bool) -> Screen:
    """The receipt of a paid bill; for a newcomer with the way in, for a suspended member with the way back."""
    bill, paid_with = card.bill, card.paid_with
    text = say(
        "billing.receipt",
        plan=full_name(say, card.service, card.plan),
        period=period(say, card),
        amount=say.won(bill.amount_won),
        at=say.moment(bill.paid_at) if bill.paid_at else "",
        order=paid_with.order_id if paid_with else "",
    )
    rows = [*slip_button(say, card), [why_button(say, card)]]
    if joined:
        text += "\n\n" + say("billing.welcome")
        rows.append([Button(say.plain("parties.access"), data=f"access:{card.party.id}")])
        rows.append([Button(say.plain("people.acquaint"), data="acquaint")])
    if back:
        text += "\n\n" + say("late.back")
    return Screen(text, rows=rows)


def opened(say: Speech, card: BillCard, link: str) -> Screen:
    """The next month's bill is open."""
    return _bill(say, "billing.opened", card, link)


def _bill(say: Speech, key: str, card: BillCard, link: str) -> Screen:
    text = say(
        key,
        plan=full_name(say, card.service, card.plan),
        period=period(say, card),
        amount=say.won(card.bill.amount_won),
        day=say.day(card.bill.due_on),
    )
    if card.bill.credit_won:
        text += "\n" + say("refunds.credit_used", won=say.won(card.bill.credit_won))
    return Screen(text, rows=[[pay_button(say, card, link)], [why_button(say, card)]])


def member_paid(say: Speech, card: BillCard, nickname: str) -> Screen:
    """Tell the host that a member has paid."""
    plan = full_name(say, card.service, card.plan)
    return Screen(say("billing.member_paid", nickname=nickname, plan=plan, period=period(say, card)))


def unclear(say: Speech, card: BillCard) -> Screen:
    """Nobody could say for hours whether a payment went through; it is asked about until somebody can."""
    plan = full_name(say, card.service, card.plan)
    return Screen(say("billing.unclear", plan=plan, amount=say.won(card.bill.amount_won)))
