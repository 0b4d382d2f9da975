"""The page on which a card is put on file: seeing it changes nothing, the way back asks Bootpay."""

from __future__ import annotations

from aiohttp import web

from bot.texts import Speech
from bot.views import cards as views
from bot.web.linked import WINDOW, LinkedPages, Shop, Turned, brought_back, speech_for
from bot.web.links import CardLinks
from core.billing import Card, CardOutcome, CardState, get_card, new_window, register_card
from core.people import get_person
from core.sealing import Seal

NEWS = ("closed", *views.NEWS.values())


def add_card_page(app: web.Application, shop: Shop, card_links: CardLinks) -> None:
    """Serve /card/<token>, its window and its return; nothing where the operator has no key to keep cards with."""
    if shop.settings.seal is not None:
        app.add_routes(CardPage(shop, card_links, shop.settings.seal).routes())


class CardPage(LinkedPages):
    """Everything under the link of a card; its files are the payment page's."""

    path, area = CardLinks.path, "cards"

    def __init__(self, shop: Shop, links: CardLinks, seal: Seal) -> None:
        super().__init__(shop, links)
        self._seal = seal

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
        window, back = new_window(card), self.return_url(request)
        return self.opens_window(views.payload(say, card, window, client_key=self._client_key, return_url=back))

    async def come_back(self, request: web.Request) -> web.StreamResponse:
        """Look up at Bootpay what came back from the window; nothing in the address is believed."""
        card_id = self.read_link(request, self._clock.now(), late_by=WINDOW)
        receipt_id, event = await brought_back(request)
        if receipt_id is None:
            return self.back_to_page(request, views.WITHOUT_RECEIPT.get(event))
        outcome = await register_card(self._db, self._bootpay, self._clock, self._seal, card_id, receipt_id)
        self._nudge()
        closed = event == "cancel" and outcome is CardOutcome.NOT_ISSUED
        return self.back_to_page(request, "closed" if closed else views.NEWS.get(outcome))

    async def _card(self, request: web.Request, card_id: int) -> tuple[Card, Speech]:
        async with self._db.read() as session:
            card = await get_card(session, card_id)
            return card, speech_for(request, await get_person(session, card.person_id))
