"""An outdated button, or one of a party that its reader has left: say why, and draw what is true now in its place."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps

from bot.screen import Edit, Replies, Screen
from bot.tap import Tap
from bot.views import errors
from core.errors import BusinessError, NotMember, Outdated

Handle = Callable[[Tap], Awaitable[Replies]]
Draw = Callable[[Tap], Awaitable[Screen]]


def redrawn_by(draw: Draw) -> Callable[[Handle], Handle]:
    """Let a handler that finds its button outdated, or its reader gone, roll back and show what is true instead."""

    def decorate(handle: Handle) -> Handle:
        @wraps(handle)
        async def run(tap: Tap) -> Replies:
            try:
                async with tap.session.begin_nested():
                    return await handle(tap)
            except (Outdated, NotMember) as error:
                try:
                    return [errors.toast(tap.say, error), Edit(await draw(tap))]
                except BusinessError:
                    raise error from None  # there is nothing to draw: why it was refused says more

        return run

    return decorate
