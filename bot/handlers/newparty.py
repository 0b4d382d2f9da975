"""Opening a party in six taps; every choice travels in the buttons, nothing is stored before the last one."""

from __future__ import annotations

from datetime import date, datetime

from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Say, Screen
from bot.tap import Tap
from bot.views import newparty as views
from core import catalogue, parties
from core.dates import seoul_date
from core.errors import InvalidInput, Outdated, PlanNotShareable
from core.people import TERMS_VERSION, require_adult


async def newparty(tap: Tap) -> Replies:
    """Begin: which service?"""
    require_adult(tap.person, tap.settings.adult_age)
    return Say(views.services(tap.say, await catalogue.services_to_share(tap.session)))


async def choose_service(tap: Tap) -> Replies:
    """Show the services again in place."""
    return Edit(views.services(tap.say, await catalogue.services_to_share(tap.session)))


async def choose_plan(tap: Tap) -> Replies:
    """Show a service's plans with price, streams and sharing rule."""
    offers = await catalogue.offers_of(tap.session, tap.number(0), seoul_date(tap.now))
    if not offers:
        raise PlanNotShareable(service=tap.number(0))
    return Edit(views.plans(tap.say, offers))


async def choose_seats(tap: Tap) -> Replies:
    """Show the plan's sharing rule and ask for the seats; a plan with one possibility goes on at once."""
    offer = await catalogue.offer(tap.session, tap.number(0), seoul_date(tap.now))
    return Edit(views.seats(tap.say, offer))


async def choose_start(tap: Tap) -> Replies:
    """Ask for the first day."""
    offer = await catalogue.offer(tap.session, tap.number(0), seoul_date(tap.now))
    return Edit(views.start(tap.say, offer, _seats(tap, offer), seoul_date(tap.now)))


async def choose_day(tap: Tap) -> Replies:
    """Ask for the billing day."""
    offer = await catalogue.offer(tap.session, tap.number(0), seoul_date(tap.now))
    return Edit(views.billing_day(tap.say, offer, _seats(tap, offer), _day(tap.arg(2))))


async def confirm(tap: Tap) -> Replies:
    """Show everything once more before the party opens."""
    return Edit(await _summary(tap))


async def _summary(tap: Tap) -> Screen:
    today = seoul_date(tap.now)
    offer = await catalogue.offer(tap.session, tap.number(0), today)
    return views.summary(tap.say, offer, _terms(tap, offer, today))


@redrawn_by(_summary)
async def open_party(tap: Tap) -> Replies:
    """Open the party and hand out its share card."""
    from bot.handlers.parties import share_screen

    require_adult(tap.person, tap.settings.adult_age)
    today = seoul_date(tap.now)
    offer = await catalogue.offer(tap.session, tap.number(0), today)
    if offer.price_won != tap.number(4):
        raise Outdated(what="plan")
    party = await parties.open_party(
        tap.session,
        tap.person.id,
        offer,
        _terms(tap, offer, today),
        today=today,
        now=tap.now,
        recruit_days=tap.settings.recruit_days,
        terms_version=TERMS_VERSION,
        opened_from=tap.message_id,
    )
    return [Edit(views.opened(tap.say, offer)), Say(await share_screen(tap, party.id))]


def _seats(tap: Tap, offer: catalogue.Offer) -> int:
    seats = tap.number(1)
    if not offer.plan.seats_min <= seats <= offer.plan.seats_max:
        raise InvalidInput(field="button", rule="seats")
    return seats


def _terms(tap: Tap, offer: catalogue.Offer, today: date) -> parties.Terms:
    terms = parties.Terms(seats=_seats(tap, offer), starts_on=_day(tap.arg(2)), anchor_day=tap.number(3))
    parties.check_terms(offer, terms, today)
    return terms


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, views.DAY).date()  # noqa: DTZ007 - a date, no instant
    except ValueError:
        raise InvalidInput(field="button", rule="date") from None
