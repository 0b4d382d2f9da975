"""What lies behind a signed link: who may look how often, and a page or a sentence for whoever may not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import ClassVar, Protocol
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from bot.texts import LANGUAGES, SPEECH, Speech, language_of
from bot.views import pay as views
from bot.web.links import LinkInvalid
from bot.web.pages import Pages
from bot.web.throttle import Throttle
from core.clock import Clock
from core.db import database_away
from core.errors import NotFound

VIEWS_A_MINUTE = 30
ATTEMPTS_A_MINUTE = 10
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Links(Protocol):
    """Reads the tokens of one purpose."""

    def read(self, token: str, now: datetime) -> int:
        """Return the id that a token is for; LinkInvalid otherwise."""
        ...


class Turned(Exception):
    """There is nothing to show; the page, or the sentence, that says why."""

    def __init__(self, key: str, status: int, *, look_again: bool = False) -> None:
        super().__init__(key)
        self.key = key
        self.status = status
        self.look_again = look_again


class LinkedPages:
    """Pages behind signed links of one purpose; `area` holds their own sentences for those who are turned away."""

    area: ClassVar[str] = "pay"

    def __init__(self, *, clock: Clock, links: Links, pages: Pages, public_url: str) -> None:
        self._clock = clock
        self._links = links
        self._pages = pages
        self._public_url = public_url
        self._views = Throttle(VIEWS_A_MINUTE)
        self._guesses = Throttle(VIEWS_A_MINUTE)
        self._attempts = Throttle(ATTEMPTS_A_MINUTE)

    def read_link(
        self, request: web.Request, now: datetime, *, counts: bool = True, late_by: timedelta = timedelta()
    ) -> int:
        """Return the id of the link that was followed; Turned for a wrong one, or too many looks a minute.

        `late_by` is how long after its end the link is still taken.
        """
        token = request.match_info["token"]
        try:
            found = self._links.read(token, now - late_by)
        except LinkInvalid as invalid:
            # Counted by address only here: many people share one, and a right link is nobody's guess.
            if not self._guesses.allows(request.remote, now):
                raise Turned("too_many", 429) from None
            raise Turned("expired", 410) if invalid.expired else Turned("forged", 404) from None
        if counts and not self._views.allows(token, now):
            raise Turned("too_many", 429)
        return found

    def check_press(self, request: web.Request, now: datetime) -> None:
        """Let the button of our own page through, so many times a minute; Turned otherwise."""
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        if site != "same-origin" or (origin is not None and origin != _origin(self._public_url)):
            raise Turned("cross_site", 403)
        if not self._attempts.allows(request.match_info["token"], now):
            raise Turned("too_many", 429)

    def or_page(self, handler: Handler) -> Handler:
        """Answer what goes wrong with a page."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except Exception as error:
                turned = _turned(error)
                say = stranger(request)
                page = views.notice_page(say, self._key(say, turned), turned.status)
                return self._pages.draw(say, page, path=request.path)

        return answer

    def or_json(self, handler: Handler) -> Handler:
        """Answer what goes wrong with a sentence for the page's script."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except Exception as error:
                turned = _turned(error)
                say = stranger(request)
                said = {"message": say.plain(self._key(say, turned)), "look_again": turned.look_again}
                return web.json_response(said, status=turned.status, headers=self._pages.headers)

        return answer

    def _key(self, say: Speech, turned: Turned) -> str:
        own = f"{self.area}.{turned.key}"
        return own if say.knows(own) else f"pay.{turned.key}"


def _turned(error: Exception) -> Turned:
    if isinstance(error, Turned):
        return error
    if isinstance(error, NotFound):
        return Turned("forged", 404)
    if database_away(error):
        return Turned("away", 503)
    raise error


async def brought_back(request: web.Request) -> Mapping[str, object]:
    """Return what a browser brings back from the provider's window, in its address or in a form; never believed."""
    return request.query if request.method == "GET" else await request.post()


def query_of(**values: str | None) -> str:
    """Return the query of the values that are given."""
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def asked_language(request: web.Request) -> str | None:
    """Return the language that was asked for in the address."""
    asked = request.query.get("lang")
    return asked if asked in LANGUAGES else None


def stranger(request: web.Request) -> Speech:
    """Return the voice for somebody of whom only the request is known."""
    accepted = request.headers.get("Accept-Language")
    return SPEECH[asked_language(request) or language_of(accepted)]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
