"""The page on which a card is put on file: seeing it changes nothing, the way back asks Bootpay."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from aiohttp import web

from bot.settings import Settings
from bot.texts import SPEECH, Speech
from bot.views import cards as views
from bot.web.linked import LinkedPages, Turned, asked_language, brought_back, query_of
from bot.web.links import CardLinks
from bot.web.pages import Pages, policy
from bot.web.pay_page import RECEIPT_ID
from core.billing import Card, CardOutcome, CardState, Provider, get_card, new_window, register_card
from core.clock import Clock
from core.db import Database
from core.people import get_person
from core.sealing import Seal

# Who opened Bootpay's window in the link's last minute still comes back from it.
WINDOW = timedelta(minutes=40)
NEWS = ("closed", *views.NEWS.values())


def add_card_page(
    app: web.Application,
    *,
    db: Database,
    clock: Clock,
    settings: Settings,
    card_links: CardLinks,
    bootpay: Provider,
    nudge: Callable[[], None],
    bot_username: str,
) -> None:
    """Serve /card/<token>, its window and its return; nothing where the operator has no key to keep cards with."""
    if settings.seal is None:
        return
    page = CardPage(
        db=db, clock=clock, settings=settings, seal=settings.seal, card_links=card_links, bootpay=bootpay, nudge=nudge,
        bot_username=bot_username,
    )  # fmt: skip
    app.add_routes(page.routes())


class CardPage(LinkedPages):
    """Everything under the link of a card; its files are the payment page's."""

    area = "cards"

    def __init__(
        self,
        *,
        db: Database,
        clock: Clock,
        settings: Settings,
        seal: Seal,
        card_links: CardLinks,
        bootpay: Provider,
        nudge: Callable[[], None],
        bot_username: str,
    ) -> None:
        pages = Pages(
            csp=policy(settings.bootpay_script, settings.payment_hosts),
            chat_url=f"https://t.me/{bot_username}",
            bootpay_script=settings.bootpay_script,
            business_notice=settings.business_notice,
        )
        super().__init__(clock=clock, links=card_links, pages=pages, public_url=settings.public_url)
        self._db = db
        self._seal = seal
        self._bootpay = bootpay
        self._nudge = nudge
        self._client_key = settings.bootpay_client_key.get_secret_value()

    def routes(self) -> list[web.RouteDef]:
        """Return the addresses of a card's link."""
        return [
            web.get("/card/{token}", self.or_page(self.show)),
            web.post("/card/{token}/attempt", self.or_json(self.attempt)),
            web.get("/card/{token}/return", self.or_page(self.come_back)),
            web.post("/card/{token}/return", self.or_page(self.come_back)),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        """Show the card as it stands; Telegram previews links, so this changes nothing."""
        card, say = await self._card(request, self.read_link(request, self._clock.now(), late_by=WINDOW))
        news = request.query.get("news")
        return self._pages.draw(say, views.card_page(say, card, news if news in NEWS else None), path=request.path)

    async def attempt(self, request: web.Request) -> web.StreamResponse:
        """Return what Bootpay's script takes to open its window; nothing is written."""
        now = self._clock.now()
        card_id = self.read_link(request, now, counts=False)
        self.check_press(request, now)
        card, say = await self._card(request, card_id)
        if card.state is not CardState.ASKED:
            raise Turned("over", 409, look_again=True)
        back = f"{self._public_url}/card/{request.match_info['token']}/return"
        payload = views.payload(
            say,
            card,
            new_window(card),
            client_key=self._client_key,
            return_url=f"{back}{query_of(lang=asked_language(request))}",
        )
        return web.json_response(payload, headers=self._pages.headers)

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Look up at Bootpay what came back from the window; nothing in the address is believed."""
        card_id = self.read_link(request, self._clock.now(), late_by=WINDOW)
        said = await brought_back(request)
        receipt_id = said.get("receipt_id")
        outcome = None
        if isinstance(receipt_id, str) and RECEIPT_ID.fullmatch(receipt_id):
            outcome = await register_card(self._db, self._bootpay, self._clock, self._seal, card_id, receipt_id)
            self._nudge()
        closed = said.get("event") == "cancel" and outcome in (None, CardOutcome.NOT_ISSUED)
        news = "closed" if closed else views.NEWS.get(outcome) if outcome else None
        address = f"/card/{request.match_info['token']}{query_of(news=news, lang=asked_language(request))}"
        return web.Response(status=303, headers={**self._pages.headers, "Location": address})

    async def _card(self, request: web.Request, card_id: int) -> tuple[Card, Speech]:
        async with self._db.read() as session:
            card = await get_card(session, card_id)
            person = await get_person(session, card.person_id)
        return card, SPEECH[asked_language(request) or person.language]
