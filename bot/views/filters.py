"""Filters of the recommendations, and the titles that were set aside, as screens."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.screen import Button, Screen
from bot.texts import Speech
from bot.views.titles import genres as genre_names
from bot.views.titles import listed, name, shortened
from core.catalogue import Service
from core.people import GENRES
from core.titles import MOODS, AsidePage, Filters, TitleKind

Services = Mapping[str, Service]
_LABEL_LENGTH = 40


def service_name(say: Speech, services: Services, slug: str) -> str:
    """Return what a service is called; its slug where it is unknown."""
    service = services.get(slug)
    if service is None:
        return slug
    return service.name_ko if say.language == "ko" else service.name_en


def chosen(say: Speech, filters: Filters, name: str, services: Services) -> str:
    """Return what one filter is set to, in words."""
    match name:
        case "kind" if filters.kind:
            return say.plain(f"titles.kind_{filters.kind}")
        case "genre" if filters.genre:
            return genre_names(say, [filters.genre])
        case "mood" if filters.mood:
            return say.plain(f"recommend.mood_{filters.mood}")
        case "services" if filters.services:
            return listed(say, [service_name(say, services, slug) for slug in filters.services])
    return say.plain("recommend.any")


def summary(say: Speech, filters: Filters, services: Services) -> str:
    """Return all filters that keep something out, in one line."""
    return " / ".join(chosen(say, filters, name, services) for name in filters.active)


def overview(say: Speech, filters: Filters, services: Services, hidden: int) -> Screen:
    """The filters and what they are set to, each a way to its choices."""
    rows = [
        [
            Button(
                say.plain(f"recommend.filter_{name}", chosen=shortened(chosen(say, filters, name, services), 30)),
                data=f"flt:{name}",
            )
        ]
        for name in ("services", "kind", "genre", "mood")
    ]
    if filters.active:
        rows.append([Button(say.plain("recommend.filter_clear"), data="fltoff:all")])
    if hidden:
        rows.append([Button(say.plain("recommend.asides_open", n=hidden), data="asides:0")])
    return Screen(say("recommend.filters"), rows=[*rows, [_to_list(say)]])


def _to_list(say: Speech) -> Button:
    return Button(say.plain("recommend.filter_show"), data="fltlist")


def _back(say: Speech) -> Button:
    return Button(say.plain("titles.back"), data="flt")


def _choice(say: Speech, label: str, data: str, *, on: bool) -> Button:
    return Button(f"✓ {label}" if on else label, data=data)


def _one_of(say: Speech, filter_name: str, words: Mapping[str, str], now: str | None, in_a_row: int) -> Screen:
    buttons = [_choice(say, label, f"flt:{filter_name}:{value}", on=value == now) for value, label in words.items()]
    rows = [buttons[at : at + in_a_row] for at in range(0, len(buttons), in_a_row)]
    anything = _choice(say, say.plain("recommend.any"), f"flt:{filter_name}:any", on=now is None)
    return Screen(say(f"recommend.ask_{filter_name}"), rows=[[anything], *rows, [_back(say)]])


def kinds(say: Speech, filters: Filters) -> Screen:
    """Choose films or series."""
    words = {kind: say.plain(f"titles.kind_{kind}") for kind in TitleKind}
    return _one_of(say, "kind", {str(kind): word for kind, word in words.items()}, filters.kind, 2)


def genres(say: Speech, filters: Filters) -> Screen:
    """Choose a genre."""
    return _one_of(say, "genre", {slug: genre_names(say, [slug]) for slug in GENRES}, filters.genre, 3)


def moods(say: Speech, filters: Filters) -> Screen:
    """Choose a mood."""
    return _one_of(say, "mood", {slug: say.plain(f"recommend.mood_{slug}") for slug in MOODS}, filters.mood, 2)


def services(say: Speech, filters: Filters, known: Services, mine: Sequence[str]) -> Screen:
    """Switch the services one watches on; those shared in a party in one tap."""
    on = set(filters.services)
    buttons = [
        _choice(
            say, service_name(say, known, slug), f"flt:services:{slug}:{'off' if slug in on else 'on'}", on=slug in on
        )
        for slug in known
    ]
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    first = [_choice(say, say.plain("recommend.any"), "flt:services:any", on=not on)]
    if mine:
        label = say.plain("recommend.my_services", services=listed(say, [service_name(say, known, s) for s in mine]))
        first.append(_choice(say, shortened(label, _LABEL_LENGTH), "flt:services:mine", on=on == set(mine)))
    return Screen(say("recommend.ask_services"), rows=[first, *rows, [_back(say)]])


def asides(say: Speech, page: AsidePage, at_once: int) -> Screen:
    """What was set aside, newest first; a tap lets it onto the lists again."""
    rows = [
        [
            Button(
                say.plain(f"recommend.unaside_{mark}", name=shortened(name(say, title), _LABEL_LENGTH)),
                data=f"unaside:{title.id}:{page.begin}",
            )
        ]
        for title, mark in page.titles
    ]
    turn = []
    if page.begin:
        turn.append(Button(say.plain("recommend.earlier"), data=f"asides:{max(page.begin - at_once, 0)}"))
    if page.begin + at_once < page.total:
        turn.append(Button(say.plain("recommend.later"), data=f"asides:{page.begin + at_once}"))
    text = say("recommend.asides", n=page.total) if page.total else say("recommend.asides_none")
    return Screen(text, rows=[*rows, *([turn] if turn else []), [_back(say)]])
