"""A person's month as a file: asked for in a tap, built when it is sent."""

from __future__ import annotations

from bot.screen import Replies, Say, Toast
from bot.tap import Tap
from bot.views import statement as views
from core.billing.statements import Month, months_of
from core.outbox import notice


async def statement(tap: Tap) -> Replies:
    """Ask which month."""
    return Say(views.choose(tap.say, await months_of(tap.session, tap.person.id)))


async def month(tap: Tap) -> Replies:
    """Have the file of a month sent."""
    wanted = Month.named(tap.arg(0))
    # Only the month stands in the row: what is in the file is read when it is sent, and kept nowhere.
    notice(tap.session, tap.now, tap.person.id, "statement.ready", {"month": str(wanted), "person": tap.person.id})
    return Toast(tap.say.plain("statement.coming"))
