"""Quiet hours and mute: when a person may be disturbed with what can wait."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from core.dates import SEOUL, seoul_date, seoul_instant
from core.errors import InvalidInput
from core.people.tables import QUIET_FROM, QUIET_UNTIL, Person

# What a person can choose: from and until which hour in Seoul; equal hours mean never.
QUIET_CHOICES = ((0, 0), (QUIET_FROM, QUIET_UNTIL), (22, 7), (23, 9))
MUTE = timedelta(days=7)
# The notices that can wait until the morning. Money that came or went, talk and answers never do.
CAN_WAIT = frozenset(
    {
        "billing.opened", "billing.reminder",
        "parties.access_done", "parties.called_off", "parties.ended", "parties.left", "parties.member_leaves",
        "late.for_host", "late.freed", "late.freed_for_host", "late.more_time", "late.someone", "late.suspended",
        "late.unreached", "late.warning",
        "payouts.on_its_way", "payouts.released",
        "prices.applied", "prices.asked", "prices.host_asked", "prices.host_lower", "prices.leaving", "prices.lower",
        "prices.reminder", "prices.withdrawn",
        "rooms.joined", "rooms.left",
        "waiting.closed", "waiting.offer_over", "waiting.offered",
    }
)  # fmt: skip


def after_quiet(now: datetime, quiet_from: int, quiet_until: int) -> datetime:
    """Return `now`, or the end of the quiet hours in which it lies; they may go over midnight."""
    hour, today = now.astimezone(SEOUL).hour, seoul_date(now)
    if quiet_from <= quiet_until:
        quiet, ends_on = quiet_from <= hour < quiet_until, today
    else:
        quiet = hour >= quiet_from or hour < quiet_until
        ends_on = today + timedelta(days=1) if hour >= quiet_from else today
    return seoul_instant(ends_on, time(quiet_until)) if quiet else now


def may_be_told(person: Person, name: str, now: datetime) -> datetime:
    """Return from when on a person may be sent the notice `name`: now, unless it can wait and these are quiet hours."""
    return after_quiet(now, person.quiet_from, person.quiet_until) if name in CAN_WAIT else now


async def set_quiet_hours(session: AsyncSession, person: Person, quiet_from: int, quiet_until: int) -> None:
    """Keep one of the offered pairs of hours."""
    if (quiet_from, quiet_until) not in QUIET_CHOICES:
        raise InvalidInput(field="button", rule="quiet")
    person.quiet_from, person.quiet_until = quiet_from, quiet_until
    await session.flush()


async def mute(session: AsyncSession, person: Person, now: datetime) -> None:
    """Send no reminders for a week; the warning before somebody is suspended comes all the same."""
    person.muted_until = now + MUTE
    await session.flush()


async def unmute(session: AsyncSession, person: Person) -> None:
    """Send reminders again."""
    person.muted_until = None
    await session.flush()


def is_muted(person: Person, now: datetime) -> bool:
    """Tell whether the person wants no reminders now."""
    return person.muted_until is not None and person.muted_until > now
