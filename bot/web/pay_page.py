"""The payment page: seeing a bill changes nothing, the button begins an attempt, the way back settles it."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import structlog
from aiohttp import web
from sqlalchemy.ext.asyncio import AsyncSession

from bot.texts import Speech
from bot.views import pay as views
from bot.web.linked import WINDOW, LinkedPages, Shop, Turned, brought_back, speech_for
from bot.web.links import PayLinks
from bot.web.pages import add_files
from core.billing import BillCard, Outcome, Settled, begin_attempt, bill_card, newest_attempt, settle, take_hint
from core.db import database_away
from core.errors import BillBusy, BillNotOpen
from core.people import get_person

log = structlog.get_logger(__name__)
ANSWER_WITHIN_S = 20.0
# How the window says that nobody paid in it; its word counts for what is said while Bootpay knows nothing yet.
ENDED_UNPAID = ("cancel", "error")
_LOOKS = re.compile(r"[0-9]{1,2}")


def add_pay_page(app: web.Application, shop: Shop, pay_links: PayLinks) -> None:
    """Serve /pay/<token>, its attempt and its return."""
    page = PayPage(shop, pay_links)
    add_files(app)
    app.add_routes(page.routes())
    app.on_cleanup.append(page.finish)


class PayPage(LinkedPages):
    """Everything under a payment link."""

    path, area = PayLinks.path, "pay"

    def __init__(self, shop: Shop, links: PayLinks) -> None:
        super().__init__(shop, links)
        self._limits = shop.settings.limits
        self._settling: set[asyncio.Task[Settled]] = set()

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the bill as it stands; Telegram previews links, so this changes nothing."""
        said, looks = request.query.get("news"), request.query.get("looks", "")
        # Who has just come back from the window is shown what became of it, also when the link ended meanwhile.
        bill_id = self.read_link(request, self._clock.now(), late_by=timedelta() if said is None else WINDOW)
        async with self._db.read() as session:
            card, say = await self._card(session, request, bill_id)
            last = await newest_attempt(session, bill_id)
        page = views.bill_page(
            say,
            card,
            said if said in views.SAID else None,
            last=last,
            looks=int(looks) if _LOOKS.fullmatch(looks) else 0,
        )
        return self._pages.draw(say, page, path=request.path)

    async def attempt(self, request: web.Request) -> web.StreamResponse:
        """Begin one try at paying the bill and return what Bootpay's script takes."""
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
        back = self.return_url(request)
        return self.opens_window(views.payload(say, card, attempt, client_key=self._client_key, return_url=back))

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Settle what came back from the payment window; nothing in the address is believed, Bootpay is asked."""
        bill_id = self.read_link(request, self._clock.now(), late_by=WINDOW)
        receipt_id, event = await brought_back(request)
        news = views.WITHOUT_RECEIPT.get(event)
        if receipt_id is not None:
            settled = await self._settle(receipt_id, bill_id)
            if settled is None or settled.outcome is Outcome.CHECKING:
                # Bootpay could not say: look again in seconds, not when the janitor comes by.
                await self._db.transact(take_hint, receipt_id, self._clock.now())
            if settled is None or settled.outcome is not Outcome.WAITING or event not in ENDED_UNPAID:
                news = "checking" if settled is None else views.NEWS.get(settled.outcome, "paid")
        return self.back_to_page(request, news)

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
        return card, speech_for(request, await get_person(session, card.bill.person_id))
