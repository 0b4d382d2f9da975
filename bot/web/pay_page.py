"""The payment page: seeing a bill changes nothing, the button begins an attempt, the way back settles it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.settings import Settings
from bot.texts import LANGUAGES, SPEECH, Speech, language_of
from bot.views import pay as views
from bot.web.links import LinkInvalid, PayLinks
from bot.web.pages import Pages, add_files, policy
from bot.web.throttle import Throttle
from core.billing import BillCard, Limits, Outcome, Provider, Settled, begin_attempt, bill_card, settle, take_hint
from core.clock import Clock
from core.db import Database, database_away
from core.errors import BillBusy, BillNotOpen, NotFound
from core.people import get_person

log = structlog.get_logger(__name__)
ANSWER_WITHIN_S = 20.0
VIEWS_A_MINUTE = 30
ATTEMPTS_A_MINUTE = 10
RECEIPT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def add_pay_page(
    app: web.Application,
    *,
    db: Database,
    clock: Clock,
    settings: Settings,
    pay_links: PayLinks,
    bootpay: Provider,
    limits: Limits,
    nudge: Callable[[], None],
    bot_username: str,
) -> None:
    """Serve /pay/<token>, its attempt and its return."""
    page = PayPage(
        db=db, clock=clock, settings=settings, pay_links=pay_links, bootpay=bootpay, limits=limits, nudge=nudge,
        bot_username=bot_username,
    )  # fmt: skip
    add_files(app)
    app.add_routes(page.routes())
    app.on_cleanup.append(page.finish)


class Turned(Exception):
    """There is no bill to show; the page that says why."""

    def __init__(self, key: str, status: int) -> None:
        super().__init__(key)
        self.key = key
        self.status = status


class PayPage:
    """Everything under a payment link."""

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        settings: Settings,
        pay_links: PayLinks,
        bootpay: Provider,
        limits: Limits,
        nudge: Callable[[], None],
        bot_username: str,
    ) -> None:
        self._db = db
        self._clock = clock
        self._links = pay_links
        self._bootpay = bootpay
        self._limits = limits
        self._nudge = nudge
        self._client_key = settings.bootpay_client_key.get_secret_value()
        self._public_url = settings.public_url
        self._pages = Pages(
            csp=policy(settings.bootpay_script, settings.bootpay_hosts),
            chat_url=f"https://t.me/{bot_username}",
            bootpay_script=settings.bootpay_script,
            business_notice=settings.business_notice,
        )
        self._views = Throttle(VIEWS_A_MINUTE)
        self._guesses = Throttle(VIEWS_A_MINUTE)
        self._attempts = Throttle(ATTEMPTS_A_MINUTE)
        self._settling: set[asyncio.Task[Settled]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the three addresses of a payment link."""
        return [
            web.get("/pay/{token}", self._or_page(self.show)),
            web.post("/pay/{token}/attempt", self._or_json(self.attempt)),
            web.get("/pay/{token}/return", self._or_page(self.come_back)),
            web.post("/pay/{token}/return", self._or_page(self.come_back)),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the bill as it stands; Telegram previews links, so this changes nothing."""
        bill_id = self._bill_id(request)
        async with self._db.read() as session:
            card, say = await self._card(session, request, bill_id)
        news = request.query.get("news")
        return self._pages.draw(
            say, views.bill_page(say, card, news if news in views.NEWS.values() else None), path=request.path
        )

    async def attempt(self, request: web.Request) -> web.StreamResponse:
        """Begin one try at paying the bill and return what Bootpay's script takes."""
        token = request.match_info["token"]
        bill_id = self._bill_id(request, counts=False)
        if not self._from_our_page(request):
            raise Turned("cross_site", 403)
        if not self._attempts.allows(token, self._clock.now()):
            raise Turned("too_many", 429)
        attempt = await self._db.transact(begin_attempt, bill_id, self._clock.now())
        async with self._db.read() as session:
            card, say = await self._card(session, request, bill_id)
        payload = views.payload(
            say,
            card,
            attempt,
            client_key=self._client_key,
            return_url=f"{self._public_url}/pay/{token}/return{_query(lang=_asked_language(request))}",
        )
        return web.json_response(payload, headers=self._pages.headers)

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Settle what came back from the payment window; nothing in the address is believed, Bootpay is asked."""
        bill_id = self._bill_id(request)
        said = request.query if request.method == "GET" else await request.post()
        receipt_id = said.get("receipt_id")
        news = "closed" if said.get("event") == "cancel" else None
        if isinstance(receipt_id, str) and RECEIPT_ID.fullmatch(receipt_id):
            settled = await self._settle(receipt_id, bill_id)
            if settled is None or settled.outcome is Outcome.CHECKING:
                # Bootpay could not say: look again in seconds, not when the janitor comes by.
                await self._db.transact(take_hint, receipt_id, self._clock.now())
            news = "checking" if settled is None else views.NEWS.get(settled.outcome)
        address = f"/pay/{request.match_info['token']}{_query(news=news, lang=_asked_language(request))}"
        return web.Response(status=303, headers={**self._pages.headers, "Location": address})

    async def _settle(self, receipt_id: str, bill_id: int) -> Settled | None:
        task = asyncio.create_task(
            settle(self._db, self._bootpay, self._clock, self._limits, receipt_id, bill_id=bill_id)
        )
        self._settling.add(task)
        task.add_done_callback(self._settled)
        # The browser does not wait for ever; the settling goes on without it.
        done, _ = await asyncio.wait([task], timeout=ANSWER_WITHIN_S)
        return task.result() if done else None

    def _settled(self, task: asyncio.Task[Settled]) -> None:
        self._settling.discard(task)
        self._nudge()
        if not task.cancelled() and (error := task.exception()) is not None and not database_away(error):
            log.error("settling_failed", exc_info=error)

    async def finish(self, _: web.Application) -> None:
        """Let what is being settled come to its end."""
        if self._settling:
            await asyncio.wait(set(self._settling))

    def _bill_id(self, request: web.Request, *, counts: bool = True) -> int:
        token, now = request.match_info["token"], self._clock.now()
        try:
            bill_id = self._links.read(token, now)
        except LinkInvalid as invalid:
            # Counted by address only here: many people share one, and a right link is nobody's guess.
            if not self._guesses.allows(request.remote, now):
                raise Turned("too_many", 429) from None
            raise Turned("expired", 410) if invalid.expired else Turned("forged", 404) from None
        if counts and not self._views.allows(token, now):
            raise Turned("too_many", 429)
        return bill_id

    async def _card(self, session: AsyncSession, request: web.Request, bill_id: int) -> tuple[BillCard, Speech]:
        card = await bill_card(session, bill_id)
        person = await get_person(session, card.bill.person_id)
        return card, SPEECH[_asked_language(request) or person.language]

    def _from_our_page(self, request: web.Request) -> bool:
        site = request.headers.get("Sec-Fetch-Site", "same-origin")
        origin = request.headers.get("Origin")
        return site == "same-origin" and (origin is None or origin == _origin(self._public_url))

    def _or_page(self, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except Exception as error:
                turned = _turned(error)
                say = _stranger(request)
                return self._pages.draw(say, views.notice_page(say, turned.key, turned.status), path=request.path)

        return answer

    def _or_json(self, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request)
            except (BillNotOpen, BillBusy) as error:
                key = "checking" if isinstance(error, BillBusy) else "not_open"
                message, status, again = _stranger(request).plain(f"pay.{key}"), 409, True
            except Exception as error:
                turned = _turned(error)
                message, status, again = _stranger(request).plain(f"pay.{turned.key}"), turned.status, False
            return web.json_response(
                {"message": message, "look_again": again}, status=status, headers=self._pages.headers
            )

        return answer


def _turned(error: Exception) -> Turned:
    if isinstance(error, Turned):
        return error
    if isinstance(error, NotFound):
        return Turned("forged", 404)
    if database_away(error):
        return Turned("away", 503)
    raise error


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _query(**values: str | None) -> str:
    given = {name: value for name, value in values.items() if value is not None}
    return f"?{urlencode(given)}" if given else ""


def _asked_language(request: web.Request) -> str | None:
    asked = request.query.get("lang")
    return asked if asked in LANGUAGES else None


def _stranger(request: web.Request) -> Speech:
    accepted = request.headers.get("Accept-Language")
    return SPEECH[_asked_language(request) or language_of(accepted)]
