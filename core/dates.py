"""Dates as people in Korea live them: anchored due days, the day it is in Seoul."""

from __future__ import annotations

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

SEOUL = ZoneInfo("Asia/Seoul")


def seoul_date(instant: datetime) -> date:
    """Return the date it is in Seoul at `instant`."""
    return instant.astimezone(SEOUL).date()


def seoul_instant(day: date, at: time = time(0)) -> datetime:
    """Return the instant (UTC) of a wall-clock time in Seoul."""
    return datetime.combine(day, at, SEOUL).astimezone(UTC)


def anchored(year: int, month: int, anchor_day: int) -> date:
    """Return the anchor's day in a month, its last day where the month is shorter."""
    return date(year, month, min(anchor_day, monthrange(year, month)[1]))


@dataclass(frozen=True)
class Period:
    """Days from `starts_on` up to, not including, `ends_on`."""

    starts_on: date
    ends_on: date

    @property
    def days(self) -> int:
        """Return how many days the period has."""
        return (self.ends_on - self.starts_on).days

    @property
    def last_day(self) -> date:
        """Return the last day that belongs to the period."""
        return self.ends_on - timedelta(days=1)

    def days_from(self, day: date) -> int:
        """Return how many days are left from `day` on, that day counted."""
        return (self.ends_on - max(day, self.starts_on)).days if day < self.ends_on else 0


def period_of(day: date, anchor_day: int) -> Period:
    """Return the cycle [anchor, next anchor) in which `day` lies."""
    starts_on = anchored(day.year, day.month, anchor_day)
    if starts_on > day:
        before = day.replace(day=1) - timedelta(days=1)
        starts_on = anchored(before.year, before.month, anchor_day)
    return Period(starts_on, next_anchor(starts_on, anchor_day))


def next_anchor(starts_on: date, anchor_day: int) -> date:
    """Return the first day of the cycle after the one that starts on `starts_on`."""
    year, month = (starts_on.year + 1, 1) if starts_on.month == 12 else (starts_on.year, starts_on.month + 1)
    return anchored(year, month, anchor_day)
