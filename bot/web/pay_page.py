"""The payment page: seeing a bill changes nothing, the button begins an attempt, the way back settles it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.settings import Settings
from bot.texts import SPEECH, Speech
from bot.views import pay as views
from bot.web.linked import LinkedPages, Turned, asked_language, brought_back, query_of
from bot.web.links import PayLinks
from bot.web.pages import Pages, add_files, policy
from core.billing import BillCard, Limits, Outcome, Provider, Settled, begin_attempt, bill_card, settle, take_hint
from core.clock import Clock
from core.db import Database, database_away
from core.errors import BillBusy, BillNotOpen
from core.people import get_person

log = structlog.get_logger(__name__)
ANSWER_WITHIN_S = 20.0
RECEIPT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


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


class PayPage(LinkedPages):
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
        pages = Pages(
            csp=policy(settings.bootpay_script, settings.payment_hosts),
            chat_url=f"https://t.me/{bot_username}",
            bootpay_script=settings.bootpay_script,
            business_notice=settings.business_notice,
        )
        super().__init__(clock=clock, links=pay_links, pages=pages, public_url=settings.public_url)
        self._db = db
        self._bootpay = bootpay
        self._limits = limits
        self._nudge = nudge
        self._client_key = settings.bootpay_client_key.get_secret_value()
        self._settling: set[asyncio.Task[Settled]] = set()

    def routes(self) -> list[web.RouteDef]:
        """Return the three addresses of a payment link."""
        return [
            web.get("/pay/{token}", self.or_page(self.show)),
            web.post("/pay/{token}/attempt", self.or_json(self.attempt)),
            web.get("/pay/{token}/return", self.or_page(self.come_back)),
            web.post("/pay/{token}/return", self.or_page(self.come_back)),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the bill as it stands; Telegram previews links, so this changes nothing."""
        bill_id = self.read_link(request, self._clock.now())
        async with self._db.read() as session:
            card, say = await self._card(session, request, bill_id)
        news = request.query.get("news")
        return self._pages.draw(
            say, views.bill_page(say, card, news if news in views.NEWS.values() else None), path=request.path
        )

    async def attempt(self, request: web.Request) -> web.StreamResponse:
        """Begin one try at paying the bill and return what Bootpay's script takes."""
        token = request.match_info["token"]
        now = self._clock.now()
        bill_id = self.read_link(request, now, counts=False)
        self.check_press(request, now)
        try:
            attempt = await self._db.transact(begin_attempt, bill_id, now)
        except BillBusy:
            raise Turned("checking", 409, look_again=True) from None
        except BillNotOpen:
            raise Turned("not_open", 409, look_again=True) from None
        async with self._db.read() as session:
            card, say = await self._card(session, request, bill_id)
        payload = views.payload(
            say,
            card,
            attempt,
            client_key=self._client_key,
            return_url=f"{self._public_url}/pay/{token}/return{query_of(lang=asked_language(request))}",
        )
        return web.json_response(payload, headers=self._pages.headers)

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Settle what came back from the payment window; nothing in the address is believed, Bootpay is asked."""
        bill_id = self.read_link(request, self._clock.now())
        said = await brought_back(request)
        receipt_id = said.get("receipt_id")
        news = "closed" if said.get("event") == "cancel" else None
        if isinstance(receipt_id, str) and RECEIPT_ID.fullmatch(receipt_id):
            settled = await self._settle(receipt_id, bill_id)
            if settled is None or settled.outcome is Outcome.CHECKING:
                # Bootpay could not say: look again in seconds, not when the janitor comes by.
                await self._db.transact(take_hint, receipt_id, self._clock.now())
            news = "checking" if settled is None else views.NEWS.get(settled.outcome)
        address = f"/pay/{request.match_info['token']}{query_of(news=news, lang=asked_language(request))}"
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

    async def _card(self, session: AsyncSession, request: web.Request, bill_id: int) -> tuple[BillCard, Speech]:
        card = await bill_card(session, bill_id)
        person = await get_person(session, card.bill.person_id)
        return card, SPEECH[asked_language(request) or person.language]
