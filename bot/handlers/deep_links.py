"""Where the payload of a deep link leads."""

from __future__ import annotations

from bot.handlers import parties
from bot.screen import Replies, Say
from bot.tap import INVITE, Tap
from bot.views import errors as error_views
from core.errors import BusinessError


async def follow(tap: Tap, payload: str) -> Replies:
    """Return what a link's payload points at; None for one that is not ours.

    A link that leads nowhere any more says so and undoes nothing else: the consent that opened it stays given.
    """
    if not payload.startswith(INVITE):
        return None
    try:
        async with tap.session.begin_nested():
            return await parties.invited(tap, payload.removeprefix(INVITE))
    except BusinessError as error:
        return Say(error_views.screen(tap.say, error))
