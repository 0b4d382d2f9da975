"""Looking titles up and rating them, one by one or one after another."""

from __future__ import annotations

from bot import dialog
from bot.screen import Edit, Replies, Say, Screen, Toast
from bot.tap import Tap
from bot.views import titles as views
from core import titles as core
from core.people import AgeBand
from core.titles import Title

MOST_FOUND = 8


def _adult(tap: Tap) -> bool:
    return tap.person.age_band is AgeBand.ADULT


async def find(tap: Tap) -> Replies:
    """Look up the words behind the command, or ask for some."""
    if tap.args:
        return await _results(tap, " ".join(tap.args))
    await dialog.ask(tap.session, tap.person.id, "find", tap.now)
    return Say(views.ask_find(tap.say))


async def find_these(tap: Tap) -> Replies:
    """Look up the words that the button carries."""
    return await _results(tap, ":".join(tap.args))


async def take_find(tap: Tap) -> Replies:
    """Look up the words that were asked for; when they find nothing the next words are another try."""
    if tap.text.split():
        await dialog.forget(tap.session, tap.person.id)
    return await _results(tap, tap.text)


async def _results(tap: Tap, words: str) -> Replies:
    if not words.split():
        return Say(views.ask_find(tap.say))
    found = await core.search(tap.session, words, adult=_adult(tap), limit=MOST_FOUND)
    if not found.total:
        await dialog.ask(tap.session, tap.person.id, "find", tap.now)
        return Say(views.none_found(tap.say, words))
    if found.total == 1:
        return Say(await _card(tap, found.titles[0]))
    return Say(views.found(tap.say, words, found))


async def _title(tap: Tap) -> Title:
    return await core.get_title(tap.session, tap.number(0), adult=_adult(tap))


async def _card(tap: Tap, title: Title) -> Screen:
    services = await core.services_of(tap.session, title)
    return views.card(tap.say, title, services, await core.rating_of(tap.session, tap.person.id, title.id))


async def show(tap: Tap) -> Replies:
    """Open a title's card below the list it was chosen from."""
    return Say(await _card(tap, await _title(tap)))


async def card(tap: Tap) -> Replies:
    """Go back from the stars to the card."""
    return Edit(await _card(tap, await _title(tap)))


async def stars(tap: Tap) -> Replies:
    """Offer the half stars on the card."""
    title = await _title(tap)
    services = await core.services_of(tap.session, title)
    given = await core.rating_of(tap.session, tap.person.id, title.id)
    return Edit(views.stars(tap.say, title, services, given))


async def give(tap: Tap) -> Replies:
    """Keep the stars chosen on the card."""
    title, halves = await _title(tap), tap.number(1)
    await core.rate(tap.session, tap.person.id, title.id, halves, tap.now)
    return [Toast(tap.say.plain("titles.rated", stars=tap.say.stars(halves))), Edit(await _card(tap, title))]


async def take_back(tap: Tap) -> Replies:
    """Take the stars of a card back."""
    title = await _title(tap)
    had_one = await core.unrate(tap.session, tap.person.id, title.id)
    said = "titles.taken_back" if had_one else "titles.nothing_to_take_back"
    return [Toast(tap.say.plain(said)), Edit(await _card(tap, title))]


async def rate(tap: Tap) -> Replies:
    """Begin a round of titles to rate."""
    # Another order every minute, so that a new round does not begin with what was just skipped.
    return Say(await _next(tap, position=0, seed=int(tap.now.timestamp()) // 60 % 100_000))


async def rate_and_next(tap: Tap) -> Replies:
    """Keep the stars of a round's title and show the next one (`rate:title:halves:position:seed`)."""
    title, halves, position, seed = await _title(tap), tap.number(1), tap.number(2), tap.number(3)
    await core.rate(tap.session, tap.person.id, title.id, halves, tap.now)
    if await core.count_ratings(tap.session, tap.person.id) == views.GOAL:
        return Edit(views.goal_reached(tap.say, title, halves, position, seed))
    return Edit(await _next(tap, position + 1, seed, just_rated=(title, halves)))


async def skip(tap: Tap) -> Replies:
    """Show the round's next title without rating this one (`rskip:position:seed`)."""
    return Edit(await _next(tap, tap.number(0) + 1, tap.number(1)))


async def stop(tap: Tap) -> Replies:
    """End the round."""
    return Edit(views.stopped(tap.say, await core.count_ratings(tap.session, tap.person.id)))


async def _next(tap: Tap, position: int, seed: int, just_rated: tuple[Title, int] | None = None) -> Screen:
    person = tap.person
    coming = await core.next_to_rate(
        tap.session, person.id, person.genres, seed=seed, position=position, adult=_adult(tap)
    )
    if coming is None:
        return views.round_over(tap.say)
    return views.to_rate(tap.say, coming, seed, await core.count_ratings(tap.session, person.id), just_rated)
