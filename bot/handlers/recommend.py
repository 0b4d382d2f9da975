"""What to watch next."""

from __future__ import annotations

from zlib import crc32

from bot.screen import Edit, Replies, Say, Screen
from bot.tap import Tap
from bot.views import recommend as views
from core import titles as core

AT_ONCE = 10
FURTHEST = 50


async def recommend(tap: Tap) -> Replies:
    """Show the ten titles that fit best now."""
    return Say(await _list(tap, skip=0))


async def again(tap: Tap) -> Replies:
    """Draw the list anew where something was rated meanwhile, else show the ten after it (`rec:state:shown`)."""
    shown = tap.number(1) + AT_ONCE
    unchanged = tap.arg(0) == await _state(tap)
    return Edit(await _list(tap, skip=shown if unchanged and 0 < shown < FURTHEST else 0))


async def _list(tap: Tap, skip: int) -> Screen:
    picks = await tap.around.recommending.recommend(tap.session, tap.person, n=AT_ONCE, skip=skip)
    if not picks:
        return views.nothing_left(tap.say, skip)
    return views.suggestions(
        tap.say,
        tap.person,
        picks,
        ratings=await core.count_ratings(tap.session, tap.person.id),
        skipped=skip,
        again=f"rec:{await _state(tap)}:{skip}",
    )


async def _state(tap: Tap) -> str:
    """Return a short mark of all that the person has said about their taste."""
    said = (sorted((await core.ratings_of(tap.session, tap.person.id)).items()), tap.person.genres)
    return f"{crc32(repr(said).encode()):08x}"
