"""What to watch together: a room's evening, from who watches to what it will be."""

from __future__ import annotations

from bot.evenings import Scene, scene
from bot.handlers import recommend as alone
from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Reply, Say, Screen, Toast
from bot.tap import Tap
from bot.views import evenings as views
from core import rooms as core
from core.errors import InvalidInput, NotYours, Outdated
from core.people import SHOW_TASTE, AgeBand, agree_to, agreed_to, withdraw
from core.rooms import Evening
from core.titles import get_title


async def _as_it_stands(tap: Tap) -> Screen:
    evening = await core.evening_of(tap.session, tap.number(0), tap.person.id)
    return views.evening(tap.say, await _scene(tap, evening), tap.person)


redrawn = redrawn_by(_as_it_stands)


async def recommend(tap: Tap) -> Replies:
    """Recommend: to the room that the person is in, and to them alone elsewhere."""
    room = await core.present_room(tap.session, tap.person.id)
    return await alone.recommend(tap) if room is None else await _begin(tap, room.party_id)


async def choose(tap: Tap) -> Replies:
    """Begin an evening in the person's room, or ask in which (`eves`)."""
    doors = await core.doors(tap.session, tap.person.id)
    if not doors:
        return Say(views.no_room(tap.say))
    return await _begin(tap, doors[0].room.party_id) if len(doors) == 1 else Say(views.choose(tap.say, doors))


async def begin(tap: Tap) -> Replies:
    """Begin an evening in the room of a party, or come to the one that is under way (`eve:party`)."""
    return await _begin(tap, tap.number(0))


async def agree(tap: Tap) -> Replies:
    """Agree that others see what one would like, and begin (`eveyes:party`)."""
    await agree_to(tap.session, tap.person.id, SHOW_TASTE, tap.now)
    return await _begin(tap, tap.number(0))


async def _begin(tap: Tap, party_id: int) -> Replies:
    if not await agreed_to(tap.session, [tap.person.id], SHOW_TASTE):
        # Whose room it is not hears so before they are asked for anything.
        await core.door_of(tap.session, tap.person.id, party_id)
        return Say(views.ask(tap.say, party_id))
    evening = await core.begin(tap.session, tap.person.id, party_id, tap.now)
    on_sent = core.tell(evening, await core.seat_on(tap.session, evening, tap.person.id))
    screen = views.evening(tap.say, await _scene(tap, evening), tap.person)
    await core.show_others(tap.session, evening, tap.person.id, tap.now)
    return Say(screen, on_sent=on_sent)


async def show(tap: Tap) -> Replies:
    """Draw the evening as it stands (`eveshow:evening`)."""
    return Edit(await _as_it_stands(tap))


@redrawn
async def watch(tap: Tap) -> Replies:
    """Let somebody watch tonight, or not (`evein:evening:person:1|0`)."""
    evening, person_id, wish = await _evening(tap), tap.number(1), tap.arg(2)
    if wish not in {"1", "0"}:
        raise InvalidInput(field="button", rule="watch")
    found = next((one for one in await core.company(tap.session, evening) if one.person.id == person_id), None)
    if found is None:
        raise Outdated(what="evening")
    if not found.agreed and person_id == tap.person.id:
        return Edit(views.ask_to_join(tap.say, evening.id))
    if not found.agreed:
        raise NotYours(what="taste", nickname=found.person.nickname or tap.say.plain("rooms.nameless"))
    await core.watch(tap.session, evening, person_id, watches=wish == "1")
    return await _changed(tap, evening)


@redrawn
async def join(tap: Tap) -> Replies:
    """Agree that others see what one would like, and watch too (`evejoin:evening`)."""
    evening = await _evening(tap)
    await agree_to(tap.session, tap.person.id, SHOW_TASTE, tap.now)
    await core.watch(tap.session, evening, tap.person.id, watches=True)
    return await _changed(tap, evening)


@redrawn
async def veto(tap: Tap) -> Replies:
    """Take a title off tonight's list (`eveno:evening:title`)."""
    evening = await _evening(tap)
    await _require_watching(tap, evening)
    title = await get_title(tap.session, tap.number(1), adult=tap.person.age_band is AgeBand.ADULT)
    if not await core.veto_title(tap.session, evening, tap.person.id, title.id, tap.now):
        return await _shown(tap, evening)
    return await _changed(tap, evening, Toast(tap.say.plain("evenings.vetoed", name=views.called(tap.say, title))))


@redrawn
async def unveto(tap: Tap) -> Replies:
    """Take the own last veto back (`eveundo:evening`)."""
    evening = await _evening(tap)
    if not await core.take_veto_back(tap.session, evening, tap.person.id, tap.now):
        return await _shown(tap, evening)
    return await _changed(tap, evening, Toast(tap.say.plain("evenings.veto_taken_back")))


@redrawn
async def pick(tap: Tap) -> Replies:
    """Watch this title tonight (`eveok:evening:title`)."""
    evening, title_id = await _evening(tap), tap.number(1)
    await _require_watching(tap, evening)
    now = await _scene(tap, evening)
    chosen = next((one for one in now.together.picks if one.title.id == title_id), None)
    if chosen is None:  # vetoed or rated meanwhile
        raise Outdated(what="evening_list")
    worth = {person.id: share for person, share in zip(now.watching, chosen.worth, strict=True)}
    await core.pick(tap.session, evening, tap.person.id, title_id, worth, tap.now)
    await core.show_others(tap.session, evening, tap.person.id, tap.now, picked=True)
    return await _shown(tap, evening)


@redrawn
async def call_off(tap: Tap) -> Replies:
    """End the evening without a title (`eveoff:evening`)."""
    evening = await _evening(tap)
    await core.call_off(tap.session, evening, tap.person.id, tap.now)
    return await _changed(tap, evening)


async def _evening(tap: Tap) -> Evening:
    """Return the evening of a button; one that is over is drawn in its place."""
    evening = await core.evening_of(tap.session, tap.number(0), tap.person.id)
    if not core.is_open(evening, tap.now):
        raise Outdated(what="evening")
    return evening


async def _require_watching(tap: Tap, evening: Evening) -> None:
    watching = (one.person.id for one in await core.company(tap.session, evening) if one.watches)
    if tap.person.id not in watching:
        raise NotYours(what="evening")


async def _changed(tap: Tap, evening: Evening, *before: Reply) -> Replies:
    await core.show_others(tap.session, evening, tap.person.id, tap.now)
    return await _shown(tap, evening, *before)


async def _shown(tap: Tap, evening: Evening, *before: Reply) -> Replies:
    return [*before, Edit(views.evening(tap.say, await _scene(tap, evening), tap.person))]


async def _scene(tap: Tap, evening: Evening) -> Scene:
    return await scene(tap.session, tap.around.recommending, evening, tap.now)


async def visibility(tap: Tap) -> Replies:
    """Say whether others see what one would like (`taste`), or change it (`taste:on|off`)."""
    if not tap.args:
        return Say(await _visibility(tap))
    match tap.arg(0):
        case "on":
            await agree_to(tap.session, tap.person.id, SHOW_TASTE, tap.now)
        case "off":
            await withdraw(tap.session, tap.person.id, SHOW_TASTE)
            await core.leave_evenings(tap.session, tap.person.id, tap.now)
        case _:
            raise InvalidInput(field="button", rule="taste")
    return Edit(await _visibility(tap))


async def _visibility(tap: Tap) -> Screen:
    return views.visibility(tap.say, shown=bool(await agreed_to(tap.session, [tap.person.id], SHOW_TASTE)))
