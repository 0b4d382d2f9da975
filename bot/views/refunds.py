"""Money on its way back: what is told when it moves, its way step by step, and what a choice would bring back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from core.billing import BillCard, Refund, RefundState, RefundWay
from core.billing.refund_rules import Line
from core.dates import seoul_date
from core.flows import BackPlan, EndPlan, PartyCard


def news(say: Speech, card: BillCard, refund: Refund) -> Screen:
    """Tell somebody what has become of their refund."""
    plan = full_name(say, card.service, card.plan)
    return Screen(say(_news_key(card, refund), plan=plan, won=say.won(refund.amount_won), why=why(say, refund)))


def _news_key(card: BillCard, refund: Refund) -> str:
    if refund.way is RefundWay.CREDIT:
        return "refunds.credited"
    if refund.way is RefundWay.OPERATOR:
        return "refunds.transferred" if refund.state is RefundState.DONE else "refunds.by_operator"
    return "refunds.done_partly" if _is_part(card, refund) else "refunds.done"


def _is_part(card: BillCard, refund: Refund) -> bool:
    return not refund.stray and refund.amount_won < card.bill.amount_won


def why(say: Speech, refund: Refund) -> str:
    """Return the reason of a refund as a sentence."""
    return say(f"refunds.why_{refund.reason}")


def taken_from_host(say: Speech, card: BillCard, refund: Refund, nickname: str, host_won: int) -> Screen:
    """Tell the host that money of their party went back, and how much of it was theirs already."""
    return Screen(
        say(
            "refunds.taken_from_host" if host_won else "refunds.taken_before_release",
            plan=full_name(say, card.service, card.plan),
            nickname=nickname,
            won=say.won(refund.amount_won),
            why=why(say, refund),
            host_won=say.won(host_won),
        )
    )


def timeline(say: Speech, card: BillCard, refunds: Sequence[Refund]) -> Screen:
    """Every refund of a bill with the steps that it has taken and the one that it waits for."""
    bill = card.bill
    title = say(
        "refunds.title",
        plan=full_name(say, card.service, card.plan),
        period=say.days(bill.serves_from, bill.serves_until - timedelta(days=1)),
        amount=say.won(bill.amount_won),
    )
    blocks = [_steps(say, card, refund) for refund in refunds] or [say("refunds.none")]
    return Screen("\n\n".join([title, *blocks]))


def _steps(say: Speech, card: BillCard, refund: Refund) -> str:
    asked = say("refunds.step_asked", day=say.day(seoul_date(refund.created_at)))
    last_day = say.day(seoul_date(refund.done_at)) if refund.done_at else ""
    state = str(refund.state)
    if refund.way is RefundWay.CANCEL and refund.state is RefundState.DONE and _is_part(card, refund):
        state = "partly"
    now = say(f"refunds.step_{refund.way}_{state}", day=last_day)
    return "\n".join([say("refunds.one", won=say.won(refund.amount_won), why=why(say, refund)), asked, now])


def brief(say: Speech, refund: Refund) -> str:
    """A refund in a few words, for the list of bills."""
    state = "under_way"
    if refund.state is RefundState.DONE:
        state = "credit" if refund.way is RefundWay.CREDIT else "done"
    return say("refunds.brief", won=say.won(refund.amount_won), state=say(f"refunds.brief_{state}"))


def show_button(say: Speech, card: BillCard) -> Button:
    """The button that opens the way of a bill's refunds."""
    plan = full_name(say, card.service, card.plan)
    return Button(say.plain("refunds.show", plan=plan), data=f"refunds:{card.bill.id}")


def line(say: Speech, back: Line) -> str:
    """One line of a preview: how many days of which period, and what that is in won."""
    period = say.days(back.period.starts_on, back.period.last_day)
    return say("refunds.line", period=period, days=back.days, won=say.won(back.won))


def withdrawal_offer(say: Speech, party_id: int, plan: BackPlan) -> tuple[str, Button]:
    """What withdrawing would bring back, line by line, and the button that does it."""
    lines = [line(say, each) for each in plan.lines]
    button = Button(
        say.plain("refunds.withdraw", won=say.won(plan.back_won)), data=f"withdraw:{party_id}:{plan.back_won}"
    )
    return "\n".join([say("refunds.withdraw_offer"), *lines]), button


def withdrawn(say: Speech, plan: BackPlan) -> Screen:
    """The member is out, the money on its way."""
    return Screen(say("refunds.withdrawn", won=say.won(plan.back_won)) + "\n" + say("refunds.follow"))


def ask_end(say: Speech, card: PartyCard, later: EndPlan) -> Screen:
    """Ask when a running party shall end."""
    plan = full_name(say, card.service, card.plan)
    day = say.day(later.ends_on)
    return Screen(
        say("refunds.ask_end", plan=plan, day=day),
        rows=[
            [Button(say.plain("refunds.end_later", day=day), data=f"endlater:{card.party.id}:{later.back_won}")],
            [Button(say.plain("refunds.end_now"), data=f"endnow:{card.party.id}")],
            [Button(say.plain("parties.keep"), data=f"party:{card.party.id}")],
        ],
    )


def ask_end_at_once(say: Speech, card: PartyCard, end: EndPlan) -> Screen:
    """Say what ending a party now gives back to whom, and ask once more."""
    plan = full_name(say, card.service, card.plan)
    key = "refunds.ask_end_at_once" if end.back_won else "refunds.ask_end_at_once_free"
    names = {seat.membership.id: seat.person.nickname for seat in card.seats}
    blocks = [say(key, plan=plan, won=say.won(end.back_won))]
    for member, back in end.backs:
        if back.lines:
            head = say("refunds.of_member", nickname=names.get(member.id) or "", won=say.won(back.back_won))
            blocks.append("\n".join([head, *(line(say, each) for each in back.lines)]))
    return Screen(
        "\n\n".join(blocks),
        rows=[
            [Button(say.plain("refunds.end_now_yes"), data=f"endnowok:{card.party.id}:{end.back_won}")],
            [Button(say.plain("parties.keep"), data=f"party:{card.party.id}")],
        ],
    )


def ended(say: Speech, card: PartyCard, end: EndPlan) -> Screen:
    """The party ends, or has ended."""
    plan = full_name(say, card.service, card.plan)
    text = say("refunds.ended_now" if end.at_once else "refunds.ending", plan=plan, day=say.day(end.ends_on))
    if end.back_won:
        text += "\n" + say("refunds.ended_back" if end.at_once else "refunds.ending_back", won=say.won(end.back_won))
    return Screen(text)


def party_ending(say: Speech, card: PartyCard, on: date, at_once: bool, won: int) -> Screen:
    """Tell a member that their party ends, and what they get back."""
    key = "refunds.news_ended_at_once" if at_once else "refunds.news_ending"
    return _with_back(say, say(key, plan=full_name(say, card.service, card.plan), day=say.day(on)), won)


def party_ended(say: Speech, card: PartyCard) -> Screen:
    """Say goodbye at the end of a party."""
    return Screen(say("refunds.news_ended", plan=full_name(say, card.service, card.plan)))


def seat_gone(say: Speech, card: PartyCard) -> Screen:
    """Tell somebody who had not paid yet that there is no seat to pay for any more."""
    return Screen(say("refunds.news_seat_gone", plan=full_name(say, card.service, card.plan)))


def removed(say: Speech, card: PartyCard, won: int) -> Screen:
    """Tell a member that the host has removed them, and what they get back."""
    return _with_back(say, say("refunds.news_removed", plan=full_name(say, card.service, card.plan)), won)


def _with_back(say: Speech, text: str, won: int) -> Screen:
    return Screen(f"{text}\n{say('refunds.news_back', won=say.won(won))}" if won else text)
