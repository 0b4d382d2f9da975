"""Putting reminders off, and what a host does about a bill that stays unpaid."""

from __future__ import annotations

from bot.handlers.parties import limits
from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Screen, Toast
from bot.tap import Tap
from bot.views import late as views
from core import billing, flows
from core.people import get_person


async def snooze(tap: Tap) -> Replies:
    """Put a reminder off (`snooze:bill:number:3h|am`)."""
    bill_id = tap.number(0)
    until = await billing.snooze(tap.session, bill_id, tap.person, tap.number(1), tap.arg(2), tap.now)
    card = await billing.bill_card(tap.session, bill_id)
    again = views.snoozed(tap.say, card, tap.around.pay_links.url(bill_id, tap.now), until)
    return [Toast(tap.say.plain("reminders.snoozed", until=tap.say.moment(until))), Edit(again)]


async def _card(tap: Tap) -> Screen:
    late = await flows.late_bill(tap.session, tap.number(0), tap.person.id, tap.now)
    card = await billing.bill_card(tap.session, late.bill.id)
    ahead = flows.outlook(late.bill, late.membership, limits(tap), tap.now)
    return views.for_host(tap.say, card, await _nickname(tap, late), ahead)


async def _nickname(tap: Tap, late: flows.Late) -> str:
    return (await get_person(tap.session, late.membership.person_id)).nickname or ""


async def show(tap: Tap) -> Replies:
    """Show a late bill as it stands now."""
    return Edit(await _card(tap))


@redrawn_by(_card)
async def wait_longer(tap: Tap) -> Replies:
    """Wait three days more."""
    until = await flows.wait_longer(tap.session, tap.number(0), tap.person.id, tap.now, limits(tap))
    return [Toast(tap.say.plain("late.waiting", at=tap.say.moment(until))), Edit(await _card(tap))]


async def nudge(tap: Tap) -> Replies:
    """Remind the member now, or in the morning when they want quiet; say so when no message reaches them."""
    at = await flows.nudge_late(tap.session, tap.number(0), tap.person.id, tap.now)
    if at is None:
        late = await flows.late_bill(tap.session, tap.number(0), tap.person.id, tap.now)
        return Toast(tap.say.plain("late.unreached", nickname=await _nickname(tap, late)), alert=True)
    if at > tap.now:
        return Toast(tap.say.plain("late.nudged_later"))
    return Toast(tap.say.plain("late.nudged"))


@redrawn_by(_card)
async def ask_free(tap: Tap) -> Replies:
    """Ask once more before the seat is freed."""
    late = await flows.suspended_bill(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(views.ask_free(tap.say, await billing.bill_card(tap.session, late.bill.id), await _nickname(tap, late)))


@redrawn_by(_card)
async def free(tap: Tap) -> Replies:
    """Free the seat of a suspended member."""
    late = await flows.suspended_bill(tap.session, tap.number(0), tap.person.id, tap.now)
    await flows.free_by_host(tap.session, late.bill.id, tap.person.id, tap.now)
    card = await billing.bill_card(tap.session, late.bill.id)
    return Edit(views.freed_for_host(tap.say, card, await _nickname(tap, late)))
