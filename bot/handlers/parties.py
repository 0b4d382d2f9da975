"""Invitations, seats, access, leaving and calling off: what happens around a party."""

from __future__ import annotations

from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies, Rows, Say, Screen, Toast
from bot.tap import INVITE, Tap
from bot.views import parties as views
from bot.views import waiting as waiting_views
from core import billing, flows, parties
from core.dates import seoul_date
from core.errors import AlreadyMember, NotMember, Outdated, PartyClosed, PartyFull
from core.parties import JOINABLE, MembershipState, PartyState, Role
from core.people import get_person, require_adult


def limits(tap: Tap) -> billing.Limits:
    """Return billing's limits as the operator set them."""
    return tap.settings.limits


async def invited(tap: Tap, code: str) -> Replies:
    """Show what a party offers: the exact price first, then one button to join."""
    try:
        return Say(await invitation_screen(tap, code))
    except AlreadyMember as error:
        return Say(await party_screen(tap, int(str(error.facts["party"]))))
    except PartyFull:
        return Say(waiting_views.full(tap.say, code))


async def invitation_screen(tap: Tap, code: str) -> Screen:
    """Return what a party offers this person today; PartyFull, PartyClosed or AlreadyMember."""
    return views.invitation(tap.say, await flows.invitation(tap.session, code, tap.person.id, tap.now, limits(tap)))


async def invitation_again(tap: Tap) -> Screen:
    """Return the invitation of an outdated button as it is now."""
    return await invitation_screen(tap, tap.arg(0))


@redrawn_by(invitation_again)
async def join(tap: Tap) -> Replies:
    """Hold a seat and hand over the payment link."""
    require_adult(tap.person, tap.settings.adult_age)
    later = tap.number(2) if len(tap.args) > 2 else None
    try:
        async with tap.session.begin_nested():
            joined = await flows.join_party(
                tap.session, tap.arg(0), tap.person, tap.number(1), tap.now, limits(tap), agreed_later_won=later
            )
    except PartyFull:
        full = Toast(tap.say.plain("errors.PartyFull"), alert=True)
        return [full, Edit(waiting_views.full(tap.say, tap.arg(0)))]
    card = await billing.bill_card(tap.session, joined.bill.id)
    return Edit(views.seat_held(tap.say, card, joined.membership, pay_link(tap, card)))


async def party_again(tap: Tap) -> Screen:
    """Return the party of an outdated button as it is now, or that its reader is not in it any more."""
    try:
        return await party_screen(tap, tap.number(0))
    except NotMember:
        return views.not_in_party(tap.say)


@redrawn_by(party_again)
async def give_up(tap: Tap) -> Replies:
    """Give the held seat back."""
    await flows.give_up_seat(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(views.seat_given_up(tap.say))


async def my(tap: Tap) -> Replies:
    """List the person's parties and what is due."""
    listed = [
        await flows.party_card(tap.session, party.id)
        for party, _ in await parties.parties_of(tap.session, tap.person.id)
    ]
    due = await billing.open_bills_of(tap.session, tap.person.id)
    due_links = [(card, pay_link(tap, card)) for card in due]
    shown = views.my(tap.say, tap.person, listed, due_links, await _lines_of(tap), seoul_date(tap.now))
    return [Say(screen) for screen in shown]


async def _lines_of(tap: Tap) -> list[tuple[str, Rows]]:
    lines = []
    for party, stay in await parties.queues_of(tap.session, tap.person.id):
        waits = stay.state is MembershipState.WAITING
        place = await parties.place_in_line(tap.session, stay) if waits else None
        lines.append(waiting_views.line_in_my(tap.say, await flows.party_card(tap.session, party.id), place))
    return lines


def pay_link(tap: Tap, card: billing.BillCard) -> str:
    """Return the link under which a bill is paid."""
    return tap.around.pay_links.url(card.bill.id, tap.now)


async def show(tap: Tap) -> Replies:
    """Show one party to somebody who sits in it."""
    return Say(await party_screen(tap, tap.number(0)))


async def party_screen(tap: Tap, party_id: int) -> Screen:
    """Return a party as its host or its member sees it."""
    membership = await parties.membership_of(tap.session, party_id, tap.person.id)
    card, today = await flows.party_card(tap.session, party_id), seoul_date(tap.now)
    if membership.role is Role.HOST:
        return views.host_card(tap.say, card, today)
    if membership.state is MembershipState.OFFERED and membership.held_until:
        return waiting_views.offered(tap.say, card, membership.held_until)
    if membership.state is MembershipState.WAITING:
        return waiting_views.in_line(tap.say, card, await parties.place_in_line(tap.session, membership))
    mine = [due for due in await billing.open_bills_of(tap.session, tap.person.id) if due.party.id == party_id]
    return views.member_card(tap.say, card, membership, [(due, pay_link(tap, due)) for due in mine], today)


async def share(tap: Tap) -> Replies:
    """Hand out the share card again; not of a party that takes nobody any more."""
    party = await parties.hosted_party(tap.session, tap.number(0), tap.person.id)
    if party.state not in JOINABLE:
        raise PartyClosed(party=party.id, why="invite")
    return Say(await share_screen(tap, party.id))


async def share_screen(tap: Tap, party_id: int) -> Screen:
    """Return the card that a host passes on, with the party's deep link."""
    card = await flows.party_card(tap.session, party_id)
    offered = billing.quote(card.party, card.party.seats - 1, seoul_date(tap.now), limits(tap), card.prices)
    return views.share_card(tap.say, card, offered, tap.around.deep_link(f"{INVITE}{card.party.code}"))


@redrawn_by(party_again)
async def ask_cancel(tap: Tap) -> Replies:
    """Ask once more before a party is called off, which it can be until it starts."""
    party = await parties.hosted_party(tap.session, tap.number(0), tap.person.id)
    if party.state is not PartyState.RECRUITING:
        raise Outdated(what="party")
    return Edit(views.ask_cancel(tap.say, await flows.party_card(tap.session, party.id)))


@redrawn_by(party_again)
async def cancel(tap: Tap) -> Replies:
    """Call the party off; everything paid goes back."""
    back = await flows.cancel_party(tap.session, tap.number(0), tap.person.id, tap.now, limits(tap))
    return Edit(views.cancelled(tap.say, back))


@redrawn_by(party_again)
async def ask_leave(tap: Tap) -> Replies:
    """Say what leaving means, to the won and the day, before it happens."""
    plan = await flows.leave_preview(tap.session, tap.number(0), tap.person.id, tap.now)
    now_plan = await flows.withdraw_preview(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(views.ask_leave(tap.say, tap.number(0), plan, now_plan))


@redrawn_by(party_again)
async def leave(tap: Tap) -> Replies:
    """Leave at the end of what is paid."""
    party_id, agreed_won = tap.number(0), tap.number(1)
    plan = await flows.leave_party(tap.session, party_id, tap.person.id, tap.now, limits(tap), agreed_won=agreed_won)
    return Edit(views.leaving(tap.say, party_id, plan))


@redrawn_by(party_again)
async def stay(tap: Tap) -> Replies:
    """Take a leave back."""
    await flows.stay_after_all(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(await party_screen(tap, tap.number(0)))


async def access(tap: Tap) -> Replies:
    """Show the invite checklist: the host sees everybody's, a member their own."""
    membership = await parties.membership_of(tap.session, tap.number(0), tap.person.id)
    parties.require_access(membership)
    return Say(await _access_screen(tap, membership))


async def _access_screen(tap: Tap, membership: parties.Membership) -> Screen:
    card = await flows.party_card(tap.session, membership.party_id)
    if membership.role is Role.HOST:
        listed = await parties.checklists(tap.session, membership.party_id)
        names = {c.membership.id: (await get_person(tap.session, c.membership.person_id)).nickname for c in listed}
        return views.access_for_host(tap.say, card, [(names[c.membership.id] or "", c) for c in listed])
    return views.access_for_member(tap.say, card, await parties.checklist(tap.session, membership))


async def tick(tap: Tap) -> Replies:
    """Tick a line of a checklist and tell whose turn it is next."""
    membership_id, step = tap.number(0), tap.arg(1)
    ticked = await flows.tick_access(tap.session, membership_id, step, tap.person.id, tap.now)
    mine = await parties.membership_of(tap.session, ticked.membership.party_id, tap.person.id)
    return Edit(await _access_screen(tap, mine))
