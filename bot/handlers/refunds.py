"""Money on its way back, changing one's mind, and ending a party."""

from __future__ import annotations

from bot.handlers.parties import limits, party_again
from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Say
from bot.tap import Tap
from bot.views import refunds as views
from core import billing, flows


async def show(tap: Tap) -> Replies:
    """Show how the refunds of a bill of one's own are going."""
    card = await billing.own_bill(tap.session, tap.number(0), tap.person.id)
    return Say(views.timeline(tap.say, card, await billing.refunds_of(tap.session, card.bill.id)))


@redrawn_by(party_again)
async def withdraw(tap: Tap) -> Replies:
    """Leave at once, with the refund that the button named."""
    party_id, agreed_won = tap.number(0), tap.number(1)
    plan = await flows.withdraw(tap.session, party_id, tap.person.id, agreed_won, tap.now, limits(tap))
    return Edit(views.withdrawn(tap.say, plan))


@redrawn_by(party_again)
async def ask_end(tap: Tap) -> Replies:
    """Ask the host when the party shall end."""
    later = await flows.end_preview(tap.session, tap.number(0), tap.person.id, tap.now, at_once=False)
    return Edit(views.ask_end(tap.say, await flows.party_card(tap.session, tap.number(0)), later))


@redrawn_by(party_again)
async def ask_end_at_once(tap: Tap) -> Replies:
    """Say what ending the party now gives back, before it happens."""
    end = await flows.end_preview(tap.session, tap.number(0), tap.person.id, tap.now, at_once=True)
    return Edit(views.ask_end_at_once(tap.say, await flows.party_card(tap.session, tap.number(0)), end))


@redrawn_by(party_again)
async def end_later(tap: Tap) -> Replies:
    """End the party with its running period."""
    return await _end(tap, at_once=False)


@redrawn_by(party_again)
async def end_at_once(tap: Tap) -> Replies:
    """End the party now."""
    return await _end(tap, at_once=True)


async def _end(tap: Tap, *, at_once: bool) -> Replies:
    party_id, agreed_won = tap.number(0), tap.number(1)
    end = await flows.end_party(tap.session, party_id, tap.person.id, agreed_won, tap.now, limits(tap), at_once=at_once)
    return Edit(views.ended(tap.say, await flows.party_card(tap.session, party_id), end))
