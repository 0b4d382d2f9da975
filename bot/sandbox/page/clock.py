"""The demo's clock over HTTP: read it, and move it forward."""

import asyncio
import inspect
import json
import logging
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeAlias

from aiohttp import web

Due: TypeAlias = tuple[datetime, str]

LONGEST_MOVE = timedelta(days=400)
DUE_SHOWN = 12

_log = logging.getLogger(__name__)


class ClockControl(Protocol):
    """What the page needs of the demo's clock; every instant is aware."""

    def now(self) -> datetime:
        """Tell the demo's present instant."""

    async def move_to(self, instant: datetime) -> None:
        """Move forward to the instant, doing on the way whatever falls due, and return when it is done."""

    def due(self) -> Sequence[Due] | Awaitable[Sequence[Due]]:
        """List the next instants worth going to, each with a short label; may be empty, may be a coroutine."""


class RefusedMoveError(Exception):
    """The clock stays where it is; `reason` is the page's key for the sentence that says why."""

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class ClockDesk:
    """Serves the clock to any number of open pages and lets one move happen at a time."""

    def __init__(self, clock: ClockControl) -> None:
        self._clock = clock
        self._moving_to: datetime | None = None

    async def read(self, request: web.Request) -> web.Response:
        """Answer with the present instant, a move under way and what is due next."""
        return web.json_response(await self._state())

    async def move(self, request: web.Request) -> web.Response:
        """Move the clock as the body asks and answer when it has arrived.

        The body is one of `{"hours": n}`, `{"days": n}`, `{"next": true}`, `{"to": "2026-12-01T09:00+09:00"}`.
        """
        try:
            target = await self._target(await _body(request))
            if self._moving_to is not None:
                raise RefusedMoveError("moving", 409)
        except RefusedMoveError as refused:
            return web.json_response({"error": refused.reason}, status=refused.status)

        self._moving_to = target
        try:
            await self._clock.move_to(target)
        except asyncio.CancelledError:
            raise
        except Exception:  # whatever the demo's wiring raises, the page says that the clock stopped
            _log.exception("the demo's clock could not be moved to %s", target.isoformat())
            return web.json_response({"error": "stopped"}, status=500)
        finally:
            self._moving_to = None
        return web.json_response(await self._state())

    async def _target(self, body: dict[str, object]) -> datetime:
        now = self._clock.now()
        match body:
            case {"hours": int(hours)} if 0 < hours <= LONGEST_MOVE // timedelta(hours=1):
                target = now + timedelta(hours=hours)
            case {"days": int(days)} if 0 < days <= LONGEST_MOVE.days:
                target = now + timedelta(days=days)
            case {"next": True}:
                upcoming = await self._upcoming()
                if not upcoming:
                    raise RefusedMoveError("nothing_due", 409)
                target = upcoming[0][0]
            case {"to": str(instant)}:
                target = _instant(instant)
            case _:
                raise RefusedMoveError("unclear", 400)
        if target <= now:
            raise RefusedMoveError("not_forward", 400)
        if target - now > LONGEST_MOVE:
            raise RefusedMoveError("too_far", 400)
        return target

    async def _upcoming(self) -> list[Due]:
        found = self._clock.due()
        due = await found if inspect.isawaitable(found) else found
        now = self._clock.now()
        return sorted((at, label) for at, label in due if at > now)[:DUE_SHOWN]

    async def _state(self) -> dict[str, object]:
        upcoming = await self._upcoming()
        return {
            "now": self._clock.now().isoformat(),
            "moving_to": self._moving_to.isoformat() if self._moving_to else None,
            "due": [{"at": at.isoformat(), "label": label} for at, label in upcoming],
        }


async def _body(request: web.Request) -> dict[str, object]:
    # Another site's page can post a form to this address but no JSON: that needs a preflight, which nobody answers.
    if request.content_type != "application/json":
        raise RefusedMoveError("unclear", 415)
    try:
        body = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RefusedMoveError("unclear", 400) from error
    if not isinstance(body, dict):
        raise RefusedMoveError("unclear", 400)
    return body


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise RefusedMoveError("unclear", 400) from error
    if instant.tzinfo is None:
        raise RefusedMoveError("unclear", 400)
    return instant.astimezone(UTC)
