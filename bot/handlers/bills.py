"""Bills: what is due and what was, why an amount is what it is, and what to do when money looks wrong."""

from __future__ import annotations

from collections.abc import Sequence

from bot.handlers.parties import limits, pay_link
from bot.screen import Edit, Replies, Say, Screen, Toast
from bot.tap import Tap
from bot.views import bills as views
from bot.views import cards as card_views
from bot.views import why as why_views
from core import billing
from core.dates import seoul_date

PAGE = 5


async def bills(tap: Tap) -> Replies:
    """List the newest bills."""
    return Say(await _page(tap, 0))


async def page(tap: Tap) -> Replies:
    """Turn to another page of the bills."""
    return Edit(await _page(tap, max(0, tap.number(0))))


async def _page(tap: Tap, number: int) -> Screen:
    pages = -(-await billing.count_bills(tap.session, tap.person.id) // PAGE)
    number = min(number, max(0, pages - 1))
    listed = await billing.bills_of(tap.session, tap.person.id, most=PAGE, after=number * PAGE)
    due = [(card, pay_link(tap, card)) for card in listed]
    screen = views.listed(tap.say, due, await _refunds(tap, listed), number, pages)
    offered = listed and tap.settings.seal is not None and await billing.lacks_card(tap.session, tap.person)
    return card_views.with_offer(tap.say, screen) if offered else screen


async def _refunds(tap: Tap, cards: Sequence[billing.BillCard]) -> views.Back:
    return {card.bill.id: await billing.refunds_of(tap.session, card.bill.id) for card in cards}


async def bill(tap: Tap) -> Replies:
    """Show one bill with its state and its receipt."""
    card = await billing.own_bill(tap.session, tap.number(0), tap.person.id)
    refunds, today = await billing.refunds_of(tap.session, card.bill.id), seoul_date(tap.now)
    by_card = billing.pays_by_itself(card, today) and await billing.card_of(tap.session, tap.person.id) is not None
    return Edit(views.bill(tap.say, card, pay_link(tap, card), refunds, today, by_card=by_card))


async def why(tap: Tap) -> Replies:
    """Explain a bill line by line: the one of the button, or the one that is due next, or the newest."""
    if tap.callback_query_id is not None and tap.args:
        card = await billing.own_bill(tap.session, tap.number(0), tap.person.id)
    else:
        due = await billing.open_bills_of(tap.session, tap.person.id)
        known = [*due[:1], *await billing.bills_of(tap.session, tap.person.id, most=1)]
        if not known:
            return Say(views.none(tap.say))
        card = known[0]
    explained = await billing.explain(tap.session, card)
    return Say(why_views.why(tap.say, explained, host_bears_fee=limits(tap).host_bears_provider_fee))


async def paysupport(tap: Tap) -> Replies:
    """Show the bills whose money is not where it should be, and how to reach a person."""
    troubled = await billing.bills_in_trouble(tap.session, tap.person.id)
    due = [(card, pay_link(tap, card)) for card in troubled]
    back = await _refunds(tap, troubled)
    return Say(views.paysupport(tap.say, due, back, tap.settings.support_contact))


async def recheck(tap: Tap) -> Replies:
    """Have Bootpay asked at once about the payments of a bill; the answer comes as news."""
    card = await billing.own_bill(tap.session, tap.number(0), tap.person.id)
    asked = await billing.ask_now(tap.session, card.bill.id, tap.now)
    return Toast(tap.say.plain("bills.asking" if asked else "bills.nothing_to_ask"), alert=True)
