"""News of a party, as they are sent."""

from __future__ import annotations

from datetime import date

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from core.flows import PartyCard
from core.parties import JOINABLE, Checklist, Role


def member_joined(say: Speech, card: PartyCard, nickname: str, checklist: Checklist) -> Screen:
    """Tell the host that somebody has paid and joined, and what to do now."""
    text = say(
        "parties.news_joined",
        nickname=nickname,
        plan=full_name(say, card.service, card.plan),
        taken=len(card.seats),
        seats=card.party.seats,
    )
    coming = checklist.next
    if coming is None or coming.by is not Role.HOST:
        return Screen(text)
    text += "\n\n" + say(f"parties.access_host_{checklist.method}", plan=full_name(say, card.service, card.plan))
    label = say.plain(f"parties.tick_{coming.step}", nickname=nickname)
    return Screen(text, rows=[[Button(label, data=f"tick:{checklist.membership.id}:{coming.step}")]])


def access_done(say: Speech, card: PartyCard, nickname: str) -> Screen:
    """Tell the host that a member is in."""
    return Screen(say("parties.news_access_done", nickname=nickname, plan=full_name(say, card.service, card.plan)))


def hold_over(say: Speech, card: PartyCard, link: str) -> Screen:
    """Tell somebody that the held seat is free again, and how to try once more."""
    text = say("parties.news_hold_over", plan=full_name(say, card.service, card.plan))
    return Screen(text, rows=[[Button(say.plain("parties.try_again"), url=link)]])


def cancelled(say: Speech, card: PartyCard, won: int, reason: str) -> Screen:
    """Tell a member that the party will not be."""
    text = say(f"parties.news_cancelled_{reason}", plan=full_name(say, card.service, card.plan))
    return Screen(f"{text}\n{say('parties.news_back', back=say.won(won))}" if won else text)


def called_off(say: Speech, card: PartyCard) -> Screen:
    """Tell the host that the party was called off for want of members."""
    rows = [[Button(say.plain("people.go_newparty"), data="go:newparty")]]
    return Screen(say("parties.news_called_off", plan=full_name(say, card.service, card.plan)), rows=rows)


def member_leaves(say: Speech, card: PartyCard, nickname: str, on: date, at_once: bool) -> Screen:
    """Tell the host that a member leaves, and when the seat is free for somebody else, if the party goes on."""
    goes_on = card.party.state in JOINABLE
    key = ("parties.news_left_at_once" if at_once else "parties.news_leaves") + ("" if goes_on else "_closed")
    text = say(key, nickname=nickname, plan=full_name(say, card.service, card.plan), day=say.day(on))
    rows = [[Button(say.plain("parties.invite"), data=f"share:{card.party.id}")]] if goes_on else []
    return Screen(text, rows=rows)


def left(say: Speech, card: PartyCard) -> Screen:
    """Say goodbye to a member whose paid time is over."""
    return Screen(say("parties.news_left", plan=full_name(say, card.service, card.plan)))
