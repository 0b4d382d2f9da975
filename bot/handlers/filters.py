"""What the list of recommendations may hold: filters, and the titles that were set aside."""

from __future__ import annotations

from dataclasses import replace

from bot.handlers.recommend import anew
from bot.screen import Edit, Replies, Screen, Toast
from bot.tap import Tap
from bot.views import filters as views
from core import titles as core
from core.catalogue import Service
from core.errors import InvalidInput
from core.parties import shared_services
from core.people import AgeBand
from core.titles import Filters, TitleKind

ASIDE_AT_ONCE = 8
ANY = "any"


async def filters(tap: Tap) -> Replies:
    """Show the filters (`flt`), the choices of one (`flt:genre`), or choose (`flt:genre:drama`)."""
    name, choice = (*tap.args, "", "")[:2]
    chosen = await core.filters_of(tap.session, tap.person.id)
    if not name:
        return Edit(await _overview(tap, chosen))
    if not choice:
        return Edit(await _choices(tap, chosen, name))
    changed = await _changed(tap, chosen, name, choice)
    await core.keep_filters(tap.session, tap.person.id, changed)
    # Several services may be chosen one after the other; of the rest there is one.
    return Edit(await (_choices(tap, changed, name) if name == "services" else _overview(tap, changed)))


async def show(tap: Tap) -> Replies:
    """Go from the filters to the list, drawn anew (`fltlist`)."""
    return Edit(await anew(tap))


async def loosen(tap: Tap) -> Replies:
    """Drop the filter that left nothing, or all (`fltoff:genre`), and show what there is now."""
    chosen = await core.filters_of(tap.session, tap.person.id)
    await core.keep_filters(tap.session, tap.person.id, chosen.without(tap.arg(0)))
    return Edit(await anew(tap))


async def _changed(tap: Tap, chosen: Filters, name: str, choice: str) -> Filters:
    if choice == ANY:
        return chosen.without(name)
    match name:
        case "kind" if choice in set(TitleKind):
            return replace(chosen, kind=TitleKind(choice))
        case "genre":
            return replace(chosen, genre=choice)
        case "mood":
            return replace(chosen, mood=choice)
        case "services" if choice == "mine":
            known = await _services(tap)
            mine = (slug for slug in await shared_services(tap.session, tap.person.id) if slug in known)
            return replace(chosen, services=tuple(mine))
        case "services" if tap.arg(2) == "on":
            return replace(chosen, services=tuple(dict.fromkeys((*chosen.services, choice))))
        case "services":
            return replace(chosen, services=tuple(slug for slug in chosen.services if slug != choice))
    raise InvalidInput(field="button", rule="filter")


async def _services(tap: Tap) -> dict[str, Service]:
    """Return the services that have something to show."""
    shown = await tap.around.recommending.services(tap.session)
    named = await core.service_names(tap.session)
    return {slug: service for slug, service in named.items() if slug in shown}


async def _overview(tap: Tap, chosen: Filters) -> Screen:
    hidden = len(await core.marks_of(tap.session, tap.person.id))
    return views.overview(tap.say, chosen, await core.service_names(tap.session), hidden)


async def _choices(tap: Tap, chosen: Filters, name: str) -> Screen:
    match name:
        case "kind":
            return views.kinds(tap.say, chosen)
        case "genre":
            return views.genres(tap.say, chosen)
        case "mood":
            return views.moods(tap.say, chosen)
        case "services":
            known = await _services(tap)
            mine = [slug for slug in await shared_services(tap.session, tap.person.id) if slug in known]
            return views.services(tap.say, chosen, known, mine)
    raise InvalidInput(field="button", rule="filter")


async def asides(tap: Tap) -> Replies:
    """List what was set aside (`asides:begin`)."""
    return Edit(await _asides(tap, tap.number(0)))


async def unaside(tap: Tap) -> Replies:
    """Let a title onto the lists again (`unaside:title:begin`)."""
    title_id, begin = tap.number(0), tap.number(1)
    await core.take_back(tap.session, tap.person.id, title_id)
    return [Toast(tap.say.plain("recommend.taken_back")), Edit(await _asides(tap, begin))]


async def _asides(tap: Tap, begin: int) -> Screen:
    adult = tap.person.age_band is AgeBand.ADULT
    found = await core.aside_page(tap.session, tap.person.id, begin=begin, limit=ASIDE_AT_ONCE, adult=adult)
    return views.asides(tap.say, found, ASIDE_AT_ONCE)
