"""A room's evening as a screen for one reader: who watches, five titles with a line per person, vetoes, the pick."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bot.evenings import Scene
from bot.recommending import RoomPick
from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.rooms import title as room_name
from bot.views.titles import kind, name, shortened
from core.people import Person
from core.rooms import Companion, Door
from core.titles import Title

_NAME_LENGTH = 48


def called(say: Speech, title: Title) -> str:
    """Return what a title is called, short enough for a line."""
    return shortened(name(say, title), _NAME_LENGTH)


def _nickname(say: Speech, person: Person) -> str:
    return person.nickname or say.plain("rooms.nameless")


def _nicknames(say: Speech, people: Iterable[Person]) -> str:
    return ", ".join(_nickname(say, person) for person in people)


def no_room(say: Speech) -> Screen:
    """There is nobody to watch with yet."""
    return Screen(say("evenings.no_room"), rows=[[Button(say.plain("rooms.to_my"), data="go:my")]])


def choose(say: Speech, doors: Sequence[Door]) -> Screen:
    """Several rooms: with whom?"""
    rows = [[Button(room_name(say, door.subject.words()), data=f"eve:{door.subject.party_id}")] for door in doors]
    return Screen(say("evenings.choose"), rows=rows)


def ask(say: Speech, party_id: int) -> Screen:
    """Before the first evening: what the others will see of one."""
    rows = [
        [Button(say.plain("evenings.agree"), data=f"eveyes:{party_id}")],
        [Button(say.plain("evenings.alone"), data="recme")],
    ]
    return Screen(say("evenings.consent"), rows=rows)


def ask_to_join(say: Speech, evening_id: int) -> Screen:
    """The same question to somebody who is asked to an evening."""
    rows = [
        [Button(say.plain("evenings.agree"), data=f"evejoin:{evening_id}")],
        [Button(say.plain("titles.back"), data=f"eveshow:{evening_id}")],
    ]
    return Screen(say("evenings.consent"), rows=rows)


def evening(say: Speech, scene: Scene, reader: Person) -> Screen:
    """An evening as it stands, with what its reader may do."""
    if not scene.is_open:
        return _over(say, scene)
    blocks = [_head(say, scene), *(_line(say, at, one, scene) for at, one in enumerate(scene.together.picks, 1))]
    if not scene.together.picks:
        blocks.append(say("evenings.nothing_left" if scene.watching else "evenings.who_watches"))
    else:
        blocks.append(say("evenings.legend"))
    return Screen("\n\n".join(blocks), rows=_rows(say, scene, reader))


def _head(say: Speech, scene: Scene) -> str:
    lines = [say("evenings.heading", title=room_name(say, scene.subject.words()))]
    if scene.watching:
        lines.append(say("evenings.watching", people=_nicknames(say, scene.watching)))
    if scene.counted_more:
        lines.append(say("evenings.counted_more", people=_nicknames(say, scene.counted_more)))
    if scene.vetoed:
        by = {one.person.id: one.person for one in scene.company}
        counts = [
            say.plain("evenings.count", nickname=_nickname(say, by[person_id]), n=n)
            for person_id, n in scene.vetoed.items()
            if person_id in by
        ]
        total = sum(scene.vetoed.values())
        lines.append(say("evenings.vetoes", n=total, counts=" · ".join(counts)))
    return "\n".join(lines)


def _line(say: Speech, number: int, one: RoomPick, scene: Scene) -> str:
    entry = say(
        "evenings.entry", number=number, name=called(say, one.title), year=one.title.year, kind=kind(say, one.title)
    )
    stars = " · ".join(
        say("evenings.stars", nickname=_nickname(say, person), stars=f"{given:.1f}")
        for person, given in zip(scene.watching, one.stars, strict=True)
    )
    return f"{entry}\n{stars}"


def _rows(say: Speech, scene: Scene, reader: Person) -> list[list[Button]]:
    number = scene.evening.id
    rows = []
    if scene.together.picks and reader.id in {person.id for person in scene.watching}:
        rows += [
            [
                Button(say.plain(f"evenings.{does}", number=at), data=f"{verb}:{number}:{one.title.id}")
                for at, one in enumerate(scene.together.picks, 1)
            ]
            for does, verb in (("pick", "eveok"), ("veto", "eveno"))
        ]
    people = [_toggle(say, number, one) for one in scene.company]
    rows += [people[at : at + 2] for at in range(0, len(people), 2)]
    if scene.vetoed.get(reader.id):
        rows.append([Button(say.plain("evenings.undo"), data=f"eveundo:{number}")])
    alone = Button(say.plain("evenings.alone"), data="recme")
    return [*rows, [alone, Button(say.plain("evenings.stop"), data=f"eveoff:{number}")]]


def _toggle(say: Speech, number: int, one: Companion) -> Button:
    which = "watches" if one.watches else "may_watch" if one.agreed else "not_asked"
    label = say.plain(f"evenings.{which}", nickname=_nickname(say, one.person))
    return Button(label, data=f"evein:{number}:{one.person.id}:{0 if one.watches else 1}")


def _over(say: Speech, scene: Scene) -> Screen:
    room = room_name(say, scene.subject.words())
    if scene.title is None:
        return Screen(
            say("evenings.over", title=room),
            rows=[[Button(say.plain("evenings.again"), data=f"eve:{scene.subject.party_id}")]],
        )
    return Screen(
        "\n".join(
            [
                say("evenings.picked", name=called(say, scene.title), year=scene.title.year),
                say("evenings.picked_with", people=_nicknames(say, scene.watching)),
            ]
        ),
        rows=[[Button(say.plain("evenings.open_title"), data=f"title:{scene.title.id}")]],
    )


def settled(say: Speech, scene: Scene) -> Screen:
    """What stays of the list once something is picked."""
    room = room_name(say, scene.subject.words())
    return Screen(say("evenings.settled", title=room, name=called(say, scene.title) if scene.title else ""))


def visibility(say: Speech, *, shown: bool) -> Screen:
    """Whether others in rooms see what one would like, and the switch."""
    switch = Button(say.plain(f"evenings.switch_{'off' if shown else 'on'}"), data=f"taste:{'off' if shown else 'on'}")
    return Screen(say(f"evenings.visibility_{'on' if shown else 'off'}"), rows=[[switch]])
