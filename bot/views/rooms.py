"""The room as screens: doors, keyboard, board, the notices about it, and how a passed-on message looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from bot.screen import Button, Screen
from bot.texts import LANGUAGES, SPEECH, Speech
from core.rooms import Door, Guest, Subject

PLACEHOLDER_LENGTH = 64


def leave_labels() -> frozenset[str]:
    """Return what the key that leaves a room says, in every language."""
    return frozenset(SPEECH[language].plain("rooms.key_leave") for language in LANGUAGES)


def who_labels() -> frozenset[str]:
    """Return what the key that asks who is here says, in every language."""
    return frozenset(SPEECH[language].plain("rooms.key_who") for language in LANGUAGES)


def title(say: Speech, subject: Mapping[str, Any]) -> str:
    """Return what a room is called: the service and its plan, not yet escaped."""
    return f"{subject['emoji']} {subject[f'service_{say.language}']} {subject[f'plan_{say.language}']}"


def _names(say: Speech, people: Iterable[str | None]) -> str:
    return ", ".join(name or say.plain("rooms.nameless") for name in people)


def _enter_rows(say: Speech, party_id: int) -> list[list[Button]]:
    return [[Button(say.plain("rooms.enter"), data=f"room:{party_id}")]]


def none_yet(say: Speech) -> Screen:
    """There is no room to enter yet."""
    return Screen(say("rooms.none_yet"), rows=[[Button(say.plain("rooms.to_my"), data="go:my")]])


def choose(say: Speech, doors: Sequence[Door]) -> Screen:
    """Several rooms: which one?"""
    rows = []
    for door in doors:
        label = title(say, door.subject.words())
        label = say.plain("rooms.door_inside", title=label) if door.inside else label
        rows.append([Button(label, data=f"room:{door.subject.party_id}")])
    return Screen(say("rooms.choose"), rows=rows)


def entered(say: Speech, subject: Subject, people: Sequence[Guest]) -> Screen:
    """The person is in: the keyboard shows it for as long as it is so."""
    name = title(say, subject.words())
    return Screen(
        say("rooms.entered", title=name, people=_names(say, (one.nickname for one in people))),
        reply_keyboard=[[say.plain("rooms.key_leave"), say.plain("rooms.key_who")]],
        placeholder=say.plain("rooms.placeholder", title=name)[:PLACEHOLDER_LENGTH],
    )


def left(say: Speech, *, was_inside: bool) -> Screen:
    """The person is out, and so is the room's keyboard."""
    return Screen(say("rooms.you_left" if was_inside else "rooms.not_inside"), reply_keyboard=())


def who(say: Speech, subject: Subject, people: Sequence[Guest]) -> Screen:
    """Everybody of the room, and who has entered it."""
    lines = [
        say(
            "rooms.who_host" if one.is_host else "rooms.who_member",
            nickname=one.nickname or say.plain("rooms.nameless"),
            mark=say.plain("rooms.who_inside") if one.inside else "",
        ).rstrip()
        for one in people
    ]
    return Screen("\n".join([say("rooms.who", title=title(say, subject.words()), n=len(people)), *lines]))


def nobody_reached(say: Speech) -> Screen:
    """A message that had nobody to go to."""
    return Screen(say("rooms.nobody_reached"))


def outside(say: Speech, subject: Subject) -> Screen:
    """An answer to a room's message by somebody who has not entered it."""
    name = title(say, subject.words())
    return Screen(say("rooms.outside", title=name), rows=_enter_rows(say, subject.party_id))


def edit_held_back(say: Speech) -> Screen:
    """A change that was not passed on because it looks like a password."""
    return Screen(say("rooms.edit_held_back"))


def edit_too_long(say: Speech, most: int) -> Screen:
    """A change that was not passed on because it does not fit."""
    return Screen(say("rooms.edit_too_long", most=most))


def opened(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: the room is open to you."""
    return Screen(
        say("rooms.opened", title=title(say, data), people=_names(say, data["people"])),
        rows=_enter_rows(say, data["party"]),
    )


def joined(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: somebody is new in the room."""
    return Screen(say("rooms.joined", title=title(say, data), people=_names(say, data["people"])))


def gone(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: somebody is no longer in the room."""
    return Screen(say("rooms.left", title=title(say, data), people=_names(say, data["people"])))


def closed_for_you(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: you have left the party, so the room is closed to you."""
    return Screen(say("rooms.closed_for_you", title=title(say, data)), reply_keyboard=_keyboard_after(data))


def closed(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: the party is over, and so is its room."""
    return Screen(say("rooms.closed", title=title(say, data)), reply_keyboard=_keyboard_after(data))


def _keyboard_after(data: Mapping[str, Any]) -> Sequence[Sequence[str]] | None:
    return () if data["was_inside"] else None


def board_closed(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: what stays of a board whose room is closed to its reader."""
    return Screen(say("rooms.board_closed", title=title(say, data)))


def board(say: Speech, data: Mapping[str, Any]) -> Screen:
    """Notice: the board, edited in place."""
    lines = [
        say("rooms.board_title", title=title(say, data)),
        _period(say, data),
        say("rooms.board_people", people=data["people"], seats=data["seats"]),
        *_payments(say, data["now"], "now"),
        *_payments(say, data["next"], "next"),
        *([say("rooms.board_suspended", people=_names(say, data["suspended"]))] if data.get("suspended") else []),
        "",
        *_own(say, data),
    ]
    together = Button(say.plain("evenings.together"), data=f"eve:{data['party']}")
    rows = [*_enter_rows(say, data["party"]), [Button(say.plain("rooms.to_my"), data="go:my"), together]]
    return Screen("\n".join(lines), rows=rows)


def _period(say: Speech, data: Mapping[str, Any]) -> str:
    first, last = date.fromisoformat(data["from"]), date.fromisoformat(data["until"])
    return say("rooms.board_recruiting" if data["recruiting"] else "rooms.board_period", days=say.days(first, last))


def _payments(say: Speech, payments: Mapping[str, Any] | None, which: str) -> list[str]:
    if payments is None:
        return []
    lines = [say(f"rooms.board_paid_{which}", paid=payments["paid"], bills=payments["bills"])]
    if payments["unpaid"]:
        lines.append(say("rooms.board_unpaid", people=_names(say, payments["unpaid"])))
    return lines


def _own(say: Speech, data: Mapping[str, Any]) -> list[str]:
    lines = [say("rooms.own_host")] if data["host"] else []
    if data["own"] is not None:
        lines.append(_own_bill(say, data["own"], "now"))
    if data["own_next"] is not None:
        lines.append(_own_bill(say, data["own_next"], "next"))
    elif data["last_day"] is not None:
        lines.append(say("rooms.own_leaving", day=say.day(date.fromisoformat(data["last_day"]))))
    else:
        lines.append(say("rooms.own_next_day", day=say.day(date.fromisoformat(data["next_on"]))))
    return lines


def _own_bill(say: Speech, bill: Mapping[str, Any], which: str) -> str:
    due_on = date.fromisoformat(bill["due_on"])
    return say(f"rooms.own_{which}_{bill['state']}", won=say.won(bill["won"]), day=say.day(due_on))
