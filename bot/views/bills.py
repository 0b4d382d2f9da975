"""Bills in lists and alone, and where to turn when money looks wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views import refunds as refund_views
from bot.views.billing import period, slip_button, why_button
from bot.views.newparty import full_name
from bot.views.parties import pay_button
from core.billing import BillCard, BillState, Refund, RefundState
from core.parties import MembershipState

Due = tuple[BillCard, str]
Back = Mapping[int, Sequence[Refund]]


def none(say: Speech) -> Screen:
    """There has been no bill yet."""
    return Screen(say("parties.no_bills"), rows=[[Button(say.plain("people.go_my"), data="go:my")]])


def listed(say: Speech, bills: Sequence[Due], back: Back, page: int, pages: int) -> Screen:
    """One page of a person's bills, newest first; a number opens a bill."""
    if not bills:
        return none(say)
    blocks = [
        "\n".join([_line(say, number, card), *_on_their_way(say, back[card.bill.id])])
        for number, (card, _) in enumerate(bills, start=1)
    ]
    rows = [[pay_button(say, card, link)] for card, link in bills if payable(card)]
    rows.append([Button(str(number), data=f"bill:{card.bill.id}") for number, (card, _) in enumerate(bills, start=1)])
    turning = []
    if page > 0:
        turning.append(Button(say.plain("bills.newer"), data=f"bills:{page - 1}"))
    if page < pages - 1:
        turning.append(Button(say.plain("bills.older"), data=f"bills:{page + 1}"))
    if turning:
        rows.append(turning)
    rows.append([Button(say.plain("statement.button"), data="go:statement")])
    text = "\n\n".join([say("parties.bills"), *blocks, say("bills.open_one")])
    return Screen(text, rows=rows)


def _line(say: Speech, number: int, card: BillCard) -> str:
    return say(
        "bills.line",
        number=number,
        plan=full_name(say, card.service, card.plan),
        period=period(say, card),
        amount=say.won(card.bill.amount_won),
        state=state_word(say, card),
    )


def _on_their_way(say: Speech, refunds: Sequence[Refund]) -> list[str]:
    return [refund_views.brief(say, refund) for refund in refunds if refund.state is not RefundState.FAILED]


def payable(card: BillCard) -> bool:
    """Tell whether a bill waits for its person to pay: not while a payment of it is being checked."""
    return card.bill.state is BillState.OPEN and card.bill.approving_attempt is None


def state_word(say: Speech, card: BillCard) -> str:
    """Return where a bill stands, in a word or two."""
    if card.bill.state is BillState.OPEN and not payable(card):
        return say.plain("bills.state_checking")
    return say.plain(f"parties.bill_{card.bill.state}")


def bill(say: Speech, card: BillCard, link: str, refunds: Sequence[Refund], today: date, *, by_card: bool) -> Screen:
    """One bill: what it is for, where it stands, its receipt; `by_card` says that a card on file is going to pay it."""
    row = card.bill
    lines = [
        say(
            "bills.bill",
            plan=full_name(say, card.service, card.plan),
            period=period(say, card),
            amount=say.won(row.amount_won),
            state=state_word(say, card),
        )
    ]
    if payable(card) and by_card:
        lines.append(say("bills.by_card", day=say.day(max(row.due_on, today))))
    elif payable(card):
        late = row.due_on < today and card.membership.state is not MembershipState.RESERVED
        lines.append(say("bills.was_due" if late else "bills.due", day=say.day(row.due_on)))
    if row.paid_at is not None:
        lines.append(say("bills.paid_at", at=say.moment(row.paid_at)))
    lines += _on_their_way(say, refunds)
    rows = [[pay_button(say, card, link)]] if payable(card) else []
    rows += slip_button(say, card)
    rows.append([why_button(say, card)])
    if refunds:
        rows.append([refund_views.show_button(say, card)])
    rows.append([Button(say.plain("bills.back"), data="bills:0")])
    return Screen("\n".join(lines), rows=rows)


def paysupport(say: Speech, troubled: Sequence[Due], back: Back, contact: str) -> Screen:
    """What to do when money looks wrong: the bills in question, a look at Bootpay, a person to talk to."""
    blocks = [say("bills.support")]
    rows = []
    for card, link in troubled:
        refunds = back[card.bill.id]
        plan = full_name(say, card.service, card.plan)
        lines = [
            say(
                "bills.trouble",
                plan=plan,
                period=period(say, card),
                amount=say.won(card.bill.amount_won),
                state=state_word(say, card),
            )
        ]
        blocks.append("\n".join([*lines, *_on_their_way(say, refunds)]))
        if payable(card):
            rows.append([pay_button(say, card, link)])
        label = say.plain("bills.recheck", plan=plan, amount=say.won(card.bill.amount_won))
        rows.append([Button(label, data=f"recheck:{card.bill.id}")])
        if refunds:
            rows.append([refund_views.show_button(say, card)])
    if not troubled:
        blocks.append(say("bills.no_trouble"))
    blocks.append(say("bills.support_contact", contact=contact) if contact else say("bills.support_nobody"))
    blocks.append(say("pay.broker"))
    rows.append([Button(say.plain("bills.all"), data="bills:0")])
    return Screen("\n\n".join(blocks), rows=rows)
