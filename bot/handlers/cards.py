"""Automatic payment: what it means, agreeing to it, stopping it."""

from __future__ import annotations

from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Say, Screen
from bot.tap import Tap
from bot.views import cards as views
from core import billing
from core.dates import seoul_date
from core.errors import Outdated
from core.people import require_adult


async def autopay(tap: Tap) -> Replies:
    """Show the card that pays by itself, or what agreeing to one would mean."""
    return Say(await _autopay(tap))


async def _autopay(tap: Tap) -> Screen:
    if tap.settings.seal is None:
        return views.not_offered(tap.say)
    require_adult(tap.person, tap.settings.adult_age)
    card = await billing.card_of(tap.session, tap.person.id)
    if card is None:
        return views.consent(tap.say)
    due = await billing.open_bills_of(tap.session, tap.person.id)
    return views.status(tap.say, card, [each for each in due if billing.pays_by_itself(each, seoul_date(tap.now))])


async def change(tap: Tap) -> Replies:
    """Show what automatic payment means to somebody who wants another card for it."""
    if tap.settings.seal is None:
        return Edit(views.not_offered(tap.say))
    require_adult(tap.person, tap.settings.adult_age)
    return Edit(views.consent(tap.say))


@redrawn_by(_autopay)
async def agree(tap: Tap) -> Replies:
    """Keep the consent and hand over the link to the card's page."""
    if tap.settings.seal is None:
        raise Outdated(what="button")
    require_adult(tap.person, tap.settings.adult_age)
    card = await billing.ask_for_card(tap.session, tap.person.id, tap.arg(0), tap.now)
    return Edit(views.link(tap.say, tap.around.card_links.url(card.id, tap.now)))


@redrawn_by(_autopay)
async def ask_stop(tap: Tap) -> Replies:
    """Ask once more before automatic payment stops."""
    card = await billing.card_of(tap.session, tap.person.id)
    if card is None or card.id != tap.number(0):
        raise Outdated(what="card")
    return Edit(views.ask_stop(tap.say, card))


@redrawn_by(_autopay)
async def stop(tap: Tap) -> Replies:
    """Stop automatic payment from this moment on."""
    under_way = await billing.stop_autopay(tap.session, tap.person.id, tap.number(0), tap.now)
    return Edit(views.stopped(tap.say, under_way))
