"""Reminders, warnings, and what happens when a bill stays unpaid: to its member, the host and the room."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.billing import why_button
from bot.views.newparty import full_name
from bot.views.parties import pay_button
from core.billing import MOST_SNOOZES, BillCard
from core.flows import Outlook, PartyCard
from core.parties import JOINABLE


def reminder(say: Speech, card: BillCard, link: str, kind: str, snoozes: int, today: date) -> Screen:
    """A reminder before, on or after the due day, which can be put off."""
    text = _days(say, card, today)
    if kind.startswith("nudge"):
        text = say("reminders.nudge") + "\n" + text
    rows = [[pay_button(say, card, link)]]
    if snoozes < MOST_SNOOZES:
        rows.append(
            [
                Button(say.plain(f"reminders.snooze_{choice}"), data=f"snooze:{card.bill.id}:{snoozes + 1}:{choice}")
                for choice in ("3h", "am")
            ]
        )
    return Screen(text, rows=[*rows, [why_button(say, card)]])


def _days(say: Speech, card: BillCard, today: date) -> str:
    left = (card.bill.due_on - today).days
    match left:
        case 0:
            key = "reminders.today"
        case 1:
            key = "reminders.tomorrow"
        case -1:
            key = "reminders.yesterday"
        case _:
            key = "reminders.before" if left > 0 else "reminders.after"
    return say(key, n=abs(left), **_words(say, card))


def _words(say: Speech, card: BillCard) -> dict[str, str]:
    bill = card.bill
    return {
        "plan": full_name(say, card.service, card.plan),
        "period": say.days(bill.serves_from, bill.serves_until - timedelta(days=1)),
        "amount": say.won(bill.amount_won),
        "day": say.day(bill.due_on),
    }


def snoozed(say: Speech, card: BillCard, link: str, until: datetime) -> Screen:
    """The reminder in place of the tapped one: when it comes again."""
    text = say("reminders.comes_again", until=say.moment(until), **_words(say, card))
    return Screen(text, rows=[[pay_button(say, card, link)]])


def warning(say: Speech, card: BillCard, link: str, kind: str, at: datetime) -> Screen:
    """What happens next, and when."""
    text = say(f"late.{kind}", at=say.moment(at), **_words(say, card))
    return Screen(text, rows=[[pay_button(say, card, link)]])


def suspended(say: Speech, card: BillCard, link: str, freed_on: date) -> Screen:
    """Access has stopped; paying brings it back at once."""
    text = say("late.suspended", on=say.day(freed_on), **_words(say, card))
    return Screen(text, rows=[[pay_button(say, card, link)]])


def more_time(say: Speech, card: BillCard, link: str) -> Screen:
    """The host waits a little longer."""
    until = card.bill.waits_until
    text = say("late.more_time", at=say.moment(until) if until else "", **_words(say, card))
    return Screen(text, rows=[[pay_button(say, card, link)]])


def freed(say: Speech, card: BillCard, link: str) -> Screen:
    """The seat is gone, and so is the bill."""
    rows = [[Button(say.plain("late.join_again"), url=link)]] if card.party.state in JOINABLE else []
    return Screen(say("late.freed", **_words(say, card)), rows=rows)


def for_host(say: Speech, card: BillCard, nickname: str, outlook: Outlook) -> Screen:
    """A late bill and what the host can do about it."""
    bill, words = card.bill, _words(say, card) | {"nickname": nickname}
    nudge = [Button(say.plain("late.nudge"), data=f"latenudge:{bill.id}")]
    if outlook.freed_on is not None:
        text = say("late.host_suspended", on=say.day(outlook.freed_on), **words)
        return Screen(text, rows=[nudge, [Button(say.plain("late.free"), data=f"latefree:{bill.id}")]])
    text = say("late.host_late", at=say.moment(outlook.suspended_at) if outlook.suspended_at else "", **words)
    if bill.waits_until is not None:
        return Screen(text + "\n" + say("late.host_waits"), rows=[nudge])
    return Screen(text, rows=[[Button(say.plain("late.wait"), data=f"latewait:{bill.id}")], nudge])


def unreached(say: Speech, card: BillCard, nickname: str, outlook: Outlook) -> Screen:
    """The host is told in place of a member who cannot be reached."""
    screen = for_host(say, card, nickname, outlook)
    return Screen(say("late.unreached", nickname=nickname) + "\n\n" + screen.text, rows=screen.rows)


def someone(say: Speech, card: PartyCard) -> Screen:
    """The room is told, without a name."""
    return Screen(say("late.someone", plan=full_name(say, card.service, card.plan)))


def ask_free(say: Speech, card: BillCard, nickname: str) -> Screen:
    """Ask once more before a seat is freed."""
    return Screen(
        say("late.ask_free", nickname=nickname, **_words(say, card)),
        rows=[
            [Button(say.plain("late.free_yes"), data=f"latefreeok:{card.bill.id}")],
            [Button(say.plain("late.keep"), data=f"late:{card.bill.id}")],
        ],
    )


def freed_for_host(say: Speech, card: BillCard, nickname: str) -> Screen:
    """The seat is free again, for the host."""
    if card.party.state not in JOINABLE:
        return Screen(say("late.freed_for_host_closed", nickname=nickname, **_words(say, card)))
    text = say("late.freed_for_host", nickname=nickname, **_words(say, card))
    return Screen(text, rows=[[Button(say.plain("parties.invite"), data=f"share:{card.party.id}")]])
