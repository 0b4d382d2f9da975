"""A new price: proposed by the host, answered by each member."""

from __future__ import annotations

import re
from datetime import date, datetime

from bot import dialog
from bot.handlers.parties import limits, party_again
from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Say, Screen
from bot.tap import Tap
from bot.views import prices as views
from bot.views.newparty import DAY
from bot.views.parties import not_in_party
from core import flows, parties
from core.dates import seoul_date
from core.errors import InvalidInput, NotMember, Outdated

# As people write won: 19000, 19,000, 19,000원, ₩19,000.
WON = re.compile(r"₩?\s*(\d{1,3}(?:,\d{3})+|\d{1,9})\s*원?", re.ASCII)


async def price(tap: Tap) -> Replies:
    """Show what is being asked about a party's price; a host who asks nothing is asked for the new one."""
    party_id = tap.number(0)
    membership = await parties.membership_of(tap.session, party_id, tap.person.id)
    card = await flows.party_card(tap.session, party_id)
    asking = card.prices.asking()
    if asking is not None:
        return Say(await _change(tap, asking.id))
    if membership.role is not parties.Role.HOST or card.party.state is not parties.PartyState.ACTIVE:
        raise Outdated(what="price")
    await dialog.ask(tap.session, tap.person.id, "price", tap.now, party=party_id)
    return Say(views.ask_host(tap.say, card, seoul_date(tap.now)))


async def take_price(tap: Tap) -> Replies:
    """Take the words as the new price and say what it means; the question waits on for a better one."""
    waiting = await dialog.pending(tap.session, tap.person.id)
    if waiting is None:
        raise Outdated(what="price")
    party_id = int(waiting.data["party"])
    won = WON.fullmatch(tap.text.strip()) if tap.is_plain_text else None
    if won is None:
        raise InvalidInput(field="price_words", rule="number")
    amount = int(won[1].replace(",", ""))
    new = await flows.price_preview(tap.session, party_id, tap.person.id, amount, tap.now, limits(tap))
    await dialog.forget(tap.session, tap.person.id)
    return Say(views.preview(tap.say, await flows.party_card(tap.session, party_id), new))


@redrawn_by(party_again)
async def propose(tap: Tap) -> Replies:
    """Ask the members for their consent, or tell them of a lower price."""
    party_id, won, from_on = tap.number(0), tap.number(1), _day(tap.arg(2))
    change = await flows.propose_price(tap.session, party_id, tap.person.id, won, from_on, tap.now, limits(tap))
    return Edit(await _change(tap, change.id))


async def _change(tap: Tap, change_id: int) -> Screen:
    news = await flows.price_news(tap.session, change_id, tap.person.id)
    if news.card.party.host_id == tap.person.id:
        return views.status(tap.say, news, await flows.answers_to(tap.session, change_id))
    return views.mine(tap.say, news)


async def _change_again(tap: Tap) -> Screen:
    try:
        return await _change(tap, tap.number(0))
    except NotMember:
        return not_in_party(tap.say)


@redrawn_by(_change_again)
async def agree(tap: Tap) -> Replies:
    """Agree to a new price."""
    return await _answer(tap, agreed=True)


@redrawn_by(_change_again)
async def decline(tap: Tap) -> Replies:
    """Do not agree to a new price."""
    return await _answer(tap, agreed=False)


async def _answer(tap: Tap, *, agreed: bool) -> Replies:
    news = await flows.answer_price(tap.session, tap.number(0), tap.person.id, tap.now, agreed=agreed)
    return Edit(views.mine(tap.say, news))


@redrawn_by(_change_again)
async def take_back(tap: Tap) -> Replies:
    """Stop asking for a new price."""
    change = await flows.take_price_back(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(await _change(tap, change.id))


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, DAY).date()  # noqa: DTZ007 - a date, no instant
    except ValueError:
        raise InvalidInput(field="button", rule="date") from None
