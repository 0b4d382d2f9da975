"""What to watch next: a list page by page, and what may be said about each title on it."""

from __future__ import annotations

from collections.abc import Sequence

from bot.recommending import Suggestion
from bot.screen import Edit, Replies, Say, Screen, Toast
from bot.tap import Tap
from bot.views import errors
from bot.views import picks as pick_views
from bot.views import recommend as views
from bot.views.recommend import AT_ONCE, Entry, Page
from core import titles as core
from core.errors import InvalidInput, Outdated
from core.people import AgeBand
from core.rooms import doors
from core.titles import Browsing, Mark, Title

SIMILAR = 6
# How a button carries why a title is set aside.
MARKS = {"no": Mark.NOT_INTERESTED, "seen": Mark.SEEN}


async def recommend(tap: Tap) -> Replies:
    """Show the ten titles that fit best now."""
    return Say(await anew(tap))


async def page(tap: Tap) -> Replies:
    """Show the round's page that begins at a place (`rec:round:begin`): the next ten, or some that were shown."""
    return await _on_page(tap, tap.number(0), tap.number(1))


async def anew(tap: Tap) -> Screen:
    """Return the first page of a new list."""
    return await _page(tap, await core.begin_round(tap.session, tap.person.id), 0)


async def _on_page(tap: Tap, number: int, begin: int, *before: Toast) -> Replies:
    try:
        row = await core.go_on(tap.session, tap.person.id, number, begin)
    except Outdated as error:
        row = await core.browsing(tap.session, tap.person.id)
        return [*(before or [errors.toast(tap.say, error)]), Edit(await _page(tap, row, 0))]
    return [*before, Edit(await _page(tap, row, begin))]


async def _page(tap: Tap, row: Browsing, begin: int) -> Screen:
    """Return the page from place `begin` on: as it was shown, or the next ten, which are noted as shown."""
    window = row.shown[begin : begin + AT_ONCE]
    filters = await core.filters_of(tap.session, tap.person.id)
    recommending = tap.around.recommending
    if window:
        picks = await recommending.recommend(tap.session, tap.person, only=window)
    elif begin >= core.LONGEST_ROUND:
        return views.nothing_left(tap.say, begin)
    else:
        picks = await recommending.recommend(tap.session, tap.person, n=AT_ONCE, exclude=row.shown, filters=filters)
        window = [pick.title.id for pick in picks]
        await core.note_shown(tap.session, row, window)
    if not window and filters.active:
        left = await recommending.left_without(tap.session, tap.person, filters, row.shown)
        return views.filtered_out(tap.say, filters, left, begin, await core.service_names(tap.session))
    if not window:
        return views.nothing_left(tap.say, begin)
    page = Page(
        entries=await _entries(tap, window, picks),
        round=row.round,
        begin=begin,
        filters=filters,
        services=await core.service_names(tap.session),
    )
    return views.suggestions(
        tap.say,
        tap.person,
        page,
        ratings=await core.count_ratings(tap.session, tap.person.id),
        has_room=bool(await doors(tap.session, tap.person.id)),
    )


async def _entries(tap: Tap, window: Sequence[int], picks: Sequence[Suggestion]) -> list[Entry]:
    by_id = {pick.title.id: pick for pick in picks}
    gone = [title_id for title_id in window if title_id not in by_id]
    titles = await core.get_titles(tap.session, gone)
    marks = await core.marks_of(tap.session, tap.person.id) if gone else {}
    ratings = await core.ratings_of(tap.session, tap.person.id) if gone else {}
    entries: list[Entry] = []
    for title_id in window:
        if title_id in by_id:
            entries.append(Entry(by_id[title_id].title, by_id[title_id]))
        elif title_id in titles:
            entries.append(Entry(titles[title_id], None, marks.get(title_id), ratings.get(title_id)))
    return entries


async def _title(tap: Tap) -> Title:
    return await core.get_title(tap.session, tap.number(0), adult=tap.person.age_band is AgeBand.ADULT)


def _place(tap: Tap, at: int) -> tuple[int, int]:
    """Return the round and the page from which a button came, as it carries them from its argument `at` on."""
    return tap.number(at), tap.number(at + 1)


async def pick(tap: Tap) -> Replies:
    """Open a title of the list in its place (`pick:title:round:begin`)."""
    title, place = await _title(tap), _place(tap, 1)
    found = await tap.around.recommending.recommend(tap.session, tap.person, only=[title.id])
    if not found:
        return await _on_page(tap, *place)  # rated or set aside meanwhile
    services = await core.services_of(tap.session, title)
    return Edit(pick_views.card(tap.say, found[0], services, place))


async def why(tap: Tap) -> Replies:
    """Show the numbers behind a title of the list (`pwhy:title:round:begin`)."""
    title, place = await _title(tap), _place(tap, 1)
    explanation = await tap.around.recommending.explain(tap.session, tap.person, title)
    if explanation is None:
        return await _on_page(tap, *place)
    return Edit(pick_views.numbers(tap.say, explanation, place))


async def similar(tap: Tap) -> Replies:
    """List titles like this one (`tsim:title`)."""
    title = await _title(tap)
    found = await tap.around.recommending.similar(tap.session, tap.person, title, SIMILAR)
    return Say(pick_views.similar(tap.say, title, found))


async def seen(tap: Tap) -> Replies:
    """Ask how they liked what they have seen (`pseen:title:round:begin`)."""
    return Edit(pick_views.how_was_it(tap.say, await _title(tap), _place(tap, 1)))


async def give(tap: Tap) -> Replies:
    """Keep stars given on the list and draw it anew (`pgive:title:halves:round:begin`): it has learned from them."""
    title, halves = await _title(tap), tap.number(1)
    await core.rate(tap.session, tap.person.id, title.id, halves, tap.now)
    return [Toast(tap.say.plain("titles.rated", stars=tap.say.stars(halves))), Edit(await anew(tap))]


async def aside(tap: Tap) -> Replies:
    """Set a title aside (`paside:title:no|seen:round:begin`); its place on the page says so and offers it back."""
    mark = MARKS.get(tap.arg(1))
    if mark is None:
        raise InvalidInput(field="button", rule="mark")
    title, place = await _title(tap), _place(tap, 2)
    await core.set_aside(tap.session, tap.person.id, title.id, mark, tap.now)
    return await _on_page(tap, *place, Toast(tap.say.plain(f"recommend.aside_{mark}")))


async def back(tap: Tap) -> Replies:
    """Take back that a title was set aside (`pback:title:round:begin`)."""
    title, place = await _title(tap), _place(tap, 1)
    await core.take_back(tap.session, tap.person.id, title.id)
    return await _on_page(tap, *place, Toast(tap.say.plain("recommend.taken_back")))
