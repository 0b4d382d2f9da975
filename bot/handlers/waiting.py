"""Waiting for a seat of a full party, and deciding on an offered one."""

from __future__ import annotations

from bot.handlers.parties import invitation_again, invitation_screen, party_again
from bot.handlers.redraw import redrawn_by
from bot.screen import Edit, Replies
from bot.tap import Tap
from bot.views import waiting as views
from core import flows, parties
from core.errors import Outdated
from core.people import require_adult


@redrawn_by(invitation_again)
async def queue_up(tap: Tap) -> Replies:
    """Wait for a seat (`line:code`)."""
    require_adult(tap.person, tap.settings.adult_age)
    place = await flows.wait_in_line(tap.session, tap.arg(0), tap.person, tap.now)
    party = await parties.party_by_code(tap.session, tap.arg(0))
    return Edit(views.in_line(tap.say, await flows.party_card(tap.session, party.id), place))


@redrawn_by(party_again)
async def leave(tap: Tap) -> Replies:
    """Wait no longer."""
    await flows.leave_line(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(views.left(tap.say))


@redrawn_by(party_again)
async def take(tap: Tap) -> Replies:
    """Show what the offered seat costs today; joining it is the next tap."""
    stay = await parties.membership_of(tap.session, tap.number(0), tap.person.id)
    if stay.state is not parties.MembershipState.OFFERED:
        raise Outdated(what="line")
    party = await parties.get_party(tap.session, stay.party_id)
    return Edit(await invitation_screen(tap, party.code))


@redrawn_by(party_again)
async def pass_on(tap: Tap) -> Replies:
    """Leave the offered seat to the next in line."""
    await flows.pass_offer(tap.session, tap.number(0), tap.person.id, tap.now)
    return Edit(views.passed(tap.say))
