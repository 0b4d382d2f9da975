"""Why a bill is what it is, line by line, in plain words."""

from __future__ import annotations

from bot.screen import Screen
from bot.texts import Speech
from bot.views import refunds as refund_views
from bot.views.billing import period, slip_button
from bot.views.newparty import full_name
from core.billing import BillState, Explained, Part, Refund, RefundState, Step


def why(say: Speech, explained: Explained, *, host_bears_fee: bool) -> Screen:
    """From the plan's price to the amount, then what became of the money."""
    card = explained.card
    blocks = [
        say(
            "why.head",
            amount=say.won(card.bill.amount_won),
            plan=full_name(say, card.service, card.plan),
            period=period(say, card),
        ),
        "\n".join([*how_much(say, explained), say("why.sum", amount=say.won(card.bill.amount_won))]),
    ]
    afterwards = _afterwards(say, explained, host_bears_fee=host_bears_fee)
    if afterwards:
        blocks.append("\n".join(afterwards))
    return Screen("\n\n".join(blocks), rows=slip_button(say, card))


def how_much(say: Speech, explained: Explained) -> list[str]:
    """Say how the amount came about, a line a step."""
    return [_step(say, explained, line) for line in explained.lines]


def _step(say: Speech, explained: Explained, line: Part) -> str:
    card = explained.card
    won = say.won(abs(line.won))
    match line.step:
        case Step.SHARE:
            since = explained.price_since
            known = say("why.since", day=say.full_day(since)) if since else ""
            text = say("why.share", price=say.won(card.cycle.price_won), seats=card.party.seats, won=won)
            turn = _not_my_turn(say, explained)
            return "\n".join(part for part in (text, known, turn) if part)
        case Step.ODD:
            return say("why.odd", odd=say.won(explained.odd_won), won=won)
        case Step.DAYS:
            return say("why.days", of=card.bill.days_in_cycle, days=card.bill.days, won=won)
        case Step.FEE:
            return say("why.fee", won=won)
        case Step.CREDIT:
            return say("why.credit", won=won)


def _not_my_turn(say: Speech, explained: Explained) -> str:
    if not explained.odd_won or any(line.step is Step.ODD for line in explained.lines):
        return ""
    return say("why.not_my_turn", odd=say.won(explained.odd_won))


def _afterwards(say: Speech, explained: Explained, *, host_bears_fee: bool) -> list[str]:
    bill = explained.card.bill
    told = [_refund(say, refund) for refund in explained.refunds if refund.state is not RefundState.FAILED]
    if bill.state in (BillState.PAID, BillState.PARTLY_REFUNDED):
        if explained.provider_fee_won:
            key = "why.provider_fee_host" if host_bears_fee else "why.provider_fee"
            told.append(say(key, won=say.won(explained.provider_fee_won)))
        if explained.released_at is None:
            told.append(say("why.held", day=say.day(bill.serves_until)))
        else:
            told.append(say("why.released", at=say.moment(explained.released_at)))
    return told


def _refund(say: Speech, refund: Refund) -> str:
    key = "why.refund_done" if refund.state is RefundState.DONE else "why.refund_coming"
    return say(key, won=say.won(refund.amount_won)) + " " + refund_views.why(say, refund)
