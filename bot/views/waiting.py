"""The waiting list: a full party, a place in line, an offered seat."""

from __future__ import annotations

from datetime import datetime

from bot.screen import Button, Rows, Screen
from bot.texts import Speech
from bot.views.newparty import full_name
from core.flows import PartyCard


def full(say: Speech, code: str) -> Screen:
    """Every seat is taken: wait for one?"""
    return Screen(say("waiting.full"), rows=[[Button(say.plain("waiting.tell_me"), data=f"line:{code}")]])


def in_line(say: Speech, card: PartyCard, place: int) -> Screen:
    """Somebody's place in line, and the way out of it."""
    text = say("waiting.in_line", plan=full_name(say, card.service, card.plan), place=place)
    return Screen(text, rows=[[Button(say.plain("waiting.leave"), data=f"unline:{card.party.id}")]])


def left(say: Speech) -> Screen:
    """Out of the line."""
    return Screen(say("waiting.left"), rows=[[Button(say.plain("people.go_my"), data="go:my")]])


def offered(say: Speech, card: PartyCard, until: datetime) -> Screen:
    """A seat is free and held for the reader."""
    text = say("waiting.offered", plan=full_name(say, card.service, card.plan), until=say.moment(until))
    return Screen(
        text,
        rows=[
            [Button(say.plain("waiting.take"), data=f"take:{card.party.id}")],
            [Button(say.plain("waiting.pass"), data=f"pass:{card.party.id}")],
        ],
    )


def passed(say: Speech) -> Screen:
    """The offered seat goes to the next in line."""
    return Screen(say("waiting.passed"), rows=[[Button(say.plain("people.go_my"), data="go:my")]])


def offer_over(say: Speech, card: PartyCard, link: str) -> Screen:
    """Notice: the time to decide is over."""
    text = say("waiting.offer_over", plan=full_name(say, card.service, card.plan))
    return Screen(text, rows=[[Button(say.plain("waiting.again"), url=link)]])


def closed(say: Speech, card: PartyCard) -> Screen:
    """Notice: the party takes nobody any more."""
    return Screen(say("waiting.closed", plan=full_name(say, card.service, card.plan)))


def line_in_my(say: Speech, card: PartyCard, place: int | None) -> tuple[str, Rows]:
    """One party in whose line the reader stands, for the list of parties; no place: a seat is offered."""
    plan = full_name(say, card.service, card.plan)
    if place is None:
        return say("waiting.my_offered", plan=plan), [
            [Button(say.plain("waiting.my_decide", plan=plan), data=f"party:{card.party.id}")]
        ]
    return say("waiting.my_line", plan=plan, place=place), [
        [Button(say.plain("waiting.my_leave", plan=plan), data=f"unline:{card.party.id}")]
    ]
