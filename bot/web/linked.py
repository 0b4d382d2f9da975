"""What lies behind a signed link: who may look how often, and a page or a sentence for whoever may not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Protocol
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from bot.settings import Settings
from bot.texts import LANGUAGES, SPEECH, Speech, language_of
from bot.views import pay as views
from bot.web.bootpay_hook import named_receipt
from bot.web.links import LinkInvalid
from bot.web.pages import Pages
from bot.web.throttle import Throttle
from core.billing import Provider
from core.clock import Clock
from core.db import Database, database_away
from core.errors import NotFound
from core.people import Person

log = structlog.get_logger(__name__)
VIEWS_A_MINUTE = 30
ATTEMPTS_A_MINUTE = 10
# Who opened Bootpay's window in the link's last minute still comes back from it.
WINDOW = timedelta(minutes=40)
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


@dataclass(frozen=True)
class Shop:
    """What every page behind a link works with."""

    db: Database
    clock: Clock
    settings: Settings
    bootpay: Provider
    nudge: Callable[[], None]
    bot_username: str

    def pages(self) -> Pages:
        """Return what draws the pages: they may load Bootpay's script, and lead back to the chat."""
        return Pages(
            bootpay_script=self.settings.bootpay_script,
            hosts=self.settings.payment_hosts,
            chat_url=f"https://t.me/{self.bot_username}",
            business_notice=self.settings.business_notice,
            https=self.settings.public_url.startswith("https://"),
        )


class LinkedPages(ABC):
    """What lies under `/<path>/<token>`: a page, its button, and the way back from Bootpay's window.

    `area` holds the pages' own sentences for those who are turned away.
    """

    path: ClassVar[str]
    area: ClassVar[str]

    def __init__(self, shop: Shop, links: Links) -> None:
        self._db, self._clock, self._bootpay, self._nudge = shop.db, shop.clock, shop.bootpay, shop.nudge
        self._links = links
        self._pages = shop.pages()
        self._public_url = shop.settings.public_url
        self._client_key = shop.settings.bootpay_client_key.get_secret_value()
        self._views = Throttle(VIEWS_A_MINUTE)
        self._guesses = Throttle(VIEWS_A_MINUTE)
        self._attempts = Throttle(ATTEMPTS_A_MINUTE)

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses under a link."""
        below = f"/{self.path}/{{token}}"
        return [
            web.get(below, self.or_page(self.show)),
            web.post(f"{below}/attempt", self.or_json(self.attempt)),
            web.get(f"{below}/return", self.or_page(self.come_back)),
            web.post(f"{below}/return", self.or_page(self.come_back)),
        ]

    @abstractmethod
    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show how it stands; Telegram previews links, so this changes nothing."""

    @abstractmethod
    async def attempt(self, request: web.Request) -> web.StreamResponse:
        """Return what Bootpay's script takes to open its window."""

    @abstractmethod
    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Ask Bootpay about what came back from its window; nothing in the address is believed."""

    def return_url(self, request: web.Request) -> str:
        """Return the address to which Bootpay's window leads back."""
        query = query_of(lang=asked_language(request))
        return f"{self._public_url}/{self.path}/{request.match_info['token']}/return{query}"

    def back_to_page(self, request: web.Request, news: str | None) -> web.Response:
        """Send the browser on to the link's page, with what is new there."""
        query = query_of(news=news, lang=asked_language(request))
        address = f"/{self.path}/{request.match_info['token']}{query}"
        return web.Response(status=303, headers={**self._pages.headers, "Location": address})

    def opens_window(self, payload: Mapping[str, Any]) -> web.Response:
        """Hand the page's script what Bootpay's script takes."""
        return web.json_response(payload, headers=self._pages.headers)

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

        def draw(request: web.Request, say: Speech, turned: Turned) -> web.Response:
            page = views.notice_page(say, self._key(say, turned), turned.status)
            return self._pages.draw(say, page, path=request.path)

        return _turning(handler, draw)

    def or_json(self, handler: Handler) -> Handler:
        """Answer what goes wrong with a sentence for the page's script."""

        def tell(request: web.Request, say: Speech, turned: Turned) -> web.Response:
            said = {"message": say.plain(self._key(say, turned)), "look_again": turned.look_again}
            return web.json_response(said, status=turned.status, headers=self._pages.headers)

        return _turning(handler, tell)

    def _key(self, say: Speech, turned: Turned) -> str:
        own = f"{self.area}.{turned.key}"
        return own if say.knows(own) else f"pay.{turned.key}"


def _turning(handler: Handler, answer: Callable[[web.Request, Speech, Turned], web.Response]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception as error:
            return answer(request, stranger(request), _turned(error))

    return handle


def _turned(error: Exception) -> Turned:
    if isinstance(error, Turned):
        return error
    if isinstance(error, NotFound):
        return Turned("forged", 404)
    if database_away(error):
        return Turned("away", 503)
    # A bug of ours: whoever may just have paid gets a sentence all the same, and the log the rest.
    log.error("page_failed", exc_info=error)
    return Turned("away", 500)


async def brought_back(request: web.Request) -> tuple[str | None, str]:
    """Return the receipt that a browser says it brings from Bootpay's window, and how it says that the window ended.

    In its address or in a form; never believed.
    """
    said: Mapping[str, object] = request.query if request.method == "GET" else await request.post()
    event = said.get("event")
    return named_receipt(said), event if isinstance(event, str) else ""


def query_of(**values: str | None) -> str:
    """Return the query of the values that are given."""
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def asked_language(request: web.Request) -> str | None:
    """Return the language that was asked for in the address."""
    asked = request.query.get("lang")
    return asked if asked in LANGUAGES else None


def speech_for(request: web.Request, person: Person) -> Speech:
    """Return the voice for the person whose link it is."""
    return SPEECH[asked_language(request) or person.language]


def stranger(request: web.Request) -> Speech:
    """Return the voice for somebody of whom only the request is known."""
    accepted = request.headers.get("Accept-Language")
    return SPEECH[asked_language(request) or language_of(accepted)]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
